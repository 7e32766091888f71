from datetime import UTC, date, datetime

import factory

from comptes.enums import RoleKind
from structures.enums import Decision, StatutDemande, StatutPoste, TypeStructure
from structures.models import (
    Convention,
    DecisionCoselec,
    DemandePoste,
    Membre,
    Poste,
    SessionCoselec,
    Structure,
)
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.territoires.factories import CommuneFactory

DEPOSEE_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def luhn(body: str) -> str:
    """Return a number completed with its key."""
    total = sum(sum(divmod(int(digit) * (2 if i % 2 == 0 else 1), 10)) for i, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def siret(n: int) -> str:
    """Return the n-th valid SIRET of a series: the SIREN has a key of its own."""
    return luhn(luhn(f"21{n:06d}") + "0001")


class StructureFactory(factory.django.DjangoModelFactory):
    """A town hall in Nantes, a public employer."""

    class Meta:
        model = Structure

    class Params:
        privee = factory.Trait(type=TypeStructure.ASSOCIATION, nom="Association Numérique pour tous")

    siret = factory.Sequence(siret)
    nom = "Mairie de Nantes"
    type = TypeStructure.COMMUNE
    adresse = "2 rue de l'Hôtel de Ville"
    commune = factory.SubFactory(CommuneFactory)
    contact_prenom = "Dominique"
    contact_nom = "Le Gall"
    contact_fonction = "Directrice générale des services"
    contact_email = factory.Sequence(lambda n: f"mairie{n}@exemple.fr")


class MembreFactory(factory.django.DjangoModelFactory):
    """A member with the role and its second factor."""

    class Meta:
        model = Membre
        skip_postgeneration_save = True

    structure = factory.SubFactory(StructureFactory)
    compte = factory.SubFactory(CompteFactory)

    @factory.post_generation
    def role(self, create, extracted, **kwargs):
        RoleFactory(compte=self.compte, kind=RoleKind.STRUCTURE)


class SessionCoselecFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SessionCoselec

    numero = factory.Sequence(lambda n: n + 1)
    date = date(2026, 6, 16)


class DemandePosteFactory(factory.django.DjangoModelFactory):
    """Submitted. Any other state by its trait."""

    class Meta:
        model = DemandePoste

    class Params:
        brouillon_vide = factory.Trait(
            status=StatutDemande.BROUILLON,
            structure=None,
            deposee_at=None,
            engagement_at=None,
            date_debut=None,
            contact_email="",
        )
        avis_rendu = factory.Trait(status=StatutDemande.AVIS_RENDU)
        coselec = factory.Trait(status=StatutDemande.COSELEC, session=factory.SubFactory(SessionCoselecFactory))
        a_conventionner = factory.Trait(status=StatutDemande.A_CONVENTIONNER)
        conventionnee = factory.Trait(status=StatutDemande.CONVENTIONNEE)

    structure = factory.SubFactory(StructureFactory)
    status = StatutDemande.DEPOSEE
    contact_email = factory.SelfAttribute("structure.contact_email")
    postes_souhaites = 1
    date_debut = date(2027, 1, 4)
    motivation = "Les habitants de la commune nous demandent de l'aide chaque jour."
    engagement_version = "2026-01"
    engagement_at = DEPOSEE_AT
    deposee_at = DEPOSEE_AT


class DecisionCoselecFactory(factory.django.DjangoModelFactory):
    """Favorable, prepared and not yet validated. `validee`: by someone else."""

    class Meta:
        model = DecisionCoselec

    class Params:
        validee = factory.Trait(validee_par=factory.SubFactory(CompteFactory), validee_at=DEPOSEE_AT)

    demande = factory.SubFactory(DemandePosteFactory, coselec=True)
    session = factory.LazyAttribute(lambda decision: decision.demande.session or SessionCoselecFactory())
    decision = Decision.FAVORABLE
    postes = 1
    motif = "Le besoin est avéré et le territoire peu couvert."
    preparee_par = factory.SubFactory(CompteFactory)


class ConventionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Convention

    numero = factory.Sequence(lambda n: f"CN-2026-{n:05d}")
    structure = factory.SubFactory(StructureFactory)
    demande = factory.SubFactory(
        DemandePosteFactory, conventionnee=True, structure=factory.SelfAttribute("..structure")
    )
    date_debut = date(2026, 9, 1)
    date_fin = date(2028, 8, 31)
    annees_aide = 2
    preparee_par = factory.SubFactory(CompteFactory)
    signee_par = factory.SubFactory(CompteFactory)
    signee_at = datetime(2026, 9, 1, 9, tzinfo=UTC)


class PosteFactory(factory.django.DjangoModelFactory):
    """Vacant since the start of its convention."""

    class Meta:
        model = Poste

    class Params:
        pourvu = factory.Trait(status=StatutPoste.POURVU)

    convention = factory.SubFactory(ConventionFactory)
    structure = factory.SelfAttribute("convention.structure")
    date_debut = date(2026, 9, 1)
