"""Groups of conseillers: who is in, who decides, and figures that follow the dates of membership."""

from datetime import date

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings, strategies as st
from hypothesis.extra.django import TestCase

from accompagnements import jobs, services
from accompagnements.forms.groupes import ProposeForm
from accompagnements.models import Accompagnement, Appartenance
from accompagnements.selectors import measure, measure_groupe
from common.exceptions import RuleError
from comptes.enums import RoleKind
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import (
    AccompagnementFactory,
    AppartenanceFactory,
    CoordinateurFactory,
    EnPosteFactory,
    GroupeFactory,
)
from tests.comptes.factories import RoleFactory
from tests.territoires.factories import CommuneFactory

STATISTICS = "/accompagnements/statistiques/"
PROPOSE = "/mon-groupe/proposer/"
DEBUT, FIN = date(2026, 9, 1), date(2026, 11, 18)


def role_of(groupe):
    return groupe.coordinateur.roles.get(kind=RoleKind.COORDINATEUR)


def total(response):
    return {label: value for label, value, _ in response.context["figures"].totals}["Accompagnements"]


@pytest.mark.usefixtures("_now")
def test_only_the_activity_of_members_while_members_counts(client):
    member = AppartenanceFactory(debut=date(2026, 9, 10), fin=date(2026, 10, 20))
    # Came back: two periods, one person.
    back = AppartenanceFactory(groupe=member.groupe, conseiller=member.conseiller, debut=date(2026, 11, 16))
    inside = [date(2026, 9, 10), date(2026, 10, 1), date(2026, 10, 20), date(2026, 11, 16)]
    for day in [date(2026, 9, 9), date(2026, 10, 21), date(2026, 11, 15), *inside]:
        AccompagnementFactory(conseiller=member.conseiller, date=day)
    AppartenanceFactory(groupe=member.groupe, proposee=True, conseiller=AccompagnementFactory().conseiller)
    AccompagnementFactory()
    sign_in(client, role_of(back.groupe))

    asked = {"du": "2026-09-01", "au": "2026-11-18"}
    assert total(client.get(STATISTICS, asked)) == "4"
    jobs.refresh_statistics()
    assert total(client.get(STATISTICS, asked)) == "4"
    one = f"conseiller-{member.conseiller_id}"
    assert total(client.get(STATISTICS, {"perimetre": one, **asked})) == "4"
    assert total(client.get(STATISTICS, {"perimetre": one, "type": "ponctuel", **asked})) == "4"
    choices = dict(client.get(STATISTICS).context["form"].fields["perimetre"].choices)
    assert [code for code, _ in choices["Un conseiller"]] == [one]
    # Somebody else's group, or a mere proposition, names nobody.
    other = AppartenanceFactory(groupe=member.groupe, proposee=True).conseiller
    assert client.get(STATISTICS, {"perimetre": f"conseiller-{other.pk}"}).context["form"].errors


@pytest.mark.usefixtures("_now")
def test_figures_take_one_statement_whatever_the_group():
    groupe = GroupeFactory()

    def count():
        with CaptureQueriesContext(connection) as queries:
            measure_groupe(groupe.pk, DEBUT, FIN)
        return len(queries)

    AppartenanceFactory(groupe=groupe)
    with_one = count()
    for day in (2, 9, 16):
        AppartenanceFactory(groupe=groupe, debut=date(2026, 10, day), fin=date(2026, 11, day))
    assert count() == with_one == 2


DAYS = st.dates(date(2026, 9, 1), date(2026, 11, 18))


class TestAnyMembership(TestCase):
    @settings(max_examples=12)
    @given(
        periods=st.lists(st.tuples(st.integers(0, 1), DAYS, st.none() | DAYS), max_size=5),
        days=st.lists(st.tuples(st.integers(0, 1), DAYS), min_size=1, max_size=12),
        asked=st.tuples(DAYS, DAYS),
        is_counted=st.booleans(),
    )
    def test_group_equals_the_raw_rows_of_the_days_of_membership(self, periods, days, asked, is_counted):
        groupe, people = GroupeFactory(), EnPosteFactory.create_batch(2)
        held = set()
        for who, first, last in periods:
            if last is not None and last < first:
                continue
            try:
                with transaction.atomic():
                    AppartenanceFactory(groupe=groupe, conseiller=people[who], debut=first, fin=last)
            except IntegrityError:  # Over another period of theirs.
                continue
            until = (last or FIN).toordinal()
            held |= {(who, date.fromordinal(day)) for day in range(first.toordinal(), until + 1)}
        rows = [AccompagnementFactory(conseiller=people[who], date=day) for who, day in days]
        if is_counted:
            jobs.refresh_statistics()
            AccompagnementFactory(conseiller=people[0], date=days[0][1])
        debut, fin = sorted(asked)

        kept = [row.pk for (who, day), row in zip(days, rows, strict=True) if (who, day) in held]
        if is_counted and (0, days[0][1]) in held:
            kept.append(Accompagnement.objects.latest("pk").pk)
        expected = measure(Accompagnement.objects.filter(pk__in=kept), debut, fin)
        assert measure_groupe(groupe.pk, debut, fin) == expected


@pytest.mark.parametrize(
    ("debut", "fin", "overlaps"),
    [
        (date(2026, 3, 31), None, True),
        (date(2025, 12, 1), date(2026, 1, 5), True),
        (date(2026, 4, 1), None, False),
        (date(2025, 12, 1), date(2026, 1, 4), False),
    ],
)
def test_periods_of_one_pair_never_overlap(debut, fin, overlaps):
    row = AppartenanceFactory(fin=date(2026, 3, 31))
    asked = {"groupe": row.groupe, "conseiller": row.conseiller, "debut": debut, "fin": fin}
    if overlaps:
        with pytest.raises(RuleError, match="déjà dans le groupe"):
            services.propose_appartenance(by=role_of(row.groupe), **asked)
    else:
        services.propose_appartenance(by=role_of(row.groupe), **asked)
    # Another group, or another conseiller, is free.
    AppartenanceFactory(conseiller=row.conseiller, debut=debut, fin=fin)
    AppartenanceFactory(groupe=row.groupe, debut=debut, fin=fin)


def test_period_ends_after_it_begins():
    with pytest.raises(IntegrityError), transaction.atomic():
        AppartenanceFactory(debut=date(2026, 5, 2), fin=date(2026, 5, 1))


@pytest.mark.usefixtures("_now")
def test_coordinateur_proposes_and_anct_accepts(client):
    groupe, conseiller = GroupeFactory(), EnPosteFactory()
    sign_in(client, role_of(groupe))
    asked = {"conseiller": conseiller.pk, "debut": "2026-11-02"}
    assert client.post(PROPOSE, asked).url == "/mon-groupe/"
    row = Appartenance.objects.get()
    assert not row.is_accepted
    AccompagnementFactory(conseiller=conseiller)
    assert total(client.get(STATISTICS)) == "0"
    assert [name for _, name, _ in client.get("/mon-groupe/").context["waiting"]] == [str(conseiller)]

    anct = RoleFactory(kind=RoleKind.ANCT)
    anct.compte.is_staff = True
    anct.compte.save()
    sign_in(client, anct)
    changelist = reverse("admin:accompagnements_appartenance_changelist")
    client.post(changelist, {"action": "accept", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.acceptee_par == anct.compte
    refused = client.post(changelist, {"action": "refuse", "_selected_action": [row.pk]})
    assert "déjà dans le groupe" in " ".join(map(str, get_messages(refused.wsgi_request)))
    sign_in(client, role_of(groupe))
    assert total(client.get(STATISTICS)) == "1"


@pytest.mark.usefixtures("_now")
def test_anct_adds_and_corrects_in_the_administration(client):
    anct = RoleFactory(kind=RoleKind.ANCT)
    anct.compte.is_staff = True
    anct.compte.save()
    sign_in(client, anct)
    groupe, conseiller = GroupeFactory(), EnPosteFactory()
    add = reverse("admin:accompagnements_appartenance_add")
    asked = {"groupe": groupe.pk, "conseiller": conseiller.pk, "debut": "01/09/2026", "fin": "30/09/2026"}
    assert client.post(add, asked).status_code == 302
    row = Appartenance.objects.get()
    assert (row.acceptee_par, row.proposee_par, row.fin) == (anct.compte, anct.compte, date(2026, 9, 30))
    assert client.post(add, asked | {"debut": "30/09/2026", "fin": ""}).status_code in {200, 302}
    assert Appartenance.objects.count() == 1
    change = reverse("admin:accompagnements_appartenance_change", args=[row.pk])
    assert client.post(change, {"debut": "01/09/2026", "fin": "15/10/2026"}).status_code == 302
    row.refresh_from_db()
    assert row.fin == date(2026, 10, 15)


@pytest.mark.usefixtures("_now")
def test_only_conseillers_in_post_around_who_are_not_in_yet_can_be_proposed(client):
    member = AppartenanceFactory()
    around = EnPosteFactory()
    EnPosteFactory(contrat__poste__convention__structure__commune=CommuneFactory(paris=True))
    form = ProposeForm(groupe=member.groupe)
    assert set(form.fields["conseiller"].queryset) == {around}
    sign_in(client, role_of(member.groupe))
    response = client.post(PROPOSE, {"conseiller": member.conseiller_id, "debut": "hier"})
    assert set(response.context["form"].errors) == {"conseiller", "debut"}


@pytest.mark.usefixtures("_now")
@pytest.mark.parametrize("fin", ["2026-11-19", "2026-01-04", "31/02/2026", ""])
def test_end_of_a_period_is_a_day_of_it(client, fin):
    row = AppartenanceFactory()
    sign_in(client, role_of(row.groupe))
    response = client.post(f"/mon-groupe/{row.pk}/fin/", {"fin": fin})
    assert set(response.context["form"].errors) == {"fin"}


@pytest.mark.usefixtures("_now")
def test_coordinateur_lets_go_and_the_past_stays(client):
    row = AppartenanceFactory()
    AccompagnementFactory(conseiller=row.conseiller, date=date(2026, 11, 17))
    AccompagnementFactory(conseiller=row.conseiller, date=date(2026, 11, 18))
    sign_in(client, role_of(row.groupe))
    url = f"/mon-groupe/{row.pk}/fin/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"fin": "2026-11-17"}).url == "/mon-groupe/"
    assert total(client.get(STATISTICS)) == "1"
    assert "a pris fin" in client.post(url, {"fin": "2026-11-16"}).content.decode()
    waiting = AppartenanceFactory(groupe=row.groupe, proposee=True)
    assert client.post(f"/mon-groupe/{waiting.pk}/fin/").status_code == 302
    assert not Appartenance.objects.filter(pk=waiting.pk).exists()


def test_without_a_group_the_region_is_the_scope(client):
    AccompagnementFactory(date=timezone.localdate())
    role = CoordinateurFactory()
    sign_in(client, role)
    assert client.get(STATISTICS).context["perimetre"].label == "Pays de la Loire"
    assert client.get(PROPOSE).url == "/mon-groupe/"
    assert "pas encore de groupe" in client.get("/mon-groupe/").content.decode()
