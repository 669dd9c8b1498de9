"""The loop: epochs of batches, early stopping, divergence; a run that was stopped goes on, and any step is replayed, bit for bit.

It prints nothing and writes no file. Everything random follows from the seed and the number of the epoch, so that there is no
generator whose state would have to be kept.
"""

from __future__ import annotations

import hashlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.definitions import Bound
from chainrule.display import Displayed
from chainrule.engines.keep import evaluate
from chainrule.engines.unrolled import operations
from chainrule.engines.written import Program, written, written_error
from chainrule.errors import DivergenceError, InputError, ShapeError, shown
from chainrule.expression import order
from chainrule.network import Array, Network
from chainrule.plan import Plan, batch_size_for, check_count, example_weights, folds, split
from chainrule.rates import advise, rounded, runner
from chainrule.step import Step, check_targets, checked_weights, record
from chainrule.update import STEP_NUMBER, network_update

if TYPE_CHECKING:
    from chainrule.model import Model

Data: TypeAlias = "tuple[Array, ...]"
"""x (rows, inputs), t (rows, outputs), and s (rows,) where the examples are weighted."""

Stepping: TypeAlias = "Callable[..., tuple[float, Data]]"
"""step(batch, state, number): E before the step, and the parameters and states after it."""

BLOCK = 2**26
"""Bytes of rows that are gathered at a time; data on a disk is never read whole."""

MEASURED_AT_ONCE = 10_000
"""Rows of one forward pass when an error is measured."""

MOST_REPORTS = 2000
"""A longer history is thinned out, so that memory and files stay small however long the run."""

UNSCALED = 100.0
"""Inputs beyond this are far from the ±1 that initialisers and rates are made for."""

SEARCH_SECONDS = 5.0
"""What the search for a rate that works may take."""

MOST_ADVISED = 100_000
"""Parameters × samples up to which `chainrule.rates` answers in less than a second."""


@dataclass(frozen=True)
class Report(Displayed):
    """What one epoch came to.

    epoch             from 1
    step              how many steps the run has taken
    error             E, the mean over the epoch's batches; each batch before its own step
    validation_error  E of the validation rows after the epoch; None without any
    rate              the learning rate of the epoch's last step; None where the optimiser has none
    seconds           how long the epoch took; not part of what a report is compared by
    """

    epoch: int
    step: int
    error: float
    validation_error: float | None = None
    rate: float | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, eq=False)
class Outcome(Displayed):
    """How a run ended.

    reason      "until" (the error is below it), "patience" (no more improvement), "epochs" (all done) or "interrupted"
    network     with the best weights
    best_epoch  the epoch that ended with them; 0 where the weights at the start were never bettered
    best_error  by which they were chosen: E of the validation rows, or of the training rows where these decide
    last        the last epoch; None if there was none
    """

    reason: str
    network: Network
    best_epoch: int
    best_error: float
    last: Report | None


class Diverged(Displayed, DivergenceError):
    """A run whose numbers grew beyond all bounds.

    step             the number of the step in which they did
    quantity         the first quantity of that step, in the order of computation, that is no finite number (or E, where it only grew)
    cause            the likely cause, in words
    rate_that_works  a learning rate with which the same run stays finite and the error falls, found by simulation; None if none was
    """

    def __init__(self, step: int, quantity: str, value: str, cause: str, rate_that_works: float | None) -> None:
        self.step, self.quantity, self.cause, self.rate_that_works = step, quantity, cause, rate_that_works
        advice = "" if rate_that_works is None else f" learning_rate = {rate_that_works:g} works."
        super().__init__(f"training diverged in step {step}: {quantity} became {value}. {cause}{advice}")


class _Interrupted(Exception):
    """Ctrl-C was pressed; the epoch at hand is given up."""


class Training(Displayed):
    """A run: a network on rows of data by a plan.

    x, t        (rows, inputs), (rows, outputs); arrays that lie on a disk are read block by block
    weights     (rows,), what each example counts in the error
    validation  (x, t), or (x, t, weights), of the rows that decide

    `epoch` and `run` go on from where the run stands. `start` is the network before the run, `best_network` has the best weights so far.
    Raises ShapeError, InputError.
    """

    def __init__(
        self, network: Network, x: Any, t: Any, plan: Plan, *, weights: Any = None, validation: Sequence[Any] | None = None
    ) -> None:
        self.start = network
        self.network = network if weights is None else network.replaced(weighted=True)
        self.plan = plan
        self.data = self._checked(x, t, weights)
        self.validation = None if validation is None else self._checked(*validation)
        self.batch_size = min(plan.batch_size or batch_size_for(len(x)), len(x))
        self.program = written(self.network, plan.optimizer)
        self.keys = tuple(key for key in self.program.inputs if key not in ("x", "t", "s", "k"))
        self.state = self._start = tuple(self._starting(key) for key in self.keys)
        self.epochs, self.step, self.every = 0, 0, 1
        self.history: list[Report] = []
        self.start_error = self._judged(self.state)
        self.best, self.best_epoch = self.state[: len(self.network.shapes)], 0
        self.best_error = self.start_error if math.isfinite(self.start_error) else math.inf
        self.stopping = False

    # What it starts from

    def _checked(self, x: Any, t: Any, weights: Any = None) -> Data:
        x, t = _checked_rows("x", x, self.network.inputs), _checked_rows("t", t, self.network.outputs)
        if len(x) != len(t):
            raise InputError(f"x has {len(x)} rows but t has {len(t)}; every sample needs its target.")
        check_targets(self.network, t)
        if not self.network.conventions.weighted:
            return x, t
        s = checked_weights(self.network, weights, len(x))
        assert s is not None
        return x, t, s

    def _starting(self, key: str) -> Array:
        """The parameter of that name, or a state of the optimiser, which starts at zero."""
        parameters = self.network.parameters
        return parameters[key] if key in parameters else np.zeros(self.network.shapes[key.rpartition("_")[2]])

    @property
    def bound(self) -> float:
        """An error that is not below this has grown beyond all bounds."""
        return 1e12 * max(1.0, self.start_error) if math.isfinite(self.start_error) else math.inf

    # Going on

    def __repr__(self) -> str:
        return f"<Training of {self.network!r}: {len(self.history)} of {self.plan.epochs} epochs>"

    def epoch(self) -> Report:
        """One pass over every row. Raises Diverged, after which the run stands where it stood before the epoch."""
        started = time.perf_counter()
        state, error, number = self._passed()
        judged = self._judged(state)
        if not math.isfinite(judged) and not _all_finite(state):
            raise self._diverged(number)
        self.state, self.step, self.epochs = state, number, self.epochs + 1
        if judged < self.best_error:
            self.best, self.best_epoch, self.best_error = state[: len(self.network.shapes)], self.epochs, judged
        held_out = judged if self._validation_decides else None if self.validation is None else self._measured(self.validation, state)
        report = Report(self.epochs, number, error, _finite(held_out), self.rate(number), time.perf_counter() - started)
        self._remember(report)
        return report

    def _passed(self) -> tuple[Data, float, int]:
        """The state after one more epoch, the mean of E over its batches, and the number of the last step."""
        step, bound, rows = self._step, self.bound, len(self.data[0])
        state, number, error = self.state, self.step, 0.0
        with np.errstate(all="ignore"):
            for batch in self.batches(self.epochs + 1):
                if self.stopping:
                    raise _Interrupted
                number += 1
                E, state = step(batch, state, number)
                if not -bound < E < bound:  # nor is NaN
                    raise self._diverged(number)
                error += E * (len(batch[0]) / rows)
        return state, error, number

    def batches(self, epoch: int) -> Iterator[Data]:
        """The batches of an epoch, from 1, in their order; the last one may be shorter."""
        rows, size = len(self.data[0]), self.batch_size
        places = np.random.default_rng([self.plan.seed, epoch]).permutation(rows) if self.plan.shuffle and size < rows else None
        block = max(1, BLOCK // (8 * size * (self.network.inputs + self.network.outputs))) * size
        for first in range(0, rows, block):
            part: Any = slice(first, first + block) if places is None else places[first : first + block]
            gathered = [np.asarray(array[part] if places is None else array.take(part, axis=0)) for array in self.data]
            for start in range(0, len(gathered[0]), size):
                yield tuple(array[start : start + size] for array in gathered)

    def _judged(self, state: Data) -> float:
        """The error by which weights are chosen: of the validation rows, or of the training rows where these decide."""
        return self._measured(self.validation if self._validation_decides and self.validation is not None else self.data, state)

    @property
    def _validation_decides(self) -> bool:
        return self.validation is not None and self.plan.until is None

    @cached_property
    def _step(self) -> Stepping:
        return _stepping(self.program)

    @cached_property
    def _error(self) -> Callable[..., float]:
        return written_error(self.network).functions["error"]  # type: ignore[no-any-return]  # what was executed has no types

    def _measured(self, data: Data, state: Data) -> float:
        parameters, rows = state[: len(self.network.shapes)], len(data[0])
        error = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, rows, MEASURED_AT_ONCE):
                part = [array[start : start + MEASURED_AT_ONCE] for array in data]
                error += float(self._error(*part, *parameters)) * (len(part[0]) / rows)
        return error

    def _remember(self, report: Report) -> None:
        """Keep the report; when they are too many, only every second one, and from then on every second epoch."""
        if report.epoch % self.every == 0:
            self.history.append(report)
        if len(self.history) > MOST_REPORTS:
            self.every *= 2
            self.history = [kept for kept in self.history if kept.epoch % self.every == 0]

    def rate(self, number: int) -> float | None:
        """The learning rate of that step."""
        rate = self.plan.optimizer.options.get("learning_rate")
        if not isinstance(rate, Bound):
            return None if rate is None else float(rate)
        node = self._schedule
        return float(evaluate([node], {STEP_NUMBER: np.asarray(float(number))})[node])

    @cached_property
    def _schedule(self) -> Any:
        return network_update(self.network, self.plan.optimizer).rate

    @property
    def ended(self) -> str | None:
        """Why the run is over, as an `Outcome` says it; None while it is not."""
        last = self.history[-1] if self.history else None
        if self.plan.until is not None and last is not None and last.epoch == self.epochs and last.error < self.plan.until:
            return "until"
        if self.epochs >= self.plan.epochs:
            return "epochs"
        if self._validation_decides and self.plan.patience is not None and self.epochs - self.best_epoch >= self.plan.patience:
            return "patience"
        return None

    def run(
        self,
        report: Callable[[Report], None] | None = None,
        checkpoint: Callable[[Training], None] | None = None,
        *,
        seconds: float = 1.0,
    ) -> Outcome:
        """Epoch after epoch, until the plan says that it is over, or Ctrl-C; a second Ctrl-C ends it without more ado.

        report      is called after every epoch
        checkpoint  is called every so many seconds, after an epoch, and when the run is interrupted

        Raises Diverged.
        """
        saved = time.perf_counter()
        last = self.history[-1] if self.history else None
        with self._interruptible():
            while (reason := self.ended) is None:
                try:
                    last = self.epoch()
                except _Interrupted:
                    reason = "interrupted"
                    break
                if report is not None:
                    report(last)
                if checkpoint is not None and time.perf_counter() - saved >= seconds:
                    checkpoint(self)
                    saved = time.perf_counter()
            if checkpoint is not None and reason == "interrupted":
                checkpoint(self)
        return Outcome(reason, self.best_network, self.best_epoch, self.best_error, last)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C sets a flag that is looked at before every batch."""
        self.stopping = False
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            if self.stopping:
                raise KeyboardInterrupt
            self.stopping = True

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @property
    def best_network(self) -> Network:
        """The network with the best weights so far."""
        return self.start.continued(dict(zip(self.keys, self.best, strict=False)))

    # Kept and continued

    @cached_property
    def digest(self) -> str:
        """A fingerprint of the training rows, by which the data of a run is known again."""
        return digest(*self.data)

    def arrays(self) -> dict[str, Array]:
        """Parameters, states and best parameters ("best.W1"): with `record`, everything that the rest of the run depends on."""
        return {
            **dict(zip(self.keys, self.state, strict=True)),
            **{f"best.{key}": best for key, best in zip(self.keys, self.best, strict=False)},
        }

    def record(self) -> dict[str, Any]:
        """Where the run stands, as plain data."""
        return {
            "step": self.step,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "best_error": _finite(self.best_error),
            "every": self.every,
            "history": history_to_dict(self.history),
            "digest": self.digest,
            "settings": self._settings(),
        }

    def _settings(self) -> dict[str, Any]:
        """What every number of the run depends on."""
        plan = self.plan.to_dict()
        return {"batch_size": self.batch_size, **{name: plan[name] for name in ("seed", "shuffle", "optimizer")}}

    @staticmethod
    def resumed(
        network: Network,
        x: Any,
        t: Any,
        plan: Plan,
        arrays: Mapping[str, Array],
        record: Mapping[str, Any],
        *,
        weights: Any = None,
        validation: Sequence[Any] | None = None,
    ) -> Training:
        """The run that `arrays` and `record` were taken from, to be continued with the same numbers, bit for bit.

        network, x, t, plan …  as the run began; more epochs, more patience or another `until` may be asked for

        Raises InputError where the data is not the same.
        """
        training = Training(network, x, t, plan, weights=weights, validation=validation)
        if record.get("digest") != training.digest:
            raise InputError("this run began with other data, or another split of it: resume it with the same data, seed and options.")
        for name, value in training._settings().items():
            if (began := record.get("settings", {}).get(name)) != value:
                raise InputError(f"this run began with {name} = {shown(began)}, not {shown(value)}: resume it with the same.")
        try:
            training.state = tuple(_fitting(key, arrays[key], training._starting(key)) for key in training.keys)
            names = training.keys[: len(training.best)]
            training.best = tuple(_fitting(key, arrays[f"best.{key}"], training._starting(key)) for key in names)
            training.step, training.epochs, training.every = (int(record[key]) for key in ("step", "epochs", "every"))
            training.best_epoch = int(record["best_epoch"])
            training.best_error = math.inf if record["best_error"] is None else float(record["best_error"])
            training.history = history_from_dict(record["history"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"the state of this run is incomplete ({error}), or of another network or optimiser.") from None
        return training

    # Looking into it

    def step_at(self, number: int) -> Step:
        """The step of that number, from 1, with every value kept: the run is replayed from its start. Raises DescriptionError."""
        check_count("the number of a step", number, 1)
        return self._replayed(number, self._start, 0, 0)

    def _replayed(self, number: int, state: Data, done: int, epoch: int) -> Step:
        """The step of that number, from the state after so many steps and whole epochs."""
        with np.errstate(all="ignore"):
            while True:
                epoch += 1
                for batch in self.batches(epoch):
                    done += 1
                    if done == number:
                        return self._recorded(number, batch, state)
                    _, state = self._step(batch, state, done)

    def _recorded(self, number: int, batch: Data, state: Data) -> Step:
        values = dict(zip(self.keys, state, strict=True))
        network = self.network.continued({key: values.pop(key) for key in self.network.shapes})
        rule = network_update(network, self.plan.optimizer)
        x, t, *weights = batch
        return record(network, x, t, rule, number, values, weights=weights[0] if weights else None)

    # When it goes wrong

    def _diverged(self, number: int) -> Diverged:
        """The error that says what went wrong in that step of the epoch; in the one before, if that left parameters that are no numbers."""
        step = self._replayed(number, self.state, self.step, self.epochs)
        if number > self.step + 1 and first_wrong(step) in self.keys:
            step = self._replayed(number - 1, self.state, self.step, self.epochs)
        quantity, rate = first_wrong(step), self._rate_that_works(step.number)
        return Diverged(step.number, quantity, _largest(step.values[quantity]), self._cause(step, quantity, rate), rate)

    def _cause(self, step: Step, quantity: str, rate: float | None) -> str:
        forward = quantity == "E" or quantity in step.before.values
        largest = float(np.max(np.abs(step.x)))
        logarithm = any(node.primitive.name == "log" for node in order(self.network.derivation.error))
        unscaled = f"the inputs are not scaled (x reaches {largest:.3g}); standardise them." if largest > UNSCALED else ""
        if quantity == "E" and logarithm and np.isfinite(step.prediction).all() and not math.isfinite(step.error):
            return f"{self.network.loss.name} takes the logarithm of 0: the prediction y is as good as 0 or 1."
        if forward and step.number == 1:
            return unscaled.capitalize() or "The weights to begin with are too large: no step has been taken yet."
        if rate is not None:
            used = self.rate(step.number) or 0.0
            return f"The learning rate {used:g} is too large{', because ' + unscaled if unscaled else '.'}"
        return unscaled.capitalize() or "No smaller learning rate that was tried helps: look at the data, the first weights and the loss."

    def _rate_that_works(self, number: int) -> float | None:
        """A rate with which the run gets well beyond that step and the error falls; halved until it does."""
        rate = self.rate(number)
        if rate is None or not math.isfinite(self.start_error):
            return None
        until = time.perf_counter() + SEARCH_SECONDS
        plain = Bound(self.plan.optimizer.definition, {**self.plan.optimizer.given, "learning_rate": rate})
        step = _stepping(written(self.network, plain))
        candidate = min(rate / 2, self._advised(plain) or rate)
        while candidate > rate * 1e-9 and time.perf_counter() < until:
            if self._falls(step, rounded(candidate, 2), 2 * number + 20, until):
                return rounded(candidate, 2)
            candidate /= 2
        return None

    def _advised(self, optimizer: Bound) -> float | None:
        """What `chainrule.rates` says of the first batch, where it can say it quickly."""
        x, t, *weights = next(self.batches(1))
        if operations(self.network, len(x)) > MOST_ADVISED:
            return None
        run = runner(self.network, x, t, optimizer, *weights)
        advice = advise(self.network, x, t, optimizer, run)
        return None if advice is None else advice.good

    def _falls(self, step: Stepping, rate: float, steps: int, until: float) -> bool:
        """Does the run with this rate take so many steps with an error that ends lower than it began?"""
        state, number, epoch = self._start, 0, 0
        with np.errstate(all="ignore"):
            while True:
                epoch += 1
                for batch in self.batches(epoch):
                    number += 1
                    E, state = step(batch, state, number, learning_rate=rate)
                    if not -self.bound < E < self.bound:
                        return False
                    if number >= steps or time.perf_counter() > until:
                        return self._judged(state) < self.start_error


def _stepping(program: Program) -> Stepping:
    """A program's step as a function of a batch, a state and the number of the step."""
    step, numbered = program.step, int("k" in program.inputs)

    def stepping(batch: Data, state: Data, number: int, **options: float) -> tuple[float, Data]:
        E, *after = step(*batch, *state, *(number,)[:numbered], **options)
        return float(E), tuple(after)

    return stepping


def first_wrong(step: Step) -> str:
    """The key of the first quantity of a step, in the order of computation, that is not finite; "E" if all of them are."""
    return next((key for key, value in step.values.items() if not np.isfinite(value).all()), "E")


def _largest(value: Array) -> str:
    """NaN, ∞ or the largest magnitude."""
    largest = float(np.max(np.abs(value)))
    return "NaN (no number)" if math.isnan(largest) else "infinite" if math.isinf(largest) else f"{largest:.3g}"


def _all_finite(arrays: Data) -> bool:
    return all(np.isfinite(array).all() for array in arrays)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _checked_rows(name: str, values: Any, columns: int) -> Array:
    """Rows of finite numbers, as they lie in memory or on a disk. Raises ShapeError, InputError."""
    array = values if isinstance(values, np.ndarray) and values.dtype.kind == "f" else np.asarray(values, dtype=float)
    if array.ndim != 2 or array.shape[1] != columns or not len(array):
        raise ShapeError(f"{name} needs rows of {columns} number{'s' * (columns != 1)}, but was given the shape {array.shape}.")
    if not (math.isfinite(array.min()) and math.isfinite(array.max())):
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise InputError(f"{name} holds {array[row, column]} in row {row + 1}, column {column + 1}; every number must be finite.")
    return array


def _fitting(key: str, array: Array, like: Array) -> Array:
    if array.shape != like.shape:
        raise ValueError(f"{key} has the shape {array.shape} in place of {like.shape}")
    return np.asarray(array, dtype=float)


def digest(*arrays: Array) -> str:
    """A fingerprint of arrays: SHA-256 of their shapes and numbers."""
    known = hashlib.sha256()
    for array in arrays:
        known.update(repr(array.shape).encode())
        for start in range(0, len(array), MEASURED_AT_ONCE):
            known.update(np.ascontiguousarray(array[start : start + MEASURED_AT_ONCE], dtype="<f8").data)
    return known.hexdigest()


_COLUMNS = ("epoch", "step", "error", "validation_error", "rate")


def history_to_dict(history: Sequence[Report]) -> dict[str, list[Any]]:
    """Reports as plain data, a list a column; the seconds, which differ from run to run, are left out."""
    return {name: [getattr(report, name) for report in history] for name in _COLUMNS}


def history_from_dict(plain: Mapping[str, Any]) -> list[Report]:
    """Reports read back. Raises InputError."""
    try:
        rows = zip(*(plain[name] for name in _COLUMNS), strict=True)
        return [Report(int(e), int(k), float(E), _number(v), _number(rate)) for e, k, E, v, rate in rows]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"the history of the run is incomplete: {error}.") from None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def step_at(model: Model, x: Any, t: Any, number: int, *, weights: Any = None) -> Step:
    """Step `number` of the run that made a model, recorded: the run is replayed on the rows that it was trained on.

    Raises InputError where the rows are other ones, or the run was shorter.
    """
    training = Training(model.start, x, t, model.plan, weights=weights)
    if model.source.get("digest") not in (None, training.digest):
        raise InputError("these are not the rows that the model was trained on: give the same data, with the same split.")
    if model.history and number > model.history[-1].step:
        raise InputError(f"the run took {model.history[-1].step:,} steps; there is no step {number:,}.")
    return training.step_at(number)


__all__ = [
    "Diverged",
    "Outcome",
    "Plan",
    "Report",
    "Training",
    "batch_size_for",
    "digest",
    "example_weights",
    "first_wrong",
    "folds",
    "history_from_dict",
    "history_to_dict",
    "split",
    "step_at",
]
