"""From the person retained to the conseiller in post, as each side does it."""

from datetime import date
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from candidatures.enums import StatutCandidature
from comptes.enums import RoleKind
from contrats import emails, jobs
from contrats.enums import StatutContrat, TypeContrat
from contrats.models import Conseiller, Contrat
from contrats.signals import conseiller_recruited
from matching.enums import MotifRefus, StatutMiseEnRelation
from notifications.registry import MESSAGES
from structures.enums import StatutPoste
from tests.comptes.factories import RoleFactory
from tests.contrats.factories import ConseillerFactory, ContratFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.notifications.helpers import at_once
from tests.structures.factories import PosteFactory
from tests.test_access import enter

_M = StatutMiseEnRelation
_S = StatutContrat


@pytest.fixture
def mise():
    return MiseEnRelationFactory(retenue=True, structure=PosteFactory().structure)


@pytest.fixture
def structure_role(mise):
    return member_role(mise.structure)


@pytest.fixture
def bdt():
    return RoleFactory(kind=RoleKind.BDT)


def typed(mise, **changes):
    values = {
        "poste": mise.structure.postes.first().pk,
        "type": TypeContrat.CDD,
        "date_debut": "2027-01-04",
        "date_fin": "2029-01-03",
        "salaire_brut_mensuel": "1 900,50 €",
        "temps_plein": "on",
    }
    return {**values, **changes}


def prepare_url(mise):
    return reverse("contrats:prepare", args=[mise.pk])


@pytest.mark.parametrize("status", [_M.INTERESSEE, _M.ENTRETIEN, _M.RETENUE])
def test_structure_prepares_the_contract(client, mise, structure_role, status):
    mise = MiseEnRelationFactory(status=status, structure=mise.structure)
    enter(client, structure_role)

    response = client.post(prepare_url(mise), typed(mise))

    contrat = Contrat.objects.get()
    assert response.url == reverse("contrats:detail", args=[contrat.pk])
    assert (contrat.status, contrat.salaire_brut_mensuel) == (_S.PREPARE, Decimal("1900.50"))
    mise.refresh_from_db()
    assert mise.status == _M.CONTRAT
    # Coming back corrects the same contract.
    assert "1900,50" in client.get(prepare_url(mise)).text
    client.post(prepare_url(mise), typed(mise, type=TypeContrat.CDI, date_fin=""))
    assert Contrat.objects.get().type == TypeContrat.CDI


@pytest.mark.parametrize("status", [_M.PROPOSEE, _M.DECLINEE_CANDIDAT, _M.RECRUTEE, _M.ANNULEE, _M.EXPIREE])
def test_no_contract_out_of_turn(client, mise, structure_role, status):
    mise = MiseEnRelationFactory(status=status, structure=mise.structure)
    enter(client, structure_role)
    assert client.post(prepare_url(mise), typed(mise)).status_code == 302
    assert not Contrat.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": ""}, "type"),
        ({"type": "nimporte"}, "type"),
        ({"type": TypeContrat.PEC}, "type"),
        ({"poste": ""}, "poste"),
        ({"poste": "999999"}, "poste"),
        ({"poste": "x"}, "poste"),
        ({"date_debut": ""}, "date_debut"),
        ({"date_debut": "2027-02-30"}, "date_debut"),
        ({"date_debut": "0001-01-01"}, "date_debut"),
        ({"date_debut": "9999-12-31"}, "date_debut"),
        ({"date_debut": "2026-08-31"}, "date_debut"),
        ({"date_fin": "2029-01-04"}, "date_fin"),
        ({"date_fin": "2026-01-01"}, "date_fin"),
        ({"date_fin": ""}, "date_fin"),
        ({"date_fin": "demain"}, "date_fin"),
        ({"type": TypeContrat.CDI}, "date_fin"),
        ({"salaire_brut_mensuel": "1823,02"}, "salaire_brut_mensuel"),
        ({"salaire_brut_mensuel": "-5"}, "salaire_brut_mensuel"),
        ({"salaire_brut_mensuel": "NaN"}, "salaire_brut_mensuel"),
        ({"salaire_brut_mensuel": "Infinity"}, "salaire_brut_mensuel"),
        ({"salaire_brut_mensuel": "9" * 400}, "salaire_brut_mensuel"),
        ({"salaire_brut_mensuel": "<b>"}, "salaire_brut_mensuel"),
        ({"temps_plein": ""}, "temps_plein"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_kept(client, mise, structure_role, changes, field):
    enter(client, structure_role)
    response = client.post(prepare_url(mise), typed(mise, **changes))
    assert response.status_code == 200
    form = response.context["form"]
    assert field in form.errors
    assert 'id="resume-erreurs"' in response.text
    assert form["salaire_brut_mensuel"].value() == changes.get("salaire_brut_mensuel", "1 900,50 €")
    assert not Contrat.objects.exists()
    mise.refresh_from_db()
    assert mise.status == _M.RETENUE


def test_post_of_another_structure_is_not_a_choice(client, mise, structure_role):
    enter(client, structure_role)
    response = client.post(prepare_url(mise), typed(mise, poste=PosteFactory().pk))
    assert "poste" in response.context["form"].errors


def transmit(client, mise, structure_role, capture):
    enter(client, structure_role)
    client.post(prepare_url(mise), typed(mise))
    contrat = Contrat.objects.get(mise_en_relation=mise)
    with capture(execute=True):
        client.post(reverse("contrats:transmit", args=[contrat.pk]))
    return contrat


def recruit(client, mise, structure_role, bdt):
    enter(client, structure_role)
    client.post(prepare_url(mise), typed(mise))
    contrat = Contrat.objects.get(mise_en_relation=mise)
    client.post(reverse("contrats:transmit", args=[contrat.pk]))
    enter(client, bdt)
    return contrat, client.post(reverse("contrats:validate", args=[contrat.pk]))


def test_validation_recruits_everywhere_at_once(client, mise, structure_role, bdt, django_capture_on_commit_callbacks):
    person = mise.candidature
    elsewhere = MiseEnRelationFactory(candidature=person, contrat=True)
    draft = ContratFactory(
        mise_en_relation=elsewhere, structure=elsewhere.structure, poste__structure=elsewhere.structure
    )
    other_member = at_once(member_role(elsewhere.structure).compte)
    same_structure = MiseEnRelationFactory(structure=mise.structure)
    heard = []
    conseiller_recruited.connect(listener := (lambda sender, conseiller, **kw: heard.append(conseiller)))

    contrat = transmit(client, mise, structure_role, django_capture_on_commit_callbacks)
    enter(client, bdt)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("contrats:validate", args=[contrat.pk]))
    conseiller_recruited.disconnect(listener)

    for row in (contrat, mise, person, elsewhere, draft, same_structure):
        row.refresh_from_db()
    assert contrat.status == _S.VALIDE
    assert (contrat.transmis_par, contrat.valide_par) == (structure_role.compte, bdt.compte)
    assert mise.status == _M.RECRUTEE
    assert person.status == StatutCandidature.RECRUTEE
    assert elsewhere.status == _M.ANNULEE
    assert draft.status == _S.ABANDONNE
    assert contrat.poste.status == StatutPoste.POURVU
    # No post is left: the structure's other proposals are given back.
    assert same_structure.status == _M.ANNULEE
    conseiller = Conseiller.objects.get()
    assert heard == [conseiller]
    assert (conseiller.compte, conseiller.contrat) == (person.compte, contrat)
    assert person.compte.roles.active().filter(kind=RoleKind.CONSEILLER).exists()
    subjects = {m.subject: m.to for m in mail.outbox}
    assert subjects["Bienvenue parmi les conseillers numériques"] == [person.compte.email]
    assert subjects[f"Contrat n° {contrat.pk} validé"] == [structure_role.compte.email]
    assert subjects[f"Contrat n° {contrat.pk} à valider"] == [bdt.compte.email]
    assert subjects["Une personne n’est plus disponible"] == [other_member.email]
    assert subjects["Mairie de Nantes n’a plus de poste à pourvoir"] == [same_structure.candidature.email]


def test_whoever_transmitted_does_not_validate(client, mise, structure_role):
    enter(client, structure_role)
    client.post(prepare_url(mise), typed(mise))
    contrat = Contrat.objects.get()
    client.post(reverse("contrats:transmit", args=[contrat.pk]))
    both_hats = RoleFactory(compte=structure_role.compte, kind=RoleKind.BDT)
    enter(client, both_hats)
    assert client.post(reverse("contrats:validate", args=[contrat.pk])).status_code == 403
    assert "une autre personne doit le valider" in client.get(reverse("contrats:detail", args=[contrat.pk])).text
    contrat.refresh_from_db()
    assert contrat.status == _S.TRANSMIS


def test_second_click_changes_nothing(client, mise, structure_role, bdt, django_capture_on_commit_callbacks):
    contrat, _ = recruit(client, mise, structure_role, bdt)
    moves = contrat.transitions.count()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("contrats:validate", args=[contrat.pk]))
    assert response.status_code == 302
    assert contrat.transitions.count() == moves
    assert Conseiller.objects.count() == 1


def test_contract_sent_back_is_corrected_and_sent_again(
    client, mise, structure_role, bdt, django_capture_on_commit_callbacks
):
    enter(client, structure_role)
    client.post(prepare_url(mise), typed(mise))
    contrat = Contrat.objects.get()
    client.post(reverse("contrats:transmit", args=[contrat.pk]))
    assert client.post(prepare_url(mise), typed(mise)).url == reverse("contrats:detail", args=[contrat.pk])
    enter(client, bdt)
    url = reverse("contrats:send_back", args=[contrat.pk])
    for reason in ("", "court", "x" * 1001):
        assert client.post(url, {"reason": reason}).context["form"].errors["reason"]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, {"reason": "Le salaire ne correspond pas à la grille."})
    assert mail.outbox[-1].to == [structure_role.compte.email]
    assert "la grille" in mail.outbox[-1].body
    enter(client, structure_role)
    assert "la grille" in client.get(reverse("contrats:detail", args=[contrat.pk])).text
    client.post(prepare_url(mise), typed(mise, salaire_brut_mensuel="2000"))
    client.post(reverse("contrats:transmit", args=[contrat.pk]))
    contrat.refresh_from_db()
    assert (contrat.status, contrat.salaire_brut_mensuel) == (_S.TRANSMIS, Decimal(2000))


def test_structure_gives_a_contract_up(client, mise, structure_role, django_capture_on_commit_callbacks):
    enter(client, structure_role)
    client.post(prepare_url(mise), typed(mise))
    contrat = Contrat.objects.get()
    client.post(reverse("contrats:transmit", args=[contrat.pk]))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("contrats:abandon", args=[contrat.pk]))
    contrat.refresh_from_db()
    mise.refresh_from_db()
    assert (contrat.status, mise.status) == (_S.ABANDONNE, _M.RETENUE)
    assert mail.outbox[-1].to == [mise.candidature.compte.email]
    client.post(prepare_url(mise), typed(mise))
    assert Contrat.objects.filter(status=_S.PREPARE).count() == 1


def test_candidat_who_declines_takes_the_contract_with_them(client, mise, structure_role):
    contrat = ContratFactory(transmis=True)
    enter(client, contrat.candidature.compte.roles.get(kind=RoleKind.CANDIDAT))
    client.post(reverse("matching:decline", args=[contrat.mise_en_relation_id]), {"motif": MotifRefus.AUTRE})
    contrat.refresh_from_db()
    contrat.mise_en_relation.refresh_from_db()
    assert (contrat.status, contrat.mise_en_relation.status) == (_S.ABANDONNE, _M.DECLINEE_CANDIDAT)


def test_former_conseiller_is_brought_back(client, mise, structure_role, bdt):
    former = ConseillerFactory()
    Contrat.objects.filter(pk=former.contrat_id).update(status=_S.EN_COURS)
    Contrat.objects.filter(pk=former.contrat_id).update(status=_S.ROMPU)
    type(mise.candidature).objects.filter(pk=mise.candidature_id).update(compte=former.compte)
    contrat, _ = recruit(client, mise, structure_role, bdt)
    former.refresh_from_db()
    assert former.contrat == contrat
    assert Conseiller.objects.count() == 1


def test_post_filled_meanwhile_is_refused_politely(client, structure_role, mise):
    enter(client, structure_role)
    client.post(prepare_url(mise), typed(mise))
    contrat = Contrat.objects.get()
    type(contrat.poste).objects.filter(pk=contrat.poste_id).update(status=StatutPoste.POURVU)
    response = client.post(reverse("contrats:transmit", args=[contrat.pk]), follow=True)
    assert "plus vacant" in response.text


def test_contract_starts_on_its_day(time_machine):
    contrat = ContratFactory(valide=True)
    time_machine.move_to("2027-01-03T23:00:00+01:00")
    assert jobs.start_contrats() == 0
    time_machine.move_to("2027-01-04T00:20:00+01:00")
    assert jobs.start_contrats() == 1
    assert jobs.start_contrats() == 0
    contrat.refresh_from_db()
    assert contrat.status == _S.EN_COURS


def test_list_shows_first_what_waits_and_filters(client, bdt):
    done = ContratFactory(valide=True)
    waiting = ContratFactory(transmis=True, type=TypeContrat.CDI, date_fin=None)
    enter(client, bdt)
    url = reverse("contrats:list")

    def numbers(query=""):
        return [row.numero for row in client.get(url + query).context["rows"]]

    assert numbers() == [f"n° {waiting.pk}", f"n° {done.pk}"]
    assert numbers("?statut=valide") == [f"n° {done.pk}"]
    assert numbers("?type=cdi") == [f"n° {waiting.pk}"]
    assert numbers("?structure=nantes") == [f"n° {waiting.pk}", f"n° {done.pk}"]
    assert numbers("?structure=Lyon") == []
    assert client.get(url + "?statut=nimporte&page=x").status_code == 200
    enter(client, RoleFactory(kind=RoleKind.ANCT))
    assert len(numbers()) == 2
    enter(client, waiting.candidature.compte.roles.get())
    assert numbers() == [f"n° {waiting.pk}"]


def test_draft_is_not_the_persons_business_yet(client):
    contrat = ContratFactory()
    enter(client, contrat.candidature.compte.roles.get())
    assert client.get(reverse("contrats:detail", args=[contrat.pk])).status_code == 404


def test_number_of_queries_does_not_depend_on_the_number_of_rows(client, bdt):
    enter(client, bdt)

    def count():
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("contrats:list"))
        return len(queries)

    ContratFactory(transmis=True)
    count()
    with_one = count()
    for _ in range(5):
        ContratFactory(transmis=True)
    assert count() == with_one


@pytest.mark.parametrize("event", sorted(emails.PAGES))
def test_every_message_reads_well_and_stops_when_things_moved(event):
    contrat = ContratFactory()
    compte = contrat.candidature.compte
    contrat.move_to(_S.TRANSMIS, by=None, reason="Pour essai.")
    move = contrat.transitions.get()
    message = MESSAGES[f"contrats.{event}"](transition=move.pk, compte=compte.pk)
    html = message.alternatives[0][0]
    assert message.to == [compte.email]
    for text in (message.subject + message.body, html):
        assert "Mairie de Nantes" in text or f"n° {contrat.pk}" in text
        assert "http://" in text
    contrat.move_to(_S.PREPARE, by=None)
    assert MESSAGES[f"contrats.{event}"](transition=move.pk, compte=compte.pk) is None


def test_start_is_not_before_the_signature_of_the_convention():
    contrat = ContratFactory()
    assert contrat.poste.convention.signee_at.date() == date(2026, 9, 1)
