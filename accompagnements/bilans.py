"""The figures of a scope and a period, as the page shows them and as the PDF report prints them."""

from itertools import chain, zip_longest
from typing import Any, NamedTuple

from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import mark_safe

from accompagnements.coordination import coordination_figures
from accompagnements.exceptions import NothingToReportError
from accompagnements.figures import Figure, Figures, read_statistics, with_links
from accompagnements.forms.statistiques import StatistiquesForm
from accompagnements.models import Livraison
from accompagnements.selectors import (
    count_etiquettes,
    count_personnes,
    last_months,
    today_for,
    whole_months,
)
from common.pdf import render_pdf
from comptes.enums import RoleKind
from comptes.models import Role

# A row of days is one column each: it takes the width of the page, in small letters.
WIDE = 8
# Beyond, a table of two columns (the weeks of years) is folded in `FOLDS` side by side.
LONG = 60
FOLDS = 5
# A picture and its table this short stay on one page.
SHORT = 12


class Table(NamedTuple):
    """The table behind a picture, as paper takes it: cells with a mark on those that name their neighbour."""

    css: str
    header: list[str]
    rows: list[list[tuple[bool, str]]]


def table_of(figure: Figure) -> Table:
    first = {"mois": "Mois", "jours": "Date"}.get(figure.name, "Valeur")
    header = [first, *figure.columns]
    rows = [[(True, label), *((False, value) for value in values)] for label, values in figure.rows]
    if len(rows) > LONG and len(figure.columns) == 1:
        height = -(-len(rows) // FOLDS)
        parts = [rows[start : start + height] for start in range(0, len(rows), height)]
        empty = [(False, ""), (False, "")]
        folded = [list(chain.from_iterable(line)) for line in zip_longest(*parts, fillvalue=empty)]
        return Table("plie", header * len(parts), folded)
    return Table("large" if len(header) > WIDE else "colonnes", header, rows)


def figures_of(role: Role, form: StatistiquesForm) -> tuple[Figures, dict[str, Any]]:
    """Count what is asked for; nothing while a filter is in error, rather than something else."""
    today = today_for(role)
    debut, fin = last_months(**form.period, today=today)
    if form.is_bound and not form.is_valid():
        return Figures([], [], is_empty=True), {"debut": debut, "fin": fin, "before": None, "perimetre": None}
    lecture = read_statistics(form.perimetre, debut, fin, today=today)
    perimetre, debut, fin, before = lecture.perimetre, lecture.debut, lecture.fin, lecture.before
    figures = with_links(
        lecture.figures,
        count_personnes(perimetre.rows, debut, fin),
        count_personnes(perimetre.rows, *before) if before else None,
        # Words order one's own activity; elsewhere they would say what others do.
        count_etiquettes(role, perimetre.rows, debut, fin) if perimetre.is_own else [],
        hides=lecture.hides,
        hides_persons=lecture.hides or role.kind != RoleKind.CONSEILLER,
    )
    coordination = coordination_figures(perimetre, debut, fin)
    return figures, {
        "debut": debut, "fin": fin, "before": before, "perimetre": perimetre, "coordination": coordination,
    }  # fmt: skip


def demande_of(role: Role, form: StatistiquesForm) -> tuple[str, str]:
    """Return the title of a report, and its demand: the page's address with the period of that day written in it."""
    today = today_for(role)
    debut, fin = last_months(**form.period, today=today)
    perimetre = form.perimetre
    if not perimetre.is_own:
        debut, fin = whole_months(debut, fin, today)
    kept = QueryDict(mutable=True)
    for name in form.fields:
        value = str(form[name].data or "") if form.is_bound else ""
        if value and name not in {"du", "au"}:
            kept[name] = value
    kept["du"], kept["au"] = debut.isoformat(), fin.isoformat()
    return f"{perimetre.label}, du {debut:%d/%m/%Y} au {fin:%d/%m/%Y}", kept.urlencode()


def bilan_pdf(livraison: Livraison) -> bytes:
    """Render the report that was asked for, with the rights of who asked."""
    return render_pdf(
        "accompagnements/pdf/bilan.html",
        stylesheet="accompagnements/pdf/bilan.css",
        context=bilan_context(livraison),
    )


def bilan_context(livraison: Livraison) -> dict[str, Any]:
    role = livraison.role
    form = StatistiquesForm(QueryDict(livraison.demande), role=role)
    if not form.is_valid():
        raise NothingToReportError
    figures, context = figures_of(role, form)
    asked = timezone.localtime(livraison.created_at)
    shown = [*figures.figures, *context["coordination"]]
    return context | {
        "figures": figures,
        "filters": form.narrowing,
        "by": str(role.compte),
        "role": str(role),
        "asked": f"{date_format(asked, 'j F Y')} à {asked:%H:%M}",
        "creation": asked.isoformat(),
        "sections": [(one, table_of(one), len(one.rows) <= SHORT) for one in shown],
        # A picture inside a document reads its own rules only.
        "svg_style": mark_safe(render_to_string("accompagnements/pdf/image.css")),  # noqa: S308  # A file of ours.
    }
