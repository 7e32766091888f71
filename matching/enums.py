from django.db import models


class StatutMiseEnRelation(models.TextChoices):
    PROPOSEE = "proposee", "Proposée"
    INTERESSEE = "interessee", "Structure intéressée"
    ENTRETIEN = "entretien", "Entretien"
    RETENUE = "retenue", "Retenue"
    CONTRAT = "contrat", "Contrat en préparation"
    RECRUTEE = "recrutee", "Recrutée"
    DECLINEE_STRUCTURE = "declinee_structure", "Non retenue par la structure"
    DECLINEE_CANDIDAT = "declinee_candidat", "Déclinée par le candidat"
    EXPIREE = "expiree", "Expirée"
    ANNULEE = "annulee", "Annulée"


_S = StatutMiseEnRelation
_CLOSED = {_S.DECLINEE_STRUCTURE, _S.DECLINEE_CANDIDAT, _S.ANNULEE}
NEXT_STATUTS: dict[StatutMiseEnRelation, frozenset[StatutMiseEnRelation]] = {
    _S.PROPOSEE: frozenset({_S.INTERESSEE, _S.EXPIREE, *_CLOSED}),
    # Back to "proposée": the structure undoes its interest while the candidat has not answered.
    _S.INTERESSEE: frozenset({_S.PROPOSEE, _S.ENTRETIEN, _S.RETENUE, _S.EXPIREE, *_CLOSED}),
    _S.ENTRETIEN: frozenset({_S.RETENUE, _S.EXPIREE, *_CLOSED}),
    _S.RETENUE: frozenset({_S.CONTRAT, *_CLOSED}),
    _S.CONTRAT: frozenset({_S.RETENUE, _S.RECRUTEE, *_CLOSED}),
    _S.RECRUTEE: frozenset(),
    # A refusal is remembered for ever, and may be undone until the other side has acted.
    _S.DECLINEE_STRUCTURE: frozenset({_S.PROPOSEE}),
    _S.DECLINEE_CANDIDAT: frozenset({_S.PROPOSEE, _S.INTERESSEE}),
    _S.EXPIREE: frozenset({_S.PROPOSEE}),
    _S.ANNULEE: frozenset({_S.PROPOSEE}),
}
# Those that count in the caps and still lead somewhere.
STATUTS_OUVERTS = frozenset({_S.PROPOSEE, _S.INTERESSEE, _S.ENTRETIEN, _S.RETENUE, _S.CONTRAT})
# Nobody is held by these for ever: thirty days without an answer close them.
STATUTS_SANS_REPONSE = frozenset({_S.PROPOSEE, _S.INTERESSEE, _S.ENTRETIEN})
# From here on the structure reads the contact data, and the candidat knows who is looking.
STATUTS_DEVOILES = frozenset({_S.INTERESSEE, _S.ENTRETIEN, _S.RETENUE, _S.CONTRAT, _S.RECRUTEE})


class Origine(models.TextChoices):
    MATCHING = "matching", "Proposée par la plateforme"
    EXPLORATION = "exploration", "Trouvée par la structure"
    MANUELLE = "manuelle", "Proposée par l'ANCT"


class MotifRefus(models.TextChoices):
    """Why one side says no. None of them is about who the person is."""

    DISTANCE = "distance", "Trop loin"
    DATES = "dates", "Dates incompatibles"
    COMPETENCES = "competences", "Les compétences attendues ne correspondent pas au poste"
    AUTRE_CHOIX = "autre_choix", "Un autre choix a été fait"
    SANS_REPONSE = "sans_reponse", "Sans réponse aux prises de contact"
    AUTRE = "autre", "Autre raison"


# --- Interviews -----------------------------------------------------------------------------------------------


class StatutEntretien(models.TextChoices):
    PROPOSE = "propose", "Créneaux proposés"
    AUTRES_DEMANDES = "autres_demandes", "Autres créneaux demandés"
    CONFIRME = "confirme", "Confirmé"
    TERMINE = "termine", "Terminé"
    ANNULE = "annule", "Annulé"


_E = StatutEntretien
NEXT_STATUTS_ENTRETIEN: dict[StatutEntretien, frozenset[StatutEntretien]] = {
    # To itself: the structure replaces its slots before the person has answered.
    _E.PROPOSE: frozenset({_E.PROPOSE, _E.CONFIRME, _E.AUTRES_DEMANDES, _E.ANNULE}),
    _E.AUTRES_DEMANDES: frozenset({_E.PROPOSE, _E.ANNULE}),
    # Moved by the structure (other slots), by the person (who asks for others), held, or cancelled.
    _E.CONFIRME: frozenset({_E.PROPOSE, _E.AUTRES_DEMANDES, _E.TERMINE, _E.ANNULE}),
    # To itself: the second side records its own result.
    _E.TERMINE: frozenset({_E.TERMINE}),
    _E.ANNULE: frozenset(),
}
# One at a time with one person.
STATUTS_ENTRETIEN_OUVERTS = frozenset({_E.PROPOSE, _E.AUTRES_DEMANDES, _E.CONFIRME})


class ModeEntretien(models.TextChoices):
    SUR_PLACE = "sur_place", "Sur place"
    DISTANCE = "distance", "À distance, par visioconférence"
    TELEPHONE = "telephone", "Par téléphone : vous appelez la personne"


class ResultatStructure(models.TextChoices):
    RETENU = "retenu", "Nous retenons cette personne"
    NON_RETENU = "non_retenu", "Nous ne la retenons pas"
    A_REVOIR = "a_revoir", "Nous voulons la revoir, ou nous décider plus tard"
    ABSENT = "absent", "La personne n'est pas venue"


class ResultatCandidat(models.TextChoices):
    EU_LIEU = "eu_lieu", "L'entretien a eu lieu"
    PAS_EU_LIEU = "pas_eu_lieu", "L'entretien n'a pas eu lieu"
    NE_POURSUIT_PAS = "ne_poursuit_pas", "Je ne souhaite pas poursuivre avec cette structure"


# One changes one's mind about these; the others have closed the mise en relation, or led further.
RESULTATS_PROVISOIRES = frozenset(
    {"", ResultatStructure.ABSENT, ResultatStructure.A_REVOIR, ResultatCandidat.EU_LIEU, ResultatCandidat.PAS_EU_LIEU}
)
