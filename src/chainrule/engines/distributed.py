"""One step computed by several processes, each on the rows of the batch that it holds: what is summed over the rows is summed over the
processes, too.

That is the whole rule, and it is read off the graph. Wherever a node of a step has an axis for the batch and what it becomes has none,
rows are added up: in E, in every gradient, in the mean of a batch normalisation. Such sums are reduced, and N is the number of rows of all
processes. Everything else is the same formula on other rows, or the same numbers in every process: penalties, clipping by the norm of the
whole gradient, the optimiser. So a step is that of one process but for rounding, however its rows are spread.

The program is that of `chainrule code`, written as a generator: it yields its sums and goes on with those of all.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, ShapeError
from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import counted
from chainrule.engines.brief import brief
from chainrule.engines.epoch import BLOCK, MEASURED_AT_ONCE, Data, Passed, Sharded, State, gathered, in_precision, row_count, unwarned
from chainrule.engines.numpy_source import NUMPY
from chainrule.engines.source import Fragment, wrapped_items
from chainrule.engines.writer import Writer, identifier
from chainrule.engines.written import Program, in_place, program_of, with_size
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, order
from chainrule.network.definitions import Bound
from chainrule.network.derivation import BATCH, Derivation
from chainrule.network.given import checked_numbers
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, network_update
from chainrule.processes.together import Processes

if TYPE_CHECKING:
    from chainrule.engines.compiled.distributed import CompiledHalves
    from chainrule.engines.compiled.engine import Compiled

ROWS = "rows"
"""What a program calls the number of rows of all processes."""

Sums: TypeAlias = "tuple[Array, ...]"
StepGenerator: TypeAlias = "Generator[Sums, Sums, tuple[Any, ...]]"

MEASURED_STEPS = 4
"""So many steps are measured, of which the shortest counts."""

ADDED = ("total", "mean", "matmul", "added_at")
"""Operations that add up what they have of each row."""


def _batch_axis(node: Expression) -> bool:
    return BATCH in node.shape


def sums_over_rows(roots: Iterable[Expression]) -> list[list[Expression]]:
    """The nodes below the roots that are sums over the rows of a batch, by level: those of a level are made of sums of those before it.

    Raises InputError where rows are put together otherwise, as by a largest value over the batch.
    """
    level: dict[Expression, int] = {}
    found: list[list[Expression]] = []
    summed: set[Expression] = set()
    for node in order(*roots):
        level[node] = max((level[argument] + (argument in summed) for argument in node.arguments), default=0)
        if not _batch_axis(node) and any(map(_batch_axis, node.arguments)):
            if node.primitive.name not in ADDED:
                said = f"{node.primitive.name.replace('_', ' ')} puts the rows of a batch together, and not as a sum"
                raise InputError(f"several processes cannot share this network: {said}; train it in one process.")
            summed.add(node)
            found += [[] for _ in range(level[node] + 1 - len(found))]
            found[level[node]].append(node)
    return found


class _Writer(Writer):
    """Writes sums over rows as sums over all processes."""

    def _one(self, node: Expression, target: str | None) -> None:
        if node.primitive.name == "size" and node.parameters["dimension"] == BATCH:
            self.pieces[node] = Fragment([ROWS])
        else:
            super()._one(node, target)

    def add_up(self, nodes: Sequence[Expression]) -> None:
        """The lines that reduce these sums."""
        names: list[str] = []
        means: list[str] = []
        for node in nodes:
            for argument in node.arguments:
                self.write(argument)
            name = self._fresh("sums")
            if node.primitive.name == "mean":
                (inner,), axes = node.arguments, node.parameters["axes"]
                piece = self.source.sum(self.pieces[inner], None if len(axes) == len(inner.shape) else axes)
                further = [str(inner.shape[axis]) for axis in axes if inner.shape[axis] != BATCH]
                means.append(f"{name} = {name} / {' / '.join([ROWS, *further])}")
            else:
                piece = self._piece(node)
            self._assign(name, piece)
            self.pieces[node] = Fragment([name])
            names.append(name)
        several = ", ".join(names) + ("," if len(names) == 1 else "")
        self.lines += [f"{several} = yield {several}", *means]


class DistributedProgram(FrozenValue):
    """Generators that yield sums over rows and go on with those of all processes.

    step      step(x, t, parameters …, states …, k, rows) → (E, new parameters …, new states …)
    error     error(x, t, parameters …, rows) → (E,)
    keys      what the arrays of a state are called
    levels    how often an error is reduced: once, unless it is made of sums that are made of sums
    """

    program: Program
    keys: tuple[str, ...]
    levels: int

    @property
    def step(self) -> Callable[..., StepGenerator]:
        """A training step."""
        return self.program.functions["step"]  # type: ignore[no-any-return]  # what was executed has no types

    @property
    def error(self) -> Callable[..., StepGenerator]:
        """E alone, as it is measured."""
        return self.program.functions["error"]  # type: ignore[no-any-return]  # as above


def distributed_program(network: Network, optimizer: Bound) -> DistributedProgram:
    """The program of several processes. Raises InputError."""
    derivation, inference = brief(network).derivation, network.inference
    rule = network_update(network, optimizer, derivation)
    states = [state for part in rule.parameters for state in part.states]
    targets = in_place(rule)
    trained = {part.parameter: targets[part.new] for part in rule.parameters}
    outputs = [trained.get(parameter, identifier(parameter)) for parameter in derivation.parameters]
    outputs += [targets[new] for part in rule.parameters for new in part.new_states]
    options = [f"{identifier(letter)}={number!r}" for letter, number in rule.options.items()]

    writer = _begun([derivation.error, *derivation.gradients, *rule.roots], numbers=(*rule.options, STEP_NUMBER))
    for quantity in (derivation.error, *derivation.gradients):
        writer.write(quantity)
    for root in rule.roots:
        if root.primitive.name == "named":
            writer.write(root, targets.get(root))
    lines = [*_function("step", [*derivation.data, *derivation.parameters, *states, STEP_NUMBER], options, writer, ["E", *outputs]), "", ""]

    writer = _begun([inference.error])
    writer.write(inference.error)
    lines += _function("error", [*inference.data, *inference.parameters], [], writer, ["E"])
    keys = tuple(identifier(node) for node in (*derivation.parameters, *states))
    return DistributedProgram(program_of(lines), keys, len(sums_over_rows([inference.error])))


def _begun(roots: Sequence[Expression], numbers: Iterable[Expression] = ()) -> _Writer:
    """A writer that has written every sum over rows below the roots; numbers as of `Writer`."""
    writer = _Writer(roots, NUMPY, taken=[ROWS], numbers=numbers)
    for level in sums_over_rows(roots):
        writer.add_up(level)
    return writer


def _function(name: str, arguments: Sequence[Expression], options: Sequence[str], writer: Writer, results: Sequence[str]) -> list[str]:
    names = [identifier(node) for node in arguments]
    body = [*with_size(writer.lines, names[0]), *wrapped_items("return ", results, "," if len(results) == 1 else "")]
    head = wrapped_items(f"def {name}(", [*names, ROWS, *options], "):")
    return [*head, *(f"    {line}" if line else "" for line in body)]


@lru_cache(maxsize=16)
def gradient_program(derivation: Derivation) -> Callable[..., StepGenerator]:
    """gradient(x, t, parameters …, rows) → (E, ∂E/∂ each parameter …), as a generator of its sums. Raises InputError."""
    writer = _begun([derivation.error, *derivation.gradients])
    for quantity in (derivation.error, *derivation.gradients):
        writer.write(quantity)
    found = ["E", *(identifier(gradient) for gradient in derivation.gradients)]
    lines = _function("gradient", [*derivation.data, *derivation.parameters], [], writer, found)
    return program_of(lines).functions["gradient"]  # type: ignore[no-any-return]  # what was executed has no types


def flat_gradient(
    network: Network, x: Any, t: Any, weights: Any, *, rows: int | None, number: int, reduce: Callable[[Array], Array] | None
) -> Array:
    """As `Network.gradients` says."""
    if reduce is not None and network.derivation.masks:
        raise InputError("the masks of a dropout are drawn for a whole batch, of which this process has some rows: use chainrule.train.")
    s: Array | None = np.zeros(0)
    if reduce is not None and not np.size(x):  # none of the batch's rows is here
        x, t = np.zeros((0, network.inputs)), np.zeros((0, network.targets))
    else:
        x = network.checked_x(x)
        t = np.zeros((len(x), 0)) if t is None and not network.targets else network.checked_t(t)
        s = network.checked_weights(weights, len(x))
    if len(x) != len(t):
        raise ShapeError(f"x has {counted(len(x), 'row')} but t has {len(t)}; every sample needs its target.")
    reduce = reduce or (lambda flat: flat)
    if rows is None:
        rows = round(float(reduce(np.array([float(len(x))]))[0]))
    parts = network.split(x, t, s if network.conventions.weighted else None, number=number)
    with np.errstate(all="ignore"):  # what overflows is infinite, and seen by whoever reads it
        step = gradient_program(network.derivation)(*parts.values(), *network.parameters.values(), rows)
        _, *gradients = with_sums(step, reduce, "float64")
    return np.concatenate([np.ravel(gradient) for gradient in gradients])


def applied(network: Network, flat: Any, optimizer: Bound, state: Mapping[str, Any] | None) -> tuple[Network, dict[str, Any]]:
    """As `Network.apply` says."""
    derivation, rule = network.derivation, network_update(network, optimizer)
    if derivation.moving:
        running = ", ".join(identifier(parameter) for parameter in derivation.moving)
        raise InputError(f"{running} follow from the rows of a batch, not from a gradient: train this network by chainrule.train.")
    numbers = checked_numbers("the flat gradient", flat, (sum(map(np.size, network.parameters.values())),))
    before = dict(state or {"k": 0, **{key: np.zeros(shape) for key, shape in rule.state_shapes.items()}})
    parts = np.split(numbers, np.cumsum([np.size(value) for value in network.parameters.values()])[:-1])
    gradients = zip(derivation.gradients, derivation.parameters, parts, strict=True)
    known: dict[Expression, Any] = {node: part.reshape(network.parameters[W.key].shape) for node, W, part in gradients}
    try:
        known |= {state: before[state.key] for part in rule.parameters for state in part.states}
        after: dict[str, Any] = {"k": int(before["k"]) + 1}
    except KeyError as error:
        raise InputError(f"the state lacks {error.args[0]}: it is what `apply` gave before, with the same optimiser.") from None
    values = evaluate(rule.roots, {**known, **network.bindings(), **rule.options, STEP_NUMBER: np.asarray(float(after["k"]))})
    after |= {old.key: values[new] for part in rule.parameters for old, new in zip(part.states, part.new_states, strict=True)}
    moved = {part.parameter.key: np.asarray(values[part.new]) for part in rule.parameters}
    return network.continued({**network.parameters, **moved}), after


class Distributed:
    """The engine of several processes: what `Written` computes, to the precision of `dtype`, each process on the rows that it holds.

    All processes call it alike.

    dtype   as of `Written`
    halves  the step in machine code; without it, the NumPy program computes
    every   1; or so many steps each process takes by itself, from its rows of the batches, before all states are averaged. That is another
            algorithm (local gradient descent). Source: Stich (2019), Local SGD converges fast and communicates little
    """

    def __init__(
        self, network: Network, optimizer: Bound, processes: Processes, *, dtype: str = "float64", halves: CompiledHalves | None = None,
        every: int = 1,
    ) -> None:  # fmt: skip
        self.network, self.processes, self.dtype, self.halves, self.every = network, processes, dtype, halves, every
        self.program = distributed_program(network, optimizer)
        self.keys = self.program.keys

    def epoch(
        self, data: Data, order: Array | None, size: int, state: State, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """As `Engine.epoch` says; `order` holds places among the rows of all processes. Where one is asked to stop, all do."""
        if self.every > 1:
            return self._averaged_epoch(data, order, size, state, number, bound, stopping)
        if self.halves is not None:
            return self._compiled_epoch(self.halves, data, order, size, state, number, bound, stopping)
        total, rows = 0.0, row_count(data) if order is None else len(order)
        now: State = state
        for batch, places, count in self._batches(data, order, size):
            stop = [float(stopping())]
            masks = self._masks(count, places, number + 1)
            E, *after = self._reduced(self.program.step(*batch, *masks, *now, number + 1, count), stop)
            if stop[0]:
                return Passed(now, total / rows, number, "stopped")
            number, E = number + 1, float(E)
            if not -bound < E < bound:
                return Passed(now, total / rows, number, "diverged")
            now, total = in_precision(after, self.dtype), total + E * count
        return Passed(now, total / rows, number)

    def _compiled_epoch(
        self, halves: CompiledHalves, data: Data, order: Array | None, size: int, state: State, number: int, bound: float,
        stopping: Callable[[], bool],
    ) -> Passed:  # fmt: skip
        """The same in machine code: the sums are reduced where it writes and reads them."""
        assert isinstance(data, Sharded)
        rows = row_count(data) if order is None else len(order)
        places, here = data.shard.among(np.arange(rows) if order is None else order)
        bounds, here = np.searchsorted(places, range(0, rows + size, size)), np.ascontiguousarray(here, dtype=np.int64)
        arrays, total = tuple(np.ascontiguousarray(array, dtype=self.dtype) for array in data), 0.0
        halves.put(state)
        for place, (first, end) in enumerate(pairwise(bounds.tolist())):
            count = min(size, rows - place * size)
            halves.ask(stopping())
            halves.reduce(self.processes, arrays, here, first, end, count)
            if halves.asked:
                return Passed(state, total / rows, number, "stopped")
            number += 1
            E = halves.move(number)
            if not -bound < E < bound:
                return Passed(state, total / rows, number, "diverged")
            total += E * count
        return Passed(halves.state(), total / rows, number)

    def _averaged_epoch(
        self, data: Data, order: Array | None, size: int, state: State, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """Steps of each process by itself; every so many, and at the end, their states are averaged."""
        rows, total, now, last = row_count(data) if order is None else len(order), 0.0, state, number
        steps, lost, halves = -(-rows // size), False, self.halves
        if halves is not None:
            halves.put(state)
        for batch, places, count in self._batches(data, order, size):
            number += 1
            if len(batch[0]) and not lost:
                if halves is not None:
                    halves.add_up(batch, np.arange(len(batch[0])), 0, len(batch[0]), len(batch[0]))
                    E = halves.move(number)
                else:
                    step = self.program.step(*batch, *self._masks(count, places, number), *now, number, len(batch[0]))
                    E, *after = with_sums(step, lambda flat: flat, self.dtype)
                    E, now = float(E), in_precision(after, self.dtype)
                lost, total = not -bound < E < bound, total + E * len(batch[0])
            if number % self.every and number - last < steps:
                continue
            own = now if halves is None else halves.state()
            *sums, stop, beyond, whole = added_up(self.processes.reduce, (*own, float(stopping()), float(lost), total), self.dtype)
            now = tuple(part / self.processes.count for part in sums)
            if stop or beyond:
                return Passed(state, float(whole) / rows, number, "stopped" if stop else "diverged")
            if halves is not None:
                halves.put(now)
        return Passed(now, float(whole) / rows, number)

    @unwarned
    def costs(self, data: Data, size: int, state: State) -> tuple[float, float]:
        """Seconds that a process takes for its part of a step, and that the reduction of a step takes, measured: those of the slowest."""
        numbers = sum(math.prod(shape) for shape in self.network.shapes.values())
        took = []
        for batch, places, count in islice(self._batches(data, None, size), MEASURED_STEPS):
            begun = time.perf_counter()
            if self.halves is not None:
                self.halves.add_up(batch, np.arange(len(batch[0])), 0, len(batch[0]), count)
            else:
                next(self.program.step(*batch, *self._masks(count, places, 1), *state, 1, count))
            took.append(time.perf_counter() - begun)
        return max(self.processes.numbers(min(took))), self.processes.seconds(numbers)

    @cached_property
    def _measure(self) -> Compiled | None:
        """What measures errors in machine code, where they are means over rows."""
        if self.halves is None or self.network.conventions.batch != "mean":
            return None
        from chainrule.engines.compiled.engine import Compiled

        return Compiled(self.network, None, dtype=self.dtype, threads=self.halves.threads)

    def error(self, data: Data, state: State) -> float:
        """As `Engine.error` says."""
        if self._measure is not None:
            E = self._measure.error(tuple(data), state) if len(data[0]) else 0.0
            return float(self.processes.reduce(np.array([E * len(data[0])]))[0]) / row_count(data)
        parameters, count = state[: len(self.network.shapes)], row_count(data)
        here = self._split(data)
        rows = len(here[0])
        block = MEASURED_AT_ONCE if self.program.levels == 1 else max(rows, 1)
        sums: list[Array] = []
        for start in range(0, max(rows, 1), block):
            part = self.program.error(*(np.asarray(array[start : start + block]) for array in here), *parameters, count)
            found = [np.array(each) for each in next(part)]
            sums = found if not sums else [a + b for a, b in zip(sums, found, strict=True)]
        return float(self._reduced(part, begun=sums)[0])

    def _split(self, data: Data) -> Data:
        """The rows as the program takes them."""
        parts, masks = self.network.split(*data), {mask.variable for mask in self.network.derivation.masks}
        return tuple(part for node, part in parts.items() if node not in masks)

    def _masks(self, count: int, places: Array, number: int) -> list[Array]:
        """The rows that are here of the masks of a step, which are drawn for the whole batch."""
        if not self.network.derivation.masks:
            return []
        return [mask[places].astype(self.dtype, copy=False) for mask in self.network.masks(count, number).values()]

    def _batches(self, data: Data, order: Array | None, size: int) -> Iterator[tuple[Data, Array, int]]:
        """Of each batch, the rows that are here, which of the batch they are, and how many it has in all processes."""
        assert isinstance(data, Sharded)
        total = row_count(data) if order is None else len(order)
        places, here = data.shard.among(np.arange(total) if order is None else order)
        width = sum(int(np.prod(array.shape[1:])) for array in data)
        block = max(1, BLOCK // (8 * size * width)) * size  # rows that are gathered at a time
        bounds = np.searchsorted(places, range(0, total + size, size))
        for start in range(0, total, block):
            first = int(np.searchsorted(places, start))
            some = self._split(gathered(tuple(data), here[first : int(np.searchsorted(places, start + block))]))
            for begin in range(start, min(start + block, total), size):
                one, other = int(bounds[begin // size]), int(bounds[begin // size + 1])
                part = tuple(array[one - first : other - first] for array in some)
                yield part, places[one:other] - begin, min(size, total - begin)

    def _reduced(self, step: StepGenerator, further: list[float] | None = None, begun: Sequence[Array] = ()) -> tuple[Any, ...]:
        """What the generator returns when its sums are those of all processes; further and begun as of `with_sums`."""
        return with_sums(step, self.processes.reduce, self.dtype, further, begun)


def with_sums(
    step: StepGenerator, reduce: Callable[[Array], Array], dtype: str, further: list[float] | None = None, begun: Sequence[Array] = ()
) -> tuple[Any, ...]:
    """What a generator of sums returns when they have been added up over all processes, in that precision.

    further  numbers that are added up along with the first sums, in place
    begun    the first sums, if they are there already
    """
    sums = tuple(begun) or next(step)
    try:
        while True:
            extra, further = further, None
            whole = added_up(reduce, (*sums, *(extra or ())), dtype)
            if extra:
                extra[:] = [float(number) for number in whole[len(sums) :]]
            sums = step.send(tuple(whole[: len(sums)]))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # of the generator, which has no types


def added_up(reduce: Callable[[Array], Array], arrays: Sequence[Any], dtype: str) -> list[Array]:
    """Each array's sum over all processes, in that precision, by one reduction of all of them, end to end."""
    shapes = [np.shape(array) for array in arrays]
    flat = np.concatenate([np.ravel(array) for array in arrays], dtype=dtype, casting="same_kind")
    whole = reduce(flat)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(whole, ends[:-1]), shapes, strict=True)]
