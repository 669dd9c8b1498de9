"""Runs that are simulated with one rate: the very update rule, on the very batch, for some hundreds of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.diagnosis.activity import Activity, Examiner
from chainrule.engines.full_batch import FullBatch
from chainrule.engines.unrolled import MOST_OPERATIONS, Unrolled, operations
from chainrule.engines.work import work
from chainrule.formula.evaluation import evaluate
from chainrule.formula.stated import stated_operations
from chainrule.network.definitions import Bound
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, network_update
from chainrule.steps.step import Step, in_floats

if TYPE_CHECKING:
    from chainrule.engines.written import Program


TrainingRun: TypeAlias = Callable[[float, int], "tuple[list[float], Callable[[], Mapping[str, Array]]]"]
"""run(rate, steps): the error before each step, ending early once it is zero or beyond all bounds, and what gives the last
parameters."""

TOLERANCE = 1e-12
"""An error that is not above this counts as reached, and ends the run …"""

GRADIENT_TOLERANCE = 1e-6
"""… and so does a gradient whose norm is below this share of what it was at the start: a minimum."""

STILL = 1e-6
"""An error that changed by no more than this share over the last half of a run stands still."""

NEARLY_STILL = 1e-2
"""Where it changed by more than this share of the first error, no gradient is next to 0."""

LEAST_RISE = 0.02
"""Rises that come to no more than this share of what an error loses are no rising and falling: a ReLU whose z crosses 0 makes such."""

MOST_RISE = 2.0
"""A run whose error grows to more than so many times what it was at the start is no good one, even if it falls again."""

MOST_SATURATED, OUTPUT_FLAT = 0.5, 1e-3
"""More than this share of the slopes next to 0, and a network is saturated; outputs, which may have to end there, far closer to 0."""

LEAST_GAIN, GOOD_GAIN = 1e-3, 0.1
"""An error that fell by less than the first share has not fallen; with a rate that is called good it falls by the second."""

MOST_STEPS, FEWEST_STEPS = 3000, 20
"""Of one simulation."""

REPEATED = 6_000_000
"""The work of the run that repeats a step in a document."""


class Simulation(Frozen):
    """A run with one rate, always on one batch.

    errors   E before each step
    ending   "zero": E is below `TOLERANCE`; "minimum": the gradient is below `GRADIENT_TOLERANCE`; "still": E no longer changes;
             "falling": it fell over the last half, and rose in few steps and by little; "wandering": it rose and fell; "diverged"
    runner       what ran, and parameters: those at the end
    """

    rate: float
    errors: list[float]
    ending: str
    runner: Runner
    parameters: Mapping[str, Array]

    @property
    def start(self) -> Activity:
        """The network before the first step."""
        return self.runner.start

    @cached_property
    def end(self) -> Activity | None:
        """The network at the end; None where the run diverged."""
        return None if self.ending == "diverged" else self.runner.examiner(self.parameters)

    @property
    def rose(self) -> bool:
        """Did the error grow far beyond what it was at the start, even if it fell again?"""
        return max(self.errors) > self.errors[0] + (MOST_RISE - 1) * abs(self.errors[0])

    @property
    def converged(self) -> bool:
        """Did it reach what it was to reach, without a detour?"""
        return self.ending in ("zero", "minimum") and not self.rose and not self.blocked

    @cached_property
    def blocked(self) -> bool:
        """Did the outputs alone learn, because no gradient, the penalty's aside, comes through to the layers before them?"""
        before, started = self.runner.blocked, self.runner.network.parameters
        unmoved = all(np.array_equal(self.parameters[key], started[key]) for key in before)
        return bool(before) and (unmoved or bool(self.runner.without_penalty(self.parameters).blocked))

    @property
    def reaches(self) -> int | None:
        """How many steps it took to an error below `TOLERANCE`; None if it was not reached."""
        return len(self.errors) - 1 if self.ending == "zero" else None

    @property
    def last_error(self) -> float:
        """The error it reached."""
        return self.errors[-1]

    @property
    def gained(self) -> float:
        """The share by which the error is lower at the end."""
        return (self.errors[0] - self.last_error) / (abs(self.errors[0]) or 1.0)

    @property
    def late_change(self) -> float:
        """The share of its last error by which it changed over the last half of the run."""
        late = self.errors[len(self.errors) // 2 :]
        return (max(late) - min(late)) / (abs(self.last_error) or 1.0)

    @property
    def sound(self) -> bool:
        """Did the error only go where it should?"""
        return self.ending in ("zero", "minimum", "falling") and self.gained > LEAST_GAIN and not self.rose and not self.blocked

    @property
    def harmless(self) -> bool:
        """Did no unit die, and did nothing saturate that had not at the start?"""
        return self.end is not None and not self.died and not (is_saturated(self.end) and not is_saturated(self.start))

    @property
    def died(self) -> int:
        """How many units have the slope 0 for every sample at the end, or nearly so, which had not at the start."""
        if self.end is None:
            return 0
        pairs = zip(self.start.units, self.end.units, strict=True)
        return sum(int(((after.dead | after.fainter(before)) & ~before.dead).sum()) for before, after in pairs)

    @property
    def cause(self) -> str:
        """Why it stands still: "dead", "saturated", "mean", "minimum"; "" where that is not known."""
        if self.end is None or self.ending not in ("still", "minimum"):
            return ""
        if self.ending == "minimum":
            return "minimum"
        if any(units.dead.all() for units in self.end.hidden):
            return "dead"
        if is_saturated(self.end):
            return "saturated"
        return "mean" if self.end.predicts_the_mean else ""


def is_saturated(activity: Activity) -> bool:
    """Are most slopes inside the network next to 0, or those of outputs whose loss does not make up for that?"""
    if activity.saturated_share > MOST_SATURATED:
        return True
    outputs = [] if activity.network.derivation.theorems else [units for units in activity.units if units.output and units.bounded]
    return any(np.mean(np.abs(units.slopes) < OUTPUT_FLAT * units.steepest) > MOST_SATURATED for units in outputs)


class Runner:
    """Runs a full-batch training with any rate in place of its optimiser's.

    optimizer  with the rate of the first step, where it has a schedule
    work  of a step, in additions: counted in its formulas, or in the letters of its lines, which take about as long each
    """

    def __init__(self, batch: FullBatch) -> None:
        self.batch, self.network, self.optimizer = batch, batch.network, with_constant_rate(batch.optimizer, batch.number)
        derivation, rule = self.network.derivation, network_update(self.network, self.optimizer)
        self.has_states = bool(rule.state_shapes)
        if operations(self.network, len(batch.x)) <= MOST_OPERATIONS and not any(stated_operations(derivation.error)):
            unrolled = Unrolled(replace(batch, optimizer=self.optimizer))
            first = unrolled.run(0.0, 1)[0][0]

            def run(rate: float, steps: int) -> tuple[list[float], Callable[[], Mapping[str, Array]]]:
                below = TOLERANCE if steps > 2 else -1.0  # a single step is made from any error, 0 too
                errors, numbers = unrolled.run(rate, steps, below, _beyond(first))
                return errors, partial(unrolled.arrays, numbers)

            self.run: TrainingRun = run
            self.way: StraightStep | None = None
            self.work: float = unrolled.length
        else:
            from chainrule.engines.written import written_program

            program = written_program(self.network, self.optimizer)
            data = {node.key: part for node, part in batch.data.items()}
            zeros = {key: np.zeros(shape) for key, shape in rule.state_shapes.items()}
            start = {**data, **self.network.parameters, **zeros, **batch.states}
            self.run = _written_run(program, start, batch.number)
            self.way = _way(self.network, program, start, batch.number)
            self.work = work([derivation.error, *derivation.gradients, *rule.roots], len(batch.x))

    @staticmethod
    def of(step: Step) -> Runner:
        """From where a recorded step stands, parameters and states, on its batch."""
        step = in_floats(step)
        return Runner(FullBatch(step.network, step.x, step.t, step.optimizer, step.weights, step.states, step.number))

    def __call__(self, rate: float, steps: int) -> list[float]:
        """The error before each step."""
        return self.run(rate, steps)[0]

    def after(self, rate: float) -> float:
        """E after one step with this rate."""
        if self.way is not None:
            return self.way.error(rate)
        errors = self(rate, 2)
        return errors[1] if len(errors) > 1 else errors[0]

    @cached_property
    def examiner(self) -> Examiner:
        """What looks at the network during a run."""
        return Examiner(self.network, self.batch.x, self.batch.t, self.batch.weights)

    @cached_property
    def without_penalty(self) -> Examiner:
        """What looks at the same network as if its weights cost nothing."""
        if self.network.regularizer is None:
            return self.examiner
        return Examiner(self.network.unpenalised, self.batch.x, self.batch.t, self.batch.weights)

    @cached_property
    def start(self) -> Activity:
        """The network before the first step."""
        return self.examiner()

    @cached_property
    def blocked(self) -> list[str]:
        """The parameters before the first step to which no gradient comes through, the penalty's aside."""
        return self.without_penalty(self.network.parameters).blocked

    def simulated(self, rate: float, steps: int) -> Simulation:
        """A run of at most so many steps, and how it ended."""
        errors, parameters_then = self.run(rate, steps)
        parameters = parameters_then()
        last = errors[-1]
        if abs(last) <= TOLERANCE:
            return Simulation(rate, errors, "zero", self, parameters)
        if not abs(last) < _beyond(errors[0]):
            return Simulation(rate, errors, "diverged", self, parameters)
        ending, examined = self._ending(errors, parameters)
        found = Simulation(rate, errors, ending, self, parameters)
        if examined is not None:
            found.__dict__["end"] = examined  # known already
        return found

    def _ending(self, errors: list[float], parameters: Mapping[str, Array]) -> tuple[str, Activity | None]:
        """How a run ended whose numbers are finite, and the network at its end where that had to be looked at."""
        late = errors[len(errors) // 2 :]
        highest, lowest = max(late), min(late)
        still = len(late) > 2 and highest - lowest <= STILL * abs(late[-1])
        lowered, end = errors[-1] < errors[0], None
        if lowered and (still or highest - lowest <= NEARLY_STILL * abs(errors[0])):  # else no gradient is small
            end = self.examiner(parameters)
            if end.gradient_norm <= GRADIENT_TOLERANCE * self.start.gradient_norm and not _is_stuck(end):
                return "minimum", end
        if still:
            return "still", end
        return "falling" if lowered and _falls(late) else "wandering", end


def _falls(errors: Sequence[float]) -> bool:
    """Do the errors fall, but for rises that are next to nothing beside that?"""
    rise = sum(max(0.0, b - a - 1e-12 * abs(a)) for a, b in pairwise(errors))
    return rise <= LEAST_RISE * max(0.0, errors[0] - errors[-1])


def _beyond(first: float) -> float:
    """An error beyond this is beyond all bounds."""
    return 1e12 * max(1.0, abs(first))


def _written_run(program: Program, start: Mapping[str, Array], number: int) -> TrainingRun:
    def run(rate: float, steps: int) -> tuple[list[float], Callable[[], Mapping[str, Array]]]:
        options = {"learning_rate": rate} if "learning_rate" in program.options else {}
        values: dict[str, Any] = dict(start)
        errors: list[float] = []
        for k in range(number, number + steps):
            values["k"] = k
            results = program.step(*(values[key] for key in program.inputs), **options)
            errors.append(float(results[0]))
            if not TOLERANCE < abs(errors[-1]) < _beyond(errors[0]):
                break
            values.update(zip((key.removesuffix("_next") for key in program.outputs[1:]), results[1:], strict=True))
        return errors, lambda: values

    return run


def _is_stuck(activity: Activity) -> bool:
    """Is the gradient small because nothing comes through, or because the inputs are ignored?"""
    dead = any(units.dead.all() for units in activity.hidden)
    return dead or is_saturated(activity) or activity.predicts_the_mean


def with_constant_rate(optimizer: Bound, number: int) -> Bound:
    """The rule with one rate: that of step `number` in place of a schedule."""
    schedule = optimizer.options.get("learning_rate")
    if not isinstance(schedule, Bound):
        return optimizer
    node = schedule.apply(STEP_NUMBER)
    rate = float(evaluate([node], {STEP_NUMBER: np.asarray(float(number))})[node])
    return Bound(optimizer.definition, {**optimizer.given, "learning_rate": rate})


class StraightStep(Frozen):
    """One step of a large network, which changes every weight in proportion to the rate: no gradient is computed twice for it.

    loss       E from the data and the parameters, in the order of `start`
    start      these, before the step
    direction  how far a step with the rate 1 changes each of them; None where it changes nothing
    """

    loss: Callable[..., Any]
    start: Sequence[Array]
    direction: Sequence[Array | None]

    def error(self, rate: float) -> float:
        """E after a step with this rate."""
        with np.errstate(all="ignore"):
            moved = (one if way is None else one + rate * way for one, way in zip(self.start, self.direction, strict=True))
            return float(self.loss(*moved))


def _way(network: Network, program: Program, start: Mapping[str, Array], number: int) -> StraightStep | None:
    """The step as a way that is walked as far as the rate says; None where the rule does something else with its rate."""
    if "learning_rate" not in program.options:
        return None
    given = {**start, "k": number}
    tried = [program.step(*(given[key] for key in program.inputs), learning_rate=rate)[1:] for rate in (0.0, 1.0, 2.0)]
    keys = [key.removesuffix("_next") for key in program.outputs[1:]]
    still, one, two = ({key: value for key, value in zip(keys, each, strict=True) if key in network.parameters} for each in tried)
    with np.errstate(all="ignore"):
        direction = {key: one[key] - still[key] for key in still}
        straight = (np.allclose(two[key], still[key] + 2 * way, rtol=1e-9, atol=1e-12) for key, way in direction.items())
        if not all(straight) or not all(np.allclose(still[key], start[key], rtol=0, atol=0) for key in still):
            return None
    from chainrule.engines.written import written_error

    error = written_error(network)
    return StraightStep(error.functions["error"], [start[key] for key in error.inputs], [direction.get(key) for key in error.inputs])


def steps_for(run: Runner) -> int:
    """How many steps the run has at most that repeats a step in a document."""
    return max(FEWEST_STEPS, min(MOST_STEPS, int(REPEATED / run.work)))
