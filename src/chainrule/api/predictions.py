"""Predictions as CSV: with digits that mean something, beside columns that are kept, and without cells that a spreadsheet would run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.data.cells import parse_number
from chainrule.preparation.columns import labels_of

if TYPE_CHECKING:
    from chainrule.data.table import Table
    from chainrule.training.model import Model

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet takes for a formula, and runs.   Source: OWASP, CSV injection."""


def predictions(
    model: Model,
    tables: Iterable[Table],
    *,
    probabilities: bool = False,
    keep: Sequence[str] = (),
    digits: int | None = None,
    guard_formulas: bool = False,
) -> Iterator[str]:
    """The predictions as CSV, a head first, then a piece for every table.

    keep     columns of the tables that stand before the predictions
    digits   significant digits of numbers; None: as many as mean something, by the errors that the model makes
    guard_formulas  a cell that a spreadsheet would run as a formula has ' before it

    Raises InputError.
    """
    preparation = model.preparation
    if preparation is None:
        raise InputError("this model was trained on numbers and takes no tables.")
    if probabilities:
        preparation.check_probabilities()
    begun, errors = False, _usual_errors(model)
    for table in tables:
        y = model.outputs(table)
        columns = {name: labels_of(table.column(name)) for name in keep}
        answers = {f"{name} predicted" if name in columns else name: answer for name, answer in preparation.answers(y).items()}
        columns |= {name: _rounded(answer, digits, error) for (name, answer), error in zip(answers.items(), errors, strict=True)}
        if probabilities:
            columns |= {name: _rounded(chance, digits, 1e-3) for name, chance in preparation.probability_columns(y).items()}
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        yield _csv([*([] if begun else [columns]), *rows], guard=guard_formulas)
        begun = True


def _usual_errors(model: Model) -> list[float]:
    """For each target, how far predictions are off on rows that the model was not trained on; 0 where it is not known, or of classes."""
    assert model.preparation is not None
    scores = next((model.scores[part] for part in ("test", "validation", "train") if part in model.scores), None)
    if scores is None or scores.squared is None:
        return [0.0] * len(model.preparation.targets)
    return [float(error) for error in (scores.squared / scores.rows) ** 0.5]


def _rounded(values: Array, digits: int | None, error: float) -> Array:
    """Numbers with so many significant digits, or without those that are less than a thousandth of the usual error. Text stays."""
    if values.dtype == object:
        return values
    if digits is None and error > 0:
        return values.round(max(0, 3 - math.floor(math.log10(error)))) + 0.0  # + 0.0: no −0
    return np.array([float(f"{value:.{digits or 6}g}") for value in values])


def formula_cells(model: Model) -> tuple[str, ...]:
    """The cells of its predictions that a spreadsheet would run as formulas, if nothing guards them."""
    preparation = model.preparation
    cells = [] if preparation is None else [text for target in preparation.targets for text in (target.name, *target.classes)]
    return tuple(filter(_is_formula, cells))


def _is_formula(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith(FORMULA) and parse_number(cell) is None


def _csv(rows: Iterable[Iterable[Any]], *, guard: bool) -> str:
    import csv
    import io

    if guard:
        rows = ([f"'{cell}" if _is_formula(cell) else cell for cell in row] for row in rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
