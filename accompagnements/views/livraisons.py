from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accompagnements import services
from accompagnements.bilans import demande_of
from accompagnements.enums import GenreLivraison
from accompagnements.filters import ListeFilter
from accompagnements.forms.statistiques import StatistiquesForm
from accompagnements.models import ImportActivite, Livraison
from accompagnements.presentation import present_import, present_livraison
from accompagnements.views.statistiques import READERS
from common.downloads import private_file
from common.exceptions import RuleError
from common.pagination import paginate
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from comptes.services import record

IMPORTS_SHOWN = 20
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _asked(request: HttpRequest) -> QueryDict | None:
    return request.GET or None


@roles(*READERS)
@require_POST
def create_bilan(request: CompteRequest) -> HttpResponse:
    """Ask for the report of the scope and period of the page."""
    form = StatistiquesForm(_asked(request), role=request.role)
    back = f"{reverse('accompagnements:statistics')}?{request.GET.urlencode()}"
    if form.is_bound and not form.is_valid():
        return redirect(back)
    titre, demande = demande_of(request.role, form)
    return _ask(request, GenreLivraison.BILAN, titre, demande, back)


@roles(RoleKind.CONSEILLER)
@require_POST
def create_tableur(request: CompteRequest) -> HttpResponse:
    """Ask for the spreadsheet of the list, with its filters."""
    asked = ListeFilter(_asked(request), role=request.role)
    back = f"{reverse('accompagnements:list')}?{request.GET.urlencode()}"
    if asked.is_bound and not asked.is_valid():
        return redirect(back)
    titre = " ; ".join(asked.summary) if asked.is_bound else ""
    return _ask(request, GenreLivraison.TABLEUR, titre or "Tous mes accompagnements", asked.address, back)


def _ask(request: CompteRequest, genre: GenreLivraison, titre: str, demande: str, back: str) -> HttpResponse:
    try:
        livraison = services.ask_livraison(genre=genre, titre=titre, demande=demande, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
        return redirect(back)
    return redirect(livraison)


@roles(*READERS)
@require_safe
def list_livraisons(request: CompteRequest) -> HttpResponse:
    livraisons = Livraison.objects.visible_to(request.role).kept()
    imports = ImportActivite.objects.visible_to(request.role).order_by("-created_at", "-pk")[:IMPORTS_SHOWN]
    page = paginate(livraisons, order=["-created_at", "-pk"], cursor=request.GET.get("page"))
    context = {
        "page": page,
        "rows": [present_livraison(one) for one in page.rows],
        "imports": [present_import(one) for one in imports],
        "is_conseiller": request.role.kind == RoleKind.CONSEILLER,
    }
    return render(request, "accompagnements/livraisons.html", context)


@roles(*READERS)
@require_safe
def livraison(request: CompteRequest, pk: int) -> HttpResponse:
    """Where a demand is; the page asks again by itself, and may be left."""
    row = get_object_or_404(Livraison.objects.visible_to(request.role).kept(), pk=pk)
    context = {"livraison": present_livraison(row), "is_conseiller": request.role.kind == RoleKind.CONSEILLER}
    return render(request, "accompagnements/livraison.html", context)


@roles(*READERS)
@require_safe
def download(request: CompteRequest, pk: int) -> HttpResponseBase:
    row = get_object_or_404(Livraison.objects.visible_to(request.role).downloadable(), pk=pk)
    if not row.fichier.storage.exists(row.fichier.name or ""):  # Removed at this very moment.
        return redirect("accompagnements:livraisons")
    record(by=request.role, verbe="livraison.download", objet=row, genre=row.genre)
    return private_file(row.fichier, name=row.download_name, content_type=CONTENT_TYPES[row.extension])


@roles(*READERS)
@require_POST
def remove(request: CompteRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Livraison.objects.visible_to(request.role).kept(), pk=pk)
    try:
        services.remove_livraison(livraison=row, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Le fichier est supprimé.")
    return redirect("accompagnements:livraisons")
