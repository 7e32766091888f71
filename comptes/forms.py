"""allauth's forms in the design system, with labels and hints in plain French, the invitee's, those about mail."""

import secrets
from typing import Any

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.recovery_codes.forms import GenerateRecoveryCodesForm as AllauthGenerateRecoveryCodesForm
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.contrib.auth import password_validation
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from dsfr.widgets import InlineRadioSelect

from common.emails import absolute_url
from common.fields import normalize_name
from common.forms import DsfrFormMixin, Form
from comptes.constants import JETON_API_DUREES
from comptes.enums import SCOPES_BY_ROLE, RoleKind, ScopeApi
from comptes.models import Role
from notifications.enums import Rythme
from notifications.registry import Kind
from notifications.selectors import Wishes, rhythm

PASSWORD_HINT = "12 caractères au moins. Une phrase de plusieurs mots est sûre et facile à retenir."  # noqa: S105  # Words, not a password.
CODE_HINT = "6 chiffres, donnés par votre application d'authentification, ou l'un de vos codes de secours."

# Field → label, hint. Placeholders are no labels: they are removed.
WORDS = {
    "login": ("Adresse e-mail", "Format attendu : nom@domaine.fr"),
    "email": ("Adresse e-mail", "Format attendu : nom@domaine.fr"),
    "password": ("Mot de passe", ""),
    "oldpassword": ("Mot de passe actuel", ""),
    "password1": ("Nouveau mot de passe", PASSWORD_HINT),
    "password2": ("Le même mot de passe, une seconde fois", ""),
    "code": ("Code", CODE_HINT),
}


class AllauthMixin(DsfrFormMixin):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in WORDS.items():
            if name in self.fields:
                self.describe(name, label, hint)
        if "code" in self.fields:
            self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}

    def describe(self, name: str, label: str, hint: str) -> None:
        # The bound field took its words when the design system looked at it, before ours.
        for field in (self.fields[name], self[name]):
            field.label, field.help_text = label, hint
        self.fields[name].widget.attrs.pop("placeholder", None)


class LoginForm(AllauthMixin, account_forms.LoginForm):
    pass


class RequestLoginCodeForm(AllauthMixin, account_forms.RequestLoginCodeForm):
    def clean_email(self) -> str:
        email: str = super().clean_email()
        if self._user is None:
            get_adapter().pretend_to_send("account/email/login_code", email, code="A1B2C3")
        return email


class ConfirmLoginCodeForm(AllauthMixin, account_forms.ConfirmLoginCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.describe("code", "Code", "Le code reçu par e-mail. Majuscules et minuscules sont équivalentes.")
        self.fields["code"].widget.attrs.pop("inputmode", None)


class ResetPasswordForm(AllauthMixin, account_forms.ResetPasswordForm):
    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email: str = super().save(request, **kwargs)
        if not self.users:
            link = absolute_url(reverse("account_reset_password"))
            get_adapter().pretend_to_send("account/email/password_reset_key", email, password_reset_url=link)
        return email


class ResetPasswordKeyForm(AllauthMixin, account_forms.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(AllauthMixin, account_forms.ChangePasswordForm):
    pass


class SetPasswordForm(AllauthMixin, account_forms.SetPasswordForm):
    pass


class ReauthenticateForm(AllauthMixin, account_forms.ReauthenticateForm):
    pass


class SingleUseCodeMixin(AllauthMixin):
    """Refuse a code already used. allauth remembers it for one period only, and the tolerance makes it live three."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        lifetime = mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1)
        if not cache.add(f"second-factor-used:{self.user.pk}:{code.strip()}", "y", timeout=lifetime):
            raise ValidationError("Ce code a déjà servi. Attendez le suivant.", code="used")
        return code


class AuthenticateForm(SingleUseCodeMixin, mfa_forms.AuthenticateForm):
    pass


class MfaReauthenticateForm(SingleUseCodeMixin, mfa_forms.ReauthenticateForm):
    pass


class ActivateTOTPForm(AllauthMixin, totp_forms.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.describe("code", "Code", "Les 6 chiffres que l'application affiche en ce moment.")


class DeactivateTOTPForm(AllauthMixin, totp_forms.DeactivateTOTPForm):
    pass


class GenerateRecoveryCodesForm(AllauthMixin, AllauthGenerateRecoveryCodesForm):
    pass


class AcceptInvitationForm(Form):
    """Who the invited person is. An account that has a password keeps it: the link never replaces one."""

    prenom = forms.CharField(
        label="Prénom", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    nom = forms.CharField(label="Nom", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "family-name"}))
    password = forms.CharField(
        label="Mot de passe",
        help_text=f"{PASSWORD_HINT} Sans mot de passe, vous vous connecterez avec un code reçu par e-mail.",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_prenom(self) -> str:
        return normalize_name(self.cleaned_data["prenom"])

    def clean_nom(self) -> str:
        return normalize_name(self.cleaned_data["nom"])

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password:
            password_validation.validate_password(password)
        return password


class NotificationsForm(Form):
    """One question for each message its reader has a say in."""

    def __init__(self, *args: Any, kinds: list[Kind], wishes: Wishes, adresse: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = {kind.name.replace(".", "-"): kind for kind in kinds if kind.has_choice}
        for name, kind in self.kinds.items():
            self.fields[name] = forms.ChoiceField(
                label=kind.label,
                help_text=kind.when,
                choices=[(value.value, value.label) for value in kind.rhythms],
                initial=rhythm(kind, adresse, wishes),
                widget=InlineRadioSelect,
            )

    def topics(self) -> list[tuple[str, list[forms.BoundField]]]:
        topics: dict[str, list[forms.BoundField]] = {}
        for name, kind in self.kinds.items():
            topics.setdefault(kind.topic, []).append(self[name])
        return list(topics.items())

    def rhythms(self) -> dict[str, Rythme]:
        return {kind.name: Rythme(self.cleaned_data[name]) for name, kind in self.kinds.items()}


class EffacementForm(Form):
    confirmer = forms.BooleanField(
        label="J'ai compris que mon compte et mes données seront effacés tout de suite, et pour toujours.",
        error_messages={"required": "Cochez cette case si vous voulez vraiment effacer votre compte."},
    )


class LogSearchForm(Form):
    """An exact address: the log is not for browsing."""

    adresse = forms.EmailField(
        label="Adresse e-mail",
        max_length=254,
        help_text="L'adresse complète. Votre recherche est notée, à votre nom, dans le journal des consultations.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


SCOPE_WORDS = {
    ScopeApi.ACCOMPAGNEMENTS_READ: "Lire les accompagnements de mon périmètre",
    ScopeApi.ACCOMPAGNEMENTS_WRITE: "Enregistrer mes accompagnements",
    ScopeApi.STATISTIQUES_READ: "Lire les statistiques",
}


GRAINE_LOST = "Cette page est abîmée : rechargez-la, puis recommencez."


def _duration(days: int) -> str:
    return "Un an" if days == 365 else f"{days} jours"


class JetonApiForm(Form):
    graine = forms.RegexField(
        r"^[A-Za-z0-9_-]{43}$", widget=forms.HiddenInput,
        error_messages={"required": GRAINE_LOST, "invalid": GRAINE_LOST},
    )  # fmt: skip
    nom = forms.CharField(
        label="Nom du jeton", max_length=60, help_text="L'outil qui s'en servira. Par exemple : tableau de bord."
    )
    scopes = forms.MultipleChoiceField(
        label="Droits", widget=forms.CheckboxSelectMultiple, help_text="Le moins possible.",
        error_messages={"required": "Choisissez au moins un droit."},
    )  # fmt: skip
    duree = forms.TypedChoiceField(
        label="Durée", coerce=int, choices=[(days, _duration(days)) for days in JETON_API_DUREES], initial=90
    )

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = SCOPES_BY_ROLE.get(RoleKind(role.kind), ())
        self.fields["scopes"].choices = [(scope.value, SCOPE_WORDS[scope]) for scope in allowed]
        # Read when the form is shown: each page has a seed of its own.
        self.fields["graine"].initial = lambda: secrets.token_urlsafe(32)

    def clean_nom(self) -> str:
        return normalize_name(self.cleaned_data["nom"])
