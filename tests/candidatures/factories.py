from datetime import UTC, date, datetime

import factory
from django.core.files.base import ContentFile

from candidatures.enums import RayonKm, StatutCandidature, StatutCV
from candidatures.models import CV, Candidature
from comptes.enums import RoleKind
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.territoires.factories import CommuneFactory

SUBMITTED_AT = datetime(2026, 9, 1, 9, tzinfo=UTC)


class CandidatureFactory(factory.django.DjangoModelFactory):
    """Active, in Nantes, within 20 km, available. Any other state by its trait."""

    class Meta:
        model = Candidature
        skip_postgeneration_save = True

    class Params:
        brouillon = factory.Trait(
            status=StatutCandidature.BROUILLON, compte=None, submitted_at=None, email_confirmed_at=None
        )
        a_confirmer = factory.Trait(status=StatutCandidature.A_CONFIRMER, compte=None, email_confirmed_at=None)
        en_pause = factory.Trait(status=StatutCandidature.EN_PAUSE)
        recrutee = factory.Trait(status=StatutCandidature.RECRUTEE)
        retiree = factory.Trait(status=StatutCandidature.RETIREE)
        expiree = factory.Trait(status=StatutCandidature.EXPIREE)

    compte = factory.SubFactory(CompteFactory)
    status = StatutCandidature.ACTIVE
    prenom = "Inès"
    nom = "Morvan"
    email = factory.Sequence(lambda n: f"candidat{n}@exemple.fr")
    telephone = "+33612345678"
    date_naissance = date(1995, 5, 17)
    commune = factory.SubFactory(CommuneFactory)
    rayon_km = RayonKm.KM_20
    demandeur_emploi = True
    date_disponibilite = date(2026, 9, 1)
    motivation = "J'aide déjà mes voisins dans leurs démarches en ligne."
    submitted_at = SUBMITTED_AT
    email_confirmed_at = SUBMITTED_AT
    last_seen_at = SUBMITTED_AT

    @factory.post_generation
    def role(self, create, extracted, **kwargs):
        if self.compte is not None and not self.compte.roles.exists():
            RoleFactory(compte=self.compte, kind=RoleKind.CANDIDAT)


class CVFactory(factory.django.DjangoModelFactory):
    """Received and waiting in quarantine. `CVFactory(propre=True)` is rewritten, `refuse=True` refused."""

    class Meta:
        model = CV

    class Params:
        content = b"%PDF-1.7 un fichier"
        propre = factory.Trait(
            status=StatutCV.PROPRE,
            depot="",
            fichier=factory.LazyAttribute(lambda cv: ContentFile(cv.content, name=f"{cv.reference}.pdf")),
        )
        refuse = factory.Trait(status=StatutCV.REFUSE, depot="", motif_refus="Ce fichier PDF est abîmé.")

    reference = factory.Faker("uuid4", cast_to=None)
    candidature = factory.SubFactory(CandidatureFactory)
    depot = factory.LazyAttribute(lambda cv: ContentFile(cv.content, name=f"{cv.reference}.pdf"))
    taille = factory.LazyAttribute(lambda cv: len(cv.content))
