from datetime import timedelta

# So that a token left in a file or a message is recognised, by people and by secret scanners.
PREFIXE = "cn_"
JETONS_API_MAX = 10
# In days: what the form offers.
JETON_API_DUREES = (30, 90, 180, 365)
# A double click or a refresh shows the same token again; a page found open the next day does not.
JETON_API_SHOWN = timedelta(minutes=10)
JETON_API_WARNING = timedelta(days=14)
# What no longer opens anything stays as long as logs do (DOMAINE §10): what was shown, to which tool, can be told.
ENDED_KEPT = timedelta(days=365)
# Calls of the API: one window for all, and what is allowed in it.
APPELS_WINDOW = 60  # seconds
APPELS_BY_JETON = 120
APPELS_BY_ADDRESS = 300
APPELS_KEPT = timedelta(days=1)
# The address of what was erased: a domain that can't exist (RFC 2606), so nobody's.
MASKED_DOMAIN = "@compte.invalid"
# One erasure at a time (`pg_advisory_xact_lock`). The number means nothing.
ERASURE_LOCK = 4_030_001
