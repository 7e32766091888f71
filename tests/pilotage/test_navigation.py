"""The menu: every entry exists, opens for the role it is shown to, and says where one is."""

import pytest
from django.urls import resolve, reverse

from comptes.enums import RoleKind
from pilotage.navigation import NAVIGATION, VISITOR, entries_for, links

ENTRIES = [(kind, name) for kind, entries in NAVIGATION.items() for _, name in entries]


def test_every_role_has_a_menu():
    assert set(NAVIGATION) == set(RoleKind)


@pytest.mark.parametrize("name", sorted({name for _, name in ENTRIES} | {name for _, name in VISITOR}))
def test_every_entry_exists(name):
    assert reverse(name)


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_entry_opens_for_the_role_it_is_shown_to(kind, name):
    view = resolve(reverse(name)).func
    if not name.startswith("admin:"):
        assert kind in view.allowed_roles


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/espace/", ("Mon espace", "page")),
        ("/equipe/12/annuler/", ("Mon équipe", "true")),
        ("/mentions-legales/", None),
    ],
)
def test_menu_says_where_one_is(path, current):
    marked = [(link.label, link.current) for link in links(entries_for(RoleKind.STRUCTURE), path) if link.current]
    assert marked == ([current] if current else [])


def test_home_is_current_on_home_alone():
    assert [link.label for link in links(VISITOR, "/") if link.current] == ["Accueil"]
    assert [link.label for link in links(VISITOR, "/cookies/") if link.current] == []


def test_unknown_name_is_left_out_rather_than_breaking_every_page():
    assert links((("Absente", "nulle:part"),)) == []
