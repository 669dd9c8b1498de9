"""Formulas without a network, as people ask for them: the text, the numbers of its letters, and what is to be shown."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from chainrule.api.settings import chosen_notation
from chainrule.base.errors import InputError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.base.options import option
from chainrule.formula.arrays import fraction
from chainrule.formula.expression import Expression
from chainrule.formula.grammar import MOST_SIGNS, ParsedFormula, TypedText, about_comma, parse_formula
from chainrule.network.definitions import Definition, definitions
from chainrule.notation.conventions import Notation

if TYPE_CHECKING:
    from chainrule.document.document import Document

PointLike: TypeAlias = "str | Mapping[str, float | Fraction | str] | None"

_VALUE = re.compile(
    r"[-+−–]?(?:(?![1-9][0-9]{0,2},[0-9]{3}(?![0-9]))[0-9]+,[0-9]+|[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+−–]?[0-9]+)?(?:\s*/\s*[0-9]+)?"
)
_SET = re.compile(r"\s*(?P<name>[^\W0-9]\w*)\s*=\s*")


def explain_formula(
    formula: str,
    at: PointLike = None,
    *,
    detail: Literal["overview", "scalar"] | None = None,
    weight: str | None = None,
    digits: int | None = None,
    exact: bool = False,
    notation: str | Mapping[str, Any] | Notation | None = None,
    language: str | None = None,
) -> Document:
    """A worked example of the chain rule on a formula: forward, back-propagation edge by edge, all paths, a check by differences.

    formula   lines "name = expression", with ; or line breaks between them; the last one is the result
    at        the numbers of the letters that no line defines: "a=-4 b=2", or {"a": -4, "b": 2}
    detail    "overview" or "scalar"
    weight    one letter alone
    digits    significant digits of rounded numbers
    exact     fractions in place of rounded numbers
    notation, language  as of `problem`

    Raises InputError, UnknownNameError, InexactError.
    """
    from chainrule.explanation.formulas import Worked, explain_calculation

    reading, numbers = read_formula(formula, at)
    written = replace(chosen_notation(Notation(), notation, language), exact=exact)
    if digits is not None:
        written = replace(written, digits=digits)
    values = reading.at(numbers, exact=exact)
    return explain_calculation(Worked(reading.calculation, values, written), detail=detail, weight=weight)


def formula_code(formula: str, at: PointLike = None) -> str:
    """The formula and its derivatives as plain Python. Arguments and errors as of `explain_formula`."""
    from chainrule.engines.plain import program

    reading, numbers = read_formula(formula, at)
    reading.at(numbers)
    return program(reading.calculation, {node.key: float(number) for node, number in numbers.items()})


def read_formula(formula: str, at: PointLike) -> tuple[ParsedFormula, dict[Expression, Any]]:
    """The formula, in which every registered activation is a function, and the number of every input. Raises InputError."""
    given = _pairs(at) if isinstance(at, str) else {} if at is None else {str(name): (value, None) for name, value in at.items()}
    own = {name: partial(_activation, definition) for name, definition in definitions("activation").items()}
    reading = parse_formula(formula, own, given)
    return reading, _numbers(reading, given)


def _activation(definition: Definition, z: Expression) -> Expression:
    """An activation with its default options."""
    made: Expression = definition.bind().apply(z)
    return made


def _numbers(reading: ParsedFormula, given: Mapping[str, tuple[Any, Any]]) -> dict[Expression, Any]:
    """The number of every input. Raises InputError for one that is missing or unknown."""
    calculation = reading.calculation
    inputs = {node.symbol: node for node in calculation.inputs if node not in reading.given}
    for name, (_, error) in given.items():
        if name not in inputs:
            raise _no_input(reading, name) if error is None else error(str(_no_input(reading, name)))
    missing = [node for name, node in inputs.items() if name not in given]
    if missing:
        raise _missing(reading, missing)
    numbers = {node: _fraction(node.symbol, given[node.symbol][0]) for node in inputs.values()}
    return {node: numbers[node] if node in numbers else fraction(reading.given[node]) for node in calculation.inputs}


def _no_input(reading: ParsedFormula, name: str) -> InputError:
    letters = (*reading.calculation.inputs, *reading.calculation.quantities)
    if any(node.symbol == name for node in letters):
        return InputError(f"the formula says itself what {name} is, so it takes no number; leave {name} out of «--at».")
    return UnknownNameError("letter of the formula", name, {node.symbol for node in letters})


def _missing(reading: ParsedFormula, missing: list[Expression]) -> InputError:
    names = [node.symbol for node in missing]
    first, others = names[0], set(names[1:])
    known = {node.symbol for node in (*reading.calculation.inputs, *reading.calculation.quantities)} - {first}
    wanted = " ".join(f"{name}=…" for name in names)
    said = f"{' and '.join([', '.join(names[:-1]), names[-1]] if others else names)} {'have' if others else 'has'} no number"
    hint = ""
    if 1 < len(first) <= 3 and known.intersection(first):
        hint = f" If the letters are multiplied, write {'*'.join(first)}."
    elif first == "e":
        hint = " Euler's number is written exp(1), and its powers exp(x)."
    return reading.refused(missing[0], f"{said}; give {option('at', wanted)}.{hint}")


def _fraction(name: str, value: Any) -> Fraction:
    """A number as a fraction. Raises InputError."""
    if isinstance(value, str):
        match = _VALUE.fullmatch(value.strip())
        value = _read_number(match[0]) if match else value
    elif hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction) or not math.isfinite(value):
        raise InputError(f"{name} must be a number, not {quoted(value)}.")
    return fraction(value)


def _read_number(text: str) -> Fraction | float:
    """−4, 0.5 or 0,5, 1e-3 or 2/3; infinite where that is too much."""
    above, _, below = text.replace("−", "-").replace("–", "-").replace(",", ".").replace(" ", "").partition("/")
    if len(text) > 400 or not math.isfinite(float(above)) or (below and not int(below)):
        return math.inf
    return Fraction(above) / int(below or 1)


def _pairs(at: str) -> dict[str, tuple[Any, Any]]:
    """The numbers of a text such as a=-4 b=2, each with what makes an error of it. Raises InputError."""
    text = TypedText(at)
    if len(at) > MOST_SIGNS:
        raise InputError(f"«--at» may have {MOST_SIGNS:,} signs, and this has {len(at):,}.")
    found: dict[str, tuple[Any, Any]] = {}
    position = 0
    while at[position:].strip():
        match = _SET.match(at, position)
        if match is None:
            raise text.refused('numbers are given as "a=-4 b=2".', position + len(at[position:]) - len(at[position:].lstrip()))
        name, start, stop = match["name"], *match.span("name")
        value = _VALUE.match(at, match.end())
        if value is None:
            raise text.refused(f"{name} takes a number, as {name}=0.5.", start, max(match.end(), stop))
        if name in found:
            raise text.refused(f"{name} is given twice; leave one out.", start, stop)
        number = _read_number(value[0])
        if number == math.inf:
            raise text.refused("this is no number to compute with.", *value.span())
        position = value.end()
        if comma := re.match(r",[0-9]+", at[position:]):
            raise text.refused(about_comma(value[0], comma[0][1:]), value.start(), position + len(comma[0]))
        gap = re.match(r"\s*[,;]?\s*", at[position:])
        assert gap is not None
        if not gap[0] and at[position:]:
            raise text.refused(f"after {value[0]} a space, a comma or ; is missing; {name} takes one number.", position)
        position += len(gap[0])
        found[name] = (number, lambda message, start=start, stop=stop: text.refused(message, start, stop))
    return found
