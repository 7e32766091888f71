from django.db import models


class TypeContrat(models.TextChoices):
    CDI = "cdi", "CDI"
    CDD = "cdd", "CDD"
    CONTRAT_PROJET = "contrat_projet", "Contrat de projet"
    PEC = "pec", "CUI-CAE / parcours emploi compétences (PEC)"


class StatutContrat(models.TextChoices):
    PREPARE = "prepare", "En préparation"
    TRANSMIS = "transmis", "Transmis à la Banque des Territoires"
    VALIDE = "valide", "Validé"
    EN_COURS = "en_cours", "En cours"
    TERMINE = "termine", "Terminé"
    ROMPU = "rompu", "Rompu"
    ABANDONNE = "abandonne", "Abandonné"


_S = StatutContrat
NEXT_STATUTS: dict[StatutContrat, frozenset[StatutContrat]] = {
    _S.PREPARE: frozenset({_S.TRANSMIS, _S.ABANDONNE}),
    # Back to preparation when BdT asks for a correction.
    _S.TRANSMIS: frozenset({_S.VALIDE, _S.PREPARE, _S.ABANDONNE}),
    _S.VALIDE: frozenset({_S.EN_COURS, _S.ROMPU}),
    _S.EN_COURS: frozenset({_S.TERMINE, _S.ROMPU}),
    _S.TERMINE: frozenset(),
    _S.ROMPU: frozenset(),
    _S.ABANDONNE: frozenset(),
}
# A person has at most one of these, and so has a post.
STATUTS_ENGAGES = frozenset({_S.TRANSMIS, _S.VALIDE, _S.EN_COURS})
# What makes someone a conseiller in post.
STATUTS_EN_POSTE = frozenset({_S.VALIDE, _S.EN_COURS})
