"""Preparing: decisions about columns, numbers there and back, the same however the rows are cut, and as plain data."""

import errno
import json
import math
import os
from contextlib import ExitStack
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.base.errors import DescriptionError, FileError, InputError, ShapeError
from chainrule.data.reading import chunks, read
from chainrule.document.words import Words
from chainrule.preparation.disk import empty, too_large_for_memory
from chainrule.preparation.moments import Moments
from chainrule.preparation.preparation import Preparation
from chainrule.preparation.remarks import lines_of_remarks

# Moments

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(FINITE, min_size=1, max_size=30), st.integers(0, 30))
def test_moments_are_exact_and_merge(values, cut):
    array = np.array(values)
    moments = Moments.of(array[:cut]) + Moments.of(array[cut:])
    assert moments == Moments.of(array)
    mean = sum(map(Fraction, values)) / len(values)
    variance = sum((Fraction(value) - mean) ** 2 for value in values) / len(values)
    assert moments.mean == float(mean)
    if moments.deviation == 0 or variance == 0:
        assert variance < Fraction(5e-324) ** 2
        assert moments.deviation == 0
    elif moments.deviation > 1e-300:  # below, doubles have few digits
        assert abs(Fraction(moments.deviation) ** 2 - variance) <= variance / 10**15


def test_moments_of_many_numbers_are_those_of_fsum():
    values = np.random.default_rng(0).normal(1e6, 1e-3, 200_000)
    assert Moments.of(values).mean == math.fsum(values) / len(values)
    assert Moments.of(values).deviation == pytest.approx(np.std(values - 1e6), rel=1e-9)


# Any table

NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
TEXTS = st.sampled_from(["red", "green", "blue", "é", "a b"])


@st.composite
def tables(draw, target=None):
    """A dict of columns with some numbers, categories and truth values, and a target `t`."""
    rows = draw(st.integers(4, 30))

    def column(values):
        return draw(st.lists(values, min_size=rows, max_size=rows))

    columns = {f"n{place}": column(NUMBERS) for place in range(draw(st.integers(1, 3)))}
    columns["n0"][:2] = [0.5, 1.5]  # at least one column is not constant
    columns |= {f"c{place}": column(TEXTS) for place in range(draw(st.integers(0, 2)))}
    columns |= {f"b{place}": column(st.booleans()) for place in range(draw(st.integers(0, 2)))}
    kind = target or draw(st.sampled_from(["number", "binary", "class"]))
    choices = {"number": NUMBERS, "binary": st.sampled_from(["no", "yes"]), "class": TEXTS}[kind]
    columns["t"] = column(choices)
    columns["t"][:3] = {"number": [1.0, 2.0, 3.5], "binary": ["no", "yes", "no"], "class": ["red", "green", "blue"]}[kind]
    return {name: np.array(values, dtype=object) for name, values in columns.items()}


def gaps(draw, columns):
    """Some values of the inputs missing, never all."""
    for name, values in columns.items():
        if name != "t":
            for place in draw(st.lists(st.integers(1, len(values) - 1), max_size=3)):
                values[place] = None
    return columns


@given(tables(), st.integers(1, 8))
def test_streamed_and_whole_fits_agree(columns, rows):
    table = read(columns)
    whole = Preparation.fit(table, ["t"])
    assert Preparation.fit(lambda: chunks(table, rows=rows), ["t"]) == whole


@given(st.data(), tables(), st.integers(1, 8), st.sampled_from(["mean", "median", "most_frequent"]))
def test_streamed_and_whole_fits_agree_on_what_fills_gaps(data, columns, rows, impute):
    table = read(gaps(data.draw, columns))
    whole = Preparation.fit(table, ["t"], impute=impute)
    assert Preparation.fit(lambda: chunks(table, rows=rows), ["t"], impute=impute) == whole
    assert np.isfinite(whole.x(table)).all()


@given(tables())
def test_plain_data_gives_the_same_numbers_bit_for_bit(columns):
    table = read(columns)
    preparation = Preparation.fit(table, ["t"])
    again = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert again == preparation
    assert again.x(table).tobytes() == preparation.x(table).tobytes()
    assert again.t(table).tobytes() == preparation.t(table).tobytes()


@given(tables())
def test_answers_are_the_targets_again(columns):
    table = read(columns)
    preparation = Preparation.fit(table, ["t"])
    t = preparation.t(table)
    assert t.shape == (len(table), preparation.outputs)
    found = preparation.answers(t)["t"].tolist()
    if preparation.task == "regress":
        assert found == pytest.approx(columns["t"].tolist(), rel=1e-12, abs=1e-9)
    else:
        assert found == columns["t"].tolist()
        assert [preparation.classes[label] for label in preparation.labels(table)] == columns["t"].tolist()


@given(tables(), st.randoms())
def test_rows_and_columns_may_come_in_any_order(columns, random):
    table = read(columns)
    preparation = Preparation.fit(table, ["t"])
    names = list(columns)
    random.shuffle(names)
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = read({name: columns[name][order] for name in names} | {"extra": np.arange(len(table))})
    assert (preparation.x(shuffled) == preparation.x(table)[order]).all()
    assert preparation.extra(shuffled) == ("extra",)


# Decisions

COLOURS = ["red", "green", "blue", "red", "green"]


def fit(columns, targets="t", **options):
    return Preparation.fit(read(columns), targets.split(","), **options)


def test_kinds_of_inputs():
    preparation = fit(
        {
            "number": [1, 5, 2, 2.5, 4],
            "flag": [True, False, True, True, False],
            "colour": COLOURS,
            "when": ["2020-01-01", "2020-01-02", "2020-01-02", "2021-01-01", "2022-01-01"],
            "id": [1, 2, 3, 4, 5],
            "name": ["Ann", "Bob", "Cy", "Dee", "Eve"],
            "same": [7, 7, 7, 7, 7],
            "word": ["x", "x", "x", "x", "x"],
            "no": [1, 2, 3, 4, 4],
            "t": [0.5, 1.5, 2, 3, 1],
        },
        ignore=["no"],
    )
    assert preparation.feature_names == ("number", "flag", "colour=blue", "colour=green", "colour=red")
    assert dict(preparation.left_out) == {
        "no": "as asked", "when": "dates", "id": "numbers the rows", "name": "all different", "same": "constant", "word": "constant",
    }  # fmt: skip
    assert preparation.decisions == (
        "target t: a number, standardised to mean 0 and deviation 1; output identity, loss half_squared",
        "numbers, standardised to mean 0 and deviation 1: number",
        "truth values, as 0 and 1: flag",
        "categories, one input for each value: colour (3 values)",
        "left out (as asked): no",
        "left out (dates): when",
        "left out (numbers the rows): id",
        "left out (all different): name",
        "left out (constant): same, word",
    )


def test_numbers_inside():
    columns = {"n": [1.0, 3, 5, 7], "b": [True, False, False, True], "c": ["u", "v", "u", "u"], "t": [10, 20, 40, 30]}
    preparation = fit(columns)
    x = preparation.x(read(columns))
    assert x[:, 0] == pytest.approx((np.array([1, 3, 5, 7]) - 4) / np.sqrt(5))
    assert x[:, 1:].tolist() == [[1, 1, 0], [0, 0, 1], [0, 1, 0], [1, 1, 0]]
    plain = fit(columns, standardize=False)
    assert plain.x(read(columns))[:, 0].tolist() == columns["n"]
    assert plain.t(read(columns))[:, 0].tolist() == columns["t"]


@pytest.mark.parametrize(
    ("target", "task", "found", "classes"),
    [
        (["a", "b", "c"] * 30, None, "classify", ("a", "b", "c")),
        (["a", "b"] * 45, None, "binary", ("a", "b")),
        ([True, False] * 45, None, "binary", ("false", "true")),
        ([0, 1, 2] * 30, None, "classify", ("0", "1", "2")),
        ([10, 9, 2] * 30, None, "classify", ("2", "9", "10")),
        ([0, 1, 2.5] * 30, None, "regress", ()),
        ([0, 1] * 3, None, "binary", ("0", "1")),  # two whole values at any size
        ([7, 1200] * 3, None, "binary", ("7", "1200")),
        ([0.5, 1] * 30, None, "regress", ()),
        (list(range(4)) + [0] * 86, None, "classify", ("0", "1", "2", "3")),
        (list(range(5)) + [0] * 85, None, "regress", ()),  # 5 of 90 are more than 5 %
        (list(range(21)) * 30, None, "regress", ()),
        (list(range(20)) * 30, None, "classify", tuple(map(str, range(20)))),
        (list(range(30)) * 3, "classify", "classify", tuple(map(str, range(30)))),
        ([0, 1, 2] * 30, "regress", "regress", ()),
        ([0.5, 1.5] * 45, "classify", "binary", ("0.5", "1.5")),
        ([True, False] * 45, "regress", "regress", ()),
    ],
)
def test_tasks(target, task, found, classes):
    x = np.random.default_rng(0).normal(size=len(target))
    preparation = fit({"x": x, "t": np.array(target, dtype=object)}, task=task)
    assert (preparation.task, preparation.classes) == (found, classes)
    outputs = {"classify": len(classes), "binary": 1, "regress": 1}[found]
    assert preparation.outputs == len(preparation.output_names) == outputs
    assert (preparation.output_activation, preparation.loss) == {
        "classify": ("softmax", "cross_entropy"),
        "binary": ("sigmoid", "binary_cross_entropy"),
        "regress": ("identity", "half_squared"),
    }[found]


def test_several_targets_are_numbers():
    columns = {"x": [1, 3, 2, 5], "a": [0, 1, 0, 1], "b": [0.5, 1, 1.5, 9]}
    preparation = fit(columns, "b,a")
    assert (preparation.task, preparation.output_names) == ("regress", ("b", "a"))
    answers = preparation.answers(preparation.t(read(columns)))
    assert answers["a"] == pytest.approx(columns["a"])
    assert answers["b"] == pytest.approx(columns["b"])


def test_classes_that_are_signs_are_told_from_the_commas_between_them():
    from chainrule.document.words import Words
    from chainrule.reports.lines import lines_of_preparation

    signs = [",", "!", "a", "b, c"]
    preparation = fit({"x": range(4), "t": signs})
    shown = "('!', ',', a, 'b, c')"
    assert shown in preparation.decisions[0]
    assert all(shown in next(lines_of_preparation(Words(language), preparation)) for language in ("en", "de"))


def test_probabilities():
    binary = fit({"x": [1, 3, 2, 5], "t": ["no", "yes", "no", "yes"]})
    assert {label: p.tolist() for label, p in binary.probabilities(np.array([[0.25]])).items()} == {"no": [0.75], "yes": [0.25]}
    assert binary.answers(np.array([[0.25], [0.5], [0.75]]))["t"].tolist() == ["no", "yes", "yes"]
    classes = fit({"x": [1, 3, 2], "t": ["a", "b", "c"]})
    assert classes.answers(np.array([[0.2, 0.5, 0.3]]))["t"].tolist() == ["b"]
    assert list(classes.probabilities(np.array([[0.2, 0.5, 0.3]]))) == ["a", "b", "c"]
    with pytest.raises(ShapeError, match=r"shape \(1, 2\), but \(rows, 3\)"):
        classes.answers(np.zeros((1, 2)))


def test_whole_numbers_are_categories_when_said():
    columns = {"zone": [3, 1, 10, 1], "x": [1, 5, 2, 3], "t": [0.5, 1.5, 2, 3]}
    assert fit(columns).feature_names == ("zone", "x")
    assert fit(columns, categories=["zone"]).feature_names == ("zone=1", "zone=3", "zone=10", "x")
    assert fit(columns, categories=["zone"]).x(read(columns))[:, :3].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]


def test_a_numbering_of_the_rows_is_found_in_any_part_of_them():
    table = read({"id": np.arange(100, 200), "down": np.arange(100, 0, -1), "x": np.sin(np.arange(100)), "t": np.cos(np.arange(100))})
    for places in (np.arange(100), np.random.default_rng(0).permutation(100)[:60]):
        assert Preparation.fit(table.take(places), ["t"]).feature_names == ("x",)
    assert Preparation.fit(table, ["t"], numbers=["id"]).feature_names == ("id", "x")


def test_a_numbering_is_used_if_there_is_nothing_else():
    assert fit({"x": [1, 2, 3, 4], "t": [2, 4, 6, 8.5]}).feature_names == ("x",)


def test_gaps_are_filled_when_asked():
    columns = {
        "n": [1, None, 2, 9, 1],
        "c": ["u", "v", None, "u", "v"],
        "b": [True, None, True, False, True],
        "t": [0.5, 1.5, 2, 3, 1],
    }
    fills = {how: fit(columns, impute=how) for how in ("mean", "median", "most_frequent")}
    assert [fills[how].features[0].fill for how in fills] == [3.25, 1.5, 1]
    table = read(columns)
    names = "n", "n missing", "c=u", "c=v", "c missing", "b", "b missing"
    for how in ("mean", "median"):
        assert [feature.fill for feature in fills[how].features[1:]] == [None, 1]
        assert fills[how].feature_names == names
        assert fills[how].x(table)[:, 1:].T.tolist() == [
            [0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [0, 0, 1, 0, 0], [1, 1, 1, 0, 1], [0, 1, 0, 0, 0],
        ]  # fmt: skip
    assert fills["most_frequent"].feature_names == tuple(name for name in names if name != "c missing")
    assert fills["most_frequent"].x(table)[2, 2:].tolist() == [1, 0, 1, 0]
    assert fills["mean"].x(table)[1, 0] == 0
    assert fills["mean"].decisions[-2:] == (
        "missing values filled (mean; truth values: most_frequent), and an input of its own says so: n (1), b (1)",
        "a missing value is a category of its own: c (1)",
    )
    later = read({"n": [None], "c": [None], "b": [None]})
    assert np.isfinite(fills["median"].x(later)).all()


def test_a_missing_category_needs_no_option():
    columns = {"c": ["u", None, "v", "u"], "x": [1, 5, 2, 3], "t": [1, 2.5, 3, 4]}
    preparation = fit(columns)
    assert preparation.feature_names == ("c=u", "c=v", "c missing", "x")
    assert preparation.x(read(columns))[:, 2].tolist() == [0, 1, 0, 0]
    assert preparation.unseen(read(columns)) == {}
    whole = fit({**columns, "c": ["u", "v", "v", "u"]})
    assert whole.feature_names == ("c=u", "c=v", "x")
    assert whole.x(read(columns))[1, :2].tolist() == [0, 0]
    assert whole.unseen(read(columns)) == {("c", "missing"): 1}


def test_rows_that_lack_a_value_are_left_out_when_asked():
    columns = {"n": [1, None, 2, 9, 1, 4], "c": ["u", "v", None, "u", "v", "v"], "t": [0.5, 1.5, 2, None, 1, 7], "no": [None] * 5 + [1]}
    table = read(columns)
    preparation = fit(columns, drop_missing=True, ignore=["no"])
    assert (preparation.rows, preparation.dropped, preparation.feature_names) == (3, 3, ("n", "c=u", "c=v"))
    assert preparation.complete(table).rows.tolist() == [1, 5, 6]
    assert preparation == Preparation.fit(lambda: chunks(table, rows=2), ["t"], drop_missing=True, ignore=["no"])
    filled = fit(columns, drop_missing=True, impute="mean", ignore=["no"])
    assert (filled.rows, filled.dropped) == (5, 1)
    assert filled.complete(table).rows.tolist() == [1, 2, 3, 5, 6]
    assert Preparation.from_dict(preparation.to_dict()) == preparation
    message = r"every row of the data lacks a value, most often in column 'no'; leave columns out \(ignore=\"no\"\)"
    with pytest.raises(FileError, match=message):
        fit({**columns, "no": [None, None, 3, 1, None, None]}, drop_missing=True)


OPEN = [([1, 2, 3, 4] * 5, 4), ([1, 2, 3, 4] * 50, 4), ([1, 2] * 10, 0), ([1, 2.5, 3] * 5, 0), (["a", "b", "c"] * 5, 0)]


@pytest.mark.parametrize(("target", "count"), OPEN)
def test_where_classes_or_numbers_are_open(target, count):
    columns = {"x": np.sin(np.arange(len(target))), "t": np.array(target, dtype=object)}
    assert fit(columns).open_values == count
    assert fit(columns, task="classify").open_values == 0


# Predicting from other tables


def test_categories_never_seen_are_zero_and_counted():
    preparation = fit({"c": ["u", "v", "u"], "x": [1, 5, 2], "t": [1, 2.5, 3]})
    table = read({"c": ["w", "u", "w"], "x": [1, 2, 3]})
    assert preparation.x(table)[:, :2].tolist() == [[0, 0], [1, 0], [0, 0]]
    assert preparation.unseen(table) == {("c", "w"): 2}
    never = "column c holds categories that the model has never seen, taken as none of the known: w (2 ×); it knows u, v"
    assert list(lines_of_remarks(Words(), preparation, table)) == [never]
    extra = read({"c": ["u"], "x": [1], "y": [1], "z": [2]})
    assert list(lines_of_remarks(Words("de"), preparation, extra)) == ["Spalten, die das Modell nicht kennt, bleiben unbeachtet: y, z"]


def test_kinds_keep_codes_and_catch_strays(tmp_path):
    train, new, odd = tmp_path / "train.csv", tmp_path / "new.csv", tmp_path / "odd.csv"
    train.write_text("code,x,t\nA1,1,1\n007,5,2\nA1,2,3\n")
    new.write_text("x,code\n1,007\n")
    odd.write_text("x,code\n1,A1\nmany,A1\n")
    preparation = Preparation.fit(read(train), ["t"])
    table = read(new, kinds=preparation.input_kinds)
    assert preparation.unseen(table) == {}
    assert preparation.x(table)[0, :2].tolist() == [1, 0]
    with pytest.raises(FileError, match=r"odd.csv: row 2, column 'x' holds 'many', which is no number\."):
        read(odd, kinds=preparation.input_kinds)
    with pytest.raises(FileError, match=r"odd.csv: row 2, column 'x' holds 'many', which is no number\."):
        preparation.x(read(odd))


def refused(table, preparation, method="x"):
    with pytest.raises(InputError) as caught:
        getattr(preparation, method)(read(table))
    return str(caught.value)


def test_tables_that_do_not_fit():
    preparation = fit({"age": [1, 5, 2], "flag": [True, False, True], "t": ["a", "b", "a"]})
    message = refused({"Age": [1], "flag": [True]}, preparation)
    assert message == "the data lacks a column of the model: age (is it 'Age'?)."
    assert refused({"x": [1]}, preparation) == "the data lacks columns of the model: age, flag."
    assert "it has no header" in refused(np.ones((2, 2)), preparation)
    assert refused({"age": [1, None], "flag": [True, None]}, preparation) == (
        "the data has 2 missing values (row 2, column 'age'; row 2, column 'flag'); fill them in, or train with impute=."
    )
    assert "row 2, column 'flag' holds 3, which is no truth value" in refused({"age": [1, 2], "flag": [1, 3]}, preparation)
    assert "row 1, column 'age' holds inf, which is no finite number" in refused({"age": [math.inf], "flag": [1]}, preparation)
    message = refused({"t": ["a", "c"]}, preparation, "labels")
    assert message == "the data: row 2, column 't' holds 'c', which is no class of the model; it knows a, b."
    assert "row 1, column 't' has no value, and it is the target" in refused({"t": [None, "a"]}, preparation, "t")
    assert refused({"age": [1]}, preparation, "t").startswith(
        "the data lacks a target of the model: t, which predictions are compared with"
    )


# Large sources


@pytest.mark.parametrize("rows", [7, 1000])
def test_parts_of_a_source_give_the_numbers_of_the_whole(tmp_path, rows):
    random = np.random.default_rng(0)
    path = tmp_path / "t.csv"
    lines = [f"{a!r},{'uvw'[k % 3]},{b!r}" for k, (a, b) in enumerate(random.normal(size=(50, 2)).tolist())]
    path.write_text("x,c,t\n" + "\n".join(lines) + "\n")
    preparation = Preparation.fit(lambda: chunks(path, rows=rows), ["t"])
    assert preparation == Preparation.fit(read(path), ["t"])
    parts = [(preparation.x(table), preparation.t(table)) for table in chunks(path, rows=rows, kinds=preparation.kinds)]
    assert np.concatenate([x for x, _ in parts]).tobytes() == preparation.x(read(path)).tobytes()
    assert np.concatenate([t for _, t in parts]).tobytes() == preparation.t(read(path)).tobytes()


def test_numbers_beyond_half_of_memory_lie_on_a_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("chainrule.preparation.disk.memory", lambda: 160)
    with ExitStack() as stack:
        assert not isinstance(empty((5, 2), stack), np.memmap)
        large = empty((6, 2), stack)
        assert isinstance(large, np.memmap)
        assert (large.shape, large.dtype) == ((6, 2), float)
        large[:] = 1.5
        assert os.name == "nt" or not list(tmp_path.iterdir())  # a file without a name: gone with the process, however that ends
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("reserving", ["posix_fallocate", "write"])
def test_a_disk_without_room_for_the_numbers(tmp_path, monkeypatch, reserving):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if reserving == "write":
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    monkeypatch.setattr(os, reserving, full, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("chainrule.preparation.disk.memory", lambda: 0)
    with ExitStack() as stack, pytest.raises(FileError, match="cannot take the prepared numbers: No space left on device; name a folder"):
        empty((6, 2), stack)
    assert not list(tmp_path.iterdir())


def test_what_is_large(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("x,t\n" + "1,2\n2,3.5\n" * 50)
    assert not too_large_for_memory(path)
    for memory, large in ((1000, True), (1600, False)):
        monkeypatch.setattr("chainrule.preparation.disk.memory", lambda memory=memory: memory)
        assert too_large_for_memory(path) == large
    assert not too_large_for_memory("data:iris")


# Hostile plain data

GOOD = fit({"c": ["u", "v", "u"], "x": [1, 5, 2], "t": ["a", "b", "a"]}).to_dict()


def changed(path, value):
    data = json.loads(json.dumps(GOOD))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, "x", {**GOOD, "more": 1},
        changed(["features"], []), changed(["features"], 3), changed(["targets"], []),
        changed(["features", 0, "kind"], "magic"), changed(["features", 0, "kind"], "number"), changed(["features", 0, "read_as"], None),
        changed(["features", 0, "categories"], ["u", "u"]), changed(["features", 0, "categories"], ["u", 3]),
        changed(["features", 0, "name"], 3), changed(["features", 0, "name"], "x"), changed(["features", 0, "fill"], 3),
        changed(["features", 1, "deviation"], 0), changed(["features", 1, "deviation"], float("nan")),
        changed(["features", 1, "mean"], "1"),
        changed(["features", 1, "mean"], True), changed(["features", 1, "fill"], "u"), changed(["features", 1, "mean"], 10**400),
        changed(["targets", 0, "classes"], ["a"]), changed(["targets", 0, "classes"], []), changed(["task"], "classify"),
        changed(["task"], "regress"), changed(["task"], []), changed(["rows"], -1), changed(["rows"], 1.5), changed(["impute"], 3),
        changed(["left_out"], [["a"]]), changed(["left_out"], "a"), changed(["decisions"], [1]),
    ],
)  # fmt: skip
def test_plain_data_that_is_no_preparation(data):
    with pytest.raises(DescriptionError, match="the preparation in the model is not what chainrule writes"):
        Preparation.from_dict(data)


@given(st.data())
def test_any_plain_data_is_read_or_refused(data):
    """Any value in any place."""
    junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.none(), max_size=2)
    places = [["task"], ["rows"], ["impute"], ["features"], ["targets"], ["left_out"], ["decisions"]]
    places += [["features", place, key] for place in (0, 1) for key in GOOD["features"][0]]
    places += [["targets", 0, key] for key in GOOD["targets"][0]]
    try:
        preparation = Preparation.from_dict(changed(data.draw(st.sampled_from(places)), data.draw(junk)))
    except DescriptionError:
        return
    assert preparation.inputs == 3
