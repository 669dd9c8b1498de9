"""Dates as inputs: a number for the year, the day and the count of days, an input for each month, weekday and hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.data.dates import CATEGORIES, PARTS, WEEKDAYS, MomentArrays, day_first, moment, moments_of
from chainrule.data.ranges import OfEach, alone
from chainrule.data.table import Column, Table
from chainrule.preparation.columns import Feature
from chainrule.preparation.moments import Moments


def checked_parts(wanted: Sequence[str]) -> tuple[str, ...]:
    """The parts of dates that are asked for, in their order. Raises UnknownNameError."""
    for name in wanted:
        if name not in PARTS:
            raise UnknownNameError("part of a date", name, PARTS)
    return tuple(name for name in PARTS if name in wanted)


def date_feature(
    tables: Callable[[], Iterable[Table]],
    name: str,
    wanted: Sequence[str],
    *,
    month_first: bool | None,
    missing: bool,
    standardize: bool,
    of_each: OfEach = alone,
) -> Feature | None:
    """The inputs that a column of dates becomes; None where every part that is wanted is the same everywhere, or not said.

    Two passes over the rows: which of day and month comes first, then what each part's values are.

    of_each  where several processes have some of the rows each: what an action gives in each of them

    Raises InputError, FileError.
    """
    first = _day_first(tables, name, of_each) if month_first is None else not month_first
    moments = {part: Moments() for part in wanted if part not in CATEGORIES}
    seen: dict[str, set[str]] = {part: set() for part in wanted if part in CATEGORIES}
    for here in of_each(lambda: _parts_here(tables, name, wanted, day_first=first)):
        moments = {part: known + here[0][part] for part, known in moments.items()}
        seen = {part: known | here[1][part] for part, known in seen.items()}
    parts = []
    for part in wanted:
        own = f"{name} {part}"
        if part in seen and len(seen[part]) > 1:
            parts.append(Feature(own, "category", "text", categories=tuple(label for label in CATEGORIES[part] if label in seen[part])))
        elif part in moments and moments[part].count and moments[part].deviation:
            mean, deviation = (moments[part].mean, moments[part].deviation) if standardize else (0.0, 1.0)
            parts.append(Feature(own, "number", "number", mean, deviation, fill=moments[part].mean))
    return Feature(name, "date", "date", missing=missing, parts=tuple(parts), day_first=first) if parts else None


def _parts_here(
    tables: Callable[[], Iterable[Table]], name: str, wanted: Sequence[str], *, day_first: bool
) -> tuple[dict[str, Moments], dict[str, set[str]]]:
    """Of the rows that are here, the moments of each part that is a number, and the values of each that is a category."""
    moments = {part: Moments() for part in wanted if part not in CATEGORIES}
    seen: dict[str, set[str]] = {part: set() for part in wanted if part in CATEGORIES}
    for table in tables():
        for column in part_columns(table, name, wanted, day_first=day_first):
            part = column.name.removeprefix(f"{name} ")
            if part in seen:
                seen[part].update(value for value in column.values if value is not None)
            else:
                moments[part] += Moments.of(column.values[~np.isnan(column.values)])
    return moments, seen


def _day_first(tables: Callable[[], Iterable[Table]], name: str, of_each: OfEach) -> bool:
    """Does the day come before the month? Raises InputError where nothing in the column tells."""
    open_text, source = "", ""
    for found, here in of_each(lambda: _day_first_here(tables, name)):
        if isinstance(found, bool):
            return found
        open_text, source = open_text or found, source or here
    if open_text:
        raise InputError(
            f"{source}, column {quoted(name)}: which is the month in {quoted(open_text)}? Say «--day-first» or «--month-first», or write "
            "dates as 2024-03-01."
        )
    return True


def _day_first_here(tables: Callable[[], Iterable[Table]], name: str) -> tuple[bool | str, str]:
    """What the rows that are here tell: the answer, or a date that could be read both ways; and the name of the source."""
    open_text, source = "", ""
    for table in tables():
        found = day_first(text for text in table.column(name).values if text is not None)
        if isinstance(found, bool):
            return found, table.source
        open_text, source = open_text or found or "", table.source
    return open_text, source


def part_columns(table: Table, name: str, wanted: Sequence[str], *, day_first: bool) -> list[Column]:
    """The parts of a column of dates, under its name and their own. Raises FileError for a date that there is not."""
    column = table.column(name)
    if column.values.dtype != object:
        if not column.missing.all():
            raise FileError(f"{table.cell(int((~column.missing).argmax()), name)} holds a number, and not a date.")
        column = Column(name, np.full(len(table), None, dtype=object), "date")
    there = ~column.missing
    found = moments_of(column.values[there].tolist())
    days = None if found is None else found.days(day_first)
    if found is None or days is None or (np.isnan(days) & ~np.isnan(found.year)).any():
        _refuse(table, column, day_first=day_first)
    columns = []
    for part in wanted:
        numbers = np.full(len(table), np.nan)
        numbers[there] = _part(found.ordered(day_first), days, part)
        if part in CATEGORIES:
            labels = np.full(len(table), None, dtype=object)
            known = ~np.isnan(numbers)
            names = np.array(WEEKDAYS if part == "weekday" else list(map(str, range(24))), dtype=object)
            labels[known] = names[numbers[known].astype(int)]
            columns.append(Column(f"{name} {part}", labels, "text"))
        else:
            columns.append(Column(f"{name} {part}", numbers, "number"))
    return columns


def _part(found: MomentArrays, days: Array, name: str) -> Array:
    """One of `PARTS`, of a weekday its number from Monday; NaN where a text does not say it."""
    if name == "hour":
        return found.seconds // 3600
    if name == "weekday":
        return np.where(np.isnan(found.day), np.nan, (np.floor(days) + 3) % 7)  # the beginning of 1970 was a Thursday
    parts = {"year": found.year, "month": found.month, "day": found.day, "days": days}
    return parts[name]


def _refuse(table: Table, column: Column, *, day_first: bool) -> NoReturn:
    """Raises FileError for the first text that is no date."""
    for place, text in enumerate(column.values):
        found = None if text is None else moment(text)
        if text is not None and (found is None or not found.ordered(day_first).is_possible):
            order = "" if found is None or found.pair is None else f", with the {'day' if day_first else 'month'} first"
            raise FileError(f"{table.cell(place, column.name)} holds {quoted(text)}, which is no date{order}.")
    raise AssertionError("one of them is no date")
