from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from common.admin import AppendOnlyAdmin, BaseAdmin, ReadOnlyInline, ReadOnlyStatusAdmin
from common.exceptions import RuleError
from comptes.enums import RoleKind
from matching import services
from matching.models import (
    Creneau,
    Entretien,
    EntretienQuerySet,
    EssaiPoids,
    MiseEnRelation,
    PoidsMatching,
    RunMatching,
)

REASON_LENGTH = 10


class ProposeForm(forms.ModelForm):
    """Propose someone to a structure by hand, and say why."""

    raison = forms.CharField(
        label="raison de la proposition",
        min_length=REASON_LENGTH,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Gardée dans l'historique de la mise en relation. Rien sur l'âge, le sexe ou l'origine.",
    )

    class Meta:
        model = MiseEnRelation
        fields = ["candidature", "structure", "raison"]

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if data and "candidature" in data and "structure" in data:
            try:
                services.check_pair_by_hand(candidature=data["candidature"], structure=data["structure"])
            except RuleError as error:
                raise forms.ValidationError(str(error), code="rule") from error
        return data

    def validate_unique(self) -> None:
        """A pair that was closed without a refusal opens again: its row exists already."""


@admin.register(MiseEnRelation)
class MiseEnRelationAdmin(ReadOnlyStatusAdmin):
    """Support reads them; the ANCT may propose someone by hand, with its reason."""

    editors = frozenset({RoleKind.ANCT})
    list_display = ["pk", "structure", "candidature", "status", "origine", "score", "distance_km", "updated_at"]
    list_filter = ["status", "origine", "provisoire"]
    list_select_related = ["structure", "candidature"]
    search_fields = ["=pk", "structure__nom", "=structure__siret", "=candidature__pk"]
    raw_id_fields = ["structure", "candidature"]
    actions = ["propose_again"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = ProposeForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["candidature", "structure", "raison"] if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else [*super().get_readonly_fields(request, obj), "provisoire"]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type[Any]]:
        return [] if obj is None else super().get_inlines(request, obj)

    def save_model(self, request: HttpRequest, obj: MiseEnRelation, form: Any, change: bool) -> None:
        mise = services.propose_by_hand(
            candidature=obj.candidature,
            structure=obj.structure,
            reason=form.cleaned_data["raison"],
            by=request.role,  # type: ignore[attr-defined]
        )
        obj.pk = mise.pk

    @admin.action(description="Compléter les propositions des structures choisies")
    def propose_again(self, request: HttpRequest, queryset: QuerySet[MiseEnRelation]) -> None:
        structures = set(queryset.values_list("structure_id", flat=True))
        made = sum(services.propose_for_structure(structure_id=pk) for pk in sorted(structures))
        messages.success(request, f"{made} proposition(s) faite(s) pour {len(structures)} structure(s).")


class WeightsAdmin(BaseAdmin):
    """Rows are added by the ANCT, never edited: each says who wanted these weights and when."""

    editors = frozenset({RoleKind.ANCT})
    exclude = ["by"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.by = request.user
        super().save_model(request, obj, form, change)


@admin.register(PoidsMatching)
class PoidsMatchingAdmin(WeightsAdmin):
    """New weights are a new row with its date: the past, which explains proposals already made, is never edited."""

    list_display = [
        "valide_du",
        "distance",
        "dates",
        "experience",
        "diplome",
        "attente",
        "pix",
        "langues",
        "savoir_etre",
        "by",
    ]

    def save_model(self, request: HttpRequest, obj: PoidsMatching, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.valide_du <= timezone.localdate():
            # The others come into force with the run of their night.
            services.queue_run()


@admin.register(EssaiPoids)
class EssaiPoidsAdmin(WeightsAdmin):
    """Weights tried without being put in force. A worker computes what would change; this page shows it."""

    list_display = [
        "created_at", "distance", "dates", "experience", "diplome", "attente", "pix", "langues", "savoir_etre",
        "plafond_structure",
        "plafond_candidat", "by", "finished_at",
    ]  # fmt: skip
    exclude = ["by", "resultat"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        added = ["finished_at", "bilan", "exemples"] if obj else []
        return [*super().get_readonly_fields(request, obj), *added]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["by", "resultat"] if obj else ["by", "resultat", "finished_at"]

    def save_model(self, request: HttpRequest, obj: EssaiPoids, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.queue_try(essai=obj)
        messages.info(request, "Le calcul est demandé : rechargez la page de l'essai dans une minute.")

    @admin.display(description="ce qui changerait si toutes les propositions sans réponse étaient placées de nouveau")
    def bilan(self, obj: EssaiPoids) -> str:
        if obj.resultat is None:
            return "Calcul en cours. Rechargez la page dans une minute."
        return table(["", "Poids en vigueur", "Poids essayés"], [*compared(obj.resultat), *changes(obj.resultat)])

    @admin.display(description="exemples de paires")
    def exemples(self, obj: EssaiPoids) -> str:
        if not obj.resultat or not obj.resultat["exemples"]:
            return "Aucun."
        rows = [(label, f"n° {c}", f"n° {s}") for label, c, s in obj.resultat["exemples"]]
        return table(["Avec les poids essayés", "Candidature", "Structure"], rows)


COMPARED = {
    "propositions": "Propositions",
    "score_moyen": "Score moyen (chacun avec ses poids)",
    "distance_mediane": "Distance médiane (km)",
    "structures_servies": "Structures avec au moins un candidat",
    "candidats_servis": "Candidats avec au moins une proposition",
}
CHANGES = {
    "apparaissent": "Paires qui apparaîtraient",
    "disparaissent": "Paires qui disparaîtraient",
    "structures_gagnantes": "Structures avec plus de propositions",
    "structures_perdantes": "Structures avec moins de propositions",
    "candidats_nouveaux": "Candidats proposés qui ne l'étaient pas",
    "candidats_oublies": "Candidats qui ne seraient plus proposés",
}


def compared(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(label, *("–" if v is None else v for v in result[name])) for name, label in COMPARED.items()]


def changes(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(label, "", result[name]) for name, label in CHANGES.items()]


def table(heads: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> str:
    head = format_html_join("", '<th scope="col">{}</th>', ((text,) for text in heads))
    body = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>', rows)
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)


@admin.register(RunMatching)
class RunMatchingAdmin(AppendOnlyAdmin):
    list_display = [
        "started_at", "secondes", "postes", "structures", "candidats", "paires", "proposees", "retirees",
        "structures_servies", "candidats_servis", "distance_mediane", "part_du_score",
    ]  # fmt: skip
    readonly_fields = ["part_du_score"]

    @admin.display(description="score, en part du meilleur total possible")
    def part_du_score(self, obj: RunMatching) -> str:
        return f"{obj.score_total / obj.score_optimal:.1%}" if obj.score_optimal else "–"


class ContradictionFilter(admin.SimpleListFilter):
    """Where one side says the interview was held and the other that it was not."""

    title = "contradiction"
    parameter_name = "contradiction"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("oui", "Les deux parties se contredisent")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        assert isinstance(queryset, EntretienQuerySet)  # noqa: S101  # Registered for this model only.
        return queryset.contradictory() if self.value() == "oui" else queryset


class CreneauInline(ReadOnlyInline):
    model = Creneau
    fields = ["debut", "fin", "retire_at"]
    readonly_fields = ["debut", "fin", "retire_at"]


@admin.register(Entretien)
class EntretienAdmin(ReadOnlyStatusAdmin):
    """Read only: what both sides said, for the ANCT to see where they contradict each other."""

    list_display = [
        "pk",
        "structure",
        "status",
        "mode",
        "debut",
        "resultat_structure",
        "resultat_candidat",
        "contradiction",
        "updated_at",
    ]
    list_filter = ["status", ContradictionFilter, "mode", "resultat_structure", "resultat_candidat", "debut"]
    list_select_related = ["mise_en_relation__structure"]
    search_fields = [
        "=pk",
        "=mise_en_relation__pk",
        "mise_en_relation__structure__nom",
        "=mise_en_relation__structure__siret",
    ]
    inlines = [CreneauInline]

    @admin.display(description="structure", ordering="mise_en_relation__structure__nom")
    def structure(self, row: Entretien) -> str:
        return row.mise_en_relation.structure.nom

    @admin.display(description="contradiction", boolean=True)
    def contradiction(self, row: Entretien) -> bool:
        return row.is_contradictory
