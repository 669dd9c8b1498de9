"""`assert_backprop`: a test that a back-propagation is right, for pytest, and for cells that nbgrader grades."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any

from chainrule.api.check import Gradients, check, check_function


def assert_backprop(
    subject: Gradients | str | os.PathLike[str],
    stated: str = "",
    *,
    activations: Sequence[str] = ("tanh", "sigmoid"),
    loss: str = "",
    only: Collection[str] = (),
    added: bool = False,
    hint: int | None = None,
    **options: Any,
) -> None:
    """Raises AssertionError, which names the mistake, where a back-propagation is wrong; by whatever conventions it is right.

    subject      a function of x (batch, inputs), t (batch, outputs) and {"W1": …, "b1": …}, which gives {"dW1": …, "db1": …} and perhaps
                 "y" and "E"; or a file, as of `check`
    stated       of a file, what is said of it
    activations  of a function, those of its layers; options: more about its network, as of `Architecture`
    loss         by chainrule's name; half_squared of a function, if none is said
    only         of a function, the gradients that are asked for, as ["dW2", "db2"], if not all of them
    added        of a function, whether the update adds what it gives: then it is to give −∂E/∂W, and otherwise ∂E/∂W. Of a file the update
                 that stands in it decides
    hint         1, 2 or 3: lead to the mistake in place of naming it
    """
    from chainrule.document.words import Words

    if callable(subject):
        options["update"] = "added" if added else "subtracted"
        found = check_function(subject, activations, loss or "half_squared", only=only, **options)
    else:
        found = check(subject, stated, loss=loss, **options)
    if not found.passed:
        raise AssertionError("\n".join(" " * indent + line for indent, line in found.lines(Words(), hint=hint)))
