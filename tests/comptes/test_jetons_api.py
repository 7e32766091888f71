"""Tokens of the API: made by those who may, shown once, kept as a digest, dead at once when they must be."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from comptes import services
from comptes.constants import JETONS_API_MAX
from comptes.enums import SCOPES_BY_ROLE, RoleKind, ScopeApi
from comptes.jobs import delete_old_tokens, forget_callers, warn_of_expiring_tokens
from comptes.models import AppelApi, EntreeJournal, Jeton, JetonApi, hash_token
from notifications.models import Effet
from tests.comptes.factories import JetonApiFactory, RoleFactory
from tests.test_access import enter, make_role

URL = "/acces-api/"
READ, WRITE = ScopeApi.ACCOMPAGNEMENTS_READ, ScopeApi.ACCOMPAGNEMENTS_WRITE


@pytest.fixture
def role():
    return RoleFactory(kind=RoleKind.CONSEILLER)


@pytest.fixture
def enter_as(client, role):
    enter(client, role)
    return client


def typed(client, **changes):
    graine = client.get(URL).context["form"]["graine"].value()
    return {"graine": graine, "nom": "Tableau de bord", "scopes": [READ.value], "duree": "90"} | changes


def test_token_is_shown_once_and_kept_as_a_digest(enter_as, role, django_capture_on_commit_callbacks, mailoutbox):
    with django_capture_on_commit_callbacks(execute=True):
        response = enter_as.post(URL, typed(enter_as))

    token = response.context["token"]
    assert re.fullmatch(r"cn_[A-Za-z0-9_-]{43}", token)
    assert token in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    jeton = JetonApi.objects.get()
    assert (jeton.role, jeton.digest, jeton.scopes) == (role, hash_token(token), [READ])
    assert token not in enter_as.get(URL).content.decode()
    assert token.startswith(jeton.prefixe)
    assert len(jeton.prefixe) == 11
    (mail,) = mailoutbox
    assert token not in mail.body
    assert jeton.prefixe in mail.body
    assert not EntreeJournal.objects.filter(details__icontains=token).exists()
    assert EntreeJournal.objects.filter(verbe="créer un jeton d'API", details={"scopes": [READ]}).exists()


def test_double_click_makes_one_token_and_an_old_page_none(enter_as):
    data = typed(enter_as)
    first, second = (enter_as.post(URL, data).context["token"] for _ in range(2))
    assert first == second
    assert JetonApi.objects.count() == 1

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        late = enter_as.post(URL, data)
    assert late.context["token"] == ""
    assert "montré qu" in str(late.context["form"].errors)


def test_bad_input_is_said_beside_its_field(enter_as):
    for field, value in (
        ("nom", ""), ("nom", "x" * 61), ("scopes", []), ("scopes", ["admin"]), ("duree", "366"), ("duree", "-1"),
        ("graine", "devinable"),
    ):  # fmt: skip
        response = enter_as.post(URL, typed(enter_as, **{field: value}))
        assert response.status_code == 200
        assert set(response.context["form"].errors) == {field}
    assert not JetonApi.objects.exists()


def test_a_role_gives_no_more_than_it_has(client):
    structure = make_role(RoleKind.STRUCTURE)
    enter(client, structure)
    assert "scopes" in client.post(URL, typed(client, scopes=[WRITE.value])).context["form"].errors
    with pytest.raises(services.RuleError):
        services.create_jeton_api(nom="x", scopes=[WRITE], lifetime=timedelta(1), graine="x" * 43, by=structure)
    assert {kind for kind in RoleKind if WRITE in SCOPES_BY_ROLE.get(kind, ())} == {RoleKind.CONSEILLER}


def test_ten_tokens_and_no_more(enter_as, role):
    JetonApiFactory.create_batch(JETONS_API_MAX, role=role)
    assert "le maximum" in str(enter_as.post(URL, typed(enter_as)).context["form"].errors)
    JetonApi.objects.update(revoked_at=timezone.now())
    assert enter_as.post(URL, typed(enter_as)).context["token"]


def test_list_is_ones_own_and_costs_the_same(enter_as, role, django_assert_max_num_queries):
    JetonApiFactory(nom="Celui d'une autre")
    JetonApiFactory.create_batch(8, role=role)
    with django_assert_max_num_queries(8):
        response = enter_as.get(URL)
    assert len(response.context["rows"]) == 8


def test_revoked_at_once_and_only_once(enter_as, role):
    jeton = JetonApiFactory(role=role, jeton="cn_secret")
    url = reverse("comptes:jeton_api_revoke", args=[jeton.pk])
    assert services.find_jeton_api("cn_secret") == jeton
    assert enter_as.post(url, follow=True).context["rows"] == []
    assert services.find_jeton_api("cn_secret") is None
    assert "déjà révoqué" in enter_as.post(url, follow=True).content.decode()


@pytest.mark.parametrize("values", [{"expires_at": timezone.now() + timedelta(days=400)}, {"scopes": []}])
def test_the_database_refuses_what_the_form_would(values):
    with pytest.raises(IntegrityError):
        JetonApiFactory(**values)


def test_warned_once_two_weeks_before_the_end(mailoutbox, django_capture_on_commit_callbacks):
    soon = JetonApiFactory(expires_at=timezone.now() + timedelta(days=13))
    JetonApiFactory()
    JetonApiFactory(expires_at=timezone.now() + timedelta(days=3), revoked_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        assert warn_of_expiring_tokens() == 1
        warn_of_expiring_tokens()
    assert [mail.to for mail in mailoutbox] == [[soon.role.compte.email]]
    assert Effet.objects.filter(genre="comptes.jeton_api_expire").count() == 1


def test_calls_are_counted_by_window_and_forgotten():
    with time_machine.travel("2026-11-18T15:00:10+00:00", tick=False) as clock:
        counts = [services.count_appel(cles=["adresse", "jeton"], seconds=60) for _ in range(3)]
        assert counts[-1] == ({"adresse": 3, "jeton": 3}, 50)
        clock.shift(60)
        assert services.count_appel(cles=["adresse"], seconds=60) == ({"adresse": 1}, 50)
        assert forget_callers() == 0
        clock.shift(timedelta(days=2))
        assert forget_callers() == 2
    assert not AppelApi.objects.exists()


def test_ended_tokens_go_after_twelve_months(settings):
    now = timezone.now()
    year, month = timedelta(days=365), timedelta(days=30)

    def made(ended, **values):
        """A token of a year, that ended that long ago."""
        created = now - ended - year
        return JetonApiFactory(created_at=created, expires_at=now - ended, **values)

    kept = {
        JetonApiFactory(), JetonApiFactory(revoked_at=now - month), made(year - month),
        made(year - month, revoked_at=now - year + timedelta(hours=1)),
    }  # fmt: skip
    gone = {made(year + month), made(month, revoked_at=now - year - month)}
    sent = {"purpose": "invitation", "objet_id": 1, "email": "a@exemple.fr"}
    for rank, (expires_at, used_at) in enumerate(
        [(now + month, None), (now - month, now - month), (now - year - month, None), (now, now - year - month)]
    ):
        Jeton.objects.create(digest=f"{rank:064d}", expires_at=expires_at, used_at=used_at, **sent)

    assert delete_old_tokens() == len(gone) + 2
    assert (JetonApi.objects.count(), Jeton.objects.count()) == (6, 4)
    settings.PURGE_DRY_RUN = False
    assert delete_old_tokens() == len(gone) + 2
    assert set(JetonApi.objects.all()) == kept
    assert Jeton.objects.count() == 2
    assert delete_old_tokens() == 0
