from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import AppendOnlyAdmin
from notifications.models import Consultation, Effet
from notifications.services import send_again


@admin.register(Effet)
class EffetAdmin(AppendOnlyAdmin):
    """The machine's side of the outbox. Whom a mail went to is read in the log, where each look is written down."""

    list_display = ["pk", "genre", "etat", "essais", "created_at", "done_at"]
    list_filter = ["etat", "genre"]
    search_fields = ["=pk", "=cle"]
    actions = ["ask_again"]
    fields = [
        "cle", "genre", "charge", "etat", "essais", "prochain_at", "erreur", "message_id", "created_at", "done_at",
    ]  # fmt: skip

    @admin.action(description="Renvoyer ce qui n'est pas parti")
    def ask_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.run_service(request, queryset, lambda effet: send_again(effet=effet), "Remis à envoyer")


@admin.register(Consultation)
class ConsultationAdmin(AppendOnlyAdmin):
    """Who looked at the mails of which address."""

    list_display = ["at", "compte", "role", "adresse"]
    list_select_related = ["compte"]
    list_filter = ["at"]
    search_fields = ["=adresse", "=compte__email"]
