"""Thresholds of the structures, each with its source or the reason of the choice."""

from datetime import date, timedelta

# The steps of the request, in order. The URL of a step is its name.
STEPS = ("identifiant", "structure", "contact", "besoin")
# What a draft holds once a step is done.
STEP_KEYS = {
    "identifiant": ("siret", "ridet"),
    "structure": ("nom", "type", "commune"),
    "contact": ("contact_prenom", "contact_nom", "contact_fonction", "contact_email"),
    "besoin": ("postes_souhaites", "date_debut", "motivation"),
}

MOTIVATION_MAX_LENGTH = 2500
# What an agent writes to motivate an avis or a decision (DOMAINE §5).
MOTIF_MIN_LENGTH = 10
MOTIF_MAX_LENGTH = 1000
# Guards against a slip of the keyboard, not rules of the programme.
POSTES_MAX = 200
DATE_DEBUT_HORIZON = timedelta(days=2 * 365)

# What the structure commits to. A text is never edited: a new version is added, and each request keeps its own.
ENGAGEMENTS = {
    "2026-01": (
        "recruter chaque conseiller à temps plein et le rémunérer au moins au SMIC",
        "le laisser suivre toute sa formation initiale, avec un jour par semaine dans la structure pendant celle-ci",
        "lui fournir un poste de travail et les moyens de ses déplacements professionnels",
        "proposer gratuitement ses ateliers et accompagnements à tous les habitants",
        "lui confier uniquement des missions d'inclusion numérique",
        "signaler sans attendre toute rupture de contrat ou tout poste qui reste vacant",
    ),
}
ENGAGEMENT_VERSION = "2026-01"

# A click that comes again within this time sends no second e-mail.
RESEND_AFTER = timedelta(minutes=1)
# A draft nobody came back to is deleted with the personal data it holds.
DRAFT_LIFETIME = timedelta(days=30)

# No text sets the préfet's time. One month, like the selection by the structure (S2): past it, the file goes on.
AVIS_DELAY = timedelta(days=30)
# Shown on the timeline, "délais annoncés" of the programme (S2).
SELECTION_DELAY_LABEL = "Vous avez un mois pour choisir parmi les candidats proposés."
CONTRACT_DELAY_LABEL = "Le contrat se signe dans les 15 jours qui suivent votre choix."

# Years of aid by the date the convention starts: two in the first wave, three since the renewal of 2023. Five (S4:
# "2, 3 ou 5 ans selon la date d'entrée") is what a structure of the first wave reaches by renewing: two and three.
ANNEES_AIDE = ((date(2020, 11, 17), 2), (date(2023, 1, 1), 3))

# The directory is asked again about a structure it could not vouch for, during this time.
VERIFICATION_LIFETIME = timedelta(days=30)
VERIFICATIONS_PER_RUN = 20

ROWS_PER_PAGE = 20

# Of one address, on the public request: far above what people do, far below what a robot does.
WRITES = {"amount": 400, "seconds": 3600}
# What sends an e-mail on request.
REQUESTS = {"amount": 40, "seconds": 3600}
