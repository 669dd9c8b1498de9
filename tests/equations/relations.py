"""Whether what stands between relations is true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
from tests.equations.trees import RELATIONS, Literal, NotRead, Parser, Tree, parsed, tokens
from tests.equations.values import DIGITS, SLACK, Evaluation, Misfit, Unknown, near, shape


@dataclass
class Verdict:
    """What became of the relations of an equation.

    false    those that do not hold, as they are printed
    checked  how many were computed
    skipped  how many had letters without numbers, "…", NaN or infinities
    """

    false: list[str] = field(default_factory=list)
    checked: int = 0
    skipped: int = 0


def unit(tree: Tree) -> Fraction | None:
    """The weight of the last digit of a single printed number; None for a formula."""
    if isinstance(tree, Literal):
        return tree.unit
    match tree:
        case ("negative", inner):
            return unit(inner)
        case ("·", inner, ("^", Literal(value=base), exponent)) if base == 10 and unit(inner) is not None:
            return unit(inner) * Fraction(10) ** int(Evaluation({})(exponent))
        case ("^", Literal(value=base), exponent) if base == 10:
            return Fraction(10) ** int(Evaluation({})(exponent))
    return None


def literals(tree: Tree) -> Iterator[Literal]:
    if isinstance(tree, Literal):
        yield tree
    elif isinstance(tree, tuple):
        for part in tree:
            yield from literals(part)


def cells(value: Any) -> list[Any]:
    return [cell for line in value for cell in line] if isinstance(value, list) else [value]


def tolerances(tree: Tree, evaluation: Evaluation, count: int) -> list[Any]:
    """How far each element of a right side may be off: half a unit of a number, what half a unit of each number makes in a formula."""
    trees = [cell for line in tree[1:] for cell in line] if isinstance(tree, tuple) and tree[0] == "matrix" else [tree]
    if len(trees) == count and all(unit(cell) is not None for cell in trees):
        return [unit(cell) / 2 for cell in trees]
    middle = cells(evaluation(tree))
    allowed: list[Any] = [mpmath.mpf(0)] * len(middle)
    for part in literals(tree):
        moved = []
        for sign in (1, -1):
            nudged = Evaluation(evaluation.values, {part.place: part.value + sign * part.unit / 2}, evaluation.sideways)
            try:
                moved.append([abs(near(a) - near(b)) for a, b in zip(cells(nudged(tree)), middle, strict=True)])
            except Unknown:  # beyond the end of a domain
                continue
        if moved:
            allowed = [a + max(steps) * mpmath.mpf("1.001") for a, steps in zip(allowed, zip(*moved, strict=True), strict=True)]
    return allowed


def holds(left: Tree, relation: str, right: Tree, values: Mapping[str, Any]) -> bool:
    """Is the relation true, for samples below each other or side by side? Raises Unknown where it cannot be said."""
    misfit: Misfit | None = None
    fits = False
    for sideways in (False, True):
        evaluation = Evaluation(values, sideways=sideways)
        try:
            a, b = evaluation(left), evaluation(right)
            if isinstance(b, list) and not isinstance(a, list):  # ∂E/∂y = 1/N: the same number everywhere
                a = [[a] * len(line) for line in b]
            if len(cells(a)) == len(cells(b)) and (shape(a) == shape(b) or len(cells(a)) == 1):
                if _holds(a, relation, right, b, evaluation):
                    return True
                fits = True
        except Misfit as error:
            misfit = error
    return False if fits or misfit is None else _refuse(misfit)


def _refuse(error: Misfit) -> bool:
    raise error


def _holds(a: Any, relation: str, right: Tree, b: Any, evaluation: Evaluation) -> bool:
    pairs = list(zip(cells(a), cells(b), strict=True))
    if relation == "=":
        return all(_equal(x, y) for x, y in pairs)
    allowed = tolerances(right, evaluation, len(pairs))
    return all(_within(x, y, margin) for (x, y), margin in zip(pairs, allowed, strict=True))


def _equal(x: Any, y: Any) -> bool:
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x == y
    return abs(near(x) - near(y)) <= mpmath.mpf(10) ** (10 - DIGITS) * max(abs(near(x)), abs(near(y)))


def _within(x: Any, y: Any, margin: Any) -> bool:
    if all(isinstance(part, Fraction) for part in (x, y, margin)):
        return abs(x - y) <= margin
    return abs(near(x) - near(y)) <= near(margin) * (1 + SLACK) + abs(near(x)) * mpmath.mpf(10) ** (10 - DIGITS)


def split(text: str) -> tuple[list[str], list[str]]:
    """Sides and relations; a relation inside brackets is none."""
    sides, relations, depth = [""], list[str](), 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign in RELATIONS and depth <= 0:
            relations.append(sign)
            sides.append("")
            depth = 0
        else:
            sides[-1] += sign
    return sides, relations


def beginning(text: str) -> Tree:
    """The longest formula at the beginning of a text, prose after it or not."""
    found = tokens(text)
    for length in range(len(found), 0, -1):
        try:
            return Parser(found[:length]).whole()
        except NotRead:
            continue
    raise NotRead(text)


def ending(text: str) -> Tree:
    """The longest formula at the end of a text."""
    starts = [0, *(match.end() for match in re.finditer(r"[\s:]+", text))]
    for start in starts:
        try:
            return parsed(text[start:])
        except NotRead:
            continue
    raise NotRead(text)


def check(equation: str, values: Mapping[str, Any] | None = None) -> Verdict:
    """Every relation of an equation: which are false, how many were checked, how many could not be."""
    verdict = Verdict()
    sides, relations = split(equation)
    for left, relation, right in zip(sides, relations, sides[1:], strict=False):
        _judge(verdict, left, relation, right, values or {})
    return verdict


def _judge(verdict: Verdict, left: str, relation: str, right: str, values: Mapping[str, Any]) -> None:
    try:
        if relation == "←":
            raise Unknown("an update is no equation")
        true = any(_computed(digits, ending(left), relation, beginning(right), values) for digits in (DIGITS, 8 * DIGITS, 16 * DIGITS))
    except (NotRead, Unknown):
        verdict.skipped += 1
        return
    except Misfit:
        true = False
    verdict.checked += 1
    if not true:
        verdict.false.append(f"{left.strip()} {relation} {right.strip()}")


def _computed(digits: int, left: Tree, relation: str, right: Tree, values: Mapping[str, Any]) -> bool:
    """Is the relation true, computed with so many digits? 1 + e^−2000 needs many."""
    with mpmath.workdps(digits):
        return holds(left, relation, right, values)
