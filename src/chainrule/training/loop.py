"""The loop: epochs of batches, early stopping; a run that was stopped goes on, and any step is replayed, bit for bit.

It prints nothing and writes no file. Everything random follows from the seed and the number of the epoch, so that there is no
generator whose state would have to be kept. What an epoch computes is the business of an engine (`chainrule.engines.epoch`).
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed
from chainrule.base.errors import DivergenceError, InputError, ShapeError, quoted
from chainrule.base.frozen import replace
from chainrule.base.interruption import CTRL_C, asked_to_end
from chainrule.base.printing import counted
from chainrule.engines.choice import ready_engine
from chainrule.engines.epoch import (
    ENGINES,
    Data,
    Sharded,
    State,
    gathered,
    in_precision,
    row_count,
    unwarned,
    whole_rows,
)
from chainrule.formula.evaluation import evaluate
from chainrule.network.definitions import Bound
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, network_update
from chainrule.processes.together import Shard
from chainrule.steps.step import Step, check_targets, record
from chainrule.training.averaging import averaged_share, evaluated_parameters
from chainrule.training.calibration import CALIBRATED_EVERY, Calibration
from chainrule.training.cross_validation import FoldNetwork, fold_arrays, fold_error, fold_networks
from chainrule.training.history import History, Outcome, Report, finite_or_infinite, finite_or_none, history_from_dict, history_to_dict
from chainrule.training.kept import Kept
from chainrule.training.plan import WORTHWHILE, Plan, Shuffled, batch_size_for, check_count

HASHED_AT_ONCE = 10_000
"""Rows that are read at a time for the fingerprint of data."""


class _Interrupted(Exception):
    """The process was asked to end; the epoch at hand is given up."""


class Overflowed(DivergenceError):
    """A run whose numbers grew beyond all bounds in the step of that number; `divergence.diverged` finds out why, and what works."""

    def __init__(self, step: int) -> None:
        self.step = step
        super().__init__(
            f"training diverged in step {step:,}: its numbers grew beyond all bounds. Lower the learning rate or standardise the inputs; "
            "chainrule.train names the cause and a rate that works."
        )


class Training(Displayed):
    """A run: a network on rows of data by a plan.

    x, t        (rows, inputs), (rows, outputs); arrays that lie on a disk are read block by block
    weights     (rows,), what each example counts in the error
    validation  (x, t), or (x, t, weights), of the rows that decide
    engine      in place of the plan's
    groups      (rows,), a number for each set of rows that no fold of the cross-validation parts
    shard       which rows of the training these are, where several processes hold them together: each has its own, groups are of all
    validation_shard  the same of the validation rows

    `epoch` and `run` go on from where the run stands. `start` is the network before the run, `best_network` has the best weights so far,
    `evaluated` are those after the last epoch that may become the best: the parameters of `state`, or their moving average. Where the plan
    calibrates, those whose last layer is divided by their temperature may become the best, too, as `Kept` says.
    Raises ShapeError, InputError.
    """

    def __init__(
        self,
        network: Network,
        x: Any,
        t: Any,
        plan: Plan,
        *,
        weights: Any = None,
        validation: Sequence[Any] | None = None,
        engine: str | None = None,
        groups: Array | None = None,
        shard: Shard | None = None,
        validation_shard: Shard | None = None,
    ) -> None:
        self.start = network
        self.network = network if weights is None else network.replaced(weighted=True)
        self.plan = plan
        self.processes = None if shard is None else shard.processes
        self.data = self._checked(x, t, weights, shard=shard)
        self.validation = None if validation is None else self._checked(*validation, shard=validation_shard)
        if shard is not None:
            self.digest = digest(*self.data, shard=shard)  # now, as all processes find it together
        rows = row_count(self.data)
        self.batch_size = min(plan.batch_size or batch_size_for(rows), rows)
        together = self.processes, plan.reduce_every
        wanted = engine or plan.engine
        self.chosen = ready_engine(wanted, self.network, plan.optimizer, self.data, self.batch_size, plan.precision, *together)
        self.engine = self.chosen.engine
        self.keys = self.engine.keys
        self.state: State = in_precision([self._starting(key) for key in self.keys], plan.precision)
        self.start_state = self.state
        self.evaluated = self.best = tuple(self.state[: len(self.network.shapes)])
        self.epochs, self.step = 0, 0
        self._history, self._shuffled = History(), Shuffled(plan.seed, rows, plan.shuffle_block)
        self._groups = groups
        self.fold_networks = (
            fold_networks(self.data, plan, self.batch_size, self.state, self.evaluated, groups) if self.validation is None else []
        )
        held_out = [one.held_out for one in self.fold_networks] if self.validation is None else [self.validation]
        self.calibration = Calibration.of(self.network, held_out) if plan.calibrate and self._validation_decides else None
        self.start_error = unwarned(self.judged)(self.state)
        self.kept = Kept.at_start(self.start_error)
        self.gained_epoch, self.gained_error = self.kept.epoch, self.kept.error
        self.stopping, self.stopped_by = False, 0

    # What it starts from

    def _checked(self, x: Any, t: Any, weights: Any = None, *, shard: Shard | None = None) -> Data:
        data = (
            self._checked_here(x, t, weights, shard)
            if shard is None
            else shard.processes.agreed(lambda: self._checked_here(x, t, weights, shard))
        )
        return data if shard is None else Sharded.of(data, shard)

    def _checked_here(self, x: Any, t: Any, weights: Any, shard: Shard | None) -> Data:
        precision = self.plan.precision
        x, t = (
            _checked_rows(name, values, columns, precision, shard)
            for name, values, columns in (("x", x, self.network.inputs), ("t", t, self.network.targets))
        )
        if len(x) != len(t):
            raise InputError(f"x has {counted(len(x), 'row')} but t has {len(t)}; every sample needs its target.")
        check_targets(self.network, t)
        if not self.network.conventions.weighted:
            return x, t
        s = self.network.checked_weights(weights, len(x)) if shard is None else np.asarray(weights)
        assert s is not None
        return x, t, s.astype(precision, copy=False)

    @cached_property
    def _state_shapes(self) -> dict[str, tuple[int, ...]]:
        return network_update(self.network, self.plan.optimizer).state_shapes

    def _starting(self, key: str) -> Array:
        """The parameter of that name, or a state of the optimiser, which starts at zero."""
        parameters = self.network.parameters
        return parameters[key] if key in parameters else np.zeros(self._state_shapes[key])

    @cached_property
    def bound(self) -> float:
        """An error that is not below this has grown beyond all bounds."""
        return 1e12 * max(1.0, self.start_error) if math.isfinite(self.start_error) else math.inf

    # Going on

    def __repr__(self) -> str:
        return f"<Training of {self.network!r}: {self.epochs:,} of {counted(self.plan.epochs, 'epoch')}>"

    @unwarned
    def epoch(self) -> Report:
        """One pass over every row. Raises Overflowed, after which the run stands where it stood before the epoch."""
        started = time.perf_counter()
        rows = self.rows(self.epochs + 1)
        passed = self.engine.epoch(*rows, self.batch_size, self.state, self.step, self.bound, lambda: self.stopping)
        if passed.ended == "stopped":
            raise _Interrupted
        if passed.ended == "diverged":
            raise Overflowed(passed.number)
        state, number = passed.state, passed.number
        networks = self._next_fold_networks()
        evaluated = evaluated_parameters(self.evaluated, state, self.epochs + 1, averaged=self._averages)
        deciding = fold_error(networks) if networks else self.judged(evaluated)
        if (networks or not math.isfinite(deciding)) and not all(np.isfinite(array).all() for array in state):
            raise Overflowed(number)
        self.state, self.evaluated, self.step, self.epochs, self.fold_networks = state, evaluated, number, self.epochs + 1, networks
        temperature, divided = self._calibrated(deciding)
        self.kept = self.kept.after(self.epochs, deciding, divided, temperature, self.start_error)
        if self.kept.epoch == self.epochs:
            self.best = self.divided(evaluated, self.kept.temperature)
        lower = min(deciding, divided)
        if lower < self.gained_error and self._worthwhile(lower):
            self.gained_epoch, self.gained_error = self.epochs, lower
        held_out = deciding if self._validation_decides else None
        if held_out is None and self.validation is not None:
            held_out = self.engine.error(self.validation, state)
        report = Report(self.epochs, number, passed.error, finite_or_none(held_out), self.rate(number), time.perf_counter() - started)
        self._history.add(report)
        return report

    def _worthwhile(self, error: float) -> bool:
        """Has the error fallen, since it last did so, by a part of all that it has fallen since the start?"""
        learned = self.start_error - error if math.isfinite(self.start_error) else 0.0
        return self.gained_error - error >= WORTHWHILE * learned

    def _next_fold_networks(self) -> list[FoldNetwork]:
        """The networks of the folds after one more epoch."""
        going_on = self.engine, self.epochs + 1, self.batch_size, self.bound, lambda: self.stopping
        after = [one.after(*going_on, averaged=self._averages) for one in self.fold_networks]
        if None in after:
            raise _Interrupted
        return [one for one in after if one is not None]

    def _calibrated(self, error: float) -> tuple[float, float]:
        """The temperature of the evaluated weights, and their error with the last layer divided by it; 1 and the error where none is
        asked for, as in most epochs.
        """
        if self.calibration is None or self.epochs % CALIBRATED_EVERY or not math.isfinite(error):
            return 1.0, error
        found = self.calibration.temperature([one.evaluated for one in self.fold_networks] or [self.evaluated])
        if self.processes is not None:
            found = float(self.processes.numbers(found)[0])  # the last digits of machines may differ
        if found == 1:
            return 1.0, error
        if not self.fold_networks:
            return found, self.judged(self.divided(self.evaluated, found))
        errors = [self.engine.error(one.held_out, self.divided(one.evaluated, found)) for one in self.fold_networks]
        return found, fold_error([replace(one, error=each) for one, each in zip(self.fold_networks, errors, strict=True)])

    def divided(self, parameters: State, temperature: float) -> tuple[Array, ...]:
        """The parameters with those of the last layer divided by a temperature."""
        return tuple(parameters) if self.calibration is None else self.calibration.divided(parameters, temperature)

    @property
    def best_epoch(self) -> int:
        """The epoch that ended with the best weights so far; 0 where those of the start were never bettered."""
        return self.kept.epoch

    @property
    def best_error(self) -> float:
        """By which they were chosen: their E of the rows that decide."""
        return self.kept.error

    def order(self, epoch: int) -> Array | None:
        """The places of the rows in the order in which an epoch, from 1, uses them; None where they are used as they lie."""
        return self._shuffled.order(epoch) if self.plan.shuffle and self.batch_size < row_count(self.data) else None

    def rows(self, epoch: int, steps: int | None = None) -> tuple[Data, Array | None]:
        """The rows of an epoch, or of its first steps, and the order in which it uses them: what an engine takes."""
        order = self.order(epoch)
        if steps is None:
            return self.data, order
        used = steps * self.batch_size
        if order is None:
            return gathered(self.data, slice(used)) if self.processes else tuple(array[:used] for array in self.data), None
        return self.data, order[:used]

    def batch(self, epoch: int, number: int) -> Data:
        """The rows of one batch of an epoch; both from 1. Where several processes hold them, each gets all."""
        order, part = self.order(epoch), slice((number - 1) * self.batch_size, number * self.batch_size)
        return whole_rows(gathered(self.data, part if order is None else order[part]))

    def costs(self) -> tuple[float, float] | None:
        """Seconds of one process's part of a step, and of its reduction, measured by all processes together; None where there is one."""
        from chainrule.engines.distributed import Distributed

        return self.engine.costs(self.data, self.batch_size, self.state) if isinstance(self.engine, Distributed) else None

    def whole(self) -> Training:
        """The same run, where it stands, in this process alone: with the rows of all. All processes call it, and each gets one."""
        if self.processes is None:
            return self
        x, t, *weights = whole_rows(self.data)
        held_out = None if self.validation is None else whole_rows(self.validation)
        given: dict[str, Any] = {"weights": weights[0] if weights else None, "validation": held_out, "groups": self._groups}
        return Training.resumed(self.start, x, t, self.plan, self.arrays(), self.record(), **given)

    def judged(self, state: State) -> float:
        """E of the validation rows, by the parameters of a state; of the training rows where there are none, or where the training error
        decides when to stop.
        """
        return self.engine.error(self.data if self.validation is None or self.plan.until is not None else self.validation, state)

    @property
    def history(self) -> list[Report]:
        """What the epochs came to; thinned out where they were many."""
        return self._history.reports

    @property
    def _validation_decides(self) -> bool:
        return (self.validation is not None or bool(self.fold_networks)) and self.plan.until is None

    @property
    def _averages(self) -> bool:
        """Is it the moving average of the weights that is evaluated, and kept?"""
        return self.plan.average_weights and self._validation_decides

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
        if self.plan.until is not None and self.history and self.history[-1].error < self.plan.until:
            return "until"
        if self.epochs >= self.plan.epochs:
            return "epochs"
        patience = self.plan.patience if self._validation_decides else None
        if patience is not None and self.epochs >= max(self.plan.fewest_epochs, self.gained_epoch + patience):
            return "patience"
        return None

    def run(
        self,
        report: Callable[[Report], None] | None = None,
        checkpoint: Callable[[Training], None] | None = None,
        *,
        seconds: float = 1.0,
    ) -> Outcome:
        """Epoch after epoch, until the plan says that it is over, or Ctrl-C, SIGTERM or SIGHUP; a second Ctrl-C ends it at once.

        report      is called after every epoch
        checkpoint  is called every so many seconds, after an epoch, and when the run is interrupted; less often where it takes so long that
                    it would be more than a twentieth of the time

        Raises Overflowed.
        """
        saved, pause = time.perf_counter(), seconds
        last = self.history[-1] if self.history else None
        self.stopping = False
        with asked_to_end(self._stop):
            while (reason := self.ended) is None:
                try:
                    last = self.epoch()
                except _Interrupted:
                    reason = "interrupted"
                    break
                if report is not None:
                    report(last)
                if checkpoint is not None and (begun := time.perf_counter()) - saved >= pause:
                    checkpoint(self)
                    saved = time.perf_counter()
                    pause = max(seconds, 20 * (saved - begun)) if seconds else 0.0
            if checkpoint is not None and reason == "interrupted":
                checkpoint(self)
        return Outcome(reason, self.best_network, self.best_epoch, self.best_error, last)

    def stop(self) -> None:
        """Ends the run before its next batch, as Ctrl-C does; another thread may call it, or whoever is told of an epoch."""
        self.stopping, self.stopped_by = True, CTRL_C

    def _stop(self, number: int) -> None:
        """Sets a flag that is looked at before every batch; a second Ctrl-C does not wait for that."""
        if self.stopping and number == CTRL_C:
            raise KeyboardInterrupt
        self.stopping, self.stopped_by = True, number

    @property
    def best_network(self) -> Network:
        """The network with the best weights so far."""
        return self.start.continued(self.parameters_of(self.best))

    def parameters_of(self, state: State) -> dict[str, Array]:
        """The parameters in a state, by name, as a network holds them: in float64."""
        return {key: np.asarray(array, dtype=float) for key, array in zip(self.keys[: len(self.best)], state, strict=False)}

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
            **({f"average.{key}": array for key, array in zip(self.keys, self.evaluated, strict=False)} if self._averages else {}),
            **fold_arrays(self.fold_networks, self.keys, averaged=self._averages),
        }

    def record(self) -> dict[str, Any]:
        """Where the run stands, as plain data."""
        return {
            "step": self.step,
            "epochs": self.epochs,
            **self.kept.to_dict(),
            "gained_epoch": self.gained_epoch,
            "gained_error": finite_or_none(self.gained_error),
            "every": self._history.every,
            "history": history_to_dict(self.history),
            "digest": self.digest,
            "settings": self._settings(),
            "engine": self.chosen.name,
        }

    def _settings(self) -> dict[str, Any]:
        """What every number of the run depends on."""
        plan = self.plan.to_dict()
        return {
            "batch_size": self.batch_size,
            **{name: plan[name] for name in ("seed", "shuffle", "optimizer", "validation_folds", "precision")},
            **{name: plan[name] for name in ("reduce_every", "shuffle_block", "average_weights", "calibrate") if name in plan},
        }

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
        groups: Array | None = None,
        shard: Shard | None = None,
        validation_shard: Shard | None = None,
    ) -> Training:
        """The run that `arrays` and `record` were taken from, to be continued with the same numbers, bit for bit.

        network, x, t, plan …  as the run began; more epochs, more patience or another `until` may be asked for. The engine is that of
                               the run, unless the plan names one: then the numbers are the same but for rounding

        Raises InputError where the data is not the same.
        """
        began = record.get("engine") if plan.engine == "auto" else None
        engine = began if began in ENGINES else None
        shards: dict[str, Any] = {"shard": shard, "validation_shard": validation_shard}
        training = Training(network, x, t, plan, weights=weights, validation=validation, engine=engine, groups=groups, **shards)
        before, now = record.get("settings", {}), training._settings()
        for name in {**now, **before}:
            was, value = (settings.get(name, getattr(Plan, name, None)) for settings in (before, now))
            if was != value:
                raise InputError(f"this run began with {name} = {quoted(was)}, not {quoted(value)}: resume it with the same.")
        if record.get("digest") != training.digest:
            raise InputError("this run began with other data, or another split of it: resume it with the same data, seed and options.")
        try:
            training.state = tuple(training._fitting(key, arrays[key]) for key in training.keys)
            names = training.keys[: len(training.best)]
            training.best = tuple(training._fitting(key, arrays[f"best.{key}"]) for key in names)
            average = "average." if training._averages else ""
            training.evaluated = tuple(training._fitting(key, arrays[f"{average}{key}"]) for key in names)
            training.fold_networks = [
                replace(
                    one,
                    state=tuple(training._fitting(key, arrays[f"fold{k}.{key}"]) for key in training.keys),
                    evaluated=tuple(training._fitting(key, arrays[f"fold{k}.{average}{key}"]) for key in names),
                )
                for k, one in enumerate(training.fold_networks, start=1)
            ]
            training.step, training.epochs = int(record["step"]), int(record["epochs"])
            training.kept = Kept.from_dict(record)
            training.gained_epoch = int(record.get("gained_epoch", training.best_epoch))
            training.gained_error = finite_or_infinite(record.get("gained_error", record["best_error"]))
            training._history = History(history_from_dict(record["history"]), int(record["every"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"the state of this run is incomplete ({error}), or of another network or optimiser.") from None
        return training

    def _fitting(self, key: str, array: Array) -> Array:
        """What is to stand in a state under that name, in the run's precision. Raises ValueError where its shape is another one."""
        if array.shape != self._starting(key).shape:
            raise ValueError(f"{key} has the shape {array.shape} in place of {self._starting(key).shape}")
        return np.asarray(array, dtype=self.plan.precision)

    def go_on_from(self, other: Training) -> None:
        """Stand where another run of the same network and optimiser stands, to go on with these rows. Raises InputError."""
        try:
            self.state = tuple(self._fitting(key, array) for key, array in zip(self.keys, other.state, strict=True))
        except ValueError as error:
            raise InputError(f"this run cannot go on from another: {error}.") from None
        self.step, self.epochs, self._history = other.step, other.epochs, other._history
        self.evaluated = self.best = self.state[: len(self.best)]
        self.kept = Kept(other.epochs)
        self.gained_epoch, self.gained_error = self.kept.epoch, self.kept.error

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as it is checkpointed: with its rows, without what an engine holds. Raises InputError where it has a part of
        them only.
        """
        if self.processes is not None:
            raise InputError("a run of several processes is in none of them as a whole; pickle what `whole()` gives.")
        x, t, *weights = self.data
        given = {"weights": weights[0] if weights else None, "validation": self.validation, "groups": self._groups}
        return _resumed, (self.start, x, t, self.plan, self.arrays(), self.record(), given)

    # Looking into it

    def step_at(self, number: int) -> Step:
        """The step of that number, from 1, with every value kept: the run is replayed from its start. Raises DescriptionError."""
        check_count("the number of a step", number, 1)
        return next(self.steps_at((number,)))

    @property
    def steps_per_epoch(self) -> int:
        """Batches of all rows."""
        return -(-row_count(self.data) // self.batch_size)

    def steps_at(self, numbers: Sequence[int], states: Mapping[int, State] | None = None) -> Iterator[Step]:
        """The steps of these numbers, rising, as of `step_at`: the run is replayed once for all of them.

        states  of the run after so many epochs, from which it is replayed where that is shorter than from its start
        """
        state: State = self.start_state
        each, done = self.steps_per_epoch, 0
        for number in numbers:
            whole = (number - 1) // each
            known = max((epochs for epochs in states or () if epochs <= whole), default=0)
            if states and known * each > done:
                state, done = states[known], known * each
            for epoch in range(done // each, whole):
                state, done = self._passed(epoch + 1, each, state, done), (epoch + 1) * each
            yield self._replayed(whole + 1, number - whole * each, state, whole * each)

    def step_of_epoch(self, number: int) -> Step:
        """The step of that number, of the epoch that follows where the run stands, with every value kept."""
        return self._replayed(self.epochs + 1, number - self.step, self.state, self.step)

    def _replayed(self, epoch: int, number: int, state: State, done: int) -> Step:
        """Step `number` of an epoch, from the state before the epoch and after so many steps."""
        state = self._passed(epoch, number - 1, state, done)
        return self._recorded(done + number, self.batch(epoch, number), state)

    @unwarned
    def _passed(self, epoch: int, steps: int, state: State, done: int) -> State:
        """The state after so many steps of an epoch."""
        if not steps:
            return state
        passed = self.engine.epoch(*self.rows(epoch, steps), self.batch_size, state, done, self.bound, lambda: False)
        if passed.ended == "diverged":
            raise InputError(f"the run diverges in step {passed.number:,}; no step follows it.")
        return passed.state

    def _recorded(self, number: int, batch: Data, state: State) -> Step:
        """The step from a state, in float64 whatever the run's precision: so its numbers agree with each other as printed."""
        values = dict(zip(self.keys, in_precision(state, "float64"), strict=True))
        network = self.network.continued({key: values.pop(key) for key in self.network.shapes})
        rule = network_update(network, self.plan.optimizer)
        x, t, *weights = in_precision(batch, "float64")
        origin: dict[str, Any] = {} if self.plan.precision == "float64" else {"precision": self.plan.precision}
        epoch, rest = divmod(number, self.steps_per_epoch)
        if self.plan.average_weights and self.plan.until is None and not rest and (share := averaged_share(epoch)) < 1:
            origin["averaged"] = {"epoch": epoch, "share": share}
        return record(network, x, t, rule, number, values, origin=origin, weights=weights[0] if weights else None)


def _resumed(*run: Any) -> Training:
    *began, given = run
    return Training.resumed(*began, **given)


def _checked_rows(name: str, values: Any, columns: int, precision: str, shard: Shard | None = None) -> Array:
    """Rows of finite numbers, as they lie on a disk, or row after row in memory, in that precision. Raises ShapeError, InputError."""
    array = values if isinstance(values, np.memmap) and values.dtype.kind == "f" else np.ascontiguousarray(values, dtype=precision)
    if array.ndim != 2 or array.shape[1] != columns or not (len(array) or shard):
        raise ShapeError(f"{name} needs rows of {counted(columns, 'number')}, but was given the shape {array.shape}.")
    if array.size and not (math.isfinite(array.min()) and math.isfinite(array.max())):
        row, column = np.argwhere(~np.isfinite(array))[0]
        place = row if shard is None else shard.places[row]
        raise InputError(f"{name} holds {array[row, column]} in row {place + 1}, column {column + 1}; every number must be finite.")
    return array


def digest(*arrays: Array, shard: Shard | None = None) -> str:
    """A fingerprint of arrays: SHA-256 of their shapes and numbers.

    shard  which rows of the arrays these are, where several processes hold them together: all of them call it alike
    """
    known = hashlib.sha256()
    for array in arrays:
        rows = len(array) if shard is None else shard.total
        known.update(repr((rows, *array.shape[1:])).encode())
        for start in range(0, rows, HASHED_AT_ONCE):
            block = array[start : start + HASHED_AT_ONCE] if shard is None else shard.block(array, start, min(rows, start + HASHED_AT_ONCE))
            known.update(np.ascontiguousarray(block, dtype="<f8").data)
    return known.hexdigest()
