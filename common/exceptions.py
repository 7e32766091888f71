class RuleError(Exception):
    """A rule of the domain refuses the act. The message is French and shown as it is."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        # The form field the message belongs beside, when there is one.
        self.field = field


class StaleFormError(RuleError):
    """What the form was filled with changed since: it is shown again, with both values."""

    def __init__(self) -> None:
        super().__init__("Ces réponses ont été changées dans une autre fenêtre. Vérifiez-les, puis envoyez à nouveau.")


class TransitionError(RuleError):
    """The status moved, or may not move that way."""

    def __init__(self, from_status: str, to_status: str) -> None:
        super().__init__(
            f"Cette action n'est plus possible : le dossier est à l'état « {from_status} ». "
            "Rechargez la page pour voir où il en est."
        )
        self.from_status = from_status
        self.to_status = to_status
