from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.urls import reverse

from common.emails import absolute_url, build_email
from comptes.enums import JetonPurpose
from comptes.jetons import mint_jeton
from comptes.models import Invitation, JetonApi
from notifications.registry import message


@message("comptes.invitation")
def invitation_received(invitation_id: int) -> EmailMessage | None:
    invitation = Invitation.objects.pending().select_related("invited_by").filter(pk=invitation_id).first()
    if invitation is None:
        return None
    token = mint_jeton(purpose=JetonPurpose.INVITATION, objet_id=invitation.pk, email=invitation.email)
    return build_email(
        "comptes/emails/invitation",
        to=invitation.email,
        context={
            "role": invitation.get_kind_display(),
            "invited_by": invitation.invited_by.get_full_name(),
            "url": absolute_url(reverse("comptes:accept_invitation", args=[token])),
        },
    )


def compte_erased(adresse: str) -> EmailMultiAlternatives:
    """Tell an address that its account is erased. Nothing can build it again: it leaves sealed."""
    return build_email("comptes/emails/compte_efface", to=adresse, context={"contact": settings.CONTACT_EMAIL})


@message("comptes.jeton_api_cree")
def jeton_api_created(jeton_id: int) -> EmailMessage | None:
    return _about_jeton("comptes/emails/jeton_api_cree", jeton_id)


@message("comptes.jeton_api_expire")
def jeton_api_expires(jeton_id: int) -> EmailMessage | None:
    return _about_jeton("comptes/emails/jeton_api_expire", jeton_id)


def _about_jeton(template: str, jeton_id: int) -> EmailMessage | None:
    """Tell the owner of a token about it, as long as it opens something."""
    jeton = JetonApi.objects.usable().select_related("role__compte").filter(pk=jeton_id).first()
    if jeton is None:
        return None
    context = {
        "nom": jeton.nom,
        "prefixe": jeton.prefixe,
        "role": str(jeton.role),
        "expires_at": jeton.expires_at,
        "url": absolute_url(reverse("comptes:jeton_api_list")),
    }
    return build_email(template, to=jeton.role.compte.email, context=context)
