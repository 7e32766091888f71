"""One function per message, built when it leaves: None when it has lost its reason."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from candidatures.enums import StatutCandidature, StatutCV
from candidatures.models import CV, Candidature
from common.emails import absolute_url, build_email
from comptes.enums import JetonPurpose
from comptes.models import Compte
from comptes.services import mint_jeton
from notifications.registry import message


def _find(pk: int, *statuses: StatutCandidature) -> Candidature | None:
    return Candidature.objects.filter(pk=pk, status__in=statuses).first()


def _tracking_url() -> str:
    return absolute_url(reverse("candidatures:detail"))


@message("candidatures.confirmation")
def confirmation(pk: int) -> EmailMessage | None:
    """Ask the owner of the address to confirm; someone who already has a candidature is told so instead.

    The visitor's page is the same either way: only the mailbox knows.
    """
    candidature = _find(pk, StatutCandidature.A_CONFIRMER)
    if candidature is None or candidature.email_confirmed_at is not None:
        return None
    if Candidature.objects.living().filter(email=candidature.email).exists():
        return build_email(
            "candidatures/emails/already_applied",
            to=candidature.email,
            context={"candidature": candidature, "url": _tracking_url()},
        )
    token = mint_jeton(purpose=JetonPurpose.CONFIRMER_CANDIDATURE, objet_id=candidature.pk, email=candidature.email)
    return build_email(
        "candidatures/emails/confirmation",
        to=candidature.email,
        context={
            "candidature": candidature,
            "has_account": Compte.objects.filter(email=candidature.email).exists(),
            "url": absolute_url(reverse("candidatures:confirm", args=[token])),
        },
    )


@message("candidatures.resume_link")
def resume_link(pk: int) -> EmailMessage | None:
    candidature = _find(pk, StatutCandidature.BROUILLON)
    if candidature is None or not candidature.email:
        return None
    token = mint_jeton(purpose=JetonPurpose.REPRENDRE_CANDIDATURE, objet_id=pk, email=candidature.email)
    return build_email(
        "candidatures/emails/resume_link",
        to=candidature.email,
        context={"candidature": candidature, "url": absolute_url(reverse("candidatures:resume", args=[token]))},
    )


@message("candidatures.consent_request")
def consent_request(pk: int) -> EmailMessage | None:
    """Ask a minor's legal representative for their agreement."""
    candidature = _find(pk, StatutCandidature.A_CONFIRMER)
    if candidature is None or not candidature.representant_email:
        return None
    token = mint_jeton(purpose=JetonPurpose.CONSENTIR_REPRESENTANT, objet_id=pk, email=candidature.representant_email)
    return build_email(
        "candidatures/emails/consent_request",
        to=candidature.representant_email,
        context={"candidature": candidature, "url": absolute_url(reverse("candidatures:consent", args=[token]))},
    )


def _about(template: str, pk: int, *statuses: StatutCandidature) -> EmailMessage | None:
    candidature = _find(pk, *statuses)
    if candidature is None:
        return None
    return build_email(
        f"candidatures/emails/{template}",
        to=candidature.email,
        context={"candidature": candidature, "url": _tracking_url(), "contact": settings.CONTACT_EMAIL},
    )


@message("candidatures.consent_given")
def consent_given(pk: int) -> EmailMessage | None:
    return _about("consent_given", pk, StatutCandidature.ACTIVE)


@message("candidatures.consent_refused")
def consent_refused(pk: int) -> EmailMessage | None:
    return _about("consent_refused", pk, StatutCandidature.RETIREE)


@message("candidatures.refusal_noted")
def refusal_noted(pk: int) -> EmailMessage | None:
    """Tell the representative that their refusal is noted, and whom to write to if it was not theirs."""
    candidature = _find(pk, StatutCandidature.RETIREE)
    if candidature is None or not candidature.representant_email:
        return None
    return build_email(
        "candidatures/emails/refusal_noted",
        to=candidature.representant_email,
        context={"candidature": candidature, "url": absolute_url("/"), "contact": settings.CONTACT_EMAIL},
    )


@message("candidatures.withdrawn")
def withdrawn(pk: int) -> EmailMessage | None:
    return _about("withdrawn", pk, StatutCandidature.RETIREE)


@message("candidatures.reminder")
def reminder(pk: int) -> EmailMessage | None:
    """Warn of the coming expiry, unless the person came back in the meantime."""
    candidature = Candidature.objects.filter(pk=pk, reminded_at__isnull=False).first()
    if candidature is None:
        return None
    return _about("reminder", pk, StatutCandidature.A_CONFIRMER, StatutCandidature.ACTIVE, StatutCandidature.EN_PAUSE)


@message("candidatures.expired")
def expired(pk: int) -> EmailMessage | None:
    return _about("expired", pk, StatutCandidature.EXPIREE)


@message("candidatures.cv_refused")
def cv_refused(pk: int) -> EmailMessage | None:
    """Say why a CV could not be kept, unless another has taken its place meanwhile."""
    cv = CV.objects.filter(pk=pk, status=StatutCV.REFUSE).select_related("candidature").first()
    if cv is None:
        return None
    return build_email(
        "candidatures/emails/cv_refused",
        to=cv.candidature.email,
        context={
            "candidature": cv.candidature,
            "reason": cv.motif_refus,
            "url": absolute_url(reverse("candidatures:cv")),
        },
    )


@message("candidatures.cv_deleted")
def cv_deleted(pk: int) -> EmailMessage | None:
    candidature = Candidature.objects.get(pk=pk)
    if candidature.cvs.kept().exists():
        return None
    return build_email(
        "candidatures/emails/cv_deleted",
        to=candidature.email,
        context={"candidature": candidature, "url": absolute_url(reverse("candidatures:cv"))},
    )
