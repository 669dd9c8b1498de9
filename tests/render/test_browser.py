"""The page in a browser: quiet, reachable by keyboard, readable for all, at any width, light and dark."""

import itertools
from itertools import combinations
from pathlib import Path

import pytest
from tests.browsing import new_tab, taken, violations
from tests.conftest import FAMILIES
from tests.golden.regenerate import document_of
from tests.samples import some

import chainrule as cr
from chainrule.api.report import report_of
from chainrule.render.html import html
from chainrule.training.rows import used_rows

NAMES = ("seed", "mazur-german", "iris")
OTHERS = ("xor", "vanishing", "large", "cases", "penalty", "adam")
"""Looked at once, on a telephone."""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The page of an example, written when it is first asked for."""
    folder = tmp_path_factory.mktemp("pages")

    def written(name):
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(html(document_of(name)), encoding="utf-8")
        return path

    return written


@pytest.fixture(scope="module")
def tab(browser):
    """A tab for all, and what it says to the console or asks for."""
    said = []
    tab = new_tab(browser, said, permissions=["clipboard-read", "clipboard-write"])
    yield tab, said
    tab.context.close()


@pytest.fixture
def opened(tab, file):
    """Opens a page, which has to say nothing to the console and to ask for nothing but itself."""
    page, said = tab
    asked = []

    def open_page(name="seed", width=1280, scheme="light"):
        asked.append((name if isinstance(name, Path) else file(name)).as_uri())
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme, media="screen")
        page.goto(asked[-1])
        page.evaluate("document.fonts.ready.then(() => true)")
        return page

    def ask(request):
        if request.url.startswith("file:"):
            asked.remove(request.url)

    page.on("request", ask)
    yield open_page
    page.remove_listener("request", ask)
    assert (taken(said), asked) == ([], [])


WAYS = [*some(itertools.product(NAMES, (360, 1280), ("light", "dark")), 9), *some(((name, 360, "light") for name in OTHERS), 4)]


@pytest.mark.parametrize(("name", "width", "scheme"), WAYS)
def test_axe_finds_nothing_and_nothing_sticks_out(opened, name, width, scheme):
    page = opened(name, width, scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_cannot_be_read_is_found(tab):
    page, _ = tab
    words = "<p>black</p><math><mi>x</mi><mi style='color: #bbb'>sin</mi></math><img src='data:,'>"
    page.set_content(f"<!DOCTYPE html><html lang=en><title>t</title><main><h1>large</h1>{words}</main></html>")
    assert [found.partition(":")[0] for found in violations(page)] == ["image-alt", "color-contrast"]


def test_on_a_telephone_formulas_are_whole_and_the_page_is_short(opened):
    page = opened("seed", 360)
    assert (
        page.evaluate("[...document.querySelectorAll('.display > .scroll')].filter((box) => box.scrollWidth > box.clientWidth).length") == 0
    )
    small = """[...document.querySelectorAll(".display math")].map((one) => parseFloat(getComputedStyle(one).fontSize))"""
    assert min(page.evaluate(small)) >= 11.9
    assert page.evaluate("[...document.querySelectorAll('.diagram')].every((one) => one.getBoundingClientRect().right <= innerWidth)")
    assert page.evaluate("document.documentElement.scrollHeight") < 13 * 800


def test_on_a_telephone_a_picture_is_whole_and_large_where_it_is_touched(opened):
    page = opened("seed", 360)
    picture = page.locator(".scroll:has(> .diagram)").first
    letters = """(box) => Math.min(...[...box.querySelectorAll("text")].map((one) => parseFloat(getComputedStyle(one).fontSize)))
        * box.firstElementChild.getBoundingClientRect().width / box.firstElementChild.viewBox.baseVal.width"""
    whole = "(box) => box.scrollWidth <= box.clientWidth"
    assert picture.evaluate(whole)
    picture.click(position={"x": 250, "y": 40})
    assert picture.evaluate(letters) >= 12
    assert picture.evaluate("(box) => box.scrollLeft") > 100  # what was touched is what is seen
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture.press("Enter")
    assert picture.evaluate(whole)


def test_a_report_is_for_all_and_its_steps_open_live_by_keyboard(opened, tmp_path):
    table = {"x": [place / 7 for place in range(12)], "y": [(place % 5) / 3 for place in range(12)]}
    model = cr.train(table, target="y", hidden=1, epochs=1, batch_size=8, validation_folds=0)
    report_of(model, "model.safetensors", used_rows(model, table)).save(tmp_path / "report.html")
    page = opened(tmp_path / "report.html", 360)
    page.evaluate("document.querySelectorAll('section > details').forEach((details) => { details.open = true; })")
    assert violations(page) == []
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
    button = page.locator("#forward .display", has_text="8.4").last.locator("button", has_text=which)
    button.focus()
    page.keyboard.press("Enter")
    page.locator(".status", has_text="Copied").wait_for(state="attached")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == button.get_attribute("data-copy") != ""


def test_a_program_unfolds_and_is_copied_by_keyboard(opened):
    page = opened()
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
def figure(tab):
    """Opens a figure, with or without motion."""
    page, said = tab

    def open_figure(path, motion="reduce"):
        page.set_viewport_size({"width": 1600, "height": 900})
        page.emulate_media(color_scheme="light", media="screen", reduced_motion=motion)
        page.goto(path.as_uri())
        return page

    yield open_figure
    page.emulate_media(reduced_motion="reduce")
    assert taken(said) == []


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_labels_of_figures_keep_apart_in_wide_fonts(figure, path):
    page = figure(path)
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


def test_a_step_moves_only_for_those_who_want_it_to(figure):
    path = ROOT / "docs/figures/step.svg"
    assert figure(path).evaluate("document.getAnimations().length") == 0
    page = figure(path, "no-preference")
    assert page.evaluate("document.getAnimations().length") > 8
    page.evaluate("document.getAnimations().forEach(animation => { animation.pause(); animation.currentTime = 2700; })")
    shown = {name: opacity for name, *_, opacity in page.evaluate(SAID)}
    (new,) = (opacity for name, opacity in shown.items() if name.strip().endswith("0.3743488"))
    assert (shown["8"], shown["8.4"], shown["2.2136"], new) == ("1", "1", "0", "0")
