"""What each message of this app is (`notifications.registry`)."""

from datetime import UTC, datetime

from notifications.registry import Kind, declare, sample

_JETON = {
    "nom": "Tableau de bord du département",
    "prefixe": "cn_3kT9xZqA",
    "role": "Structure d'accueil",
    "expires_at": datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    "url": "https://conseiller.example/acces-api/",
}

declare(
    Kind(
        name="comptes.invitation",
        label="Invitation à rejoindre le service",
        when="Quand un collègue ou l'ANCT invite une personne à un rôle.",
        recipient="La personne invitée",
        topic="Compte et sécurité",
        roles=frozenset(),
        samples=(
            sample(
                "comptes/emails/invitation",
                role="Structure d'accueil",
                invited_by="Dominique Petit",
                url="https://conseiller.example/invitation/exemple/",
            ),
        ),
    ),
    Kind(
        name="comptes.allauth",
        label="Codes de connexion et sécurité du compte",
        when="Quand une personne demande un code ou un nouveau mot de passe, ou change un réglage de sécurité.",
        recipient="La personne à qui est le compte",
        topic="Compte et sécurité",
        roles=frozenset(),
        samples=(
            sample("account/email/login_code", code="123456"),
            sample("account/email/password_reset_key", password_reset_url="https://conseiller.example/compte/exemple/"),  # noqa: S106
            sample(
                "account/email/security_notice",
                notice="Votre mot de passe a été modifié",
                at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
            ),
        ),
    ),
    Kind(
        name="comptes.compte_efface",
        label="Compte effacé",
        when="Quand une personne efface elle-même son compte.",
        recipient="La personne à qui était le compte, à son ancienne adresse",
        topic="Compte et sécurité",
        roles=frozenset(),
        samples=(sample("comptes/emails/compte_efface", contact="contact@conseiller.example"),),
    ),
    Kind(
        name="comptes.jeton_api_cree",
        label="Jeton d'accès à l'API créé",
        when="Quand un jeton est créé au nom d'une personne.",
        recipient="La personne à qui est le compte",
        topic="Compte et sécurité",
        roles=frozenset(),
        samples=(sample("comptes/emails/jeton_api_cree", **_JETON),),
    ),
    Kind(
        name="comptes.jeton_api_expire",
        label="Jeton d'accès à l'API bientôt expiré",
        when="Quatorze jours avant la fin d'un jeton qui sert encore.",
        recipient="La personne à qui est le compte",
        topic="Compte et sécurité",
        roles=frozenset(),
        samples=(sample("comptes/emails/jeton_api_expire", **_JETON),),
    ),
)
