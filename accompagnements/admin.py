from functools import (
    partial,
)
from typing import (
    Any,
    ClassVar,
)

from django.contrib import (
    admin,
)
from django.db import (
    IntegrityError,
    models,
    transaction,
)
from django.db.models import (
    Max,
    QuerySet,
)
from django.http import (
    HttpRequest,
    HttpResponse,
)
from django.template.response import (
    TemplateResponse,
)

from accompagnements import (
    services,
)
from accompagnements.enums import (
    Portee,
)
from accompagnements.forms.etiquettes import (
    EtiquettePartageeForm,
)
from accompagnements.forms.lieux import (
    MergeForm,
)
from accompagnements.forms.themes import (
    ThemeForm,
)
from accompagnements.models import (
    Accompagnement,
    AccompagnementRevision,
    Appartenance,
    Coordination,
    CoordinationRevision,
    Etiquette,
    ExceptionHoraires,
    Groupe,
    LienPartage,
    LieuActivite,
    Organisme,
    Passage,
    Theme,
)
from common.admin import AppendOnlyAdmin, BaseAdmin
from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.http import CompteRequest


def next_numbers(model: type[Theme | Organisme]) -> dict[str, str | list[str]]:
    """Propose the next number of a referential: one that served never serves again."""
    last = model.objects.aggregate(last=Max("pk"), ordre=Max("ordre"))
    return {"id": str((last["last"] or 0) + 1), "ordre": str((last["ordre"] or 0) + 1)}


@admin.register(Theme)
class ThemeAdmin(BaseAdmin):
    """A theme is closed by its last day: accompagnements keep its number, so it is never removed."""

    editors = frozenset({RoleKind.ANCT})
    form = ThemeForm
    list_display = ["nom", "famille", "code", "parent", "valide_du", "valide_au"]
    list_filter = ["famille"]
    list_select_related = ["parent"]
    search_fields = ["nom", "code"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "id", "code"] if obj else fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        return next_numbers(Theme)


@admin.register(Organisme)
class OrganismeAdmin(BaseAdmin):
    """As a theme: closed by its last day, never removed."""

    editors = frozenset({RoleKind.ANCT})
    fields = ["id", "code", "nom", "categorie", "ordre", "valide_du", "valide_au"]
    list_display = ["nom", "categorie", "code", "valide_du", "valide_au"]
    list_filter = ["categorie"]
    search_fields = ["nom", "code"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        # Accompagnements were counted with the kind it had.
        return [*fields, "id", "code", "categorie"] if obj else fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        return next_numbers(Organisme)


@admin.register(Etiquette)
class EtiquetteAdmin(BaseAdmin):
    """Shared words only: those of a person are that person's. ANCT names those of the country and départements."""

    editors = frozenset({RoleKind.ANCT})
    form = EtiquettePartageeForm
    list_display = ["nom", "portee", "structure", "departement"]
    list_filter = ["portee"]
    list_select_related = ["structure", "departement"]
    search_fields = ["nom"]
    raw_id_fields = ["departement"]
    fields = ["nom", "departement"]
    actions = ["remove"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).exclude(portee=Portee.PERSONNELLE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The words of a structure are renamed by the structure."""
        return super().has_change_permission(request, obj) and (obj is None or obj.portee != Portee.STRUCTURE)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "departement"] if obj else fields

    def save_model(self, request: HttpRequest, obj: Etiquette, form: Any, change: bool) -> None:
        role: Any = getattr(request, "role", None)
        nom = form.cleaned_data["nom"]
        if change:
            services.rename_etiquette(etiquette=obj, nom=nom)
        else:
            created = services.create_etiquette(nom=nom, owner=form.cleaned_data.get("departement"), by=role)
            obj.pk, obj.portee = created.pk, created.portee

    @admin.action(description="Supprimer les étiquettes choisies", permissions=["change"])
    def remove(self, request: HttpRequest, rows: Any) -> HttpResponse | None:
        role: Any = getattr(request, "role", None)
        named = rows.exclude(portee=Portee.STRUCTURE)

        def remove(etiquette: Etiquette) -> None:
            services.remove_etiquette(etiquette=etiquette, by=role)

        return self.run_service(request, named, remove, "Étiquettes supprimées")


class ExceptionInline(admin.TabularInline):
    model = ExceptionHoraires
    extra = 0


class PassageInline(admin.TabularInline):
    model = Passage
    extra = 0
    raw_id_fields = ["commune"]


@admin.register(LieuActivite)
class LieuActiviteAdmin(BaseAdmin):
    """Support puts a place right, and merges those that are the same."""

    editors = frozenset({RoleKind.ANCT})
    list_display = ["nom", "adresse", "commune", "siret", "acces", "archived_at", "fusionne_dans"]
    list_filter = ["acces", "itinerant", ("archived_at", admin.EmptyFieldListFilter), "commune__departement"]
    list_select_related = ["commune", "fusionne_dans"]
    search_fields = ["nom", "adresse", "commune__nom", "=siret", "=pk"]
    raw_id_fields = ["commune", "conseillers"]
    readonly_fields = ["archived_at", "fusionne_dans"]
    inlines = [ExceptionInline, PassageInline]
    actions = ["merge", "reopen"]
    formfield_overrides: ClassVar = {models.URLField: {"assume_scheme": "https"}}

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return self.inlines if self._may_edit(request) else []

    def has_act_permission(self, request: HttpRequest) -> bool:
        return self._may_edit(request)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Conseillers, exceptions and passages: what the database refuses is said, not a page in error."""
        with services.refusing():
            super().save_related(request, form, formsets, change)

    @admin.action(description="Fusionner les lieux cochés", permissions=["act"])
    def merge(self, request: CompteRequest, queryset: QuerySet[LieuActivite]) -> HttpResponse | None:
        """Ask which one stays, then merge: all of them or none."""
        form = MergeForm(request.POST if "garde" in request.POST else None, lieux=queryset)
        if form.is_bound and form.is_valid():
            garde = form.cleaned_data["garde"]
            doublons = list(queryset.exclude(pk=garde.pk))

            def merge(garde: LieuActivite) -> None:
                services.merge_lieux(garde=garde, doublons=doublons, by=request.role)

            return self.run_service(request, LieuActivite.objects.filter(pk=garde.pk), merge, "Lieux fusionnés")
        context = {
            **self.admin_site.each_context(request),
            "title": "Fusionner des lieux",
            "opts": self.model._meta,
            "form": form,
            "lieux": queryset,
        }
        return TemplateResponse(request, "admin/accompagnements/merge.html", context)

    @admin.action(description="Rouvrir les lieux archivés", permissions=["act"])
    def reopen(self, request: CompteRequest, queryset: QuerySet[LieuActivite]) -> HttpResponse | None:
        def reopen(lieu: LieuActivite) -> None:
            services.reopen_lieu(lieu=lieu, by=request.role)

        return self.run_service(request, queryset, reopen, "Lieu rouvert")


@admin.register(Accompagnement)
class AccompagnementAdmin(BaseAdmin):
    """Only its conseiller writes it; support reads it, without the notes, which are the conseiller's own."""

    list_display = ["pk", "date", "type", "conseiller", "commune", "duree", "participants"]
    list_filter = ["type", "canal", "date"]
    list_select_related = ["conseiller__compte", "commune"]
    search_fields = ["=pk", "=uuid", "conseiller__compte__nom"]
    date_hierarchy = "date"
    exclude = ["notes"]


@admin.register(AccompagnementRevision)
class AccompagnementRevisionAdmin(AppendOnlyAdmin):
    list_display = ["at", "acte", "accompagnement_pk", "conseiller", "by", "reason"]
    list_filter = ["acte"]
    list_select_related = ["conseiller__compte", "by"]
    search_fields = ["=accompagnement_pk", "conseiller__compte__nom"]


@admin.register(Coordination)
class CoordinationAdmin(BaseAdmin):
    """Only its coordinateur writes it; support reads it, without the notes."""

    list_display = ["pk", "date", "type", "titre", "coordinateur", "commune", "duree"]
    list_filter = ["type", "objet", "date"]
    list_select_related = ["coordinateur", "commune"]
    search_fields = ["=pk", "=uuid", "titre", "coordinateur__nom"]
    date_hierarchy = "date"
    exclude = ["notes"]


@admin.register(CoordinationRevision)
class CoordinationRevisionAdmin(AppendOnlyAdmin):
    list_display = ["at", "acte", "coordination_pk", "coordinateur", "by", "reason"]
    list_filter = ["acte"]
    list_select_related = ["coordinateur", "by"]
    search_fields = ["=coordination_pk", "coordinateur__nom"]


@admin.register(Groupe)
class GroupeAdmin(BaseAdmin):
    """Opened here, and given to a successor here: members stay, with their dates."""

    editors = frozenset({RoleKind.ANCT})
    perimetre = "groupe"
    list_display = ["nom", "coordinateur", "departement"]
    list_filter = ["departement"]
    list_select_related = ["coordinateur", "departement"]
    search_fields = ["nom", "coordinateur__nom", "coordinateur__email"]
    raw_id_fields = ["coordinateur"]


@admin.register(Appartenance)
class AppartenanceAdmin(BaseAdmin):
    """Who is in a group, and since when: what coordinateurs propose is accepted or refused here (docs/adr/0023)."""

    editors = frozenset({RoleKind.ANCT})
    list_display = ["conseiller", "groupe", "debut", "fin", "is_accepted", "proposee_par"]
    list_filter = [("acceptee_at", admin.EmptyFieldListFilter), "groupe"]
    list_select_related = ["conseiller__compte", "groupe", "proposee_par"]
    search_fields = ["conseiller__compte__nom", "groupe__nom"]
    raw_id_fields = ["conseiller"]
    fields = ["groupe", "conseiller", "debut", "fin", "proposee_par", "acceptee_par", "acceptee_at"]
    actions = ["accept", "refuse"]

    @admin.display(boolean=True, description="acceptée")
    def is_accepted(self, row: Appartenance) -> bool:
        return row.is_accepted

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        acts = ["proposee_par", "acceptee_par", "acceptee_at"]
        return [*super().get_readonly_fields(request, obj), *acts, *(["groupe", "conseiller"] if obj else [])]

    def save_model(self, request: Any, obj: Appartenance, form: Any, change: bool) -> None:
        """Add through the service; dates are put right as they are typed, the database keeping periods apart."""
        if change:
            try:
                with transaction.atomic():
                    super().save_model(request, obj, form, change)
            except IntegrityError as error:
                raise RuleError("Ce conseiller est déjà dans le groupe, ou proposé, à ces dates.") from error
            return
        row = services.propose_appartenance(
            groupe=obj.groupe, conseiller=obj.conseiller, debut=obj.debut, fin=obj.fin, by=request.role
        )
        obj.pk = row.pk

    @admin.action(description="Accepter les propositions choisies", permissions=["change"])
    def accept(self, request: Any, rows: Any) -> HttpResponse | None:
        accepted = partial(services.accept_appartenance, by=request.role)
        return self.run_service(request, rows, lambda row: accepted(appartenance=row), "Proposition acceptée.")

    @admin.action(description="Refuser les propositions choisies", permissions=["change"])
    def refuse(self, request: Any, rows: Any) -> HttpResponse | None:
        refused = partial(services.refuse_appartenance, by=request.role)
        return self.run_service(request, rows, lambda row: refused(appartenance=row), "Proposition refusée.")


@admin.register(LienPartage)
class LienPartageAdmin(AppendOnlyAdmin):
    """Support takes back an address that went where it should not; it cannot read it."""

    list_display = ["nom", "role", "debut", "fin", "created_at", "expires_at", "revoked_at", "last_used_on"]
    list_filter = ["role__kind", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["role__departement", "role__region"]
    search_fields = ["nom", "role__compte__email"]
    exclude = ["digest", "scelle", "cle"]
    actions = ["revoke"]

    @admin.action(description="Révoquer les liens choisis", permissions=["revoke"])
    def revoke(self, request: Any, queryset: QuerySet[Any]) -> None:
        self.run_service(
            request, queryset, lambda lien: services.revoke_lien(lien=lien, by=request.role), "Lien révoqué"
        )

    def has_revoke_permission(self, request: Any) -> bool:
        return request.role is not None and request.role.kind == RoleKind.ANCT
