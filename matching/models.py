from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import uuid4

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField, DateTimeRangeField
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.utils import timezone

from candidatures.enums import Langue, SavoirEtre
from candidatures.models import Candidature
from common.models import HorodatageModel, StatusModel, TransitionModel
from common.triggers import append_only, status_follows
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from matching.constants import (
    ATTENTES_MAX,
    DUREE_MAX,
    DUREE_MIN,
    LIEN_MAX_LENGTH,
    LIEU_MAX_LENGTH,
    MESSAGE_MAX_LENGTH,
    RAPPEL_WINDOW,
)
from matching.enums import (
    NEXT_STATUTS,
    NEXT_STATUTS_ENTRETIEN,
    STATUTS_DEVOILES,
    STATUTS_ENTRETIEN_OUVERTS,
    STATUTS_OUVERTS,
    STATUTS_SANS_REPONSE,
    ModeEntretien,
    MotifRefus,
    Origine,
    ResultatCandidat,
    ResultatStructure,
    StatutEntretien,
    StatutMiseEnRelation,
)
from structures.models import Structure


class MiseEnRelationQuerySet(models.QuerySet["MiseEnRelation"]):
    def open(self) -> Self:
        return self.filter(status__in=sorted(STATUTS_OUVERTS))

    def unanswered(self) -> Self:
        return self.filter(status__in=sorted(STATUTS_SANS_REPONSE))

    def provisional(self) -> Self:
        """Made by the machine, and neither told to anyone nor touched by anyone: a run may place them otherwise."""
        return self.filter(self.never_touched(), provisoire=True)

    def never_touched(self) -> Q:
        """Proposed, and only ever moved by the machine."""
        acted = MiseEnRelationTransition.objects.filter(objet=OuterRef("pk")).exclude(
            to_status__in=[StatutMiseEnRelation.PROPOSEE, StatutMiseEnRelation.ANNULEE]
        )
        return Q(~Exists(acted), status=StatutMiseEnRelation.PROPOSEE)

    def visible_to(self, role: Role) -> Self:
        """A structure reads its own, a candidat theirs from the proposal on; ANCT and BdT all.

        What a structure reads *of the person* before it marks its interest is decided by `is_unveiled`.
        """
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.STRUCTURE:
                return self.filter(structure__membres__compte=role.compte_id)
            case RoleKind.CANDIDAT | RoleKind.CONSEILLER:
                return self.filter(candidature__compte=role.compte_id)
        return self.none()


class MiseEnRelation(StatusModel):
    """One candidature proposed to one structure. Unique for ever: a refusal is remembered."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS

    candidature = models.ForeignKey(Candidature, models.PROTECT, related_name="mises_en_relation")
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="mises_en_relation")
    status = models.CharField(
        "statut", max_length=20, choices=StatutMiseEnRelation, default=StatutMiseEnRelation.PROPOSEE
    )
    origine = models.CharField("origine", max_length=12, choices=Origine, default=Origine.MATCHING)
    distance_km = models.FloatField("distance (km)")
    score = models.PositiveSmallIntegerField("score")
    # [[criterion, points, maximum, fact], …]: what the score is made of; `explanations` writes the words from it.
    details = models.JSONField("détail du score", default=list)
    motif = models.CharField("motif du refus", max_length=20, choices=MotifRefus, blank=True)
    # Of a proposal made by hand: why, and by whom.
    raison = models.CharField("raison de la proposition", max_length=1000, blank=True)
    proposee_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="proposée par"
    )
    # True from a proposal of the machine until a digest leaves with it (docs/adr/0012).
    provisoire = models.BooleanField("pas encore annoncée", default=False, editable=False)
    interessee_at = models.DateTimeField("intérêt marqué le", null=True, blank=True)
    # The candidat's yes to the structure's interest: not a status, which stays with the structure's next step.
    acceptee_at = models.DateTimeField("intérêt accepté le", null=True, blank=True)

    objects = MiseEnRelationQuerySet.as_manager()

    class Meta:
        verbose_name = "mise en relation"
        verbose_name_plural = "mises en relation"
        constraints = [
            models.UniqueConstraint(fields=["candidature", "structure"], name="mise_en_relation_unique"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="mise_en_relation_score_sur_cent"),
            models.UniqueConstraint(
                fields=["candidature"],
                condition=Q(status=StatutMiseEnRelation.RECRUTEE),
                name="mise_en_relation_un_recrutement",
                violation_error_message="Cette personne vient d'être recrutée par une autre structure.",
            ),
            models.CheckConstraint(
                condition=Q(acceptee_at=None) | Q(status__in=sorted(STATUTS_DEVOILES)),
                name="mise_en_relation_accord_a_un_interet",
                violation_error_message="Il n'y a d'accord que tant que la structure est intéressée.",
            ),
        ]
        indexes = [
            models.Index(fields=["structure", "status", "-score", "id"], name="mise_en_relation_liste"),
            models.Index(fields=["candidature", "status"], name="mise_en_relation_candidat"),
            # The run and the digests: what nobody was told of yet.
            models.Index(
                fields=["candidature", "structure"], condition=Q(provisoire=True), name="mise_en_relation_provisoire"
            ),
            # The daily job: what nobody has touched for a month. Every move writes `updated_at`.
            models.Index(
                fields=["updated_at"],
                condition=Q(status__in=sorted(STATUTS_SANS_REPONSE)),
                name="mise_en_relation_sans_reponse",
            ),
        ]
        triggers = [status_follows(NEXT_STATUTS)]

    def __str__(self) -> str:
        return f"Mise en relation n° {self.pk}"

    def move_to(self, status: str, *, by: Any | None, reason: str = "", **values: Any) -> None:
        """Forget the candidat's yes with the interest it answered."""
        if status not in STATUTS_DEVOILES:
            values["acceptee_at"] = None
        super().move_to(status, by=by, reason=reason, **values)

    @property
    def is_unveiled(self) -> bool:
        """Whether the structure may read who the person is and how to reach them."""
        return self.status in STATUTS_DEVOILES

    @property
    def is_last_move_of_candidat(self) -> bool:
        """Whether what may be undone is the candidat's refusal or yes, not the structure's refusal or interest."""
        accepted = self.status == StatutMiseEnRelation.INTERESSEE and self.acceptee_at is not None
        return accepted or self.status == StatutMiseEnRelation.DECLINEE_CANDIDAT


class MiseEnRelationTransition(TransitionModel):
    objet = models.ForeignKey(MiseEnRelation, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


POIDS_TOTAL_CENT = Q(
    distance=100
    - F("dates")
    - F("experience")
    - F("diplome")
    - F("attente")
    - F("pix")
    - F("langues")
    - F("savoir_etre")
)
POIDS_TOTAL_MESSAGE = "La somme des huit poids doit être égale à 100."


class AttentesQuerySet(models.QuerySet["Attentes"]):
    def visible_to(self, role: Role) -> Self:
        return self.filter(structure__in=Structure.objects.visible_to(role))


class Attentes(HorodatageModel):
    """The languages and soft skills a structure asks of its posts: they count in the score, and exclude nobody."""

    structure = models.OneToOneField(Structure, models.CASCADE, related_name="attentes", verbose_name="structure")
    langues = ArrayField(
        models.CharField(max_length=20, choices=Langue), default=list, blank=True, verbose_name="langues"
    )
    savoir_etre = ArrayField(
        models.CharField(max_length=20, choices=SavoirEtre), default=list, blank=True, verbose_name="savoir-être"
    )

    objects = AttentesQuerySet.as_manager()

    class Meta:
        verbose_name = "attentes d'une structure"
        verbose_name_plural = "attentes des structures"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    langues__contained_by=Langue.values,
                    savoir_etre__contained_by=SavoirEtre.values,
                    langues__len__lte=ATTENTES_MAX,
                    savoir_etre__len__lte=ATTENTES_MAX,
                ),
                name="attentes_connues",
                violation_error_message=f"Choisissez {ATTENTES_MAX} attentes au plus.",
            )
        ]

    def __str__(self) -> str:
        return f"Attentes n° {self.pk}"


class PoidsMatchingQuerySet(models.QuerySet["PoidsMatching"]):
    def valid_on(self, day: date) -> "PoidsMatching":
        """Return the weights in force. The migration gives the first ones, so there always are some."""
        return self.filter(valide_du__lte=day).latest("valide_du")


class Ponderation(models.Model):
    """The weights of the score and the caps of proposals."""

    distance = models.PositiveSmallIntegerField("distance", default=35)
    dates = models.PositiveSmallIntegerField("dates", default=20)
    experience = models.PositiveSmallIntegerField("expérience", default=15)
    diplome = models.PositiveSmallIntegerField("diplôme ou titre professionnel", default=15)
    attente = models.PositiveSmallIntegerField("temps d'attente", default=15)
    pix = models.PositiveSmallIntegerField("score Pix déclaré", default=0)
    langues = models.PositiveSmallIntegerField("langues attendues", default=0)
    savoir_etre = models.PositiveSmallIntegerField("savoir-être attendus", default=0)
    plafond_structure = models.PositiveSmallIntegerField("propositions ouvertes par poste", default=8)
    plafond_candidat = models.PositiveSmallIntegerField("propositions ouvertes par candidat", default=5)

    class Meta:
        abstract = True


class PoidsMatching(Ponderation, HorodatageModel):
    """The weights of the score, valid from a date. Never about who the person is (DOMAINE §6)."""

    valide_du = models.DateField("valides à partir du", unique=True)
    by = models.ForeignKey(Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="fixés par")

    objects = PoidsMatchingQuerySet.as_manager()

    class Meta:
        verbose_name = "poids du matching"
        verbose_name_plural = "poids du matching"
        ordering = ["-valide_du"]
        constraints = [
            models.CheckConstraint(
                condition=POIDS_TOTAL_CENT,
                name="poids_total_cent",
                violation_error_message=POIDS_TOTAL_MESSAGE,
            ),
            models.CheckConstraint(
                condition=Q(plafond_structure__gte=1, plafond_candidat__gte=1),
                name="poids_plafonds_positifs",
                violation_error_message="Les plafonds valent au moins 1.",
            ),
        ]

    def __str__(self) -> str:
        return f"Poids du {self.valide_du:%d/%m/%Y}"


class RunMatching(models.Model):
    """The journal of the periodic run: what it saw, made and took."""

    started_at = models.DateTimeField("commencé le", auto_now_add=True)
    finished_at = models.DateTimeField("fini le", null=True, blank=True)
    secondes = models.FloatField("durée (s)", null=True, blank=True)
    postes = models.PositiveIntegerField("postes vacants", default=0)
    structures = models.PositiveIntegerField("structures qui cherchent", default=0)
    candidats = models.PositiveIntegerField("candidats disponibles", default=0)
    paires = models.PositiveIntegerField("paires examinées", default=0)
    proposees = models.PositiveIntegerField("propositions faites", default=0)
    retirees = models.PositiveIntegerField("propositions non annoncées retirées", default=0)
    # Afterwards, everything that is open included.
    structures_servies = models.PositiveIntegerField("structures avec au moins un candidat", default=0)
    candidats_servis = models.PositiveIntegerField("candidats avec au moins une proposition", default=0)
    distance_mediane = models.FloatField("distance médiane (km)", null=True, blank=True)
    # What the flow gave, against the best total of as many proposals when nobody cares who gets them.
    score_total = models.PositiveIntegerField("score total des propositions placées", default=0)
    score_optimal = models.PositiveIntegerField("score total sans équité", default=0)
    structure_max = models.PositiveIntegerField("structure la mieux servie (par poste)", default=0)
    structure_min = models.PositiveIntegerField("structure la moins bien servie (par poste)", default=0)
    candidat_max = models.PositiveIntegerField("candidat le plus proposé", default=0)
    candidat_min = models.PositiveIntegerField("candidat le moins proposé", default=0)

    class Meta:
        verbose_name = "passage du matching"
        verbose_name_plural = "passages du matching"
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"Passage du {self.started_at:%d/%m/%Y %H:%M}"


class EssaiPoids(Ponderation):
    """Weights tried without being put in force: what would change, computed by a worker, nothing written."""

    by = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="demandé par")
    created_at = models.DateTimeField("demandé le", auto_now_add=True)
    finished_at = models.DateTimeField("calculé le", null=True, blank=True)
    # What `services.try_poids` found; keys and rows of the sample, no personal data.
    resultat = models.JSONField("résultat", null=True, blank=True)

    class Meta:
        verbose_name = "essai de poids"
        verbose_name_plural = "essais de poids"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=POIDS_TOTAL_CENT,
                name="essai_total_cent",
                violation_error_message=POIDS_TOTAL_MESSAGE,
            ),
            models.CheckConstraint(
                condition=Q(plafond_structure__gte=1, plafond_candidat__gte=1),
                name="essai_plafonds_positifs",
                violation_error_message="Les plafonds valent au moins 1.",
            ),
        ]

    def __str__(self) -> str:
        return f"Essai du {self.created_at:%d/%m/%Y %H:%M}"


# --- Interviews -----------------------------------------------------------------------------------------------


_E = StatutEntretien
# The structure met the person; the person was there.
_VENU = [ResultatStructure.RETENU, ResultatStructure.NON_RETENU, ResultatStructure.A_REVOIR]


def _same(column: str) -> Func:
    """A key as a range of one value: GiST compares ranges without any extension."""
    return Func(F(column), F(column), Value("[]"), function="int8range", output_field=BigIntegerRangeField())


def _hours() -> Func:
    """From the start to the end, the end excluded: one may follow another."""
    return Func(F("debut"), F("fin"), function="tstzrange", output_field=DateTimeRangeField())


class EntretienQuerySet(models.QuerySet["Entretien"]):
    def visible_to(self, role: Role) -> Self:
        """Whoever reads the mise en relation reads its interviews."""
        return self.filter(mise_en_relation__in=MiseEnRelation.objects.visible_to(role))

    def open(self) -> Self:
        return self.filter(status__in=sorted(STATUTS_ENTRETIEN_OUVERTS))

    def pending(self) -> Self:
        """Open, and not begun: what a mise en relation that closes takes with it."""
        return self.open().exclude(status=_E.CONFIRME, debut__lte=timezone.now())

    def alive_since(self, moment: datetime) -> Self:
        """Those on which somebody acted since, or whose agreed hour is later: their pair is not silent."""
        return self.filter(Q(updated_at__gte=moment) | Q(status=_E.CONFIRME, debut__gte=moment))

    def overlapping(self, debut: datetime, fin: datetime) -> Self:
        return self.filter(status=_E.CONFIRME, debut__lt=fin, fin__gt=debut)

    def to_remind(self) -> Self:
        """Those whose day before has come, or went by while nothing ran."""
        now = timezone.now()
        return self.filter(status=_E.CONFIRME, rappele_at=None, debut__gt=now, debut__lte=now + RAPPEL_WINDOW)

    def contradictory(self) -> Self:
        """One side says it was held, the other that it was not: a human looks."""
        return self.filter(
            Q(resultat_structure__in=_VENU, resultat_candidat=ResultatCandidat.PAS_EU_LIEU)
            | Q(resultat_structure=ResultatStructure.ABSENT, resultat_candidat=ResultatCandidat.EU_LIEU)
        )

    def for_message(self) -> Self:
        return self.select_related(
            "propose_par",
            "mise_en_relation__structure__commune__departement",
            "mise_en_relation__candidature__commune__departement",
        )


class Entretien(StatusModel):
    """An interview of one person by one structure, from the slots offered to what each side says of it."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS_ENTRETIEN

    mise_en_relation = models.ForeignKey(MiseEnRelation, models.PROTECT, related_name="entretiens")
    # What calendars know it by, whatever becomes of its hour.
    reference = models.UUIDField("référence", default=uuid4, unique=True, editable=False)
    status = models.CharField("statut", max_length=16, choices=StatutEntretien, default=_E.PROPOSE)
    # The member who receives: two interviews of one author can't overlap.
    propose_par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="proposé par")
    duree = models.PositiveSmallIntegerField("durée (minutes)")
    mode = models.CharField("mode", max_length=10, choices=ModeEntretien)
    adresse = models.CharField("adresse", max_length=LIEU_MAX_LENGTH, blank=True)
    lien = models.CharField("lien de visioconférence", max_length=LIEN_MAX_LENGTH, blank=True)
    message = models.TextField("message", max_length=MESSAGE_MAX_LENGTH, blank=True)
    # What was said with the last move: why it is moved or cancelled, or which hours would suit.
    motif = models.TextField("motif", blank=True)
    # The last hour agreed upon. It stays when the interview is moved: a calendar still holds it.
    debut = models.DateTimeField("début", null=True, blank=True)
    fin = models.DateTimeField("fin", null=True, blank=True)
    sequence = models.PositiveSmallIntegerField("révision pour les agendas", default=0)
    rappele_at = models.DateTimeField("rappels demandés le", null=True, blank=True, editable=False)
    resultat_structure = models.CharField(
        "résultat selon la structure", max_length=12, choices=ResultatStructure, blank=True
    )
    resultat_candidat = models.CharField(
        "résultat selon le candidat", max_length=16, choices=ResultatCandidat, blank=True
    )

    objects = EntretienQuerySet.as_manager()

    class Meta:
        verbose_name = "entretien"
        constraints = [
            models.UniqueConstraint(
                fields=["mise_en_relation"],
                condition=Q(status__in=sorted(STATUTS_ENTRETIEN_OUVERTS)),
                name="entretien_un_seul_ouvert",
                violation_error_message="Un entretien est déjà en cours d'organisation avec cette personne.",
            ),
            models.CheckConstraint(
                condition=Q(duree__gte=DUREE_MIN, duree__lte=DUREE_MAX),
                name="entretien_duree",
                violation_error_message=f"Un entretien dure de {DUREE_MIN} à {DUREE_MAX} minutes.",
            ),
            models.CheckConstraint(
                condition=(Q(mode=ModeEntretien.SUR_PLACE, lien="") & ~Q(adresse=""))
                | Q(mode=ModeEntretien.DISTANCE, adresse="", lien__startswith="https://")
                | Q(mode=ModeEntretien.TELEPHONE, adresse="", lien=""),
                name="entretien_lieu",
                violation_error_message="Sur place, une adresse ; à distance, un lien qui commence par https://.",
            ),
            models.CheckConstraint(
                condition=Q(debut=None, fin=None) & ~Q(status__in=[_E.CONFIRME, _E.TERMINE])
                | Q(debut__isnull=False, fin__gt=F("debut")),
                name="entretien_heure",
                violation_error_message="Un entretien confirmé a une heure de début et de fin.",
            ),
            models.CheckConstraint(
                condition=Q(status=_E.TERMINE) | Q(resultat_structure="", resultat_candidat=""),
                name="entretien_resultat",
                violation_error_message="Le résultat se note une fois l'heure de l'entretien venue.",
            ),
            ExclusionConstraint(
                name="entretien_un_a_la_fois",
                expressions=[(_same("propose_par"), "&&"), (_hours(), "&&")],
                condition=Q(status=_E.CONFIRME),
                violation_error_message="Cette heure vient d'être prise par un autre entretien.",
            ),
        ]
        indexes = [
            # The hourly job: whose day before has come.
            models.Index(
                fields=["debut"],
                condition=Q(status=_E.CONFIRME, rappele_at=None),
                name="entretien_a_rappeler",
            ),
        ]
        triggers = [status_follows(NEXT_STATUTS_ENTRETIEN)]

    def __str__(self) -> str:
        return f"Entretien n° {self.pk}"

    @property
    def has_begun(self) -> bool:
        """Until then it may be moved or cancelled; from then on one says how it went."""
        return self.status in {_E.CONFIRME, _E.TERMINE} and self.debut is not None and self.debut <= timezone.now()

    @property
    def is_contradictory(self) -> bool:
        absent = self.resultat_structure == ResultatStructure.ABSENT
        if self.resultat_candidat == ResultatCandidat.EU_LIEU:
            return absent
        return self.resultat_candidat == ResultatCandidat.PAS_EU_LIEU and self.resultat_structure in _VENU


class EntretienTransition(TransitionModel):
    objet = models.ForeignKey(Entretien, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class CreneauQuerySet(models.QuerySet["Creneau"]):
    def offered(self) -> Self:
        return self.filter(retire_at=None)

    def to_come(self) -> Self:
        return self.offered().filter(debut__gt=timezone.now())


class Creneau(HorodatageModel):
    """An hour offered. Withdrawn, it stays: what was offered is not rewritten."""

    entretien = models.ForeignKey(Entretien, models.CASCADE, related_name="creneaux")
    debut = models.DateTimeField("début")
    fin = models.DateTimeField("fin")
    retire_at = models.DateTimeField("retiré le", null=True, blank=True)

    objects = CreneauQuerySet.as_manager()

    class Meta:
        verbose_name = "créneau"
        verbose_name_plural = "créneaux"
        ordering = ["debut"]
        constraints = [
            models.CheckConstraint(condition=Q(fin__gt=F("debut")), name="creneau_fin_apres_debut"),
            ExclusionConstraint(
                name="creneau_sans_chevauchement",
                expressions=[(_same("entretien"), "&&"), (_hours(), "&&")],
                condition=Q(retire_at=None),
                violation_error_message="Deux créneaux se chevauchent.",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="hours_are_not_rewritten", fields=["entretien", "debut", "fin"]),
        ]

    def __str__(self) -> str:
        return f"{self.debut:%d/%m/%Y %H:%M} UTC"
