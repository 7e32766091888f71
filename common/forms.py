import hashlib
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from dsfr.forms import DsfrBaseForm, DsfrBoundField
from dsfr.templatetags.dsfr_tags import dsfr_mark_optionnal_fields

from common.exceptions import RuleError


class BoundField(DsfrBoundField):
    """DSFR's bound field, with the help text still announced when the field is in error (RGAA 11.10)."""

    @property
    def template_name(self) -> str:
        if self.widget_type in {"checkboxselectmultiple", "inlinecheckboxselectmultiple"}:
            return "common/forms/checkboxselectmultiple.html"
        name: str = super().template_name
        return name

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        """Leave « (Optionnel) » out of a form where everything is: the filters of a list."""
        html = super().render(*args, **kwargs)
        if any(field.required for field in self.form.fields.values()):
            return html
        # Same markup, less a mark: the label comes before anything a person typed.
        return mark_safe(html.replace(str(dsfr_mark_optionnal_fields(self)), "", 1))  # noqa: S308

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        ids = []
        if self.help_text:
            ids.append(f"{self.auto_id}_helptext")
        if self.form.is_bound and self.errors:
            ids.append(f"{self.auto_id}-desc-error")
        if ids:
            attrs["aria-describedby"] = " ".join(ids)
        return attrs


class DsfrFormMixin(DsfrBaseForm):
    """What all our forms share: DSFR markup and an error summary that takes the focus."""

    template_name = "common/forms/form.html"
    bound_field_class = BoundField

    def add_rule_error(self, error: RuleError) -> None:
        """Show the refusal of a service beside the field it names, or above the form."""
        field = error.field if error.field in self.fields else None
        self.add_error(field, forms.ValidationError(str(error), code="rule"))


class Form(DsfrFormMixin):
    pass


class ModelForm(DsfrFormMixin, forms.ModelForm):  # type: ignore[misc]
    pass


class VersionedForm(Form):
    """Two windows on one form: what the other one saved is shown beside what is typed, never overwritten unseen.

    A hidden field holds a digest of each value the page was filled with. Sending the form again, once both values
    were shown, is a choice. Who writes checks again under its lock, and raises `StaleFormError`.
    """

    data: Any
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = lambda: ".".join(self._digests().values())

    def _digests(self) -> dict[str, str]:
        shown = {name: self.get_initial_for_field(self.fields[name], name) for name in self.fields if name != "version"}
        return {name: hashlib.sha256(str(value).encode()).hexdigest()[:12] for name, value in shown.items()}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        version = self.data.get(self.add_prefix("version"))
        now, read = self._digests(), (version or "").split(".")
        if not version or len(read) != len(now):  # Not sent by one of our pages.
            return data
        for name, digest in zip(now, read, strict=True):
            if now[name] != digest and name in self.changed_data and name not in self.errors:
                self.add_error(name, forms.ValidationError(CHANGED, code="stale", params={"saved": self._say(name)}))
        self.data = self.data.copy()
        self.data[self.add_prefix("version")] = ".".join(now.values())
        return data

    def _say(self, name: str) -> str:
        """Write a saved value as the page would."""
        field = self.fields[name]
        value = self.get_initial_for_field(field, name)
        if isinstance(field, forms.ChoiceField):
            chosen = {str(one) for one in (value if isinstance(value, list) else [value])}
            choices: Any = field.choices
            value = ", ".join(str(label) for key, label in choices if key != "" and str(key) in chosen)
        elif isinstance(field, forms.BooleanField):
            value = "oui" if value else "non"
        elif isinstance(field, forms.DateField):
            value = date_format(day, "j F Y") if (day := field.to_python(value)) else ""
        else:
            value = field.prepare_value(value)
        return str(value or "aucune réponse")


CHANGED = (
    "Cette réponse a été changée dans une autre fenêtre : « %(saved)s ». Envoyez à nouveau pour la remplacer par la "
    "vôtre, ou remettez-la."
)
