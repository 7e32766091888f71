from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from accompagnements.constants import ETIQUETTES_MAX
from accompagnements.enums import Portee
from accompagnements.models.activites import Accompagnement
from common.models import HorodatageModel
from comptes.enums import STAFF_ROLES, RoleKind
from comptes.models import Compte, Role
from contrats.models import Conseiller
from structures.models import Structure
from territoires.models import Departement


class EtiquetteQuerySet(models.QuerySet["Etiquette"]):
    def usable_by(self, conseiller: Conseiller) -> Self:
        """One's own, and those of the structure, of its département, of the country."""
        structure = conseiller.contrat.structure
        return self.filter(
            Q(compte=conseiller.compte_id)
            | Q(structure=structure.pk)
            | Q(departement=structure.commune.departement_id)
            | Q(portee=Portee.NATIONALE)
        )

    def managed_by(self, role: Role) -> Self:
        """Those this role named, and may rename, merge and remove."""
        match role.kind:
            case RoleKind.CONSEILLER:
                return self.filter(compte=role.compte_id)
            case RoleKind.STRUCTURE:
                return self.filter(structure__membres__compte=role.compte_id)
            case RoleKind.COORDINATEUR if role.departement_id:
                return self.filter(departement=role.departement_id)
            case RoleKind.COORDINATEUR if role.region_id:
                return self.filter(departement__region=role.region_id)
            case RoleKind.ANCT:
                return self.shared().filter(structure=None)
        return self.none()

    def shared(self) -> Self:
        return self.exclude(portee=Portee.PERSONNELLE)

    def visible_to(self, role: Role) -> Self:
        """What a role may see used in its figures. Personal ones are their author's alone."""
        managed = Q(pk__in=self.model.objects.managed_by(role).values("pk"))
        national = Q(portee=Portee.NATIONALE)
        match role.kind:
            case RoleKind.CONSEILLER:
                mine = Conseiller.objects.filter(compte=role.compte_id)
                place = "contrat__structure__commune__departement"
                managed |= Q(structure__in=mine.values("contrat__structure")) | Q(departement__in=mine.values(place))
            case RoleKind.STRUCTURE:
                own = Structure.objects.filter(membres__compte=role.compte_id)
                managed |= Q(departement__in=own.values("commune__departement"))
            case RoleKind.PREFET if role.departement_id:
                managed |= Q(departement=role.departement_id)
            case RoleKind.PREFET | RoleKind.HUB | RoleKind.COORDINATEUR if role.region_id:
                managed |= Q(departement__region=role.region_id)
            case kind if kind in STAFF_ROLES:
                managed |= Q(portee=Portee.DEPARTEMENT)
        return self.filter(managed | national)


class Etiquette(HorodatageModel):
    """A word to group accompagnements by: of a person, of a structure, of a département, of the country."""

    nom = models.CharField("nom", max_length=40)
    # The name without case nor accents: « Été » and « ete » are one.
    cle = models.CharField("nom comparé", max_length=90, editable=False)
    portee = models.CharField("portée", max_length=12, choices=Portee)
    compte = models.ForeignKey(Compte, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="compte")
    structure = models.ForeignKey(
        Structure, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="structure"
    )
    departement = models.ForeignKey(
        Departement, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="département"
    )
    accompagnements = models.ManyToManyField(Accompagnement, through="Etiquetage", related_name="etiquettes")

    objects = EtiquetteQuerySet.as_manager()

    class Meta:
        verbose_name = "étiquette"
        constraints = [
            models.UniqueConstraint(
                fields=["cle", "portee", "compte", "structure", "departement"],
                nulls_distinct=False,
                name="etiquette_unique",
                violation_error_message="Cette étiquette existe déjà.",
            ),
            models.CheckConstraint(
                condition=Q(portee=Portee.PERSONNELLE, compte__isnull=False, structure=None, departement=None)
                | Q(portee=Portee.STRUCTURE, compte=None, structure__isnull=False, departement=None)
                | Q(portee=Portee.DEPARTEMENT, compte=None, structure=None, departement__isnull=False)
                | Q(portee=Portee.NATIONALE, compte=None, structure=None, departement=None),
                name="etiquette_portee",
                violation_error_message="Dites de qui est cette étiquette.",
            ),
            models.CheckConstraint(
                condition=~Q(cle=""),
                name="etiquette_nommee",
                violation_error_message="Une étiquette a au moins une lettre ou un chiffre.",
            ),
        ]

    def __str__(self) -> str:
        return self.nom


class Etiquetage(models.Model):
    """A table of links, not an array as themes are: words come, go and are merged (docs/adr/0022)."""

    accompagnement = models.ForeignKey(Accompagnement, models.CASCADE, related_name="etiquetages", db_index=False)
    etiquette = models.ForeignKey(Etiquette, models.CASCADE, related_name="etiquetages", db_index=False)

    class Meta:
        verbose_name = "étiquetage"
        constraints = [
            models.UniqueConstraint(
                fields=["accompagnement", "etiquette"],
                name="etiquetage_une_fois",
                violation_error_message="Cette étiquette est choisie deux fois.",
            )
        ]
        indexes = [
            # The figures of a word, and what its removal takes away.
            models.Index(fields=["etiquette", "accompagnement"], name="etiquetage_par_etiquette")
        ]
        triggers = [
            pgtrigger.Trigger(
                name="few_and_one_s_own",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.After,
                declare=[("auteur", "BIGINT"), ("proprietaire", "BIGINT")],
                func=f"""
                    SELECT c.compte_id INTO auteur FROM accompagnements_accompagnement a
                        JOIN contrats_conseiller c ON c.id = a.conseiller_id
                        WHERE a.id = NEW.accompagnement_id FOR NO KEY UPDATE OF a;
                    SELECT compte_id INTO proprietaire FROM accompagnements_etiquette WHERE id = NEW.etiquette_id;
                    IF proprietaire <> auteur THEN
                        RAISE EXCEPTION 'a personal word of somebody else'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'etiquetage_de_son_auteur';
                    END IF;
                    IF {ETIQUETTES_MAX} < (
                        SELECT count(*) FROM accompagnements_etiquetage WHERE accompagnement_id = NEW.accompagnement_id
                    ) THEN
                        RAISE EXCEPTION 'too many words'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'etiquetage_peu';
                    END IF;
                    RETURN NULL;
                """,  # noqa: S608  # A number of ours.
            )
        ]

    def __str__(self) -> str:
        return f"étiquetage n° {self.pk}"
