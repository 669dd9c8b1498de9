"""Columns of text: what kind each is and how its numbers are written, decided over all its cells; then its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, quoted
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.data.cells import (
    MISSING,
    TRUTH,
    ColumnKind,
    common_kind,
    is_missing,
    known_floats,
    parse_number,
    shape_of,
    shapes_of,
    texts,
    truths,
    without_missing_numbers,
)  # fmt: skip
from chainrule.data.dates import are_dates, is_date
from chainrule.data.numbers import (
    COMMA,
    FEW,
    FIRST,
    PLAIN,
    Evidence,
    NumberFormat,
    NumberOptions,
    evidence_of,
    lost_cell,
    number_format,
    padded_cell,
    plain_numbers,
)
from chainrule.data.spans import LEAST, Meaning, Spans, meaning_of
from chainrule.data.table import Column

ColumnForm: TypeAlias = "ColumnKind | NumberFormat"
"""What a column is read as; of numbers, how they are written."""


DECIMAL, LEAST_SHAPES = re.compile(r"-?[09][0-9]{0,2}([.,])[0-9]+"), 4
"""The shape of a plain decimal; of so many lengths and more they are read at their points, all lengths at once."""

MOST_NUMBER = 24
"""Signs of a number whose digits may be added up where they stand."""


class CellOptions(FrozenValue):
    """What was said about cells: how numbers are written, and which words mean that a value is missing."""

    numbers: NumberOptions = field(default_factory=NumberOptions)
    missing: Collection[str] = MISSING


class Found(Frozen):
    """What some cells of a column are.

    values    None where they are numbers whose form is decided only when all cells are known
    kind      None where all are missing
    decimal   the decimal sign that numbers were read with; "" where they have none
    evidence  what the cells say about how numbers are written
    format    of numbers that are more than digits and a decimal sign, how they were read
    """

    values: Array | None
    kind: ColumnKind | None
    decimal: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    format: NumberFormat | None = None

    def fits(self, form: ColumnForm) -> bool:
        """Are the values what they are when all cells of the column are read in this form?"""
        if self.values is None:
            return False
        if isinstance(form, NumberFormat) and self.format is not None:
            return self.format.signs == form.signs
        if isinstance(form, NumberFormat):
            return self.kind is None or (self.kind == "number" and self.decimal in ("", form.decimal))
        return self.kind is None or form == self.kind or (form == "text" and self.kind == "date")


def found_in(cells: Sequence[str], first: int, asked: ColumnForm | None, options: CellOptions) -> Found:
    """What the cells are, of rows from `first` on; the kind may be asked for."""
    spans = _as_spans(cells)
    found = None if spans is None else _found_in_spans(spans, first, asked, options)
    if found is None:
        found = _found_in_texts(cells.texts if isinstance(cells, Spans) else cells, first, asked, options)
    if found.kind == "number" and found.values is not None and not found.decimal and not found.evidence.padded:
        found.evidence.padded = lost_cell(found.values, cells)
    return found


def _found_in_texts(cells: Sequence[str], first: int, asked: ColumnForm | None, options: CellOptions) -> Found:
    missing = options.missing
    if isinstance(asked, str) and asked in ("text", "date"):
        return Found(texts(cells, missing), asked)
    if asked == "boolean":
        values = truths(cells, missing)
        values = known_floats(cells, missing, cells) if values is None else values  # 0 and 1
        stray = None if values is not None else _first_stray(cells, first, missing)
        return Found(values, "boolean", evidence=Evidence(stray=stray))
    quick = plain_numbers(cells, first, missing)
    if quick is not None:
        values, decimal, evidence = quick
        evidence.padded = padded_cell(cells, first, missing)
        values = without_missing_numbers(values, missing)
        return Found(values, None if np.isnan(values).all() else "number", decimal, evidence)
    evidence = evidence_of(cells[:FEW], first, missing)  # most text shows at once that it is no number
    if evidence.stray is None and len(cells) > FEW:
        evidence = evidence_of(cells, first, missing)
    evidence.padded = padded_cell(cells, first, missing)
    if evidence.stray is None and not evidence.units:
        return Found(np.full(len(cells), np.nan), None)
    if evidence.stray is None or asked is not None:
        likely = number_format(evidence, options.numbers, asked if isinstance(asked, NumberFormat) else None, (), None)
        values = likely.values(cells, missing) if evidence.stray is None and isinstance(likely, NumberFormat) else None
        if values is None or not isinstance(likely, NumberFormat):
            return Found(None, "number", evidence=evidence)
        return Found(without_missing_numbers(values, missing), "number", evidence=evidence, format=likely)
    return _of_text(cells, evidence, missing)


def _as_spans(cells: Sequence[str]) -> Spans | None:
    """The cells as places in a text, where they are so many that it is worth it, and can be."""
    return None if len(cells) < LEAST else cells if isinstance(cells, Spans) else Spans.of(cells)


def _found_in_spans(cells: Spans, first: int, asked: ColumnForm | None, options: CellOptions) -> Found | None:
    """As `found_in`, from one cell of each shape, or of the different ones; None where all have to be looked at."""
    head = shapes_of(cells[:FEW])
    sign = _decimal_sign(head)
    if sign and not isinstance(asked, str) and (decimals := _decimals(cells, sign, options)) is not None and len(decimals[1]):
        row = int(decimals[1][0])
        evidence = Evidence(decimal={sign: (first + row, cells[row])})
        evidence.padded = padded_cell(cells[:FIRST], first, options.missing) if first == 1 else ""
        return Found(decimals[0], "number", sign, evidence)
    if not isinstance(asked, str) and len(max(head, key=len)) <= MOST_NUMBER and evidence_of(head, first, options.missing).stray is None:
        shapes = cells.shapes(options.missing)
        if shapes is None:
            return None
        rows = np.array([part[0] for part in shapes])
        found = _found_in_texts(cells.at(rows), 2, asked, options)  # what only the first rows say is said below
        if found.kind in ("number", None):
            values = (
                None if found.values is None else _numbers_in(cells, shapes, found.format or NumberFormat(found.decimal or "."), options)
            )
            if values is None and found.values is not None:
                return None
            evidence = with_rows(found.evidence, rows + first)
            if values is not None and found.format is None and not found.decimal:
                evidence = evidence_of_plain(values, "")
            evidence.padded = padded_cell(cells[:FIRST], first, options.missing) if first == 1 else ""
            return replace(found, values=values, evidence=evidence)
    different = cells.different()
    if different is None:
        return None
    rows, places = different
    found = _found_in_texts(cells.at(rows), 2, asked, options)
    return replace(found, values=None if found.values is None else found.values[places], evidence=with_rows(found.evidence, rows + first))


def _decimal_sign(head: Sequence[str]) -> str:
    """The decimal sign of the first cells, of these shapes, where they are plain decimals of many lengths; else ""."""
    signs = {match[1] if (match := DECIMAL.fullmatch(shape)) else "" for shape in head} if len(head) >= LEAST_SHAPES else set()
    return signs.pop() if len(signs) == 1 else ""


def _decimals(cells: Spans, sign: str, options: CellOptions) -> tuple[Array, Array] | None:
    """As `Spans.decimals`, NaN where a value is missing."""
    found = cells.decimals(sign, partial(_plain_value, sign=sign, missing=options.missing))
    return found and (without_missing_numbers(found[0], options.missing), found[1])


def _plain_value(cell: str, sign: str, missing: Collection[str]) -> float | None:
    """What Python reads, with the decimal sign for the point; NaN where it is missing."""
    if is_missing(cell, missing):
        return float("nan")
    return None if {".": ",", ",": "."}[sign] in cell else parse_number(cell.replace(sign, "."))


def _numbers_in(cells: Spans, shapes: Sequence[Array], form: NumberFormat, options: CellOptions) -> Array | None:
    """(cells,) float64; None where they have to be looked at one by one."""
    missing = frozenset(options.missing)
    values = cells.numbers(shapes, lambda cell: _meaning(shape_of(cell), form, missing), lambda cell: form.value(cell, missing))
    return None if values is None else without_missing_numbers(values, options.missing)


@lru_cache(maxsize=1000)
def _meaning(shape: str, form: NumberFormat, missing: frozenset[str]) -> Meaning | None:
    """What the digits of cells of this shape say."""
    return meaning_of(shape, form.decimal, lambda cell: form.value(cell, missing))


def with_rows(evidence: Evidence, rows: Array) -> Evidence:
    """The evidence of different cells, counted from 2, with the numbers of the rows that have them first."""
    moved: dict[str, Any] = {}
    for name in ("decimal", "thousands", "open", "units"):
        moved[name] = {key: (int(rows[place - 2]), cell) for key, (place, cell) in getattr(evidence, name).items()}
    stray = evidence.stray and (int(rows[evidence.stray[0] - 2]), evidence.stray[1])
    return replace(evidence, **moved, stray=stray)


def evidence_of_plain(numbers: Array, decimal: str) -> Evidence:
    """What plain numbers, read with that decimal sign, say about how they are written."""
    if decimal:
        return Evidence()  # that the point is the decimal sign, the first rows say
    sizes = np.abs(numbers[np.isfinite(numbers)])
    return Evidence(short=bool((sizes < 1000).any()), long=bool((sizes >= 1000).any()))


def _first_stray(cells: Sequence[str], first: int, missing: Collection[str]) -> tuple[int, str]:
    return next((row, cell) for row, cell in enumerate(cells, first) if not is_missing(cell, missing) and cell.strip().lower() not in TRUTH)


def _of_text(cells: Sequence[str], evidence: Evidence, missing: Collection[str]) -> Found:
    """Truth values, dates or text."""
    first = next((cell for cell in cells if not is_missing(cell, missing)), "")
    if first.strip().lower() in TRUTH and (values := truths(cells, missing)) is not None:
        return Found(values, "boolean", evidence=evidence)
    values = texts(cells, missing)
    dates = is_date(first) and are_dates([text for text in values if text is not None])
    return Found(values, "date" if dates else "text", evidence=evidence)


class Scan:
    """What is learned about all columns of a source while its rows go by, and what follows from it.

    expected   the forms that columns had where a model was trained, or that were asked for
    """

    def __init__(self, source: str, separator: str | None, expected: Mapping[str, ColumnForm], options: CellOptions) -> None:
        self.source, self.separator, self.expected, self.options = source, separator, expected, options
        self.kinds: dict[str, ColumnKind | None] = {}
        self.evidence: dict[str, Evidence] = {}

    def add(self, found: Mapping[str, Found]) -> None:
        """Take in the next rows."""
        for name, part in found.items():
            self.kinds[name] = common_kind(self.kinds.get(name), part.kind)
            before = self.evidence.get(name)
            self.evidence[name] = part.evidence if before is None else before + part.evidence

    def merge(self, later: Scan) -> None:
        """Take in what another process has learned of the rows behind these."""
        for name, kind in later.kinds.items():
            self.kinds[name] = common_kind(self.kinds.get(name), kind)
            self.evidence[name] = self.evidence[name] + later.evidence[name] if name in self.evidence else later.evidence[name]

    @property
    def known(self) -> Mapping[str, ColumnForm]:
        """What further rows need not be asked any more: forms that were expected, and text, which stays text whatever follows."""
        return {**{name: kind for name, kind in self.kinds.items() if kind == "text"}, **self.expected}

    def decided(self) -> tuple[dict[str, ColumnForm], dict[str, str]]:
        """The form of every column, and by name of a column of numbers that is left as text why it is not clear how they are written.

        Raises FileError where it is not clear and numbers are needed.
        """
        # The decimal sign of each column that speaks for one alone, and how many columns speak for each.
        votes = {name: next(iter(evidence.votes)) for name, evidence in self.evidence.items() if self._speaks(evidence)}
        counts, turned = Counter(votes.values()), self._turned(votes)
        forms: dict[str, ColumnForm] = {}
        doubts: dict[str, str] = {}
        for name, kind in self.kinds.items():
            evidence, asked = self.evidence[name], self.expected.get(name)
            self._check_strays(name, evidence, asked)
            if kind not in ("number", None):
                forms[name] = kind
                continue
            others = [sign for sign, count in counts.items() if count > (votes.get(name) == sign)]
            known = asked if isinstance(asked, NumberFormat) else None
            if known is not None and turned and evidence.open:
                known = replace(known, decimal=turned)
            form = number_format(evidence, self.options.numbers, known, others, self.separator)
            if isinstance(form, NumberFormat):
                forms[name] = form
                continue
            why = f"{self.source}, column {quoted(name)}: {form or 'the units of its numbers differ.'}"
            if asked is not None:
                raise FileError(why)
            forms[name] = "text"
            if form:
                doubts[name] = why
        return forms, doubts

    def _turned(self, votes: Mapping[str, str]) -> str:
        """The decimal sign of this source, where every column that speaks for one speaks against the one that is expected of it; else "".

        Then 1.234 is what it is in this source, and not what it was in the one that a model was trained on.
        """
        pairs = [(sign, form.decimal) for name, sign in votes.items() if isinstance(form := self.expected.get(name), NumberFormat)]
        signs = {sign for sign, _ in pairs}
        return signs.pop() if len(signs) == 1 and all(sign != known for sign, known in pairs) else ""

    @staticmethod
    def _speaks(evidence: Evidence) -> bool:
        return evidence.stray is None and len(evidence.votes) == 1

    def _check_strays(self, name: str, evidence: Evidence, asked: ColumnForm | None) -> None:
        if evidence.stray is not None and (isinstance(asked, NumberFormat) or asked in ("number", "boolean")):
            row, cell = evidence.stray
            called = "truth value" if asked == "boolean" else "number"
            raise FileError(f"{self.source}: row {row}, column {quoted(name)} holds {quoted(cell)}, which is no {called}.")


def column_of(name: str, cells: Sequence[str], form: ColumnForm, options: CellOptions) -> Column | None:
    """The cells as a column of this form; None where one of them cannot be."""
    spans = _as_spans(cells)
    if spans is not None and (column := _column_of_spans(name, spans, form, options)) is not None:
        return column
    return _column_of_texts(name, cells.texts if isinstance(cells, Spans) else cells, form, options)


def _column_of_texts(name: str, cells: Sequence[str], form: ColumnForm, options: CellOptions) -> Column | None:
    if not isinstance(form, NumberFormat):
        values = _found_in_texts(cells, 1, form, options).values
        return None if values is None else Column(name, values, form)
    quick = plain_numbers(cells, 1, options.missing)
    values = quick[0] if quick and quick[1] in ("", form.decimal) else form.values(cells, options.missing)
    return None if values is None else Column(name, without_missing_numbers(values, options.missing), "number", form)


def _column_of_spans(name: str, cells: Spans, form: ColumnForm, options: CellOptions) -> Column | None:
    """As `column_of`, from one cell of each shape, or of the different ones; None where all have to be looked at."""
    if isinstance(form, NumberFormat):
        if form.signs in (PLAIN, COMMA) and _decimal_sign(shapes_of(cells[:FEW])) == form.decimal:
            decimals = _decimals(cells, form.decimal, options)
            if decimals is not None:
                return Column(name, decimals[0], "number", form)
        shapes = cells.shapes(options.missing) if len(max(cells[:FEW], key=len)) <= MOST_NUMBER else None
        values = None if shapes is None else _numbers_in(cells, shapes, form, options)
        return None if values is None else Column(name, values, "number", form)
    different = cells.different()
    if different is None:
        return None
    rows, places = different
    column = _column_of_texts(name, cells.at(rows), form, options)
    return None if column is None else column.take(places)
