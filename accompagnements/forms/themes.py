import datetime as dt
from typing import Any

from django import forms
from django.db.models import Q

from accompagnements.models import Theme


class ThemeForm(forms.ModelForm):
    """A démarche belongs to the family of its theme, and lives within its dates: choosing the one chooses both."""

    class Meta:
        model = Theme
        fields = ["id", "code", "nom", "famille", "phrase", "ordre", "parent", "valide_du", "valide_au"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        parent, famille, first, last = (data.get(name) for name in ("parent", "famille", "valide_du", "valide_au"))
        if last and self.instance.pk and self._outlived(last):
            self.add_error("valide_au", "Fermez d'abord les démarches qui le précisent.")
        if parent is None:
            return data
        if parent.pk == self.instance.pk or parent.parent_id is not None:
            self.add_error("parent", "Choisissez un thème qui n'en précise pas lui-même un autre.")
        if famille and parent.famille != famille:
            self.add_error("famille", f"Gardez la famille du thème qu'il précise : {parent.famille}.")
        if first and first < parent.valide_du:
            self.add_error("valide_du", f"Le thème qu'il précise commence le {parent.valide_du:%d/%m/%Y}.")
        if first and parent.valide_au and (last is None or last > parent.valide_au):
            self.add_error("valide_au", f"Le thème qu'il précise s'arrête le {parent.valide_au:%d/%m/%Y}.")
        return data

    def _outlived(self, last: dt.date) -> bool:
        """Say whether a theme that precises this one would be left without it."""
        later = Q(valide_au=None) | Q(valide_au__gt=last)
        return Theme.objects.filter(later, parent=self.instance.pk).exists()
