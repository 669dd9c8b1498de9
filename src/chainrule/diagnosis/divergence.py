"""A run whose numbers grew beyond all bounds: which quantity was the first, why, and a learning rate that works, found by simulation."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed
from chainrule.base.errors import DivergenceError
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.criteria import Finding, found, sentence
from chainrule.diagnosis.network_criteria import undefined
from chainrule.diagnosis.rates import largest_recommended
from chainrule.diagnosis.scalar_search import first_that, rounded_down
from chainrule.document.words import Words
from chainrule.engines.epoch import State, Written, unwarned
from chainrule.network.definitions import Bound
from chainrule.steps.step import Step

if TYPE_CHECKING:  # nobody who only looks at a step waits for what trains
    from chainrule.training.loop import Training

SEARCH_SECONDS = 5.0
"""What the search for a rate that works may take of a processor, however busy that is with others."""

NO_NUMBER = "NaN (no number)"


class Diverged(Displayed, DivergenceError):
    """A run whose numbers grew beyond all bounds.

    step             the number of the step in which they did
    quantity         the first quantity of that step, in the order of computation, that is no finite number (or E, where it only grew)
    findings         what the doctor finds in the run that makes it diverge, the cause before its effect
    rate_that_works  a learning rate with which the same run stays finite and the error falls, found by simulation; None if none was
    """

    def __init__(self, step: int, quantity: str, value: str, findings: Sequence[Finding], rate_that_works: float | None) -> None:
        self.step, self.quantity, self.findings, self.rate_that_works = step, quantity, findings, rate_that_works
        advice = "" if rate_that_works is None else f" With learning_rate = {rate_that_works:g} the error falls in a simulation of the run."
        super().__init__(f"training diverged in step {step}: {quantity} became {value}. {self.cause(Words())}{advice}")

    def cause(self, words: Words) -> str:
        """Why, in words."""
        return " ".join(sentence(words, one) for one in self.findings) or words.plain("train.no_cause")


@unwarned
def diverged(training: Training, number: int) -> Diverged:
    """What went wrong in that step of the epoch at hand; in the one before, if that left parameters that are no numbers."""
    step = training.step_of_epoch(number)
    if number > training.step + 1 and step.first_infinite in training.keys:
        step = training.step_of_epoch(number - 1)
    quantity, rate = step.first_infinite or "E", rate_that_works(training, step.number)
    return Diverged(step.number, quantity, _largest(step.values[quantity]), _causes(training, step, quantity, rate), rate)


def undefined_in(step: Step) -> str | None:
    """Which quantity of a step is no finite number, and why, where that is certain; None where all of them are finite."""
    quantity = step.first_infinite
    if quantity is None:
        return None
    why, value = undefined(step), _largest(step.values[quantity])
    said = "the error E is no number." if (quantity, value) == ("E", NO_NUMBER) else f"{quantity} of this step is {value}."
    return f"{said} {sentence(Words(), Finding('not_finite', why)) if why else ''}".strip()


def _largest(value: Array) -> str:
    """NaN, ∞ or the largest magnitude."""
    largest = float(np.max(np.abs(value)))
    return NO_NUMBER if math.isnan(largest) else "infinite" if math.isinf(largest) else f"{largest:.3g}"


def _causes(training: Training, step: Step, quantity: str, rate: float | None) -> list[Finding]:
    """What the doctor finds: a loss that is not defined; else how the run starts, and the rate, which the search has tried."""
    if why := undefined(step):
        return [Finding("not_finite", why)]
    x, t, *weights = training.data
    case = Case(training.start, x, t, training.plan.optimizer, weights=weights[0] if weights else None)
    begins = step.number == 1 and (quantity == "E" or quantity in step.before.values)  # before any rate had a say
    causes = list(found(case, "inputs_unscaled", "targets_unscaled", *(["start_too_large"] if begins or rate is None else [])))[:1]
    if rate is not None and not begins:
        causes.append(Finding("rate_too_large", {"how": "run", "rate": training.rate(step.number) or 0.0, "step": step.number}))
    return causes


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
