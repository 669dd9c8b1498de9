"""Learning rates: which lower the error in this step, up to which one it converges, and what a good one does.

Computed bounds such as 2/λmax look at one point only and are too optimistic, so every answer here is simulated: the very update rule,
on the very batch, for some hundreds of steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from chainrule.engines.unrolled import MOST_OPERATIONS, Unrolled, operations
from chainrule.engines.written import Program, written_program
from chainrule.network.definitions import Bound
from chainrule.network.network import Array, Network
from chainrule.network.update import network_update

Run: TypeAlias = Callable[[float, int], list[float]]
"""run(rate, steps): the error before each step, ending early once it is zero or beyond all bounds."""

MOST_RATE = 1000.0
"""Rates are not tried beyond this: where the error still falls, it does so because everything saturates."""

TOLERANCE = 1e-12
"""An error below this counts as reached."""

LEAST = 1e-15
"""A run whose error is below this need not go on."""

BUDGET = 0.2
"""Seconds that all simulations together may take, roughly."""

SLOW, TOO_SLOW = 0.001, 0.005
"""Seconds a step: a slower network is asked about one step only, a still slower one not at all."""


@dataclass(frozen=True)
class Advice:
    """What simulation says about the rate of one step.

    rate          the one in use
    lowers_below  every rate below this lowers the error in this step; None if none tried does
    best_single   the rate whose single step lowers the error most, and the error it leaves
    converges_to  the largest rate found at which the error still settles; None if none tried does, or none was tried
    good          a rate that gets lowest soonest, rounded to three digits
    reaches       how many steps it takes with it to an error below `TOLERANCE`; None if it was not reached
    last_error    the error it reached
    steps         how many steps each simulation was given
    """

    rate: float
    lowers_below: float | None
    best_single: tuple[float, float] | None
    converges_to: float | None
    good: float | None
    reaches: int | None
    last_error: float
    steps: int


@dataclass(frozen=True)
class Runner:
    """Trains from a network's own parameters with any rate.

    run      the training; called like this itself
    seconds  what a step takes, roughly: from the length of its program, and so the same on every machine
    """

    run: Run
    seconds: float

    def __call__(self, rate: float, steps: int) -> list[float]:
        """The error before each step."""
        return self.run(rate, steps)


def runner(network: Network, x: Array, t: Array, optimizer: Bound, weights: Array | None = None) -> Runner:
    """Trains from the network's own parameters with any rate: unrolled for small networks, the NumPy program for others."""
    cost = operations(network, len(x))
    if cost <= MOST_OPERATIONS:
        unrolled = Unrolled(network, x, t, optimizer, weights)
        first = unrolled.run(0.0, 1)[0][0]
        return Runner(lambda rate, steps: unrolled.run(rate, steps, LEAST, _bound(first))[0], 1e-9 * unrolled.length)
    program = written_program(network, optimizer)
    data = {node.key: part for node, part in network.split(x, t, None if weights is None else weights.astype(float)).items()}
    run = _written_run(program, {**data, **network.parameters}, network_update(network, optimizer).state_shapes)
    return Runner(run, 4e-8 * len(program.source.partition("def step")[2]) + 4e-9 * cost)


def _bound(first: float) -> float:
    """An error beyond this is beyond all bounds."""
    return 1e12 * max(1.0, abs(first))


def _written_run(program: Program, start: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> Run:
    def run(rate: float, steps: int) -> list[float]:
        options = {"learning_rate": rate} if "learning_rate" in program.options else {}
        values: dict[str, Any] = {**start, **{key: np.zeros(shape) for key, shape in shapes.items()}}
        errors: list[float] = []
        for k in range(1, steps + 1):
            values["k"] = k
            results = program.step(*(values[key] for key in program.inputs), **options)
            errors.append(float(results[0]))
            if not LEAST < abs(errors[-1]) < _bound(errors[0]):
                break
            values.update(zip((key.removesuffix("_next") for key in program.outputs[1:]), results[1:], strict=True))
        return errors

    return run


def advise(network: Network, x: Array, t: Array, optimizer: Bound, run: Runner | None = None) -> Advice | None:
    """What rates do on this batch, from the network's parameters.

    None where the optimiser has no plain rate to vary, and where the network is so large that nobody would wait for the answer.

    run  its `runner`, where there is one already
    """
    rate = optimizer.options.get("learning_rate")
    if not isinstance(rate, (int, float)):
        return None
    run = run or runner(network, x, t, optimizer)
    if run.seconds > TOO_SLOW:
        return None
    steps = affordable(run)
    lowers = _lowers_below(run, float(rate))
    converges = _converges_to(run, lowers or float(rate), steps) if run.seconds <= SLOW else None
    good, errors = _good(run, converges, steps) if converges else (None, [math.nan])
    return Advice(
        rate=float(rate),
        lowers_below=lowers,
        best_single=_best_single(run, lowers) if lowers else None,
        converges_to=converges,
        good=good,
        reaches=len(errors) - 1 if abs(errors[-1]) < TOLERANCE else None,
        last_error=errors[-1],
        steps=steps,
    )


def affordable(run: Runner) -> int:
    """How many steps each of some sixty simulations may have, beside some 250 steps of short ones."""
    return max(20, min(3000, int((BUDGET / run.seconds - 250) / 60)))


def steps_for(cost: int) -> int:
    """How many steps each simulation is given, so that all of them together take well under a second.

    cost  parameters × samples. A step takes roughly 0.1 µs each as single numbers, 50 µs and 2 ns each as arrays.
    """
    seconds = 1e-7 * cost if cost <= MOST_OPERATIONS else 5e-5 + 2e-9 * cost
    return max(20, min(3000, int(0.006 / seconds)))


def _after_one(run: Run, rate: float) -> float:
    errors = run(rate, 2)
    return errors[1] if len(errors) > 1 else errors[0]


def _lowers_below(run: Run, near: float) -> float | None:
    """The rate at which one step stops lowering the error: doubled or halved until it is bracketed, then bisected."""
    before = run(near, 1)[0]
    low = max(near, 1e-3)  # the rate in use may be too small to change anything
    for _ in range(60):
        if _after_one(run, low) < before:
            break
        low /= 2
    else:
        return None
    high = low * 2
    while high <= MOST_RATE:
        if not _after_one(run, high) < before:
            return _bisected(lambda rate: _after_one(run, rate) < before, low, high, 20, digits=6)
        low, high = high, high * 2
    return MOST_RATE


def _bisected(holds: Callable[[float], bool], low: float, high: float, times: int, digits: int) -> float:
    """The border between `low`, where it holds, and `high`, where it does not, to so many digits if it takes at most `times` halvings."""
    for _ in range(times):
        if rounded(low, digits) == rounded(high, digits):
            break
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _best_single(run: Run, limit: float) -> tuple[float, float]:
    """The lowest error after one step, by golden-section search below `limit`."""

    @cache
    def after(rate: float) -> float:
        return _after_one(run, rate)

    shrink = (math.sqrt(5) - 1) / 2
    low, high = 0.0, limit
    for _ in range(40):
        a, b = high - shrink * (high - low), low + shrink * (high - low)
        low, high = (low, b) if after(a) < after(b) else (a, high)
    rate = (low + high) / 2
    return rate, after(rate)


def has_converged(errors: list[float]) -> bool:
    """Did this run converge? It reached zero, or it went down (or stood still) in every step of its last half."""
    if abs(errors[-1]) < TOLERANCE:
        return True
    if not math.isfinite(errors[-1]) or errors[-1] > errors[0] or len(errors) < 3:
        return False
    half = errors[len(errors) // 2 :]
    return all(b <= a + 1e-12 * abs(a) for a, b in pairwise(half))


def _converges_to(run: Run, near: float, steps: int) -> float | None:
    @cache
    def converges(rate: float) -> bool:
        return has_converged(run(rate, steps))

    near = min(near, MOST_RATE)
    low, high = 0.0, min(near * 4, MOST_RATE)
    for _ in range(12):
        if converges(near):
            low = near
            break
        high, near = near, near / 2
    else:
        return None
    while low < high and converges(high):
        if high >= MOST_RATE:
            return MOST_RATE
        low, high = high, min(high * 2, MOST_RATE)
    return _bisected(converges, low, high, 12, digits=3)


def _good(run: Run, limit: float, steps: int) -> tuple[float, list[float]]:
    """Of twenty rates up to the limit, and twenty more around the best of them, the one that is soonest lowest."""
    best = _soonest(run, [limit * part / 20 for part in range(1, 17)], steps)
    return _soonest(run, [best[0] + limit * part / 200 for part in range(-9, 10)], steps)


def _soonest(run: Run, rates: list[float], steps: int) -> tuple[float, list[float]]:
    """The rate that is below the tolerance after the fewest steps, or else the lowest in the end."""
    runs = {rate: _until(run(rate, steps)) for rate in dict.fromkeys(map(rounded, rates)) if rate > 0}

    def rank(rate: float) -> tuple[float, float]:
        last = runs[rate][-1]
        return (len(runs[rate]) if abs(last) < TOLERANCE else math.inf, last if math.isfinite(last) else math.inf)

    best = min(runs, key=rank)
    return best, runs[best]


def _until(errors: list[float]) -> list[float]:
    for position, error in enumerate(errors):
        if abs(error) < TOLERANCE:
            return errors[: position + 1]
    return errors


def rounded(rate: float, digits: int = 3) -> float:
    """A rate with three significant digits, as a person would type it."""
    return float(f"{rate:.{digits}g}")
