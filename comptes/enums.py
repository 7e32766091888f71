from django.db import models


class RoleKind(models.TextChoices):
    CANDIDAT = "candidat", "Candidat"
    STRUCTURE = "structure", "Structure d'accueil"
    ORGANISME_FORMATION = "organisme_formation", "Organisme de formation"
    CONSEILLER = "conseiller", "Conseiller numérique"
    COORDINATEUR = "coordinateur", "Coordinateur"
    PREFET = "prefet", "Préfecture"
    ANCT = "anct", "ANCT"
    BDT = "bdt", "Banque des Territoires"
    HUB = "hub", "Hub territorial"
    GRAND_RESEAU = "grand_reseau", "Grand réseau"


# These two read nobody's data but their own; every other role needs a second factor (QUALITE, "Closed").
OWN_DATA_ROLES = frozenset({RoleKind.CANDIDAT, RoleKind.CONSEILLER})
# These enter the Django admin.
STAFF_ROLES = frozenset({RoleKind.ANCT, RoleKind.BDT})
# Those one is invited to; the two others come from an application and a contract.
INVITED_KINDS = frozenset(RoleKind) - OWN_DATA_ROLES


class JetonPurpose(models.TextChoices):
    CONFIRMER_CANDIDATURE = "confirmer_candidature", "Confirmer une candidature"
    REPRENDRE_CANDIDATURE = "reprendre_candidature", "Reprendre une candidature"
    CONSENTIR_REPRESENTANT = "consentir_representant", "Accord du représentant légal"
    CONFIRMER_DEMANDE = "confirmer_demande", "Confirmer une demande de poste"
    REPRENDRE_DEMANDE = "reprendre_demande", "Reprendre une demande de poste"
    INVITATION = "invitation", "Invitation"


class ScopeApi(models.TextChoices):
    """What a token of the API opens. Names follow the usage of OAuth 2."""

    ACCOMPAGNEMENTS_READ = "accompagnements:read", "Lire les accompagnements"
    ACCOMPAGNEMENTS_WRITE = "accompagnements:write", "Enregistrer des accompagnements"
    STATISTIQUES_READ = "statistiques:read", "Lire les statistiques"


_READ = (ScopeApi.ACCOMPAGNEMENTS_READ, ScopeApi.STATISTIQUES_READ)
# What each role may give a token, at most what its own pages show. A role that is not here makes none.
SCOPES_BY_ROLE: dict[RoleKind, tuple[ScopeApi, ...]] = {
    RoleKind.CONSEILLER: (*_READ, ScopeApi.ACCOMPAGNEMENTS_WRITE),
    RoleKind.STRUCTURE: _READ,
    RoleKind.ANCT: _READ,
    RoleKind.BDT: _READ,
    RoleKind.COORDINATEUR: (ScopeApi.STATISTIQUES_READ,),
    RoleKind.PREFET: (ScopeApi.STATISTIQUES_READ,),
    RoleKind.HUB: (ScopeApi.STATISTIQUES_READ,),
    RoleKind.GRAND_RESEAU: (ScopeApi.STATISTIQUES_READ,),
}
