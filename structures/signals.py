from django.dispatch import Signal

# Posts of a structure became vacant: a convention was signed or a post freed. Sent inside the transaction.
# Arguments: `structure`.
postes_opened = Signal()
