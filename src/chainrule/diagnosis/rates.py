"""Learning rates: which lower the error in this step, with which training converges, and which one to take.

Computed bounds such as 2/λmax look at one point only and are too optimistic, so every answer here is simulated: the very update rule,
on the very batch, for some hundreds of steps. Nothing is taken to be monotone in the rate: where E falls at 5, it may rise at 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from chainrule.base.frozen import Frozen
from chainrule.diagnosis.criteria import targets_outside
from chainrule.diagnosis.scalar_search import bisected, first_that, golden, meeting_point, rounded, rounded_down, rounded_up, unit
from chainrule.diagnosis.simulation import FEWEST_STEPS, GOOD_GAIN, LEAST_GAIN, MOST_STEPS, TOLERANCE, Runner, Simulation
from chainrule.network.definitions import Bound
from chainrule.network.network import Network
from chainrule.steps.order import order_of
from chainrule.steps.step import Step

MOST_RATE = 1000.0
"""Rates are not tried beyond this: where the error still falls, it does so because everything saturates."""

WIDE = 2.0
"""Rates with which training converges are told where the largest is at least so many times the least."""

BOUNDED_RATE = 10.0
"""The largest rate that is recommended where E is a mean, of outputs that are bounded, so that gradients are small."""

BUDGET, RUNS = 250_000_000, 75
"""The work of all simulations together, roughly, in additions as `engines.work` counts, and how many long ones there are."""

DEAR, TOO_DEAR = 500_000, 5_000_000
"""The work of a step: where it is more, a network is asked about one step only, and where it is still more, not at all."""

SCAN, SCAN_BUDGET = 400, 200_000_000
"""Rates at which one step is tried, from next to 0 to `MOST_RATE`; fewer where so many would be more work, and so only of dear steps."""

SEEN = 1e-7
"""A smaller change of E, as a share of it, is next to rounding."""


NEXT_TO, SAME_DIGITS = 1e-10, 5e-4
"""A rate that differs by this share is the same in every text; errors that differ by no more have the same three digits."""


class Advice(Frozen):
    """What simulation says about the rate of one step.

    rate           the one in use; of a schedule, that of this step
    scheduled      whether it follows a schedule, in whose place everything here tries constant rates
    lowers_below   every rate below this lowers the error in this step, and this one does not; None if none tried does
    best_single    of these, the rate whose single step lowers the error most, and the error it leaves
    converges      every rate tried between these two lets training converge, in so many steps, and the recommended one is not below them;
                   None if none tried does, or none was tried; neither end is a limit
    used           what the rate in use comes to; None where no run was simulated
    recommended    the run with the rate to take; None where none is recommended
    steps          how many steps each simulation was given
    gradient       ‖∂E/∂w‖ before the step
    withheld       why no rate is recommended whatever the runs come to: "bounded", the output cannot give the targets; "blocked", no
                   gradient comes through to the layers before it; "" where neither is so
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
    withheld: str = ""

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


def advise(run: Runner) -> Advice | None:
    """What rates do on its batch, from its network's parameters.

    None where the optimiser has no rate, and where the network is so large that nobody would wait for the answer.
    """
    rate = run.optimizer.options.get("learning_rate")
    if not isinstance(rate, (int, float)) or run.work > TOO_DEAR or not math.isfinite(run(0.0, 1)[0]):
        return None
    return _Search(run, float(rate), scheduled=isinstance(run.batch.optimizer.options["learning_rate"], Bound)).advice()


def advice_at(step: Step, run: Runner | None = None) -> Advice | None:
    """What rates do from where a recorded step stands.

    None also where nothing is left to learn, 0 is not aimed at, or other samples come next.

    run  its `Runner`, where there is one already
    """
    if order_of(step.origin) is not None or not step.network.measures or not TOLERANCE <= abs(float(step.error)) < math.inf:
        return None
    return advise(run or Runner.of(step))


def affordable(run: Runner) -> int:
    """How many steps each of some simulations may have, beside the single steps of the scan."""
    return max(FEWEST_STEPS, min(MOST_STEPS, int((BUDGET / run.work - 3 * SCAN) / RUNS)))


def places_of_scan(run: Runner) -> int:
    """At how many rates one step is tried."""
    return max(40, min(SCAN, int(SCAN_BUDGET / run.work)))


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
        bounded = targets_outside(self.run.network, self.run.batch.t) is not None
        advised, used = None if bounded else self.recommended(top), self.simulated(self.rate)
        withheld = "bounded" if bounded else "blocked" if used.blocked else ""
        found = {"converges": self.widened(converges, advised), "used": used, "recommended": advised, "withheld": withheld}
        return Advice(**{**none, **known, **found})

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
        """Rates from the least that changes E by more than rounding does, in equal ratios; none where none does."""
        powers = (10.0**power for power in range(-15, 4))  # from below: beyond a valley E may happen to be what it was
        least = next((rate for rate in powers if not abs(self.after(rate) - self.before) <= SEEN * abs(self.before)), None)
        if least is None:
            return []
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
        a run is more than half as long as the longest. Where it says nothing, it is the middle.
        """
        lengths = {low: len(self.simulated(low).errors)}
        for tried in range(24):
            least, most = rounded_down(low), rounded_down(high)
            most = most if most < high else rounded(most - unit(most))
            if least >= most:
                break
            met = meeting_point(lengths, self.steps) if tried % 6 < 5 else math.nan  # now and then the middle, in case lines mislead
            if lengths[low] > self.steps / 2 and rounded_down(met) == least:
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

    def widened(self, between: tuple[float, float] | None, best: Simulation | None) -> tuple[float, float] | None:
        """The same rates and those down to the one that is recommended; None where not all of these converge."""
        if between is None or best is None or best.rate >= between[0]:
            return between
        count = math.ceil(math.log2(between[0] / best.rate))
        rates = [best.rate * (between[0] / best.rate) ** (k / count) for k in range(count)]
        return (best.rate, between[1]) if self._first_irregular([*rates, between[0]]) is None else None

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
        return next((run for run in ranked if run.harmless and self._has_room(run.rate) and self._is_steady(run)), None)

    def _has_room(self, rate: float) -> bool:
        """Does twice the rate still do? What is recommended lies at no edge."""
        twice = self.simulated(2 * rate)
        return twice.ending in ("zero", "minimum", "falling") and twice.gained > LEAST_GAIN

    def _is_steady(self, run: Simulation) -> bool:
        """Does it end so, too, with a rate that differs by next to nothing? Where a run is chaotic, rounding decides what is left."""
        return run.converged or math.isclose(self.simulated(run.rate * (1 + NEXT_TO)).last_error, run.last_error, rel_tol=SAME_DIGITS)
