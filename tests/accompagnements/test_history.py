import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import Error, transaction
from django.urls import reverse

from accompagnements import services
from accompagnements.exceptions import AlreadyRecordedError, StaleError
from accompagnements.models import Accompagnement, AccompagnementRevision, Theme
from accompagnements.services import FIELDS
from common.exceptions import RuleError
from tests.accompagnements.entry import errors, typed
from tests.accompagnements.factories import EMAIL, MATERIEL, AccompagnementFactory
from tests.territoires.factories import CommuneFactory

OLD = datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.fixture
def accompagnement(conseiller):
    return AccompagnementFactory(conseiller=conseiller, notes="Un mot.")


@pytest.fixture
def old(conseiller):
    """Recorded more than 30 days ago."""
    return AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, 1), created_at=OLD)


def change(client, accompagnement, **changes):
    data = typed(**{"version": accompagnement.version, "date": str(accompagnement.date)} | changes)
    return client.post(reverse("accompagnements:update", args=[accompagnement.pk]), data)


def test_form_shows_the_row_as_it_is(enter, conseiller):
    row = AccompagnementFactory(
        conseiller=conseiller, genre_feminin=1, age_soixante_dix_plus=1, recurrents=1, duree=50, materiel=["tablette"]
    )

    form = enter.get(reverse("accompagnements:update", args=[row.pk])).context["form"]

    assert form["personne_genre"].value() == "genre_feminin"
    assert form["personne_age"].value() == "age_soixante_dix_plus"
    assert (form["personne_statut"].value(), form["deja_venu"].value(), form["duree"].value()) == ("", True, 50)
    assert form["materiel"].value() == ["tablette"]


def test_recent_entry_is_changed_freely_and_its_past_is_kept(enter, role, accompagnement):
    response = change(enter, accompagnement, duree="60", themes=[str(MATERIEL)])

    assert response.url == accompagnement.get_absolute_url()
    accompagnement.refresh_from_db()
    assert (accompagnement.duree, accompagnement.themes) == (60, [MATERIEL])
    revision = AccompagnementRevision.objects.get()
    assert (revision.avant["duree"], revision.apres["duree"], revision.by) == (30, 60, role.compte)
    assert (revision.avant["themes"], revision.apres["themes"]) == (["email"], ["prendre_en_main_du_materiel"])
    page = enter.get(response.url).content.decode()
    assert "durée (minutes) : 30 → 60" in page


def test_text_of_the_notes_is_never_copied(enter, accompagnement):
    change(enter, accompagnement, notes="Deux mots.")

    revision = AccompagnementRevision.objects.get()
    assert (revision.avant["notes"], revision.apres["notes"]) == ("7 caractères", "10 caractères")


def test_nothing_changed_leaves_no_revision(enter, accompagnement):
    assert change(enter, accompagnement, notes="Un mot.").status_code == 302
    assert not AccompagnementRevision.objects.exists()


def test_old_entry_needs_a_reason(enter, old):
    assert errors(change(enter, old, duree="60")) == {"reason"}
    old.refresh_from_db()
    assert old.duree == 30

    assert change(enter, old, duree="60", reason="Durée mal notée").status_code == 302
    assert AccompagnementRevision.objects.get().reason == "Durée mal notée"


@pytest.mark.parametrize(("days", "is_free"), [(30, True), (31, False)])
def test_thirty_days_after_it_was_recorded(conseiller, role, days, is_free):
    row = AccompagnementFactory(
        conseiller=conseiller, created_at=datetime(2026, 11, 18, 15, tzinfo=UTC) - timedelta(days)
    )
    values = {name: getattr(row, name) for name in FIELDS} | {"duree": 60}
    if is_free:
        services.update_accompagnement(accompagnement=row, values=values, version=row.version, by=role)
        return
    with pytest.raises(RuleError) as refusal:
        services.update_accompagnement(accompagnement=row, values=values, version=row.version, by=role)
    assert refusal.value.field == "reason"


def test_removed_entry_stays_in_the_history(enter, old):
    url = reverse("accompagnements:delete", args=[old.pk])
    assert errors(enter.post(url, {"reason": " "})) == {"reason"}
    assert enter.get(url).status_code == 200
    assert Accompagnement.objects.exists()

    enter.post(url, {"reason": "Saisi deux fois"})
    assert not Accompagnement.objects.exists()
    revision = AccompagnementRevision.objects.get()
    assert (revision.acte, revision.accompagnement_pk, revision.apres) == ("suppression", old.pk, None)
    assert (revision.avant["duree"], revision.reason) == (30, "Saisi deux fois")


def test_recent_entry_is_removed_without_a_reason(enter, accompagnement):
    assert enter.post(reverse("accompagnements:delete", args=[accompagnement.pk])).status_code == 302
    assert not Accompagnement.objects.exists()


def test_two_tabs_never_overwrite_each_other(enter, accompagnement):
    stale = accompagnement.version
    with time_machine.travel("2026-11-18T15:01:00+00:00", tick=False):
        change(enter, accompagnement, duree="60", notes="Un mot.")

    response = change(enter, accompagnement, version=stale, duree="90", notes="Un mot.")
    assert errors(response) == {"__all__"}
    assert "durée (minutes) : 60" in response.content.decode()
    assert response.context["form"]["duree"].value() == "90"

    again = response.context["form"]["version"].value()
    assert change(enter, accompagnement, version=again, duree="90", notes="Un mot.").status_code == 302
    accompagnement.refresh_from_db()
    assert accompagnement.duree == 90


def test_service_says_what_the_row_holds_now(role, accompagnement):
    values = {name: getattr(accompagnement, name) for name in FIELDS} | {"duree": 60}
    with pytest.raises(StaleError, match="durée \\(minutes\\) : 30"):
        services.update_accompagnement(accompagnement=accompagnement, values=values, version="autre", by=role)


def test_row_gone_meanwhile_is_a_polite_refusal(role, accompagnement):
    Accompagnement.objects.filter(pk=accompagnement.pk).delete()
    with pytest.raises(RuleError, match="supprimé"):
        services.delete_accompagnement(accompagnement=accompagnement, by=role)


def test_history_is_append_only(enter, accompagnement):
    change(enter, accompagnement, duree="60")
    with pytest.raises(Error), transaction.atomic():
        AccompagnementRevision.objects.update(reason="rien")
    with pytest.raises(Error), transaction.atomic():
        AccompagnementRevision.objects.all().delete()


def test_closed_theme_stays_on_the_row_that_has_it(enter, accompagnement):
    Theme.objects.filter(pk=EMAIL).update(valide_au=date(2026, 11, 1))
    assert change(enter, accompagnement, duree="60").status_code == 302


def test_same_uuid_with_other_values_is_told(conseiller, role):
    values = {
        "type": "ponctuel", "date": date(2026, 11, 18), "duree": 30, "canal": "domicile", "commune": CommuneFactory(),
        "themes": [EMAIL],
    }  # fmt: skip
    number = uuid.uuid4()
    first = services.create_accompagnement(conseiller=conseiller, uuid=number, values=values, by=role)
    assert services.create_accompagnement(conseiller=conseiller, uuid=number, values=values, by=role) == first
    with pytest.raises(AlreadyRecordedError):
        services.create_accompagnement(conseiller=conseiller, uuid=number, values=values | {"duree": 60}, by=role)
    assert Accompagnement.objects.get().duree == 30
