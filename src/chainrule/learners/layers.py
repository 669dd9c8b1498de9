"""Layer objects: classes with forward and backward, one behind the other."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.learners.loading import Loaded
from chainrule.learners.programs import Program


def layer_programs(loaded: Loaded) -> Iterator[Program]:
    """Networks that can be built of a file's layers."""
    del loaded
    yield from ()
