from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from contrats.conditions import Cadre, Conditions, find_problems
from contrats.durations import fits_in, last_day
from contrats.enums import TypeContrat
from contrats.models import SmicMensuel

_T = TypeContrat
CADRE = Cadre(is_private=False, decision_on=date(2026, 9, 1), smic=Decimal("1823.03"), today=date(2026, 11, 22))
PRIVE = Cadre(is_private=True, decision_on=date(2026, 9, 1), smic=Decimal("1823.03"), today=date(2026, 11, 22))
DEBUT = date(2027, 1, 4)

dates = st.dates(date(1900, 1, 1), date(2200, 12, 31))
months = st.integers(1, 72)


def next_day(day):
    return day + timedelta(days=1)


@given(dates, months)
def test_the_day_after_n_months_is_the_same_day_or_the_first_of_the_next_month(start, n):
    after = next_day(last_day(start, n))
    if after.day == start.day:
        assert (after.year * 12 + after.month) - (start.year * 12 + start.month) == n
    else:
        # No such day that month: the period ends with the month.
        assert after.day == 1
        assert (after.year * 12 + after.month) - (start.year * 12 + start.month) == n + 1
        assert start.day > 28


@given(dates, months)
def test_durations_grow_with_months_and_with_the_start(start, n):
    assert start <= last_day(start, n) < last_day(start, n + 1)
    assert last_day(start, n) <= last_day(next_day(start), n)
    assert fits_in(start, last_day(start, n), n)
    assert not fits_in(start, next_day(last_day(start, n)), n)


@given(dates, months, months)
def test_two_periods_in_a_row_are_never_longer_than_their_sum(start, a, b):
    """A month that ends early (February) may only shorten the chain."""
    if start.day <= 28:
        assert last_day(next_day(last_day(start, a)), b) == last_day(start, a + b)


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (date(2027, 1, 4), 24, date(2029, 1, 3)),
        (date(2027, 1, 1), 18, date(2028, 6, 30)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 28)),
        (date(2027, 3, 1), 12, date(2028, 2, 29)),
        (date(2026, 8, 31), 18, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(9999, 6, 1), 24, date.max),
    ],
)
def test_civil_months(start, n, end):
    assert last_day(start, n) == end


def problems(cadre=CADRE, **changes):
    values = {
        "type": _T.CDD, "date_debut": DEBUT, "date_fin": date(2029, 1, 3), "salaire_brut_mensuel": Decimal("1900")
    }  # fmt: skip
    return find_problems(Conditions(**{**values, **changes}), cadre)


@pytest.mark.parametrize(
    ("cadre", "changes"),
    [
        (CADRE, {}),
        (CADRE, {"type": _T.CDI, "date_fin": None}),
        (CADRE, {"type": _T.CONTRAT_PROJET, "date_fin": date(2030, 1, 3)}),
        (CADRE, {"date_debut": CADRE.decision_on, "date_fin": date(2028, 8, 31)}),
        (CADRE, {"salaire_brut_mensuel": Decimal("1823.03")}),
        (PRIVE, {"type": _T.CDI, "date_fin": None}),
        (PRIVE, {"date_fin": date(2028, 7, 3)}),
        (PRIVE, {"date_fin": date(2027, 6, 30)}),
        (PRIVE, {"type": _T.PEC}),
    ],
)
def test_allowed(cadre, changes):
    assert problems(cadre, **changes) == {}


@pytest.mark.parametrize(
    ("cadre", "changes", "field", "words"),
    [
        (CADRE, {"type": _T.PEC}, "type", "public"),
        (PRIVE, {"type": _T.CONTRAT_PROJET}, "type", "privé"),
        (CADRE, {"date_fin": date(2029, 1, 4)}, "date_fin", "24 mois : il finit le 03/01/2029"),
        (CADRE, {"date_fin": date(2028, 1, 3)}, "date_fin", "24 mois"),
        (PRIVE, {"date_fin": date(2028, 7, 4)}, "date_fin", "au plus tard le 03/07/2028"),
        (PRIVE, {"type": _T.PEC, "date_fin": date(2029, 1, 4)}, "date_fin", "24 mois au plus"),
        (CADRE, {"type": _T.CDI}, "date_fin", "CDI"),
        (CADRE, {"date_fin": None}, "date_fin", "Indiquez"),
        (CADRE, {"date_fin": DEBUT}, "date_fin", "suivre"),
        (CADRE, {"type": _T.CONTRAT_PROJET, "date_fin": date(2026, 1, 1)}, "date_fin", "suivre"),
        (CADRE, {"date_debut": date(2026, 8, 31), "date_fin": date(2028, 8, 30)}, "date_debut", "01/09/2026"),
        (CADRE, {"date_debut": date(9999, 12, 31), "type": _T.CDI, "date_fin": None}, "date_debut", "année"),
        (CADRE, {"salaire_brut_mensuel": Decimal("1823.02")}, "salaire_brut_mensuel", "1\u202f823,03 €"),
    ],
)
def test_refused_with_a_sentence_for_the_field(cadre, changes, field, words):
    found = problems(cadre, **changes)
    assert list(found) == [field]
    assert words in found[field]


def test_smic_is_a_dated_table_with_its_sources():
    rows = list(SmicMensuel.objects.order_by("valide_du").values_list("valide_du", "montant"))
    assert rows[0] == (date(2021, 1, 1), Decimal("1554.58"))  # S1
    assert [montant for _, montant in rows] == sorted(montant for _, montant in rows)
    assert all(SmicMensuel.objects.values_list("source", flat=True))
