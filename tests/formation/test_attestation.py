import hashlib
import io
import re
from pathlib import Path

import pikepdf
import pypdf
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import EntreeJournal, Role
from formation import documents, services, tasks
from formation.constants import CODE_ALPHABET
from formation.enums import Resultat
from formation.models import Attestation
from formation.services import Bilan
from tests.formation.factories import CONTENU, AttestationFactory, InscriptionFactory
from tests.pdfua import elements, problems

BILAN = Bilan(heures=98, ccp1=Resultat.EN_ATTENTE, pix=Resultat.OBTENU, pix_score=512)


def close(inscription, run, by):
    [attestation] = run(services.close_session, session=inscription.session, bilans={inscription.pk: BILAN}, by=by)
    attestation.refresh_from_db()
    return attestation


def read(attestation):
    with attestation.fichier.open("rb") as file:
        return file.read()


def words(content):
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    return re.sub(r"\s+", " ", text)


def test_closing_a_session_ends_with_a_file_and_an_email(mailoutbox, run, formateur):
    inscription = InscriptionFactory(en_cours=True)
    attestation = close(inscription, run, formateur)

    content = read(attestation)
    assert attestation.sha256 == hashlib.sha256(content).hexdigest()
    assert attestation.fichier.name.startswith(f"attestations/{attestation.created_at:%Y}/{attestation.numero}")
    [mail] = mailoutbox
    assert mail.to == [inscription.dossier.conseiller.compte.email]
    assert mail.subject == "Votre attestation de formation est prête"
    assert attestation.code not in mail.body


def test_number_and_code(run, formateur):
    attestation = close(InscriptionFactory(en_cours=True), run, formateur)
    other = close(InscriptionFactory(en_cours=True), run, formateur)
    assert re.fullmatch(r"ATT-\d{4}-000001", attestation.numero)
    assert other.numero.endswith("-000002")
    assert len(attestation.code) == 24
    assert set(attestation.code) <= set(CODE_ALPHABET)
    assert len(CODE_ALPHABET) ** 24 >= 2**100
    assert attestation.code != other.code


def test_numbers_go_on_after_those_taken_in_from_elsewhere(run, formateur):
    year = timezone.localdate().year
    AttestationFactory(numero=f"ATT-{year}-000041")
    assert close(InscriptionFactory(en_cours=True), run, formateur).numero == f"ATT-{year}-000042"
    assert close(InscriptionFactory(en_cours=True), run, formateur).numero == f"ATT-{year}-000043"


def test_page_says_what_was_decided_then_even_if_the_name_changes(run, formateur):
    inscription = InscriptionFactory(en_cours=True)
    attestation = close(inscription, run, formateur)
    compte = inscription.dossier.conseiller.compte
    before = words(read(attestation))
    compte.nom = "Un autre nom"
    compte.save()
    assert documents.attestation_pdf(attestation) == read(attestation)
    for text in ("Camille Durand", "98 heures", "En attente", "512 pix", attestation.numero, attestation.code_groups):
        assert text in before


def test_file_is_accessible():
    content = documents.attestation_pdf(AttestationFactory())
    assert problems(content) == []
    with pikepdf.open(io.BytesIO(content)) as pdf:
        kinds = [kind for kind, _ in elements(pdf)]
        figures = [str(node.Alt) for kind, node in elements(pdf) if kind == "/Figure"]
        assert figures == ["QR code vers la page de vérification"]
        assert kinds.count("/H1") == 1
        assert kinds.count("/TH") == 5
        assert str(pdf.Root.Lang) == "fr"


def fonts_of(content):
    fonts = pypdf.PdfReader(io.BytesIO(content)).pages[0]["/Resources"]["/Font"].values()
    return {str(font.get_object()["/BaseFont"]).partition("+")[2] for font in fonts}


def test_fonts_are_ours_only():
    content = documents.attestation_pdf(AttestationFactory())
    assert fonts_of(content) == {"DejaVu-Sans", "DejaVu-Sans-Bold"}


@pytest.mark.parametrize("nom", ["王小明", "たなか", "김영희"])
def test_names_of_east_asia_are_drawn_and_not_boxes(nom):
    attestation = AttestationFactory()
    attestation.contenu = attestation.contenu | {"nom": nom}
    content = documents.attestation_pdf(attestation)
    assert problems(content) == []
    assert any(font.startswith("WenQuanYi-Zen-Hei") for font in fonts_of(content))
    assert nom in words(content)


@pytest.mark.parametrize(
    "nom",
    [
        "<script>alert(1)</script>", "<img src=file:///etc/passwd>", "' onload='x", "{{ 7|add:7 }}",
        "de La Rochefoucauld-Montmorency " * 4, "Νικολάου", "O’Connor-Øster", "x" * 150, "محمد",
    ],
)  # fmt: skip
def test_hostile_or_unusual_names_are_printed_as_they_are(nom):
    attestation = AttestationFactory()
    attestation.contenu = attestation.contenu | {"nom": nom}
    content = documents.attestation_pdf(attestation)
    assert problems(content) == []
    if nom.isascii():
        assert nom.replace(" ", "").strip() in words(content).replace(" ", "")


def test_second_delivery_writes_nothing_again(mailoutbox, django_capture_on_commit_callbacks):
    attestation = AttestationFactory()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.render_attestation(attestation=attestation.pk)
    attestation.refresh_from_db()
    first = (attestation.rendered_at, attestation.fichier.name)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.render_attestation(attestation=attestation.pk)
    attestation.refresh_from_db()
    assert (attestation.rendered_at, attestation.fichier.name) == first
    assert len(mailoutbox) == 1


def test_worker_killed_after_the_file_and_before_the_commit_is_caught_up(monkeypatch):
    attestation = AttestationFactory()
    folder = Path(attestation.fichier.storage.path("attestations/2026"))
    # Numbers start again with each emptied database: other tests may have left files of this one.
    before = set(folder.glob("*"))

    def killed(*args, **kwargs):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "queue_effet", killed)
        with pytest.raises(RuntimeError, match="killed"):
            tasks.render_attestation(attestation=attestation.pk)
    attestation.refresh_from_db()
    assert attestation.rendered_at is None

    tasks.render_attestation(attestation=attestation.pk)
    attestation.refresh_from_db()
    assert [path.name for path in set(folder.glob("*")) - before] == [Path(attestation.fichier.name).name]
    assert attestation.sha256 == hashlib.sha256(read(attestation)).hexdigest()


@pytest.mark.parametrize(
    "values", [{"contenu": {}}, {"numero": "ATT-2026-999999"}, {"code": "X" * 24}, {"genre": "entree"}]
)
def test_database_keeps_what_was_decided(values):
    attestation = AttestationFactory()
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        Attestation.objects.filter(pk=attestation.pk).update(**values)


def test_database_keeps_the_file_written_once_and_the_row():
    attestation = AttestationFactory()
    tasks.render_attestation(attestation=attestation.pk)
    for act in (
        lambda rows: rows.update(sha256="0" * 64),
        lambda rows: rows.update(fichier="autre.pdf"),
        lambda rows: rows.delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            act(Attestation.objects.filter(pk=attestation.pk))


def test_revocation_is_final_and_motivated(formateur):
    attestation = services.revoke_attestation(attestation=AttestationFactory(), motif="Fraude", by=formateur)
    with pytest.raises(RuleError, match="déjà révoquée"):
        services.revoke_attestation(attestation=attestation, motif="Encore", by=formateur)
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        Attestation.objects.filter(pk=attestation.pk).update(revoked_at=None, revoked_reason="", revoked_by=None)
    assert EntreeJournal.objects.get(verbe="attestation.revoquer").compte == formateur.compte


def test_corrected_results_replace_the_attestation(run, formateur, mailoutbox):
    attestation = AttestationFactory()
    inscription = attestation.inscription
    bilan = Bilan(heures=105, ccp1=Resultat.NON_OBTENU, pix=Resultat.OBTENU, pix_score=640)

    new = run(services.correct_bilan, inscription=inscription, bilan=bilan, by=formateur)

    attestation.refresh_from_db()
    assert attestation.revoked_at is not None
    assert new.contenu["ccp1"] == "non_obtenu"
    assert new.revoked_at is None
    assert len(mailoutbox) == 1
    with pytest.raises(RuleError, match="Rien n'a changé"):
        services.correct_bilan(inscription=inscription, bilan=bilan, by=formateur)


# --- Download -------------------------------------------------------------------------------------------
@pytest.fixture
def rendered():
    attestation = AttestationFactory()
    tasks.render_attestation(attestation=attestation.pk)
    attestation.refresh_from_db()
    return attestation


def owner(attestation):
    compte = attestation.inscription.dossier.conseiller.compte
    return Role.objects.get(compte=compte, kind=RoleKind.CONSEILLER)


def test_conseiller_downloads_the_very_bytes_and_the_journal_says_so(enter, rendered):
    response = enter(owner(rendered)).get(reverse("formation:attestation_download", args=[rendered.pk]))
    assert hashlib.sha256(response.content).hexdigest() == rendered.sha256
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{rendered.numero}.pdf"'
    assert response.headers["Cache-Control"] == "no-store, private"
    entry = EntreeJournal.objects.get(verbe="attestation.telecharger")
    assert entry.objet == f"formation.Attestation:{rendered.pk}"


def test_file_being_rendered_is_not_there_yet(enter):
    attestation = AttestationFactory()
    response = enter(owner(attestation)).get(reverse("formation:attestation_download", args=[attestation.pk]))
    assert response.status_code == 404


def test_file_has_no_public_address(client, rendered):
    for path in (f"/media/{rendered.fichier.name}", f"/{rendered.fichier.name}", f"/static/{rendered.fichier.name}"):
        assert client.get(path).status_code in {302, 404}


def test_content_printed_is_the_content_of_the_factory():
    assert set(CONTENU) | {"adresse"} == set(AttestationFactory().contenu)
