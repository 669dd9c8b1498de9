"""`Step`: the record of one training step. Plain data: everything downstream reads it, JSON in and out, replayed, compared."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed
from chainrule.base.errors import DivergenceError, InexactError, InputError, quoted
from chainrule.base.frozen import Frozen, replace
from chainrule.base.printing import counted
from chainrule.formula.arrays import FLOATS, Arrays, Exact
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression
from chainrule.network.definitions import Bound, find
from chainrule.network.description import described, network_of_description
from chainrule.network.given import in_one_row
from chainrule.network.network import Network
from chainrule.network.targets import read_targets
from chainrule.network.update import STEP_NUMBER, Update, network_update
from chainrule.steps.order import Order
from chainrule.steps.records import array_from, arrays_from, json_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.document.document import Document
    from chainrule.explanation.explain import Detail
    from chainrule.steps.order import OrderLike

FORMAT = "chainrule step 1"

ONE_BY_ONE = 1000
"""So many steps before the one that is asked for are computed as it is; of more, each by the NumPy program."""

LAST_STEP = 10**9
"""Nobody's run is longer."""


class Pass(Frozen):
    """The named quantities of one forward pass, by key: z1, h1, y, E; `outputs` are the keys of the predictions."""

    values: Mapping[str, Array]
    outputs: tuple[str, ...] = ("y",)

    @property
    def prediction(self) -> Array:
        """y : (batch, outputs), those of all outputs side by side."""
        return in_one_row([self.values[key] for key in self.outputs])

    @property
    def error(self) -> float:
        """E, one number for the batch."""
        error: float = self.values["E"].item()  # or a Fraction, in exact records
        return error

    def __getitem__(self, key: str) -> Array:
        return self.values[key]


class Explained:
    """What can be explained: a step, or a problem by its first one."""

    def explain(
        self: Any,
        *,
        detail: Detail | None = None,
        brief: bool = False,
        all: bool = False,
        mistakes: bool = False,
        weight: str | None = None,
        step: int | None = None,
        steps: int = 1,
        order: OrderLike | None = None,
        epochs: int | None = None,
        digits: int | None = None,
        exact: bool = False,
    ) -> Document:
        """A document, which shows itself in a terminal and in a notebook. Options as of `chainrule.explain`."""
        from chainrule.explanation.explain import explain

        extent: dict[str, Any] = {"detail": detail, "brief": brief, "all": all, "mistakes": mistakes, "weight": weight}
        return explain(self, step=step, steps=steps, order=order, epochs=epochs, digits=digits, exact=exact, **extent)


class Step(Explained, Displayed, Frozen):
    """One training step, whole.

    network    with the parameters before the step
    x, t       the batch: (batch, inputs), (batch, outputs); t without columns where no output is compared with anything
    optimizer  the update rule with its options
    number     which step of its run this is, from 1
    before     the forward pass that the step starts from
    gradients  ∂E/∂ every parameter (dW1 under "W1"), and ∂E/∂ every quantity on the way ("y", "z1" …)
    states     the optimiser's states before the step, by key ("m_W1")
    updates    what the optimiser computed: the rate, new states, clipped gradients …, by key
    parameters the parameters before the step, and
    new_parameters  after it
    after      the forward pass on the same batch with the new parameters
    origin     where network and batch come from: as of `Problem`, with "title", "features" and "targets"; "classes", where targets were
               class numbers: what they begin with, by output, or the names of the classes; "weights": what was understood of numbers
               that were given, as `Network.understood`; "order", where steps take some of the rows each, as `Order`; of a model's rows
               "scales", the [mean, deviation] of each column of x and t, since value = number · deviation + mean; of a training in
               float32 "precision", as the parameters before the step are the very numbers of the run; of the last step of an epoch after
               which averages of the parameters are taken "averaged": its number "epoch", and how far they move, as `averaged_share`
    weights    s (batch,), by which the losses of the examples are multiplied, where the network is weighted
    """

    network: Network
    x: Array
    t: Array
    optimizer: Bound
    number: int
    before: Pass
    gradients: Mapping[str, Array]
    states: Mapping[str, Array]
    updates: Mapping[str, Array]
    new_parameters: Mapping[str, Array]
    after: Pass
    origin: Mapping[str, Any] = field(default_factory=dict)
    weights: Array | None = None

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The parameters before the step."""
        return self.network.parameters

    @property
    def prediction(self) -> Array:
        """y before the step."""
        return self.before.prediction

    @property
    def first_infinite(self) -> str | None:
        """The key of the first quantity, in the order of computation, that is not finite; None if all of them are."""
        return None if self.exact else next((key for key, value in self.values.items() if not np.isfinite(value).all()), None)

    @property
    def error(self) -> float:
        """E before the step."""
        return self.before.error

    @property
    def exact(self) -> bool:
        """True if the numbers are fractions."""
        return bool(self.before.values["E"].dtype == object)

    @property
    def arrays(self) -> Arrays:
        """The kind of number of the record."""
        return Exact() if self.exact else FLOATS

    @cached_property
    def update(self) -> Update:
        """The update rule as expressions."""
        return network_update(self.network, self.optimizer)

    @property
    def new_states(self) -> dict[str, Array]:
        """The optimiser's states after the step, by the key they have before it."""
        return {key: self.updates[f"{key}_next"] for key in self.states}

    @cached_property
    def values(self) -> dict[str, Array]:
        """Every number of the step by key: x, t, W1, z1, h1, y, E, delta1, dW1, m_W1, m_W1_next, W1_next …"""
        derivation = self.network.derivation
        gradients = {str(node.name): self.gradients[_plain(node)] for node in derivation.backward}
        options = {str(letter.name): np.asarray(number) for letter, number in self.update.options.items()}
        after = {f"{key}_next": value for key, value in self.new_parameters.items()}
        data = {str(node.name): part for node, part in self.network.split(self.x, self.t, self.weights, number=self.number).items()}
        both = {**data, **self.parameters, **self.before.values, **gradients, **self.states, **self.updates}
        return {**both, **options, **after, "k": np.asarray(self.number)}

    @cached_property
    def everything(self) -> dict[str, Array]:
        """`values`, and the forward pass after the step as "after z1", "after E" …"""
        return {**self.values, **{f"after {key}": value for key, value in self.after.values.items()}}

    def __repr__(self) -> str:
        return f"<Step {self.number} of the network {self.network.summary}: E = {float(self.error):.6g} → {float(self.after.error):.6g}>"

    def replay(self) -> Step:
        """The same step computed anew from its description, batch and states."""
        return record(self.network, self.x, self.t, self.update, self.number, self.states, self.arrays, self.origin, self.weights)

    def differences(self, other: Step, tolerance: float = 0.0) -> dict[str, float]:
        """The largest difference of each quantity, relative to its largest magnitude, where it is above `tolerance`; NaN = NaN.

        A quantity that only one step has, or that has another shape, differs by infinity. Those of the forward pass after the step are
        called "after E" and so on.
        """
        found = {}
        for key in {**self.everything, **other.everything}:
            a, b = self.everything.get(key), other.everything.get(key)
            distance = np.inf if a is None or b is None or a.shape != b.shape else _distance(a, b)
            if distance > tolerance:
                found[key] = distance
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data as in the published schema: nested lists of numbers at full precision; NaN, ∞ and fractions as strings."""
        return {
            "format": FORMAT,
            **({"exact": True} if self.exact else {}),
            "network": described(self.network, numbers=False),  # they stand under "parameters"
            "optimizer": self.optimizer.described(),
            "number": self.number,
            "batch": {str(node.name): json_numbers(self.values[str(node.name)]) for node in self.network.derivation.data},
            "values": {key: json_numbers(value) for key, value in self.before.values.items()},
            "gradients": {key: json_numbers(value) for key, value in self.gradients.items()},
            "states": {key: json_numbers(value) for key, value in self.states.items()},
            "updates": {key: json_numbers(value) for key, value in self.updates.items()},
            "parameters": {
                "before": {key: json_numbers(value) for key, value in self.parameters.items()},
                "after": {key: json_numbers(value) for key, value in self.new_parameters.items()},
            },
            "after": {key: json_numbers(value) for key, value in self.after.values.items()},
            **({"origin": dict(self.origin)} if self.origin else {}),
        }

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> Step:
        """A step read back. Raises InputError if the record is none."""
        if not isinstance(plain, Mapping) or plain.get("format") != FORMAT:
            raise InputError(f'this is no recorded step: its "format" should be "{FORMAT}".')
        arrays = Exact() if plain.get("exact") is True else FLOATS
        try:
            network = network_of_description(plain["network"]).continued(arrays_from(plain["parameters"]["before"], arrays))
            outputs = tuple(str(node.name) for node in network.derivation.predictions)
            x = _joined(plain["batch"], network.derivation.inputs, arrays)
            step = Step(
                network=network,
                x=x,
                t=_joined(plain["batch"], network.derivation.targets, arrays, len(x)),
                optimizer=find("optimizer", plain["optimizer"]),
                number=plain["number"],
                before=Pass(arrays_from(plain["values"], arrays), outputs),
                gradients=arrays_from(plain["gradients"], arrays),
                states=arrays_from(plain["states"], arrays),
                updates=arrays_from(plain["updates"], arrays),
                new_parameters=arrays_from(plain["parameters"]["after"], arrays),
                after=Pass(arrays_from(plain["after"], arrays), outputs),
                origin=plain.get("origin", {}),
                weights=array_from(plain["batch"]["s"], arrays) if network.conventions.weighted else None,
            )
            return _checked(step)
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"the recorded step is incomplete: {error} is missing or of another kind.") from None
        except InexactError as error:
            raise InputError(f"the recorded step is said to be exact, but cannot be: {error}") from None

    def save(self, path: str | Path) -> None:
        """Write the record as JSON; the file is written whole or not at all. Raises FileError."""
        from chainrule.base.files import json_text, write_whole

        write_whole(path, json_text(self.to_dict(), indent=1) + "\n")

    @staticmethod
    def load(path: str | Path) -> Step:
        """Read a record. Raises FileError, InputError."""
        from chainrule.base.files import read_json

        return Step.from_dict(read_json(path))


def _joined(batch: Mapping[str, Any], nodes: Sequence[Expression], arrays: Arrays, rows: int = 0) -> Array:
    """The columns of a recorded batch side by side; none, a row for each of x."""
    parts = [array_from(batch[str(node.name)], arrays) for node in nodes]
    if not parts:
        return np.empty((rows, 0))
    for node, part in zip(nodes, parts, strict=True):
        if part.ndim != len(node.shape) or part.shape[1:] != node.shape[1:]:
            raise InputError(f"the batch of the recorded step does not fit its network: {node.name} has the shape {part.shape}.")
    return in_one_row(parts)


def steps(
    network: Network,
    x: Any,
    t: Any,
    optimizer: Bound,
    *,
    weights: Any = None,
    exact: bool = False,
    origin: Mapping[str, Any] | None = None,
    order: Order | None = None,
) -> Iterator[Step]:
    """Steps on one batch, each from where the last one ended, without end; with an order, one on each of its groups of rows.

    Raises ShapeError, InputError, InexactError.
    """
    x = network.checked_x(x)
    t, classes = read_targets(network, t, rows=len(x))
    told = {"weights": network.understood, "classes": classes}
    origin = {**(origin or {}), **{key: value for key, value in told.items() if value}}
    if len(x) != len(t):
        raise InputError(f"x has {counted(len(x), 'row')} but t has {len(t)}; every sample needs its target.")
    check_targets(network, t)
    weights = network.checked_weights(weights, len(x))
    arrays = Exact() if exact else FLOATS
    if exact:
        network = network.continued({key: arrays.array(value) for key, value in network.parameters.items()})
    rule = network_update(network, optimizer)
    states: Mapping[str, Array] = {key: arrays.array(np.zeros(shape)) for key, shape in rule.state_shapes.items()}
    weights = None if weights is None else arrays.array(weights)
    x, t = arrays.array(x), arrays.array(t)
    if order is None:
        yield from run_from(record(network, x, t, rule, 1, states, arrays, origin, weights))
        return
    origin = {**origin, "order": order.to_dict()}
    for number in range(1, order.steps + 1):
        places = [row - 1 for row in order.rows(number)]
        own = None if weights is None else weights[places]
        step = record(network, x[places], t[places], rule, number, states, arrays, origin, own)
        yield step
        network, states = network.continued(step.new_parameters), step.new_states


def run_from(step: Step) -> Iterator[Step]:
    """A recorded step and those that follow it on the same batch, from its own states, without end."""
    while True:
        yield step
        step = following(step)


def steps_after(steps: Iterator[Step], count: int, *, one_batch: bool = True) -> Iterator[Step]:
    """The steps that follow the first so many of a run; none where it ends before. one_batch: are all of them on the same batch?

    Raises DivergenceError where E of one of the first is no finite number.
    """
    wanted, first = count + 1, next(steps, None)
    if first is None:
        return
    if one_batch and count > ONE_BY_ONE and not first.exact:
        yield from run_from(_advanced(first, count))
        return
    for step in itertools.islice(itertools.chain([first], steps), count):
        if not step.exact and not math.isfinite(step.error):
            raise _no_step_after(step.number, wanted)
    yield from steps if count else itertools.chain([first], steps)


def _advanced(first: Step, count: int) -> Step:
    """The step so many after this one on the same batch; those between are computed by the NumPy program, and not kept."""
    from chainrule.engines.epoch import Written

    engine, known = Written(first.network, first.optimizer), {**first.parameters, **first.states}
    state: Sequence[Array] = tuple(known[key] for key in engine.keys)
    data = tuple(array for array in (first.x, first.t, first.weights) if array is not None)
    with np.errstate(all="ignore"):
        for number in range(first.number, first.number + count):
            passed = engine.epoch(data, None, len(first.x), state, number - 1, math.inf, lambda: False)
            if passed.ended == "diverged":
                raise _no_step_after(number, first.number + count)
            state = passed.state
    values = dict(zip(engine.keys, state, strict=True))
    network = first.network.continued({key: values.pop(key) for key in first.network.shapes})
    return record(network, first.x, first.t, first.update, first.number + count, values, first.arrays, first.origin, first.weights)


def _no_step_after(number: int, wanted: int) -> DivergenceError:
    return DivergenceError(
        f"before step {wanted:,} the numbers have left the range of floating point: E is no finite number in step {number:,}. "
        "Choose an earlier «--step», or a smaller «--learning-rate»."
    )


def in_floats(step: Step) -> Step:
    """The step in floating point: an exact one computed anew with its numbers rounded."""
    if not step.exact:
        return step

    def rounded(arrays: Mapping[str, Array]) -> dict[str, Array]:
        return {key: np.asarray(array, dtype=float) for key, array in arrays.items()}

    batch = [None if array is None else np.asarray(array, dtype=float) for array in (step.x, step.t, step.weights)]
    network = step.network.continued(rounded(step.parameters))
    assert batch[0] is not None
    assert batch[1] is not None
    return record(network, batch[0], batch[1], step.update, step.number, rounded(step.states), FLOATS, step.origin, batch[2])


def following(step: Step) -> Step:
    """The next step on the same batch, from where this one ended."""
    network = step.network.continued(step.new_parameters)
    origin = {key: told for key, told in step.origin.items() if key != "order"}  # in which other samples would follow
    return record(network, step.x, step.t, step.update, step.number + 1, step.new_states, step.arrays, origin, step.weights)


def check_targets(network: Network, t: Array) -> None:
    """Do the targets fit the losses? Raises InputError, which names the row."""
    parts = network.split(None, t)
    conditions = {found.t: found.theorem.condition for found in network.derivation.theorems}
    for output, node in network.derivation.compared.items():
        loss, part = network.goals[output].loss, parts[node]
        name, kind = loss.name, loss.definition.targets
        if kind not in ("numbers", "gradient"):
            wanted, off = ("−1 or 1", np.abs(part) - 1) if kind == "signs" else ("from 0 to 1", np.maximum(np.abs(part - 0.5) - 0.5, 0))
            for row, column in np.argwhere(np.abs(off) > 1e-6)[:1]:
                raise InputError(f"{name} needs targets {wanted}; row {row + 1} holds {part[row, column]:g}.")
        if kind == "steps":
            sums = part.sum(axis=-1)
            for place in np.argwhere((np.abs(sums - 1) > 1e-6) & (np.abs(sums) > 1e-6))[:1]:
                where = f"row {place[0] + 1}" + (f", step {place[1] + 1}" if len(place) > 1 else "")
                raise InputError(f"{name} needs targets that add up to 1 in every step that counts, and to 0 in every other; {where} adds "
                                 f"up to {sums[tuple(place)]:g}.")  # fmt: skip
        if conditions.get(node) == "rows_sum_to_one":
            sums = part.sum(axis=-1)
            for row in np.flatnonzero(np.abs(sums - 1) > 1e-6)[:1]:
                raise InputError(f"{name} needs targets that add up to 1 in every row; row {row + 1} adds up to {sums[row]:g}.")


def record(
    network: Network,
    x: Array,
    t: Array,
    rule: Update,
    number: int,
    states: Mapping[str, Array],
    arrays: Arrays = FLOATS,
    origin: Mapping[str, Any] | None = None,
    weights: Array | None = None,
) -> Step:
    """The step number `number` of a run, from the network's parameters and the optimiser's states before it."""
    derivation = network.derivation
    data = network.split(x, t, weights, number=number)
    bindings: dict[Expression, Any] = {**data, STEP_NUMBER: arrays.number(number)}
    bindings |= {expression: arrays.array(network.parameters[str(expression.name)]) for expression in derivation.parameters}
    bindings |= {letter: arrays.number(value) for letter, value in rule.options.items()}
    bindings |= {state: states[str(state.name)] for part in rule.parameters for state in part.states}
    values = evaluate(
        [*derivation.predictions, *derivation.errors, derivation.error, *derivation.gradients, *derivation.asked, *rule.roots],
        bindings,
        arrays,
    )
    new = {parameter.key: bindings[parameter] for parameter in derivation.parameters}
    new |= {str(part.parameter.name): values[part.new] for part in rule.parameters}
    after = evaluate(
        [derivation.error, *derivation.errors, *derivation.predictions],
        {**data, **{node: new[str(node.name)] for node in derivation.parameters}},
        arrays,
    )
    computed = {str(node.name): np.asarray(value) for node, value in values.items() if node.primitive.name == "named"}
    forward = [str(node.name) for node in derivation.passed]
    outputs = tuple(str(node.name) for node in derivation.predictions)
    gradients = {str(node.name): _plain(node) for node in derivation.backward}
    step = Step(
        network=network,
        x=x,
        t=t,
        optimizer=rule.optimizer,
        number=number,
        before=Pass({key: computed[key] for key in forward}, outputs),
        gradients={plain: computed[key] for key, plain in gradients.items()},
        states=dict(states),
        updates={key: value for key, value in computed.items() if key not in forward and key not in gradients and key[:-5] not in new},
        new_parameters=new,
        after=Pass({str(node.name): np.asarray(after[node]) for node in derivation.passed}, outputs),
        origin=origin or {},
        weights=weights,
    )
    step.__dict__["update"] = rule  # known already
    return step


def _plain(gradient: Expression) -> str:
    """The key of that which a gradient belongs to: z1 for ∂E/∂z1."""
    return replace(gradient.own_name, gradient=False).key


def _distance(a: Array, b: Array) -> float:
    """The largest gap between elements, relative to the largest magnitude; NaN = NaN."""
    if a.dtype == object and b.dtype == object:
        return _exact_distance(a, b)
    a, b = a.astype(float), b.astype(float)
    with np.errstate(all="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        gap = np.where(same, 0.0, np.abs(a - b))
        scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0))) or 1.0
        largest = float(np.max(gap, initial=0.0)) / scale if np.isfinite(scale) else float(np.max(gap, initial=0.0))
    return np.inf if np.isnan(largest) else largest


def _exact_distance(a: Array, b: Array) -> float:
    """Fractions: a difference too small for a float is the smallest float, not zero."""
    gap = max((abs(p - q) for p, q in zip(a.flat, b.flat, strict=True)), default=Fraction(0))
    scale = max(map(abs, (*a.flat, *b.flat)), default=Fraction(0))
    return max(float(gap / scale), 5e-324) if gap else 0.0


def _checked(step: Step) -> Step:
    """The step, if every quantity that its network's derivation names is there, in its shape. Raises InputError."""
    if isinstance(step.number, bool) or not isinstance(step.number, int) or not 1 <= step.number <= LAST_STEP:
        raise InputError(f"the recorded step has the number {quoted(step.number)}; steps are counted from 1.")
    if not isinstance(step.origin, Mapping):
        raise InputError(f"the origin of the recorded step must be a table, not {quoted(step.origin)}.")
    if not isinstance(step.origin.get("title", ""), str):
        raise InputError(f"the title in the origin of the recorded step must be text, not {quoted(step.origin['title'])}.")
    for key in ("features", "targets", "drawn"):
        names = step.origin.get(key, [])
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            raise InputError(f"{key} in the origin of the recorded step must be a list of names, not {quoted(names)}.")
    if step.x.shape[:1] == (0,):
        raise InputError("the batch of the recorded step is empty.")
    for key, value in step.replay().everything.items():
        recorded = step.everything.get(key)
        if recorded is None or recorded.shape != value.shape:
            given = "is missing" if recorded is None else f"has the shape {recorded.shape}"
            raise InputError(f"the recorded step does not fit its network: {key} {given}, {value.shape} is needed.")
    return step
