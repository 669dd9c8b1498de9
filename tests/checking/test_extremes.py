"""What only problems of their own show: saturated outputs, overflowing exponentials, integers, samples with the targets of others."""

import json
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from tests.checking.mutants import FAMILIES
from tests.samples import some

from chainrule.api.check import check_function
from chainrule.checking.evidence import Architecture, Observation, OwnCheck, Place, probes
from chainrule.checking.extremes import FAR, check_fault, extremes
from chainrule.checking.judgement import judge
from chainrule.checking.passes import ProbePass

SCHEMA = json.loads(files("chainrule").joinpath("checking/check.schema.json").read_text(encoding="utf-8"))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def stable_softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def bare_softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def tanh_of_exponentials(z):
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


def short(y, t):
    return y - t


def divided(y, t):
    return (-t / y + (1 - t) / (1 - y)) * y * (1 - y)


def program(output, delta_of, *, hidden=np.tanh, cross=None, pairs=None, kind=float):
    """A network of two layers as a person writes it, with what is asked for in its places."""

    def gradients(x, t, p):
        h = hidden(x @ p["W1"] + p["b1"])
        y = output(h @ p["W2"] + p["b2"])
        t = t if pairs is None else t[pairs(len(t))]
        n = len(x)
        delta2 = delta_of(y, t) / n
        delta1 = np.zeros(h.shape, dtype=t.dtype if kind is int else float)
        delta1[...] = (delta2 @ p["W2"].T) * (1 - h**2)
        found = {"dW1": x.T @ delta1, "db1": delta1.sum(0), "dW2": h.T @ delta2, "db2": delta2.sum(0), "y": y}
        return found if cross is None else {**found, "E": cross(y, t)}

    return gradients


def binary(y, t):
    return -(t * np.log(y) + (1 - t) * np.log(1 - y)).sum() / len(t)


def clipped(y, t):
    y = np.clip(y, 1e-15, 1 - 1e-15)
    return -(t * np.log(y) + (1 - t) * np.log(1 - y)).sum() / len(t)


def test_few_samples_that_a_shuffle_leaves_as_they_were_are_no_other_mistake():
    """The text says that they are shuffled apart; on the four samples the drawn order may be the one that was there."""
    right = program(sigmoid, short)
    apart = program(sigmoid, short, pairs=lambda n: np.arange(n) if n == 4 else np.roll(np.arange(n), 1))
    architecture = Architecture(("tanh", "sigmoid"), "binary_cross_entropy", loss_said=True)
    further = extremes(architecture)
    places = (Place(3, "np.random.shuffle(X)"), Place(4, "np.random.shuffle(Y)"))

    def answered(function, problem):
        given = function(problem.x, problem.t, dict(problem.network.parameters))
        return Observation(problem, given, apart=places)

    assert len(further.paired.x) == 4
    made = [answered(apart, problem) for problem in probes(architecture)]
    answers = further.answered([answered(right, problem) for problem in further.problems])
    verdict = judge(made, architecture, answers)
    assert [fault.number for fault in verdict.faults] == [38]
    assert verdict.faults[0].place == places[1]


SIGMOID, SOFTMAX = (["tanh", "sigmoid"], "binary_cross_entropy"), (["tanh", "softmax"], "cross_entropy")

CAUTIONS = [
    (SIGMOID, program(sigmoid, short, cross=binary), [(32, "E")]),
    (SIGMOID, program(sigmoid, divided), [(32, "dW2")]),
    (SIGMOID, program(sigmoid, short, cross=clipped), []),
    (SOFTMAX, program(bare_softmax, short), [(31, "y")]),
    (SOFTMAX, program(stable_softmax, short), []),
    (SIGMOID, program(sigmoid, short, hidden=tanh_of_exponentials), [(50, "y")]),
    (SIGMOID, program(sigmoid, short, kind=int), [(34, "dW1")]),
]


@pytest.mark.parametrize(("network", "function", "expected"), CAUTIONS)
def test_right_work_that_fails_on_other_numbers_gets_a_caution(network, function, expected):
    found = check_function(function, *network)
    assert found.passed
    assert [(fault.number, fault.quantity) for fault in found.verdict.cautions] == expected
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)
    assert [one["number"] for one in plain["cautions"]] == [number for number, _ in expected]
    assert ("Right on ordinary numbers" in str(found)) == bool(expected)


@pytest.mark.parametrize("pairs", some([lambda n: np.arange(n)[::-1], lambda n: np.roll(np.arange(n), 1)], 2))
def test_targets_of_other_samples_are_told(pairs):
    found = check_function(program(sigmoid, short, pairs=pairs), *SIGMOID)
    assert found.mistakes == [38]


def test_one_order_for_both_is_right():
    def shuffled(x, t, p):
        order = np.random.default_rng(2).permutation(len(x))
        return program(sigmoid, short)(x[order], t[order], p)

    def alone(x, t, p):
        return {key: value for key, value in shuffled(x, t, p).items() if key != "y"}

    assert check_function(alone, *SIGMOID).passed


@pytest.mark.parametrize("family", FAMILIES)
def test_the_problems_are_what_they_say(family):
    architecture = FAMILIES[family]
    found = extremes(architecture)
    assert len(found.problems) == 4
    saturated = ProbePass.of(found.saturated.network, found.saturated.x, found.saturated.t)
    assert np.abs(saturated.layers[-1].z).max() == pytest.approx(FAR)
    whole = ProbePass.of(found.whole.network, found.whole.x, found.whole.t)
    assert all(np.array_equal(value, np.rint(value)) for value in (whole.x, whole.t, *found.whole.network.parameters.values()))
    assert all((layer.z != 0).all() for layer in whole.layers[:-1])


def differences(factor=1.0, noise=0.0, constant=False, **known):
    expected = np.array([1.0, -2.0, 5.0])
    found = np.full(3, 4.0) if constant else factor * expected + noise * np.array([1, -1, 1])
    return OwnCheck("numeric", expected, found, **known)


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (differences(), None),
        (differences(noise=1e-3), None),
        (differences(factor=0.5), "factor"),
        (differences(constant=True), "constant"),
        (differences(noise=0.1), "noise"),
        (differences(altered=True), "altered"),
        (differences(factor=float("nan")), "constant"),
        (differences(of_output=True), "output"),
        (differences(at_kink=True), None),
    ],
)
def test_a_gradient_check_that_is_wrong_itself_is_told(check, why):
    found = check_fault([check])
    assert (None if found is None else (found.number, found.why.key)) == (None if why is None else (48, f"check.why.differences.{why}"))
