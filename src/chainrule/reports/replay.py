"""Steps of a run that are looked at again: which ones, and the states of the run from which they are computed anew.

A run is a function of its seed, so nothing is recorded of a step: it is computed once more. While the run goes on, states are kept after
so few epochs that they take no room to speak of, and then hardly any epoch has to be gone through again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chainrule.base.errors import InputError
from chainrule.base.frozen import Frozen
from chainrule.engines.epoch import State
from chainrule.steps.step import Step
from chainrule.training.loop import Training

REPLAYED_SHARE = 0.2
"""Of the steps of a run, so many are taken again at most, where these would be many."""

FREE_WORK = 3e10
"""Parameters × rows that are gone through again, whatever share of the run they are: some seconds."""


CLOSE = 1.5
"""Steps that are looked at lie farther apart than this, as ratios."""


class Looked(Frozen):
    """Which steps of a run are looked at again.

    over_time  from the first to the last, each about twice as late as the one before, for what changes in the course of the run
    explained  the first, one in the middle, and the last one before the weights that were kept
    """

    over_time: tuple[int, ...]
    explained: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Both, rising."""
        return tuple(sorted({*self.over_time, *self.explained}))


def steps_to_open(steps: int, each: int, best: int) -> Looked:
    """Of a run of so many steps, `each` of them an epoch, of which step `best` is the last one before the weights that were kept.

    Beyond the first epoch they are first steps of epochs, but for the best one.

    >>> steps_to_open(120, 4, 80)
    Looked(over_time=(1, 2, 5, 9, 17, 49, 117), explained=(1, 49, 80))
    """
    moments = [digit * 10**power for power in range(len(str(steps))) for digit in (1, 2, 5)]
    found = [number if number <= each else first_of_epoch(number, each) for number in moments if number < steps]
    last = steps if steps <= each else first_of_epoch(steps, each)
    over_time = list[int]()
    for number in found:
        if CLOSE * number <= last and (not over_time or number >= CLOSE * over_time[-1]):
            over_time.append(number)
    between = [number for number in over_time if 1 < number < best]
    middle = min(between, key=lambda number: abs(number - best / 2), default=1)
    return Looked((*over_time, last), tuple(sorted({1, middle, best})))


def first_of_epoch(number: int, each: int) -> int:
    """The first step of the epoch in which a step lies."""
    return (number - 1) // each * each + 1


class Landmarks:
    """States of a run as it goes on: after few epochs, before the best one and the last one. `keep` is called after every epoch."""

    def __init__(self, training: Training) -> None:
        self._before = self._last = self._best = (training.epochs, training.state)
        self._kept: dict[int, State] = {0: training.start_state, training.epochs: training.state}

    def keep(self, training: Training) -> None:
        """Remember what may be asked for later; states are never changed in place."""
        if training.best_epoch == training.epochs:
            self._best = self._before
        each = training.steps_per_epoch
        number = training.epochs * each + 1  # the first step of the next epoch
        power = 10 ** (len(str(number)) - 1)
        if any(first_of_epoch(digit * power * scale, each) == number for digit in (1, 2, 5) for scale in (1, 10)):
            self._kept[training.epochs] = training.state
        self._last, self._before = self._before, (training.epochs, training.state)

    @property
    def states(self) -> Mapping[int, State]:
        """By how many epochs they come after."""
        return self._kept | dict((self._best, self._last, self._before))


def replayed_steps(training: Training, numbers: Sequence[int], steps: int, states: Mapping[int, State]) -> Iterator[Step]:
    """The steps of these numbers, rising, as far as they do not take too long: what a fifth of the run takes, or some seconds.

    steps  that the run took
    """
    each, done, taken, chosen = training.steps_per_epoch, 0, 0, list[int]()
    most = max(REPLAYED_SHARE * steps, FREE_WORK / (training.network.size * training.batch_size))
    for number in numbers:
        start = (number - 1) // each * each
        known = max((epochs * each for epochs in states if epochs * each <= start), default=0)
        more = number - max(known, min(done, start))
        if taken + more <= most or number == 1:
            chosen, taken, done = [*chosen, number], taken + more, start
    found = training.steps_at(chosen, states)
    while True:
        try:
            step = next(found)
        except (StopIteration, InputError):  # beyond the step in which the run diverged there is none
            return
        yield step
