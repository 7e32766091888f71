"""The application one installs: what a device needs to enter without network and to send later (docs/adr/0018)."""

from uuid import UUID

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accompagnements import services
from accompagnements.forms.activites import AccompagnementForm
from accompagnements.models import Accompagnement
from accompagnements.selectors import device_mark, get_conseiller, today_in
from common.access import public
from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest

# More than a device will ever hold; a longer address than this is nobody's queue.
ASKED_MAX = 200
ICONS = {"192x192": "any", "512x512": "any maskable"}


@public
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    # The fingerprint of our assets: a new release leaves nothing of the old one behind.
    context = {
        "version": getattr(staticfiles_storage, "manifest_hash", "") or "developpement",
        "static_url": settings.STATIC_URL,
    }
    return render(request, "accompagnements/service-worker.js", context, content_type="text/javascript; charset=utf-8")


@public
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    description = {
        "name": f"{settings.SITE_NAME} : mes accompagnements",
        "short_name": "Accompagnements",
        "lang": "fr",
        "id": reverse("accompagnements:list"),
        "start_url": reverse("accompagnements:create"),
        "scope": reverse("accompagnements:list"),
        "display": "standalone",
        "theme_color": "#000091",
        "background_color": "#ffffff",
        "icons": [
            {
                "src": static(f"accompagnements/icone-{size.split('x')[0]}.png"),
                "sizes": size,
                "type": "image/png",
                "purpose": purpose,
            }
            for size, purpose in ICONS.items()
        ],
    }
    return JsonResponse(description, content_type="application/manifest+json")


@roles(RoleKind.CONSEILLER)
@require_safe
def device_state(request: CompteRequest) -> HttpResponse:
    """Say whose session this is, with what to write under it, and which of these entries are recorded already."""
    asked = [uuid for text in request.GET.getlist("uuid")[:ASKED_MAX] if (uuid := _read_uuid(text))]
    recorded = Accompagnement.objects.visible_to(request.role).filter(uuid__in=asked).values_list("uuid", flat=True)
    return JsonResponse(
        {
            "compte": device_mark(request.role),
            "csrf": get_token(request),
            "recorded": [str(uuid) for uuid in recorded],
        }
    )


@roles(RoleKind.CONSEILLER)
@require_POST
def send(request: CompteRequest) -> HttpResponse:
    """Record an entry kept by a device, once however often it is sent; 422 and the reasons where it is refused."""
    if request.POST.get("compte") != device_mark(request.role):
        return JsonResponse({"reasons": ["Cette saisie est celle d'un autre compte."]}, status=409)
    conseiller = get_conseiller(request.role)
    if conseiller is None:
        raise PermissionDenied
    if not _read_uuid(request.POST.get("uuid", "")):
        return JsonResponse({"reasons": ["Cette saisie est abîmée : recommencez-la."]}, status=422)
    form = AccompagnementForm(request.POST, conseiller=conseiller, today=today_in(conseiller.contrat.structure.commune))
    if form.is_valid():
        try:
            services.create_accompagnement(
                conseiller=conseiller, uuid=form.typed_uuid, values=form.values, by=request.role
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            return JsonResponse({})
    return JsonResponse({"reasons": _reasons(form)}, status=422)


def _read_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _reasons(form: AccompagnementForm) -> list[str]:
    reasons = []
    for name, errors in form.errors.items():
        label = f"{form.fields[name].label} : " if name in form.fields else ""
        reasons += [f"{label}{error}" for error in errors]
    return reasons
