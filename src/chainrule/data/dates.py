"""Dates and times in text: what they look like, and the year, month, day, weekday and hour that they say.

Of 03/04/2024 the whole column tells whether the day or the month comes first; where nothing tells, it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue

MONTHS = (
    "jan januar january jänner janv janvier ene enero gen gennaio janeiro januari",
    "feb februar february fév févr février fevrier febrero febbraio fev fevereiro februari",
    "mar märz mär march mrz mars marzo março marco mrt maart",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio maio mei",
    "jun juni june juin junio giu giugno junho",
    "jul juli july juil juillet julio lug luglio julho",
    "aug august août aout ago agosto augustus",
    "sep sept september septembre set septiembre settembre setembro",
    "oct okt oktober october octobre octubre ott ottobre out outubro",
    "nov november novembre noviembre novembro",
    "dec dez dezember december déc décembre decembre dic diciembre dicembre dezembro",
)
"""How the twelve months are called, in English, German, French, Spanish, Italian, Portuguese and Dutch."""

MONTH_NUMBERS = {name: number for number, names in enumerate(MONTHS, start=1) for name in names.split()}

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

PARTS = ("year", "month", "day", "weekday", "hour", "days")
"""What can be made of a date: `days` counts days, and parts of a day, from the beginning of 1970."""

CATEGORIES = {"month": tuple(map(str, range(1, 13))), "weekday": WEEKDAYS, "hour": tuple(map(str, range(24)))}
"""The parts that come round again: an input for each of their values."""

SHORT = re.compile(r"\d{1,2}\.\d{1,2}")
"""A day and a month without a point at the end, which may be a number."""

NUMBERED = re.compile(r"(?:gen|set|out|mag|ago|mars)[-'’]\d\d", re.IGNORECASE)
"""A month and a year, or one of several sets or generations."""

MONTH = rf"(?P<name>{'|'.join(sorted(MONTH_NUMBERS, key=len, reverse=True))})\.?"
ZONE = r"Z|(?:UTC|GMT)([+-]\d{1,2}(:?\d{2})?)?|[+-]\d{2}:?\d{2}|[ECMPW]E?[SD]?T|BST|IST|JST"
TIME = rf"(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(:(?P<second>\d{{2}})([.,]\d+)?)?( ?(?P<half>[AaPp])\.?[Mm]\.?)?( ?(?:{ZONE}|Uhr))?"
DAYS = (
    r"(?P<y1>\d{4})(?:[-/]|\. ?)(?P<m1>\d{1,2})(?:[-/]|\. ?)(?P<d1>\d{1,2})\.?",
    r"(?P<first>\d{1,2})(?:[-/]|\. ?)(?P<second_>\d{1,2})(?:[-/]|\. ?)(?P<y2>\d{4}|\d{2})\.?",
    rf"(?P<d3>\d{{1,2}})(?:st|nd|rd|th|er|º)?(?: de | of |[-. ]{{0,2}}){MONTH}(?: de |[-., ]{{0,2}})(?P<y3>\d{{4}}|\d{{2}})",
    rf"{MONTH} (?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y4>\d{{4}})",
    r"(?P<y5>\d{4})(?:-|m)(?P<m5>0[1-9]|1[0-2]|(?<=m)[1-9])",
    r"(?P<y6>\d{4})[-/ ]?Q(?P<quarter>[1-4])|(?:Q(?P<quarter1>[1-4])|(?P<quarter2>[1-4])Q)[-/ ]?(?P<y7>\d{4})",
    r"(?P<y8>(?:19|20)\d{2})(?P<m8>0[1-9]|1[0-2])(?P<d8>0[1-9]|[12]\d|3[01])?",
    r"(?P<d9>0?[1-9]|[12]\d|3[01])\.(?P<m9>0?[1-9]|1[0-2])\.?",
    r"(?P<m1>0?[1-9]|1[0-2])[-/.](?P<y1>(?:19|20)\d{2})",
    rf"{MONTH}(?:[-., /]{{1,2}}(?P<y1>\d{{4}})|[-'’](?P<y2>\d{{2}}))",
    rf"{MONTH} {{1,2}}(?P<d7>\d{{1,2}}) (?P<hour7>\d{{2}}):(?P<minute7>\d{{2}}):(?P<second7>\d{{2}})(?: (?:{ZONE}))? (?P<y7>\d{{4}})",
    r"(?P<y1>\d{4}) ?[年년] ?(?P<m1>\d{1,2}) ?[月월](?: ?(?P<d1>\d{1,2}) ?[日일])?",
    r"(?P<y1>\d{4})-?(?-i:W)(?P<week>\d{2})(?:-?(?P<of_week>[1-7]))?",
    rf"\[?(?P<d1>\d{{2}})/{MONTH}/(?P<y1>\d{{4}})(?::(?P<hour1>\d{{2}}):(?P<minute1>\d{{2}}):(?P<second1>\d{{2}})(?: [+-]\d{{4}})?)?\]?",
    r"(?P<y1>\d{4})(?P<m1>\d{2})(?P<d1>\d{2})T?(?P<hour1>\d{2})(?P<minute1>\d{2})(?P<second1>\d{2})?Z?",
)
"""… also as Stata writes them (03jan2024, 2024m1, 2024q1), in digits alone, without a year (6.12.), months and quarters of a year (7/2024,
Jul-24, Q3 2024), as C does (Jan 3 14:05:00 2024), in weeks of ISO 8601 (2024-W05, its Monday; 2024-W05-3), as Apache's logs do
(31/Jan/2024:14:05:00 +0100), as ISO 8601 does without signs (20240131T140500), also without its T, and in Chinese, Japanese and Korean
(2024年1月31日).

Cells such as 20240131, 06.12 and 07.2024 are numbers, unless dates are asked for.
"""

NAMED_DAY = (
    r"(?:(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?"
    r"|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so)[.,]* "
)
"""A weekday before a date."""

FORMS = [
    re.compile(form, re.IGNORECASE) for form in (*(rf"(?:{NAMED_DAY})?(?:{day})(?:(?:[T: ]|, | at )\s*{TIME})?" for day in DAYS), TIME)
]

NINES = str.maketrans("012345678", "999999999")

BY_DIGITS = (4, 5, 6, 7, 8)
"""Those of the forms that not every digit fits."""

MOST_SHAPES = 200
"""Of more shapes each text is looked at by itself."""

LAST_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Of each month, but for leap years; none of month 0."""


class Moment(FrozenValue):
    """What a text says; None where it says nothing. Of two numbers either of which may be the day, both are kept as they stand."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    pair: tuple[int, int] | None = None
    seconds: int | None = None

    def ordered(self, day_first: bool) -> Moment:
        """With day and month known."""
        if self.pair is None:
            return self
        day, month = self.pair if day_first else self.pair[::-1]
        return Moment(self.year, month, day, None, self.seconds)

    @property
    def is_possible(self) -> bool:
        """Is there such a day?"""
        if self.pair is not None:
            return self.ordered(True).is_possible or self.ordered(False).is_possible
        try:
            return self.year is None or bool(date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day))
        except ValueError:
            return False

    def part(self, name: str) -> float | str | None:
        """One of `PARTS`: a number, the name of a weekday, or None where the text does not say it."""
        if name == "hour":
            return None if self.seconds is None else float(self.seconds // 3600)
        if name in ("year", "month", "day"):
            value: int | None = getattr(self, name)
            return None if value is None else float(value)
        if self.year is None or (self.day is None and name == "weekday"):
            return None
        day = date(self.year, self.month or 1, self.day or 1)
        return WEEKDAYS[day.weekday()] if name == "weekday" else (day - date(1970, 1, 1)).days + (self.seconds or 0) / 86400


@lru_cache(maxsize=10_000)
def moment(text: str) -> Moment | None:
    """What a text says, if it is a date, a time, or both; None otherwise.

    >>> moment("3. Mai 2024 14:05").part("weekday"), moment("05/13/24").ordered(day_first=False).part("month"), moment("2024")
    ('Fri', 5.0, None)
    """
    match = next((matched for form in FORMS if (matched := form.fullmatch(text.strip()))), None)
    if match is None:
        return None
    said = {key.rstrip("123456789"): value for key, value in match.groupdict().items() if value is not None}
    seconds = _seconds(said)
    if "hour" in said and seconds is None:
        return None
    year = _year(said.get("y"))
    if year is not None and "week" in said:
        return _of_week(year, int(said["week"]), int(said.get("of_week", 1)), seconds)
    pair = (int(said["first"]), int(said["second_"])) if "first" in said else None
    month = MONTH_NUMBERS[said["name"].lower()] if "name" in said else int(said["m"]) if "m" in said else None
    month = 3 * int(said["quarter"]) - 2 if "quarter" in said else month
    found = Moment(year, month, int(said["d"]) if "d" in said else None, pair, seconds)
    return found if found.is_possible else None


def _of_week(year: int, week: int, day: int, seconds: int | None) -> Moment | None:
    """A day of a week of ISO 8601, of which the first holds the first Thursday of the year; None where the year has no such week."""
    try:
        found = date.fromisocalendar(year, week, day)
    except ValueError:
        return None
    return Moment(found.year, found.month, found.day, None, seconds)


def _year(text: str | None) -> int | None:
    """Two digits are of the years 1970 to 2069."""
    if text is None or len(text) > 2:
        return None if text is None else int(text)
    return int(text) + (1900 if int(text) >= 70 else 2000)


def _seconds(said: dict[str, str]) -> int | None:
    """Since midnight; None where no time is said, or none that there is."""
    if "hour" not in said:
        return None
    hour, minute, second = int(said["hour"]), int(said["minute"]), int(said.get("second", 0))
    if "half" in said:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if said["half"].lower() == "p" else 0)
    return 3600 * hour + 60 * minute + min(second, 59) if hour < 24 and minute < 60 and second < 61 else None  # 60: a leap second


def is_date(text: str) -> bool:
    """Is the text a date, a time, or both?"""
    return moment(text) is not None


class MomentArrays(NamedTuple):
    """What texts say, each as `Moment`, number by number: (texts,) float64, NaN where one says nothing. first and second are the two
    numbers either of which may be the day.
    """

    year: Array
    month: Array
    day: Array
    first: Array
    second: Array
    seconds: Array

    def ordered(self, day_first: bool) -> MomentArrays:
        """With month and day known."""
        known, first, second = np.isnan(self.first), self.first, self.second
        month, day = (second, first) if day_first else (first, second)
        return self._replace(month=np.where(known, self.month, month), day=np.where(known, self.day, day))

    def days(self, day_first: bool) -> Array:
        """Days, and parts of a day, since the beginning of 1970; NaN where a text says no year, or names a day that there is not."""
        _, month, day, *_ = self.ordered(day_first)
        month, day = np.where(np.isnan(month), 1, month), np.where(np.isnan(day), 1, day)
        good = ~np.isnan(self.year) & _exists(self.year, month, day)
        months = np.where(good, 12 * (self.year - 1970) + month - 1, 0).astype("int64").astype("datetime64[M]")
        count = months.astype("datetime64[D]").astype("int64") + day - 1
        return np.where(good, count + np.nan_to_num(self.seconds) / 86400, np.nan)


def _exists(year: Array, month: Array, day: Array) -> Array:
    """Is there such a day? Where no year is said, any may be."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    inside = (month >= 1) & (month <= 12)
    last = LAST_DAYS[np.where(inside, month, 0).astype("int64")] + (leap & (month == 2))
    return np.asarray(np.isnan(year) | ((year >= 1) & inside & (day >= 1) & (day <= last)))


def moments_of(texts: Sequence[str]) -> MomentArrays | None:
    """What all of these texts say; None if any is neither a date nor a time.

    Texts that differ in their digits alone are of one form: where the year, the month … stand in it is found once.
    """
    found = MomentArrays(*np.full((6, len(texts)), np.nan))
    bares = list(map(str.strip, texts))
    shapes = "\n".join(bares).translate(NINES).split("\n")
    if len(shapes) != len(texts):
        return None
    places: dict[str, Any] = {shape: slice(None) for shape in set(shapes)}
    if len(places) > MOST_SHAPES:
        return None if any(moment(text) is None for text in bares) else _one_by_one(found, slice(None), bares)
    if len(places) > 1:
        codes = np.array(list(map({shape: code for code, shape in enumerate(places)}.__getitem__, shapes)))
        places = {shape: np.flatnonzero(codes == code) for code, shape in enumerate(places)}
    for place in places.values():
        some = bares if isinstance(place, slice) else [bares[number] for number in place.tolist()]
        if (_by_form if some[0].isascii() else _one_by_one)(found, place, some) is None:
            return None
    return found


def _by_form(found: MomentArrays, place: Any, texts: Sequence[str]) -> MomentArrays | None:
    """Put what these texts say, which are of one shape, at that place; None where one of them is no date."""
    number, match = next(((number, matched) for number, form in enumerate(FORMS) if (matched := form.fullmatch(texts[0]))), (-1, None))
    if match is None:
        return None
    said = {key.rstrip("123456789"): match.span(key) for key, value in match.groupdict().items() if value is not None}
    if number in BY_DIGITS or not said.keys().isdisjoint(("half", "quarter", "week")):
        return _one_by_one(found, place, texts)
    signs = np.frombuffer("\n".join((*texts, "")).encode(), np.uint8).reshape(len(texts), -1)

    def read(key: str) -> Array:
        start, stop = said[key]
        return (signs[:, start:stop].astype(np.float64) - ord("0")) @ 10.0 ** np.arange(stop - start - 1, -1, -1)

    if "y" in said:
        year = read("y")
        found.year[place] = year if said["y"][1] - said["y"][0] > 2 else year + np.where(year >= 70, 1900, 2000)
    if "name" in said:
        found.month[place] = MONTH_NUMBERS[match["name"].lower()]
    for key, target in (("m", found.month), ("d", found.day), ("first", found.first), ("second_", found.second)):
        if key in said:
            target[place] = read(key)
    if "hour" in said:
        hour, minute, second = read("hour"), read("minute"), read("second") if "second" in said else 0.0
        if not ((hour < 24) & (minute < 60) & (np.asarray(second) < 61)).all():
            return None
        found.seconds[place] = 3600 * hour + 60 * minute + np.minimum(second, 59)
    year, month, day = (np.where(np.isnan(one[place]), 1, one[place]) for one in (found.year, found.month, found.day))
    first, second = found.first[place], found.second[place]
    good = _exists(year, month, day) if "first" not in said else _exists(year, second, first) | _exists(year, first, second)
    return found if good.all() else None


def _one_by_one(found: MomentArrays, place: Any, texts: Sequence[str]) -> MomentArrays | None:
    known = {text: moment(text) for text in set(texts)}
    if None in known.values():
        return None
    nothing = float("nan")
    rows = {
        text: [nothing if part is None else part for part in (one.year, one.month, one.day, *(one.pair or (None, None)), one.seconds)]
        for text, one in known.items()
        if one is not None
    }
    for target, values in zip(found, zip(*map(rows.__getitem__, texts), strict=True), strict=True):
        target[place] = values
    return found


def are_dates(texts: Sequence[str]) -> bool:
    """Are all of these texts dates, times, or both? Not if a word is numbered that is another thing in English: set-10, set-11, set-12; nor
    if all may be numbers, as 7.5 and 8.2.
    """
    numbered = bool(texts) and NUMBERED.fullmatch(texts[0]) is not None and len({*texts}) > 2 and len({text[:-2] for text in texts}) == 1
    return not numbered and not all(map(SHORT.fullmatch, texts)) and moments_of(texts) is not None


def day_first(texts: Iterable[str]) -> bool | str | None:
    """Does the day come first where day and month are both numbers?

    None where it makes no difference; the first text that may be read both ways where no other one tells.
    """
    seen = None
    for text in texts:
        found = moment(text)
        if found is None or found.pair is None:
            continue
        if found.pair[0] > 12 or "." in text.partition(" ")[0]:
            return True
        if found.pair[1] > 12:
            return False
        if found.pair[0] != found.pair[1]:
            seen = seen or text
    return seen
