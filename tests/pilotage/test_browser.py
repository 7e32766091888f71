import pytest

from tests.browser import DESK, PHONE, assert_accessible
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL


@pytest.mark.parametrize("viewport", [DESK, PHONE])
def test_home_page_is_accessible(page, viewport):
    page.set_viewport_size(viewport)
    page.goto("/")
    assert page.locator("h1").count() == 1
    assert_accessible(page)


def test_design_system_is_loaded(page):
    page.goto("/")
    font = page.evaluate("getComputedStyle(document.body).fontFamily")
    assert font.startswith("Marianne")
