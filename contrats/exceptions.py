from common.exceptions import RuleError


class AlreadyRecruitedError(RuleError):
    def __init__(self) -> None:
        super().__init__("Cette personne est déjà en cours de recrutement par une structure.")


class PosteTakenError(RuleError):
    def __init__(self) -> None:
        super().__init__("Un contrat est déjà en cours sur ce poste.", field="poste")


class SamePersonError(RuleError):
    def __init__(self) -> None:
        super().__init__("La personne qui a transmis le contrat ne peut pas le valider.")


class NotAvailableError(RuleError):
    def __init__(self) -> None:
        super().__init__("La candidature de cette personne n'est plus active : le contrat ne peut pas aller plus loin.")


class PosteNotVacantError(RuleError):
    def __init__(self) -> None:
        super().__init__("Ce poste n'est plus vacant. Choisissez-en un autre.", field="poste")
