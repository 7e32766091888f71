"""What the outbox does for the app besides e-mails."""

from datetime import datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from candidatures.constants import CV_FOLDERS, CV_MAX_PAGES, CV_MAX_SIZE
from candidatures.enums import StatutCV
from candidatures.models import CV
from common import antivirus
from common.pdf_cleaning import TOO_COMPLEX, PdfRefusedError, clean_pdf
from notifications.registry import action
from notifications.services import queue_effet

THREAT = "L'antivirus a reconnu un programme dangereux dans ce fichier. Déposez votre CV depuis un autre appareil."
LOST = "Ce fichier n'a pas été reçu en entier. Déposez-le à nouveau."


@action("candidatures.check_cv")
def check_cv(cv: int) -> None:
    """Scan and rewrite a CV in quarantine. A second delivery finds the work done and stops.

    Nothing is locked while the file is examined, which may take a minute: its owner may replace or remove it
    meanwhile. The new file is written whole, under its name, before the row says that it is there.
    """
    waiting = CV.objects.filter(pk=cv, status=StatutCV.QUARANTAINE).first()
    if waiting is None:
        return
    try:
        content, analyse_at = _examine(waiting)
    except PdfRefusedError as refusal:
        _refuse(cv, str(refusal))
    else:
        _keep(cv, content, analyse_at)


def _examine(cv: CV) -> tuple[bytes, datetime | None]:
    try:
        with cv.depot.open("rb") as file:
            received = file.read()
    except FileNotFoundError as error:
        raise PdfRefusedError(LOST) from error
    analyse_at = None
    # Where one is required and none is configured, the answer is an error and the file goes on waiting.
    if antivirus.is_configured() or settings.ANTIVIRUS_REQUIRED:
        if antivirus.find_threat(received):
            raise PdfRefusedError(THREAT)
        analyse_at = timezone.now()
    content = clean_pdf(received, max_pages=CV_MAX_PAGES)
    if len(content) > CV_MAX_SIZE:
        raise PdfRefusedError(TOO_COMPLEX)
    return content, analyse_at


def _lock_waiting(pk: int) -> CV | None:
    rows = CV.objects.select_for_update(of=("self",)).select_related("candidature")
    return rows.filter(pk=pk, status=StatutCV.QUARANTAINE).first()


@transaction.atomic
def _keep(pk: int, content: bytes, analyse_at: datetime | None) -> None:
    cv = _lock_waiting(pk)
    if cv is None:
        return
    name = f"{CV_FOLDERS['fichier']}{cv.reference}.pdf"
    storage = cv.fichier.storage
    storage.delete(name)  # Left by a worker killed before its commit.
    name = storage.save(name, ContentFile(content))
    cv.move_to(StatutCV.PROPRE, by=None, fichier=name, taille=len(content), analyse_at=analyse_at)
    discard_files(cv)


@transaction.atomic
def _refuse(pk: int, sentence: str) -> None:
    cv = _lock_waiting(pk)
    if cv is None:
        return
    cv.move_to(StatutCV.REFUSE, by=None, reason=sentence, motif_refus=sentence)
    discard_files(cv)
    queue_effet(
        "candidatures.cv_refused",
        cle=f"candidatures.cv_refused:{cv.pk}",
        destinataire=cv.candidature.email,
        pk=cv.pk,
    )


def discard_files(cv: CV) -> None:
    """Erase, once the transaction is committed, the files this status no longer needs."""
    queue_effet("candidatures.discard_cv_files", cle=f"candidatures.discard_cv_files:{cv.pk}:{cv.status}", cv=cv.pk)


@action("candidatures.discard_cv_files")
@transaction.atomic
def discard_cv_files(cv: int) -> None:
    row = CV.objects.select_for_update().get(pk=cv)
    if row.status != StatutCV.QUARANTAINE and row.depot:
        row.depot.delete(save=False)
    if row.status in {StatutCV.REFUSE, StatutCV.SUPPRIME} and row.fichier:
        row.fichier.delete(save=False)
    row.save(update_fields=["depot", "fichier", "updated_at"])
