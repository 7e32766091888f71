"""What people let others read in their name: tokens of the API, and a link to figures."""

from datetime import datetime, time, timedelta
from uuid import UUID

from accompagnements.models import LienPartage
from accompagnements.selectors import months_between
from accompagnements.services.partages import PURPOSE
from comptes.demo import demo_jeton_api, demo_secret
from comptes.enums import SCOPES_BY_ROLE, RoleKind
from comptes.models import Compte, JetonApi, hash_token
from notifications.sealing import cipher
from pilotage.demo.world import PARIS, World

# Account → what its token is for.
JETONS = {"conseiller": "Agenda partagé de la médiathèque", "structure": "Tableau de bord de la mairie"}
MADE = timedelta(days=24)


def load_acces(world: World, comptes: dict[str, Compte]) -> None:
    made = datetime.combine(world.day, time(9, 30), tzinfo=PARIS) - MADE
    for name, purpose in JETONS.items():
        compte = comptes[name]
        token = demo_jeton_api(compte.email)
        role = compte.roles.get()
        JetonApi.objects.create(
            role=role, nom=purpose, prefixe=token[:11], digest=hash_token(token), created_at=made,
            scopes=list(SCOPES_BY_ROLE[RoleKind(role.kind)]), expires_at=made + timedelta(days=180),
            last_used_on=world.day - timedelta(days=1),
        )  # fmt: skip
    load_lien(world, comptes["structure"], made)


def load_lien(world: World, compte: Compte, made: datetime) -> None:
    """The twelve months before the demo, shown by the mairie to its council."""
    token = demo_secret("lien", compte.email)
    last = world.day.replace(day=1) - timedelta(days=1)
    first = months_between(last - timedelta(days=360), last)[-12]
    LienPartage.objects.create(
        role=compte.roles.get(), cle=UUID(int=world.seed), nom="Bilan pour le conseil municipal",
        digest=hash_token(token), scelle=cipher(PURPOSE).encrypt(token.encode()), debut=first, fin=last,
        created_at=made, expires_at=made + timedelta(days=90), last_used_on=world.day - timedelta(days=3),
    )  # fmt: skip
