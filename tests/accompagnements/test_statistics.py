from collections import Counter
from datetime import date, timedelta

import pytest
from django.db.models import Sum
from django.urls import reverse
from hypothesis import HealthCheck, given, settings, strategies as st

from accompagnements import jobs
from accompagnements.enums import AGES, GENRES, STATUTS, Canal, TypeAccompagnement
from accompagnements.figures import FIGURES, hidden_cells
from accompagnements.models import Accompagnement, CumulTerritoire, Theme
from accompagnements.selectors import last_months, measure, period_before
from accompagnements.selectors.statistics import months_between
from comptes.enums import RoleKind
from contrats.models import Conseiller
from structures.models import Structure
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import (
    AccompagnementFactory,
    AppartenanceFactory,
    CoordinationFactory,
    EnPosteFactory,
    EtiquetteFactory,
    LieuActiviteFactory,
)
from tests.comptes.factories import RoleFactory
from tests.structures.factories import MembreFactory
from tests.territoires.factories import CommuneFactory

URL = "/accompagnements/statistiques/"
TODAY = date(2026, 11, 18)


@st.composite
def public(draw, columns, participants):
    """Counts whose sum stays within the participants."""
    values, left = {}, participants
    for column in columns:
        values[column] = draw(st.integers(0, left))
        left -= values[column]
    return values


@st.composite
def rows(draw):
    kind = draw(st.sampled_from(TypeAccompagnement.values))
    participants = draw(st.integers(1, 1000)) if kind == "atelier" else 1
    values = {
        "type": kind,
        "participants": participants,
        "recurrents": draw(st.integers(0, participants)),
        "date": draw(st.dates(date(2025, 11, 1), date(2026, 11, 30))),
        "duree": draw(st.integers(5, 480)),
        "canal": draw(st.sampled_from([canal for canal in Canal.values if canal != "lieu_activite"])),
        "themes": sorted(draw(st.sets(st.integers(1, 30), min_size=1, max_size=20))),
    }
    for columns in (GENRES, AGES, STATUTS):
        values |= draw(public(columns, participants))
    return values


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some=st.lists(rows(), max_size=12),
    period=st.tuples(st.dates(date(2025, 11, 1), TODAY), st.dates(date(2025, 11, 1), TODAY)),
)
def test_figures_equal_a_recount_of_the_rows(some, period):
    debut, fin = sorted(period)
    commune, names = CommuneFactory(), dict(Theme.objects.values_list("pk", "nom"))
    conseiller = Conseiller.objects.first() or EnPosteFactory()
    Accompagnement.objects.all().delete()
    Accompagnement.objects.bulk_create(Accompagnement(conseiller=conseiller, commune=commune, **one) for one in some)

    found = measure(Accompagnement.objects.all(), debut, fin)

    kept = [one for one in some if debut <= one["date"] <= fin]
    assert found.total.accompagnements == len(kept)
    assert found.total.participations == sum(one["participants"] for one in kept)
    assert found.total.minutes == sum(one["duree"] for one in kept)
    assert found.recurrents == sum(one["recurrents"] for one in kept)
    months = Counter(f"{one['date']:%Y-%m}" for one in kept)
    assert {line.label: line.accompagnements for line in found.par_mois if line.accompagnements} == months
    assert [line.label for line in found.par_mois] == [f"{month:%Y-%m}" for month in months_between(debut, fin)]
    for lines, name, labels in (
        (found.par_type, "type", dict(TypeAccompagnement.choices)),
        (found.par_canal, "canal", dict(Canal.choices)),
    ):
        expected = {label: [one for one in kept if one[name] == key] for key, label in labels.items()}
        assert {line.label: (line.accompagnements, line.participations, line.minutes) for line in lines} == {
            label: (len(ones), sum(one["participants"] for one in ones), sum(one["duree"] for one in ones))
            for label, ones in expected.items()
        }
    themes = Counter(names[pk] for one in kept for pk in one["themes"])
    assert {line.label: line.accompagnements for line in found.par_theme} == themes
    for parts, columns in ((found.par_genre, GENRES), (found.par_age, AGES), (found.par_statut, STATUTS)):
        counted = {label: sum(one[column] for one in kept) for column, label in columns.items()}
        rest = found.total.participations - sum(counted.values())
        assert {part.label: part.participations for part in parts} == counted | {"Non communiqué": rest}


@pytest.mark.parametrize(
    ("du", "au", "expected"),
    [
        (None, None, (date(2025, 12, 1), TODAY)),
        (date(2026, 3, 15), None, (date(2026, 3, 15), TODAY)),
        (None, date(2026, 2, 10), (date(2025, 3, 1), date(2026, 2, 10))),
        (date(1, 1, 1), date(9999, 12, 31), (date(2020, 11, 17), TODAY)),
        (None, date(2020, 12, 1), (date(2020, 11, 17), date(2020, 12, 1))),
    ],
)
def test_period_shown(du, au, expected):
    assert last_months(du, au, TODAY) == expected


def test_months_go_to_the_last_one():
    assert [f"{month:%m/%y}" for month in months_between(date(2025, 11, 30), date(2026, 2, 1))] == [
        "11/25", "12/25", "01/26", "02/26",
    ]  # fmt: skip
    assert months_between(date(2026, 2, 1), date(2026, 1, 1)) == []


def totals(response):
    return {label: value for label, value, _ in response.context["figures"].totals}


def test_conseiller_sees_own_figures_in_a_picture_and_a_table(enter, conseiller):
    AccompagnementFactory(conseiller=conseiller, atelier=True, genre_feminin=4)
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, 2))
    AccompagnementFactory(conseiller=EnPosteFactory())

    response = enter.get(URL)

    assert totals(response) == {
        "Accompagnements": "2",
        "Participations": "11",
        "Personnes suivies": "0",
        "dont personnes déjà venues": "0",
        "Heures d'accompagnement": "2 h 30",
    }
    page = response.content.decode()
    assert page.count('role="img"') == page.count("<caption") == 16
    assert "style=" not in page.split("<main")[1]
    assert "novembre 2026" in page


@pytest.mark.parametrize("query", [{"du": "2026-11-01"}, {"type": "atelier"}, {"theme": "5", "canal": "domicile"}])
def test_figures_follow_the_filters(enter, conseiller, query):
    AccompagnementFactory(conseiller=conseiller, atelier=True)
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, 2), canal="a_distance", themes=[2])
    assert totals(enter.get(URL, query))["Accompagnements"] == "1"


def test_wrong_period_is_said(enter):
    response = enter.get(URL, {"du": "2026-11-02", "au": "2026-11-01"})
    assert "La fin de la période précède son début." in response.content.decode()


def test_structure_sees_the_figures_of_its_conseillers_only(client, conseiller):
    colleague = EnPosteFactory(contrat__poste__convention=conseiller.contrat.poste.convention)
    assert colleague.contrat.structure == conseiller.contrat.structure
    AccompagnementFactory(conseiller=conseiller)
    AccompagnementFactory(conseiller=colleague, atelier=True)
    stranger = AccompagnementFactory().conseiller
    membre = MembreFactory(structure=conseiller.contrat.structure)
    sign_in(client, membre.compte.roles.get(kind=RoleKind.STRUCTURE))

    assert totals(client.get(URL))["Participations"] == "11"
    assert totals(client.get(URL, {"perimetre": f"conseiller-{colleague.pk}"}))["Participations"] == "10"
    for code in (f"conseiller-{stranger.pk}", f"structure-{stranger.contrat.structure_id}", "lieu-1", "conseiller-x"):
        refused = client.get(URL, {"perimetre": code})
        assert totals(refused) == {}
        assert "perimetre" in refused.context["form"].errors
    assert client.get(reverse("accompagnements:export")).status_code == 403


def test_figures_stay_true_after_a_change_and_a_removal(enter, conseiller):
    row = AccompagnementFactory(conseiller=conseiller, atelier=True)
    Accompagnement.objects.filter(pk=row.pk).update(participants=7)
    assert totals(enter.get(URL))["Participations"] == "7"
    enter.post(reverse("accompagnements:delete", args=[row.pk]))
    assert totals(enter.get(URL))["Participations"] == "0"
    assert Accompagnement.objects.aggregate(Sum("participants"))["participants__sum"] is None


def enter_as(client, kind, **territory):
    role = RoleFactory(kind=kind, **territory)
    return sign_in(client, role)


@pytest.fixture
def country(conseiller):
    """Six rows in Nantes, four in Paris, on days of October and November 2026."""
    nantes, paris = CommuneFactory(), CommuneFactory(paris=True)
    for number in range(6):
        AccompagnementFactory(conseiller=conseiller, commune=nantes, date=date(2026, 10, 1 + number), duree=60)
    for number in range(4):
        AccompagnementFactory(conseiller=conseiller, commune=paris, date=date(2026, 11, 1 + number))
    return nantes, paris


@pytest.mark.parametrize(
    ("kind", "territory", "expected"),
    [
        (RoleKind.PREFET, {"departement_id": "44"}, "6"),
        (RoleKind.PREFET, {"region_id": "11"}, "4"),
        (RoleKind.COORDINATEUR, {"region_id": "52"}, "6"),
        (RoleKind.HUB, {"region_id": "11"}, "4"),
        (RoleKind.HUB, {}, "0"),
        (RoleKind.ANCT, {}, "10"),
        (RoleKind.BDT, {}, "10"),
        (RoleKind.GRAND_RESEAU, {"reseau": "La Ligue"}, "10"),
        (RoleKind.GRAND_RESEAU, {"reseau": "Un autre"}, "0"),
        (RoleKind.GRAND_RESEAU, {}, "0"),
    ],
)
def test_each_role_sees_its_scope(client, country, conseiller, kind, territory, expected):
    Structure.objects.filter(pk=conseiller.contrat.structure_id).update(reseau="La Ligue")
    enter_as(client, kind, **territory)
    assert totals(client.get(URL))["Accompagnements"] == expected
    jobs.refresh_statistics()
    assert totals(client.get(URL))["Accompagnements"] == expected


def test_staff_name_a_network_or_a_group(client, country, conseiller):
    """A group counts the days of membership, and what its coordinateur did."""
    Structure.objects.filter(pk=conseiller.contrat.structure_id).update(reseau="Emmaüs Connect")
    groupe = AppartenanceFactory(conseiller=conseiller, debut=date(2026, 11, 2)).groupe
    CoordinationFactory(coordinateur=groupe.coordinateur)
    CoordinationFactory()
    codes = ["reseau-emmaus-connect", f"groupe-{groupe.pk}"]
    for kind in (RoleKind.ANCT, RoleKind.BDT):
        enter_as(client, kind)
        pages = [client.get(URL, {"perimetre": code}) for code in codes]
        assert [totals(page)["Accompagnements"] for page in pages] == ["10", "3"]
        assert [page.context["perimetre"].label for page in pages] == ["Emmaüs Connect", str(groupe)]
        assert pages[1].context["perimetre"].coordination.count() == 1
        assert '<option value="reseau-emmaus-connect">Emmaüs Connect</option>' in client.get(URL).content.decode()
    for kind, territory in ((RoleKind.PREFET, {"departement_id": "44"}), (RoleKind.GRAND_RESEAU, {"reseau": "X"})):
        enter_as(client, kind, **territory)
        for code in [*codes, "reseau-", "groupe-0"]:
            assert "perimetre" in client.get(URL, {"perimetre": code}).context["form"].errors


def test_small_cells_are_hidden_outside_ones_scope(client, country):
    enter_as(client, RoleKind.PREFET, departement_id="44")
    elsewhere = client.get(URL, {"perimetre": "D75", "au": "2026-11-18"})
    # November is not over: nothing of Paris is old enough.
    assert totals(elsewhere)["Accompagnements"] == "0"
    AccompagnementFactory(commune=country[1], date=date(2026, 10, 9))
    assert client.get(URL, {"perimetre": "D75"}).context["figures"].is_hidden
    france = client.get(URL, {"perimetre": "FR", "du": "2026-10-05"})
    assert france.context["debut"] == date(2026, 10, 1)
    assert totals(france)["Accompagnements"] == "7"
    shown = {one.name: one.rows for one in france.context["figures"].figures}
    assert shown["duree"][1] == ("De 30 minutes à 1 heure", ["masqué"])
    # The only other value would give it away.
    assert shown["duree"][2] == ("De 1 à 2 heures", ["masqué"])
    assert "masqué;masqué" in get_csv(client, "jours", {"perimetre": "FR"})
    enter_as(client, RoleKind.ANCT)
    assert totals(client.get(URL, {"perimetre": "D75"}))["Accompagnements"] == "5"


@pytest.mark.parametrize(
    ("values", "hidden"),
    [
        ([0, 5, 9], set()),
        ([3, 9, 7], {0, 2}),
        ([1, 1, 50, 0], {0, 1, 2}),
        ([4, 4, 50], {0, 1}),
        ([4, 0], {0}),
    ],
)
def test_what_is_hidden_cannot_be_had_by_difference(values, hidden):
    assert hidden_cells(values, hides=True) == hidden
    assert hidden_cells(values, hides=False) == set()


def get_csv(client, figure, query):
    response = client.get(reverse("accompagnements:statistics_csv", args=[figure]), query)
    assert response["Content-Type"].startswith("text/csv")
    return b"".join(response.streaming_content).decode("utf-8-sig")


def test_each_figure_has_its_file(enter, conseiller):
    row = AccompagnementFactory(conseiller=conseiller, atelier=True, genre_feminin=4)
    row.etiquettes.add(EtiquetteFactory(compte=conseiller.compte))
    figures = enter.get(URL).context["figures"].figures
    assert {figure.name for figure in figures} == FIGURES
    for figure in figures:
        lines = get_csv(enter, figure.name, {}).splitlines()
        assert len(lines) == len(figure.lines) + 1
    assert get_csv(enter, "genre", {"du": "2026-11-01"}).splitlines() == [
        ";Participations", "Femmes;4", "Hommes;0", "Non communiqué;6",
    ]  # fmt: skip
    days = get_csv(enter, "jours", {"du": "2026-10-30"}).splitlines()
    assert (days[1], days[-1], len(days)) == ("2026-10-30;0;0;0", "2026-11-18;1;10;120", 21)
    assert enter.get(reverse("accompagnements:statistics_csv", args=["jours"]), {"du": "x"}).status_code == 302


def test_period_is_compared_with_the_one_before(enter, conseiller):
    for day in (date(2026, 11, 10), date(2026, 11, 11), date(2026, 11, 9)):
        AccompagnementFactory(conseiller=conseiller, date=day)
    response = enter.get(URL, {"du": "2026-11-10", "au": "2026-11-11"})
    assert response.context["before"] == (date(2026, 11, 8), date(2026, 11, 9))
    assert response.context["figures"].totals[0] == ("Accompagnements", "2", "+100 % (période précédente : 1)")
    assert period_before(date(2026, 2, 1), date(2026, 3, 31)) == (date(2025, 12, 1), date(2026, 1, 31))
    assert period_before(date(2020, 11, 20), date(2026, 3, 31)) is None


def test_filters_narrow_ones_own_activity_only(enter, client, conseiller):
    here = LieuActiviteFactory(conseiller=conseiller)
    AccompagnementFactory(conseiller=conseiller, canal="lieu_activite", lieu=here)
    AccompagnementFactory(conseiller=conseiller)
    AccompagnementFactory(canal="lieu_activite", lieu=here)
    assert totals(enter.get(URL, {"perimetre": f"lieu-{here.pk}"}))["Accompagnements"] == "1"
    assert totals(enter.get(URL, {"commune": "Nantes (44000)", "canal": "domicile"}))["Accompagnements"] == "1"
    refused = enter.get(URL, {"perimetre": "D44", "type": "atelier"})
    assert "Ce filtre s&#x27;applique" in refused.content.decode()
    enter_as(client, RoleKind.PREFET, departement_id="44")
    assert totals(client.get(URL, {"commune": "Nantes (44000)"}))["Accompagnements"] == "3"


def test_a_large_commune_is_read_from_its_own_figures(client, conseiller):
    nantes = conseiller.contrat.structure.commune
    AccompagnementFactory(conseiller=conseiller, commune=nantes)
    CommuneFactory(code="75056", nom="Paris", departement__code="75", codes_postaux=["75001"])
    jobs.refresh_statistics()
    CumulTerritoire.objects.filter(territoire="C44109").update(accompagnements=3412)
    enter_as(client, RoleKind.ANCT)

    def counted(perimetre, commune="Nantes (44000)"):
        return totals(client.get(URL, {"perimetre": perimetre, "commune": commune}))["Accompagnements"]

    around = ["FR", f"R{nantes.departement.region_id}", "D44"]
    assert [counted(perimetre) for perimetre in around] == ["3\u202f412"] * 3
    assert counted("D75") == counted("FR", "Paris (75001)") == "0"
    # Of a conseiller, the rows of this conseiller.
    assert counted(f"conseiller-{conseiller.pk}") == "1"


def test_a_page_stays_light_whatever_its_period(client, conseiller):
    first = date(2020, 11, 17)
    Accompagnement.objects.bulk_create(
        Accompagnement(
            conseiller=conseiller, commune=conseiller.contrat.structure.commune, type="atelier", participants=900,
            duree=480, canal="domicile", date=first + timedelta(days=number), themes=[1 + number % 30],
        )
        for number in range((TODAY - first).days + 1)
    )  # fmt: skip
    # As many a day as in the whole country, so that numbers are as wide as they get.
    jobs.refresh_statistics()
    CumulTerritoire.objects.update(accompagnements=3412)
    CoordinationFactory()
    enter_as(client, RoleKind.ANCT)
    page = client.get(URL, {"du": "2020-11-17"}).content
    assert len(page) > 50_000
    assert len(page) <= 100_000
    assert b"novembre 2020" in page
    assert b"novembre 2026" in page
