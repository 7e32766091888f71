import uuid
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accompagnements.constants import BENEFICIAIRE_RETENTION, CONSENTEMENTS, PREMIER_JOUR, RAPPEL
from accompagnements.enums import AGES, ModeConsentement
from accompagnements.models.activites import Accompagnement
from common.models import HorodatageModel
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller


class BeneficiaireQuerySet(models.QuerySet["Beneficiaire"]):
    def visible_to(self, role: Role) -> Self:
        """Only their conseiller reads them: neither structure, nor ANCT, nor the administration."""
        if role.kind == RoleKind.CONSEILLER:
            return self.filter(conseiller__compte=role.compte_id)
        return self.none()

    def with_path(self) -> Self:
        return self.annotate(last=Max("accompagnements__date"), count=Count("accompagnements"))

    def outdated(self) -> Self:
        limit = timezone.localdate() - BENEFICIAIRE_RETENTION
        return self.annotate(since=Coalesce(Max("accompagnements__date"), "consent_at")).filter(since__lt=limit)


class Beneficiaire(HorodatageModel):
    """A person followed from one time to the next, because they agreed to it. Nothing is asked but what is here."""

    # Given by the page: the same form sent twice is one person.
    uuid = models.UUIDField("identifiant", default=uuid.uuid4, unique=True, editable=False)
    conseiller = models.ForeignKey(Conseiller, models.PROTECT, related_name="beneficiaires", verbose_name="conseiller")
    prenom = models.CharField("prénom ou surnom", max_length=40)
    initiale = models.CharField("initiale du nom", max_length=1, blank=True)
    cle = models.CharField("nom cherché", max_length=90, editable=False)
    annee_naissance = models.PositiveSmallIntegerField("année de naissance", null=True, blank=True)
    tranche_age = models.CharField("tranche d'âge", max_length=30, choices=list(AGES.items()), blank=True)
    rappel = models.BooleanField("accepte d'être rappelée", default=False)
    telephone = models.CharField("téléphone", max_length=16, blank=True, help_text="E.164")
    consent_at = models.DateField("accord donné le")
    consent_mode = models.CharField("accord donné", max_length=12, choices=ModeConsentement)
    # Number of the sentence they heard, in `constants.CONSENTEMENTS`.
    consent_version = models.PositiveSmallIntegerField("phrase de l'accord")
    accompagnements = models.ManyToManyField(Accompagnement, through="Suivi", related_name="beneficiaires")

    objects = BeneficiaireQuerySet.as_manager()

    class Meta:
        verbose_name = "personne suivie"
        verbose_name_plural = "personnes suivies"
        constraints = [
            models.CheckConstraint(
                condition=~Q(prenom="") & ~Q(prenom__regex=r"[0-9@]"),
                name="beneficiaire_prenom",
                violation_error_message="Un prénom ou un surnom ne contient ni chiffre ni adresse.",
            ),
            models.CheckConstraint(
                condition=Q(annee_naissance=None) | Q(tranche_age=""),
                name="beneficiaire_un_age",
                violation_error_message="Donnez l'année de naissance ou la tranche d'âge, pas les deux.",
            ),
            models.CheckConstraint(
                condition=Q(annee_naissance=None) | Q(annee_naissance__gte=1900, annee_naissance__lte=2100),
                name="beneficiaire_annee",
                violation_error_message="Indiquez l'année de naissance en quatre chiffres.",
            ),
            models.CheckConstraint(
                condition=Q(telephone="") | Q(rappel=True),
                name="beneficiaire_telephone_si_rappel",
                violation_error_message="Un numéro n'est gardé que si la personne accepte d'être rappelée.",
            ),
            models.CheckConstraint(
                condition=Q(consent_at__gte=PREMIER_JOUR, consent_version__gte=1),
                name="beneficiaire_accord",
                violation_error_message=f"Le programme a commencé le {PREMIER_JOUR:%d/%m/%Y}.",
            ),
        ]
        indexes = [models.Index(fields=["conseiller", "cle", "id"], name="beneficiaire_liste")]

    def __str__(self) -> str:
        return f"{self.prenom} {self.initiale}." if self.initiale else self.prenom

    def get_absolute_url(self) -> str:
        return reverse("accompagnements:beneficiaire", args=[self.pk])

    @property
    def consent_sentence(self) -> str:
        """Return what the person was read before they accepted."""
        sentence = CONSENTEMENTS[self.consent_version]
        return f"{sentence} {RAPPEL[self.consent_version]}" if self.rappel else sentence

    @property
    def age_text(self) -> str:
        if self.annee_naissance:
            return f"Naissance en {self.annee_naissance}"
        return AGES.get(self.tranche_age, "")


class Suivi(models.Model):
    """This person came to that accompagnement. Both go with it; nothing else remembers it."""

    accompagnement = models.ForeignKey(Accompagnement, models.CASCADE, related_name="suivis", db_index=False)
    beneficiaire = models.ForeignKey(Beneficiaire, models.CASCADE, related_name="suivis")

    class Meta:
        verbose_name = "suivi"
        constraints = [
            models.UniqueConstraint(
                fields=["accompagnement", "beneficiaire"],
                name="suivi_une_fois",
                violation_error_message="Cette personne est choisie deux fois.",
            )
        ]
        triggers = [
            # The row of the accompagnement is held: two windows count each other's, and its own edit waits.
            pgtrigger.Trigger(
                name="within_participants",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.After,
                declare=[("seances", "RECORD")],
                func="""
                    SELECT conseiller_id, participants INTO seances FROM accompagnements_accompagnement
                        WHERE id = NEW.accompagnement_id FOR NO KEY UPDATE;
                    IF seances.conseiller_id <> (
                        SELECT conseiller_id FROM accompagnements_beneficiaire WHERE id = NEW.beneficiaire_id
                    ) THEN
                        RAISE EXCEPTION 'a person followed by somebody else'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'suivi_du_meme_conseiller';
                    END IF;
                    IF seances.participants < (
                        SELECT count(*) FROM accompagnements_suivi WHERE accompagnement_id = NEW.accompagnement_id
                    ) THEN
                        RAISE EXCEPTION 'more persons than participants'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'suivi_participants';
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"suivi n° {self.pk}"
