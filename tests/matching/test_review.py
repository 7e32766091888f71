from datetime import date

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from candidatures.enums import FRANCE_ENTIERE
from candidatures.models import Candidature
from comptes.enums import RoleKind
from matching.enums import STATUTS_DEVOILES, MotifRefus, Origine, StatutMiseEnRelation
from matching.models import MiseEnRelation
from tests.candidatures.factories import CandidatureFactory, CVFactory
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.notifications.helpers import at_once
from tests.structures.factories import PosteFactory
from tests.territoires.factories import CommuneFactory
from tests.test_access import enter

_S = StatutMiseEnRelation
SECRETS = {
    "nom": "Zyxwvut",
    "email": "zyx.secret@exemple.fr",
    "telephone": "+33698765432",
    "date_naissance": date(1987, 6, 5),
}
WRITTEN = "J'aide mes voisins. Écrivez à zyx.secret@exemple.fr ou au 06 98 76 54 32."
TRACES = [b"Zyxwvut", b"zyx.secret", b"98765432", b"98 76 54 32", b"1987", b"5 juin"]


@pytest.fixture
def structure():
    return PosteFactory().structure


@pytest.fixture
def role(client, structure):
    role = member_role(structure)
    enter(client, role)
    return role


def secret_candidature(**kwargs):
    values = {"motivation": WRITTEN, "competences": WRITTEN, "niveau_pix": 500, **SECRETS}
    candidature = CandidatureFactory(**{**values, **kwargs})
    # Where someone worked may say who they are; what they know is theirs to tell, how to reach them is not.
    candidature.experiences.create(poste="Animatrice", employeur="Zyxwvut et filles", mois=24)
    CVFactory(candidature=candidature, propre=True, content=b"%PDF-1.7 Zyxwvut")
    return candidature


def leaks(response):
    return [trace for trace in TRACES if trace in response.content]


LIST_QUERIES = [
    "", "?tri=distance", "?tri=-score", "?tri=candidature__nom", "?tri=-candidature__email", "?statut=proposee",
    "?statut=nimporte", "?distance=20", "?distance=x", "?experience=on", "?diplome=tp_remn", "?disponible=2027-01-01",
    "?disponible=hier", "?pix=256&cv=on", "?pix=x", "?score=60", "?score=x", "?statut=interessee&tri=recent",
    "?tri=disponibilite", "?page=2", "?page=abc", "?candidature__nom=Zyxwvut", "?nom=Zyxwvut",
    "?tri=distance&tri=-score",
]  # fmt: skip


def test_nothing_in_the_bytes_says_who_before_the_interest(client, role, structure):
    MiseEnRelationFactory(structure=structure, candidature=secret_candidature())
    explorable = secret_candidature(email="zyx.secret2@exemple.fr")

    for query in LIST_QUERIES:
        for name in ("candidat_list", "explore"):
            response = client.get(reverse(f"matching:{name}", args=[structure.pk]) + query)
            assert (query, response.status_code, leaks(response)) == (query, 200, [])
    url = reverse("matching:explore_detail", args=[structure.pk, explorable.reference])
    assert leaks(client.get(url)) == []


def content_of(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize("status", [s for s in _S if s not in STATUTS_DEVOILES])
def test_every_page_about_someone_hides_who_it_is_before_the_interest(client, role, structure, status):
    """List, comparison, bulk refusal, export, exploration: asked any way, the markers are nowhere."""
    mise = MiseEnRelationFactory(structure=structure, candidature=secret_candidature(), status=status)
    other = MiseEnRelationFactory(structure=structure)
    ticked = {"choix": [mise.pk, other.pk], "liste": "tri=distance"}
    pages = [client.get(reverse(f"matching:{n}", args=[structure.pk])) for n in ("candidat_list", "explore", "export")]
    pages += [client.get(reverse(f"matching:{n}", args=[structure.pk]), ticked) for n in ("compare", "decline_several")]
    pages += [client.get(reverse(f"matching:{n}", args=[mise.pk])) for n in ("detail", "decline")]
    pages += [client.post(reverse("matching:decline_several", args=[structure.pk]), ticked)]
    contents = [content_of(page) for page in pages]
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert [trace for content in contents for trace in TRACES if trace in content] == []
    # The pages are about this person all the same.
    assert sum("Inès".encode() in content for content in contents) >= len(pages) - 1


@pytest.mark.parametrize(
    "name", ["nom", "email", "telephone", "date_naissance", "representant_nom", "employeur", "cvs__fichier"]
)
def test_what_is_hidden_neither_filters_nor_sorts(client, role, structure, name):
    """Whoever guesses learns nothing from which rows come back, nor from their order."""
    for nom in ("Zyxwvut", "Abel"):
        MiseEnRelationFactory(structure=structure, candidature__nom=nom, score=70)
        CandidatureFactory(nom=nom)
    for page in ("candidat_list", "explore"):
        url = reverse(f"matching:{page}", args=[structure.pk])
        answers = {
            tuple(row.url for row in client.get(url + query).context["rows"])
            for hidden in (name, f"candidature__{name}")
            for query in ("", f"?{hidden}=Abel", f"?{hidden}__gte=M", f"?tri={hidden}", f"?tri=-{hidden}")
        }
        assert len(answers) == 1


@pytest.mark.parametrize("status", [s for s in _S if s not in STATUTS_DEVOILES])
def test_detail_hides_the_person_while_and_when_nothing_is_under_way(client, role, structure, status):
    mise = MiseEnRelationFactory(structure=structure, candidature=secret_candidature(), status=status)
    response = client.get(reverse("matching:detail", args=[mise.pk]))
    assert leaks(response) == []
    assert b"In\xc3\xa8s" in response.content
    assert "Pourquoi cette proposition" in response.text
    assert "Animatrice (" in response.text
    assert "/cv/" not in response.text


@pytest.mark.parametrize("status", sorted(STATUTS_DEVOILES))
def test_contact_appears_with_the_interest(client, role, structure, status):
    mise = MiseEnRelationFactory(structure=structure, candidature=secret_candidature(), status=status)
    response = client.get(reverse("matching:detail", args=[mise.pk]))
    assert "Inès Zyxwvut" in response.text
    assert "zyx.secret@exemple.fr" in response.text
    assert "06 98 76 54 32" in response.text
    assert "Animatrice, Zyxwvut et filles (" in response.text
    assert reverse("matching:cv", args=[mise.pk]) in response.text
    assert "Inès Zyxwvut" in client.get(reverse("matching:candidat_list", args=[structure.pk])).text


def test_minor_without_consent_shows_no_contact_even_after_the_interest(client, role, structure):
    minor = secret_candidature(date_naissance=date(2009, 6, 5))
    mise = MiseEnRelationFactory(interessee=True, structure=structure, candidature=minor)
    url = reverse("matching:detail", args=[mise.pk])
    response = client.get(url)
    assert leaks(response) == []
    assert "représentant légal" in response.text
    assert leaks(client.get(reverse("matching:candidat_list", args=[structure.pk]))) == []

    minor.representant_at = "2026-11-01T10:00:00Z"
    minor.representant_prenom, minor.representant_nom, minor.representant_email = "Ana", "Roi", "ana@exemple.fr"
    minor.save()
    assert "Zyxwvut" in client.get(url).text


def test_filters_and_sorts(client, role, structure):
    def make(prenom, km, dispo, score, **kwargs):
        candidature = CandidatureFactory(prenom=prenom, date_disponibilite=dispo, **kwargs)
        MiseEnRelationFactory(structure=structure, candidature=candidature, distance_km=km, score=score)

    make("Ada", 4, date(2026, 9, 1), 60, experience_mediation=True)
    make("Bob", 30, date(2026, 8, 1), 80, titulaire_tp_remn=True, niveau_pix=400)
    make("Cléo", 12, date(2026, 12, 1), 70, diplome_mediation=True, diplome_nom="BPJEPS")
    CVFactory(candidature=Candidature.objects.get(prenom="Ada"), propre=True)
    CVFactory(candidature=Candidature.objects.get(prenom="Bob"))  # Still in quarantine.
    url = reverse("matching:candidat_list", args=[structure.pk])

    def names(query=""):
        return [row.name for row in client.get(url + query).context["rows"]]

    assert names() == ["Bob", "Cléo", "Ada"]
    assert names("?tri=distance") == ["Ada", "Cléo", "Bob"]
    assert names("?tri=disponibilite") == ["Bob", "Ada", "Cléo"]
    assert names("?distance=20&tri=distance") == ["Ada", "Cléo"]
    assert names("?tri=recent") == ["Cléo", "Bob", "Ada"]
    assert names("?tri=nimporte") == names("?score=x") == ["Bob", "Cléo", "Ada"]
    assert names("?score=60&tri=distance") == ["Ada", "Cléo", "Bob"]
    assert names("?score=80") == ["Bob"]
    assert names("?experience=on") == ["Ada"]
    assert names("?pix=384") == ["Bob"]
    assert names("?cv=on") == ["Ada"]
    assert names("?diplome=tp_remn") == ["Bob"]
    assert names("?diplome=diplome") == ["Bob", "Cléo"]
    assert names("?disponible=2026-10-01") == ["Bob", "Ada"]
    assert names("?statut=interessee") == []
    MiseEnRelationFactory(structure=structure, expiree=True)
    assert names("?statut=en_cours") == ["Bob", "Cléo", "Ada"]


def test_twenty_a_page_and_a_constant_number_of_queries(client, role, structure):
    for name in ("candidat_list", "explore"):
        url = reverse(f"matching:{name}", args=[structure.pk])

        def count(url=url):
            with CaptureQueriesContext(connection) as queries:
                response = client.get(url)
            assert len(response.content) < 100_000
            return len(queries), len(response.context["rows"])

        place = CommuneFactory(reze=True)
        CandidatureFactory(commune=place)
        MiseEnRelationFactory(structure=structure)
        count()
        few, rows = count()
        assert rows >= 1
        CandidatureFactory.create_batch(25, commune=place)
        for _ in range(25):
            MiseEnRelationFactory(structure=structure)
        assert count() == (few, 20)


def test_interest_tells_the_candidat_who_is_looking(client, role, structure, django_capture_on_commit_callbacks):
    mise = MiseEnRelationFactory(structure=structure)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):  # A double click is one interest.
            response = client.post(reverse("matching:interest", args=[mise.pk]))
    assert response.url == reverse("matching:detail", args=[mise.pk])
    mise.refresh_from_db()
    assert (mise.status, mise.transitions.get().by) == (_S.INTERESSEE, role.compte)
    assert mise.interessee_at
    assert [m.to for m in mail.outbox] == [[mise.candidature.email]]
    assert "Mairie de Nantes s’intéresse" in mail.outbox[0].subject


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        (_S.PROPOSEE, "interest", _S.INTERESSEE),
        (_S.INTERESSEE, "retain", _S.RETENUE),
        (_S.ENTRETIEN, "retain", _S.RETENUE),
        (_S.INTERESSEE, "undo", _S.PROPOSEE),
        (_S.DECLINEE_STRUCTURE, "undo", _S.PROPOSEE),
        # What may not happen that way changes nothing.
        (_S.DECLINEE_CANDIDAT, "interest", _S.DECLINEE_CANDIDAT),
        (_S.DECLINEE_CANDIDAT, "undo", _S.DECLINEE_CANDIDAT),
        (_S.PROPOSEE, "retain", _S.PROPOSEE),
        (_S.RETENUE, "undo", _S.RETENUE),
        (_S.RECRUTEE, "retain", _S.RECRUTEE),
        (_S.CONTRAT, "retain", _S.CONTRAT),
        (_S.EXPIREE, "interest", _S.EXPIREE),
    ],
)
def test_acts_of_the_structure(client, role, structure, before, name, after):
    mise = MiseEnRelationFactory(structure=structure, status=before)
    response = client.post(reverse(f"matching:{name}", args=[mise.pk]))
    assert response.status_code == 302
    mise.refresh_from_db()
    assert mise.status == after


def test_nobody_else_may_act(client, structure):
    mise = MiseEnRelationFactory(structure=structure)
    for other, status in [
        (member_role(PosteFactory().structure), 404),
        (RoleFactory(kind=RoleKind.ANCT), 403),
        (mise.candidature.compte.roles.get(), 403),
    ]:
        enter(client, other)
        assert client.post(reverse("matching:interest", args=[mise.pk])).status_code == status
    mise.refresh_from_db()
    assert mise.status == _S.PROPOSEE


def test_person_no_longer_available_is_said_politely(client, role, structure):
    mise = MiseEnRelationFactory(structure=structure, candidature__en_pause=True)
    response = client.post(reverse("matching:interest", args=[mise.pk]), follow=True)
    assert "plus disponible" in response.text


def test_decline_asks_for_a_reason_beside_the_field(client, role, structure, django_capture_on_commit_callbacks):
    mise = MiseEnRelationFactory(structure=structure)
    url = reverse("matching:decline", args=[mise.pk])
    for motif in ("", "nimporte", "x" * 500):
        response = client.post(url, {"motif": motif})
        assert response.status_code == 200
        assert response.context["form"].errors["motif"]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, {"motif": MotifRefus.COMPETENCES})
    mise.refresh_from_db()
    assert (mise.status, mise.motif) == (_S.DECLINEE_STRUCTURE, MotifRefus.COMPETENCES)
    assert mise.transitions.get().reason == MotifRefus.COMPETENCES.label
    assert [m.to for m in mail.outbox] == [[mise.candidature.email]]
    assert "n’a pas retenu" in mail.outbox[0].subject


def test_exploring_shows_every_other_compatible_person_and_opens_a_mise_en_relation(client, role, structure):
    proposed = MiseEnRelationFactory(structure=structure)
    refused = MiseEnRelationFactory(structure=structure, declinee_candidat=True)
    expired = MiseEnRelationFactory(structure=structure, expiree=True)
    someone = CandidatureFactory(prenom="Lou")
    far = CandidatureFactory(prenom="Max", commune__paris=True)
    anywhere = CandidatureFactory(prenom="Noé", commune__paris=True, rayon_km=FRANCE_ENTIERE)

    response = client.get(reverse("matching:explore", args=[structure.pk]))
    urls = {row.url for row in response.context["rows"]}
    shown = [expired.candidature, someone, anywhere]
    assert urls == {reverse("matching:explore_detail", args=[structure.pk, c.reference]) for c in shown}

    for candidature, origine in [(someone, Origine.EXPLORATION), (expired.candidature, Origine.EXPLORATION)]:
        url = reverse("matching:explore_interest", args=[structure.pk, candidature.reference])
        response = client.post(url, follow=True)
        mise = MiseEnRelation.objects.get(candidature=candidature)
        assert (mise.status, mise.origine) == (_S.INTERESSEE, origine)
        assert candidature.email in response.text
    url = reverse("matching:explore_interest", args=[structure.pk, proposed.candidature.reference])
    client.post(url)
    proposed.refresh_from_db()
    assert (proposed.status, proposed.origine) == (_S.INTERESSEE, Origine.MATCHING)
    url = reverse("matching:explore_interest", args=[structure.pk, refused.candidature.reference])
    assert "déjà décliné" in client.post(url, follow=True).text
    url = reverse("matching:explore_interest", args=[structure.pk, far.reference])
    assert client.post(url).status_code == 404
    assert not far.mises_en_relation.exists()


def test_undoing_an_interest_of_ones_own_making_leaves_nothing_open(client, role, structure):
    mise = MiseEnRelationFactory(structure=structure, interessee=True, origine=Origine.EXPLORATION)
    client.post(reverse("matching:undo", args=[mise.pk]))
    mise.refresh_from_db()
    assert mise.status == _S.ANNULEE


def test_structure_without_vacant_post_reads_why_there_is_nobody(client):
    structure = PosteFactory(pourvu=True).structure
    enter(client, member_role(structure))
    assert "pas de poste vacant" in client.get(reverse("matching:explore", args=[structure.pk])).text
    assert "encore proposée" in client.get(reverse("matching:candidat_list", args=[structure.pk])).text


def test_names_are_escaped(client, role, structure):
    candidature = CandidatureFactory(prenom="<script>x</script>", motivation="<b>gras</b>")
    mise = MiseEnRelationFactory(structure=structure, interessee=True, candidature=candidature)
    for url in (reverse("matching:detail", args=[mise.pk]), reverse("matching:candidat_list", args=[structure.pk])):
        content = client.get(url).text
        assert "<script>x" not in content
        assert "<b>gras" not in content


# --- The candidat ---------------------------------------------------------------------------------------------


@pytest.fixture
def mise(client):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure)
    enter(client, mise.candidature.compte.roles.get())
    return mise


def test_candidat_sees_where_and_why(client, mise):
    response = client.get(reverse("matching:proposition_list"))
    assert "Mairie de Nantes" in response.text
    assert "à pourvoir dès maintenant" in response.text
    assert "À 4 km de chez vous, pour un rayon de 20 km." in response.text
    detail = client.get(reverse("matching:detail", args=[mise.pk]))
    assert "Disponible" not in detail.text
    assert "Le poste commence 12 jours après" in detail.text


def test_candidat_declines_and_comes_back_where_they_were(client, mise, django_capture_on_commit_callbacks):
    member = at_once(member_role(mise.structure).compte)
    for status in (_S.PROPOSEE, _S.INTERESSEE):
        if mise.status != status:
            mise.move_to(status, by=None)
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("matching:decline", args=[mise.pk]), {"motif": MotifRefus.DISTANCE})
        mise.refresh_from_db()
        assert mise.status == _S.DECLINEE_CANDIDAT
        assert "Inès" in mail.outbox[-1].body
        assert mail.outbox[-1].to == [member.email]
        client.post(reverse("matching:undo", args=[mise.pk]))
        mise.refresh_from_db()
        assert (mise.status, mise.motif) == (status, "")


def test_candidat_does_not_undo_what_the_structure_did(client, mise):
    mise.move_to(_S.DECLINEE_STRUCTURE, by=None)
    client.post(reverse("matching:undo", args=[mise.pk]))
    mise.refresh_from_db()
    assert mise.status == _S.DECLINEE_STRUCTURE


def test_candidat_without_proposition_reads_what_will_happen(client):
    enter(client, RoleFactory(compte=CompteFactory(), kind=RoleKind.CANDIDAT))
    assert "proposée à aucune structure" in client.get(reverse("matching:proposition_list")).text
