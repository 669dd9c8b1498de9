"""Mistakes are named, and right work is never flagged: mutants and right programs that are written beside the table, in plain NumPy."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace

import numpy as np
import pytest
from tests.checking.conventions import answers, cases, trained
from tests.checking.mutants import FAMILIES, SLIPS, gradients, learner, rate_of
from tests.samples import some

import chainrule as cr
from chainrule.checking.declared import goes_together, strength
from chainrule.checking.evidence import Observation, probes
from chainrule.checking.judgement import judge
from chainrule.network.definitions import REGISTRY, definitions, find

PENALTY = 0.1

GIVEN = {family: probes(architecture) for family, architecture in FAMILIES.items()}
PENALIZED = {family: probes(replace(architecture, penalty=PENALTY)) for family, architecture in FAMILIES.items()}


def given(family, *slips):
    """The architecture and the answers of a program with these slips."""
    penalty = PENALTY if any(slip.startswith("penalty") for slip in slips) else 0.0
    problems = (PENALIZED if penalty else GIVEN)[family]
    architecture = replace(FAMILIES[family], penalty=penalty)
    return architecture, [learner(problem, *slips, penalty=penalty) for problem in problems]


def same(one, other):
    """Have two programs given the same on every probe that both can compute?"""
    for a, b in zip(one, other, strict=True):
        if a.failure or b.failure:
            continue
        for key, value in b.quantities.items():
            alike = np.shape(a.quantities[key]) == np.shape(value) or np.size(a.quantities[key]) == np.size(value) == 1
            if not alike or not np.allclose(a.quantities[key], value, rtol=1e-9, atol=1e-12):
                return False
    return True


def shows(family, slip):
    """Does a slip change a number on a probe that its program can compute?"""
    right = [learner(problem, penalty=PENALTY if slip.startswith("penalty") else 0.0) for problem in
             (PENALIZED if slip.startswith("penalty") else GIVEN)[family]]  # fmt: skip
    _, made = given(family, slip)
    return not all(one.failure for one in made) and not same(right, made)


def names(verdict):
    return [{fault.number, *fault.others} for fault in verdict.faults]


@pytest.mark.parametrize("slip", some(SLIPS, 2))
def test_a_mistake_that_shows_is_named(slip):
    start = list(SLIPS).index(slip)  # another family for each
    family = next((family for family in [*FAMILIES, *FAMILIES][start % len(FAMILIES) :] if shows(family, slip)), None)
    assert family is not None, "a mistake that no family shows proves nothing"
    architecture, made = given(family, slip)
    found = names(judge(made, architecture))
    assert len(found) == 1
    assert SLIPS[slip] in found[0]


PAIRS = [
    (family, one, other)
    for family, (one, other) in itertools.product(FAMILIES, itertools.combinations(SLIPS, 2))
    if SLIPS[one] != SLIPS[other] and not (one + other).count("penalty")
]


def visible_pairs(seed, count):
    """Pairs of which each shows, alone and beside the other."""
    drawn = random.Random(seed)
    while count:
        family, one, other = drawn.choice(PAIRS)
        both, first, second = (given(family, *slips)[1] for slips in ((one, other), (one,), (other,)))
        right = [learner(problem) for problem in GIVEN[family]]
        if all(answer.failure for answer in both) or any(same(a, b) for a, b in
               itertools.combinations((both, first, second, right), 2)):  # fmt: skip
            continue
        count -= 1
        yield family, one, other, both


def pairs_named(seed, count):
    named = wrong = 0
    for family, one, other, both in visible_pairs(seed, count):
        found = names(judge(both, FAMILIES[family]))
        first, second = SLIPS[one], SLIPS[other]
        named += len(found) == 2 and any(first in a and second in b for a, b in itertools.permutations(found))
        wrong += any(number != {None} and not number & {first, second} for number in found)
    return named, wrong


def test_two_mistakes_are_named_together():
    named, wrong = pairs_named(1, 12)
    assert named >= 11
    assert wrong == 0


@pytest.mark.proof
def test_nine_of_ten_pairs_are_named():
    named, wrong = pairs_named(2, 150)
    assert named >= 135
    assert wrong == 0


@pytest.mark.proof
def test_nineteen_of_twenty_are_named_and_none_wrongly():
    visible = [(family, slip) for family, slip in itertools.product(FAMILIES, SLIPS) if shows(family, slip)]
    named = 0
    for family, slip in visible:
        architecture, made = given(family, slip)
        found = names(judge(made, architecture))
        named += len(found) == 1 and SLIPS[slip] in found[0]
        assert all(number == {None} or SLIPS[slip] in number for number in found), (family, slip, found)
    assert named >= 0.95 * len(visible)


@pytest.mark.parametrize(("family", "counting", "way"), some(list(cases()), 31))
def test_right_work_is_never_flagged(family, counting, way):
    architecture, made = answers(family, counting, way)
    verdict = judge(made, architecture)
    assert verdict.passed, verdict
    assert verdict.faults == ()
    several = FAMILIES[family].last != 1
    if counting not in ("as usual", *(() if several else ("mean over outputs",))):
        assert verdict.kind == "convention"


CLIPPED = {
    "numbers": lambda given, c: {key: np.clip(value, -c, c) for key, value in given.items()},
    "arrays": lambda given, c: {key: value * min(1, c / np.linalg.norm(value)) for key, value in given.items()},
    "together": lambda given, c: {
        key: value * min(1, c / math.hypot(*map(np.linalg.norm, given.values()))) for key, value in given.items()
    },
}


@pytest.mark.parametrize(("slips", "way"), some(itertools.product([(), ("other slope",)], CLIPPED), 2))
def test_gradients_may_be_clipped_if_they_are_right(way, slips):
    architecture = FAMILIES["tanh, squared"]
    given = [{key: value for key, value in gradients(problem, slips).items() if key not in ("y", "E")} for problem in probes(architecture)]
    lengths = sorted(math.hypot(*map(np.linalg.norm, one.values())) for one in given)
    limit = lengths[2] * 0.99 if way == "together" else lengths[0] / 4
    made = [Observation(problem, CLIPPED[way](one, limit)) for problem, one in zip(probes(architecture), given, strict=True)]
    verdict = judge(made, architecture)
    assert verdict.passed == (not slips)
    assert slips or [said.key for said in verdict.conventions] == [f"check.convention.clipped.{way}"]


def test_weights_alone_that_are_summed_are_one_mistake():
    """∂E/∂W is N times the right one and ∂E/∂b is right, in a program whose E is a mean: no mistake in the error itself."""
    architecture = FAMILIES["relu, softmax"]
    made = []
    for problem in probes(architecture):
        given = gradients(problem)
        made.append(Observation(problem, {**given, **{key: len(problem.x) * given[key] for key in ("dW1", "dW2")}}))
    verdict = judge(made, architecture)
    assert [(fault.number, fault.quantity) for fault in verdict.faults] == [(23, "dW2")]


def after_steps(problem, move):
    """Parameters after three steps, where `move` says what is taken off: of the gradients so far, by key."""
    network, past, after = problem.network, [], []
    for _ in range(3):
        past.append(gradients(replace(problem, network=network)))
        parameters = {key: value - rate_of(problem) * move(key, past) for key, value in network.parameters.items()}
        network = network.continued(parameters)
        after.append(parameters)
    return tuple(after)


STEPS = {
    35: lambda key, past: sum(one[f"d{key}"] for one in past),
    25: lambda key, past: 0.0 * past[-1][f"d{key}"] if key[0] == "b" else past[-1][f"d{key}"],
    9: lambda key, past: -past[-1][f"d{key}"],
}


@pytest.mark.parametrize("number", STEPS)
def test_a_mistake_of_several_steps_is_named(number):
    architecture = FAMILIES["tanh, squared"]
    made = [Observation(problem, gradients(problem), after_steps(problem, STEPS[number])) for problem in probes(architecture)]
    assert names(judge(made, architecture)) == [{number}]


def test_steps_after_every_sample_are_told_from_one_for_the_batch():
    architecture = FAMILIES["tanh, squared"]
    made = []
    for problem in probes(architecture):
        network = problem.network
        for n in range(len(problem.x)):
            one = replace(problem, network=network, x=problem.x[n : n + 1], t=problem.t[n : n + 1])
            network = network.continued(trained(one, 1.0, 1)[0])
        read = {f"d{key}": (value - network.parameters[key]) / rate_of(problem) for key, value in problem.network.parameters.items()}
        made.append(Observation(problem, read, (network.parameters,), from_update=True))
    assert names(judge(made, architecture)) == [{39}]


def test_a_network_that_is_not_trained_is_told_so():
    architecture = FAMILIES["sigmoid, squared"]
    made = [
        Observation(problem, {f"d{key}": np.zeros_like(value) for key, value in problem.network.parameters.items()})
        for problem in probes(architecture)
    ]
    verdict = judge(made, architecture)
    assert [fault.key for fault in verdict.faults] == ["untrained"]


def test_the_loss_decides_between_squared_error_and_cross_entropy():
    """p (1 − p) again, and the squared error: the same gradients, and E tells them apart."""
    architecture = replace(FAMILIES["sigmoid, cross-entropy"], loss_said=False)
    problems = probes(architecture)
    slip = [learner(problem, "p(1-p) again") for problem in problems]
    assert names(judge(slip, architecture)) == [{28}]
    squared = [replace(one.problem, network=one.problem.network.replaced(loss="half_squared")) for one in slip]
    right = [Observation(one.problem, gradients(other)) for one, other in zip(slip, squared, strict=True)]
    verdict = judge(right, architecture)
    assert verdict.kind == "convention"
    assert [said.key for said in verdict.conventions] == ["check.convention.loss"]


def test_what_is_no_mistake_of_the_table_is_unknown_with_its_place():
    architecture = FAMILIES["tanh, squared"]
    rng = np.random.default_rng(3)
    made = []
    for problem in probes(architecture):
        found = gradients(problem)
        found["dW1"] = found["dW1"] + rng.normal(size=found["dW1"].shape)
        made.append(Observation(problem, found))
    verdict = judge(made, architecture)
    assert verdict.kind == "unknown"
    assert [(fault.number, fault.quantity, fault.layers) for fault in verdict.faults] == [(None, "dW1", (1,))]


def test_a_program_that_fails_everywhere_is_refused():
    architecture = FAMILIES["linear"]
    verdict = judge([Observation(problem, failure="it raised") for problem in probes(architecture)], architecture)
    assert verdict.kind == "refused"


def test_a_persons_own_loss_and_penalty_are_recognised_by_their_formulas(monkeypatch):
    monkeypatch.setitem(REGISTRY, "loss", dict(definitions("loss")))
    monkeypatch.setitem(REGISTRY, "regularizer", dict(definitions("regularizer")))

    @cr.loss(output="sigmoid", targets="probabilities")
    def own_binary(y, t):
        """ℓ = −(t ln y + (1 − t) ln(1 − y))."""
        return -(t * cr.log(y) + (1 - t) * cr.log(1 - y))

    @cr.regularizer
    def own_squares(W, *, share=0.1):
        """r = ½ share Σ w²."""
        return cr.total(share * W**2 / 2, axes=tuple(range(len(W.shape))))

    architecture = replace(FAMILIES["sigmoid, cross-entropy"], loss="own_binary")
    slips = [learner(replace(problem, network=problem.network.replaced(loss="binary_cross_entropy")), "p(1-p) again") for problem in
             probes(architecture)]  # fmt: skip
    again = [replace(one, problem=problem) for one, problem in zip(slips, probes(architecture), strict=True)]
    assert names(judge(again, architecture)) == [{28}]
    assert goes_together(find("loss", "own_binary"), find("activation", "sigmoid"))
    assert strength(find("regularizer", {"name": "own_squares", "share": 0.3})) == pytest.approx(0.3)
    assert strength(find("regularizer", "l1")) == 0
