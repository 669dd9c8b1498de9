"""What the doctor looks at: a network with its rows, as it starts, as it ends, and as it would end if something were changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.diagnosis.activity import Activity, Examiner
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Name, variable
from chainrule.network.definitions import Bound
from chainrule.network.derivation import BATCH, reduced
from chainrule.network.network import Network
from chainrule.steps.step import Step

if TYPE_CHECKING:  # nobody who only looks at a step waits for what trains
    from chainrule.training.history import Report
    from chainrule.training.metrics import Scores

TRIED_STEPS = 200
"""Steps of a trial, or those of one epoch where these are more."""

MOST_TRIED_ROWS = 2000
"""Of more rows, so many are tried and looked at, evenly spaced."""

AFFORDABLE = 6e8
"""Parameters × rows × epochs of a whole training, up to which one is tried."""

LOOKS = 8
"""How often the error of all rows is measured in the course of a trial, at most."""

WORTH_COMPILING = 2e7
"""A trial of so many parameters × rows × steps is computed by machine code; a smaller one is over before that is made."""


class Case(Frozen):
    """A network, its rows, and how it is trained.

    network     before the first step
    x, t        the rows that it learns from, as it gets them; weights: what each of them counts
    optimizer, batch_size, seed   how it is trained; the size of a batch is chosen where none is said
    trained     the network after its training, where it has been trained
    held_out    x and t of rows that it did not learn from
    inputs, targets   what the columns of x and t are called; columns: which column of the data each input comes from
    numbers     which row of the data each of x, and each of those held out, is
    epochs      how many epochs its training may take, and history: what they came to; outcome: how it ended, as of `Model`
    scores      on the parts of its data, where they are known
    advised     the learning rate that simulations recommend for this very start, where they were made
    scales      [μ, σ] of each input and of each target, where they are standardised: value = x σ + μ
    """

    network: Network
    x: Array
    t: Array
    optimizer: Bound
    weights: Array | None = None
    batch_size: int | None = None
    seed: int = 0
    trained: Network | None = None
    held_out: tuple[Array, Array] | None = None
    inputs: Sequence[str] = ()
    targets: Sequence[str] = ()
    columns: Sequence[str] = ()
    numbers: tuple[Sequence[int] | Array, Sequence[int] | Array] = ((), ())
    history: Sequence[Report] = ()
    outcome: Mapping[str, object] = field(default_factory=dict)
    scores: Mapping[str, Scores] = field(default_factory=dict)
    advised: float | None = None
    scales: tuple[Sequence[Sequence[float]], Sequence[Sequence[float]]] = ((), ())

    @property
    def rows(self) -> int:
        """How many rows it learns from."""
        return len(self.x)

    @property
    def rate(self) -> float | None:
        """The learning rate, where it is one number."""
        rate = self.optimizer.options.get("learning_rate")
        return float(rate) if isinstance(rate, (int, float)) else None

    @property
    def each(self) -> int:
        """Rows of a batch."""
        from chainrule.training.plan import batch_size_for

        return min(self.batch_size or batch_size_for(self.rows), self.rows)

    def changed(self, **changes: object) -> Case:
        """The same with something changed; what its training came to, and what was advised, is forgotten."""
        return replace(self, trained=None, history=(), outcome={}, scores={}, advised=None, **changes)  # type: ignore[arg-type]  # fields by name

    def with_rate(self, rate: float) -> Case:
        """The same with another learning rate; the same object each time, so that what was tried is not tried again."""
        if rate not in self._rates:
            changed = Bound(self.optimizer.definition, {**self.optimizer.given, "learning_rate": rate})
            self._rates[rate] = self.changed(optimizer=changed)
        return self._rates[rate]

    @cached_property
    def _rates(self) -> dict[float, Case]:
        return {}

    @cached_property
    def sample(self) -> tuple[Array, Array, Array | None]:
        """x, t and weights of the rows that are tried and looked at."""
        if self.rows <= MOST_TRIED_ROWS:
            return self.x, self.t, self.weights
        places = np.linspace(0, self.rows - 1, MOST_TRIED_ROWS).astype(int)
        x, t, s = (None if part is None else np.asarray(part[places]) for part in (self.x, self.t, self.weights))
        assert x is not None
        assert t is not None
        return x, t, s

    @cached_property
    def _examiner(self) -> Examiner:
        x, t, s = self.sample
        return Examiner(self.network if s is None else self.network.replaced(weighted=True), x, t, s)

    @cached_property
    def start(self) -> Activity:
        """The network before the first step, on the rows that are looked at."""
        return self._examiner()

    @cached_property
    def trial(self) -> CureTrial:
        """Its training for `TRIED_STEPS` steps, as it would begin."""
        return tried(self)

    @cached_property
    def end(self) -> Activity:
        """The network after its training; after a trial, where it has not been trained; at the start, where that diverged."""
        network = self.trained or self.trial.end
        return self.start if network is None else self._examiner(network.parameters)

    @property
    def when(self) -> dict[str, str | int]:
        """When it is as `end` shows it, as findings say it: nothing where that is the start."""
        if self.trained is not None:
            return {"when": "trained"}
        return {} if self.trial.end is None else {"when": "tried", "steps": self.trial.steps}

    @cached_property
    def first_step(self) -> Step:
        """The first step on the rows that are looked at, whole."""
        x, t, s = self.sample
        return self._examiner.network.step(x, t, self.optimizer, weights=s)


class CureTrial(Frozen):
    """A training of some steps.

    errors   E of all rows before the first step, and now and then after it
    steps    how many were taken
    end      the network after them; None where its numbers left all bounds, in step `diverged`
    """

    errors: Sequence[float]
    steps: int
    end: Network | None
    diverged: int | None = None

    @property
    def last(self) -> float:
        """E at the end; infinite where the trial diverged."""
        return math.inf if self.diverged or not math.isfinite(self.errors[-1]) else self.errors[-1]

    @property
    def share(self) -> float:
        """What is left of the error that it began with."""
        return self.last / self.errors[0] if self.errors[0] else 1.0


def tried(case: Case, steps: int = TRIED_STEPS) -> CureTrial:
    """Train on the rows that are looked at, for so many steps, at least an epoch."""
    rows = len(case.sample[0])
    return tried_epochs(case, max(1, math.ceil(steps / math.ceil(rows / min(case.each, rows)))))


def tried_epochs(case: Case, epochs: int) -> CureTrial:
    """Train on the rows that are looked at, for so many epochs."""
    from chainrule.training.loop import Overflowed, Training  # nobody who only looks at a step waits for it
    from chainrule.training.plan import Plan

    x, t, s = case.sample
    size = min(case.each, len(x))
    each = math.ceil(len(x) / size)
    plan = Plan(epochs=epochs, batch_size=size, seed=case.seed, validation=0.0, test=0.0, patience=None, optimizer=case.optimizer)
    large = case.network.size * size * epochs * each > WORTH_COMPILING
    training = Training(case.network, x, t, plan, weights=s, engine="auto" if large else "written")
    errors = [training.start_error]
    try:
        for epoch in range(1, epochs + 1):
            training.epoch()
            if epoch == epochs or epoch % max(1, epochs // LOOKS) == 0:
                errors.append(training.judged(training.state))
    except Overflowed as overflow:
        return CureTrial(errors, overflow.step, None, overflow.step)
    return CureTrial(errors, training.step, training.start.continued(training.parameters_of(training.state)))


ALMOST = (float(np.finfo(float).tiny), 1 - float(np.finfo(float).epsneg))
"""A probability that is so small, or so large, that a float is 0 or 1 is no further off: 0 · ln 0 is no number."""


def error_of(network: Network, y: Array, t: Array) -> float:
    """What the network's losses say of these predictions: E without penalties and weights."""
    total, start = 0.0, 0
    for (name, size), goal in zip(network.output_sizes.items(), network.goals.values(), strict=True):
        letters = [variable(Name(letter, scope=name), (BATCH, size)) for letter in "yt"]
        part = reduced(goal.loss.apply(*letters), replace(network.conventions, weighted=False))
        of_probabilities = goal.loss.definition.targets in ("probabilities", "distribution", "steps") and not goal.loss.definition.logits
        sides = (side[:, start : start + size] for side in (np.clip(y, *ALMOST) if of_probabilities else y, t))
        total += goal.weight * float(evaluate([part], dict(zip(letters, sides, strict=True)))[part])
        start += size
    return total
