import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from territoires.constants import CHOICES_MAX
from territoires.models import Commune
from territoires.selectors import resolve_commune, search_communes
from territoires.widgets import CommuneWidget, Saisie


class CommuneField(forms.Field):
    """One commune, typed by name or code postal: its value is a `Commune`.

    When several communes answer, the form is shown again with them as radio buttons below what was typed.
    """

    widget = CommuneWidget
    default_error_messages = {
        "required": "Indiquez une commune.",
        "unknown": "Aucune commune ne correspond à « %(text)s ». Vérifiez le nom, ou saisissez le code postal.",
        "ambiguous": "Plusieurs communes peuvent correspondre à « %(text)s ». Choisissez la vôtre dans la liste.",
    }

    def prepare_value(self, value: Any) -> Any:
        """Show the commune of an instance or of `initial`, given as itself or as its code."""
        if isinstance(value, str):
            value = Commune.objects.filter(pk=value).first()
        if isinstance(value, Commune):
            return Saisie(text=value.libelle, code=value.code)
        return value

    def to_python(self, value: Any) -> Commune | None:
        saisie = value if isinstance(value, Saisie) else Saisie(text=str(value or ""))
        if not saisie.text:
            return None
        if chosen := self._chosen(saisie):
            return chosen
        resolution = resolve_commune(saisie.text)
        if resolution.commune is None:
            code = "ambiguous" if resolution.choices else "unknown"
            raise ValidationError(self.error_messages[code], code=code, params={"text": saisie.text[:60]})
        return resolution.commune

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.disabled:
            return False
        before = self.prepare_value(initial) or Saisie()
        after = data or Saisie()
        return before.text != after.text or (after.code != "" and before.code != after.code)

    @staticmethod
    def _chosen(saisie: Saisie) -> Commune | None:
        """Return the commune picked in a list, unless the text was changed afterwards: then the text counts."""
        if not re.fullmatch(r"[0-9AB]{5}", saisie.code):
            return None
        commune = Commune.objects.active().filter(pk=saisie.code).first()
        if commune is None or saisie.text == commune.libelle:
            return commune
        offered = (one.commune for one in search_communes(saisie.text, limit=CHOICES_MAX))
        return commune if commune in offered else None
