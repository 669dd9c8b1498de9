"""Which weights a run keeps: those of the epoch with the lowest error, unless others, calibrated, have a clearly lower one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chainrule.base.frozen import FrozenValue, replace
from chainrule.training.history import finite_or_infinite, finite_or_none

CLEARLY = 0.02
"""The part of all that was learned by which the error of divided weights must be below that of any undivided ones."""


class Kept(FrozenValue):
    """Which weights a run keeps: those after the epoch with the lowest error, or, divided by a temperature, those after another one.

    epoch        after which they were; 0 for those of the start
    error        E of the rows that decide, with the weights as they are kept
    temperature  T, by which those of the last layer are divided; 1 where they are not
    lowest       the lowest error of undivided weights

    Divided weights are kept where their error is lower than `lowest` by a fiftieth (`CLEARLY`) of all that it has fallen since the start:
    what is less is often chance. So a network that its temperature helps little is kept as it would be without one.
    """

    epoch: int = 0
    error: float = math.inf
    temperature: float = 1.0
    lowest: float = math.inf

    @staticmethod
    def at_start(error: float) -> Kept:
        """Before the first epoch, with that error, which may be infinite or NaN."""
        error = error if math.isfinite(error) else math.inf
        return Kept(0, error, lowest=error)

    def after(self, epoch: int, error: float, divided: float, temperature: float, start_error: float) -> Kept:
        """What is kept after one more epoch.

        error        of its weights
        divided      of the weights with the last layer divided by that temperature; the same where it is 1
        start_error  before the first epoch
        """
        if error < self.lowest:
            return Kept(epoch, error, lowest=error) if error < self.error else replace(self, lowest=error)
        learned = start_error - divided if math.isfinite(start_error) else 0.0
        if temperature != 1 and divided < min(self.error, self.lowest - CLEARLY * learned):
            return Kept(epoch, divided, temperature, self.lowest)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a checkpoint holds it."""
        calibrated = {} if self.temperature == 1 else {"temperature": self.temperature, "lowest_error": finite_or_none(self.lowest)}
        return {"best_epoch": self.epoch, "best_error": finite_or_none(self.error), **calibrated}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Kept:
        """What `to_dict` gave. Raises KeyError, TypeError, ValueError."""
        error = finite_or_infinite(data["best_error"])
        lowest = finite_or_infinite(data.get("lowest_error", data["best_error"]))
        return Kept(int(data["best_epoch"]), error, float(data.get("temperature", 1.0)), lowest)
