from datetime import timedelta

AGE_MINIMUM = 16  # S0: "à partir de 16 ans"
MAJORITE = 18
AGE_MAXIMUM = 100  # Beyond, the year was mistyped.
MOTIVATION_MAX_LENGTH = 2500
# The five situations: at least one, no diploma or experience ever required (S0, S2).
SITUATIONS = ("demandeur_emploi", "en_emploi", "en_formation", "diplome_mediation", "experience_mediation")

# Eleven months, then twelve, without any act of the person. Nobody expires who was not reminded in time.
REMINDER_AFTER = timedelta(days=335)
EXPIRY_AFTER = timedelta(days=365)
EXPIRY_NOTICE = timedelta(days=28)
# Then nothing of an ended candidature says who it was (DOMAINE §10).
RETENTION = timedelta(days=730)
DRAFT_LIFETIME = timedelta(days=30)

EXPERIENCES_MAX = 10
MOIS_MAX = 600
COMPETENCES_MAX_LENGTH = 500
NOTE_MAX = 5
# From this note on, a quality is one a poste may ask for.
NOTE_POINT_FORT = 4
# Pix scores run from 0 to 1024; 895 is the highest one can reach today (formation.constants has the sources).
PIX_ECHELLE = 1024
PIX_MAX = 895

CV_MAX_SIZE = 10 * 1024 * 1024  # S2 names no limit; the programme's own platform takes 10 Mo.
CV_MAX_PAGES = 20
# Where the files are, private: as received, then as rewritten.
CV_FOLDERS = {"depot": "cv/depots/", "fichier": "cv/propres/"}
# Kept six months, and six more each time its owner says so (DOMAINE §10).
CV_LIFETIME = timedelta(days=183)
# A check that had given up (the antivirus was away too long) is asked for again.
CV_CHECK_AGAIN_AFTER = timedelta(hours=1)
# Longer than any deposit lasts: a file no row names by then is one whose deposit was cut short.
CV_ORPHAN_AFTER = timedelta(days=1)
CV_DEPOSITS = {"amount": 20, "seconds": 3600}

# Of one address: a library where twenty people apply in an afternoon stays far below, a robot does not.
WRITES = {"amount": 400, "seconds": 3600}
# What sends an e-mail on request.
REQUESTS = {"amount": 40, "seconds": 3600}

# A form that mails whatever address is typed must not become a nuisance to its owner.
EMAILS_PER_ADDRESS_A_DAY = 5
EMAILS_PER_CANDIDATURE = 10
EMAIL_INTERVAL = timedelta(minutes=1)
