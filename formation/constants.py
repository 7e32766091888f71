"""Numbers of the initial training, with their source; docs/adr/0011 says how they were chosen."""

# One weekday a week in the structure (S2) and 35 h a week: four days of seven hours are left for the course.
HEURES_PAR_JOUR = 7

# Pix scores run from 0 to 1024, level 8 of every competence (1024pix/pix#5730). Level 8 is not open yet: the
# certificate itself states 895 as the highest score one can reach (1024pix/pix#11978, April 2025).
PIX_ECHELLE = 1024
PIX_MAX = 895

# A session is recorded at most this long after it began, and planned at most this long ahead.
SESSION_RETARD_MAX_JOURS = 366
SESSION_AVANCE_MAX_JOURS = 731
# Closures and absences included, the longest path (420 h, fifteen weeks) fits within a year.
SESSION_DUREE_MAX_JOURS = 366
CAPACITE_MAX = 60

# The verification code: 24 characters out of 32, 120 bits. No 0, 1, I nor O: people read it from paper.
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LONGUEUR = 24

# An attestation weighs about 30 kB; nothing bigger than this is one.
PDF_TAILLE_MAX = 5 * 1024 * 1024
