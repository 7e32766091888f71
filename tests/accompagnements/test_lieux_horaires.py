"""Opening hours: what is refused and why, the form by day against the syntax, and what the public reads."""

from datetime import UTC, date, datetime, time

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings, strategies as st

from accompagnements.forms.lieux import BORNES, half_days, read_half_days
from accompagnements.horaires import (
    Semaine,
    coming_days,
    exception_rule,
    read_week,
    state_at,
    validate_horaires,
    words,
)

MAIRIE = "Mo-Fr 09:00-12:30,14:00-17:30; PH off"
# A Wednesday, 16:00 in Paris.
NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [MAIRIE, "24/7", "Mo[1] 10:00-12:00", "We 14:00-18:00; Sa 09:00-12:00", "Jul-Aug Mo-Fr 08:00-13:00",
     "Mo-Fr 8:30-12:00"],
)  # fmt: skip
def test_valid_syntax(text):
    validate_horaires(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Lu-Ve 09:00-12:00", "« Lu-Ve 09:00-12:00 »"),
        ("Mo-Fr 9h-12h", "« 9h-12h »"),
        ("Mo-Fr 09:00", "jusqu'au bout"),
        ("Mo-Fr 25:00-26:00", "« 25:00-26:00 »"),
        ("9 heures à midi", "« 9 heures à midi »"),
        ("Mo-Fr 14:00-09:00", "finit le lendemain à 9\xa0h"),
        ('Mo "', "jusqu'au bout"),
    ],
)
def test_refused_syntax_says_where_in_french(text, said):
    with pytest.raises(ValidationError) as refused:
        validate_horaires(text)
    assert said in refused.value.messages[0]


hours = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
days = st.lists(hours, unique=True, max_size=4).map(
    lambda times: tuple(zip(sorted(times)[0 : len(times) // 2 * 2 : 2], sorted(times)[1::2], strict=False))
)


@settings(max_examples=30)
@given(st.lists(days, min_size=7, max_size=7).map(tuple), st.booleans())
def test_a_week_by_half_days_is_written_and_read_again(jours, feries):
    week = Semaine(jours, feries and any(jours))
    text = week.syntax()
    if not week.is_empty:
        validate_horaires(text)
        assert read_week(text) == week
    for creneaux in jours:
        assert tuple(read_half_days(half_days(creneaux))) == creneaux


@pytest.mark.parametrize("text", ["Mo[1] 10:00-12:00", "24/7", "Mo 09:00-10:00,11:00-12:00,14:00-15:00", "PH off",
                                  'Mo 09:00-12:00 "sur rendez-vous"', "Jul-Aug Mo 09:00-12:00"])  # fmt: skip
def test_what_half_days_cannot_say_stays_in_syntax(text):
    assert read_week(text) is None
    assert words(text) == ["Horaires variables selon les jours : voir les sept prochains jours."]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["9:00", None, None, "17:00"], "09:00-17:00"),
        (["9:00", None, None, None], None),
        (["9:00", "12:00", "11:00", "15:00"], None),
        (["12:00", "9:00", None, None], None),
    ],
)
def test_half_days_of_a_day(typed, expected):
    values = {borne: time.fromisoformat(f"{t:0>5}") if t else None for borne, t in zip(BORNES, typed, strict=True)}
    if expected is None:
        with pytest.raises(ValidationError):
            read_half_days(values)
    else:
        [(debut, fin)] = read_half_days(values)
        assert f"{debut:%H:%M}-{fin:%H:%M}" == expected


def test_words():
    assert words(MAIRIE) == [
        "Du lundi au vendredi : 9\xa0h – 12\xa0h\xa030 et 14\xa0h – 17\xa0h\xa030", "Fermé les jours fériés",
    ]  # fmt: skip
    assert words("Tu,We 14:00-18:00; Sa 09:00-12:00") == [
        "Mardi et mercredi : 14\xa0h – 18\xa0h", "Samedi : 9\xa0h – 12\xa0h",
    ]  # fmt: skip


CLOSED = exception_rule(date(2026, 11, 18), date(2026, 11, 19), "", "congés")
LATE = exception_rule(date(2026, 11, 18), date(2026, 11, 18), "10:00-11:00,18:00-20:00", "")


@pytest.mark.parametrize(
    ("text", "fuseau", "expected"),
    [
        ("", "Europe/Paris", "Horaires non communiqués"),
        (MAIRIE, "Europe/Paris", "Ouvert maintenant, ferme à 17\xa0h\xa030"),
        # 2 in the morning of the 19th in Nouméa, 11 in the morning in Cayenne... each its own hour.
        (MAIRIE, "Pacific/Noumea", "Fermé, ouvre aujourd'hui à 9\xa0h"),
        (MAIRIE, "Indian/Reunion", "Fermé, ouvre demain à 9\xa0h"),
        (f"{MAIRIE}; {CLOSED}", "Europe/Paris", "Fermé, ouvre vendredi à 9\xa0h"),
        (f"{MAIRIE}; {LATE}", "Europe/Paris", "Fermé, ouvre aujourd'hui à 18\xa0h"),
        ("We 22:00-24:00", "Europe/Paris", "Fermé, ouvre aujourd'hui à 22\xa0h"),
        ("Dec 25 10:00-12:00", "Europe/Paris", "Fermé, ouvre le 25 décembre à 10\xa0h"),
        ("24/7", "Europe/Paris", "Ouvert maintenant"),
        ("2020 Jan 1 09:00-10:00", "Europe/Paris", "Fermé, sans ouverture prévue"),
        ("Mo-Fr 09:00-18:00 unknown", "Europe/Paris", "À vérifier auprès du lieu"),
    ],
)
def test_open_now_in_the_time_of_the_place(text, fuseau, expected):
    assert state_at(text, fuseau, NOW).text == expected


def test_coming_days_follow_exceptions_and_public_holidays():
    shown = coming_days(f"{MAIRIE}; {exception_rule(date(2026, 12, 26), date(2026, 12, 31), '', 'congés')}",
                        "Europe/Paris", datetime(2026, 12, 24, 12, tzinfo=UTC))  # fmt: skip
    assert [day.horaires for day in shown] == [
        "9\xa0h – 12\xa0h\xa030 et 14\xa0h – 17\xa0h\xa030", "Fermé", *["Fermé (congés)"] * 5,
    ]  # fmt: skip
    assert shown[1].libelle == "vendredi 25 décembre"
    assert coming_days("24/7", "Europe/Paris", NOW)[3].horaires == "24\xa0h sur 24"
