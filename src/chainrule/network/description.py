"""Descriptions: a network, its batch and its optimiser as plain data, which TOML and JSON hold.

    title = "…"
    inputs = 2
    loss = "half_squared"                                 # or {name = "huber", delta = 2}
    weights = [0.21, 0.56, 0.19, 0.02, 0.23, 0.16]        # w1, w2 … in their numbering; or matrices in the layers

    [[layers]]
    units = 2
    activation = "identity"
    bias = false                                          # or its numbers

    [[layers]]
    units = 1
    bias = false

    [data]
    x = [[8, 12]]
    t = [[4]]

    [optimizer]
    name = "sgd"
    learning_rate = 0.05

What is left out has its default: `Network` and `dense` say which. The published schema is network/description.schema.json.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, FileError, InputError, UnknownNameError, shown
from chainrule.network.definitions import Bound, find
from chainrule.network.layers import Dense, dense
from chainrule.network.network import MOST_LAYERS, Array, Network, checked_batch
from chainrule.notation.conventions import Notation

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.steps.step import Step

SETTINGS = ("loss", "regularizer", "outputs", "batch", "weighted", "seed")
KEYS = ("title", "inputs", *SETTINGS, "notation", "weights", "layers", "data", "optimizer")
LAYER_KEYS = ("units", "activation", "bias", "weights", "initializer", "frozen")
DATA_KEYS = ("x", "t", "features", "targets")


@dataclass(frozen=True, eq=False, repr=False)
class Problem(Displayed):
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

    def steps(self, *, exact: bool = False) -> Iterator[Step]:
        """Training steps on the batch, without end. Raises DescriptionError if there is no batch."""
        if self.x is None or self.t is None:
            raise DescriptionError("a step needs a batch: give x and t, as [data] in a description.")
        from chainrule.steps.step import steps

        named = {"title": self.title, "features": list(self.features), "targets": list(self.targets)}
        origin = {**self.origin, **{key: value for key, value in named.items() if value}}
        return steps(self.network, self.x, self.t, self.optimizer or find("optimizer", "sgd"), exact=exact, origin=origin)

    def step(self, *, exact: bool = False) -> Step:
        """The first training step on the batch."""
        return next(self.steps(exact=exact))

    def __repr__(self) -> str:
        batch = "" if self.x is None else f", x {self.x.shape}" if self.t is None else f", x {self.x.shape}, t {self.t.shape}"
        rule = "" if self.optimizer is None else f", {self.optimizer!r}"
        return f"<Problem{f' {self.title!r}' if self.title else ''}: {self.network!r}{batch}{rule}>"

    def explain(self, **options: Any) -> Any:
        """The problem as a document. Options as of `chainrule explain`."""
        from chainrule.explanation.explain import explain

        return explain(self, **options)


# From values to plain data


def described(network: Network, *, numbers: bool = True) -> dict[str, Any]:
    """The network as plain data, from which `network_from` makes the same network. What has its default is left out.

    numbers  False leaves out the parameters, as a record does that holds them elsewhere
    """
    conventions = network.conventions
    settings = {
        "inputs": network.inputs,
        "loss": network.loss.described(),
        "regularizer": network.regularizer and network.regularizer.described(),
        "outputs": None if conventions.outputs == "sum" else conventions.outputs,
        "batch": None if conventions.batch == "mean" else conventions.batch,
        "weighted": conventions.weighted or None,
        "seed": network.seed or None,
        "notation": network.notation.to_dict() or None,
        "layers": [
            _described_layer(layer, number, network.given if numbers else {}) for number, layer in enumerate(network.layers, start=1)
        ],
    }
    return {key: value for key, value in settings.items() if value is not None}


def _described_layer(layer: Dense, number: int, given: Mapping[str, Array]) -> dict[str, Any]:
    weights, bias = given.get(f"W{number}"), given.get(f"b{number}")
    settings = {
        "units": layer.units,
        "activation": layer.activation and layer.activation.described(),
        "bias": False if not layer.bias else None if bias is None else _numbers(bias.tolist()),
        "weights": None if weights is None else _numbers(weights.tolist()),
        "initializer": layer.initializer and layer.initializer.described(),
        "frozen": list(layer.frozen) or None,
    }
    return {key: value for key, value in settings.items() if value is not None}


def described_problem(problem: Problem) -> dict[str, Any]:
    """The problem as plain data, from which `problem_from` makes the same problem; its origin is left out."""
    data: dict[str, Any] = {}
    if problem.x is not None and problem.t is not None:
        data = {"x": _numbers(problem.x.tolist()), "t": _numbers(problem.t.tolist())}
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


def _numbers(values: Any) -> Any:
    """Nested lists of numbers, whole ones without their .0; a fraction becomes the nearest float."""
    if isinstance(values, list):
        return [_numbers(inner) for inner in values]
    number = float(values)
    whole = number.is_integer() and abs(number) < 2**53 and math.copysign(1, number) == (1 if number >= 0 else -1)
    return int(number) if whole else number


# From plain data to values


def network_from(description: Mapping[str, Any]) -> Network:
    """The network that plain data describes. Raises InputError, which names the place."""
    _check_table(description, "the description", KEYS)
    settings = {key: description[key] for key in SETTINGS if key in description}
    if "inputs" not in description:
        raise DescriptionError("the description does not say how many inputs there are, as inputs = 2.")
    if "notation" in description:
        settings["notation"] = _notation_from(description["notation"])
    network = Network(description["inputs"], *_layers_from(description.get("layers")), **settings)
    if "weights" not in description:
        return network
    with _at("weights"):
        return network.with_weights(description["weights"])


def _notation_from(notation: Any) -> Notation:
    """A table of settings, or the name of a preset."""
    settings = {"preset": notation} if isinstance(notation, str) else notation
    with _at("notation"):
        if not isinstance(settings, Mapping):
            raise DescriptionError(f"it must be a table of settings or the name of a preset, not {shown(notation)}.")
        return Notation.from_dict(settings)


def _layers_from(layers: object) -> Iterator[Dense]:
    if not isinstance(layers, (list, tuple)) or not layers:
        raise DescriptionError("the description needs layers: a [[layers]] table with units = … for each.")
    if len(layers) > MOST_LAYERS:
        raise DescriptionError(f"{len(layers):,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")
    for number, layer in enumerate(layers, start=1):
        _check_table(layer, f"layers[{number}]", LAYER_KEYS)
        if "units" not in layer:
            raise DescriptionError(f"layers[{number}] does not say how many units it has, as units = 2.")
        if not isinstance(layer.get("bias", True), (bool, list, tuple)):
            raise DescriptionError(f"layers[{number}].bias is true, false or a list of numbers, not {shown(layer['bias'])}.")
        with _at(f"layers[{number}]"):
            yield dense(**{**layer, "frozen": _names(layer.get("frozen", ()), "frozen")})


def problem_from(description: Mapping[str, Any], origin: Mapping[str, Any] | None = None) -> Problem:
    """The problem that plain data describes. Raises InputError, which names the place."""
    network = network_from(description)
    title, data, optimizer = description.get("title", ""), description.get("data"), description.get("optimizer")
    if not isinstance(title, str):
        raise DescriptionError(f"title must be text, not {shown(title)}.")
    with _at("optimizer"):
        rule = None if optimizer is None else find("optimizer", optimizer)
    return Problem(network, **_batch_from(data, network), optimizer=rule, title=title, origin=origin or {})


def _batch_from(data: Any, network: Network) -> dict[str, Any]:
    if data is None:
        return {}
    _check_table(data, "data", DATA_KEYS)
    for key in ("x", "t"):
        if key not in data:
            raise DescriptionError(f"data has no {key}; it needs x (rows of inputs) and t (rows of targets).")
    x, t = checked_batch("data.x", data["x"], network.inputs), checked_batch("data.t", data["t"], network.outputs)
    if len(x) != len(t):
        raise InputError(f"data.x has {len(x)} rows but data.t has {len(t)}; every sample needs its target.")
    names = {key: _names(data.get(key, ()), f"data.{key}") for key in ("features", "targets")}
    for key, wanted in (("features", network.inputs), ("targets", network.outputs)):
        if names[key] and len(names[key]) != wanted:
            raise DescriptionError(f"data.{key} names {len(names[key])}, but there are {wanted}.")
    return {"x": x, "t": t, **names}


def _names(values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
        raise DescriptionError(f"{where} must be a list of names, not {shown(values)}.")
    return tuple(values)


def _check_table(table: object, where: str, known: Iterable[str]) -> None:
    if not isinstance(table, Mapping):
        raise DescriptionError(f"{where} must be a table of settings, not {shown(table)}.")
    for key in table:
        if key not in known:
            raise UnknownNameError(f"setting of {where}", str(key), known)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Errors inside name the place."""
    try:
        yield
    except InputError as error:
        error.args = (f"{place}: {error}",)
        raise


# Text


def to_json(description: Mapping[str, Any]) -> str:
    """A description as JSON. Raises DescriptionError where a number is not finite."""
    import json

    try:
        return json.dumps(description, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError:
        raise DescriptionError("a number of this description is not finite, so it cannot be written down.") from None


def to_toml(description: Mapping[str, Any]) -> str:
    """A description as TOML, one matrix row a line."""
    lines = [f"{key} = {_toml(value)}" for key, value in description.items() if not _is_section(key, value)]
    for key, value in description.items():
        if _is_section(key, value):
            tables, head = (value, f"[[{key}]]") if isinstance(value, list) else ([value], f"[{key}]")
            for table in tables:
                lines += ["", head, *(f"{_toml_key(inner)} = {_toml(setting)}" for inner, setting in table.items())]
    return "\n".join(lines) + "\n"


def _is_section(key: str, value: Any) -> bool:
    return key == "layers" or (isinstance(value, Mapping) and key in ("data", "optimizer", "notation"))


def _toml_key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _toml(key)


def _toml(value: Any) -> str:
    import json

    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        if len(value) > 1 and isinstance(value[0], (list, tuple)):
            return "[\n" + "".join(f"    {_toml(row)},\n" for row in value) + "]"
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def from_toml(text: str, where: str = "the description") -> dict[str, Any]:
    """What TOML text says. Raises FileError, which names the line."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error).replace("at end of document", f"at the end, line {len(text.splitlines())}")
        raise FileError(f"{where} is not TOML: {message}.") from None
    except (RecursionError, ValueError):
        raise FileError(f"{where} is not TOML that a description could be: it is nested too deeply or holds an absurd number.") from None


def from_json(text: str, where: str = "the description") -> dict[str, Any]:
    """What JSON text says. Raises FileError, which names the line."""
    from chainrule.base.files import parse_json

    description = parse_json(text, where)
    if not isinstance(description, dict):
        raise FileError(f'{where} holds {shown(description)}, not a description in braces, as {{"inputs": 2, …}}.')
    return description


def read_description(path: str | Path) -> dict[str, Any]:
    """The plain data of a .toml or .json file. Raises FileError."""
    from pathlib import Path

    from chainrule.base.files import read_text

    read = from_json if Path(path).suffix.lower() == ".json" else from_toml
    return read(read_text(path), str(path))


def write_description(path: str | Path, description: Mapping[str, Any]) -> None:
    """Write a description as .toml or .json, by the suffix. Raises FileError."""
    from pathlib import Path

    from chainrule.base.files import write_whole

    suffix = Path(path).suffix.lower()
    if suffix not in (".toml", ".json"):
        raise FileError(f"{path}: a description is written as .toml or .json.")
    write_whole(path, to_toml(description) if suffix == ".toml" else to_json(description))
