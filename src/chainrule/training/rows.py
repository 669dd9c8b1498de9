"""The rows of a source as numbers, in subsets: training rows, validation rows and test rows.

A source that would fill half of the memory is read in pieces, and its numbers lie on a disk while they are needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError
from chainrule.base.frozen import Frozen, replace
from chainrule.data.encodings import gives_once
from chainrule.data.files import files_of
from chainrule.data.memory import memory
from chainrule.data.ranges import OfEach, alone, counts_of, file_fingerprint
from chainrule.data.reading import Forms, chunks, forms_of, read, text_files
from chainrule.data.shipped import PREFIX
from chainrule.data.table import Table, joined, resized
from chainrule.data.text import TextFiles
from chainrule.data.text_ranges import own_files
from chainrule.preparation.columns import labels_of
from chainrule.preparation.disk import empty, too_large_for_memory
from chainrule.preparation.preparation import Preparation
from chainrule.processes.together import Processes, Shard, own_range
from chainrule.training.model import form_for, own_data
from chainrule.training.plan import Plan, example_weights, split_rows

if TYPE_CHECKING:
    from chainrule.training.model import Model


PIECE = 50_000
"""Rows of a table that are prepared at a time …"""

PIECES_IN_MEMORY = 64
"""… and fewer, where so many pieces of a source that is read in pieces would not fit into memory: of each there are several copies."""


class Subset(Frozen):
    """Some of the rows, as numbers.

    x, t     (rows, inputs), (rows, outputs)
    labels   the class of each row as a whole number, or its target numbers
    weights  (rows,), what each row counts, where they do not all count the same
    groups   (rows,), a number for each set of rows that belong together, where they do
    numbers  (rows,), which rows of the data they are
    source   what the data are called
    shard    where several processes hold the rows: which ones are here, and in x, t and numbers; labels, weights and groups are of all
    """

    x: Array
    t: Array
    labels: Array
    weights: Array | None = None
    groups: Array | None = None
    numbers: Sequence[int] = ()
    source: str = ""
    shard: Shard | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def here(self, values: Array | None) -> Array | None:
        """Of a value for each row, those of the rows that are here."""
        return values if values is None or self.shard is None else values[self.shard.places]

    def whole(self) -> Subset:
        """With the rows of all processes in each of them; all of them call it."""
        if self.shard is None:
            return self
        x, t, numbers = (self.shard.whole(np.asarray(part)) for part in (self.x, self.t, self.numbers))
        return replace(self, x=x, t=t, numbers=numbers.tolist(), shard=None)

    def none(self) -> Subset:
        """Without any rows."""
        return replace(self, x=self.x[:0], t=self.t[:0], labels=self.labels[:0], weights=None, groups=None, numbers=(), shard=None)


class Rows(Frozen):
    """A source that can be gone through again and again, as tables.

    files   their names, if they were named one by one
    called  what was named, as text; nothing where the source is no file
    part    where each of several processes reads its own rows: which ones `tables` gives, counted from 0
    processes  these processes, which call every method alike
    piece   how many rows a table has, but for the last one
    """

    tables: Callable[[], Iterable[Table]]
    files: tuple[str, ...] = ()
    called: str = ""
    part: range | None = None
    processes: Processes | None = None
    piece: int = PIECE

    @staticmethod
    def shared(source: Any, processes: Processes, **form: Any) -> Rows:
        """The rows of a source that several processes read, each its own part where a part can be read by itself; else all.

        form  options as of `data.read`, but for kinds

        Raises InputError.
        """
        total, texts, content = processes.agreed(lambda: _looked_at(source, form))
        processes.check_alike({"other data": content})
        part: range | TextFiles
        if texts is not None and (own := own_files(texts, processes.rank, processes.count, processes.of_each)) is not None:
            part, places = own
        elif total is not None and total >= processes.count:
            part = places = own_range(total, processes)
        else:
            return processes.agreed(lambda: Rows.of(source, **form))  # type: ignore[no-any-return]  # what the action gives
        forms = forms_of(source, part=part, of_each=processes.of_each, **form)
        files = tuple(map(str, source)) if isinstance(source, (list, tuple)) else ()
        called = str(source) if files or isinstance(source, (str, Path)) else ""
        piece = _piece(forms)
        return Rows(lambda: chunks(source, rows=piece, forms=forms, part=part, **form), files, called, places, processes, piece)

    @property
    def of_each(self) -> OfEach:
        """What an action gives in each process that reads a part of the rows; or here, where all are read here."""
        return alone if self.processes is None else self.processes.of_each

    @staticmethod
    def of(source: Any, **form: Any) -> Rows:
        """The rows of a file, a data frame …; options as of `data.read`. Raises InputError."""
        files = tuple(map(str, source)) if isinstance(source, (list, tuple)) and files_of(source) else ()
        named = isinstance(source, (str, Path))
        called = str(source) if files or named else ""
        if not too_large_for_memory(source):
            table = read(source, **form)
            return Rows(lambda: in_pieces(table), files, table.source if named else called)  # "data:iris", where "iris" was typed
        forms = forms_of(source, **form)
        form.pop("kinds", None)
        piece = _piece(forms)
        return Rows(lambda: chunks(source, rows=piece, forms=forms, **form), files, called, piece=piece)

    def complete(self, preparation: Preparation) -> Rows:
        """Without the rows that lack a value that is needed, if the preparation leaves such out."""
        if preparation.dropped is None:
            return self
        whole, part = replace(self, tables=lambda: (preparation.complete(table) for table in self.tables())), self.part
        if part is not None:
            assert self.processes is not None
            counts = self.of_each(lambda: sum(map(len, whole.tables())))
            first = sum(counts[: self.processes.rank])
            part = range(first, first + counts[self.processes.rank])
        return replace(whole, part=part)

    @property
    def first(self) -> Table:
        """The first piece, or the whole table: what it is called, its columns, its notes. Kept; several processes find it together."""
        if "first" not in vars(self):
            vars(self)["first"] = self._first()
        found: Table = vars(self)["first"]
        return found

    def _first(self) -> Table:
        every: list[Table] = self.of_each(self._first_here)
        some = [table for table in every if len(table)] or every[:1]
        if len(some) == 1:
            return some[0]
        numbers = np.concatenate([table.rows for table in some])
        whole: Table = replace(joined(some, some[0].kinds), row_numbers=numbers)
        return whole

    def _first_here(self) -> Table:
        """Of the first rows, those that are read here."""
        if self.part is None:
            return next(iter(self.tables()))
        wanted = max(0, self.piece - self.part.start)
        return next(resized(self.tables(), max(wanted, 1))).take(slice(wanted))

    def only(self, places: Array) -> Callable[[], Iterator[Table]]:
        """The tables with only these rows: places counted from 0, rising."""
        return lambda: (table.take(inside) for table, inside, _ in self._overlaps(places) if len(inside))

    def labels(self, preparation: Preparation) -> Array:
        """The label of every row."""
        return np.concatenate(self.of_each(lambda: np.concatenate([preparation.labels(table) for table in self.tables()])))

    def groups(self, name: str | None) -> Array | None:
        """(rows,): a number for each value of this column; rows without one are alone. None without a name."""
        if name is None:
            return None
        values = np.concatenate(self.of_each(lambda: np.concatenate([labels_of(table.column(name)) for table in self.tables()])))
        known: dict[object, int] = {}
        return np.array([known.setdefault(("row", row) if value is None else value, len(known)) for row, value in enumerate(values)])

    def subset(
        self,
        preparation: Preparation,
        places: Array,
        labels: Array,
        stack: ExitStack,
        groups: Array | None = None,
        *,
        precision: str,
        processes: Processes | None = None,
    ) -> Subset:
        """These rows as numbers, in that precision; where several processes hold them, those of this one's part of the source.

        What lies on a disk is gone when the stack is left.
        """
        own, shard, every = places, None, len(labels)
        if processes is not None:
            part = own_range(len(labels), processes) if self.part is None else self.part
            first, end = np.searchsorted(places, (part.start, part.stop))
            own, shard, every = places[first:end], Shard(np.arange(first, end), len(places), processes), len(part)
        x, t = (empty((len(own), columns), stack, precision, rows=every) for columns in (preparation.inputs, preparation.outputs))
        numbers: Any = np.zeros(len(own), dtype=int)
        for table, inside, start in self._overlaps(own):
            if len(inside):
                some, here = table.take(inside), slice(start, start + len(inside))
                x[here], t[here], numbers[here] = preparation.x(some), preparation.t(some), some.rows
        return Subset(x, t, labels[places], groups=None if groups is None else groups[places], numbers=numbers, shard=shard)

    def _overlaps(self, places: Array) -> Iterator[tuple[Table, Array, int]]:
        """Each table, which of its rows are among the places, and how many came before them."""
        first = 0 if self.part is None else self.part.start
        for table in self.tables():
            before, after = np.searchsorted(places, (first, first + len(table))).tolist()
            yield table, places[before:after] - first, before
            first += len(table)


def _looked_at(source: Any, form: Mapping[str, Any]) -> tuple[int | None, TextFiles | None, str]:
    """How many rows the source says it has, the text files that it is, and by what it is known that others have the same."""
    counts, texts = counts_of(source), text_files(source, **form)
    if counts is not None:
        return sum(counts.values()), None, f"{sum(counts.values()):,} rows, {file_fingerprint(counts)}"
    if texts is None or any(map(gives_once, paths := [layout.path for layout in texts.layouts])):
        return None, None, "a source that is read whole"
    return None, texts, f"{sum(map(os.path.getsize, paths)):,} bytes, {file_fingerprint(paths)}"


def _piece(forms: Forms) -> int:
    """How many rows of a source with these columns are read at a time."""
    return max(1, min(PIECE, memory() // (PIECES_IN_MEMORY * 8 * max(1, len(forms.forms)))))


def in_pieces(table: Table) -> Iterator[Table]:
    """The table in pieces, of which no copy is made: what is computed of one takes no memory for all."""
    for start in range(0, len(table), PIECE):
        yield table if len(table) <= PIECE else table.take(slice(start, start + PIECE))


def is_here(names: str | Sequence[str]) -> bool:
    """Are these names of files, folders or patterns that are there, or of data that is shipped?"""
    each = [names] if isinstance(names, str) else names
    return bool(each) and all(name.startswith(PREFIX) or os.path.isfile(name) or os.path.isdir(name) or "*" in name for name in each)


def checked_own_data(source: Mapping[str, Any], preparation: Preparation) -> str | list[str]:
    """The data that a model was trained on, as its file says it. Raises FileError unless that is a table with its columns.

    Whoever passes a model on may have written another name into it: nothing of what is in such a file is shown.
    """
    own = own_data(source)
    names = own if isinstance(own, list) else [] if own is None else [own]
    said = ", ".join(names)
    if not is_here(names):
        raise FileError(f"the data that the model was trained on ({said or 'without a name'}) is not here; give it with «--data FILE».")
    columns: tuple[str, ...] = ()
    with suppress(InputError):
        columns = next(iter(chunks(own, rows=1, **source.get("form", {})))).names
    if not {*preparation.kinds} <= {*columns}:
        raise FileError(f"{said}, which the model names as its data, is no table with its columns; give its data with «--data FILE».")
    assert own is not None
    return own


def training_rows(model: Model, source: Any = None, encoding: str | None = None) -> Subset:
    """The rows that a model was trained on, as of `found_parts`. Raises InputError."""
    return found_parts(model, source, encoding)[0]


def found_parts(
    model: Model, source: Any = None, encoding: str | None = None, precision: str | None = None
) -> tuple[Subset, Subset, Subset]:
    """The rows that a model was trained on, validated with and tested with, found again in its source. Raises InputError.

    source    the data, in place of the file whose name the model keeps
    encoding  of a text file, where it is not the one that the model keeps
    precision of the numbers, where it is not to be that of the training
    """
    return subsets_of(model, used_rows(model, source, encoding), precision or model.plan.precision)


def used_rows(model: Model, source: Any = None, encoding: str | None = None) -> Rows:
    """The rows of a model's data but those that its training left out; source and encoding as of `found_parts`. Raises InputError."""
    preparation = model.preparation
    if preparation is None:
        raise InputError("this model was trained on numbers without a table; replay its steps from Python, with `step_at`.")
    source = checked_own_data(model.source, preparation) if source is None else source
    form = form_for(model.source, source)
    if encoding is not None:
        form["encoding"] = encoding
    return Rows.of(source, kinds=preparation.forms, **form).complete(preparation)


def subsets_of(model: Model, rows: Rows, precision: str) -> tuple[Subset, Subset, Subset]:
    """The rows that a model was trained on, validated with and tested with, among those of its data, as numbers. Raises InputError."""
    preparation = model.preparation
    assert preparation is not None
    labels = rows.labels(preparation)
    with ExitStack() as stack:
        places = split_rows(labels, model.plan, rows.groups(model.plan.group))
        train, *others = [rows.subset(preparation, some, labels, stack, precision=precision) for some in places]
    train = replace(train, weights=weights_of(train, train, preparation, model.plan), source=rows.called)
    return train, others[0], others[1]


def weights_of(subset: Subset, train: Subset, preparation: Preparation, plan: Plan) -> Array | None:
    """The weight of each row of a subset; how often classes occur is counted among the training rows. Raises InputError."""
    if plan.class_weights is None:
        return None
    if preparation.task == "regress":
        raise InputError("class weights are for classes, but the target is a number; leave them out, or ask for the task classify.")
    if preparation.task == "mixed":
        raise InputError("class weights are for one target of classes, but there are several targets; leave them out.")
    known = example_weights(train.labels, plan.class_weights, preparation.classes)
    by_class = np.ones(len(preparation.classes))
    by_class[train.labels] = known
    return np.asarray(by_class[subset.labels])
