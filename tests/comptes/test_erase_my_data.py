"""Erasing one's own account: said first, proved again, refused while someone is needed, done once."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from common.exceptions import RuleError
from comptes.effacement import LAST_ANCT, erase_own_compte, obstacles
from comptes.enums import RoleKind
from comptes.models import Compte, EntreeJournal, JetonApi
from comptes.services import record
from notifications.models import Effet
from tests.accompagnements.entry import errors
from tests.accompagnements.factories import AppartenanceFactory, EnPosteFactory
from tests.accompagnements.test_race import together
from tests.browser import follow, look, sign_in
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import CompteFactory, JetonApiFactory, RoleFactory
from tests.formation.factories import FormateurFactory, SessionFormationFactory
from tests.marks import TRANSACTIONAL
from tests.structures.factories import DemandePosteFactory, MembreFactory, PosteFactory

URL, DATA, ESPACE = "/mes-donnees/effacer/", "/mes-donnees/", "/espace/"
PASSWORD = "une phrase de passe longue"
SURE = {"confirmer": "on"}


@pytest.fixture
def role():
    """A former candidat, who holds nothing back."""
    role = RoleFactory(kind=RoleKind.CANDIDAT, compte__prenom="Zéphyrine", compte__email="zephyrine@exemple.fr")
    CandidatureFactory(retiree=True, compte=role.compte, email=role.compte.email)
    return role


def prove(client, compte):
    client.force_login(compte)
    return client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": URL})


@pytest.fixture
def enter(client, role):
    """The client of someone who has just typed their password again."""
    prove(client, role.compte)
    return client


def test_the_password_is_asked_before_anything(client, role):
    client.force_login(role.compte)
    asked = client.get(URL)
    assert asked.url == f"{reverse('account_reauthenticate')}?next={URL.replace('/', '%2F')}"
    # What was sent without it is neither done, nor kept to be done once the password is typed.
    assert client.post(URL, SURE).url == URL
    assert client.post(asked.url, {"password": "une autre", "next": URL}).status_code == 200
    assert client.post(URL, SURE).url == URL
    assert prove(client, role.compte).url == URL
    assert client.get(URL).status_code == 200
    role.compte.refresh_from_db()
    assert role.compte.is_active


def test_the_page_says_what_goes_and_what_stays_as_the_register_does(enter, role):
    record(by=role, verbe="lire", objet=role)
    assert URL in enter.get(DATA).content.decode()
    response = enter.get(URL)
    erased, kept = ({row.traitement.label for row in response.context[name]} for name in ("erased", "kept"))
    assert {"comptes.Compte", "candidatures.Candidature"} <= erased
    assert "comptes.EntreeJournal" in kept
    assert not erased & kept
    page = response.content.decode()
    for words in (
        "le numéro reste, pour les actes des autres",
        "elles ne portent que des numéros",
        "pas même le support",
    ):
        assert words in page, words


def test_nothing_goes_without_the_box(enter, role):
    response = enter.post(URL)
    assert errors(response) == {"confirmer"}
    assert "Cochez cette case" in response.content.decode()
    role.compte.refresh_from_db()
    assert role.compte.is_active
    assert not Effet.objects.exists()


def test_erased_signed_out_and_told_once(enter, role, mailoutbox, django_capture_on_commit_callbacks):
    compte, elsewhere = role.compte, Client()
    elsewhere.force_login(compte)
    JetonApiFactory(role=role, scopes=["statistiques:read"])
    with django_capture_on_commit_callbacks(execute=True):
        response = enter.post(URL, SURE)
    assert (response.url, response["Clear-Site-Data"]) == ("/", '"storage"')
    assert "Votre compte est effacé" in enter.get("/").content.decode()

    compte.refresh_from_db()
    assert (compte.is_active, compte.prenom, compte.email) == (False, "", f"efface-{compte.pk}@compte.invalid")
    assert not JetonApi.objects.exists()
    assert not compte.roles.active().exists()
    for client in (enter, elsewhere):
        assert client.get(ESPACE).url.startswith(reverse("account_login"))
    line = EntreeJournal.objects.get(verbe="effacer un compte")
    assert (line.compte, line.role, line.objet) == (compte, "candidat", f"comptes.Compte:{compte.pk}")

    (mail,) = mailoutbox
    assert mail.to == ["zephyrine@exemple.fr"]
    assert mail.subject == "Votre compte est effacé"
    assert bytes(Effet.objects.get(genre="comptes.compte_efface").scelle or b"") == b""
    assert enter.post(URL, SURE).url.startswith(reverse("account_login"))


def candidat():
    return CandidatureFactory(compte=RoleFactory().compte).compte


def conseiller():
    return EnPosteFactory().compte


def member_with_a_post():
    return MembreFactory(structure=PosteFactory().structure).compte


def member_with_a_request():
    return MembreFactory(structure=DemandePosteFactory(status="deposee").structure).compte


def formateur():
    one = FormateurFactory()
    SessionFormationFactory(organisme=one.organisme)
    return one.compte


def coordinateur():
    return AppartenanceFactory().groupe.coordinateur


def anct():
    return RoleFactory(kind=RoleKind.ANCT).compte


HELD = {
    candidat: "Une candidature est en cours",
    conseiller: "Un contrat de travail est en cours, jusqu'au",
    member_with_a_post: "Personne d'autre n'agit pour",
    member_with_a_request: "Personne d'autre n'agit pour",
    formateur: "qui a une session ouverte",
    coordinateur: "doit d'abord le confier à quelqu'un d'autre",
    anct: "le dernier compte de l'ANCT",
}


@pytest.mark.parametrize("holder", HELD, ids=lambda holder: holder.__name__)
def test_someone_who_is_needed_is_told_what_to_do_first(client, holder):
    compte = holder()
    before = Compte.objects.get(pk=compte.pk)
    prove(client, compte)
    response = client.get(URL)
    assert any(HELD[holder] in reason for reason in response.context["obstacles"])
    assert "Effacer définitivement" not in response.content.decode()

    refused = client.post(URL, SURE)
    assert refused.status_code == 200
    assert HELD[holder] in " ".join(refused.context["form"].non_field_errors())
    compte.refresh_from_db()
    assert (compte.is_active, compte.email) == (True, before.email)
    assert not Effet.objects.exists()
    assert client.get(ESPACE).status_code == 200


def test_a_colleague_is_enough_and_one_who_left_is_not():
    member, agent = member_with_a_post(), anct()
    structure = member.appartenances.get().structure
    left = MembreFactory(structure=structure, compte=CompteFactory(is_active=False))
    RoleFactory(kind=RoleKind.ANCT, compte=CompteFactory(is_active=False))
    assert len(obstacles(member)) == len(obstacles(agent)) == 1
    Compte.objects.filter(pk=left.compte_id).update(is_active=True)
    anct()
    assert obstacles(member) == obstacles(agent) == []
    # Nor does a structure with nothing under way, or an organisme without a session.
    assert obstacles(MembreFactory().compte) == obstacles(FormateurFactory().compte) == []


def test_who_has_no_password_signs_in_again_by_a_code(client, role, mailoutbox, django_capture_on_commit_callbacks):
    Compte.objects.filter(pk=role.compte_id).update(password="!")
    role.compte.refresh_from_db()
    client.force_login(role.compte)
    page = client.get(URL).content.decode()
    assert "reconnectez-vous avec un code" in page
    assert client.post(URL, SURE).url == URL
    back = f"{reverse('account_request_login_code')}?next={URL}"
    assert back in page
    assert client.post(reverse("account_logout"), {"next": back}).url == back

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("account_request_login_code"), {"email": role.compte.email, "next": URL})
    code = mailoutbox[0].body.split("\n\n")[2].strip()
    response = client.post(reverse("account_confirm_login_code"), {"code": code, "next": URL})
    assert response.url == URL
    assert client.get(URL).context["form"]
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time() - 301}]
    session.save()
    assert "form" not in client.get(URL).context


@TRANSACTIONAL
def test_of_the_last_two_of_anct_one_stays():
    pair = iter([anct(), anct()])

    def act():
        try:
            compte = next(pair)
        except StopIteration:
            return ""
        try:
            erase_own_compte(compte=compte, by=None)
        except RuleError as error:
            return str(error)
        return "effacé"

    answers = [answer for answer in together(act) if answer]
    assert sorted(answers) == sorted(["effacé", LAST_ANCT])


@TRANSACTIONAL
def test_the_pages_are_for_everyone(page, client, role):
    record(by=role, verbe="lire", objet=role)
    sign_in(page, role, client)
    page.goto(DATA)
    follow(page.get_by_role("link", name="Effacer mon compte et mes données"))
    page.get_by_label("Mot de passe").fill(PASSWORD)
    follow(page.get_by_role("button", name="Continuer"))
    follow(page.get_by_role("button", name="Effacer définitivement mon compte"))
    look(page, "effacer-mon-compte-erreur")
    page.locator("label", has_text="J'ai compris").click()
    follow(page.get_by_role("button", name="Effacer définitivement mon compte"))
    assert page.get_by_text("Votre compte est effacé").is_visible()
