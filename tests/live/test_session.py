"""What a page and Python say to each other: networks change, tables are read and learned, nonsense is refused in words."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.live.architecture import architecture, changed, with_numbers
from chainrule.live.session import PageSession
from chainrule.pages.content import MOST_NUMBERS, MOST_UNITS


def ask(session: PageSession, **message: Any) -> dict[str, Any]:
    """The answer, which is none of an error."""
    answer = session.answer(json.dumps({"id": 1, **message}))
    assert "error" not in answer, answer
    assert answer["id"] == 1
    json.dumps(answer, allow_nan=False)
    return answer


def refusal(session: PageSession, **message: Any) -> str:
    """Why it was refused."""
    return str(session.answer(json.dumps({"id": 1, **message}))["error"])


def sent(name: str, content: str | bytes) -> dict[str, str]:
    """A file as a page sends it."""
    plain = content.encode() if isinstance(content, str) else content
    return {"do": "open", "name": name, "base64": base64.b64encode(plain).decode()}


# The network


def test_weights_between_units_that_stay_are_kept():
    seed = problem()
    wider = changed(seed, {"units": 3, "layer": 0})
    assert wider.network.parameters["W1"][:, :2].tolist() == seed.network.parameters["W1"].tolist()
    assert wider.network.parameters["W2"][:2].tolist() == seed.network.parameters["W2"].tolist()
    assert (wider.x == seed.x).all()
    back = changed(wider, {"units": 2, "layer": 0})
    assert back.network.weights == seed.network.weights


def test_a_layer_is_put_in_and_taken_out_and_the_others_keep_their_weights():
    seed = problem()
    deeper = changed(seed, {"insert": 1})
    assert deeper.network.sizes == (2, 2, 2, 1)
    assert deeper.network.parameters["W1"].tolist() == seed.network.parameters["W1"].tolist()
    assert deeper.network.parameters["W3"].tolist() == seed.network.parameters["W2"].tolist()
    assert changed(deeper, {"remove": 1}).network.weights == seed.network.weights


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "hinge", "huber"])
def test_another_loss_has_the_output_and_the_targets_that_fit_it(loss):
    found = changed(problem("2-2-2", target="0.25 3"), {"loss": loss})
    wanted = found.network.loss.output.name
    assert found.network.layers[-1].activation.name == wanted
    assert np.isfinite(found.step().error)


def test_letters_and_language_change_no_number():
    step = problem("xor").step()
    for change in ({"notation": "ng"}, {"language": "de"}):
        found = changed(problem("xor"), change).step()
        assert step.differences(found) == {}
    assert changed(problem(), {"language": "de"}).network.notation.decimal == "comma"
    assert architecture(changed(problem(), {"notation": "ng"}))["notation"] == "ng"


def test_an_optimiser_keeps_the_rate_that_was_chosen():
    assert changed(problem(), {"optimizer": "adam"}).optimizer.options["learning_rate"] == 0.05


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"units": 10**9, "layer": 0}, f"1 to {MOST_UNITS} units"),
        ({"units": 0, "layer": 0}, f"1 to {MOST_UNITS} units"),
        ({"units": True, "layer": 0}, f"1 to {MOST_UNITS} units"),
        ({"inputs": MOST_UNITS + 1}, f"1 to {MOST_UNITS} inputs"),
        ({"activation": "<script>", "layer": 0}, "no activation is called '<script>'"),
        ({"activation": "relu", "layer": 7}, "no layer at place 7"),
        ({"remove": 1}, "no layer at place 1"),
        ({"loss": "x" * 10**6}, "no loss is called"),
        ({"notation": None}, "no notation is called"),
        ({"language": "../en"}, "language"),
        ({}, "one thing is changed at a time"),
        ({"loss": "huber", "draw": True}, "one thing is changed at a time"),
        ({"inputs": 3, "__class__": 1}, "one thing is changed at a time"),
    ],
)
def test_what_cannot_be_is_refused_in_a_short_message(change, why):
    with pytest.raises(cr.InputError) as refused:
        changed(problem(), change)
    assert why in str(refused.value)
    assert len(str(refused.value)) < 2000


def test_a_graph_that_is_no_chain_changes_its_activations_but_not_its_layers():
    graph = {"inputs": 2, "layers": [{"name": "a", "units": 2, "activation": "tanh"}, {"kind": "add", "from": ["x", "a"]}, {"units": 1}]}
    found = problem(graph)
    assert changed(found, {"activation": "relu", "layer": 0}).network.layers[0].activation.name == "relu"
    with pytest.raises(cr.InputError, match="wired otherwise"):
        changed(found, {"insert": 0})
    assert architecture(found)["chain"] is False


def test_new_weights_are_other_ones_for_the_same_network():
    found = changed(problem("2-3-1"), {"draw": True})
    assert found.network.sizes == (2, 3, 1)
    assert found.network.weights != problem("2-3-1").network.weights


# Messages


def test_numbers_of_the_page_are_those_that_a_change_starts_from():
    session = PageSession(problem())
    ask(session, do="numbers", numbers={"W1": [1, 2, 3, 4]})
    assert session.present.network.parameters["W1"].tolist() == [[1, 2], [3, 4]]
    answer = ask(session, do="change", change={"bias": True, "layer": 0}, numbers={"x": [0.5, 7], "learning_rate": [0.125]})
    leaves = answer["page"]["leaves"]
    assert leaves["parameters"]["W1"] == [1, 2, 3, 4]
    assert leaves["inputs"]["x"] == [0.5, 7]
    assert leaves["options"]["learning_rate"] == [0.125]


def test_a_page_that_comes_back_is_told_its_numbers_and_one_that_undoes_stands_where_it_stood():
    session = PageSession(problem())
    place = ask(session, do="begin")["place"]
    ask(session, do="change", change={"units": 3, "layer": 0})
    ask(session, do="numbers", numbers={"W2": [1, 2, 3]})
    assert ask(session, do="begin")["numbers"] == {"W2": [1, 2, 3]}
    ask(session, do="restore", place=place)
    assert session.present.network.weights == problem().network.weights
    assert "too far back" in refusal(session, do="restore", place=99)


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ({"W1": [1, 2, 3]}, "4 numbers, not 3"),
        ({"W1": [1, 2, 3, "NaN"]}, "NaN or infinity"),
        ({"W1": [1, 2, 3, "1e999"]}, "NaN or infinity"),
        ({"W1": [1, 2, 3, None]}, "no number"),
        ({"W1": "1234"}, "are a list"),
        ({"W1": [[1, 2], [3, 4]]}, "no number"),
        ({"<b>": [1]}, "no numbers that are called '<b>'"),
        ([1], "numbers is a table"),
    ],
)
def test_numbers_that_are_none_are_refused_and_change_nothing(numbers, why):
    session = PageSession(problem())
    assert why in refusal(session, do="numbers", numbers=numbers)
    assert session.present.network.weights == problem().network.weights


@pytest.mark.parametrize("text", ["", "nonsense", "1", "null", "[" * 100_000, '{"id": 1, "do": ["x"]}', '{"do": "__init__"}', "9" * 10_000])
def test_what_is_no_message_is_answered_in_words(text):
    assert 10 < len(PageSession(problem()).answer(text)["error"]) < 400


def test_a_problem_with_other_numbers_has_no_others():
    with pytest.raises(cr.InputError, match="no numbers that are called 'm_W1'"):
        with_numbers(problem(optimizer="adam"), {"m_W1": [0, 0, 0, 0]})


# Files


def table(rows: int = 60) -> str:
    """A person's table: a class that follows from two numbers."""
    numbers = np.random.default_rng(0).normal(size=(rows, 2))
    return "\n".join(["a,b,kind", *(f"{a:.3f},{b:.3f},{'yes' if a > b else 'no'}" for a, b in numbers)])


def test_a_table_is_read_by_the_projects_reader_and_its_decisions_are_said():
    session = PageSession(problem())
    answer = ask(session, **sent("<script>alert(1)</script>.csv", table()))
    assert answer["data"]["columns"] == ["a", "b", "kind"]
    assert "target kind: 2 classes (no, yes)" in answer["data"]["lines"][0]
    assert answer["page"]["samples"] == 4
    other = ask(session, do="data", target="a")
    assert other["page"]["samples"] == 4
    assert session.subject.network.loss.name == "half_squared"
    assert "no column '<img>'" in refusal(session, do="data", target="<img>")


def test_rows_with_missing_values_are_left_out_and_that_is_said():
    session = PageSession(problem())
    data = ask(session, **sent("t.csv", f"{table()}\n,1,yes\n"))["data"]
    assert data["drop"] is True
    assert any("1 row" in line for line in data["lines"])
    assert "missing" in refusal(session, do="data", target="kind", drop=False)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("t.csv", b"\x00\x01\x02", "UTF-8"),
        ("t.csv", b"", "t.csv"),
        ("m.safetensors", b"\x00", "no model"),
        ("d.toml", b"inputs = 2\n[[layers]]\nunits = 1000000000\n", "10,000,000"),
        ("d.toml", b"inputs = 9000\n[[layers]]\nunits = 9000\n", f"up to {MOST_NUMBERS:,} weights"),
        ("d.toml", b"inputs = nan\n[[layers]]\nunits = 1\n", "inputs"),
        ("d.json", b'{"format": "chainrule step 1"}', "step"),
        ("d.json", b"{" * 100_000, "d.json"),
        ("d.toml", b"\xff", "UTF-8"),
    ],
)
def test_files_that_are_none_are_refused_and_change_nothing(name, content, why):
    session = PageSession(problem())
    assert why in refusal(session, **sent(name, content))
    assert session.subject.network.weights == problem().network.weights
    assert session.data is None


def test_a_file_that_is_too_large_or_no_base64_is_refused():
    session = PageSession(problem())
    assert "larger than 8 MB" in refusal(session, **sent("t.csv", b"1" * 8_000_001))
    assert "base64" in refusal(session, do="open", name="t.csv", base64="<>")
    assert "characters" in PageSession(problem()).answer(" " * 20_000_000)["error"]


def test_a_description_is_saved_and_opened_again():
    session = PageSession(problem("2-3-1", optimizer="adam"))
    text = ask(session, do="save", numbers={"b1": [1, 2, 3]})["text"]
    other = PageSession(problem())
    ask(other, **sent("mine.toml", text))
    assert other.subject.network.weights == session.present.network.weights
    assert other.subject.optimizer.name == "adam"
    record = problem("mazur").step().to_dict()
    ask(other, **sent("step.json", json.dumps(record)))
    assert other.subject.network.sizes == (2, 2, 2)


def test_a_training_is_watched_and_its_steps_are_those_of_train():
    told: list[dict[str, Any]] = []
    session = PageSession(problem(), tell=told.append)
    assert "train first" in refusal(session, do="step", number=1)
    ask(session, **sent("t.csv", table()))
    ask(session, do="train", epochs=12, batch_size=4, numbers={"learning_rate": [0.02]})
    session.run.thread.join()
    run = told[-1]["run"]
    assert run["state"] == "ended"
    assert run["curve"][-1][0] == 12
    assert any("accuracy" in line for line in run["lines"])
    answer = ask(session, do="step", number=30)
    assert answer["page"]["leaves"]["number"] == 30
    step = session.run.model.step_at(session.run.run.train.x, session.run.run.train.t, 30)
    assert answer["page"]["leaves"]["parameters"]["W1"] == step.parameters["W1"].ravel().tolist()
    assert "no step 1,000" in refusal(session, do="step", number=1000)
    model = base64.b64decode(ask(session, do="model")["base64"])
    other = PageSession(problem())
    ask(other, **sent("m.safetensors", model))
    assert other.subject.network.weights == session.run.model.network.weights


def test_a_training_is_stopped_and_keeps_what_it_has():
    asked = threading.Event()

    def waiting(told):
        if told["run"]["curve"] and told["run"]["state"] == "running":
            asked.wait()

    session = PageSession(problem(), tell=waiting)
    ask(session, **sent("t.csv", table()))
    ask(session, do="train", epochs=100_000, batch_size=4)
    assert "stop it first" in refusal(session, do="train")
    assert "stop it first" in refusal(session, **sent("t.csv", table()))
    ask(session, do="stop")
    asked.set()
    session.run.thread.join()
    assert session.run.state == "ended"
    assert session.run.model.outcome["reason"] == "interrupted"
    assert len(base64.b64decode(ask(session, do="model")["base64"])) > 1000


def test_a_step_on_many_rows_is_shown_on_the_first_of_them_and_says_so():
    session = PageSession(problem())
    ask(session, **sent("t.csv", table()))
    ask(session, do="train", epochs=2, batch_size=40)
    session.run.thread.join()
    answer = ask(session, do="step", number=1)
    assert answer["page"]["samples"] == 12
    assert "40 rows" in answer["note"]


def test_training_settings_that_are_none_are_refused():
    session = PageSession(problem())
    ask(session, **sent("t.csv", table()))
    for settings in ({"epochs": 0}, {"epochs": 10**9}, {"epochs": "all"}, {"batch_size": True}):
        assert "whole number" in refusal(session, do="train", **settings)
