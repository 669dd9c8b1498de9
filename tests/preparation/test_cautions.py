"""What is worth a line about a table is told, in one line each and three at most; healthy data is told nothing."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.api.doctor import before
from chainrule.api.watching import Watch
from chainrule.data.reading import read
from chainrule.document.words import Words
from chainrule.preparation.cautions import cautions
from chainrule.preparation.preparation import Preparation

ROWS = 80
RANDOM = np.random.default_rng(5)


def healthy(**changes):
    """Numbers, a category, a skewed column, rounded amounts, a count, and a target that depends on them."""
    x = RANDOM.normal(50, 9, ROWS).round(2)
    columns = {
        "x": x,
        "skewed": np.exp(RANDOM.normal(9, 1.2, ROWS)).round(),
        "amount": RANDOM.integers(2_000, 9_000, ROWS) * 100,
        "count": RANDOM.poisson(2, ROWS),
        "zone": RANDOM.choice(["north", "south", "East"], ROWS),
        "t": (3 * x + RANDOM.normal(0, 5, ROWS)).round(1),
    }
    return {**columns, **changes}


def told(columns, target="t", tmp_path=None, split_at_random=True):
    if tmp_path is None:
        table = read(columns)
    else:
        lines = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        (tmp_path / "t.csv").write_text("\n".join([",".join(columns), *lines, ""]))
        table = read(tmp_path / "t.csv")
    preparation = Preparation.fit(table, [target])
    found = cautions(table, preparation, preparation.labels(table), split_at_random=split_at_random)
    for language in ("en", "de"):
        for caution in found:
            assert "\n" not in Words(language).plain(f"caution.{caution.key}", **caution.values)
    return [(caution.key, caution.values.get("name", "")) for caution in found]


@pytest.mark.parametrize("seed", range(12))
def test_healthy_data_is_told_nothing(seed, tmp_path):
    global RANDOM  # noqa: PLW0603  # other healthy rows
    RANDOM = np.random.default_rng(seed)
    assert told(healthy(), tmp_path=tmp_path) == []
    assert told(healthy(t=np.where(RANDOM.random(ROWS) < 0.3, "yes", "no")), tmp_path=tmp_path) == []
    assert told(healthy(number=np.arange(ROWS) + 1000), tmp_path=tmp_path) == []  # rows that are counted, in no order of the target


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_healthy_sets_are_told_nothing(name):
    table = read(f"data:{name}")
    assert told({column.name: column.values for column in table.columns}, table.names[-1]) == []


def changed(values, places, value):
    values = np.array(values, dtype=object)
    values[places] = value
    return values


def test_stand_ins_for_missing_values(tmp_path):
    for value in (-999, 9999, -99):
        x = changed(healthy()["x"], [3, 40, 41], value)
        assert told(healthy(x=x), tmp_path=tmp_path) == [("stand_in", "x")]
    assert told(healthy(x=changed(healthy()["x"], [3, 40, 41], -200)), tmp_path=tmp_path) == [("stand_in", "x")]
    assert told(healthy(x=changed(healthy()["x"], [3, 40, 41], -20)), tmp_path=tmp_path) == []
    assert told(healthy(x=changed(healthy()["x"], [3, 40], 55)), tmp_path=tmp_path) == []


class Begun(Exception):
    """A training that goes no further."""


class Looked(Watch):
    """What the doctor says before the first step."""

    def begins(self, run, training):
        self.said = [(one.key, one.numbers) for one in before(run)]
        raise Begun


def found(**columns):
    """What the doctor finds in rows that are about to be trained on: a disease and its column each."""
    looked = Looked()
    with pytest.raises(Begun):
        cr.train(columns, target="t", watch=looked)
    return [(key, numbers.get("column", "")) for key, numbers in looked.said], looked.said


def test_a_slip_of_the_pen():
    """In the units of the data, with the number of the row in the file; in rows that test as well."""
    for place in (7, 12, 31):
        for name, value in (("x", 5e7), ("t", 99999999), ("skewed", 1e13)):
            columns = healthy()
            (key,), said = found(**{**columns, name: changed(columns[name], [place], value)})
            assert key == ("outlier", name)
            assert float(said[0][1]["value"]) == value
            assert said[0][1]["row"] == place + 1


def test_a_column_that_is_the_target():
    t = healthy()["t"]
    assert found(**healthy(t=t, cents=(t * 100).round() + 7))[0] == [("leaking_column", "cents")]
    kind = RANDOM.choice(["a", "b", "c"], ROWS)
    code = np.array([{"a": "x", "b": "y", "c": "z"}[one] for one in kind])
    assert found(**healthy(t=kind, code=code))[0] == [("leaking_column", "code")]
    assert found(**healthy(t=kind, code=[{"a": 1.5, "b": 3, "c": 2}[one] for one in kind]))[0] == [("leaking_column", "code")]
    assert found(x=np.arange(ROWS) * 7 % 31, t=np.arange(ROWS) * 7 % 31 * 2.5)[0] == [("duplicates", "")]  # a formula with one input
    assert found(**healthy())[0] == []


def test_codes_that_lose_zeros(tmp_path):
    codes = [f"{place * 7919 % 100000:05}" for place in range(ROWS)]
    assert told(healthy(code=codes), tmp_path=tmp_path)[0] == ("zeros", "code")
    assert told(healthy(month=[f"{place % 12 + 1:02}" for place in range(ROWS)]), tmp_path=tmp_path) == []
    assert told(healthy(size=[f"{place % 12 / 8:.3f}" for place in range(ROWS)]), tmp_path=tmp_path) == []


def test_codes_of_more_digits_than_a_number_keeps(tmp_path):
    cards = [str(9_007_199_254_740_993 + place % 40) for place in range(ROWS)]
    assert told(healthy(card=cards), tmp_path=tmp_path)[0] == ("digits", "card")
    assert told(healthy(size=[str((place % 40) * 2**60) for place in range(ROWS)]), tmp_path=tmp_path) == []


def test_codes_that_look_like_powers_of_ten(tmp_path):
    assert told(healthy(code=[f"{place % 9 + 1}E{place % 7}" for place in range(ROWS)]), tmp_path=tmp_path)[0] == ("powers", "code")
    assert told(healthy(rate=[f"{place % 9 + 1}.0E+{place % 7:02}" for place in range(ROWS)]), tmp_path=tmp_path) == []


def test_versions_that_look_like_decimals(tmp_path):
    """1.10 is the tenth, and not the first again; of amounts that two people wrote down, other decimals show that they are numbers."""
    versions = [f"{place % 3 + 1}.{place * 7 % 12 + 1}" for place in range(ROWS)]
    assert told(healthy(version=versions), tmp_path=tmp_path)[0] == ("versions", "version")
    assert told(healthy(version=[*versions[:-1], "2"]), tmp_path=tmp_path)[0] == ("versions", "version")
    assert told(healthy(version=[*versions[:-1], "2.05"]), tmp_path=tmp_path) == []
    dose = ["0.5", "0.50", "1.5", "0.25", "1", "2.5", "1.50"]
    assert told(healthy(dose=[dose[place * 5 % 7] for place in range(ROWS)]), tmp_path=tmp_path) == []
    assert told(healthy(size=[f"{place * 0.1:.1f}" for place in range(ROWS)]), tmp_path=tmp_path) == []


def test_versions_that_turn_out_to_be_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.data.numbers.FIRST", ROWS // 2)
    sizes = [f"1.{place % 12 + 1}" for place in range(ROWS // 2)]
    assert told(healthy(size=sizes + [f"{place / 64:.4f}" for place in range(ROWS // 2)]), tmp_path=tmp_path) == []


def test_rows_that_add_up_others(tmp_path):
    """At the end by their name, elsewhere by their sums."""
    columns = healthy()
    columns["zone"] = [*columns["zone"][:-1], "Grand Total"]
    columns["t"] = [*columns["t"][:-1], 99999]
    assert ("totals", "Grand Total") in told(columns, tmp_path=tmp_path)
    columns["t"][-1] = 3  # a zone that is called so
    assert told(columns, tmp_path=tmp_path) == []
    counts = [*range(1, 10), 45, *range(2, 9), 35, *[7] * (ROWS - 18)]
    zones = ["north"] * 9 + ["north total"] + ["south"] * 7 + ["south total"] + ["east"] * (ROWS - 18)
    assert ("totals", "north total") in told(healthy(count=counts, zone=zones), tmp_path=tmp_path)


def test_names_that_differ_in_nothing_that_is_meant(tmp_path):
    zone = RANDOM.choice(["north", "South", "south ", "North"], ROWS)
    assert told(healthy(zone=zone), tmp_path=tmp_path) == [("spelling_categories", "zone")]
    assert told(healthy(t=RANDOM.choice(["yes", "Yes", "no"], ROWS)), tmp_path=tmp_path) == [("spelling_classes", "t")]
    assert told(healthy(**{"Zone ": healthy()["zone"]}), tmp_path=tmp_path) == [("spelling_columns", "")]
    assert told(healthy(zone=RANDOM.choice(["a", "A"], ROWS)), tmp_path=tmp_path) == []


def test_classes_of_a_single_row(tmp_path):
    kind = changed(RANDOM.choice(["a", "b"], ROWS), [9], "c")
    assert told(healthy(t=kind), tmp_path=tmp_path) == [("singletons", "t")]


def test_numbers_that_name_the_rows(tmp_path):
    identifiers = RANDOM.permutation(np.arange(100_003, 999_983, 1234))[:ROWS]
    assert told(healthy(customer=identifiers), tmp_path=tmp_path) == [("identifier", "customer")]


def test_codes_of_groups():
    """Not ratings, ages and hours, which the target follows in some smooth way, and not what has little to do with it."""
    groups = np.arange(1200) % 24
    noise = np.random.default_rng(3).normal(size=1200)
    level = np.random.default_rng(4).permutation(24) * 1.0
    of_groups = {"group": groups + 1, "x": noise.round(2), "t": (3 * level[groups] + 8 * noise).round(2)}
    assert told(of_groups) == [("codes", "group")]
    assert told({**of_groups, "t": np.where(level[groups] + 3 * noise > 12, "yes", "no")}) == [("codes", "group")]
    for t in (groups + 8 * noise, 10 * np.sin(groups / 3) + 8 * noise, (groups - 12) ** 2 + 30 * noise, level[groups] + 40 * noise):
        assert told({**of_groups, "t": t.round(2)}) == []


def test_rows_that_run_in_time(tmp_path):
    days = [f"2024-{place // 28 + 1:02}-{place % 28 + 1:02}" for place in range(ROWS)]
    assert told(healthy(day=days), tmp_path=tmp_path) == [("between_dates", "day")]
    assert told(healthy(day=days), tmp_path=tmp_path, split_at_random=False) == []
    assert told(healthy(day=RANDOM.permutation(days)), tmp_path=tmp_path) == []
    drifting = np.cumsum(RANDOM.normal(0, 1, ROWS)).round(2)
    assert told(healthy(number=np.arange(ROWS), t=drifting), tmp_path=tmp_path) == [("between_count", "number")]


def test_they_are_printed_before_the_training(tmp_path, monkeypatch, capsys):
    from tests.flowers import printed, write_rows

    monkeypatch.chdir(tmp_path)
    rows = [{"length": -999 if place % 20 == 3 else place * 7 % 23, "t": place * 3 % 11 + 0.5} for place in range(100)]
    write_rows("t.csv", rows)
    out, _ = printed(["train", "t.csv", "--target", "t", "--epochs", "1"], capsys)
    told = "worth a look: length is -999 in 5 rows, far from all other values; if that means that there is no value, say --missing -999"
    assert told in " ".join(out.split("\n\n")[0].split())
    out, _ = printed(["train", "t.csv", "--target", "t", "--epochs", "1", "--force", "--missing", "-999", "--impute", "mean"], capsys)
    assert "worth a look" not in out
    assert "einen Blick wert" in printed(["train", "t.csv", "--target", "t", "--epochs", "1", "--force", "--language", "de"], capsys)[0]


def test_a_rare_class_that_is_never_found_is_told(tmp_path, monkeypatch, capsys):
    from tests.flowers import printed, write_rows

    monkeypatch.chdir(tmp_path)
    write_rows("rare.csv", [{"x": place * 7 % 23, "kind": "rare" if place % 25 == 3 else "usual"} for place in range(400)])
    said = "The class rare is never found: of its 2 rows that it never saw, none (recall 0). Why: chainrule doctor model.safetensors"
    asked = ["train", "rare.csv", "--target", "kind", "--epochs", "20", "--force"]
    assert said in " ".join(printed(asked, capsys)[0].split())
    assert said not in " ".join(printed([*asked, "--class-weights", "balanced"], capsys)[0].split())
    assert cr.Model.load("model.safetensors").plan.class_weights == "balanced"
    printed(asked, capsys)
    assert said in " ".join(printed(["predict", "model.safetensors", "rare.csv"], capsys)[1].split())


MONTHS, DAYS = RANDOM.integers(1, 13, ROWS), RANDOM.integers(1, 29, ROWS)


@pytest.mark.parametrize(
    ("name", "numbers", "none"),
    [
        ("stamp", [f"{2000 + month}{month:02d}{day:02d}" for month, day in zip(MONTHS, DAYS, strict=True)], "20240231"),
        ("month", [f"{1990 + day}{month:02d}" for month, day in zip(MONTHS, DAYS, strict=True)], "199013"),
        ("sold", [f"{month:02d}.{1990 + day}" for month, day in zip(MONTHS, DAYS, strict=True)], "13.2013"),
        ("order_date", [f"{day:02d}.{month:02d}" for month, day in zip(MONTHS, DAYS, strict=True)], "12.13"),
    ],
)
def test_dates_that_are_read_as_numbers(name, numbers, none, tmp_path):
    assert told(healthy(**{name: numbers}), tmp_path=tmp_path) == [("days", name)]
    typed = "days_typed" if "." in numbers[0] else "days"  # of 7.202 a number does not say that it was 07.2020
    assert told(healthy(**{name: np.array(numbers, dtype=float)})) == [(typed, name)]
    assert ("days", name) not in told(healthy(**{name: [*numbers[:-1], none]}), tmp_path=tmp_path)


def test_prices_like_dates_are_no_dates(tmp_path):
    assert told(healthy(density=[f"1.{1900 + 3 * day}" for day in DAYS]), tmp_path=tmp_path) == []
    assert told(healthy(price=[f"{day:02d}.{month:02d}" for month, day in zip(MONTHS, DAYS, strict=True)]), tmp_path=tmp_path) == []
