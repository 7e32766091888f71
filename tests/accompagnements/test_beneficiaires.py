"""The persons a conseiller follows: their agreement, the minimum about them, and an erasure that leaves nothing."""

import hashlib
import json
import uuid
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from accompagnements import services
from accompagnements.cles import fold
from accompagnements.constants import BENEFICIAIRES_MAX, CONSENTEMENTS, RAPPEL
from accompagnements.enums import MotifEffacement
from accompagnements.jobs import erase_old_beneficiaires
from accompagnements.models import Accompagnement, AccompagnementRevision, Beneficiaire, Suivi
from accompagnements.selectors import count_personnes, device_mark
from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import EntreeJournal
from tests.accompagnements.entry import atelier, errors, send, sign_in, typed
from tests.accompagnements.factories import (
    DEBUT,
    TODAY,
    AccompagnementFactory,
    BeneficiaireFactory,
    EnPosteFactory,
)
from tests.comptes.factories import RoleFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory

LIST, NEW = reverse("accompagnements:beneficiaires"), reverse("accompagnements:create_beneficiaire")


def person(**changes):
    """What the page of a new person sends. None removes a field."""
    data = {
        "uuid": str(uuid.uuid4()),
        "prenom": "Odette",
        "consent_at": "2026-11-18",
        "consent_mode": "oral",
        "accord": "on",
    } | changes
    return {name: value for name, value in data.items() if value is not None}


def url(name, one):
    return reverse(f"accompagnements:{name}", args=[one.pk])


@pytest.fixture
def odette(conseiller):
    return BeneficiaireFactory(conseiller=conseiller)


@pytest.fixture
def nantes():
    return CommuneFactory()


def test_a_sentence_that_was_shown_never_changes():
    """Each followed person keeps the number of theirs: write another one, with the next number."""
    shown = {number: f"{sentence} {RAPPEL[number]}" for number, sentence in CONSENTEMENTS.items()}
    digests = {number: hashlib.sha256(text.encode()).hexdigest()[:12] for number, text in shown.items()}
    assert digests == {1: "7fd54f2f0179"}


def test_a_person_who_agreed_is_followed_with_the_sentence_they_heard(enter, conseiller):
    assert CONSENTEMENTS[1] in enter.get(NEW).content.decode().replace("&#x27;", "'")
    data = person(initiale="b", tranche_age="age_soixante_dix_plus", rappel="on", telephone="06 12 34 56 78")

    response = enter.post(NEW, data)
    one = Beneficiaire.objects.get()
    assert response.url == one.get_absolute_url()
    assert (str(one), one.telephone, one.consent_at, one.consent_version) == ("Odette B.", "+33612345678", TODAY, 1)
    page = enter.get(response.url).content.decode()
    assert RAPPEL[1] in page.replace("&#x27;", "'")
    assert "<title>Une personne suivie" in " ".join(page.split()).replace("> ", ">")

    assert enter.post(NEW, data).url == response.url
    assert Beneficiaire.objects.count() == 1


BAD = [
    ({"accord": None}, "accord"),
    ({"prenom": ""}, "prenom"),
    ({"prenom": "Odette 2"}, "prenom"),
    ({"prenom": "odette@exemple.fr"}, "prenom"),
    ({"prenom": "2550814168025"}, "prenom"),
    ({"prenom": "O" * 41}, "prenom"),
    ({"prenom": "Diabétique"}, "prenom"),
    ({"initiale": "Bernard"}, "initiale"),
    ({"initiale": "7"}, "initiale"),
    ({"annee_naissance": "50"}, "annee_naissance"),
    ({"annee_naissance": "2027"}, "annee_naissance"),
    ({"annee_naissance": "lune"}, "annee_naissance"),
    ({"annee_naissance": "1950", "tranche_age": "age_soixante_dix_plus"}, "tranche_age"),
    ({"tranche_age": "lune"}, "tranche_age"),
    ({"telephone": "06 12 34 56 78"}, "telephone"),
    ({"telephone": "12", "rappel": "on"}, "telephone"),
    ({"consent_at": "2026-11-19"}, "consent_at"),
    ({"consent_at": "2020-11-16"}, "consent_at"),
    ({"consent_at": None}, "consent_at"),
    ({"consent_mode": "lune"}, "consent_mode"),
    ({"tranche_age": "age_moins_de_douze"}, "consent_mode"),
    ({"annee_naissance": "2012"}, "consent_mode"),
]


def test_bad_input_is_refused_beside_its_field(enter):
    for changes, field in BAD:
        assert (changes, errors(enter.post(NEW, person(**changes)))) == (changes, {field})
    assert not Beneficiaire.objects.exists()


EDGES = [
    {"prenom": "  Jean-François   dit L’Ancien "},
    {"prenom": "Арина"},
    {"annee_naissance": "2011"},
    {"annee_naissance": "2014", "consent_mode": "representant"},
    {"rappel": "on"},
    {"uuid": "abîmé"},
]


def test_the_edges_are_accepted(enter):
    for changes in EDGES:
        assert (changes, enter.post(NEW, person(**changes)).status_code) == (changes, 302)


def test_three_hundred_are_enough(enter, conseiller):
    Beneficiaire.objects.bulk_create(BeneficiaireFactory.build(conseiller=conseiller) for _ in range(BENEFICIAIRES_MAX))
    assert "le maximum" in enter.post(NEW, person()).content.decode()


def test_the_database_keeps_the_minimum(conseiller):
    for values in (
        {"prenom": ""}, {"prenom": "06 12"}, {"telephone": "+33612345678"}, {"annee_naissance": 50},
        {"annee_naissance": 1950, "tranche_age": "age_soixante_dix_plus"}, {"consent_at": date(2020, 1, 1)},
        {"consent_at": None},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            BeneficiaireFactory(conseiller=conseiller, **values)


def test_nobody_else_reads_them(odette):
    for kind in RoleKind:
        place = {"departement": DepartementFactory()} if kind == RoleKind.PREFET else {}
        is_colleague = kind == RoleKind.CONSEILLER
        other = EnPosteFactory().compte.roles.get(kind=kind) if is_colleague else RoleFactory(kind=kind, **place)
        if kind == RoleKind.STRUCTURE:
            odette.conseiller.contrat.structure.membres.create(compte=other.compte)
        assert not Beneficiaire.objects.visible_to(other).exists(), kind


def test_support_sees_no_followed_person(client, odette):
    row = AccompagnementFactory(conseiller=odette.conseiller)
    row.beneficiaires.add(odette)
    sign_in(client, RoleFactory(kind=RoleKind.ANCT))

    assert client.get("/administration/accompagnements/beneficiaire/").status_code == 404
    for name in ("accompagnement", "accompagnementrevision"):
        pages = [client.get(reverse(f"admin:accompagnements_{name}_changelist"))]
        pages += [client.get(reverse("admin:accompagnements_accompagnement_change", args=[row.pk]))]
        assert not any("Odette" in page.content.decode() for page in pages)


def test_an_entry_says_who_came(enter, conseiller, odette, nantes):
    assert "Odette" in enter.get(reverse("accompagnements:create")).content.decode()
    send(enter, typed(personne=str(odette.pk)))
    # What an atelier does not show is not read, and the other way round.
    others = [str(one.pk) for one in BeneficiaireFactory.create_batch(2, conseiller=conseiller, prenom="Lin")]
    send(enter, atelier(personnes=[str(odette.pk), *others], personne="lune"))
    send(enter, typed(personnes=others))

    by_size = {one.beneficiaires.count(): one for one in Accompagnement.objects.filter()}
    assert set(by_size) == {0, 1, 3}
    assert "Odette" in enter.get(by_size[1].get_absolute_url()).content.decode()
    path = enter.get(odette.get_absolute_url())
    assert [seance.pk for seance in path.context["seances"]] == [by_size[1].pk, by_size[3].pk]


def test_what_may_not_be_linked(enter, conseiller, odette, nantes):
    stranger = BeneficiaireFactory()
    late = BeneficiaireFactory(conseiller=conseiller, consent_at=TODAY)
    four = [str(one.pk) for one in BeneficiaireFactory.create_batch(4, conseiller=conseiller)]

    assert errors(send(enter, typed(personne=str(stranger.pk)))) == {"personne"}
    assert errors(send(enter, typed(personne="9" * 30))) == {"personne"}
    assert errors(send(enter, atelier(participants="3", personnes=four))) == {"personnes"}
    response = send(enter, typed(personne=str(late.pk), date="2026-11-17"))
    assert errors(response) == {"personne"}
    assert "un accompagnement plus ancien reste anonyme" in response.content.decode()
    assert not Accompagnement.objects.exists()


def test_the_database_counts_them_and_keeps_them_to_their_conseiller(conseiller, odette):
    row = AccompagnementFactory(conseiller=conseiller, atelier=True, participants=2)
    row.beneficiaires.set(BeneficiaireFactory.create_batch(2, conseiller=conseiller))
    alone = AccompagnementFactory(conseiller=conseiller)
    for refused in (
        lambda: row.beneficiaires.add(odette),
        lambda: alone.beneficiaires.add(BeneficiaireFactory()),
        lambda: Accompagnement.objects.filter(pk=row.pk).update(participants=1),
        lambda: Accompagnement.objects.filter(pk=row.pk).update(conseiller=EnPosteFactory()),
        lambda: Suivi.objects.bulk_create([Suivi(accompagnement=row, beneficiaire=odette)]),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            refused()


def test_an_edit_changes_who_came_and_history_only_counts_them(enter, conseiller, odette, nantes):
    row = AccompagnementFactory(conseiller=conseiller, atelier=True, participants=3)
    row.beneficiaires.set([odette, *BeneficiaireFactory.create_batch(2, conseiller=conseiller)])
    edit = reverse("accompagnements:update", args=[row.pk])
    page = enter.get(edit)
    assert len(page.context["form"]["personnes"].value()) == 3
    version = page.context["form"]["version"].value()

    # Fewer participants than the persons already there: they go first.
    changed = atelier(participants="1", duree="120", themes=["5"], personnes=[str(odette.pk)], version=version)
    assert enter.post(edit, changed | {"titre": row.titre}).status_code == 302
    assert list(row.beneficiaires.values_list("pk", flat=True)) == [odette.pk]
    revision = AccompagnementRevision.objects.get()
    assert (revision.avant["beneficiaires"], revision.apres["beneficiaires"]) == (3, 1)
    assert "Odette" not in json.dumps([revision.avant, revision.apres])
    assert "personnes suivies : 3 → 1" in enter.get(row.get_absolute_url()).content.decode()


def test_a_copy_keeps_the_person_and_leaves_those_of_an_atelier(enter, conseiller, odette, nantes):
    single = AccompagnementFactory(conseiller=conseiller)
    group = AccompagnementFactory(conseiller=conseiller, atelier=True)
    for row in (single, group):
        row.beneficiaires.add(odette)
    initial = enter.get(reverse("accompagnements:duplicate", args=[single.pk])).context["form"].initial
    assert (initial["personne"], initial["deja_venu"]) == (odette.pk, True)
    initial = enter.get(reverse("accompagnements:duplicate", args=[group.pk])).context["form"].initial
    assert not {"personne", "personnes"} & set(initial)
    asked = {"personne": str(odette.pk)}
    initial = enter.get(reverse("accompagnements:create"), asked).context["form"].initial
    assert (initial["personne"], initial["type"]) == (odette.pk, "individuel")
    assert (
        "personne" not in enter.get(reverse("accompagnements:create"), {"personne": "9" * 30}).context["form"].initial
    )


def rows_that_say(word):
    """Every table of the database where a word stands, whatever the column."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table} t WHERE t::text ILIKE %s)", [f"%{word}%"])  # noqa: S608
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def test_erased_means_nowhere(enter, conseiller, role, nantes):
    enter.post(NEW, person(prenom="Zéphyrine", initiale="q", rappel="on", telephone="0755129934"))
    one = Beneficiaire.objects.get()
    send(enter, typed(personne=str(one.pk), uuid=str(uuid.uuid4())))
    row = Accompagnement.objects.get()
    version = row.version
    enter.post(url("update", row), typed(duree="45", personne=str(one.pk), version=version))
    enter.get(url("export_beneficiaire", one))
    assert rows_that_say("phyrine") == {"accompagnements_beneficiaire"}

    assert errors(enter.post(url("erase_beneficiaire", one), {"motif": "conservation"})) == {"motif"}
    assert enter.post(url("erase_beneficiaire", one), {"motif": "retrait"}).url == LIST
    assert rows_that_say("phyrine") == rows_that_say("755129934") == set()
    row.refresh_from_db()
    assert (row.duree, row.beneficiaires.count()) == (45, 0)
    said = EntreeJournal.objects.filter(objet=f"accompagnements.Beneficiaire:{one.pk}").order_by("pk")
    assert [line.verbe.split()[0] for line in said] == ["suivre", "exporter", "effacer"]
    assert said.last().details == {"motif": "retrait"}
    for name in ("beneficiaire", "update_beneficiaire", "erase_beneficiaire", "export_beneficiaire"):
        assert enter.get(url(name, one)).status_code == 404
    # A page still open, or a device that kept the entry.
    late = typed(personne=str(one.pk))
    assert errors(send(enter, late)) == {"personne"}
    refused = enter.post(reverse("accompagnements:send"), late | {"compte": device_mark(role)})
    assert (refused.status_code, refused.json()["reasons"]) == (
        422,
        ["Personne suivie : Cette personne n'est plus suivie : choisissez à nouveau."],
    )


def test_no_longer_called_back_means_no_number(enter, odette):
    odette.rappel, odette.telephone = True, "+33612345678"
    odette.save()
    update = url("update_beneficiaire", odette)
    assert errors(enter.post(update, {"prenom": "Odette", "telephone": "0612345678"})) == {"telephone"}
    assert enter.post(update, {"prenom": "Odette"}).url == odette.get_absolute_url()
    odette.refresh_from_db()
    assert (odette.rappel, odette.telephone, odette.consent_version) == (False, "", 1)


def test_two_windows_on_one_file_overwrite_nothing_unseen(enter, odette):
    update = url("update_beneficiaire", odette)
    opened = [enter.get(update).context["form"]["version"].value() for _ in range(2)]
    assert enter.post(update, {"prenom": "Odile", "version": opened[0]}).status_code == 302
    response = enter.post(update, {"prenom": "Odette B", "version": opened[1]})
    assert errors(response) == {"prenom"}
    assert "« Odile »" in response.content.decode()
    seen = response.context["form"]["version"].value()
    assert enter.post(update, {"prenom": "Odette B", "version": seen}).status_code == 302


def test_the_export_says_everything_held(enter, odette, nantes):
    alone = AccompagnementFactory(conseiller=odette.conseiller, notes="Sait joindre un document.")
    group = AccompagnementFactory(conseiller=odette.conseiller, atelier=True, notes="Trois absents.", date=DEBUT)
    for row in (alone, group):
        row.beneficiaires.add(odette)
    response = enter.get(url("export_beneficiaire", odette))
    assert "odette" not in response["Content-Disposition"].lower()
    held = json.loads(response.content)
    assert held["accord"]["phrase_lue"] == CONSENTEMENTS[1]
    assert [one["notes"] for one in held["accompagnements"]] == ["", "Sait joindre un document."]


@pytest.mark.parametrize(("age", "gone"), [(730, 0), (731, 1)])
def test_twenty_four_months_after_the_last_time_they_are_erased(settings, conseiller, age, gone):
    day = TODAY - timedelta(days=age)
    recent = BeneficiaireFactory(conseiller=conseiller, consent_at=DEBUT - timedelta(days=400))
    AccompagnementFactory(conseiller=conseiller).beneficiaires.add(recent)
    old = BeneficiaireFactory(conseiller=conseiller, consent_at=day - timedelta(days=100))
    AccompagnementFactory(conseiller=conseiller, date=day).beneficiaires.add(old)

    assert erase_old_beneficiaires() == gone
    assert Beneficiaire.objects.count() == 2
    settings.PURGE_DRY_RUN = False
    assert erase_old_beneficiaires() == gone
    assert set(Beneficiaire.objects.values_list("pk", flat=True)) == {recent.pk, *([] if gone else [old.pk])}
    assert Accompagnement.objects.count() == 2


def test_names_are_searched_without_accents_and_never_in_an_address(enter, conseiller):
    for prenom in ("Zoé", "zoë", "Aziz", "Élodie"):
        BeneficiaireFactory(conseiller=conseiller, prenom=prenom)
    BeneficiaireFactory(prenom="Zoé")

    def found(text):
        response = enter.post(LIST, {"q": text})
        return [row["nom"] for row in response.context["rows"]]

    assert found(" ZOE ") == ["Zoé", "zoë"]
    assert found("elo") == ["Élodie"]
    assert found("lune") == []
    assert "Personne de ce prénom" in enter.post(LIST, {"q": "lune"}).content.decode()
    assert enter.post(LIST, {"q": "z" * 61}).context["rows"] == []
    assert len(found("")) == 4
    assert len(enter.get(LIST, {"q": "zoe"}).context["rows"]) == 4


def test_number_of_queries_does_not_depend_on_the_number_of_persons(enter, conseiller):
    def count_queries():
        counts = []
        for page in (LIST, reverse("accompagnements:create"), Beneficiaire.objects.first().get_absolute_url()):
            with CaptureQueriesContext(connection) as queries:
                enter.get(page)
            counts.append(len(queries))
        return counts

    def add(number):
        persons = BeneficiaireFactory.create_batch(number, conseiller=conseiller)
        for one in persons:
            AccompagnementFactory(conseiller=conseiller).beneficiaires.add(one)
        row = AccompagnementFactory(conseiller=conseiller)
        row.beneficiaires.add(Beneficiaire.objects.first())

    add(1)
    count_queries()
    with_one = count_queries()
    add(22)
    assert count_queries() == with_one
    response = enter.get(LIST)
    assert len(response.context["rows"]) == 20
    assert len(enter.get(LIST, {"page": response.context["page"].following}).context["rows"]) == 3


def test_an_edit_that_races_an_erasure_is_refused_politely(conseiller, role, odette, nantes):
    """The page offered her; she is erased before the entry is recorded."""
    values = {
        "type": "ponctuel", "date": TODAY, "duree": 30, "canal": "domicile", "commune": nantes, "themes": [5],
        "beneficiaires": [odette.pk],
    }  # fmt: skip
    services.erase_beneficiaire(beneficiaire=odette, motif=MotifEffacement.RETRAIT, by=role)
    with pytest.raises(RuleError, match="n'est plus suivie"):
        services.create_accompagnement(conseiller=conseiller, uuid=uuid.uuid4(), values=values, by=role)
    with pytest.raises(RuleError, match="déjà effacée"):
        services.erase_beneficiaire(beneficiaire=odette, motif=MotifEffacement.RETRAIT, by=role)


VISITS = st.lists(
    st.tuples(st.integers(0, 600), st.sets(st.integers(0, 4), max_size=4), st.booleans()), min_size=1, max_size=8
)


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(visits=VISITS, first=st.integers(0, 600), span=st.integers(0, 300))
def test_persons_are_counted_once_whatever_their_visits(conseiller, visits, first, span):
    """Someone who left and came back is one person; a visit erased or removed counts nobody."""
    with transaction.atomic():
        persons = BeneficiaireFactory.create_batch(5, conseiller=conseiller)
        debut, fin = DEBUT + timedelta(days=first), DEBUT + timedelta(days=first + span)
        expected = set()
        for offset, came, is_kept in visits:
            day = DEBUT + timedelta(days=offset)
            row = AccompagnementFactory(conseiller=conseiller, atelier=True, date=day)
            row.beneficiaires.set(persons[number] for number in came)
            if not is_kept:
                row.delete()
            elif debut <= day <= fin:
                expected |= came
        assert count_personnes(Accompagnement.objects.filter(conseiller=conseiller), debut, fin) == len(expected)
        if expected:
            persons[min(expected)].delete()
            left = count_personnes(Accompagnement.objects.filter(conseiller=conseiller), debut, fin)
            assert left == len(expected) - 1
        transaction.set_rollback(True)


def test_folding_forgets_case_accents_and_punctuation():
    assert fold(" Éléonore  d’Œuvre-BAR_2 ") == "eleonore d oeuvre bar 2"
    assert fold("ÅSE") == fold("åse") == "ase"
    assert fold("ǅ") == fold("ǆ")
