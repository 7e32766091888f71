from functools import partial
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from dsfr.models import DsfrConfig

from common.admin import AppendOnlyAdmin, BaseAdmin, ReadOnlyInline
from common.exceptions import RuleError
from common.fields import normalize_email
from comptes.enums import INVITED_KINDS, RoleKind
from comptes.models import Compte, EntreeJournal, Invitation, JetonApi, Role
from comptes.services import cancel_invitation, invite, revoke_jeton_api, set_compte_active, withdraw_role
from comptes.signals import invitation_prepared

# Second-factor secrets, a second list of addresses, rights and a site configuration we do not use.
for model in (Authenticator, DsfrConfig, EmailAddress, Group):
    admin.site.unregister(model)


class RoleInline(ReadOnlyInline):
    model = Role
    fields: ClassVar[Any] = ["kind", "departement", "region", "reseau", "created_at", "ended_at"]
    readonly_fields = ["kind", "departement", "region", "reseau", "created_at", "ended_at"]


@admin.register(Compte)
class CompteAdmin(BaseAdmin):
    editors = frozenset({RoleKind.ANCT})
    list_display = ["email", "nom", "prenom", "is_active", "last_login"]
    list_filter = ["is_active", "roles__kind"]
    search_fields = ["=pk", "email", "nom", "prenom"]
    fields = [
        "email",
        "prenom",
        "nom",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
        "created_at",
        "updated_at",
    ]
    # The address is the identity, proved by a link; the flags are rights.
    readonly_fields = ["email", "is_active", "is_staff", "is_superuser", "last_login"]
    inlines = [RoleInline]
    actions = ["deactivate", "reactivate"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An account comes from an application, a request or an invitation."""
        return False

    @admin.action(description="Désactiver les comptes choisis", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_active(request, queryset, active=False, done="Compte désactivé")

    @admin.action(description="Réactiver les comptes choisis", permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_active(request, queryset, active=True, done="Compte réactivé")

    def _set_active(self, request: Any, queryset: QuerySet[Any], *, active: bool, done: str) -> None:
        service = partial(set_compte_active, active=active, by=request.role)
        self.run_service(request, queryset, lambda compte: service(compte=compte), done)


@admin.register(Role)
class RoleAdmin(AppendOnlyAdmin):
    list_display = ["compte", "kind", "departement", "region", "reseau", "created_at", "ended_at"]
    list_filter = ["kind", ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["compte", "departement", "region"]
    search_fields = ["=pk", "compte__email", "compte__nom"]
    actions = ["withdraw"]

    @admin.action(description="Retirer les rôles choisis", permissions=["withdraw"])
    def withdraw(self, request: Any, queryset: QuerySet[Any]) -> None:
        rows = queryset.select_related("compte")
        self.run_service(request, rows, lambda role: withdraw_role(role=role, by=request.role), "Rôle retiré")

    def has_withdraw_permission(self, request: Any) -> bool:
        return request.role is not None and request.role.kind == RoleKind.ANCT


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ["email", "kind", "departement", "region", "reseau", "objet_id"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [choice for choice in RoleKind.choices if choice[0] in INVITED_KINDS]
        self.fields["kind"] = forms.ChoiceField(label="Rôle", choices=kinds)

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        cleaned_data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned_data
        invitation = Invitation(**cleaned_data)
        try:
            # The form's own check leaves out the constraints that name a field it lacks.
            invitation.validate_constraints()
            invitation_prepared.send(sender=Invitation, invitation=invitation)
        except forms.ValidationError as error:
            self.add_error("kind", error.messages)
        except RuleError as error:
            self.add_error(error.field, str(error))
        return cleaned_data


@admin.register(Invitation)
class InvitationAdmin(BaseAdmin):
    editors = frozenset({RoleKind.ANCT})
    form = InvitationForm
    list_display = ["email", "kind", "departement", "region", "invited_by", "created_at", "accepted_at", "cancelled_at"]
    list_filter = ["kind", ("accepted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["departement", "region", "invited_by"]
    search_fields = ["=pk", "email"]
    actions = ["cancel"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        asked = ["email", "kind", "departement", "region", "reseau", "objet_id"]
        return asked if obj is None else [*asked, "invited_by", "accepted_at", "accepted_by", "cancelled_at"]

    def save_model(self, request: Any, obj: Invitation, form: Any, change: bool) -> None:
        invitation = invite(**form.cleaned_data, by=request.role)
        obj.pk = invitation.pk

    @admin.action(description="Annuler les invitations choisies", permissions=["add"])
    def cancel(self, request: Any, queryset: QuerySet[Any]) -> None:
        service = partial(cancel_invitation, by=request.role)
        self.run_service(request, queryset, lambda row: service(invitation=row), "Invitation annulée")


@admin.register(EntreeJournal)
class EntreeJournalAdmin(AppendOnlyAdmin):
    list_display = ["at", "compte", "role", "verbe", "objet"]
    list_filter = ["verbe", "role"]
    list_select_related = ["compte"]
    search_fields = ["objet", "compte__email"]


@admin.register(JetonApi)
class JetonApiAdmin(AppendOnlyAdmin):
    """Support closes a token somebody found where it should not be; its owner alone makes one."""

    list_display = ["prefixe", "role", "scopes", "created_at", "expires_at", "revoked_at", "last_used_on"]
    list_filter = ["role__kind", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["role__departement", "role__region"]
    search_fields = ["=prefixe", "role__compte__email"]
    exclude = ["digest"]
    actions = ["revoke"]

    @admin.action(description="Révoquer les jetons choisis", permissions=["revoke"])
    def revoke(self, request: Any, queryset: QuerySet[Any]) -> None:
        service = partial(revoke_jeton_api, by=request.role)
        self.run_service(request, queryset, lambda row: service(jeton=row), "Jeton révoqué")

    def has_revoke_permission(self, request: Any) -> bool:
        return request.role is not None and request.role.kind == RoleKind.ANCT
