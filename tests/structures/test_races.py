"""Forty people at the same moment: one winner, polite refusals, never an error."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.exceptions import RuleError
from structures import services
from structures.enums import Avis, Decision, StatutDemande, StatutPoste
from structures.models import AvisPrefet, Convention, DemandePoste, Membre, Poste, SessionCoselec, Structure
from tests.marks import TRANSACTIONAL
from tests.structures.factories import DecisionCoselecFactory, DemandePosteFactory, PosteFactory
from tests.structures.helpers import anct, bdt, prefet, submitted_draft

pytestmark = TRANSACTIONAL
THREADS = 40


def at_once(acts):
    """Run the acts together; return what each gave, a RuleError included."""
    barrier = Barrier(len(acts))

    def run(act):
        try:
            barrier.wait()
            return act()
        except RuleError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def winners(results):
    return [result for result in results if not isinstance(result, RuleError)]


def test_one_link_opened_forty_times():
    _, token = submitted_draft()
    results = at_once([lambda: services.confirm_demande(token=token)] * THREADS)
    assert len(winners(results)) == 1
    assert Structure.objects.count() == Membre.objects.count() == 1


def test_forty_people_confirm_the_same_siret():
    tokens = [submitted_draft(1, email=f"agent{n}@mairie.example")[1] for n in range(THREADS)]

    def confirm(token):
        return Client().post(reverse("structures:confirm", args=[token]))

    responses = at_once([lambda token=token: confirm(token) for token in tokens])

    urls = [response.url for response in responses]
    assert urls.count(reverse("structures:confirmed")) == 1
    assert urls.count(reverse("structures:not_forwarded")) == THREADS - 1
    assert Structure.objects.count() == Membre.objects.count() == 1
    assert DemandePoste.objects.filter(status=StatutDemande.DEPOSEE).count() == 1
    assert DemandePoste.objects.filter(status=StatutDemande.DOUBLON).count() == THREADS - 1


def test_forty_avis():
    demande = DemandePosteFactory()
    agents = [prefet() for _ in range(THREADS)]

    def give(agent):
        return services.give_avis(demande=demande, by=agent, avis=Avis.FAVORABLE, commentaire="Un avis assez long.")

    results = at_once([lambda agent=agent: give(agent) for agent in agents])
    assert len(winners(results)) == AvisPrefet.objects.count() == 1


def test_forty_validations():
    demande = DecisionCoselecFactory().demande
    agents = [anct() for _ in range(THREADS)]
    results = at_once([lambda agent=agent: services.validate_decision(demande=demande, by=agent) for agent in agents])
    assert len(winners(results)) == 1
    assert demande.transitions.count() == 1


def test_preparation_and_validation_at_once_never_join_in_one_person():
    demande = DecisionCoselecFactory(demande__postes_souhaites=3).demande
    agents = [anct() for _ in range(THREADS // 2)]

    def prepare(agent):
        return services.prepare_decision(
            demande=demande, by=agent, decision=Decision.FAVORABLE, postes=2, motif="Un motif assez long."
        )

    acts = [lambda agent=agent: prepare(agent) for agent in agents]
    acts += [lambda agent=agent: services.validate_decision(demande=demande, by=agent) for agent in agents]
    at_once(acts)
    decision = demande.decisions.get()
    assert decision.validee_par_id != decision.preparee_par_id


def test_forty_signatures_open_the_posts_once():
    demande = DemandePosteFactory(a_conventionner=True, postes_souhaites=2)
    DecisionCoselecFactory(demande=demande, postes=2, validee=True)
    services.prepare_convention(demande=demande, by=bdt(), date_debut=timezone.localdate())
    agents = [bdt() for _ in range(THREADS)]
    results = at_once([lambda agent=agent: services.sign_convention(demande=demande, by=agent) for agent in agents])
    assert len(winners(results)) == 1
    assert Poste.objects.count() == 2


def test_forty_conventions_are_numbered_without_gap_nor_double():
    by = bdt()
    demandes = [
        DecisionCoselecFactory(demande__a_conventionner=True, demande__coselec=False, validee=True).demande
        for _ in range(THREADS)
    ]
    today = timezone.localdate()

    def prepare(demande):
        return services.prepare_convention(demande=demande, by=by, date_debut=today)

    assert len(winners(at_once([lambda demande=demande: prepare(demande) for demande in demandes]))) == THREADS
    numbers = sorted(int(numero[-5:]) for numero in Convention.objects.values_list("numero", flat=True))
    assert numbers == list(range(1, THREADS + 1))


def test_forty_sessions_are_numbered_without_gap_nor_double():
    by = anct()
    at_once([lambda: services.create_session(by=by, date=timezone.localdate())] * THREADS)
    numbers = sorted(SessionCoselec.objects.values_list("numero", flat=True))
    assert numbers == list(range(1, THREADS + 1))


def test_forty_recruits_for_one_post():
    poste = PosteFactory()
    results = at_once([lambda: services.fill_poste(poste=poste, by=None)] * THREADS)
    assert len(winners(results)) == 1
    poste.refresh_from_db()
    assert poste.status == StatutPoste.POURVU
