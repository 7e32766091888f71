from datetime import timedelta

import factory
from django.utils import timezone

from matching.enums import ModeEntretien, StatutEntretien, StatutMiseEnRelation
from matching.models import Entretien, MiseEnRelation
from tests.candidatures.factories import CandidatureFactory
from tests.structures.factories import MembreFactory, StructureFactory


class MiseEnRelationFactory(factory.django.DjangoModelFactory):
    """Proposed by the platform. Any other state by its trait."""

    class Meta:
        model = MiseEnRelation

    class Params:
        declinee_structure = factory.Trait(status=StatutMiseEnRelation.DECLINEE_STRUCTURE)
        declinee_candidat = factory.Trait(status=StatutMiseEnRelation.DECLINEE_CANDIDAT)
        expiree = factory.Trait(status=StatutMiseEnRelation.EXPIREE)
        annulee = factory.Trait(status=StatutMiseEnRelation.ANNULEE)
        entretien = factory.Trait(status=StatutMiseEnRelation.ENTRETIEN)
        interessee = factory.Trait(status=StatutMiseEnRelation.INTERESSEE)
        retenue = factory.Trait(status=StatutMiseEnRelation.RETENUE)
        contrat = factory.Trait(status=StatutMiseEnRelation.CONTRAT)
        recrutee = factory.Trait(status=StatutMiseEnRelation.RECRUTEE)

    candidature = factory.SubFactory(CandidatureFactory)
    structure = factory.SubFactory(StructureFactory)
    distance_km = 4.2
    score = 72
    details = [
        ["distance", 28, 35, 4.2],
        ["dates", 19, 20, 12],
        ["experience", 15, 15, True],
        ["diplome", 10, 15, "diplome"],
        ["attente", 0, 15, 3],
    ]


class EntretienFactory(factory.django.DjangoModelFactory):
    """Two slots of 45 minutes offered, in two and three days. Any other state by its trait."""

    class Meta:
        model = Entretien
        skip_postgeneration_save = True

    class Params:
        autres_demandes = factory.Trait(status=StatutEntretien.AUTRES_DEMANDES, motif="Plutôt le matin.")
        confirme = factory.Trait(status=StatutEntretien.CONFIRME, debut=factory.LazyFunction(lambda: in_days(2)))
        passe = factory.Trait(status=StatutEntretien.CONFIRME, debut=factory.LazyFunction(lambda: in_days(-1)))
        termine = factory.Trait(status=StatutEntretien.TERMINE, debut=factory.LazyFunction(lambda: in_days(-1)))
        annule = factory.Trait(status=StatutEntretien.ANNULE)
        a_distance = factory.Trait(mode=ModeEntretien.DISTANCE, adresse="", lien="https://visio.exemple.fr/salle")
        par_telephone = factory.Trait(mode=ModeEntretien.TELEPHONE, adresse="")

    mise_en_relation = factory.SubFactory(MiseEnRelationFactory, entretien=True)
    propose_par = factory.LazyAttribute(
        lambda o: MembreFactory(structure=o.mise_en_relation.structure).compte  # The role comes with the member.
    )
    duree = 45
    mode = ModeEntretien.SUR_PLACE
    adresse = "2 rue de l'Hôtel de Ville, Nantes"
    message = "Venez avec une pièce d'identité."
    fin = factory.LazyAttribute(lambda o: o.debut and o.debut + timedelta(minutes=o.duree))
    debut = None

    @factory.post_generation
    def slots(self, create, extracted, **kwargs):
        for debut in extracted or [self.debut or in_days(2), in_days(3)]:
            self.creneaux.create(debut=debut, fin=debut + timedelta(minutes=self.duree))
        self.transitions.create(from_status="", to_status=self.status, by=self.propose_par)


def in_days(days):
    """This hour, some days from now: browser tests keep the real clock."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=days)
