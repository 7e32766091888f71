from common.exceptions import RuleError


class SamePersonError(RuleError):
    """A decision that binds money or a mandate needs a second person."""

    def __init__(self) -> None:
        super().__init__("Vous avez préparé cette décision : une autre personne de votre institution doit la valider.")
