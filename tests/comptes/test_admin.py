"""Support's window: entered by our sign-in, read-only where services write, under the strict policy."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from common.admin import ReadOnlyStatusAdmin
from comptes.enums import STAFF_ROLES, RoleKind
from comptes.models import Compte, EntreeJournal, Invitation
from comptes.services import find_jeton_api
from notifications.enums import EtatEffet
from notifications.models import Effet
from tests.comptes.factories import CompteFactory, JetonApiFactory, RoleFactory, add_totp
from tests.structures.factories import DemandePosteFactory
from tests.test_access import enter, make_role

# Django's own templates lean on variables that are not there.
pytestmark = pytest.mark.ignore_template_errors
INDEX = "/administration/"
MODELS = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)


@pytest.fixture
def anct(client):
    role = make_role(RoleKind.ANCT)
    enter(client, role)
    return role


def test_visitor_is_sent_to_our_sign_in(client):
    for path in (INDEX, "/administration/login/", "/administration/comptes/compte/"):
        response = client.get(path, follow=True)
        assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
        assert "Second facteur" not in response.content.decode()


def test_there_is_no_form_to_post_a_password_to(client):
    role = make_role(RoleKind.ANCT)
    credentials = {"username": role.compte.email, "password": "une phrase de passe longue"}
    response = client.post("/administration/login/", credentials)
    assert response.url.startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("kind", RoleKind)
def test_only_anct_and_bdt_enter(client, kind):
    enter(client, make_role(kind))
    response = client.get(INDEX, follow=True)
    assert response.status_code == (200 if kind in STAFF_ROLES else 403)


def test_right_is_the_current_role_not_the_account(client):
    role = make_role(RoleKind.ANCT)
    other = RoleFactory(kind=RoleKind.CANDIDAT, compte=role.compte)
    enter(client, other)
    assert client.get(INDEX, follow=True).status_code == 403
    client.post(reverse("comptes:switch_role"), {"role": role.pk})
    assert client.get(INDEX).status_code == 200


def test_superuser_without_role_enters_with_a_second_factor(client):
    compte = CompteFactory(is_staff=True, is_superuser=True)
    add_totp(compte)
    client.force_login(compte)
    assert client.get(INDEX).status_code == 200


def test_staff_flag_alone_opens_nothing(client):
    compte = CompteFactory(is_staff=True)
    add_totp(compte)
    client.force_login(compte)
    assert client.get(INDEX, follow=True).status_code == 403


@pytest.mark.parametrize("name", MODELS)
def test_every_list_opens_searches_and_filters_under_the_strict_policy(client, anct, name):
    response = client.get(reverse(f"admin:{name}_changelist"))
    page = response.content.decode()

    assert response.status_code == 200
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\b(src=|type=.application/json))", page)
    assert not re.search(r"<[^>]+\s(on\w+|style)=", page)
    assert client.get(reverse(f"admin:{name}_changelist"), {"q": "1"}).status_code == 200


@pytest.mark.parametrize("name", MODELS)
def test_nobody_deletes(client, anct, name):
    assert client.get(reverse(f"admin:{name}_delete", args=[999_999_999])).status_code in (302, 403)


def test_second_factor_secrets_and_django_rights_are_not_shown():
    assert not any(name.startswith(("mfa_", "account_", "auth_", "dsfr_")) for name in MODELS)


def test_bdt_reads_accounts_and_changes_nothing(client):
    compte = CompteFactory()
    enter(client, make_role(RoleKind.BDT))
    url = reverse("admin:comptes_compte_change", args=[compte.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"prenom": "Autre", "nom": "Nom"}).status_code == 403


def test_anct_corrects_a_name_but_not_a_right(client, anct):
    compte = CompteFactory()
    url = reverse("admin:comptes_compte_change", args=[compte.pk])
    data = {"prenom": "Maé", "nom": "Nom", "email": "pirate@exemple.fr", "is_superuser": "on", "is_staff": "on"}
    client.post(url, {**data, "roles-TOTAL_FORMS": "0", "roles-INITIAL_FORMS": "0"})
    compte.refresh_from_db()
    assert compte.prenom == "Maé"
    assert (compte.is_superuser, compte.is_staff) == (False, False)
    assert not compte.email.startswith("pirate")


def act(client, name, action, *rows):
    return client.post(
        reverse(f"admin:{name}_changelist"), {"action": action, "_selected_action": [row.pk for row in rows]}
    )


def test_closing_an_account_is_an_act_kept_in_the_journal(client, anct):
    compte = CompteFactory()
    act(client, "comptes_compte", "deactivate", compte, anct.compte)

    compte.refresh_from_db()
    assert not compte.is_active
    assert Compte.objects.get(pk=anct.compte_id).is_active  # One does not close oneself.
    assert EntreeJournal.objects.get(verbe="désactiver le compte").compte == anct.compte
    act(client, "comptes_compte", "reactivate", compte)
    compte.refresh_from_db()
    assert compte.is_active


def test_role_is_withdrawn_by_anct_alone(client):
    role = make_role(RoleKind.PREFET)
    enter(client, make_role(RoleKind.BDT))
    act(client, "comptes_role", "withdraw", role)
    role.refresh_from_db()
    assert role.ended_at is None

    anct = make_role(RoleKind.ANCT)
    enter(client, anct)
    act(client, "comptes_role", "withdraw", role, anct)
    role.refresh_from_db()
    anct.refresh_from_db()
    assert role.ended_at is not None
    assert anct.ended_at is None


def test_anct_invites(client, anct, mailoutbox):
    url = reverse("admin:comptes_invitation_add")
    response = client.post(url, {"email": "Nadia@Exemple.fr", "kind": "bdt"})
    assert response.status_code == 302
    assert Invitation.objects.get().email == "nadia@exemple.fr"

    for bad in (
        {"email": "nadia@exemple.fr", "kind": "bdt"},
        {"email": "x", "kind": "bdt"},
        {"email": "a@exemple.fr", "kind": "prefet"},
        {"email": "a@exemple.fr", "kind": "structure", "objet_id": "999999"},
        {"email": "a@exemple.fr", "kind": "candidat"},
    ):
        assert "errornote" in client.post(url, bad).content.decode(), bad
    assert Invitation.objects.count() == 1

    act(client, "comptes_invitation", "cancel", Invitation.objects.get())
    assert Invitation.objects.get().cancelled_at


def test_bdt_does_not_invite(client):
    enter(client, make_role(RoleKind.BDT))
    assert client.get(reverse("admin:comptes_invitation_add")).status_code == 403


def test_journal_is_read_only(client, anct):
    entree = EntreeJournal.objects.create(verbe="lire", objet="x:1")
    url = reverse("admin:comptes_entreejournal_change", args=[entree.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"verbe": "autre"}).status_code == 403
    assert client.get(reverse("admin:comptes_entreejournal_add")).status_code == 403


def test_failed_mail_is_sent_again_and_a_sent_one_never(client, anct):
    failed = Effet.objects.create(cle="a", genre="comptes.invitation", etat=EtatEffet.ABANDONNE, essais=10)
    done = Effet.objects.create(cle="b", genre="comptes.invitation", etat=EtatEffet.FAIT, essais=1)
    act(client, "notifications_effet", "ask_again", failed, done)
    failed.refresh_from_db()
    done.refresh_from_db()
    assert (failed.etat, failed.essais) == (EtatEffet.EN_ATTENTE, 0)
    assert (done.etat, done.essais) == (EtatEffet.FAIT, 1)


def test_sealed_content_is_not_shown(client, anct):
    effet = Effet.objects.create(cle="a", genre="comptes.allauth", scelle=b"contenu scelle")
    page = client.get(reverse("admin:notifications_effet_change", args=[effet.pk])).content.decode()
    assert "contenu scelle" not in page


def test_signing_out_of_the_administration_signs_out(client, anct):
    client.post("/administration/logout/")
    assert "_auth_user_id" not in client.session


def test_status_and_history_are_read_only_wherever_there_is_a_status(client, anct, rf):
    """What `common.admin.ReadOnlyStatusAdmin` gives to every app."""
    demande = DemandePosteFactory()
    model_admin = ReadOnlyStatusAdmin(type(demande), admin.site)
    request = rf.get("/")
    request.user, request.role = anct.compte, anct

    assert "status" in model_admin.get_readonly_fields(request, demande)
    (inline,) = model_admin.get_inlines(request, demande)
    assert inline.model is type(demande).transitions.rel.related_model
    assert not model_admin.has_delete_permission(request, demande)
    assert not model_admin.has_change_permission(request, demande)


def test_support_revokes_a_token_and_makes_none(client, anct):
    jeton = JetonApiFactory(jeton="cn_trouve")
    url = reverse("admin:comptes_jetonapi_changelist")
    page = client.get(reverse("admin:comptes_jetonapi_change", args=[jeton.pk])).content.decode()
    assert jeton.digest not in page
    client.post(url, {"action": "revoke", "_selected_action": [jeton.pk]})
    assert find_jeton_api("cn_trouve") is None
    assert client.get(reverse("admin:comptes_jetonapi_add")).status_code == 403
