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
from chainrule.doctor.rates import advise, rounded, runner
from chainrule.engines.epoch import State, Written, unwarned
from chainrule.engines.unrolled import operations
from chainrule.formula.expression import order
from chainrule.network.definitions import Bound
from chainrule.network.network import Array
from chainrule.steps.step import Step

if TYPE_CHECKING:
    from chainrule.training.loop import Training

UNSCALED = 100.0
"""Inputs beyond this are far from the ±1 that initialisers and rates are made for."""

SEARCH_SECONDS = 5.0
"""What the search for a rate that works may take."""

MOST_ADVISED = 100_000
"""Parameters × samples up to which `chainrule.doctor.rates` answers in less than a second."""


CAUSES = {
    "logarithm": "{loss} takes the logarithm of 0: the prediction y is as good as 0 or 1.",
    "unscaled": "The inputs are not scaled (x reaches {largest}); standardise them.",
    "start": "The weights to begin with are too large: no step has been taken yet.",
    "rate": "The learning rate {rate} is too large.",
    "rate_unscaled": "The learning rate {rate} is too large, because the inputs are not scaled (x reaches {largest}); standardise them.",
    "unknown": "No smaller learning rate that was tried helps: look at the data, the first weights and the loss.",
}
"""Why a run goes wrong, in English; the catalogues of words have the same in every language."""


@dataclass(frozen=True)
class Cause:
    """A likely cause: the key of its text, and the numbers and names in it."""

    key: str
    values: Mapping[str, float | str] = field(default_factory=dict)

    def __str__(self) -> str:
        return CAUSES[self.key].format(**{name: f"{value:g}" if isinstance(value, float) else value for name, value in self.values.items()})


class Diverged(Displayed, DivergenceError):
    """A run whose numbers grew beyond all bounds.

    step             the number of the step in which they did
    quantity         the first quantity of that step, in the order of computation, that is no finite number (or E, where it only grew)
    cause            the likely cause, in words; reason: the same to be told in another language
    rate_that_works  a learning rate with which the same run stays finite and the error falls, found by simulation; None if none was
    """

    def __init__(self, step: int, quantity: str, value: str, cause: Cause, rate_that_works: float | None) -> None:
        self.step, self.quantity, self.rate_that_works = step, quantity, rate_that_works
        self.reason, self.cause = cause, str(cause)
        advice = "" if rate_that_works is None else f" learning_rate = {rate_that_works:g} works."
        super().__init__(f"training diverged in step {step}: {quantity} became {value}. {cause}{advice}")


def diverged(training: Training, number: int) -> Diverged:
    """What went wrong in that step of the epoch at hand; in the one before, if that left parameters that are no numbers."""
    step = training.step_of_epoch(number)
    if number > training.step + 1 and first_wrong(step) in training.keys:
        step = training.step_of_epoch(number - 1)
    quantity, rate = first_wrong(step), rate_that_works(training, step.number)
    return Diverged(step.number, quantity, _largest(step.values[quantity]), _cause(training, step, quantity, rate), rate)


def first_wrong(step: Step) -> str:
    """The key of the first quantity of a step, in the order of computation, that is not finite; "E" if all of them are."""
    return next((key for key, value in step.values.items() if not np.isfinite(value).all()), "E")


def _largest(value: Array) -> str:
    """NaN, ∞ or the largest magnitude."""
    largest = float(np.max(np.abs(value)))
    return "NaN (no number)" if math.isnan(largest) else "infinite" if math.isinf(largest) else f"{largest:.3g}"


def _cause(training: Training, step: Step, quantity: str, rate: float | None) -> Cause:
    forward = quantity == "E" or quantity in step.before.values
    largest = float(np.max(np.abs(step.x)))
    unscaled = {"largest": float(f"{largest:.3g}")} if largest > UNSCALED else {}
    logarithm = any(node.primitive.name == "log" for node in order(training.network.derivation.error))
    if quantity == "E" and logarithm and np.isfinite(step.prediction).all() and not math.isfinite(step.error):
        return Cause("logarithm", {"loss": training.network.loss.name})
    if forward and step.number == 1:
        return Cause("unscaled", unscaled) if unscaled else Cause("start")
    if rate is not None:
        return Cause("rate_unscaled" if unscaled else "rate", {"rate": float(training.rate(step.number) or 0.0), **unscaled})
    return Cause("unscaled", unscaled) if unscaled else Cause("unknown")


def rate_that_works(training: Training, number: int) -> float | None:
    """A rate with which the run gets well beyond that step and the error falls; halved until it does. None if none was found in time."""
    rate = training.rate(number)
    if rate is None or not math.isfinite(training.start_error):
        return None
    until = time.perf_counter() + SEARCH_SECONDS
    optimizer = training.plan.optimizer
    plain = Bound(optimizer.definition, {**optimizer.given, "learning_rate": rate})
    engine = Written(training.network, plain)
    candidate = min(rate / 2, _advised(training, plain) or rate)
    while candidate > rate * 1e-9 and time.perf_counter() < until:
        engine.options = {"learning_rate": rounded(candidate, 2)}
        if _falls(training, engine, 2 * number + 20, until):
            return rounded(candidate, 2)
        candidate /= 2
    return None


def _advised(training: Training, optimizer: Bound) -> float | None:
    """What `chainrule.doctor.rates` says of the first batch, where it can say it quickly."""
    x, t, *weights = training.batch(1, 1)
    if operations(training.network, len(x)) > MOST_ADVISED:
        return None
    run = runner(training.network, x, t, optimizer, *weights)
    advice = advise(training.network, x, t, optimizer, run)
    return None if advice is None else advice.good


@unwarned
def _falls(training: Training, engine: Written, steps: int, until: float) -> bool:
    """Does the run take so many steps, or as many as there is time for, with an error that ends lower than it began?"""
    state: State = training.start_state
    number = epoch = 0
    while number < steps:
        epoch += 1
        passed = engine.epoch(
            *training.rows(epoch, steps - number), training.batch_size, state, number, training.bound, lambda: time.perf_counter() > until
        )
        state, number = passed.state, passed.number
        if passed.ended == "diverged":
            return False
        if passed.ended == "stopped":
            break
    return training.judged(state) < training.start_error
