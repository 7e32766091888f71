from common.exceptions import RuleError


class NoLongerAvailableError(RuleError):
    def __init__(self) -> None:
        super().__init__("Cette personne n'est plus disponible : sa candidature est close, en pause ou pourvue.")


class NoVacantPosteError(RuleError):
    def __init__(self) -> None:
        super().__init__("La structure n'a plus de poste vacant.")


class NotCompatibleError(RuleError):
    def __init__(self) -> None:
        super().__init__("Cette personne n'est plus compatible avec vos postes : la distance ou les dates ont changé.")


class RefusedPairError(RuleError):
    def __init__(self) -> None:
        super().__init__("Vous et cette personne ne serez plus mis en relation : l'un des deux a déjà décliné.")


class AlreadyProposedError(RuleError):
    def __init__(self) -> None:
        super().__init__("Cette personne est déjà proposée à cette structure : ouvrez leur mise en relation.")


class RunUnderWayError(RuleError):
    """The outbox tries again later."""

    def __init__(self) -> None:
        super().__init__("Un passage du matching est déjà en cours.")


class SlotGoneError(RuleError):
    def __init__(self) -> None:
        super().__init__(
            "Ce créneau n'est plus proposé, ou son heure est passée. Choisissez parmi ceux qui restent.",
            field="creneau",
        )


class NothingToAnswerError(RuleError):
    """The interview moved while the page was open."""

    def __init__(self, statut: str) -> None:
        super().__init__(
            f"Cette action n'est plus possible : l'entretien est à l'état « {statut} ». "
            "Relisez ce qui suit pour voir où il en est."
        )


class WithdrawnProposalError(RuleError):
    """A run may still place otherwise what it announced to nobody."""

    def __init__(self) -> None:
        super().__init__("Cette proposition n'existe plus : elle n'était pas encore annoncée, et a été remplacée.")
