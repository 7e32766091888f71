from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accompagnements import permissions
from accompagnements.figures import HIDDEN, SMALL, Figure, Lecture, read_statistics
from accompagnements.forms.statistiques import StatistiquesForm
from accompagnements.models import Accompagnement, Organisme, Theme
from accompagnements.selectors import (
    FRANCE,
    Statistiques as Measured,
    get_conseiller,
    last_months,
    public_lieux,
    today_for,
)
from common.emails import absolute_url
from common.pagination import Cursors, paginate
from comptes.enums import RoleKind, ScopeApi
from pilotage.api import docs, filters
from pilotage.api.base import ApiView
from pilotage.api.entry import record_accompagnement
from pilotage.api.errors import RefusedError
from pilotage.api.schema import document
from pilotage.api.serializers import (
    AccompagnementSerializer,
    LieuSerializer,
    OrganismeSerializer,
    TerritoireSerializer,
    ThemeSerializer,
)
from pilotage.api.vocabulaire import CODES, TYPES
from territoires.models import Departement, Region

PAGE = {"curseur", "taille"}
DAY = 86_400  # seconds


def page_of(
    request: Request, rows: QuerySet[Any], order: list[str], represent: Callable[[list[Model]], list[Any]]
) -> Response:
    """One page by the place of its last row, and the addresses of its neighbours."""
    asked = filters.read(filters.PageForm(request.query_params))
    cursor = asked["curseur"]
    if cursor and Cursors(",".join(order)).read(cursor)[0] is None:
        raise RefusedError({"curseur": ["Ce curseur n'est pas l'un des nôtres : suivez les adresses données."]})
    page = paginate(rows, order=order, cursor=cursor, per_page=asked["taille"] or filters.PER_PAGE)
    return Response(
        {
            "resultats": represent(page.rows),
            "suivant": _with_cursor(request, page.following),
            "precedent": _with_cursor(request, page.previous),
        }
    )


def _with_cursor(request: Request, cursor: str) -> str | None:
    query = request.query_params.copy()
    query["curseur"] = cursor
    return absolute_url(f"{request.path}?{query.urlencode()}") if cursor else None


def _represent(view: ApiView, rows: list[Any]) -> list[Any]:
    context = {
        "themes": dict(Theme.objects.order_by().values_list("pk", "code")),
        # A conseiller reads their own only.
        "is_author": view.role.kind == RoleKind.CONSEILLER,
    }
    return list(AccompagnementSerializer(rows, many=True, context=context).data)


class AccompagnementList(ApiView):
    scopes = {"GET": ScopeApi.ACCOMPAGNEMENTS_READ, "POST": ScopeApi.ACCOMPAGNEMENTS_WRITE}
    query = frozenset(filters.AccompagnementFilter.base_filters) | PAGE

    @docs.accompagnement_list
    def get(self, request: Request) -> Response:
        asked = filters.AccompagnementFilter(_without(request, PAGE), role=self.role)
        filters.read(asked.form)
        return page_of(request, asked.qs, ["-date", "-pk"], lambda rows: _represent(self, rows))

    @docs.accompagnement_create
    def post(self, request: Request) -> Response:
        conseiller = get_conseiller(self.role)
        if conseiller is None or not permissions.can_log(self.role, conseiller):
            raise PermissionDenied("Seul un conseiller sous contrat enregistre des accompagnements.")
        entry = AccompagnementSerializer(data=request.data)
        entry.is_valid(raise_exception=True)
        row, is_new = record_accompagnement(entry.validated_data, conseiller=conseiller, by=self.role)
        location = absolute_url(reverse("api:accompagnement_detail", args=[row.uuid]))
        headers = {"Location": location}
        return Response(_represent(self, [row])[0], status=201 if is_new else 200, headers=headers)


class AccompagnementDetail(ApiView):
    scopes = {"GET": ScopeApi.ACCOMPAGNEMENTS_READ}

    @docs.accompagnement_detail
    def get(self, request: Request, uuid: UUID) -> Response:
        rows = Accompagnement.objects.visible_to(self.role).select_related("lieu", "commune", "organisme")
        return Response(_represent(self, [get_object_or_404(rows, uuid=uuid)])[0])


class Statistiques(ApiView):
    scopes = {"GET": ScopeApi.STATISTIQUES_READ}
    query = frozenset({"perimetre", "du", "au", "type", "canal", "theme", "commune"})

    @docs.statistiques
    def get(self, request: Request) -> Response:
        """The figures of the page, to the unit where it gives units, hidden where it hides."""
        asked = filters.read(filters.StatistiquesForm(request.query_params))
        form = StatistiquesForm(_as_the_page_asks(asked), role=self.role)
        if not form.is_valid():
            raise RefusedError({name: [str(error) for error in errors] for name, errors in form.errors.items()})
        today = today_for(self.role)
        debut, fin = last_months(**form.period, today=today)
        if fin < debut:
            raise RefusedError({"au": ["Cette période est hors de la vie du programme."]})
        lecture = read_statistics(form.perimetre, debut, fin, today=today)
        return Response(_figures(lecture, asked["perimetre"]))


def _as_the_page_asks(asked: dict[str, Any]) -> dict[str, str]:
    words = {
        "perimetre": asked["perimetre"],
        "du": asked["du"].isoformat() if asked["du"] else "",
        "au": asked["au"].isoformat() if asked["au"] else "",
        "type": TYPES.get(asked["type"], ""),
        "canal": asked["canal"],
        "theme": str(asked["theme"].pk) if asked["theme"] else "",
        "commune": asked["commune"].libelle if asked["commune"] else "",
    }
    return {name: value for name, value in words.items() if value}


def _figures(lecture: Lecture, code: str) -> dict[str, Any]:
    themes = dict(Theme.objects.order_by().values_list("nom", "code"))
    return {
        "perimetre": {"code": code or None, "libelle": lecture.perimetre.label, "propre": not lecture.hides},
        "periode": _period(lecture.debut, lecture.fin),
        "total": _total(lecture.found, hides=lecture.hides),
        "precedente": _before(lecture),
        "repartitions": [_breakdown(figure, themes) for figure in lecture.figures.figures],
    }


def _period(du: date, au: date) -> dict[str, str]:
    return {"du": du.isoformat(), "au": au.isoformat()}


def _total(found: Measured, *, hides: bool) -> dict[str, int | None]:
    """As the page: a small value is hidden, and all of them with a small number of accompagnements."""
    total = found.total
    values = {
        "accompagnements": total.accompagnements,
        "participations": total.participations,
        "recurrents": found.recurrents,
        "minutes": total.minutes,
    }
    all_hidden = hides and 0 < total.accompagnements < SMALL
    return {name: None if all_hidden or (hides and 0 < value < SMALL) else value for name, value in values.items()}


def _before(lecture: Lecture) -> dict[str, Any] | None:
    """The period as long just before; nothing of it where the page says nothing."""
    if lecture.before is None or lecture.past is None or lecture.figures.is_hidden:
        return None
    if lecture.hides and lecture.past.total.accompagnements < SMALL:
        return None
    return {"periode": _period(*lecture.before), "total": _total(lecture.past, hides=lecture.hides)}


def _breakdown(figure: Figure, themes: dict[str, str]) -> dict[str, Any]:
    labels = [str(label) for label, *_ in figure.lines]
    # Months and days are their own codes.
    codes = [themes.get(label) for label in labels] if figure.name == "theme" else CODES.get(figure.name, labels)
    return {
        "code": figure.name,
        "titre": figure.chart.title,
        "mesures": [name.lower() for name in figure.header[1:]],
        "lignes": [
            {"code": code, "libelle": label, "valeurs": [None if value == HIDDEN else value for value in values]}
            for code, (label, *values) in zip(codes, figure.lines, strict=True)
        ],
    }


class LieuList(ApiView):
    public = True
    query = frozenset(filters.LieuFilter.base_filters) | PAGE

    @docs.lieu_list
    def get(self, request: Request) -> Response:
        asked = filters.LieuFilter(_without(request, PAGE), queryset=public_lieux())
        filters.read(asked.form)
        return page_of(request, asked.qs, ["pk"], lambda rows: list(LieuSerializer(rows, many=True).data))


class LieuDetail(ApiView):
    public = True

    @docs.lieu_detail
    def get(self, request: Request, pk: int) -> Response:
        if pk > filters.LARGEST:
            raise Http404
        return Response(LieuSerializer(get_object_or_404(public_lieux(), pk=pk)).data)


class ThemeList(ApiView):
    public = True
    max_age = DAY

    @docs.theme_list
    def get(self, request: Request) -> Response:
        themes = Theme.objects.select_related("parent").order_by("ordre", "pk")
        return Response({"resultats": ThemeSerializer(themes, many=True).data})


class OrganismeList(ApiView):
    public = True
    max_age = DAY

    @docs.organisme_list
    def get(self, request: Request) -> Response:
        organismes = Organisme.objects.order_by("ordre", "pk")
        return Response({"resultats": OrganismeSerializer(organismes, many=True).data})


class TerritoireList(ApiView):
    public = True
    max_age = DAY

    @docs.territoire_list
    def get(self, request: Request) -> Response:
        rows: list[dict[str, Any]] = [{"code": FRANCE, "type": "pays", "nom": "France entière", "parent": None}]
        rows += [
            {"code": f"R{one.pk}", "type": "region", "nom": one.nom, "parent": FRANCE}
            for one in Region.objects.order_by("code")
        ]
        for one in Departement.objects.order_by("code"):
            parent = f"R{one.region_id}" if one.region_id else FRANCE
            rows.append({"code": f"D{one.pk}", "type": "departement", "nom": one.nom, "parent": parent})
        return Response({"resultats": TerritoireSerializer(rows, many=True).data})


class OpenApi(ApiView):
    public = True
    max_age = 3600

    @docs.hidden
    def get(self, request: Request) -> Response:
        return Response(document())


class Nowhere(ApiView):
    """Any other address: a mistake is told as a problem too, and counted."""

    public = True

    @docs.hidden
    def get(self, request: Request, path: str) -> Response:
        raise Http404


def _without(request: Request, names: set[str]) -> dict[str, str]:
    return {name: str(value) for name, value in request.query_params.items() if name not in names}
