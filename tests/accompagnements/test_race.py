"""The same entry sent twice at once, and two tabs that count the same places."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompagnements import services
from accompagnements.constants import LIEUX_MAX
from accompagnements.models import Accompagnement, AccompagnementRevision
from accompagnements.selectors import device_mark
from common.exceptions import RuleError
from comptes.enums import RoleKind
from tests.accompagnements.entry import send, sign_in, typed
from tests.accompagnements.factories import AccompagnementFactory, LieuActiviteFactory, in_post_today
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory

pytestmark = TRANSACTIONAL
THREADS = 8


def together(act):
    barrier = Barrier(THREADS)

    def run(_):
        try:
            barrier.wait(timeout=30)
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_one_row_and_everyone_succeeds():
    conseiller = in_post_today()
    CommuneFactory()
    role = conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)
    data = typed(uuid=str(uuid.uuid4()), date=str(timezone.localdate()))
    session = sign_in(Client(), role).cookies

    def act():
        client = Client()
        client.cookies = session
        return send(client, data).status_code

    assert together(act) == [302] * THREADS
    assert Accompagnement.objects.count() == 1


def test_two_devices_that_send_at_once_are_answered_the_same():
    conseiller = in_post_today()
    CommuneFactory()
    role = conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)
    data = typed(date=str(timezone.localdate()), compte=device_mark(role))
    session = sign_in(Client(), role).cookies

    def act():
        client = Client()
        client.cookies = session
        response = client.post(reverse("accompagnements:send"), data)
        return response.status_code, response.json()

    assert together(act) == [(200, {})] * THREADS
    assert Accompagnement.objects.count() == 1


def test_changes_that_race_a_removal_end_well():
    conseiller = in_post_today()
    role = conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)
    row = AccompagnementFactory(conseiller=conseiller, date=timezone.localdate())
    turns = iter(range(THREADS))

    def act():
        try:
            if next(turns) % 2:
                services.delete_accompagnement(accompagnement=row, by=role)
                return "supprimé"
            services.update_accompagnement(accompagnement=row, values={"duree": 45}, version=row.version, by=role)
        except RuleError as error:
            return str(error)
        return "modifié"

    answers = together(act)
    assert answers.count("supprimé") == 1
    assert set(answers) <= {"supprimé", "modifié", "Cet accompagnement a été supprimé entre-temps."}
    assert not Accompagnement.objects.exists()
    kept = AccompagnementRevision.objects.filter(accompagnement_pk=row.pk)
    assert [one.acte for one in kept].count("suppression") == 1
    # Changing to what another has just written is no second change.
    assert kept.count() <= 2


def test_number_of_places_is_never_exceeded():
    conseiller = in_post_today()
    role = conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)
    commune = CommuneFactory()
    for _ in range(LIEUX_MAX - 1):
        LieuActiviteFactory(conseiller=conseiller)

    def act():
        try:
            services.create_lieu(conseiller=conseiller, nom="Mairie", adresse="1 place", commune=commune, by=role)
        except RuleError:
            return "refusé"
        return "ajouté"

    assert sorted(together(act)) == ["ajouté"] + ["refusé"] * (THREADS - 1)
    assert conseiller.lieux.count() == LIEUX_MAX
