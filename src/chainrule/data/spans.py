"""Cells as places in the bytes of a text, so that a whole column is looked at without a Python string for each cell.

Cells of one shape, all digits alike, are numbers written alike: one of each shape says how, and the digits of the others are added up
where they stand. Of text, one of each of the different cells is looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property, partial
from itertools import cycle
from typing import Any, overload

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue
from chainrule.data.cells import DIGIT, MISSING, NINES, are_various

WORD, WIDEST = 8, 24
"""Bytes that are compared at once; and of a cell that is compared at all."""

EXACT_DIGITS, MOST_DIGITS = 15, 19
"""Digits of a whole number below 2⁵³, which float64 holds exactly, so that a quotient is rounded once; and of one below 2⁶⁴."""

POWERS = np.array([float(10**power) for power in range(23)])
"""The powers of ten that float64 holds exactly."""

MOST_OTHERS = 0.01
"""The share of cells, of one shape, that are looked at one by one."""

LEAST = 500
"""So many cells are worth it."""

MOST_SHAPES = 64
"""With more shapes, a column is none of numbers."""

SLOTS = 1 << 16

FACTORS = (0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3, 0x1D8E4E27C47D124F)
"""Odd numbers that scatter cells over the slots."""

LAST = [np.uint64((1 << 64) - (1 << 8 * (WORD - count))) for count in range(WORD + 1)]
"""What keeps the last bytes of eight, so many of them."""

KEPT = np.array(LAST)

TENS = np.array([10**power for power in range(MOST_DIGITS + 1)], np.uint64)

ZEROS, BEYOND_9, HIGH_BITS = (np.uint64(byte * 0x0101010101010101) for byte in (0x30, 0x76, 0x80))
"""Eight signs 0; what makes a byte beyond 9 set its highest bit; and these bits."""

QUOTE, NEWLINE, RETURN = b'"\n\r'

ZERO, MINUS, POINT = b"0-."
GROUPED = re.compile(rb"[,.' ][0-9]{3}(?![0-9])|[^\x00-\x7f]")
"""What may be a thousands sign."""

RAW_DIGIT = re.compile(rb"[0-9]")
RAW_EXPONENT = re.compile(rb"(?<=[0-9.,])[eEdD]([+-]?)([0-9]{1,4})(?![0-9])")


class Signs:
    """The bytes of a text in UTF-8, with room before them, so that what is compared may begin before a cell.

    before   how much room
    """

    def __init__(self, text: bytes | memoryview) -> None:
        self.before = WIDEST + WORD
        self.array = np.zeros(self.before + len(text), np.uint8)
        self.array[self.before :] = np.frombuffer(text, np.uint8)

    @cached_property
    def ascii_text(self) -> str | None:
        """All of them as text, where that has a byte for each sign."""
        whole = self.array.tobytes()
        return whole.decode("ascii") if whole.isascii() else None

    @cached_property
    def windows(self) -> Array:
        """Eight bytes from each place on, as a whole number."""
        return _windows(self.array)

    @cached_property
    def shaped(self) -> Array:
        """The same with the digit 9 in place of any other."""
        return np.frombuffer(self.array.tobytes().translate(NINES), np.uint8)


def _windows(signs: Array) -> Array:
    return np.ndarray(len(signs) - WORD + 1, "<u8", signs, strides=(1,))


class Spans(Sequence[str]):
    """The cells of a column.

    signs         of the text; no cell holds a byte 0
    starts, ends  (cells,): where each cell begins, and where it has ended
    together      gives all of them as text, where there is a quicker way than one by one
    """

    def __init__(self, signs: Signs, starts: Array, ends: Array, together: Callable[[], list[str]] | None = None) -> None:
        self.signs, self.starts, self.ends, self._together = signs, starts, ends, together

    @staticmethod
    def of(cells: Sequence[str]) -> Spans | None:
        """Of cells that are known as text; None where they hold signs that part them here."""
        text = "\n".join(cells)
        if text.count("\n") >= len(cells) or "\0" in text:
            return None
        signs = Signs(text.encode(errors="surrogatepass"))
        ends = np.append(np.flatnonzero(signs.array == NEWLINE), len(signs.array))
        return Spans(signs, np.append(signs.before, ends[:-1] + 1), ends, lambda: [*cells])

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return self._texts(self.starts[place], self.ends[place])
        return self._text(self.starts[place], self.ends[place])

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    @cached_property
    def texts(self) -> list[str]:
        """All of them."""
        return self._together() if self._together is not None else self._texts(self.starts, self.ends)

    def at(self, rows: Array) -> list[str]:
        """Those in these rows."""
        return self._texts(self.starts[rows], self.ends[rows])

    def _texts(self, starts: Array, ends: Array) -> list[str]:
        pairs, text = zip(starts.tolist(), ends.tolist(), strict=True), self.signs.ascii_text
        return [self._text(start, end) for start, end in pairs] if text is None else [text[start:end] for start, end in pairs]

    def _text(self, start: int, end: int) -> str:
        return self.signs.array[start:end].tobytes().decode(errors="surrogatepass")

    @property
    def longest(self) -> int:
        """Bytes of the longest one."""
        return int((self.ends - self.starts).max(initial=0))

    def different(self) -> tuple[Array, Array] | None:
        """Where each different cell stands first, in their order; and (cells,): which of these each is. None where that takes longer than
        to look at every cell.
        """
        return None if are_various(self[:1000]) else self._alike(self.signs.array)

    def shapes(self, missing: Collection[str]) -> list[Array] | None:
        """The rows that have each shape, in the order of the first ones; None where there are very many, or where the meaning of cells
        depends on more than their shape.
        """
        if missing is not MISSING and any(DIGIT.search(word) for word in missing if word not in MISSING):
            return None
        found = self._alike(self.signs.shaped)
        if found is None or len(found[0]) > MOST_SHAPES:
            return None
        firsts, places = found
        rows = [np.flatnonzero(places == place) for place in range(len(firsts))] if len(firsts) > 1 else [np.arange(len(self))]
        return sorted((some for part in rows for some in self._by_first_digit(part)), key=lambda part: int(part[0]))

    def _by_first_digit(self, rows: Array) -> Iterator[Array]:
        """Rows of one shape, parted by whether the first digit is a 0: 0,512 holds no thousands, 5,612 may; and a 0 takes no place."""
        raw = self[int(rows[0])].encode(errors="surrogatepass")
        digit = RAW_DIGIT.search(raw)
        if digit is None or (GROUPED.search(raw) is None and len(RAW_DIGIT.findall(raw)) <= MOST_DIGITS):
            yield rows
            return
        is_zero = self.signs.array[self.starts[rows] + digit.start()] == ZERO
        yield from (part for part in (rows[is_zero], rows[~is_zero]) if len(part))

    def _alike(self, signs: Array) -> tuple[Array, Array] | None:
        """As of `different`, of these signs in place of the cells' own."""
        if self.longest > WIDEST:
            return None
        words, mixed = self._words(signs), np.zeros(len(self), np.uint64)
        for word in words:
            mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        rows, firsts = np.arange(len(self)), np.empty(len(self), np.intp)
        for factor in FACTORS:
            slots = ((mixed[rows] * np.uint64(factor)) >> np.uint64(48)).astype(np.intp)
            table = np.zeros(SLOTS, np.intp)
            table[slots[::-1]] = rows[::-1]  # of several cells the first one is the last to be written
            firsts[rows] = table[slots]
            same = np.ones(len(rows), dtype=bool)
            for word in words:
                same &= word[firsts[rows]] == word[rows]
            rows = rows[~same]  # those whose slot another one has
            if not len(rows):
                is_first = firsts == np.arange(len(self))
                return np.flatnonzero(is_first), (np.cumsum(is_first) - 1)[firsts]
        return None

    def _words(self, signs: Array) -> list[Array]:
        """The bytes of each cell as whole numbers, the last eight ones first; what stands before a cell is 0."""
        windows = _windows(signs)
        bits, words = WORD * (self.ends - self.starts), []
        for before in range(0, max(self.longest, 1), WORD):
            strange = np.clip(WORD * (before + WORD) - bits, 0, 64).astype(np.uint64)
            words.append(windows[self.ends - before - WORD].astype(np.uint64, copy=False) >> strange)
        return words

    def numbers(
        self, shapes: Sequence[Array], meaning: Callable[[str], Meaning | None], worth: Callable[[str], float | None]
    ) -> Array | None:
        """(cells,) float64; None where digits alone do not say what many cells are worth.

        meaning   of a cell; the same for all of its shape
        worth     what a cell is worth, where its digits alone do not say it
        """
        whole, divisors, most = np.zeros(len(self), np.uint64), np.ones(len(self)), 0
        others: dict[int, float] = {}
        raised: list[tuple[Array, Array]] = []
        for rows in shapes:
            known = meaning(self[int(rows[0])])
            if known is None:
                if len(rows) > MOST_OTHERS * len(self):
                    return None
                found = {row: worth(self[row]) for row in rows.tolist()}
                if None in found.values():
                    return None
                others |= found
                continue
            starts = self.starts[rows] if len(rows) < len(self) else self.starts
            added = self._made_of(known.runs, starts)
            if known.exponent:
                powers = self._made_of(known.exponent_runs, starts).astype(np.int64)
                raised.append((rows, _raised(added, known.signed_power(powers), -1.0 if known.negative else 1.0)))
                continue
            whole[rows], divisors[rows], most = added, known.divisor, max(most, len(known.digits))
        values, doubtful = _quotients(whole, divisors, most)
        values[doubtful] = [worth(cell) for cell in self.at(doubtful)]
        values[[*others]] = [*others.values()]
        for rows, numbers in raised:
            values[rows] = numbers
        return values

    def decimals(self, worth: Callable[[str], float | None]) -> tuple[Array, Array] | None:
        """(cells,) float64 of cells as -3.25, whatever their length, and the rows that have not three digits behind the point, so that it
        can only be a decimal one; None where more than a few are not so.

        worth   what one of these few is worth; None if it is no such number
        """
        signs, windows = self.signs.array, self.signs.windows
        negative = signs[self.starts] == MINUS
        starts = self.starts + negative
        last = len(signs) - 1
        before = np.where(signs[np.minimum(starts + 1, last)] == POINT, 1, np.where(signs[np.minimum(starts + 2, last)] == POINT, 2, 3))
        points = np.minimum(starts + before, last)
        below = self.ends - points - 1
        good = (signs[points] == POINT) & (below > 0) & (below + before <= MOST_DIGITS)
        below[~good] = 0
        parts = [(points, before, TENS[below])]
        parts += [(self.ends - done, below - done, TENS[done]) for done in range(0, int(below.max(initial=0)), WORD)]
        made = np.zeros(len(self), np.uint64)
        for end, count, scale in parts:
            digits = (windows[end - WORD] ^ ZEROS) & KEPT[np.clip(count, 0, WORD)]
            good &= ((digits + BEYOND_9 | digits) & HIGH_BITS) == 0
            made += _eight_digits(digits) * scale
        others = np.flatnonzero(~good)
        if len(others) > MOST_OTHERS * len(self):
            return None
        made[others], below[others] = 0, 0
        values, doubtful = _quotients(made, np.where(negative, -POWERS[below], POWERS[below]), MOST_DIGITS)
        odd = np.concatenate([others, doubtful])
        found = list(map(worth, self.at(odd)))
        if None in found:
            return None
        values[odd] = found
        return values, np.flatnonzero(good & (below != 3))

    def _made_of(self, runs: Sequence[tuple[int, int]], starts: Array) -> Array:
        """The whole numbers that the digits in these runs make, of cells that begin at these places."""
        made = np.zeros(len(starts), np.uint64)
        for end, count in runs:
            made *= np.uint64(10**count)
            if count == 1:
                made += self.signs.array[starts + (end - 1)] - np.uint8(ZERO)
            else:
                made += _eight_digits(self.signs.windows[starts + (end - WORD)] & LAST[count])
        return made


def _eight_digits(words: Array) -> Array:
    """The numbers that eight digits make, each in a byte, the first one in the lowest; a byte 0 is a digit 0. Neighbours are added up in
    pairs: two digits, then four, then eight.
    """
    words = words.astype(np.uint64, copy=False) & np.uint64(0x0F0F0F0F0F0F0F0F)
    words = (words * np.uint64(10 * 2**8 + 1) >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    words = (words * np.uint64(100 * 2**16 + 1) >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
    return words * np.uint64(10_000 * 2**32 + 1) >> np.uint64(32)


def _quotients(whole: Array, divisors: Array, digits: int) -> tuple[Array, Array]:
    """whole / divisors as float64, rounded once, for powers of ten and as many digits; and which of them are so near the middle between
    two numbers that this is not sure.

    The quotient of the rounded numbers is corrected by its remainder, which the parts of Dekker's product give exactly.
    Source: Dekker (1971), A floating-point technique for extending the available precision.
    """
    high = whole.astype(np.float64)
    quotient = high / divisors
    if digits <= EXACT_DIGITS:
        return quotient, np.empty(0, np.intp)
    low = (whole - high.astype(np.uint64)).astype(np.int64).astype(np.float64)
    (a, b), (c, d) = _halves(quotient), _halves(divisors)
    product = quotient * divisors
    error = ((a * c - product) + a * d + b * c) + b * d
    change = ((high - product) - error + low) / divisors
    found = quotient + change
    rest = np.abs((quotient - found) + change)
    return found, np.flatnonzero(np.abs(rest / np.spacing(np.maximum(np.abs(found), 1e-300)) - 0.5) < 1e-6)


def _raised(whole: Array, powers: Array, sign: float) -> Array:
    """sign · whole · 10^powers, rounded once: as one product or quotient where float64 holds both exactly, else as Python reads it."""
    sizes = np.abs(powers)
    factors = POWERS[np.minimum(sizes, len(POWERS) - 1)]
    numbers = whole.astype(np.float64)
    values: Array = np.where(powers < 0, numbers / factors, numbers * factors) * sign
    others = np.flatnonzero((sizes >= len(POWERS)) | (whole >= 10**EXACT_DIGITS))
    pairs = zip(whole[others].tolist(), powers[others].tolist(), strict=True)
    values[others] = [sign * float(f"{number}e{power}") for number, power in pairs]
    return values


def _halves(value: Any) -> tuple[Any, Any]:
    """Two numbers of half the digits each that add up to the value."""
    scaled = value * (2.0**27 + 1)
    high = scaled - (scaled - value)
    return high, value - high


class Meaning(FrozenValue):
    """What the digits of a cell say: the number that they make, at these places among its bytes, so many of them below the decimal sign.

    No digits: a value is missing.

    exponent  the places of the digits of its power of ten
    small     whether that power is negative
    """

    digits: tuple[int, ...] = ()
    below: int = 0
    negative: bool = False
    exponent: tuple[int, ...] = ()
    small: bool = False

    @property
    def divisor(self) -> float:
        """What the number that the digits make is divided by: a power of ten, negative for a negative one; NaN for none."""
        return (-1 if self.negative else 1) * float(POWERS[self.below]) if self.digits else math.nan

    @cached_property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """At most eight digits side by side: the place behind the last one, and how many."""
        return _runs(self.digits)

    @cached_property
    def exponent_runs(self) -> tuple[tuple[int, int], ...]:
        """The same of the power of ten."""
        return _runs(self.exponent)

    def signed_power(self, power: Any) -> Any:
        """The power of ten by which the number that the digits make is multiplied, where the cell's exponent has these digits."""
        return (-power if self.small else power) - self.below

    def of(self, cell: str) -> float:
        """What a cell is worth."""
        raw = cell.encode(errors="surrogatepass")
        whole, power = (int(bytes(raw[place] for place in places) or b"0") for places in (self.digits, self.exponent))
        found = float(f"{whole}e{self.signed_power(power)}")
        return -found if self.negative else found


def _runs(places: Sequence[int]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for place in places:
        end, count = found[-1] if found else (-1, 0)
        if end == place and count < WORD:
            found[-1] = place + 1, count + 1
        else:
            found.append((place + 1, 1))
    return tuple(found)


def meaning_of(cell: str, decimal: str, worth: Callable[[str], float | None]) -> Meaning | None:
    """What the digits of a cell with this decimal sign say; None where they alone do not say what it is worth.

    worth   what a cell is worth; None if it is no number. Asked for two cells of the shape
    """
    value, raw = worth(cell), cell.encode(errors="surrogatepass")
    if value is None:
        return None
    if math.isnan(value):
        return Meaning()
    exponent = RAW_EXPONENT.search(raw)
    places, point = [match.start() for match in RAW_DIGIT.finditer(raw)], raw.rfind(decimal.encode())
    digits = tuple(place for place in places if exponent is None or place < exponent.start())
    below = sum(place > point for place in digits) if point >= 0 else 0
    if not digits or len(digits) - (raw[digits[0]] == ZERO) > MOST_DIGITS or below >= len(POWERS):
        return None
    power = (tuple(range(*exponent.span(2))), exponent[1] == b"-") if exponent else ((), False)
    found = Meaning(digits, below, math.copysign(1, value) < 0, *power)
    return found if all(found.of(tried) == worth(tried) for tried in (cell, _other_digits(cell))) else None


def _other_digits(shape: str) -> str:
    """A cell of the same shape with different digits."""
    others = cycle("12345678")
    return "".join(next(others) if sign == "9" else sign for sign in shape)


class Cut:
    """Rows of one length, cut at their separators. Where they are in quotes, these are taken off.

    starts, ends  as of `Spans`, (columns, rows)
    row_starts    (rows,): the place in the text where each row begins
    pieces        gives all cells as text, row by row, where there is a quick way
    """

    def __init__(self, signs: Signs, starts: Array, ends: Array, row_starts: Array, pieces: Callable[[], list[str]] | None) -> None:
        self.signs, self.starts, self.ends, self.row_starts, self._pieces = signs, starts, ends, row_starts, pieces

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.starts.shape[1])

    @cached_property
    def pieces(self) -> list[str]:
        """All cells, row by row."""
        return self._pieces() if self._pieces is not None else []

    def columns(self, start: int, stop: int) -> list[Spans]:
        """The cells of each column in these rows."""
        return [self._cells(place, start, stop) for place in range(len(self.starts))]

    def _cells(self, place: int, start: int, stop: int) -> Spans:
        few = self._pieces is not None and stop - start < LEAST
        together = partial(self._column, place, start, stop) if few else None
        return Spans(self.signs, self.starts[place, start:stop], self.ends[place, start:stop], together)

    def _column(self, place: int, start: int, stop: int) -> list[str]:
        width = len(self.starts)
        return self.pieces[start * width + place : stop * width : width]


def cut(text: bytes, separator: str, width: int, quote: str, longest: int) -> Cut | None:
    r"""Whole rows of so many cells, with a newline behind each; None where they are anything else.

    longest   bytes that a cell may have

    >>> [cells.texts for cells in cut(b'1,"a, ""b"" c"\n2,d\n', ",", 2, '"', 100).columns(0, 2)]
    [['1', '2'], ['a, "b" c', 'd']]
    """
    sign = separator.encode()
    if not text or len(sign) > 1 or quote != '"' or b"\0" in text:
        return None
    quotes = None
    if b'"' in text:
        quotes = Quotes.of(text)
        text = quotes.text
    held = Signs(text)
    signs, before = held.array, held.before
    is_border = (signs == NEWLINE) | (signs == ord(sign))
    if quotes is not None:
        is_border[before:] &= ~quotes.inside
    borders = np.flatnonzero(is_border)
    ends = signs[borders] == NEWLINE
    if not len(borders) or len(borders) % width or not ends[width - 1 :: width].all() or int(ends.sum()) * width != len(borders):
        return None
    starts = np.empty_like(borders)
    starts[0], starts[1:] = before, borders[:-1] + 1
    row_starts = starts[::width] - before
    if b"\r" in text:
        is_return = ends & (signs[borders - 1] == RETURN)
        outside = signs[before:] == RETURN if quotes is None else (signs[before:] == RETURN) & ~quotes.inside
        if int(is_return.sum()) != int(outside.sum()):
            return None
        borders = borders - is_return
    if quotes is not None:
        within = signs[starts] == QUOTE
        if 2 * int(within.sum()) != quotes.count or not ((signs[borders - 1] == QUOTE) & (borders - starts > 1))[within].all():
            return None
        starts, borders, row_starts = starts + within, borders - within, quotes.places(row_starts)
    sizes = (borders - starts).reshape(-1, width)
    if int(sizes.max()) > longest or not sizes.any(axis=1).all():  # rows of nothing but separators are none at the end of a file
        return None
    columns = [np.ascontiguousarray(places.reshape(-1, width).T) for places in (starts, borders)]
    return Cut(held, columns[0], columns[1], row_starts, None if quotes is not None else partial(_split, text, separator))


class Quotes(FrozenValue):
    """The quotes of a text, in turn opening and closing: two side by side within a cell close and open again, and stand for one.

    text      with one in place of two
    inside    (bytes,): whether each byte is between an opening quote, which is counted in, and a closing one
    count     how many quotes open or close a cell
    left_out  where in the text each of the second ones would stand
    """

    text: bytes
    inside: Array
    count: int
    left_out: Array

    @staticmethod
    def of(text: bytes) -> Quotes:
        """Those of a text that begins outside of a cell."""
        signs = np.frombuffer(text, np.uint8)
        is_quote = signs == QUOTE
        inside = np.logical_xor.accumulate(is_quote)
        count, second = int(np.count_nonzero(is_quote)), np.empty(0, np.intp)
        if b'""' in text:
            second = np.flatnonzero(is_quote[1:] & is_quote[:-1] & inside[1:]) + 1
            kept = np.ones(len(signs), dtype=bool)
            kept[second] = False
            text, inside = signs[kept].tobytes(), inside[kept]
        return Quotes(text, inside, count - 2 * len(second), second - np.arange(len(second)))

    def places(self, places: Array) -> Array:
        """Where these places, none of them behind a quote, are in the text as it was."""
        return places + np.searchsorted(self.left_out, places, side="right") if len(self.left_out) else places


def _split(text: bytes, separator: str) -> list[str]:
    """All cells of lines without quotes."""
    return text.decode(errors="surrogatepass").replace("\r\n", "\n").replace("\n", separator).split(separator)
