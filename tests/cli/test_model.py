"""evaluate, predict, info and explain of a model; and the same in Python."""

import csv
import inspect
import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from tests import flowers
from tests.flowers import QUICK, printed, train, write_rows
from tests.samples import some

import chainrule as cr
from chainrule.cli import train as commands
from chainrule.data.reading import read
from chainrule.steps.step import Step
from chainrule.training.model import Model

folder, model = flowers.folder, flowers.model
"""Fixtures: an empty folder with flowers.csv in it, and a model of the flowers there."""


# Using a model


def test_evaluate_measures_on_raw_rows(model, capsys):
    write_rows("new.csv", flowers.flowers(rows=60, seed=9), separator=";")
    out, err = printed(["evaluate", model, "new.csv"], capsys)
    assert out.startswith("60 rows of new.csv:\n  accuracy ")
    assert err == ""


def test_predictions_are_those_of_python(model, capsys):
    write_rows("new.csv", flowers.flowers(rows=60, seed=9))
    out, _ = printed(["predict", model, "new.csv", "--probabilities", "--digits", "17"], capsys)
    rows = list(csv.DictReader(out.splitlines()))
    loaded = Model.load(model)
    table = read("new.csv", kinds=loaded.preparation.input_kinds)
    y = loaded.outputs(table)
    assert [row["kind"] for row in rows] == loaded.preparation.answers(y)["kind"].tolist()
    assert [float(row["kind=rose"]) for row in rows] == y[:, 0].tolist()


def test_predictions_are_written_once(model, folder, capsys):
    out, _ = printed(["predict", model, "flowers.csv", "-o", "out.csv"], capsys)
    assert out == "wrote out.csv\n"
    assert len((folder / "out.csv").read_text().splitlines()) == 241
    _, err = printed(["predict", model, "flowers.csv", "-o", "out.csv"], capsys, 2)
    assert "out.csv exists already" in err
    printed(["predict", model, "flowers.csv", "-o", "out.csv", "--force"], capsys)


def test_a_large_file_is_predicted_in_parts(model, folder, capsys, monkeypatch):
    from chainrule.data import reading as data

    whole = printed(["predict", model, "flowers.csv"], capsys)[0]
    chunks = data.chunks
    monkeypatch.setattr(data, "chunks", lambda source, **options: chunks(source, rows=7, **options))
    assert printed(["predict", model, "flowers.csv"], capsys)[0] == whole


def test_a_part_that_fails_leaves_no_file(model, folder, capsys):
    rows = flowers.flowers()
    rows[-1]["length"] = "long"
    write_rows("bad.csv", rows)
    _, err = printed(["predict", model, "bad.csv", "-o", "out.csv"], capsys, 2)
    assert "row 240" in err
    assert not (folder / "out.csv").exists()


def without(rows, *names):
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def test_columns_may_come_in_any_order_without_the_target_and_with_others(model, capsys):
    expected = printed(["predict", model, "flowers.csv"], capsys)
    rows = [{"new": "x", **dict(reversed(row.items()))} for row in without(flowers.flowers(), "kind", "number", "garden")]
    write_rows("other.csv", rows)
    out, err = printed(["predict", model, "other.csv"], capsys)
    assert out == expected[0]
    assert err == "chainrule: columns that the model does not know are ignored: new\n"


def test_a_column_that_lacks_is_told(model, capsys):
    write_rows("short.csv", without(flowers.flowers(), "colour"))
    _, err = printed(["predict", model, "short.csv"], capsys, 2)
    assert "lacks a column of the model: colour" in err


def test_a_category_that_was_never_seen_is_told(model, capsys):
    rows = flowers.flowers()
    rows[4]["colour"] = "green"
    write_rows("green.csv", rows)
    out, err = printed(["predict", model, "green.csv"], capsys)
    assert len(out.splitlines()) == 241
    assert "green (1 ×)" in err


def test_numbers_have_no_probabilities(folder, capsys):
    cr.train({"a": np.arange(50.0) % 7, "y": np.arange(50.0) % 7}, target="y", task="regress", epochs=3, output="model.safetensors")
    write_rows("a.csv", [{"a": 1}, {"a": 2}])
    _, err = printed(["predict", "model.safetensors", "a.csv", "--probabilities"], capsys, 2)
    assert "which have no probabilities" in err


def test_info_shows_what_a_model_is(model, capsys):
    out, _ = printed(["info", model], capsys)
    for part in ("trained on flowers.csv", "target kind: 2 classes", "network 4-32-1", "12 epochs", "Test rows", "never seen", "precision"):
        assert part in out
    german, _ = printed(["info", model, "--language", "de"], capsys)
    assert "trainiert mit flowers.csv" in german


@pytest.mark.parametrize("command", ["info", "evaluate", "predict", "explain"])
@pytest.mark.parametrize("content", [None, b"", b"\x00" * 100, b"\xff" * 8 + b"{}", b"\x10\x00\x00\x00\x00\x00\x00\x00" + b"[" * 16])
def test_what_is_no_model_is_told(command, content, folder, capsys):
    if content is not None:
        (folder / "bad.safetensors").write_bytes(content)
    data = ["flowers.csv"] if command in ("evaluate", "predict") else []
    _, err = printed([command, "bad.safetensors", *data], capsys, 2)
    assert "bad.safetensors" in err
    assert err.count("\n") <= 2


# The bridge to explanations


def test_a_row_is_explained_in_the_columns_own_names(model, capsys):
    out, _ = printed(["explain", model, "--data", "flowers.csv", "--row", "3"], capsys)
    row = flowers.flowers()[2]
    assert f"length {row['length']:g}, colour {row['colour']}, kind {row['kind']}." in " ".join(out.split())
    assert printed(["explain", model, "--row", "3"], capsys)[0] == out
    assert "The columns, numbers among them standardised: x1 length" in out
    assert "colour=blue" in out
    assert "kind=rose" in out


def test_a_row_is_told_as_its_table_has_it(folder, capsys):
    write_rows("big.csv", [{"a": 1234567.25 + i, "b": i / 8, "y": 2.5 * i} for i in range(40)])
    cr.train("big.csv", target="y", epochs=1, output="big.safetensors")
    told = " ".join(printed(["explain", "big.safetensors", "--row", "4"], capsys)[0].split())
    assert "this row of the data: a 1234570.25, b 0.375, y 7.5." in told
    german = " ".join(printed(["explain", "big.safetensors", "--row", "4", "--notation", "german"], capsys)[0].split())
    assert "a 1234570,25, b 0,375, y 7,5." in german


def test_a_row_is_prepared_as_the_model_prepared_its_own(model, folder, capsys):
    printed(["explain", model, "--data", "flowers.csv", "--row", "3", "-o", "step.json"], capsys)
    step, loaded = Step.load("step.json"), Model.load(model)
    x = loaded.preparation.x(read("flowers.csv").take([2]))
    assert np.array_equal(step.x, x)
    assert step.origin["features"] == list(loaded.preparation.feature_names)
    assert np.array_equal(step.prediction, loaded.network.predict(x))


@pytest.mark.parametrize(("options", "rounding"), [(("--precision", "float64"), 1e-12), (("--class-weights", "balanced"), 1e-6)])
def test_any_step_of_the_training_is_replayed(options, rounding, folder, capsys):
    train(capsys, *QUICK, *options, "--batch-size", "50")
    loaded = Model.load("model.safetensors")
    per_epoch = loaded.history[0].step
    errors = []
    for number in range(1, per_epoch + 1):
        printed(["explain", "model.safetensors", "--step", str(number), "-o", "step.json"], capsys)
        errors.append(Step.load("step.json"))
    assert [step.number for step in errors] == list(range(1, per_epoch + 1))
    rows = [len(step.x) for step in errors]
    assert loaded.history[0].error == pytest.approx(float(np.average([step.error for step in errors], weights=rows)), rel=rounding)
    out, _ = printed(["explain", "model.safetensors", "--data", "flowers.csv", "--step", str(per_epoch)], capsys)
    assert f"step {per_epoch}" in out


def test_a_step_that_was_never_taken_is_told(model, capsys):
    _, err = printed(["explain", model, "--step", "100000"], capsys, 2)
    assert "there is no step 100,000" in err


def test_other_data_are_noticed(model, capsys):
    write_rows("other.csv", flowers.flowers(seed=8))
    _, err = printed(["explain", model, "--data", "other.csv", "--step", "3"], capsys, 2)
    assert "not the rows that the model was trained on" in err


# Python


def test_every_option_has_a_python_twin():
    only_here = {"quiet", "definitions"}
    ours = {parameter.name for parameter in commands.train.params} - only_here
    assert ours == set(inspect.signature(cr.train).parameters) - {"watch", "processes"}


def test_defaults_are_those_of_python():
    twins = inspect.signature(cr.train).parameters
    for parameter in commands.train.params:
        if parameter.name in ("hidden", "activation", "seed", "shuffle"):
            default = parameter.default if parameter.name != "hidden" else tuple(map(int, parameter.default.split("-")))
            assert default == twins[parameter.name].default


def test_train_in_python(folder):
    model = cr.train("flowers.csv", target="kind", hidden=[8, 8], activation="relu", epochs=30, learning_rate=0.01)
    assert model.network.sizes == (4, 8, 8, 1)
    assert model.scores["test"].accuracy > 0.8
    assert [path.name for path in folder.iterdir()] == ["flowers.csv"]


def test_a_table_larger_than_half_the_memory_gives_the_same_model(folder, monkeypatch):
    small = cr.train("flowers.csv", target="kind", epochs=5)
    monkeypatch.setattr("chainrule.preparation.disk.memory", lambda: 1000)
    large = cr.train("flowers.csv", target="kind", epochs=5)
    for key, numbers in small.network.parameters.items():
        assert np.array_equal(numbers, large.network.parameters[key])
    assert large.scores["test"].to_dict() == small.scores["test"].to_dict()


@pytest.mark.parametrize("seed", some(range(20), 5))
def test_xor_is_learned_from_any_seed(seed):
    rows = {"a": [0.0, 0, 1, 1], "b": [0.0, 1, 0, 1], "xor": ["no", "yes", "yes", "no"]}
    table = {name: np.array(values) for name, values in rows.items()}
    model = cr.train(table, target="xor", validation=0, test=0, until=0.01, epochs=20_000, seed=seed)
    assert model.outcome["reason"] == "until"
    assert model.scores["train"].accuracy == 1


# Rows that the model does not know, or that lack values


def test_classes_beyond_the_models_are_wrong_and_named(model, folder, capsys):
    rows = flowers.flowers()
    rows[0]["kind"] = rows[7]["kind"] = "tulip"
    write_rows("tulips.csv", rows)
    out, err = printed(["evaluate", model, "tulips.csv"], capsys)
    assert out.startswith("240 rows of tulips.csv:")
    assert "2 rows are of classes that the model does not know; they count as wrong." in out
    assert (
        err == "chainrule: column kind holds classes that the model does not know, which count as wrong: tulip (2 ×); it knows iris, rose\n"
    )
    german, _ = printed(["evaluate", model, "tulips.csv", "--language", "de"], capsys)
    assert "2 Zeilen sind von Klassen, die das Modell nicht kennt; sie zählen als falsch." in " ".join(german.split())


def test_rows_left_out_are_left_out_again(folder, capsys):
    rows = flowers.flowers()
    rows[3]["kind"] = rows[11]["length"] = "NA"
    write_rows("gaps.csv", rows)
    assert "leave those rows out (--drop-missing)" in printed(["train", "gaps.csv", "--target", "kind"], capsys, 2)[1]
    out, _ = printed(["train", "gaps.csv", "--target", "kind", "--drop-missing", *QUICK], capsys)
    assert "  2 rows that lack a value are left out\n" in out
    assert "2 rows that lack a value are left out" in printed(["info", "model.safetensors"], capsys)[0]
    out, err = printed(["evaluate", "model.safetensors", "gaps.csv"], capsys)
    assert out.startswith("238 rows of gaps.csv:")
    assert err == "chainrule: 2 rows that lack a value are left out, as in the training\n"
    for number in (1, 7):
        printed(["explain", "model.safetensors", "--step", str(number)], capsys)
    assert "row 12, column 'length'" in printed(["predict", "model.safetensors", "gaps.csv"], capsys, 2)[1]
    complete = [row for row in rows if "NA" not in row.values()]
    write_rows("complete.csv", [{**row, "number": i * i % 97} for i, row in enumerate(complete)])
    printed(["train", "complete.csv", "--target", "kind", "--ignore", "number", "-o", "b.safetensors", "--quiet", *QUICK], capsys)
    a, b = Model.load("model.safetensors"), Model.load("b.safetensors")
    assert all(np.array_equal(a.network.parameters[key], b.network.parameters[key]) for key in a.network.parameters)


def test_where_the_task_is_open_a_line_says_how_to_change_it(folder, capsys):
    write_rows("stars.csv", [{"length": i * 7 % 23, "stars": i % 5 + 1} for i in range(60)])
    out, _ = printed(["train", "stars.csv", "--target", "stars", *QUICK], capsys)
    assert "the whole numbers of stars are taken as a number; --task classify takes them as 5 classes" in " ".join(out.split())
    out, _ = printed(["train", "stars.csv", "--target", "stars", "--task", "classify", "--force", *QUICK], capsys)
    assert "--task" not in out.split("\n\n")[0]


def test_values_far_from_those_of_the_training_are_told(model, capsys):
    write_rows("far.csv", [{"length": 4.5, "colour": "red"}, {"length": 4500, "colour": "red"}])
    _, err = printed(["predict", model, "far.csv"], capsys)
    assert "column length holds 4500 in row 2, far outside of" in err
    assert "far outside" not in printed(["predict", model, "flowers.csv"], capsys)[1]


def test_a_file_without_header_is_read_by_the_models_order(model, folder, capsys):
    expected = printed(["predict", model, "flowers.csv"], capsys)[0]
    every = [line.split(",") for line in (folder / "flowers.csv").read_text().splitlines()[1:]]
    names = ["number", "length", "colour", "garden", "kind"]
    for places in ((0, 1, 2, 3, 4), (0, 1, 2, 3), (1, 2)):
        (folder / "bare.csv").write_text("".join(",".join(row[place] for place in places) + "\n" for row in every))
        out, err = printed(["predict", model, "bare.csv", "--no-header"], capsys)
        assert out == expected
        assert f"bare.csv has no header; its columns are taken for {', '.join(names[place] for place in places)}\n" in err
    (folder / "bare.csv").write_text("3.5,green\n4,red\n")
    assert "if its first row is no header, say --no-header" in printed(["predict", model, "bare.csv"], capsys, 2)[1]


def test_columns_that_are_kept_and_digits_that_mean_something(folder, capsys):
    rows = [{"id": f"{i:04}", "x": i * 7 % 40, "y": 12.5 * (i * 7 % 40) + i % 3} for i in range(100)]
    write_rows("rows.csv", rows)
    cr.train("rows.csv", target="y", ignore=["id"], hidden=[4], epochs=40, output="model.safetensors")
    out, err = printed(["predict", "model.safetensors", "rows.csv", "--keep", "id", "--keep", "y"], capsys)
    found = list(csv.DictReader(out.splitlines()))
    assert list(found[0]) == ["id", "y", "y predicted"]
    assert [row["id"] for row in found] == [row["id"] for row in rows]
    assert [float(row["y"]) for row in found] == [row["y"] for row in rows]
    exact = [
        float(row["y"])
        for row in csv.DictReader(printed(["predict", "model.safetensors", "rows.csv", "--digits", "17"], capsys)[0].splitlines())
    ]
    error = Model.load("model.safetensors").scores["test"].root_mean_squared_error
    assert all(abs(float(row["y predicted"]) - value) <= error / 1000 for row, value in zip(found, exact, strict=True))
    assert max(len(row["y predicted"]) for row in found) < 9
    assert err.startswith("chainrule: It is worse than guessing: on 15 rows that it never saw, R² is ")
    assert err.count("\n") == 1
    assert "no column of rows.csv is called 'ID'" in printed(["predict", "model.safetensors", "rows.csv", "--keep", "ID"], capsys, 2)[1]
    other = [{"who": "Ann", "x": 3}, {"who": "Bob", "x": 4}]
    write_rows("other.csv", other)
    out, err = printed(["predict", "model.safetensors", "other.csv", "--keep", "who"], capsys)
    assert [line.split(",")[0] for line in out.splitlines()] == ["who", "Ann", "Bob"]
    assert err.count("\n") == 1


# A file that somebody has changed


@pytest.fixture
def naming(model, folder):
    """What makes the model name other data as its own."""

    def rewritten(name, **form):
        with safe_open(model, "numpy") as file:
            tensors, plain = {key: file.get_tensor(key) for key in file.keys()}, json.loads(file.metadata()["chainrule"])  # noqa: SIM118  # it is no dict
        plain["source"] |= {"name": str(name), "form": form}
        save_file(tensors, "changed.safetensors", {"chainrule": json.dumps(plain)})
        return "changed.safetensors"

    return rewritten


USES = [["explain", "{}", "--step", "1"], ["explain", "{}", "--row", "1"], ["figure", "boundary", "{}", "-o", "x.svg"]]


@pytest.mark.parametrize("arguments", USES, ids=" ".join)
@pytest.mark.parametrize("content", ["secret:x:0:0:root", "secret,number\n1,2\n3,4\n", "\x00secret\xff", ""])
def test_nothing_of_a_foreign_file_that_a_model_names_is_shown(content, arguments, naming, folder, capsys):
    (folder / "foreign.txt").write_text(content, encoding="latin-1")
    changed = naming(folder / "foreign.txt")
    out, err = printed([argument.format(changed) for argument in arguments], capsys, 2)
    assert (out, "secret" in err) == ("", False)
    assert "foreign.txt, which the model names as its data, is no table with its columns; give its data with --data FILE" in err


@pytest.mark.parametrize("arguments", USES[:2], ids=" ".join)
@pytest.mark.parametrize("name", ["nowhere.csv", "/dev/zero", "https://example.org/x.csv"])
def test_what_a_model_names_must_be_a_file(name, arguments, naming, folder, capsys):
    _, err = printed([argument.format(naming(name)) for argument in arguments], capsys, 2)
    assert f"the data that the model was trained on ({name}) is not here; give it with --data FILE" in err
    printed([*(argument.format(naming(name)) for argument in arguments), "--data", "flowers.csv"], capsys)


@pytest.mark.parametrize("form", [{"separator": 5}, {"code": "x"}, {"header": "no"}])
def test_a_form_that_is_none_is_refused(form, naming, capsys):
    assert "is no model that can be used" in printed(["explain", naming("flowers.csv", **form), "--row", "1"], capsys, 2)[1]
