"""An entry that says who came, while that person asks to be forgotten; and the same person followed from two tabs."""

import uuid

from django.utils import timezone

from accompagnements import services
from accompagnements.enums import MotifEffacement
from accompagnements.models import Accompagnement, Beneficiaire, Suivi
from common.exceptions import RuleError
from comptes.enums import RoleKind
from tests.accompagnements.factories import BeneficiaireFactory, in_post_today
from tests.accompagnements.test_race import THREADS, together
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory

pytestmark = TRANSACTIONAL


def test_entries_that_race_an_erasure_end_well():
    conseiller = in_post_today()
    role = conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)
    today, nantes = timezone.localdate(), CommuneFactory()
    person = BeneficiaireFactory(conseiller=conseiller)
    values = {
        "type": "ponctuel", "date": today, "duree": 30, "canal": "domicile", "commune": nantes, "themes": [5],
        "beneficiaires": [person.pk],
    }  # fmt: skip
    turns = iter(range(THREADS))

    def act():
        try:
            if next(turns) % 4 == 1:
                services.erase_beneficiaire(beneficiaire=person, motif=MotifEffacement.RETRAIT, by=role)
                return "effacée"
            services.create_accompagnement(conseiller=conseiller, uuid=uuid.uuid4(), values=values, by=role)
        except RuleError as error:
            return str(error)
        return "enregistré"

    answers = together(act)
    assert answers.count("effacée") == 1
    assert set(answers) <= {
        "effacée", "enregistré", "Cette fiche est déjà effacée.",
        "Une de ces personnes n'est plus suivie : choisissez à nouveau.",
    }  # fmt: skip
    assert not Suivi.objects.exists()
    assert Accompagnement.objects.count() == answers.count("enregistré")


def test_the_same_page_sent_twice_at_once_follows_one_person():
    conseiller = in_post_today()
    role = conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)
    values = {
        "prenom": "Odette", "initiale": "", "annee_naissance": None, "tranche_age": "", "rappel": False,
        "telephone": "", "consent_at": timezone.localdate(), "consent_mode": "oral",
    }  # fmt: skip
    given = uuid.uuid4()

    def act():
        return services.create_beneficiaire(conseiller=conseiller, uuid=given, values=values, by=role).pk

    assert len(set(together(act))) == 1
    assert Beneficiaire.objects.count() == 1
