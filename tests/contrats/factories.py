from datetime import date
from decimal import Decimal

import factory

from comptes.enums import RoleKind
from contrats.enums import StatutContrat, TypeContrat
from contrats.models import Conseiller, Contrat
from matching.enums import StatutMiseEnRelation
from tests.comptes.factories import RoleFactory
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory


class ContratFactory(factory.django.DjangoModelFactory):
    """In preparation, public employer, two years. Any other state by its trait."""

    class Meta:
        model = Contrat

    class Params:
        transmis = factory.Trait(status=StatutContrat.TRANSMIS)
        valide = factory.Trait(
            status=StatutContrat.VALIDE,
            poste=factory.SubFactory(PosteFactory, pourvu=True),
            mise_en_relation=factory.SubFactory(
                MiseEnRelationFactory,
                status=StatutMiseEnRelation.RECRUTEE,
                structure=factory.SelfAttribute("..poste.structure"),
                candidature__recrutee=True,
            ),
        )

    poste = factory.SubFactory(PosteFactory)
    structure = factory.SelfAttribute("poste.structure")
    mise_en_relation = factory.SubFactory(
        MiseEnRelationFactory, status=StatutMiseEnRelation.CONTRAT, structure=factory.SelfAttribute("..poste.structure")
    )
    candidature = factory.SelfAttribute("mise_en_relation.candidature")
    type = TypeContrat.CDD
    date_debut = date(2027, 1, 4)
    date_fin = date(2029, 1, 3)
    salaire_brut_mensuel = Decimal("1900.00")


class ConseillerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Conseiller
        skip_postgeneration_save = True

    contrat = factory.SubFactory(ContratFactory, valide=True)
    compte = factory.SelfAttribute("contrat.candidature.compte")

    @factory.post_generation
    def role(self, create, extracted, **kwargs):
        RoleFactory(compte=self.compte, kind=RoleKind.CONSEILLER)
