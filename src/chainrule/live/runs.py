"""A person's table on a live page: what was decided about it, its first rows as a batch, and a real training that is watched."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from chainrule.api.models import Replayed, recorded, replayed, scales
from chainrule.api.settings import chosen_optimizer
from chainrule.api.watching import Watch
from chainrule.base.errors import ChainruleError, InputError, quoted
from chainrule.base.frozen import replace
from chainrule.base.printing import counted
from chainrule.document.words import Words
from chainrule.network.description import described
from chainrule.pages.content import MOST_NUMBERS, MOST_SAMPLES
from chainrule.preparation.remarks import number_text
from chainrule.reports.lines import lines_of_ending, lines_of_preparation, lines_of_split
from chainrule.steps.problem import Problem
from chainrule.training.history import finite_or_none

if TYPE_CHECKING:
    from chainrule.api.run import Run
    from chainrule.data.table import Table
    from chainrule.diagnosis.divergence import Diverged
    from chainrule.notation.conventions import Notation
    from chainrule.preparation.preparation import Preparation
    from chainrule.steps.step import Step
    from chainrule.training.history import Outcome, Report
    from chainrule.training.loop import Training
    from chainrule.training.metrics import Scores
    from chainrule.training.model import Model

Found = TypeVar("Found")

LARGEST_FILE = 8_000_000
"""Bytes of a file that a page takes."""

SHOWN = 4
"""Rows of a table with which its page begins."""

HIDDEN = 4
"""Units of the hidden layer of the network that is offered for a table."""

POINTS = 300
"""Of a curve, at most."""

SECONDS = 0.2
"""Between two messages of a training."""

EPOCHS, BATCH_SIZE = 200, 4
"""Of a training, where a person says nothing else; a batch that can be looked at whole."""

MOST_EPOCHS, MOST_ROWS = 100_000, 1_000_000


def read_file(name: str, content: bytes, read: Callable[[Path], Found]) -> Found:
    """What a reader of files makes of the bytes of a person's file. Raises InputError, which calls it by its own name."""
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        path = Path(folder) / f"file{Path(name).suffix.lower()[:12]}"
        path.write_bytes(content)
        try:
            return read(path)
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from None


def read_table(name: str, content: bytes) -> Table:
    """A table out of the bytes of a person's file, by the reader of the command line. Raises InputError."""
    from chainrule.data.reading import read

    return replace(read_file(name, content, read), source=name)


class LearntTable:
    """A table, and what is to be predicted of it.

    target        a column; the last one if none is said
    drop_missing  are rows without a value that is needed left out, and not refused?
    """

    def __init__(self, table: Table, words: Words, target: str | None = None, *, drop_missing: bool = False) -> None:
        from chainrule.preparation.preparation import Preparation

        self.table, self.target, self.drop_missing = table, target or table.names[-1], drop_missing
        if self.target not in table.names:
            raise InputError(f"{table.source} has no column {quoted(self.target)}; its columns: {', '.join(table.names[:12])}.")
        self.preparation = Preparation.fit(lambda: [table], (self.target,), drop_missing=drop_missing)
        complete = self.preparation.complete(table) if drop_missing else table
        self.shown = complete.take(np.unique(np.linspace(0, len(complete) - 1, SHOWN).round().astype(int)))
        shown = ", ".join(str(number) for number in self.shown.rows)
        self.lines = [*lines_of_preparation(words, self.preparation), words.plain("served.rows", rows=shown, count=len(table))]

    def problem(self, notation: Notation) -> Problem:
        """A network for the table, with some of its rows as a batch. Raises InputError where a page cannot show it."""
        from chainrule.api.networks import fitting_network

        preparation = self.preparation
        if preparation.inputs * HIDDEN > MOST_NUMBERS:
            raise InputError(
                f"the columns of {self.table.source} become {preparation.inputs:,} inputs, more than a page shows; the command line "
                "trains it: chainrule train."
            )
        network = fitting_network(preparation, 0, [HIDDEN], "tanh", None, None).replaced(notation=notation).made_legible()
        origin = {"data": self.table.source, "rows": [int(number) for number in self.shown.rows], **scales(preparation)}
        return Problem(
            network, preparation.x(self.shown), preparation.t(self.shown), chosen_optimizer(None, "adam", 0.01), self.table.source,
            preparation.feature_names, preparation.output_names, origin,
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """What the page says about it."""
        names = list(self.table.names)
        return {"name": self.table.source, "columns": names, "target": self.target, "drop": self.drop_missing, "lines": self.lines}


def complete_data(table: Table, words: Words, target: str | None = None) -> LearntTable:
    """The table; where values are missing, without the rows that lack one, which is then among what was decided. Raises InputError."""
    try:
        return LearntTable(table, words, target)
    except InputError:
        with suppress(InputError):
            return LearntTable(table, words, target, drop_missing=True)
        raise


class Past:
    """The training of a model that a person opened.

    source  its file, beside which its data are found
    """

    def __init__(self, model: Model, source: str, words: Words) -> None:
        self.model, self.source, self.words = model, source, words

    running = False

    def stop(self) -> None:
        """It has ended."""

    def plain(self) -> dict[str, Any]:
        """What the page shows of it."""
        history, name = self.model.history, str(self.model.source.get("name", self.source))
        lines = [
            *(lines_of_ending(self.words, self.model) if self.model.outcome.get("reason") else ()),
            *score_lines(self.words, self.model),
        ]
        return {"state": "past", "name": name, "lines": lines, **curve_of(self.words, history, self.model.plan.epochs)}

    def step(self, number: int) -> Step:
        """Step `number` of it, computed again. Raises InputError where its data are not there."""
        found = replayed(self.source, number, None, None, None, None)
        assert isinstance(found, Replayed)
        assert found.record is not None
        return found.record


class Going:
    """A training in the background: what it came to is told a few times a second, and any of its steps can be computed again.

    tell  is called, from the training's thread, with what a page shows of the run, as plain data
    """

    def __init__(
        self, data: LearntTable, subject: Problem, settings: Mapping[str, Any], words: Words, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self.words, self.tell, self.data = words, tell, data
        self.epochs = _whole("epochs", settings.get("epochs", EPOCHS), MOST_EPOCHS)
        self.asked: dict[str, Any] = {
            "target": data.target,
            "network": described(subject.network),
            "optimizer": chosen_optimizer(subject.optimizer, None, None),
            "epochs": self.epochs,
            "batch_size": _whole("rows of a step", settings.get("batch_size", BATCH_SIZE), MOST_ROWS),
            "precision": "float64",
            "drop_missing": data.drop_missing,
        }
        self.state, self.lines, self.told, self.stopping = "running", list[str](), 0.0, False
        self.run: Run | None = None
        self.training: Training | None = None
        self.model: Model | None = None
        self.thread = threading.Thread(target=self._train, name="training", daemon=True)

    def start(self) -> None:
        """Begins, in a thread of its own."""
        self.thread.start()

    def stop(self) -> None:
        """Ends it after the batch at hand; its best weights so far are kept."""
        self.stopping = True
        if self.training is not None:
            self.training.stop()

    def _train(self) -> None:
        from chainrule.api.train import train

        try:
            train(self.data.table, watch=_Watch(self), **self.asked)
        except ChainruleError as error:
            self.state, self.lines = "failed", [*self.lines, str(error)]
        except KeyboardInterrupt:  # asked to end before it had begun
            self.state = "ended"
        finally:
            if self.state == "running":
                self.state = "failed"
            self.tell(self.plain())

    @property
    def running(self) -> bool:
        """Is it going on?"""
        return self.state == "running"

    def plain(self) -> dict[str, Any]:
        """What the page shows of the run."""
        history = self.model.history if self.model is not None else () if self.training is None else tuple(self.training.history)
        return {"state": self.state, "name": self.data.table.source, "lines": self.lines, **curve_of(self.words, history, self.epochs)}

    def step(self, number: int) -> Step:
        """Step `number` of the run, computed again from its start. Raises InputError."""
        if self.run is None:
            raise InputError(self.words.plain("served.none"))
        rows, run = self.run.train, self.run
        taken = self.training.step if self.training is not None else 0
        if not 1 <= number <= taken:
            raise InputError(f"the run took {counted(taken, 'step')} so far; there is no step {number:,}.")
        fresh = replace(run, plan=replace(run.plan, validation_folds=0)).training()
        return _named(fresh.step_at(number), run.preparation, rows.source or self.data.table.source)


class _Watch(Watch):
    """Hears what a training has to say."""

    def __init__(self, going: Going) -> None:
        self.going = going

    def begins(self, run: Run, training: Training) -> None:
        """Everything is decided."""
        going = self.going
        going.run, going.training = run, training
        going.lines = list(lines_of_split(going.words, run.plan, len(run.train), len(run.validation), len(run.test)))
        going.tell(going.plain())

    def epoch(self, report: Report, measure: Callable[[], Scores | None]) -> None:
        """Another epoch; told, if it is time to."""
        going = self.going
        if going.stopping and going.training is not None:
            going.training.stop()
        if time.monotonic() - going.told >= SECONDS:
            going.told = time.monotonic()
            going.tell(going.plain())

    def ends(self, model: Model, outcome: Outcome | Diverged) -> None:
        """The run is over."""
        going = self.going
        going.model, going.state = model, "ended"
        if model.outcome.get("reason") != "diverged":
            going.lines = [*going.lines, *lines_of_ending(going.words, model), *score_lines(going.words, model)]


def score_lines(words: Words, model: Model) -> list[str]:
    """The scores of a model, on rows that it never saw where there are such."""
    part = next((name for name in ("test", "validation", "train") if name in model.scores), None)
    if part is None:
        return []
    return [words.plain(f"train.scores.{part}", rows=model.scores[part].rows), *model.scores[part].lines(words)]


def curve_of(words: Words, history: tuple[Report, ...], epochs: int) -> dict[str, Any]:
    """The curve of a run: epochs with their errors, thinned out, and the last one in words."""
    if not history:
        return {"curve": [], "said": "", "steps": 0}
    every = -(-len(history) // POINTS)
    kept = [report for place, report in enumerate(history) if place % every == 0 or place == len(history) - 1]
    last = history[-1]
    values: dict[str, Any] = {"epoch": last.epoch, "epochs": epochs, "error": number_text(words, last.error, 4)}
    key = "served.epoch"
    if last.validation_error is not None:
        key, values["validation"] = "served.epoch.validation", number_text(words, last.validation_error, 4)
    curve = [[one.epoch, finite_or_none(one.error), finite_or_none(one.validation_error)] for one in kept]
    return {"curve": curve, "said": words.plain(key, **values), "steps": last.step}


def _whole(what: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InputError(f"{what} are a whole number from 1 to {most:,}, not {quoted(value)}.")
    return value


def _named(step: Step, preparation: Preparation | None, source: str) -> Step:
    """The step with the names of its columns."""
    origin: dict[str, Any] = {**step.origin, "data": source, **scales(preparation)}
    if preparation is not None:
        origin |= {"features": list(preparation.feature_names), "targets": list(preparation.output_names)}
    return replace(step, origin=origin)


def as_page(step: Step, words: Words) -> tuple[Replayed, str]:
    """A recorded step as what a page shows, and what has to be said about that: of a large batch it shows the first rows."""
    count = len(step.x)
    if count <= MOST_SAMPLES:
        return recorded(step), ""
    from chainrule.steps.step import record

    some = slice(0, MOST_SAMPLES)
    weights = None if step.weights is None else step.weights[some]
    shown = record(step.network, step.x[some], step.t[some], step.update, step.number, step.states, origin=step.origin, weights=weights)
    return recorded(shown), words.plain("served.first_rows", count=count, shown=MOST_SAMPLES)


def model_bytes(model: Model) -> bytes:
    """The file of a model."""
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        path = Path(folder) / "model.safetensors"
        model.save(path)
        return path.read_bytes()
