# Mean radius (IUGG), the one behind every distance we show or filter on.
EARTH_RADIUS_KM = 6371.0088

# Time zones follow the département, except in two archipelagos of Polynésie française.
FUSEAUX_COMMUNES = {
    "98718": "Pacific/Marquesas",
    "98723": "Pacific/Marquesas",
    "98731": "Pacific/Marquesas",
    "98746": "Pacific/Marquesas",
    "98756": "Pacific/Marquesas",
    "98757": "Pacific/Marquesas",
    "98719": "Pacific/Gambier",
}

# Nobody types the name of a commune at such length (the longest has 45 characters): not searched.
SEARCH_MAX_LENGTH = 100
SUGGESTIONS_MAX = 10
# More than the communes that share one code postal (46) or one name (14).
CHOICES_MAX = 50
# The former names looked at for one search: several may lead to the same commune.
FORMER_NAMES_READ = 100
