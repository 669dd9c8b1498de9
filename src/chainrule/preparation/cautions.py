"""What is worth a line before a training about how a table is read: values and columns that are seldom meant as they are.

Healthy data gets no line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue
from chainrule.base.options import option
from chainrule.data.dates import moments_of
from chainrule.data.table import Column, Table
from chainrule.preparation.columns import enumerated
from chainrule.preparation.preparation import Preparation

STAND_INS = (-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 99999999.0)
"""Numbers that people write where there is no value."""

FURTHER = (-2.0, -7.0, -8.0, -77.0, -88.0, -98.0, 77.0, 88.0, 98.0, 777.0, 888.0, 998.0, 7777.0, 8888.0, 9998.0, 9999998.0)
"""Those that stand beside them in surveys, for what was not asked, not known, or not told."""

TOTAL = re.compile(
    r"\b(?:sub|grand )?totals?\b|\bsum\b|\bsumm[ea]\b|\b(?:zwischen|gesamt)summe\b|\b(?:ins)?gesamt\b|\bsomme\b"
    r"|\b(?:mean|average|avg)\b|\b(?:mittelwert|durchschnitt|moyenne|media)\b",
    re.IGNORECASE,
)
"""What rows are called that add up others, or are their mean, in the languages of some spreadsheets."""

DAY = re.compile(r"(?:.*[\W\d_])?(?:dates?|datum|days?|tag|jour|fecha|giorno|when)(?:[\W\d_].*)?", re.IGNORECASE | re.DOTALL)
"""What columns of dates are called: date, order_date, Datum …"""

SECONDS_NAME = re.compile(r"time|epoch|unix|date|\bts\b|_ts\b|seconds", re.IGNORECASE)
"""What columns of seconds since 1970 are called."""

EXCEL_DAYS = 36_526, 73_050
"""1 January 2000 and 31 December 2099, in days since the beginning of 1900, as Excel has them."""

SCALES = (1, 10**3, 10**6, 10**9)
"""Parts of a second in which time since 1970 is counted."""

FEW_DAYS = 5
"""Different numbers, at least, that may all be days because the name of their column says so."""

LEAST_CODES, MOST_CODES, ROWS_OF_A_GROUP = 6, 300, 10
"""So many groups, each of so many rows at least, tell whether their numbers are in an order."""

SMOOTH_DEGREE = 6
"""The degree of the polynomial that stands for a smooth function."""

FEWEST = 20
"""Of fewer rows nothing can be said."""

MOST_CAUTIONS = 3
"""More lines than this nobody reads."""


class Caution(FrozenValue):
    """What is worth a line: the key of its text in the catalogue of words, and what goes into it."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


def cautions(table: Table, preparation: Preparation, labels: Array, *, split_at_random: bool) -> tuple[Caution, ...]:
    """What there is, the gravest first.

    table            the rows, or the first of very many
    labels           of all rows
    split_at_random  whether the test rows are drawn from all rows
    """
    own = labels[: len(table)]
    return (
        *_stand_ins(table, preparation),
        *_totals(table, preparation),
        *_days(table, preparation),
        *_zeros(table, preparation),
        *_spellings(table, preparation),
        *_singletons(preparation, labels),
        *_identifiers(table, preparation, own),
        *_places_without_order(table, preparation, own),
        *(_between(table, preparation, own) if split_at_random else ()),
    )


def _numbers(table: Table, preparation: Preparation) -> Iterator[Column]:
    """The columns of numbers that are used."""
    names = [target.name for target in preparation.targets if target.kind == "number"]
    for name in names + [feature.name for feature in preparation.features if feature.kind == "number"]:
        column = table.column(name)
        if column.values.dtype != object:
            yield column


def _stand_ins(table: Table, preparation: Preparation) -> Iterator[Caution]:
    """A number that stands for a missing value: it comes again and again, far outside of the others."""
    for column in _numbers(table, preparation):
        values = column.values
        lowest, highest = np.fmin.reduce(values, initial=np.inf), np.fmax.reduce(values, initial=-np.inf)
        if lowest not in STAND_INS and highest not in STAND_INS and not (lowest < 0 and lowest == np.floor(lowest)):
            continue
        distinct, counts = np.unique(values[~column.missing], return_counts=True)
        for value, count in zip(distinct[[0, -1]], counts[[0, -1]], strict=True) if len(distinct) > 5 else ():
            others = distinct[(distinct != value) & ~np.isin(distinct, (*STAND_INS, *FURTHER))]
            if len(others) < 3:
                continue
            low, high = float(others[0]), float(others[-1])
            outside = max(low - value, value - high) > max(high - low, 0.5 * abs(value))
            alone = value < 0 <= low and value == np.floor(value) and count > 2  # as -200 among concentrations
            if outside and ((value in STAND_INS and count > 1) or alone):
                yield Caution("stand_in", {"name": column.name, "value": f"{value:.15g}", "count": int(count)})


def _totals(table: Table, preparation: Preparation) -> Iterator[Caution]:
    """Rows that add up others: called so, and as large as all since the last such row together, or as their mean; or, at the end, larger
    than any.
    """
    if len(table) < FEWEST:
        return
    numbers = [column.values for column in _numbers(table, preparation)]
    for column in table.columns:
        if column.kind != "text":
            continue
        labels = column.values
        called = [place for place, label in enumerate(labels) if label is not None and TOTAL.search(label)]
        counts = Counter(labels[place] for place in called)
        if not called or len(called) > len(table) / 3 or max(counts.values()) > 1:
            continue
        starts = [0, *(place + 1 for place in called[:-1])]
        found = [place for start, place in zip(starts, called, strict=True) if _adds_up(numbers, start, place, len(table))]
        if found:
            rows = enumerated([str(table.row(place)) for place in found])
            yield Caution("totals", {"rows": rows, "name": labels[found[0]], "count": len(found)})
            return


def _adds_up(numbers: Sequence[Array], start: int, place: int, rows: int) -> bool:
    """Is any number of this row the sum of those from `start` on, or their mean; or, in the last row, larger than all before?"""
    parts = [(values[place], values[start:place]) for values in numbers if place > start + 1 and not np.isnan(values[place])]
    sums = any(_is_sum_or_mean(value, some) for value, some in parts)
    return sums or (place == rows - 1 and any(value > np.fmax.reduce(some) > 0 for value, some in parts))


def _is_sum_or_mean(value: float, some: Array) -> bool:
    known = some[~np.isnan(some)]
    return len(known) > 1 and value != 0 and bool(np.isclose(value, [known.sum(), known.mean()], rtol=1e-6).any())


def _ways(name: str) -> dict[str, str]:
    """The options by which a column is no number."""
    return {"categories": option("categories", name), "ignore": option("ignore", name)}


def _correlation(a: Array, b: Array) -> float:
    """|r|, 0 where one of them does not vary."""
    a, b = a - a.mean(), np.asarray(b, dtype=float).reshape(len(a)) - np.mean(b)
    size = float(np.sqrt((a @ a) * (b @ b)))
    return abs(float(a @ b)) / size if size > 0 else 0.0


def _days(table: Table, preparation: Preparation) -> Iterator[Caution]:
    """Dates read as numbers: 20240131, or 6.12 in a column that is called a date."""
    targets = {target.name for target in preparation.targets}
    for column in _numbers(table, preparation):
        written = "" if column.name in targets else written_day(column)
        if written:
            key = "days" if is_read_as_days(column) else "days_typed"
            yield Caution(key, {"name": column.name, "value": written, "ignore": option("ignore", column.name)})


def written_day(column: Column) -> str:
    """The first number of the column, where all of them are days, else "": YYYYMMDD, also with hours and minutes, and seconds, behind it,
    YYYYMM or MM.YYYY; DD.MM where the column's name says so.
    """
    known = column.values[~column.missing]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if any(low >= 1900_01_01 * scale and high < 2101_01_01 * scale for scale in (10**4, 10**6)) and (known == np.floor(known)).all():
        texts = [f"{value:.0f}" for value in np.unique(known)]
        return f"{known[0]:.0f}" if len(texts) >= FEWEST and moments_of(texts) is not None else ""
    if low >= 1900_01 and high <= 2100_12 and high - low > 2:
        scale, form, least = 100, "%d", FEWEST
    elif low >= 1900_01_01 and high <= 2100_12_31 and high - low > 2:
        scale, form, least = 1, "%d", FEWEST
    elif 1 < low < high - 1 < 12 and (np.abs(np.round(known * 10_000) % 10_000 - 2000) <= 100).all():
        scale, form, least = 10_000, "%07.4f", FEW_DAYS
    elif low > 1 and high < 32 and DAY.fullmatch(column.name):
        scale, form, least = 100, "%05.2f", FEW_DAYS
    else:
        return ""
    different = np.unique(known)
    digits = np.round(different * scale)
    if len(different) < least or not np.isclose(different * scale, digits, rtol=0, atol=1e-6).all():
        return ""
    if scale == 10_000:
        digits = digits % 10_000 * 10_000 + digits // 10_000 * 100 + 1
    elif high < 32:  # in a leap year, every day of the calendar exists
        digits = 2024_00_00 + digits % 100 * 100 + digits // 100
    elif scale == 100:
        digits += 1
    texts = [f"{day // 10_000}-{day // 100 % 100}-{day % 100}" for day in digits.astype(int).tolist()]
    return form % known[0] if moments_of(texts) is not None else ""


def is_read_as_days(column: Column) -> bool:
    """Can its numbers be read as the days that they all are? Of those with decimals the cells of a text are needed: 7.202 was 07.2020."""
    day = written_day(column)
    return bool(day) and (column.format is not None or "." not in day)


def _zeros(table: Table, preparation: Preparation) -> Iterator[Caution]:
    """Codes and versions read as numbers, which lose something: zeros that they begin or end with, or the last of very many digits."""
    for column in _numbers(table, preparation):
        cell = column.padded
        known = next((key for sign, key in (("E", "powers"), (".", "versions")) if sign in cell), "zeros" if cell[:1] == "0" else "digits")
        if cell and (known != "versions" or _are_versions(column.values[~column.missing])):
            yield Caution(known, {"name": column.name, "cell": cell, "value": f"{float(cell):g}", **_ways(column.name)})


def _are_versions(values: Array) -> bool:
    """May the numbers behind the points be 0 to 30? One digit there, as of 1.4, is one of 0 to 9."""
    hundredths = values * 100
    parts = np.round(hundredths) % 100
    return bool(np.isclose(hundredths, np.round(hundredths)).all() and ((parts <= 30) | (parts % 10 == 0)).all())


def _spellings(table: Table, preparation: Preparation) -> Iterator[Caution]:
    """Names that differ in nothing but capital letters and blanks."""
    groups = [("columns", "", table.names)]
    groups += [("classes", target.name, target.classes) for target in preparation.targets]
    groups += [("categories", feature.name, feature.categories) for feature in preparation.features]
    for key, name, known in groups:
        alike: dict[str, list[str]] = {}
        for label in known:
            alike.setdefault("".join(label.casefold().split()), []).append(label)
        pairs = [labels for labels in alike.values() if len(labels) > 1 and len(labels[0]) > 1]
        if pairs:
            yield Caution(f"spelling_{key}", {"name": name, "names": ", ".join(f"“{label}”" for label in pairs[0])})


def _singletons(preparation: Preparation, labels: Array) -> Iterator[Caution]:
    """Classes of a single row."""
    if not preparation.classes:
        return
    counts = Counter(labels.tolist())
    rare = [label for place, label in enumerate(preparation.classes) if counts[place] == 1]
    if rare:
        yield Caution("singletons", {"name": preparation.targets[0].name, "names": enumerated(rare), "count": len(rare)})


def _identifiers(table: Table, preparation: Preparation, labels: Array) -> Iterator[Caution]:
    """Whole numbers of one length, all different, that have nothing to do with the target: names of the rows."""
    for feature in preparation.features:
        column = table.column(feature.name)
        if (
            feature.kind != "number"
            or not (feature.low or 0) >= 100_000
            or len(table) < 50
            or column.format is None
            or column.missing.any()
            or written_day(column)
            or _is_epoch(column)
        ):
            continue
        values = column.values
        whole = bool((values == np.floor(values)).all()) and values.min() >= 100_000
        if not whole or np.ptp(np.floor(np.log10(values))) > 0 or len(np.unique(values)) < len(values) or (values % 10 == 0).mean() > 0.3:
            continue
        if _correlation(values, labels if labels.ndim == 1 else labels[:, 0]) < 0.3:
            yield Caution("identifier", {"name": feature.name, "value": f"{values[0]:.15g}", **_ways(feature.name)})


def _places_without_order(table: Table, preparation: Preparation, labels: Array) -> Iterator[Caution]:
    """Codes of groups, as 1 to 51 for states: the target differs between them as no smooth function of their numbers does."""
    targets = np.eye(len(preparation.classes))[labels] if preparation.classes else np.asarray(labels, dtype=float).reshape(len(table), -1)
    for feature in preparation.features:
        if feature.kind == "number" and feature.low in (0, 1) and LEAST_CODES <= (feature.high or 0) <= MOST_CODES:
            column = table.column(feature.name)
            if column.values.dtype != object and _are_codes(column.values[~column.missing], targets[~column.missing]):
                said = {"name": feature.name, "low": f"{feature.low:g}", "high": f"{feature.high:g}", "target": preparation.targets[0].name}
                yield Caution("codes", {**said, **_ways(feature.name)})


def _are_codes(values: Array, targets: Array) -> bool:
    """Do nearly all whole numbers of a range occur, each in many rows, and is at least half of what the targets' means in these groups
    differ, and a tenth of the targets' variance, beyond every smooth function of the numbers? As a test, an analysis of variance of what a
    polynomial leaves over has F ≥ 4.
    """
    if not (values == np.floor(values)).all():
        return False
    codes, counts = np.unique(values, return_counts=True)
    large = codes[counts >= ROWS_OF_A_GROUP]
    if len(codes) < 0.8 * (np.ptp(codes) + 1) or len(large) < LEAST_CODES:
        return False
    kept = np.isin(values, large)
    codes, group, counts = np.unique(values[kept], return_inverse=True, return_counts=True)
    y = targets[kept] - targets[kept].mean(axis=0)
    means = np.stack([np.bincount(group, column) for column in y.T], axis=1) / counts[:, None]
    whole, between = float((y**2).sum()), float((counts[:, None] * means**2).sum())
    degree = min(SMOOTH_DEGREE, len(codes) // 3)
    basis, weight = np.polynomial.legendre.legvander(2 * (codes - codes.mean()) / np.ptp(codes), degree), np.sqrt(counts)[:, None]
    smooth = basis @ np.linalg.lstsq(basis * weight, means * weight, rcond=None)[0]
    left = float((counts[:, None] * (means - smooth) ** 2).sum())
    f_times_within = left / (len(codes) - degree - 1) * (len(y) - len(codes))
    return left > 0.1 * whole and left > 0.5 * between and f_times_within > 4 * (whole - between)


def _is_epoch(column: Column) -> bool:
    """Does it hold seconds, or parts of them, since the beginning of 1970, or days as Excel counts them, of the years 2000 to 2100, and is
    called so?
    """
    called = SECONDS_NAME.search(column.name) or DAY.fullmatch(column.name)
    if column.kind != "number" or column.values.dtype == object or not called or column.missing.any():
        return False
    low, high = float(column.values.min(initial=np.inf)), float(column.values.max(initial=-np.inf))
    if DAY.fullmatch(column.name) and low >= EXCEL_DAYS[0] and high <= EXCEL_DAYS[1]:
        return True
    return any(low >= scale * 946_684_800 and high <= scale * 4_102_444_800 for scale in SCALES)


def _between(table: Table, preparation: Preparation, labels: Array) -> Iterator[Caution]:
    """Rows that run in time, while those that test lie between those that train."""
    if len(table) < FEWEST:
        return
    for column in table.columns:
        if (column.kind == "date" and not column.missing.any()) or _is_epoch(column):
            found = moments_of(column.values.tolist()) if column.kind == "date" else None
            day_first = next((feature.day_first for feature in preparation.features if feature.name == column.name), True)
            steps = np.diff(column.values if _is_epoch(column) else np.full(2, np.nan) if found is None else found.days(day_first))
            if ((steps >= 0).all() or (steps <= 0).all()) and (steps != 0).any():
                yield Caution("between_dates", {"name": column.name})
                return
    counting = next((name for name, why in preparation.left_out if why == "numbers the rows"), None)
    numbers = np.asarray(labels, dtype=float).reshape(len(table), -1)[:, 0]
    if counting is not None and not preparation.classes and _correlation(numbers[:-1], numbers[1:]) > 0.8:
        yield Caution("between_count", {"name": counting, "target": preparation.targets[0].name})
