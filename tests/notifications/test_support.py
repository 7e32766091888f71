"""Support's pages: what the service sends, what it sent to one address, and who looked."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comptes.enums import RoleKind
from comptes.models import EntreeJournal
from notifications import jobs
from notifications.enums import EtatEffet
from notifications.models import AdresseRefusee, Consultation, Effet
from tests.comptes.factories import RoleFactory
from tests.test_access import enter

LEA = "lea@exemple.fr"


@pytest.fixture
def anct(client):
    role = RoleFactory(kind=RoleKind.ANCT)
    enter(client, role)
    return role


def make(number=1, adresse=LEA, **values):
    values = {"genre": "matching.interest", "etat": EtatEffet.FAIT, "objet": "Une structure"} | values
    return Effet.objects.create(cle=f"log:{number}", destinataire=adresse, **values)


def look(client, adresse=LEA):
    return client.post(reverse("comptes:log_search"), {"adresse": adresse})


def test_search_is_written_down_before_anything_is_shown(client, anct):
    make(message_id="<abc@site>", reponse="250 2.0.0 Ok: queued as 4ZxY")
    make(2, "ines@exemple.fr", objet="Pas pour Léa")

    response = look(client, "  LEA@exemple.fr ")

    consultation = Consultation.objects.get()
    assert (consultation.adresse, consultation.compte, consultation.role) == (LEA, anct.compte, "anct")
    assert response.url == reverse("comptes:log_detail", args=[consultation.pk])
    assert "lea" not in response.url
    page = client.get(response.url).content.decode()
    for words in (
        "Une structure s&#x27;intéresse à vous",
        "250 2.0.0 Ok: queued as 4ZxY",
        "&lt;abc@site&gt;",
        "Envoyé",
    ):
        assert words in page
    assert "Pas pour Léa" not in page


def test_looks_are_read_by_support_and_changed_by_nobody(client, anct):
    look(client)
    for act in (Consultation.objects.all().delete, lambda: Consultation.objects.update(adresse="x")):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    assert LEA in client.get(reverse("admin:notifications_consultation_changelist")).content.decode()


def test_address_is_nowhere_in_the_administrations_list(client, anct):
    make()
    assert LEA not in client.get(reverse("admin:notifications_effet_changelist")).content.decode()
    found = client.get(reverse("admin:notifications_effet_changelist"), {"q": LEA}).content.decode()
    assert "0 effet" in found


def test_wrong_address_is_told_and_nothing_is_written(client, anct):
    response = look(client, "pas une adresse")
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Consultation.objects.exists()


def test_log_is_narrowed_by_kind_state_and_period(client, anct):
    make(1)
    make(2, genre="matching.back", etat=EtatEffet.ECARTE)
    make(3)
    Effet.objects.filter(cle="log:3").update(created_at=timezone.now() - timedelta(days=30))
    url = look(client).url

    def count(**filters):
        return len(client.get(url, filters).context["rows"])

    today = timezone.localdate()
    assert count() == 3
    assert count(genre="matching.back") == count(etat="ecarte") == 1
    assert count(du=today) == 2
    assert count(au=today - timedelta(days=1)) == 1
    assert client.get(url, {"du": "hier", "etat": "x"}).status_code == 200


def test_number_of_queries_does_not_depend_on_the_number_of_messages(client, anct):
    url = look(client).url

    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        return len(queries)

    make(1)
    count_queries()
    few = count_queries()
    digest = make(0, genre="notifications.recapitulatif")
    for number in range(2, 15):
        make(number, etat=EtatEffet.RASSEMBLE, recapitulatif=digest)
    assert count_queries() == few


def test_only_a_failure_is_sent_again_and_it_is_noted(client, anct):
    failed, done, other = make(1, etat=EtatEffet.REFUSE), make(2), make(3, "ines@exemple.fr", etat=EtatEffet.REFUSE)
    url = look(client).url
    assert client.get(url).content.decode().count("/renvoyer/") == 1
    pk = Consultation.objects.get().pk

    def send_again(effet):
        return client.post(reverse("comptes:log_send_again", args=[pk, effet.pk]), follow=True)

    assert "remis à envoyer" in send_again(failed).content.decode()
    assert "rien à renvoyer" in send_again(done).content.decode()
    assert send_again(other).status_code == 404  # Not the address that was looked for.
    assert EntreeJournal.objects.get(verbe="renvoyer un message").objet == f"notifications.Effet:{failed.pk}"
    done.refresh_from_db()
    assert done.etat == EtatEffet.FAIT


def test_support_believes_an_address_again(client, anct):
    AdresseRefusee.objects.create(adresse=LEA, reponse="550 5.1.1 unknown")
    url = look(client).url
    assert "550 5.1.1 unknown" in client.get(url).content.decode()
    lift = reverse("comptes:log_lift", args=[Consultation.objects.get().pk])

    assert "de nouveau envoyés" in client.post(lift, follow=True).content.decode()
    assert not AdresseRefusee.objects.exists()
    assert "pas marquée" in client.post(lift, follow=True).content.decode()


def test_preview_is_locked_in_its_frame(client, anct):
    args = ["matching.proposed", 1]
    page = client.get(reverse("comptes:message_detail", args=args))
    frame = client.get(reverse("comptes:message_html", args=args))

    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "Ne plus recevoir ce genre de message" in page.content.decode()
    policy = frame.headers["Content-Security-Policy"]
    assert {part.strip() for part in policy.split(";")} == {
        "default-src 'none'", "style-src 'unsafe-inline'", "frame-ancestors 'self'", "sandbox",
    }  # fmt: skip
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-src" not in client.get(reverse("comptes:message_list")).headers["Content-Security-Policy"]


def test_purge_counts_until_it_is_told_otherwise(settings, capsys):
    old = timezone.now() - timedelta(days=366)
    digest = make(1, genre="notifications.recapitulatif")
    for number, etat in enumerate([EtatEffet.FAIT, EtatEffet.ECARTE, EtatEffet.EN_ATTENTE, EtatEffet.RASSEMBLE], 2):
        make(number, etat=etat, recapitulatif=digest if etat == EtatEffet.RASSEMBLE else None)
    Effet.objects.exclude(pk=digest.pk).update(created_at=old)
    make(9)
    role = RoleFactory(kind=RoleKind.ANCT)
    Consultation.objects.create(adresse=LEA, compte=role.compte, role="anct", at=old)
    Consultation.objects.create(adresse=LEA, compte=role.compte, role="anct")

    assert jobs.purge() == {"effets": 2, "consultations": 1, "adresses refusées": 0}
    call_command("purge_courriels")
    assert "2 effets" in capsys.readouterr().out
    assert Effet.objects.count() == 6

    settings.PURGE_FOR_REAL = True
    jobs.purge()
    # What still waits is never too old.
    assert set(Effet.objects.values_list("etat", flat=True)) == {
        EtatEffet.FAIT, EtatEffet.EN_ATTENTE, EtatEffet.RASSEMBLE,
    }  # fmt: skip
    assert Effet.objects.count() == 4
    assert Consultation.objects.count() == 1
