"""Documents have pictures where they speak of something that can be seen; the terminal has none, and pays for none."""

from __future__ import annotations

import json

import pytest
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.base.errors import InputError
from chainrule.document.document import Document, Equations, Illustration, Section
from chainrule.notation.text import formula_text
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.shapes import Diagram
from chainrule.render.html import html
from chainrule.render.latex import latex
from chainrule.render.markdown import markdown
from chainrule.render.notebook import notebook
from chainrule.render.plain import plain
from chainrule.render.slides import slide_pieces
from chainrule.render.typst import typst

SECTIONS = {"forward": 1, "descent": 1, "chain": 2, "outcome": 1, "repeat": 1}


def counted(document: Document) -> dict[str, int]:
    """How many illustrations each section has, but for those on slides."""
    shown = {section.key: [b for b in section.blocks if isinstance(b, Illustration) and b.beside is None] for section in document.sections}
    return {key: len(blocks) for key, blocks in shown.items() if blocks}


@pytest.mark.parametrize("name", some(["seed", "mazur", "xor", "residual", "two-inputs"], 3))
def test_every_section_that_speaks_of_a_picture_has_it(name):
    document = problem(name).explain(detail="scalar")
    wanted = {**SECTIONS, "chain": len({parameter.name.layer for parameter in problem(name).network.derivation.parameters})}
    assert counted(document) == counted(document.illustrated) == wanted
    for section in document.illustrated.sections:
        for block in section.blocks:
            if isinstance(block, Illustration):
                assert isinstance(network_diagram(block), Diagram)
                assert block.alt


def test_formats_with_pictures_show_them_and_text_does_not():
    document = problem("mazur").explain()
    pictures = 1 + sum(counted(document).values())
    page = html(document)
    assert page.count("<svg") == pictures + page.count("scroll narrow")
    assert "".join("".join(cell["source"]) for cell in json.loads(notebook(document))["cells"]).count("<img") == pictures
    for layout in ("article", "handout"):
        assert typst(document, layout).count("#canvas(") == pictures
    assert latex(document).count(r"\begin{tikzpicture}") == pictures
    for write in (plain, markdown):
        assert write(document) == write(document.without_illustrations)


def test_slides_show_the_way_of_each_weight_beside_its_chain():
    document = problem("seed").explain()
    chains = [piece for piece in slide_pieces(document.staged.section("chain")) if isinstance(piece.block, Equations)]
    assert [formula_text(piece.picture.beside) for piece in chains] == [f"∂E/∂w{number}" for number in (5, 6, 1, 2, 3, 4)]
    assert [piece.picture.beside for piece in chains] == [piece.block.equations[0].sides[0] for piece in chains]
    assert not any(block.beside for section in document.illustrated.sections for block in section.blocks if isinstance(block, Illustration))


def test_the_story_of_a_weight_has_its_way_lit():
    assert counted(problem("mazur").explain(weight="w1")) == {"chain": 1}
    assert counted(problem("784-32-10").explain(weight="W1[2,3]")) == {"chain": 1}


def test_nothing_is_drawn_before_a_format_asks():
    def refuse() -> Diagram:
        raise AssertionError("drawn too early")

    document = Document("t", (Section("a", "A", (Illustration(refuse),)),))
    assert plain(document)
    assert markdown(document)
    with pytest.raises(AssertionError, match="too early"):
        html(document)


def test_where_there_is_nothing_to_draw_there_is_no_picture():
    def nothing() -> Diagram:
        raise InputError("there is no curve to be drawn.")

    document = Document("t", (Section("a", "A", (Illustration(nothing),)),))
    assert document.illustrated.sections[0].blocks == ()
    assert "<svg" not in html(document)


def test_large_networks_have_no_curves_that_take_long():
    assert counted(problem("784-128-10", loss="cross_entropy").explain(detail="matrix")).keys() <= {
        "forward",
        "outcome",
        "descent",
        "repeat",
    }
