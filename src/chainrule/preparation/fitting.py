"""Deciding about every column of a table: one pass over the rows, and another where medians are asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.base.options import option
from chainrule.base.printing import counted
from chainrule.data.cells import parse_number
from chainrule.data.memory import memory
from chainrule.data.numbers import evidence_of, looks_like_number, resembles_number
from chainrule.data.ranges import OfEach, alone
from chainrule.data.table import Table
from chainrule.document.words import Words
from chainrule.network.definitions import find
from chainrule.preparation.columns import LOSSES, Feature, Target, Task, complete, enumerated, missing_message, ordered
from chainrule.preparation.dates import date_feature
from chainrule.preparation.remarks import read_so
from chainrule.preparation.summary import MOST_CATEGORIES, MOST_LABELS, Summary, checked_kind, numbers_of

Tables: TypeAlias = Callable[[], Iterable[Table]]

Places: TypeAlias = Literal["alike", "tokens"]
"""What columns are that are the places of one thing: pixels, or steps, which have one scale; or tokens, which stay as they are."""

TASKS = ("classify", "regress")
MOST_UNITS_OFFERED = 5
"""Of so many units at most it is asked whether they may be taken off."""

IMPUTE = ("mean", "median", "most_frequent")

MOST_INTEGER_CLASSES = 20
LEAST_ROWS_PER_CLASS = 20
"""Whole numbers are classes if there are at most 20 different ones that make less than 5 % of the rows."""

FEW_ODD = 0.1
"""Values that are no numbers are named where there are so many for each that is one, or fewer."""


class PreparationOptions(FrozenValue):
    """What was asked for: the arguments of `Preparation.fit`."""

    targets: tuple[str, ...]
    task: str | Mapping[str, str | None] | None
    categories: tuple[str, ...]
    numbers: tuple[str, ...]
    ignore: tuple[str, ...]
    impute: str | None
    standardize: bool
    drop_missing: bool = False
    dates: tuple[str, ...] = ()
    month_first: bool | None = None
    places: Places | None = None

    @property
    def each(self) -> bool:
        """Does each target have a task of its own, as where each is an output of its own?"""
        return isinstance(self.task, Mapping)

    def task_of(self, target: str) -> str | None:
        """The task that was asked for; None where the values say it."""
        return self.task.get(target) if isinstance(self.task, Mapping) else self.task

    def check(self) -> None:
        """Raises InputError where they contradict each other."""
        for what, value, known in (*(("task", self.task_of(name), TASKS) for name in self.targets), ("way to impute", self.impute, IMPUTE)):
            if value is not None and value not in known:
                raise UnknownNameError(what, value, known)
        roles = {"a target": self.targets, "a category": self.categories, "a number": self.numbers, "left out": self.ignore}
        seen: dict[str, str] = {}
        for role, names in roles.items():
            for name in names:
                if name in seen:
                    raise InputError(
                        f"column {quoted(name)} cannot be {role} and {'the same again' if seen[name] == role else seen[name]}."
                    )
                seen[name] = role


def fit_preparation(tables: Tables, options: PreparationOptions, of_each: OfEach = alone) -> dict[str, Any]:
    """The fields of the preparation that fits the tables and the wishes.

    of_each  where several processes have some of the rows each: what it gives there

    Raises InputError.
    """
    options.check()
    source, found = column_summaries(tables, options, of_each)
    _check_rows(source, found, options)
    if options.drop_missing:
        return _fit_complete(tables, source, found, options, of_each)
    targets = tuple(_target(source, found[name], options) for name in options.targets)
    others = [summary for name, summary in found.items() if name not in options.targets]
    left_out = dict.fromkeys(options.ignore, "as asked") | {s.name: why for s in others if (why := _reason(s, options))}
    used = _at_least_one(source, [s for s in others if s.name not in left_out], others, left_out)
    _check_missing(source, used, options)
    fills = _fills(tables, used, options.impute, of_each)
    dates = {summary.name: _date(tables, summary, options, of_each) for summary in used if summary.kind == "date"}
    left_out |= {name: "constant" for name, date in dates.items() if date is None}
    used = _at_least_one(source, [summary for summary in used if summary.name not in left_out], others, left_out)
    if options.places:
        _check_places(source, used, options)
    if options.places == "tokens" and used[0].kind == "text":
        features = _tokens(used)
    else:
        features = tuple(dates.get(s.name) or _feature(source, s, options, fills.get(s.name)) for s in used)
    if options.places == "alike" and options.standardize:
        features = _of_one_scale(features)
    open_values = _open_values(found[options.targets[0]], options)
    alone = len(targets) == 1 or not any(target.classes for target in targets)
    task: Task = targets[0].task if alone else "mixed"
    return {
        "features": features,
        "targets": targets,
        "task": task,
        "left_out": tuple(left_out.items()),
        "rows": next(iter(found.values())).rows,
        "impute": options.impute,
        "decisions": decisions(features, targets, task, left_out, used, options, open_values),
        "open_values": open_values,
    }


def _fit_complete(
    tables: Tables, source: str, found: Mapping[str, Summary], options: PreparationOptions, of_each: OfEach
) -> dict[str, Any]:
    """The fields that fit the rows that lack none of the values that are needed. Raises InputError."""
    rows = next(iter(found.values())).rows
    used = [summary.name for name, summary in found.items() if name not in options.targets and not _reason(summary, options)]
    needed = (*options.targets, *(used if options.impute is None else ()))
    kept = replace(options, drop_missing=False)
    if not any(found[name].missing for name in needed):
        return {**fit_preparation(tables, kept, of_each), "dropped": 0}
    if not sum(of_each(lambda: sum(int(complete(table, needed).sum()) for table in tables()))):
        worst = max(needed, key=lambda name: found[name].missing)
        raise FileError(
            f"every row of {source} lacks a value, most often in column {quoted(worst)}; leave columns out "
            f"({option('ignore', worst)}), or «--impute»."
        )
    fitted = fit_preparation(lambda: (table.take(complete(table, needed)) for table in tables()), kept, of_each)
    return {**fitted, "dropped": rows - fitted["rows"]}


# One pass


def column_summaries(tables: Tables, options: PreparationOptions, of_each: OfEach = alone) -> tuple[str, dict[str, Summary]]:
    """The name of the source, and what is known about every column that is not ignored; of_each as of `fit_preparation`."""
    parts = [(source, found) for source, found in of_each(lambda: _summaries_here(tables, options)) if found]
    if not parts:
        raise FileError("the data holds no rows.")
    source, whole = parts[0][0], dict(parts[0][1])
    for _, later in parts[1:]:
        whole = {name: summary.merged(later[name]) for name, summary in whole.items()}
    return source, whole


def _summaries_here(tables: Tables, options: PreparationOptions) -> tuple[str, dict[str, Summary]]:
    """The same of the rows that are here."""
    found: dict[str, Summary] = {}
    source = "the data"
    for table in tables():
        source = table.source
        if not found:
            found = _started(table, options)
        known = numbers_of(table, found)
        for name, summary in found.items():
            summary.add(table, checked_kind(summary, table, table.column(name)), known.get(name))
    return source, found


def _started(table: Table, options: PreparationOptions) -> dict[str, Summary]:
    """Empty summaries of the columns. Raises InputError for a wished column that is not there, or if no target is."""
    if not options.targets:
        raise InputError(
            f"no target is named; say which column of {table.source} is to be predicted («--target»): {enumerated(table.names)}."
        )
    for name in (*options.targets, *options.categories, *options.numbers, *options.ignore):
        table.column(name)
    told = {*options.targets, *options.categories, *(table.names if options.places == "tokens" else ())}
    return {
        column.name: Summary(column.name, column.kind, column.name in told, MOST_LABELS if column.name in told else MOST_CATEGORIES)
        for column in table.columns
        if column.name not in options.ignore
    }


def _check_rows(source: str, found: Mapping[str, Summary], options: PreparationOptions) -> None:
    """Raises FileError if there is too little to learn from, or a target has no value at all."""
    rows = next(iter(found.values())).rows
    if rows < 2:
        raise FileError(f"{source} has {'one row' if rows else 'no row'} only; training needs two at the very least.")
    empty = next((name for name in options.targets if not found[name].present), None)
    if empty is not None:
        raise FileError(f"{source}: column {enumerated([empty])} has no values at all; choose another target.")


def _check_missing(source: str, used: Sequence[Summary], options: PreparationOptions) -> None:
    """Raises FileError, which names the first cells without a value, unless they are to be filled; a category may lack."""
    used = [summary for summary in used if not _is_category(summary, options)]
    if options.impute is None and any(summary.missing for summary in used):
        cells = sorted((row, summary.name) for summary in used for row in summary.gaps)
        columns = option("ignore", *[summary.name for summary in used if summary.missing][:9])
        said = missing_message(source, sum(summary.missing for summary in used), cells)
        ways = f"fill them in, ask for «--impute mean», leave those rows out («--drop-missing») or columns ({columns})"
        raise FileError(f"{said}; {ways}.")


def _check_text(source: str, summary: Summary, *ways: str) -> None:
    """Raises FileError if a column of text is one of numbers, whether it is not clear which or some cells are none; with other ways out."""
    if summary.doubt:
        raise FileError(f"{summary.doubt} Or {', or '.join(ways)}.")
    fixes = ", ".join([*ways[:-1], f"or {ways[-1]}"])
    if (odd := summary.stray_of_dates) is not None:
        raise FileError(
            f"{source}: column {quoted(summary.name)} holds dates, but also {quoted(odd)}; correct it, say {option('missing', odd)} if it "
            f"means that there is no value, {fixes}."
        )
    if summary.stray and _is_mostly_numbers(summary):
        row, text = summary.stray
        raise FileError(
            f"{source}: row {row}, column {quoted(summary.name)} holds {quoted(text)}, which is no number, as {summary.numeric:,} other "
            f"cells of that column are; correct it, say {option('missing', text)} if it means that there is no value, {fixes}."
        )
    others, plain = _odd_among_numbers(summary)
    if others:
        shown = ", ".join(map(quoted, others[:3])) + " …" * (len(others) > 3)
        raise FileError(
            f"{source}: column {quoted(summary.name)} is text, as it holds {shown} beside {counted(plain, 'plain number')}; "
            f"correct it, say {option('missing', *others)} if it means that there is no value, {fixes}."
        )
    if summary.numeric_labels > MOST_INTEGER_CLASSES:
        cell = next(filter(resembles_number, summary.labels))
        raise FileError(
            f"{source}: column {quoted(summary.name)} is text, but {summary.numeric_labels:,} of its values look like numbers, as "
            f"{quoted(cell)}; write plain numbers, {_how_to_read(summary)}{fixes}."
        )


def _odd_among_numbers(summary: Summary) -> tuple[list[str], int]:
    """Of the values of a column of text the few that are no plain numbers, as 12o, where nearly all others are; and how many these are."""
    odd = [label for label in summary.labels if parse_number(label) is None]
    plain = len(summary.labels) - len(odd)
    return (odd, plain) if plain > MOST_INTEGER_CLASSES and len(odd) <= FEW_ODD * plain else ([], plain)


def _how_to_read(summary: Summary) -> str:
    """The option that says how numbers among the texts of a column are to be read, as part of a message; nothing where none would help."""
    numbers = [label for label in summary.labels if resembles_number(label)]
    if not all(map(looks_like_number, numbers)):
        return ""
    evidence = evidence_of(numbers, 1, ())
    units = [unit for unit in evidence.units if unit]
    if 0 < len(units) <= MOST_UNITS_OFFERED:
        return f"say {option('units', ','.join(units))} if the numbers mean the same without them, "
    if evidence.thousands and not units:
        return f"say {option('thousands', next(iter(evidence.thousands)))}, "
    if units or ("," not in evidence.decimal and (summary.stray or summary.doubt)):
        return ""
    return "say «--decimal ','», " if "," in evidence.decimal else "say «--decimal .», "  # where text stays text unless it is said


def _is_mostly_numbers(summary: Summary) -> bool:
    """Are most cells of a column of text numbers, perhaps without its being clear which?"""
    return summary.kind == "text" and (bool(summary.doubt) or summary.numeric > summary.present - summary.numeric)


# Targets


def _target(source: str, summary: Summary, options: PreparationOptions) -> Target:
    name = summary.name
    if summary.missing:
        said = missing_message(source, summary.missing, [(row, name) for row in summary.gaps])
        raise FileError(f"{said}, and it is the target; leave those rows out («--drop-missing»).")
    if summary.kind == "date":
        raise InputError(f"target {quoted(name)} of {source} holds dates; choose a column of numbers or classes.")
    if options.task_of(name) != "classify" and not (options.each and options.task_of(name) is None and not _is_mostly_numbers(summary)):
        _check_text(source, summary, "take the values as classes («--task classify»)")
    if summary.is_constant and summary.kind == "number" and summary.padded:
        raise FileError(
            f"target {quoted(name)} of {source} is the same in every row in the 16 digits that numbers keep, as of {summary.padded}; take "
            "off what is common to all."
        )
    if _is_class(summary, options):
        return _class_target(source, summary, options)
    if summary.kind == "text":
        row, text = summary.stray or (1, "text")
        several = " Several targets must all be numbers, or a network has an output for each («--network»)." if _is_shared(options) else ""
        raise FileError(f"{source}: row {row}, column {quoted(name)} holds {quoted(text)}, which is no number to regress to.{several}")
    if summary.is_constant:
        raise FileError(f"target {quoted(name)} of {source} is {summary.low:g} in every row; there is nothing to learn. Choose another.")
    mean, deviation = _scale(summary, options)
    return Target(name, "number", summary.kind, mean, deviation, written=summary.format)


def _is_class(summary: Summary, options: PreparationOptions) -> bool:
    """Text and truth values are classes, and so are whole numbers of few different values; of several targets, text and truth values
    are, where each has a task of its own.
    """
    task = options.task_of(summary.name)
    if task is not None or _is_shared(options):
        return task == "classify"
    if len(options.targets) > 1:
        return summary.kind in ("text", "boolean")
    few = summary.distinct == 2 or _has_few_values(summary)
    return summary.kind in ("text", "boolean") or (summary.whole and few)


def _is_shared(options: PreparationOptions) -> bool:
    """Are there several targets for one output?"""
    return len(options.targets) > 1 and not options.each


def _has_few_values(summary: Summary) -> bool:
    """Are there so few different values, for so many rows, that they are classes?"""
    return summary.distinct <= MOST_INTEGER_CLASSES and summary.distinct * LEAST_ROWS_PER_CLASS < summary.rows


def _open_values(summary: Summary, options: PreparationOptions) -> int:
    """How many different values the target has, if it may be classes as well as a number, and nothing was said; else 0."""
    numbers = summary.kind == "number" and summary.whole and options.task is None and len(options.targets) == 1
    return summary.distinct if numbers and 2 < summary.distinct <= MOST_INTEGER_CLASSES else 0


def _class_target(source: str, summary: Summary, options: PreparationOptions) -> Target:
    name = summary.name
    if _is_shared(options):
        raise InputError(
            f"one output has one class target, not {len(options.targets)} ({enumerated(options.targets)}); train one model for each, or "
            "describe a network with an output for each («--network»)."
        )
    if summary.distinct == 1:
        only = next(iter(summary.labels))
        raise FileError(f"target {quoted(name)} of {source} is {quoted(only)} in every row; a class target needs two classes or more.")
    if summary.crowded or summary.distinct > MOST_CATEGORIES or (summary.distinct > 20 and summary.distinct == summary.rows):
        fix = f"Choose another target{' or «--task regress»' if summary.kind == 'number' else ''}."
        row, text = summary.stray or (0, "")
        if re.search(r"\d[.,' ]\d", text):
            fix = f"If they are numbers, as row {row} holds {quoted(text)}, write digits alone; else choose another target."
        count = f"more than {MOST_CATEGORIES:,}" if summary.distinct > MOST_CATEGORIES else f"{summary.distinct:,}"
        raise FileError(
            f"target {quoted(name)} of {source} has {count} different values in "
            f"{counted(summary.rows, 'row')}; these are no classes to learn. {fix}"
        )
    return Target(name, "class", summary.kind, classes=ordered(summary.labels), written=summary.format)


# Inputs


def _reason(summary: Summary, options: PreparationOptions) -> str | None:
    """Why a column is of no use as input; None if it is."""
    asked = summary.name in (*options.categories, *options.numbers)
    if options.places == "tokens" or (options.places and summary.kind != "text"):
        return None
    if not summary.present and not options.places:
        return "no values"
    if summary.is_constant and not options.places:
        return "alike in 16 digits" if summary.padded else "constant"
    if asked:
        return None
    if summary.kind == "date":
        return None if options.dates else "dates"
    if summary.is_sequence:
        return "numbers the rows"
    if summary.kind != "text" or _is_mostly_numbers(summary) or summary.numeric_labels > MOST_INTEGER_CLASSES:
        return None
    if summary.stray_of_dates is not None:
        return None if options.dates else "dates"
    if summary.is_identifier and not summary.crowded:
        return "all different" if summary.distinct == summary.present else "nearly all different"
    return f"more than {MOST_CATEGORIES:,} different values" if summary.crowded else None


def _at_least_one(source: str, used: list[Summary], others: Sequence[Summary], left_out: dict[str, str]) -> list[Summary]:
    """The used columns; if there are none, those that number the rows: x = 1, 2, 3 … may be all that there is."""
    if used:
        return used
    sequences = [summary for summary in others if left_out.get(summary.name) == "numbers the rows"]
    if not sequences:
        why = "; ".join(f"{name} ({reason})" for name, reason in list(left_out.items())[:5])
        dates = "; inputs are made of dates by «--dates year,month,weekday,hour»" if "dates" in left_out.values() else ""
        raise FileError(f"{source} has no column to learn from{f': left out are {why}' if why else ' beside the target'}{dates}.")
    for summary in sequences:
        del left_out[summary.name]
    return sequences


def _date(tables: Tables, summary: Summary, options: PreparationOptions, of_each: OfEach) -> Feature | None:
    """The inputs that a column of dates becomes; None if it is the same everywhere."""
    if summary.name in (*options.categories, *options.numbers):
        return _feature("the data", summary, options, None)
    lacks, month_first = summary.missing > 0, options.month_first
    ways: dict[str, Any] = {"month_first": month_first, "missing": lacks, "standardize": options.standardize, "of_each": of_each}
    return date_feature(tables, summary.name, options.dates, **ways)


def _is_category(summary: Summary, options: PreparationOptions) -> bool:
    return summary.name in options.categories or (summary.kind == "text" and summary.name not in options.numbers)


def _feature(source: str, summary: Summary, options: PreparationOptions, fill: float | str | None) -> Feature:
    name, lacks = summary.name, summary.missing > 0
    if _is_category(summary, options):
        if name not in options.categories:
            asked = option("categories", name), option("ignore", name)
            ways = f"take the values as categories ({asked[0]})", f"leave the column out ({asked[1]})"
            _check_text(source, summary, *ways)
        if summary.crowded:
            raise FileError(
                f"column {quoted(name)} of {source} has more than {summary.most:,} different values; leave it out "
                f"({option('ignore', name)})."
            )
        own = summary.missing > 0 and options.impute != "most_frequent"
        labels = ordered(summary.labels)
        return Feature(name, "category", summary.kind, categories=labels, fill=None if own else fill, written=summary.format, missing=own)
    if summary.doubt:
        raise FileError(summary.doubt)
    if summary.kind in ("text", "date"):
        raise FileError(
            f"{source}: column {quoted(name)} was asked for as numbers, but holds {'dates' if summary.kind == 'date' else 'text'}"
            f"{f' (row {summary.stray[0]}: {quoted(summary.stray[1])})' if summary.stray else ''}."
        )
    if summary.kind == "boolean":
        return Feature(name, "boolean", "boolean", fill=fill, missing=lacks)
    mean, deviation = _scale(summary, options)
    written, low, high = summary.format, summary.low, summary.high
    return Feature(name, "number", "number", mean, deviation, fill=fill, written=written, missing=lacks, low=low, high=high)


def _scale(summary: Summary, options: PreparationOptions) -> tuple[float, float]:
    """Mean and deviation, or 0 and 1."""
    as_it_is = not options.standardize or (options.places == "tokens" and summary.name not in options.targets)
    return (0.0, 1.0) if as_it_is else (summary.moments.mean, summary.moments.deviation)


def _check_places(source: str, used: Sequence[Summary], options: PreparationOptions) -> None:
    """Raises FileError where a place of an image or of a sequence is no number, or where tokens lack or are of several kinds."""
    known = used[0].kind if options.places == "tokens" and used[0].kind == "text" else "number"
    for summary in used:
        if summary.kind != known and options.places == "tokens":
            kinds = f"column {quoted(used[0].name)} holds {used[0].kind}s, column {quoted(summary.name)} {summary.kind}s"
            raise FileError(f"the columns of {source} are the tokens of a row, which are all text or all numbers, but {kinds}.")
        if summary.kind != known:
            raise FileError(f"column {quoted(summary.name)} of {source} is a place of an image or of a sequence, but holds no numbers.")
        if known == "text" and summary.missing:
            raise FileError(
                f"{missing_message(source, summary.missing, [(row, summary.name) for row in summary.gaps])}; a token needs one."
            )


def _tokens(used: Sequence[Summary]) -> tuple[Feature, ...]:
    """Columns of text as tokens of one vocabulary."""
    vocabulary = ordered(set().union(*(summary.labels for summary in used)))
    return tuple(Feature(summary.name, "token", summary.kind, categories=vocabulary) for summary in used)


def _of_one_scale(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The same mean and deviation for every column: those of all their numbers."""
    mean = math.fsum(feature.mean for feature in features) / len(features)
    squares = math.fsum(feature.deviation**2 + (feature.mean - mean) ** 2 for feature in features) / len(features)
    return tuple(replace(feature, mean=mean, deviation=math.sqrt(squares) or 1.0) for feature in features)


# Missing values


def _fills(tables: Tables, used: Sequence[Summary], impute: str | None, of_each: OfEach) -> dict[str, float | str]:
    """What stands in for missing values, for every used column, whether or not it lacks any so far."""
    if impute is None:
        return {}
    numbers = [summary for summary in used if summary.kind == "number" and not summary.wants_labels]
    fills: dict[str, float | str] = {s.name: min(s.labels, key=lambda label: (-s.labels[label], label)) for s in used if s.labels}
    fills |= {s.name: float(s.moments.mean > 0.5) for s in used if s.kind == "boolean" and not s.wants_labels}
    if impute == "mean":
        return fills | {summary.name: summary.moments.mean for summary in numbers}
    rows = max((summary.rows for summary in numbers), default=0)
    middle = np.median if impute == "median" else _most_frequent
    return fills | {name: middle(values) for name, values in _gathered(tables, [summary.name for summary in numbers], rows, of_each)}


def _gathered(tables: Tables, names: Sequence[str], rows: int, of_each: OfEach) -> Iterator[tuple[str, Array]]:
    """Every column's values, as many columns at a time as fit into an eighth of memory."""
    at_a_time = min(of_each(lambda: max(1, memory() // 8 // (8 * max(rows, 1)))))  # of several processes, of the machine with the least
    for start in range(0, len(names), at_a_time):
        group = names[start : start + at_a_time]
        parts = [part for some in of_each(partial(_values_here, tables, group)) for part in some]
        for place, name in enumerate(group):
            values = np.concatenate([part[place] for part in parts])
            yield name, values[~np.isnan(values)]


def _values_here(tables: Tables, names: Sequence[str]) -> list[list[Array]]:
    """Of each table that is here, the values of these columns."""
    return [[table.column(name).values for name in names] for table in tables()]


def _most_frequent(values: Array) -> float:
    """The smallest of the most frequent values."""
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[counts.argmax()])


# In words


def decisions(
    features: Sequence[Feature],
    targets: Sequence[Target],
    task: Task,
    left_out: Mapping[str, str],
    used: Sequence[Summary],
    options: PreparationOptions,
    open_values: int,
) -> tuple[str, ...]:
    """Everything that was decided, a line each."""
    scaled = "standardised to mean 0 and deviation 1" if options.standardize else "as they are"
    of_inputs = {"alike": f"{scaled}, all of them together" if options.standardize else scaled, "tokens": "tokens, as they are"}
    said = [_target_decision(target, scaled) for target in targets]
    if open_values:
        other, how = ("a number", "regress") if task != "regress" else ("classes", "classify")
        said.append(f"{open_values} different whole numbers could be {other}, too: that is the task {how}")
    kinds = {kind: [feature for feature in features if feature.kind == kind] for kind in ("number", "boolean", "category", "date", "token")}
    if kinds["token"]:
        vocabulary = f"{len(kinds['token'][0].categories)} different ones"
        said.append(f"tokens, {vocabulary}: {enumerated([feature.name for feature in kinds['token']])}")
    if kinds["number"]:
        said.append(f"numbers, {of_inputs.get(options.places or '', scaled)}: {enumerated([feature.name for feature in kinds['number']])}")
    if kinds["boolean"]:
        said.append(f"truth values, as 0 and 1: {enumerated([feature.name for feature in kinds['boolean']])}")
    for feature in kinds["date"]:
        said.append(f"of the date {feature.name}: {enumerated([part.name.removeprefix(f'{feature.name} ') for part in feature.parts])}")
    if kinds["category"]:
        named = [f"{feature.name} ({counted(len(feature.categories), 'value')})" for feature in kinds["category"]]
        said.append(f"categories, one input for each value: {enumerated(named)}")
    forms = {target.name: target.written for target in targets} | {feature.name: feature.written for feature in features}
    if any(form and (form.is_unusual or form.open) for form in forms.values()):
        said.append(f"how numbers are read: {read_so(Words(), forms)}")
    for reason in dict.fromkeys(left_out.values()):
        said.append(f"left out ({reason}): {enumerated([name for name, why in left_out.items() if why == reason])}")
    lacking = {summary.name: f"{summary.name} ({summary.missing:,})" for summary in used if summary.missing}
    filled = [lacking[feature.name] for feature in features if feature.name in lacking and (feature.fill is not None or feature.parts)]
    if filled:
        how = f"{options.impute}; truth values: most_frequent"
        said.append(f"missing values filled ({how}), and an input of its own says so: {enumerated(filled)}")
    own = [lacking[feature.name] for feature in features if feature.kind == "category" and feature.missing]
    if own:
        said.append(f"a missing value is a category of its own: {enumerated(own)}")
    return tuple(said)


def _target_decision(target: Target, scaled: str) -> str:
    trained = f"output {find('loss', LOSSES[target.task]).output.name}, loss {LOSSES[target.task]}"
    if target.kind == "class":
        return f"target {target.name}: {counted(len(target.classes), 'class', 'classes')} ({enumerated(target.classes)}); {trained}"
    return f"target {target.name}: a number, {scaled.replace('as they are', 'as it is')}; {trained}"
