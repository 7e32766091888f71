import hashlib
import hmac

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from common.access import public
from common.exceptions import RuleError
from common.ratelimit import rate_limited
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from comptes.services import record
from formation import permissions, selectors, services
from formation.calendrier import by_week
from formation.enums import StatutInscription
from formation.forms import FichierForm, MotifForm, ReferenceForm
from formation.models import Attestation, DossierFormation

# An employer checks a handful of papers; sixty in ten minutes is a program reading the numbers one by one.
verifications_limited = rate_limited("verify", amount=60, seconds=600)


@roles(RoleKind.CONSEILLER)
@require_safe
def mine(request: CompteRequest) -> HttpResponse:
    dossier = DossierFormation.objects.visible_to(request.role).for_list().first()
    context: dict[str, object] = {"dossier": dossier}
    if dossier is not None:
        inscription = (
            dossier.inscriptions.filter(
                status__in=[StatutInscription.CONFIRMEE, StatutInscription.EN_COURS, StatutInscription.TERMINEE]
            )
            .select_related("session__organisme__commune", "session__commune", "session__parcours")
            .order_by("-pk")
            .first()
        )
        context["row"] = selectors.dossier_rows([dossier])[0]
        context["inscription"] = inscription
        if inscription is not None:
            context["lieu"] = selectors.session_place(inscription.session)
            context["resultats"] = selectors.results_in_words(inscription)
            context["weeks"] = selectors.week_rows(by_week(services.session_days(inscription.session)))
        context["attestations"] = selectors.attestation_rows(
            Attestation.objects.visible_to(request.role).order_by("-pk")
        )
    return render(request, "formation/mine.html", context)


@roles(RoleKind.CONSEILLER, RoleKind.ORGANISME_FORMATION, RoleKind.BDT, RoleKind.ANCT)
@require_safe
def attestation_download(request: CompteRequest, pk: int) -> HttpResponse:
    rendered = Attestation.objects.visible_to(request.role).filter(rendered_at__isnull=False)
    attestation = get_object_or_404(rendered, pk=pk)
    with attestation.fichier.open("rb") as file:
        content = file.read()
    record(by=request.role, verbe="attestation.telecharger", objet=attestation)
    disposition = f'attachment; filename="{attestation.numero}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})


@roles(RoleKind.ORGANISME_FORMATION, RoleKind.BDT)
@require_http_methods(["GET", "HEAD", "POST"])
def attestation_revoke(request: CompteRequest, pk: int) -> HttpResponse:
    rows = Attestation.objects.visible_to(request.role).select_related("inscription__session")
    attestation = get_object_or_404(rows, pk=pk)
    if not permissions.can_revoke(request.role, attestation):
        raise PermissionDenied
    form = MotifForm(request.POST or None, help_text=_("250 caractères au maximum. Il n’est pas publié."))
    if request.method == "POST" and form.is_valid():
        try:
            services.revoke_attestation(attestation=attestation, motif=form.cleaned_data["motif"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("L’attestation est révoquée : la page de vérification le dit désormais."))
            return redirect("formation:session_detail", pk=attestation.inscription.session_id)
    return render(request, "formation/attestation_revoke.html", {"form": form, "attestation": attestation})


@public
@require_http_methods(["GET", "HEAD", "POST"])
@verifications_limited
def verify(request: HttpRequest) -> HttpResponse:
    form = ReferenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("formation:verify_code", code=form.cleaned_data["reference"])
    return _not_indexed(render(request, "formation/verify.html", {"form": form}))


@public
@require_http_methods(["GET", "HEAD", "POST"])
@verifications_limited
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """Say whether an attestation is valid, to anyone; and whether a file is the one that was issued."""
    reference = selectors.canonical_reference(code)
    verification = selectors.find_attestation(reference) if reference else None
    if verification is None:
        context = {"form": ReferenceForm(), "unknown": True}
        return _not_indexed(render(request, "formation/verify.html", context, status=404))
    form = FichierForm(request.POST or None, request.FILES or None)
    intact = None
    if request.method == "POST":
        form = FichierForm(request.POST, request.FILES)
        if form.is_valid() and not verification.en_preparation:
            digest = hashlib.file_digest(form.cleaned_data["fichier"], "sha256").hexdigest()
            intact = hmac.compare_digest(digest, verification.attestation.sha256)
    context = {"verification": verification, "form": form, "intact": intact}
    return _not_indexed(render(request, "formation/verify_code.html", context))


def _not_indexed(response: HttpResponse) -> HttpResponse:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
