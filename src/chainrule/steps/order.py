"""In which order the rows of a batch are learned from: one step a group of rows, and the whole once an epoch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from chainrule.base.arrays import python_value
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import FrozenValue

OrderLike: TypeAlias = "str | Sequence[int | Sequence[int]]"

MOST_STEPS = 100_000
"""A longer run is refused: its steps are computed one by one."""


class Order(FrozenValue):
    """batches: the rows of each step of an epoch, counted from 1; epochs: how often all of them are gone through."""

    batches: tuple[tuple[int, ...], ...]
    epochs: int = 1

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.batches) * self.epochs

    def rows(self, step: int) -> tuple[int, ...]:
        """The rows of a step, which are counted from 1 over all epochs."""
        return self.batches[(step - 1) % len(self.batches)]

    def epoch(self, step: int) -> int:
        """The epoch of a step, from 1."""
        return (step - 1) // len(self.batches) + 1

    def to_dict(self) -> dict[str, Any]:
        """As the origin of a record holds it."""
        return {"batches": [list(batch) for batch in self.batches], "epochs": self.epochs}


def read_order(wanted: OrderLike, rows: int, epochs: int | None = None) -> Order:
    """The order that "1; 2; 3" means: a step for row 1, one for row 2, one for row 3; "1 2; 3 4" takes two rows a step, "1-4; 5-8" four.

    wanted  the text, or a list with a row, or with a list of rows, for each step
    rows    how many rows the batch has

    Raises InputError.
    """
    batches: list[Any] = (
        _from_text(wanted)
        if isinstance(wanted, str)
        else [[batch] if isinstance(batch, int) else batch for batch in python_value([*wanted])]
    )
    if not batches:
        raise InputError('«--order» names the rows of each step, as "1; 2; 3" or "1 2; 3 4".')
    for batch in batches:
        if isinstance(batch, str) or not isinstance(batch, Sequence) or not batch:
            raise InputError(f"every step of an order needs rows, as [[1, 2], [3]], not {quoted(batch)}.")
        for row in batch:
            if isinstance(row, bool) or not isinstance(row, int) or not 1 <= row <= rows:
                raise InputError(f"the order names row {quoted(row)}, but the batch has rows 1 to {rows}.")
            if list(batch).count(row) > 1:
                raise InputError(f"a step of the order names row {row} twice; leave one of them out.")
    times = 1 if epochs is None else python_value(epochs)
    if isinstance(times, bool) or not isinstance(times, int) or times < 1 or times * len(batches) > MOST_STEPS:
        raise InputError(f"epochs is a whole number from 1 to {MOST_STEPS // len(batches)}, not {quoted(times)}.")
    return Order(tuple(tuple(batch) for batch in batches), times)


def _from_text(text: str) -> list[list[int]]:
    batches = []
    for part in text.strip().strip(";").split(";"):
        batch: list[int] = []
        for cell in part.replace(",", " ").split():
            found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", cell)
            if not found:
                raise InputError(f'«--order» names rows, as "1; 2; 3" or "1 2; 3 4", not {quoted(cell)}.')
            first, last = int(found[1]), int(found[2] or found[1])
            if not 0 <= last - first < MOST_STEPS:
                raise InputError(f"rows {quoted(cell)} are no range that can be counted up.")
            batch += range(first, last + 1)
        batches.append(batch)
    return batches if any(batches) else []


def order_of(origin: Mapping[str, Any]) -> Order | None:
    """The order that the origin of a record tells; None where it tells none, or one that is damaged."""
    told = origin.get("order")
    try:
        found = Order(tuple(tuple(map(int, batch)) for batch in told["batches"]), int(told["epochs"])) if told else None
    except (KeyError, TypeError, ValueError):
        return None
    return found if found is not None and found.batches and all(found.batches) else None
