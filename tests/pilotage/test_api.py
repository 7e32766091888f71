"""The API as a program meets it: who enters, what comes back, what is refused and how it is said."""

import json
import uuid
from datetime import date, timedelta

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accompagnements.figures import FIGURES
from accompagnements.models import Accompagnement, Theme
from comptes.enums import RoleKind, ScopeApi
from comptes.models import JetonApi, Role
from pilotage.api.base import ApiView
from pilotage.api.parsers import BODY_MAX
from pilotage.api.schema import document
from pilotage.api.vocabulaire import CODES
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import (
    EMAIL,
    NOW,
    AccompagnementFactory,
    EnPosteFactory,
    LieuActiviteFactory,
)
from tests.comptes.factories import JetonApiFactory, RoleFactory
from tests.structures.factories import MembreFactory
from tests.territoires.factories import CommuneFactory

V1 = "/api/v1"
LIST = f"{V1}/accompagnements/"
STATISTICS = f"{V1}/statistiques/"
PROBLEM = "application/problem+json"
PUBLIC = [f"{V1}/{name}/" for name in ("lieux", "themes", "territoires")] + [f"{V1}/openapi.json"]


@pytest.fixture
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def conseiller(_now):
    return EnPosteFactory()


@pytest.fixture
def role(conseiller):
    return conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)


class Caller:
    """A program with a token."""

    def __init__(self, client, role, **values):
        token = f"cn_{uuid.uuid4()}"
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}
        self.jeton = JetonApiFactory(role=role, jeton=token, **values)

    def get(self, url, **headers):
        return self.client.get(url.removeprefix("http://127.0.0.1:8000"), headers=self.headers | headers)

    def post(self, body, url=LIST, content_type="application/json"):
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(url, text, content_type=content_type, headers=self.headers)


@pytest.fixture
def caller(client, role):
    return Caller(client, role)


def entry(**changes):
    body = {
        "uuid": str(uuid.uuid4()), "type": "ponctuel", "date": "2026-11-18", "duree": 30, "canal": "domicile",
        "commune": "44109", "themes": ["email"],
    }  # fmt: skip
    return {name: value for name, value in (body | changes).items() if value is not None}


def atelier(**changes):
    return entry(type="collectif", participants=10, **changes)


def problem(response, status):
    assert (response.status_code, response["Content-Type"]) == (status, PROBLEM)
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["type"].startswith("http://127.0.0.1:8000/api/#erreur-")
    return body


def fields(response, status=422):
    return {error["champ"] for error in problem(response, status)["erreurs"]}


# --- Who enters ---------------------------------------------------------------------------------------------


def kill(jeton, how):
    if how == "expired":
        JetonApi.objects.update(created_at=timezone.now() - timedelta(days=9), expires_at=timezone.now())
    elif how == "revoked":
        JetonApi.objects.update(revoked_at=timezone.now())
    elif how == "role withdrawn":
        Role.objects.filter(pk=jeton.role_id).update(ended_at=timezone.now())
    elif how == "account closed":
        jeton.role.compte.is_active = False
        jeton.role.compte.save()


@pytest.mark.parametrize("how", ["expired", "revoked", "role withdrawn", "account closed"])
def test_dead_token_answers_as_an_unknown_one(client, caller, how):
    unknown = client.get(LIST, headers={"Authorization": "Bearer cn_inconnu"})
    assert caller.get(LIST).status_code == 200

    kill(caller.jeton, how)

    dead = caller.get(LIST)
    assert problem(dead, 401) == problem(unknown, 401)
    assert dead["WWW-Authenticate"].startswith("Bearer")


def test_what_is_not_a_token_is_a_401(client):
    for value in ("", "Basic abc", "Bearer", "Bearer ", "beareré", "Bearer " + "x" * 5000):
        problem(client.get(LIST, headers={"Authorization": value}), 401)


def test_a_token_in_the_address_opens_nothing(client, role):
    JetonApiFactory(role=role, jeton="cn_adresse")
    problem(client.get(f"{LIST}?access_token=cn_adresse"), 401)


def test_reading_is_not_writing_and_the_other_way_round(client, role):
    problem(Caller(client, role, scopes=[ScopeApi.ACCOMPAGNEMENTS_READ]).post(entry()), 403)
    writer = Caller(client, role, scopes=[ScopeApi.ACCOMPAGNEMENTS_WRITE])
    problem(writer.get(LIST), 403)
    assert writer.post(entry()).status_code in {201, 422}
    assert not Accompagnement.objects.exclude(conseiller__compte=role.compte_id).exists()


def test_a_view_that_says_nothing_is_closed_to_every_token(rf, role):
    class Forgotten(ApiView):
        def get(self, request):
            raise ImproperlyConfigured

    JetonApiFactory(role=role, jeton="cn_bon")
    view = Forgotten.as_view()
    assert view(rf.get("/")).status_code == 401
    assert view.allowed_roles == frozenset()
    # No scope is asked for GET: nothing could open it.
    assert view(rf.get("/", headers={"Authorization": "Bearer cn_bon"})).status_code == 403


def test_last_use_is_a_day_written_once(caller, django_assert_num_queries):
    caller.get(LIST)
    caller.jeton.refresh_from_db()
    assert caller.jeton.last_used_on == date(2026, 11, 18)
    # Token, count (two for its savepoint), codes of themes, rows.
    with django_assert_num_queries(6):
        caller.get(LIST)


# --- Reading ------------------------------------------------------------------------------------------------


def test_a_row_in_the_words_of_the_exchanges(caller, conseiller):
    lieu = LieuActiviteFactory(conseiller=conseiller)
    row = AccompagnementFactory(
        conseiller=conseiller, atelier=True, canal="lieu_activite", lieu=lieu, commune=lieu.commune, recurrents=2,
        genre_feminin=6, age_soixante_dix_plus=4, statut_retraite=5, themes=[EMAIL], materiel=["tablette"],
        notes="Groupe du jeudi", suite="orientation", orientation="aide_sociale", organisme_id=17,
        dispositifs=["aidants_connect"],
    )  # fmt: skip
    found = caller.get(reverse("api:accompagnement_detail", args=[row.uuid])).json()
    created, changed = found.pop("cree_le"), found.pop("modifie_le")
    assert created == "2026-11-18T16:00:00+01:00"
    assert changed
    ages = ["moins_de_douze", "douze_dix_huit", "dix_huit_vingt_quatre", "vingt_cinq_trente_neuf"]
    ages += ["quarante_cinquante_neuf", "soixante_soixante_neuf"]
    assert found == {
        "uuid": str(row.uuid), "type": "collectif", "date": "2026-11-18", "duree": 120, "canal": "lieu_activite",
        "lieu": lieu.pk, "lieu_nom": lieu.nom, "commune": lieu.commune_id, "commune_nom": "Nantes",
        "conseiller": conseiller.pk, "participants": 10, "recurrents": 2,
        "genres": {"feminin": 6, "masculin": 0, "non_communique": 4},
        "tranches_age": dict.fromkeys(ages, 0) | {"soixante_dix_plus": 4, "non_communique": 6},
        "statuts": {"scolarise": 0, "sans_emploi": 0, "en_emploi": 0, "retraite": 5, "non_communique": 5},
        "themes": ["email"], "type_public": "habitants", "materiel": ["tablette"], "autonomie": None, "niveau": None,
        "suite": "orientation", "orientation": "aide_sociale", "organisme": "ccas", "dispositifs": ["aidants_connect"],
        "titre": "Découvrir la tablette", "notes": "Groupe du jeudi",
    }  # fmt: skip
    assert set(found) | {"cree_le", "modifie_le"} == set(
        document()["components"]["schemas"]["Accompagnement"]["properties"]
    )


def test_notes_are_their_authors_own(client, conseiller):
    AccompagnementFactory(conseiller=conseiller, notes="À rappeler")
    membre = MembreFactory(structure=conseiller.contrat.structure).compte.roles.get()
    for role in (membre, RoleFactory(kind=RoleKind.ANCT)):
        (row,) = Caller(client, role).get(LIST).json()["resultats"]
        assert row["notes"] is None
        assert row["conseiller"] == conseiller.pk


def pages(caller, url):
    while url:
        page = caller.get(url).json()
        yield [row["uuid"] for row in page["resultats"]]
        url = page["suivant"]


def test_pages_hold_every_row_once_while_others_are_added(caller, conseiller):
    days = [date(2026, 11, 1) + timedelta(days=n % 5) for n in range(12)]
    rows = [AccompagnementFactory(conseiller=conseiller, date=day) for day in days]
    AccompagnementFactory()
    seen, first = [], None
    for found in pages(caller, f"{LIST}?taille=5"):
        # One at the head, one in the middle of what is still to come.
        AccompagnementFactory.create_batch(1, conseiller=conseiller, date=date(2026, 11, 18))
        seen += found
        first = first or found
    assert len(seen) == len(set(seen)) == 12
    assert set(seen) == {str(row.uuid) for row in rows}
    second = caller.get(f"{LIST}?taille=5&au=2026-11-17").json()
    back = caller.get(caller.get(second["suivant"]).json()["precedent"]).json()
    assert [row["uuid"] for row in back["resultats"]] == first


def test_filters_narrow_and_say_what_is_wrong(caller, conseiller):
    lieu = LieuActiviteFactory(conseiller=conseiller)
    AccompagnementFactory(conseiller=conseiller, atelier=True, date=date(2026, 10, 2), canal="lieu_activite", lieu=lieu)
    AccompagnementFactory(conseiller=conseiller, suite="individuel", themes=[1])
    for query, count in {
        "du=2026-10-02&au=2026-10-02": 1, "type=collectif": 1, "type=individuel": 0, "canal=domicile": 1,
        "theme=email": 1, f"commune={lieu.commune_id}": 2, f"lieu={lieu.pk}": 1, "suite=aucune": 1,
        f"conseiller={conseiller.pk}": 2, "suite=individuel": 1,
    }.items():  # fmt: skip
        assert len(caller.get(f"{LIST}?{query}").json()["resultats"]) == count, query
    for query, champ in {
        "du=18/11/2026": "du", "du=2026-02-30": "du", "du=": "du", "du=2026-1-1": "du", "type=atelier": "type",
        "taille=0": "taille", "taille=101": "taille", "taille=٣": "taille", "inconnu=1": "inconnu", "lieu=-1": "lieu",
        "du=2026-01-01&du=2026-01-02": "du", "commune=Nantes": "commune", "theme=%22": "theme",
    }.items():  # fmt: skip
        assert fields(caller.get(f"{LIST}?{query}"), 400) == {champ}, query
    others = EnPosteFactory()
    for query, champ in {
        "du=2026-02-02&au=2026-02-01": "au", "theme=inconnu": "theme", "commune=99999": "commune",
        f"conseiller={others.pk}": "conseiller", "conseiller=999999999": "conseiller",
        f"lieu={LieuActiviteFactory().pk}": "lieu", "curseur=invente": "curseur",
    }.items():  # fmt: skip
        assert fields(caller.get(f"{LIST}?{query}")) == {champ}, query


def test_queries_do_not_grow_with_rows(caller, conseiller, django_assert_num_queries):
    for _ in range(2):
        AccompagnementFactory.create_batch(4, conseiller=conseiller)
        caller.get(LIST)
        with django_assert_num_queries(6):
            caller.get(LIST)


def test_etag_names_the_content_and_304_says_it_has_not_changed(caller, client, conseiller):
    AccompagnementFactory(conseiller=conseiller)
    first = caller.get(LIST)
    assert first["Cache-Control"] == "private, no-cache"
    assert "Authorization" in first["Vary"]
    again = caller.get(LIST, **{"If-None-Match": f'"autre", W/{first["ETag"]}'})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert "RateLimit" in again.headers
    AccompagnementFactory(conseiller=conseiller)
    assert caller.get(LIST, **{"If-None-Match": first["ETag"]}).status_code == 200
    for url in PUBLIC:
        found = client.get(url)
        assert found["Cache-Control"].startswith("public, max-age=")
        head = client.head(url)
        assert (head.status_code, head.content, head["ETag"]) == (200, b"", found["ETag"])
        assert client.get(url, headers={"If-None-Match": found["ETag"]}).status_code == 304


def test_other_sites_read_what_is_public_and_nothing_else(client, caller):
    origin = {"Origin": "https://ailleurs.example", "Access-Control-Request-Method": "GET"}
    for url in PUBLIC:
        response = client.get(url, headers=origin)
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
        preflight = client.options(url, headers=origin)
        assert (preflight.status_code, preflight["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")
    assert client.options(LIST, headers=origin).status_code == 401
    for response in (caller.get(LIST, **origin), client.options(LIST, headers=origin | caller.headers)):
        assert "Access-Control-Allow-Origin" not in response.headers


def test_lieux_are_public_and_say_nothing_of_the_conseillers(client, conseiller):
    lieu = LieuActiviteFactory(conseiller=conseiller)
    LieuActiviteFactory(nom="Plus personne n'y reçoit")
    (row,) = client.get(f"{V1}/lieux/?departement={lieu.commune.departement_id}").json()["resultats"]
    assert (row["id"], row["nom"], row["code_insee"]) == (lieu.pk, lieu.nom, lieu.commune_id)
    assert str(conseiller) not in json.dumps(row)
    assert client.get(f"{V1}/lieux/{lieu.pk}/").json() == row
    problem(client.get(f"{V1}/lieux/{10**30}/"), 404)


def test_referentials(client):
    themes = client.get(f"{V1}/themes/").json()["resultats"]
    assert {theme["code"] for theme in themes} == set(Theme.objects.values_list("code", flat=True))
    assert next(theme for theme in themes if theme["code"] == "logement")["parent"] == (
        "aide_aux_demarches_administratives"
    )
    organismes = client.get(f"{V1}/organismes/").json()["resultats"]
    assert {"code": "ccas", "nom": "CCAS ou CIAS", "categorie": "aide_sociale"}.items() <= organismes[16].items()
    commune = CommuneFactory()
    territoires = {row["code"]: row for row in client.get(f"{V1}/territoires/").json()["resultats"]}
    departement = territoires[f"D{commune.departement_id}"]
    assert territoires[departement["parent"]]["parent"] == "FR"


# --- Writing ------------------------------------------------------------------------------------------------


@pytest.fixture
def commune():
    return CommuneFactory(code="44109")


@pytest.mark.usefixtures("commune")
def test_recorded_once_however_often_it_is_sent(caller, conseiller):
    body = atelier(
        genres={"feminin": 7}, materiel=["tablette"], titre=" Découvrir ", niveau="debutant", notes="a\r\nb",
        themes=["logement"],
    )  # fmt: skip
    first = caller.post(body)
    again = caller.post(body)
    assert (first.status_code, again.status_code) == (201, 200)
    row = Accompagnement.objects.get()
    assert (row.conseiller, row.type, row.genre_feminin, row.titre, row.notes) == (
        conseiller, "atelier", 7, "Découvrir", "a\nb",
    )  # fmt: skip
    # A démarche brings its theme, as on the page.
    assert first.json()["themes"] == ["aide_aux_demarches_administratives", "logement"]
    assert caller.get(first["Location"]).json() == first.json() == again.json()
    problem(caller.post(body | {"duree": 45}), 409)
    assert "d'autres valeurs" in problem(caller.post(body | {"duree": 45}), 409)["detail"]


def test_the_place_gives_its_commune(caller, conseiller):
    lieu = LieuActiviteFactory(conseiller=conseiller)
    sent = caller.post(entry(canal="lieu_activite", lieu=lieu.pk, commune=None))
    assert (sent.status_code, sent.json()["commune"]) == (201, lieu.commune_id)


SHAPES = [
    ({"duree": 4}, "duree"),
    ({"duree": 481}, "duree"),
    ({"duree": "30"}, "duree"),
    ({"duree": True}, "duree"),
    ({"duree": 30.5}, "duree"),
    ({"duree": 1e300}, "duree"),
    ({"date": "18/11/2026"}, "date"),
    ({"date": "2026-11-31"}, "date"),
    ({"date": 20261118}, "date"),
    ({"uuid": "abc"}, "uuid"),
    ({"uuid": 12}, "uuid"),
    ({"type": "atelier"}, "type"),
    ({"type": ["ponctuel"]}, "type"),
    ({"themes": []}, "themes"),
    ({"themes": ["email"] * 21}, "themes"),
    ({"themes": "email"}, "themes"),
    ({"themes": [5]}, "themes.0"),
    ({"participants": 0}, "participants"),
    ({"participants": 1001}, "participants"),
    ({"genres": {"autre": 1}}, "genres.autre"),
    ({"genres": {"feminin": -1}}, "genres.feminin"),
    ({"genres": 3}, "genres"),
    ({"titre": "x" * 121}, "titre"),
    ({"titre": "a\x00b"}, "titre"),
    ({"notes": "\ud800"}, "notes"),
    ({"commune": "Nantes"}, "commune"),
    ({"lieu": 2**63}, "lieu"),
    ({"cree_le": "2026-11-18T10:00:00Z"}, "cree_le"),
    ({"conseiller": 1}, "conseiller"),
]


def test_what_is_not_of_the_right_shape_is_a_400(caller):
    told = [(changes, champ, fields(caller.post(entry(**changes)), 400)) for changes, champ in SHAPES]
    assert [one for one in told if one[1] not in one[2]] == []
    assert not Accompagnement.objects.exists()


RULES = [
    (entry(date="2026-11-19"), "date"),
    (entry(date="2020-11-16"), "date"),
    (entry(date="2024-12-31"), "date"),
    (entry(themes=["email", "email"]), "themes"),
    (entry(themes=["inconnu"]), "themes"),
    (entry(commune="99999"), "commune"),
    (entry(commune=None), "commune"),
    (entry(canal="lieu_activite"), "lieu"),
    (entry(lieu=1), "lieu"),
    (entry(participants=2), "participants"),
    (entry(titre="Un titre"), "titre"),
    (entry(genres={"feminin": 1, "masculin": 1}), "genres"),
    (entry(type="collectif"), "participants"),
    (atelier(recurrents=11), "recurrents"),
    (atelier(tranches_age={"soixante_dix_plus": 6, "moins_de_douze": 5}), "tranches_age"),
    (atelier(statuts={"retraite": 11}), "statuts"),
    (atelier(suite="orientation"), None),
    (atelier(orientation="autre"), "orientation"),
    (atelier(materiel=["tablette", "tablette"]), "materiel"),
    (atelier(suite="orientation", organisme="nulle_part"), "organisme"),
    (atelier(suite="orientation", organisme="ccas", orientation="autre"), "organisme"),
    (atelier(organisme="ccas"), "organisme"),
    (atelier(dispositifs=["pass_numerique", "pass_numerique"]), "dispositifs"),
]


@pytest.mark.usefixtures("commune")
def test_what_a_rule_refuses_is_a_422(caller):
    told = [(body, champ, fields(caller.post(body))) for body, champ in RULES]
    assert [one for one in told if one[2] != {one[1]}] == []
    assert not Accompagnement.objects.exists()


def test_a_place_of_someone_else_does_not_exist(caller):
    theirs = LieuActiviteFactory(conseiller=EnPosteFactory())
    for pk in (theirs.pk, 999_999):
        found = problem(caller.post(entry(canal="lieu_activite", lieu=pk, commune=None)), 422)
        assert found["erreurs"] == [{"champ": "lieu", "message": "Ce lieu d'activité n'est pas l'un des vôtres."}]


@pytest.mark.usefixtures("commune")
def test_what_the_page_asks_to_confirm_is_confirmed_by_name(caller):
    body = atelier(notes="Son numéro : 2 69 05 49 588 157 80")
    body["participants"] = 101
    assert fields(caller.post(body)) == {"participants", "notes"}
    assert fields(caller.post(body | {"confirmations": ["participants"]})) == {"notes"}
    assert caller.post(body | {"confirmations": ["participants", "notes"]}).status_code == 201


BODIES = [
    ("{", 400), ("", 400), ("[]", 400), ("null", 400), (b"\xff", 400), ("[" * 10_000, 400),
    ('{"duree": NaN}', 400), (f'{{"duree": {"9" * 5000}}}', 400), ("x" * (BODY_MAX + 1), 413),
]  # fmt: skip


def test_bodies_that_are_not_an_entry(caller):
    for body, status in BODIES:
        problem(caller.post(body), status)


def test_other_formats_methods_and_addresses(caller, client):
    problem(caller.post("uuid=1", content_type="application/x-www-form-urlencoded"), 415)
    refused = client.delete(LIST, headers=caller.headers)
    assert problem(refused, 405)["title"] == "Méthode refusée"
    assert "POST" in refused["Allow"]
    problem(client.get(f"{V1}/nulle-part/"), 404)
    assert client.get(f"{V1}/themes").url == f"{V1}/themes/"
    unstorable = client.get(f"{V1}/lieux/?commune=%00")
    assert (unstorable.status_code, unstorable["Content-Type"]) == (400, PROBLEM)
    # Asked by a browser, JSON still.
    assert client.get(f"{V1}/themes/", headers={"Accept": "text/html"})["Content-Type"] == "application/json"


def test_a_failure_of_ours_is_a_problem_too(client, monkeypatch):
    def fail(*args):
        raise ZeroDivisionError

    monkeypatch.setattr("pilotage.api.views.public_lieux", fail)
    client.raise_request_exception = False
    response = client.get(f"{V1}/lieux/")
    assert (response.status_code, response["Content-Type"]) == (500, PROBLEM)
    assert "ZeroDivision" not in response.content.decode()


# --- Figures ------------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_page(caller, client, conseiller, role):
    AccompagnementFactory.create_batch(3, conseiller=conseiller, atelier=True, genre_feminin=4, recurrents=1)
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 9, 1), themes=[1])
    AccompagnementFactory(conseiller=conseiller, date=date(2025, 11, 30))
    found = caller.get(STATISTICS).json()
    assert found["perimetre"] == {"code": None, "libelle": "Mon activité", "propre": True}
    assert found["periode"] == {"du": "2025-12-01", "au": "2026-11-18"}
    assert found["total"] == {"accompagnements": 4, "participations": 31, "recurrents": 3, "minutes": 390}
    assert found["precedente"]["periode"] == {"du": "2024-12-13", "au": "2025-11-30"}
    assert found["precedente"]["total"]["accompagnements"] == 1
    page = sign_in(client, role).get("/accompagnements/statistiques/").context["figures"]
    for ours, theirs in zip(found["repartitions"], page.figures, strict=True):
        assert ours["code"] == theirs.name
        assert [[line["libelle"], *line["valeurs"]] for line in ours["lignes"]] == theirs.lines
        assert all(line["code"] for line in ours["lignes"])
    by_code = {one["code"]: one for one in found["repartitions"]}
    # Words are one's own: they stay on the page.
    assert set(by_code) == FIGURES - {"etiquette"}
    for name, codes in CODES.items():
        assert [line["code"] for line in by_code[name]["lignes"]] == codes
    genre = {line["code"]: line["valeurs"] for line in by_code["genre"]["lignes"]}
    assert genre == {"feminin": [12], "masculin": [0], "non_communique": [19]}
    assert {line["code"] for line in by_code["theme"]["lignes"]} == {"email", Theme.objects.get(pk=1).code}


def test_small_cells_are_null_outside_ones_scope(caller, conseiller):
    others = EnPosteFactory()
    for _ in range(6):
        AccompagnementFactory(conseiller=others, date=date(2026, 10, 5))
    AccompagnementFactory(conseiller=others, date=date(2026, 10, 6), atelier=True)
    found = caller.get(f"{STATISTICS}?perimetre=FR&du=2026-10-05&au=2026-10-05").json()
    assert found["perimetre"] == {"code": "FR", "libelle": "France entière", "propre": False}
    assert found["periode"] == {"du": "2026-10-01", "au": "2026-10-31"}
    assert found["total"]["accompagnements"] == 7
    types = next(one for one in found["repartitions"] if one["code"] == "type")
    assert {line["code"]: line["valeurs"][0] for line in types["lignes"]} == {
        "individuel": 0, "collectif": None, "ponctuel": None,
    }  # fmt: skip
    few = caller.get(f"{STATISTICS}?perimetre=FR&du=2026-09-01&au=2026-09-30").json()
    assert few["total"]["accompagnements"] == 0
    AccompagnementFactory(conseiller=others, date=date(2026, 9, 6))
    few = caller.get(f"{STATISTICS}?perimetre=FR&du=2026-09-01&au=2026-09-30").json()
    assert set(few["total"].values()) == {None}
    assert few["precedente"] is None
    assert few["repartitions"] == []


def test_figures_refuse_what_the_page_refuses(caller, conseiller):
    theirs = EnPosteFactory()
    for query, champ in {
        f"perimetre=conseiller-{theirs.pk}": "perimetre", "perimetre=conseiller-99999": "perimetre",
        "perimetre=D99": "perimetre", "du=2026-02-02&au=2026-02-01": "au", "perimetre=FR&type=collectif": "type",
        "au=2019-01-01": "au",
    }.items():  # fmt: skip
        assert fields(caller.get(f"{STATISTICS}?{query}")) == {champ}, query
    assert fields(caller.get(f"{STATISTICS}?perimetre=%27--"), 400) == {"perimetre"}
    commune = CommuneFactory()
    assert caller.get(f"{STATISTICS}?commune={commune.pk}&theme=email&type=collectif&canal=domicile").status_code == 200


# --- Limits -------------------------------------------------------------------------------------------------


def test_limits_are_told_then_enforced_by_token_and_by_address(client, caller, role, monkeypatch):
    monkeypatch.setattr("pilotage.api.throttles.APPELS_BY_JETON", 2)
    monkeypatch.setattr("pilotage.api.throttles.APPELS_BY_ADDRESS", 4)
    told = [caller.get(LIST)["RateLimit"] for _ in range(2)]
    assert told == ['"jeton";r=1;t=60', '"jeton";r=0;t=60']
    assert caller.get(LIST)["RateLimit-Policy"] == '"jeton";q=2;w=60'
    # Another token, then none: the address has its own limit, bad tokens included.
    refused = Caller(client, role).get(LIST)
    assert refused.status_code == 200
    late = client.get(LIST, headers={"Authorization": "Bearer faux"})
    assert problem(late, 429)["title"] == "Trop de demandes"
    assert (late["Retry-After"], late["RateLimit"]) == ("60", '"adresse";r=0;t=60')
    assert client.get(f"{V1}/themes/").status_code == 429
    assert client.get(f"{V1}/themes/", REMOTE_ADDR="203.0.113.7").status_code == 200


def test_a_counter_that_is_away_stops_nobody(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE comptes_appelapi RENAME TO ailleurs")
    assert client.get(f"{V1}/themes/").status_code == 200


# --- Documentation ------------------------------------------------------------------------------------------


def test_document_and_page_say_the_same(client):
    found = client.get(f"{V1}/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    page = client.get("/api/").content.decode()
    for path, methods in found["paths"].items():
        assert path in page
        for operation in methods.values():
            assert {"200", "429"} <= set(operation["responses"])
            assert operation["summary"].replace("'", "&#x27;") in page
            assert ("security" in operation) == ("401" in operation["responses"])
    schemas = found["components"]["schemas"]
    assert schemas["AccompagnementRequest"]["additionalProperties"] is False
    assert found["components"]["securitySchemes"]["jeton"]["scheme"] == "bearer"
    assert "x-spec-enum-id" not in json.dumps(found)
