"""What a conseiller does with their places: shared, described, left."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accompagnements import services
from accompagnements.constants import LIEUX_MAX
from accompagnements.forms.lieux import ExceptionForm, HorairesForm, LieuDetailsForm
from accompagnements.models import LieuActivite
from accompagnements.selectors import similar_lieux
from common.exceptions import RuleError
from tests.accompagnements.entry import errors, typed
from tests.accompagnements.factories import (
    TODAY,
    AccompagnementFactory,
    EnPosteFactory,
    ExceptionFactory,
    LieuActiviteFactory,
    PassageFactory,
)
from tests.territoires.factories import CommuneFactory


@pytest.fixture
def lieu(conseiller):
    return LieuActiviteFactory(conseiller=conseiller)


def url(name, row):
    return reverse(f"accompagnements:{name}", args=[row.pk])


def details(lieu, **changes):
    data = {"nom": lieu.nom, "adresse": lieu.adresse, "commune": "Nantes (44000)", "acces": "libre"}
    return {name: value for name, value in (data | changes).items() if value is not None}


def test_details_are_checked_and_saved(enter, lieu):
    typed = details(
        lieu, siret="130 026 032 00016", telephone="02 40 12 34 56", latitude="47,2101", longitude="-1.5643",
        services=["demarches", "quotidien"], acces="rdv", code_postal="44100", site_web="exemple.fr",
    )  # fmt: skip
    assert enter.post(url("update_lieu", lieu), typed).status_code == 302

    lieu.refresh_from_db()
    assert (lieu.siret, lieu.telephone, lieu.site_web) == ("13002603200016", "+33240123456", "https://exemple.fr")
    assert (lieu.point, lieu.services, lieu.acces) == ((47.2101, -1.5643), ["demarches", "quotidien"], "rdv")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("siret", "13002603200017"), ("siret", "130026032"), ("latitude", "48"), ("latitude", "nord"),
        ("longitude", "-1,55"), ("telephone", "12"), ("courriel", "mairie"), ("site_web", "javascript:alert(1)"),
        ("code_postal", "75001"), ("services", ["autre"]), ("acces", "ouvert"), ("presentation", "a" * 281),
        ("fiche_acces_libre", "https://exemple.fr/"), ("commune", "Nulle Part"), ("nom", ""),
    ],
)  # fmt: skip
def test_bad_details_are_said_beside_their_field(field, value):
    CommuneFactory()
    form = LieuDetailsForm(details(LieuActiviteFactory.build(commune=None), **{field: value}))
    beside = {"latitude": "longitude", "longitude": "latitude"} if value != "nord" else {}
    assert set(form.errors) == {beside.get(field, field)}


def test_swapped_coordinates_are_noticed_and_nothing_typed_is_lost(enter, lieu):
    page = enter.post(url("update_lieu", lieu), details(lieu, nom="Neuf", latitude="-1.55", longitude="47.21"))
    assert errors(page) == {"latitude"}
    assert "sont-elles inversées" in page.content.decode()
    assert page.context["form"]["nom"].value() == "Neuf"
    lieu.refresh_from_db()
    assert lieu.latitude is None


def test_two_windows_on_one_lieu(enter, lieu):
    page = enter.get(url("update_lieu", lieu))
    version = page.context["form"]["version"].value()
    LieuActivite.objects.filter(pk=lieu.pk).update(nom="Médiathèque centrale")

    answer = enter.post(url("update_lieu", lieu), details(lieu, nom="Médiathèque du centre", version=version))
    assert errors(answer) == {"nom"}
    assert "Médiathèque centrale" in answer.content.decode()


def week(**changes):
    data = {"mode": "par_jour", "ferme_feries": "on"}
    for jour in ("lundi", "mardi", "jeudi", "vendredi"):
        data |= {f"{jour}_matin_de": "09:00", f"{jour}_apres_midi_a": "17h"}
    return data | changes


def test_hours_by_day_write_the_syntax(enter, lieu):
    assert enter.post(url("update_horaires", lieu), week()).status_code == 302
    lieu.refresh_from_db()
    assert lieu.horaires == "Mo,Tu 09:00-17:00; Th,Fr 09:00-17:00; PH off"
    assert "Lundi et mardi : 9\xa0h – 17\xa0h" in enter.get(url("manage_lieu", lieu)).content.decode()

    form = enter.get(url("update_horaires", lieu)).context["form"]
    assert (form["mode"].value(), form["mercredi_matin_de"].value()) == ("par_jour", None)
    assert str(form["jeudi_matin_de"].value()) == "09:00:00"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (week(lundi_matin_de="25:00"), "lundi_matin_de"),
        (week(samedi_matin_de="09:00"), "samedi_matin_a"),
        (week(lundi_apres_midi_a="08:00"), "lundi_matin_a"),
        ({"mode": "syntaxe", "syntaxe": "Lu 9h"}, "syntaxe"),
        ({"mode": "syntaxe", "syntaxe": "M" * 251}, "syntaxe"),
        ({}, "mode"),
    ],
)
def test_bad_hours(data, field):
    assert set(HorairesForm(data).errors) == {field}


def test_syntax_for_those_who_know_it(enter, lieu):
    data = {"mode": "syntaxe", "syntaxe": "Mo[1] 10:00-12:00"}
    assert enter.post(url("update_horaires", lieu), data).status_code == 302
    form = enter.get(url("update_horaires", lieu)).context["form"]
    assert (form["mode"].value(), form["syntaxe"].value()) == ("syntaxe", "Mo[1] 10:00-12:00")


def test_exceptions(enter, lieu):
    closed = {"du": "2026-12-24", "au": "2026-12-31", "ouverture": "ferme", "motif": 'congés "payés"'}
    assert enter.post(url("add_exception", lieu), closed).status_code == 302
    other = {"du": "2027-01-04", "ouverture": "autres", "matin_de": "10:00", "matin_a": "12:00"}
    assert enter.post(url("add_exception", lieu), other).status_code == 302
    lieu.horaires = "Mo-Fr 09:00-12:00"
    assert lieu.horaires_complets == (
        'Mo-Fr 09:00-12:00; 2026 Dec 24-2026 Dec 31 off "congés ”payés”"; 2027 Jan 04 10:00-12:00'
    )
    # Days another exception covers: the database alone sees it.
    assert errors(enter.post(url("add_exception", lieu), closed | {"du": "2026-12-31", "au": ""})) == {"du"}
    assert enter.post(url("remove_exception", lieu.exceptions.earliest("du"))).status_code == 302
    assert lieu.exceptions.count() == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"du": "2026-12-24", "au": "2026-12-23", "ouverture": "ferme"}, "au"),
        ({"du": "2026-11-17", "ouverture": "ferme"}, "du"),
        ({"du": "2026-12-24", "au": "2030-01-01", "ouverture": "ferme"}, "au"),
        ({"du": "2026-12-24", "ouverture": "autres"}, "matin_de"),
        ({"du": "2026-12-24", "ouverture": "autres", "matin_de": "10:00"}, "matin_de"),
        ({"ouverture": "ferme"}, "du"),
    ],
)
def test_bad_exceptions(data, field):
    assert set(ExceptionForm(data, today=TODAY).errors) == {field}


def test_passages(enter, lieu):
    CommuneFactory(reze=True)
    data = {"date": "2026-11-24", "debut": "10:00", "fin": "12:00", "commune": "Rezé (44400)", "adresse": "Marché"}
    assert enter.post(url("add_passage", lieu), data).status_code == 302
    assert errors(enter.post(url("add_passage", lieu), data)) == {"debut"}
    assert errors(enter.post(url("add_passage", lieu), data | {"fin": "09:00"})) == {"fin"}
    assert errors(enter.post(url("add_passage", lieu), data | {"date": "2026-11-17"})) == {"date"}
    assert enter.post(url("remove_passage", lieu.passages.get())).status_code == 302
    assert not lieu.passages.exists()


# --- Shared ---------------------------------------------------------------------------------------------------

NEW = {"nom": "Mediatheque Floresca Guépin", "adresse": "3 rue du Port", "commune": "Nantes (44000)", "acces": "libre"}
CREATE = "/accompagnements/lieux/nouveau/"


def test_lieu_that_looks_like_it_is_proposed_then_shared(enter, conseiller):
    known = LieuActiviteFactory(conseiller=EnPosteFactory())
    page = enter.post(CREATE, NEW)
    assert [one.pk for one in page.context["similar"]] == [known.pk]
    assert LieuActivite.objects.count() == 1

    # Ticking nothing asks again; saying it is another one adds it.
    assert not page.context["distinct"].is_bound
    assert enter.post(CREATE, NEW | {"distinct_asked": "1"}).context["distinct"].errors
    assert enter.post(url("join_lieu", known)).url == url("manage_lieu", known)
    assert set(known.conseillers.all()) >= {conseiller}
    assert enter.post(CREATE, NEW | {"distinct_asked": "1", "distinct": "on"}).status_code == 302
    assert LieuActivite.objects.count() == 2


@pytest.mark.parametrize(
    ("existing", "found"),
    [
        ({"nom": "MÉDIATHÈQUE FLORESCA GUEPIN"}, True),
        ({"nom": "Médiathèque Floresca-Guépin (Doulon)"}, True),
        ({"nom": "Autre nom", "siret": "13002603200016"}, True),
        ({"nom": "Bibliothèque Lisa Bresner"}, False),
        ({"commune": "reze"}, False),
    ],
)
def test_what_looks_like_a_lieu(conseiller, existing, found):
    if existing.get("commune"):
        existing = {"commune": CommuneFactory(reze=True)}
    LieuActiviteFactory(**existing)
    lieux = similar_lieux(
        nom="Médiathèque Floresca-Guépin", adresse="1 rue", siret="13002603200016", commune=CommuneFactory(),
        conseiller=conseiller,
    )  # fmt: skip
    assert bool(lieux) == found


def test_own_and_archived_lieux_are_not_proposed(enter, conseiller, lieu, role):
    other = LieuActiviteFactory(conseiller=EnPosteFactory())
    services.leave_lieu(lieu=other, conseiller=other.conseillers.get(), by=role)
    assert enter.post(CREATE, NEW).status_code == 302


@pytest.mark.parametrize("adding", ["create", "join", "sql"])
def test_sixteenth_lieu_is_refused(enter, conseiller, role, adding):
    for _ in range(LIEUX_MAX):
        LieuActiviteFactory(conseiller=conseiller)
    other = LieuActiviteFactory(nom="Ailleurs")
    if adding == "create":
        assert errors(enter.post(CREATE, NEW | {"distinct_asked": "1", "distinct": "on"})) == {"__all__"}
    elif adding == "join":
        with pytest.raises(RuleError, match="le maximum"):
            services.join_lieu(lieu=other, conseiller=conseiller, by=role)
    else:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO accompagnements_lieuactivite_conseillers (lieuactivite_id, conseiller_id) VALUES (%s, %s)",
                [other.pk, conseiller.pk],
            )
    assert conseiller.lieux.count() == LIEUX_MAX


def test_last_one_to_leave_archives(enter, conseiller, lieu, client):
    row = AccompagnementFactory(conseiller=conseiller, canal="lieu_activite", lieu=lieu)
    colleague = EnPosteFactory()
    lieu.conseillers.add(colleague)

    assert enter.post(url("leave_lieu", lieu)).status_code == 302
    lieu.refresh_from_db()
    assert lieu.archived_at is None
    assert enter.get(url("manage_lieu", lieu)).status_code == 404

    services.leave_lieu(lieu=lieu, conseiller=colleague, by=colleague.compte.roles.first())
    lieu.refresh_from_db()
    assert lieu.archived_at
    assert client.get(lieu.get_absolute_url()).status_code == 404
    with pytest.raises(RuleError, match="archivé"):
        services.join_lieu(lieu=lieu, conseiller=colleague, by=colleague.compte.roles.first())
    # The row keeps its lieu, and may still be corrected; a new one cannot be entered there.
    form = enter.get(reverse("accompagnements:update", args=[row.pk])).context["form"]
    assert form["lieu"].value() == lieu.pk
    data = typed(canal="lieu_activite", lieu=str(lieu.pk), duree="45", commune=None, version=form["version"].value())
    assert enter.post(reverse("accompagnements:update", args=[row.pk]), data).status_code == 302
    row.refresh_from_db()
    assert (row.duree, row.lieu_id) == (45, lieu.pk)
    assert errors(enter.post(reverse("accompagnements:create"), typed(canal="lieu_activite", lieu=str(lieu.pk)))) == {
        "lieu"
    }


def test_list_says_what_is_missing_in_a_constant_number_of_queries(enter, conseiller, lieu):
    def count():
        with CaptureQueriesContext(connection) as queries:
            page = enter.get("/accompagnements/lieux/")
        assert page.status_code == 200
        return len(queries)

    count()
    with_one = count()
    for _ in range(4):
        other = LieuActiviteFactory(conseiller=conseiller, horaires="Mo 09:00-12:00")
        ExceptionFactory(lieu=other)
        PassageFactory(lieu=LieuActiviteFactory(conseiller=conseiller, itinerant=True))
    assert count() == with_one
    assert "À compléter : les services, les horaires, le SIRET" in enter.get("/accompagnements/lieux/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"latitude": 47.2}, {"latitude": 95.0, "longitude": 0.0}, {"siret": "123"}, {"acces": "x"}, {"services": ["x"]},
        {"code_postal": "4400"},
    ],
)  # fmt: skip
def test_database_refuses_what_no_form_would_send(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        LieuActiviteFactory(**wrong)
