import uuid
from datetime import date, datetime, timedelta
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce, Length
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from django.utils.formats import date_format

from candidatures.constants import (
    AGE_MINIMUM,
    COMPETENCES_MAX_LENGTH,
    CV_CHECK_AGAIN_AFTER,
    CV_FOLDERS,
    CV_LIFETIME,
    CV_MAX_SIZE,
    DRAFT_LIFETIME,
    EXPIRY_AFTER,
    EXPIRY_NOTICE,
    MAJORITE,
    MOIS_MAX,
    MOTIVATION_MAX_LENGTH,
    NOTE_MAX,
    PIX_ECHELLE,
    REMINDER_AFTER,
    RETENTION,
    SITUATIONS,
)
from candidatures.enums import (
    NEXT_STATUTS,
    NEXT_STATUTS_CV,
    STATUTS_VIVANTS,
    Etape,
    Langue,
    MotifRetrait,
    RayonKm,
    SavoirEtre,
    StatutCandidature,
    StatutCV,
)
from common.dates import FUSEAU_PAR_DEFAUT, age_on, birthday, today_in
from common.fields import PointField
from common.models import StatusModel, TransitionModel
from common.triggers import append_only, status_follows
from comptes.constants import MASKED_DOMAIN
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from territoires.models import Commune


class CandidatureQuerySet(models.QuerySet["Candidature"]):
    def active(self) -> Self:
        return self.filter(status=StatutCandidature.ACTIVE)

    def living(self) -> Self:
        return self.filter(status__in=STATUTS_VIVANTS)

    def unconfirmed(self) -> Self:
        """Written by a visitor and not yet proved by the owner of the address."""
        return self.filter(status__in=[StatutCandidature.BROUILLON, StatutCandidature.A_CONFIRMER], compte=None)

    def abandoned_drafts(self) -> Self:
        return self.filter(status=StatutCandidature.BROUILLON, updated_at__lte=timezone.now() - DRAFT_LIFETIME)

    def never_confirmed(self) -> Self:
        return self.filter(
            status=StatutCandidature.A_CONFIRMER,
            email_confirmed_at=None,
            submitted_at__lte=timezone.now() - DRAFT_LIFETIME,
        )

    def silent_for(self, duration: timedelta) -> Self:
        """Those that wait for something and whose owner gave no sign of life for that long."""
        waiting = Q(status__in=[StatutCandidature.ACTIVE, StatutCandidature.EN_PAUSE])
        waiting |= Q(status=StatutCandidature.A_CONFIRMER, email_confirmed_at__isnull=False)
        return self.filter(waiting, last_seen_at__lte=timezone.now() - duration)

    def to_remind(self) -> Self:
        return self.silent_for(REMINDER_AFTER).filter(reminded_at=None)

    def to_expire(self) -> Self:
        return self.silent_for(EXPIRY_AFTER).filter(reminded_at__lte=timezone.now() - EXPIRY_NOTICE)

    def outdated(self) -> Self:
        """Ended, and without news of the person for 24 months; those already masked have nobody's address."""
        ended = self.filter(status__in=[StatutCandidature.RETIREE, StatutCandidature.EXPIREE])
        named = ended.exclude(email__endswith=MASKED_DOMAIN)
        last = Coalesce("last_seen_at", "submitted_at", "updated_at")
        return named.annotate(last_contact=last).filter(last_contact__lte=timezone.now() - RETENTION)

    def of_age_without_consent(self) -> Self:
        """Minors when they applied, adults by now in Paris; `is_minor` knows the day of the place."""
        return self.filter(
            status=StatutCandidature.A_CONFIRMER,
            email_confirmed_at__isnull=False,
            date_naissance__lte=birthday(today_in(), -MAJORITE),
        )

    def visible_to(self, role: Role) -> Self:
        """A candidat or conseiller reads their own, ANCT and BdT every one that was submitted.

        Structures read candidatures through `matching`, which hides what they may not know yet.
        """
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self.exclude(status=StatutCandidature.BROUILLON)
            case RoleKind.CANDIDAT | RoleKind.CONSEILLER:
                return self.filter(compte=role.compte_id)
        return self.none()


class Candidature(StatusModel):
    """An application to the programme, not to one structure: it is proposed to structures (S1)."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS

    # What a public page may show of it; the primary key stays inside.
    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    # What the visitor's session holds. It changes when the draft is resumed elsewhere: one browser at a time.
    draft_key = models.UUIDField("clé du brouillon", default=uuid.uuid4, unique=True, editable=False)
    compte = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="candidatures", verbose_name="compte"
    )
    status = models.CharField("statut", max_length=15, choices=StatutCandidature, default=StatutCandidature.BROUILLON)
    # Identity
    prenom = models.CharField("prénom", max_length=150, blank=True)
    nom = models.CharField("nom", max_length=150, blank=True)
    email = models.EmailField("adresse e-mail", blank=True, help_text="normalisée : NFKC, minuscules")
    telephone = models.CharField("téléphone", max_length=16, blank=True, help_text="E.164")
    date_naissance = models.DateField("date de naissance", null=True, blank=True)
    representant_prenom = models.CharField("prénom du représentant légal", max_length=150, blank=True)
    representant_nom = models.CharField("nom du représentant légal", max_length=150, blank=True)
    representant_email = models.EmailField("e-mail du représentant légal", blank=True)
    representant_at = models.DateTimeField("accord du représentant légal le", null=True, blank=True)
    # Place
    commune = models.ForeignKey(
        Commune, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="commune"
    )
    rayon_km = models.IntegerField("distance maximale", choices=RayonKm, null=True, blank=True)
    # Copied from the commune by the trigger: the index answers a search of neighbours alone.
    position = PointField("position", null=True, editable=False)
    latitude = models.FloatField("latitude", null=True, editable=False)
    longitude = models.FloatField("longitude", null=True, editable=False)
    # Situation
    demandeur_emploi = models.BooleanField("demandeur d'emploi", default=False)
    en_emploi = models.BooleanField("en emploi", default=False)
    en_formation = models.BooleanField("en formation", default=False)
    diplome_mediation = models.BooleanField("diplômé de la médiation numérique", default=False)
    diplome_nom = models.CharField("nom du diplôme", max_length=200, blank=True)
    experience_mediation = models.BooleanField("expérience de la médiation numérique", default=False)
    titulaire_tp_remn = models.BooleanField(
        "titulaire du titre professionnel Responsable d'espace de médiation numérique", default=False
    )
    langues = ArrayField(
        models.CharField(max_length=20, choices=Langue), default=list, blank=True, verbose_name="langues parlées"
    )
    savoir_etre = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name="savoir-être")
    # Experience: all optional. `savoir_etre` is what the notes below say are strong points.
    auto_evaluation = models.JSONField("auto-évaluation", default=dict, blank=True, help_text="qualité : note sur 5")
    competences = models.CharField("compétences techniques", max_length=COMPETENCES_MAX_LENGTH, blank=True)
    niveau_pix = models.PositiveSmallIntegerField("score Pix déclaré", null=True, blank=True)
    # Availability and motivation
    date_disponibilite = models.DateField("disponible à partir du", null=True, blank=True)
    motivation = models.TextField("motivation", max_length=MOTIVATION_MAX_LENGTH, blank=True)
    # Life of the application
    submitted_at = models.DateTimeField("envoyée le", null=True, blank=True)
    email_confirmed_at = models.DateTimeField("e-mail confirmé le", null=True, blank=True)
    # Any act of the person; twelve months without one expire the application.
    last_seen_at = models.DateTimeField("dernier signe de vie", null=True, blank=True)
    reminded_at = models.DateTimeField("rappel envoyé le", null=True, blank=True)
    motif_retrait = models.CharField("motif du retrait", max_length=20, choices=MotifRetrait, blank=True)
    # Messages sent on request to addresses not yet proved.
    emails_sent = models.PositiveSmallIntegerField("messages envoyés", default=0, editable=False)
    email_sent_at = models.DateTimeField("dernier message envoyé le", null=True, blank=True, editable=False)

    objects = CandidatureQuerySet.as_manager()

    class Meta:
        verbose_name = "candidature"
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=Q(
                    status__in=[
                        StatutCandidature.ACTIVE,
                        StatutCandidature.EN_PAUSE,
                        StatutCandidature.RECRUTEE,
                    ]
                ),
                name="candidature_une_par_email",
                violation_error_message="Une candidature existe déjà pour cette adresse.",
            ),
            models.CheckConstraint(
                condition=Q(status=StatutCandidature.BROUILLON)
                | (
                    ~Q(prenom="")
                    & ~Q(nom="")
                    & ~Q(email="")
                    & ~Q(motivation="")
                    & Q(
                        date_naissance__isnull=False,
                        commune__isnull=False,
                        rayon_km__isnull=False,
                        date_disponibilite__isnull=False,
                        submitted_at__isnull=False,
                    )
                    & (
                        Q(demandeur_emploi=True)
                        | Q(en_emploi=True)
                        | Q(en_formation=True)
                        | Q(diplome_mediation=True)
                        | Q(experience_mediation=True)
                    )
                ),
                name="candidature_envoyee_complete",
                violation_error_message="La candidature n'est pas complète.",
            ),
            models.CheckConstraint(
                condition=~Q(
                    status__in=[
                        StatutCandidature.ACTIVE,
                        StatutCandidature.EN_PAUSE,
                        StatutCandidature.RECRUTEE,
                    ]
                )
                | Q(email_confirmed_at__isnull=False, compte__isnull=False),
                name="candidature_active_confirmee",
            ),
            models.CheckConstraint(
                condition=Q(diplome_mediation=False) | ~Q(diplome_nom="") | Q(status=StatutCandidature.BROUILLON),
                name="candidature_diplome_nomme",
                violation_error_message="Indiquez le nom du diplôme.",
            ),
            models.CheckConstraint(
                condition=Q(rayon_km=None) | Q(rayon_km__in=RayonKm.values), name="candidature_rayon_propose"
            ),
            # The latest civil date on Earth when it was sent: the exact rule, in the time zone of the place, is in
            # `problems()`; this one holds against everyone else.
            models.CheckConstraint(
                condition=Q(status=StatutCandidature.BROUILLON)
                | Q(
                    LessThanOrEqual(
                        F("date_naissance"),
                        Func(
                            F("submitted_at"),
                            template="((%(expressions)s AT TIME ZONE 'UTC') + interval '14 hours'"
                            " - interval '16 years')::date",
                            output_field=models.DateField(),
                        ),
                    )
                ),
                name="candidature_seize_ans",
                violation_error_message="Il faut avoir au moins 16 ans pour être candidat.",
            ),
            models.CheckConstraint(
                condition=~Q(
                    status__in=[
                        StatutCandidature.ACTIVE,
                        StatutCandidature.EN_PAUSE,
                        StatutCandidature.RECRUTEE,
                    ]
                )
                | Q(representant_email="")
                | Q(representant_at__isnull=False),
                name="candidature_accord_du_representant",
                violation_error_message="L'accord du représentant légal est nécessaire.",
            ),
            models.CheckConstraint(
                condition=Q(status=StatutCandidature.BROUILLON)
                | Q(representant_email="")
                | ~Q(representant_email=F("email")),
                name="candidature_representant_autre_adresse",
                violation_error_message="L'adresse du représentant légal doit être différente de la vôtre.",
            ),
            models.CheckConstraint(
                condition=Q(LessThanOrEqual(Length("motivation"), MOTIVATION_MAX_LENGTH)),
                name="candidature_motivation_longueur",
                violation_error_message="La motivation compte 2 500 caractères au plus.",
            ),
            models.CheckConstraint(
                condition=Q(langues__contained_by=Langue.values), name="candidature_langues_connues"
            ),
            models.CheckConstraint(
                condition=Q(savoir_etre__contained_by=SavoirEtre.values), name="candidature_savoir_etre_connus"
            ),
            models.CheckConstraint(
                condition=Func(
                    F("auto_evaluation"),
                    template="""NOT jsonb_path_exists(%(expressions)s, '$.* ? (@.type() != "number" """
                    f"""|| @ < 1 || @ > {NOTE_MAX})')""",
                    output_field=models.BooleanField(),
                ),
                name="candidature_notes_de_un_a_cinq",
            ),
            models.CheckConstraint(
                condition=Q(niveau_pix=None) | Q(niveau_pix__lte=PIX_ECHELLE),
                name="candidature_score_pix",
                violation_error_message="Un score Pix va de 0 à 1 024.",
            ),
        ]
        indexes = [
            # The heart of matching: neighbours of a structure, radius and date read from the index itself.
            GistIndex(
                "position",
                include=["id", "rayon_km", "date_disponibilite", "latitude", "longitude", "reference"],
                condition=Q(status=StatutCandidature.ACTIVE),
                name="candidature_active_position",
            ),
        ]
        triggers = [
            status_follows(NEXT_STATUTS),
            pgtrigger.Trigger(
                name="position_from_commune",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("commune_id"),
                when=pgtrigger.Before,
                func="""
                    SELECT point(x, y), latitude, longitude INTO NEW.position, NEW.latitude, NEW.longitude
                    FROM territoires_commune WHERE code = NEW.commune_id;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Candidature n° {self.pk}"

    @property
    def today(self) -> date:
        """The civil date where the person lives; in Paris while that is unknown."""
        return today_in(self.commune.fuseau if self.commune else FUSEAU_PAR_DEFAUT)

    @property
    def is_minor(self) -> bool:
        return self.date_naissance is not None and age_on(self.date_naissance, self.today) < MAJORITE

    @property
    def phone_region(self) -> str:
        return self.commune.phone_region if self.commune else "FR"

    @property
    def waits_for_representant(self) -> bool:
        return self.status == StatutCandidature.A_CONFIRMER and self.email_confirmed_at is not None

    @property
    def etapes(self) -> list[Etape]:
        return [etape for etape in Etape if etape != Etape.REPRESENTANT or self.is_minor]

    @property
    def tells_experience(self) -> bool:
        """Whether the optional step holds anything."""
        told = self.competences or self.langues or self.niveau_pix is not None or self.auto_evaluation
        return bool(told) or self.experiences.exists()

    def problems(self) -> dict[Etape, str]:
        """Say, step by step, what keeps this application from being sent today."""
        sentences = {etape: self._problem(etape) for etape in self.etapes}
        return {etape: sentence for etape, sentence in sentences.items() if sentence}

    def missing_steps(self) -> list[Etape]:
        return list(self.problems())

    def _problem(self, etape: Etape) -> str:
        match etape:
            case Etape.IDENTITE:
                if not (self.prenom and self.nom and self.email and self.date_naissance):
                    return "Indiquez votre prénom, votre nom, votre adresse e-mail et votre date de naissance."
                return too_young(self.date_naissance, self.today)
            case Etape.REPRESENTANT:
                if not (self.representant_prenom and self.representant_nom and self.representant_email):
                    return "Avant 18 ans, indiquez votre représentant légal."
                if self.representant_email == self.email:
                    return "L'adresse e-mail de votre représentant légal doit être différente de la vôtre."
            case Etape.LIEU:
                if self.commune_id is None or self.rayon_km is None:
                    return "Indiquez votre commune et la distance que vous acceptez."
            case Etape.SITUATION:
                if not any(getattr(self, name) for name in SITUATIONS):
                    return "Choisissez au moins une situation."
                if self.diplome_mediation and not self.diplome_nom:
                    return "Indiquez le nom de votre diplôme."
            case Etape.DISPONIBILITE:
                if self.date_disponibilite is None or not self.motivation:
                    return "Indiquez votre date de disponibilité et votre motivation."
                if self.date_disponibilite < self.today:
                    return "Votre date de disponibilité est passée : indiquez-en une nouvelle."
        return ""


def too_young(birth: date, today: date) -> str:
    """Say from when someone may apply, or nothing if they may already."""
    if age_on(birth, today) >= AGE_MINIMUM:
        return ""
    day = date_format(birthday(birth, AGE_MINIMUM), "j F Y")
    return f"Il faut avoir au moins {AGE_MINIMUM} ans pour être candidat. Vous pourrez postuler à partir du {day}."


class CandidatureTransition(TransitionModel):
    objet = models.ForeignKey(Candidature, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class Experience(models.Model):
    """What someone did before, in their words. The employer's name may say who they are: read after the interest."""

    candidature = models.ForeignKey(Candidature, models.CASCADE, related_name="experiences", verbose_name="candidature")
    poste = models.CharField("poste ou mission", max_length=150)
    employeur = models.CharField("employeur", max_length=150, blank=True)
    mois = models.PositiveSmallIntegerField("durée (mois)")

    class Meta:
        verbose_name = "expérience"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(poste="") & Q(mois__gte=1, mois__lte=MOIS_MAX),
                name="experience_poste_et_duree",
                violation_error_message="Une expérience a un poste, et une durée d'un mois au moins.",
            )
        ]

    def __str__(self) -> str:
        return self.poste


class CVQuerySet(models.QuerySet["CV"]):
    def kept(self) -> Self:
        return self.exclude(status=StatutCV.SUPPRIME)

    def readable(self) -> Self:
        """Rewritten: its owner may read it. What was received never is."""
        return self.filter(status=StatutCV.PROPRE)

    def shareable(self) -> Self:
        """Those a structure may read: not past their six months, even where the purge has yet to run, and seen by the
        antivirus wherever one is required (docs/adr/0016)."""
        rows = self.readable().filter(renewed_at__gt=timezone.now() - CV_LIFETIME)
        return rows.filter(analyse_at__isnull=False) if settings.ANTIVIRUS_REQUIRED else rows

    def outdated(self) -> Self:
        return self.kept().filter(renewed_at__lte=timezone.now() - CV_LIFETIME)

    def waiting_too_long(self) -> Self:
        return self.filter(status=StatutCV.QUARANTAINE, created_at__lte=timezone.now() - CV_CHECK_AGAIN_AFTER)


class CV(StatusModel):
    """A file received (`depot`), read by nobody, and the one we made of it (`fichier`)."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS_CV

    candidature = models.ForeignKey(Candidature, models.PROTECT, related_name="cvs", verbose_name="candidature")
    # What both files are called: nothing of the person, and nothing anyone can guess.
    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    status = models.CharField("statut", max_length=15, choices=StatutCV, default=StatutCV.QUARANTAINE)
    depot = models.FileField("fichier reçu", upload_to=CV_FOLDERS["depot"], blank=True, editable=False)
    fichier = models.FileField("fichier vérifié", upload_to=CV_FOLDERS["fichier"], blank=True, editable=False)
    taille = models.PositiveIntegerField("taille (octets)")
    motif_refus = models.CharField("motif du refus", max_length=300, blank=True)
    analyse_at = models.DateTimeField("analysé par l'antivirus le", null=True, blank=True)
    # Its deposit, or the last time the person asked to keep it.
    renewed_at = models.DateTimeField("gardé depuis le", default=timezone.now)

    objects = CVQuerySet.as_manager()

    class Meta:
        verbose_name = "CV"
        verbose_name_plural = "CV"
        constraints = [
            models.UniqueConstraint(
                fields=["candidature"],
                condition=~Q(status=StatutCV.SUPPRIME),
                name="cv_un_seul_par_candidature",
                violation_error_message="Un CV vient déjà d'être déposé.",
            ),
            models.CheckConstraint(
                condition=Q(taille__gte=1, taille__lte=CV_MAX_SIZE),
                name="cv_taille",
                violation_error_message="Le CV pèse 10 Mo au maximum.",
            ),
            models.CheckConstraint(
                condition=~Q(status=StatutCV.PROPRE) | ~Q(fichier=""),
                name="cv_propre_a_un_fichier",
            ),
            models.CheckConstraint(
                condition=~Q(status=StatutCV.REFUSE) | ~Q(motif_refus=""),
                name="cv_refus_motive",
            ),
        ]
        triggers = [status_follows(NEXT_STATUTS_CV)]

    def __str__(self) -> str:
        return f"CV n° {self.pk}"

    @property
    def kept_until(self) -> datetime:
        return self.renewed_at + CV_LIFETIME


class CVTransition(TransitionModel):
    objet = models.ForeignKey(CV, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]
