"""The scheduler: which values of a step are computed together in one pass over memory, and which are kept in memory between the passes.

A network with two layers, h = tanh(x W) and y = h V, an error with the gradient d = y − t, and gradient descent:

>>> from chainrule.engines.compiled.graph.operations import Graph
>>> graph = Graph()
>>> x, t, W, V = (graph.leaf(*leaf) for leaf in [("x", ("batch", 3)), ("t", ("batch", 1)), ("W", (3, 2)), ("V", (2, 1))])
>>> def transposed(matrix):
...     return graph.permute_dims(matrix, (1, 0))
>>> h = graph.tanh(x @ W)
>>> d = h @ V - t
>>> dh = (d @ transposed(V)) * (1 - h * h)
>>> new_V, new_W = V - 0.1 * (transposed(h) @ d), W - 0.1 * (transposed(x) @ dh)
>>> graph.names |= {h: "h", d: "d", dh: "dh"}
>>> schedule = Schedule([new_V, new_W], {V: new_V, W: new_W}, [])
>>> for stage in schedule.stages:
...     print(stage.kind, stage.shape, ", then ".join(map(graph.written, stage.nodes)))
product ('batch', 2) x @ W, then tanh(x @ W)
product ('batch', 1) h @ V, then h @ V − t
product ('batch', 2) d @ Vᵀ, then d @ Vᵀ · (1 − h · h)
product (2, 1) hᵀ @ d, then V − 0.1 · (hᵀ @ d)
product (3, 2) xᵀ @ dh, then W − 0.1 · (xᵀ @ dh)

Each stage is a matrix product, and does on the way out what follows from it element by element: activation, slope, update. The gradient
of V could be computed second, when d is known, but the new V takes the place of the old one, which dh still reads; so it waits. The
products themselves are not kept in memory:

>>> [graph.names.get(node, "new") for node in schedule.stored]
['h', 'd', 'dh', 'new', 'new']

A node is *wanted* if something asks for all its elements: the matrix products and what they multiply, sums, what is new after the step,
and functions that are dear (exp, tanh, ÷ …). Every other node, as 1 − h · h, is computed again wherever it is needed: that is sooner done
than storing and loading it. A stage begins with a wanted node of which all that it reads is known, and takes along every wanted node that
can be computed in the same pass:

    product  a matrix product and, element by element on the way out, what follows from it: bias and activation, slope, optimiser
    rows     row after row of a batch: activations, the sums of a softmax, the losses and their sum
    columns  sums over the rows of a batch, column by column, and what follows from them: a bias and its optimiser
    flat     all elements of a parameter: an optimiser that had to wait, a penalty
    figures  single numbers
    move     arrays side by side, or in another order: what does not lie there already is copied
    each     a matrix product for each example, and what follows from it element by element
    lookup   rows of a table; added_at, rows added up in one
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.graph.operations import ALONE, DEAR, MOVES, PRODUCTS, Operation, over_batch, rows_each
from chainrule.engines.compiled.graph.order import topological_order
from chainrule.formula.expression import Shape


@dataclass(eq=False)
class Stage:
    """One pass over memory.

    kind   "product", "rows", "columns", "flat", "figures", "move", "each", "lookup" or "added_at"
    shape  of what it goes through; () for figures
    nodes  the wanted nodes that it computes, in their order; of a product the product first
    """

    kind: str
    shape: Shape
    nodes: list[Operation] = field(default_factory=list)
    _held: set[Operation] = field(default_factory=set)

    def add(self, node: Operation) -> None:
        """One more."""
        self.nodes.append(node)
        self._held.add(node)

    def __contains__(self, node: Operation) -> bool:
        return node in self._held


AGAIN, WORTH_KEEPING = 2, 3
"""What is cheap is kept if more wanted nodes than these would compute it, of at least so many operations."""

OUTSIDE = frozenset(["leaf", "array"])
"""What is there before the step."""

FIRST, SOON, LATER, LAST = range(4)
"""Ranks of stages."""


def _place(node: Operation) -> int:
    return node.place


def _near(node: Operation, walls: set[Operation]) -> set[Operation]:
    """The wanted nodes and the leaves that a wanted node reads."""
    return {found for found in topological_order([node], walls) if found is not node and (found in walls or found.opcode in OUTSIDE)}


def _over_rows(node: Operation) -> bool:
    return node.opcode == "reduce" and 0 in node.detail[1] and rows_each(node.arguments[0].shape) > 0


class Schedule:
    """The stages of a step, or of a part of it.

    roots   what is asked for
    new     which of the roots replaces which leaf, once the leaf is needed no more
    stages  in the order in which they run
    stored  the nodes that are kept in memory between stages
    """

    def __init__(self, roots: Sequence[Operation], new: Mapping[Operation, Operation], step_scalars: Iterable[Operation]) -> None:
        self.roots, self.new, self.step_scalars = list(roots), dict(new), set(step_scalars)
        self.nodes = topological_order(roots)
        self.wanted = self._wanted()
        walls = set(self.wanted)
        self.near = {node: _near(node, walls) for node in self.wanted}
        self.users: dict[Operation, list[Operation]] = {}
        for node in self.wanted:
            for source in self.near[node]:
                self.users.setdefault(source, []).append(node)
        self.replaced = {root: leaf for leaf, root in self.new.items()}
        self.stages = self._ordered()
        self.stored = self._stored()

    # What is wanted

    def _wanted(self) -> list[Operation]:
        wanted = {node for node in self.roots if node.opcode not in OUTSIDE}
        for node in self.nodes:
            if node.opcode == "matmul":
                wanted.add(node)
                wanted |= {operand(factor(argument)) for argument in node.arguments}
            elif node.opcode == "part":
                wanted.add(operand(node))
            elif node.opcode in MOVES | ALONE or node.opcode == "each":
                wanted |= {node, *map(operand, node.arguments)}
            elif node.opcode == "reduce" or (node.elementwise and (not node.shape or node.opcode in DEAR)):
                wanted.add(node)
        wanted |= _done_too_often(self.nodes, wanted)
        return [node for node in self.nodes if node in wanted and node.opcode not in OUTSIDE and node not in self.step_scalars]

    # The order

    def _ordered(self) -> list[Stage]:
        """Stage after stage: of those that can begin, the first with the lowest rank. Those of rank `LAST` wait until all others are
        done, or until a parameter is read no more, which they are to replace.
        """
        done: set[Operation] = set()
        missing = {node: sum(source.opcode not in OUTSIDE for source in self.near[node]) for node in self.wanted}
        ready = {node for node in self.wanted if not missing[node]}
        waiting: set[Operation] = set()
        woken: dict[Operation, list[Operation]] = {}
        stages: list[Stage] = []
        while ready or waiting:
            best: tuple[int, Stage] | None = None
            for node in sorted(ready, key=_place):
                if best is not None and over_batch(_kind(node)[1]):  # it would be of rank LATER too, and comes behind that one
                    continue
                stage = self._begun(node, ready | waiting, done)
                rank = LAST if stage is None else self._rank(stage)
                if stage is None or rank == LAST:
                    ready.discard(node)
                    waiting.add(node)
                    for reader in self._waited_for(node, stage, done):
                        woken.setdefault(reader, []).append(node)
                elif best is None or rank < best[0]:
                    best = rank, stage
                    if rank <= SOON:
                        break
            stage = best[1] if best is not None else self._first(sorted(waiting, key=_place), ready | waiting, done)
            stages.append(stage)
            done |= set(stage.nodes)
            ready.difference_update(stage.nodes)
            waiting.difference_update(stage.nodes)
            for node in stage.nodes:
                for user in self.users.get(node, ()):
                    missing[user] -= 1
                    if not missing[user] and user not in done:
                        ready.add(user)
                again = [other for other in woken.pop(node, ()) if other in waiting]
                waiting.difference_update(again)
                ready.update(again)
        return stages

    def _first(self, waiting: Sequence[Operation], candidates: Iterable[Operation], done: set[Operation]) -> Stage:
        """A stage that begins with one of those that had to wait. Raises NotCompilable if none can."""
        for node in waiting:
            stage = self._begun(node, candidates, done)
            if stage is not None:
                return stage
        raise NotCompilable("values that wait for each other have no machine code")

    def _rank(self, stage: Stage) -> int:
        """Single numbers first; then what replaces parameters, while its gradient is in the cache, unless these are still read."""
        if stage.kind == "figures":
            return FIRST
        if over_batch(stage.shape):
            return LATER
        return LAST if self._left(stage) else SOON

    def _left(self, stage: Stage) -> list[Operation]:
        """What is to replace parameters, follows from the stage element by element, and cannot join it yet."""
        found, seen, pending = [], set(stage.nodes), list(stage.nodes)
        while pending:
            for user in self.users.get(pending.pop(), ()):
                if user not in seen and user.elementwise and user.shape == stage.shape:
                    seen.add(user)
                    pending.append(user)
                    if user in self.replaced:
                        found.append(user)
        return found

    def _waited_for(self, node: Operation, stage: Stage | None, done: set[Operation]) -> list[Operation]:
        """What has to be computed before it can be otherwise: any of these.

        It cannot as long as there is one that computes something else than the elements of the new parameter. Of all the steps of a
        sequence the one behind the others is waited for, so that a node is not tried again after each of them.
        """
        roots = [node] if stage is None else self._left(stage)
        missing = [
            (reader, root)
            for root in roots
            if root in self.replaced
            for reader in self.users.get(self.replaced[root], ())
            if reader not in done
        ]
        others = [reader for reader, root in missing if not (reader.elementwise and reader.shape == root.shape)]
        return [max(others, key=_place)] if others else [reader for reader, _ in missing]

    def _begun(self, node: Operation, candidates: Iterable[Operation], done: set[Operation]) -> Stage | None:
        """The stage that begins with this node, with everything that can join it; None if the node has to wait."""
        stage = Stage(*_kind(node))
        if not self._joins(node, stage, done):
            return None
        stage.add(node)
        others = {other for other in candidates if other is not node} | set(self.users.get(node, ()))
        while joining := [
            other for other in sorted(others, key=_place) if other.opcode not in PRODUCTS and self._joins(other, stage, done)
        ]:
            for other in joining:
                if self._joins(other, stage, done):
                    stage.add(other)
                    others |= set(self.users.get(other, ()))
            others.difference_update(stage.nodes)
        return stage

    def _joins(self, node: Operation, stage: Stage, done: set[Operation]) -> bool:
        """Can the node be computed in the stage as it stands? What replaces a leaf waits for all who read it, or goes along with them."""
        leaf = self.replaced.get(node)
        readers = self.users.get(leaf, []) if leaf is not None else []
        return self._computed(node, stage, done) and all(
            reader is node or reader in done or self._beside(reader, node, stage, done) for reader in readers
        )

    def _computed(self, node: Operation, stage: Stage, done: set[Operation]) -> bool:
        """Is all that the node reads known, or at hand in the stage?"""
        return _fits(node, stage) and all(
            source.opcode in OUTSIDE or source in done or (source in stage and _at_hand(source, node, stage)) for source in self.near[node]
        )

    def _beside(self, reader: Operation, node: Operation, stage: Stage, done: set[Operation]) -> bool:
        """Is the reader in the same stage, or will it be? Of one element, a stage reads everything before it writes anything."""
        if not (reader.elementwise and reader.shape == node.shape):
            return False
        if reader in stage:
            return True
        return _fits(reader, stage) and all(
            source.opcode in OUTSIDE or source in done or source in stage or self._beside(source, node, stage, done)
            for source in self.near[reader]
        )

    # What is kept

    def _stored(self) -> list[Operation]:
        home = {node: stage for stage in self.stages for node in stage.nodes}
        needed = set(self.roots) & set(home)
        for stage in self.stages:
            for node in stage.nodes:
                needed |= {source for source in self.near[node] if source in home and home[source] is not stage}
                if node.opcode == "matmul":
                    needed |= {operand(factor(argument)) for argument in node.arguments} & set(home)
        return [node for node in self.wanted if node in needed]


def _done_too_often(nodes: Sequence[Operation], wanted: Collection[Operation]) -> set[Operation]:
    """What is cheap, and would be computed again and again: the state of a recurrence is made of the state before it, and so on."""
    reached: dict[Operation, set[Operation]] = {}
    users: dict[Operation, int] = {}
    found: set[Operation] = set()
    work: dict[Operation, int] = {}
    for node in nodes:
        walls = (argument for argument in node.arguments if argument not in wanted)
        work[node] = sum(work[argument] for argument in walls) + node.elementwise
    for node in reversed(nodes):
        above = reached.pop(node, set())
        if node in wanted:
            above = {node}
        elif len(above) > AGAIN and users[node] > 1 and node.elementwise and over_batch(node.shape) and work[node] >= WORTH_KEEPING:
            found.add(node)
            above = {node}
        for argument in {*node.arguments}:
            reached.setdefault(argument, set()).update(above)
            users[argument] = users.get(argument, 0) + 1
    return found


def factor(node: Operation) -> Operation:
    """The matrix that is multiplied, as it lies in memory."""
    return node.arguments[0] if node.opcode == "transpose" else node


def operand(node: Operation) -> Operation:
    """The array in which it lies, of which it is a part."""
    return operand(node.arguments[0]) if node.opcode == "part" else node


def _kind(node: Operation) -> tuple[str, Shape]:
    """The stage that a node asks for."""
    if node.opcode == "matmul":
        return "product", node.shape
    if node.opcode in MOVES:
        return "move", node.shape
    if node.opcode in ALONE or node.opcode == "each":
        return node.opcode, node.shape
    if node.opcode == "reduce":
        (argument,) = node.arguments
        if _over_rows(node) and node.shape:
            return "columns", node.shape
        return ("rows" if over_batch(argument.shape) else "flat"), argument.shape
    if not node.shape:
        return "figures", ()
    return ("rows" if over_batch(node.shape) else "flat"), node.shape


def _fits(node: Operation, stage: Stage) -> bool:
    """Is it of the kind that the stage computes?"""
    if node.opcode in PRODUCTS or node.opcode in MOVES | ALONE:
        return stage.kind == _kind(node)[0] and not stage.nodes
    if stage.kind in ("product", "each"):
        return node.elementwise and node.shape == stage.shape
    kind, shape = _kind(node)
    if kind == "flat" and stage.kind == "columns" and node.elementwise:
        return shape == stage.shape
    if kind != stage.kind or (kind == "columns" and _summed(node) not in map(_summed, stage.nodes[:1] or [node])):
        return False
    if kind == "rows" and len(shape) != len(stage.shape) and shape[0] == stage.shape[0]:
        if len(stage.shape) == 1:
            stage.shape = shape
        return True
    return shape == stage.shape


def _summed(node: Operation) -> Any:
    """Of which rows it is the sum."""
    return node.arguments[0].shape[0]


def _at_hand(source: Operation, node: Operation, stage: Stage) -> bool:
    """Is a value of the stage known where another node of it is computed? Sums over everything are known only when it ends."""
    if stage.kind == "columns":
        return node.elementwise
    return not (source.opcode == "reduce" and not source.shape) and not (source.opcode == "reduce" and not over_batch(source.shape))
