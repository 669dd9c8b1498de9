"""Dates and times in text: what they look like, and the year, month, day, weekday and hour that they say.

Of 03/04/2024 the whole column tells whether the day or the month comes first; where nothing tells, it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache

from chainrule.base.frozen import FrozenValue

MONTHS = (
    "jan januar january jänner", "feb februar february", "mar märz mär march mrz", "apr april", "may mai", "jun juni june", "jul juli july",
    "aug august", "sep sept september", "oct okt oktober october", "nov november", "dec dez dezember december",
)  # fmt: skip
"""How the twelve months are called, in English and German."""

MONTH_NUMBERS = {name: number for number, names in enumerate(MONTHS, start=1) for name in names.split()}

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

PARTS = ("year", "month", "day", "weekday", "hour", "days")
"""What can be made of a date: `days` counts days, and parts of a day, from the beginning of 1970."""

CATEGORIES = {"month": tuple(map(str, range(1, 13))), "weekday": WEEKDAYS, "hour": tuple(map(str, range(24)))}
"""The parts that come round again: an input for each of their values."""

MONTH = rf"(?P<name>{'|'.join(sorted(MONTH_NUMBERS, key=len, reverse=True))})\.?"
TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2})([.,]\d+)?)?( ?(?P<half>[AaPp])\.?[Mm]\.?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?"
DAYS = (
    r"(?P<y1>\d{4})[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})",
    r"(?P<first>\d{1,2})[-/.](?P<second_>\d{1,2})[-/.](?P<y2>\d{4}|\d{2})",
    rf"(?P<d3>\d{{1,2}})[-. ]{{0,2}}{MONTH}[-., ]{{0,2}}(?P<y3>\d{{4}}|\d{{2}})",
    rf"{MONTH} (?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y4>\d{{4}})",
    r"(?P<y5>\d{4})(?:-|m)(?P<m5>0[1-9]|1[0-2]|(?<=m)[1-9])",
    r"(?P<y6>\d{4})[- ]?Q(?P<quarter>[1-4])",
    rf"{MONTH} {{1,2}}(?P<d7>\d{{1,2}}) (?P<hour7>\d{{2}}):(?P<minute7>\d{{2}}):(?P<second7>\d{{2}}) (?P<y7>\d{{4}})",
)
"""… also as Stata writes them (03jan2024, 2024m1, 2024q1), and as C does (Jan 3 14:05:00 2024)."""

NAMED_DAY = (
    r"(?:(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?"
    r"|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so)[.,]* "
)
"""A weekday before a date."""

FORMS = [re.compile(form, re.IGNORECASE) for form in (*(rf"(?:{NAMED_DAY})?(?:{day})(?:[T: ]\s*{TIME})?" for day in DAYS), TIME)]

TIMES, NINES = ("99:99", "99:99:99"), str.maketrans("012345678", "999999999")


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
            return self.year is None or bool(date(self.year, self.month or 1, self.day or 1))
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
    said = {key.rstrip("1234567"): value for key, value in match.groupdict().items() if value is not None}
    seconds = _seconds(said)
    if "hour" in said and seconds is None:
        return None
    year = _year(said.get("y"))
    pair = (int(said["first"]), int(said["second_"])) if "first" in said else None
    month = MONTH_NUMBERS[said["name"].lower()] if "name" in said else int(said["m"]) if "m" in said else None
    month = 3 * int(said["quarter"]) - 2 if "quarter" in said else month
    found = Moment(year, month, int(said["d"]) if "d" in said else None, pair, seconds)
    return found if found.is_possible else None


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
    return 3600 * hour + 60 * minute + second if hour < 24 and minute < 60 and second < 61 else None


def is_date(text: str) -> bool:
    """Is the text a date, a time, or both?"""
    return moment(text) is not None


def are_dates(texts: Collection[str]) -> bool:
    """Are all of these texts dates, times, or both?

    Of very many, days and times of day come again and again: each is looked at once.
    """
    shapes = set("\n".join(texts).translate(NINES).split("\n"))
    if shapes <= {"9999-99-99", *(f"9999-99-99{gap}{at}" for gap in " T" for at in TIMES)}:
        days, times = {text[:10] for text in texts}, {text[11:] for text in texts}
    elif all(shape.rpartition(" ")[2] in TIMES for shape in shapes):
        pairs = [text.rpartition(" ") for text in texts]
        days, times = {day for day, _, _ in pairs}, {at for _, _, at in pairs}
        if any(day != day.strip() or ":" in day or not day for day in days):
            return all(map(is_date, texts))
    else:
        return all(map(is_date, set(texts)))
    greatest = [max({at[start:stop] for at in times}, default="") for start, stop in ((0, 2), (3, 5), (6, 8))]
    return all(map(is_date, days if greatest[0] < "24" and greatest[1] < "60" and greatest[2] < "61" else texts))


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
