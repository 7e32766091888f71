"""What a lieu offers, in the words of the national schema of lieux de médiation numérique (STANDARDS §1).

Labels are the schema's own values, apostrophes included: they are published as they are.
"""

from django.db import models


class AccesLieu(models.TextChoices):
    LIBRE = "libre", "Accès libre"
    RENDEZ_VOUS = "rdv", "Sur rendez-vous"
    PRIVE = "prive", "Privé : le lieu ne reçoit pas le public"


class ServiceLieu(models.TextChoices):
    DEMARCHES = "demarches", "Aide aux démarches administratives"
    QUOTIDIEN = "quotidien", "Maîtrise des outils numériques du quotidien"
    INSERTION = "insertion", "Insertion professionnelle via le numérique"
    SECURITE = "securite", "Utilisation sécurisée du numérique"
    PARENTALITE = "parentalite", "Parentalité et éducation avec le numérique"
    LOISIRS = "loisirs", "Loisirs et créations numériques"
    COMPREHENSION = "comprehension", "Compréhension du monde numérique"
    CONNEXION = "connexion", "Accès internet et matériel informatique"
    EQUIPEMENT = "equipement", "Acquisition de matériel informatique à prix solidaire"


class PublicLieu(models.TextChoices):
    JEUNES = "jeunes", "Jeunes"
    ETUDIANTS = "etudiants", "Étudiants"
    FAMILLES = "familles", "Familles et/ou enfants"
    SENIORS = "seniors", "Seniors"
    FEMMES = "femmes", "Femmes"


class PriseEnCharge(models.TextChoices):
    SURDITE = "surdite", "Surdité"
    MOTEURS = "moteurs", "Handicaps moteurs"
    MENTAUX = "mentaux", "Handicaps mentaux"
    ILLETTRISME = "illettrisme", "Illettrisme"
    ANGLAIS = "anglais", "Langues étrangères (anglais)"
    LANGUES = "langues", "Langues étrangères (autres)"
    VISUELLE = "visuelle", "Déficience visuelle"


class ModaliteLieu(models.TextChoices):
    AUTONOMIE = "autonomie", "En autonomie"
    INDIVIDUEL = "individuel", "Accompagnement individuel"
    ATELIER = "atelier", "Dans un atelier collectif"
    DISTANCE = "distance", "À distance"
