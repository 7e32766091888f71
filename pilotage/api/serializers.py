"""What goes out and comes in, in the words of STANDARDS §4. The OpenAPI document is made from these."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.validators import RegexValidator
from django.utils import timezone
from rest_framework import serializers

from accompagnements.constants import DUREE_MAX, DUREE_MIN, NOTES_MAX, PARTICIPANTS_MAX, THEMES_MAX
from accompagnements.enums import Autonomie, Canal, Dispositif, Materiel, NiveauAtelier, Orientation, Suite, TypePublic
from accompagnements.models import Accompagnement, LieuActivite, Organisme, Theme
from pilotage.api.fields import BIGINT_MAX, CodeField, CountsField, DateField, IntegerField, TextField, UUIDField
from pilotage.api.vocabulaire import AGES_CODES, GENRES_CODES, STATUTS_CODES, TYPES

INSEE = RegexValidator(r"^[0-9AB]{5}$", "Un code INSEE compte cinq chiffres, ou A et B pour la Corse.")
ORGANISME = RegexValidator(r"^[a-z0-9_]{1,60}$", "Un organisme se donne par son code : voyez /organismes/.")
THEME = RegexValidator(r"^[a-z0-9_]{1,60}$", "Un thème se donne par son code : voyez /themes/.")
# What the page asks to confirm before it saves.
CONFIRMED = ("participants", "titre", "notes")


def _codes(choices: Any) -> dict[str, str]:
    return {value: value for value in choices.values if value}


def _optional(choices: Any, help_text: str) -> CodeField:
    return CodeField(_codes(choices), required=False, allow_null=True, help_text=help_text)


class ThemesField(serializers.ListField):
    """Codes outside, numbers of the referential inside; `themes` of the context translates."""

    child = TextField(validators=[THEME])

    def to_representation(self, data: Any) -> list[str]:
        names: Mapping[int, str] = self.context["themes"]
        return [names[number] for number in data]


class StrictSerializer(serializers.Serializer):
    """A field nobody knows is a mistake worth telling."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := sorted(str(name) for name in data if name not in writable):
                raise serializers.ValidationError(
                    {name: ["Ce champ n'existe pas, ou ne s'écrit pas."] for name in unknown}
                )
        return super().to_internal_value(data)


class AccompagnementSerializer(StrictSerializer):
    uuid = UUIDField(
        help_text="Donné par l'outil qui enregistre : le même identifiant, envoyé deux fois, compte une fois."
    )
    type = CodeField(TYPES)
    date = DateField(help_text="Le jour, là où cela s'est passé.")
    duree = IntegerField(min_value=DUREE_MIN, max_value=DUREE_MAX, help_text="En minutes.")
    canal = CodeField(_codes(Canal))
    lieu = IntegerField(
        source="lieu_id", min_value=1, max_value=BIGINT_MAX, required=False, allow_null=True,
        help_text="Numéro d'un de vos lieux d'activité, si et seulement si le canal est `lieu_activite`.",
    )  # fmt: skip
    lieu_nom = serializers.CharField(source="lieu.nom", read_only=True, default=None, allow_null=True)
    commune = TextField(
        source="commune_id", validators=[INSEE], required=False,
        help_text="Code INSEE. Celle du lieu d'activité, quand il y en a un.",
    )  # fmt: skip
    commune_nom = serializers.CharField(source="commune.nom", read_only=True)
    conseiller = IntegerField(source="conseiller_id", read_only=True, help_text="Numéro du conseiller.")
    participants = IntegerField(
        min_value=1, max_value=PARTICIPANTS_MAX, required=False, help_text="1, sauf pour un atelier collectif."
    )
    recurrents = IntegerField(min_value=0, max_value=PARTICIPANTS_MAX, required=False, help_text="Dont déjà venus.")
    genres = CountsField(GENRES_CODES, help_text="Participations par genre.")
    tranches_age = CountsField(AGES_CODES, help_text="Participations par tranche d'âge.")
    statuts = CountsField(STATUTS_CODES, help_text="Participations par situation.")
    themes = ThemesField(min_length=1, max_length=THEMES_MAX, help_text="Codes du référentiel, en vigueur ce jour-là.")
    type_public = CodeField(_codes(TypePublic), required=False)
    materiel = serializers.ListField(child=CodeField(_codes(Materiel)), required=False, max_length=len(Materiel))
    autonomie = _optional(Autonomie, "Null : non communiquée.")
    niveau = _optional(NiveauAtelier, "D'un atelier collectif.")
    suite = _optional(Suite, "Null : aucune suite prévue.")
    orientation = _optional(Orientation, "Si et seulement si la suite est `orientation`.")
    organisme = TextField(
        source="organisme.code", validators=[ORGANISME], allow_null=True, default=None,
        help_text="Précise l'orientation, qu'il remplace : un code de `/organismes/`.",
    )  # fmt: skip
    dispositifs = serializers.ListField(
        child=CodeField(_codes(Dispositif)), required=False, max_length=len(Dispositif),
        help_text="Dispositifs nationaux mobilisés.",
    )  # fmt: skip
    titre = TextField(max_length=120, required=False, allow_blank=True, help_text="D'un atelier collectif.")
    notes = TextField(
        max_length=NOTES_MAX, required=False, allow_blank=True, allow_null=True,
        help_text="Lisibles par leur auteur seulement : null pour tout autre que lui.",
    )  # fmt: skip
    confirmations = serializers.ListField(
        child=serializers.ChoiceField(choices=CONFIRMED), write_only=True, required=False, max_length=len(CONFIRMED),
        help_text="Ce que vous confirmez après un refus : plus de 100 participants, ou un texte qui semble contenir "
        "une donnée personnelle.",
    )  # fmt: skip
    cree_le = serializers.DateTimeField(source="created_at", read_only=True)
    modifie_le = serializers.DateTimeField(source="updated_at", read_only=True)

    def to_representation(self, instance: Accompagnement) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(instance)
        if not self.context["is_author"]:
            data["notes"] = None
        return data


class LieuSerializer(serializers.Serializer):
    """Named as the national schema of lieux de médiation numérique names them."""

    id = IntegerField()
    nom = serializers.CharField()
    pivot = serializers.CharField(source="siret", help_text="SIRET, quand il est connu.", allow_blank=True)
    adresse = serializers.CharField()
    commune = serializers.CharField(source="commune.nom")
    code_insee = serializers.CharField(source="commune_id")
    code_postal = serializers.SerializerMethodField()
    departement = serializers.CharField(source="commune.departement_id")
    telephone = serializers.CharField(allow_blank=True)
    horaires = serializers.CharField(help_text="Syntaxe OpenStreetMap opening_hours.", allow_blank=True)
    latitude = serializers.SerializerMethodField(help_text="Celle de la mairie quand le lieu n'a pas la sienne.")
    longitude = serializers.SerializerMethodField()
    acces = serializers.CharField(help_text="`libre` ou `rdv`.")
    services = serializers.ListField(child=serializers.CharField(), help_text="Services du schéma national.")
    itinerant = serializers.BooleanField()
    date_maj = serializers.SerializerMethodField()

    def get_code_postal(self, lieu: LieuActivite) -> str:
        return lieu.code_postal or lieu.commune.codes_postaux[0]

    def get_latitude(self, lieu: LieuActivite) -> float:
        return round(lieu.point[0], 6)

    def get_longitude(self, lieu: LieuActivite) -> float:
        return round(lieu.point[1], 6)

    def get_date_maj(self, lieu: LieuActivite) -> date:
        return timezone.localdate(lieu.updated_at)


class ThemeSerializer(serializers.ModelSerializer[Theme]):
    parent = serializers.CharField(  # type: ignore[assignment]  # The metaclass takes it away: the name is free.
        source="parent.code", default=None, read_only=True, allow_null=True, help_text="Code du thème qu'il précise."
    )

    class Meta:
        model = Theme
        fields = ["code", "nom", "famille", "parent", "valide_du", "valide_au"]
        read_only_fields = fields


class OrganismeSerializer(serializers.ModelSerializer[Organisme]):
    class Meta:
        model = Organisme
        fields = ["code", "nom", "categorie", "valide_du", "valide_au"]
        read_only_fields = fields


class TerritoireSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Celui du périmètre des statistiques : `FR`, `R52`, `D44`.")
    type = serializers.ChoiceField(choices=["pays", "region", "departement"])
    nom = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # As above.


class PerimetreSerializer(serializers.Serializer):
    code = serializers.CharField(allow_null=True, help_text="Null : le périmètre du rôle.")
    libelle = serializers.CharField()
    propre = serializers.BooleanField(help_text="Vous en répondez : les petits nombres ne sont pas masqués.")


class PeriodeSerializer(serializers.Serializer):
    du = serializers.DateField()
    au = serializers.DateField()


class TotalSerializer(serializers.Serializer):
    accompagnements = serializers.IntegerField(allow_null=True)
    participations = serializers.IntegerField(
        allow_null=True, help_text="Des venues, pas des personnes : qui vient deux fois compte deux fois."
    )
    recurrents = serializers.IntegerField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)


class PrecedenteSerializer(serializers.Serializer):
    periode = PeriodeSerializer()
    total = TotalSerializer()


class LigneSerializer(serializers.Serializer):
    code = serializers.CharField(allow_null=True)
    libelle = serializers.CharField()
    valeurs = serializers.ListField(
        child=serializers.IntegerField(allow_null=True),
        help_text="Une par mesure, dans leur ordre ; null : masquée.",
    )


class RepartitionSerializer(serializers.Serializer):
    code = serializers.CharField()
    titre = serializers.CharField()
    mesures = serializers.ListField(
        child=serializers.ChoiceField(choices=["accompagnements", "participations", "minutes"])
    )
    lignes = LigneSerializer(many=True)


class StatistiquesSerializer(serializers.Serializer):
    perimetre = PerimetreSerializer()
    periode = PeriodeSerializer()
    total = TotalSerializer()
    precedente = PrecedenteSerializer(
        allow_null=True,
        help_text="La période d'avant, de même longueur ; null si le programme n'avait pas commencé, ou masquée.",
    )
    repartitions = RepartitionSerializer(many=True)


class ErreurSerializer(serializers.Serializer):
    champ = serializers.CharField(allow_null=True, help_text="Le champ ou le paramètre ; null : l'ensemble.")
    message = serializers.CharField()


class ProblemeSerializer(serializers.Serializer):
    """RFC 9457."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    erreurs = ErreurSerializer(many=True, required=False)


def page_of(serializer: type[serializers.BaseSerializer[Any]], name: str) -> type[serializers.Serializer[Any]]:
    """The page of a list: its rows, and the addresses of its neighbours."""
    return type(
        name,
        (serializers.Serializer,),
        {
            "resultats": serializer(many=True),
            "suivant": serializers.URLField(allow_null=True, help_text="Adresse de la page suivante."),
            "precedent": serializers.URLField(allow_null=True),
        },
    )


def list_of(serializer: type[serializers.BaseSerializer[Any]], name: str) -> type[serializers.Serializer[Any]]:
    return type(name, (serializers.Serializer,), {"resultats": serializer(many=True)})
