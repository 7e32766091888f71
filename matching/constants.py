from datetime import timedelta

# No answer within this time closes a proposal or an interest (DOMAINE §6).
ANSWER_DELAY = timedelta(days=30)
# How many of the nearest a structure brings to one allocation: all compatible pairs would be millions.
EDGES_PER_SIDE = 50
# A candidat who is among the nearest of no structure brings their own: the isolated are served too.
EDGES_ISOLATED = 10
# What an allocation pays for each further proposal of one side, in points of score (docs/adr/0012): someone's first
# is worth more than any gain in score, a structure's first more than anything else; then the cost grows steadily.
FIRST_STRUCTURE = 10_000
FIRST_CANDIDAT = 1_000
EXTRA_PROPOSAL = 25
# The digest of what is new never leaves twice a day; the next one waits for this hour (Paris).
DIGEST_HOUR = 8
# One allocation at a time, whoever starts it (`pg_advisory_lock`). The number means nothing.
MATCHING_LOCK = 20_201_117

# Of each kind: whoever asks for everything asks for nothing.
ATTENTES_MAX = 3

# --- Interviews ---

CRENEAUX_MAX = 5
DUREE_MIN, DUREE_MAX = 15, 240  # minutes
MESSAGE_MAX_LENGTH = 1000
MOTIF_MAX_LENGTH = 300
LIEU_MAX_LENGTH = 250
LIEN_MAX_LENGTH = 500
# A slot further away than that is a typing error, and would outlast the interest.
OFFRE_HORIZON = timedelta(days=60)
# A reminder leaves between these hours where the person lives.
RAPPEL_FROM, RAPPEL_UNTIL = 8, 20
# The day before, at the same hour, brought within those: never earlier than this.
RAPPEL_WINDOW = timedelta(hours=30)
