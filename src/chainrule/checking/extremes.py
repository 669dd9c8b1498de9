"""Problems of their own for mistakes that ordinary numbers do not show: saturated outputs, large inputs, integers, few samples.

A program that is right on ordinary numbers stays right; what it does on these is a caution, with the number of its mistake. Only samples
that are paired with the targets of others, and weights whose updates are cut off, are mistakes wherever they are found.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.checking.declared import goes_together
from chainrule.checking.evidence import PROBE_RATES, Architecture, Fault, Observation, OwnCheck, Saying, probe_of
from chainrule.checking.matching import Explanation, followed
from chainrule.checking.passes import ProbePass
from chainrule.checking.probed import Probed
from chainrule.network.definitions import find
from chainrule.steps.problem import Problem

FAR = 1000.0
"""How large net inputs are made: e to this power is no number, and a sigmoid there is 0 or 1 to the last digit."""

FEW = 4
"""Samples of a problem on which every pairing of samples and targets is tried."""


class Extremes(Frozen):
    """Problems, each for one kind of mistake; None where an architecture has no such problem.

    saturated  net inputs of the output are of the order of `FAR`
    large      so are the inputs
    whole      x and t are whole numbers, given as integers, and so are the weights, where the program has integers for them
    paired     so few samples that every pairing of x and t can be tried
    """

    saturated: Problem | None = None
    large: Problem | None = None
    whole: Problem | None = None
    paired: Problem | None = None

    @property
    def problems(self) -> list[Problem]:
        """Those that there are, in their order."""
        return [one for one in (self.saturated, self.large, self.whole, self.paired) if one is not None]

    def answered(self, observations: Sequence[Observation]) -> Answers:
        """The answers to `problems`, each at its place."""
        given = dict(zip([id(problem) for problem in self.problems], observations, strict=True))
        return Answers(*(None if one is None else given[id(one)] for one in (self.saturated, self.large, self.whole, self.paired)))


class Answers(Frozen):
    """What a program answered to `Extremes`, by the same names."""

    saturated: Observation | None = None
    large: Observation | None = None
    whole: Observation | None = None
    paired: Observation | None = None

    def each(self, change: Callable[[Observation], Observation]) -> Answers:
        """The same, each answer changed."""
        given = (self.saturated, self.large, self.whole, self.paired)
        return Answers(*(None if one is None else change(one) for one in given))


NO_ANSWERS = Answers()
"""Of a program that was asked ordinary problems only."""


@lru_cache(maxsize=16)
def extremes(architecture: Architecture, seed: int = 0) -> Extremes:
    """The problems of an architecture that ordinary probes do not stand for."""
    rng = np.random.default_rng([seed, 77])
    depth = architecture.depth
    sizes = architecture.sizes or (5, *([7] * (depth - 1)), architecture.last or 3)
    rows = architecture.rows or FEW
    ordinary = probe_of(architecture, sizes, rows, rng)
    assert ordinary.x is not None
    last = ProbePass.of(ordinary.network, ordinary.x, _targets_of(ordinary)).layers[-1]
    grown = FAR / float(np.abs(last.z).max())
    parameters = {key: value * grown for key, value in ordinary.network.parameters.items() if key in (f"W{depth}", f"b{depth}")}
    saturated = replace(ordinary, network=ordinary.network.continued({**ordinary.network.parameters, **parameters}))
    large = replace(ordinary, x=ordinary.x * FAR)
    paired = None
    if architecture.rows is None:
        paired = _paired(architecture, sizes, rng)
    return Extremes(saturated, large, _whole(architecture, sizes, rows, rng), paired)


def _paired(architecture: Architecture, sizes: tuple[int, ...], rng: np.random.Generator) -> Problem:
    """Few samples, whose targets read neither backwards nor one further on as they do forwards."""
    rows = max(2, min(FEW, *sizes[:-1]))
    for _ in range(200):
        found = probe_of(architecture, sizes, rows, rng)
        t = _targets_of(found)
        if not np.array_equal(t, t[::-1]) and not np.array_equal(t, np.roll(t, 1, axis=0)):
            break
    return found


def _targets_of(problem: Problem) -> Array:
    assert problem.t is not None
    return problem.t


def _whole(architecture: Architecture, sizes: tuple[int, ...], rows: int, rng: np.random.Generator) -> Problem:
    """Whole numbers everywhere; no net input of a relu unit is 0, where its slope is a matter of taste."""
    ordinary = probe_of(architecture, sizes, rows, rng)
    shapes, t = ordinary.network.shapes, np.rint(_targets_of(ordinary))
    optimizer = find("optimizer", {"name": "sgd", "learning_rate": architecture.rate or PROBE_RATES[0]})
    for _ in range(200):
        x = rng.integers(-2, 3, size=(rows, sizes[0])).astype(float)
        parameters = {key: rng.choice([-1.0, 1.0], size=shape) for key, shape in shapes.items()}
        network = ordinary.network.continued(parameters)
        found = ProbePass.of(network, x, t)
        if all(np.abs(layer.z).min() > 0 for layer in found.layers[:-1]) and np.abs(found.layers[-1].h - t).min() > 1e-3:
            break
    return Problem(network, x, t, optimizer)


def extreme_faults(explanation: Explanation | None, answers: Answers, depth: int) -> Iterator[tuple[Fault, bool]]:
    """What the answers show, and whether it is a mistake wherever it is found, or a caution only.

    explanation  how the ordinary answers come about; None where nothing explains them
    """
    for observation in (answers.saturated, answers.large):
        if observation is not None and (found := _not_finite(observation, depth)) is not None:
            yield found, False
            break
    if answers.whole is not None and explanation is not None:
        found = _cut_off(answers.whole, explanation)
        if found is not None:
            yield found, bool(answers.whole.integers)


# Numbers that are none

OVERFLOWS = ("OverflowError", "math range error")
DIVIDES = ("ZeroDivisionError", "math domain error")
"""What Python says where an exponential is no number, and where a logarithm or a quotient has no value."""


def _not_finite(observation: Observation, depth: int) -> Fault | None:
    """Where a program that is right gives no number: the largest z is not subtracted, e^z overflows, ln 0, or a division by y (1 − y)."""
    problem = observation.problem
    assert problem.x is not None
    truth = ProbePass.of(problem.network, problem.x, _targets_of(problem)).truth
    keys = ["y", *(f"d{letter}{number}" for number in range(depth, 0, -1) for letter in "Wb"), "E"]
    if not all(np.isfinite(truth[key]).all() for key in keys if key in truth):
        return None
    if observation.failure:
        number = 50 if any(word in observation.failure for word in OVERFLOWS) else 32
        if number == 32 and not any(word in observation.failure for word in DIVIDES):
            return None
        why = Saying("check.why.not_finite.raises", {"problem": observation.failure})
        return _caution(number, "y" if number == 50 else "E", why, truth, None, observation)
    given = observation.quantities
    broken = next((key for key in keys if key in given and not np.isfinite(np.asarray(given[key], dtype=float)).all()), None)
    if broken is None:
        return None
    output = problem.network.layers[-1].activation
    assert output is not None
    divided = broken in (f"dW{depth}", f"db{depth}") and goes_together(problem.network.loss, output)
    shares = broken == "y" and output.definition.gives == "distribution"
    number = 32 if broken == "E" or divided else 31 if shares else 50
    quantity = f"∂E/∂{broken[1:]}" if broken[0] == "d" else broken
    return _caution(number, broken, Saying(f"check.why.not_finite.{number}", {"quantity": quantity}), truth, given[broken], observation)


def _caution(number: int, key: str, why: Saying, truth: object, found: Array | None, observation: Observation) -> Fault:
    assert isinstance(truth, dict)
    expected = np.asarray(truth[key])
    layers = (int(key[2:]),) if key[2:].isdigit() else ()
    value = np.full_like(expected, np.nan) if found is None else np.asarray(found, dtype=float)
    return Fault(number, key, key, why, expected, value, layers, place=observation.broken, observed=observation)


# Integers


def _cut_off(observation: Observation, explanation: Explanation) -> Fault | None:
    """What a program gives for whole numbers, against what the same program would give for the same numbers with a point."""
    if observation.failure:
        return None
    problem = observation.problem
    assert problem.x is not None
    rate = 1.0 if problem.optimizer is None else float(problem.optimizer.options.get("learning_rate", 1.0))
    one = Probed(ProbePass.of(problem.network, problem.x, _targets_of(problem)), observation, rate)
    wanted = followed(explanation, one)
    if wanted is None:
        return None
    for key, gradient in wanted.items():
        found = one.gradient(f"d{key}")
        if found is None or found.size != gradient.size:
            continue
        found = found.reshape(gradient.shape)
        tolerance = 1e-6 * max(float(np.abs(gradient).max(initial=0.0)), 1e-6) + one.floor(problem.network.parameters[key])
        if np.isfinite(found).all() and np.abs(found - gradient).max() > tolerance:
            why = Saying("check.why.whole", {"names": ", ".join(observation.integers) or "x"})
            return Fault(34, f"d{key}", f"d{key}", why, gradient * 1.0, found, (int(key[1:]),), observed=observation)
    return None


# Gradient checks of their own

COARSE = 2e-3
"""How far differences may be from a derivative, relatively: from one side, with a step of a thousandth, they are."""


def kink_fault(checks: Sequence[OwnCheck]) -> Fault | None:
    """A gradient check that is called at a kink: there it tells nothing, however right it is."""
    one = next((one for one in checks if one.at_kink), None)
    if one is None or one.place is None:
        return None
    why = Saying("check.why.differences.kink", {"name": one.name, "z": one.place.expression})
    return Fault(48, "check", "check", why, one.expected, one.found, place=one.place)


def check_fault(checks: Sequence[OwnCheck]) -> Fault | None:
    """What is wrong with a program's own gradient check; None if nothing is."""
    for one in checks:
        if one.at_kink:
            continue
        largest = float(np.abs(one.expected).max())
        far = float(np.abs(one.found - one.expected).max()) / largest if np.isfinite(one.found).all() else np.inf
        if far <= COARSE and not one.altered and not one.of_output:
            continue
        factor = float(np.vdot(one.expected, one.found) / np.vdot(one.expected, one.expected))
        if one.of_output:
            why = Saying("check.why.differences.output", {"name": one.name})
        elif far <= COARSE:
            why = Saying("check.why.differences.altered", {"name": one.name})
        elif not np.isfinite(factor) or np.ptp(one.found) == 0:
            why = Saying("check.why.differences.constant", {"name": one.name})
        elif np.abs(one.found - factor * one.expected).max() <= COARSE * abs(factor) * largest:
            why = Saying("check.why.differences.factor", {"name": one.name, "factor": f"{factor:.4g}"})
        else:
            why = Saying("check.why.differences.noise", {"name": one.name, "percent": f"{100 * far:.3g}"})
        return Fault(48, "check", "check", why, one.expected, one.found, place=one.place)
    return None


# Samples and targets of others


def paired_fault(answers: Answers, probed: Sequence[Probed]) -> Fault | None:
    """Gradients that are right for other pairs of samples and targets; None if they are not, whatever the pairs.

    Where the text of a program says that it shuffles both apart, so few samples may by chance be paired as they were.
    """
    observation = answers.paired
    if observation is None or observation.failure:
        return None
    problem = observation.problem
    assert problem.x is not None
    t = _targets_of(problem)
    one = Probed(ProbePass.of(problem.network, problem.x, t), observation, probed[0].rate)
    for order in itertools.permutations(range(len(t))):
        same = np.array_equal(t[list(order)], t)
        if same and observation.apart is None:
            continue
        other = ProbePass.of(problem.network, problem.x, t[list(order)])
        if _is_multiple(one, other):
            if same:
                return apart_fault(observation)
            why = Saying("check.why.paired", {"order": ", ".join(str(place + 1) for place in order)})
            key = f"dW{len(other.layers)}"
            found = np.asarray(one.gradient(key))
            return Fault(38, "dy", key, why, one.probe.truth[key], found, (len(other.layers),), observed=observation)
    return None


def apart_fault(observation: Observation) -> Fault | None:
    """Samples and targets that are shuffled apart before anything is learned, where a program's text says so."""
    if observation.apart is None:
        return None
    first, second = observation.apart
    why = Saying("check.why.apart", {"first": first.line, "second": second.line})
    t = _targets_of(observation.problem)
    return Fault(38, "t", "t", why, t, t, place=second)


def _is_multiple(one: Probed, other: ProbePass) -> bool:
    """Are all gradients one and the same multiple of those of another pass?"""
    factors = list[float]()
    for layer in other.layers:
        found, wanted = one.gradient(f"dW{layer.number}"), other.truth[f"dW{layer.number}"]
        if found is None or found.shape != wanted.shape or not wanted.any() or not found.any():
            return False
        factor = float(np.vdot(wanted, found) / np.vdot(wanted, wanted))
        if np.abs(found - factor * wanted).max() > 1e-6 * abs(factor) * np.abs(wanted).max() + one.floor(layer.W):
            return False
        factors.append(factor)
    return bool(np.allclose(factors, factors[0], rtol=1e-6, atol=0))
