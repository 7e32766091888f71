from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from candidatures.enums import Langue
from candidatures.models import CV
from common.forms import Form
from matching.enums import StatutMiseEnRelation
from matching.models import MiseEnRelationQuerySet

DISTANCES = [(5, "5 km"), (10, "10 km"), (20, "20 km"), (40, "40 km"), (100, "100 km")]
SCORES = [(80, "80 sur 100"), (60, "60 sur 100"), (40, "40 sur 100")]
SCORES_PIX = [(256, "256"), (384, "384"), (512, "512"), (640, "640")]
TP_REMN, DIPLOME = "tp_remn", "diplome"
EN_COURS = "en_cours"
# Each sort of the list, as `common.pagination` takes it: the last name is unique, none is ever null.
ORDERS = {
    "score": ["-score", "pk"],
    "distance": ["distance_km", "pk"],
    "disponibilite": ["candidature__date_disponibilite", "pk"],
    "recent": ["-created_at", "-pk"],
}


class CandidatFilter(django_filters.FilterSet):
    """What a structure may narrow a list of people by: nothing here is hidden from it before it marks its interest.

    `prefix` leads from the listed row to the candidature.
    """

    prefix_to_candidature = ""

    distance = django_filters.ChoiceFilter(
        field_name="distance_km",
        lookup_expr="lte",
        label="À moins de",
        choices=DISTANCES,
        empty_label="Toutes les distances",
    )
    disponible = django_filters.DateFilter(
        label="Disponible au plus tard le",
        method="filter_disponible",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Saisissez une date, par exemple 15/01/2027."},
    )
    diplome = django_filters.ChoiceFilter(
        label="Diplôme",
        choices=[(TP_REMN, "Titre professionnel REMN"), (DIPLOME, "Diplôme de la médiation numérique ou titre")],
        method="filter_diplome",
        empty_label="Avec ou sans",
    )
    pix = django_filters.ChoiceFilter(
        field_name="niveau_pix",
        label="Score Pix déclaré d'au moins",
        choices=SCORES_PIX,
        method="filter_pix",
        empty_label="Avec ou sans",
    )
    langue = django_filters.ChoiceFilter(
        label="Parle", choices=Langue.choices, method="filter_langue", empty_label="Toutes les langues"
    )
    cv = django_filters.BooleanFilter(label="A joint un CV", method="filter_cv", widget=forms.CheckboxInput)
    experience = django_filters.BooleanFilter(
        label="A une expérience de la médiation numérique",
        method="filter_experience",
        widget=forms.CheckboxInput,
    )

    class Meta:
        form = Form

    def filter_disponible(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(**{f"{self.prefix_to_candidature}date_disponibilite__lte": value})

    def filter_experience(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        # An unticked box asks for nothing.
        return rows.filter(**{f"{self.prefix_to_candidature}experience_mediation": True}) if value else rows

    def filter_pix(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(**{f"{self.prefix_to_candidature}niveau_pix__gte": int(value)})

    def filter_langue(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(**{f"{self.prefix_to_candidature}langues__contains": [value]})

    def filter_cv(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Whether there is one to read some day says nothing of what is in it."""
        cvs = CV.objects.shareable().filter(candidature=OuterRef(f"{self.prefix_to_candidature}pk"))
        return rows.filter(Exists(cvs)) if value else rows

    def filter_diplome(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        titre = Q(**{f"{self.prefix_to_candidature}titulaire_tp_remn": True})
        if value == TP_REMN:
            return rows.filter(titre)
        return rows.filter(titre | Q(**{f"{self.prefix_to_candidature}diplome_mediation": True}))

    def chosen(self, name: str) -> Any:
        """Return what a filter was given, once checked."""
        return self.form.cleaned_data.get(name) if self.form.is_bound and not self.form[name].errors else None

    @property
    def within_km(self) -> float | None:
        chosen = self.chosen("distance")
        return float(chosen) if chosen else None

    @property
    def is_used(self) -> bool:
        """Whether something was asked for, well or badly."""
        return any(self.data.get(name) for name in self.filters)

    @property
    def is_narrowed(self) -> bool:
        """Whether something other than the sort was."""
        return any(self.data.get(name) for name in self.filters if name != "tri")


class PropositionFilter(CandidatFilter):
    """The candidats proposed to a structure."""

    prefix_to_candidature = "candidature__"

    score = django_filters.ChoiceFilter(
        lookup_expr="gte",
        label="Correspondance d'au moins",
        choices=SCORES,
        empty_label="Toutes les correspondances",
    )
    statut = django_filters.ChoiceFilter(
        label="Statut",
        choices=[(EN_COURS, "En cours, tous confondus"), *StatutMiseEnRelation.choices],
        method="filter_statut",
        empty_label="Tous les statuts",
    )
    tri = django_filters.ChoiceFilter(
        label="Trier par",
        choices=[
            ("score", "Correspondance au poste"),
            ("distance", "Distance"),
            ("disponibilite", "Date de disponibilité"),
            ("recent", "Plus récentes"),
        ],
        method="leave_sorted",
        empty_label=None,
    )

    def filter_statut(self, rows: MiseEnRelationQuerySet, name: str, value: str) -> MiseEnRelationQuerySet:
        return rows.open() if value == EN_COURS else rows.filter(status=value)

    def leave_sorted(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows  # The page sorts: see `order`.

    @classmethod
    def clean_query(cls, typed: QueryDict) -> str:
        """Return what of an address belongs to the list: its filters, its sort, its page."""
        kept = QueryDict(mutable=True)
        for name in [*cls.base_filters, "page"]:
            if value := typed.get(name):
                kept[name] = value
        return kept.urlencode()

    @property
    def order(self) -> list[str]:
        return ORDERS[self.chosen("tri") or "score"]


class ExplorationFilter(CandidatFilter):
    """Every other compatible candidat, the nearest first."""
