"""What the apps above hear of. Sent inside the transaction: a receiver that raises refuses the act."""

from django.dispatch import Signal

# (invitation): about to be written; the owner of `objet_id` raises RuleError when it names nothing of theirs.
invitation_prepared = Signal()
# (invitation, compte): the owner of `objet_id` makes the person a member.
invitation_accepted = Signal()
# (compte): may it be erased? Whoever still needs the person returns one sentence, that says what to do first.
compte_leaving = Signal()
