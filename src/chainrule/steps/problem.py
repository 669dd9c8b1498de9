"""Problems: a network with rows to learn from and an optimiser, as plain data and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, InputError, quoted
from chainrule.base.frozen import Frozen
from chainrule.base.printing import counted
from chainrule.network.definitions import Bound, find
from chainrule.network.description import check_table, described, inside, network_of_description, number_lists
from chainrule.network.layers import checked_names
from chainrule.network.network import Network
from chainrule.network.targets import read_targets
from chainrule.steps.order import OrderLike, read_order
from chainrule.steps.step import Explained, Step, steps

DATA_KEYS = ("x", "t", "features", "targets")


class Problem(Explained, Displayed, Frozen):
    """What a description describes: a network, and perhaps a batch, an optimiser and names.

    x, t       the batch: (batch, inputs), (batch, outputs)
    optimizer  the update rule; gradient descent if none is said
    features   what each input is called; targets: what each output is called
    origin     where it comes from: "source" (an example, a short form or a file), "data" and "rows" (a file and its rows),
               "drawn" (which of W1 …, x, t are drawn from the network's seed)
    """

    network: Network
    x: Array | None = None
    t: Array | None = None
    optimizer: Bound | None = None
    title: str = ""
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def steps(self, *, exact: bool = False, order: OrderLike | None = None, epochs: int | None = None) -> Iterator[Step]:
        """Training steps on the batch, without end.

        order   the rows of each step, as "1; 2; 3", in place of all of them; the steps end after so many `epochs`

        Raises DescriptionError if there is no batch, InputError for an order of other rows.
        """
        if self.x is None or (self.t is None and self.network.targets):
            raise DescriptionError("a step needs a batch: give x and t, as [data] in a description.")
        named = {"title": self.title, "features": list(self.features), "targets": list(self.targets)}
        origin = {**self.origin, **{key: value for key, value in named.items() if value}}
        if order is None and epochs is not None:
            raise InputError('epochs says how often an order is gone through; give one, as «--order "1; 2; 3"».')
        read = None if order is None else read_order(order, len(self.x), epochs)
        return steps(self.network, self.x, self.t, self.optimizer or find("optimizer", "sgd"), exact=exact, origin=origin, order=read)

    def step(self, *, exact: bool = False) -> Step:
        """The first training step on the batch."""
        return next(self.steps(exact=exact))

    def __repr__(self) -> str:
        batch = "" if self.x is None else f", x {self.x.shape}" if self.t is None else f", x {self.x.shape}, t {self.t.shape}"
        rule = "" if self.optimizer is None else f", {self.optimizer!r}"
        return f"<Problem{f' {self.title!r}' if self.title else ''}: {self.network!r}{batch}{rule}>"


def described_problem(problem: Problem) -> dict[str, Any]:
    """The problem as plain data, from which `problem_from` makes the same problem; its origin is left out.

    Raises InputError for what is no problem.
    """
    if not isinstance(problem, Problem):
        raise InputError(f"a problem is needed, and this is {quoted(type(problem).__name__)}; described(network) is of a network alone.")
    data: dict[str, Any] = {}
    if problem.x is not None and problem.t is not None:
        data = {"x": number_lists(problem.x.tolist()), **({"t": number_lists(problem.t.tolist())} if problem.network.targets else {})}
        data |= {key: list(names) for key, names in (("features", problem.features), ("targets", problem.targets)) if names}
    return {
        **({"title": problem.title} if problem.title else {}),
        **described(problem.network),
        **({"data": data} if data else {}),
        **({"optimizer": _table_of(problem.optimizer)} if problem.optimizer else {}),
    }


def _table_of(bound: Bound) -> dict[str, Any]:
    plain = bound.described()
    return {"name": plain} if isinstance(plain, str) else plain


def problem_from(description: Mapping[str, Any], origin: Mapping[str, Any] | None = None) -> Problem:
    """The problem that plain data describes. Raises InputError, which names the place."""
    network = network_of_description(description)
    title, data, optimizer = description.get("title", ""), description.get("data"), description.get("optimizer")
    if not isinstance(title, str):
        raise DescriptionError(f"title must be text, not {quoted(title)}.")
    with inside("optimizer"):
        rule = None if optimizer is None else find("optimizer", optimizer)
    batch = _batch_from(data, network)
    return Problem(network, optimizer=rule, title=title, **{**batch, "origin": {**batch.get("origin", {}), **(origin or {})}})


def _batch_from(data: Any, network: Network) -> dict[str, Any]:
    if data is None:
        return {}
    check_table(data, "data", DATA_KEYS)
    for key in ("x", *(["t"] if network.targets else [])):
        if key not in data:
            raise DescriptionError(f"data has no {key}; it needs x (rows of inputs) and t (rows of targets).")
    x = network.checked_x(data["x"], "data.x")
    t, classes = read_targets(network, data.get("t"), "data.t", len(x))
    if len(x) != len(t):
        raise InputError(f"data.x has {counted(len(x), 'row')} but data.t has {len(t)}; every sample needs its target.")
    names = {key: checked_names(data.get(key, ()), f"data.{key}") for key in ("features", "targets")}
    for key, wanted in (("features", network.inputs), ("targets", network.targets)):
        if names[key] and len(names[key]) != wanted:
            raise DescriptionError(f"data.{key} names {len(names[key])}, but there are {wanted}.")
    return {"x": x, "t": t, **names, "origin": {"classes": classes} if classes else {}}
