"""What one pass over the rows learns about a column: enough to decide, and of a size that does not grow with the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.data.cells import ColumnKind
from chainrule.data.dates import is_date
from chainrule.data.numbers import NumberFormat, looks_like_number, resembles_number
from chainrule.data.table import LARGEST_NUMBER, Column, Table
from chainrule.preparation.columns import labels_of
from chainrule.preparation.moments import AT_ONCE, Moments

MOST_CATEGORIES = 1000
"""A column of text with more different values than this is no category, unless it is asked for."""

FEW_DATES = 20
"""So many different dates are categories like any others, where not all cells are dates."""

MOST_LABELS = 100_000
"""Not even then more than this."""


class NumberSummary(NamedTuple):
    """What some rows of a column of numbers are, none of them missing; rising and falling: the range of values minus, and plus, the
    numbers of their rows, where all are whole.
    """

    moments: Moments
    low: float
    high: float
    whole: bool
    rising: tuple[float, ...] = ()
    falling: tuple[float, ...] = ()

    @staticmethod
    def of_columns(columns: Sequence[Array], rows: Array) -> list[NumberSummary]:
        """Of each of some columns, (n,) all of them, together, as there may be very many; rows: the numbers of their rows, (n,)."""
        found: list[NumberSummary] = []
        moments, at_once = Moments.of_columns(columns), max(1, AT_ONCE // len(rows))
        for first in range(0, len(columns), at_once):
            values = np.array(columns[first : first + at_once])
            low, high = values.min(axis=1), values.max(axis=1)
            whole = (values == np.floor(values)).all(axis=1)
            known = zip(moments[first : first + at_once], low.tolist(), high.tolist(), whole.tolist(), values, strict=True)
            found += [
                NumberSummary(one, lowest, highest, True, _range(some - rows), _range(some + rows)) if all_whole
                else NumberSummary(one, lowest, highest, False)
                for one, lowest, highest, all_whole, some in known
            ]  # fmt: skip
        return found


def _range(values: Array) -> tuple[float, float]:
    return float(values.min()), float(values.max())


@dataclass
class Summary:
    """What is known so far about one column, in the order of its rows.

    rising, falling   values minus, and plus, the numbers of their rows; no more than two of each are kept
    labels        how often each value occurs, for text and where labels are wanted; `crowded` once there are too many to count
    numeric       how many cells of a text column look like numbers; `stray` is the first that does not: (row, text)
    format        how numbers in text are written; doubt: why that is not clear, where they are left as text
    padded        one that a number does not keep, as of `Column`
    """

    name: str
    kind: ColumnKind
    wants_labels: bool
    most: int
    rows: int = 0
    missing: int = 0
    gaps: list[int] = field(default_factory=list)
    moments: Moments = field(default_factory=Moments)
    low: float = np.inf
    high: float = -np.inf
    whole: bool = True
    rising: set[float] = field(default_factory=set)
    falling: set[float] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)
    crowded: bool = False
    numeric: int = 0
    stray: tuple[int, str] | None = None
    format: NumberFormat | None = None
    doubt: str = ""
    padded: str = ""

    @property
    def present(self) -> int:
        """How many rows have a value."""
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        """How many different values there are; at least that many if `crowded`."""
        return self.most + 1 if self.crowded else len(self.labels)

    @property
    def numeric_labels(self) -> int:
        """How many different values of a text column say a number."""
        return sum(map(resembles_number, self.labels)) if self.kind == "text" else 0

    @property
    def stray_of_dates(self) -> str | None:
        """Of a text column most of whose cells are dates, of more than a few days, one that is none; None of any other."""
        if self.kind != "text" or len(self.labels) <= FEW_DATES:
            return None
        dates = {label: count for label, count in self.labels.items() if is_date(label) and not looks_like_number(label)}
        mostly = len(dates) > FEW_DATES and sum(dates.values()) > self.present / 2
        return next((label for label in self.labels if label not in dates), None) if mostly else None

    @property
    def is_constant(self) -> bool:
        """Is there but one value?"""
        return self.distinct == 1 and not self.crowded if self.kind in ("text", "date") else self.low == self.high

    @property
    def is_sequence(self) -> bool:
        """Numbers that only count the rows, up or down; also if only some rows are here, in whatever order."""
        return self.kind == "number" and self.rows > 2 and not self.missing and self.whole and 1 in (len(self.rising), len(self.falling))

    @property
    def is_identifier(self) -> bool:
        """Text that differs in (nearly) all rows."""
        return self.distinct == self.present or (self.distinct > 20 and self.distinct > self.present / 2)

    def add(self, table: Table, column: Column, numbers: NumberSummary | None = None) -> None:
        """Take in the next rows; what their numbers are may be known, where none is missing. Raises InputError."""
        self.format, self.doubt = self.format or column.format, self.doubt or column.doubt
        self.padded = self.padded or column.padded
        self.rows += len(column.values)
        if numbers is not None:
            self._add_numbers(numbers)
        else:
            self._add_others(table, column)
        if column.kind == "text" or self.wants_labels:
            self._count(column)

    def merged(self, other: Summary) -> Summary:
        """What is known of both: of these rows, and of those that follow them. Raises InputError where they are of two kinds."""
        if self.kind != other.kind:
            raise InputError(f"column {quoted(self.name)} is {self.kind} in some rows and {other.kind} in later ones; write them alike.")
        labels = self.labels + other.labels
        crowded = self.crowded or other.crowded or len(labels) > self.most
        return Summary(
            self.name, self.kind, self.wants_labels, self.most, self.rows + other.rows, self.missing + other.missing,
            (self.gaps + other.gaps)[:3], self.moments + other.moments, min(self.low, other.low), max(self.high, other.high),
            self.whole and other.whole, set(sorted(self.rising | other.rising)[:2]), set(sorted(self.falling | other.falling)[:2]),
            Counter() if crowded else labels, crowded, self.numeric + other.numeric, self.stray or other.stray,
            self.format or other.format, self.doubt or other.doubt, self.padded or other.padded,
        )  # fmt: skip

    def _add_others(self, table: Table, column: Column) -> None:
        gaps = np.flatnonzero(column.missing)
        self.gaps += [table.row(int(place)) for place in gaps[: max(0, 3 - len(self.gaps))]]
        self.missing += len(gaps)
        if column.kind in ("number", "boolean"):
            table.check_size(column)
            if len(gaps) < len(column.values):
                present = ~column.missing if len(gaps) else slice(None)
                self._add_numbers(NumberSummary.of_columns([column.values[present]], table.rows[present])[0])
        elif column.kind == "text":
            self._add_texts(table, column)

    def _add_numbers(self, numbers: NumberSummary) -> None:
        self.moments += numbers.moments
        self.low, self.high = min(self.low, numbers.low), max(self.high, numbers.high)
        self.whole = self.whole and numbers.whole
        for found, offsets in ((self.rising, numbers.rising), (self.falling, numbers.falling)):
            if len(found) < 2:
                found.update(offsets)

    def _add_texts(self, table: Table, column: Column) -> None:
        """Count what looks like a number, and note the first that does not."""
        strays = [place for place, text in enumerate(column.values) if text is not None and not looks_like_number(text)]
        self.numeric += len(column.values) - int(column.missing.sum()) - len(strays)
        if strays and self.stray is None:
            self.stray = table.row(strays[0]), column.values[strays[0]]

    def _count(self, column: Column) -> None:
        """Count the labels, as long as there are not too many."""
        if self.crowded:
            return
        self.labels.update(label for label in labels_of(column) if label is not None)
        if len(self.labels) > self.most:
            self.crowded = True
            self.labels.clear()


def numbers_of(table: Table, names: Iterable[str]) -> dict[str, NumberSummary]:
    """What those of the columns are that are numbers, none of them missing or too large."""
    if not len(table):
        return {}
    columns = [column for name in names if (column := table.column(name)).values.dtype != object]
    known = [column for column in columns if column.values.max() <= LARGEST_NUMBER and column.values.min() >= -LARGEST_NUMBER]  # nor NaN
    found = NumberSummary.of_columns([column.values for column in known], table.rows)
    return {column.name: numbers for column, numbers in zip(known, found, strict=True)}


def checked_kind(summary: Summary, table: Table, column: Column) -> Column:
    """The column, if it is of the same kind as in the tables before. Raises InputError."""
    if column.kind != summary.kind:
        first = f"row {table.row(0)}"
        raise InputError(f"{table.source}: from {first} on, column {quoted(summary.name)} is {column.kind}, but {summary.kind} before.")
    return column
