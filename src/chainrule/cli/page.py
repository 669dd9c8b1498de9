"""The command page: writes the live page of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.api.page import page
from chainrule.base.errors import InputError
from chainrule.cli.options import problem_from_options
from chainrule.cli.output import say


def page_command(output: str | None, shape: Mapping[str, Any], options: dict[str, Any]) -> None:
    """Writes the file, and says so. Raises InputError."""
    if output is None:
        raise InputError("say where the page is to be written: chainrule page -o page.html.")
    page(problem_from_options(**options), output, **shape)
    say(f"wrote {output}")
