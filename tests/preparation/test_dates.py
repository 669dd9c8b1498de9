"""Dates as inputs: what they say, which of day and month comes first, and the same however the rows are cut."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.api.watching import Watch
from chainrule.base.errors import FileError, InputError
from chainrule.data.dates import WEEKDAYS, are_dates, is_date, moment
from chainrule.data.reading import chunks, read
from chainrule.preparation.preparation import Preparation
from chainrule.training.plan import Plan, last_rows, split_rows

FORMATS = [
    "%Y-%m-%d", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M:%S", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%d-%b-%y %I:%M %p",
    "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S+01:00",
]  # fmt: skip


@given(st.datetimes(datetime(1970, 1, 1), datetime(2069, 12, 31)), st.sampled_from(FORMATS))
def test_what_is_written_is_understood(when, form):
    said = moment(when.strftime(form))
    assert said is not None
    said = said.ordered(day_first=True)
    assert [said.part(name) for name in ("year", "month", "day", "weekday")] == [when.year, when.month, when.day, WEEKDAYS[when.weekday()]]
    assert said.part("hour") == (when.hour if "%H" in form or "%I" in form else None)


@pytest.mark.parametrize(
    "text",
    [
        "31.12.2020",
        "1. Januar 2024",
        "3 März 2024",
        "Sept 5th, 2021",
        "12:30",
        "9:05:17 pm",
        "2024-07",
        "03jan2024",
        "2024m7",
        "2024q3",
        "03JAN2024:14:05:00",
        "Monday, 1 January 2024",
        "Mon Jan  1 12:30:00 2024",
    ],
)
def test_dates(text):
    assert is_date(text)


@pytest.mark.parametrize(
    "text", ["2024", "31.02.2024", "13/13/2024", "25:10", "12:30 14", "soon", "10-20", "1.2.3.4", "Maybe 5, 2024", "14:30 pm"]
)
def test_what_is_no_date(text):
    assert not is_date(text)


def fit(texts, dates, **options):
    columns = {"when": texts, "x": np.arange(len(texts)) % 3, "t": np.arange(len(texts)) % 7 + 0.5}
    table = read(columns)
    preparation = Preparation.fit(table, ["t"], dates=dates, **options)
    assert Preparation.fit(lambda: chunks(table, rows=3), ["t"], dates=dates, **options) == preparation
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation
    return preparation, preparation.x(table)


HOURLY = [(datetime(2023, 12, 30, 5) + timedelta(hours=7 * place)).strftime("%Y-%m-%d %H:%M") for place in range(40)]


def test_the_parts_that_are_asked_for():
    preparation, x = fit(HOURLY, ["hour", "year", "month", "weekday", "days"])
    names = preparation.feature_names
    assert [name for name in names if name.startswith("when month")] == ["when month=1", "when month=12"]
    assert [name.split("=")[1] for name in names if "weekday" in name] == list(WEEKDAYS)
    assert "when year" in names
    first = dict(zip(names, x[0], strict=True))
    assert first["when weekday=Sat"] == first["when hour=5"] == first["when month=12"] == 1
    assert x.shape[1] == preparation.inputs == len(preparation.input_scales)
    days = x[:, names.index("when days")]
    assert np.diff(days) == pytest.approx(np.full(39, days[1] - days[0]))
    assert dict(fit(HOURLY, [])[0].left_out) == {"when": "dates"}
    assert dict(fit(["2024-05-05"] * 6, ["year"])[0].left_out) == {"when": "constant"}


@pytest.mark.parametrize(
    ("texts", "month"),
    [
        (["03/04/2024", "13/04/2024"], 4),
        (["03/04/2024", "04/13/2024"], 3),
        (["03.04.2024", "05.06.2024"], 4),
        (["03/04/2024 10:00", "1/31/24"], 3),
    ],
)
def test_the_whole_column_says_which_is_the_month(texts, month):
    preparation, x = fit([texts[0]] * 5 + texts, ["month", "day"])
    assert preparation.features[0].day_first == (month == 4)
    assert dict(zip(preparation.feature_names, x[0], strict=True)).get(f"when month={month}", 1) == 1


def test_a_month_that_is_open_is_asked_for():
    texts = ["03/04/2024", "05/06/2024", "07/07/2024"]
    with pytest.raises(InputError, match=r"column 'when': which is the month in '03/04/2024'\? Say month_first=False or month_first=True"):
        fit(texts, ["month"])
    assert fit(texts, ["month"], month_first=True)[0].feature_names[:3] == ("when month=3", "when month=5", "when month=7")
    assert fit(texts, ["month"], month_first=False)[0].feature_names[:3] == ("when month=4", "when month=6", "when month=7")
    with pytest.raises(FileError, match=r"row 1, column 'when' holds '13/04/2024', which is no date, with the month first"):
        fit(["13/04/2024", *texts], ["month"], month_first=True)


def test_missing_dates_and_others_than_at_fitting():
    columns = [*HOURLY[:5], None, *HOURLY[5:10]]
    with pytest.raises(FileError, match="1 missing value"):
        fit(columns, ["days", "hour"])
    preparation, x = fit(columns, ["days", "hour"], impute="mean")
    assert preparation.feature_names[-2:] == ("when missing", "x")
    row = dict(zip(preparation.feature_names, x[5], strict=True))
    assert row["when missing"] == 1
    assert row["when days"] == pytest.approx(0)
    assert sum(value for name, value in row.items() if "hour" in name) == 0
    for value, message in (("soon", "holds 'soon', which is no date"), (3, "holds a number, and not a date")):
        with pytest.raises(FileError, match=message):
            preparation.x(read({"when": [value], "x": [1]}))


def test_dates_alone_are_offered():
    with pytest.raises(FileError, match=r"left out are when \(dates\); inputs are made of dates by dates=\"year,month,weekday,hour\""):
        Preparation.fit(read({"when": HOURLY, "t": np.arange(40) % 3 + 0.5}), ["t"])
    with pytest.raises(InputError, match=r"no part of a date is called 'mont'\. Did you mean 'month'"):
        fit(HOURLY, ["mont"])


# The last rows


@given(st.integers(5, 200), st.floats(0, 0.6), st.floats(0, 0.3), st.booleans(), st.booleans())
def test_the_last_rows_test_or_decide(rows, test, validation, test_last, validation_last):
    plan = Plan(test=test, validation=validation, test_last=test_last, validation_last=validation_last)
    train, decide, kept = split_rows(rows, plan)
    assert sorted([*train, *decide, *kept]) == list(range(rows))
    if test_last and len(kept):
        assert kept.tolist() == list(range(rows - len(kept), rows))
        assert abs(len(kept) - test * rows) <= 1
    if validation_last and len(decide):
        assert min(decide) > max(train)


def test_how_the_last_rows_are_said():
    assert last_rows("validation", "last") == {"validation": 0.1, "validation_last": True}
    assert last_rows("test", "0.3") == {"test": 0.3}
    assert last_rows("test", None) == {"test": None}
    for wanted in ("first", "last:", "first:0.2", "last:many", "0.2:last"):
        with pytest.raises(InputError, match=r"or the last ones, as last or last:0\.2"):
            last_rows("test", wanted)
    assert Plan.from_dict(Plan(test_last=True).to_dict()) == Plan(test_last=True)


DAYS = st.sampled_from(["2024-02-28", "2024-02-30", "05/13/2024", "13.05.2024", "3. Mai 2024", "2024-05", "10:00", "x", "2024-02-28 ", ""])
TIMES = st.sampled_from(["", " 10:30", " 10:30:60", "T23:59:59", " 24:00", " 10:61", " 9:05", " 10:30 pm", "  10:30", "T10:30"])


@given(st.lists(st.builds(str.__add__, DAYS, TIMES), min_size=1, max_size=4))
@example(["2024-02-28T10:30", "2024-02-28"])
def test_dates_are_known_together_as_one_by_one(texts):
    assert are_dates(texts) == all(map(is_date, texts))


@pytest.mark.parametrize(("name", "form"), [("day", "%Y%m%d"), ("stamp", "%Y%m"), ("date", "%d.%m")])
def test_dates_that_are_written_as_numbers_are_dates_when_dates_are_asked_for(name, form, tmp_path):
    days = [datetime(2023, 1, 15) + timedelta(days=31 * place) for place in range(24)]
    rows = [f"{day.strftime(form)},{place % 5},{day.month + place % 5}" for place, day in enumerate(days)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([f"{name},x,y", *rows, ""]))
    asked = {"target": "y", "epochs": 1, "validation": 0, "test": 0, "task": "regress", "watch": Watch()}
    kinds = {one.name: one.kind for one in cr.train(path, **asked).preparation.features}
    assert kinds == {name: "number", "x": "number"}
    model = cr.train(path, dates="month", **asked)
    feature = model.preparation.features[0]
    assert (feature.kind, [part.name for part in feature.parts]) == ("date", [f"{name} month"])
    assert len(feature.parts[0].categories) == 12
    few = tmp_path / "few.csv"
    few.write_text("\n".join([f"{name},x", rows[3].rpartition(",")[0], ""]))
    assert model.predict(few) == pytest.approx(model.predict(path)[3:4])


def test_dates_with_something_else_among_them_are_no_categories():
    days = [f"2024-{1 + place % 12:02}-{1 + place % 28:02}" for place in range(120)]
    table = {"when": [*days[:-1], "soon"], "x": [place * 7 % 31 for place in range(120)], "t": [place / 3 for place in range(120)]}
    assert dict(Preparation.fit(read(table), ["t"]).left_out) == {"when": "dates"}
    with pytest.raises(FileError, match=r"column 'when' holds dates, but also 'soon'; correct it, say missing=.soon. if it means that"):
        Preparation.fit(read(table), ["t"], dates=["month"])
    assert len(Preparation.fit(read(table), ["t"], categories=["when"]).features[0].categories) > 80
    few = {**table, "when": [["2024-01-05", "2024-01-06", "soon"][place % 3] for place in range(120)]}
    assert Preparation.fit(read(few), ["t"]).features[0].kind == "category"
