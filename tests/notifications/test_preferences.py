"""What people chose is kept where the mail leaves: set aside, gathered in one mail a day, or sent."""

from datetime import datetime, timedelta
from threading import Thread

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comptes.enums import RoleKind
from notifications import registry, tasks
from notifications.enums import Categorie, EtatEffet, Rythme
from notifications.models import AdresseRefusee, Effet, Envoi, Preference
from notifications.registry import Kind
from notifications.services import queue_effet, send_again, set_preferences, unsubscribe
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.marks import TRANSACTIONAL
from tests.structures.factories import MembreFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory
from tests.test_access import enter, make_role

LEA = "lea@exemple.fr"
PARIS_NOON = "2026-11-22T12:00:00+01:00"
NEXT_MORNING = "2026-11-23T08:00:01+01:00"


def make_kind(name, monkeypatch, **values):
    who = {"recipient": "", "topic": "", "roles": frozenset({RoleKind.STRUCTURE})}
    kind = Kind(name=name, label=name, when="", samples=(), **who, **values)
    monkeypatch.setitem(registry.KINDS, name, kind)
    monkeypatch.setitem(registry.MESSAGES, name, build)
    return kind


def build(pk, to=LEA, words=None):
    email = EmailMultiAlternatives(f"Nouvelle {pk}", f"Bonjour Léa,\n\n{words or pk} est arrivé.", to=[to])
    html = (
        f"<h1>Nouvelle</h1><!-- contenu --><p>Bonjour Léa,</p><p>{words or pk} est &lt;arrivé&gt;.</p><!-- /contenu -->"
    )
    email.attach(f"{pk}.ics", "BEGIN:VCALENDAR", "text/calendar")
    email.attach_alternative(f"<html><body>{html}<!-- pied --></body></html>", "text/html")
    return email


@pytest.fixture
def news(monkeypatch):
    return make_kind("test.news", monkeypatch, category=Categorie.INFORMATIVE, rhythms=tuple(Rythme))


@pytest.fixture
def task(monkeypatch):
    return make_kind("test.task", monkeypatch, rhythms=(Rythme.IMMEDIAT, Rythme.QUOTIDIEN))


def queue(genre, *numbers, to=LEA, **charge):
    with transaction.atomic():
        for pk in numbers:
            queue_effet(genre, cle=f"{genre}:{pk}:{to}", destinataire=to, pk=pk, to=to, **charge)


def choose(genre, rythme, adresse=LEA):
    set_preferences(adresse=adresse, rhythms={genre: rythme})


def states():
    return dict(Effet.objects.exclude(genre="notifications.recapitulatif").values_list("charge__pk", "etat"))


def test_without_a_choice_the_default_of_the_kind_holds(news, mailoutbox):
    queue("test.news", 1)
    tasks.drain()
    assert [mail.subject for mail in mailoutbox] == ["Nouvelle 1"]


def test_refused_kind_is_set_aside_and_said_so(news, mailoutbox):
    choose("test.news", Rythme.JAMAIS)
    queue("test.news", 1)
    tasks.drain()

    effet = Effet.objects.get()
    assert mailoutbox == []
    assert effet.etat == EtatEffet.ECARTE
    assert effet.done_at is not None


def test_choice_made_after_the_event_counts_until_the_mail_leaves(news, mailoutbox):
    queue("test.news", 1)
    choose("test.news", Rythme.JAMAIS)
    tasks.drain()
    assert mailoutbox == []


def test_choice_is_the_addresss_not_everyones_and_not_for_other_messages(news, task, mailoutbox):
    choose("test.news", Rythme.JAMAIS)
    queue("test.news", 1, to="ines@exemple.fr")
    queue("test.task", 2)
    tasks.drain()
    assert {mail.to[0] for mail in mailoutbox} == {"ines@exemple.fr", LEA}


def test_address_known_only_when_the_mail_is_built_has_its_choice_too(news, mailoutbox):
    choose("test.news", Rythme.JAMAIS)
    with transaction.atomic():
        queue_effet("test.news", cle="late", pk=1)
    tasks.drain()
    assert mailoutbox == []
    assert Effet.objects.get().etat == EtatEffet.ECARTE


def test_choice_a_kind_no_longer_allows_is_forgotten(task, mailoutbox):
    Preference.objects.create(adresse=LEA, genre="test.task", rythme=Rythme.JAMAIS)
    queue("test.task", 1)
    tasks.drain()
    assert len(mailoutbox) == 1


# --- The daily digest -----------------------------------------------------------------------------------------


def test_day_of_messages_leaves_in_one_mail_the_next_morning(news, task, mailoutbox, time_machine):
    time_machine.move_to(PARIS_NOON, tick=False)
    choose("test.news", Rythme.QUOTIDIEN)
    choose("test.task", Rythme.QUOTIDIEN)
    queue("test.news", 1, 2)
    tasks.drain()
    time_machine.move_to("2026-11-22T20:00:00+01:00", tick=False)
    queue("test.task", 3)
    tasks.drain()
    assert mailoutbox == []
    assert set(states().values()) == {EtatEffet.RASSEMBLE}

    time_machine.move_to("2026-11-23T07:59:59+01:00", tick=False)
    tasks.drain()
    assert mailoutbox == []
    time_machine.move_to(NEXT_MORNING, tick=False)
    tasks.drain()
    tasks.drain()

    (mail,) = mailoutbox
    assert mail.subject == "Votre récapitulatif du jour : 3 nouvelles"
    for pk in (1, 2, 3):
        assert f"{pk}. Nouvelle {pk}\n\n{pk} est arrivé." in mail.body
        # Rendered by the message's own template: neither escaped twice nor trusted twice.
        assert f"<p>{pk} est &lt;arrivé&gt;.</p>" in mail.alternatives[0].content
    assert mail.body.count("Bonjour") == mail.alternatives[0].content.count("Bonjour") == 1
    assert [attachment.filename for attachment in mail.attachments] == ["1.ics", "2.ics", "3.ics"]
    assert "List-Unsubscribe" in mail.extra_headers
    assert set(states().values()) == {EtatEffet.FAIT}
    # The log says for each what left, and in which mail.
    logged = Effet.objects.get(charge__pk=1)
    assert (logged.objet, logged.message_id) == ("Nouvelle 1", mail.extra_headers["Message-ID"])


def test_digest_is_read_in_the_morning_of_its_reader(news, mailoutbox, time_machine):
    time_machine.move_to("2026-11-22T11:00:00+00:00", tick=False)
    CandidatureFactory(email="candidat@exemple.re", commune=CommuneFactory(saint_denis=True))
    basse_terre = CommuneFactory(
        code="97105",
        nom="Basse-Terre",
        departement=DepartementFactory(code="971", nom="Guadeloupe", fuseau="America/Guadeloupe"),
    )
    MembreFactory(compte__email="membre@exemple.gp", structure__commune=basse_terre)
    for adresse in ("candidat@exemple.re", "membre@exemple.gp", LEA):
        choose("test.news", Rythme.QUOTIDIEN, adresse)
        queue("test.news", 1, to=adresse)
    tasks.drain()

    hours = dict(Effet.objects.filter(genre="notifications.recapitulatif").values_list("destinataire", "prochain_at"))
    assert {adresse: at.isoformat() for adresse, at in hours.items()} == {
        "candidat@exemple.re": "2026-11-23T04:00:00+00:00",
        "membre@exemple.gp": "2026-11-22T12:00:00+00:00",  # In an hour.
        LEA: "2026-11-23T07:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-28T20:00:00+01:00", "2026-03-29T08:00:00+02:00"),  # The night clocks go forward …
        ("2026-10-24T20:00:00+02:00", "2026-10-25T08:00:00+01:00"),  # … and back.
        ("2026-12-31T23:30:00+01:00", "2027-01-01T08:00:00+01:00"),
    ],
)
def test_morning_is_the_clock_on_the_wall(news, time_machine, now, expected):
    time_machine.move_to(now, tick=False)
    choose("test.news", Rythme.QUOTIDIEN)
    queue("test.news", 1)
    tasks.drain()
    digest = Effet.objects.get(genre="notifications.recapitulatif")
    assert digest.prochain_at == datetime.fromisoformat(expected)


def test_what_comes_while_the_digest_leaves_waits_for_the_next(news, mailoutbox, time_machine):
    time_machine.move_to(PARIS_NOON, tick=False)
    choose("test.news", Rythme.QUOTIDIEN)
    queue("test.news", 1)
    tasks.drain()
    time_machine.move_to(NEXT_MORNING, tick=False)
    # The digest is in a relay's hands: it has begun.
    Effet.objects.filter(genre="notifications.recapitulatif").update(essais=1)
    queue("test.news", 2)
    tasks.drain()

    (mail,) = mailoutbox
    assert "1 est arrivé" in mail.body
    assert "2 est arrivé" not in mail.body
    mailoutbox.clear()
    time_machine.move_to("2026-11-24T08:00:01+01:00", tick=False)
    tasks.drain()
    assert "2 est arrivé" in mailoutbox[0].body
    assert "1 est arrivé" not in mailoutbox[0].body


def test_digest_killed_before_its_note_leaves_again_whole_under_the_same_identifier(
    news, mailoutbox, monkeypatch, time_machine
):
    time_machine.move_to(PARIS_NOON, tick=False)
    choose("test.news", Rythme.QUOTIDIEN)
    queue("test.news", 1, 2)
    tasks.drain()
    time_machine.move_to(NEXT_MORNING, tick=False)

    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "_record_done", die)
        with pytest.raises(Killed):
            tasks.drain()
    assert set(states().values()) == {EtatEffet.RASSEMBLE}  # Nothing is half noted.
    tasks.drain()
    assert len(mailoutbox) == 1  # Still leased.
    time_machine.move_to("2026-11-23T08:05:00+01:00", tick=False)
    tasks.drain()

    assert len({mail.extra_headers["Message-ID"] for mail in mailoutbox}) == 1
    assert len({mail.body.partition("-- ")[0] for mail in mailoutbox}) == 1
    assert set(states().values()) == {EtatEffet.FAIT}


def test_digest_leaves_without_what_lost_its_reason_its_reader_or_its_way(
    news, task, mailoutbox, monkeypatch, time_machine
):
    time_machine.move_to(PARIS_NOON, tick=False)
    choose("test.news", Rythme.QUOTIDIEN)
    choose("test.task", Rythme.QUOTIDIEN)
    queue("test.news", 1, 2)
    queue("test.task", 3, 4, 5, 6)

    def later(pk, to):
        if pk == 3:
            return None
        if pk == 4:
            raise RuntimeError("broken")
        return build(pk, to="nouvelle@exemple.fr" if pk == 5 else to)

    tasks.drain()
    choose("test.news", Rythme.JAMAIS)
    monkeypatch.setitem(registry.MESSAGES, "test.task", later)
    time_machine.move_to(NEXT_MORNING, tick=False)
    tasks.drain()

    digest, moved = mailoutbox
    assert digest.subject == "Votre récapitulatif du jour : une nouvelle"
    assert "6 est arrivé" in digest.body
    assert "List-Unsubscribe" not in digest.extra_headers  # Nothing left in it can be stopped.
    assert (moved.to, moved.subject) == (["nouvelle@exemple.fr"], "Nouvelle 5")
    assert states() == {
        1: EtatEffet.ECARTE, 2: EtatEffet.ECARTE, 3: EtatEffet.FAIT, 4: EtatEffet.EN_ATTENTE, 5: EtatEffet.FAIT,
        6: EtatEffet.FAIT,
    }  # fmt: skip
    assert Effet.objects.get(charge__pk=4).erreur == "RuntimeError: broken"


def test_same_words_twice_in_a_day_are_told_once_and_a_long_day_is_cut(news, mailoutbox, time_machine):
    time_machine.move_to(PARIS_NOON, tick=False)
    choose("test.news", Rythme.QUOTIDIEN)
    words = "Toujours pareil"
    registry.MESSAGES["test.news"] = lambda pk, to: build(min(pk, 23), to, words)
    queue("test.news", *range(1, 31))
    tasks.drain()
    time_machine.move_to(NEXT_MORNING, tick=False)
    tasks.drain()

    (mail,) = mailoutbox
    assert "23 nouvelles" in mail.subject
    assert mail.body.count(words) == 20
    assert "- Nouvelle 23" in mail.body
    assert set(states().values()) == {EtatEffet.FAIT}


def test_digest_given_up_gives_up_what_it_held_and_is_sent_again_whole(news, mailoutbox, time_machine):
    time_machine.move_to(PARIS_NOON, tick=False)
    choose("test.news", Rythme.QUOTIDIEN)
    queue("test.news", 1, 2)
    tasks.drain()
    digest = Effet.objects.get(genre="notifications.recapitulatif")
    digest.essais = tasks.MAX_TRIES - 1
    tasks._record_failure(digest, RuntimeError("broken"))
    assert set(states().values()) == {EtatEffet.ABANDONNE}

    send_again(effet=digest)
    time_machine.move_to(NEXT_MORNING, tick=False)
    tasks.drain()
    assert "2 nouvelles" in mailoutbox[0].subject
    assert set(states().values()) == {EtatEffet.FAIT}


def test_refused_digest_stops_all_that_it_would_gather_and_nothing_else(news, task, monkeypatch):
    other = make_kind("test.other", monkeypatch, category=Categorie.INFORMATIVE, rhythms=tuple(Rythme))
    choose("test.news", Rythme.QUOTIDIEN)
    choose("test.task", Rythme.QUOTIDIEN)
    unsubscribe(kind=registry.KINDS["notifications.recapitulatif"], adresse=LEA)

    chosen = dict(Preference.objects.filter(adresse=LEA, genre__startswith="test.").values_list("genre", "rythme"))
    assert chosen == {"test.news": Rythme.JAMAIS, "test.task": Rythme.QUOTIDIEN}
    assert other.name not in chosen


def test_queries_of_a_batch_do_not_depend_on_its_size(news):
    def count(numbers):
        queue("test.news", *numbers, to="a@exemple.fr")
        queue("test.news", *numbers)
        batch = tasks.claim()
        with CaptureQueriesContext(connection) as queries:
            assert tasks.sort_out(batch) == []
        assert Effet.objects.filter(etat=EtatEffet.RASSEMBLE).count() >= len(numbers)
        return len(queries)

    choose("test.news", Rythme.QUOTIDIEN)
    choose("test.news", Rythme.JAMAIS, "a@exemple.fr")
    few = count(range(2))
    assert count(range(100, 160)) == few


def test_refused_address_receives_no_news_but_still_what_is_indispensable(news, task, mailoutbox):
    AdresseRefusee.objects.create(adresse=LEA, reponse="550 5.1.1 unknown")
    queue("test.news", 1)
    queue("test.task", 2)
    tasks.drain()

    assert [mail.subject for mail in mailoutbox] == ["Nouvelle 2"]
    assert Effet.objects.get(charge__pk=1).erreur == tasks.REFUSED
    # It took one: it works again.
    assert not AdresseRefusee.objects.exists()


# --- The page -------------------------------------------------------------------------------------------------

URL = "/mes-notifications/"


def test_person_reads_and_changes_their_choices(client, mailoutbox):
    role = RoleFactory(kind=RoleKind.STRUCTURE)
    RoleFactory(kind=RoleKind.PREFET, compte=role.compte, departement=DepartementFactory())
    enter(client, role)
    page = client.get(URL).content.decode()
    assert "Personnes qui attendent une réponse" in page
    assert "Une demande de poste attend un avis" in page  # Their other role's too: one mailbox.
    assert "Nouvelles propositions" not in page
    assert 'value="quotidien" ' in page

    data = {name: field.initial for name, field in client.get(URL).context["form"].fields.items()}
    response = client.post(URL, data | {"matching-back": "jamais"}, follow=True)

    assert "Vos choix sont enregistrés" in response.content.decode()
    chosen = Preference.objects.get(genre="matching.back")
    assert (chosen.adresse, chosen.rythme) == (role.compte.email, Rythme.JAMAIS)


def test_wrong_choice_is_told_beside_its_field_and_nothing_is_kept(client):
    enter(client, make_role(RoleKind.PREFET))
    response = client.post(URL, {"structures-demande_to_instruct": "jamais"})

    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Preference.objects.exists()


def test_role_without_any_choice_is_told_so(client, monkeypatch):
    monkeypatch.setattr("notifications.selectors.KINDS", {})
    enter(client, RoleFactory(kind=RoleKind.HUB, compte=CompteFactory()))
    assert "aucun message que l’on puisse arrêter" in client.get(URL).content.decode()


@TRANSACTIONAL
def test_digest_waits_for_what_is_joining_it(news, mailoutbox):
    """A relay is about to send the digest while another one attaches a message to it: the message is in it."""
    choose("test.news", Rythme.QUOTIDIEN)
    with transaction.atomic():
        Effet.objects.write([Envoi("test.news", "first", LEA, {"pk": 1})])
    tasks.drain()
    Effet.objects.filter(genre="notifications.recapitulatif").update(prochain_at=timezone.now())
    digest = Effet.objects.get(genre="notifications.recapitulatif")
    later = timezone.now() + timedelta(hours=1)
    late = Effet.objects.create(prochain_at=later, cle="late", genre="test.news", destinataire=LEA, charge={"pk": 2})

    (claimed,) = [effet for effet in tasks.claim() if effet.pk == digest.pk]

    def send():
        try:
            tasks._do(claimed, tasks.Relay())
        finally:
            connections.close_all()

    with transaction.atomic():
        opened = Effet.objects.open_digests({digest.cle: (LEA, digest.prochain_at)})
        Effet.objects.join_digests({late.pk: opened[digest.cle]}, late.prochain_at)
        sender = Thread(target=send)
        sender.start()
        sender.join(timeout=1)
        assert mailoutbox == []  # It waits for the lock.
    sender.join(timeout=20)

    assert set(states().values()) == {EtatEffet.FAIT}
    assert "2 est arrivé" in mailoutbox[0].body
