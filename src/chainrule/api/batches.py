"""The rows of a problem: given as numbers, read from a table, prepared by a model, or drawn where they lack."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.api.models import Trained
from chainrule.api.typed_numbers import NumbersLike, fitting
from chainrule.base.arrays import Array, python_value
from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.base.printing import counted
from chainrule.formula.expression import order
from chainrule.network.network import Network
from chainrule.network.targets import Classes, class_outputs, class_places, first_class, one_hot, read_targets, widths
from chainrule.network.wiring import Extent
from chainrule.steps.problem import Problem

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.data.table import Table
    from chainrule.preparation.preparation import Preparation


def with_batch(
    problem: Problem,
    x: NumbersLike | None,
    t: NumbersLike | None,
    data: Any,
    row: int | str | Sequence[int | str] | None,
    target_columns: str | Sequence[str] | None,
    encoding: str | None,
) -> Problem:
    """The problem with the rows that are asked for: arguments as of `chainrule.api.problems.problem`. Raises InputError."""
    if data is None and row is not None and x is None and t is None and isinstance(problem, Trained) and problem.preparation is not None:
        from chainrule.training.rows import checked_own_data

        data = checked_own_data(problem.own, problem.preparation)
    if data is None and isinstance(problem, Trained) and problem.preparation is not None and _are_raw(x, problem.network):
        if t is not None:
            names = ", ".join(target.name for target in problem.preparation.targets)
            raise InputError(f"rows that a model prepares have their targets beside their inputs, as {names}; leave the targets out.")
        data, x = x, None
    if data is not None:
        if x is not None or t is not None:
            raise InputError("a batch comes either from «--data» or from «--input» and «--target»; leave out one of them.")
        return _from_table(problem, data, row, target_columns, {} if encoding is None else {"encoding": encoding})
    if target_columns is not None:
        raise InputError("«--target-columns» names columns of a table; give the table, as «--data FILE».")
    given_x, given_t, classes = _typed_rows(problem, x, t)
    others = {key: value for key, value in problem.origin.items() if key != "classes" or classes is None}
    origin = {**others, **({"classes": classes} if classes else {})}
    changed = replace(problem, x=given_x, t=given_t, origin=origin)
    return changed if row is None else _chosen(changed, _rows(row))


NAMED_DATA = re.compile(r"^data:|\.[A-Za-z]\w*$")
"""A text that names rows, which may not be there, and is no number."""


def _are_raw(x: Any, network: Network) -> bool:
    """Are these rows with the names of their columns, which a model prepares, and no numbers for the inputs of its network?"""
    if isinstance(x, Mapping):
        return not {*x} <= {*network.wiring.inputs}
    if isinstance(x, str):
        return NAMED_DATA.search(x) is not None or os.path.exists(x)
    named = isinstance(x, os.PathLike) or hasattr(x, "columns") or hasattr(x, "column_names")
    return named or (isinstance(x, list) and len(x) > 0 and all(isinstance(row, Mapping) for row in x))


def _typed_rows(problem: Problem, x: NumbersLike | None, t: NumbersLike | None) -> tuple[Array | None, Array | None, Classes | None]:
    """Inputs, targets, and which of them were class numbers: of all readings of what was typed, the first in which both have as many rows.

    Raises InputError.
    """
    network, comma = problem.network, problem.network.notation.decimal == "comma"
    inputs = [problem.x] if x is None else fitting("input", x, lambda rows: network.checked_x(rows, "input"), decimal_comma=comma)
    pairs: list[tuple[Array | None, Array | None, Classes | None]] = []
    refusals: list[InputError] = []
    for given in inputs:
        read = partial(read_targets, network, name="target", rows=None if given is None else len(given))
        try:
            targets = [(problem.t, None)] if t is None else fitting("target", t, read, decimal_comma=comma)
            pairs += [(given, *one) for one in targets]
        except InputError as error:
            refusals.append(error)
    if not pairs:
        raise refusals[0]
    for pair in pairs:
        if pair[0] is None or pair[1] is None or len(pair[0]) == len(pair[1]):
            return pair
    counts = [0 if part is None else len(part) for part in pairs[0][:2]]
    raise InputError(f"the inputs are {counted(counts[0], 'row')}, the targets {counts[1]}; both need as many.")


def _chosen(problem: Problem, rows: list[int]) -> Problem:
    """Only these rows of the batch."""
    if problem.x is None or problem.t is None:
        raise InputError("«--row» chooses rows of a batch, but there is none; give «--data FILE» or «--input» and «--target».")
    for number in rows:
        if not 1 <= number <= len(problem.x):
            raise InputError(f"the batch has no row {number}; its rows are 1 to {len(problem.x)}.")
    places = [number - 1 for number in rows]
    return replace(problem, x=problem.x[places], t=problem.t[places], origin={**problem.origin, "rows": rows})


def _from_table(
    problem: Problem,
    path: str | Path,
    row: int | str | Sequence[int | str] | None,
    target_columns: str | Sequence[str] | None,
    form: Mapping[str, Any],
) -> Problem:
    from chainrule.data.reading import read

    if isinstance(problem, Trained) and problem.preparation is not None:
        return _from_raw_rows(problem, problem.preparation, path, row, target_columns, form)
    table, network = read(path, **form), problem.network
    rows = list(range(1, len(table) + 1)) if row is None else _rows(row)
    split = target_columns.split(",") if isinstance(target_columns, str) else target_columns
    labels = sum(widths(network, classes=True).values())
    if split is None:
        split = table.names[len(table.names) - (labels if len(table.names) == network.inputs + labels else network.targets) :]
    targets = [name.strip() for name in split]
    for name in targets:
        table.column(name)  # is it there?
    inputs = [name for name in table.names if name not in targets]
    if len(inputs) != network.inputs or len(targets) not in (network.targets, labels):
        of_classes = f", or {labels} with class numbers," if labels != network.targets else ""
        raise InputError(
            f"{path} has {counted(len(inputs), 'column')} of inputs and {len(targets)} of targets, but the network needs "
            f"{network.inputs} and {network.targets}{of_classes}; describe a {len(inputs) or 1}-…-{len(targets) or 1} network or "
            "choose with «--target-columns»."
        )
    chosen = table.chosen(rows)
    t, classes, called = (
        (chosen.numbers(targets), Classes(), targets) if len(targets) == network.targets else _from_labels(network, table, targets, rows)
    )
    names = {"features": tuple(inputs), "targets": tuple(called)} if table.has_header else {"features": (), "targets": ()}
    origin = {**problem.origin, "data": str(path), "rows": rows, **({"classes": classes} if classes else {})}
    return replace(problem, x=chosen.numbers(inputs), t=t, origin=origin, **names)


def _from_labels(network: Network, table: Table, columns: Sequence[str], rows: Sequence[int]) -> tuple[Array, Classes, list[str]]:
    """Targets of which some columns hold classes, by number or by name; where they begin, over all rows; and what each output is called."""
    several, left = class_outputs(network), list(columns)
    parts, classes, called = list[Array](), Classes(), list[str]()
    places = [row - 1 for row in rows]
    for output, width in widths(network, classes=True).items():
        own, left = left[:width], left[width:]
        if output not in several:
            parts.append(table.chosen(rows).numbers(own))
            called += own
            continue
        size, column = network.output_sizes[output], table.column(own[0])
        if column.values.dtype == object:
            if column.missing.any():
                raise FileError(f"{table.cell(int(column.missing.argmax()), column.name)} has no value.")
            found, names = class_places(column.values, size, f"{table.source}, column {quoted(column.name)},")
            classes[output] = names
            called += names
        else:
            numbers = table.numbers(own)[:, 0]
            first = classes[output] = first_class(numbers, size, f"{table.source}, column {quoted(column.name)},")
            found = [int(number) - first for number in numbers]
            called += [f"{own[0]} {number}" for number in range(first, first + size)]
        parts.append(one_hot([found[place] for place in places], size))
    return np.concatenate(parts, axis=1), classes, called


def _rows(row: int | str | Sequence[int | str]) -> list[int]:
    from chainrule.data.table import row_numbers

    row = python_value(row)
    parts = [row] if isinstance(row, (int, str)) else row
    return [number for part in parts for number in row_numbers(str(part))]


def _from_raw_rows(
    problem: Trained,
    preparation: Preparation,
    path: str | Path,
    row: int | str | Sequence[int | str] | None,
    target_columns: str | Sequence[str] | None,
    form: Mapping[str, Any],
) -> Problem:
    """Rows as they were before any preparation: the model prepares them as it did its own."""
    from chainrule.data.reading import read
    from chainrule.training.model import form_for

    if target_columns is not None:
        raise InputError("a model knows its own targets; leave out «--target-columns».")
    asked = form_for(problem.own, path, form)
    try:
        table = read(path, kinds=preparation.forms, **asked)
    except UnknownNameError:
        table = read(path, kinds=preparation.input_forms, **asked)  # rows to be answered have no targets
        if any(target.name in table.kinds for target in preparation.targets):
            raise
    rows = list(range(1, len(table) + 1)) if row is None else _rows(row)
    origin = {**problem.origin, "data": str(path) if isinstance(path, (str, os.PathLike)) else table.source, "rows": rows}
    return with_table(replace(problem, origin=origin), table.chosen(rows))


def with_table(problem: Trained, table: Table) -> Problem:
    """The problem with the rows of a table, which its model prepares. Raises FileError."""
    preparation = problem.preparation
    assert preparation is not None
    origin = dict(problem.origin)
    if len(table) == 1:
        origin["raw"] = {name: _cell(table.column(name).values[0]) for name in preparation.kinds if name in table.kinds}
    x = preparation.x(table)
    if _has_targets(preparation, table):
        return replace(problem, x=x, t=preparation.t(table), origin=origin)
    origin["without_target"] = True
    return replace(problem, x=x, t=_as_predicted(problem.network, x), origin=origin)


def _has_targets(preparation: Preparation, table: Table) -> bool:
    """Is there a target in any of the rows?"""
    names = [target.name for target in preparation.targets if target.name in table.kinds]
    return any(not table.column(name).missing.all() for name in names)


def _as_predicted(network: Network, x: Array) -> Array:
    """Targets that stand in for those that nobody knows, and of which no number is shown: what is predicted."""
    y = network.predict(x)
    for node, part in network.split(None, y).items():
        signs = [goal.loss.definition.targets == "signs" for goal in network.goals.values()]
        if all(signs) and node is not None:
            return np.where(part >= 0, 1.0, -1.0)
    return y


def _cell(value: Any) -> str | float:
    """A value as its table has it."""
    if isinstance(value, float):
        return "–" if np.isnan(value) else float(value)
    return "–" if value is None else str(value)


# What is drawn


def with_sample(problem: Problem) -> Problem:
    """The problem with what it lacks of a batch drawn from its seed; `origin` says what was drawn, weights too."""
    network = problem.network
    x, t = problem.x, problem.t
    if x is None or t is None:
        random = np.random.default_rng([network.seed, 1])  # not the stream of the weights
        rows = (DRAWN_TOGETHER if _is_of_its_batch(network) else 1) if t is None else len(t)
        x = _drawn_inputs(network, random, rows) if x is None else x
        t = fitting_targets(network, random, len(x)) if t is None else t
    drawn = [*network.initializers, *(["x"] if problem.x is None else []), *(["t"] if problem.t is None and network.targets else [])]
    origin = {**problem.origin, **({"drawn": drawn, "seed": network.seed} if drawn else {})}
    return replace(problem, x=x, t=t, origin=origin)


DRAWN_TOGETHER = 4
"""Samples that are drawn where a prediction depends on the others: of a single one, every number would be its own mean."""


def _is_of_its_batch(network: Network) -> bool:
    """Does a prediction depend on the other samples of the batch, as where it is normalised with them?"""
    forward = network.forward
    x = forward.inputs[0]
    alike = (quantity for quantity in forward.quantities if quantity.shape[:1] != x.shape[:1])
    return any(not set(order(quantity)).isdisjoint(forward.inputs) for quantity in alike)


def _drawn_inputs(network: Network, random: np.random.Generator, rows: int) -> Array:
    """Normal numbers, and tokens out of the vocabulary where an input holds tokens."""
    x, start = np.round(random.normal(size=(rows, network.inputs)), 2), 0
    for size in network.wiring.inputs.values():
        if isinstance(size, Extent) and size.vocabulary:
            x[:, start : start + size] = random.integers(size.vocabulary, size=(rows, size))
        start += size
    return x


def fitting_targets(network: Network, random: np.random.Generator, rows: int) -> Array:
    """Targets of the shape (rows, outputs) as the losses need them: one-hot, 0 or 1, ±1, or numbers that the last layer can give."""
    results = {call.name: call.layer.activation for call in network.wiring.calls}
    parts = []
    for name, size in network.target_sizes.items():
        output = results[network.wiring.outputs[name]]
        given = "numbers" if output is None else output.definition.gives
        parts.append(_fitting(network.goals[name].loss.definition.targets, given, random, (rows, size)))
    return np.concatenate([np.empty((rows, 0)), *parts], axis=1)


def _fitting(asked: str, given: str, random: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Targets of one output: asked by its loss, given by its layer."""
    rows, size = shape
    if asked in ("distribution", "steps") or (asked == "numbers" and given == "distribution"):
        return np.asarray(np.eye(size)[random.integers(size, size=rows)])
    if asked in ("probabilities", "pairs"):
        return random.integers(2, size=shape).astype(float)
    if asked == "signs":
        return 2.0 * random.integers(2, size=shape) - 1
    if asked == "gradient":
        return np.round(random.normal(size=shape), 2)
    if given == "probabilities":
        return np.round(random.uniform(size=shape), 2)
    return np.round(random.uniform(-0.99, 0.99, size=shape) if given == "signs" else random.normal(size=shape), 2)
