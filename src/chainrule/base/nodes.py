"""Frozen data that costs next to nothing to define: the nodes of formulas and documents.

For every class, `dataclasses` writes and compiles six methods in 0.4 ms; for the forty kinds of nodes of an explanation that would be
a tenth of its time, before it begins. These share theirs, and are dataclasses to everybody who asks (`fields`, `replace`, `match`).
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from typing import Any, dataclass_transform

LONGEST = 240
"""Letters of what stands for a node at Python's prompt: the whole of a formula, and the beginning of a picture."""


class Code(str):
    """What is typed, in prose: `--step N`, with its backticks. In any other text a backtick is a sign like another."""

    __slots__ = ()

    @property
    def typed(self) -> str:
        """The letters between the backticks."""
        return self[1:-1]


@dataclass_transform(frozen_default=True)
class Node:
    """A kind of node is a subclass with annotated fields, as of a dataclass: equal by value, hashable, never changed.

    >>> class Letter(Node):
    ...     name: str
    ...     bold: bool = False
    >>> Letter("W", bold=True), Letter("w") == Letter("w", False)
    (Letter(name='W', bold=True), True)
    """

    __match_args__: tuple[str, ...]

    def __init_subclass__(cls) -> None:
        dataclass(init=False, repr=False, eq=False)(cls)

    def __init__(self, *values: Any, **named: Any) -> None:
        names, kind = self.__match_args__, type(self)
        given = {**dict(zip(names, values, strict=False)), **named}
        if len(values) + len(named) != len(given) or not given.keys() <= set(names):
            raise TypeError(f"{kind.__name__} takes each of {', '.join(names) or 'nothing'} once at most")
        missing = [name for name in names if name not in given and not hasattr(kind, name)]
        if missing:
            raise TypeError(f"{kind.__name__} lacks {', '.join(missing)}")
        vars(self).update({name: given[name] if name in given else getattr(kind, name) for name in names})

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        text = f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
