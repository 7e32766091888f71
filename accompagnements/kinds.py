"""What each message of this app is (`notifications.registry`)."""

from datetime import UTC, datetime

from comptes.enums import RoleKind
from notifications.enums import Categorie
from notifications.registry import ALL_RHYTHMS, Kind, declare, sample

_READERS = frozenset(RoleKind) - {RoleKind.CANDIDAT, RoleKind.ORGANISME_FORMATION}

declare(
    Kind(
        name="accompagnements.livraison_ready",
        label="Un fichier demandé est prêt",
        when="Quand un bilan ou un export demandé est prêt, si sa préparation a duré.",
        recipient="La personne qui l'a demandé",
        topic="Accompagnements",
        roles=_READERS,
        category=Categorie.INFORMATIVE,
        rhythms=ALL_RHYTHMS,
        samples=(
            sample(
                "accompagnements/emails/livraison_ready",
                prenom="Camille",
                genre="Bilan d'activité (PDF)",
                expire_at=datetime(2026, 11, 29, 9, 30, tzinfo=UTC),
                url="https://conseiller.example/accompagnements/fichiers/1/",
            ),
        ),
    ),
    Kind(
        name="accompagnements.import_moved",
        label="Un import d'activité attend une réponse, ou est terminé",
        when="Quand un fichier déposé a été lu, vérifié ou importé, si cela a duré.",
        recipient="Le conseiller qui l'a déposé",
        topic="Accompagnements",
        roles=frozenset({RoleKind.CONSEILLER}),
        category=Categorie.INFORMATIVE,
        rhythms=ALL_RHYTHMS,
        samples=tuple(
            sample(
                "accompagnements/emails/import_moved",
                prenom="Camille",
                statut=statut,
                importes=importes,
                url="https://conseiller.example/accompagnements/imports/1/",
            )
            for statut, importes in (("Importé", 1240), ("Lignes en erreur", 0))
        ),
    ),
)
