"""The page of the worked example that the docs have to be opened, and its picture in motion."""

from pathlib import Path

import chainrule as cr

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_in_the_docs_is_the_one_that_is_made_today():
    made = cr.page(cr.problem_from(cr.example("seed")))
    assert (DOCS / "seed.html").read_text("utf-8") == made, "run scripts/help"


def test_the_picture_in_motion_is_small_and_has_many_frames():
    picture = (DOCS / "pictures/live.webp").read_bytes()
    assert (picture[:4], picture[8:12], b"ANIM" in picture[:64]) == (b"RIFF", b"WEBP", True)
    assert len(picture) < 300_000
    assert picture.count(b"ANMF") > 20
