"""Words of a person, of a structure, of a département, of the country; and the themes everyone reads."""

import csv
import io
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accompagnements import services
from accompagnements.constants import ETIQUETTES_MAX, ETIQUETTES_OWNED_MAX
from accompagnements.documents import EXPORT_HEADER, export_rows, tableur_rows
from accompagnements.enums import Famille
from accompagnements.models import (
    Accompagnement,
    AccompagnementRevision,
    Etiquette,
    FiltreEnregistre,
    ModeleAtelier,
    Theme,
)
from common.exceptions import RuleError
from common.exports import iter_csv
from comptes.enums import RoleKind
from tests.accompagnements.entry import atelier, errors, send, sign_in, typed
from tests.accompagnements.factories import (
    DEMARCHES,
    EMAIL,
    LOGEMENT,
    AccompagnementFactory,
    BeneficiaireFactory,
    EnPosteFactory,
    EtiquetteFactory,
)
from tests.comptes.factories import RoleFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory

LIST, WORDS = "/accompagnements/", reverse("accompagnements:etiquettes")
STATISTICS, OFFER = reverse("accompagnements:statistics"), reverse("accompagnements:offer")


def url(one):
    return reverse("accompagnements:update_etiquette", args=[one.pk])


def shown(response):
    return [row["pk"] for row in response.context["rows"]]


def member_of(structure):
    role = RoleFactory(kind=RoleKind.STRUCTURE)
    structure.membres.create(compte=role.compte)
    return role


@pytest.fixture
def words(conseiller):
    """One of each scope this conseiller may use, and those they may not."""
    structure = conseiller.contrat.structure
    elsewhere = EnPosteFactory()
    brittany = DepartementFactory(code="35", nom="Ille-et-Vilaine")
    return {
        "own": EtiquetteFactory(nom="Café numérique", compte=conseiller.compte),
        "team": EtiquetteFactory(nom="Mairie", structure=structure),
        "departement": EtiquetteFactory(nom="Plan 44", departement=structure.commune.departement),
        "national": EtiquetteFactory(nom="Numérique en commun"),
        "other": EtiquetteFactory(nom="À moi", compte=elsewhere.compte),
        "other_team": EtiquetteFactory(nom="Ailleurs", structure=elsewhere.contrat.structure),
        "other_departement": EtiquetteFactory(nom="Plan 35", departement=brittany),
    }


USABLE = ["own", "team", "departement", "national"]


def test_an_entry_takes_the_words_of_its_conseiller(enter, conseiller, words):
    CommuneFactory()
    page = enter.get(reverse("accompagnements:create")).content.decode()
    assert [name for name, word in words.items() if str(word) in page] == USABLE

    send(enter, typed(etiquettes=[str(words[name].pk) for name in USABLE]))
    row = Accompagnement.objects.get()
    assert {one.pk for one in row.etiquettes.all()} == {words[name].pk for name in USABLE}
    for name in set(words) - set(USABLE):
        assert errors(send(enter, typed(etiquettes=[str(words[name].pk)]))) == {"etiquettes"}
    assert "Café numérique, Mairie" in enter.get(LIST).content.decode()
    assert "Plan 44" in enter.get(row.get_absolute_url()).content.decode()
    copied = enter.get(reverse("accompagnements:duplicate", args=[row.pk])).context["form"].initial["etiquettes"]
    assert len(copied) == len(USABLE)


def test_changing_words_alone_asks_for_no_reason_and_writes_no_history(enter, conseiller, words):
    CommuneFactory()
    send(enter, typed(etiquettes=[str(words["own"].pk)]))
    row = Accompagnement.objects.get()
    # Someone who changed structure keeps the word that stands there, and only that one.
    words["other_team"].etiquetages.create(accompagnement=row)
    kept = [str(words["other_team"].pk), str(words["national"].pk)]
    typed_again = typed(etiquettes=kept, version=row.version)
    assert enter.post(reverse("accompagnements:update", args=[row.pk]), typed_again).status_code == 302
    assert {str(one.pk) for one in row.etiquettes.all()} == set(kept)
    assert not AccompagnementRevision.objects.exists()
    version = row.version
    row.refresh_from_db()
    assert row.version == version


def test_ten_are_enough_whoever_writes(enter, conseiller):
    CommuneFactory()
    many = [EtiquetteFactory(compte=conseiller.compte) for _ in range(ETIQUETTES_MAX + 1)]
    response = send(enter, typed(etiquettes=[str(one.pk) for one in many]))
    assert errors(response) == {"etiquettes"}
    assert "10 étiquettes au plus" in response.content.decode()
    row = AccompagnementFactory(conseiller=conseiller)
    row.etiquettes.set(many[1:])
    with pytest.raises(IntegrityError), transaction.atomic():
        row.etiquettes.add(many[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        AccompagnementFactory(conseiller=conseiller).etiquettes.add(EtiquetteFactory(compte=EnPosteFactory().compte))


NAMES = ["", "   ", "***", "n" * 41, "CAFE   numerique", "n° 2 55 08 14 168 025 38", "Diabétiques"]


def test_a_word_is_named_once_whatever_its_case_and_accents(enter, words):
    other = EtiquetteFactory(nom="Autre", compte=words["own"].compte)
    before = set(Etiquette.objects.values_list("pk", "nom"))
    for nom in NAMES:
        assert (nom, errors(enter.post(WORDS, {"nom": nom}))) == (nom, {"nom"})
        assert (nom, errors(enter.post(url(other), {"nom": nom, "renommer": "1"}))) == (nom, {"nom"})
    assert set(Etiquette.objects.values_list("pk", "nom")) == before


def test_each_names_their_own(client, enter, role, conseiller, words):
    structure = conseiller.contrat.structure
    departement = structure.commune.departement
    enter.post(WORDS, {"nom": "  Tiers-lieu  du   port "})
    assert Etiquette.objects.get(compte=role.compte, cle="tiers lieu du port").nom == "Tiers-lieu du port"

    sign_in(client, member_of(structure))
    client.post(WORDS, {"nom": "Café numérique"})
    assert Etiquette.objects.filter(cle="cafe numerique", structure=structure).exists()
    assert "À moi" not in client.get(WORDS).content.decode()

    sign_in(client, RoleFactory(kind=RoleKind.COORDINATEUR, region=departement.region))
    client.post(WORDS, {"nom": "Semaine bleue", "pour": departement.pk})
    assert errors(client.post(WORDS, {"nom": "Semaine rose", "pour": "zz"})) == {"pour"}
    assert Etiquette.objects.get(cle="semaine bleue").departement == departement
    # A coordinateur without a territory names nothing, and the page says so by having no form.
    sign_in(client, RoleFactory(kind=RoleKind.COORDINATEUR))
    assert client.get(WORDS).context["form"] is None
    assert client.post(WORDS, {"nom": "Nulle part"}).status_code == 403
    assert not Etiquette.objects.filter(cle="nulle part").exists()


def test_fifty_are_enough(enter, role):
    EtiquetteFactory.create_batch(ETIQUETTES_OWNED_MAX, compte=role.compte)
    assert "le maximum" in enter.post(WORDS, {"nom": "De trop"}).content.decode()


def test_anct_names_those_of_the_country_in_the_administration(client, words):
    sign_in(client, RoleFactory(kind=RoleKind.ANCT))
    add = reverse("admin:accompagnements_etiquette_add")
    assert client.post(add, {"nom": "NEC 2026", "departement": ""}).status_code == 302
    assert client.post(add, {"nom": "nec  2026", "departement": ""}).status_code == 200
    assert client.post(add, {"nom": "Plan 35 bis", "departement": "35"}).status_code == 302
    assert Etiquette.objects.get(cle="nec 2026").portee == "nationale"
    change = [
        reverse("admin:accompagnements_etiquette_change", args=[words[name].pk]) for name in ("national", "own", "team")
    ]
    assert client.post(change[0], {"nom": "NEC"}).status_code == 302
    assert Etiquette.objects.get(pk=words["national"].pk).nom == "NEC"
    assert client.get(change[1]).status_code == 302  # A personal word does not exist here.
    assert client.post(change[2], {"nom": "Prise"}).status_code == 403
    listed = reverse("admin:accompagnements_etiquette_changelist")
    client.post(listed, {"action": "remove", "_selected_action": [words["national"].pk, words["team"].pk]})
    assert set(Etiquette.objects.filter(pk__in=[words["national"].pk, words["team"].pk])) == {words["team"]}


def test_merged_words_stand_once_and_removed_ones_nowhere(enter, conseiller, role, words):
    kept, gone = EtiquetteFactory(compte=role.compte, nom="Jardin"), EtiquetteFactory(compte=role.compte, nom="Jardins")
    both, one = AccompagnementFactory.create_batch(2, conseiller=conseiller)
    both.etiquettes.set([kept, gone])
    one.etiquettes.set([gone, words["own"]])
    stamps = set(Accompagnement.objects.values_list("pk", "updated_at"))

    assert errors(enter.post(url(gone), {"vers": str(words["team"].pk), "reunir": "1"})) == {"vers"}
    assert enter.post(url(gone), {"vers": str(kept.pk), "reunir": "1"}).url == WORDS
    assert not Etiquette.objects.filter(pk=gone.pk).exists()
    assert [set(row.etiquettes.all()) for row in (both, one)] == [{kept}, {kept, words["own"]}]
    with pytest.raises(RuleError, match="n'existe plus"):
        services.merge_etiquettes(etiquette=gone, into=kept, by=role)
    with pytest.raises(RuleError, match="même portée"):
        services.merge_etiquettes(etiquette=kept, into=words["national"], by=role)

    assert enter.post(url(words["own"]), {"supprimer": "1"}).url == WORDS
    assert set(one.etiquettes.all()) == {kept}
    assert enter.post(url(kept), {"renommer": "1", "nom": "Au jardin"}).url == WORDS
    # Nothing of it touched the accompagnements themselves.
    assert set(Accompagnement.objects.values_list("pk", "updated_at")) == stamps


def test_the_list_is_filtered_by_a_word_with_the_rest(enter, conseiller, role, words):
    wanted = AccompagnementFactory(conseiller=conseiller)
    other = AccompagnementFactory(conseiller=conseiller, atelier=True)
    for row in (wanted, other):
        row.etiquettes.add(words["own"])
    AccompagnementFactory(conseiller=conseiller)
    asked = {"etiquette": str(words["own"].pk)}
    assert set(shown(enter.get(LIST, asked))) == {wanted.pk, other.pk}
    assert shown(enter.get(LIST, asked | {"type": "ponctuel"})) == [wanted.pk]
    assert shown(enter.get(LIST, {"etiquette": str(words["other"].pk)})) == []
    new = f"{reverse('accompagnements:create_filtre')}?etiquette={words['own'].pk}&type=ponctuel"
    assert "Étiquette : Café numérique" in enter.get(new).content.decode()
    enter.post(new, {"nom": "Cafés"})
    assert shown(enter.get(FiltreEnregistre.objects.get().get_absolute_url())) == [wanted.pk]
    words["own"].delete()
    response = enter.get(FiltreEnregistre.objects.get().get_absolute_url())
    assert shown(response) == []
    assert "Cette étiquette n&#x27;existe plus" in response.content.decode()


def figure(client, name, **asked):
    response = client.get(reverse("accompagnements:statistics_csv", args=[name]), asked)
    text = b"".join(response.streaming_content).decode().removeprefix("\ufeff")
    return {line[0]: line[1:] for line in csv.reader(io.StringIO(text), delimiter=";") if line}


def totals(client, **asked):
    return {label: value for label, value, _ in client.get(STATISTICS, asked).context["figures"].totals}


def test_figures_tell_persons_from_participations_and_count_by_word(client, enter, conseiller, words):
    persons = BeneficiaireFactory.create_batch(3, conseiller=conseiller)
    rows = [
        AccompagnementFactory(conseiller=conseiller, atelier=True, date=date(2026, month, 5)) for month in (9, 10, 11)
    ]
    for row in rows:
        row.beneficiaires.set(persons)
        row.etiquettes.set([words["own"], words["team"]])
    AccompagnementFactory.create_batch(4, conseiller=conseiller)
    # Followed by somebody else too: two conseillers, two persons.
    stranger = BeneficiaireFactory(conseiller=EnPosteFactory())
    AccompagnementFactory(conseiller=stranger.conseiller).beneficiaires.add(stranger)

    mine = totals(enter)
    assert (mine["Participations"], mine["Personnes suivies"]) == ("34", "3")
    assert totals(enter, du="2026-11-06")["Personnes suivies"] == "0"
    assert figure(enter, "etiquette")["Café numérique"] == ["3", "30", "360"]
    assert totals(enter, etiquette=str(words["own"].pk))["Accompagnements"] == "3"
    assert totals(enter, etiquette=str(words["other"].pk)) == {}

    # To the employer a number, hidden while small; the shared words, never the personal ones.
    sign_in(client, member_of(conseiller.contrat.structure))
    assert totals(client)["Personnes suivies"] == "masqué"
    assert set(figure(client, "etiquette")) == {"", "Mairie"}
    for row in rows:
        row.beneficiaires.add(*BeneficiaireFactory.create_batch(2, conseiller=conseiller))
    assert totals(client)["Personnes suivies"] == "9"
    sign_in(client, RoleFactory(kind=RoleKind.HUB))
    for month, shown_there in ((3, "masqué"), (9, "5")):
        spring = AccompagnementFactory.create_batch(5, conseiller=conseiller, date=date(2026, month, 2))
        spring[0].beneficiaires.add(persons[0])
        asked = {"perimetre": "FR", "du": f"2026-0{month}-01", "au": f"2026-0{month}-28"}
        assert totals(client, **asked)["Personnes suivies"] == shown_there
    assert figure(client, "etiquette", perimetre="FR") == {}


def exported(rows, role):
    text = b"".join(iter_csv(EXPORT_HEADER, export_rows(rows, role))).decode("utf-8-sig")
    return [line["etiquettes"] for line in csv.DictReader(io.StringIO(text), delimiter=";")]


def test_the_files_name_the_words_of_each_row(enter, conseiller, role, words):
    formula = EtiquetteFactory(nom="=1+1|x", compte=role.compte)
    worn = AccompagnementFactory.create_batch(2, conseiller=conseiller)[1]
    worn.etiquettes.set([words["team"], words["own"], formula, words["other_team"]])

    mine = Accompagnement.objects.visible_to(role)
    # In the order of the list, no formula, no name cut in two; what stands on one's own row is one's own to read.
    names = "'=1+1/x|Ailleurs|Café numérique|Mairie"
    assert exported(mine, role) == [names, ""]
    response = enter.get("/accompagnements/export.csv", {"etiquette": str(formula.pk)})
    assert names in b"".join(response.streaming_content).decode()
    assert [row[-1] for row in tableur_rows(mine, role)] == [names[1:], None]


def test_the_file_of_another_reader_names_the_words_they_may_see(conseiller, words):
    row = AccompagnementFactory(conseiller=conseiller)
    row.etiquettes.set([words["own"], words["team"], words["national"], words["other_team"]])
    rows = Accompagnement.objects.filter(pk=row.pk)
    assert exported(rows, member_of(conseiller.contrat.structure)) == ["Mairie|Numérique en commun"]
    assert exported(rows, RoleFactory(kind=RoleKind.HUB)) == ["Numérique en commun"]


def test_a_file_asks_as_much_for_a_row_as_for_many(conseiller, words):
    reader = member_of(conseiller.contrat.structure)
    mine = Accompagnement.objects.filter(conseiller=conseiller)

    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            assert len(list(tableur_rows(mine, reader))) == len(export_rows(mine, reader))
        return len(queries)

    AccompagnementFactory(conseiller=conseiller)
    with_one = count_queries()
    for row in AccompagnementFactory.create_batch(6, conseiller=conseiller):
        row.etiquettes.set([words["own"], words["team"]])
    assert count_queries() == with_one


def test_a_model_gives_back_the_words_one_may_still_use(enter, conseiller, role, words):
    row = AccompagnementFactory(conseiller=conseiller, atelier=True)
    gone, merged = EtiquetteFactory.create_batch(2, compte=role.compte)
    row.etiquettes.set([words["own"], words["team"], words["other_team"], gone, merged])
    enter.post(reverse("accompagnements:create_modele", args=[row.pk]), {"nom": "Le mardi"})
    modele = ModeleAtelier.objects.get(compte=role.compte)
    assert modele.etiquettes.count() == 5
    # The atelier may change or go: the model is its own.
    row.etiquettes.clear()

    def given():
        return set(enter.get(modele.get_absolute_url()).context["form"].initial["etiquettes"])

    assert given() == {words["own"].pk, words["team"].pk, gone.pk, merged.pk}
    services.remove_etiquette(etiquette=gone, by=role)
    services.merge_etiquettes(etiquette=merged, into=words["own"], by=role)
    assert given() == {words["own"].pk, words["team"].pk}
    other = EtiquetteFactory(compte=role.compte)
    services.merge_etiquettes(etiquette=words["own"], into=other, by=role)
    assert given() == {other.pk, words["team"].pk}
    send(enter, atelier(etiquettes=[str(pk) for pk in given()]))
    assert Accompagnement.objects.latest("pk").etiquettes.count() == 2


def test_number_of_queries_does_not_depend_on_the_number_of_words(enter, conseiller, role):
    row = AccompagnementFactory(conseiller=conseiller)

    def count_queries():
        counts = []
        for page in (WORDS, LIST, STATISTICS, reverse("accompagnements:create")):
            with CaptureQueriesContext(connection) as queries:
                enter.get(page)
            counts.append(len(queries))
        return counts

    def add(number):
        row.etiquettes.add(*EtiquetteFactory.create_batch(number, compte=role.compte))

    add(1)
    count_queries()
    with_one = count_queries()
    add(8)
    assert count_queries() == with_one


def test_everyone_reads_the_themes_of_today(client):
    page = client.get(OFFER).content.decode()
    for theme in Theme.objects.filter(pk__gt=0):
        assert theme.phrase, theme
        assert theme.nom.replace("'", "&#x27;") in page, theme
        assert theme.phrase.replace("'", "&#x27;") in page, theme
    assert OFFER in client.get("/").content.decode()
    Theme.objects.filter(pk=EMAIL).update(valide_au=date(2021, 1, 1))
    Theme.objects.filter(pk=LOGEMENT).update(valide_au=date(2021, 1, 1))
    names = [theme for famille in client.get(OFFER).context["familles"] for theme in famille.themes]
    assert "E-mail" not in [theme.nom for theme in names]
    (demarches,) = [theme for theme in names if theme.precisions]
    assert len(demarches.precisions) == 10


def test_each_family_of_an_entry_leads_to_the_page_that_says_what_it_is(enter, client):
    entry, offer = enter.get(reverse("accompagnements:create")), client.get(OFFER).content.decode()
    for famille in Famille:
        assert f"{OFFER}#{famille.anchor}" in entry.content.decode()
        assert f'id="{famille.anchor}"' in offer


def test_a_theme_twice_is_refused_in_french(enter):
    CommuneFactory()
    response = send(enter, typed(themes=["5", "5"]))
    assert errors(response) == {"themes"}
    assert "Un thème est choisi deux fois." in response.content.decode()


MISPLACED = [
    (LOGEMENT, {"parent": str(LOGEMENT)}, "parent"),
    (LOGEMENT, {"parent": str(LOGEMENT + 1)}, "parent"),
    (LOGEMENT, {"famille": Famille.CITOYEN}, "famille"),
    (LOGEMENT, {"famille": "Lune"}, "famille"),
    (LOGEMENT, {"valide_du": "16/11/2020"}, "valide_du"),
    (LOGEMENT, {"valide_du": ""}, "valide_du"),
    (LOGEMENT, {"valide_au": "16/11/2020"}, "__all__"),
    (LOGEMENT, {"phrase": ""}, "phrase"),
    (DEMARCHES, {"valide_au": "31/12/2026", "parent": ""}, "valide_au"),
]


def test_a_theme_keeps_its_place_in_the_referential(client):
    sign_in(client, RoleFactory(kind=RoleKind.ANCT))
    for pk, changes, field in MISPLACED:
        theme = Theme.objects.get(pk=pk)
        data = {
            "nom": theme.nom, "famille": theme.famille, "phrase": theme.phrase, "ordre": pk,
            "valide_du": "17/11/2020", "valide_au": "", "parent": str(DEMARCHES),
        }  # fmt: skip
        response = client.post(reverse("admin:accompagnements_theme_change", args=[pk]), data | changes)
        assert response.status_code == 200, changes
        assert set(response.context["adminform"].form.errors) == {field}, changes


def test_a_new_theme_takes_the_next_number(client):
    sign_in(client, RoleFactory(kind=RoleKind.ANCT))
    add = reverse("admin:accompagnements_theme_add")
    initial = client.get(add).context["adminform"].form.initial
    assert initial["id"] == str(Theme.objects.latest("pk").pk + 1)
    data = {
        "code": "essai", "nom": "Essai", "famille": Famille.CITOYEN, "phrase": "Un essai.", "valide_du": "01/12/2026",
        **initial,
    }  # fmt: skip
    assert client.post(add, data).status_code == 302
    assert client.post(add, data).status_code == 200
