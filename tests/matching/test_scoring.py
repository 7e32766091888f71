from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from candidatures.enums import FRANCE_ENTIERE, Langue, RayonKm, SavoirEtre
from comptes.enums import RoleKind
from matching.explanations import explain
from matching.models import PoidsMatching
from matching.scoring import Attendus, Poids, Profil, compute_score

POIDS = Poids(distance=35, dates=20, experience=15, diplome=15, attente=15)
TODAY = date(2026, 11, 22)
PROFIL = Profil(
    rayon_km=20,
    disponible_le=date(2026, 12, 20),
    experience=False,
    diplome=False,
    tp_remn=False,
    inscrit_le=TODAY,
)
DEBUTS = [date(2027, 1, 1)]


def score(profil=PROFIL, *, debuts=DEBUTS, distance_km=4.0, poids=POIDS, **asked):
    return compute_score(profil, debuts=debuts, distance_km=distance_km, poids=poids, today=TODAY, **asked)


profils = st.builds(
    Profil,
    rayon_km=st.sampled_from(RayonKm.values),
    disponible_le=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    experience=st.booleans(),
    diplome=st.booleans(),
    tp_remn=st.booleans(),
    inscrit_le=st.dates(date(2024, 1, 1), TODAY),
    pix=st.none() | st.integers(0, 1024),
    langues=st.frozensets(st.sampled_from(Langue.values)),
    savoir_etre=st.frozensets(st.sampled_from(SavoirEtre.values)),
)
attendus = st.builds(
    Attendus,
    langues=st.frozensets(st.sampled_from(Langue.values), max_size=3),
    savoir_etre=st.frozensets(st.sampled_from(SavoirEtre.values), max_size=3),
)
weights = (
    st.lists(st.integers(0, 100), min_size=7, max_size=7)
    .map(sorted)
    .map(lambda cuts: Poids(*(b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True))))
)


@given(profils, weights, attendus, st.floats(0, 20_000), st.lists(st.dates(TODAY, date(2028, 1, 1)), min_size=1))
def test_score_is_the_sum_of_its_details_between_0_and_100(profil, poids, asked, distance_km, debuts):
    distance_km = min(distance_km, profil.rayon_km)
    result = score(profil, debuts=debuts, distance_km=distance_km, poids=poids, attendus=asked)

    if max(debuts) < profil.disponible_le:
        assert result is None
        return
    assert 0 <= result.total <= 100
    assert result.total == sum(points for _, points, _, _ in result.details)
    assert all(0 <= points <= maximum for _, points, maximum, _ in result.details)


def test_score_knows_nothing_of_who_the_person_is():
    assert {field.name for field in fields(Profil)} == {
        "rayon_km", "disponible_le", "experience", "diplome", "tp_remn", "inscrit_le", "pix", "langues",
        "savoir_etre",
    }  # fmt: skip
    names = {field.name for field in PoidsMatching._meta.get_fields()}
    assert not names & {"age", "sexe", "genre", "nom", "nationalite", "date_naissance"}


def test_closer_is_better_and_a_share_of_the_radius():
    assert score(distance_km=1).total > score(distance_km=15).total
    near, far = score(distance_km=10).details[0], score(replace(PROFIL, rayon_km=40), distance_km=20).details[0]
    assert near[1] == far[1]


def test_france_entiere_still_prefers_the_neighbourhood():
    mobile = replace(PROFIL, rayon_km=FRANCE_ENTIERE)
    assert (
        score(mobile, distance_km=2).total > score(mobile, distance_km=150).total > score(mobile, distance_km=900).total
    )


def test_the_post_that_starts_soonest_after_the_person_is_free_counts():
    result = score(debuts=[date(2026, 12, 1), date(2026, 12, 24), date(2027, 6, 1)])
    assert result.details[1] == ["dates", 20, 20, 4]


def test_nobody_is_proposed_a_post_that_starts_before_they_are_free():
    assert score(debuts=[PROFIL.disponible_le - timedelta(days=1)]) is None
    assert score(debuts=[PROFIL.disponible_le]) is not None


def test_titre_professionnel_counts_more_than_another_diploma():
    assert score(replace(PROFIL, tp_remn=True)).total > score(replace(PROFIL, diplome=True)).total > score(PROFIL).total


def test_waiting_counts_and_then_no_more():
    waited = [score(replace(PROFIL, inscrit_le=TODAY - timedelta(days=n))).total for n in (0, 90, 180, 700)]
    assert waited[0] < waited[1] < waited[2] == waited[3]


def test_pix_counts_when_the_weights_say_so_and_is_said_in_words():
    poids = Poids(35, 20, 15, 15, 5, 10)
    assert score(replace(PROFIL, pix=895), poids=poids).total == score(poids=poids).total + 10
    assert score(replace(PROFIL, pix=1024), poids=poids).total == score(replace(PROFIL, pix=895), poids=poids).total
    details = score(replace(PROFIL, pix=512), poids=poids).details
    assert explain(details, rayon="20 km", side=RoleKind.STRUCTURE)[-1] == "A déclaré un score Pix de 512."
    assert explain(details, rayon="20 km", side=RoleKind.CANDIDAT)[-1] == "Vous avez déclaré un score Pix de 512."
    assert "pix" not in [name for name, *_ in score(replace(PROFIL, pix=512)).details]


DETAILS = score(
    replace(PROFIL, experience=True, tp_remn=True, inscrit_le=TODAY - timedelta(days=45)), distance_km=4.2
).details


def test_mise_en_relation_older_than_the_score_has_no_reason_to_show():
    assert explain([], rayon="20 km", side=RoleKind.STRUCTURE) == []


def test_structure_reads_why():
    assert explain(DETAILS, rayon="20 km", side=RoleKind.STRUCTURE) == [
        "À 4 km de la commune, pour un rayon de 20 km.",
        "Disponible 12 jours avant le début du poste.",
        "A déjà une expérience de la médiation numérique.",
        "A le titre professionnel « Responsable d'espace de médiation numérique ».",
        "Attend un poste depuis 45 jours.",
    ]


def test_candidat_reads_why_in_their_own_words():
    assert explain(DETAILS, rayon="20 km", side=RoleKind.CANDIDAT) == [
        "À 4 km de chez vous, pour un rayon de 20 km.",
        "Le poste commence 12 jours après la date où vous êtes disponible.",
        "Vous avez déjà une expérience de la médiation numérique.",
        "Vous avez le titre professionnel « Responsable d'espace de médiation numérique ».",
        "Votre candidature attend depuis 45 jours.",
    ]


@pytest.mark.parametrize(
    ("km", "rayon", "words"),
    [
        (0.3, "5 km", "Dans la même commune, ou tout près, pour un rayon de 5 km."),
        (1.0, "5 km", "À 1 km de la commune, pour un rayon de 5 km."),
        (9423.4, "France entière", "À 9 423 km de la commune ; accepte de travailler partout en France."),
    ],
)
def test_distance_in_words(km, rayon, words):
    details = score(distance_km=1).details
    details[0][3] = km
    assert explain(details, rayon=rayon, side=RoleKind.STRUCTURE)[0] == words


def test_what_a_structure_asks_counts_by_share_and_is_said_in_words():
    poids = Poids(35, 20, 15, 15, 0, 0, 9, 6)
    polyglot = replace(PROFIL, langues=frozenset({"anglais", "lsf"}), savoir_etre=frozenset({"patience"}))
    asked = Attendus(langues=frozenset({"lsf", "anglais", "turc"}), savoir_etre=frozenset({"patience", "ecoute"}))

    met, unmet = (score(profil, poids=poids, attendus=asked) for profil in (polyglot, PROFIL))
    assert met.total - unmet.total == 6 + 3
    assert explain(met.details, rayon="20 km", side=RoleKind.STRUCTURE)[-2:] == [
        "Parle une langue que vous demandez : anglais, langue des signes française.",
        "Se reconnaît des points forts que vous attendez : patience.",
    ]
    assert explain(met.details, rayon="20 km", side=RoleKind.CANDIDAT)[-1].startswith("Vous vous reconnaissez")
    # Where nothing is asked, nobody lacks anything.
    assert score(polyglot, poids=poids).total == score(poids=poids).total == met.total + 3 + 3
