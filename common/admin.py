"""What every admin class shares. Reading is for the roles the site lets in; writing is opened class by class."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from common.exceptions import RuleError


class BaseAdmin(admin.ModelAdmin):
    """Support's window: it reads everything, deletes nothing, and changes what `editors` opens.

    Rights come from the current role, as everywhere else: Django's own permissions are not used.
    """

    # Kinds of role that may add and change rows by hand. Acts go through services, in `actions`.
    editors: ClassVar[frozenset[str]] = frozenset()
    show_full_result_count = False
    list_per_page = 50

    # What the page of statistics calls a row, before its number; empty: nothing of it is counted there.
    perimetre: ClassVar[str] = ""

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """« Voir sur le site »: the figures of what has some, else its own page."""
        if obj is not None and self.perimetre:
            return f"{reverse('accompagnements:statistics')}?perimetre={self.perimetre}-{obj.pk}"
        return super().get_view_on_site_url(obj)

    def _may_edit(self, request: HttpRequest) -> bool:
        role = getattr(request, "role", None)
        return role is not None and role.kind in self.editors

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may_edit(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Dates the machine writes are read, never typed."""
        names = {field.name for field in self.model._meta.fields}
        dates = [name for name in ("created_at", "updated_at") if name in names]
        return [*super().get_readonly_fields(request, obj), *dates]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Say the refusal of a service that the form could not foresee (a race): nothing is written."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except RuleError as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())

    def run_service(
        self, request: HttpRequest, rows: models.QuerySet[Any], service: Callable[[Any], object], done: str
    ) -> HttpResponse | None:
        """Call a service on each row an action was asked for, keep a trace of it, and tell what it refused."""
        if getattr(request, "role", None) is None:
            messages.error(request, "Choisissez un rôle avant d'agir : un acte est fait au nom d'un rôle.")
            return None
        count = 0
        for row in rows:
            try:
                service(row)
            except RuleError as error:
                messages.error(request, f"{row} : {error}")
            else:
                self.log_change(request, row, done)
                count += 1
        if count:
            messages.success(request, f"{done} : {count}.")
        return None


class ReadOnlyInline(admin.TabularInline):
    """Rows one reads under another: never added, changed nor removed here."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def transition_inline(model: type[models.Model]) -> type[ReadOnlyInline]:
    """Return the history of a model that has a status, as its own `transitions` holds it."""
    history: Any = model._meta.get_field("transitions").related_model
    fields = ["at", "from_status", "to_status", "by", "reason"]
    return type(
        f"{history.__name__}Inline",
        (ReadOnlyInline,),
        {"model": history, "fields": fields, "readonly_fields": fields, "ordering": ["at", "pk"]},
    )


class ReadOnlyStatusAdmin(BaseAdmin):
    """A model whose status follows a table: support reads the status and its history, services write them."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "status"]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type[Any]]:
        return [*super().get_inlines(request, obj), transition_inline(self.model)]


class AppendOnlyAdmin(BaseAdmin):
    """Rows the database refuses to change: nobody adds or edits them here, whatever `editors` says."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
