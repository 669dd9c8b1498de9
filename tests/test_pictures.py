"""The pictures in README and docs are what the commands show."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chainrule.api.figures import FIGURES

ROOT = Path(__file__).parent.parent
FILES = runpy.run_path(str(ROOT / "docs/pictures/draw.py"))["files"]()
FIGURE = runpy.run_path(str(ROOT / "docs/figures/draw.py"))
SVG = "{http://www.w3.org/2000/svg}"


def test_pictures_are_as_they_would_be_drawn():
    for path, text in FILES.items():
        assert path.read_text("utf-8") == text, "if this is meant to be, run: scripts/pictures"
    assert {path.name for path in FILES} == {path.name for path in (ROOT / "docs/pictures").glob("*.svg")}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    FIGURE["draw"](folder)
    return folder


@pytest.mark.parametrize("name", FIGURE["commands"]())
def test_figures_are_as_they_would_be_drawn(name, drawn):
    """Those that Typst sets, whose versions place letters differently, by what they say."""
    kept, new = ((folder / name).read_text("utf-8") for folder in (ROOT / "docs/figures", drawn))
    if "<symbol" in new:
        kept, new = ([ElementTree.fromstring(text).find(f"{SVG}{part}").text for part in ("title", "desc")] for text in (kept, new))
    assert kept == new, "if this is meant to be, run: scripts/pictures"


def test_every_figure_stands_in_the_docs():
    commands = FIGURE["commands"]()
    assert {words[2] for words in commands.values()} == set(FIGURES)
    assert set(commands) == {path.name for path in (ROOT / "docs/figures").glob("*.svg")}


def test_pictures_fetch_nothing():
    for text in (*FILES.values(), *(path.read_text("utf-8") for path in (ROOT / "docs/figures").glob("*.svg"))):
        assert not re.search(r"@font-face|url\(h|href=\"[^#]|@import|<script", text)


def test_every_picture_is_shown_somewhere_with_its_words():
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    for folder, name in [*(("pictures", path.name) for path in FILES), *(("figures", name) for name in FIGURE["commands"]())]:
        assert re.search(rf"!\[[^\]]{{10,}}\]\((docs/)?{folder}/{name}\)", pages), name
