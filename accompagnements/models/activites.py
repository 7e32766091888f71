import re
import unicodedata
import uuid
from functools import reduce
from operator import add
from typing import Any, Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accompagnements.constants import (
    DUREE_MAX,
    DUREE_MIN,
    NOTES_MAX,
    PARTICIPANTS_MAX,
    PREMIER_JOUR,
    THEMES_MAX,
)
from accompagnements.enums import (
    AGES,
    GENRES,
    STATUTS,
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)
from accompagnements.indicateurs import (
    DEPARTEMENT,
)
from accompagnements.models.historique import (
    Modifiable,
    Revision,
)
from accompagnements.models.lieux import (
    FOLLOW_MERGE,
    LieuActivite,
)
from accompagnements.models.themes import Organisme
from common.triggers import append_only
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller
from territoires.keys import LIGATURES
from territoires.models import Commune


def _mark(name: str, operation: Any, rows: str) -> pgtrigger.Trigger:
    """Mark as dirty what a statement has touched, once for each key, whoever wrote it and however many rows."""
    tables = {"old_rows": "old", "new_rows": "new"}
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**{side: table for table, side in tables.items() if table in rows}),
        # Only the names of transition tables are interpolated.
        func=f"""
            INSERT INTO accompagnements_marquestatistique (conseiller_id, departement_id, jour)
            SELECT DISTINCT a.conseiller_id, c.departement_id, a.date
            FROM ({rows}) a JOIN territoires_commune c ON c.code = a.commune_id;
            RETURN NULL;
        """,  # noqa: S608  # Names of ours, values as parameters.
    )


class AccompagnementQuerySet(models.QuerySet["Accompagnement"]):
    def visible_to(self, role: Role) -> Self:
        """A conseiller reads their own; a structure its conseillers', ANCT and BdT all."""
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.CONSEILLER:
                # One value, not a join: the index then gives the rows in the order of the list.
                own = Conseiller.objects.filter(compte=role.compte_id).order_by().values("pk")
                return self.filter(conseiller=own[:1])
            case RoleKind.STRUCTURE:
                return self.filter(conseiller__contrat__structure__membres__compte=role.compte_id)
        return self.none()

    def for_list(self) -> Self:
        return self.select_related("lieu", "commune").order_by("-date", "-pk")

    def found_by(self, text: str, conseiller: int) -> Self:
        """Keep one conseiller's rows whose title or notes hold each of these words, in any of their forms.

        Whole words: beginnings would make a common one read its millions of places before the conseiller's few.
        """
        words = " & ".join(search_words(text))
        asked = models.Func(
            models.Value(f"'#{conseiller}'"), models.Value(words), output_field=models.TextField(),
            template="(%(expressions)s))", arg_joiner="::tsquery && to_tsquery('french', ",
        )  # fmt: skip
        found = models.Func(
            Recherche(), asked, template="(%(expressions)s)", arg_joiner=" @@ ", output_field=models.BooleanField()
        )
        # The first condition is the one of the index.
        return self.filter(WITH_TEXT, found) if words else self.filter(pk__lt=0)


WITH_TEXT = ~Q(titre="", notes="")


class Recherche(models.Func):
    """The words of a row and a mark of its conseiller, so that one index finds what one person wrote among millions."""

    function = "accompagnement_recherche"
    output_field = SearchVectorField()

    def __init__(self, *expressions: Any, **extra: Any) -> None:
        super().__init__(*(expressions or ("conseiller", "titre", "notes")), **extra)


class DepartementDe(models.Func):
    """The département of a commune, told by its code, so that an index has the rows of one together."""

    output_field = models.CharField()
    template = f"({DEPARTEMENT.replace('a.commune_id', '%(expressions)s')})"


def search_words(text: str) -> list[str]:
    """Return the words looked for, without accents, as `accompagnement_recherche` indexes them."""
    plain = unicodedata.normalize("NFKD", text).translate(LIGATURES).lower()
    return re.findall(r"[a-z0-9]+", re.sub("[\u0300-\u036f]", "", plain))


def _sum_within_participants(columns: dict[str, str]) -> Q:
    total: Any = reduce(add, (F(column) for column in columns))
    return Q(participants__gte=total)


def _count(column: str) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField({**GENRES, **AGES, **STATUTS}[column].lower(), default=0)


class Accompagnement(Modifiable):
    """One row whatever the number of participants; the public is counted, nobody is invented."""

    # Given by the browser: the same entry sent twice is one entry.
    uuid = models.UUIDField("identifiant", default=uuid.uuid4, unique=True, editable=False)
    # The indexes of Meta begin with these keys: one of their own would cost each entry as much and serve nothing more.
    conseiller = models.ForeignKey(Conseiller, models.PROTECT, related_name="accompagnements", db_index=False)
    type = models.CharField("type", max_length=12, choices=TypeAccompagnement)
    date = models.DateField("date")
    duree = models.PositiveSmallIntegerField("durée (minutes)")
    canal = models.CharField("canal", max_length=15, choices=Canal)
    lieu = models.ForeignKey(
        LieuActivite,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="accompagnements",
        verbose_name="lieu",
        db_index=False,
    )
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", verbose_name="commune", db_index=False)
    participants = models.PositiveSmallIntegerField("participants", default=1)
    recurrents = models.PositiveSmallIntegerField("dont déjà venus", default=0)
    genre_feminin = _count("genre_feminin")
    genre_masculin = _count("genre_masculin")
    age_moins_de_douze = _count("age_moins_de_douze")
    age_douze_dix_huit = _count("age_douze_dix_huit")
    age_dix_huit_vingt_quatre = _count("age_dix_huit_vingt_quatre")
    age_vingt_cinq_trente_neuf = _count("age_vingt_cinq_trente_neuf")
    age_quarante_cinquante_neuf = _count("age_quarante_cinquante_neuf")
    age_soixante_soixante_neuf = _count("age_soixante_soixante_neuf")
    age_soixante_dix_plus = _count("age_soixante_dix_plus")
    statut_scolarise = _count("statut_scolarise")
    statut_sans_emploi = _count("statut_sans_emploi")
    statut_en_emploi = _count("statut_en_emploi")
    statut_retraite = _count("statut_retraite")
    # Numbers of `Theme`: an array is one fifth of the rows a link table would hold (docs/adr/0010).
    themes = ArrayField(models.PositiveSmallIntegerField(), verbose_name="thèmes")
    type_public = models.CharField("public", max_length=10, choices=TypePublic, default=TypePublic.HABITANTS)
    materiel = ArrayField(
        models.CharField(max_length=12, choices=Materiel), verbose_name="matériel", default=list, blank=True
    )
    autonomie = models.CharField("autonomie", max_length=25, choices=Autonomie, blank=True)
    niveau = models.CharField("niveau de l'atelier", max_length=15, choices=NiveauAtelier, blank=True)
    suite = models.CharField("suite donnée", max_length=15, choices=Suite, blank=True)
    orientation = models.CharField("orientation vers", max_length=40, choices=Orientation, blank=True)
    # Says which one, where it is known; `orientation` is then its kind.
    organisme = models.ForeignKey(
        Organisme, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="organisme", db_index=False
    )
    dispositifs = ArrayField(
        models.CharField(max_length=20, choices=Dispositif), verbose_name="dispositifs", default=list, blank=True
    )
    titre = models.CharField("titre de l'atelier", max_length=120, blank=True)
    notes = models.TextField("notes", max_length=NOTES_MAX, blank=True)

    objects = AccompagnementQuerySet.as_manager()

    class Meta:
        verbose_name = "accompagnement"
        constraints = [
            models.CheckConstraint(
                condition=Q(duree__gte=DUREE_MIN, duree__lte=DUREE_MAX),
                name="accompagnement_duree",
                violation_error_message="La durée va de 5 minutes à 8 heures.",
            ),
            models.CheckConstraint(
                condition=Q(type=TypeAccompagnement.ATELIER, participants__gte=1, participants__lte=PARTICIPANTS_MAX)
                | (~Q(type=TypeAccompagnement.ATELIER) & Q(participants=1)),
                name="accompagnement_participants",
                violation_error_message="Un atelier compte de 1 à 1 000 participants, les autres types un seul.",
            ),
            models.CheckConstraint(
                condition=Q(recurrents__lte=F("participants")),
                name="accompagnement_recurrents",
                violation_error_message="Il ne peut pas y avoir plus de personnes déjà venues que de participants.",
            ),
            models.CheckConstraint(
                condition=_sum_within_participants(GENRES),
                name="accompagnement_genres",
                violation_error_message="Le total par genre dépasse le nombre de participants.",
            ),
            models.CheckConstraint(
                condition=_sum_within_participants(AGES),
                name="accompagnement_ages",
                violation_error_message="Le total par âge dépasse le nombre de participants.",
            ),
            models.CheckConstraint(
                condition=_sum_within_participants(STATUTS),
                name="accompagnement_statuts",
                violation_error_message="Le total par situation dépasse le nombre de participants.",
            ),
            models.CheckConstraint(
                condition=Q(themes__len__gte=1, themes__len__lte=THEMES_MAX),
                name="accompagnement_themes",
                violation_error_message="Choisissez de 1 à 20 thèmes.",
            ),
            models.CheckConstraint(
                condition=Q(canal=Canal.LIEU_ACTIVITE, lieu__isnull=False)
                | (~Q(canal=Canal.LIEU_ACTIVITE) & Q(lieu=None)),
                name="accompagnement_lieu_si_lieu",
                violation_error_message="Choisissez le lieu d'activité.",
            ),
            models.CheckConstraint(
                condition=(Q(suite=Suite.ORIENTATION) & ~Q(orientation=""))
                | (~Q(suite=Suite.ORIENTATION) & Q(orientation="")),
                name="accompagnement_orientation",
                violation_error_message="Indiquez vers qui vous avez orienté la personne.",
            ),
            models.CheckConstraint(
                condition=Q(organisme=None) | ~Q(orientation=""),
                name="accompagnement_organisme",
                violation_error_message="Un organisme ne va qu'avec une orientation.",
            ),
            models.CheckConstraint(
                condition=Q(dispositifs__contained_by=Dispositif.values),
                name="accompagnement_dispositifs",
                violation_error_message="Ce dispositif n'est pas dans la liste.",
            ),
            models.CheckConstraint(
                condition=Q(materiel__contained_by=Materiel.values),
                name="accompagnement_materiel",
                violation_error_message="Ce matériel n'est pas dans la liste.",
            ),
            # The upper bound, today in the place's time zone, is checked by the services.
            models.CheckConstraint(
                condition=Q(date__gte=PREMIER_JOUR),
                name="accompagnement_apres_lancement",
                violation_error_message=f"Le programme a commencé le {PREMIER_JOUR:%d/%m/%Y}.",
            ),
        ]
        indexes = [
            # The conseiller's list and figures.
            models.Index(fields=["conseiller", "-date", "-id"], name="accompagnement_liste"),
            models.Index(fields=["date"], name="accompagnement_par_date"),
            # What the worker counts again: a département, a day.
            models.Index(DepartementDe("commune"), "date", name="accompagnement_par_dpt"),
            # Figures of a commune and of a lieu, which have no roll-ups: the rows of the period, not of always.
            models.Index(fields=["commune", "date"], name="accompagnement_par_commune"),
            models.Index(fields=["lieu", "date"], name="accompagnement_par_lieu", condition=Q(lieu__isnull=False)),
            # `found_by`. Four entries in five have neither title nor notes: they cost it nothing.
            GinIndex(Recherche(), name="accompagnement_recherche", condition=WITH_TEXT),
        ]
        triggers = [
            FOLLOW_MERGE,
            # An array has no foreign keys: each number must be a theme of that day, and none stand twice.
            pgtrigger.Trigger(
                name="themes_known",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("themes", "date"),
                when=pgtrigger.Before,
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.themes = OLD.themes AND NEW.date = OLD.date THEN
                        RETURN NEW;
                    END IF;
                    IF cardinality(NEW.themes) <> (
                        SELECT count(*) FROM accompagnements_theme
                        WHERE id = ANY(NEW.themes) AND valide_du <= NEW.date
                            AND (valide_au IS NULL OR valide_au >= NEW.date)
                    ) THEN
                        RAISE EXCEPTION 'a theme is unknown on that day, or stands twice'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'accompagnement_themes_connus';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="organisme_known",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("organisme_id", "orientation", "date"),
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__organisme__isnull=False),
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.organisme_id = OLD.organisme_id
                        AND NEW.orientation = OLD.orientation AND NEW.date = OLD.date THEN
                        RETURN NEW;
                    END IF;
                    IF NOT EXISTS (
                        SELECT 1 FROM accompagnements_organisme
                        WHERE id = NEW.organisme_id AND categorie = NEW.orientation AND valide_du <= NEW.date
                            AND (valide_au IS NULL OR valide_au >= NEW.date)
                    ) THEN
                        RAISE EXCEPTION 'this organisme is unknown on that day, or of another kind'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'accompagnement_organisme_connu';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # The persons followed there stay as many as it counts, and their conseiller's (`Suivi`).
            pgtrigger.Trigger(
                name="suivis_within_participants",
                operation=pgtrigger.UpdateOf("participants", "conseiller_id"),
                when=pgtrigger.After,
                condition=pgtrigger.Q(new__participants__lt=pgtrigger.F("old__participants"))
                | pgtrigger.Q(old__conseiller__df=pgtrigger.F("new__conseiller")),
                declare=[("suivis", "INTEGER")],
                func="""
                    SELECT count(*) INTO suivis FROM accompagnements_suivi WHERE accompagnement_id = NEW.id;
                    IF suivis > NEW.participants OR (suivis > 0 AND NEW.conseiller_id <> OLD.conseiller_id) THEN
                        RAISE EXCEPTION 'more persons than participants'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'suivi_participants';
                    END IF;
                    RETURN NULL;
                """,
            ),
            _mark("statistics_insert", pgtrigger.Insert, "SELECT * FROM new_rows"),
            _mark("statistics_update", pgtrigger.Update, "SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows"),
            _mark("statistics_delete", pgtrigger.Delete, "SELECT * FROM old_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} du {self.date:%d/%m/%Y}"

    def get_absolute_url(self) -> str:
        return reverse("accompagnements:detail", args=[self.pk])


class AccompagnementRevision(Revision):
    # No foreign key: the row outlives the accompagnement.
    accompagnement_pk = models.BigIntegerField("accompagnement n°")
    conseiller = models.ForeignKey(Conseiller, models.PROTECT, related_name="+", verbose_name="conseiller")

    class Meta(Revision.Meta):
        verbose_name = "révision d'accompagnement"
        verbose_name_plural = "révisions d'accompagnements"
        constraints = [Revision.constraint("revision_apres_si_modification")]
        indexes = [models.Index(fields=["accompagnement_pk"], name="revision_par_accompagnement")]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.get_acte_display()} de l'accompagnement n° {self.accompagnement_pk}"
