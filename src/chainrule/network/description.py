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
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import Parameter
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.errors import DescriptionError, FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.network.arguments import MOST_LAYERS, check_implied
from chainrule.network.definitions import Bound
from chainrule.network.layers import EVERY, NUMBER_KEYS, SHARED, THRESHOLD, WIRING_KEYS, Layer, checked_names, dense, kind_of_layer
from chainrule.network.network import Network
from chainrule.network.wiring import (
    INPUT,
    OUTPUT,
    Extent,
    LayerCall,
    Wiring,
    check_signal_count,
    checked,
    checked_inputs,
    checked_output,
    sorted_calls,
)
from chainrule.notation.conventions import Notation

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = ("loss", "regularizer", "outputs", "batch", "weighted", "gradients", "frozen", "absent", "seed")
KEYS = (
    *("title", "inputs", *SETTINGS, "over_outputs"),
    *("notation", "weights", "weights_as", "layers", "data", "optimizer"),
)
OUTPUT_KEYS = ("from", "loss", "weight")

DEEPEST_KEY = 32
"""Parts of a key in TOML, a.b.c; Python's own reader takes time and memory by their square."""

DEEP_KEY = rf"(?:\.[ \t]*[\w-]+[ \t]*){{{DEEPEST_KEY},}}"
TOML_TEXT = r'''"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*'''
"""Text in quotes, and comments, in which dots mean nothing."""


# From values to plain data


def described(network: Network, *, numbers: bool = True) -> dict[str, Any]:
    """The network as plain data, from which `network_of_description` makes the same network. What has its default is left out.

    numbers  False leaves out the parameters, as a record does that holds them elsewhere

    Raises InputError for what is no network.
    """
    check_network(network)
    conventions, wiring = network.conventions, network.wiring
    names = {layer: wiring.calls_of(layer)[0].name for layer in wiring.layers}
    shown = network.numbered_layers if numbers else [replace(layer, given={}) for layer in network.layers]
    given = dict(zip(network.layers, shown, strict=True))
    single = list(wiring.outputs) == [OUTPUT] and network.goals[OUTPUT].weight == 1
    settings = {
        "inputs": _described_inputs(wiring.inputs),
        "loss": network.loss.described() if single else None,
        "regularizer": network.regularizer and network.regularizer.described(),
        "outputs": None if conventions.outputs == "sum" else conventions.outputs,
        "batch": None if conventions.batch == "mean" else conventions.batch,
        "weighted": conventions.weighted or None,
        "gradients": list(network.asked) or None,
        "frozen": list(network.frozen_names) or None,
        "absent": list(network.absent_names) or None,
        "seed": network.seed or None,
        "notation": network.notation.to_dict() or None,
        "layers": [_described_call(call, place, wiring, given, names) for place, call in enumerate(wiring.calls)],
    }
    if not single or dict(wiring.outputs) != {OUTPUT: wiring.calls[-1].name}:
        settings["over_outputs"] = settings["outputs"]
        settings["outputs"] = {name: _described_output(name, network) for name in wiring.outputs}
    return {key: value for key, value in settings.items() if value is not None}


def _described_inputs(inputs: Mapping[str, int]) -> Any:
    sizes = {name: size.described if isinstance(size, Extent) else size for name, size in inputs.items()}
    alone = list(sizes) == [INPUT] and not isinstance(sizes[INPUT], Mapping)
    return sizes[INPUT] if alone else sizes


def _described_output(name: str, network: Network) -> dict[str, Any]:
    goal = network.goals[name]
    weight = {} if goal.weight == 1 else {"weight": goal.weight}
    return {"from": network.wiring.outputs[name], "loss": goal.loss.described(), **weight}


def _described_call(
    call: LayerCall, place: int, wiring: Wiring, given: Mapping[Layer, Layer], names: Mapping[Layer, str]
) -> dict[str, Any]:
    """A call as a table; what a chain says by its order is left out."""
    before = wiring.calls[place - 1].name if place else next(iter(wiring.inputs))
    sources = None if call.sources == (before,) else call.sources[0] if len(call.sources) == 1 else list(call.sources)
    name = None if call.name == str(place + 1) and not call.layer.kind.scoped else call.name
    if names[call.layer] != call.name:
        return {key: value for key, value in {"share": names[call.layer], "name": name, "from": sources}.items() if value is not None}
    layer = given.get(call.layer, call.layer)
    options = {key: _described_option(value, names) for key, value in layer.chosen.items()}
    numbers = {key: number_lists(np.asarray(value).tolist()) for key, value in layer.given.items()}
    weights = numbers.pop("W", None)
    if "b" in numbers and "bias" in layer.kind.options and options.get("bias", True) is True:
        options["bias"] = numbers.pop("b")
    settings = {
        "kind": None if layer.kind is dense else layer.kind.name,
        "name": name,
        "from": sources,
        **{key: options[key] for key in layer.kind.options if key in options},
        "weights": weights,
        "numbers": numbers or None,
        "initializer": layer.initializer and layer.initializer.described(),
        "frozen": True if EVERY in layer.frozen else list(layer.frozen) or None,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _described_option(value: Any, names: Mapping[Layer, str]) -> Any:
    return names[value] if isinstance(value, Layer) else value.described() if isinstance(value, Bound) else value


def number_lists(values: Any) -> Any:
    """Nested lists of numbers, whole ones without their .0; a fraction becomes the nearest float."""
    if isinstance(values, list):
        return [number_lists(inner) for inner in values]
    number = float(values)
    whole = number.is_integer() and abs(number) < 2**53 and math.copysign(1, number) == (1 if number >= 0 else -1)
    return int(number) if whole else number


# From plain data to values


def network_of_description(description: Mapping[str, Any]) -> Network:
    """The network that plain data describes. Raises InputError, which names the place."""
    check_table(description, "the description", KEYS)
    settings = {key: description[key] for key in SETTINGS if key in description}
    if "inputs" not in description:
        raise DescriptionError("the description does not say how many inputs there are, as inputs = 2.")
    if "notation" in description:
        settings["notation"] = _notation_from(description["notation"])
    if isinstance(settings.get("outputs"), Mapping):
        del settings["outputs"]
    if "over_outputs" in description:
        settings["outputs"] = description["over_outputs"]
    wiring = _wiring_from(description, settings)
    network = Network.of_wiring(wiring, **settings)
    for goal in network.goals.values():
        check_implied(goal.loss, settings)
    if "weights" not in description:
        if "weights_as" in description:
            raise DescriptionError("weights_as says how weights are written; give them, as weights = [0.2, -0.3].")
        return network
    with inside("weights"):
        return network.with_weights(description["weights"], description.get("weights_as", ()))


def _notation_from(notation: Any) -> Notation:
    """A table of settings, or the name of a preset."""
    settings = {"preset": notation} if isinstance(notation, str) else notation
    with inside("notation"):
        if not isinstance(settings, Mapping):
            raise DescriptionError(f"it must be a table of settings or the name of a preset, not {quoted(notation)}.")
        return Notation.from_dict(settings)


def _wiring_from(description: Mapping[str, Any], settings: dict[str, Any]) -> Wiring:
    """Inputs, layers and outputs; what the outputs say of their losses goes to the settings."""
    inputs, layers, outputs = description["inputs"], description.get("layers"), description.get("outputs")
    if not isinstance(layers, (list, tuple)) or not layers:
        raise DescriptionError("the description needs layers: a [[layers]] table with units = … for each.")
    if len(layers) > MOST_LAYERS:
        raise DescriptionError(f"{len(layers):,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")
    with inside("inputs"):
        sizes = checked_inputs(inputs if isinstance(inputs, Mapping) else {INPUT: inputs})
    calls = _calls_from(layers, sizes)
    if not isinstance(outputs, Mapping):
        return checked(Wiring(sizes, sorted_calls(sizes, calls), {OUTPUT: calls[-1].name}))
    for name, output in outputs.items():
        check_table(output, f"outputs.{name}", OUTPUT_KEYS)
        with inside("outputs"):
            checked_output(name)
    sources = {name: str(output.get("from", calls[-1].name)) for name, output in outputs.items()}
    known = [*sizes, *(call.name for call in calls)]
    for name, source in sources.items():
        if source not in known:
            raise UnknownNameError("input or layer", source, known, f"The output {name} is taken from it.")
    settings["loss"] = {name: output.get("loss", settings.get("loss", "half_squared")) for name, output in outputs.items()}
    settings["emphasis"] = {name: output["weight"] for name, output in outputs.items() if "weight" in output}
    return checked(Wiring(sizes, sorted_calls(sizes, calls), sources))


def _calls_from(layers: Sequence[Any], inputs: Mapping[str, int]) -> list[LayerCall]:
    calls: list[LayerCall] = []
    made: dict[str, Layer] = {}
    before = next(iter(inputs))
    for number, table in enumerate(layers, start=1):
        where = f"layers[{number}]"
        if not isinstance(table, Mapping):
            raise DescriptionError(f"{where} must be a table of settings, not {quoted(table)}.")
        name = table.get("name", str(number))
        if not isinstance(name, str) or name in inputs or name in made:
            raise DescriptionError(f"{where}.name must be a name that no input and no other layer has, not {quoted(name)}.")
        sources = table.get("from", before)
        with inside(where):
            made[name] = _layer_from(table, made)
            if isinstance(sources, int):
                raise DescriptionError(f'from is a name or a list of names, as from = "{sources}", not a number.')
            calls.append(LayerCall(name, made[name], checked_names((sources,) if isinstance(sources, str) else sources, "from")))
            check_signal_count(made[name], len(calls[-1].sources))
        before = name
    return calls


def _layer_from(table: Mapping[str, Any], made: Mapping[str, Layer]) -> Layer:
    if "share" in table:
        check_table(table, "a layer that shares", ("share", "name", "from"))
        return _layer_called(table["share"], made)
    kind = kind_of_layer(table.get("kind", "dense"))
    check_table(table, f"the layer {kind.name}", (*kind.options, *NUMBER_KEYS, *WIRING_KEYS))
    if kind.options.get("units") is Parameter.empty and "units" not in table:
        raise DescriptionError("it does not say how many units it has, as units = 2.")
    if not isinstance(table.get("bias", True), (bool, list, tuple)) and table["bias"] not in (SHARED, THRESHOLD):
        raise DescriptionError(f'bias is true, false, "{SHARED}", "{THRESHOLD}" or a list of numbers, not {quoted(table["bias"])}.')
    settings = {key: value for key, value in table.items() if key not in WIRING_KEYS}
    if "to" in kind.options and "to" in settings:
        settings["to"] = _layer_called(settings["to"], made)
    return kind(**{**settings, "name": table.get("name", "")})


def _layer_called(name: Any, made: Mapping[str, Layer]) -> Layer:
    if not isinstance(name, str) or name not in made:
        hint = "A layer stands before those that use its parameters."
        raise UnknownNameError("layer before this one", str(name), made or {"(there is none)": None}, hint)
    return made[name]


def check_table(table: object, where: str, known: Iterable[str]) -> None:
    """Is it a table, with nothing but known keys? Raises DescriptionError, UnknownNameError."""
    if not isinstance(table, Mapping):
        raise DescriptionError(f"{where} must be a table of settings, not {quoted(table)}.")
    for key in table:
        if key not in known:
            raise UnknownNameError(f"setting of {where}", str(key), known)


def check_network(subject: object) -> None:
    """Is it a network? Raises InputError, which says where that of a problem, a step or a model is."""
    if not isinstance(subject, Network):
        within = "; its network is .network" if isinstance(getattr(subject, "network", None), Network) else ""
        raise InputError(f"a network is needed, and this is {quoted(type(subject).__name__)}{within}.")


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
    from chainrule.base.files import json_text

    try:
        return json_text(description, indent=1) + "\n"
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
    return key == "layers" or (isinstance(value, Mapping) and key in ("data", "optimizer", "notation", "inputs", "outputs"))


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

    if re.search(DEEP_KEY, re.sub(TOML_TEXT, "s", text, flags=re.DOTALL)):
        raise FileError(f"{where} is not TOML that a description could be: a key in it has more than {DEEPEST_KEY} parts.")
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
