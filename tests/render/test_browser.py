"""The page in a browser: quiet, reachable by keyboard, readable for all, at any width, light and dark."""

import itertools
from itertools import combinations
from pathlib import Path

import pytest
from tests.conftest import FAMILIES
from tests.golden.regenerate import document_of
from tests.samples import some

import chainrule as cr
from chainrule.api.report import report_of
from chainrule.render.html import html
from chainrule.training.rows import rows_of

NAMES = ("seed", "mazur-german", "iris")
OTHERS = ("xor", "vanishing", "large", "cases", "penalty", "adam")
"""Looked at once, on a telephone."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name in (*NAMES, *OTHERS):
        (folder / f"{name}.html").write_text(html(document_of(name)), encoding="utf-8")
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


WAYS = [*some(itertools.product(NAMES, (360, 1280), ("light", "dark")), 9), *some(((name, 360, "light") for name in OTHERS), 2)]


@pytest.mark.parametrize(("name", "width", "scheme"), WAYS)
def test_axe_finds_nothing_and_nothing_sticks_out(opened, name, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(name, width, scheme)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_telephone_formulas_are_whole_and_the_page_is_short(opened):
    page = opened("seed", 360)
    assert (
        page.evaluate("[...document.querySelectorAll('.display > .scroll')].filter((box) => box.scrollWidth > box.clientWidth).length") == 0
    )
    small = """[...document.querySelectorAll(".display math")].map((one) => parseFloat(getComputedStyle(one).fontSize))"""
    assert min(page.evaluate(small)) >= 11.9
    assert page.evaluate("[...document.querySelectorAll('.diagram')].every((one) => one.getBoundingClientRect().right <= innerWidth)")
    assert page.evaluate("document.documentElement.scrollHeight") < 13 * 800


def test_a_report_is_for_all_and_its_steps_open_live_by_keyboard(opened, files):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    table = {"x": [place / 7 for place in range(30)], "y": [(place % 5) / 3 for place in range(30)]}
    model = cr.train(table, target="y", hidden=2, epochs=2, batch_size=8, validation_folds=0)
    report_of(model, "model.safetensors", rows_of(model, table)).save(files / "report.html")
    page = opened("report", 360)
    page.evaluate("document.querySelectorAll('section > details').forEach((details) => { details.open = true; })")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-live]").last.focus()
    page.keyboard.press("Enter")
    page.frame_locator("dialog iframe").locator("math").first.wait_for()
    page.locator("dialog > button").press("Enter")
    page.locator("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.live")


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
    section.and_(page.locator("[open]")).wait_for()


@pytest.mark.parametrize("which", ["LaTeX", "value"])
def test_a_formula_and_its_value_are_copied_by_keyboard(opened, which):
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator("#forward .display", has_text="8.4").last.locator("button", has_text=which)
    button.focus()
    page.keyboard.press("Enter")
    page.locator(".status", has_text="Copied").wait_for(state="attached")
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
    page.locator(".status", has_text="Copied").wait_for(state="attached")
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


@pytest.mark.parametrize("name", some([*NAMES, *OTHERS], 2))
def test_nothing_runs_off_the_paper(opened, name):
    page = opened(name, width=680)  # a sheet of A4 within its margins
    wide = """[...document.querySelectorAll(".display, .display > .scroll, .diagram")]
              .filter((box) => Math.max(box.scrollWidth, box.getBoundingClientRect().width) > 682).length"""
    page.emulate_media(media="print")
    assert page.evaluate(wide) == 0


def test_pictures_grow_with_large_type(opened):
    page = opened()
    width = "document.querySelector('.diagram').getBoundingClientRect().width"
    before = page.evaluate(width)
    page.locator("[data-switch=large]").click()
    assert page.evaluate(width) > 1.2 * before


def test_the_first_key_skips_to_the_text(opened):
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"


# Figures.

ROOT = Path(__file__).parent.parent.parent
FIGURES = [
    *(ROOT / "tests/golden/figures").glob("*.svg"),
    *(ROOT / f"docs/figures/{name}.svg" for name in ("network", "weights", "sample", "step", "descent", "rates", "curve", "gradients")),
]

SAID = """() => [...document.querySelectorAll("text")].filter(text => !text.closest(".passing")).map(text => {
    const box = text.getBoundingClientRect();
    const shown = text.closest("g") ? getComputedStyle(text.closest("g")).opacity : "1";
    return [text.textContent, box.left, box.top, box.right, box.bottom, shown];
})"""


@pytest.fixture
def drawn(browser):
    """Opens a figure, with or without motion."""
    contexts, said = [], []

    def open_figure(path, motion="reduce"):
        context = browser.new_context(viewport={"width": 1600, "height": 900}, reduced_motion=motion)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(path.as_uri())
        return page

    yield open_figure
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_labels_of_figures_keep_apart_in_wide_fonts(drawn, path):
    page = drawn(path)
    for family in (FAMILIES["serif"], FAMILIES["sans-serif"]):
        page.evaluate("family => document.documentElement.style.fontFamily = family", family)
        labels = page.evaluate(SAID)
        assert len(labels) > 2
        assert {shown for *_, shown in labels} == {"1"}
        overlapping = [
            (a[0], b[0])
            for a, b in combinations(labels, 2)
            if a[1] < b[3] - 0.5 and b[1] < a[3] - 0.5 and a[2] < b[4] - 0.5 and b[2] < a[4] - 0.5
        ]
        assert overlapping == [], family


def test_a_step_moves_only_for_those_who_want_it_to(drawn):
    path = ROOT / "docs/figures/step.svg"
    assert drawn(path).evaluate("document.getAnimations().length") == 0
    page = drawn(path, "no-preference")
    assert page.evaluate("document.getAnimations().length") > 8
    page.evaluate("document.getAnimations().forEach(animation => { animation.pause(); animation.currentTime = 2700; })")
    shown = {name: opacity for name, *_, opacity in page.evaluate(SAID)}
    (new,) = (opacity for name, opacity in shown.items() if name.strip().endswith("0.3743488"))
    assert (shown["8"], shown["8.4"], shown["2.2136"], new) == ("1", "1", "0", "0")
