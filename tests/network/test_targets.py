"""Class numbers as targets become one-hot, by every door, and it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.network.targets import read_targets
from chainrule.render.plain import plain

X = [[1, 2], [3, 1], [0, 1], [1, 1], [2, 0]]
ONE_HOT = np.eye(3)[[0, 1, 2, 2, 1]]


def network(loss: str = "cross_entropy", activation: str | None = None, outputs: int = 3) -> cr.Network:
    return cr.Network(2, cr.dense(2, "tanh"), cr.dense(outputs, activation), loss=loss)


@pytest.mark.parametrize("t", [[0, 1, 2, 2, 1], [1, 2, 3, 3, 2], [[0], [1], [2], [2], [1]], np.array([0, 1, 2, 2, 1]), [[0, 1, 2, 2, 1]]])
@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("cross_entropy", None),
        ("cross_entropy_from_logits", None),
        ("kl", None),
        ("binary_cross_entropy", None),
        ("half_squared", "sigmoid"),
    ],
)
def test_class_numbers_are_one_hot(loss: str, activation: str | None, t: Any) -> None:
    step = network(loss, activation).step(X, t)
    np.testing.assert_array_equal(step.t, ONE_HOT)
    assert step.differences(network(loss, activation).step(X, ONE_HOT)) == {}
    assert step.origin["classes"] == {"y": int(np.min(t))}


def test_what_is_one_hot_already_stays_as_it_is() -> None:
    for t, x in ((ONE_HOT, X), ([0, 0, 1], [1, 2]), ([[0.2, 0.3, 0.5]], [[1, 2]])):
        step = network().step(x, t)
        np.testing.assert_array_equal(step.t, np.atleast_2d(t))
        assert "classes" not in step.origin


def test_as_many_samples_as_classes_decide_what_a_flat_list_is() -> None:
    t, classes = read_targets(network(), [0, 0, 1], rows=3)
    np.testing.assert_array_equal(t, np.eye(3)[[0, 0, 1]])
    assert classes == {"y": 0}
    t, classes = read_targets(network(), [0, 0, 1], rows=1)
    np.testing.assert_array_equal(t, [[0, 0, 1]])
    assert classes == {}


def test_one_number_a_sample_may_stand_in_a_flat_list() -> None:
    one = cr.Network(2, cr.dense(1))
    np.testing.assert_array_equal(one.step(X, [1, 2, 3, 4, 5]).t, np.array([[1, 2, 3, 4, 5]]).T)


def test_the_classes_of_one_output_of_several() -> None:
    graph = cr.Network(
        {"x": 2}, lambda x: {"price": cr.dense(1)(x), "kind": cr.dense(3)(x)}, loss={"price": "half_squared", "kind": "cross_entropy"}
    )
    for t in ({"price": [[1], [2]], "kind": [2, 0]}, [[1, 2], [2, 0]], [[1, 0, 0, 1], [2, 1, 0, 0]]):
        np.testing.assert_array_equal(graph.step(X[:2], t).t, [[1, 0, 0, 1], [2, 1, 0, 0]])


@pytest.mark.parametrize(
    ("t", "message"),
    [
        ([0, 1, 3, 0, 1], "holds the class 3, but there are 3 outputs: classes are numbered 0 to 2, or 1 to 3"),
        ([0, -1, 1, 0, 1], "holds the class -1"),
        ([[0.5], [1], [1], [1], [1]], "0.5, which is no class number"),
    ],
)
def test_what_is_no_class_number_is_refused(t: Any, message: str) -> None:
    with pytest.raises(cr.InputError, match=message):
        network().step(X, t)


def test_numbers_that_are_no_classes_need_one_for_each_output() -> None:
    for loss, activation in (("half_squared", None), ("hinge", None)):
        with pytest.raises(cr.ShapeError):
            network(loss, activation).step(X, [0, 1, 2, 2, 1])


def test_it_is_said_on_the_command_line_in_descriptions_and_in_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = ["--input", "1 2; 3 1; 0 1; 1 1; 2 0", "--target"]
    texts = []
    for target in ("0; 1; 2; 2; 1", "0 1 2 2 1"):
        assert main(["explain", "2-3-3", "--loss", "ce", *numbers, target, "--detail", "overview"]) == 0
        texts.append(" ".join(capsys.readouterr().out.split()))
    assert texts[0] == texts[1]
    assert "counted from 0, and are written one-hot: the 1 of class 0 stands at t1." in texts[0]
    described = {"inputs": 2, "loss": "cross_entropy", "layers": [{"units": 3}], "data": {"x": X[1:], "t": [2, 3, 3, 2]}}
    problem = cr.problem_from(described)
    np.testing.assert_array_equal(problem.t, ONE_HOT[1:])
    problem.step().save(tmp_path / "step.json")
    for source in (described, tmp_path / "step.json"):
        text = " ".join(plain(cr.problem(source, language="de").explain(detail="overview")).split())
        assert "von 1 an gezählt, und sind hier 1-aus-n-kodiert (one-hot): Die 1 der Klasse 2 steht bei t2." in text


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("012", "the 1 of class 1 stands at t2"),
        ("123", "the 1 of class 2 stands at t2"),
        (["green", "red", "violet"], "the 1 of red stands at t2"),
    ],
)
def test_a_column_of_labels(labels: Any, said: str, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [f"{x},{y},{labels[place]}" for (x, y), place in zip(X, [0, 1, 2, 2, 1], strict=True)]
    table.write_text("\n".join(["width,height,label", *rows]) + "\n", encoding="utf-8")
    whole = cr.problem("2-2-3", loss="cross_entropy", data=table)
    np.testing.assert_array_equal(whole.t, ONE_HOT)
    one = cr.problem("2-2-3", loss="cross_entropy", data=table, row=2, target_columns="label")
    np.testing.assert_array_equal(one.t, [[0, 1, 0]])
    text = " ".join(plain(one.explain()).split())
    assert said in text
    assert ("t2 red" if "red" in said else f"t2 label {labels[1]}") in text


def test_labels_that_are_too_many_or_too_few_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b,label\n1,2,red\n2,3,blue\n", encoding="utf-8")
    with pytest.raises(cr.InputError, match=r"column 'label', has 2 classes \(blue, red\), but the network has 3 outputs"):
        cr.problem("2-2-3", loss="cross_entropy", data=table)
