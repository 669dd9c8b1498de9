"""Descriptions: a network as plain data, which TOML and JSON hold; its batch and its optimiser are the business of `problem`.

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
from typing import TYPE_CHECKING, Any

from chainrule.base.errors import DescriptionError, FileError, InputError, UnknownNameError, quoted
from chainrule.network.layers import Dense, dense
from chainrule.network.network import MOST_LAYERS, Array, Network
from chainrule.notation.conventions import Notation

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = ("loss", "regularizer", "outputs", "batch", "weighted", "seed")
KEYS = ("title", "inputs", *SETTINGS, "notation", "weights", "layers", "data", "optimizer")
LAYER_KEYS = ("units", "activation", "bias", "weights", "initializer", "frozen")


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
        "bias": False if not layer.bias else None if bias is None else numbers_of(bias.tolist()),
        "weights": None if weights is None else numbers_of(weights.tolist()),
        "initializer": layer.initializer and layer.initializer.described(),
        "frozen": list(layer.frozen) or None,
    }
    return {key: value for key, value in settings.items() if value is not None}


def numbers_of(values: Any) -> Any:
    """Nested lists of numbers, whole ones without their .0; a fraction becomes the nearest float."""
    if isinstance(values, list):
        return [numbers_of(inner) for inner in values]
    number = float(values)
    whole = number.is_integer() and abs(number) < 2**53 and math.copysign(1, number) == (1 if number >= 0 else -1)
    return int(number) if whole else number


# From plain data to values


def network_from(description: Mapping[str, Any]) -> Network:
    """The network that plain data describes. Raises InputError, which names the place."""
    check_table(description, "the description", KEYS)
    settings = {key: description[key] for key in SETTINGS if key in description}
    if "inputs" not in description:
        raise DescriptionError("the description does not say how many inputs there are, as inputs = 2.")
    if "notation" in description:
        settings["notation"] = _notation_from(description["notation"])
    network = Network(description["inputs"], *_layers_from(description.get("layers")), **settings)
    if "weights" not in description:
        return network
    with inside("weights"):
        return network.with_weights(description["weights"])


def _notation_from(notation: Any) -> Notation:
    """A table of settings, or the name of a preset."""
    settings = {"preset": notation} if isinstance(notation, str) else notation
    with inside("notation"):
        if not isinstance(settings, Mapping):
            raise DescriptionError(f"it must be a table of settings or the name of a preset, not {quoted(notation)}.")
        return Notation.from_dict(settings)


def _layers_from(layers: object) -> Iterator[Dense]:
    if not isinstance(layers, (list, tuple)) or not layers:
        raise DescriptionError("the description needs layers: a [[layers]] table with units = … for each.")
    if len(layers) > MOST_LAYERS:
        raise DescriptionError(f"{len(layers):,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")
    for number, layer in enumerate(layers, start=1):
        check_table(layer, f"layers[{number}]", LAYER_KEYS)
        if "units" not in layer:
            raise DescriptionError(f"layers[{number}] does not say how many units it has, as units = 2.")
        if not isinstance(layer.get("bias", True), (bool, list, tuple)):
            raise DescriptionError(f"layers[{number}].bias is true, false or a list of numbers, not {quoted(layer['bias'])}.")
        with inside(f"layers[{number}]"):
            yield dense(**{**layer, "frozen": names_of(layer.get("frozen", ()), "frozen")})


def names_of(values: Any, where: str) -> tuple[str, ...]:
    """A list of names. Raises DescriptionError."""
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
        raise DescriptionError(f"{where} must be a list of names, not {quoted(values)}.")
    return tuple(values)


def check_table(table: object, where: str, known: Iterable[str]) -> None:
    """Is this a table with known keys? Raises DescriptionError, UnknownNameError."""
    if not isinstance(table, Mapping):
        raise DescriptionError(f"{where} must be a table of settings, not {quoted(table)}.")
    for key in table:
        if key not in known:
            raise UnknownNameError(f"setting of {where}", str(key), known)


@contextmanager
def inside(place: str) -> Iterator[None]:
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
        raise FileError(f'{where} holds {quoted(description)}, not a description in braces, as {{"inputs": 2, …}}.')
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
