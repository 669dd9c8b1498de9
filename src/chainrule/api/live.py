"""A training in a notebook: its curve, its errors and how far it is, in one place, while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.api.figures import training_curve
from chainrule.api.train import Run, Watch
from chainrule.base.errors import InputError
from chainrule.document.words import Words

if TYPE_CHECKING:
    from chainrule.diagnosis.divergence import Diverged
    from chainrule.training.history import Outcome, Report
    from chainrule.training.loop import Training
    from chainrule.training.metrics import Scores
    from chainrule.training.model import Model

SECONDS = 0.5
"""Between two pictures."""


def notebook_output() -> Callable[[str], Any] | None:
    """What shows HTML in the cell that is running, in place of what it showed before; None outside of Jupyter."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import HTML, display

    handle = display(HTML(""), display_id=True)  # type: ignore[no-untyped-call]  # IPython has no types
    return lambda html: handle.update(HTML(html))  # type: ignore[no-untyped-call]  # IPython has no types


class NotebookProgress(Watch):
    """Shows the errors of the epochs as a curve, twice a second, and the last ones in words."""

    def __init__(self, show: Callable[[str], Any]) -> None:
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
        """The whole curve."""
        self._show(model.history, running=False)

    def _show(self, history: Sequence[Report], *, running: bool) -> None:
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
        bar = f'<progress value="{last.epoch}" max="{most}"></progress> ' if running else ""
        self.show(f"{curve}<div>{bar}{' &#183; '.join(map(words.decimal, parts))}</div>")
