"""How the epochs of a training are watched: a live picture on a terminal, a few plain lines everywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.cli.output import say
from chainrule.document.words import Words
from chainrule.pictures import curves

if TYPE_CHECKING:
    from chainrule.training.history import Report
    from chainrule.training.metrics import Scores

    Measure = Callable[[], Scores | None]
    """The scores on the validation rows, computed when it is called."""

LINES = (1, 2, 5)
"""Plain lines are printed for epoch 1, 2, 5, 10, 20, 50, 100 …: about ten of them, whenever the run ends."""

A_SECOND = 8
"""Pictures a second."""

HEIGHT = 10
"""Lines of the live curve."""


def fitting_progress(words: Words, epochs: int, *, quiet: bool = False, before: Sequence[Report] = ()) -> Progress:
    """The watcher that fits where the output goes.

    epochs  the most there can be; before: those that an earlier run, now resumed, has behind it
    """
    if quiet:
        return Progress()
    return LiveProgress(words, epochs, before) if sys.stdout.isatty() else ProgressLines(words, epochs, before)


class Progress:
    """A context that is called after every epoch; this one says nothing."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, report: Report, measure: Measure) -> None:
        """Take notice of an epoch."""


class ProgressLines(Progress):
    """Lines for the epochs 1, 2, 5, 10, 20, 50 …, and for the last."""

    def __init__(self, words: Words, epochs: int, before: Sequence[Report]) -> None:
        self.words, self.width = words, len(str(epochs))
        self.first = before[-1].epoch + 1 if before else 1
        self.last: tuple[Report, Measure] | None = None
        self.printed = 0

    def __call__(self, report: Report, measure: Measure) -> None:
        """A line, if it is time for one."""
        self.last = report, measure
        if report.epoch == self.first or report.epoch in {digit * 10 ** (len(str(report.epoch)) - 1) for digit in LINES}:
            self.say(report, measure)

    def __exit__(self, *_: object) -> None:
        if self.last is not None and self.last[0].epoch != self.printed:
            self.say(*self.last)

    def say(self, report: Report, measure: Measure) -> None:
        """The line of an epoch."""
        say(progress_line(self.words, report, measure(), self.width))
        self.printed = report.epoch


class LiveProgress(Progress):
    """The error curve on a log scale, the epoch, the errors, the score and the time left, a few times a second."""

    def __init__(self, words: Words, epochs: int, before: Sequence[Report]) -> None:
        from rich.console import Console
        from rich.live import Live as Rich

        self.words, self.epochs, self.done = words, epochs, len(before) and before[-1].epoch
        self.console = Console(highlight=False)
        self.live = Rich(console=self.console, auto_refresh=False)
        self.points: dict[str, list[tuple[int, float]]] = {words.plain("train.training"): [], words.plain("train.validation"): []}
        for report in before:
            self.remember(report)
        self.start, self.next = time.monotonic(), 0.0
        self.last: tuple[Report, Measure] | None = None

    def __enter__(self) -> LiveProgress:
        if not curves.can_draw():
            self.console.print(self.words.plain("train.no_plot"), markup=False)
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.last is not None:
            self.draw(*self.last, running=False)
        self.live.stop()

    def __call__(self, report: Report, measure: Measure) -> None:
        """Remember the epoch; draw, if it is time to."""
        self.remember(report)
        self.last = report, measure
        if time.monotonic() >= self.next:
            self.draw(report, measure)
            self.next = time.monotonic() + 1 / A_SECOND

    def remember(self, report: Report) -> None:
        """Another point of the curves; when there are very many, every second one is let go."""
        for points, error in zip(self.points.values(), (report.error, report.validation_error), strict=True):
            if error is not None:
                points.append((report.epoch, error))
            if len(points) > 10_000:
                del points[1::2]

    def draw(self, report: Report, measure: Measure, *, running: bool = True) -> None:
        """The picture of this moment."""
        from rich.text import Text

        width = min(self.console.width, 100)
        parts = []
        if curves.can_draw() and self.console.height >= HEIGHT + 8 and width >= 40:
            colour = not self.console.no_color
            parts.append(Text.from_ansi(curves.terminal_curves(self.points, width, HEIGHT, colour=colour, write=self.words.decimal)))
        parts.append(Text(progress_line(self.words, report, measure(), len(str(self.epochs)))))
        if running:
            parts.append(self.bar(report.epoch, width))
        self.live.update(Text("\n").join(part for part in parts if part.plain), refresh=True)

    def bar(self, epoch: int, width: int) -> Any:
        """How many of the epochs there can be are done, and how long the others would take."""
        from rich.text import Text

        left = (time.monotonic() - self.start) / max(1, epoch - self.done) * (self.epochs - epoch)
        text = self.words.plain("train.left", epoch=epoch, epochs=self.epochs, time=duration(left))
        length = max(5, min(40, width - len(text) - 3))
        full = round(length * epoch / self.epochs)
        return Text.assemble(("━" * full, "green"), ("━" * (length - full), "bright_black"), f"  {text}")


def progress_line(words: Words, report: Report, scores: Scores | None, width: int) -> str:
    """epoch  10   error 0.4821   validation 0.5012   accuracy 0.909"""
    parts = [f"{words.plain('train.epoch')} {report.epoch:>{width}}", f"{words.plain('train.error')} {report.error:<9.4g}"]
    if report.validation_error is not None:
        parts.append(f"{words.plain('train.validation')} {report.validation_error:<9.4g}")
    if scores is not None:
        parts.append(main_score(words, scores))
    return words.decimal("   ".join(parts).rstrip())


def main_score(words: Words, scores: Scores) -> str:
    """accuracy 0.957; of several targets, each by its name."""
    from chainrule.training.metrics import score_text

    if scores.parts:
        return ", ".join(f"{part} {main_score(words, own)}" for part, own in zip(scores.names, scores.parts, strict=True))
    name, value = scores.main
    return words.plain(f"score.{name}.short", value=words.decimal(score_text(value)))


def duration(seconds: float) -> str:
    """7 s, 2:05 min, 1:02 h

    >>> [duration(seconds) for seconds in (0.4, 7, 125, 3720)]
    ['1 s', '7 s', '2:05 min', '1:02 h']
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02} h"
