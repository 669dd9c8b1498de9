"""The page in a browser: quiet, reachable by keyboard, readable for all, at any width, light and dark."""

import shutil

import pytest
from tests.golden.regenerate import DOCUMENTS

from chainrule.render.html import html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

NAMES = ("seed", "mazur-german", "iris")


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name in NAMES:
        (folder / f"{name}.html").write_text(html(DOCUMENTS[name]()), encoding="utf-8")
    return folder


@pytest.fixture
def opened(browser, files):
    """Opens a page; what it says to the console and asks for is collected, and has to be nothing."""
    said, asked, contexts = [], [], []

    def open_page(name="seed", width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((files / f"{name}.html").as_uri())
        page.evaluate("document.fonts.ready.then(() => true)")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == len(contexts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_and_nothing_sticks_out(opened, name, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(name, width, scheme)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_brackets_stretch_and_the_font_is_its_own(opened):
    page = opened()
    assert page.evaluate("[...document.fonts].map((font) => font.status)") == ["loaded"]
    heights = page.evaluate(
        """[...document.querySelectorAll("mo")].filter((mark) => mark.textContent === "[")
           .map((mark) => mark.getBoundingClientRect().height / parseFloat(getComputedStyle(mark).fontSize))"""
    )
    assert max(heights) > 1.6 * min(heights)


def test_a_section_folds_by_keyboard(opened):
    page = opened()
    section = page.locator("section > details").first
    assert section.get_attribute("open") is not None
    section.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert section.get_attribute("open") is None
    page.locator("nav a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('section > details').open")


@pytest.mark.parametrize("which", ["LaTeX", "value"])
def test_a_formula_and_its_value_are_copied_by_keyboard(opened, which):
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator("#forward .display", has_text="8.4").last.locator("button", has_text=which)
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.status').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == button.get_attribute("data-copy") != ""


def test_a_program_unfolds_and_is_copied_by_keyboard(opened):
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    program = page.locator("#forward .program")
    assert program.get_attribute("open") is None
    program.locator("summary").focus()
    page.keyboard.press("Enter")
    program.locator("button").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.status').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("h1 = x @ W1\ny = h1 @ W2\n")


def test_the_switches_work_by_keyboard(opened):
    page = opened()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    was_light, was_size = page.evaluate(ground), page.evaluate(size)
    for name in ("dark", "large", "fold"):
        page.locator(f"[data-switch={name}]").focus()
        page.keyboard.press("Space")
    assert page.evaluate(ground) != was_light
    assert page.evaluate(size) > 1.2 * was_size
    assert page.locator("section > details[open]").count() == 0
    page.keyboard.press("Space")
    assert page.locator("section > details:not([open])").count() == 0


def test_on_paper_all_is_unfolded(opened):
    page = opened()
    page.locator("[data-switch=fold]").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("section > details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("section > details[open]").count() == 0


def test_the_first_key_skips_to_the_text(opened):
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
