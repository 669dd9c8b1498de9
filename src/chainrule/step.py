"""`Step`: the record of one training step. Plain data: everything downstream reads it, JSON in and out, replayed, compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.definitions import Bound, find
from chainrule.engines.arrays import Arrays, Exact
from chainrule.engines.keep import FLOATS, evaluate
from chainrule.errors import InputError
from chainrule.expression import Expression
from chainrule.network import Array, Network, checked_batch
from chainrule.update import STEP_NUMBER, Update, network_update

FORMAT = "chainrule step 1"


@dataclass(frozen=True, eq=False)
class Pass:
    """The named quantities of one forward pass, by key: z1, h1, y, E."""

    values: Mapping[str, Array]

    @property
    def prediction(self) -> Array:
        """y : (batch, outputs)."""
        return self.values["y"]

    @property
    def error(self) -> float:
        """E, one number for the batch."""
        return self.values["E"][()]  # type: ignore[no-any-return]  # a float, or a Fraction in exact records

    def __getitem__(self, key: str) -> Array:
        return self.values[key]


@dataclass(frozen=True, eq=False)
class Step:
    """One training step, whole.

    network    with the parameters before the step
    x, t       the batch: (batch, inputs), (batch, outputs)
    optimizer  the update rule with its options
    number     which step of its run this is, from 1
    before     the forward pass that the step starts from
    gradients  ∂E/∂ every parameter (dW1 under "W1"), and ∂E/∂ every quantity on the way ("y", "z1" …)
    states     the optimiser's states before the step, by key ("m_W1")
    updates    what the optimiser computed: the rate, new states, clipped gradients …, by key
    parameters the parameters before the step, and
    new_parameters  after it
    after      the forward pass on the same batch with the new parameters
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

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The parameters before the step."""
        return self.network.parameters

    @property
    def prediction(self) -> Array:
        """y before the step."""
        return self.before.prediction

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
        both = {"x": self.x, "t": self.t, **self.parameters, **self.before.values, **gradients, **self.states, **self.updates}
        return {**both, **options, **after, "k": np.asarray(self.number)}

    def explain(self, **options: Any) -> Any:
        """The step as a document, which shows itself in a terminal and in a notebook. Options as of `chainrule explain`."""
        from chainrule.explain import explain

        return explain(self, **options)

    def replay(self) -> Step:
        """The same step computed anew from its description, batch and states."""
        return _step(self.network, self.x, self.t, self.update, self.number, self.states, self.arrays, self.origin)

    def differences(self, other: Step, tolerance: float = 0.0) -> dict[str, float]:
        """The largest difference of each quantity, relative to its largest magnitude, where it is above `tolerance`; NaN = NaN.

        A quantity that only one step has, or that has another shape, differs by infinity.
        """
        found = {}
        for key in {**self.values, **other.values}:
            a, b = self.values.get(key), other.values.get(key)
            distance = np.inf if a is None or b is None or a.shape != b.shape else _distance(a, b)
            if distance > tolerance:
                found[key] = distance
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data as in the published schema: nested lists of numbers at full precision; NaN, ∞ and fractions as strings."""
        from chainrule.describe import described

        return {
            "format": FORMAT,
            "network": described(self.network, numbers=False),  # they stand under "parameters"
            "optimizer": self.optimizer.described(),
            "number": self.number,
            "batch": {"x": _plain_numbers(self.x), "t": _plain_numbers(self.t)},
            "values": {key: _plain_numbers(value) for key, value in self.before.values.items()},
            "gradients": {key: _plain_numbers(value) for key, value in self.gradients.items()},
            "states": {key: _plain_numbers(value) for key, value in self.states.items()},
            "updates": {key: _plain_numbers(value) for key, value in self.updates.items()},
            "parameters": {
                "before": {key: _plain_numbers(value) for key, value in self.parameters.items()},
                "after": {key: _plain_numbers(value) for key, value in self.new_parameters.items()},
            },
            "after": {key: _plain_numbers(value) for key, value in self.after.values.items()},
            **({"origin": dict(self.origin)} if self.origin else {}),
        }

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> Step:
        """A step read back. Raises InputError if the record is none."""
        from chainrule.describe import network_from

        if not isinstance(record, Mapping) or record.get("format") != FORMAT:
            raise InputError(f'this is no recorded step: its "format" should be "{FORMAT}".')
        try:
            network = network_from(record["network"]).continued(_arrays(record["parameters"]["before"]))
            step = Step(
                network=network,
                x=_array(record["batch"]["x"]),
                t=_array(record["batch"]["t"]),
                optimizer=find("optimizer", record["optimizer"]),
                number=record["number"],
                before=Pass(_arrays(record["values"])),
                gradients=_arrays(record["gradients"]),
                states=_arrays(record["states"]),
                updates=_arrays(record["updates"]),
                new_parameters=_arrays(record["parameters"]["after"]),
                after=Pass(_arrays(record["after"])),
                origin=record.get("origin", {}),
            )
            _check_complete(step)
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"the recorded step is incomplete: {error} is missing or of another kind.") from None
        return step

    def save(self, path: str | Path) -> None:
        """Write the record as JSON; the file is written whole or not at all. Raises FileError."""
        from chainrule.files import write_whole

        write_whole(path, json.dumps(self.to_dict(), allow_nan=False, indent=1, ensure_ascii=False) + "\n")

    @staticmethod
    def load(path: str | Path) -> Step:
        """Read a record. Raises FileError, InputError."""
        from chainrule.files import read_json

        return Step.from_dict(read_json(path))


def steps(network: Network, x: Any, t: Any, optimizer: Bound, *, exact: bool = False) -> Iterator[Step]:
    """Steps on one batch, each from where the last one ended, without end. Raises ShapeError, InputError, InexactError."""
    x, t = checked_batch("x", x, network.inputs), checked_batch("t", t, network.outputs)
    if len(x) != len(t):
        raise InputError(f"x has {len(x)} rows but t has {len(t)}; every sample needs its target.")
    check_targets(network, t)
    arrays = Exact() if exact else FLOATS
    if exact:
        network = network.continued({key: arrays.array(value) for key, value in network.parameters.items()})
    rule = network_update(network, optimizer)
    states: Mapping[str, Array] = {
        str(state.name): arrays.array(np.zeros(state.shape))
        for part in rule.parameters
        for state in part.states  # type: ignore[arg-type]
    }
    step = _step(network, arrays.array(x), arrays.array(t), rule, 1, states, arrays)
    while True:
        yield step
        step = following(step)


def following(step: Step) -> Step:
    """The next step on the same batch, from where this one ended."""
    network = step.network.continued(step.new_parameters)
    return _step(network, step.x, step.t, step.update, step.number + 1, step.new_states, step.arrays, step.origin)


def check_targets(network: Network, t: Array) -> None:
    """Do the targets fit the loss? Raises InputError, which names the row."""
    for found in network.derivation.theorems:
        if found.theorem.condition == "rows_sum_to_one":
            off = np.flatnonzero(np.abs(t.sum(axis=-1) - 1) > 1e-6)
            if len(off):
                row = int(off[0])
                raise InputError(
                    f"{network.loss.name} needs targets that add up to 1 in every row; row {row + 1} adds up to {t[row].sum():g}."
                )


def _step(
    network: Network,
    x: Array,
    t: Array,
    rule: Update,
    number: int,
    states: Mapping[str, Array],
    arrays: Arrays,
    origin: Mapping[str, Any] | None = None,
) -> Step:
    derivation = network.derivation
    bindings: dict[Expression, Any] = {derivation.x: x, derivation.t: t, STEP_NUMBER: arrays.number(number)}
    bindings |= {expression: arrays.array(network.parameters[str(expression.name)]) for expression in derivation.parameters}
    bindings |= {letter: arrays.number(value) for letter, value in rule.options.items()}
    bindings |= {state: states[str(state.name)] for part in rule.parameters for state in part.states}
    values = evaluate([derivation.prediction, derivation.error, *derivation.gradients, *rule.roots], bindings, arrays)
    new = {key: bindings[node] for key, node in derivation.named.items() if node in derivation.parameters}
    new |= {str(part.parameter.name): values[part.new] for part in rule.parameters}
    after = evaluate(
        [derivation.error, derivation.prediction],
        {derivation.x: x, derivation.t: t, **{node: new[str(node.name)] for node in derivation.parameters}},
        arrays,
    )
    computed = {str(node.name): np.asarray(value) for node, value in values.items() if node.primitive.name == "named"}
    forward = [str(node.name) for node in (*derivation.quantities, derivation.error)]
    gradients = {str(node.name): _plain(node) for node in derivation.backward}
    return Step(
        network=network,
        x=x,
        t=t,
        optimizer=rule.optimizer,
        number=number,
        before=Pass({key: computed[key] for key in forward}),
        gradients={plain: computed[key] for key, plain in gradients.items()},
        states=dict(states),
        updates={key: value for key, value in computed.items() if key not in forward and key not in gradients and key[:-5] not in new},
        new_parameters=new,
        after=Pass({str(node.name): np.asarray(after[node]) for node in (*derivation.quantities, derivation.error)}),
        origin=origin or {},
    )


def _plain(gradient: Expression) -> str:
    """The key of that which a gradient belongs to: z1 for ∂E/∂z1."""
    assert gradient.name is not None
    return replace(gradient.name, gradient=False).key


def _distance(a: Array, b: Array) -> float:
    if a.dtype == object or b.dtype == object:
        a, b = a.astype(float), b.astype(float)
    with np.errstate(all="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        gap = np.where(same, 0.0, np.abs(a - b))
        scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0))) or 1.0
        largest = float(np.max(gap, initial=0.0)) / scale if np.isfinite(scale) else float(np.max(gap, initial=0.0))
    return np.inf if np.isnan(largest) else largest


def _plain_numbers(values: Array) -> Any:
    """Nested lists of JSON numbers; what JSON has no number for becomes a string."""
    if values.dtype == object:
        return _nested(values.tolist())
    return values.tolist() if np.isfinite(values).all() else _nested(values.tolist())


def _nested(value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(inner) for inner in value]
    if isinstance(value, Fraction):
        return str(value) if value.denominator > 1 else int(value)
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _array(values: Any, kind: type | None = None) -> Array:
    """Numbers read back: floats, or fractions where one of them is written as such. Raises InputError."""
    flat = _flat(values)
    if kind is None and any(isinstance(value, str) and "/" in value for value in flat):
        from chainrule.engines.arrays import exact_array

        return exact_array(values)
    try:
        return np.asarray(np.vectorize(_float, otypes=[float])(np.asarray(values, dtype=object)) if flat else values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"the recorded step holds something that is no number: {error}.") from None


def _float(value: Any) -> float:
    return float(Fraction(value)) if isinstance(value, str) and "/" in value else float(value)


def _flat(values: Any) -> list[Any]:
    return [inner for value in values for inner in _flat(value)] if isinstance(values, list) else [values]


def _arrays(record: Mapping[str, Any], kind: type | None = None) -> dict[str, Array]:
    return {key: _array(values, kind) for key, values in record.items()}


def _check_complete(step: Step) -> None:
    """Every quantity that the network's derivation names must be there, in its shape. Raises InputError."""
    replayed = step.replay()
    for key, value in replayed.values.items():
        recorded = step.values.get(key)
        if recorded is None or recorded.shape != value.shape:
            given = "is missing" if recorded is None else f"has the shape {recorded.shape}"
            raise InputError(f"the recorded step does not fit its network: {key} {given}, {value.shape} is needed.")
