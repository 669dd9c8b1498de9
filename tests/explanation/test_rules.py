"""What is said of an update rule is true of networks that nobody chose."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

import chainrule.network.schedules  # noqa: F401 — importing is registering
from chainrule.api.problems import problem
from chainrule.document.document import Inline, TableBlock
from chainrule.explanation.explain import contexts
from chainrule.explanation.rules import beside_plain, told
from chainrule.formula import primitives as p
from chainrule.network.definitions import REGISTRY, optimizer
from chainrule.notation.text import formula_text
from chainrule.steps.problem import Problem

NUMBER = r"(−?[\d.]+(?: · 10\^−?\d+)?)"


def spoken(text: Inline) -> str:
    return "".join(part if isinstance(part, str) else formula_text(part) for part in text).replace("≈", "")


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(" · 10^", "e"))


def sentences(found: Problem, step: int = 1) -> list[str]:
    (context,) = contexts(found, step=step, detail="scalar")
    return [spoken(line) for line in told(context)]


SHARES = st.floats(0.05, 0.95).map(lambda share: round(share, 3))
RULES = st.one_of(
    st.builds(lambda a, b: {"name": "adam", "beta1": a, "beta2": b, "learning_rate": 0.03}, SHARES, SHARES),
    st.builds(lambda a, d: {"name": "adamw", "beta1": a, "decay": d, "learning_rate": 0.02}, SHARES, SHARES),
    st.builds(lambda m: {"name": "momentum", "momentum": m}, SHARES),
    st.builds(lambda m: {"name": "nesterov", "momentum": m}, SHARES),
    st.builds(lambda d: {"name": "rmsprop", "decay": d}, SHARES),
    st.just({"name": "adagrad"}),
)


@st.composite
def trained(draw) -> tuple[Problem, int]:
    """A small network with a rule and a few steps of it."""
    rule = {**draw(RULES), **draw(st.sampled_from([{}, {}, {"clip_norm": 0.2}, {"clip_value": 0.05}]))}
    found = problem(
        draw(st.sampled_from(["2-2-1", "1-3-2", "3-1", "2-2-2-1"])),
        seed=draw(st.integers(0, 999)),
        optimizer=rule,
        activation=draw(st.sampled_from(["tanh", "sigmoid", "relu"])),
    )
    return found, draw(st.integers(1, 5))


@examples(40)
@given(trained())
def test_what_a_state_remembers_is_told_with_its_shares(case):
    """The states, added up anew from the gradients of all steps with the numbers of the sentences."""
    found, count = case
    steps = list(itertools.islice(found.steps(), count))
    said = sentences(found, count)
    key = next(iter(found.network.parameters))
    gradients = [step.updates.get(f"d{key}_clipped", step.gradients[key]) for step in steps]
    kinds = {
        rf"^(\w) is a moving average of the gradients.*keeps {NUMBER} of it and adds {NUMBER}": 1,
        rf"^(\w) is a moving average of the squared gradients.*keeps {NUMBER} of it and adds {NUMBER}": 2,
        rf"^(\w) is a velocity.*each step keeps {NUMBER}()": 1,
        r"^(\w) adds up the squared gradients()()": 2,
    }
    recognised = 0
    for line in said:
        for pattern, power in kinds.items():
            if match := re.search(pattern, line):
                keep, take = (number(group) if group else 1.0 for group in (match[2], match[3]))
                expected = sum(take * keep ** (count - 1 - n) * gradient**power for n, gradient in enumerate(gradients))
                np.testing.assert_allclose(steps[-1].new_states[f"{match[1]}_{key}"], expected, rtol=1e-5, atol=1e-12)
                recognised += 1
        if match := re.search(rf"^(\w)̂ makes up.*add up to {NUMBER} in this step", line):
            states = steps[-1].new_states[f"{match[1]}_{key}"]
            np.testing.assert_allclose(steps[-1].updates[f"{match[1]}_hat_{key}"] * number(match[2]), states, rtol=1e-5, atol=1e-12)
            first = steps[0].updates[f"{match[1]}_hat_{key}"]
            np.testing.assert_allclose(first, gradients[0] ** (2 if "square" in line else 1), rtol=1e-9, atol=1e-15)
        if match := re.search(rf"towards about {NUMBER} times.*about {NUMBER} times the last", line):
            keep = number(re.search(rf"keeps {NUMBER}", line)[1])
            steady, changing = [0.0], [0.0]
            for n in range(2000):
                steady.append(keep * steady[-1] + 1)
                changing.append(keep * changing[-1] + (-1) ** n)
            assert steady[-1] == pytest.approx(number(match[1]), rel=6e-3)
            assert abs(changing[-1]) == pytest.approx(number(match[2]), rel=6e-3)
    assert recognised == len(steps[0].states) / len(found.network.parameters)


def moves(found: Problem, step: int = 1) -> dict[str, np.ndarray]:
    one = next(itertools.islice(found.steps(), step - 1, None))
    return {key: one.new_parameters[key] - one.parameters[key] for key in one.parameters}


@pytest.mark.parametrize("rule", ["adam", "adamw", "adagrad", "rmsprop", "momentum", "nesterov"])
def test_a_step_that_does_not_grow_with_its_gradients(rule):
    """Ten equal samples added up have ten times the gradient of their mean."""
    rows = {"input": "; ".join(["1 -2"] * 10), "target": "; ".join(["0.7"] * 10)}
    mean, total = (problem("2-2-1", seed=4, optimizer=rule, batch=batch, **rows) for batch in ("mean", "sum"))
    for count in (1, 2):
        claimed = any("ten times" in line for line in sentences(mean, count))
        steps = [list(itertools.islice(one.steps(), count)) for one in (mean, total)]
        if count == 1:
            grown = [np.allclose(a, b, rtol=2e-3, atol=1e-9) for a, b in zip(moves(mean).values(), moves(total).values(), strict=True)]
            assert claimed == all(grown), (rule, steps[0][0].gradients)
    assert claimed == (rule not in ("momentum", "nesterov"))


def test_where_gradients_are_next_to_nothing_the_step_does_grow_with_them():
    tiny = problem("1-1", optimizer="adam", weights="0.5 0.5", input="1", target="1.000000003")
    assert not any("ten times" in line for line in sentences(tiny))


def test_weight_decay_takes_a_share_of_a_weight_without_a_gradient():
    found = problem("2-1", optimizer="adamw:decay=0.3,learning_rate=0.2", weights="0.5 -0.25 0", input="0 1", target="3")
    (line,) = [line for line in sentences(found) if "weight decay" in line]
    share = number(re.search(rf"loses {NUMBER} of itself", line)[1])
    assert share == pytest.approx(0.06)
    assert moves(found)["W1"][0, 0] == pytest.approx(-share * 0.5)
    assert not any("decay" in line for line in sentences(problem("2-1", optimizer="adam")))


@examples(20)
@given(st.floats(0.01, 3).map(lambda limit: round(limit, 3)), st.integers(0, 99), st.integers(1, 3))
def test_clipping_says_what_it_cuts(limit, seed, step):
    for option in ("clip_norm", "clip_value"):
        found = problem("2-3-2", seed=seed, optimizer={"name": "sgd", option: limit})
        one = next(itertools.islice(found.steps(), step - 1, None))
        gradients = np.concatenate([one.gradients[key].ravel() for key in one.parameters])
        (line,) = [line for line in sentences(found, step) if line.startswith("Clipping")]
        if option == "clip_value":
            assert f"{np.count_nonzero(np.abs(gradients) > limit)} of {gradients.size} lie beyond" in line
            continue
        norm = float(np.linalg.norm(gradients))
        assert number(re.search(rf"have the length {NUMBER}", line)[1]) == pytest.approx(norm, rel=1e-5)
        if norm > limit:
            assert number(re.search(rf"multiplied by {NUMBER}", line)[1]) == pytest.approx(limit / norm, rel=1e-5)
        else:
            assert "nothing is cut" in line


@pytest.mark.parametrize("schedule", [name for name in REGISTRY["schedule"] if name != "constant"])
def test_a_schedule_tells_this_rate_and_the_next(schedule):
    found = problem("2-2-1", learning_rate=f"{schedule}:rate=0.1", optimizer="momentum")
    for step in (1, 4):
        rates = [float(one.updates["learning_rate"]) for one in itertools.islice(found.steps(), step - 1, step + 1)]
        (line,) = [line for line in sentences(found, step) if "schedule" in line]
        told_rates = re.search(rf": {NUMBER} in this step, {NUMBER} in the next", line)
        assert [number(told_rates[1]), number(told_rates[2])] == pytest.approx(rates, rel=1e-5)


@examples(30)
@given(trained())
def test_plain_gradient_descent_stands_beside_the_step(case):
    found, count = case
    (context,) = contexts(found, step=count, detail="scalar", extent="all")
    step = context.step
    blocks = beside_plain(context)
    rate = step.optimizer.options["learning_rate"]
    plain = {key: -rate * step.gradients[key] for key in step.parameters}
    own = {key: step.new_parameters[key] - step.parameters[key] for key in step.parameters}
    lengths = [float(np.sqrt(sum(np.sum(one**2) for one in side.values()))) for side in (plain, own)]
    text = spoken(blocks[1].text)
    if "this very step" in text:
        assert all(np.allclose(own[key], plain[key], rtol=1e-9, atol=1e-12) for key in own)
        assert ("carried over" in text) <= (count == 1)
        return
    said = re.search(rf"length {NUMBER} \(.*length {NUMBER}\.$", text)
    assert [number(said[1]), number(said[2])] == pytest.approx(lengths, rel=1e-5)
    (table,) = [block for block in blocks if isinstance(block, TableBlock)]
    rows = [[number(spoken(cell)) for cell in row[1:]] for row in table.rows]
    expected = [(step.gradients[k].T.ravel(), plain[k].T.ravel(), own[k].T.ravel()) for k in step.parameters]
    np.testing.assert_allclose(rows, np.concatenate([np.stack(columns, axis=1) for columns in expected]), rtol=1e-5, atol=1e-15)


def test_plain_gradient_descent_has_nothing_to_tell():
    (context,) = contexts(problem("seed"))
    assert told(context) == []
    assert beside_plain(context) == []


def test_a_persons_own_rule_is_told_by_what_it_does(monkeypatch):
    monkeypatch.setitem(REGISTRY, "optimizer", dict(REGISTRY["optimizer"]))

    @optimizer
    def lion(w, g, m, *, learning_rate=0.01, beta=0.8):
        m = beta * m + (1 - beta) * g
        return w - learning_rate * p.sign(m), m

    @optimizer
    def odd(w, g, s, *, learning_rate=0.01):
        s = s + p.sin(g) * w
        return w - learning_rate * (g + s), s

    said = " ".join(sentences(problem("2-2-1", optimizer="lion")))
    assert "m is a moving average of the gradients" in said
    assert "keeps 0.8 of it and adds 0.2" in said
    assert "ten times as large" in said
    assert sentences(problem("2-2-1", optimizer="odd")) == ["s is carried on from step to step. It starts at 0, for every weight."]


@pytest.mark.parametrize("rule", [name for name in REGISTRY["optimizer"] if name != "sgd"])
def test_german_tells_as_much(rule):
    rule = {"optimizer": {"name": rule, "clip_norm": 1}, "learning_rate": "cosine:rate=0.1"}
    german = sentences(problem("2-2-1", language="de", **rule))
    assert len(german) == len(sentences(problem("2-2-1", **rule))) >= 3
    assert not any(re.search(r"\b(the|gradient of|step)\b", line) for line in german)
