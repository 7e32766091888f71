"""What other apps may react to. Sent by services, inside their transaction, with `candidature`."""

from django.dispatch import Signal

# It became active: confirmed, agreed to by the representative, or back from a pause.
candidature_opened = Signal()
# It stays active, and something the filters or the score look at changed.
candidature_changed = Signal()
# It was paused, withdrawn or expired.
candidature_closed = Signal()
