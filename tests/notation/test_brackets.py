"""Lines end after signs at the outermost level; inside brackets only where what is in them is too long for any line."""

from __future__ import annotations

import random

import pytest

from chainrule.notation.blocks import line_width, wrapped
from chainrule.notation.formula import Equation, Fenced, Formula, Number, Operator, Row, Symbol
from chainrule.notation.text import formula_text
from chainrule.render.breaking import broken

SIGNS = ("+", "−", "·")


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


@pytest.mark.parametrize("width", [24, 40, 80])
def test_brackets_stay_whole_wherever_a_line_holds_them(width):
    choose, cut = random.Random(width), {"whole": 0, "parted": 0}
    for _ in range(300):
        sides = [side(choose, 2) for _ in range(choose.randint(1, 3))]
        lines = ["".join(text for text, _ in line) for line in wrapped(Equation((Symbol("y"), *sides), ("=",) * len(sides)), width)]
        longest = max(len(factor) for one in sides for factor in factors(one))
        if any(map(is_open, lines)):
            assert longest > width - 8, lines  # beside a relation, and further in
            cut["parted"] += 1
        elif longest > width // 2 and len(lines) > len(sides):
            cut["whole"] += 1
        assert all(line_width([(line, None)]) <= width for line in lines)
    assert min(cut.values()) > 5


@pytest.mark.parametrize("width", [24, 40, 80])
def test_brackets_stay_whole_on_pages_too(width):
    choose, parted = random.Random(width), 0
    for _ in range(300):
        one = side(choose, 2)
        lines = [formula_text(Row(line)) for line in broken(one.items, width)]
        if any(map(is_open, lines)):
            assert max(map(len, factors(one))) > width
            parted += 1
    assert parted > 5


def test_a_page_that_makes_lines_smaller_holds_longer_brackets():
    choose, parted = random.Random(1), [0, 0]
    for _ in range(200):
        one = side(choose, 2)
        for place, most in enumerate((40, 60)):
            lines = [formula_text(Row(line)) for line in broken(one.items, 40, most)]
            if any(map(is_open, lines)):
                assert max(map(len, factors(one))) > most
                parted[place] += 1
    assert parted[0] > parted[1] > 0
