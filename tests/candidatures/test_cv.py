"""The CV: received, checked, read, kept, erased."""

import io
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from candidatures import jobs, services, tasks
from candidatures.constants import CV_FOLDERS
from candidatures.enums import MotifRetrait, StatutCV
from candidatures.exceptions import CvUnavailableError
from candidatures.models import CV, Candidature
from candidatures.selectors import READ_CV, with_cv
from common import antivirus
from common.exceptions import TransitionError
from comptes.enums import RoleKind
from comptes.models import EntreeJournal
from notifications.enums import EtatEffet
from notifications.models import Effet
from notifications.tasks import drain
from tests import pdfs
from tests.candidatures.factories import CandidatureFactory, CVFactory
from tests.comptes.factories import RoleFactory

URL = "/ma-candidature/cv/"
DOWNLOAD = "/ma-candidature/cv/telecharger/"
HONEST = pdfs.build(words="Curriculum")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def candidature(client):
    candidature = CandidatureFactory()
    client.force_login(candidature.compte)
    return candidature


@pytest.fixture
def role(candidature):
    return candidature.compte.roles.get()


def files():
    """Every file there is, by folder."""
    return {
        folder: default_storage.listdir(folder)[1] if default_storage.exists(folder) else []
        for folder in CV_FOLDERS.values()
    }


def nothing_left():
    return not any(files().values())


def deposit(client, content=HONEST, name="mon cv.pdf"):
    return client.post(URL, {"fichier": SimpleUploadedFile(name, content)})


def error(response):
    assert response.status_code == 200
    return str(response.context["form"].errors["fichier"])


# --- From the form to the clean file ------------------------------------------------------------------------


def test_deposited_checked_then_readable_by_its_owner(client, candidature):
    assert deposit(client, pdfs.build(pdfs.arm, words="Curriculum"), name="piege.exe").status_code == 302

    cv = CV.objects.get()
    assert (cv.status, cv.candidature, cv.fichier.name) == (StatutCV.QUARANTAINE, candidature, "")
    assert "En cours de vérification" in client.get(URL).content.decode()
    assert client.get(DOWNLOAD).status_code == 404

    drain()

    response = client.get(DOWNLOAD)
    content = response.content
    assert "Curriculum" in PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert b"MALICE" not in content
    assert response["Content-Disposition"] == 'attachment; filename="cv-ines-morvan.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    # What was received is gone; the row says what happened.
    assert files() == {"cv/depots/": [], "cv/propres/": [f"{cv.reference}.pdf"]}
    assert [move.to_status for move in cv.transitions.all()] == [StatutCV.PROPRE]
    # Nothing looked at it here, and the page does not pretend.
    assert "n’a pas été analysé" in client.get(URL).content.decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vide"),
        (b"MZ\x90\x00 un programme", "pas un PDF"),
        (b"%PDF-" + bytes(10 * 1024 * 1024), "10 Mo"),
        (b"%PDF-" + bytes(30 * 1024 * 1024), "10 Mo"),
    ],
)
def test_refused_at_once_beside_the_field(client, candidature, content, words):
    assert words in error(deposit(client, content))
    assert not CV.objects.exists()
    assert nothing_left()


def test_no_file_at_all(client, candidature):
    assert "Choisissez un fichier" in error(client.post(URL, {"fichier": "du texte"}))


def test_a_file_past_the_ceiling_is_not_stored_whole(rf):
    file = SimpleUploadedFile("cv.pdf", b"%PDF-" + bytes(60_000_000))
    stored = rf.post(URL, {"fichier": file}).FILES["fichier"]
    assert 40_000_000 < stored.size < 41_000_000
    stored.close()


def test_refused_after_the_check_with_a_mail_that_says_why(client, candidature, mailoutbox):
    deposit(client, pdfs.build(pages=21))
    drain()

    cv = CV.objects.get()
    assert (cv.status, cv.depot.name) == (StatutCV.REFUSE, "")
    (mail,) = mailoutbox
    assert "trop de pages" in mail.body
    assert "trop de pages" in client.get(URL).content.decode()
    assert client.get(DOWNLOAD).status_code == 404
    assert nothing_left()


def test_replacing_a_cv_erases_the_previous_one(client, candidature):
    deposit(client)
    drain()
    deposit(client)
    drain()

    first, second = CV.objects.order_by("pk")
    assert (first.status, second.status) == (StatutCV.SUPPRIME, StatutCV.PROPRE)
    assert files() == {"cv/depots/": [], "cv/propres/": [f"{second.reference}.pdf"]}


def test_a_candidature_that_has_ended_takes_no_cv(client):
    candidature = CandidatureFactory(retiree=True)
    client.force_login(candidature.compte)

    page = client.get(URL).content.decode()
    assert "Déposer mon CV" not in page
    with pytest.raises(TransitionError):
        services.deposit_cv(
            candidature=candidature, fichier=ContentFile(HONEST, name="cv.pdf"), by=candidature.compte.roles.get()
        )


def test_the_database_keeps_one_cv_a_candidature_and_its_statuses():
    cv = CVFactory(propre=True)
    for wrong in ({"status": StatutCV.QUARANTAINE}, {"taille": 0}, {"fichier": ""}):
        with pytest.raises(Exception, match=r"cv_|Invalid transition"), transaction.atomic():
            CV.objects.filter(pk=cv.pk).update(**wrong)
    with pytest.raises(IntegrityError, match="cv_un_seul_par_candidature"), transaction.atomic():
        CVFactory(candidature=cv.candidature)


# --- The worker ---------------------------------------------------------------------------------------------


def test_a_check_that_comes_twice_does_its_work_once(mailoutbox):
    cv = CVFactory(content=HONEST)
    tasks.check_cv(cv.pk)
    first = files()
    tasks.check_cv(cv.pk)

    assert files() == first
    assert cv.transitions.count() == 1


def test_a_worker_killed_before_its_commit_leaves_a_cv_that_still_waits(monkeypatch):
    """The clean file was written, nothing says it: the next worker writes it again, and it is the only one."""
    cv = CVFactory(content=HONEST)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CV, "move_to", killed)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            tasks.check_cv(cv.pk)
    cv.refresh_from_db()
    assert cv.status == StatutCV.QUARANTAINE
    assert not CV.objects.readable().exists()

    tasks.check_cv(cv.pk)
    drain()

    assert files() == {"cv/depots/": [], "cv/propres/": [f"{cv.reference}.pdf"]}


def test_a_cv_removed_while_it_was_examined_is_not_kept(monkeypatch, candidature, role):
    cv = CVFactory(candidature=candidature, content=HONEST)

    def removed_meanwhile(content, **kwargs):
        services.remove_cv(candidature=candidature, by=role)
        return content

    monkeypatch.setattr(tasks, "clean_pdf", removed_meanwhile)
    tasks.check_cv(cv.pk)
    drain()

    cv.refresh_from_db()
    assert cv.status == StatutCV.SUPPRIME
    assert nothing_left()


def test_a_deposit_whose_file_is_lost_is_refused(mailoutbox):
    cv = CVFactory()
    default_storage.delete(cv.depot.name)
    tasks.check_cv(cv.pk)
    cv.refresh_from_db()
    assert cv.status == StatutCV.REFUSE


# --- The antivirus ------------------------------------------------------------------------------------------


def test_what_the_antivirus_recognises_is_refused(settings, monkeypatch):
    settings.CLAMAV_URL = "unix:///clamd"
    monkeypatch.setattr(antivirus, "find_threat", lambda content: "Malice")
    cv = CVFactory(content=HONEST)
    tasks.check_cv(cv.pk)
    cv.refresh_from_db()
    assert (cv.status, cv.motif_refus) == (StatutCV.REFUSE, tasks.THREAT)


def test_without_a_verdict_the_cv_waits_and_is_asked_about_again(settings, today):
    settings.ANTIVIRUS_REQUIRED = True
    cv = CVFactory(content=HONEST)
    with transaction.atomic():
        services._queue_check(cv, "first")
    drain()
    cv.refresh_from_db()
    assert cv.status == StatutCV.QUARANTAINE
    assert Effet.objects.get().etat == EtatEffet.EN_ATTENTE

    today.shift(timedelta(hours=2))
    Effet.objects.update(etat=EtatEffet.ABANDONNE)
    assert jobs.check_waiting_cvs() == 1
    assert jobs.check_waiting_cvs() == 1
    assert Effet.objects.filter(etat=EtatEffet.EN_ATTENTE).count() == 1


def test_a_structure_never_reads_what_no_antivirus_saw_where_one_is_required(settings):
    cv = CVFactory(propre=True)
    reader = RoleFactory(kind=RoleKind.STRUCTURE)
    settings.ANTIVIRUS_REQUIRED = True
    with pytest.raises(CvUnavailableError):
        services.open_cv(candidature=cv.candidature, by=reader)
    assert [row.has_cv for row in with_cv(Candidature.objects.all())] == [False]

    CV.objects.update(analyse_at=timezone.now())
    services.open_cv(candidature=cv.candidature, by=reader).close()
    assert [row.has_cv for row in with_cv(Candidature.objects.all())] == [True]


# --- Who reads, and for how long ----------------------------------------------------------------------------


def test_each_reading_is_written_down_for_ever(client, candidature, role):
    CVFactory(candidature=candidature, propre=True)
    reader = RoleFactory(kind=RoleKind.STRUCTURE)
    services.open_cv(candidature=candidature, by=reader, mise_en_relation=12).close()
    client.get(DOWNLOAD)

    rows = EntreeJournal.objects.filter(verbe=READ_CV).order_by("pk")
    assert [(row.compte, row.role) for row in rows] == [(reader.compte, "structure"), (role.compte, "candidat")]
    assert rows[0].details == {"mise_en_relation": 12}
    # The person sees who came, not their own readings.
    assert len(client.get(URL).context["cv"].readings) == 1
    with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
        rows.delete()


def test_someone_elses_cv_is_not_reached(client, candidature):
    CVFactory(propre=True)
    assert client.get(DOWNLOAD).status_code == 404
    assert "Aucun CV" in client.get("/ma-candidature/").content.decode()


def test_removed_by_its_owner(client, candidature):
    CVFactory(candidature=candidature, propre=True)
    client.post(reverse("candidatures:cv_remove"))
    assert client.get(DOWNLOAD).status_code == 404
    drain()
    assert nothing_left()
    # A second click is a sentence, not an error.
    assert "n&#x27;est pas disponible" in client.post(reverse("candidatures:cv_remove"), follow=True).content.decode()


def test_goes_with_the_candidature(candidature, role):
    CVFactory(candidature=candidature, propre=True)
    services.withdraw_candidature(candidature=candidature, motif=MotifRetrait.AUTRE, by=role)
    drain()
    assert nothing_left()
    assert CV.objects.get().status == StatutCV.SUPPRIME


def test_erased_after_six_months_without_a_word_once_purges_are_real(settings, mailoutbox):
    old = CVFactory(propre=True, renewed_at=timezone.now() - timedelta(days=184))
    kept = CVFactory(propre=True, renewed_at=timezone.now() - timedelta(days=182))

    assert jobs.delete_old_cvs() == 1
    assert CV.objects.readable().count() == 2
    # Whether or not it is erased yet, no structure reads it any more.
    assert [cv.pk for cv in CV.objects.shareable()] == [kept.pk]

    settings.PURGE_DRY_RUN = False
    assert jobs.delete_old_cvs() == 1
    assert jobs.delete_old_cvs() == 0
    drain()
    assert [cv.pk for cv in CV.objects.readable()] == [kept.pk]
    assert [mail.to for mail in mailoutbox] == [[old.candidature.email]]
    assert files()["cv/propres/"] == [f"{kept.reference}.pdf"]


@pytest.mark.parametrize("name", ["candidatures:cv_renew", "candidatures:renew"])
def test_kept_six_more_months_when_its_owner_says_so(client, candidature, name):
    cv = CVFactory(candidature=candidature, propre=True, renewed_at=timezone.now() - timedelta(days=180))
    client.post(reverse(name))
    cv.refresh_from_db()
    assert timezone.now() - cv.renewed_at < timedelta(minutes=1)


def test_files_of_deposits_cut_short_are_deleted(today):
    default_storage.save("cv/depots/orphan.pdf", ContentFile(b"x"))
    cv = CVFactory()
    assert jobs.delete_orphan_cv_files() == 0

    today.shift(timedelta(days=365 * 30))  # The file's date is that of the machine.
    assert jobs.delete_orphan_cv_files() == 1
    assert files()["cv/depots/"] == [f"{cv.reference}.pdf"]


def test_the_export_tells_what_is_held(client, candidature):
    CVFactory(candidature=candidature, propre=True)
    (exported,) = client.get("/ma-candidature/export.json").json()["candidatures"]
    assert [cv["statut"] for cv in exported["cv"]] == ["propre"]
