"""What is said of an update rule is true of networks that nobody chose."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.explanation.printed import number, plainly_said
from tests.samples import examples, some

from chainrule.api.problems import problem
from chainrule.document.document import TableBlock
from chainrule.explanation.explain import contexts
from chainrule.explanation.rules import TriedRule, beside_plain, rule_lines, told
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.network.definitions import REGISTRY
from chainrule.network.registration import loss, optimizer
from chainrule.notation.text import formula_text
from chainrule.steps.problem import Problem

NUMBER = r"(−?[\d.]+(?: · 10\^−?\d+)?)"


def sentences(found: Problem, step: int = 1) -> list[str]:
    (context,) = contexts(found, step=step, detail="scalar")
    return [plainly_said(line) for line in told(context)]


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


@pytest.mark.parametrize("schedule", some([name for name in REGISTRY["schedule"] if name != "constant"], 3))
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
    text = plainly_said(blocks[1].text)
    if "this very step" in text:
        assert all(np.allclose(own[key], plain[key], rtol=1e-9, atol=1e-12) for key in own)
        assert ("carried over" in text) <= (count == 1)
        return
    said = re.search(rf"length {NUMBER} \(.*length {NUMBER}\.$", text)
    assert [number(said[1]), number(said[2])] == pytest.approx(lengths, rel=1e-5)
    (table,) = [block for block in blocks if isinstance(block, TableBlock)]
    rows = [[number(plainly_said(cell)) for cell in row[1:]] for row in table.rows]
    expected = [(step.gradients[k].T.ravel(), plain[k].T.ravel(), own[k].T.ravel()) for k in step.parameters]
    np.testing.assert_allclose(rows, np.concatenate([np.stack(columns, axis=1) for columns in expected]), rtol=1e-5, atol=1e-15)


def test_plain_gradient_descent_has_nothing_to_tell():
    (context,) = contexts(problem("seed"))
    assert told(context) == []
    assert beside_plain(context) == []


def test_a_persons_own_rule_is_told_by_what_it_does(monkeypatch):
    monkeypatch.setitem(REGISTRY, "optimizer", dict(REGISTRY["optimizer"]))

    @optimizer
    def signed(w, g, m, *, learning_rate=0.01, beta=0.8):
        m = beta * m + (1 - beta) * g
        return w - learning_rate * p.sign(m), m

    @optimizer
    def odd(w, g, s, *, learning_rate=0.01):
        s = s + p.sin(g) * w
        return w - learning_rate * (g + s), s

    said = " ".join(sentences(problem("2-2-1", optimizer="signed")))
    assert "m is a moving average of the gradients" in said
    assert "keeps 0.8 of it and adds 0.2" in said
    assert "ten times as large" in said
    assert sentences(problem("2-2-1", optimizer="odd")) == ["s is carried on from step to step. It starts at 0, for every weight."]


@pytest.mark.parametrize("rule", some([name for name in REGISTRY["optimizer"] if name != "sgd"], 4))
def test_german_tells_as_much(rule):
    rule = {"optimizer": {"name": rule, "clip_norm": 1}, "learning_rate": "cosine:rate=0.1"}
    german = sentences(problem("2-2-1", language="de", **rule))
    assert len(german) == len(sentences(problem("2-2-1", **rule))) >= 3
    assert not any(re.search(r"\b(the|gradient of|step)\b", line) for line in german)


FOUR = {"input": "1 2; 0 1; 2 -1; 1 1", "target": "1 0; 0 1; 2 2; 1 -1"}


def steps_and_words(rule: dict[str, object], count: int, key: str = "W1"):
    """The steps, what is said of the last one, and the gradients of a parameter."""
    found = problem("2-2-2", seed=3, optimizer=rule, **FOUR)
    steps = list(itertools.islice(found.steps(), count))
    return steps, sentences(found, count), [step.gradients[key] for step in steps]


@pytest.mark.parametrize("beta2", [0.6, 0.95])
def test_the_largest_gradient_of_late(beta2):
    steps, said, gradients = steps_and_words({"name": "adamax", "beta2": beta2, "epsilon": 1e-12}, 5)
    keep = number(
        re.search(rf"^u is the size of the largest gradient of late.*keeps {NUMBER} of it\. It starts at 0", "\n".join(said), re.M)[1]
    )
    largest = np.zeros((2, 2))
    for gradient in gradients:
        largest = np.where(abs(gradient) > keep * largest, abs(gradient), keep * largest)
    np.testing.assert_allclose(steps[-1].new_states["u_W1"], largest, rtol=1e-9)


def test_an_average_of_what_the_rule_names_itself():
    steps, said, _ = steps_and_words({"name": "adadelta", "decay": 0.7}, 4)
    words = "\n".join(said)
    match = re.search(rf"^u is a moving average of the squares of d:.*keeps {NUMBER} of it and adds {NUMBER} of", words, re.M)
    keep, take = map(number, match.groups())
    expected = sum(take * keep ** (3 - n) * step.updates["d_W1"] ** 2 for n, step in enumerate(steps))
    np.testing.assert_allclose(steps[-1].new_states["u_W1"], expected, rtol=1e-9)
    for n, step in enumerate(steps):  # d is how far a step goes
        np.testing.assert_allclose(step.parameters["W1"] - step.new_parameters["W1"], step.updates["d_W1"], rtol=1e-9, err_msg=str(n))
    assert "ε lets the steps begin: without it, the first one would be 0, and so would all after it." in said
    tiny, _, _ = steps_and_words({"name": "adadelta", "epsilon": 1e-300}, 3)
    assert all(np.abs(step.new_parameters["W1"] - step.parameters["W1"]).max() < 1e-100 for step in tiny)


def test_a_state_that_hangs_on_no_gradient_and_a_step_that_looks_ahead():
    steps, said, gradients = steps_and_words({"name": "nadam", "beta1": 0.8}, 4)
    assert "s depends on no gradient: it is the same for every weight, and follows from the number of the step. It starts at 0." in said
    for step in steps:
        assert len({*np.concatenate([np.ravel(step.new_states[f"s_{key}"]) for key in step.parameters])}) == 1
    ahead = [line for line in said if "gives the newest gradient more weight than m does" in line]
    assert ahead[0].startswith("m̂ ")
    share = {n: (lambda k, n=n: 0.2 * 0.8 ** (k - n)) for n in range(1, 5)}  # of the gradients in m
    first, last = share[1](4), share[4](4)
    with_more, without = (np.array([step.updates["m_hat_W1"] for step in steps][-1]), steps[-1].new_states["m_W1"])
    mu, after = (0.8 * (1 - 0.5 * 0.96 ** (0.004 * k)) for k in (4, 5))
    product = np.prod([0.8 * (1 - 0.5 * 0.96 ** (0.004 * k)) for k in range(1, 5)])
    np.testing.assert_allclose(with_more, after * without / (1 - after * product) + (1 - mu) * gradients[3] / (1 - product), rtol=1e-9)
    of_m = after / (1 - after * product)
    assert (of_m * last + (1 - mu) / (1 - product)) / (of_m * first) > last / first


@pytest.mark.parametrize("beta2", [0.9, 0.99, 0.999])
def test_from_which_step_on_radam_uses_v(beta2):
    rule = {"name": "radam", "beta2": beta2}
    first = int(
        re.search(
            r"^v makes no difference to the first \d+ steps.*From step (\d+) on it does", "\n".join(steps_and_words(rule, 1)[1]), re.M
        )[1]
    )
    steps, said, _ = steps_and_words(rule, first)
    for step in steps:
        plain = step.parameters["W1"] - 0.001 * step.updates["m_hat_W1"]
        assert np.allclose(step.new_parameters["W1"], plain, rtol=1e-12, atol=0) == (step.number < first)
    assert any(line.startswith(f"v makes a difference from step {first} on") for line in said)


def test_a_rule_that_takes_a_matrix_as_a_whole():
    steps, said, gradients = steps_and_words({"name": "muon", "decay": 0.0, "momentum": 0.5}, 3)
    words = "\n".join(line for line in said if "W1" in line)
    steep, even = map(number, re.search(rf"would move it {NUMBER} times as far.*this step, {NUMBER} times", words).groups())
    for matrix, ratio in ((gradients[-1], steep), (steps[-1].new_parameters["W1"] - steps[-1].parameters["W1"], even)):
        values = np.linalg.svd(matrix, compute_uv=False)
        assert values[0] / values[-1] == pytest.approx(ratio, rel=6e-3)
    assert any("ten times as large" in line for line in said)
    text = str(problem("2-2-2", seed=3, optimizer="muon", **FOUR).explain(detail="scalar"))
    assert "A_W1ᵗ⁵ = X_W1ᵗ⁴ᵀ · X_W1ᵗ⁴" in text or "A_W1ᵗ⁵ = X_W1ᵗ⁴ · X_W1ᵗ⁴ᵀ" in text


@pytest.mark.parametrize("rule", ["lion", "adadelta", "momentum"])
def test_below_an_arrow_a_letter_means_the_new_value(rule):
    """The lines of a rule, run from above to below as a reader would, are the rule."""
    (context,) = contexts(problem("2-2-1", optimizer=rule))
    names = {"∂E/∂w": "g", "β₁": "beta1", "β₂": "beta2", "ρ": "decay", "ε": "epsilon", "η": "learning_rate", "μ": "momentum"}
    letters = {letter.name.symbol: value for letter, value in context.step.update.options.items()}
    space = {"sign": np.sign, "sqrt": np.sqrt, "g": 0.7, "w": 0.4, "m": 0.3, "s": 0.2, "u": 0.5, "v": -0.6, **letters}
    trial = TriedRule(context)
    expected = trial(0.7, [space[state.symbol] for state in trial.part.states], 0.4)
    for line in rule_lines(context):
        left, text = formula_text(line.sides[0]), formula_text(line.sides[1])
        for sign, name in {**names, "·": "*", "−": "-", "^": "**", "√": "sqrt"}.items():
            text = text.replace(sign, name)
        space[left] = eval(text, {"__builtins__": {}}, space)  # noqa: S307  # our own formula
    assert space["w"] == pytest.approx(expected[trial.part.new], rel=1e-12)
    for state, after in zip(trial.part.states, trial.part.new_states, strict=True):
        assert space[state.symbol] == pytest.approx(expected[after], rel=1e-12)


@pytest.mark.parametrize(("rule", "taken_out"), [("nadam", True), ("adamax", True), ("rmsprop", True), ("lion", True), ("momentum", False)])
def test_whether_the_size_of_all_gradients_is_taken_out(rule: str, taken_out: bool) -> None:
    """An error that counts ten times has gradients ten times as large at every step."""

    def moved(times: float) -> list[np.ndarray]:
        @loss
        def counted(y: Expression, t: Expression) -> Expression:
            """ℓ = times · (y − t)²."""
            return times * (y - t) ** 2

        found = problem("2-2-2", seed=3, optimizer={"name": rule, "learning_rate": 1e-6}, loss=counted, **FOUR)
        del REGISTRY["loss"]["counted"]
        step = list(itertools.islice(found.steps(), 2))[-1]
        return [step.new_parameters[key] - step.parameters[key] for key in step.parameters]

    said = sentences(problem("2-2-2", seed=3, optimizer=rule, **FOUR), 2)
    assert any(line.startswith("The size of the gradients is taken out") for line in said) == taken_out
    assert all(np.allclose(one, ten, rtol=1e-3, atol=1e-12) for one, ten in zip(moved(1.0), moved(10.0), strict=True)) == taken_out
