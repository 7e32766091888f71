from datetime import time

# Working days without an entry after which someone is said to have stopped, and is reminded, then once more after
# a longer silence (docs/adr/0023).
SILENCE = 10
SECOND_SILENCE = 30
# When a message that nobody asked for may come, on its reader's clock.
WORK_BEGINS, WORK_ENDS = time(9), time(17)
# The digest leaves on the first working day of the week; on the second when the first was missed.
DIGEST_DAYS = 2
NAMES_TOLD = 10
