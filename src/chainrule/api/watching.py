"""Who watches a training: callbacks, a function that is called with every epoch, or the notebook in which it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from chainrule.api.figures import training_curve
from chainrule.base.errors import InputError, quoted
from chainrule.document.words import Words
from chainrule.reports.lines import lines_of_ending

if TYPE_CHECKING:
    from chainrule.api.run import Run
    from chainrule.diagnosis.divergence import Diverged
    from chainrule.training.history import Outcome, Report
    from chainrule.training.loop import Training
    from chainrule.training.metrics import Scores
    from chainrule.training.model import Model

SECONDS = 0.5
"""Between two pictures."""


class Watch:
    """Callbacks of a run, called while it goes on; these do nothing."""

    def begins(self, run: Run, training: Training) -> None:
        """Everything is decided."""

    def fold(self, number: int, count: int, scores: Scores) -> None:
        """A fold of the cross-validation, from 1, has been measured."""

    def cut_short(self) -> None:
        """A cross-validation was interrupted; its finished folds, and the one at hand, can be resumed from the checkpoint."""

    def epoch(self, report: Report, measure: Callable[[], Scores | None]) -> None:
        """An epoch is done; `measure` gives the scores on the validation rows, and takes the time for it when it is called."""

    def ends(self, model: Model, outcome: Outcome | Diverged) -> None:
        """The run is over. The model has the best weights; it is written already, if it was to be."""


class Calling(Watch):
    """Calls a function with the report of every epoch."""

    def __init__(self, function: Callable[[Report], object]) -> None:
        self.function = function

    def epoch(self, report: Report, measure: Callable[[], Scores | None]) -> None:
        """An epoch is done."""
        self.function(report)


Show: TypeAlias = "Callable[[str, str], Any]"
"""Shows HTML, or the text that says the same where there is none."""


def notebook_output() -> Show | None:
    """What shows something in the cell that is running, in place of what it showed before; None outside of Jupyter and marimo."""
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        return lambda html, text: marimo.output.replace(marimo.Html(html))  # marimo shows HTML everywhere
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display

    handle = display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython has no types
    return lambda html, text: handle.update({"text/html": html, "text/plain": text}, raw=True)


class NotebookProgress(Watch):
    """Shows the errors of the epochs as a curve, twice a second, and the last ones in words."""

    def __init__(self, show: Show) -> None:
        self.show, self.next = show, 0.0

    def begins(self, run: Run, training: Training) -> None:
        """The run that is watched from now on."""
        self.run, self.training = run, training

    def epoch(self, report: Report, measure: Callable[[], Scores | None]) -> None:
        """Another epoch; shown, if it is time to."""
        if time.monotonic() >= self.next:
            self._show(self.training.history, running=True)
            self.next = time.monotonic() + SECONDS

    def ends(self, model: Model, outcome: Outcome | Diverged) -> None:
        """The whole curve, why it ended, and which weights are kept."""
        from chainrule.diagnosis.divergence import Diverged

        words = Words(self.run.network.notation.language)
        ending = () if isinstance(outcome, Diverged) else tuple(map(words.decimal, lines_of_ending(words, model)))
        self._show(model.history, ending, running=False)

    def _show(self, history: Sequence[Report], ending: Sequence[str] = (), *, running: bool) -> None:
        if not history:
            return
        last, most, words = history[-1], self.run.plan.epochs, Words(self.run.network.notation.language)
        try:
            curve = training_curve(history, self.run.network)._repr_html_() if len(history) > 1 else ""
        except InputError:  # no error that could be drawn
            curve = ""
        parts = [f"{words.plain('train.epoch')} {last.epoch:,} / {most:,}", f"{words.plain('train.error')} {last.error:.4g}"]
        if last.validation_error is not None:
            parts.append(f"{words.plain('train.validation')} {last.validation_error:.4g}")
        bar, said = f'<progress value="{last.epoch}" max="{most}"></progress> ' if running else "", list(map(words.decimal, parts))
        below = "".join(f"<div>{escape(line)}</div>" for line in ending)
        self.show(f"{curve}<div>{bar}{' &#183; '.join(said)}</div>{below}", "\n".join([" · ".join(said), *ending]))


def watching(watch: Watch | Callable[[Report], object] | None) -> Watch:
    """Who watches a run: whoever was asked to, or else the notebook in which it runs. Raises InputError."""
    if watch is None:
        show = notebook_output()
        return Watch() if show is None else NotebookProgress(show)
    if isinstance(watch, Watch):
        return watch
    if not callable(watch) or isinstance(watch, type):
        raise InputError(f"watch is a function of a report, as watch=print, or a Watch, not {quoted(watch)}.")
    return Calling(watch)
