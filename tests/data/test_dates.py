"""Dates of a whole column at once are those of its cells, one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.data.dates import are_dates, moment, moments_of

FORMS = (
    "%Y-%m-%d",
    "%m/%d/%y",
    "%d.%m.%Y %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%d %b %Y",
    "%B %d, %Y %I:%M %p",
    "%Ym%m",
    "%H:%M:%S",
    "%a, %d %b %y",
    "%Y%m%d",
    "%Y%m%d %H:%M",
    "%Y%m",
    "%d.%m.",
    "%m/%Y",
    "%b %Y",
    "%b-%y",
)
DRAWN = st.builds(lambda when, form: when.strftime(form), st.datetimes(), st.sampled_from(FORMS))
ODD = st.sampled_from(
    [
        "2024-02-30",
        "29.02.2023",
        "2024-12-00",
        "00/22/35",
        "13/13/2024",
        "20241301",
        "45.12.",
        "24:30",
        "10:61:00",
        "2024q3",
        "Q3 2024",
        "2024-W05",
        "2020W53",
        "2021-W53-1",
        "2024-W05-3",
        "10/Oct/2000:13:55:36 -0700",
        "[31/Feb/2000:13:55:36 -0700]",
        "4Q/2021",
        "13/2024",
        "05-1950",
        "2024-13",
        "٣/٤/2024",
        "x",
        " 5.6.07 ",
        "2024年1月31日",
        "2024년 1월 3일",
        "2024/03/1 10:22:30 AM GMT+1",
        "2024-01-31 10:22 CEST",
        "3 de enero de 2024",
        "12 août 2023",
    ]
)


@given(st.lists(DRAWN | ODD, min_size=1, max_size=5), st.booleans())
@examples(100)
def test_of_a_column_at_once_as_one_by_one(texts, day_first):
    single, found = [moment(text) for text in texts], moments_of(texts)
    assert (found is None) == (None in single)
    if found is not None:
        for said, days, hour in zip(single, found.days(day_first), found.seconds // 3600, strict=True):
            known = said.ordered(day_first)
            assert (known.part("days") if known.is_possible and known.year else None) == (None if np.isnan(days) else days)
            assert said.part("hour") == (None if np.isnan(hour) else hour)


def test_dates_of_further_languages_and_zones():
    for text in (
        "2024年3月9日",
        "9 mars 2024",
        "9 de marzo de 2024",
        "9 marzo 2024",
        "9 maart 2024",
        "9 de março de 2024",
        "2024/3/9 2:05 PM GMT+1",
        "Mar 9, 2024, 2:05 PM",
        "March 9, 2024 at 2:05 PM",
        "Sat Mar 09 14:05:00 PST 2024",
    ):
        found = moment(text)
        assert (found.year, found.month, found.day) == (2024, 3, 9)
    assert [moment(text).month for text in ("9 set 2024", "9 out. 2024", "9 ott 2024")] == [9, 10, 10]


def test_a_numbered_word_is_no_month():
    assert not are_dates(["set-10", "set-11", "set-12"])
    assert are_dates(["set-10", "ott-10", "nov-10"])
    assert are_dates(["jan-10", "jan-11", "jan-12"])


def test_a_day_or_month_0_is_none():
    assert moment("2024-12-00") is None
    assert moment("00/22/35") is None


def test_weeks_and_the_days_of_logs():
    days = {"2024-W01": "2024-01-01", "2020W53": "2020-12-28", "2026-W05-3": "2026-01-28", "[10/Oct/2000:13:55:36 -0700]": "2000-10-10"}
    for text, day in days.items():
        when = moment(text)
        assert f"{when.year}-{when.month:02}-{when.day:02}" == day
    assert moment("10/Oct/2000:13:55:36 -0700").seconds == 50136
    assert [moment(text) for text in ("2024-W53", "2024-W00", "2024w05", "2024-W5", "2024-W05-8", "31/Feb/2000:00:00:00 +0000")] == [
        None
    ] * 6


def test_a_leap_second_is_of_its_minute():
    texts = ["2016-12-31 23:59:60", "2016-12-31 23:59:59"]
    seconds = moments_of(texts).seconds.tolist()
    assert seconds == [moment(text).seconds for text in texts]
    assert {second // 3600 for second in seconds} == {23}
