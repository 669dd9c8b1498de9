"""Advice on rates: what it says holds when it is tried, it never fails, and it is the same each time."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.test_engines import any_case, optimizer_for
from tests.samples import examples, some
from tests.twins import Case, case, close

from chainrule.api.problems import problem
from chainrule.doctor.rates import BUDGET, MOST_RATE, TOLERANCE, Advice, advise, affordable, has_converged, rounded, runner
from chainrule.network.definitions import REGISTRY, Bound, find
from chainrule.network.examples import EXAMPLES, example
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.steps.problem import problem_from


def advice_for(found: Case, rule: Bound) -> Advice | None:
    return advise(found.network, found.x, found.t, rule, runner(found.network, found.x, found.t, rule, found.s))


def small(seed: int) -> Case:
    return case(seed, activation=find("activation", "tanh"), loss=find("loss", "half_squared"), output="identity", sizes=[2, 2, 1])


def error_after(found: Case, rule: Bound, rate: float) -> float:
    changed = rule.definition.bind(**{**rule.given, "learning_rate": rate})
    return found.step(changed).after.error


@pytest.mark.parametrize(("name", "seed"), some(itertools.product(["sgd", "momentum", "nesterov"], range(8)), 5))
def test_every_rate_below_the_limit_lowers_the_error_and_none_just_above(seed: int, name: str) -> None:
    found, rule = small(seed), find("optimizer", {"name": name, "learning_rate": 0.05})
    advice = advice_for(found, rule)
    assert advice is not None
    assert advice.lowers_below is not None
    before = found.step(rule).error
    for part in np.linspace(0.01, 0.999, 60):
        assert error_after(found, rule, float(part) * advice.lowers_below) < before
    assert advice.lowers_below >= MOST_RATE or error_after(found, rule, 1.001 * advice.lowers_below) >= before


@pytest.mark.parametrize("seed", range(8))
def test_no_single_step_does_better_than_the_best(seed: int) -> None:
    found, rule = small(seed), find("optimizer", "sgd")
    advice = advice_for(found, rule)
    assert advice is not None
    assert advice.best_single is not None
    assert advice.lowers_below is not None
    rate, error = advice.best_single
    assert error_after(found, rule, rate) == pytest.approx(error, rel=1e-6, abs=1e-15)
    near = [error_after(found, rule, rate * (1 + change)) for change in (-0.01, -0.001, 0.001, 0.01)]
    assert min(near) >= error * (1 - 1e-9)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_good_rate_keeps_its_promise(name: str) -> None:
    found = problem_from(example(name))
    assert found.x is not None
    assert found.t is not None
    assert found.optimizer is not None
    advice = advise(found.network, found.x, found.t, found.optimizer)
    assert advice is not None
    assert advice.good is not None
    assert advice.good == rounded(advice.good)
    changed = found.optimizer.definition.bind(learning_rate=advice.good)
    errors = runner(found.network, found.x, found.t, changed)(advice.good, advice.steps)
    steps = found.network.steps(found.x, found.t, changed)
    close(errors[:20], [step.error for step, _ in zip(steps, errors[:20], strict=False)], 1e-9)
    assert min(errors) == pytest.approx(advice.last_error, rel=1e-6) or min(errors) < TOLERANCE
    if advice.reaches is not None:
        assert abs(errors[advice.reaches]) < TOLERANCE
        assert all(error >= TOLERANCE for error in errors[: advice.reaches])


@pytest.mark.parametrize("seed", range(4))
def test_just_below_the_limit_it_converges_and_well_above_not(seed: int) -> None:
    network = Network(2, dense(2, bias=False), dense(1, bias=False), seed=seed)
    x, t = np.array([[1.0, 2.0]]), np.array([[3.0]])
    rule = find("optimizer", "sgd")
    advice = advise(network, x, t, rule)
    assert advice is not None
    assert advice.converges_to is not None
    run = runner(network, x, t, rule)
    assert has_converged(run(advice.converges_to, advice.steps))
    assert not has_converged(run(advice.converges_to * 1.05, advice.steps))


@examples(12)
@given(seed=st.integers(0, 2**32 - 1))
def test_advice_never_fails_and_is_the_same_each_time(seed: int) -> None:
    found, rule = any_case(seed), optimizer_for(seed)
    advice = advice_for(found, rule)
    assert (advice is None) == isinstance(rule.options["learning_rate"], Bound)
    assert repr(advice) == repr(advice_for(found, rule))


@pytest.mark.parametrize("name", sorted(REGISTRY["optimizer"]))
def test_every_optimizer_has_advice(name: str) -> None:
    advice = advice_for(small(1), find("optimizer", name))
    assert advice is not None
    assert advice.rate == find("optimizer", name).options["learning_rate"]


def test_a_schedule_has_none() -> None:
    assert advice_for(small(1), find("optimizer", {"name": "sgd", "learning_rate": "cosine"})) is None


@pytest.mark.parametrize("units", [1, 200])
def test_a_network_that_cannot_learn(units: int) -> None:
    network = Network(2, dense(units, "tanh", frozen=["W", "b"]), dense(1, frozen=["W", "b"]), seed=1)
    advice = advise(network, np.array([[1.0, 2.0]]), np.array([[3.0]]), find("optimizer", "sgd"))
    assert advice is not None
    assert advice.lowers_below is None
    assert advice.reaches is None


def test_a_network_that_has_learned() -> None:
    network = Network(1, dense(1, bias=False, weights=[[2.0]]))
    advice = advise(network, np.array([[1.0]]), np.array([[2.0]]), find("optimizer", "sgd"))
    assert advice is not None
    assert advice.lowers_below is None
    assert advice.reaches == 0


@pytest.mark.parametrize("rate", [1e-300, 1e-9, 1e6])
def test_absurd_rates_in_use(rate: float) -> None:
    network, x, t = Network(1, dense(1, bias=False, weights=[[1.0]])), np.array([[1.0]]), np.array([[2.0]])
    advice = advise(network, x, t, find("optimizer", {"name": "sgd", "learning_rate": rate}))
    assert advice is not None
    assert advice.lowers_below is not None
    assert rate != 1e6 or advice.lowers_below == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(("form", "name"), [("2-2-1", "adam"), ("4-8-3", "adam"), ("8-16-8-2", "sgd"), ("20-64-10", "adam")])
def test_the_cost_is_held_down_by_counting_not_by_the_clock(form: str, name: str) -> None:
    """Sixty runs and some short ones stay within the budget as it is reckoned, or have the least number of steps."""
    found = problem(form, optimizer=name)
    assert found.x is not None
    assert found.t is not None
    assert found.optimizer is not None
    run = runner(found.network, found.x, found.t, found.optimizer)
    steps = affordable(run)
    assert 20 <= steps <= 3000
    assert steps == 20 or run.seconds * (60 * steps + 250) <= BUDGET


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ([4.0, 2.0, 1.0, 0.5], True),
        ([4.0, 5.0, 1.0, 0.5, 0.4, 0.3], True),
        ([4.0, 1.0, 2.0, 1.0, 2.0], False),
        ([4.0, 2.0, 5.0], False),
        ([4.0, 2.0, math.nan], False),
        ([4.0, math.inf], False),
        ([4.0, 1e-13], True),
        ([4.0, 4.0, 4.0, 4.0], True),
    ],
)
def test_what_settles(errors: list[float], verdict: bool) -> None:
    assert has_converged(errors) is verdict
