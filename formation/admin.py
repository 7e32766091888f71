"""Support's window: statuses and histories are read, acts call services."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import AppendOnlyAdmin, BaseAdmin, ReadOnlyInline, ReadOnlyStatusAdmin
from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Role
from formation import permissions, services
from formation.models import (
    Attestation,
    DossierFormation,
    Formateur,
    Inscription,
    Organisme,
    Positionnement,
    ReferentielParcours,
    SessionFormation,
)

REFUSED = "Votre rôle actuel ne permet pas cette action."


def act_on_each(
    request: HttpRequest, rows: QuerySet[Any], may: Callable[[Role, Any], bool], act: Callable[[Role, Any], object]
) -> None:
    """Do an act row by row; a refusal names its row and stops nothing."""
    role: Role = request.role  # type: ignore[attr-defined]
    done = 0
    for row in rows:
        try:
            if not may(role, row):
                raise RuleError(REFUSED)
            act(role, row)
        except RuleError as error:
            messages.error(request, f"{row} : {error}")
        else:
            done += 1
    if done:
        messages.success(request, f"Fait pour {done} ligne(s).")


class FormateurInline(ReadOnlyInline):
    """Formateurs come by invitation."""

    model = Formateur
    fields = ("compte", "created_at")
    readonly_fields = fields


@admin.register(Organisme)
class OrganismeAdmin(BaseAdmin):
    """BdT entitles the organismes (DOMAINE §2): their régions and their period."""

    editors: ClassVar[frozenset[str]] = frozenset({RoleKind.BDT})
    list_display = ("nom", "siret", "commune", "habilite_du", "habilite_au")
    list_filter = ("regions",)
    list_select_related = ("commune",)
    search_fields = ("nom", "=siret")
    raw_id_fields = ("commune",)
    filter_horizontal = ("regions",)
    inlines = (FormateurInline,)


@admin.register(ReferentielParcours)
class ReferentielParcoursAdmin(BaseAdmin):
    editors: ClassVar[frozenset[str]] = frozenset({RoleKind.ANCT, RoleKind.BDT})
    list_display = ("heures", "intitule", "valide_du", "valide_au", "source")


class PositionnementInline(ReadOnlyInline):
    model = Positionnement
    fields = ("at", "by", "recommande", "decide", "motif", "explication")
    readonly_fields = fields


class InscriptionInline(ReadOnlyInline):
    model = Inscription
    fields = ("dossier", "session", "status", "heures_realisees", "ccp1", "pix", "pix_score")
    readonly_fields = fields
    show_change_link = True


class DossierActionForm(ActionForm):
    organisme = forms.ModelChoiceField(Organisme.objects.all(), required=False, label="Organisme :")


@admin.register(DossierFormation)
class DossierFormationAdmin(ReadOnlyStatusAdmin):
    list_display = ("pk", "conseiller", "organisme", "parcours", "status", "created_at")
    list_filter = ("status", "parcours", "organisme")
    list_select_related = ("conseiller__compte", "organisme", "parcours")
    search_fields = ("=pk", "conseiller__compte__nom", "=conseiller__compte__email")
    inlines = (PositionnementInline, InscriptionInline)
    action_form = DossierActionForm
    actions = ("assign_organisme",)

    @admin.action(description="Confier à l'organisme choisi")
    def assign_organisme(self, request: HttpRequest, queryset: QuerySet[DossierFormation]) -> None:
        form = DossierActionForm(request.POST)
        # Django fills its choices elsewhere; it has already been read.
        del form.fields["action"]
        organisme = form.cleaned_data.get("organisme") if form.is_valid() else None
        if organisme is None:
            messages.error(request, "Choisissez un organisme.")
            return
        act_on_each(
            request,
            queryset,
            permissions.can_assign,
            lambda role, dossier: services.assign_organisme(dossier=dossier, organisme=organisme, by=role),
        )


@admin.register(SessionFormation)
class SessionFormationAdmin(ReadOnlyStatusAdmin):
    list_display = ("pk", "organisme", "parcours", "date_debut", "date_fin", "capacite", "status")
    list_filter = ("status", "parcours", "organisme")
    list_select_related = ("organisme", "parcours")
    search_fields = ("=pk", "organisme__nom")
    date_hierarchy = "date_debut"
    inlines = (InscriptionInline,)


@admin.register(Inscription)
class InscriptionAdmin(ReadOnlyStatusAdmin):
    list_display = ("pk", "dossier", "session", "status", "heures_realisees", "ccp1", "pix")
    list_filter = ("status", "ccp1", "pix")
    list_select_related = ("dossier", "session")
    search_fields = ("=pk", "dossier__conseiller__compte__nom")


class MotifActionForm(ActionForm):
    motif = forms.CharField(required=False, label="Motif :", max_length=250)


@admin.register(Attestation)
class AttestationAdmin(AppendOnlyAdmin):
    """The verification code is not shown: whoever has it can pass for the holder of the paper."""

    list_display = ("numero", "genre", "inscription", "rendered_at", "revoked_at")
    list_filter = ("genre", ("revoked_at", admin.EmptyFieldListFilter), ("rendered_at", admin.EmptyFieldListFilter))
    list_select_related = ("inscription",)
    search_fields = ("=numero", "inscription__dossier__conseiller__compte__nom")
    fields = (
        "numero", "genre", "inscription", "sha256", "created_at", "rendered_at", "revoked_at", "revoked_reason",
        "revoked_by",
    )  # fmt: skip
    action_form = MotifActionForm
    actions = ("revoke",)

    @admin.action(description="Révoquer, avec le motif saisi")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Attestation]) -> None:
        motif = request.POST.get("motif", "").strip()[:250]
        if not motif:
            messages.error(request, "Indiquez le motif de la révocation.")
            return
        act_on_each(
            request,
            queryset.select_related("inscription__session"),
            permissions.can_revoke,
            lambda role, attestation: services.revoke_attestation(attestation=attestation, motif=motif, by=role),
        )
