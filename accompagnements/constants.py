from datetime import date, timedelta

# First announcement of the conseillers of France Relance (S0): nobody worked before.
PREMIER_JOUR = date(2020, 11, 17)
DUREE_MIN = 5
DUREE_MAX = 480
PARTICIPANTS_DEFAULT = 5
PARTICIPANTS_MAX = 1000
# Beyond it, more likely a slip of the finger than a workshop: asked again.
PARTICIPANTS_USUAL_MAX = 100
THEMES_MAX = 20
NOTES_MAX = 1000
PARTENAIRES_MAX = 20
LIEUX_MAX = 15
# Farther from its town hall, a place is in another commune, or its coordinates are swapped.
LIEU_EXTENT_KM = 60
# One who looks for help looks around: beyond it, no conseiller is near.
RECHERCHE_KM = 100
# Passages of an itinerant lieu shown to the public.
PASSAGES_SHOWN = timedelta(days=60)
# Named by a person for themselves: enough to choose from, few enough to read.
FILTRES_MAX = 20
MODELES_MAX = 20
LIENS_MAX = 20
# In days: how long figures may be shared for.
LIEN_DUREES = (7, 30, 90)
# After it a change needs a reason, kept in the history (DOMAINE §9).
FREE_CHANGE = timedelta(days=30)
# What someone asked for is kept a few days: it can be asked for again.
LIVRAISON_KEPT = timedelta(days=7)
LIVRAISONS_MAX = 20
# A demand that fails three times has a reason that a fourth would not change.
LIVRAISON_TRIES = 3
# Shorter, the person is still there: no message.
LIVRAISON_MOMENT = timedelta(seconds=20)
# As many rows with everything said, notes included, weigh some 25 MB as CSV, 15 as XLSX.
IMPORT_MAX_SIZE = 40_000_000
IMPORT_MAX_ROWS = 100_000
# Files being imported at the same time by one person, and how long one nobody comes back to is kept.
IMPORTS_OPEN_MAX = 5
IMPORT_KEPT = timedelta(days=7)
# A whole import can be taken back as long as nobody touched what it wrote.
IMPORT_UNDO = timedelta(days=7)
# Words asked about on one page.
MOTS_MAX = 40
# Chosen from in a list while one enters: as many as a page can hold and a person can follow.
BENEFICIAIRES_MAX = 300
# After the last accompagnement of a followed person, or after their consent if there never was one.
BENEFICIAIRE_RETENTION = timedelta(days=730)
# Below it a representative consents (article 45 of the law of 6 January 1978).
CONSENTEMENT_AGE = 15
ETIQUETTES_MAX = 10
# Of one owner: a person, a structure, a département, the country.
ETIQUETTES_OWNED_MAX = 50

# What is read to the person before they accept. A sentence that was shown never changes: a new one gets a new number,
# and each followed person keeps the number of theirs.
CONSENTEMENTS = {
    1: (
        "J'accepte que mon conseiller numérique garde mon prénom ou un surnom, l'initiale de mon nom et mon âge "
        "approximatif si je les donne, et la liste de nos rendez-vous, pour me suivre d'une fois sur l'autre. Lui "
        "seul les lit. Ils sont effacés 24 mois après notre dernier rendez-vous, ou dès que je le demande. Je peux les "
        "voir, les faire corriger ou effacer à tout moment, sans rien perdre de mon accompagnement."
    ),
}
RAPPEL = {
    1: "J'accepte aussi qu'il garde mon numéro de téléphone, seulement pour me rappeler.",
}
CONSENTEMENT_VERSION = max(CONSENTEMENTS)
