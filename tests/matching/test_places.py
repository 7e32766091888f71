"""The place and the key of a structure are copied to its posts, for the index: exact after any write, by anyone."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import md5

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.urls import reverse

from candidatures.enums import FRANCE_ENTIERE
from matching import selectors
from pilotage.demo.world import copy_rows
from structures.models import DemandePoste, Poste, Structure
from structures.services import fill_poste, free_poste, save_structure
from territoires.models import Commune
from territoires.signals import communes_moved
from tests.candidatures.factories import CandidatureFactory
from tests.marks import TRANSACTIONAL
from tests.structures.factories import ConventionFactory, PosteFactory, StructureFactory, siret
from tests.structures.helpers import anct, enter
from tests.territoires.factories import CommuneFactory

NEW_SIRET = siret(900_001)


def stale():
    """Return the posts whose copies are not what their structure and its commune say."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.id FROM structures_poste p
            JOIN structures_structure s ON s.id = p.structure_id JOIN territoires_commune o ON o.code = s.commune_id
            WHERE (p.position[0], p.position[1], p.latitude, p.longitude, p.cle)
                IS DISTINCT FROM (o.x, o.y, o.latitude, o.longitude, coalesce(s.siret, s.ridet))
            """
        )
        return cursor.fetchall()


def run_sql(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def create(poste, other):
    PosteFactory(convention__structure=other)


def create_by_copy(poste, other):
    """As the demonstration and the benchmarks do, whatever the row says of its place."""
    row = Poste(structure=other, convention=poste.convention, date_debut=date(2026, 9, 1), latitude=1.0, cle="faux")
    copy_rows([row])


def transfer(poste, other):
    poste.structure = other
    poste.save()


def transfer_by_sql(poste, other):
    run_sql("UPDATE structures_poste SET structure_id = %s WHERE id = %s", other.pk, poste.pk)


def move(poste, other):
    poste.structure.commune = other.commune
    poste.structure.save()


def move_by_sql(poste, other):
    run_sql("UPDATE structures_structure SET commune_id = %s WHERE id = %s", other.commune_id, poste.structure_id)


def move_everyone(poste, other):
    Structure.objects.update(commune=other.commune)


def change_siret(poste, other):
    poste.structure.siret = NEW_SIRET
    poste.structure.save()


def become_caledonian(poste, other):
    Structure.objects.filter(pk=poste.structure_id).update(siret=None, ridet="0123456")


def save_what_was_read_long_ago(poste, other):
    read = Poste.objects.get(pk=poste.pk)
    move(poste, other)
    read.save()


def write_the_copies(poste, other):
    run_sql("UPDATE structures_poste SET position = point(0, 0), latitude = 0, longitude = NULL, cle = 'faux'")


def move_commune(code):
    Commune.objects.filter(pk=code).update(x=F("x") + 1, latitude=F("latitude") + 0.01)
    communes_moved.send(sender=Commune, codes=[code])


def move_communes(poste, other):
    for code in Commune.objects.values_list("code", flat=True):
        move_commune(code)


def fill_and_free(poste, other):
    fill_poste(poste=poste, by=None)
    move(poste, other)
    free_poste(poste=Poste.objects.get(pk=poste.pk), by=None)


WRITES = [
    create, create_by_copy, transfer, transfer_by_sql, move, move_by_sql, move_everyone, change_siret,
    become_caledonian, save_what_was_read_long_ago, write_the_copies, move_communes, fill_and_free,
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("write", WRITES)
def test_posts_follow_their_structure_whoever_writes(write):
    """Both directions read different tables: they must say the same, distances and ties included."""
    poste, other = PosteFactory(), StructureFactory(commune=CommuneFactory(paris=True))
    assert stale() == []
    write(poste, other)
    assert stale() == []
    candidature = CandidatureFactory(rayon_km=FRANCE_ENTIERE)
    besoins = selectors.list_besoins(Structure.objects.all())
    expected = {
        (besoin.structure, voisin.distance_km, voisin.tie)
        for besoin in besoins
        for voisin in selectors.nearest_candidatures(besoin, limit=5)
    }
    found = selectors.nearest_structures(candidature)
    assert {(voisin.id, voisin.distance_km, voisin.tie) for voisin in found} == expected
    assert len(found) == len(besoins) > 0
    keys = {besoin.structure: besoin.cle for besoin in besoins}
    for voisin in found:
        assert voisin.tie == md5(f"{candidature.reference}{keys[voisin.id]}".encode()).hexdigest()  # noqa: S324


@pytest.mark.django_db
def test_support_corrects_a_siret_and_a_commune(client):
    enter(client, anct())
    poste = PosteFactory()
    url = reverse("admin:structures_structure_change", args=[poste.structure_id])
    form = client.get(url).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value not in {None, False}}
    data |= {"siret": NEW_SIRET, "commune": CommuneFactory(paris=True).pk}
    data |= {"membres-TOTAL_FORMS": 0, "membres-INITIAL_FORMS": 0}
    response = client.post(url, data)
    assert response.status_code == 302
    poste.refresh_from_db()
    assert (poste.cle, poste.latitude) == (NEW_SIRET, CommuneFactory(paris=True).latitude)
    assert stale() == []


@pytest.mark.django_db
def test_several_vacant_posts_are_one_structure():
    poste = PosteFactory()
    PosteFactory.create_batch(3, convention=poste.convention)
    candidature = CandidatureFactory()
    for plafond in (None, 5):
        assert [v.id for v in selectors.nearest_structures(candidature, plafond=plafond)] == [poste.structure_id]


@pytest.mark.django_db
def test_filled_post_counts_no_more():
    poste, candidature = PosteFactory(), CandidatureFactory()
    fill_poste(poste=poste, by=None)
    assert selectors.nearest_structures(candidature) == []
    free_poste(poste=poste, by=None)
    assert [v.id for v in selectors.nearest_structures(candidature)] == [poste.structure_id]


# --- At the same moment ---------------------------------------------------------------------------------------


def wait_for_a_lock():
    """Return once the other connection waits for ours."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def while_uncommitted(first, second, then=lambda: None):
    """Do `first`, start `second` elsewhere, which must wait, do `then`, and commit: both succeed."""

    def act():
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            other = pool.submit(act)
            wait_for_a_lock()
            then()
        other.result(30)


def changes(structure):
    """What may happen to the place of a structure and to its key."""
    paris = CommuneFactory(paris=True)
    pks = Structure.objects.filter(pk=structure.pk)
    return {
        "commune": lambda: pks.update(commune=paris),
        "siret": lambda: pks.update(siret=NEW_SIRET),
        "coordinates": lambda: move_commune(structure.commune_id),
    }


@TRANSACTIONAL
@pytest.mark.parametrize("what", ["commune", "siret", "coordinates"])
@pytest.mark.parametrize("arrives", ["created", "transferred"])
def test_post_arrives_while_its_structure_changes(what, arrives):
    convention, elsewhere = ConventionFactory(), PosteFactory(convention__structure__commune__reze=True)
    change = changes(convention.structure)[what]

    def arrive():
        if arrives == "created":
            PosteFactory(convention=convention)
        else:
            transfer(elsewhere, convention.structure)

    while_uncommitted(change, arrive)
    assert stale() == []


@TRANSACTIONAL
@pytest.mark.parametrize("what", ["commune", "siret", "coordinates"])
def test_structure_changes_while_a_post_arrives(what):
    convention = ConventionFactory()
    while_uncommitted(lambda: PosteFactory(convention=convention), changes(convention.structure)[what])
    assert stale() == []


@TRANSACTIONAL
def test_structure_moves_to_a_commune_whose_coordinates_change():
    structure, paris = PosteFactory().structure, CommuneFactory(paris=True)

    change = changes(structure)["commune"]
    while_uncommitted(lambda: move_commune(paris.pk), change)
    assert stale() == []


@TRANSACTIONAL
def test_new_siret_waits_for_who_allocates_the_posts_and_then_points_to_the_structure():
    """Posts, then the structure, as whoever holds a post does: the other order is a deadlock."""
    poste = PosteFactory()
    structure = Structure.objects.get(pk=poste.structure_id)
    structure.siret = NEW_SIRET
    while_uncommitted(
        lambda: list(Poste.objects.vacant().select_for_update(of=("self",), no_key=True)),
        lambda: save_structure(structure=structure),
        lambda: DemandePoste.objects.create(structure=poste.structure),
    )
    assert stale() == []
