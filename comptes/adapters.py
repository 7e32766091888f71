import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from common.emails import absolute_url, build_email
from notifications.sealing import cipher, seal
from notifications.services import queue_effet

# allauth's name of a change → what the person is told.
SECURITY_NOTICES = {
    "account/email/password_changed": "Votre mot de passe a été modifié",
    "account/email/password_reset": "Votre mot de passe a été remplacé",
    "account/email/password_set": "Un mot de passe a été créé pour votre compte",
    "mfa/email/totp_activated": "Le second facteur de votre compte est activé",
    "mfa/email/totp_deactivated": "Le second facteur de votre compte est désactivé",
    "mfa/email/recovery_codes_generated": "De nouveaux codes de secours ont été créés",
}


class CompteAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "L'adresse e-mail ou le mot de passe est incorrect.",
        "incorrect_code": "Ce code n'est pas le bon, ou il n'est plus valable.",
        "incorrect_password": "Ce mot de passe n'est pas le bon.",
        "enter_current_password": "Ce n'est pas votre mot de passe actuel.",
        "too_many_login_attempts": "Trop d'essais : attendez cinq minutes avant de recommencer.",
        "rate_limited": "Trop d'essais : attendez quelques minutes avant de recommencer.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: an account is created by a confirmed application, request or invitation."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Build the link on our own address, whatever host the request names."""
        uid, _, token = key.partition("-")
        return absolute_url(reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token}))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send through the outbox. The message holds a code or a link that nothing can build again: it is sealed."""
        message, sealed = self._sealed(template_prefix, email, context)
        with transaction.atomic():
            queue_effet(
                "comptes.allauth",
                cle=f"comptes.allauth:{uuid.uuid4()}",
                destinataire=message.to[0],
                scelle=sealed,
            )

    def pretend_to_send(self, template_prefix: str, email: str, **context: Any) -> None:
        """Do the work of a mail to an address without account, and send nothing: the answer takes as long."""
        _, sealed = self._sealed(template_prefix, email, context)
        with transaction.atomic():
            queue_effet("comptes.allauth", cle=f"comptes.allauth:{uuid.uuid4()}", scelle=sealed)
            transaction.set_rollback(True)

    def _sealed(self, prefix: str, email: str, context: dict[str, Any]) -> tuple[EmailMultiAlternatives, bytes]:
        if prefix in SECURITY_NOTICES:
            context = {"notice": SECURITY_NOTICES[prefix], "at": context["timestamp"]}
            message = build_email("account/email/security_notice", to=email, context=context)
        else:
            wanted: dict[str, Any] = {k: v for k, v in context.items() if k in {"code", "password_reset_url"}}
            message = build_email(prefix, to=email, context=wanted)
        return message, seal(message)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "Ce code n'est pas le bon. Attendez le suivant et recopiez-le.",
    }

    def encrypt(self, text: str) -> str:
        return cipher("second-factor").encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher("second-factor").decrypt(encrypted_text.encode()).decode()
