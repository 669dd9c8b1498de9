"""The history of a run: a report for each epoch, and how the run ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from chainrule.base.display import Displayed
from chainrule.base.errors import InputError
from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.network.network import Network

MOST_REPORTS = 2000
"""A longer history is thinned out, so that memory and files stay small however long the run."""


class Report(Displayed, FrozenValue):
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


class Outcome(Displayed, Frozen):
    """How a run ended.

    reason      "until" (the error is below it), "patience" (too little was learned), "epochs" (all done) or "interrupted"
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


class History:
    """The reports of a run, the last one always among them; when they are too many, only that of every second epoch is kept from then on.

    every  how many epochs lie between two reports that are kept
    """

    def __init__(self, reports: Sequence[Report] = (), every: int = 1) -> None:
        self.reports, self.every = list(reports), every

    def add(self, report: Report) -> None:
        """Keep the report; that of the epoch before is let go if its number is not one of those that are kept."""
        if self.reports and self.reports[-1].epoch % self.every:
            self.reports.pop()
        self.reports.append(report)
        if len(self.reports) > MOST_REPORTS:
            self.every *= 2
            self.reports = [kept for kept in self.reports if kept is report or kept.epoch % self.every == 0]


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


def finite_or_none(value: float | None) -> float | None:
    """A number as JSON can hold it."""
    return value if value is not None and math.isfinite(value) else None


def finite_or_infinite(value: float | None) -> float:
    """The number that `finite_or_none` was given, which was infinite where there is none now."""
    return math.inf if value is None else float(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
