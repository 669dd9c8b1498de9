"""Columns as numbers: an input, a target, and what messages say about their cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.base.printing import counted, listed
from chainrule.data.cells import ColumnKind, parse_number
from chainrule.data.columns import ColumnForm
from chainrule.data.numbers import NumberFormat
from chainrule.data.table import Column, Table
from chainrule.network.targets import one_hot

Task: TypeAlias = Literal["classify", "binary", "regress", "mixed"]

LOSSES: dict[Task, str] = {"classify": "cross_entropy", "binary": "binary_cross_entropy", "regress": "half_squared"}
"""The loss for every task, where none is said."""

NAMED = 8
"""So many names a message lists before it says how many more there are."""


class Feature(FrozenValue):
    """An input column and how it becomes numbers.

    kind       "number": (value − mean) / deviation;  "boolean": 0 or 1;  "category": one-hot, in the order of `categories`;
               "date": its `parts`;  "token": the place of the text among `categories`, which all tokens of a row share
    read_as    the kind of the column in the table
    fill       what stands in for a missing value; None where missing values are refused
    written    how its numbers were written, where they were text
    missing    whether an input of its own says that the value is missing: a category like any other, or beside what fills the gap
    parts      of a date: inputs of their own, as "when month"
    day_first  whether the day stands before the month where both are numbers
    low, high  the range of its numbers when fitting; None where it is not known
    """

    name: str
    kind: Literal["number", "boolean", "category", "date", "token"]
    read_as: ColumnKind
    mean: float = 0.0
    deviation: float = 1.0
    categories: tuple[str, ...] = ()
    fill: float | str | None = None
    written: NumberFormat | None = None
    missing: bool = False
    parts: tuple[Feature, ...] = ()
    day_first: bool = False
    low: float | None = None
    high: float | None = None

    @property
    def form(self) -> ColumnForm:
        """What `read` is to take the column for."""
        return self.read_as if self.written is None else self.written

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its numbers: age; colour=blue, colour=red; age missing."""
        named = {
            "category": tuple(f"{self.name}={label}" for label in self.categories),
            "date": tuple(name for part in self.parts for name in part.names),
        }
        values = named.get(self.kind, (self.name,))
        return (*values, f"{self.name} missing") if self.missing else values

    @property
    def scales(self) -> list[list[float]]:
        """[mean, deviation] of each of its numbers; [0, 1] of those that are 0 or 1."""
        if self.kind == "date":
            scales = [scale for part in self.parts for scale in part.scales]
        else:
            scales = [[self.mean, self.deviation]] * (len(self.categories) if self.kind == "category" else 1)
        return [*scales, [0.0, 1.0]] if self.missing else scales

    def x(self, table: Table) -> Array:
        """(rows, numbers). Raises FileError, which names the cell."""
        column = table.column(self.name)
        if self.kind == "category":
            x = one_hot(self.codes(column), len(self.categories))
        elif self.kind == "date":
            x = self._date(table)
        elif self.kind == "token":
            x = self._token(table, column)
        else:
            x = self._number(table, column)
        return np.hstack([x, column.missing[:, None]], dtype=np.float64) if self.missing else x

    def _date(self, table: Table) -> Array:
        from chainrule.preparation.dates import part_columns

        wanted = [part.name.removeprefix(f"{self.name} ") for part in self.parts]
        parts = replace(table, columns=tuple(part_columns(table, self.name, wanted, day_first=self.day_first)))
        return np.hstack([part.x(parts) for part in self.parts], dtype=np.float64)

    def _token(self, table: Table, column: Column) -> Array:
        places = self.codes(column)
        if (places < 0).any():
            row = int((places < 0).argmax())
            cell = "has no value" if column.values[row] is None else f"holds {quoted(column.values[row])}"
            known = enumerated(self.categories)
            raise FileError(f"{table.cell(row, self.name)} {cell}, which is no token of the model; it knows {known}.")
        return places[:, None]

    def _number(self, table: Table, column: Column) -> Array:
        values = as_numbers(table, column)
        if self.fill is not None:
            values = np.where(np.isnan(values), self.fill, values)
        if self.kind == "boolean" and ((values != 0) & (values != 1)).any():
            place = int(((values != 0) & (values != 1)).argmax())
            raise FileError(f"{table.cell(place, self.name)} holds {values[place]:g}, which is no truth value.")
        return np.asarray((values - self.mean) / self.deviation)[:, None]

    def codes(self, column: Column) -> Array:
        """(rows,): the place of every value among the categories; −1 for one that is not among them."""
        places = {label: place for place, label in enumerate(self.categories)}
        fill = places.get(str(self.fill), -1)
        return np.array([fill if label is None else places.get(label, -1) for label in labels_of(column)], dtype=np.int64)


class Target(FrozenValue):
    """A target column and how it becomes numbers: "number": (value − mean) / deviation;  "class": one of `classes`.

    written  how its numbers were written, where they were text
    """

    name: str
    kind: Literal["number", "class"]
    read_as: ColumnKind
    mean: float = 0.0
    deviation: float = 1.0
    classes: tuple[str, ...] = ()
    written: NumberFormat | None = None

    @property
    def task(self) -> Task:
        """What a network that predicts this target alone does."""
        return "regress" if self.kind == "number" else "binary" if len(self.classes) == 2 else "classify"

    @property
    def form(self) -> ColumnForm:
        """What `read` is to take the column for."""
        return self.read_as if self.written is None else self.written

    def in_its_kind(self, answers: Array) -> Array:
        """Labels of classes as the values of the column that they were: truth values, whole numbers, numbers; all else as it is."""
        if self.kind == "number" or self.read_as not in ("boolean", "number"):
            return answers
        if self.read_as == "boolean":
            return np.asarray(answers == "true")
        numbers = answers.astype(np.float64)
        whole = all(float(label).is_integer() and abs(float(label)) < 2**53 for label in self.classes)
        return numbers.astype(np.int64) if whole else numbers

    def labels(self, table: Table, *, strict: bool = True) -> Array:
        """(rows,): the place of every class, or the numbers as they are. Raises FileError, which names the cell.

        strict  refuse a class that the model does not know; else its place is −1
        """
        column = table.column(self.name)
        if column.missing.any():
            raise FileError(f"{table.cell(int(column.missing.argmax()), self.name)} has no value, and it is the target; leave the row out.")
        return as_numbers(table, column) if self.kind == "number" else self._codes(table, column, strict)

    def _codes(self, table: Table, column: Column, strict: bool) -> Array:
        places = {label: place for place, label in enumerate(self.classes)}
        labels = labels_of(column)
        for row, label in enumerate(labels if strict else ()):
            if label not in places:
                known = enumerated(self.classes)
                raise FileError(f"{table.cell(row, self.name)} holds {quoted(label)}, which is no class of the model; it knows {known}.")
        return np.array([places.get(label, -1) for label in labels], dtype=np.int64)


def complete(table: Table, names: Iterable[str]) -> Array:
    """(rows,): True where none of these columns lacks a value."""
    return np.asarray(~np.any([table.column(name).missing for name in names], axis=0))


def labels_of(column: Column) -> Array:
    """(rows,) objects: the values as text, None where missing: text itself, true and false, 3 and 2.5."""
    if column.values.dtype == object:
        return column.values
    distinct, places = np.unique(column.values, return_inverse=True)
    texts = np.empty(len(distinct), dtype=object)
    texts[:] = [_label(float(value), column.kind) for value in distinct]
    return np.asarray(texts[places])


def _label(value: float, kind: ColumnKind) -> str | None:
    if math.isnan(value):
        return None
    if kind == "boolean":
        return "true" if value else "false"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def as_numbers(table: Table, column: Column) -> Array:
    """(rows,) the values as numbers, NaN where missing. Raises FileError, which names the cell that is none or too large."""
    if column.values.dtype == object:
        if not column.missing.all():
            raise FileError(table.stray(column))
        return np.full(len(column.values), np.nan)
    table.check_size(column)
    return column.values


def enumerated(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(map(listed, names[:NAMED])) + (f" and {more} more" if more > 0 else "")


def missing_message(source: str, count: int, cells: Sequence[tuple[int, str]]) -> str:
    """How many values are missing and where the first ones are."""
    first = "; ".join(f"row {row}, column {quoted(name)}" for row, name in cells[:3])
    return f"{source} has {counted(count, 'missing value')} ({first}{' …' if count > 3 else ''})"


def ordered(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels in their order: by size if all are numbers, else by the alphabet."""
    labels = list(labels)
    values = {label: parse_number(label) for label in labels}
    if all(value is not None for value in values.values()):
        return tuple(sorted(labels, key=lambda label: (values[label], label)))
    return tuple(sorted(labels))
