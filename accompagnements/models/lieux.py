from datetime import datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Prefetch, Q, Value
from django.urls import reverse
from django.utils.formats import date_format

from accompagnements.constants import LIEUX_MAX, PASSAGES_SHOWN
from accompagnements.enums_lieux import AccesLieu, ModaliteLieu, PriseEnCharge, PublicLieu, ServiceLieu
from accompagnements.horaires import (
    HORAIRES_MAX,
    Creneau,
    Etat,
    creneaux_text,
    day_text,
    exception_rule,
    hour_text,
    state_at,
    validate_horaires,
)
from common.fields import PointField
from common.models import HorodatageModel
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller
from structures.validators import validate_siret
from territoires.models import Commune


class LieuActiviteQuerySet(models.QuerySet["LieuActivite"]):
    def visible_to(self, role: Role) -> Self:
        """A conseiller reads their own; ANCT and BdT all."""
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.CONSEILLER:
                # Not a join: no row comes twice, and a point, having no equality, suffers no DISTINCT.
                own = Rattachement.objects.filter(conseiller__compte=role.compte_id)
                return self.filter(pk__in=own.values("lieuactivite"))
        return self.none()

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def to_place(self) -> Self:
        """Those whose address nobody has placed, nor tried to."""
        return self.active().filter(latitude=None, geocode_at=None, itinerant=False)

    def public(self) -> Self:
        """What anyone may find: it receives the public, and a conseiller in post receives there."""
        # Not a join: several conseillers share a place, which is there once.
        in_post = Rattachement.objects.filter(conseiller__in=Conseiller.objects.in_post())
        return self.active().exclude(acces=AccesLieu.PRIVE).filter(pk__in=in_post.values("lieuactivite"))

    def with_hours(self, now: datetime) -> Self:
        """Load what says whether a place is open: exceptions and passages that are not over."""
        # Nobody on earth has finished the day before yesterday's server day later than that.
        recent = (now - timedelta(days=1)).date()
        return self.select_related("commune__departement").prefetch_related(
            Prefetch("exceptions", ExceptionHoraires.objects.filter(au__gte=recent).order_by("du")),
            Prefetch(
                "passages",
                Passage.objects.filter(date__range=(recent, recent + PASSAGES_SHOWN + timedelta(days=3)))
                .select_related("commune__departement")
                .order_by("date", "debut", "pk"),
            ),
        )


def _choices_field(choices: type[models.TextChoices], label: str) -> ArrayField:
    return ArrayField(models.CharField(max_length=20, choices=choices), verbose_name=label, default=list, blank=True)


def _within(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{field}__contained_by": choices.values}),
        name=f"lieu_{field}",
        violation_error_message="Cette valeur n'est pas dans la liste.",
    )


class LieuActivite(HorodatageModel):
    """Where conseillers receive: the permanence. Several may share one; it is archived, never removed."""

    nom = models.CharField("nom", max_length=200)
    adresse = models.CharField("adresse", max_length=250)
    complement_adresse = models.CharField("complément d'adresse", max_length=250, blank=True)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="lieux", verbose_name="commune")
    # Empty: the first of the commune.
    code_postal = models.CharField(
        "code postal",
        max_length=5,
        blank=True,
        validators=[RegexValidator(r"^[0-9]{5}$", "Un code postal compte cinq chiffres.")],
    )
    # None: the place is shown at the town hall of its commune, and the pages say so.
    latitude = models.FloatField(
        "latitude", null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        "longitude", null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    # When the geocoder answered for this address, and how sure it was: the coordinates are then its own. None and
    # none: given by someone, or not asked for yet.
    geocode_at = models.DateTimeField("cherché par le géocodage le", null=True, blank=True, editable=False)
    geocode_score = models.FloatField("score du géocodage", null=True, blank=True, editable=False)
    # Kilometres in the plane of the commune's zone, written by the database.
    position = PointField("position", null=True, editable=False)
    conseillers = models.ManyToManyField(Conseiller, related_name="lieux", verbose_name="conseillers", blank=True)
    siret = models.CharField("SIRET", max_length=14, blank=True, validators=[validate_siret])
    acces = models.CharField("accès", max_length=10, choices=AccesLieu, default=AccesLieu.LIBRE)
    horaires = models.CharField(
        "horaires",
        max_length=HORAIRES_MAX,
        blank=True,
        help_text="syntaxe OSM opening_hours",
        validators=[validate_horaires],
    )
    itinerant = models.BooleanField("lieu itinérant", default=False)
    services = _choices_field(ServiceLieu, "services")
    modalites = _choices_field(ModaliteLieu, "modalités d'accompagnement")
    publics = _choices_field(PublicLieu, "publics spécifiquement adressés")
    prises_en_charge = _choices_field(PriseEnCharge, "prises en charge spécifiques")
    presentation = models.CharField("présentation", max_length=280, blank=True)
    telephone = models.CharField("téléphone", max_length=16, blank=True)
    courriel = models.EmailField("adresse e-mail", blank=True)
    site_web = models.URLField("site web", blank=True)
    prise_rdv = models.URLField("prise de rendez-vous en ligne", blank=True)
    fiche_acces_libre = models.URLField("fiche Accès libre", blank=True)
    archived_at = models.DateTimeField("archivé le", null=True, blank=True, editable=False)
    # What it was found to be a duplicate of: entries that still name it go there.
    fusionne_dans = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="doublons",
        verbose_name="fusionné dans",
    )

    objects = LieuActiviteQuerySet.as_manager()

    class Meta:
        verbose_name = "lieu d'activité"
        verbose_name_plural = "lieux d'activité"
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                | Q(
                    # Said of each: a comparison with nothing is no refusal.
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__gte=-90,
                    latitude__lte=90,
                    longitude__gte=-180,
                    longitude__lte=180,
                ),
                name="lieu_coordonnees",
                violation_error_message="Indiquez la latitude et la longitude, ou aucune des deux.",
            ),
            models.CheckConstraint(
                condition=Q(geocode_score=None)
                | Q(geocode_score__gte=0, geocode_score__lte=1, geocode_at__isnull=False, latitude__isnull=False),
                name="lieu_geocode",
                violation_error_message="Un score de géocodage, de 0 à 1, va avec des coordonnées.",
            ),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siret__regex=r"^[0-9]{14}$"),
                name="lieu_siret_14_chiffres",
                violation_error_message="Un SIRET compte 14 chiffres.",
            ),
            models.CheckConstraint(
                condition=Q(code_postal="") | Q(code_postal__regex=r"^[0-9]{5}$"),
                name="lieu_code_postal",
                violation_error_message="Un code postal compte cinq chiffres.",
            ),
            models.CheckConstraint(
                condition=Q(acces__in=AccesLieu.values),
                name="lieu_acces",
                violation_error_message="Cet accès n'est pas dans la liste.",
            ),
            _within("services", ServiceLieu),
            _within("modalites", ModaliteLieu),
            _within("publics", PublicLieu),
            _within("prises_en_charge", PriseEnCharge),
            models.CheckConstraint(
                condition=Q(fusionne_dans=None) | (Q(archived_at__isnull=False) & ~Q(fusionne_dans=F("pk"))),
                name="lieu_fusionne_archive",
                violation_error_message="Un lieu fusionné est archivé.",
            ),
        ]
        indexes = [
            # The places nearest to someone.
            GistIndex("position", name="lieu_position", condition=Q(archived_at=None)),
        ]
        triggers = [
            # Coordinates the geocoder found go with the address they were found for; those someone typed stay.
            pgtrigger.Trigger(
                name="position_from_place",
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("adresse", "code_postal", "commune_id", "latitude", "longitude"),
                when=pgtrigger.Before,
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.geocode_at IS NOT DISTINCT FROM OLD.geocode_at THEN
                        IF (NEW.latitude, NEW.longitude) IS DISTINCT FROM (OLD.latitude, OLD.longitude) THEN
                            NEW.geocode_at := NULL;
                            NEW.geocode_score := NULL;
                        ELSIF (NEW.adresse, NEW.code_postal, NEW.commune_id)
                            IS DISTINCT FROM (OLD.adresse, OLD.code_postal, OLD.commune_id) THEN
                            IF OLD.geocode_score IS NOT NULL THEN
                                NEW.latitude := NULL;
                                NEW.longitude := NULL;
                            END IF;
                            NEW.geocode_at := NULL;
                            NEW.geocode_score := NULL;
                        END IF;
                    END IF;
                    NEW.position := position_dans_commune(NEW.commune_id, NEW.longitude, NEW.latitude);
                    RETURN NEW;
                """,
            ),
            # Nobody receives any more in an archived place: it leaves the lists and no longer counts.
            pgtrigger.Trigger(
                name="archive_detaches",
                operation=pgtrigger.UpdateOf("archived_at"),
                when=pgtrigger.After,
                condition=pgtrigger.Q(new__archived_at__isnull=False),
                func="""
                    DELETE FROM accompagnements_lieuactivite_conseillers WHERE lieuactivite_id = NEW.id;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.nom

    def get_absolute_url(self) -> str:
        return reverse("accompagnements:lieu", args=[self.pk])

    @property
    def has_own_point(self) -> bool:
        return self.latitude is not None

    @property
    def point(self) -> tuple[float, float]:
        """Latitude and longitude: the town hall's where nobody said better."""
        if self.latitude is None or self.longitude is None:
            return self.commune.latitude, self.commune.longitude
        return self.latitude, self.longitude

    @property
    def code_postal_connu(self) -> str:
        return self.code_postal or self.commune.codes_postaux[0]

    @property
    def adresse_complete(self) -> str:
        lines = [self.adresse, self.complement_adresse, f"{self.code_postal_connu} {self.commune.nom}"]
        return ", ".join(line for line in lines if line)

    @property
    def horaires_complets(self) -> str:
        """The OSM expression with the exceptions that `with_hours` loaded: what is published and evaluated."""
        rules = [exception_rule(one.du, one.au, one.creneaux, one.motif) for one in self.exceptions.all()]
        return "; ".join([self.horaires, *rules]) if self.horaires else ""

    def etat(self, now: datetime) -> Etat:
        if self.itinerant:
            return self._itinerant_state(now)
        return state_at(self.horaires_complets, self.commune.fuseau, now)

    def _itinerant_state(self, now: datetime) -> Etat:
        coming = [one for one in self.passages.all() if one.ends_after(now)]
        if not coming:
            return Etat(None, "Aucun passage annoncé")
        return coming[0].etat(now)


class Rattachement(LieuActivite.conseillers.through):  # type: ignore[name-defined]
    """The rows that say who receives where: what the database checks of them, whoever writes."""

    class Meta:
        proxy = True
        verbose_name = "rattachement à un lieu"
        verbose_name_plural = "rattachements à des lieux"
        triggers = [
            # The lieu is locked before the conseiller, everywhere: two that wait for each other would be a deadlock.
            pgtrigger.Trigger(
                name="lieux_limites",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("lieuactivite_id", "conseiller_id"),
                when=pgtrigger.Before,
                declare=[("archive", "timestamptz")],
                func=f"""
                    SELECT archived_at INTO archive FROM accompagnements_lieuactivite
                    WHERE id = NEW.lieuactivite_id FOR SHARE;
                    IF archive IS NOT NULL THEN
                        RAISE EXCEPTION 'this place is archived'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'lieu_archive';
                    END IF;
                    PERFORM 1 FROM contrats_conseiller WHERE id = NEW.conseiller_id FOR NO KEY UPDATE;
                    IF (
                        SELECT count(*) FROM accompagnements_lieuactivite_conseillers
                        WHERE conseiller_id = NEW.conseiller_id AND id IS DISTINCT FROM NEW.id
                            AND lieuactivite_id <> NEW.lieuactivite_id
                    ) >= {LIEUX_MAX} THEN
                        RAISE EXCEPTION 'too many places'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'lieux_quinze_au_plus';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  # A constant of ours.
            )
        ]


# For rows that name a lieu: one that waited, or was typed without network, goes to what its lieu became. The lock
# waits for a merge under way, and a merge waits for it.
FOLLOW_MERGE = pgtrigger.Trigger(
    name="lieu_follows_merge",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("lieu_id"),
    when=pgtrigger.Before,
    condition=pgtrigger.Q(new__lieu__isnull=False),
    declare=[("kept", "bigint")],
    # An unchanged one is the merge's to move: waiting for it here, on a row it waits for, would be a deadlock.
    func="""
        IF TG_OP = 'UPDATE' AND NEW.lieu_id IS NOT DISTINCT FROM OLD.lieu_id THEN
            RETURN NEW;
        END IF;
        SELECT fusionne_dans_id INTO kept FROM accompagnements_lieuactivite WHERE id = NEW.lieu_id FOR KEY SHARE;
        IF kept IS NOT NULL THEN
            NEW.lieu_id := kept;
        END IF;
        RETURN NEW;
    """,
)


class DateRange(Func):
    function = "daterange"


class Alone(Func):
    """A number as a range: excluded from itself without an extension of PostgreSQL."""

    template = "int8range(%(expressions)s, %(expressions)s, '[]')"


class ExceptionHoraires(models.Model):
    """Days that do not follow the ordinary hours: closed, or open at others."""

    lieu = models.ForeignKey(LieuActivite, models.CASCADE, related_name="exceptions", verbose_name="lieu")
    du = models.DateField("du")
    au = models.DateField("au")
    # As OSM writes them, "10:00-12:00,14:00-16:00"; empty: closed.
    creneaux = models.CharField("horaires de ces jours", max_length=60, blank=True)
    motif = models.CharField("motif", max_length=60, blank=True)

    class Meta:
        verbose_name = "exception aux horaires"
        verbose_name_plural = "exceptions aux horaires"
        constraints = [
            models.CheckConstraint(
                condition=Q(au__gte=F("du")),
                name="exception_dates",
                violation_error_message="Le dernier jour précède le premier.",
            ),
            models.CheckConstraint(
                condition=Q(creneaux="")
                | Q(creneaux__regex=r"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}(,[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2})?$"),
                name="exception_creneaux",
                violation_error_message="Indiquez un ou deux créneaux.",
            ),
            models.CheckConstraint(
                condition=~Q(motif__contains='"'),
                name="exception_motif",
                violation_error_message="Le motif ne contient pas de guillemet droit.",
            ),
            ExclusionConstraint(
                name="exception_sans_recouvrement",
                expressions=[
                    (Alone("lieu"), RangeOperators.OVERLAPS),
                    (DateRange("du", "au", Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Une autre exception couvre déjà une partie de ces jours.",
            ),
        ]

    def __str__(self) -> str:
        days = f"le {self.du:%d/%m/%Y}" if self.du == self.au else f"du {self.du:%d/%m/%Y} au {self.au:%d/%m/%Y}"
        hours = creneaux_text(self.periods) if self.creneaux else "fermé"
        return f"{days.capitalize()} : {hours}{f' ({self.motif})' if self.motif else ''}"

    @property
    def periods(self) -> list[Creneau]:
        pairs = (span.split("-") for span in self.creneaux.split(",") if span)
        return [(time.fromisoformat(debut), time.fromisoformat(fin)) for debut, fin in pairs]


class Passage(models.Model):
    """A dated stop of an itinerant lieu: this day, in this commune, from this hour to that one."""

    lieu = models.ForeignKey(LieuActivite, models.CASCADE, related_name="passages", verbose_name="lieu")
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", verbose_name="commune")
    adresse = models.CharField("où", max_length=250)
    date = models.DateField("date")
    debut = models.TimeField("de")
    fin = models.TimeField("à")
    position = PointField("position", null=True, editable=False)

    class Meta:
        verbose_name = "passage"
        constraints = [
            models.CheckConstraint(
                condition=Q(fin__gt=F("debut")),
                name="passage_heures",
                violation_error_message="L'heure de fin précède celle du début.",
            ),
            models.UniqueConstraint(
                fields=["lieu", "date", "debut"],
                name="passage_unique",
                violation_error_message="Un passage commence déjà à cette heure ce jour-là.",
            ),
        ]
        indexes = [GistIndex("position", name="passage_position")]
        triggers = [
            pgtrigger.Trigger(
                name="position_from_commune",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("commune_id"),
                when=pgtrigger.Before,
                func="NEW.position := position_dans_commune(NEW.commune_id, NULL, NULL); RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{date_format(self.date, 'l j F')}, {self.heures}, {self.commune.nom}, {self.adresse}"

    @property
    def heures(self) -> str:
        return creneaux_text([(self.debut, self.fin)])

    def ends_after(self, now: datetime) -> bool:
        here = self._here(now)
        return (self.date, self.fin) > (here.date(), here.time())

    def etat(self, now: datetime) -> Etat:
        here = self._here(now)
        if self.date == here.date() and self.debut <= here.time() < self.fin:
            return Etat(True, f"Ouvert maintenant à {self.commune.nom}, repart à {hour_text(self.fin)}")
        day = day_text(self.date, here.date())
        return Etat(False, f"Passe {day} à {self.commune.nom}, {self.heures}")

    def _here(self, now: datetime) -> datetime:
        return now.astimezone(ZoneInfo(self.commune.fuseau))
