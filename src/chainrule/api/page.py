"""The live page of a step: `cr.page(…)`, and what `chainrule page` is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.base.errors import InputError
from chainrule.base.files import write_whole

if TYPE_CHECKING:
    from chainrule.api.problems import Source
    from chainrule.explanation.explain import Detail


def page(
    subject: Source,
    output: str | Path | None = None,
    *,
    detail: Detail | None = None,
    digits: int | None = None,
    exact: bool = False,
) -> str:
    """A training step as a page in which every number can be changed: one file of HTML, which works from disk and asks nothing of anybody.

    subject  a `Problem` (network, batch, optimiser), of which it is the first step; a recorded `Step`; or a network, as of `problem`
    output   writes the page to this file, too; it ends in .html
    detail, digits  as of `explain`
    exact    does it begin with fractions in place of rounded numbers?

    Returns the text of the page. Raises InputError where the network is too large to be seen, FileError.
    """
    from chainrule.api.problems import problem_or_step
    from chainrule.pages.content import page_content
    from chainrule.pages.file import page_file

    if output is not None and Path(output).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"a page is written as .html, not {Path(output).suffix or 'without a suffix'}: choose another name for {output}.")
    text = page_file(page_content(problem_or_step(subject), detail=detail, digits=digits, exact=exact))
    if output is not None:
        write_whole(output, text)
    return text
