import re
from datetime import date
from uuid import uuid4

import pytest
from django.urls import reverse

from accompagnements.models import Accompagnement, Organisme
from comptes.enums import RoleKind
from tests.accompagnements.entry import atelier, errors, send, sign_in, typed
from tests.accompagnements.factories import (
    DEMARCHES,
    EMAIL,
    LOGEMENT,
    MATERIEL,
    AccompagnementFactory,
    LieuActiviteFactory,
)
from tests.contrats.factories import ConseillerFactory, ContratFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory


@pytest.fixture
def nantes():
    return CommuneFactory()


def test_entry_is_recorded(enter, conseiller, nantes):
    response = send(enter, typed(personne_genre="genre_feminin", personne_age="age_soixante_dix_plus", deja_venu="on"))

    assert response.url == reverse("accompagnements:list")
    recorded = Accompagnement.objects.get()
    assert (recorded.conseiller, recorded.commune, recorded.date) == (conseiller, nantes, date(2026, 11, 18))
    assert (recorded.participants, recorded.recurrents, recorded.genre_feminin, recorded.genre_masculin) == (1, 1, 1, 0)
    assert (recorded.age_soixante_dix_plus, recorded.statut_retraite, recorded.themes) == (1, 0, [EMAIL])


def test_atelier_is_one_row_whatever_the_number(enter, nantes):
    send(
        enter, atelier(participants="12", recurrents="4", genre_feminin="7", genre_masculin="5", age_moins_de_douze="3")
    )

    recorded = Accompagnement.objects.get()
    assert (recorded.participants, recorded.recurrents, recorded.genre_feminin, recorded.age_moins_de_douze) == (
        12,
        4,
        7,
        3,
    )


def test_place_gives_its_commune(enter, conseiller, nantes):
    lieu = LieuActiviteFactory(conseiller=conseiller, commune=CommuneFactory(reze=True))

    send(enter, typed(canal="lieu_activite", lieu=str(lieu.pk), commune="Nantes (44000)"))

    recorded = Accompagnement.objects.get()
    assert (recorded.lieu, recorded.commune) == (lieu, lieu.commune)


def test_demarche_brings_its_theme(enter, nantes):
    send(enter, typed(themes=[str(LOGEMENT)]))
    assert Accompagnement.objects.get().themes == [DEMARCHES, LOGEMENT]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": None}, "type"),
        ({"type": "bal"}, "type"),
        ({"duree": "4"}, "duree"),
        ({"duree": "481"}, "duree"),
        ({"duree": "-30"}, "duree"),
        ({"duree": None}, "duree"),
        ({"duree": "autre", "duree_libre": "une heure"}, "duree"),
        ({"duree": "9" * 400}, "duree"),
        ({"themes": None}, "themes"),
        ({"themes": ["5", "5"]}, "themes"),
        ({"themes": ["999"]}, "themes"),
        ({"themes": [str(pk) for pk in range(1, 22)]}, "themes"),
        # Twenty boxes, and the theme one of them brings along.
        ({"themes": [str(pk) for pk in [*range(1, 19), 20, 21]]}, "themes"),
        ({"canal": None}, "canal"),
        ({"canal": "lune"}, "canal"),
        ({"commune": "Nulle-Part-sur-Rien"}, "commune"),
        ({"commune": None}, "commune"),
        ({"canal": "lieu_activite"}, "lieu"),
        ({"canal": "lieu_activite", "lieu": "abc"}, "lieu"),
        ({"canal": "lieu_activite", "lieu": "9" * 30}, "lieu"),
        ({"date": None}, "date"),
        ({"date": "2026-02-30"}, "date"),
        ({"date": "2026-11-19"}, "date"),
        ({"date": "2020-11-16"}, "date"),
        ({"date": "2025-01-05"}, "date"),
        ({"date": "0001-01-01"}, "date"),
        ({"suite": "orientation"}, "orientation"),
        ({"suite": "lune"}, "suite"),
        ({"materiel": ["lune"]}, "materiel"),
        ({"dispositifs": ["lune"]}, "dispositifs"),
        ({"suite": "orientation", "orientation": "organisme-99"}, "orientation"),
        ({"notes": "a" * 1001}, "notes"),
        ({"titre": "t" * 121}, None),
        ({"personne_genre": "lune"}, "personne_genre"),
    ],
)
def test_out_of_bounds_is_refused_beside_its_field(enter, nantes, changes, field):
    response = send(enter, typed(**changes))

    if field is None:  # Left in a field this type does not show.
        assert response.status_code == 302
        return
    assert errors(response) == {field}
    assert not Accompagnement.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"participants": ""}, "participants"),
        ({"participants": "0"}, "participants"),
        ({"participants": "1001"}, "participants"),
        ({"participants": "dix"}, "participants"),
        ({"participants": "10", "recurrents": "11"}, "recurrents"),
        ({"participants": "10", "recurrents": "-1"}, "recurrents"),
        ({"participants": "10", "genre_feminin": "6", "genre_masculin": "5"}, "genre_feminin"),
        ({"participants": "10", "age_moins_de_douze": "6", "age_soixante_dix_plus": "5"}, "age_moins_de_douze"),
        ({"participants": "10", "statut_scolarise": "6", "statut_retraite": "5"}, "statut_scolarise"),
        ({"titre": "t" * 121}, "titre"),
    ],
)
def test_atelier_out_of_bounds_is_refused(enter, nantes, changes, field):
    assert errors(send(enter, atelier(**changes))) == {field}
    assert not Accompagnement.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        typed(duree="5"),
        typed(duree="480"),
        typed(duree="autre", duree_libre="50"),
        typed(themes=[str(pk) for pk in range(1, 21)]),
        typed(date="2025-01-06"),
        typed(notes="a" * 1000),
        typed(notes="a\r\n" * 500),
        atelier(participants="1"),
        atelier(participants="10", recurrents="10", genre_feminin="5", genre_masculin="5"),
        atelier(participants="1000", confirmer_participants="1000"),
        typed(suite="orientation", orientation="aide_sociale", materiel=["ordinateur", "telephone"]),
    ],
)
def test_bounds_themselves_are_accepted(enter, nantes, data):
    assert send(enter, data).status_code == 302
    assert Accompagnement.objects.count() == 1


def test_an_organisme_is_of_a_kind_and_national_schemes_are_counted(enter, nantes):
    send(enter, typed(suite="orientation", orientation="organisme-17", dispositifs=["aidants_connect"]))
    row = Accompagnement.objects.get()
    assert (row.organisme.code, row.orientation, row.dispositifs) == ("ccas", "aide_sociale", ["aidants_connect"])
    page = enter.get(row.get_absolute_url()).content.decode()
    assert "CCAS ou CIAS" in page
    assert "Mandat Aidants Connect" in page
    form = enter.get(f"{row.get_absolute_url()}modifier/").context["form"]
    assert form["orientation"].value() == "organisme-17"
    # Without the suite that asks for it, it is not kept.
    send(enter, typed(orientation="organisme-17", uuid=str(uuid4())))
    assert Accompagnement.objects.latest("pk").organisme is None
    figures = {
        one.name: one.rows for one in enter.get(reverse("accompagnements:statistics")).context["figures"].figures
    }
    assert figures["dispositif"] == [("Mandat Aidants Connect", ["1"]), ("Pass numérique", ["0"])]
    assert ("Aide sociale", ["1"]) in figures["orientation"]


def test_a_closed_organisme_is_offered_to_the_row_that_has_it_only(enter, conseiller, nantes):
    row = AccompagnementFactory(
        conseiller=conseiller, suite="orientation", orientation="aide_sociale", organisme_id=17, date=date(2026, 11, 2)
    )
    Organisme.objects.filter(pk=17).update(valide_au=date(2026, 11, 3))
    assert "organisme-17" not in enter.get(reverse("accompagnements:create")).content.decode()
    assert 'value="organisme-17" selected' in enter.get(f"{row.get_absolute_url()}modifier/").content.decode()


def test_day_is_the_one_of_the_place(enter, conseiller, nantes):
    noumea = CommuneFactory(
        code="98818", nom="Nouméa", codes_postaux=["98800"], zone="nouvelle_caledonie", x=1.0, y=2.0,
        departement=DepartementFactory(code="988", nom="Nouvelle-Calédonie", region=None, fuseau="Pacific/Noumea"),
    )  # fmt: skip

    assert errors(send(enter, typed(date="2026-11-19"))) == {"date"}
    assert send(enter, typed(date="2026-11-19", commune=noumea.libelle)).status_code == 302
    assert errors(send(enter, typed(date="2026-11-20", commune=noumea.libelle))) == {"date"}


def test_what_was_typed_is_kept(enter, nantes):
    response = send(enter, typed(duree="autre", duree_libre="481", themes=[str(EMAIL), str(MATERIEL)], notes="à finir"))

    page = response.content.decode()
    assert 'name="duree_libre" value="481"' in re.sub(r"\s+", " ", page)
    assert [str(value) for value in response.context["form"]["themes"].value()] == [str(EMAIL), str(MATERIEL)]
    assert "à finir</textarea>" in page
    assert "Un accompagnement dure au plus 480 minutes" in page


def test_someone_elses_place_is_refused(enter, nantes):
    lieu = LieuActiviteFactory()
    assert errors(send(enter, typed(canal="lieu_activite", lieu=str(lieu.pk)))) == {"lieu"}


def test_many_participants_ask_once_for_that_number(enter, nantes):
    response = send(enter, atelier(participants="120"))
    assert errors(response) == {"participants"}
    assert 'name="confirmer_participants"' in response.content.decode()

    assert errors(send(enter, atelier(participants="900", confirmer_participants="120"))) == {"participants"}
    assert send(enter, atelier(participants="120", confirmer_participants="120")).status_code == 302
    assert send(enter, atelier(participants="100")).status_code == 302


def test_sensitive_notes_ask_before_saving(enter, nantes):
    data = typed(notes="Son numéro : 2 55 08 14 168 025 38")
    response = send(enter, data)

    assert errors(response) == {"notes"}
    assert not Accompagnement.objects.exists()
    code = response.context["form"].confirmation_notes.value
    assert send(enter, data | {"confirmer_notes": code}).status_code == 302
    other = typed(notes="FR76 3000 6000 0112 3456 7890 189", confirmer_notes=code)
    assert errors(send(enter, other)) == {"notes"}


def test_hostile_notes_are_text(enter, nantes, conseiller):
    hostile = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    send(enter, atelier(notes=hostile, titre=hostile))

    row = Accompagnement.objects.get()
    assert row.notes == hostile
    for name in ("detail", "update", "delete"):
        page = enter.get(reverse(f"accompagnements:{name}", args=[row.pk])).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in enter.get(reverse("accompagnements:list")).content.decode()


def test_last_values_are_offered(enter, conseiller, nantes):
    lieu = LieuActiviteFactory(conseiller=conseiller)
    AccompagnementFactory(conseiller=conseiller, canal="lieu_activite", lieu=lieu, duree=45, themes=[MATERIEL])

    form = enter.get(reverse("accompagnements:create"), {"type": "ponctuel"}).context["form"]

    assert (form["duree"].value(), form["canal"].value(), form["lieu"].value()) == (45, "lieu_activite", lieu.pk)
    assert (form["date"].value(), form["type"].value()) == (date(2026, 11, 18), "ponctuel")
    assert form.fields["themes"].choices[0] == (
        "Vos thèmes les plus fréquents",
        [(MATERIEL, "Prendre en main du matériel")],
    )


def test_first_entry_has_every_theme_and_the_town_of_the_structure(enter, conseiller):
    form = enter.get(reverse("accompagnements:create")).context["form"]

    assert [nom for nom, _ in form.fields["themes"].choices] == [
        "L'autonomie numérique", "Les usages quotidiens", "Les usages citoyens et critiques",
        "Les démarches administratives en ligne",
    ]  # fmt: skip
    assert form["commune"].value().text == "Nantes (44000)"


def test_copy_takes_the_activity_and_not_the_people(enter, conseiller):
    model = AccompagnementFactory(
        conseiller=conseiller, atelier=True, genre_feminin=4, notes="déjà dit", date="2026-10-01"
    )

    form = enter.get(reverse("accompagnements:duplicate", args=[model.pk])).context["form"]

    assert (form["participants"].value(), form["titre"].value(), form["themes"].value()) == (
        10,
        model.titre,
        model.themes,
    )
    assert (form["genre_feminin"].value(), form["notes"].value()) == (None, None)
    assert form["date"].value() == date(2026, 11, 18)
    assert form["uuid"].value() != str(model.uuid)
    assert Accompagnement.objects.count() == 1


@pytest.mark.usefixtures("_now")
def test_before_the_contract_starts_the_page_says_when(client):
    contrat = ContratFactory(valide=True, date_debut=date(2027, 1, 4), date_fin=date(2029, 1, 3))
    sign_in(client, ConseillerFactory(contrat=contrat).compte.roles.get(kind=RoleKind.CONSEILLER))
    response = client.get(reverse("accompagnements:create"))

    assert "Votre contrat commence le 4 janvier 2027" in response.content.decode()
    send(client, typed())
    assert not Accompagnement.objects.exists()


def test_title_asks_too_and_each_text_has_its_own_confirmation(enter, nantes, caplog):
    data = atelier(titre="Pour Mme 2 55 08 14 168 025 38", notes="Elle est diabétique")
    response = send(enter, data)

    assert errors(response) == {"titre", "notes"}
    assert "« 2 55 08 14 168 025 38 »" in response.content.decode()
    confirmed = {f"confirmer_{name}": one.value for name, one in response.context["form"].confirmations.items()}
    assert errors(send(enter, data | {"confirmer_titre": confirmed["confirmer_notes"]})) == {"titre", "notes"}
    assert send(enter, data | confirmed).status_code == 302
    # A title left in the form of one person is not kept, so nothing is asked about it.
    assert send(enter, typed(titre=data["titre"])).status_code == 302
    assert "168" not in caplog.text
