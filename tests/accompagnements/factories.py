import uuid
from datetime import (
    date,
    time,
    timedelta,
)

import factory
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accompagnements.cles import fold
from accompagnements.enums import (
    Canal,
    GenreLivraison,
    ModeConsentement,
    Portee,
    StatutImport,
    StatutLivraison,
    TypeAccompagnement,
)
from accompagnements.models import (
    Accompagnement,
    Appartenance,
    Beneficiaire,
    Coordination,
    Etiquette,
    ExceptionHoraires,
    FiltreEnregistre,
    Groupe,
    ImportActivite,
    LienPartage,
    LieuActivite,
    Livraison,
    ModeleAtelier,
    Passage,
)
from comptes.enums import (
    RoleKind,
)
from comptes.models import (
    hash_token,
)
from tests.comptes.factories import (
    CompteFactory,
    RoleFactory,
)
from tests.contrats.factories import ConseillerFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory, RegionFactory

# Tests live on the 18th of November 2026, in the afternoon in Paris (already the 19th in Nouméa).
TODAY = date(2026, 11, 18)
NOW = "2026-11-18T15:00:00+00:00"
DEBUT = date(2025, 1, 6)
FIN = date(2027, 1, 5)
# Numbers of the referential.
MATERIEL, EMAIL, DEMARCHES, LOGEMENT = 2, 5, 19, 24


class EnPosteFactory(ConseillerFactory):
    """A conseiller in post since January 2025, in Nantes."""

    contrat__date_debut = DEBUT
    contrat__date_fin = FIN


def in_post_today():
    """A conseiller in post on the real today, for what runs in other threads and processes."""
    today = timezone.localdate()
    return EnPosteFactory(
        contrat__date_debut=today - timedelta(days=400), contrat__date_fin=today + timedelta(days=300)
    )


class LieuActiviteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LieuActivite
        skip_postgeneration_save = True

    nom = "Médiathèque Floresca-Guépin"
    adresse = "15 rue de la Haluchère"
    commune = factory.SubFactory(CommuneFactory)

    @factory.post_generation
    def conseiller(self, create, extracted, **kwargs):
        if extracted:
            self.conseillers.add(extracted)


class ExceptionFactory(factory.django.DjangoModelFactory):
    """Closed for Christmas week."""

    class Meta:
        model = ExceptionHoraires

    lieu = factory.SubFactory(LieuActiviteFactory)
    du = date(2026, 12, 24)
    au = date(2026, 12, 31)
    motif = "congés"


class PassageFactory(factory.django.DjangoModelFactory):
    """The bus stops in Rezé on the next Tuesday morning."""

    class Meta:
        model = Passage

    lieu = factory.SubFactory(LieuActiviteFactory, itinerant=True)
    commune = factory.SubFactory(CommuneFactory, reze=True)
    adresse = "place du Marché"
    date = date(2026, 11, 24)
    debut = time(10)
    fin = time(12)


class AccompagnementFactory(factory.django.DjangoModelFactory):
    """An aide ponctuelle at someone's home. An atelier by its trait."""

    class Meta:
        model = Accompagnement

    class Params:
        atelier = factory.Trait(
            type=TypeAccompagnement.ATELIER, participants=10, duree=120, titre="Découvrir la tablette"
        )

    conseiller = factory.SubFactory(EnPosteFactory)
    type = TypeAccompagnement.PONCTUEL
    date = TODAY
    duree = 30
    canal = Canal.DOMICILE
    commune = factory.SubFactory(CommuneFactory)
    themes = factory.LazyFunction(lambda: [EMAIL])


class FiltreEnregistreFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FiltreEnregistre

    compte = factory.SubFactory(CompteFactory)
    nom = factory.Sequence(lambda n: f"Filtre {n}")
    requete = "type=atelier"


class ModeleAtelierFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ModeleAtelier

    compte = factory.SubFactory(CompteFactory)
    nom = factory.Sequence(lambda n: f"Modèle {n}")
    titre = "Découvrir la tablette"
    duree = 90
    canal = Canal.DOMICILE
    commune = factory.SubFactory(CommuneFactory)
    participants = 8
    themes = factory.LazyFunction(lambda: [MATERIEL, EMAIL])


class LivraisonFactory(factory.django.DjangoModelFactory):
    """A bilan just asked for by a conseiller; by its trait, ready."""

    class Meta:
        model = Livraison
        skip_postgeneration_save = True

    class Params:
        ready = factory.Trait(
            status=StatutLivraison.PRETE,
            progression=100,
            taille=7,
            prete_at=factory.LazyFunction(timezone.now),
            expire_at=factory.LazyFunction(lambda: timezone.now() + timedelta(days=7)),
            fichier=factory.LazyAttribute(
                lambda row: default_storage.save(f"livraisons/{row.reference}.pdf", ContentFile(b"contenu"))
            ),
        )

    role = factory.LazyAttribute(lambda row: EnPosteFactory().compte.roles.get(kind=RoleKind.CONSEILLER))
    genre = GenreLivraison.BILAN
    titre = "Mon activité, du 01/01/2026 au 31/10/2026"
    demande = factory.Sequence(lambda n: f"du=2026-01-01&au=2026-10-31&n={n}")
    reference = factory.LazyFunction(uuid.uuid4)


class ImportActiviteFactory(factory.django.DjangoModelFactory):
    """A file read, whose columns wait to be understood."""

    class Meta:
        model = ImportActivite

    conseiller = factory.SubFactory(EnPosteFactory)
    role = factory.LazyAttribute(lambda row: row.conseiller.compte.roles.get(kind=RoleKind.CONSEILLER))
    nom = "activite.csv"
    taille = 100
    status = StatutImport.A_ASSOCIER
    format = "CSV, UTF-8, séparateur point-virgule"
    lignes = 1
    entetes = factory.LazyFunction(lambda: ["Date", "Type", "Durée", "Canal", "Thèmes"])
    exemples = factory.LazyFunction(lambda: [["05/03/2026", "individuel", "60", "domicile", "email"]])


class BeneficiaireFactory(factory.django.DjangoModelFactory):
    """Someone who agreed to be followed since the first day of their conseiller."""

    class Meta:
        model = Beneficiaire

    conseiller = factory.SubFactory(EnPosteFactory)
    prenom = "Odette"
    cle = factory.LazyAttribute(lambda one: fold(f"{one.prenom} {one.initiale}"))
    initiale = ""
    consent_at = DEBUT
    consent_mode = ModeConsentement.ORAL
    consent_version = 1


class EtiquetteFactory(factory.django.DjangoModelFactory):
    """A word of the country; give it a `compte`, a `structure` or a `departement` to make it theirs."""

    class Meta:
        model = Etiquette

    nom = factory.Sequence(lambda n: f"Étiquette {n}")
    cle = factory.LazyAttribute(lambda one: fold(one.nom))
    compte = structure = departement = None

    @factory.lazy_attribute
    def portee(self):
        owners = {"compte": Portee.PERSONNELLE, "structure": Portee.STRUCTURE, "departement": Portee.DEPARTEMENT}
        return next((portee for name, portee in owners.items() if getattr(self, name)), Portee.NATIONALE)


class CoordinateurFactory(RoleFactory):
    """The role of a coordinateur of the Pays de la Loire."""

    kind = RoleKind.COORDINATEUR
    region = factory.SubFactory(RegionFactory)


class CoordinationFactory(factory.django.DjangoModelFactory):
    """A meeting of conseillers in Nantes. A partnership by its trait."""

    class Meta:
        model = Coordination

    class Params:
        partenariat = factory.Trait(
            type="partenariat", participants=0, partenaire="operateur", organismes=["CAF de Loire-Atlantique"]
        )

    coordinateur = factory.SubFactory(CompteFactory)
    type = "animation"
    titre = "Réunion mensuelle"
    date = TODAY
    duree = 120
    commune = factory.SubFactory(CommuneFactory)
    objet = "echanger"
    participants = 12


class GroupeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Groupe

    nom = "Conseillers de Loire-Atlantique"
    coordinateur = factory.LazyFunction(lambda: CoordinateurFactory().compte)
    departement = factory.SubFactory(DepartementFactory)


class AppartenanceFactory(factory.django.DjangoModelFactory):
    """Accepted, since January 2026. A mere proposition by its trait."""

    class Meta:
        model = Appartenance

    class Params:
        proposee = factory.Trait(acceptee_par=None, acceptee_at=None)

    groupe = factory.SubFactory(GroupeFactory)
    conseiller = factory.SubFactory(EnPosteFactory)
    debut = date(2026, 1, 5)
    proposee_par = factory.SelfAttribute("groupe.coordinateur")
    acceptee_par = factory.SubFactory(CompteFactory)
    acceptee_at = factory.LazyFunction(timezone.now)


class LienPartageFactory(factory.django.DjangoModelFactory):
    """A link of the ANCT to the figures of the country; give `token`, its secret, to open it."""

    class Meta:
        model = LienPartage
        exclude = ["token"]

    token = factory.Sequence(lambda n: f"secret-{n}")
    role = factory.SubFactory(RoleFactory, kind=RoleKind.ANCT)
    cle = factory.LazyFunction(uuid.uuid4)
    nom = "Pour la préfecture"
    digest = factory.LazyAttribute(lambda row: hash_token(row.token))
    scelle = b"illisible"
    debut = date(2026, 1, 1)
    fin = date(2026, 10, 31)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))
