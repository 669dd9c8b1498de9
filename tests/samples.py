"""Which cases tests look at: of a wide proof some, as the others are left to `scripts/prove`; of definitions those that are built in."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import settings

from chainrule.network.definitions import Definition, definitions, is_built_in


def some(cases: Iterable[Any], chosen: int | Callable[[Any], bool], ids: Callable[[Any], str] | None = None) -> list[Any]:
    """The cases of a parametrised test: every so many-th of them, or those that are chosen; the others are marked as part of the proof."""
    marked = []
    for place, case in enumerate(cases):
        kept = chosen(case) if callable(chosen) else place % chosen == 0
        given = case if isinstance(case, tuple) else (case,)
        marked.append(pytest.param(*given, id=None if ids is None else ids(case), marks=[] if kept else pytest.mark.proof))
    return marked


def built_in(kind: str) -> dict[str, Definition]:
    """The definitions of a kind that come with the package, by name: those of people are tests' own."""
    return {name: found for name, found in definitions(kind).items() if is_built_in(found.function)}


def examples(count: int) -> Any:
    """A setting of Hypothesis: so many examples for each hundred that its profile draws, and at least four: the first is the simplest."""
    return settings(max_examples=max(4, count * settings.default.max_examples // 100))
