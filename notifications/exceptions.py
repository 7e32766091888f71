class ProviderAwayError(Exception):
    """The mail server can't be reached: nothing is wrong with the message."""
