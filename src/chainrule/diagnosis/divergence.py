"""A run whose numbers grew beyond all bounds: which quantity was the first, why, and a learning rate that works, found by simulation."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chainrule.base.display import Displayed
from chainrule.base.errors import DivergenceError
from chainrule.diagnosis.rates import first_that, largest_recommended, rounded_down
from chainrule.document.words import Words
from chainrule.engines.epoch import State, Written, unwarned
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import order
from chainrule.network.definitions import Bound
from chainrule.network.network import Array, Network
from chainrule.steps.step import Step

if TYPE_CHECKING:  # nobody who only looks at a step waits for what trains
    from chainrule.training.loop import Training

UNSCALED = 100.0
"""Inputs beyond this are far from the ±1 that initialisers and rates are made for."""

SEARCH_SECONDS = 5.0
"""What the search for a rate that works may take of a processor, however busy that is with others."""

NO_NUMBER = "NaN (no number)"


@dataclass(frozen=True)
class Cause:
    """A likely cause: the key of its text, and the numbers and names in it."""

    key: str
    values: Mapping[str, float | str] = field(default_factory=dict)

    def __str__(self) -> str:
        values = {name: f"{value:g}" if isinstance(value, float) else value for name, value in self.values.items()}
        return Words().plain(f"train.cause.{self.key}", **values)


class Diverged(Displayed, DivergenceError):
    """A run whose numbers grew beyond all bounds.

    step             the number of the step in which they did
    quantity         the first quantity of that step, in the order of computation, that is no finite number (or E, where it only grew)
    cause            the likely cause, in words; reason: the same as a key and values, for other languages
    rate_that_works  a learning rate with which the same run stays finite and the error falls, found by simulation; None if none was
    """

    def __init__(self, step: int, quantity: str, value: str, cause: Cause, rate_that_works: float | None) -> None:
        self.step, self.quantity, self.rate_that_works = step, quantity, rate_that_works
        self.reason, self.cause = cause, str(cause)
        advice = "" if rate_that_works is None else f" With learning_rate = {rate_that_works:g} the error falls in a simulation of the run."
        super().__init__(f"training diverged in step {step}: {quantity} became {value}. {cause}{advice}")


@unwarned
def diverged(training: Training, number: int) -> Diverged:
    """What went wrong in that step of the epoch at hand; in the one before, if that left parameters that are no numbers."""
    step = training.step_of_epoch(number)
    if number > training.step + 1 and first_wrong(step) in training.keys:
        step = training.step_of_epoch(number - 1)
    quantity, rate = first_wrong(step), rate_that_works(training, step.number)
    return Diverged(step.number, quantity, _largest(step.values[quantity]), _cause(training, step, quantity, rate), rate)


def first_wrong(step: Step) -> str:
    """The key of the first quantity of a step, in the order of computation, that is not finite; "E" if all of them are."""
    return _first_infinite(step) or "E"


def _first_infinite(step: Step) -> str | None:
    return None if step.exact else next((key for key, value in step.values.items() if not np.isfinite(value).all()), None)


def not_finite(step: Step) -> str | None:
    """Which quantity of a step is no finite number, and why, where that is certain; None where all of them are finite."""
    quantity = _first_infinite(step)
    if quantity is None:
        return None
    cause = undefined(step.network, step.x, step.t, step.weights) if quantity == "E" else None
    value = _largest(step.values[quantity])
    said = "the error E is no number." if (quantity, value) == ("E", NO_NUMBER) else f"{quantity} of this step is {value}."
    return f"{said} {cause or ''}".strip()


def _largest(value: Array) -> str:
    """NaN, ∞ or the largest magnitude."""
    largest = float(np.max(np.abs(value)))
    return NO_NUMBER if math.isnan(largest) else "infinite" if math.isinf(largest) else f"{largest:.3g}"


def _cause(training: Training, step: Step, quantity: str, rate: float | None) -> Cause:
    forward = quantity == "E" or quantity in step.before.values
    largest = float(np.max(np.abs(step.x)))
    unscaled = {"largest": float(f"{largest:.3g}")} if largest > UNSCALED else {}
    if quantity == "E" and (cause := undefined(step.network, step.x, step.t, step.weights)):
        return cause
    if forward and step.number == 1:
        return Cause("unscaled", unscaled) if unscaled else Cause("start")
    if rate is not None:
        return Cause("rate_unscaled" if unscaled else "rate", {"rate": float(training.rate(step.number) or 0.0), **unscaled})
    return Cause("unscaled", unscaled) if unscaled else Cause("unknown")


def undefined(network: Network, x: Array, t: Array, weights: Array | None = None) -> Cause | None:
    """Why the loss has no finite value for a prediction y that is finite; None where that is not so."""
    derivation = network.derivation
    logarithms = [node.arguments[0] for node in order(derivation.error) if node.primitive.name == "log"]
    data = dict(zip(derivation.data, (x, t, weights), strict=False))
    values = evaluate([derivation.error, derivation.prediction, *logarithms], {**data, **network.bindings()})
    if not logarithms or np.isfinite(values[derivation.error]) or not np.isfinite(values[derivation.prediction]).all():
        return None
    arguments, output = np.concatenate([np.ravel(values[node]) for node in logarithms]), network.layers[-1].activation
    lowest = float(np.min(arguments))
    assert output is not None
    known: dict[str, float | str] = {"loss": network.loss.name, "number": float(f"{lowest:.3g}"), "activation": output.name}
    if lowest <= 0:
        return Cause("negative" if lowest < 0 else "logarithm", known)
    return Cause("division", known) if np.isinf(arguments).any() else None


def rate_that_works(training: Training, number: int) -> float | None:
    """A rate with which the run gets well beyond that step and the error falls, and with twice of which it does as well.

    Halved until it does; never more than is ever recommended with the optimiser. None if none was found in time.
    """
    rate = training.rate(number)
    if rate is None or not math.isfinite(training.start_error):
        return None
    until = time.thread_time() + SEARCH_SECONDS
    engine = Written(training.network, Bound(training.plan.optimizer.definition, {**training.plan.optimizer.given, "learning_rate": rate}))

    def falls(candidate: float) -> bool:
        engine.options = {"learning_rate": candidate}
        return time.thread_time() < until and _falls(training, engine, 2 * number + 20, until)

    most = rounded_down(min(rate / 2, 2 * largest_recommended(training.network, training.plan.optimizer)))
    found = first_that(falls, most, 40)
    return None if found is None or not falls(found / 2) else rounded_down(found / 2)


@unwarned
def _falls(training: Training, engine: Written, steps: int, until: float) -> bool:
    """Does the run take so many steps, or as many as there is time for, with an error that ends lower than it began?"""
    state: State = training.start_state
    number = epoch = 0
    while number < steps:
        epoch += 1
        passed = engine.epoch(
            *training.rows(epoch, steps - number), training.batch_size, state, number, training.bound, lambda: time.thread_time() > until
        )
        state, number = passed.state, passed.number
        if passed.ended == "diverged":
            return False
        if passed.ended == "stopped":
            break
    return training.judged(state) < training.start_error
