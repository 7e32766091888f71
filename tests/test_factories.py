"""Every state a factory announces satisfies the constraints and triggers of the database."""

import pytest

from tests.candidatures.factories import CandidatureFactory
from tests.contrats.factories import ConseillerFactory, ContratFactory
from tests.matching.factories import EntretienFactory
from tests.structures.factories import DemandePosteFactory, PosteFactory


@pytest.mark.parametrize("trait", ["brouillon", "a_confirmer", "en_pause", "recrutee", "retiree"])
def test_candidature(trait):
    assert CandidatureFactory(**{trait: True}).pk


@pytest.mark.parametrize("trait", ["brouillon_vide", "avis_rendu", "coselec", "a_conventionner", "conventionnee"])
def test_demande(trait):
    assert DemandePosteFactory(**{trait: True}).pk


def test_conseiller():
    conseiller = ConseillerFactory()
    assert conseiller.contrat.candidature.compte == conseiller.compte
    assert ContratFactory(transmis=True).poste.structure_id
    assert PosteFactory(pourvu=True).pk


@pytest.mark.parametrize(
    "trait", ["autres_demandes", "confirme", "passe", "termine", "annule", "a_distance", "par_telephone"]
)
def test_entretien(trait):
    assert EntretienFactory(**{trait: True}).pk
