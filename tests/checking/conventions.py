"""Right programs that count, sign or give things otherwise: none of them may be told that it has a mistake."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from tests.checking.mutants import FAMILIES, gradients, rate_of

from chainrule.checking.evidence import Observation, probes

COUNTINGS = {
    "as usual": lambda N, k: 1.0,
    "no half": lambda N, k: 2.0,
    "sums": lambda N, k: float(N),
    "no half, sums": lambda N, k: 2.0 * N,
    "mean over outputs": lambda N, k: 1 / k,
    "mean over everything": lambda N, k: 2 / k,
}

WAYS = (
    "given with E",
    "given alone",
    "to be added",
    "read off an update",
    "update and gradients",
    "three steps",
    "momentum",
    "single precision",
)


def cases():
    """Every family with every way of counting that its loss has, and every way in which a program may answer."""
    for (family, architecture), counting, way in itertools.product(FAMILIES.items(), COUNTINGS, WAYS):
        if "half" in counting + " half" * ("everything" in counting) and "squared" not in architecture.loss:
            continue
        yield family, counting, way


def step(network, x, t, slips, share, rate, velocity, momentum):
    problem = probe_of(network, x, t)
    given = gradients(problem, slips)
    moved = {key: momentum * velocity.get(key, 0) + share * given[f"d{key}"] for key in network.parameters}
    return {key: network.parameters[key] - rate * moved[key] for key in moved}, moved


def probe_of(network, x, t):
    from chainrule.steps.problem import Problem

    return Problem(network, x, t)


def trained(problem, share, steps, momentum=0.0):
    network, velocity, after, rate = problem.network, {}, [], rate_of(problem)
    for _ in range(steps):
        parameters, velocity = step(network, problem.x, problem.t, (), share, rate, velocity, momentum)
        network = network.continued(parameters)
        after.append(parameters)
    return tuple(after)


def answer(problem, counting, way):
    """What a right program gives that counts and answers in this way."""
    share = COUNTINGS[counting](len(problem.x), problem.t.shape[1])
    given = gradients(problem)
    scaled = {key: share * value if key != "y" else value for key, value in given.items()}
    if way == "given with E":
        return Observation(problem, scaled)
    del scaled["E"]
    if way == "given alone":
        return Observation(problem, scaled)
    if way == "single precision":
        return Observation(problem, {key: np.float32(value) for key, value in scaled.items()}, exact_to=2e-6)
    if way == "to be added":
        return Observation(problem, {key: -value if key != "y" else value for key, value in scaled.items()})
    if way == "three steps":
        return Observation(problem, scaled, trained(problem, share, 3))
    if way == "momentum":
        return Observation(problem, scaled, trained(problem, share, 3, momentum=0.9))
    after = trained(problem, share, 1)
    if way == "update and gradients":
        return Observation(problem, scaled, after)
    before = problem.network.parameters
    read = {f"d{key}": (value - after[0][key]) / rate_of(problem) for key, value in before.items()}
    return Observation(problem, {**read, "y": given["y"]}, after, from_update=True)


def answers(family, counting, way, seed=0):
    """The architecture, and the answers to its probes."""
    architecture = FAMILIES[family]
    return architecture, [answer(problem, counting, way) for problem in probes(replace(architecture), seed)]
