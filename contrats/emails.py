"""One function per message: from ids to an e-mail, or None when the message has lost its reason."""

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import formats

from common.emails import absolute_url, build_email
from comptes.models import Compte
from contrats.models import ContratTransition
from notifications.registry import message

# event -> where its link leads (None: the mise en relation, for who can't read a contract given up).
PAGES: dict[str, str | None] = {
    "transmitted": "contrats:detail",
    "transmitted_to_person": "contrats:detail",
    "sent_back": "contrats:detail",
    "validated": "contrats:detail",
    "recruited": "contrats:detail",
    "abandoned": "contrats:detail",
    "abandoned_for_person": None,
}


def _build(event: str, transition: int, compte: int) -> EmailMessage | None:
    move = ContratTransition.objects.select_related("objet__structure", "objet__candidature").get(pk=transition)
    recipient = Compte.objects.filter(pk=compte, is_active=True).first()
    contrat = move.objet
    # It moved again before the message left: the next message says more.
    if recipient is None or contrat.transitions.latest("pk").pk != move.pk:
        return None
    page = PAGES[event]
    path = reverse(page, args=[contrat.pk]) if page else reverse("matching:detail", args=[contrat.mise_en_relation_id])
    context = {
        "numero": contrat.pk,
        "structure": contrat.structure.nom,
        "prenom": contrat.candidature.prenom,
        "type": contrat.get_type_display(),
        "debut": formats.date_format(contrat.date_debut, "j F Y"),
        "motif": move.reason,
        "url": absolute_url(path),
    }
    return build_email(f"contrats/emails/{event}", to=recipient.email, context=context)


def _register(event: str) -> None:
    @message(f"contrats.{event}")
    def build(transition: int, compte: int) -> EmailMessage | None:
        return _build(event, transition, compte)


for name in PAGES:
    _register(name)
