"""What several areas are measured on: a small demo, and one conseiller with as many accompagnements as needed."""

from datetime import timedelta
from random import Random

from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accompagnements.enums import Canal, TypeAccompagnement
from accompagnements.models import Accompagnement, Theme
from comptes.demo import demo_email
from comptes.models import Role
from contrats.models import Conseiller
from pilotage.demo.loader import load_demo
from pilotage.demo.names import ATELIERS
from pilotage.demo.world import copy_rows

SEED = 2026


def load_conseiller() -> Conseiller:
    """Load a small demo and return its conseiller, who has no accompagnement yet."""
    load_demo(day=timezone.localdate(), share=0.03)
    conseiller = Conseiller.objects.select_related("contrat__structure").get(compte__email=demo_email("conseiller"))
    Accompagnement.objects.filter(conseiller=conseiller).delete()
    return conseiller


def add_accompagnements(conseiller: Conseiller, count: int) -> None:
    rng = Random(SEED)  # The same rows each time.
    themes = list(Theme.objects.values_list("pk", flat=True))
    lieu = conseiller.lieux.get(nom=conseiller.contrat.structure.nom)
    last = timezone.localdate() - timedelta(days=1)
    rows = []
    for rank in range(count):
        workshop = rank % 5 == 0
        rows.append(
            Accompagnement(
                conseiller=conseiller,
                type=TypeAccompagnement.ATELIER if workshop else TypeAccompagnement.INDIVIDUEL,
                date=last - timedelta(days=rng.randrange(200)),
                duree=60,
                canal=Canal.LIEU_ACTIVITE,
                lieu=lieu,
                commune_id=lieu.commune_id,
                participants=8 if workshop else 1,
                genre_feminin=1,
                age_soixante_dix_plus=1,
                statut_retraite=1,
                themes=sorted(rng.sample(themes, rng.randint(1, 4))),
                titre=rng.choice(ATELIERS) if workshop else "",
            )
        )
    copy_rows(rows)


def client_of(role: Role) -> Client:
    """Return a browser where this role is signed in, second factor included."""
    Authenticator.objects.get_or_create(user=role.compte, type=Authenticator.Type.TOTP, defaults={"data": {}})
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(role.compte)
    session = client.session
    session["role"] = role.pk
    session.save()
    return client
