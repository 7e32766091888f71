from common.exceptions import RuleError


class CandidatureExistsError(RuleError):
    def __init__(self) -> None:
        super().__init__("Une candidature existe déjà pour cette adresse. Connectez-vous pour la retrouver.")


class IncompleteCandidatureError(RuleError):
    """Something is missing, or is no longer true since it was typed."""


class CvUnavailableError(RuleError):
    def __init__(self) -> None:
        super().__init__("Ce CV n'est pas disponible.")


class TooManyEmailsError(RuleError):
    pass
