"""A real Chromium, and what the tests ask of a page. Fixtures are re-exported by tests/conftest.py."""

import os
import shutil
import time
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.db import connection
from playwright.sync_api import sync_playwright

# Playwright's loop makes Django think it runs in async code; nothing here does.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
ARTIFACTS = Path(settings.BASE_DIR) / "var" / "artifacts"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
# DSFR switches its theme when told, not when the system does, once the page is loaded. Only violations come back:
# the rest is megabytes.
RUN_AXE = """async ([scheme, options]) => {
    document.documentElement.setAttribute("data-fr-theme", scheme);
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    await Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null)));
    const results = await axe.run({resultTypes: ["violations"], ...options});
    return results.violations.map(({id, nodes}) => [id, nodes.map(({html}) => html.slice(0, 200))]);
}"""
# What a theme changes.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
BUSY = """SELECT EXISTS (
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
)"""
PHONE = {"width": 375, "height": 812}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium-headless-shell")
    assert path, "Chromium manque : apt-get install chromium-headless-shell"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_context(chromium, live_server):
    context = chromium.new_context(base_url=live_server.url, viewport=DESK, locale="fr-FR", reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context
    context.close()
    _wait_until_idle()


def _wait_until_idle():
    """What the last page asked for may still be answered: tables can't be emptied under it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(BUSY)
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.05)


@pytest.fixture
def page(browser_context):
    """A page of the live server, at 1280 px. A script error or a refusal of the CSP fails the test."""
    page = browser_context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    yield page
    assert problems == []


def sign_in(page, role, client):
    """Open the session of a role in the browser, as the sign-in page would."""
    client.force_login(role.compte)
    session = client.session
    session["role"] = role.pk
    session.save()
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "domain": "localhost", "path": "/"}])


def follow(locator):
    """Click what leads to another page, or to the same with its errors, and be on the page that answers."""
    with locator.page.expect_navigation():
        locator.click()


def assert_accessible(page, *, dark=True):
    """axe finds nothing (WCAG 2.2 AA and best practices), in the light theme; colours again in the dark one."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    page.mouse.move(-10, -10)  # It begins on the brand of the header, which is then drawn as pointed at.
    for scheme in ("light", "dark") if dark else ("light",):
        page.emulate_media(color_scheme=scheme)
        summary = page.evaluate(RUN_AXE, [scheme, {} if scheme == "light" else {"runOnly": COLOUR_RULES}])
        assert summary == [], f"{page.url} ({scheme}): {summary}"
    page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'light')")


def look(page, name, *, keep=False):
    """What every page owes, in the state it is in: one h1, nothing for axe, no sideways scrolling on a phone or a desk.

    Its pictures are kept as `screenshot` says.
    """
    here = page.viewport_size
    assert page.locator("h1").count() == 1, page.url
    screenshot(page, f"{name}-{here['width']}", keep=keep)
    assert_accessible(page)
    other = PHONE if here != PHONE else DESK
    for size in (other, here):
        page.set_viewport_size(size)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{page.url}: {width} px"
        if size is other:
            screenshot(page, f"{name}-{size['width']}")
    if os.environ.get("SCREENSHOTS"):
        page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'dark')")
        screenshot(page, f"{name}-sombre")
        page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'light')")


def screenshot(page, name, *, keep=False):
    """Keep a picture of the page among the test artifacts: those of the journey always, others with SCREENSHOTS=1."""
    if not (keep or os.environ.get("SCREENSHOTS")):
        return
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    # Hiding the caret would add a style the CSP refuses.
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True, caret="initial")
