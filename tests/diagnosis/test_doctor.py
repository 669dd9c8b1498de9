"""The doctor finds what was made sick, is silent about what is well, and prescribes nothing that makes things worse."""

import importlib.util
import itertools
import json
import pickle
import runpy
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from tests.diagnosis.sick import SICK, case, healthy, ordered, sgd
from tests.samples import some

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.base.frozen import replace
from chainrule.cli import main
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.criteria import Finding, found, load_criteria, sentence
from chainrule.diagnosis.cures import CURES, Treatment, standardised_inputs
from chainrule.diagnosis.examination import Diagnosis, Disease, advice, cured, examined, what_to_do
from chainrule.document.languages import de, en
from chainrule.document.words import Words
from chainrule.network.definitions import find

ROOT = Path(__file__).parent.parent.parent
SCHEMA = json.loads(files("chainrule").joinpath("diagnosis/diagnosis.schema.json").read_text(encoding="utf-8"))


def valid(diagnosis: Diagnosis) -> None:
    """Fits the published schema, and can be said in both languages."""
    plain = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)
    for language in ("en", "de"):
        assert all("{" not in line for _, line in diagnosis.lines(Words(language)))


@pytest.mark.parametrize(
    ("key", "seed"), some(itertools.product(SICK, range(10)), lambda case: case[1] == 0 and list(SICK).index(case[0]) % 2 == 0)
)
def test_what_was_made_sick_is_found(key: str, seed: int) -> None:
    diagnosis = examined(SICK[key](seed), key)
    assert key in diagnosis.keys
    valid(diagnosis)
    for disease in diagnosis.diseases:
        assert disease.cure is None or disease.cure.with_it < disease.cure.without


@pytest.mark.parametrize("seed", some(range(20), 5))
def test_nothing_is_found_in_what_is_well(seed: int) -> None:
    diagnosis = examined(healthy(seed), "healthy")
    assert diagnosis.keys == []
    valid(diagnosis)


REAL = [
    "iris", "wine", "breast cancer", "digits", "diabetes", "penguins, species", "penguins, sex", "penguins, mass", "cars, consumption",
    "cars, origin", "barley", "weather",
]  # fmt: skip
"""The sets of docs/training.md; in the weather of Seattle, drizzle is rare and never found."""


@pytest.mark.parametrize("name", some(REAL, lambda name: name == "wine"))
def test_on_real_tables_trained_by_default_it_is_silent_or_right(name: str) -> None:
    spec = importlib.util.spec_from_file_location("scores", ROOT / "benchmarks" / "scores.py")
    assert spec is not None
    assert spec.loader is not None
    scores = importlib.util.module_from_spec(spec)
    sys.modules["scores"] = scores
    spec.loader.exec_module(scores)
    assert set(scores.SETS) == set(REAL)
    table, target = scores.SETS[name][0](), scores.SETS[name][1]
    model = cr.train(table, target=target)
    keys = cr.doctor(model, data=table).keys
    assert keys == (["class_never_found"] if not all(one.recall for one in model.scores["test"].per_class) else [])


@pytest.mark.parametrize("key", ["inputs_unscaled", "rate_too_large", "bounded_output"])
def test_with_every_cure_taken_it_is_well(key: str) -> None:
    diagnosis = examined(SICK[key](1), key)
    well, cures = cured(diagnosis)
    assert cures
    assert examined(well, key).healthy
    assert well.trial.last < diagnosis.case.trial.last


def test_what_is_so_at_the_end_of_a_trial_alone_says_so() -> None:
    x, t = ordered(3)
    made = case(x, t, cr.dense(10, "relu"), seed=3, rule=sgd(30.0))
    for finding in found(made, "dead_units", "saturation", "mean_predicted"):
        assert sentence(Words(), finding).endswith(f"This is so after {made.trial.steps} steps of a trial.") == (made.trial.end is not None)
    dead = next(found(SICK["dead_units"](1), "dead_units"))
    assert "trial" not in sentence(Words(), dead)
    y = np.hstack([t, 2 * t + 3])
    both = next(found(replace(case(x, y), trained=case(x, y).network.replaced(layers=constant(y))), "mean_predicted"))
    assert sentence(Words(), both) == (
        "All 200 predictions are next to the means of the targets: the inputs make no difference. This is so after the training."
    )


def constant(t: np.ndarray) -> list[Any]:
    """A layer that gives the mean of the targets, whatever its inputs are."""
    return [cr.dense(t.shape[1], "identity", weights=np.zeros((3, t.shape[1])).tolist(), bias=t.mean(axis=0).tolist())]


def test_what_is_still_there_when_its_cause_is_cured_has_a_cause_of_its_own() -> None:
    made = SICK["dead_units"](2)
    network = made.network.with_parameters({"b1": 2e4 * made.network.parameters["b1"]})
    unscaled = made.changed(network=network, x=made.x * [3000.0, *[1.0] * (made.x.shape[1] - 1)])
    diseases = {disease.finding.key: disease for disease in examined(unscaled, "both").diseases}
    assert {"inputs_unscaled", "dead_units"} <= diseases.keys()
    assert diseases["inputs_unscaled"].cure is not None
    assert all(effect.cured for effect in diseases["inputs_unscaled"].all if effect.cured is not None)


@pytest.mark.parametrize(
    ("activation", "target", "cure"),
    [
        ("sigmoid", "5; 7; 6", "output"),
        ("tanh", "3; -2; 0.5", "output"),
        ("relu", "-2; -1; -3", "output"),
        ("sigmoid", "1.4; -0.3; 0.9", None),
    ],
)
def test_no_rate_makes_up_for_targets_that_the_output_cannot_give(activation: str, target: str, cure: str | None) -> None:
    given = {"output_activation": activation, "input": "1 2; 0 1; 1 1", "target": target, "learning_rate": 0.1}
    diagnosis = cr.doctor("2-3-1", **given)
    assert diagnosis.diseases[0].finding.key == "bounded_output"
    assert diagnosis.rates["recommended"] is None
    assert not diagnosis.told or diagnosis.told[-1].numbers["how"] == "bounded"  # nothing is told where the gradient is 0
    found = diagnosis.diseases[0].cure
    assert found is not None
    assert cure in (found.treatment.key, None)
    valid(diagnosis)


@pytest.mark.parametrize(("rule", "rate"), [("sgd", 1e-4), ("adam", 1.0)])
def test_the_rate_of_a_finding_is_the_one_that_was_tried(rule: str, rate: float) -> None:
    network = cr.Network(3, cr.dense(4, "tanh"), cr.dense(2, "identity"), seed=5)
    x = np.random.default_rng(5).normal(size=(9, 3))
    t = np.sin(x @ [[2, 1], [-1, 3], [1, -2]])
    diagnosis = cr.doctor(network, input=x.tolist(), target=t.tolist(), optimizer=rule, learning_rate=rate)
    told = [disease for disease in diagnosis.diseases if "better" in disease.finding.numbers]
    assert told, str(diagnosis)
    for disease in told:
        assert disease.cure is not None
        assert disease.cure.treatment.values["rate"] == disease.finding.numbers["better"]


def test_what_was_tried_without_success_is_named_and_not_advised() -> None:
    made = SICK["overfitting"](1)
    penalties = [Treatment("penalty", made, {"rate": rate}) for rate in (0.001, 0.01)]
    disease = Disease(Finding("overfitting"), tried=[penalties, [Treatment("units", made, {"units": "8"})]])
    assert what_to_do(Words(), disease) == (
        "Tried, and none makes it a tenth better: with the penalty l2, rate 0.001 … with the penalty l2, rate 0.01; with 8 hidden units. "
        "To do: more rows."
    )
    for words in (en.WORDS, de.WORDS):
        assert not [text for key, text in words.items() if key.startswith("doctor.advice.") and key.endswith(".tried") and "--" in text]


def test_targets_that_are_all_the_same_are_nothing_to_learn() -> None:
    x, t = ordered(4)
    for same in (t * 0 + 7, np.eye(3)[np.ones(200, dtype=int)]):
        made = examined(case(x, same, cr.dense(4, "tanh")), "same")
        assert "nothing_to_learn" in made.keys
        assert "imbalance" not in made.keys
        assert "All 200 rows have the same target" in str(made)


def test_a_column_is_left_out_by_an_option_that_can_be_typed() -> None:
    made = SICK["leaking_column"](1)
    for columns, typed in (((), "To do: leave it out, unless"), ([f"a {place}" for place in range(made.x.shape[1])], 'ignore="a ')):
        assert typed in advice(Words(), next(found(replace(made, columns=columns), "leaking_column")))


def test_every_criterion_says_what_it_is_in_both_languages() -> None:
    table = load_criteria()
    assert set(CURES) <= set(table)
    for key, row in table.items():
        assert row.threshold
        assert row.source
        assert row.blind
        assert set(row.after) <= set(table), key
        for words in (en.WORDS, de.WORDS):
            assert any(text == f"doctor.{key}" or text.startswith(f"doctor.{key}.") for text in words)
            if key in ("worse_than_guessing", "overfitting"):
                assert {f"doctor.{key}.{measure}" for measure in ("accuracy", "r2", "mixed")} <= {*words}


def test_the_page_has_a_row_and_a_picture_of_every_disease() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "doctor" / "draw.py"))
    assert script["table"]() in (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8"), "python docs/doctor/draw.py makes it anew"
    assert {path.stem for path in (ROOT / "docs" / "doctor").glob("*.svg")} == set(load_criteria())
    assert script["bars"]("overfitting", [("one", 0.5), ("two", 0.9)]).startswith("<svg")


def test_every_criterion_is_tried() -> None:
    assert set(SICK) == set(load_criteria())


def test_training_ends_with_a_line_where_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    rows = "\n".join(",".join(f"{number:.3f}" for number in random.normal(size=4)) for _ in range(60))
    Path("noise.csv").write_text(f"a,b,c,y\n{rows}\n", encoding="utf-8")
    assert main(["train", "noise.csv", "--target", "y", "--epochs", "150"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "It is worse than guessing: on 9 rows that it never saw, R² is −" in out
    assert "Why: chainrule doctor model.safetensors" in out
    assert main(["doctor", "model.safetensors"]) == 1
    assert "There is nothing to learn" in capsys.readouterr().out


# The command


def test_the_command_has_the_exit_code_of_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "xor"]) == 0
    assert "Nothing was found in xor" in capsys.readouterr().out
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "1. The inputs are not scaled" in out
    assert "\n  ↳ The learning rate 0.05 is too large" in out
    assert "Learning rates below 0.0189 lower the error of the first step." in out
    assert "every learning rate tried from 0.000148 to 0.0172" in " ".join(out.split())
    assert pickle.loads(pickle.dumps(cr.doctor())).told == cr.doctor().told
    assert main(["doctor", "--language", "de"]) == 1
    assert "Die Lernrate 0,05 ist zu groß" in capsys.readouterr().out


def test_the_diagnosis_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 1
    plain = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)
    assert plain["rates"] == {"lowers_below": 0.0189, "converges_below": 0.0172, "recommended": 0.00766}
    assert [one["disease"] for one in plain["diseases"]] == ["inputs_unscaled"]
    assert [one["disease"] for one in plain["diseases"][0]["effects"]] == ["rate_too_large"]


def test_what_is_cured_is_written_and_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = str(tmp_path / "cured.toml")
    assert main(["doctor", "--apply", output]) == 1
    assert f"wrote {output}" in capsys.readouterr().out
    assert tomllib.loads(Path(output).read_text(encoding="utf-8"))["data"]["t"] == [[4.0]]
    assert main(["doctor", output]) == 0
    assert main(["doctor", "xor", "--apply", output]) == 2
    assert "there is no cure to be written" in capsys.readouterr().err


def test_a_model_is_examined_on_its_own_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "iris.safetensors")
    model = cr.train("data:iris", target="species", output=path)
    assert main(["doctor", path]) == 0
    assert main(["doctor", path, "--learning-rate", "1"]) == 2
    assert repr(cr.doctor(model)) == "<Diagnosis of 4-32-3: healthy>"
    assert main(["predict", path, "data:iris"]) == 0
    assert "chainrule doctor" not in capsys.readouterr().err


@pytest.fixture
def short_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a model that has learned too little."""
    monkeypatch.chdir(tmp_path)
    cr.train("data:iris", target="species", epochs=20, output="iris.safetensors")


def test_a_training_whose_rate_was_too_small_is_told_that_before_its_effects() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(120, 3))
    rows = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "t": x @ [3.0, -1.0, 2.0] + random.normal(0, 0.1, 120)}
    model = cr.train(rows, target="t", optimizer="sgd", learning_rate=1e-6, epochs=30)
    diagnosis = cr.doctor(model, data=rows)
    assert diagnosis.diseases[0].finding.key == "rate_too_small"
    assert diagnosis.diseases[0].cure.treatment.options.keys() == {"learning_rate"}
    assert {"underfitting", "worse_than_guessing"} & {effect.finding.key for effect in diagnosis.diseases[0].effects}
    well = cr.train(rows, target="t", optimizer="sgd", learning_rate=0.05, epochs=100)
    assert "rate_too_small" not in cr.doctor(well, data=rows).keys


@pytest.mark.usefixtures("short_training")
def test_a_model_is_cured_by_a_command_that_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "iris.safetensors"]) == 1
    command = "chainrule train data:iris --target species --epochs 100 --output cured.safetensors"
    assert capsys.readouterr().out.endswith(f"\n\nTo train it so: {command}\n")
    assert main(["doctor", "iris.safetensors", "--apply", "cured.toml"]) == 1
    command = capsys.readouterr().out.partition("wrote cured.toml\n\nTo train it so: chainrule ")[2]
    assert "--network cured.toml --epochs" in command
    assert main(command.split()) == 0
    assert main(["doctor", "cured.safetensors"]) == 0
    assert main(["doctor", "cured.safetensors", "--apply", "again.toml"]) == 2
    assert "there is no cure to be written to again.toml: nothing was found." in capsys.readouterr().err


def test_of_a_described_network_and_of_data_in_python_what_is_printed_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text("inputs = 4\n[[layers]]\nunits = 8\n[[layers]]\nunits = 3\n", encoding="utf-8")
    cr.train("data:iris", target="species", network="net.toml", epochs=3, learning_rate=1e-5, output="described.safetensors")
    assert main(["doctor", "described.safetensors"]) == 1
    command = capsys.readouterr().out.splitlines()[-1]
    assert main(command.split()[1:]) == 1
    again = capsys.readouterr().out.splitlines()[-1].partition("chainrule ")[2]
    assert main(again.split()) == 0
    Path("cured.safetensors").unlink()
    capsys.readouterr()
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 2))
    rows = {"a": x[:, 0], "b": x[:, 1], "t": x @ [3.0, -1.0]}
    cr.train(rows, target="t", epochs=3, learning_rate=1e-5, output="python.safetensors")
    np.savetxt("rows.csv", np.stack([*rows.values()], axis=1), delimiter=",", header="a,b,t", comments="")
    assert main(["doctor", "python.safetensors", "--data", "rows.csv"]) == 1
    typed = capsys.readouterr().out.splitlines()[-1].partition("chainrule ")[2]
    assert typed.startswith("train rows.csv")
    assert main(typed.split()) == 0
    assert "…" not in command + again + typed


def labelled(seed: int, flipped: float, apart: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Rows of two classes so far apart, of which a share is called otherwise; and the share of them that nobody can find."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, 600)
    x = random.normal(size=(600, 3)) + apart * y[:, None] * [1, 0, 0]
    return {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": np.where((y == 1) ^ (random.random(600) < flipped), "yes", "no")}, y


@pytest.mark.parametrize(("flipped", "apart", "found"), [(0.4, 4.0, True), (0.05, 4.0, False), (0.0, 1.2, False)])
def test_labels_that_are_others_are_told_from_classes_that_overlap(flipped: float, apart: float, found: bool) -> None:
    rows, truth = labelled(1, flipped, apart)
    diagnosis = cr.doctor(cr.train(rows, target="y", epochs=60), data=rows)
    assert (diagnosis.keys == ["noisy_labels"]) == found
    if found:  # the share that is said is that of the labels which were turned, within three standard errors
        numbers = diagnosis.diseases[0].finding.numbers
        turned = np.mean((rows["y"] == "yes") != (truth == 1))
        assert abs(float(numbers["percent"]) / 100 - turned) < 3 * np.sqrt(0.25 / float(numbers["rows"]))


@pytest.mark.parametrize("options", some([{"loss": "half_squared"}, {"task": "regress"}], 2))
def test_yes_and_no_with_a_loss_of_numbers(options: dict[str, str]) -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=(120, 2))
    rows = {"a": x[:, 0], "b": x[:, 1], "y": (x[:, 0] > x[:, 1]) * 1}
    diagnosis = cr.doctor(cr.train(rows, target="y", **options), data=rows)
    assert diagnosis.keys == ["wrong_loss"]
    assert "is yes or no" in str(diagnosis)
    assert cr.doctor(cr.train(rows, target="y"), data=rows).healthy


def test_rows_that_test_of_another_kind_are_not_learned_by_heart() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(200, 2))
    t = x @ [2.0, 1.0]
    order = np.argsort(t)
    rows = {"a": x[order, 0], "b": x[order, 1], "t": t[order]}
    diagnosis = cr.doctor(cr.train(rows, target="t", test="last"), data=rows)
    assert diagnosis.diseases[0].finding.key == "other_rows"
    assert "overfitting" not in diagnosis.keys
    assert cr.doctor(cr.train(rows, target="t"), data=rows).healthy


@pytest.mark.usefixtures("short_training")
def test_a_checkpoint_and_a_recorded_step_are_examined(capsys: pytest.CaptureFixture[str]) -> None:
    Path("iris.safetensors").rename("iris.safetensors.checkpoint")
    assert main(["doctor", "iris.safetensors.checkpoint"]) == 1
    assert "It has not learned what is there" in capsys.readouterr().out
    for exact in ([], ["--exact"]):
        assert main(["explain", *exact, "-o", "step.json"]) == 0
        assert main(["doctor", "step.json"]) == 1
        assert "1. The inputs are not scaled: x2 has the size 12" in capsys.readouterr().out
    third = next(itertools.islice(problem("2-2-1", optimizer="adam").steps(), 2, None))
    diagnosis = cr.doctor(third)
    assert diagnosis.drawn
    assert "1 row was drawn at random" in str(diagnosis)
    with pytest.raises(cr.InputError, match="has its own rows"):
        cr.doctor(third, learning_rate=1)


def test_tokens_are_no_numbers_to_be_scaled_and_pixels_have_one_scale() -> None:
    random = np.random.default_rng(0)
    tokens = random.integers(0, 40, (60, 4))
    network = cr.Network(cr.tokens(4, 40), cr.embedding(3, 40), cr.flatten(), cr.dense(1), seed=1)
    found = examined(Case(network, tokens, random.normal(size=(60, 1)), find("optimizer", "adam")), "tokens")
    assert not {"inputs_unscaled", "start_too_large"} & {*found.keys}
    images = random.normal(size=(60, 9)) * [0.01, *[1] * 8]  # a corner that is nearly always the same
    network = cr.Network(cr.image(3, 3), cr.conv(2, 2), cr.flatten(), cr.dense(1), seed=1)
    made = Case(network, images, images[:, 4:5], find("optimizer", "adam"))
    assert "inputs_unscaled" not in examined(made, "images").keys
    assert "inputs_unscaled" in examined(made.changed(x=images * 100), "bright").keys
    cure = next(standardised_inputs(made.changed(x=images * 100)))
    assert np.isclose(cure.case.x.std(), 1)
    assert cure.case.x[:, 0].std() < 0.1


@pytest.mark.parametrize("form", ["7x7x1:c2k3s2-bn-g-4", "6x6x2:c3k3-g-4-2"])
def test_layers_that_take_places_together_are_examined(form: str) -> None:
    """Their δ has other axes than that of the layer above."""
    assert "vanishing" not in cr.doctor(form).keys
