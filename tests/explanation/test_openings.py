"""Each section begins with a sentence that says why it is there; what does not occur is not explained."""

from __future__ import annotations

import itertools
import re

import pytest
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.document.document import Document, Note, Paragraph
from chainrule.explanation.explain import explain
from chainrule.notation.text import formula_text

NETWORKS = {
    "seed": {},
    "with net inputs": {"source": "2-2-1", "seed": 1},
    "one layer": {"source": "2-1", "seed": 1, "output_activation": "sigmoid"},
    "two outputs": {"source": "2-2-2", "seed": 2},
    "a penalty": {"source": "2-1", "seed": 3, "regularizer": "l2:rate=0.1"},
    "many ways": {"source": "1-3-3-2", "seed": 4},
    "german": {"source": "2-2-2", "seed": 5, "notation": "german"},
}


def explained(name: str, detail: str) -> Document:
    return explain(problem(**{"source": "seed", **NETWORKS[name]}), detail=detail)


def opening(document: Document, key: str) -> str:
    block = document.section(key).blocks[0]
    assert isinstance(block, Paragraph)
    return "".join(part if isinstance(part, str) else formula_text(part) for part in block.text)


@pytest.mark.parametrize(("name", "detail"), some(itertools.product(NETWORKS, ["overview", "matrix", "scalar"]), 2))
def test_every_section_begins_with_a_sentence(name, detail):
    document = explained(name, detail)
    for section in document.sections:
        assert isinstance(section.blocks[0], Paragraph if section.key != "left_out" else Note)
        text = opening(document, section.key) if section.key != "left_out" else "."
        assert re.search(r"[.:?]$", text)
        assert len(text) < 420


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "german"])
def test_what_delta_is_and_that_ways_add_up_is_said_where_it_is_so(name):
    document = explained(name, "scalar")
    matrices, chains = (
        [line for block in document.section(key).blocks for line in getattr(block, "equations", ())] for key in ("matrix", "chain")
    )
    assert ("says how E changes" in opening(document, "matrix")) == any(formula_text(line.sides[0]).startswith("δ") for line in matrices)
    products = [formula_text(line.sides[1]) for line in chains if formula_text(line.sides[0]).startswith("∂E/∂")]
    several = any(" + " in product for product in products)
    assert ("products of all ways add up" in opening(document, "chain")) == several
