def number(value: int) -> str:
    """Write a number as French does: 16 495, the space narrow and never at the end of a line."""
    return f"{value:,}".replace(",", "\u202f")
