from datetime import UTC, date, datetime

import factory

from comptes.enums import RoleKind
from formation.enums import GenreAttestation, Resultat, StatutDossier, StatutInscription, StatutSession
from formation.models import (
    Attestation,
    DossierFormation,
    Formateur,
    Inscription,
    Organisme,
    ReferentielParcours,
    SessionFormation,
)
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.contrats.factories import ConseillerFactory
from tests.structures.factories import siret
from tests.territoires.factories import CommuneFactory, RegionFactory


class OrganismeFactory(factory.django.DjangoModelFactory):
    """In Nantes, entitled in Pays de la Loire since 2021."""

    class Meta:
        model = Organisme
        skip_postgeneration_save = True

    nom = "Ligue numérique de l'Ouest"
    siret = factory.Sequence(lambda n: siret(500_000 + n))
    commune = factory.SubFactory(CommuneFactory)
    habilite_du = date(2021, 1, 1)

    @factory.post_generation
    def regions(self, create, extracted, **kwargs):
        self.regions.set([RegionFactory()] if extracted is None else extracted)


class FormateurFactory(factory.django.DjangoModelFactory):
    """With the role and its second factor."""

    class Meta:
        model = Formateur
        skip_postgeneration_save = True

    organisme = factory.SubFactory(OrganismeFactory)
    compte = factory.SubFactory(CompteFactory)

    @factory.post_generation
    def role(self, create, extracted, **kwargs):
        RoleFactory(compte=self.compte, kind=RoleKind.ORGANISME_FORMATION)


class ParcoursFactory(factory.django.DjangoModelFactory):
    """105 h, as the migration loads it. Another length by `heures=`."""

    class Meta:
        model = ReferentielParcours
        django_get_or_create = ["heures", "valide_du"]

    heures = 105
    intitule = "Parcours court"
    valide_du = date(2021, 1, 1)
    source = "S2"


class DossierFormationFactory(factory.django.DjangoModelFactory):
    """To position, sent to an organisme. Any other state by its trait."""

    class Meta:
        model = DossierFormation

    class Params:
        positionne = factory.Trait(status=StatutDossier.POSITIONNE, parcours=factory.SubFactory(ParcoursFactory))
        en_formation = factory.Trait(positionne=True, status=StatutDossier.EN_FORMATION)
        forme = factory.Trait(positionne=True, status=StatutDossier.FORME)
        exempte = factory.Trait(status=StatutDossier.EXEMPTE, organisme=None)
        interrompu = factory.Trait(status=StatutDossier.INTERROMPU)

    conseiller = factory.SubFactory(ConseillerFactory)
    organisme = factory.SubFactory(OrganismeFactory)


class SessionFormationFactory(factory.django.DjangoModelFactory):
    """105 h in Nantes, Fridays in the structure, in spring 2026: past, so that it may be started and closed."""

    class Meta:
        model = SessionFormation

    class Params:
        en_cours = factory.Trait(status=StatutSession.EN_COURS)
        close = factory.Trait(status=StatutSession.CLOSE)
        annulee = factory.Trait(status=StatutSession.ANNULEE)

    organisme = factory.SubFactory(OrganismeFactory)
    parcours = factory.SubFactory(ParcoursFactory)
    commune = factory.SubFactory(CommuneFactory)
    lieu = "12 quai de la Fosse"
    date_debut = date(2026, 9, 1)
    date_fin = date(2026, 9, 28)
    capacite = 12
    jour_structure = 5


class InscriptionFactory(factory.django.DjangoModelFactory):
    """Confirmed, in an open session of the organisme that follows the dossier. Any other state by its trait."""

    class Meta:
        model = Inscription

    class Params:
        en_cours = factory.Trait(
            status=StatutInscription.EN_COURS,
            session=factory.SubFactory(SessionFormationFactory, en_cours=True),
            dossier=factory.SubFactory(
                DossierFormationFactory,
                en_formation=True,
                organisme=factory.SelfAttribute("..session.organisme"),
                parcours=factory.SelfAttribute("..session.parcours"),
            ),
        )
        terminee = factory.Trait(
            status=StatutInscription.TERMINEE,
            heures_realisees=105,
            ccp1=Resultat.OBTENU,
            pix=Resultat.OBTENU,
            pix_score=640,
            session=factory.SubFactory(SessionFormationFactory, close=True),
            dossier=factory.SubFactory(
                DossierFormationFactory,
                forme=True,
                organisme=factory.SelfAttribute("..session.organisme"),
                parcours=factory.SelfAttribute("..session.parcours"),
            ),
        )

    session = factory.SubFactory(SessionFormationFactory)
    dossier = factory.SubFactory(
        DossierFormationFactory,
        positionne=True,
        organisme=factory.SelfAttribute("..session.organisme"),
        parcours=factory.SelfAttribute("..session.parcours"),
    )


CONTENU = {
    "prenom": "Inès",
    "nom": "Morvan",
    "parcours": "Parcours court",
    "heures_parcours": 105,
    "heures_realisees": 105,
    "date_debut": "2026-09-01",
    "date_fin": "2026-09-28",
    "lieu": "Nantes",
    "organisme": "Ligue numérique de l'Ouest",
    "organisme_siret": "21044000000000",
    "organisme_commune": "Nantes",
    "ccp1": "obtenu",
    "pix": "obtenu",
    "pix_score": 640,
    "delivree_le": "2026-09-29",
}


class AttestationFactory(factory.django.DjangoModelFactory):
    """Issued, its file not rendered yet: `tasks.render_attestation` does it."""

    class Meta:
        model = Attestation

    class Params:
        revoquee = factory.Trait(revoked_at=datetime(2026, 10, 5, 9, tzinfo=UTC), revoked_reason="Erreur de saisie")

    numero = factory.Sequence(lambda n: f"ATT-2026-{n + 1:06d}")
    code = factory.Sequence(lambda n: "ABCDEFGHJKLMNPQRST" + f"{n:06d}".translate(str.maketrans("01", "XZ")))
    genre = GenreAttestation.FIN
    inscription = factory.SubFactory(InscriptionFactory, terminee=True)
    contenu = factory.LazyAttribute(lambda row: CONTENU | {"adresse": f"http://127.0.0.1:8000/verifier/{row.code}/"})
    created_at = datetime(2026, 9, 29, 9, tzinfo=UTC)
