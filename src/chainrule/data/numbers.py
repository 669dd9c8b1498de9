"""Numbers as people write them: 1,234.5 and 1.234,5, 48 %, € 12, 1.5D+03; which signs mean what is decided by column, or refused.

Only a decimal comma makes sense of 5612,4, and only a thousands sign of 1,234,567: these are evident. Both make sense of 5,612: that is
open, and the other cells, the other columns and the file decide.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.base.options import option
from chainrule.data.cells import is_missing, known_floats, shape_of

SIGNS = {".": "point", ",": "comma", " ": "blank", "'": "apostrophe"}
"""The signs that stand inside numbers, as messages call them."""

BLANKS = "\u00a0\u2007\u2009\u202f\u3000"
"""No-break, figure, thin, narrow and ideographic blanks: they all count as one kind of blank."""

DIGIT_ZEROS = (0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0xFF10)
"""The signs for 0 of other scripts, as Arabic, Devanagari and full width; those for 1 to 9 follow each."""

PLAIN_SIGNS = str.maketrans(
    dict.fromkeys(BLANKS, " ")
    | dict.fromkeys("\u00ad\u200b\u200e\u200f\u202a\u202c\u2060\ufeff", "")
    | {"’": "'", "`": "'", "−": "-", "－": "-", "٫": ".", "٬": "'", "．": ".", "，": ","}
    | {chr(zero + digit): str(digit) for zero in DIGIT_ZEROS for digit in range(10)}
)

DASHES = ("‒", "–", "﹣")
"""What stands for a minus before a number, as programs for writing put it; between two numbers it is none."""

CURRENCIES = "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY|RUB|SGD|HKD|RMB"
SHORT_CURRENCIES = r"Euro|[Rr]s\.?|[Ss]?Fr\.?|[Kk]r\.?|Kč|Ft|zł|Rp\.?|[KTU][Ss]h\.?"
PRICED = r"(?:R|RM|Tk|Bs|S/)\.?(?=\ ?-?\d{1,3}(?:[ ,.']\d{3})*(?:[.,]\d\d)?$)(?=.*\d\D\d)"
"""Currencies before a price, with cents or in thousands; R 12 and RM 3 are names."""

SYMBOLS = "$£¥€¢₹₽₩₺₴₫₦₱₪₡₲₵₸₼₾₿₭₮₨৳฿៛֏＄￥￡￦"

CELL = re.compile(
    rf"""(?P<open>\(\ *)? (?P<sign>[+-]?)\ *
    (?P<before>[A-Z]{{0,3}}[{SYMBOLS}]|(?:{CURRENCIES}|{SHORT_CURRENCIES})(?![^\W\d])|{PRICED}|[%‰])?\ * (?P<inner>\(\ *)? (?P<late>[+-]?)
    (?P<body>[.,]?[0-9](?:[0-9.,' ]*[0-9])?[.,]?)
    (?P<exponent>[eEdD][+-]?[0-9]+)?
    (?P<behind>\ ?-)?
    (?(inner)\ *\)|)
    \ *(?P<after>(?![²³¹⁰-₟¼-¾⅐-↋])(?:[^\W\d_]|[%‰°µ{SYMBOLS}])[^\d,;:()+=<>?!&|_\[\]{{}}]{{0,11}})?
    (?(open)\ *\)|)""",
    re.VERBOSE,
)

FORCED = re.compile(r'="([^"]*)"')
"""How Excel is made to keep a cell as it is."""

NO_CENTS = re.compile(r"(?<=\d)([.,])[-–—]{1,2}(?=\D*$)")
"""The dash of a price without cents: 12,– and 1'250.--"""

SWEDISH_PRICE = re.compile(r"(?<=\d) ?:[-–—]$")
"""What a price ends in: 95:-"""

POWER = re.compile(r"(?<=\d) ?[×xX·*] ?10(?:(?:\^|\*\*)([+-]?\d{1,3})|([⁺⁻]?[⁰¹²³⁴-⁹]{1,3}))")
"""The power of ten behind a number: 1.5×10^3, 1.5 · 10⁻³"""

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")

SPLIT_UNITS = "y|yrs?|years?|mo|months?|w|wks?|weeks?|d|days?|h|hrs?|hours?|m|min|minutes?|s|secs?|seconds?|ft|feet|in|inch|inches|lbs?|oz"
"""Units of which a quantity is told in several, as 6 ft 1 in."""

DIGITS = r"\d+(?:[,_']\d{3})*(?:[.,·]\d+)?"
RESEMBLES = re.compile(
    rf"""(?:[~≈≃≤≥▲▼△▽↑↓|]|[<>]=?|ca\.?|circa|approx\.?|about|around|etwa|rund|\[|'|"
        |(?:R|RM|Tk|Bs|S/)\.?(?=\ ?\d+[.,]\d))?\ * [+-]?(?:\d+[\ -](?=\d+/))?{DIGITS}
    (?: \ *(?:±|\+/?-|[×xX*]|°|')\ *{DIGITS} ){{0,2}}
    (?: /[1-9]\d{{0,2}} | \ ?[¼-¾⅐-⅞] | [²³¹⁰-⁹]{{1,2}} | \[\w{{1,3}}\] | (?::[0-5]?\d){{1,2}}(?:[.,]\d+)? | (?<=[.,]\d)\d*[+-]\d{{3}}
        | \ ?\((?:±|SE\ )?{DIGITS}%?\) )?
    \ *[%*†°'"\]+|]{{0,3}}\ *[NSEWO]? | [¼-¾⅐-⅞]
    | \[(?=[-+.,e\ ]*\d)[-+\d.,e\ ]*\] | \((?=[^()]{{3,60}}\))[-+\d.,e\ ]*\d[-+,][-+\d.,e\ ]*[ij]?\)
    | {DIGITS}\ ?[^\W\d_]{{1,6}}[23²³]?\ \({DIGITS}\ ?[^()\d]{{1,9}}[23²³]?\)
    | {DIGITS}\ ?[\[(]{DIGITS}\ ?[-–,;]\ ?{DIGITS}[\])]
    | [+-]?{DIGITS}\ ?(?:[cdk]?m|mm|ft|in|yd|mi)\^?[23] | [+-]?\d{{1,3}}(?:,\ \d{{3}})+ | [+-]?{DIGITS}\ e[+-]?\d+
    | -?\d+\ days?,?\ [+-]?\d{{1,2}}:\d{{2}}:\d{{2}}(?:\.\d+)? | P(?:\d+[YMWD])*(?:T(?:\d+(?:[.,]\d+)?[HMS])+)?(?<=\d.)
    | 0x[0-9a-f]{{1,8}} | 0b[01]{{1,32}} | 0o[0-7]{{1,11}} | (?:\d+(?:[.,]\d+)?\ ?(?:{SPLIT_UNITS})\.?\ ?){{2,4}}""",
    re.VERBOSE | re.IGNORECASE,
)
"""What says a number, but is none as it stands: ~5, <0.1, ▲ 2 %, 5 ± 0.2, 5.1 (0.2), 3/8, 1 3/8, 1½, 5*, 63_000, 12:30:10, 1:23.45,
46°26'N, 0xff, 6h 17m, 6 ft 1 in, 3 days 10:30:00, PT6H17M, 5.1², 5·1, 7,057[9], 79, 360, 4.7 E+04, 20 km2, 24 km2 (9 sq mi), a list of
numbers, a complex one, and 8.73-187 of Fortran."""

GROUPS = {sign: re.compile(rf"[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+|[1-9]\d?(?:{re.escape(sign)}\d{{2}})+{re.escape(sign)}\d{{3}}")
          for sign in SIGNS}  # fmt: skip
"""Whole numbers in groups of three digits, or as in India: 12,34,567."""

OPEN = {sign: re.compile(rf"\s*[+-]?[1-9]\d{{0,2}}{re.escape(sign)}\d{{3}}\s*") for sign in ".,"}
"""What may be a number of thousands as well as one with three decimals."""

FEW = 50
"""Cells that are looked at before all others are."""

MOST_WHOLE = 2**53
"""Up to this float64 keeps all whole numbers."""

FIRST = 1000
"""So many rows tell whether a column holds codes that begin with zeros."""

UNITS = frozenset(
    {"%", "‰", "°", "°c", "°f", "K", "M", "B", "T", "k", "m", "g", "t", "kg", "mg", "lb", "lbs", "oz", "km", "cm", "mm", "mi", "ft",
     "in", "yd", "kb", "mb", "gb", "tb", "hz", "khz", "mhz", "ghz", "kw", "mw", "gw", "kwh", "mwh", "kv", "ma", "ml", "cl", "ms", "min",
     "hr", "hrs", "mph", "km/h", "kmh", "km²", "m²", "cm²", "ha", "mn", "mio", "mrd", "bn", "pa", "hpa", "bar", *SYMBOLS}
)  # fmt: skip
"""Units, two of which in one column are two kinds of numbers, and not names; those of several letters in small ones."""


class NumberFormat(FrozenValue):
    """How the numbers of a column are written: 1.234,5 kg with the decimal sign ",", the thousands sign "." and the unit "kg".

    further  other units that some of them have, with commas between them, where it was said that they mean nothing
    open     a cell that makes sense both ways, where its column does not tell which: 5,612
    cells    others that show how they are written, one with each unit; none where all are digits alone
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    further: str = ""
    open: str = ""
    cells: tuple[str, ...] = ()

    @property
    def is_unusual(self) -> bool:
        """Are the numbers more than digits and a decimal sign?"""
        return bool(self.thousands or self.unit)

    @property
    def signs(self) -> NumberFormat:
        """The same, whatever its cells are."""
        return replace(self, open="", cells=()) if self.open or self.cells else self

    @property
    def units(self) -> frozenset[str]:
        """All units that may stand with the numbers."""
        return frozenset((self.unit, *self.further.split(","))) - {""}

    @property
    def readings(self) -> tuple[tuple[str, float, float | None], ...]:
        """Cells of the column, what each is read as, and, of the one that makes sense both ways, what else it would be."""
        other = NumberFormat({",": ".", ".": ","}[self.decimal], self.decimal)
        read_so = {cell: self.value(cell, ()) for cell in (self.open, *self.cells) if cell}
        return tuple(
            (cell, value, other.value(cell, ()) if cell == self.open else None) for cell, value in read_so.items() if value is not None
        )

    @property
    def example(self) -> str:
        """Cells and what they are read as: "1,234.5 kg is 1234.5"; of one that makes sense both ways "5,612 is 5612, not 5.612"."""
        said = [f"{cell} is {value:.15g}{'' if other is None else f', not {other:.15g}'}" for cell, value, other in self.readings]
        return " and ".join(said)

    @property
    def _has_sign(self) -> bool:
        return any(sign in cell for sign in ".," for cell in (self.open, *self.cells))

    def is_within(self, other: NumberFormat) -> bool:
        """Are numbers written so written as the other says, perhaps without its thousands sign, and with fewer of its units?"""
        alike = self.decimal == other.decimal or not (self._has_sign and other._has_sign)
        return alike and self.thousands in ("", other.thousands) and bool(self.unit) == bool(other.unit) and self.units <= other.units

    def values(self, cells: Sequence[str], missing: Collection[str]) -> Array | None:
        """(cells,) float64, NaN where a value is missing; None if any cell cannot be read so."""
        by_cell = {cell: self.value(cell, missing) for cell in set(cells)}
        return None if None in by_cell.values() else np.array([by_cell[cell] for cell in cells], dtype=np.float64)

    def value(self, cell: str, missing: Collection[str]) -> float | None:
        """What one cell is worth, NaN where it is missing; None if it cannot be read so."""
        if is_missing(cell, missing):
            return float("nan")
        found = parsed(cell)
        if found is None:
            return _special(cell)
        whole, _, fraction = found.body.partition(self.decimal)
        if self.thousands and self.thousands in whole:
            if not GROUPS[self.thousands].fullmatch(whole):
                return None
            whole = whole.replace(self.thousands, "")
        if not (whole + fraction).isdigit():
            return None
        return float(f"{found.sign}{whole or '0'}.{fraction or '0'}{found.exponent}")


PLAIN, COMMA = NumberFormat(), NumberFormat(",")
"""Nothing but digits and a decimal sign."""


def _special(cell: str) -> float | None:
    """inf and the like; None for what is no number."""
    bare = cell.strip().replace("∞", "inf")
    return float(bare) if bare.lstrip("+-").lower() in ("inf", "infinity") else None


class Parsed(FrozenValue):
    """A cell taken apart: its sign, its digits with the signs between them, its exponent as Python writes it, and its unit."""

    sign: str
    body: str
    exponent: str
    unit: str


@lru_cache(maxsize=10_000)
def parsed(cell: str) -> Parsed | None:
    """The parts of a cell that holds one number, however it is written; None if it holds none.

    >>> parsed("1.5D+03"), parsed("(12 %)")
    (Parsed(sign='', body='1.5', exponent='e+03', unit=''), Parsed(sign='-', body='12', exponent='', unit='%'))
    """
    match = CELL.fullmatch(_plainly(cell))
    if match is None:
        return None
    if sum(bool(match[sign]) for sign in ("open", "sign", "inner", "late", "behind")) > 1:
        return None
    exponent, body = match["exponent"] or "", match["body"]
    if exponent[:1] in ("d", "D") and not (exponent[1] in "+-" or "." in body or "," in body):
        return None  # 12D3 is a name
    if match["behind"] and (match["after"] or "")[:1].isalpha() and match.end("behind") == match.start("after"):
        return None  # 20-Mar is a date
    if body.endswith(".") and (match["after"] or "")[:1].isalpha():
        return None  # 2. Married is the second of some categories
    negative = match["open"] or match["inner"] or match["behind"] or "-" in (match["sign"], match["late"])
    after = (match["after"] or "").strip()
    if len(after) > 1 and after.endswith("-"):
        if negative or after[-2] not in SYMBOLS:
            return None
        negative, after = True, after[:-1]  # 12 €- as 12-
    sign = "-" if negative else ""
    unit = f"{(match['before'] or '').strip()}{after}"
    return Parsed(sign, body, exponent.lower().replace("d", "e"), unit) if _reading(body) is not None else None


def _plainly(cell: str) -> str:
    """The cell with ASCII's digits and signs, and without what stands around numbers in some programs and price lists."""
    text = cell.strip().translate(PLAIN_SIGNS).strip()
    if text[:1] in DASHES:
        text = f"-{text[1:]}"
    if text.startswith("=") and (forced := FORCED.fullmatch(text)):
        text = forced[1].strip()
    if "10" in text:
        text = POWER.sub(lambda match: "e" + (match[1] or match[2].translate(SUPERSCRIPTS)), text)
    return text if text[-1:].isdigit() else NO_CENTS.sub(r"\g<1>0", SWEDISH_PRICE.sub("", text))


def looks_like_number(cell: str) -> bool:
    """Does the cell hold a number, in whatever way it is written?"""
    return parsed(shape_of(cell)) is not None


def resembles_number(cell: str) -> bool:
    """Does the cell hold a number, or say one with something about it, as ~5, <0.1, 5 ± 0.2 and 3/8?"""
    return looks_like_number(cell) or RESEMBLES.fullmatch(_plainly(cell)) is not None


@lru_cache(maxsize=10_000)
def _reading(body: str) -> tuple[str, str, str] | None:
    """(the decimal sign, the thousands sign, the sign that may be either) of digits with signs between them, "" for none; None: no number.

    >>> _reading("5612,4"), _reading("1.234,5"), _reading("1,234,567"), _reading("5,612"), _reading("192.168.1.1")
    ((',', '', ''), (',', '.', ''), ('', ',', ''), ('', '', ','), None)
    """
    used = [sign for sign in SIGNS if sign in body]
    if not used:
        return "", "", ""
    grouping = [sign for sign in used if sign not in ".,"]
    last = max(used, key=body.rindex)
    if len(used) == 1 and not grouping and body.count(last) == 1:
        return ("", "", last) if OPEN[last].fullmatch(body) else (last, "", "")
    if len(grouping) > 1 or len(used) > 2:
        return None
    thousands = grouping[0] if grouping else next((sign for sign in used if sign != last), last)
    decimal = last if last != thousands else ""
    whole, _, fraction = body.partition(decimal) if decimal else (body, "", "")
    good = GROUPS[thousands].fullmatch(whole) and (not fraction or fraction.isdigit())
    return (decimal, thousands, "") if good else None


# Over a whole column


@dataclass
class Evidence:
    """What the cells of a column say about how its numbers are written; of each kind the first cell, with the number of its row.

    decimal    by sign: a cell that only makes sense if it is the decimal sign
    thousands  by sign: a cell that only makes sense if it parts thousands
    open       by sign: a cell that makes sense both ways
    short, long  a whole number without any sign: of at most three digits, and of more, which thousands signs would have parted
    units      by unit; "" for a cell without one
    stray      a cell that holds no number
    padded     a cell that a number does not keep, as of `padded_cell`
    """

    decimal: dict[str, tuple[int, str]] = field(default_factory=dict)
    thousands: dict[str, tuple[int, str]] = field(default_factory=dict)
    open: dict[str, tuple[int, str]] = field(default_factory=dict)
    short: bool = False
    long: bool = False
    units: dict[str, tuple[int, str]] = field(default_factory=dict)
    stray: tuple[int, str] | None = None
    padded: str = ""

    def __add__(self, other: Evidence) -> Evidence:
        """What both parts say, this one coming first."""
        merged: dict[str, Any] = {
            name: {**getattr(other, name), **getattr(self, name)} for name in ("decimal", "thousands", "open", "units")
        }
        merged |= {name: getattr(self, name) or getattr(other, name) for name in ("short", "long", "stray", "padded")}
        return Evidence(**merged)

    @property
    def votes(self) -> dict[str, tuple[int, str]]:
        """By decimal sign, a cell that speaks for it: it stands as one, or the other sign parts thousands."""
        turned = {{",": ".", ".": ","}[sign]: place for sign, place in self.thousands.items() if sign in ".,"}
        return {**turned, **self.decimal}


def evidence_of(cells: Sequence[str], first: int, missing: Collection[str]) -> Evidence:
    """What these cells, of rows from `first` on, say; ends with the first that holds no number."""
    found = Evidence()
    for row, cell in zip(range(first, first + len(cells)), cells, strict=True):
        if is_missing(cell, missing):
            continue
        if _special(cell) is not None:
            found.units.setdefault("", (row, cell))
            continue
        parts = parsed(cell)
        if parts is None:
            found.stray = row, cell
            break
        decimal, thousands, either = _reading(parts.body) or ("", "", "")
        place = row, cell.strip()
        found.units.setdefault(parts.unit, place)
        if either and parts.exponent:
            decimal, either = either, ""
        for signs, sign in ((found.decimal, decimal), (found.thousands, thousands), (found.open, either)):
            if sign:
                signs.setdefault(sign, place)
        if not (thousands or either):
            whole = parts.body.partition(decimal)[0] if decimal else parts.body
            found.long, found.short = found.long or len(whole) > 3, found.short or (len(whole) <= 3 and not decimal)
    return found


def plain_numbers(cells: Sequence[str], first: int, missing: Collection[str]) -> tuple[Array, str, Evidence] | None:
    """The quick way: the numbers of cells that Python reads as they are, or with a decimal comma for the point; None for all others.

    With them the decimal sign that they were read with, "" where there is none, and what they say about it.
    """
    text = "\n".join(cells)
    if "_" in text or not text.isascii():  # Python's float would take 1_000 and ١٢
        return None
    sign = "," if "," in text else "."
    if sign == "," and "." in text:
        return None
    plain = [cell.replace(",", ".") for cell in cells] if sign == "," else cells
    values = known_floats(cells, missing, plain)
    if values is None:
        return None
    if sign not in text:
        sizes = np.abs(values[np.isfinite(values)])
        return values, "", Evidence(short=bool((sizes < 1000).any()), long=bool((sizes >= 1000).any()))
    found = Evidence()
    shape = OPEN[sign]
    signed = ((row, cell) for row, cell in enumerate(cells, start=first) if sign in cell and not shape.fullmatch(cell))
    evident = next(((row, cell.strip()) for row, cell in signed if not is_missing(cell, missing)), None)
    if evident:
        found.decimal[sign] = evident
    else:
        found = evidence_of(cells, first, missing)
    return values, sign, found


def padded_cell(cells: Sequence[str], first: int, missing: Collection[str]) -> str:
    """A cell that begins with zeros, if all of the first rows are digits of one length, at least three; one as 2E3, which may be a name as
    well, if all are such, or digits; one as 1.10, if all may be versions, of which 1.1 is another; "" otherwise.
    """
    start = next((cell for cell in cells if not is_missing(cell, missing)), "").strip() if first == 1 else ""
    if not (start.isdigit() or CODE.fullmatch(start) or VERSION.fullmatch(start)):
        return ""
    known = [cell.strip() for cell in cells[:FIRST] if not is_missing(cell, missing)]
    versions = {cell for cell in known if VERSION.fullmatch(cell)}
    if versions:
        tenth = next((cell for cell in known if cell in versions and cell[-1] == "0" and cell[:-1] in versions), "")
        return tenth if all(cell in versions or cell.isdigit() for cell in known) else ""
    power = next(filter(CODE.fullmatch, known), "")
    if power:
        return power if all(cell.isdigit() or CODE.fullmatch(cell) for cell in known) else ""
    if not all(cell.isascii() and cell.isdigit() for cell in known):
        return ""
    found = next((cell for cell in known if cell.startswith("0") and len(cell) > 2), "")
    return found if len(set(map(len, known))) == 1 else ""


def lost_cell(values: Array, cells: Sequence[str]) -> str:
    """The first whole number of these cells, which have these values, with more digits than float64 keeps; "" where there is none."""
    large = (cells[place].strip() for place in np.flatnonzero(np.abs(values) >= MOST_WHOLE)[:FIRST].tolist())
    return next((cell for cell in large if cell.isascii() and cell.lstrip("+-").isdigit() and int(cell) != int(float(cell))), "")


CODE = re.compile(r"[0-9]{1,3}E[0-9]{1,2}")
"""A number to programs, and a name to people, who write 2.0E+03 or 2000."""


VERSION = re.compile(r"[0-9]{1,3}\.(?:[0-9]|[12][0-9]|30)")
"""A version or a chapter; of decimals with two digits some begin with 0, or are larger."""


class NumberOptions(FrozenValue):
    """What was said about how numbers are written: the decimal sign, the thousands sign, units that may be taken off.

    Raises InputError where it cannot be.
    """

    decimal: str | None = None
    thousands: str | None = None
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decimal is not None and self.decimal not in (".", ","):
            raise InputError(f"the decimal sign is . or , not {quoted(self.decimal)}.")
        if self.thousands is not None and self.thousands not in SIGNS:
            raise InputError(f"the thousands sign is one of , . ' or a blank, not {quoted(self.thousands)}.")
        if self.decimal is not None and self.decimal == self.thousands:
            raise InputError(f"{self.decimal} cannot be the decimal sign and the thousands sign at once.")


def number_format(
    evidence: Evidence, asked: NumberOptions, expected: NumberFormat | None, others: Collection[str], separator: str | None
) -> NumberFormat | str:
    """How a column's numbers are written; or, where that is not clear, the complaint: which cells, what is unclear, which option helps.

    The complaint is empty where they are parts of names, as in 1st, 2nd, 3rd.

    evidence   of all its cells
    expected   how they were written where a model was trained
    others     the decimal signs that the other columns speak for
    separator  of the file
    """
    unit = _unit(evidence, asked, expected)
    if isinstance(unit, _Unclear):
        return unit.message
    sign = _decimal(evidence, asked, expected, others, separator)
    if isinstance(sign, _Unclear):
        return sign.message
    thousands = [found for found in (*evidence.thousands, *evidence.open) if found != sign]
    if len(set(thousands)) > 1:
        places = [evidence.thousands.get(found) or evidence.open[found] for found in dict.fromkeys(thousands)]
        return f"{_both(places)} are written with different thousands signs; write them alike."
    mark = thousands[0] if thousands else ""
    if asked.thousands is not None and mark not in ("", asked.thousands):
        row, cell = evidence.thousands.get(mark) or evidence.open[mark]
        return f"row {row} holds {quoted(cell)}, whose thousands sign is not {quoted(asked.thousands)}; say {option('thousands', mark)}."
    form = NumberFormat(sign, mark, unit, ",".join(found for found in evidence.units if found not in ("", unit)))
    asked_signs = asked.decimal is not None or asked.thousands is not None
    told = asked_signs or evidence.votes or (evidence.long and sign in evidence.open)
    open_cell = "" if told or not evidence.open or _is_known(form, expected, others, separator) else next(iter(evidence.open.values()))[1]
    return replace(form, open=open_cell, cells=_shown(evidence, form, open_cell))


def _is_known(form: NumberFormat, expected: NumberFormat | None, others: Collection[str], separator: str | None) -> bool:
    """Are cells that make sense both ways read as a model knows them, whose own cells showed the decimal sign and told it, in the usual way
    of a file with this separator, and no column says otherwise?
    """
    usual = {",": ".", " ": ".", ";": ","}.get(separator or "")
    told = expected is not None and not expected.open and any(form.decimal in cell for cell in expected.cells)
    return told and not form.is_unusual and set(others) <= {form.decimal} and (form.decimal == usual or bool(others))


def _shown(evidence: Evidence, form: NumberFormat, open_cell: str) -> tuple[str, ...]:
    """A cell that shows the signs of this form, and one with each unit that it does not have; none where there are digits alone."""
    signs = [place for sign in (form.thousands, form.decimal) for place in (evidence.thousands.get(sign), evidence.open.get(sign))]
    telling = (*signs, evidence.decimal.get(form.decimal), evidence.units.get(form.unit))
    first = open_cell or next((place[1] for place in telling if place), "")
    if not form.unit:
        return () if not first or first.isdigit() else (first,)
    found = parsed(first)
    return (first, *(place[1] for unit, place in evidence.units.items() if found is None or unit != found.unit))


MOST_OPEN = 3
"""So many columns at most are named whose plain numbers make sense both ways."""


def worth_saying(forms: Mapping[str, NumberFormat | None], most: int) -> tuple[dict[str, NumberFormat], int]:
    """Columns of which a line says how they are read: the first ones whose plain numbers make sense both ways, and, up to so many, those
    whose numbers are more than digits and a decimal sign; and how many more there are.
    """
    unusual = {name: form for name, form in forms.items() if form and form.is_unusual}
    either = {name: form for name, form in forms.items() if form and form.open and name not in unusual}
    named = dict(islice({**dict(islice(either.items(), MOST_OPEN)), **unusual}.items(), most))
    return named, len(unusual) + len(either) - len(named)


class _Unclear(FrozenValue):
    message: str


def _both(places: Sequence[tuple[int, str]]) -> str:
    return " and ".join(f"{quoted(cell)} (row {row})" for row, cell in sorted(places)[:2])


def _unit(evidence: Evidence, asked: NumberOptions, expected: NumberFormat | None) -> str | _Unclear:
    """The one unit of all cells, or of those that have one, if it may be taken off."""
    units = [unit for unit in evidence.units if unit]
    bare, strange = evidence.units.get(""), [unit for unit in units if unit not in asked.units]
    if strange and expected and expected.unit and not expected.units.issuperset(strange):
        row, cell = evidence.units[strange[0]]
        fix = f"write it so, or say {option('units', strange[0])} if the numbers mean the same"
        return _Unclear(f"row {row} holds {quoted(cell)}, but the model knows this column in {expected.unit}; {fix}.")
    if not strange or len(evidence.units) == 1:
        return units[0] if units else ""
    known = [unit for unit in units if unit in UNITS or (len(unit) > 1 and unit.lower() in UNITS) or unit[0] in SYMBOLS]
    if not known or any(len(unit) == 1 and unit not in known for unit in units):  # as 1st, 2nd, or houses 12a to 12m
        return _Unclear("")
    fix = f"write all in one unit, or say {option('units', ','.join(units))} if the numbers mean the same without them"
    if len(units) == 1 and bare:
        return _Unclear(f"{_both([bare, evidence.units[units[0]]])}: one has the unit {units[0]}, the other none; {fix}.")
    return _Unclear(f"{_both([evidence.units[unit] for unit in units])} have different units; {fix}.")


def _decimal(
    evidence: Evidence, asked: NumberOptions, expected: NumberFormat | None, others: Collection[str], separator: str | None
) -> str | _Unclear:
    votes, either = evidence.votes, evidence.open
    said = asked.decimal or {",": ".", ".": ","}.get(asked.thousands or "")
    if said is not None:
        against = [place for sign, place in votes.items() if sign != said]
        if not against:
            return said
        row, cell = against[0]
        return _Unclear(f"row {row} holds {quoted(cell)}, which is no number with the decimal sign {quoted(said)}.")
    if len(votes) > 1:
        return _Unclear(f"{_both(list(votes.values()))} have different decimal signs; write them alike.")
    if votes:
        return next(iter(votes))
    if len(either) > 1:
        return _Unclear(_question(list(either.values()), "."))
    if not either:
        return expected.decimal if expected else next(iter(others)) if len(others) == 1 else "."
    sign, place = next(iter(either.items()))
    other = "," if sign == "." else "."
    if expected is not None:
        return expected.decimal
    parts_thousands = other in others if len(others) == 1 else sign == ","
    # Beside whole numbers of at most three digits, which would have no decimals, 1.250 is rather one of thousands.
    alone = separator == "," if sign == "," else separator == "," or evidence.long or not (separator == ";" or evidence.short)
    if len(others) > 1 or not (others or alone) or (parts_thousands and evidence.long):
        return _Unclear(_question([place], sign))
    return other if parts_thousands else sign


def _question(places: Sequence[tuple[int, str]], sign: str) -> str:
    """5,612 may be 5612 or 5.612."""
    row, cell = places[0]
    if len(places) > 1:
        return f"{_both(places)}: which of the signs is the decimal sign? Say «--decimal .» for the point, or «--decimal ,» for the comma."
    found = parsed(cell)
    assert found is not None, cell
    body = found.body
    return (
        f"{quoted(cell)} (row {row}) may be a number of thousands as well as one with three decimals; say {option('thousands', sign)} for "
        f"{body.replace(sign, '')}, or {option('decimal', sign)} for {float(body.replace(sign, '.')):g}."
    )
