"""What tests of other apps say about e-mails."""

from notifications.enums import Rythme
from notifications.registry import KINDS
from notifications.services import set_preferences


def at_once(compte):
    """This account chose to receive each message as it comes, instead of a digest a day."""
    kinds = [kind.name for kind in KINDS.values() if kind.has_choice]
    set_preferences(adresse=compte.email, rhythms=dict.fromkeys(kinds, Rythme.IMMEDIAT))
    return compte
