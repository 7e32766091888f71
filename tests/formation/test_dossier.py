from datetime import date

import pytest
import time_machine
from django.db import IntegrityError, transaction

from common.exceptions import RuleError, TransitionError
from comptes.models import EntreeJournal
from contrats.models import Conseiller
from contrats.signals import conseiller_recruited
from formation import services
from formation.enums import Competence, Niveau, StatutDossier
from formation.models import DossierFormation, Positionnement, ReferentielParcours
from tests.contrats.factories import ConseillerFactory
from tests.formation.factories import (
    DossierFormationFactory,
    FormateurFactory,
    InscriptionFactory,
    OrganismeFactory,
    ParcoursFactory,
)
from tests.structures.factories import PosteFactory, StructureFactory
from tests.territoires.factories import CommuneFactory, RegionFactory

MAITRISE = dict.fromkeys(Competence, Niveau.MAITRISER)


def recruit(conseiller):
    conseiller_recruited.send(sender=Conseiller, conseiller=conseiller)
    return DossierFormation.objects.get(conseiller=conseiller)


def conseiller_in(commune):
    poste = PosteFactory(pourvu=True, convention__structure=StructureFactory(commune=commune))
    return ConseillerFactory(contrat__poste=poste)


# --- Opening --------------------------------------------------------------------------------------------
def test_recruitment_opens_a_dossier_and_tells_every_formateur(mailoutbox, django_capture_on_commit_callbacks):
    organisme = OrganismeFactory()
    formateurs = FormateurFactory.create_batch(2, organisme=organisme)
    conseiller = ConseillerFactory()

    with django_capture_on_commit_callbacks(execute=True):
        dossier = recruit(conseiller)

    assert (dossier.status, dossier.organisme) == (StatutDossier.A_POSITIONNER, organisme)
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(one.compte.email for one in formateurs)
    assert f"/formation/dossiers/{dossier.pk}/" in mailoutbox[0].body
    assert conseiller.compte.nom not in mailoutbox[0].body


def test_recruitment_heard_twice_opens_one_dossier(mailoutbox, django_capture_on_commit_callbacks):
    FormateurFactory()
    conseiller = ConseillerFactory()
    with django_capture_on_commit_callbacks(execute=True):
        recruit(conseiller)
        recruit(conseiller)
    assert len(mailoutbox) == 1


def test_holder_of_the_title_is_exempt_and_nobody_is_called(mailoutbox, django_capture_on_commit_callbacks):
    FormateurFactory()
    conseiller = ConseillerFactory(contrat__mise_en_relation__candidature__titulaire_tp_remn=True)
    with django_capture_on_commit_callbacks(execute=True):
        dossier = recruit(conseiller)
    assert (dossier.status, dossier.organisme, dossier.lacks_proof) == (StatutDossier.EXEMPTE, None, True)
    assert mailoutbox == []


def test_nearest_organisme_entitled_in_the_region_is_chosen():
    OrganismeFactory(nom="Loin", commune=CommuneFactory(paris=True))
    near = OrganismeFactory(nom="Près", commune=CommuneFactory(reze=True))
    OrganismeFactory(nom="Autre région", regions=[RegionFactory(code="11", nom="Île-de-France")])
    OrganismeFactory(nom="Plus habilité", habilite_au=date(2022, 1, 1))
    OrganismeFactory(nom="Pas encore habilité", habilite_du=date(2099, 1, 1))
    assert recruit(conseiller_in(CommuneFactory())).organisme == near


def test_between_two_as_near_the_first_recorded_is_chosen():
    first, _ = OrganismeFactory.create_batch(2)
    assert [recruit(ConseillerFactory()).organisme for _ in range(3)] == [first] * 3


@time_machine.travel("2026-03-31 21:00:00Z")
def test_entitlement_is_read_on_the_day_of_the_place():
    """At 21:00 UTC on the 31st it is already April in La Réunion."""
    commune = CommuneFactory(saint_denis=True)
    region = commune.departement.region
    OrganismeFactory(commune=commune, regions=[region], habilite_au=date(2026, 3, 31))
    april = OrganismeFactory(commune=commune, regions=[region], habilite_du=date(2026, 4, 1))
    assert recruit(conseiller_in(commune)).organisme == april


def test_without_an_organisme_the_dossier_waits_for_bdt(mailoutbox, run, bdt):
    dossier = recruit(ConseillerFactory())
    assert dossier.organisme is None
    formateur = FormateurFactory()

    run(services.assign_organisme, dossier=dossier, organisme=formateur.organisme, by=bdt)

    dossier.refresh_from_db()
    assert dossier.organisme == formateur.organisme
    assert [mail.to for mail in mailoutbox] == [[formateur.compte.email]]
    assert EntreeJournal.objects.get(verbe="dossier.organisme").compte == bdt.compte


def test_interrupted_dossier_is_taken_up_again(mailoutbox, django_capture_on_commit_callbacks):
    formateur = FormateurFactory()
    dossier = DossierFormationFactory(interrompu=True, organisme=OrganismeFactory(regions=[]))
    with django_capture_on_commit_callbacks(execute=True):
        again = recruit(dossier.conseiller)
    assert (again.pk, again.status, again.organisme) == (dossier.pk, StatutDossier.A_POSITIONNER, formateur.organisme)
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("trait", ["positionne", "forme", "en_formation"])
def test_dossier_under_way_or_done_is_left_as_it_is(trait):
    dossier = DossierFormationFactory(**{trait: True})
    assert recruit(dossier.conseiller).status == dossier.status


def test_organisme_does_not_change_once_the_path_is_assigned(bdt):
    with pytest.raises(RuleError, match="ne change plus"):
        services.assign_organisme(
            dossier=DossierFormationFactory(positionne=True), organisme=OrganismeFactory(), by=bdt
        )


# --- Exemption ------------------------------------------------------------------------------------------
def test_exemption_keeps_its_proof(bdt):
    dossier = services.exempt_dossier(
        dossier=DossierFormationFactory(), numero="N-4417", date_obtention=date(2023, 6, 1), by=bdt
    )
    dossier.refresh_from_db()
    assert (dossier.status, dossier.lacks_proof) == (StatutDossier.EXEMPTE, False)
    assert dossier.transitions.get().by == bdt.compte


def test_proof_is_added_to_an_exemption_declared_earlier_and_only_once(bdt):
    values = {"numero": "N-4417", "date_obtention": date(2023, 6, 1), "by": bdt}
    dossier = services.exempt_dossier(dossier=DossierFormationFactory(exempte=True), **values)
    assert not dossier.lacks_proof
    with pytest.raises(RuleError, match="déjà enregistrée"):
        services.exempt_dossier(dossier=dossier, **values)


def test_someone_already_trained_is_not_exempted(bdt):
    with pytest.raises(TransitionError):
        services.exempt_dossier(
            dossier=DossierFormationFactory(forme=True), numero="N-1", date_obtention=date(2023, 6, 1), by=bdt
        )


def test_proof_belongs_to_an_exemption():
    with pytest.raises(IntegrityError), transaction.atomic():
        DossierFormationFactory(tp_remn_numero="N-1", tp_remn_date=date(2023, 6, 1))


# --- Positioning ----------------------------------------------------------------------------------------
def position(dossier, by, *, heures=70, motif="", grille=MAITRISE):
    decide = ReferentielParcours.objects.get(heures=heures)
    return services.position_dossier(dossier=dossier, grille=grille, decide=decide, motif=motif, by=by)


def test_decision_that_follows_the_recommendation_needs_no_reason(formateur):
    dossier = DossierFormationFactory()
    kept = position(dossier, formateur)
    dossier.refresh_from_db()
    assert (dossier.status, dossier.parcours.heures) == (StatutDossier.POSITIONNE, 70)
    assert (kept.recommande.heures, kept.decide.heures, kept.motif) == (70, 70, "")
    assert kept.grille == dict.fromkeys(Competence.values, 3)
    assert kept.explication.startswith("Besoin estimé à 70 h")


def test_another_decision_needs_a_reason_and_both_are_kept(formateur):
    dossier = DossierFormationFactory()
    with pytest.raises(RuleError) as refusal:
        position(dossier, formateur, heures=280)
    assert refusal.value.field == "motif"
    assert not Positionnement.objects.exists()

    kept = position(dossier, formateur, heures=280, motif="Souhaite revoir toute la pédagogie.")
    assert (kept.recommande.heures, kept.decide.heures) == (70, 280)


def test_database_refuses_a_different_decision_without_a_reason(formateur):
    with pytest.raises(IntegrityError), transaction.atomic():
        Positionnement.objects.create(
            dossier=DossierFormationFactory(),
            grille={},
            recommande=ParcoursFactory(),
            decide=ParcoursFactory(heures=280),
            explication="x",
            by=formateur.compte,
        )


@time_machine.travel("2023-12-31 12:00:00Z")
def test_path_not_open_that_day_is_refused(formateur):
    with pytest.raises(RuleError, match="n'est plus ouvert"):
        position(DossierFormationFactory(), formateur, heures=315, motif="Pourquoi pas")
    assert position(DossierFormationFactory(), formateur, heures=105).recommande.heures == 105


def test_positioning_again_keeps_the_first_one(formateur):
    dossier = DossierFormationFactory()
    position(dossier, formateur)
    position(dossier, formateur, heures=105, motif="Après un second entretien.")
    dossier.refresh_from_db()
    assert dossier.parcours.heures == 105
    assert dossier.positionnements.count() == 2


def test_positioning_again_is_refused_to_someone_enrolled(formateur):
    with pytest.raises(RuleError, match="Retirez d'abord"):
        position(InscriptionFactory().dossier, formateur)


@pytest.mark.parametrize("trait", ["en_formation", "forme", "exempte"])
def test_positioning_is_refused_afterwards(formateur, trait):
    with pytest.raises(TransitionError):
        position(DossierFormationFactory(**{trait: True}), formateur)


def test_positioning_is_append_only(formateur):
    kept = position(DossierFormationFactory(), formateur)
    with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
        Positionnement.objects.filter(pk=kept.pk).update(motif="réécrit")
