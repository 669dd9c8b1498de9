"""Layers whose formula is data: the operations of a model that was written elsewhere, one instruction after the other.

`instructions(x + W, …)` writes an expression down as a list of plain lists, and the kind of layer `graph` reads it again; so a network that
was made of a PyTorch module is described, recorded and trained like any other, without PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from chainrule.base.errors import ChainruleError, DescriptionError, quoted
from chainrule.formula.expression import Expression, order, row_of
from chainrule.network.layers import layer
from chainrule.network.owner import Owner

INPUT, PARAMETER, QUANTITY = "input", "parameter", "quantity"
"""Instructions beside the rows of the table of primitives: what the layer is called on, what it learns, what it names."""

NAMELESS = ("variable", "named")
"""Rows that no instruction may apply: what comes from outside has an instruction of its own."""


@layer(fewest=0, scoped=True)
def graph(own: Owner, *signals: Expression, instructions: Sequence[Sequence[Any]], called: str = "") -> Expression:
    """What a list of instructions computes, the last of which is the result.

    instructions  each [operation, [numbers of earlier instructions, from 0], {parameters}]: a row of the table of primitives; "input"
                  with its place among the signals; "parameter" with its symbol and shape; "quantity", which names an earlier one
    called        what kind of layer it is to people, as "Linear"

    Raises DescriptionError.
    """
    own.declares = True  # what it gives is a quantity, whether or not it learns something
    values: list[Expression] = []
    for number, instruction in enumerate(instructions):
        try:
            operation, operands, parameters = instruction
            values.append(_value(own, signals, operation, [values[place] for place in operands], _tuples(parameters)))
        except (ChainruleError, LookupError, TypeError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
            raise DescriptionError(f"instruction {number + 1} of a graph, {quoted(instruction)}, cannot be read: {why}.") from None
    if not values:
        raise DescriptionError("a graph has one instruction or more.")
    return values[-1]


def _value(own: Owner, signals: Sequence[Expression], operation: str, operands: list[Expression], given: dict[str, Any]) -> Expression:
    if operation == INPUT:
        return signals[int(given["place"])]
    if operation == PARAMETER:
        return own.parameter(given["symbol"], *given["shape"], start="glorot_uniform" if len(given["shape"]) > 1 else None)
    if operation == QUANTITY:
        (quantity,) = operands
        return own.named(given["symbol"], quantity, given.get("time"))
    if operation in NAMELESS:
        raise ValueError(f"{operation} is no operation on numbers")
    if isinstance(number := given.get("number"), str):
        given["number"] = Fraction(number)
    return row_of(operation)(*operands, **given)


def _tuples(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as rows take them: with tuples where data has lists."""
    return {key: _tuple(value) for key, value in parameters.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, (list, tuple)) else value


def instructions(result: Expression, signals: Sequence[Expression]) -> list[list[Any]]:
    """The list that `graph` reads as this expression of signals and parameters; other variables are parameters, by their symbols."""
    places: dict[Expression, int] = {}
    written: list[list[Any]] = []
    for node in order(result, wall=set(signals).__contains__):
        places[node] = len(written)
        written.append(_instruction(node, [places[argument] for argument in node.arguments], signals))
    return written


def _instruction(node: Expression, operands: list[int], signals: Sequence[Expression]) -> list[Any]:
    if node in signals:
        return [INPUT, [], {"place": list(signals).index(node)}]
    if node.primitive.name == "variable":
        return [PARAMETER, [], {"symbol": node.symbol, "shape": list(node.shape)}]
    if node.primitive.name == "named":
        time = {} if node.name is None or node.name.time is None else {"time": node.name.time}
        return [QUANTITY, operands, {"symbol": node.symbol, **time}]
    return [node.primitive.name, operands, {key: _plain(value) for key, value in node.parameters.items()}]


def _plain(value: Any) -> Any:
    """As JSON has it: a fraction as text."""
    return [_plain(part) for part in value] if isinstance(value, tuple) else str(value) if isinstance(value, Fraction) else value
