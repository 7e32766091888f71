"""What this app announces, inside the transaction that decided it."""

from django.dispatch import Signal

# Sent with `conseiller`: a contract was validated, training and equipment may start.
conseiller_recruited = Signal()
