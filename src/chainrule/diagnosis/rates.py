"""Learning rates: which lower the error in this step, with which training converges, and which one to take.

Computed bounds such as 2/λmax look at one point only and are too optimistic, so every answer here is simulated: the very update rule,
on the very batch, for some hundreds of steps. Nothing is taken to be monotone in the rate: where E falls at 5, it may rise at 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.diagnosis.activity import Activity, Examiner
from chainrule.engines.unrolled import MOST_OPERATIONS, Unrolled, operations
from chainrule.engines.work import work
from chainrule.formula.evaluation import evaluate
from chainrule.formula.stated import stated_operations
from chainrule.network.definitions import Bound
from chainrule.network.network import Array, Network
from chainrule.network.update import STEP_NUMBER, network_update
from chainrule.steps.order import order_of
from chainrule.steps.step import Step, in_floats

if TYPE_CHECKING:
    from chainrule.engines.written import Program

Run: TypeAlias = Callable[[float, int], "tuple[list[float], Callable[[], Mapping[str, Array]]]"]
"""run(rate, steps): the error before each step, ending early once it is zero or beyond all bounds, and what gives the last
parameters."""

MOST_RATE = 1000.0
"""Rates are not tried beyond this: where the error still falls, it does so because everything saturates."""

TOLERANCE = 1e-12
"""An error that is not above this counts as reached, and ends the run …"""

GRADIENT_TOLERANCE = 1e-6
"""… and so does a gradient whose norm is below this share of what it was at the start: a minimum."""

STILL = 1e-6
"""An error that changed by no more than this share over the last half of a run stands still."""

NEARLY_STILL = 1e-2
"""Where it changed by more than this share of the first error, no gradient is next to 0."""

MOST_RISE = 2.0
"""A run whose error grows to more than so many times what it was at the start is no good one, even if it falls again."""

MOST_SATURATED, OUTPUT_FLAT = 0.5, 1e-3
"""More than this share of the slopes next to 0, and a network is saturated; outputs, which may have to end there, far closer to 0."""

LEAST_GAIN, GOOD_GAIN = 1e-3, 0.1
"""An error that fell by less than the first share has not fallen; with a rate that is called good it falls by the second."""

WIDE = 2.0
"""Rates with which training converges are told where the largest is at least so many times the least."""

BOUNDED_RATE = 10.0
"""The largest rate that is recommended where E is a mean, of outputs that are bounded, so that gradients are small."""

BUDGET, RUNS = 250_000_000, 75
"""The work of all simulations together, roughly, in additions as `engines.work` counts, and how many long ones there are."""

MOST_STEPS, FEWEST_STEPS = 3000, 20
"""Of one simulation."""

DEAR, TOO_DEAR = 500_000, 5_000_000
"""The work of a step: where it is more, a network is asked about one step only, and where it is still more, not at all."""

SCAN, SCAN_BUDGET = 400, 200_000_000
"""Rates at which one step is tried, from next to 0 to `MOST_RATE`; fewer where so many would be more work, and so only of dear steps."""

REPEATED = 6_000_000
"""The work of the run that repeats a step in a document."""

SEEN = 1e-7
"""A smaller change of E, as a share of it, is next to rounding."""


class Simulation(Frozen):
    """A run with one rate, always on one batch.

    errors   E before each step
    ending   "zero": E is below `TOLERANCE`; "minimum": the gradient is below `GRADIENT_TOLERANCE`; "still": E no longer changes;
             "falling": it fell in every step of the last half; "wandering": it rose and fell; "diverged"
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
        return self.ending in ("zero", "minimum") and not self.rose

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
    def sound(self) -> bool:
        """Did the error only go where it should?"""
        return self.ending in ("zero", "minimum", "falling") and self.gained > LEAST_GAIN and not self.rose

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


class Advice(Frozen):
    """What simulation says about the rate of one step.

    rate           the one in use; of a schedule, that of this step
    scheduled      whether it follows a schedule, in whose place everything here tries constant rates
    lowers_below   every rate below this lowers the error in this step, and this one does not; None if none tried does
    best_single    of these, the rate whose single step lowers the error most, and the error it leaves
    converges      every rate tried between these two lets training converge, in so many steps; None if none tried does, or none was tried
    used           what the rate in use comes to; None where no run was simulated
    recommended    the run with the rate to take; None where none is recommended
    steps          how many steps each simulation was given
    gradient       ‖∂E/∂w‖ before the step
    """

    rate: float
    scheduled: bool
    lowers_below: float | None
    best_single: tuple[float, float] | None
    converges: tuple[float, float] | None
    used: Simulation | None
    recommended: Simulation | None
    steps: int
    gradient: float

    @property
    def good(self) -> float | None:
        """The rate to take, rounded to three digits."""
        return None if self.recommended is None else self.recommended.rate

    @property
    def converges_below(self) -> float | None:
        """The upper end of the rates with which training converges."""
        return None if self.converges is None else self.converges[1]

    def to_dict(self) -> dict[str, float | None]:
        """The three numbers, as `doctor --json` has them."""
        return {"lowers_below": self.lowers_below, "converges_below": self.converges_below, "recommended": self.good}


class Runner:
    """Trains from a network's own parameters, and from the states of its optimiser, with any rate; always on one batch.

    work  of a step, in additions: counted in its formulas, or in the letters of its lines, which take about as long each
    """

    def __init__(
        self,
        network: Network,
        x: Array,
        t: Array,
        optimizer: Bound,
        weights: Array | None = None,
        states: Mapping[str, Array] | None = None,
        number: int = 1,
    ) -> None:
        self.network, self.optimizer, self.number = network, with_constant_rate(optimizer, number), number
        self.data = x, t, weights
        self.has_states = bool(network_update(network, self.optimizer).state_shapes)
        if operations(network, len(x)) <= MOST_OPERATIONS and not any(stated_operations(network.derivation.error)):
            unrolled = Unrolled(network, x, t, self.optimizer, weights, states, number)
            first = unrolled.run(0.0, 1)[0][0]

            def run(rate: float, steps: int) -> tuple[list[float], Callable[[], Mapping[str, Array]]]:
                below = TOLERANCE if steps > 2 else -1.0  # a single step is made from any error, 0 too
                errors, numbers = unrolled.run(rate, steps, below, _bound(first))
                return errors, partial(unrolled.arrays, numbers)

            self.run: Run = run
            self.way: Way | None = None
            self.work: float = unrolled.length
        else:
            from chainrule.engines.written import written_program

            program = written_program(network, self.optimizer)
            batch = network.split(x, t, None if weights is None else weights.astype(float), number=number)
            data = {node.key: part for node, part in batch.items()}
            rule = network_update(network, self.optimizer)
            zeros = {key: np.zeros(shape) for key, shape in rule.state_shapes.items()}
            start = {**data, **network.parameters, **zeros, **(states or {})}
            self.run = _written_run(program, start, number)
            self.way = _way(network, program, start, number)
            derivation = network.derivation
            self.work = work([derivation.error, *derivation.gradients, *rule.roots], len(x))

    @staticmethod
    def of(step: Step) -> Runner:
        """From where a recorded step stands, parameters and states, on its batch."""
        step = in_floats(step)
        return Runner(step.network, step.x, step.t, step.optimizer, step.weights, step.states, step.number)

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
        return Examiner(self.network, *self.data)

    @cached_property
    def start(self) -> Activity:
        """The network before the first step."""
        return self.examiner()

    def simulated(self, rate: float, steps: int) -> Simulation:
        """A run of at most so many steps, and how it ended."""
        errors, parameters_then = self.run(rate, steps)
        parameters = parameters_then()
        last = errors[-1]
        if abs(last) <= TOLERANCE:
            return Simulation(rate, errors, "zero", self, parameters)
        if not abs(last) < _bound(errors[0]):
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
        return "falling" if lowered and all(b <= a + 1e-12 * abs(a) for a, b in pairwise(late)) else "wandering", end


def _bound(first: float) -> float:
    """An error beyond this is beyond all bounds."""
    return 1e12 * max(1.0, abs(first))


def _written_run(program: Program, start: Mapping[str, Array], number: int) -> Run:
    def run(rate: float, steps: int) -> tuple[list[float], Callable[[], Mapping[str, Array]]]:
        options = {"learning_rate": rate} if "learning_rate" in program.options else {}
        values: dict[str, Any] = dict(start)
        errors: list[float] = []
        for k in range(number, number + steps):
            values["k"] = k
            results = program.step(*(values[key] for key in program.inputs), **options)
            errors.append(float(results[0]))
            if not TOLERANCE < abs(errors[-1]) < _bound(errors[0]):
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


class Way(Frozen):
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


def _way(network: Network, program: Program, start: Mapping[str, Array], number: int) -> Way | None:
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
    return Way(error.functions["error"], [start[key] for key in error.inputs], [direction.get(key) for key in error.inputs])


def advise(
    network: Network, x: Array, t: Array, optimizer: Bound, run: Runner | None = None, *, weights: Array | None = None
) -> Advice | None:
    """What rates do on this batch, from the network's parameters.

    None where the optimiser has no rate, and where the network is so large that nobody would wait for the answer.

    run  its `Runner`, where there is one already
    """
    run = run or Runner(network, x, t, optimizer, weights)
    rate = run.optimizer.options.get("learning_rate")
    if not isinstance(rate, (int, float)) or run.work > TOO_DEAR or not math.isfinite(run(0.0, 1)[0]):
        return None
    return _Search(run, float(rate), scheduled=isinstance(optimizer.options["learning_rate"], Bound)).advice()


def advice_at(step: Step, run: Runner | None = None) -> Advice | None:
    """What rates do from where a recorded step stands.

    None also where nothing is left to learn, 0 is not aimed at, or other samples come next.

    run  its `Runner`, where there is one already
    """
    if order_of(step.origin) is not None or not step.network.measures or not TOLERANCE <= abs(float(step.error)) < math.inf:
        return None
    run, step = run or Runner.of(step), in_floats(step)
    return advise(step.network, step.x, step.t, step.optimizer, run)


def affordable(run: Runner) -> int:
    """How many steps each of some simulations may have, beside the single steps of the scan."""
    return max(FEWEST_STEPS, min(MOST_STEPS, int((BUDGET / run.work - 3 * SCAN) / RUNS)))


def places_of_scan(run: Runner) -> int:
    """At how many rates one step is tried."""
    return max(40, min(SCAN, int(SCAN_BUDGET / run.work)))


def steps_for(run: Runner) -> int:
    """How many steps the run has at most that repeats a step in a document."""
    return max(FEWEST_STEPS, min(MOST_STEPS, int(REPEATED / run.work)))


def largest_recommended(network: Network, optimizer: Bound) -> float:
    """No rate above this is ever recommended."""
    most = optimizer.definition.largest_rate
    last = [layer.activation for layer in network.last_layers]
    bounded = all(activation is not None and activation.definition.gives != "numbers" for activation in last)
    mean = network.conventions.batch == "mean" and network.regularizer is None
    return BOUNDED_RATE if most >= 1 and bounded and mean else most


class _Search:
    """The search for one step: each rate is simulated once."""

    def __init__(self, run: Runner, rate: float, *, scheduled: bool) -> None:
        self.run, self.rate, self.scheduled, self.steps = run, rate, scheduled, affordable(run)
        self.before = run(0.0, 1)[0]
        self.known: dict[float, Simulation] = {}
        self.single: dict[float, float] = {}

    def simulated(self, rate: float) -> Simulation:
        if rate not in self.known:
            self.known[rate] = self.run.simulated(rate, self.steps)
        return self.known[rate]

    def after(self, rate: float) -> float:
        """E after one step."""
        if rate not in self.single:
            self.single[rate] = self.run.after(rate)
        return self.single[rate]

    def advice(self) -> Advice:
        gradient = self.run.start.gradient_norm
        known: dict[str, Any] = {"rate": self.rate, "scheduled": self.scheduled, "steps": self.steps, "gradient": gradient}
        none: dict[str, Any] = {"lowers_below": None, "best_single": None, "converges": None, "used": None, "recommended": None}
        if gradient == 0 or abs(self.before) < TOLERANCE:
            return Advice(**{**none, **known})
        lowers, best = self.one_step()
        none |= {"lowers_below": lowers, "best_single": best}
        if self.run.work > DEAR:
            return Advice(**{**none, **known})
        converges = self.converges(lowers) if lowers else None
        top = converges[1] if converges else self.largest_sound(min(2 * (lowers or self.rate), MOST_RATE))
        return Advice(**{**none, **known, "converges": converges, "used": self.simulated(self.rate), "recommended": self.recommended(top)})

    # One step

    def one_step(self) -> tuple[float | None, tuple[float, float] | None]:
        """The first rate, from 0 upward, at which the error is not lowered, and the best below it.

        E after the step is a function of the rate, which may have any form: it is looked at in `SCAN` places, and where it comes closest
        to what it was between two of them, there more closely.
        """
        places = self._places()
        below: list[float] = []
        high = None
        for rate in places:
            if not self.after(rate) < self.before:
                high = rate
                break
            below.append(rate)
        if not below:
            return None, None
        if (peak := self._peak(below)) is not None:
            below, high = [rate for rate in below if rate < peak], peak
        limit = MOST_RATE if high is None else rounded_down(bisected(lambda rate: self.after(rate) < self.before, below[-1], high, 40, 6))
        return limit, self._lowest(below, limit)

    def _places(self) -> list[float]:
        """Rates from the least that changes E by more than rounding does, in equal ratios."""
        powers = (10.0**power for power in range(-15, 3))  # from below: beyond a valley E may happen to be what it was
        least = next((rate for rate in powers if not abs(self.after(rate) - self.before) <= SEEN * abs(self.before)), MOST_RATE)
        count = places_of_scan(self.run)
        return [least * (MOST_RATE / least) ** (k / count) for k in range(count + 1)] if least < MOST_RATE else [MOST_RATE]

    def _peak(self, below: list[float]) -> float | None:
        """The first rate between the places at which the error is not lowered after all; None if none is found."""
        for left, middle, right in zip(below, below[1:], below[2:], strict=False):
            top = self.after(middle)
            near = top > self.after(left) and top > self.after(right) and self.before - top < 0.1 * abs(self.before)
            if near and not self.after(peak := golden(lambda rate: -self.after(rate), left, right)) < self.before:
                return peak
        return None

    def _lowest(self, below: list[float], limit: float) -> tuple[float, float]:
        """The lowest error after one step with a rate below the limit: closely around the three lowest places."""
        found = []
        ends = [0.0, *below, limit]
        for place in sorted(range(len(below)), key=lambda place: self.after(below[place]))[:3]:
            found.append(golden(self.after, ends[place], min(ends[place + 2], limit)))
        best = min([*found, *(rate for rate in below if rate < limit)], key=self.after)
        return best, self.after(best)

    # Many steps

    def converges(self, most: float) -> tuple[float, float] | None:
        """Rates between which training converges with every one that was tried; the lower ones may only take more steps.

        None is above `most`, up to which the first step lowers the error: beyond, it is a matter of luck where a run comes down.
        """
        low = first_that(lambda rate: self.simulated(rate).converged, most, 12)
        if low is None:
            return None
        high = low if low == most else self.border(low, 2 * low)
        while low > high / 100 and self.simulated(low / 2).converged:
            low /= 2
        return self._without_holes(low, high)

    def border(self, low: float, high: float) -> float:
        """The largest rate, to three digits, with which training converges: from `low`, where it does, to below `high`, where it does not.

        Towards the border a run takes the longer, about in inverse proportion to its distance: where the line through the last two
        inverse lengths meets that of the longest run, there is the next rate to try, or the border, if it begins with the same digits and
        a run is long already. Where it says nothing, it is the middle.
        """
        lengths = {low: len(self.simulated(low).errors)}
        for tried in range(24):
            least, most = rounded_down(low), rounded_down(high)
            most = most if most < high else rounded(most - unit(most))
            if least >= most:
                break
            met = _met(lengths, self.steps) if tried % 6 < 5 else math.nan
            if lengths[low] > self.steps / 4 and rounded_down(met) == least:
                break
            rate = rounded_down(met if low < met < high else (low + high) / 2)
            rate = min(max(rate, rounded(least + unit(least))), most)
            if self.simulated(rate).converged:
                low, lengths[rate] = rate, len(self.simulated(rate).errors)
            else:
                high = rate
        return low

    def _without_holes(self, low: float, high: float) -> tuple[float, float] | None:
        """The interval, cut where a rate inside does not converge, or where it is a matter of luck how soon it does.

        Where all is well, larger rates converge sooner up to one of them, and later beyond, and with rules that have states the error never
        rises above what it was. Where that is not so, there are rates nearby that do not converge.
        """
        for places in (12, 13, 14):
            inside = sorted([low * (high / low) ** ((k + 0.5) / places) for k in range(places)] + [high * (1 - 0.03 * k) for k in range(4)])
            if (cut := self._first_irregular([rate for rate in inside if low <= rate])) is None:
                break
            high = cut / 2
            if high <= low:
                return None
        low, high = rounded_up(low), rounded_down(high)
        wide = WIDE * low <= high and all(self.simulated(rate).converged and self.simulated(rate).harmless for rate in (low, high))
        return (low, high) if wide else None

    def _first_irregular(self, rates: Sequence[float]) -> float | None:
        """The first of rising rates that does not converge, or converges sooner again than some below it that was later already."""
        least = latest = math.inf
        for rate in rates:
            run = self.simulated(rate)
            if not run.converged or (self.run.has_states and max(run.errors) > self.before):
                return rate
            taken = len(run.errors)
            if taken < least:
                if latest < math.inf:
                    return rate
                least = taken
            elif taken > 1.1 * least + 2:
                if taken < latest / 1.1 - 2 and latest < math.inf:
                    return rate
                latest = taken if latest == math.inf else max(latest, taken)
        return None

    def largest_sound(self, near: float) -> float | None:
        """A rate with which the error falls soundly, though it gets nowhere in so few steps; halved until it does."""
        return first_that(lambda rate: self.simulated(rate).sound, near, 16)

    def recommended(self, top: float | None) -> Simulation | None:
        """Of rates up to half of what works at all, the one that is soonest lowest without doing harm."""
        if top is None:
            return None
        limit = min(largest_recommended(self.run.network, self.run.optimizer), top / 2)
        best = self._soonest(limit * part / 16 for part in range(1, 17))
        if best is None:  # lower ones may do
            limit /= 16
            best = self._soonest(limit * part / 8 for part in range(1, 9))
        return best and self._soonest([best.rate, *(best.rate + limit * part / 64 for part in (-3, -2, -1, 1, 2, 3))])

    def _soonest(self, rates: Iterable[float]) -> Simulation | None:
        limit = largest_recommended(self.run.network, self.run.optimizer)
        runs = [self.simulated(rate) for rate in dict.fromkeys(map(rounded, rates)) if 0 < rate <= limit]
        good = [run for run in runs if run.sound and (run.converged or run.gained > GOOD_GAIN)]
        ranked = sorted(good, key=lambda run: (math.inf if run.reaches is None else run.reaches, run.last_error))
        return next((run for run in ranked if run.harmless and self._has_room(run.rate)), None)

    def _has_room(self, rate: float) -> bool:
        """Does twice the rate still do? What is recommended lies at no edge."""
        twice = self.simulated(2 * rate)
        return twice.ending in ("zero", "minimum", "falling") and twice.gained > LEAST_GAIN


def first_that(holds: Callable[[float], bool], rate: float, halvings: int) -> float | None:
    """The rate, or the first of its halves for which something holds; None if it holds for none."""
    for _ in range(halvings):
        if holds(rate):
            return rate
        rate /= 2
    return None


def _met(lengths: Mapping[float, int], longest: int) -> float:
    """Where runs would be as long as the longest, seen from the two largest rates whose runs are known; NaN if nowhere."""
    if len(lengths) < 2:
        return math.nan
    (first, before), (second, after) = sorted(lengths.items())[-2:]
    return second + (second - first) * (1 / after - 1 / longest) / (1 / before - 1 / after) if before < after else math.nan


def bisected(holds: Callable[[float], bool], low: float, high: float, times: int, digits: int) -> float:
    """A place from `low`, where it holds, up to a border below `high`, where it does not: `times` halvings, or so many digits of it."""
    for _ in range(times):
        if rounded_down(low, digits) == rounded_down(high, digits):
            break
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def golden(value: Callable[[float], float], low: float, high: float) -> float:
    """Where a function is lowest between two places, by golden-section search; a lowest place among others where there are several."""
    shrink = (math.sqrt(5) - 1) / 2
    a, b = high - shrink * (high - low), low + shrink * (high - low)
    for _ in range(40):
        if value(a) < value(b):
            b, a, high = a, b - shrink * (b - low), b
        else:
            a, b, low = b, a + shrink * (high - a), a
    return (low + high) / 2


def rounded(rate: float, digits: int = 3) -> float:
    """A rate with three significant digits, as a person would type it."""
    return float(f"{rate:.{digits}g}")


def rounded_down(rate: float, digits: int = 3) -> float:
    """The largest rate of so many digits that is not above this one; NaN of NaN."""
    if math.isnan(rate):
        return rate
    near = rounded(rate, digits)
    return near if near <= rate else rounded(near - unit(rate, digits), digits)


def rounded_up(rate: float) -> float:
    """The least rate of three digits that is not below this one."""
    near = rounded(rate)
    return near if near >= rate else rounded(near + unit(rate))


def unit(rate: float, digits: int = 3) -> float:
    """What one more in the last of so many digits is worth."""
    return float(10.0 ** (math.floor(math.log10(rate)) - digits + 1))
