"""What becomes of an explanation: shown on the screen, or written to files. Nothing here waits for click."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from chainrule.base.errors import DivergenceError
from chainrule.cli.output import in_signs_of, say

if TYPE_CHECKING:
    from chainrule.document.document import Document
    from chainrule.steps.problem import Problem


def explain_network(network: str | None = None) -> None:
    """What `chainrule explain NETWORK` does where no option is given."""
    from chainrule.api.problems import problem

    asked = problem(network)
    give_document(asked.explain())
    check_defined(asked)


def give_document(
    document: Document, output: str | None = None, layout: str = "article", paper: str = "a4", *, interactive: bool = False
) -> None:
    """On the screen, or in files, each of which is named."""
    if output is None:
        _show(document, interactive=interactive)
        return
    from chainrule.render.formats import save

    for path in save(document, output, layout=layout, paper=paper):
        say(f"wrote {path}")


def check_defined(problem: Problem) -> None:
    """Raises DivergenceError, after everything was shown, where a number of the first step is not finite."""
    step = next(problem.steps())
    if step.first_infinite is not None:
        from chainrule.diagnosis.divergence import undefined_in

        raise DivergenceError(undefined_in(step))


def _show(document: Document, *, interactive: bool) -> None:
    """In colour on a terminal, as plain text everywhere else."""
    if not sys.stdout.isatty():
        from chainrule.render.plain import plain

        print(in_signs_of(sys.stdout.encoding, plain(document)))  # text for people, in the encoding that they ask for
        return
    from chainrule.render import terminal

    if interactive:
        terminal.step_through(document)
    else:
        terminal.show(document)
