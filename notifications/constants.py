from datetime import time, timedelta

RECAPITULATIF = "notifications.recapitulatif"
ADRESSE_REFUSEE = "notifications.adresse_refusee"
# The time zone of whoever nobody knows better.
FUSEAU = "Europe/Paris"
# When people who start their day read their mail.
HEURE_RECAPITULATIF = time(8)
# How late something may still join the digest of the morning.
GRACE = timedelta(hours=1)
# Sections told in full in one digest; the subject of the others is enough to come and see.
SECTIONS_COMPLETES = 20
# How long support can answer "was it sent?": then the row goes (docs/adr/0015).
RETENTION = timedelta(days=365)
