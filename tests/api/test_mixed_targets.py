"""Networks with several outputs, of which some are classes and others numbers, from a table to a model and back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.cli import main
from chainrule.network.description import from_toml
from chainrule.training.metrics import Scores

HOUSES = """
inputs = 1

[outputs]
price = {target = "price", from = "estimate", loss = "huber", weight = 0.5}
kind = {target = "kind", from = "choice"}
sold = {target = "sold", from = "yes", loss = "binary_cross_entropy"}

[[layers]]
name = "shared"
units = 6
activation = "tanh"

[[layers]]
name = "estimate"
units = 1

[[layers]]
name = "choice"
from = "shared"
units = 3

[[layers]]
name = "yes"
from = "shared"
units = 1
"""


def houses(rows: int = 80) -> dict[str, list[Any]]:
    random = np.random.default_rng(1)
    area, rooms = random.uniform(30, 150, rows).round(1), random.integers(1, 7, rows)
    kind = ["flat" if a < 70 else "house" if a < 120 else "villa" for a in area]
    price = (2 * area + 10 * rooms + random.normal(0, 4, rows)).round(1)
    return {"area": area.tolist(), "rooms": rooms.tolist(), "kind": kind, "price": price.tolist(), "sold": (rooms > 3).astype(int).tolist()}


def written(folder: Path, table: dict[str, list[Any]]) -> str:
    path = folder / "houses.csv"
    path.write_text("\n".join(",".join(map(str, line)) for line in [table, *zip(*table.values(), strict=True)]) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def model() -> cr.Model:
    return cr.train(houses(), network=from_toml(HOUSES), epochs=40, learning_rate=0.02, engine="written")


def test_each_output_has_its_loss_and_its_end(model: cr.Model) -> None:
    assert {name: goal.loss.name for name, goal in model.network.goals.items()} == {
        "price": "huber",
        "kind": "cross_entropy",
        "sold": "binary_cross_entropy",
    }
    assert model.preparation is not None
    assert model.preparation.output_names == ("price", "kind=flat", "kind=house", "kind=villa", "sold=1")
    assert [target.task for target in model.preparation.targets] == ["regress", "classify", "binary"]


def test_predictions_have_a_column_for_each_target(model: cr.Model) -> None:
    table, y = cr.read(houses()), model.outputs(cr.read(houses()))
    predicted = model.predict(table)
    assert predicted.shape == (80, 3)
    assert predicted[:, 1].tolist() == [("flat", "house", "villa")[place] for place in y[:, 1:4].argmax(axis=1)]
    assert predicted[:, 2].tolist() == [int(chance >= 0.5) for chance in y[:, 4]]
    assert model.preparation is not None
    price = model.preparation.targets[0]
    np.testing.assert_allclose(predicted[:, 0].astype(float), y[:, 0] * price.deviation + price.mean)
    with pytest.raises(InputError, match="predicts several targets"):
        model.predict_proba(table)


def test_scores_are_those_of_each_target_by_hand(model: cr.Model) -> None:
    table = houses()
    scores = model.evaluate(cr.read(table))
    predicted = model.predict(cr.read(table))
    t, y = np.array(table["price"]), predicted[:, 0].astype(float)
    price, kind, sold = scores.parts
    assert price.r2 == pytest.approx(1 - ((y - t) ** 2).sum() / ((t - t.mean()) ** 2).sum())
    assert kind.accuracy == pytest.approx(np.mean(predicted[:, 1] == np.array(table["kind"])))
    assert sold.accuracy == pytest.approx(np.mean(predicted[:, 2] == np.array(table["sold"])))
    assert scores.main == ("mixed", pytest.approx(np.mean([price.r2, kind.accuracy, sold.accuracy])))
    assert scores.main[1] is not None
    assert scores.baseline is not None
    assert scores.main[1] > scores.baseline + 0.3
    assert kind.baseline == pytest.approx(np.mean(np.array(table["kind"]) == "house"))
    halves = [model.evaluate(cr.read({name: column[part] for name, column in table.items()})) for part in (slice(30), slice(30, None))]
    assert (halves[0] + halves[1]).main[1] == pytest.approx(scores.main[1])
    again = Scores.from_dict(json.loads(json.dumps(scores.to_dict())))
    assert (again.main, again.baseline) == (pytest.approx(scores.main), pytest.approx(scores.baseline))


def test_the_file_of_a_model_keeps_it(model: cr.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m.safetensors")
    again, table = cr.Model.load(tmp_path / "m.safetensors"), cr.read(houses())
    assert again.preparation == model.preparation
    assert again.predict(table).tolist() == model.predict(table).tolist()
    assert again.scores["test"].main == model.scores["test"].main


def test_the_whole_way_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, net, model = written(tmp_path, houses()), tmp_path / "net.toml", str(tmp_path / "m.safetensors")
    net.write_text(HOUSES)
    assert main(["train", data, "--network", str(net), "--epochs", "5", "--folds", "2", "-o", model]) == 0
    out = capsys.readouterr().out
    assert "target kind: 3 classes (flat, house, villa)" in out
    assert "target price: a number" in out
    assert "price R²" in out
    assert "mean over the targets" in out
    assert max(len(line) for line in out.splitlines() if str(tmp_path) not in line) <= 120
    assert main(["evaluate", model, data]) == 0
    said = capsys.readouterr().out
    assert "  kind:\n    accuracy" in said
    assert max(len(line) for line in said.splitlines() if str(tmp_path) not in line) <= 80
    assert main(["predict", model, data, "--probabilities"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "price,kind,sold,kind=flat,kind=house,kind=villa,sold=0,sold=1"
    assert main(["info", model, "--language", "de"]) == 0
    assert "kind Genauigkeit" in capsys.readouterr().out
    for asked in (["--step", "2"], ["--data", data, "--row", "3"]):
        assert main(["explain", model, *asked]) == 0
        assert "E = 0.5 · E_price + E_kind + E_sold" in capsys.readouterr().out


def test_a_run_is_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, path = houses(), tmp_path / "m.safetensors"
    whole = cr.train(table, network=from_toml(HOUSES), epochs=8, engine="written")
    source = written(tmp_path, table)

    class Stop(cr.train.__globals__["Watch"]):
        def epoch(self, report: Any, measure: Any) -> None:
            if report.epoch == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cr.train(source, network=from_toml(HOUSES), epochs=8, engine="written", output=path, watch=Stop())
    resumed = cr.train(source, epochs=8, engine="written", output=path, resume=True)
    assert resumed.predict(cr.read(table)).tolist() == whole.predict(cr.read(table)).tolist()


def test_a_class_that_the_model_does_not_know_counts_as_wrong(model: cr.Model) -> None:
    table = houses(30)
    table["kind"][0] = "castle"
    scores = model.evaluate(cr.read(table))
    assert scores.parts[1].strange is not None
    assert scores.parts[1].strange.sum() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("units = 3", "units = 2"), "the output kind has 2 numbers, but its target kind becomes 3"),
        (('from = "choice"', 'from = "choice", loss = "half_squared"'), "which is no number to regress to"),
        (('"binary_cross_entropy"', '"cross_entropy"'), "the loss cross_entropy does not fit this task"),
        (('"binary_cross_entropy"', '"hinge"'), "hinge compares signs, for which there must be one target; binary_cross_entropy fits"),
        (('loss = "huber"', 'loss = "hinge"'), "these are no classes to learn"),
        (('kind = {target = "kind", from = "choice"}', ""), "leads nowhere"),
    ],
)
def test_what_does_not_fit_is_said(change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        cr.train(houses(), network=from_toml(HOUSES.replace(*change)), epochs=1)


def test_class_weights_are_for_one_target() -> None:
    with pytest.raises(InputError, match="class weights are for one target of classes"):
        cr.train(houses(), network=from_toml(HOUSES), epochs=1, class_weights="balanced")
