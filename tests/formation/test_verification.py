import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from formation import tasks
from formation.selectors import canonical_reference
from tests.formation.factories import AttestationFactory


@pytest.fixture(autouse=True)
def _no_count_left():
    cache.clear()


@pytest.fixture
def attestation():
    row = AttestationFactory()
    tasks.render_attestation(attestation=row.pk)
    row.refresh_from_db()
    return row


def url(reference):
    return reverse("formation:verify_code", args=[reference])


def content_of(attestation):
    with attestation.fichier.open("rb") as file:
        return file.read()


def upload(client, attestation, content, name="attestation.pdf"):
    return client.post(url(attestation.code), {"fichier": SimpleUploadedFile(name, content)})


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ATT-2026-000123", "ATT-2026-000123"),
        (" att 2026 000123 ", "ATT-2026-000123"),
        ("att–2026–000123", "ATT-2026-000123"),
        ("ABCD-EFGH-JKLM-NPQR-STUV-WXYZ", "ABCDEFGHJKLMNPQRSTUVWXYZ"),
        ("abcd efgh jklm npqr stuv wxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ"),
        ("ATT-26-1", None),
        ("ABCD", None),
        ("' OR 1=1 --", None),
        ("0000-0000-0000-0000-0000-0000", None),
        ("", None),
    ],
)
def test_what_people_copy_from_paper(typed, expected):
    assert canonical_reference(typed) == expected


def test_code_shows_the_initials_and_never_the_name(client, attestation):
    response = client.get(url(attestation.code))
    page = response.content.decode()
    assert "Attestation valide" in page
    assert "I. M." in page
    assert "Attestation de fin de formation" in page
    assert "29 septembre 2026" in page
    for secret in ("Morvan", "Inès", attestation.inscription.dossier.conseiller.compte.email):
        assert secret not in page
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_number_alone_gives_neither_the_initials_nor_the_code(client, attestation):
    page = client.get(url(attestation.numero)).content.decode()
    assert "Attestation valide" in page
    assert "I. M." not in page
    assert attestation.code not in page


def test_revoked_attestation_is_said_so_without_the_reason(client):
    page = client.get(url(AttestationFactory(revoquee=True).code)).content.decode()
    assert "Attestation révoquée" in page
    assert "Erreur de saisie" not in page
    assert "Attestation valide" not in page


@pytest.mark.parametrize("typed", ["numero", "code_groups"])
def test_form_leads_to_the_page(client, attestation, typed):
    response = client.post(reverse("formation:verify"), {"reference": f"  {getattr(attestation, typed).lower()} "})
    assert response.status_code == 302
    assert client.get(response.url).status_code == 200


@pytest.mark.parametrize("typed", ["", "bonjour", "x" * 61, "<script>", "ATT-2026-1"])
def test_form_says_what_is_wrong_and_keeps_what_was_typed(client, typed):
    response = client.post(reverse("formation:verify"), {"reference": typed})
    assert response.status_code == 200
    assert response.context["form"].errors["reference"]
    assert response.context["form"]["reference"].value() == typed


@pytest.mark.parametrize("reference", ["ATT-2026-999999", "ZZZZZZZZZZZZZZZZZZZZZZZZ", "nimporte-quoi"])
def test_unknown_reference_is_a_page_that_helps(client, reference):
    response = client.get(url(reference))
    assert response.status_code == 404
    assert "Aucune attestation ne porte ce numéro" in response.content.decode()


def test_file_issued_is_intact(client, attestation):
    page = upload(client, attestation, content_of(attestation)).content.decode()
    assert "Fichier intact" in page


@pytest.mark.parametrize("where", [5, 100, -1])
def test_one_byte_altered_is_refused(client, attestation, where):
    content = bytearray(content_of(attestation))
    content[where] ^= 1
    page = upload(client, attestation, bytes(content)).content.decode()
    assert "Fichier refusé" in page
    assert "Fichier intact" not in page


@pytest.mark.parametrize("change", [lambda c: c + b"\n", lambda c: c[:-1]])
def test_one_byte_more_or_less_is_refused(client, attestation, change):
    assert "Fichier refusé" in upload(client, attestation, change(content_of(attestation))).content.decode()


def test_file_of_somebody_else_is_refused(client, attestation):
    other = AttestationFactory()
    tasks.render_attestation(attestation=other.pk)
    other.refresh_from_db()
    assert "Fichier refusé" in upload(client, attestation, content_of(other)).content.decode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Ce fichier est vide."),
        (b"PK\x03\x04 a zip", "Ce fichier n&#x27;est pas un PDF."),
        (b"%PDF-1.7" + b"0" * (5 * 1024 * 1024), "Ce fichier dépasse 5 Mo"),
    ],
)
def test_file_that_cannot_be_an_attestation(client, attestation, content, sentence):
    response = upload(client, attestation, content)
    assert response.status_code == 200
    assert sentence in response.content.decode()


def test_no_file_at_all(client, attestation):
    page = client.post(url(attestation.code), {"fichier": "du texte"}).content.decode()
    assert "Choisissez un fichier." in page


def test_file_still_being_rendered_is_not_compared(client):
    attestation = AttestationFactory()
    page = upload(client, attestation, b"%PDF-1.7").content.decode()
    assert "en cours de production" in page
    assert "Fichier" not in page.partition("<h2>Comparer")[2].partition("</main>")[0].replace("Le fichier", "")


def test_reading_the_numbers_one_by_one_is_stopped(client):
    for n in range(60):
        assert client.get(url(f"ATT-2026-{n:06d}")).status_code == 404
    response = client.get(url("ATT-2026-000061"))
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "600"
    assert client.post(reverse("formation:verify"), {"reference": "ATT-2026-000061"}).status_code == 429
    assert client.get(url("ATT-2026-000061"), REMOTE_ADDR="203.0.113.9").status_code == 404
