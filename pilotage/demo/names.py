"""Words the demo is made of. Nobody real: first names and family names are drawn separately."""

import re

from structures.enums import TypeStructure

PRENOMS = [
    "Inès", "Camille", "Léa", "Manon", "Chloé", "Sarah", "Fatou", "Aminata", "Yasmine", "Nadia", "Sophie",
    "Nathalie", "Isabelle", "Sandrine", "Céline", "Julie", "Élodie", "Aurélie", "Maëlle", "Gwenaëlle", "Lucie",
    "Marion", "Clara", "Jade", "Louise", "Anaïs", "Noémie", "Mathilde", "Pauline", "Émilie", "Karine",
    "Valérie", "Christelle", "Sylvie", "Mireille", "Thérèse", "Moana", "Hinano", "Malika", "Samira", "Leïla",
    "Rokhaya", "Mariama", "Agathe", "Zoé", "Alix", "Dominique", "Claude", "Lucas", "Hugo", "Nathan", "Enzo",
    "Thomas", "Maxime", "Antoine", "Julien", "Nicolas", "Sébastien", "Jérôme", "Olivier", "Stéphane", "Laurent",
    "Philippe", "Pascal", "Thierry", "Mohamed", "Karim", "Ousmane", "Mamadou", "Ibrahim", "Youssef", "Samir",
    "Rachid", "Bastien", "Corentin", "Yann", "Erwan", "Loïc", "Ronan", "Mathéo", "Gabriel", "Raphaël", "Adrien",
    "Quentin", "Rémi", "Benoît", "Cédric", "Teva", "Manu", "Jean-Baptiste", "François",
]  # fmt: skip
NOMS = [
    "Martin", "Bernard", "Dubois", "Thomas", "Robert", "Richard", "Petit", "Durand", "Leroy", "Moreau", "Simon",
    "Laurent", "Lefebvre", "Michel", "Garcia", "David", "Bertrand", "Roux", "Vincent", "Fournier", "Morel",
    "Girard", "André", "Mercier", "Dupont", "Lambert", "Bonnet", "François", "Martinez", "Legrand", "Garnier",
    "Faure", "Rousseau", "Blanc", "Guérin", "Muller", "Henry", "Roussel", "Nicolas", "Perrin", "Morin",
    "Mathieu", "Clément", "Gauthier", "Dumont", "Lopez", "Fontaine", "Chevalier", "Robin", "Masson", "Sanchez",
    "Gérard", "Nguyen", "Boyer", "Denis", "Lemaire", "Duval", "Joly", "Gautier", "Roger", "Roche", "Roy",
    "Noël", "Meyer", "Lucas", "Meunier", "Jean", "Perez", "Marchand", "Dufour", "Blanchard", "Marie", "Barbier",
    "Brun", "Dumas", "Brunet", "Schmitt", "Leroux", "Colas", "Fernandez", "Pierre", "Renard", "Arnaud",
    "Rolland", "Caron", "Aubert", "Giraud", "Leclerc", "Vidal", "Bourgeois", "Renaud", "Lemoine", "Picard",
    "Gaillard", "Philippe", "Benali", "Diallo", "Traoré", "Haddad", "Cissé", "Kone", "Ndiaye", "Belkacem",
    "Hoarau", "Payet", "Tehei", "Wamytan", "Le Goff", "Kervella", "Etcheverry", "Santoni", "Casanova",
    "Schneider", "Weber", "Klein", "Vandamme", "Delattre",
]  # fmt: skip
# Whoever holds it: names are drawn apart.
FONCTIONS = {
    TypeStructure.COMMUNE: ["Secrétaire de mairie", "Responsable des services à la population", "Maire"],
    TypeStructure.EPCI: ["Responsable du numérique", "Responsable du développement territorial"],
    TypeStructure.DEPARTEMENT: ["Responsable de la maison des solidarités", "Responsable de l'inclusion numérique"],
    TypeStructure.ETABLISSEMENT_PUBLIC: ["Responsable du CCAS", "Responsable du pôle social"],
    TypeStructure.ASSOCIATION: ["Responsable de l'association", "Membre du bureau", "Secrétaire"],
    TypeStructure.ENTREPRISE_ESS: ["Responsable de la coopérative", "Responsable des ressources humaines"],
}
# What people did before, and where.
POSTES = [
    "Animateur multimédia",
    "Agent d'accueil",
    "Conseiller en insertion",
    "Vendeur en informatique",
    "Assistant administratif",
    "Bibliothécaire",
    "Formateur pour adultes",
    "Technicien de maintenance",
    "Aide à domicile",
    "Bénévole à l'aide aux démarches",
]
EMPLOYEURS = [
    "Médiathèque municipale",
    "Centre social des Lilas",
    "Association Un clic pour tous",
    "Mission locale",
    "Maison des services",
    "",
]
COMPETENCES = [
    "Bureautique, messagerie, sites de démarches en ligne.",
    "Smartphones et tablettes, sauvegarde, sécurité des comptes.",
    "Linux, réemploi d'ordinateurs. Anglais courant.",
    "Visioconférence, retouche de photos, langue des signes (débutant).",
]
MOTIVATIONS_CANDIDAT = [
    "J'aide déjà mes proches et mes voisins dans leurs démarches en ligne et je souhaite en faire mon métier.",
    "Après dix ans d'accueil du public, je veux accompagner les personnes que le numérique met en difficulté.",
    "J'ai animé des ateliers à la médiathèque : voir quelqu'un envoyer seul son premier courriel est une joie.",
    "En reconversion, je cherche un métier utile, de proximité, où la patience et la pédagogie comptent.",
    "Passionné d'informatique et de transmission, je veux rendre les outils du quotidien accessibles à tous.",
]
MOTIVATIONS_STRUCTURE = [
    "Les habitants nous demandent chaque jour de l'aide pour leurs démarches : l'accueil ne suffit plus.",
    "Notre commune est éloignée des administrations ; une permanence numérique éviterait de longs trajets.",
    "Nous voulons proposer des ateliers réguliers aux seniors et aux demandeurs d'emploi du territoire.",
    "L'espace France Services reçoit plus de personnes que nos deux agents ne peuvent en accompagner.",
]
ATELIERS = [
    "Premiers pas avec l'ordinateur", "Envoyer et recevoir des courriels", "Mon smartphone au quotidien",
    "Reconnaître une arnaque", "Acheter en ligne sans risque", "Mes photos : trier, ranger, partager",
    "Ma retraite en ligne", "Protéger ses données", "Découvrir l'intelligence artificielle", "Pronote et l'école",
]  # fmt: skip

# Where the h is silent: no rule tells, usage does. Everywhere else « de H… », which is never wrong.
SILENT_H = re.compile(r"H(yères|érouville|énin|ennebont|endaye|erblay|éric|irson|onfleur|azebrouck|aubourdin|alluin)")
VOWEL = re.compile(r"[AEIOUÀÂÉÈÊÎÏÔÙÛŒ]|Y([eéè]|[^aeiouéè]|$)")


def de(nom: str) -> str:
    """Write « de » before the name of a commune: du Havre, des Abymes, d'Orléans, de La Rochelle."""
    if nom.startswith("Le "):
        return f"du {nom[3:]}"
    if nom.startswith("Les "):
        return f"des {nom[4:]}"
    if VOWEL.match(nom) or SILENT_H.match(nom):
        return f"d'{nom}"
    return f"de {nom}"
