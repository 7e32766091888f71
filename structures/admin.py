"""Support's window on the structures. Statuses are read; acts call the services, the two-person rule included."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import BaseAdmin, ReadOnlyInline, ReadOnlyStatusAdmin
from common.exceptions import RuleError
from comptes.enums import RoleKind
from structures import permissions, services
from structures.constants import MOTIF_MAX_LENGTH, MOTIF_MIN_LENGTH
from structures.models import (
    AvisPrefet,
    Convention,
    DecisionCoselec,
    DemandePoste,
    Membre,
    Poste,
    SessionCoselec,
    Structure,
)

REFUSED = "Votre rôle actuel ne permet pas cette action."


def act_on_each(
    request: HttpRequest, rows: QuerySet[Any], may: Callable[[Any], bool], act: Callable[[Any], object]
) -> None:
    """Do an act row by row, and say which rows refused it and why."""
    done = 0
    for row in rows:
        try:
            if not may(row):
                raise RuleError(REFUSED)
            act(row)
        except RuleError as error:
            messages.error(request, f"{row} : {error}")
        else:
            done += 1
    if done:
        messages.success(request, f"Fait pour {done} ligne(s).")


class MembreInline(ReadOnlyInline):
    model = Membre
    fields = ("compte", "created_at")
    readonly_fields = fields


class AvisInline(ReadOnlyInline):
    model = AvisPrefet
    fields = ("at", "avis", "commentaire", "by")
    readonly_fields = fields


class DecisionInline(ReadOnlyInline):
    model = DecisionCoselec
    fields = ("session", "decision", "postes", "motif", "preparee_par", "validee_par", "validee_at")
    readonly_fields = fields


class DemandeActionForm(ActionForm):
    """What some acts need beside the selected rows."""

    session = forms.ModelChoiceField(SessionCoselec.objects.open(), required=False, label="Session :")
    motif = forms.CharField(required=False, label="Motif :", max_length=MOTIF_MAX_LENGTH)


@admin.register(Structure)
class StructureAdmin(BaseAdmin):
    editors: ClassVar[frozenset[str]] = frozenset({RoleKind.ANCT})
    perimetre = "structure"
    list_display = ("nom", "siret", "ridet", "type", "commune", "verifiee_at", "fermee")
    list_filter = ("type", "fermee", "france_services")
    list_select_related = ("commune",)
    search_fields = ("nom", "=siret", "=ridet", "commune__nom")
    raw_id_fields = ("commune",)
    readonly_fields = ("verifiee_at", "fermee")
    inlines = (MembreInline,)

    def save_model(self, request: HttpRequest, obj: Structure, form: Any, change: bool) -> None:
        services.save_structure(structure=obj)


@admin.register(DemandePoste)
class DemandePosteAdmin(ReadOnlyStatusAdmin):
    list_display = ("pk", "structure", "status", "postes_souhaites", "deposee_at", "session")
    list_filter = ("status", "type", "session", "structure__commune__departement")
    list_select_related = ("structure", "session")
    search_fields = ("=pk", "structure__nom", "=structure__siret", "=contact_email")
    inlines = (AvisInline, DecisionInline)
    action_form = DemandeActionForm
    actions = ("schedule", "validate_decision", "sign_convention", "mark_duplicate", "abandon")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DemandePoste]:
        """A draft is still its visitor's own."""
        return DemandePoste.objects.visible_to(request.role).submitted()  # type: ignore[attr-defined]

    @admin.action(description="Inscrire à la session choisie")
    def schedule(self, request: Any, rows: QuerySet[DemandePoste]) -> None:
        session = SessionCoselec.objects.open().filter(pk=_number(request.POST.get("session"))).first()
        if session is None:
            messages.error(request, "Choisissez une session à côté de l'action.")
            return
        act_on_each(
            request,
            rows,
            lambda row: permissions.can_schedule(request.role, row),
            lambda row: services.schedule_demande(demande=row, by=request.role, session=session),
        )

    @admin.action(description="Valider la décision préparée")
    def validate_decision(self, request: Any, rows: QuerySet[DemandePoste]) -> None:
        act_on_each(
            request,
            rows,
            lambda row: request.role.kind == RoleKind.ANCT,
            lambda row: services.validate_decision(demande=row, by=request.role),
        )

    @admin.action(description="Signer la convention préparée")
    def sign_convention(self, request: Any, rows: QuerySet[DemandePoste]) -> None:
        act_on_each(
            request,
            rows,
            lambda row: request.role.kind == RoleKind.BDT,
            lambda row: services.sign_convention(demande=row, by=request.role),
        )

    @admin.action(description="Classer en doublon (motif)")
    def mark_duplicate(self, request: Any, rows: QuerySet[DemandePoste]) -> None:
        if motif := _motif(request):
            act_on_each(
                request,
                rows,
                lambda row: permissions.can_mark_duplicate(request.role, row),
                lambda row: services.mark_duplicate(demande=row, by=request.role, motif=motif),
            )

    @admin.action(description="Abandonner (motif)")
    def abandon(self, request: Any, rows: QuerySet[DemandePoste]) -> None:
        if motif := _motif(request):
            act_on_each(
                request,
                rows,
                lambda row: permissions.can_abandon(request.role, row),
                lambda row: services.abandon_demande(demande=row, by=request.role, motif=motif),
            )


@admin.register(SessionCoselec)
class SessionCoselecAdmin(BaseAdmin):
    """Sessions are opened on the site, where they take their number."""

    list_display = ("numero", "date", "closed_at")
    actions = ("close",)

    @admin.action(description="Clore la session")
    def close(self, request: Any, rows: QuerySet[SessionCoselec]) -> None:
        act_on_each(
            request,
            rows,
            lambda row: request.role.kind == RoleKind.ANCT,
            lambda row: services.close_session(session=row, by=request.role),
        )


@admin.register(Convention)
class ConventionAdmin(BaseAdmin):
    list_display = ("numero", "structure", "date_debut", "date_fin", "annees_aide", "signee_at")
    list_filter = ("annees_aide",)
    list_select_related = ("structure",)
    search_fields = ("=numero", "structure__nom", "=structure__siret")


@admin.register(Poste)
class PosteAdmin(ReadOnlyStatusAdmin):
    list_display = ("pk", "structure", "type", "status", "date_debut", "convention")
    list_filter = ("status", "type", "structure__commune__departement")
    list_select_related = ("structure", "convention")
    search_fields = ("=pk", "structure__nom", "=structure__siret", "=convention__numero")


def _number(value: str | None) -> int:
    """Return a typed key, or 0, which names no row."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else 0


def _motif(request: HttpRequest) -> str:
    """Return the reason typed beside the action, or say that it is missing."""
    motif = request.POST.get("motif", "").strip()
    if MOTIF_MIN_LENGTH <= len(motif) <= MOTIF_MAX_LENGTH:
        return motif
    messages.error(
        request, f"Écrivez un motif de {MOTIF_MIN_LENGTH} à {MOTIF_MAX_LENGTH} caractères à côté de l'action."
    )
    return ""
