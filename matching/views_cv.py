"""The CV of a person, for the structure that showed its interest."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from candidatures.exceptions import CvUnavailableError
from candidatures.selectors import cv_file_name
from candidatures.services import open_cv
from common.downloads import private_pdf
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from matching import permissions
from matching.models import MiseEnRelation


@roles(RoleKind.STRUCTURE)
@require_GET
def cv(request: CompteRequest, pk: int) -> HttpResponse:
    """Send the CV and note who read it. Before the interest it does not exist, nor after a refusal."""
    rows = MiseEnRelation.objects.visible_to(request.role).select_related("candidature__commune__departement")
    mise = get_object_or_404(rows, pk=pk)
    if not permissions.can_read_contact(request.role, mise):
        raise Http404
    try:
        file = open_cv(candidature=mise.candidature, by=request.role, mise_en_relation=mise.pk)
    except CvUnavailableError as error:
        raise Http404 from error
    return private_pdf(file, name=cv_file_name(mise.candidature))
