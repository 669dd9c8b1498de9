"""Update rules over three steps, in plain NumPy: those that are right are passed at any rate, a slip in one is named."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tests.checking.mutants import FAMILIES, gradients, rate_of

from chainrule.checking.evidence import Observation, probes
from chainrule.checking.judgement import judge


def momentum(slip="", rate=0.1, mu=0.9):
    v = 0.0

    def move(g, k):
        nonlocal v
        before, v = v, mu * v + (rate * g if slip == "rate twice" else g)
        return rate * (before if slip == "old buffer" else v)

    return move


def mean_momentum(rate=0.1, mu=0.9):
    """The buffer as a mean of gradients, as some write it."""
    v = 0.0

    def move(g, k):
        nonlocal v
        v = mu * v + (1 - mu) * g
        return rate * v

    return move


def rmsprop(slip="", rate=0.01, rho=0.9):
    s = 0.0

    def move(g, k):
        nonlocal s
        s = rho * s + (1 if slip == "no share" else 1 - rho) * g**2
        return rate * g / ((s if slip == "no root" else np.sqrt(s)) + 1e-8)

    return move


def adagrad(rate=0.05):
    s = 0.0

    def move(g, k):
        nonlocal s
        s = s + g**2
        return rate * g / (np.sqrt(s) + 1e-10)

    return move


def adam(slip="", rate=0.003, beta1=0.9, beta2=0.999, root="outside"):
    m = v = 0.0
    if slip == "interchanged":
        beta1, beta2 = beta2, beta1

    def move(g, k):
        nonlocal m, v
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        first, second = 1 - beta1**k, 1 - beta2**k
        if slip == "multiplied":
            first, second = 1 / first, 1 / second
        if slip == "not corrected":
            first = second = 1
        if slip == "m not corrected":
            first = 1
        if slip == "v not corrected":
            second = 1
        if slip == "v corrected as m":
            second = first
        if slip == "corrections not counted":
            first, second = 1 - beta1, 1 - beta2
        if slip == "counted from 2":
            first, second = 1 - beta1 ** (k + 1), 1 - beta2 ** (k + 1)
        upper, under = (g if slip == "no mean" else m / first), v / second
        if root == "around":
            return rate * upper / np.sqrt(under + 1e-8)
        return rate * upper / ((under if slip == "no root" else np.sqrt(under)) + 1e-8)

    return move


RIGHT = {"momentum": momentum, "mean of gradients": mean_momentum, "rmsprop": rmsprop, "adagrad": adagrad, "adam": adam}
RIGHT |= {"adam, ε below the root": partial(adam, root="around"), "adam, other β": partial(adam, beta1=0.8, beta2=0.99)}

SLIPS = [
    *((momentum, slip) for slip in ("rate twice", "old buffer")),
    *((rmsprop, slip) for slip in ("no root", "no share")),
    *((adam, slip) for slip in ("multiplied", "not corrected", "no root", "no mean", "interchanged")),
    *((adam, slip) for slip in ("m not corrected", "v not corrected", "v corrected as m", "corrections not counted", "counted from 2")),
]


def observed(rule, family="tanh, squared", adaptive=False, own=None, turned=()):
    """Three steps of a program that gives its gradients and moves by a rule of its own, at the rate of the problem or at one of its own.

    turned  the parameters that move the other way
    """
    made = []
    for problem in probes(FAMILIES[family]):
        network, after = problem.network, []
        moves = {key: rule(rate=rate_of(problem)) if own is None else rule(rate=own) for key in network.parameters}
        for k in (1, 2, 3):
            found = gradients(replace(problem, network=network))
            parameters = {
                key: value - (-1 if key in turned else 1) * moves[key](found[f"d{key}"], k) for key, value in network.parameters.items()
            }
            network = network.continued(parameters)
            after.append(parameters)
        made.append(Observation(problem, gradients(problem), tuple(after), adaptive=adaptive))
    return judge(made, FAMILIES[family])


@pytest.mark.parametrize("name", RIGHT)
def test_a_rule_that_is_right_is_passed(name):
    assert observed(RIGHT[name]).passed
    assert observed(RIGHT[name], own=0.004).passed


@pytest.mark.parametrize(("rule", "slip"), SLIPS, ids=lambda one: getattr(one, "__name__", one))
def test_a_slip_in_a_rule_is_named(rule, slip):
    own = 0.0003 if slip == "no root" else None  # a step of g/s at an ordinary rate leaves every bound
    verdict = observed(partial(rule, slip), own=own)
    assert [fault.number for fault in verdict.faults] == [40]


def test_a_rule_that_is_none_that_is_known_is_held_against_nobody_whose_program_is_adaptive():
    def strange(rate):
        return lambda g, k: rate * np.sign(g) * np.abs(g) ** 0.3

    assert observed(strange, adaptive=True).passed
    assert [fault.number for fault in observed(strange).faults] == [None]


@pytest.mark.parametrize("turned", [("W1",), ("W1", "b1", "W2", "b2")])
@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_steps_that_are_added_are_named_also_where_one_parameter_alone_takes_them(name, turned):
    verdict = observed(RIGHT[name], adaptive=True, turned=turned)
    assert [(fault.number, fault.layers) for fault in verdict.faults] == [(9, (1,) if turned == ("W1",) else (2, 1))]


def test_a_step_after_which_nothing_is_a_number_is_no_rule_of_ones_own():
    def broken(rate):
        return lambda g, k: rate * g / (1 - 0.9**0) if k else g

    with np.errstate(all="ignore"):
        verdict = observed(broken, adaptive=True)
    assert [(fault.number, fault.why.key) for fault in verdict.faults] == [(None, "check.why.broken_steps")]


def test_a_rule_that_is_not_known_is_said_to_be_not_judged():
    verdict = observed(lambda rate: lambda g, k: rate * np.sign(g) * np.abs(g) ** 0.3, adaptive=True)
    assert [one.key for one in verdict.remarks] == ["check.remark.rule"]
