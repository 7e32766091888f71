from dataclasses import dataclass, field
from datetime import date

from accompagnements.enums import Famille
from accompagnements.models import Theme

# One sentence for each family, in the words of the programme (S1, S4).
PHRASES = {
    Famille.AUTONOMIE: "Prendre en main un appareil, aller sur internet, écrire et ranger : les bases, à votre rythme.",
    Famille.QUOTIDIEN: "Consulter un médecin, acheter, travailler ou garder le lien avec vos proches, en ligne.",
    Famille.CITOYEN: "Vérifier une information, protéger vos données, accompagner vos enfants.",
    Famille.DEMARCHES: "Faire vous-même vos démarches, avec quelqu'un à côté de vous ; jamais à votre place.",
}


@dataclass(frozen=True)
class ThemeOffert:
    nom: str
    phrase: str
    precisions: list["ThemeOffert"] = field(default_factory=list)


@dataclass(frozen=True)
class FamilleOfferte:
    nom: str
    anchor: str
    phrase: str
    themes: list[ThemeOffert]


def service_offer(day: date) -> list[FamilleOfferte]:
    """Return the families, their themes and sub-themes valid on a day. A family with no theme left is not offered."""
    themes = list(Theme.objects.valid_on(day).order_by("ordre", "pk"))
    offered: dict[int, ThemeOffert] = {}
    families: dict[str, list[ThemeOffert]] = {}
    for theme in themes:
        if theme.parent_id is None:
            offered[theme.pk] = ThemeOffert(theme.nom, theme.phrase)
            families.setdefault(theme.famille, []).append(offered[theme.pk])
    for theme in themes:
        if theme.parent_id in offered:
            offered[theme.parent_id].precisions.append(ThemeOffert(theme.nom, theme.phrase))
    return [
        FamilleOfferte(famille.label, famille.anchor, PHRASES[famille], families[famille])
        for famille in Famille
        if famille in families
    ]
