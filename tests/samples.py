"""Which cases of a wide proof `scripts/test` looks at; the others are left to `scripts/prove`."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import settings


def some(cases: Iterable[Any], chosen: int | Callable[[Any], bool], ids: Callable[[Any], str] | None = None) -> list[Any]:
    """The cases of a parametrised test: every so many-th of them, or those that are chosen; the others are marked as part of the proof."""
    marked = []
    for place, case in enumerate(cases):
        kept = chosen(case) if callable(chosen) else place % chosen == 0
        given = case if isinstance(case, tuple) else (case,)
        marked.append(pytest.param(*given, id=None if ids is None else ids(case), marks=[] if kept else pytest.mark.proof))
    return marked


def examples(count: int) -> Any:
    """A setting of Hypothesis: so many examples for each hundred that its profile draws, and at least one."""
    return settings(max_examples=max(1, count * settings.default.max_examples // 100))
