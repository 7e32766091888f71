"""A list page: what it costs beside an empty one, its table beside an f-string, its queries and its weight."""

import re
import time
from pathlib import Path

from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import override_settings
from django.urls import reverse
from django.utils.html import escape

from accompagnements.filters import AccompagnementFilter
from accompagnements.presentation import Row, present_list
from bench.harness import Report, at_most, query_count
from bench.world import add_accompagnements, client_of, load_conseiller
from comptes.enums import RoleKind
from comptes.models import Role

# Each figure of a run is the sum of so many: one page takes a few milliseconds, processor clocks tick by one.
TIMES = 20
PAGE_MAX_KB = 100


def run(report: Report, scale: float) -> None:
    with override_settings(ROOT_URLCONF="bench.urls"):
        measure(report)


def measure(report: Report) -> None:
    conseiller = load_conseiller()
    role = Role.objects.get(compte=conseiller.compte, kind=RoleKind.CONSEILLER, ended_at=None)
    client = client_of(role)
    list_url = reverse("accompagnements:list")

    def get(url: str) -> bytes:
        response = client.get(url)
        assert response.status_code == 200, url
        return response.content

    add_accompagnements(conseiller, 10)
    get(list_url)
    with_ten = query_count(lambda: get(list_url))
    add_accompagnements(conseiller, 190)
    with_two_hundred = query_count(lambda: get(list_url))
    report.compare(
        "page.list",
        lambda: [get(list_url) for _ in range(TIMES)],
        lambda: [get("/bench/vide/") for _ in range(TIMES)],
        at_most(25),
        clock=time.process_time,
    )
    table(report, role)
    report.count("page.more_queries_with_200_rows", abs(with_two_hundred - with_ten), of=with_ten)
    weight = len(get(list_url)) / 1000
    report.line("page.weight", f"{weight:.1f}kB", f"{PAGE_MAX_KB}kB", weight / PAGE_MAX_KB, at_most(1))


def table(report: Report, role: Role) -> None:
    """The table alone, as the template writes it and as an f-string would: the same addresses built, the same
    escaping, the same characters but for spaces."""
    source = (Path(settings.BASE_DIR) / "templates" / "accompagnements" / "list.html").read_text()
    found = re.search(r"<table>.*</table>", source, re.DOTALL)
    assert found, "the list has no table any more"
    template = Template("{% load i18n %}" + found[0])
    page = Paginator(AccompagnementFilter(None, role=role).rows, 20).get_page(1)
    rows = present_list(page.object_list)
    context = {"rows": rows, "page_obj": page}

    def ours() -> str:
        return template.render(Context(context))

    assert "".join(ours().split()) == "".join(by_f_string(rows).split())
    report.compare(
        "page.table",
        lambda: [ours() for _ in range(TIMES)],
        lambda: [by_f_string(rows) for _ in range(TIMES)],
        at_most(2.5),
        clock=time.process_time,
    )


def by_f_string(rows: list[Row]) -> str:
    lines = "".join(
        f"""<tr>
        <td class="cn-date">
            <time datetime="{escape(row["iso_date"])}">{escape(row["date"])}</time>
            <span class="fr-hint-text">{escape(row["duree"])}</span>
        </td>
        <td>
            <a class="fr-link" href="{reverse("accompagnements:detail", args=[row["pk"]])}">{escape(row["type"])}
                <span class="fr-sr-only"> {escape(row["which"])}</span></a>
            {f'<span class="fr-text--bold">{escape(row["titre"])}</span>' if row["titre"] else ""}
            <span class="fr-hint-text">{escape(row["themes"])}</span>
            <span class="fr-hint-text">{escape(row["place"])}</span>
            {f'<span class="fr-hint-text">Étiquettes : {escape(row["etiquettes"])}</span>' if row["etiquettes"] else ""}
        </td>
        <td>{escape(row["participants"])}</td>
        <td><a class="fr-link" href="{reverse("accompagnements:duplicate", args=[row["pk"]])}">Dupliquer
            <span class="fr-sr-only"> {escape(row["type"])} {escape(row["which"])}</span></a></td>
        </tr>"""
        for row in rows
    )
    return f"""<table>
        <caption>Les plus récents d’abord</caption>
        <thead><tr><th scope="col">Date et durée</th><th scope="col">Accompagnement</th>
        <th scope="col">Participants</th><th scope="col">Copier</th></tr></thead>
        <tbody>{lines}</tbody></table>"""
