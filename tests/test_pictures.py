"""The pictures of the terminal in README and docs are what the terminal shows."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = runpy.run_path(str(ROOT / "docs/pictures/draw.py"))["files"]()


def test_pictures_are_as_they_would_be_drawn():
    for path, text in FILES.items():
        assert path.read_text("utf-8") == text, "if this is meant to be, run: scripts/pictures"
    assert {path.name for path in FILES} == {path.name for path in (ROOT / "docs/pictures").glob("*.svg")}


def test_pictures_fetch_nothing():
    for text in FILES.values():
        assert not re.search(r"@font-face|url\(h|href|@import|<script", text)


def test_every_picture_is_shown_somewhere_with_its_words():
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    for path in FILES:
        assert re.search(rf"!\[[^\]]{{10,}}\]\((docs/)?pictures/{path.name}\)", pages), path.name
