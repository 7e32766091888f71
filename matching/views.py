from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from candidatures.models import Candidature
from candidatures.selectors import shareable_cv
from common.exceptions import RuleError
from common.exports import decided_csv_response
from common.pagination import CursorPage, paginate
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from matching import maps, permissions, presenters, selectors, services
from matching.enums import StatutMiseEnRelation
from matching.exploration import explore_page, largest_towns
from matching.filters import ORDERS, ExplorationFilter, PropositionFilter
from matching.forms import AttentesForm, CompareForm, DeclineForm, DeclineSeveralForm
from matching.models import MiseEnRelation, PoidsMatching
from matching.presenters_entretiens import present_entretiens
from matching.scoring import Score
from matching.selectors import Besoin
from structures.models import Structure

_S = StatutMiseEnRelation
# What one form may carry: the rows of a page are twenty.
CHOSEN_MAX = 50
PK_DIGITS = 18
EXPORT_CHUNK = 500
READERS = (RoleKind.STRUCTURE, RoleKind.ANCT, RoleKind.BDT)


def _get_structure(request: CompteRequest, pk: int) -> Structure:
    readable = Structure.objects.visible_to(request.role)
    return get_object_or_404(readable.select_related("commune__departement"), pk=pk)


def _get_mise(request: CompteRequest, pk: int) -> MiseEnRelation:
    """Fetch a mise en relation this role may read; for anyone else it does not exist."""
    rows = MiseEnRelation.objects.visible_to(request.role).select_related(
        "candidature__commune__departement", "structure__commune__departement"
    )
    return get_object_or_404(rows, pk=pk)


# --- The structure --------------------------------------------------------------------------------------------


@roles(*READERS)
@require_safe
def candidat_list(request: CompteRequest, structure_pk: int) -> HttpResponse:
    structure = _get_structure(request, structure_pk)
    filtered = _proposed(request, structure)
    page = paginate(filtered.qs, order=filtered.order, cursor=request.GET.get("page"))
    people = [(mise.candidature, presenters.name_of(mise)) for mise in page.rows]
    context = {
        "structure": structure,
        "filter": filtered,
        "page": page,
        "list_query": PropositionFilter.clean_query(request.GET),
        "can_act": permissions.can_recruit_for(request.role, structure.pk),
        **_table(structure, people, [presenters.proposed_row(mise) for mise in page.rows]),
    }
    return render(request, "matching/candidat_list.html", context)


def _proposed(request: CompteRequest, structure: Structure) -> PropositionFilter:
    rows = MiseEnRelation.objects.visible_to(request.role).filter(structure=structure)
    return PropositionFilter(request.GET, queryset=rows.select_related("candidature__commune__departement"))


def _table(
    structure: Structure, people: Sequence[tuple[Candidature, str]], rows: Sequence[presenters.Row]
) -> dict[str, Any]:
    """Put a map beside the rows of a page: the same people, placed at their communes."""
    here = structure.commune
    places = presenters.places_of(here, people)
    reach = maps.reach_km(places)
    towns = largest_towns(here, within_km=reach) if places else []
    picture = maps.draw(places, x=here.x, y=here.y, reach=reach, towns=towns)
    return {"map": picture, "here": here.nom, "rows": presenters.lettered(rows, picture)}


@roles(*READERS)
@require_safe
def export(request: CompteRequest, structure_pk: int) -> HttpResponseBase:
    structure = _get_structure(request, structure_pk)
    filtered = _proposed(request, structure)
    if not filtered.is_valid():
        # Nothing to download: the list shows which filter is in error.
        return redirect(f"{reverse('matching:candidat_list', args=[structure.pk])}?{request.GET.urlencode()}")
    rows = filtered.qs.prefetch_related("candidature__experiences").order_by(*filtered.order)
    rows = rows.iterator(chunk_size=EXPORT_CHUNK)
    return decided_csv_response(
        "candidats", presenters.EXPORT_HEADER, (presenters.export_row(request.role, mise) for mise in rows)
    )


@roles(RoleKind.STRUCTURE)
@require_http_methods(["GET", "HEAD", "POST"])
def attentes(request: CompteRequest, structure_pk: int) -> HttpResponse:
    structure = _get_structure(request, structure_pk)
    if not permissions.can_recruit_for(request.role, structure.pk):
        raise PermissionDenied
    asked = selectors.attendus_of(structure)
    initial = {"langues": sorted(asked.langues), "savoir_etre": sorted(asked.savoir_etre)}
    form = AttentesForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.save_attentes(structure=structure, **form.cleaned_data, by=request.role)
        messages.success(request, gettext("Vos attentes sont enregistrées."))
        return redirect("matching:candidat_list", structure.pk)
    context = {
        "title": gettext("Ce que vous attendez"),
        "name": structure.nom,
        "back": reverse("matching:candidat_list", args=[structure.pk]),
        "back_name": gettext("Candidats proposés"),
        "form": form,
        "weighs": selectors.attentes_weigh(),
    }
    return render(request, "matching/attentes.html", context)


# --- Several people at once -----------------------------------------------------------------------------------


def _get_chosen(request: CompteRequest, structure: Structure, ticked: list[str]) -> list[MiseEnRelation]:
    """Return the ticked rows this role may read; what is not one of them was never ticked."""
    pks = [int(value) for value in ticked if value.isdecimal() and len(value) <= PK_DIGITS]
    rows = MiseEnRelation.objects.visible_to(request.role).filter(structure=structure, pk__in=pks[:CHOSEN_MAX])
    rows = rows.select_related("candidature__commune__departement").prefetch_related("candidature__experiences")
    return list(rows.order_by(*ORDERS["score"]))


def _list_url(structure: Structure, typed: QueryDict) -> str:
    """The list as it was left: only its own filters, whatever the parameter says."""
    url = reverse("matching:candidat_list", args=[structure.pk])
    query = PropositionFilter.clean_query(QueryDict(typed.get("liste", "")))
    return f"{url}?{query}" if query else url


@roles(*READERS)
@require_safe
def compare(request: CompteRequest, structure_pk: int) -> HttpResponse:
    structure = _get_structure(request, structure_pk)
    mises = _get_chosen(request, structure, request.GET.getlist("choix"))
    form = CompareForm(request.GET, people=[(mise.pk, presenters.label_of(mise)) for mise in mises])
    context = {"structure": structure, "form": form, "back": _list_url(structure, request.GET)}
    if not form.is_valid():
        return render(request, "matching/compare_choice.html", context)
    chosen = [mise for mise in mises if str(mise.pk) in form.cleaned_data["choix"]]
    context["people"] = [presenters.proposed_row(mise) for mise in chosen]
    context["lines"] = presenters.compared(chosen)
    return render(request, "matching/compare.html", context)


@roles(RoleKind.STRUCTURE)
@require_http_methods(["GET", "HEAD", "POST"])
def decline_several(request: CompteRequest, structure_pk: int) -> HttpResponse:
    """Ask why (GET, from the ticks of the list), then say no to each (POST)."""
    structure = _get_structure(request, structure_pk)
    if not permissions.can_recruit_for(request.role, structure.pk):
        raise PermissionDenied
    typed = request.POST if request.method == "POST" else request.GET
    mises = _get_chosen(request, structure, typed.getlist("choix"))
    people = [(mise.pk, presenters.label_of(mise)) for mise in mises]
    given = {"choix": [mise.pk for mise in mises], "liste": typed.get("liste", "")}
    form = DeclineSeveralForm(request.POST if request.method == "POST" else None, people=people, initial=given)
    if request.method == "POST" and form.is_valid():
        chosen = [mise for mise in mises if str(mise.pk) in form.cleaned_data["choix"]]
        refused = services.decline_several(mises_en_relation=chosen, motif=form.cleaned_data["motif"], by=request.role)
        _report_declined(request, structure, len(chosen) - len(refused), refused)
        return redirect(_list_url(structure, typed))
    context = {"structure": structure, "form": form, "people": people, "back": _list_url(structure, typed)}
    return render(request, "matching/decline_several.html", context)


def _report_declined(
    request: CompteRequest, structure: Structure, done: int, refused: list[tuple[MiseEnRelation, RuleError]]
) -> None:
    if done:
        messages.success(
            request,
            ngettext(
                "%(n)d personne est déclinée. Elle est prévenue, avec le motif.",
                "%(n)d personnes sont déclinées. Elles sont prévenues, avec le motif.",
                done,
            )
            % {"n": done},
        )
    # As they are now, which says why.
    now = {mise.pk: mise for mise in _get_chosen(request, structure, [str(mise.pk) for mise, _ in refused])}
    for mise, _ in refused:
        messages.warning(
            request,
            gettext("%(person)s : rien n'est changé, la situation a évolué entre-temps.")
            % {"person": presenters.label_of(now.get(mise.pk, mise))},
        )


# --- Everyone else --------------------------------------------------------------------------------------------


@roles(*READERS)
@require_safe
def explore(request: CompteRequest, structure_pk: int) -> HttpResponse:
    structure = _get_structure(request, structure_pk)
    besoin = selectors.get_besoin(structure)
    filtered = ExplorationFilter(request.GET, queryset=_explorable(structure, besoin))
    page: CursorPage[Candidature] = CursorPage([])
    rows: list[presenters.Row] = []
    if besoin is not None:
        cursor = request.GET.get("page")
        page = explore_page(filtered.qs, besoin=besoin, cursor=cursor, within_km=filtered.within_km)
        poids = services.read_poids()
        rows = [
            presenters.explored_row(candidature, structure.pk, score.total)
            for candidature in page.rows
            if (score := _score(candidature, besoin, poids))
        ]
    context = {
        "structure": structure,
        "filter": filtered,
        "page": page,
        "has_vacancy": besoin is not None,
        **_table(structure, [(c, c.prenom) for c in page.rows], rows),
    }
    return render(request, "matching/explore.html", context)


def _explorable(structure: Structure, besoin: Besoin | None) -> QuerySet[Candidature]:
    """Everyone compatible with whom nothing is under way, and whom neither side refused."""
    if besoin is None:
        return Candidature.objects.none()
    met = MiseEnRelation.objects.filter(structure=structure).exclude(status__in=[_S.EXPIREE, _S.ANNULEE])
    rows = selectors.compatible_candidatures(besoin).exclude(pk__in=met.values("candidature"))
    return rows.select_related("commune__departement")


def _km(candidature: Candidature) -> float:
    km: float = candidature.distance_km  # type: ignore[attr-defined]
    return km


def _score(candidature: Candidature, besoin: Besoin, poids: PoidsMatching) -> Score | None:
    return services.score(candidature, besoin=besoin, distance_km=_km(candidature), poids=poids)


@roles(*READERS)
@require_safe
def explore_detail(request: CompteRequest, structure_pk: int, reference: UUID) -> HttpResponse:
    structure = _get_structure(request, structure_pk)
    besoin = selectors.get_besoin(structure)
    candidature = get_object_or_404(_explorable(structure, besoin), reference=reference)
    assert besoin is not None  # noqa: S101  # Nobody is explorable without a vacant post.
    score = _score(candidature, besoin, services.read_poids())
    details = score.details if score else []
    context = {
        "structure": structure,
        "reference": reference,
        "profil": presenters.present_profil(candidature, _km(candidature)),
        "score": score.total if score else 0,
        "reasons": presenters.reasons_of(details, candidature, RoleKind.STRUCTURE),
        "points": presenters.points_of(details),
        "can_act": permissions.can_recruit_for(request.role, structure.pk),
    }
    return render(request, "matching/explore_detail.html", context)


@roles(RoleKind.STRUCTURE)
@require_POST
def explore_interest(request: CompteRequest, structure_pk: int, reference: UUID) -> HttpResponse:
    structure = _get_structure(request, structure_pk)
    if not permissions.can_recruit_for(request.role, structure.pk):
        raise PermissionDenied
    known = Q(pk__in=MiseEnRelation.objects.filter(structure=structure).values("candidature"))
    if besoin := selectors.get_besoin(structure):
        known |= Q(pk__in=selectors.compatible_candidatures(besoin).order_by().values("pk"))
    candidature = get_object_or_404(Candidature.objects.filter(known), reference=reference)
    try:
        mise = services.explore_interest(structure=structure, candidature=candidature, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
        return redirect("matching:explore", structure.pk)
    messages.success(request, INTEREST_MARKED)
    return redirect("matching:detail", mise.pk)


# --- One mise en relation -------------------------------------------------------------------------------------


@roles(RoleKind.STRUCTURE, RoleKind.CANDIDAT, RoleKind.CONSEILLER, RoleKind.ANCT, RoleKind.BDT)
@require_safe
def detail(request: CompteRequest, pk: int) -> HttpResponse:
    mise = _get_mise(request, pk)
    role = request.role
    own_side = role.kind in {RoleKind.CANDIDAT, RoleKind.CONSEILLER}
    side = RoleKind.CANDIDAT if own_side else RoleKind.STRUCTURE
    besoin = selectors.get_besoin(mise.structure)
    can = _acts(request, mise, is_possible=services.is_possible(mise, besoin))
    context = {
        "mise": mise,
        "structure": mise.structure,
        "place": str(mise.structure.commune),
        "badge_type": presenters.BADGES.get(_S(mise.status), ""),
        "reasons": presenters.reasons_of(mise.details, mise.candidature, side),
        "points": presenters.points_of(mise.details),
        "can": can,
        "entretiens": present_entretiens(role, mise),
    }
    if own_side:
        context["proposition"] = presenters.proposition(mise, besoin, can)
        return render(request, "matching/detail_candidat.html", context)
    context["status"] = presenters.structure_status(mise)
    known = presenters.may_be_known(mise)
    context["profil"] = presenters.present_profil(mise.candidature, mise.distance_km, is_unveiled=known)
    context["contact"] = presenters.present_contact(role, mise)
    context["cv"] = shareable_cv(mise.candidature) if known and role.kind == RoleKind.STRUCTURE else None
    context["waits_for_consent"] = mise.is_unveiled and context["contact"] is None
    return render(request, "matching/detail_structure.html", context)


def _acts(request: CompteRequest, mise: MiseEnRelation, *, is_possible: bool) -> dict[str, bool]:
    """Which buttons a page shows: who may, and when."""
    role = request.role
    reviews = permissions.can_review(role, mise)
    declines = permissions.can_decline(role, mise)
    declined = _S.DECLINEE_CANDIDAT if permissions.is_candidat(role, mise) else _S.DECLINEE_STRUCTURE
    accepts = permissions.can_accept(role, mise) and mise.status == _S.INTERESSEE
    return {
        "interest": is_possible and reviews and mise.status == _S.PROPOSEE,
        "retain": is_possible and reviews and mise.status in {_S.INTERESSEE, _S.ENTRETIEN},
        "prepare": reviews and mise.status in {_S.RETENUE, _S.CONTRAT},
        "accept": is_possible and accepts and mise.acceptee_at is None,
        "decline": declines and mise.can_move_to(declined),
        "undo": is_possible and permissions.can_undo(role, mise),
    }


Act = Callable[..., MiseEnRelation]
INTEREST_MARKED = "Votre intérêt est noté. La personne est prévenue, et vous voyez maintenant comment la joindre."


def _after(request: CompteRequest, mise: MiseEnRelation) -> HttpResponse:
    """Show what an act led to: the row, or the list when a run took the row away meanwhile."""
    if MiseEnRelation.objects.filter(pk=mise.pk).exists():
        return redirect("matching:detail", mise.pk)
    if request.role.kind == RoleKind.CANDIDAT:
        return redirect("matching:proposition_list")
    return redirect("matching:candidat_list", mise.structure_id)


def _review(request: CompteRequest, pk: int, act: Act, done: str) -> HttpResponse:
    mise = _get_mise(request, pk)
    if not permissions.can_review(request.role, mise):
        raise PermissionDenied
    try:
        act(mise_en_relation=mise, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return _after(request, mise)


@roles(RoleKind.STRUCTURE)
@require_POST
def interest(request: CompteRequest, pk: int) -> HttpResponse:
    return _review(request, pk, services.mark_interest, INTEREST_MARKED)


@roles(RoleKind.STRUCTURE)
@require_POST
def retain(request: CompteRequest, pk: int) -> HttpResponse:
    done = "Cette personne est retenue. Préparez maintenant son contrat."
    return _review(request, pk, services.retain, done)


@roles(RoleKind.CANDIDAT)
@require_POST
def accept(request: CompteRequest, pk: int) -> HttpResponse:
    mise = _get_mise(request, pk)
    if not permissions.can_accept(request.role, mise):
        raise PermissionDenied
    try:
        services.accept(mise_en_relation=mise, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Votre accord est noté. La structure est prévenue.")
    return _after(request, mise)


@roles(RoleKind.STRUCTURE, RoleKind.CANDIDAT)
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: CompteRequest, pk: int) -> HttpResponse:
    mise = _get_mise(request, pk)
    if not permissions.can_decline(request.role, mise):
        raise PermissionDenied
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.decline(mise_en_relation=mise, motif=form.cleaned_data["motif"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, "Votre refus est noté. L'autre partie est prévenue.")
            return _after(request, mise)
    name = mise.structure.nom if request.role.kind == RoleKind.CANDIDAT else mise.candidature.prenom
    return render(request, "matching/decline.html", {"form": form, "mise": mise, "name": name})


@roles(RoleKind.STRUCTURE, RoleKind.CANDIDAT)
@require_POST
def undo(request: CompteRequest, pk: int) -> HttpResponse:
    mise = _get_mise(request, pk)
    if not permissions.can_decline(request.role, mise):
        raise PermissionDenied
    try:
        services.undo(mise_en_relation=mise, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "C'est annulé.")
    return _after(request, mise)


# --- The candidat ---------------------------------------------------------------------------------------------


@roles(RoleKind.CANDIDAT)
@require_safe
def proposition_list(request: CompteRequest) -> HttpResponse:
    rows = MiseEnRelation.objects.visible_to(request.role)
    rows = rows.select_related("candidature__commune__departement", "structure__commune__departement")
    page = paginate(rows, order=["-updated_at", "pk"], cursor=request.GET.get("page"))
    structures = Structure.objects.filter(pk__in={mise.structure_id for mise in page.rows})
    besoins = {besoin.structure: besoin for besoin in selectors.list_besoins(structures)}
    propositions = [
        presenters.proposition(mise, besoin, _acts(request, mise, is_possible=services.is_possible(mise, besoin)))
        for mise in page.rows
        for besoin in [besoins.get(mise.structure_id)]
    ]
    return render(request, "matching/proposition_list.html", {"page": page, "propositions": propositions})
