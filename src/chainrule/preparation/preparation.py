"""From tables to numbers and back: what was decided about every column, kept with the model as plain data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, FileError, ShapeError, shown
from chainrule.data.cells import number
from chainrule.data.table import Column, Kind, Table

Array: TypeAlias = "np.ndarray[Any, Any]"
Task: TypeAlias = Literal["classify", "binary", "regress"]

FITTING: dict[Task, tuple[str, str]] = {
    "classify": ("softmax", "cross_entropy"),
    "binary": ("sigmoid", "binary_cross_entropy"),
    "regress": ("identity", "half_squared"),
}
"""The output's activation and the loss for every task."""

NAMED = 8
"""So many names a message lists before it says how many more there are."""


@dataclass(frozen=True)
class Feature:
    """An input column and how it becomes numbers.

    kind       "number": (value − mean) / deviation;  "boolean": 0 or 1;  "category": one-hot, in the order of `categories`
    read_as    the kind of the column in the table
    fill       what stands in for a missing value; None where missing values are refused
    """

    name: str
    kind: Literal["number", "boolean", "category"]
    read_as: Kind
    mean: float = 0.0
    deviation: float = 1.0
    categories: tuple[str, ...] = ()
    fill: float | str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its numbers: age; colour=blue, colour=red."""
        return tuple(f"{self.name}={label}" for label in self.categories) if self.kind == "category" else (self.name,)

    def x(self, table: Table) -> Array:
        """(rows, numbers). Raises FileError, which names the cell."""
        column = table.column(self.name)
        if self.kind == "category":
            return one_hot(self.codes(column), len(self.categories))
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


@dataclass(frozen=True)
class Target:
    """A target column and how it becomes numbers: "number": (value − mean) / deviation;  "class": one of `classes`."""

    name: str
    kind: Literal["number", "class"]
    read_as: Kind
    mean: float = 0.0
    deviation: float = 1.0
    classes: tuple[str, ...] = ()

    def labels(self, table: Table) -> Array:
        """(rows,): the place of every class, or the numbers as they are. Raises FileError, which names the cell."""
        column = table.column(self.name)
        if column.missing.any():
            raise FileError(f"{table.cell(int(column.missing.argmax()), self.name)} has no value, and it is the target; leave the row out.")
        return as_numbers(table, column) if self.kind == "number" else self._codes(table, column)

    def _codes(self, table: Table, column: Column) -> Array:
        places = {label: place for place, label in enumerate(self.classes)}
        labels = labels_of(column)
        for row, label in enumerate(labels):
            if label not in places:
                known = listed(self.classes)
                raise FileError(f"{table.cell(row, self.name)} holds {shown(label)}, which is no class of the model; it knows {known}.")
        return np.array([places[label] for label in labels], dtype=np.int64)


@dataclass(frozen=True, repr=False)
class Preparation(Displayed):
    """What was decided about a table's columns; made by `Preparation.fit`, kept with the model.

    features   the input columns, in the order of the network's inputs
    targets    the target columns: numbers, or exactly one class
    task       "classify" (softmax), "binary" (two classes: sigmoid) or "regress" (numbers)
    left_out   columns that are not used, each with the reason
    rows       how many rows it was fitted to
    impute     how missing values are filled; None: they are refused
    decisions  all of this in words
    """

    features: tuple[Feature, ...]
    targets: tuple[Target, ...]
    task: Task
    left_out: tuple[tuple[str, str], ...]
    rows: int
    impute: str | None
    decisions: tuple[str, ...]

    @staticmethod
    def fit(
        tables: Table | Callable[[], Iterable[Table]],
        targets: Sequence[str],
        *,
        task: str | None = None,
        categories: Sequence[str] = (),
        numbers: Sequence[str] = (),
        ignore: Sequence[str] = (),
        impute: str | None = None,
        standardize: bool = True,
    ) -> Preparation:
        """Decide about every column.

        tables      a table, or a function that gives consecutive tables anew at every call (`lambda: chunks(path)`)
        targets     the names of the target columns
        task        "classify" or "regress"; else text and truth values are classes, and so are whole numbers of which there are
                    at most 20 different ones, fewer than 5 % of the rows
        categories, numbers, ignore   columns to take as categories, to take as numbers, and to leave out
        impute      "mean", "median" or "most_frequent" fills missing values; categories and truth values take the most frequent
        standardize False leaves numbers as they are

        The outcome does not depend on how the rows are cut into tables, not even in the last digit.
        Raises InputError: what is wrong, where, and the smallest fix.
        """
        from chainrule.preparation.fitting import Wishes, fitted

        wishes = Wishes(tuple(targets), task, tuple(categories), tuple(numbers), tuple(ignore), impute, standardize)
        return fitted((lambda: (tables,)) if isinstance(tables, Table) else tables, wishes)

    # Sizes and names

    @property
    def inputs(self) -> int:
        """How many numbers a row becomes."""
        return len(self.feature_names)

    @property
    def outputs(self) -> int:
        """How many numbers the network gives."""
        return len(self.output_names)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the inputs: age, colour=blue, colour=red."""
        return tuple(name for feature in self.features for name in feature.names)

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs: the targets, or species=setosa …; of two classes the second."""
        first = self.targets[0]
        return {
            "regress": tuple(target.name for target in self.targets),
            "classify": tuple(f"{first.name}={label}" for label in first.classes),
            "binary": tuple(f"{first.name}={label}" for label in first.classes[1:]),
        }[self.task]

    @property
    def input_scales(self) -> list[list[float]]:
        """[mean, deviation] of each input, by which a number x is the value x · deviation + mean; [0, 1] of those of a category."""
        return [[feature.mean, feature.deviation] for feature in self.features for _ in feature.names]

    @property
    def output_scales(self) -> list[list[float]]:
        """[mean, deviation] of each output; [0, 1] where it is the probability of a class."""
        return [[target.mean, target.deviation] for target in self.targets] if self.task == "regress" else [[0.0, 1.0]] * self.outputs

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of the outputs; () where the targets are numbers."""
        return self.targets[0].classes

    @property
    def output_activation(self) -> str:
        """The name of the last layer's activation."""
        return FITTING[self.task][0]

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return FITTING[self.task][1]

    @property
    def input_kinds(self) -> dict[str, Kind]:
        """The kinds of the input columns, for `read` and `chunks` when there is something to predict."""
        return {feature.name: feature.read_as for feature in self.features}

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of the input and target columns, for `read` and `chunks` when targets are there."""
        return self.input_kinds | {target.name: target.read_as for target in self.targets}

    # There

    def x(self, table: Table) -> Array:
        """(rows, inputs): the inputs as numbers. A category that was not there when fitting is 0 in all its inputs.

        Raises FileError, which names the columns that lack, or the first cells without a value.
        """
        self._check_columns(table)
        self._check_missing(table)
        return np.hstack([feature.x(table) for feature in self.features], dtype=np.float64)

    def t(self, table: Table) -> Array:
        """(rows, outputs): the targets as numbers. Raises FileError, which names the cell."""
        labels = self.labels(table)
        if self.task == "classify":
            return one_hot(labels, len(self.classes))
        if self.task == "binary":
            return labels[:, None].astype(np.float64)
        return (labels - self._means) / self._deviations

    def labels(self, table: Table) -> Array:
        """(rows,) the places of the classes, or (rows, targets) the target numbers as they are."""
        columns = [target.labels(table) for target in self.targets]
        return np.column_stack(columns) if self.task == "regress" else columns[0]

    def _check_columns(self, table: Table) -> None:
        lacking = [feature.name for feature in self.features if feature.name not in table.kinds]
        if lacking:
            near = get_close_matches(lacking[0], table.names, n=1, cutoff=0.5)
            offer = f"; is it {shown(near[0])}?" if near else "; it has no header." if not table.has_header else "."
            raise FileError(f"{table.source} lacks {'columns' if len(lacking) > 1 else 'a column'} of the model: {listed(lacking)}{offer}")

    def _check_missing(self, table: Table) -> None:
        gaps = {feature.name: np.flatnonzero(table.column(feature.name).missing) for feature in self.features if feature.fill is None}
        count = sum(map(len, gaps.values()))
        if count:
            cells = sorted((table.row(int(place)), name) for name, places in gaps.items() for place in places[:3])
            raise FileError(f"{missing_message(table.source, count, cells)}; fill them in, or train with --impute.")

    @property
    def _means(self) -> Array:
        return np.array([target.mean for target in self.targets])

    @property
    def _deviations(self) -> Array:
        return np.array([target.deviation for target in self.targets])

    # Back

    def answers(self, y: Array) -> dict[str, Array]:
        """The network's outputs as columns of answers: the likeliest class (text), or numbers as the targets were."""
        y = self._checked(y)
        if self.task == "regress":
            raw = y * self._deviations + self._means
            return {target.name: raw[:, place] for place, target in enumerate(self.targets)}
        places = y.argmax(axis=1) if self.task == "classify" else (y[:, 0] >= 0.5).astype(np.int64)
        return {self.targets[0].name: np.array(self.classes, dtype=object)[places]}

    def probabilities(self, y: Array) -> dict[str, Array]:
        """(rows,) the probability of every class, by its name; nothing where the targets are numbers."""
        y = self._checked(y)
        both = np.column_stack([1 - y[:, 0], y[:, 0]]) if self.task == "binary" else y
        return {label: both[:, place] for place, label in enumerate(self.classes)}

    def _checked(self, y: Array) -> Array:
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] != self.outputs:
            raise ShapeError(f"the outputs have the shape {y.shape}, but (rows, {self.outputs}) is needed.")
        return y

    # What a table to predict from holds beside

    def unseen(self, table: Table) -> Counter[tuple[str, str]]:
        """How often each category occurs that was not there when fitting, by (column, category). Counters of chunks can be added."""
        found: Counter[tuple[str, str]] = Counter()
        for feature in self.features:
            if feature.kind == "category":
                column = table.column(feature.name)
                strange = (feature.codes(column) < 0) & ~column.missing
                found.update((feature.name, str(label)) for label in labels_of(column.take(strange)))
        return found

    def extra(self, table: Table) -> tuple[str, ...]:
        """The columns that are neither inputs nor targets, nor were left out when fitting; they are ignored."""
        known = {*self.kinds, *(name for name, _ in self.left_out)}
        return tuple(name for name in table.names if name not in known)

    def remarks(self, table: Table, unseen: Counter[tuple[str, str]] | None = None) -> tuple[str, ...]:
        """In words: extra columns, and categories that were not there when fitting (of this table, or the counts given)."""
        extra, counts = self.extra(table), self.unseen(table) if unseen is None else unseen
        said = [f"columns that the model does not know are ignored: {listed(extra)}"] if extra else []
        for name in dict.fromkeys(column for column, _ in counts):
            labels = [f"{label} ({count} ×)" for (column, label), count in counts.items() if column == name]
            said.append(f"column {name} holds categories that the model has never seen, taken as none of the known: {listed(labels)}")
        return tuple(said)

    # Plain data

    def __repr__(self) -> str:
        targets = ", ".join(target.name for target in self.targets)
        return f"<Preparation of {self.rows} rows: {self.inputs} inputs from {len(self.features)} columns; {self.task} {targets}>"

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; `from_dict` gives back the same, bit for bit."""
        from json import dumps, loads

        data: dict[str, Any] = loads(dumps(asdict(self)))  # lists in place of tuples; floats keep every digit
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Preparation:
        """From plain data. Raises DescriptionError if it is not what `to_dict` gives."""
        from chainrule.preparation.reading import preparation_from

        return preparation_from(data)


def one_hot(codes: Array, width: int) -> Array:
    """(rows, width): 1 at the place of each code, 0 elsewhere; a row of 0 for −1."""
    rows = np.zeros((len(codes), width))
    known = np.flatnonzero(codes >= 0)
    rows[known, codes[known]] = 1
    return rows


def labels_of(column: Column) -> Array:
    """(rows,) objects: the values as text, None where missing: text itself, true and false, 3 and 2.5."""
    if column.values.dtype == object:
        return column.values
    distinct, places = np.unique(column.values, return_inverse=True)
    texts = np.empty(len(distinct), dtype=object)
    texts[:] = [_label(float(value), column.kind) for value in distinct]
    return np.asarray(texts[places])


def _label(value: float, kind: Kind) -> str | None:
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


def listed(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def missing_message(source: str, count: int, cells: Sequence[tuple[int, str]]) -> str:
    """How many values are missing and where the first ones are."""
    first = "; ".join(f"row {row}, column {shown(name)}" for row, name in cells[:3])
    return f"{source} has {count:,} missing value{'s' if count > 1 else ''} ({first}{' …' if count > 3 else ''})"


def ordered(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels in their order: by size if all are numbers, else by the alphabet."""
    labels = list(labels)
    values = {label: number(label) for label in labels}
    if all(value is not None for value in values.values()):
        return tuple(sorted(labels, key=lambda label: (values[label], label)))
    return tuple(sorted(labels))


def description_error(what: str) -> DescriptionError:
    """The complaint about plain data that is no preparation."""
    return DescriptionError(f"the preparation in the model is not what chainrule writes: {what}.")
