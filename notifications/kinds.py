"""What the outbox itself sends."""

from datetime import UTC, datetime

from notifications.constants import ADRESSE_REFUSEE, RECAPITULATIF
from notifications.emails import Section
from notifications.enums import Categorie
from notifications.registry import ALL_RHYTHMS, Kind, declare, sample

_SECTIONS = [
    Section(
        "Une personne attend votre réponse",
        "Camille, Nantes (44) – à 12 km\n\nVoir la liste :\nhttps://conseiller.example/structures/1/candidats/",
        "<ul><li>Camille, Nantes (44) – à 12 km</li></ul>"
        '<p><a href="https://conseiller.example/structures/1/candidats/">Voir la liste</a></p>',
    ),
    Section("Proposition close sans réponse", "Elle est restée 30 jours sans suite.", "<p>Sans suite.</p>"),
]

declare(
    Kind(
        name=RECAPITULATIF,
        label="Récapitulatif du jour",
        when="Chaque matin à 8 heures, là où vit la personne, s'il y a du nouveau.",
        recipient="Toute personne qui a choisi de recevoir des messages une fois par jour",
        topic="Récapitulatif",
        roles=frozenset(),  # Its rhythm is the one of what it gathers.
        category=Categorie.INFORMATIVE,
        rhythms=ALL_RHYTHMS,
        samples=(
            sample(
                "notifications/emails/recapitulatif",
                count=3,
                sections=_SECTIONS,
                others=["Une personne n’est plus disponible"],
                url="https://conseiller.example/espace/",
            ),
        ),
    ),
    Kind(
        name=ADRESSE_REFUSEE,
        label="Une adresse refuse nos messages",
        when="Quand le serveur d'un destinataire refuse un message pour de bon.",
        recipient="Le support de l'ANCT",
        topic="Support",
        roles=frozenset(),
        samples=(
            sample(
                "notifications/emails/adresse_refusee",
                reponse="550 5.1.1 [adresse]: user unknown",
                at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
                url="https://conseiller.example/support/envois/",
            ),
        ),
    ),
)
