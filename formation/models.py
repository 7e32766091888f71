from datetime import date
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, When
from django.utils import timezone

from common.models import HorodatageModel, StatusModel, TransitionModel
from common.triggers import append_only, status_follows
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from contrats.models import Conseiller
from formation.constants import CAPACITE_MAX, PIX_ECHELLE
from formation.enums import (
    NEXT_STATUTS_DOSSIER,
    NEXT_STATUTS_INSCRIPTION,
    NEXT_STATUTS_SESSION,
    STATUTS_PLACES,
    GenreAttestation,
    JourSemaine,
    Resultat,
    StatutDossier,
    StatutInscription,
    StatutSession,
)
from territoires.models import Commune, Region

PLACES = ", ".join(f"'{statut}'" for statut in sorted(STATUTS_PLACES))


def today_in(commune: Commune) -> date:
    """Return the civil date where the thing happens, not the server's."""
    return timezone.now().astimezone(ZoneInfo(commune.fuseau)).date()


class OrganismeQuerySet(models.QuerySet["Organisme"]):
    def entitled(self, region: Region | None, day: date) -> Self:
        """Those entitled in a région that day. Nobody is entitled outside every région: BdT assigns by hand."""
        period = Q(habilite_au=None) | Q(habilite_au__gte=day)
        return self.filter(period, habilite_du__lte=day, regions=region) if region else self.none()

    def of_role(self, role: Role) -> Self:
        return self.filter(formateurs__compte=role.compte_id)


class Organisme(HorodatageModel):
    """A training body, entitled in regions for a period."""

    nom = models.CharField("nom", max_length=200)
    siret = models.CharField("SIRET", max_length=14, unique=True)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", verbose_name="commune")
    regions = models.ManyToManyField(Region, related_name="organismes", verbose_name="régions")
    habilite_du = models.DateField("habilité du")
    habilite_au = models.DateField("habilité au", null=True, blank=True)

    objects = OrganismeQuerySet.as_manager()

    class Meta:
        verbose_name = "organisme de formation"
        verbose_name_plural = "organismes de formation"
        ordering = ["nom", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(habilite_au=None) | Q(habilite_au__gte=F("habilite_du")),
                name="organisme_habilitation",
                violation_error_message="La fin de l'habilitation doit suivre son début.",
            ),
        ]

    def __str__(self) -> str:
        return self.nom


class Formateur(HorodatageModel):
    organisme = models.ForeignKey(Organisme, models.CASCADE, related_name="formateurs")
    compte = models.ForeignKey(Compte, models.CASCADE, related_name="formateurs")

    class Meta:
        verbose_name = "formateur"
        constraints = [models.UniqueConstraint(fields=["organisme", "compte"], name="formateur_une_fois")]

    def __str__(self) -> str:
        return f"{self.compte} · {self.organisme}"


class ReferentielParcoursQuerySet(models.QuerySet["ReferentielParcours"]):
    def valid_on(self, day: date) -> Self:
        return self.filter(Q(valide_au=None) | Q(valide_au__gte=day), valide_du__lte=day)


class ReferentielParcours(models.Model):
    """The lengths of path allowed, with their period: 105–420 h (S0–S2), 70–315 h since 2024 (S4)."""

    heures = models.PositiveSmallIntegerField("heures")
    intitule = models.CharField("intitulé", max_length=120)
    valide_du = models.DateField("valide du")
    valide_au = models.DateField("valide au", null=True, blank=True)
    source = models.CharField("source", max_length=200)

    objects = ReferentielParcoursQuerySet.as_manager()

    class Meta:
        verbose_name = "parcours du référentiel"
        verbose_name_plural = "référentiel des parcours"
        ordering = ["heures"]
        constraints = [
            models.CheckConstraint(
                condition=Q(heures__gte=70, heures__lte=420),
                name="parcours_heures_bornees",
                violation_error_message="Un parcours dure de 70 à 420 heures.",
            ),
            models.CheckConstraint(
                condition=Q(valide_au=None) | Q(valide_au__gte=F("valide_du")),
                name="parcours_validite",
                violation_error_message="La fin de validité doit suivre son début.",
            ),
            models.UniqueConstraint(
                fields=["heures", "valide_du"],
                name="parcours_une_fois",
                violation_error_message="Ce parcours existe déjà à partir de cette date.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.heures} h — {self.intitule}"


class DossierFormationQuerySet(models.QuerySet["DossierFormation"]):
    def visible_to(self, role: Role) -> Self:
        """An organisme reads those sent to it; a conseiller their own; a structure its conseillers'."""
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.ORGANISME_FORMATION:
                return self.filter(organisme__formateurs__compte=role.compte_id)
            case RoleKind.CONSEILLER:
                return self.filter(conseiller__compte=role.compte_id)
            case RoleKind.STRUCTURE:
                return self.filter(conseiller__contrat__structure__membres__compte=role.compte_id)
        return self.none()

    def for_list(self) -> Self:
        """Load what the list prints: first those someone must act on, then the oldest."""
        rank = Case(
            When(status=StatutDossier.A_POSITIONNER, then=0),
            When(status=StatutDossier.POSITIONNE, then=1),
            When(status=StatutDossier.EN_FORMATION, then=2),
            default=3,
        )
        related = self.select_related(
            "conseiller__compte", "conseiller__contrat__structure__commune__departement", "organisme", "parcours"
        )
        return related.order_by(rank, "created_at", "pk")


class DossierFormation(StatusModel):
    """The initial training of one conseiller. Opened when the contract is validated."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS_DOSSIER

    conseiller = models.OneToOneField(Conseiller, models.PROTECT, related_name="dossier_formation")
    organisme = models.ForeignKey(
        Organisme, models.PROTECT, null=True, blank=True, related_name="dossiers", verbose_name="organisme"
    )
    parcours = models.ForeignKey(
        ReferentielParcours, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="parcours"
    )
    status = models.CharField("statut", max_length=15, choices=StatutDossier, default=StatutDossier.A_POSITIONNER)
    # The proof of an exemption, read on the original by whoever records it: number and date of the TP REMN.
    tp_remn_numero = models.CharField("numéro du titre professionnel", max_length=60, blank=True)
    tp_remn_date = models.DateField("date d'obtention du titre", null=True, blank=True)

    objects = DossierFormationQuerySet.as_manager()

    class Meta:
        verbose_name = "dossier de formation"
        verbose_name_plural = "dossiers de formation"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[StatutDossier.A_POSITIONNER, StatutDossier.EXEMPTE, StatutDossier.INTERROMPU])
                | Q(parcours__isnull=False, organisme__isnull=False),
                name="dossier_positionne_a_un_parcours",
            ),
            models.CheckConstraint(
                condition=Q(tp_remn_numero="", tp_remn_date=None)
                | (Q(status=StatutDossier.EXEMPTE, tp_remn_date__isnull=False) & ~Q(tp_remn_numero="")),
                name="dossier_preuve_exemption",
                violation_error_message="La preuve d'une exemption est le numéro et la date du titre.",
            ),
        ]
        triggers = [status_follows(NEXT_STATUTS_DOSSIER)]

    def __str__(self) -> str:
        return f"Dossier de formation n° {self.pk}"

    @property
    def lacks_proof(self) -> bool:
        """The exemption rests on what the candidature declared: nobody has read the title yet."""
        return self.status == StatutDossier.EXEMPTE and not self.tp_remn_numero


class DossierFormationTransition(TransitionModel):
    objet = models.ForeignKey(DossierFormation, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class Positionnement(models.Model):
    """One positioning interview: the grid, what the rule recommends, what the organisme decides and why."""

    dossier = models.ForeignKey(DossierFormation, models.PROTECT, related_name="positionnements")
    # {Competence: 0..3} (0 to discover … 3 mastered)
    grille = models.JSONField("grille")
    recommande = models.ForeignKey(ReferentielParcours, models.PROTECT, related_name="+", verbose_name="recommandé")
    explication = models.TextField("explication de la recommandation")
    decide = models.ForeignKey(ReferentielParcours, models.PROTECT, related_name="+", verbose_name="décidé")
    motif = models.TextField("motif", max_length=1000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "positionnement"
        constraints = [
            models.CheckConstraint(
                condition=Q(decide=F("recommande")) | ~Q(motif=""),
                name="positionnement_ecart_motive",
                violation_error_message="Motivez le choix d'un autre parcours que celui recommandé.",
            )
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"Positionnement du {self.at:%d/%m/%Y}"


class SessionFormationQuerySet(models.QuerySet["SessionFormation"]):
    def with_places_taken(self) -> Self:
        return self.annotate(
            places_taken=Count("inscriptions", filter=Q(inscriptions__status__in=sorted(STATUTS_PLACES)))
        )

    def with_free_places(self) -> Self:
        taken = Count("inscriptions", filter=Q(inscriptions__status__in=sorted(STATUTS_PLACES)))
        return self.annotate(places_taken=taken).filter(places_taken__lt=F("capacite"))

    def for_list(self) -> Self:
        related = self.select_related("organisme__commune", "parcours", "commune__departement")
        return related.with_places_taken().order_by("-date_debut", "-pk")

    def visible_to(self, role: Role) -> Self:
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.ORGANISME_FORMATION:
                return self.filter(organisme__formateurs__compte=role.compte_id)
            case RoleKind.CONSEILLER:
                mine = Inscription.objects.filter(session=OuterRef("pk"), dossier__conseiller__compte=role.compte_id)
                return self.filter(Exists(mine))
        return self.none()


class SessionFormation(StatusModel):
    NEXT_STATUSES: ClassVar = NEXT_STATUTS_SESSION

    organisme = models.ForeignKey(Organisme, models.PROTECT, related_name="sessions")
    parcours = models.ForeignKey(ReferentielParcours, models.PROTECT, related_name="sessions")
    # None: at a distance.
    commune = models.ForeignKey(
        Commune, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="commune"
    )
    lieu = models.CharField("adresse, ou lien de connexion", max_length=300, blank=True)
    date_debut = models.DateField("premier jour")
    date_fin = models.DateField("dernier jour")
    capacite = models.PositiveSmallIntegerField(
        "nombre de places", validators=[MinValueValidator(1), MaxValueValidator(CAPACITE_MAX)]
    )
    # The weekday spent in the structure every week (S2).
    jour_structure = models.PositiveSmallIntegerField(
        "jour en structure", choices=JourSemaine, default=JourSemaine.VENDREDI
    )
    status = models.CharField("statut", max_length=10, choices=StatutSession, default=StatutSession.OUVERTE)

    objects = SessionFormationQuerySet.as_manager()

    class Meta:
        verbose_name = "session de formation"
        verbose_name_plural = "sessions de formation"
        constraints = [
            models.CheckConstraint(
                condition=Q(date_fin__gt=F("date_debut")),
                name="session_dates",
                violation_error_message="La fin de la session doit suivre son début.",
            ),
            models.CheckConstraint(
                condition=Q(capacite__gte=1, capacite__lte=CAPACITE_MAX),
                name="session_capacite",
                violation_error_message=f"Une session a de 1 à {CAPACITE_MAX} places.",
            ),
            models.CheckConstraint(
                condition=Q(jour_structure__gte=1, jour_structure__lte=5), name="session_jour_ouvre"
            ),
        ]
        triggers = [
            status_follows(NEXT_STATUTS_SESSION),
            pgtrigger.Trigger(
                name="places_prises",
                operation=pgtrigger.UpdateOf("capacite"),
                when=pgtrigger.Before,
                func=f"""
                    IF NEW.capacite < (
                        SELECT count(*) FROM formation_inscription
                        WHERE session_id = NEW.id AND status IN ({PLACES})
                    ) THEN
                        RAISE EXCEPTION 'fewer places than people enrolled'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'session_places_prises';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  # Only our own enumeration is interpolated.
            ),
        ]

    def __str__(self) -> str:
        return f"Session n° {self.pk}"

    @property
    def place(self) -> Commune:
        """Where the session is held; at a distance, where its organisme is."""
        return self.commune or self.organisme.commune


class SessionFormationTransition(TransitionModel):
    objet = models.ForeignKey(SessionFormation, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class InscriptionQuerySet(models.QuerySet["Inscription"]):
    def visible_to(self, role: Role) -> Self:
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.ORGANISME_FORMATION:
                return self.filter(session__organisme__formateurs__compte=role.compte_id)
            case RoleKind.CONSEILLER:
                return self.filter(dossier__conseiller__compte=role.compte_id)
        return self.none()

    def taking_a_place(self) -> Self:
        return self.filter(status__in=sorted(STATUTS_PLACES))


class Inscription(StatusModel):
    NEXT_STATUSES: ClassVar = NEXT_STATUTS_INSCRIPTION

    session = models.ForeignKey(SessionFormation, models.PROTECT, related_name="inscriptions")
    dossier = models.ForeignKey(DossierFormation, models.PROTECT, related_name="inscriptions")
    status = models.CharField("statut", max_length=12, choices=StatutInscription, default=StatutInscription.CONFIRMEE)
    heures_realisees = models.PositiveSmallIntegerField("heures réalisées", null=True, blank=True)
    ccp1 = models.CharField("CCP1", max_length=12, choices=Resultat, default=Resultat.EN_ATTENTE)
    pix = models.CharField("Pix", max_length=12, choices=Resultat, default=Resultat.EN_ATTENTE)
    pix_score = models.PositiveSmallIntegerField("score Pix", null=True, blank=True)

    objects = InscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = "inscription"
        constraints = [
            models.UniqueConstraint(
                fields=["dossier"],
                condition=Q(status__in=["proposee", "confirmee", "en_cours"]),
                name="inscription_une_en_cours",
                violation_error_message="Cette personne est déjà inscrite à une session.",
            ),
            models.CheckConstraint(
                condition=~Q(status=StatutInscription.TERMINEE) | Q(heures_realisees__isnull=False),
                name="inscription_terminee_heures",
                violation_error_message="Indiquez les heures réalisées.",
            ),
            models.CheckConstraint(
                # Said not null: with a null the comparison would be null, which a check constraint lets through.
                condition=Q(pix=Resultat.OBTENU, pix_score__isnull=False, pix_score__gte=1, pix_score__lte=PIX_ECHELLE)
                | (~Q(pix=Resultat.OBTENU) & Q(pix_score=None)),
                name="inscription_score_pix",
                violation_error_message="Une certification Pix obtenue a un score ; les autres n'en ont pas.",
            ),
        ]
        triggers = [
            status_follows(NEXT_STATUTS_INSCRIPTION),
            # Whoever writes, SQL consoles included: the session's row is locked, so that two enrolments for the
            # last place are counted one after the other.
            pgtrigger.Trigger(
                name="place_libre",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "session_id"),
                when=pgtrigger.Before,
                declare=[("places", "integer")],
                func=f"""
                    IF NEW.status NOT IN ({PLACES}) THEN
                        RETURN NEW;
                    END IF;
                    SELECT capacite INTO places FROM formation_sessionformation
                        WHERE id = NEW.session_id FOR NO KEY UPDATE;
                    IF places <= (
                        SELECT count(*) FROM formation_inscription
                        WHERE session_id = NEW.session_id AND status IN ({PLACES}) AND id <> NEW.id
                    ) THEN
                        RAISE EXCEPTION 'no place left'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'inscription_place_libre';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  # Only our own enumeration is interpolated.
            ),
        ]

    def __str__(self) -> str:
        return f"Inscription n° {self.pk}"


class InscriptionTransition(TransitionModel):
    objet = models.ForeignKey(Inscription, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class CompteurAttestation(models.Model):
    """The last number given in a year: taken under lock, so that numbers follow each other without a hole."""

    annee = models.PositiveSmallIntegerField("année", primary_key=True)
    dernier = models.PositiveIntegerField("dernier numéro")

    class Meta:
        verbose_name = "compteur d'attestations"

    def __str__(self) -> str:
        return f"{self.annee} : {self.dernier}"


class AttestationQuerySet(models.QuerySet["Attestation"]):
    def visible_to(self, role: Role) -> Self:
        """Its conseiller, its organisme and the two who run the programme; an employer asks the conseiller."""
        return self.filter(inscription__in=Inscription.objects.visible_to(role))


class Attestation(HorodatageModel):
    """A numbered document. Its file is written once; its SHA-256 is public, its bytes are not."""

    numero = models.CharField("numéro", max_length=20, unique=True)
    # Random, at least 100 bits: what the QR code and the verification page carry.
    code = models.CharField("code de vérification", max_length=40, unique=True, editable=False)
    genre = models.CharField("genre", max_length=10, choices=GenreAttestation)
    inscription = models.ForeignKey(Inscription, models.PROTECT, related_name="attestations")
    # What is printed, frozen when the attestation is decided: a later change of name changes nothing.
    contenu = models.JSONField("contenu")
    fichier = models.FileField("fichier", upload_to="attestations/%Y/", blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    rendered_at = models.DateTimeField("produite le", null=True, blank=True)
    revoked_at = models.DateTimeField("révoquée le", null=True, blank=True)
    revoked_reason = models.CharField("motif de révocation", max_length=250, blank=True)
    revoked_by = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="révoquée par"
    )

    objects = AttestationQuerySet.as_manager()

    class Meta:
        verbose_name = "attestation"
        constraints = [
            models.UniqueConstraint(
                fields=["inscription", "genre"],
                condition=Q(revoked_at=None),
                name="attestation_une_valide",
                violation_error_message="Cette attestation existe déjà.",
            ),
            models.CheckConstraint(
                condition=Q(rendered_at=None, sha256="", fichier="")
                | (Q(rendered_at__isnull=False) & ~Q(sha256="") & ~Q(fichier="")),
                name="attestation_fichier_et_empreinte",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_reason="", revoked_by=None)
                | (Q(revoked_at__isnull=False) & ~Q(revoked_reason="")),
                name="attestation_revocation_motivee",
                violation_error_message="Indiquez le motif de la révocation.",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="contenu_fige", fields=["numero", "code", "genre", "inscription", "contenu", "created_at"]
            ),
            pgtrigger.Protect(
                name="fichier_ecrit_une_fois",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__rendered_at__isnull=False)
                & (
                    pgtrigger.Q(old__sha256__df=pgtrigger.F("new__sha256"))
                    | pgtrigger.Q(old__fichier__df=pgtrigger.F("new__fichier"))
                ),
            ),
            pgtrigger.Protect(
                name="revocation_definitive",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False)
                & pgtrigger.Q(old__revoked_at__df=pgtrigger.F("new__revoked_at")),
            ),
            pgtrigger.Protect(name="jamais_supprimee", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Attestation {self.numero}"

    @property
    def initials(self) -> str:
        """What the public page says of the person: enough to compare with a face, not to look for one."""
        return " ".join(f"{self.contenu[part][:1]}." for part in ("prenom", "nom") if self.contenu[part])

    @property
    def code_groups(self) -> str:
        """The code as it is printed and read aloud: by groups of four."""
        return "-".join(self.code[i : i + 4] for i in range(0, len(self.code), 4))
