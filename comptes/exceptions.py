from common.exceptions import RuleError


class JetonError(RuleError):
    """The link is unknown, used, expired, or made for something else: one message, so that nothing leaks."""

    def __init__(self) -> None:
        super().__init__("Ce lien a déjà servi ou n'est plus valable. Demandez-en un nouveau.")
