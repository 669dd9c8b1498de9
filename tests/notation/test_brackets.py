"""Lines end after signs at the outermost level; what is too long in brackets for any line stands there in lines of its own."""

from __future__ import annotations

import random

import pytest
from tests.samples import some

from chainrule.notation.blocks import line_width, wrapped
from chainrule.notation.formula import (
    Call,
    Cases,
    Equation,
    Fenced,
    Formula,
    Fraction,
    Lines,
    Number,
    Operator,
    Power,
    Root,
    Row,
    Sum,
    Symbol,
    Transposed,
)
from chainrule.notation.latex import formula_latex
from chainrule.notation.mathml import formula_mathml
from chainrule.notation.parts import everything_in
from chainrule.notation.text import formula_text
from chainrule.notation.typst import formula_typst
from chainrule.render.breaking import NARROWEST, broken, letters_across, lines_of

SIGNS = ("+", "−", "·")

TALL = "⎛⎜⎝⎞⎟⎠"


def side(choose: random.Random, depth: int) -> Row:
    """Some operands between signs; some of them are brackets, in which the same stands."""
    items: list[Formula] = []
    for place in range(choose.randint(1, 7)):
        items += [Operator(choose.choice(SIGNS))] if place else []
        inner = depth and choose.random() < 0.3
        items.append(Fenced(side(choose, depth - 1)) if inner else Number(f"{choose.random():.{choose.randint(1, 8)}f}"))
    return Row(tuple(items))


def is_open(line: str) -> bool:
    """Does a bracket begin or end on another line?"""
    return line.count("(") != line.count(")")


def factors(row: Row) -> list[str]:
    """What stands between signs outside of brackets, with the sign after it."""
    found = [""]
    for item in row.items:
        if isinstance(item, Operator):
            found[-1] += f" {item.sign}"
            found.append("")
        else:
            found[-1] += formula_text(item)
    return found


@pytest.mark.parametrize("width", some([24, 40, 80], 2))
def test_brackets_stay_whole_wherever_a_line_holds_them(width):
    choose, cut = random.Random(width), {"whole": 0, "tall": 0}
    for _ in range(300):
        sides = [side(choose, 2) for _ in range(choose.randint(1, 3))]
        lines = ["".join(text for text, _ in line) for line in wrapped(Equation((Symbol("y"), *sides), ("=",) * len(sides)), width)]
        longest = max(len(factor) for one in sides for factor in factors(one))
        if any(sign in "".join(lines) for sign in TALL):
            assert longest > width - 8, lines  # beside a relation, and further in
            cut["tall"] += 1
        elif longest > width // 2 and len(lines) > len(sides):
            cut["whole"] += 1
        assert width < 40 or not any(map(is_open, lines)), lines
        assert all(line_width([(line, None)]) <= width for line in lines)
    assert min(cut.values()) > 5


def test_brackets_grow_with_the_lines_in_them():
    """What is listed goes on in the next line after a comma; names stand in the middle, brackets are as tall as what they hold."""
    listed = [Row((Number(f"{digit}.00000001"), Operator("+"), Symbol("x", str(digit)))) for digit in (1, 2, 3)]
    lines = wrapped(Equation((Symbol("y"), Call("f", tuple(listed))), ("=",)), 40)
    assert ["".join(text for text, _ in line) for line in lines] == [
        "     ⎛1.00000001 + x1,⎞",
        "y = f⎜2.00000001 + x2,⎟",
        "     ⎝3.00000001 + x3 ⎠",
    ]


@pytest.mark.parametrize("width", [24, 40, 80])
def test_no_bracket_is_parted_on_pages(width):
    """What is too long for a line stands in lines of its own, all of which a line holds, and nothing of it is lost."""
    choose, stacked = random.Random(width), 0
    for _ in range(300):
        one = side(choose, 2)
        lines = [Row(line) for line in broken(one.items, width)]
        assert "".join(map(formula_text, lines)).replace(" ", "") == formula_text(one).replace(" ", "")
        assert not any(map(is_open, map(formula_text, lines)))
        stacked += any(isinstance(part, Lines) for part in everything_in(lines))
        assert all(letters_across(line) <= max(width, NARROWEST + 6) for line in lines)
    assert stacked > 5


FURTHER = Row((Number("123456.5"), Operator("·"), Symbol("x"), Operator("+")) * 6 + (Number("1"),))


@pytest.mark.parametrize(
    "kind",
    [
        lambda inside: Fraction(inside, Number("4")),
        lambda inside: Fraction(Number("4"), inside),
        Root,
        Fenced,
        Transposed,
        lambda inside: Power(Fenced(inside), Number("2")),
        lambda inside: Call("tanh", (inside,)),
        lambda inside: Call("", (inside, inside)),
        lambda inside: Sum(Fenced(inside), "n"),
        lambda inside: Cases(Symbol("z"), inside, inside),
    ],
)
def test_whatever_is_too_long_is_stacked_in_every_format(kind):
    (line,) = lines_of(Equation((Symbol("y"), kind(FURTHER)), ("=",)), 60)
    assert any(isinstance(part, Lines) for part in everything_in((line,)))
    assert letters_across(line) <= 60
    assert r"\begin{aligned}" in formula_latex(line)
    assert "mat(delim: #none" in formula_typst(line)
    assert "<mtable>" in formula_mathml(line)
    assert formula_text(line).replace(" ", "") == formula_text(Row((Symbol("y"), Operator("="), kind(FURTHER)))).replace(" ", "")
