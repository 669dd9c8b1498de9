"""How much is worked out: everything, the usual, or one of each kind; what is left out is said, with the way to get it."""

from __future__ import annotations

import itertools
import re
from functools import cache

import pytest
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.base.errors import InputError
from chainrule.cli import main
from chainrule.document.document import Document, Equations, Note, Section, TableBlock
from chainrule.explanation.explain import LONGEST, explain
from chainrule.notation.formula import Ellipsis, Equation, Matrix
from chainrule.notation.text import formula_text

NETWORKS = {
    "one sample": problem("3-4-2", seed=1),
    "three samples": problem("2-2-1", seed=2, input="1 2; 0 1; -1 0.5", target="0.5; 0; 1"),
    "ten samples": problem("1-1-1", seed=3, input="; ".join(map(str, range(10))), target="; ".join(map(str, range(10)))),
    "three layers": problem("2-2-2-2", seed=4, activation="relu"),
    "a penalty": problem("2-2-2", seed=5, regularizer="l2:rate=0.1", optimizer="adam", input="1 2; 0 1", target="1 0; 0 1"),
    "columns": problem("2-2-1", seed=6, notation="vectors=columns", input="1 2; 0 1", target="1; 0"),
    "a wide layer": problem("2-9-1", seed=7),
    "five outputs": problem("1-1-5", seed=8, input="1; 2", target="1 2 3 4 5; 5 4 3 2 1"),
    "two inputs": problem("two-inputs", input="3 2 4; 1 -1 2", target="1; 0"),
}


def equations(section: Section) -> list[Equation]:
    blocks = (block for block in section.blocks if isinstance(block, Equations))
    return [line for block in blocks for line in block.equations if isinstance(line, Equation)]


def amounts(section: Section) -> tuple[int, ...]:
    """How many equations a section has, how many sides these have, how many numbers their matrices, and how many cells its tables."""
    cells = [len(row) for block in section.blocks if isinstance(block, TableBlock) for row in block.rows]
    sides = [side for line in equations(section) for side in line.sides]
    grids = [row for side in sides if isinstance(side, Matrix) for row in side.rows]
    numbers = [cell for row in grids for cell in row if not isinstance(cell, Ellipsis)]
    return len(equations(section)), len(sides), len(numbers), sum(cells)


@cache
def explained(name: str, **options) -> Document:
    return explain(NETWORKS[name], **options)


def left_out(section: Section) -> list[str]:
    """What a section says that it leaves out."""
    texts = [block.text for block in section.blocks if isinstance(block, Note) and block.kind == "more"]
    return ["".join(part if isinstance(part, str) else formula_text(part) for part in text) for text in texts]


@pytest.mark.parametrize(("name", "detail"), some(itertools.product(NETWORKS, ["matrix", "scalar"]), 9))
def test_what_is_shortened_says_so_and_how_to_get_it(name, detail):
    whole = explained(name, detail=detail, all=True)
    for extent in ({}, {"brief": True}):
        for section in explain(NETWORKS[name], detail=detail, **extent).sections:
            if section.key == "left_out":
                continue
            fewer = any(a < b for a, b in zip(amounts(section), amounts(whole.section(section.key)), strict=True))
            assert fewer == any("all=True" in note for note in left_out(section)), (extent, section.key)


@pytest.mark.parametrize("name", some(NETWORKS, 4))
def test_all_works_out_every_weight_and_every_sample(name):
    found = NETWORKS[name]
    document = explained(name, detail="scalar", all=True)
    assert [note for section in document.sections for note in left_out(section) if section.key != "repeat"] == []  # other steps
    size, samples = found.network.size, len(found.step().x)
    ends = [str(formula_text(line.sides[0])) for line in equations(document.section("chain"))]
    gradients = {end for end in ends if re.fullmatch(r"∂E/∂[wbγβ]\S*", end)}
    assert len(gradients) >= size
    assert (
        len([line for line in equations(document.section("weights")) if "←" in line.relations and re.match("[wb]", str_of(line))]) == size
    )
    if samples > 1:
        text = str(document)
        assert all(text.count(f"sample {number} of {samples}\n") == 2 for number in range(1, samples + 1))


def str_of(line: Equation) -> str:
    return formula_text(line.sides[0])


def is_brief(document: Document) -> bool:
    return "This explanation is brief" in str(document).replace("\n", " ")


def test_what_would_be_long_is_brief_unless_all_is_wanted():
    usual, whole = explained("one sample", detail="scalar"), explained("one sample", detail="scalar", all=True)
    assert is_brief(usual)
    assert not is_brief(whole)
    brief = explained("one sample", detail="scalar", brief=True)
    assert {section.key for section in usual.sections} - {section.key for section in brief.sections} == {"expanded", "formulas", "repeat"}
    assert str(usual.section("chain")) == str(brief.section("chain"))
    assert len(str(usual).splitlines()) < LONGEST < len(str(whole).splitlines())
    table = next(block for block in usual.section("chain").blocks if isinstance(block, TableBlock))
    assert len(table.rows) == NETWORKS["one sample"].network.size == 26
    assert not is_brief(explained("three layers", detail="matrix"))
    assert not is_brief(explain(NETWORKS["one sample"], weight="w1"))


@pytest.mark.parametrize("name", ["xor", "vanishing"])
def test_built_in_examples_are_never_brief_by_themselves(name):
    document = explain(problem(name).step())
    assert len(str(document).splitlines()) > LONGEST
    assert not is_brief(document)


def test_a_brief_chain_is_one_whose_weight_moves():
    dead = problem("2-2-1", activation="relu", input="1 0", target="3", weights="-1 -1 1 1 1 1", bias=False)
    chains = [line for line in equations(explain(dead, brief=True).section("chain")) if str_of(line).startswith("∂E")]
    assert [str_of(line) for line in chains] == ["∂E/∂w6", "∂E/∂w3"]


def test_nobody_reads_half_a_million_chains(capsys):
    with pytest.raises(InputError, match="101,770 weights"):
        explain(problem("784-128-10"), all=True)
    with pytest.raises(InputError, match="choose one"):
        explain(problem("seed"), brief=True, all=True)
    assert main(["explain", "--brief", "--all"]) == 2
    assert "--all" in capsys.readouterr().err


def test_the_command_line_has_both(capsys):
    assert main(["explain", "1-1-1", "--input", "1; 2", "--target", "1; 0", "--all"]) == 0
    everything = capsys.readouterr().out
    assert main(["explain", "1-1-1", "--input", "1; 2", "--target", "1; 0", "--brief"]) == 0
    assert len(capsys.readouterr().out) < len(everything)
    assert "∂E/∂w2ˢ²" in everything
