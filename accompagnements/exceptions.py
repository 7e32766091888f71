from common.exceptions import RuleError


class AlreadyRecordedError(RuleError):
    """The same entry comes back with other values: the first one is kept, the person is told."""

    def __init__(self, what: str = "Cet accompagnement est déjà enregistré") -> None:
        super().__init__(
            f"{what}, avec d'autres valeurs. Ouvrez cette ligne depuis la liste pour la modifier, ou commencez une "
            "nouvelle saisie."
        )


class DuplicateNameError(RuleError):
    def __init__(self, what: str) -> None:
        super().__init__(f"Vous avez déjà {what} de ce nom : choisissez-en un autre.", field="nom")


class StaleError(RuleError):
    """Someone changed the row since the page was opened; `differences` says what it holds now."""

    def __init__(self, differences: list[str], what: str = "Cet accompagnement a été modifié") -> None:
        super().__init__(
            f"{what} ailleurs depuis que vous avez ouvert cette page. On y lit maintenant : "
            f"{' ; '.join(differences)}. Enregistrez à nouveau pour garder votre version."
        )


class NothingToReportError(RuleError):
    """What was asked for does not make sense any more: a place removed, a right lost."""

    def __init__(self) -> None:
        super().__init__("Les filtres demandés ne sont plus valables. Choisissez-les à nouveau.")


class AlreadyAtWorkError(Exception):
    """Another worker is at it. The outbox tries again: if that one was killed, this one goes on."""
