from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from candidatures import permissions, services
from candidatures.forms import AdminWithdrawForm
from candidatures.models import Candidature
from common.admin import ReadOnlyStatusAdmin
from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from comptes.models import Role


@admin.register(Candidature)
class CandidatureAdmin(ReadOnlyStatusAdmin):
    """Support reads every candidature that was sent; what it changes goes through services."""

    list_display = ["pk", "prenom", "nom", "commune", "rayon_km", "date_disponibilite", "status", "submitted_at"]
    list_filter = [
        "status",
        "titulaire_tp_remn",
        "diplome_mediation",
        "experience_mediation",
        "commune__departement__region",
    ]
    list_select_related = ["commune"]
    search_fields = ["=pk", "=email", "nom", "prenom", "=commune__code"]
    date_hierarchy = "submitted_at"
    actions = ["pause", "withdraw"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Candidature]:
        role: Role | None = getattr(request, "role", None)
        if role is None:  # A superuser without any role: the one who installs.
            return super().get_queryset(request)
        return Candidature.objects.visible_to(role)

    def has_act_permission(self, request: HttpRequest) -> bool:
        role = getattr(request, "role", None)
        return role is not None and role.kind == RoleKind.ANCT

    @admin.action(description="Mettre en pause", permissions=["act"])
    def pause(self, request: CompteRequest, queryset: QuerySet[Candidature]) -> None:
        self._apply(request, queryset, permissions.can_pause, services.pause_candidature, reason="par le support")

    @admin.action(description="Retirer, avec un motif", permissions=["act"])
    def withdraw(self, request: CompteRequest, queryset: QuerySet[Candidature]) -> HttpResponse | None:
        """Ask why, then withdraw: the reason stays in the history, the person receives an e-mail."""
        form = AdminWithdrawForm(request.POST if "motif" in request.POST else None)
        if form.is_bound and form.is_valid():
            self._apply(request, queryset, permissions.can_withdraw, services.withdraw_candidature, **form.cleaned_data)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Retirer des candidatures",
            "opts": self.model._meta,
            "form": form,
            "candidatures": queryset,
            "action_name": "withdraw",
        }
        return TemplateResponse(request, "admin/candidatures/withdraw.html", context)

    def _apply(
        self,
        request: CompteRequest,
        queryset: QuerySet[Candidature],
        may: Callable[..., bool],
        service: Callable[..., object],
        **arguments: Any,
    ) -> None:
        done = 0
        for candidature in queryset:
            if not may(request.role, candidature):
                continue
            try:
                service(candidature=candidature, by=request.role, **arguments)
            except RuleError as error:
                self.message_user(request, f"{candidature} : {error}", messages.ERROR)
            else:
                done += 1
        if done:
            self.message_user(request, f"Candidatures traitées : {done}.", messages.SUCCESS)
