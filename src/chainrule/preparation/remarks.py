"""What is said of rows that are to be predicted: texts of the catalogue, with the decimal sign of their language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chainrule.base.printing import listed
from chainrule.data.numbers import PLAIN, NumberFormat, worth_saying
from chainrule.document.words import Words
from chainrule.preparation.columns import NAMED

if TYPE_CHECKING:
    from chainrule.data.table import Table
    from chainrule.preparation.preparation import Preparation


def message(words: Words, key: str, **values: object) -> str:
    """A text of the catalogue; numbers in it are rounded to six digits and have the language's decimal sign."""
    return words.plain(key, **{name: number_text(words, value) if isinstance(value, float) else value for name, value in values.items()})


def number_text(words: Words, value: float, digits: int = 6) -> str:
    """A number with so many significant digits at most."""
    return words.decimal(f"{value:.{digits}g}")


def lines_of_remarks(
    words: Words,
    preparation: Preparation,
    table: Table,
    unseen: Counter[tuple[str, str]] | None = None,
    far: Mapping[str, tuple[int, float]] | None = None,
    *,
    targets: bool = False,
    extra: bool = True,
) -> Iterator[str]:
    """What is worth a line about rows that are to be predicted: further columns, numbers written otherwise or open, categories that
    were not there when fitting, and values far outside of those that were.

    unseen, far  of the rows before, too; as of `Preparation`
    targets      what is to be said about their columns, too
    extra        whether further columns are worth a line, which change nothing
    """
    if extra and (names := preparation.extra(table)):
        yield words.plain("remark.extra", names=joined_names(words, names))
    yield from _lines_of_numbers(words, preparation, table, targets=targets)
    counts = preparation.unseen(table) if unseen is None else unseen
    known = {feature.name: feature.categories for feature in preparation.features}
    classes = {target.name: target.classes for target in preparation.targets}
    for name in dict.fromkeys(column for column, _ in counts):
        labels = [f"{label} ({count} ×)" for (column, label), count in counts.items() if column == name]
        key = "remark.classes" if name in classes else "remark.categories"
        knows = classes.get(name) or known[name]
        yield words.plain(key, name=name, names=joined_names(words, labels), known=joined_names(words, knows))
    ranges = {feature.name: {"low": feature.low, "high": feature.high} for feature in preparation.features}
    for name, (row, value) in (preparation.far(table) if far is None else far).items():
        yield message(words, "remark.far", name=name, row=str(row), value=value, **ranges[name])


def _lines_of_numbers(words: Words, preparation: Preparation, table: Table, *, targets: bool = False) -> Iterator[str]:
    """Numbers written otherwise than where the model was trained, or that could be others."""
    written = {feature.name: feature.written or PLAIN for feature in preparation.features}
    written |= {target.name: target.written or PLAIN for target in preparation.targets if targets}
    otherwise: dict[tuple[NumberFormat, NumberFormat], list[str]] = {}
    doubted: dict[str, NumberFormat | None] = {}
    found = {name: form for name in written if (form := table.column(name).format) is not None}
    for name, form in found.items():
        if not form.is_within(written[name]):
            otherwise.setdefault((form.signs, written[name].signs), []).append(name)
        elif form.open and not _is_told_by_size(preparation, name, form):
            doubted[name] = form
    for names in otherwise.values():
        examples = {"here": _readings(words, found[names[0]]), "there": _readings(words, written[names[0]])}
        parts = [words.plain(f"remark.written.{where}", text=text) for where, text in examples.items() if text]
        key = "remark.written" if len(names) > 1 else "remark.written.one"
        yield words.plain(key, names=joined_names(words, names), examples="; ".join(parts))
    if doubted:
        yield words.plain("remark.open", names=read_so(words, doubted))


def _is_told_by_size(preparation: Preparation, name: str, form: NumberFormat) -> bool:
    """Is the cell that makes sense both ways read with the decimal sign that the model's own data showed, and does it so lie among them,
    while without the sign it would not?
    """
    feature = next((one for one in preparation.features if one.name == name), None)
    _, value, other = form.readings[0]
    if feature is None or feature.low is None or feature.high is None or other is None or form.decimal not in form.open:
        return False
    own = feature.written or PLAIN
    told = not own.open and own.decimal == form.decimal and any(own.decimal in cell for cell in own.cells)
    return told and feature.low <= value <= feature.high and not feature.low <= other <= feature.high


def joined_names(words: Words, names: Sequence[str]) -> str:
    """Names with commas between, the first few of many."""
    rest = _more(words, len(names) - NAMED if len(names) > NAMED + 1 else 0)
    return ", ".join([*map(listed, names[:NAMED] if rest else names), *rest])


def _more(words: Words, count: int) -> list[str]:
    return [words.plain("decided.more", count=count)] if count else []


def read_so(words: Words, forms: Mapping[str, NumberFormat | None], space: str = " ") -> str:
    """How the numbers of some columns are read, of those of which it is worth saying."""
    written, more = worth_saying(forms, NAMED)
    shown = [f"{listed(name)} {_readings(words, form)}".replace(" ", space) for name, form in written.items()]
    return "; ".join([*shown, *_more(words, more)])


def _readings(words: Words, form: NumberFormat) -> str:
    """What cells are read as: 1,234.5 kg is 1234.5."""
    said = []
    for cell, value, other in form.readings:
        values = {"cell": cell, "value": number_text(words, value, 15)}
        said.append(words.plain("decided.reading", **values))
        if other is not None:
            said[-1] += words.plain("decided.reading.open", other=number_text(words, other, 15))
    return words.plain("decided.readings.and").join(said)
