"""What other apps may react to, inside the transaction of the load."""

from django.dispatch import Signal

# `codes`: the communes whose coordinates are no longer those that were copied into positions.
communes_moved = Signal()
