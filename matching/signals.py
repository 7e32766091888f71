"""What this app announces, inside the transaction that decided it."""

from django.dispatch import Signal

# Sent with `mise_en_relation` and `by`: it was declined, cancelled or expired; a contract in preparation and the
# interviews to come have no reason left.
mise_en_relation_closed = Signal()
