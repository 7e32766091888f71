from datetime import timedelta

import factory
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.utils import timezone

from comptes.enums import SCOPES_BY_ROLE, RoleKind
from comptes.models import Compte, JetonApi, Role, hash_token

TOTP_SECRET = "JBSWY3DPEHPK3PXP"


class CompteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Compte
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"personne{n}@exemple.fr")
    prenom = "Camille"
    nom = "Durand"
    password = factory.django.Password("une phrase de passe longue")


class RoleFactory(factory.django.DjangoModelFactory):
    """A role whose account has a second factor, unless the role needs none."""

    class Meta:
        model = Role
        skip_postgeneration_save = True

    compte = factory.SubFactory(CompteFactory)
    kind = RoleKind.CANDIDAT

    @factory.post_generation
    def second_factor(self, create, extracted, **kwargs):
        if extracted is not False and self.needs_second_factor:
            add_totp(self.compte)


def add_totp(compte, secret=TOTP_SECRET):
    Authenticator.objects.get_or_create(
        user=compte, type=Authenticator.Type.TOTP, defaults={"data": {"secret": get_adapter().encrypt(secret)}}
    )


class JetonApiFactory(factory.django.DjangoModelFactory):
    """A token that opens all its role may; give `jeton`, its clear text, to call with it."""

    class Meta:
        model = JetonApi
        exclude = ["jeton"]

    jeton = factory.Sequence(lambda n: f"cn_essai{n:038d}")
    role = factory.SubFactory(RoleFactory, kind=RoleKind.CONSEILLER)
    nom = "Tableau de bord"
    prefixe = factory.LazyAttribute(lambda row: row.jeton[:11])
    digest = factory.LazyAttribute(lambda row: hash_token(row.jeton))
    scopes = factory.LazyAttribute(lambda row: list(SCOPES_BY_ROLE[row.role.kind]))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=90))
