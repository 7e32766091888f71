"""Figures of the home page, and what awaits each role in its space: one query a figure, none in templates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format

from accompagnements.models import Accompagnement, Appartenance, Coordination, CumulConseiller
from candidatures.models import Candidature
from common.numbers import number
from comptes.enums import RoleKind
from comptes.models import Invitation, Role
from contrats.enums import StatutContrat
from contrats.models import Conseiller, Contrat
from formation.enums import StatutDossier, StatutSession
from formation.models import DossierFormation, SessionFormation
from matching.enums import STATUTS_DEVOILES, STATUTS_OUVERTS, StatutMiseEnRelation
from matching.models import MiseEnRelation
from pilotage.chiffres import chiffres, last_complete_month
from pilotage.suivi import suivi_of
from structures.enums import STATUTS_DEMANDE_OUVERTS, StatutDemande
from structures.models import Convention, DecisionCoselec, DemandePoste, Membre, Poste, Structure


def national_figures() -> list[tuple[str, str]]:
    """Return the programme in four numbers, from the figures everyone reads."""
    found = chiffres()
    return [
        (number(found.conseillers), "conseillers en poste"),
        (number(found.total[0]), "accompagnements"),
        (number(found.structures), "structures d'accueil"),
        (number(found.regions), "régions"),
    ]


@dataclass(frozen=True)
class Card:
    """One thing that awaits the person: how many, and where."""

    title: str
    detail: str
    url: str | None = None
    count: int | None = None


def _card(title: str, detail: str, name: str, count: int | None = None, **kwargs: Any) -> Card:
    try:
        url = reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        url = None
    return Card(title=title, detail=detail, url=url, count=count)


def entry_doors() -> list[Card]:
    return [
        _card(
            "Je cherche un conseiller",
            "Près de chez vous, avec ses horaires. L'accompagnement est gratuit.",
            "accompagnements:find",
        ),
        _card(
            "Je veux devenir conseiller",
            "Dès 16 ans, sans condition de diplôme. La formation est payée.",
            "candidatures:start",
        ),
        _card(
            "Je représente une structure",
            "Commune, association, entreprise de l'économie sociale : demandez un poste.",
            "structures:start",
        ),
        _card("Je vérifie une attestation", "Avec son numéro, ou le fichier lui-même.", "formation:verify"),
    ]


def espace_cards(role: Role) -> list[Card]:
    """Return what awaits this role, most urgent first. The number of queries depends on the role alone."""
    return CARDS[RoleKind(role.kind)](role)


def _candidat(role: Role) -> list[Card]:
    candidature = Candidature.objects.visible_to(role).order_by("-pk").first()
    if candidature is None:
        return [_card("Devenir conseiller numérique", "Aucun diplôme n'est demandé", "candidatures:start")]
    propositions = MiseEnRelation.objects.visible_to(role).filter(status__in=sorted(STATUTS_DEVOILES & STATUTS_OUVERTS))
    return [
        _card("Ma candidature", f"État : {candidature.get_status_display().lower()}", "candidatures:detail"),
        _card("Mes propositions", "structures intéressées", "matching:proposition_list", propositions.count()),
    ]


def _structure(role: Role) -> list[Card]:
    structures = list(Structure.objects.visible_to(role).order_by("nom")[:5])
    proposees = MiseEnRelation.objects.visible_to(role).filter(status=StatutMiseEnRelation.PROPOSEE)
    counts = _count_by(proposees, "structure", structures)
    cards = [
        _card(
            "Candidats à examiner",
            f"pour {structure.nom}",
            "matching:candidat_list",
            counts.get(structure.pk, 0),
            structure_pk=structure.pk,
        )
        for structure in structures
    ]
    contrats = Contrat.objects.visible_to(role)
    demandes = DemandePoste.objects.visible_to(role).filter(status__in=sorted(STATUTS_DEMANDE_OUVERTS))
    return [
        *cards,
        _card(
            "Contrats à compléter",
            "en préparation",
            "contrats:list",
            contrats.filter(status=StatutContrat.PREPARE).count(),
        ),
        _card("Demandes de postes", "en cours d'instruction", "structures:demande_list", demandes.count()),
        _card(
            "Postes vacants", "à pourvoir", "structures:demande_list", Poste.objects.visible_to(role).vacant().count()
        ),
        _card("Mon équipe", "Inviter un collègue", "pilotage:team"),
    ]


def _count_by(rows: QuerySet[Any], field: str, owners: list[Any]) -> dict[int, int]:
    """Count rows by owner with one query, whatever the number of owners."""
    rows = rows.filter(**{f"{field}__in": owners}).order_by()
    return dict(rows.values_list(field).annotate(Count("pk")))


def _organisme(role: Role) -> list[Card]:
    dossiers = DossierFormation.objects.visible_to(role)
    sessions = SessionFormation.objects.visible_to(role)
    return [
        _card(
            "Positionnements à faire",
            "conseillers à recevoir",
            "formation:dossier_list",
            dossiers.filter(status=StatutDossier.A_POSITIONNER).count(),
        ),
        _card(
            "À inscrire dans une session",
            "parcours assignés",
            "formation:dossier_list",
            dossiers.filter(status=StatutDossier.POSITIONNE).count(),
        ),
        _card(
            "Sessions ouvertes ou en cours",
            "à suivre",
            "formation:session_list",
            sessions.filter(status__in=[StatutSession.OUVERTE, StatutSession.EN_COURS]).count(),
        ),
    ]


def _conseiller(role: Role) -> list[Card]:
    today = timezone.localdate()
    month = Accompagnement.objects.visible_to(role).filter(date__gte=today.replace(day=1))
    dossier = DossierFormation.objects.visible_to(role).first()
    followed = Appartenance.objects.accepted().on(today).filter(conseiller__compte=role.compte_id)
    groupes = followed.select_related("groupe__coordinateur").order_by("pk")
    # Whoever is followed knows by whom.
    leads = [
        Card("Mon coordinateur", f"{row.groupe.coordinateur} suit votre activité, en chiffres ({row.groupe}).")
        for row in groupes
    ]
    return [
        _card("Noter un accompagnement", "Moins de trente secondes", "accompagnements:create"),
        _card("Mes accompagnements", "ce mois-ci", "accompagnements:list", month.count()),
        _card("Mes statistiques", "Mois par mois, par thème et par public", "accompagnements:statistics"),
        _card("Ma formation", dossier.get_status_display() if dossier else "Pas encore de dossier", "formation:mine"),
        *leads,
    ]


def _prefet(role: Role) -> list[Card]:
    demandes = DemandePoste.objects.visible_to(role)
    return [
        _card(
            "Avis à rendre",
            "demandes de postes",
            "structures:demande_list",
            demandes.filter(status=StatutDemande.DEPOSEE).count(),
        ),
        _card(
            "Demandes en cours",
            "dans votre territoire",
            "structures:demande_list",
            demandes.filter(status__in=sorted(STATUTS_DEMANDE_OUVERTS)).count(),
        ),
        _figure(Conseiller.objects.visible_to(role).in_post().count(), "Conseillers en poste"),
    ]


def _anct(role: Role) -> list[Card]:
    demandes = DemandePoste.objects.visible_to(role)
    to_validate = DecisionCoselec.objects.filter(validee_at=None).exclude(preparee_par=role.compte_id)
    return [
        _card(
            "À inscrire au COSELEC",
            "avis du préfet rendu",
            "structures:demande_list",
            demandes.filter(status=StatutDemande.AVIS_RENDU).count(),
        ),
        _card("Décisions à valider", "préparées par un collègue", "structures:demande_list", to_validate.count()),
        _card(
            "En attente de l'avis du préfet",
            "demandes déposées",
            "structures:demande_list",
            demandes.filter(status=StatutDemande.DEPOSEE).count(),
        ),
        _figure(Candidature.objects.active().count(), "Candidatures actives"),
        _figure(Poste.objects.vacant().count(), "Postes vacants"),
        _figure(Conseiller.objects.in_post().count(), "Conseillers en poste"),
    ]


def _bdt(role: Role) -> list[Card]:
    demandes = DemandePoste.objects.visible_to(role)
    to_sign = Convention.objects.filter(signee_at=None).exclude(preparee_par=role.compte_id)
    contrats = Contrat.objects.visible_to(role)
    dossiers = DossierFormation.objects.visible_to(role)
    return [
        _card(
            "Contrats à valider",
            "transmis par les structures",
            "contrats:list",
            contrats.filter(status=StatutContrat.TRANSMIS).count(),
        ),
        _card(
            "Conventions à préparer",
            "décisions favorables",
            "structures:demande_list",
            demandes.filter(status=StatutDemande.A_CONVENTIONNER).count(),
        ),
        _card("Conventions à signer", "préparées par un collègue", "structures:demande_list", to_sign.count()),
        _card(
            "Sans organisme de formation",
            "dossiers à confier",
            "formation:dossier_list",
            dossiers.filter(organisme=None, status=StatutDossier.A_POSITIONNER).count(),
        ),
        _figure(Conseiller.objects.in_post().count(), "Conseillers en poste"),
    ]


def _coordinateur(role: Role) -> list[Card]:
    suivi = suivi_of(role)
    month = Coordination.objects.visible_to(role).filter(date__gte=timezone.localdate().replace(day=1))
    own = [
        _card("Noter une activité", "Animation, événement ou partenariat", "accompagnements:coordination_create"),
        _card("Mes activités", "ce mois-ci", "accompagnements:coordination_list", month.count()),
    ]
    if suivi is None:
        return [*own, _card("Mon groupe", "Pas encore ouvert", "pilotage:groupe"), *_observer(role)]
    stopped = Card(
        "Conseillers à contacter",
        "sans activité notée depuis longtemps",
        f"{reverse('pilotage:groupe')}?etat=silence",
        suivi.stopped().count(),
    )
    return [
        *own,
        _card("Mon groupe", "conseillers suivis", "pilotage:groupe", suivi.rows.count()),
        stopped,
        _card("Statistiques du groupe", "Mois par mois, par thème et par public", "accompagnements:statistics"),
    ]


def _observer(role: Role) -> list[Card]:
    """A hub looks at a region, as a coordinateur without a group does; a network at its structures."""
    structures = observed_structures(role)
    in_post = Conseiller.objects.in_post().filter(contrat__structure__in=structures.values("pk"))
    fin = last_complete_month(timezone.localdate())
    activity = CumulConseiller.objects.filter(mois=fin.replace(day=1), conseiller__in=in_post.values("pk"))
    done = activity.aggregate(n=Sum("accompagnements"))["n"] or 0
    page = "" if role.kind == RoleKind.COORDINATEUR else "pilotage:structures"
    return [
        _card("Structures d'accueil", "dans votre périmètre", page, structures.count()),
        _card("Conseillers en poste", "dans ces structures", page, in_post.count()),
        _card("Accompagnements", f"en {date_format(fin, 'F Y')}", "accompagnements:statistics", done),
        _card("Statistiques", "Par mois, thème, public et territoire", "accompagnements:statistics"),
    ]


def observed_structures(role: Role) -> QuerySet[Structure]:
    """Return the structures with a signed convention in a region, or of a network."""
    if not (role.region_id or role.reseau):
        return Structure.objects.none()
    place = Q(commune__departement__region=role.region_id) if role.region_id else Q(reseau=role.reseau)
    signed = Convention.objects.filter(signee_at__isnull=False).values("structure")
    return Structure.objects.filter(place, pk__in=signed)


def with_activity(structures: QuerySet[Structure], mois: date) -> QuerySet[Structure]:
    """Add how many conseillers are in post, and what those did in a month, from the roll-ups."""
    in_post = Conseiller.objects.in_post().filter(contrat__structure=OuterRef("pk")).order_by()
    cumuls = CumulConseiller.objects.filter(mois=mois, conseiller__contrat__structure=OuterRef("pk")).order_by()
    month = cumuls.values("conseiller__contrat__structure")
    return structures.select_related("commune").annotate(
        en_poste=Coalesce(Subquery(in_post.values("contrat__structure").annotate(n=Count("pk")).values("n")), 0),
        **{
            f"mois_{name}": Coalesce(Subquery(month.annotate(n=Sum(name)).values("n")), 0)
            for name in ("accompagnements", "participations", "minutes")
        },
    )


def _figure(value: int, title: str) -> Card:
    return Card(title=title, detail="", count=value)


CARDS: dict[RoleKind, Callable[[Role], list[Card]]] = {
    RoleKind.CANDIDAT: _candidat,
    RoleKind.STRUCTURE: _structure,
    RoleKind.ORGANISME_FORMATION: _organisme,
    RoleKind.CONSEILLER: _conseiller,
    RoleKind.COORDINATEUR: _coordinateur,
    RoleKind.PREFET: _prefet,
    RoleKind.ANCT: _anct,
    RoleKind.BDT: _bdt,
    RoleKind.HUB: _observer,
    RoleKind.GRAND_RESEAU: _observer,
}


def team_invitations(role: Role) -> QuerySet[Invitation]:
    """Return the invitations to the structures this role belongs to, whoever sent them."""
    structures = Structure.objects.visible_to(role).values("pk")
    return Invitation.objects.filter(kind=RoleKind.STRUCTURE, objet_id__in=structures).order_by("-pk")


def team_members(role: Role) -> QuerySet[Membre]:
    structures = Structure.objects.visible_to(role).values("pk")
    return (
        Membre.objects.filter(structure__in=structures)
        .select_related("compte", "structure")
        .order_by("structure__nom", "compte__nom", "pk")
    )
