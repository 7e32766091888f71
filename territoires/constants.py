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

# Of 100 000 inhabitants or more (INSEE, populations in force in 2026): their figures have roll-ups of their own
# (docs/adr/0017). One more here asks for `rebuild_statistics`; one that shrinks stays.
GRANDES_COMMUNES = (
    "06088", "13001", "13055", "14118", "21231", "25056", "29019", "30189", "31555", "33063", "34172", "35238", "37261",
    "38185", "42218", "44109", "45234", "49007", "51454", "54395", "57463", "59350", "63113", "66136", "67482", "68224",
    "69123", "69266", "72181", "74010", "75056", "76351", "76540", "80021", "83137", "87085", "92012", "93048", "93066",
    "95018", "97411", "97415",
)  # fmt: skip

# Nobody types the name of a commune at such length (the longest has 45 characters): not searched.
SEARCH_MAX_LENGTH = 100
SUGGESTIONS_MAX = 10
# More than the communes that share one code postal (46) or one name (14).
CHOICES_MAX = 50
# The former names looked at for one search: several may lead to the same commune.
FORMER_NAMES_READ = 100
