import pytest
from django.urls import reverse

from accompagnements.models import Accompagnement, Theme
from comptes.enums import RoleKind
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import AccompagnementFactory, AppartenanceFactory, LieuActiviteFactory
from tests.comptes.factories import RoleFactory


def staff(client, kind):
    return sign_in(client, RoleFactory(kind=kind))


def admin_url(name, *args):
    return reverse(f"admin:accompagnements_{name}", args=args)


@pytest.mark.parametrize("kind", [RoleKind.ANCT, RoleKind.BDT])
def test_accompagnement_is_read_without_its_notes(client, kind):
    row = AccompagnementFactory(notes="Un mot pour moi seul.")
    staff(client, kind)

    page = client.get(admin_url("accompagnement_change", row.pk))
    assert page.status_code == 200
    assert "Un mot pour moi seul." not in page.content.decode()
    assert client.post(admin_url("accompagnement_change", row.pk), {"duree": 60}).status_code == 403
    assert client.post(admin_url("accompagnement_delete", row.pk), {"post": "yes"}).status_code == 403
    assert client.get(admin_url("accompagnement_add")).status_code == 403
    assert Accompagnement.objects.get().duree == 30


def test_anct_closes_a_theme_by_its_date(client):
    staff(client, RoleKind.ANCT)
    theme = Theme.objects.get(pk=5)
    typed = {
        "nom": theme.nom,
        "famille": theme.famille,
        "phrase": theme.phrase,
        "ordre": 5,
        "valide_du": "17/11/2020",
        "valide_au": "31/12/2026",
    }

    assert client.post(admin_url("theme_change", 5), typed).status_code == 302
    theme.refresh_from_db()
    assert f"{theme.valide_au:%d/%m/%Y}" == "31/12/2026"
    assert (theme.code, theme.parent) == ("email", None)
    assert client.post(admin_url("theme_delete", 5), {"post": "yes"}).status_code == 403


def test_bdt_reads_the_themes_and_changes_none(client):
    staff(client, RoleKind.BDT)
    assert client.get(admin_url("theme_change", 5)).status_code == 200
    assert client.post(admin_url("theme_change", 5), {"nom": "Courriel"}).status_code == 403


def test_what_has_figures_leads_to_them(client):
    appartenance = AppartenanceFactory()
    conseiller, groupe = appartenance.conseiller, appartenance.groupe
    staff(client, RoleKind.ANCT)
    for row in (conseiller, groupe, conseiller.contrat.structure):
        name = row._meta.model_name
        address = f"{reverse('accompagnements:statistics')}?perimetre={name}-{row.pk}"
        page = client.get(reverse(f"admin:{row._meta.app_label}_{name}_change", args=[row.pk]))
        assert f'href="{address}"' in page.content.decode()
        assert client.get(address).context["form"].errors == {}


@pytest.mark.parametrize("name", ["theme", "etiquette", "lieuactivite", "accompagnement", "accompagnementrevision"])
def test_lists_open_and_search(client, name):
    LieuActiviteFactory(conseiller=AccompagnementFactory().conseiller)
    staff(client, RoleKind.ANCT)
    assert client.get(admin_url(f"{name}_changelist"), {"q": "mail"}).status_code == 200
