"""The trials of a sweep: what each training came to, and the files that keep it, so that a sweep goes on where it was cut short."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any

from chainrule.base.display import Displayed
from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.files import claimed, json_text, occupied, there_already, write_whole
from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.training.model import Model

TRIALS = ".trials.jsonl"
"""What the name of the table of trials has after the model's."""

FORMAT = "chainrule sweep 1"


class Trial(FrozenValue):
    """One training of a sweep.

    number    in the order of the grid, from 1
    settings  what it was trained with, of the grid
    score     the main measure, accuracy or R², on rows that did not train the network: the validation rows, or every row, each by the
              network of the fold that it was left out of; with `folds`, the mean over the folds. None where there is none
    error     the error E on the same rows, by which the epoch was chosen
    epochs, seconds   how long it took
    failure   why there is no model; "" where there is one
    """

    number: int
    settings: Mapping[str, Any]
    score: float | None = None
    error: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    failure: str = ""

    @property
    def rank(self) -> tuple[float, float, int]:
        """By which trials are ordered, the best first: by score, of equal ones by error, then as in the grid."""
        return (math.inf if self.score is None else -self.score, math.inf if self.error is None else self.error, self.number)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__match_args__} | {"settings": dict(self.settings)}


class Sweep(Displayed, Frozen):
    """What a sweep came to.

    measure  of the scores: "accuracy", "r2" or "mixed"
    count    how many trials the grid has
    trials   those that ended, the best first
    best     the model of the first one; None where every trial failed
    """

    measure: str
    count: int
    trials: tuple[Trial, ...] = ()
    best: Model | None = field(default=None, repr=False)

    def table(self) -> dict[str, list[Any]]:
        """The trials as columns, the best first: `pandas.DataFrame(found.table())`."""
        names = list(dict.fromkeys(name for trial in self.trials for name in trial.settings))
        settings = {name: [trial.settings.get(name) for trial in self.trials] for name in names}
        others = ("number", "score", "error", "epochs", "seconds", "failure")
        return settings | {name: [getattr(trial, name) for trial in self.trials] for name in others}


class TrialTable:
    """The table of trials and the best model, in files that grow with every trial; in memory alone where there is no output."""

    def __init__(self, output: Path | None, head: Mapping[str, Any], *, resume: bool, force: bool) -> None:
        self.output, self.head, self.resume, self.force = output, head, resume, force
        self.path = None if output is None else Path(f"{output}{TRIALS}")
        self.before, self.measure = list[Trial](), ""

    def begin(self) -> None:
        """Look at what is there. Raises FileError, InputError."""
        if self.path is None or self.output is None:
            return
        if self.resume:
            self._read(self.path)
        elif not self.force:
            for path in (self.output, self.path):
                if occupied(path):
                    raise there_already(path)

    def _read(self, path: Path) -> None:
        """The trials that ended. Raises FileError, InputError."""
        try:
            head, *lines = path.read_text("utf-8").splitlines()
            began = json.loads(head)
            if began["format"] != FORMAT:
                raise ValueError(f"its format is {quoted(began['format'])}, not {FORMAT}")
            self.before = [Trial(**json.loads(line)) for line in lines]
            self.measure = began["measure"]
        except FileNotFoundError:
            raise FileError(f"there is no {path} to go on with: no sweep began there.") from None
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise FileError(f"{path} is no table of trials that can be gone on with: {error}.") from None
        for what in ("grid", "settings"):
            if began.get(what) != json.loads(json_text(self.head[what])):
                raise InputError(f"the sweep began with other {what}; go on with the same, or begin anew with «--force».")

    @cached_property
    def numbers(self) -> set[int]:
        """The trials that ended before."""
        return {trial.number for trial in self.before}

    def sweep(self, count: int) -> Sweep:
        """What the trials before came to."""
        ranked = tuple(sorted(self.before, key=lambda trial: trial.rank))
        best = None
        if self.output is not None and ranked and not ranked[0].failure:
            best = Model.load(self.output)
        return Sweep(self.measure, count, ranked, best)

    def added(self, found: Sweep, trial: Trial, model: Model | None) -> Sweep:
        """What the sweep has come to with one more; written, if it is to be. Raises FileError."""
        ranked = tuple(sorted((*found.trials, trial), key=lambda one: one.rank))
        best, measure = found.best, found.measure
        if model is not None:
            measure = next(iter(model.scores.values())).main[0]
            if ranked[0] is trial:
                best = model
                if self.output is not None:
                    model.save(self.output, force=True)
        if self.path is not None:
            in_order = sorted(ranked, key=lambda one: one.number)
            lines = [{"format": FORMAT, "measure": measure, **self.head}, *(one.to_dict() for one in in_order)]
            write_whole(self.path, "".join(f"{json_text(line)}\n" for line in lines))
        return Sweep(measure, found.count, ranked, best)

    def forget(self) -> None:
        """Remove the table of a sweep that came to nothing, so that it stands in no other's way."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@contextmanager
def trial_table(output: str | Path | None, head: Mapping[str, Any], *, resume: bool, force: bool) -> Iterator[TrialTable]:
    """The files of a sweep, which are no other's while this lasts. Raises FileError, InputError."""
    if output is None:
        if resume:
            raise InputError('there is nothing to go on with without a model\'s file; say which, as output="best.safetensors".')
        yield TrialTable(None, head, resume=False, force=force)
        return
    path = Path(output)
    if path.suffix.lower() != ".safetensors":
        raise FileError(f"{path}: a model is written as .safetensors.")
    if not path.absolute().parent.is_dir():
        raise FileError(f"{path} cannot be written: there is no folder {path.parent}.")
    with claimed(path):
        kept = TrialTable(path, head, resume=resume, force=force)
        kept.begin()
        yield kept
