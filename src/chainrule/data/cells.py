"""What cells of text mean: plain numbers, truth values, missing values, or text. Whole columns at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

from chainrule.base.arrays import Array

ColumnKind: TypeAlias = Literal["number", "text", "boolean", "date"]

KINDS: tuple[ColumnKind, ...] = ("number", "text", "boolean", "date")

MISSING = frozenset(
    {"", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "-nan", "nat", "null", "none", "nil", "\\n", "?", "-", "--", "---", ".", "..", "…",
     "–", "—", ":", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "1.#qnan", "1.#ind", "-1.#ind", "k.a.", "k. a.",
     "#nv", "#wert!", "#bezug!", "#zahl!", "#n/d", "#valeur!", "#nom?", "#nombre!", "#nul!", "#valore!", "#rif!", "#nome?",
     "#¡div/0!", "#¡valor!", "#¡ref!", "#¿nombre?", "#¡num!", "#¡nulo!", "#valor!", "#núm!",
     "0000-00-00", "0000-00-00 00:00:00",
     *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz_")}
)  # fmt: skip
"""How people, spreadsheets (in six languages), databases, Stata and SAS (.a to .z) write that there is no value, in small letters."""

NINES, DIGIT = bytes.maketrans(b"012345678", b"9" * 9), re.compile(r"[0-9]")
FIRST_ZERO = re.compile(r"^([^0-9\n]*)0", re.MULTILINE)

TRUTH = {"true": 1.0, "false": 0.0}


def is_missing(cell: str, words: Collection[str] = MISSING) -> bool:
    """Does the cell say that there is no value, in one of these words?"""
    return cell.strip().lower() in words


@lru_cache
def spellings(words: Collection[str]) -> frozenset[str]:
    """The words as people write them most often, in small and capital letters: the quick way to know most cells without a value."""
    return frozenset({spelling for word in words for spelling in (word, word.upper(), word.capitalize(), word.title())} | {"NaN", "NaT"})


def missing_words(further: Iterable[Any]) -> frozenset[str]:
    """The usual words for a missing value, and these."""
    return MISSING | {str(word).strip().lower() for word in further}


@lru_cache
def missing_numbers(words: Collection[str]) -> tuple[float, ...]:
    """Those of the words that are numbers, as -999: every number that equals one of them is missing, however it is written."""
    return tuple(value for word in words if word not in MISSING and (value := parse_number(word)) is not None)


def without_missing_numbers(values: Array, words: Collection[str]) -> Array:
    """The numbers, NaN in place of those that mean that there is no value, and 0 in place of −0."""
    values = values + 0.0
    numbers = () if words is MISSING else missing_numbers(frozenset(words))
    return np.where(np.isin(values, numbers), np.nan, values) if numbers else values


def parse_number(cell: str) -> float | None:
    """The number that one cell holds as programs write it; None if it holds none. A missing value is NaN.

    >>> parse_number("1.5"), parse_number("1e3"), parse_number("1_000")
    (1.5, 1000.0, None)
    """
    if "_" in cell or not cell.isascii():  # Python's float would take 1_000 and ١٢
        return None
    values = plain_floats(["nan" if is_missing(cell) else cell])
    return None if values is None else float(values[0])


def plain_floats(cells: Iterable[str]) -> Array | None:
    """(cells,) float64; None if any cell is no number to Python."""
    try:
        return np.array(list(map(float, cells)), dtype=np.float64)
    except ValueError:
        return None


def shape_of(cell: str) -> str:
    """The cell with the digit 9 in place of any other, but for a first 0. Cells of one shape are numbers alike: 5,612 may hold thousands,
    0,512 does not.

    >>> shape_of("$1,250"), shape_of("0,512")
    ('$9,999', '0,999')
    """
    first, shape = DIGIT.search(cell), cell.encode(errors="surrogatepass").translate(NINES).decode(errors="surrogatepass")
    return shape.replace("9", "0", 1) if first and first[0] == "0" else shape


def shapes_of(cells: Sequence[str]) -> list[str]:
    """The different shapes of the cells, in the order of the first ones.

    >>> shapes_of(["$1,250", "0,512", "$3,400"])
    ['$9,999', '0,999']
    """
    text = "\n".join(cells)
    if text.count("\n") >= len(cells) or "\0" in text:
        return [*dict.fromkeys(map(shape_of, cells))]
    marked = FIRST_ZERO.sub(r"\1\0", text).encode(errors="surrogatepass")
    return [*dict.fromkeys(marked.translate(NINES).replace(b"\0", b"0").decode(errors="surrogatepass").split("\n"))]


def known_floats(cells: Sequence[str], words: Collection[str], plain: Sequence[str]) -> Array | None:
    """(cells,) float64, NaN where a value is missing; None if any other cell is no number to Python.

    plain  the cells as Python is to read them
    """
    usual = spellings(frozenset(words))
    values = plain_floats(plain)
    if values is None:
        values = plain_floats("nan" if cell in usual else number for cell, number in zip(cells, plain, strict=True))
    if values is None:
        values = plain_floats("nan" if is_missing(cell, words) else number for cell, number in zip(cells, plain, strict=True))
    return values


def truths(cells: Sequence[str], missing: Collection[str] = MISSING) -> Array | None:
    """(cells,) 0 for false, 1 for true, NaN where missing; None if any cell is neither."""
    known = {cell: TRUTH.get(cell.strip().lower()) for cell in set(cells)}
    if any(value is None and not is_missing(cell, missing) for cell, value in known.items()):
        return None
    return np.array([known[cell] for cell in cells], dtype=np.float64)


def texts(cells: Sequence[str], missing: Collection[str] = MISSING) -> Array:
    """(cells,) objects: the text without the blanks around it, None where missing."""
    values = np.empty(len(cells), dtype=object)
    if are_repeated(cells):
        known = {cell: None if (bare := cell.strip()).lower() in missing else bare for cell in set(cells)}
        values[:] = list(map(known.__getitem__, cells))
        return values
    bares = list(map(str.strip, cells))
    lacks = not frozenset(missing).isdisjoint("\n".join(bares).lower().split("\n"))  # all at once: most columns lack nothing
    values[:] = [None if bare.lower() in missing else bare for bare in bares] if lacks else bares
    return values


def are_various(cells: Sequence[str]) -> bool:
    """Are nearly all of the first thousand different?"""
    some = cells[:1000]
    return len(set(some)) > 0.95 * len(some)


def are_repeated(cells: Sequence[str]) -> bool:
    """Does each of the first thousand come several times?"""
    some = cells[:1000]
    return len(set(some)) < 0.25 * len(some)


def common_kind(first: ColumnKind | None, second: ColumnKind | None) -> ColumnKind | None:
    """The kind of a column whose two parts are of these kinds."""
    return second if first is None or first == second else first if second is None else "text"
