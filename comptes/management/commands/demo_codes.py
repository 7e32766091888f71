from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.core.management.base import BaseCommand

from comptes.demo import DEMO_ACCOUNTS, demo_email, demo_jeton_api, refuse_outside_demo
from comptes.services import find_jeton_api


class Command(BaseCommand):
    help = "Affiche, des comptes de démonstration, le code à six chiffres du moment et le jeton d'API."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_outside_demo()
        emails = [demo_email(name) for name in DEMO_ACCOUNTS]
        totps = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__email__in=emails)
        # The middle counter is now; its neighbours are the tolerance.
        counters = list(yield_hotp_counters_from_time())
        now = counters[len(counters) // 2]
        for totp in totps.select_related("user").order_by("user__email"):
            code = format_hotp_value(hotp_value(decrypt(totp.data["secret"]), now))
            self.stdout.write(f"{totp.user.email:<42} {code}")
        for email in emails:
            token = demo_jeton_api(email)
            if find_jeton_api(token):
                self.stdout.write(f"{email:<42} {token}")
