from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import BaseAdmin, ReadOnlyStatusAdmin
from common.exceptions import RuleError
from comptes.enums import RoleKind
from contrats import permissions, services
from contrats.models import Conseiller, Contrat, SmicMensuel


@admin.register(Contrat)
class ContratAdmin(ReadOnlyStatusAdmin):
    list_display = ["pk", "candidature", "structure", "type", "date_debut", "date_fin", "status"]
    list_filter = ["status", "type"]
    list_select_related = ["candidature", "structure"]
    search_fields = ["=pk", "structure__nom", "=structure__siret", "candidature__nom"]
    actions = ["validate"]

    @admin.action(description="Valider les contrats choisis")
    def validate(self, request: HttpRequest, queryset: QuerySet[Contrat]) -> None:
        """One by one, by the service: a refusal is shown and stops none of the others."""
        role = request.role  # type: ignore[attr-defined]
        for contrat in queryset.order_by("pk"):
            if not permissions.can_validate(role, contrat):
                messages.error(
                    request, f"{contrat} : seule une autre personne de la Banque des Territoires peut le valider."
                )
                continue
            try:
                services.validate_contrat(contrat=contrat, by=role)
            except RuleError as error:
                messages.error(request, f"{contrat} : {error}")
            else:
                messages.success(request, f"{contrat} : validé.")


@admin.register(Conseiller)
class ConseillerAdmin(BaseAdmin):
    """The equipment is noted here (S3); the contract is written by its validation."""

    editors = frozenset({RoleKind.ANCT, RoleKind.BDT})
    perimetre = "conseiller"
    list_display = ["compte", "contrat", "tenue_remise_at", "mobilier_remis_at"]
    list_select_related = ["compte", "contrat"]
    search_fields = ["compte__nom", "compte__email"]
    readonly_fields = ["compte", "contrat"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(SmicMensuel)
class SmicMensuelAdmin(BaseAdmin):
    """A new value is a new row: contracts already signed keep theirs."""

    editors = frozenset({RoleKind.ANCT, RoleKind.BDT})
    list_display = ["valide_du", "montant", "source"]

    def has_change_permission(self, request: HttpRequest, obj: SmicMensuel | None = None) -> bool:
        return False
