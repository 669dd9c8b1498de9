"""From tables to numbers and back: what was decided about every column, kept with the model as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, FileError, InputError, ShapeError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.base.printing import counted
from chainrule.data.cells import ColumnKind
from chainrule.data.columns import ColumnForm
from chainrule.data.numbers import looks_like_number
from chainrule.data.ranges import OfEach, alone
from chainrule.data.table import Table
from chainrule.network.definitions import find
from chainrule.network.targets import class_probabilities, one_hot, predicted_classes
from chainrule.preparation.columns import LOSSES, NAMED, Feature, Target, Task, complete, enumerated, labels_of, missing_message
from chainrule.preparation.dates import checked_parts
from chainrule.preparation.fitting import IMPUTE, Places, PreparationOptions, fit_preparation
from chainrule.preparation.reading import fields_from, without_defaults


class Preparation(Displayed, FrozenValue):
    """What was decided about a table's columns; made by `Preparation.fit`, kept with the model.

    features   the input columns, in the order of the network's inputs
    targets    the target columns: numbers, or exactly one class; of a network with an output for each, of any kind
    task       "classify" (softmax), "binary" (two classes: sigmoid), "regress" (numbers), or "mixed" (several, classes among them)
    left_out   columns that are not used, each with the reason
    rows       how many rows it was fitted to
    impute     how missing values are filled; None: they are refused
    decisions  all of this in words
    dropped    how many rows were left out because they lacked a value; None where such rows are refused
    open_values  how many different whole numbers the target had, where they may be classes as well as a number and it was not said which
    signs      whether two classes stand as −1 and 1, and part at 0, because the loss compares signs; else as 0 and 1, and they part at ½
    """

    features: tuple[Feature, ...]
    targets: tuple[Target, ...]
    task: Task
    left_out: tuple[tuple[str, str], ...]
    rows: int
    impute: str | None
    decisions: tuple[str, ...]
    signs: bool = False
    dropped: int | None = None
    open_values: int = 0

    @staticmethod
    def fit(
        tables: Table | Callable[[], Iterable[Table]],
        targets: Sequence[str],
        *,
        task: str | Mapping[str, str | None] | None = None,
        categories: Sequence[str] = (),
        numbers: Sequence[str] = (),
        ignore: Sequence[str] = (),
        impute: str | None = None,
        drop_missing: bool = False,
        dates: Sequence[str] = (),
        month_first: bool | None = None,
        standardize: bool = True,
        places: Places | None = None,
        of_each: OfEach = alone,
    ) -> Preparation:
        """Decide about every column.

        tables      a table, or a function that gives consecutive tables anew at every call (`lambda: chunks(path)`)
        targets     the names of the target columns
        task        "classify" or "regress", or a dict with one for each target, None for as its values say; else text and truth values
                    are classes, and so are whole numbers of which there are two different ones, or at most 20, fewer than 5 % of the rows
        categories, numbers, ignore   columns to take as categories, to take as numbers, and to leave out
        impute      "mean", "median" or "most_frequent" fills missing numbers, and an input of its own says where; truth values take
                    the most frequent. A missing category is one of its own, unless "most_frequent" is asked for
        drop_missing  leave out rows that lack a value that is needed: the target, and the inputs that are not filled
        dates       what becomes an input of dates: "year", "month", "day", "weekday", "hour" and "days", the count of days since 1970
        month_first whether the month stands before the day in 03/04/2024; None: as the whole column tells
        standardize False leaves numbers as they are
        places      "alike" where the columns are the places of an image or of a sequence: all of them are inputs, those that are the same
                    in every row, too, and have one mean and one deviation; "tokens" where they are tokens, which stay as they are
        of_each     where each of several processes has some of the rows: gives what an action gives in each of them, in all of them

        The outcome does not depend on how the rows are cut into tables, not even in the last digit.
        Raises InputError: what is wrong, where, and the smallest fix.
        """
        names = tuple(targets), task, tuple(categories), tuple(numbers), tuple(ignore)
        options = PreparationOptions(*names, impute, standardize, drop_missing, checked_parts(dates), month_first, places)
        return Preparation(**fit_preparation((lambda: (tables,)) if isinstance(tables, Table) else tables, options, of_each))

    # Sizes and names

    @cached_property
    def parts(self) -> tuple[Preparation, ...]:
        """What is decided about each target, where classes are among several; otherwise all of them together."""
        if self.task != "mixed":
            return (self,)
        return tuple(replace(self, targets=(target,), task=target.task, open_values=0) for target in self.targets)

    def split(self, y: Array) -> list[Array]:
        """The columns of outputs, or of targets, that belong to each of the parts."""
        return np.split(y, np.cumsum([part.outputs for part in self.parts])[:-1], axis=1)

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
        if self.task == "mixed":
            return tuple(name for part in self.parts for name in part.output_names)
        first = self.targets[0]
        return {
            "regress": tuple(target.name for target in self.targets),
            "classify": tuple(f"{first.name}={label}" for label in first.classes),
            "binary": tuple(f"{first.name}={label}" for label in first.classes[1:]),
        }[self.task]

    @property
    def input_scales(self) -> list[list[float]]:
        """[mean, deviation] of each input, by which a number x is the value x · deviation + mean; [0, 1] of those of a category."""
        return [scale for feature in self.features for scale in feature.scales]

    @property
    def output_scales(self) -> list[list[float]]:
        """[mean, deviation] of each output; [0, 1] where it is the probability of a class."""
        if self.task == "mixed":
            return [scale for part in self.parts for scale in part.output_scales]
        return [[target.mean, target.deviation] for target in self.targets] if self.task == "regress" else [[0.0, 1.0]] * self.outputs

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of the outputs; () where the targets are numbers, or several."""
        return () if self.task == "mixed" else self.targets[0].classes

    @property
    def output_activation(self) -> str:
        """The name of the last layer's activation."""
        return find("loss", self.loss).output.name

    @property
    def loss(self) -> str:
        """The name of the loss; of several kinds of targets each of the `parts` has one."""
        return LOSSES[self.parts[0].task]

    @property
    def decision(self) -> float:
        """From which output upward the second of two classes is meant."""
        return 0.0 if self.signs else 0.5

    @property
    def input_kinds(self) -> dict[str, ColumnKind]:
        """The kinds of the input columns, for `read` and `chunks` when there is something to predict."""
        return {feature.name: feature.read_as for feature in self.features}

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        """The kinds of the input and target columns, for `read` and `chunks` when targets are there."""
        return self.input_kinds | {target.name: target.read_as for target in self.targets}

    @property
    def input_forms(self) -> dict[str, ColumnForm]:
        """What `read` and `chunks` are to take the input columns for: their kinds, and how numbers are written."""
        return {feature.name: feature.form for feature in self.features}

    @property
    def forms(self) -> dict[str, ColumnForm]:
        """What `read` and `chunks` are to take the input and target columns for."""
        return self.input_forms | {target.name: target.form for target in self.targets}

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
        if self.task == "mixed":
            return np.hstack([part.t(table) for part in self.parts], dtype=np.float64)
        labels = self.labels(table)
        if self.task == "classify":
            return one_hot(labels, len(self.classes))
        if self.task == "binary":
            return (2 * labels - 1 if self.signs else labels)[:, None].astype(np.float64)
        means, deviations = np.transpose(self.output_scales)
        return np.asarray((labels - means) / deviations)

    def complete(self, table: Table) -> Table:
        """Without the rows that lack a value that is needed, if those were left out when fitting."""
        if self.dropped is None:
            return table
        inputs = () if self.impute else tuple(feature.name for feature in self.features)
        return table.take(complete(table, (*inputs, *(target.name for target in self.targets))))

    def labels(self, table: Table, *, strict: bool = True) -> Array:
        """(rows,) the places of the classes, or (rows, targets) the target numbers as they are, among them the places of classes.

        strict  refuse a class that the model does not know; else its place is −1
        """
        lacking = [target.name for target in self.targets if target.name not in table.kinds]
        if lacking:
            what = f"{_suggested(lacking, table)}, which predictions are compared with; chainrule predict needs none"
            raise FileError(f"{table.source} lacks a target of the model: {what}.")
        columns = [target.labels(table, strict=strict) for target in self.targets]
        return np.column_stack(columns) if self.task in ("regress", "mixed") else columns[0]

    def _check_columns(self, table: Table) -> None:
        lacking = [feature.name for feature in self.features if feature.name not in table.kinds]
        if lacking:
            offer = "." if table.has_header else "; it has no header."
            if table.has_header and len(lacking) == len(self.features) and any(map(looks_like_number, table.names)):
                offer = "; if its first row is no header, say «--no-header»."
            named = _suggested(lacking, table)
            raise FileError(f"{table.source} lacks {'columns' if len(lacking) > 1 else 'a column'} of the model: {named}{offer}")

    @property
    def _strict_features(self) -> list[Feature]:
        """Those of which every value is needed."""
        return [
            feature
            for feature in self.features
            if feature.fill is None and feature.kind not in ("category", "token") and not (feature.parts and self.impute)
        ]

    def _check_missing(self, table: Table) -> None:
        gaps = {feature.name: np.flatnonzero(table.column(feature.name).missing) for feature in self._strict_features}
        count = sum(map(len, gaps.values()))
        if count:
            cells = sorted((table.row(int(place)), name) for name, places in gaps.items() for place in places[:3])
            raise FileError(f"{missing_message(table.source, count, cells)}; fill them in, or train with «--impute».")

    # Back

    def answers(self, y: Array) -> dict[str, Array]:
        """The network's outputs as columns of answers: the likeliest class (text), or numbers as the targets were."""
        y = self._checked(y)
        if self.task == "mixed":
            return {name: column for part, own in zip(self.parts, self.split(y), strict=True) for name, column in part.answers(own).items()}
        if self.task == "regress":
            means, deviations = np.transpose(self.output_scales)
            raw = y * deviations + means
            return {target.name: raw[:, place] for place, target in enumerate(self.targets)}
        return {self.targets[0].name: np.array(self.classes, dtype=object)[predicted_classes(y, self.decision)]}

    def probabilities(self, y: Array) -> dict[str, Array]:
        """(rows,) the probability of every class, by its name; nothing where the outputs are numbers or signs, or of several targets."""
        y = self._checked(y)
        if self.signs or self.task in ("regress", "mixed"):
            return {}
        return {label: class_probabilities(y)[:, place] for place, label in enumerate(self.classes)}

    def probability_columns(self, y: Array) -> dict[str, Array]:
        """The same as columns of a table, species=setosa …, those of every target with classes."""
        parts = zip(self.parts, self.split(self._checked(y)), strict=True)
        return {f"{part.targets[0].name}={label}": chances for part, own in parts for label, chances in part.probabilities(own).items()}

    def check_probabilities(self, *, of_one: bool = False) -> None:
        """Raises InputError where the outputs are no probabilities; or, if they must be `of_one` target, of several."""
        if of_one and self.task == "mixed":
            raise InputError("this model predicts several targets; the probabilities of all their classes are columns of `outputs(rows)`.")
        if self.task == "regress" or self.signs:
            what = "the sign of a class" if self.signs else f"numbers ({', '.join(self.output_names)})"
            raise InputError(f"this model predicts {what}, which {'has' if self.signs else 'have'} no probabilities.")

    def _checked(self, y: Array) -> Array:
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] != self.outputs:
            raise ShapeError(f"the outputs have the shape {y.shape}, but (rows, {self.outputs}) is needed.")
        return y

    # What a table to predict from holds beside

    def unseen(self, table: Table, *, targets: bool = False) -> Counter[tuple[str, str]]:
        """How often each category occurs that was not there when fitting, by (column, category). Counters of chunks can be added.

        targets  classes too, if the table has them
        """
        found: Counter[tuple[str, str]] = Counter()
        for feature in self.features:
            if feature.kind == "category":
                column = table.column(feature.name)
                strange = (feature.codes(column) < 0) & ~(column.missing & feature.missing)
                found.update((feature.name, "missing" if label is None else str(label)) for label in labels_of(column.take(strange)))
        for target in (target for target in self.targets if targets and target.classes):
            column = table.column(target.name)
            found.update((target.name, str(label)) for label in labels_of(column) if label not in target.classes)
        return found

    def far(self, table: Table) -> dict[str, tuple[int, float]]:
        """By column, the first row, and its value, that lies farther outside of the range at fitting than this is wide."""
        found: dict[str, tuple[int, float]] = {}
        for feature in self.features:
            values = table.column(feature.name).values
            if feature.kind != "number" or feature.low is None or feature.high is None or values.dtype == object:
                continue
            width = feature.high - feature.low
            outside = np.flatnonzero((values > feature.high + width) | (values < feature.low - width))
            if len(outside):
                found[feature.name] = table.row(int(outside[0])), float(values[outside[0]])
        return found

    def extra(self, table: Table) -> tuple[str, ...]:
        """The columns that are neither inputs nor targets, nor were left out when fitting; they are ignored."""
        known = {*self.kinds, *(name for name, _ in self.left_out)}
        return tuple(name for name in table.names if name not in known)

    def remarks(
        self,
        table: Table,
        unseen: Counter[tuple[str, str]] | None = None,
        far: Mapping[str, tuple[int, float]] | None = None,
        *,
        targets: bool = False,
        language: str = "en",
    ) -> tuple[str, ...]:
        """In words: extra columns, numbers written otherwise, categories that were not there when fitting, and values far outside.

        unseen, far  of rows before, too; None: of this table
        targets      what is to be said about their columns, too
        """
        from chainrule.document.words import Words
        from chainrule.preparation.remarks import lines_of_remarks

        return tuple(lines_of_remarks(Words(language), self, table, unseen, far, targets=targets))

    # Plain data

    def __repr__(self) -> str:
        targets = ", ".join(target.name for target in self.targets)
        return (
            f"<Preparation of {counted(self.rows, 'row')}: {counted(self.inputs, 'input')} from "
            f"{counted(len(self.features), 'column')}; {self.task} {targets}>"
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; `from_dict` gives back the same, bit for bit."""
        from json import loads

        plain: dict[str, Any] = loads(self._text)
        return plain

    @cached_property
    def _text(self) -> str:
        """The plain data as JSON, made once: a checkpoint asks for it every second, and columns may be very many."""
        from json import dumps, loads

        whole = dumps(self, default=lambda item: {name: getattr(item, name) for name in item.__match_args__})  # floats keep every digit
        return dumps(without_defaults(loads(whole)))

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Preparation:
        """From plain data. Raises DescriptionError if it is not what `to_dict` gives."""
        preparation = Preparation(**fields_from(data, Preparation.__dataclass_fields__))
        if preparation.impute not in (None, *IMPUTE):
            raise DescriptionError(f"there is no way to impute {quoted(preparation.impute)}.")
        return preparation


def _suggested(lacking: Sequence[str], table: Table) -> str:
    """Names that a table lacks, each with the one of its names that may be meant."""
    near = {name: get_close_matches(name, [one for one in table.names if one not in lacking], n=1, cutoff=0.5) for name in lacking[:NAMED]}
    same = {name: [one for one in table.names if one.casefold().split() == name.casefold().split()] or near.get(name) for name in lacking}
    return enumerated([f"{name} (is it {quoted(found[0])}?)" if (found := same[name]) else name for name in lacking])
