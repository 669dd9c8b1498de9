"""What a person asks for, as a problem: the seed, an example, a short form or a file, with the options of the command line.

A problem is made to be read: weights and samples that are drawn for it are round. Training draws its own.

Every option of the command line that makes a network or its batch is an argument of `problem`, by the same name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from chainrule.api.batches import with_batch, with_sample
from chainrule.api.models import Replayed, Trained, recorded, replayed, scales, trained_model
from chainrule.api.settings import chosen_notation, chosen_optimizer, setting
from chainrule.api.typed_numbers import NumbersLike, with_typed_weights
from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.base.options import option
from chainrule.network.definitions import Bound, DefinitionLike, find
from chainrule.network.description import from_json, from_toml, read_description
from chainrule.network.examples import EXAMPLES
from chainrule.network.layers import Layer
from chainrule.network.network import Network
from chainrule.notation.conventions import Notation
from chainrule.steps.problem import Problem, problem_from
from chainrule.steps.step import Step

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.training.model import Model

    Source: TypeAlias = str | Path | Mapping[str, Any] | Network | Problem | Step | Model

SHORT_FORM = r"\s*(?:[-–]?\d[\w\s.,;:×+–-]*|v\d+x[\w:.×-]*)"
"""What looks like 2-2-1, or like 8x8x1:c4k3-10 and v7x20:e16-10, right or wrong."""

FILES = {".csv", ".tsv", ".txt", ".safetensors"}
"""Suffixes of files that are no descriptions."""


def problem(
    source: Source | None = None,
    *,
    bias: bool | None = None,
    activation: DefinitionLike | None = None,
    output_activation: DefinitionLike | None = None,
    loss: DefinitionLike | None = None,
    weights: NumbersLike | Mapping[str, Any] | None = None,
    weights_as: str | Sequence[str] | None = None,
    seed: int | None = None,
    initializer: DefinitionLike | None = None,
    regularizer: DefinitionLike | None = None,
    outputs: str | None = None,
    batch: str | None = None,
    notation: str | Mapping[str, Any] | Notation | None = None,
    language: str | None = None,
    input: NumbersLike | None = None,
    target: NumbersLike | None = None,
    upstream: NumbersLike | None = None,
    data: str | Path | None = None,
    row: int | str | Sequence[int | str] | None = None,
    target_columns: str | Sequence[str] | None = None,
    encoding: str | None = None,
    learning_rate: float | DefinitionLike | None = None,
    multipliers: str | Mapping[str, float] | None = None,
    optimizer: DefinitionLike | None = None,
    step: int | None = None,
) -> Problem:
    """The network, batch and optimiser that a person asks for; what they lack is drawn from the seed, in round numbers.

    source             nothing (the seed), an example's name, a short form such as "2-2-1", a .toml or .json file, "-" (standard
                       input), a model or its .safetensors file, a description as plain data, a network or another problem; also a
                       step or its record, as .json or plain data, which is what it is: of the options only notation and language go
                       with it
    bias               False takes every b away, True gives one to every layer
    activation         of the hidden layers; tanh in a short form
    output_activation  of the last layer; what fits the loss if none is said
    loss, regularizer, initializer, optimizer   a name, with options as in "huber:delta=2" or {"name": "huber", "delta": 2}
    weights            w1, w2 … in their numbering, then, if wanted, every b, as "0.21 0.56 …" or a list; by matrix, or by name, as
                       'W1="0.3 -0.1; 0.2 0.4" b1="0 0"' or {"w14": 0.2, "w1,4": 0.3}; or a file of tensors, as PyTorch's state.pt or
                       weights.safetensors
    weights_as         how they are written, as of `Network.with_weights`: "by-source, thresholds"
    seed               draws the weights for which no numbers are given, and the sample where there is none
    outputs, batch     "sum" or "mean": how the error is counted over the outputs and over the examples
    notation           a preset and letters, as in "nielsen,learning_rate=α"; or a table as in a description
    language           "en" or "de"
    input, target      rows of numbers: "8 12" or "0 1; 1 1", or a list of lists
    upstream           a given ∂E/∂y, rows of numbers in place of targets and loss: back-propagation starts from it
    data               a file with a table of numbers; for a model, a table of raw rows, which it prepares as it did its own
    row                rows of the data or of the description's batch, counted from 1: 3, "3-7", "3,5"; all if none is said
    target_columns     the columns of the data that are targets, "a,b" or a list; the last ones if none is said
    encoding           of the data, if it is text that is not in UTF-8, as "cp1252"
    learning_rate      a number, or a schedule as in "cosine:rate=0.1"
    multipliers        what the learning rates of layers or parameters are multiplied by: "hidden1=0.1 b2=2" or {"hidden1": 0.1, "b2": 2}
    step               of a model: the very step of that number in its training, replayed from `data` or, without it, from the file
                       that it was trained on

    Raises InputError.
    """
    options = {name: value for name, value in locals().items() if name not in ("source", "notation", "language")}
    if upstream is not None and (loss is not None or target is not None or data is not None):
        raise InputError("«--upstream» gives ∂E/∂y in place of targets and their loss; leave out «--loss», «--target» and «--data».")
    if step is not None:
        return replayed(source, step, data, encoding, notation, language)
    found = _found(source)
    if isinstance(found, Replayed):
        return _as_recorded(found, options, notation, language)
    numbered = list(found.network.numbered_layers)
    layers = _changed_layers(found.network, numbered, bias, activation, initializer)
    new_loss = None if loss is None else find("loss", setting(loss))
    written = chosen_notation(found.network.notation, notation, language)
    changes = {
        "loss": new_loss,
        "regularizer": None if regularizer is None else find("regularizer", setting(regularizer)),
        "seed": seed,
        "outputs": outputs,
        "batch": batch,
        "notation": None if written == found.network.notation else written,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    layers = [
        _changed_output(found.network, layer, new_loss, output_activation) if old in found.network.last_layers else layer
        for old, layer in zip(found.network.layers, layers, strict=True)
    ]
    network = found.network
    if changes or any(new is not old for old, new in zip(numbered, layers, strict=True)):  # else it keeps what it has worked out
        network = network.replaced(layers=layers, **changes)
    if not isinstance(source, (Network, Problem)):  # whose numbers are their owner's
        network = network.made_legible()
    if weights is not None:
        from chainrule.interop.states import is_state, with_state

        if is_state(weights):
            if weights_as:
                raise InputError("«--weights-as» says how numbers are written; a file of tensors has its own order. Leave one of them out.")
            network = with_state(network, str(weights))
        else:
            network = with_typed_weights(network, weights, weights_as or ())
    elif weights_as:
        raise InputError("«--weights-as» says how weights are written; give them, with «--weights».")
    if upstream is not None:
        network, target = network.with_upstream(), upstream
    changed = replace(found, network=network, optimizer=chosen_optimizer(found.optimizer, optimizer, learning_rate, multipliers))
    if upstream is not None:
        changed = replace(changed, t=None, targets=())
    return with_sample(with_batch(changed, input, target, data, row, target_columns, encoding))


def problem_or_step(subject: Source) -> Problem | Step:
    """What is to be shown, if it is a problem or a step; of everything else the `problem`. Raises InputError."""
    return subject if isinstance(subject, (Problem, Step)) else problem(subject)


# Where a network comes from


def _found(source: Source | None) -> Problem:
    if isinstance(source, Problem):
        return source
    if isinstance(source, Network):
        return Problem(source)
    if isinstance(source, Step):
        return recorded(source)
    if isinstance(source, Mapping):
        return _described(source)
    named = source is None or isinstance(source, (str, os.PathLike))
    found = problem_named(str(source or "seed")) if named else _of_model(source)
    if isinstance(found, Replayed):
        return found
    origin = {**found.origin, **({"source": str(source or "seed")} if named else {})}
    return replace(found, origin=origin | scales(found.preparation if isinstance(found, Trained) else None))


def _of_model(source: object) -> Problem:
    """A trained model, as of its file. Raises InputError where it is anything else."""
    from chainrule.training.model import Model

    if isinstance(source, Model):
        return trained_model(source)
    raise InputError(f"{type(source).__name__} is no network; give a Network, a Problem, a Step, a Model, plain data, or a name as 2-2-1.")


def _described(data: Mapping[str, Any]) -> Problem:
    """What plain data describes: a network, or a recorded step."""
    from chainrule.steps.step import FORMAT, Step

    return recorded(Step.from_dict(data)) if data.get("format") == FORMAT else problem_from(data)


def _as_recorded(found: Replayed, options: Mapping[str, Any], notation: Any, language: str | None) -> Replayed:
    """A recorded step in the letters and the language that are asked for. Raises InputError where an option would make it another step."""
    changing = [option(name.replace("_", "-")) for name, value in options.items() if value is not None]
    if changing:
        raise InputError(f"a recorded step holds its own network, numbers and optimiser; leave out {', '.join(changing)}.")
    return found.written_in(chosen_notation(found.network.notation, notation, language))


def is_short_form(name: str) -> bool:
    """Is it a network in a word, and no file?"""
    return re.fullmatch(SHORT_FORM, name) is not None and os.path.splitext(name)[1].lower() not in FILES and not os.path.exists(name)


def problem_named(name: str) -> Problem:
    """What an example, a short form, a file or "-" (standard input) describes. Raises InputError."""
    if name in EXAMPLES:
        found = problem_from(EXAMPLES[name])
        return replace(found, network=found.network.understood_as({}))  # nobody gave these numbers
    if name == "-":
        return _described(_standard_input())
    from pathlib import Path

    suffix = Path(name).suffix.lower()
    if suffix in (".toml", ".json"):
        return _described(read_description(name))
    if suffix == ".safetensors":
        return trained_model(name)
    if suffix == ".pt2":
        from chainrule.api.modules import program_problem

        return program_problem(name)
    if is_short_form(name):
        from chainrule.network.short_form import short_form

        return Problem(short_form(name))
    raise _no_network(name, suffix)


def _no_network(name: str, suffix: str) -> InputError:
    """Why this is no network, and what is one."""
    path = quoted(name)[1:-1]
    if "=" in name and not os.path.exists(name):
        return InputError(f'{path} is no network; if it is a formula, say so: «--formula "…"».')
    if suffix in FILES:
        return FileError(f"{path} is no description of a network; if it holds data, give it as {option('data', path)}.")
    if os.path.isdir(name):
        return FileError(f"{path} is a folder; name a .toml or .json file in it.")
    if suffix or os.sep in name or os.path.exists(name):
        return FileError(f"{path} is no network: a description is a .toml or .json file.")
    return UnknownNameError("example", name, EXAMPLES, "A network may also be a short form, as 2-2-1, or a .toml or .json file.")


def _standard_input() -> dict[str, Any]:
    from chainrule.base.files import read_stream

    binary = getattr(sys.stdin, "buffer", None) or BytesIO(sys.stdin.read().encode())  # a stream of text alone, as io.StringIO
    text = read_stream(binary, "standard input")
    read = from_json if text.lstrip().startswith("{") else from_toml
    return read(text, "standard input")


# Options


def _changed_layers(
    network: Network, layers: list[Layer], bias: bool | None, activation: DefinitionLike | None, initializer: DefinitionLike | None
) -> list[Layer]:
    """The layers, with their numbers, as the options want them."""
    last = network.last_layers
    if bias is not None:
        changing = [layer.option("bias") is not None and bool(layer.option("bias")) is not bias for layer in layers]
        without = [layer.without_numbers("b").without_numbers("theta").with_options(bias=bias) for layer in layers]
        layers = [new if changed else layer for layer, new, changed in zip(layers, without, changing, strict=True)]
    if activation is not None:
        inner = find("activation", setting(activation))
        layers = [
            layer if old in last or layer.activation is None else layer.with_options(activation=inner)
            for old, layer in zip(network.layers, layers, strict=True)
        ]
    if initializer is not None:
        start = find("initializer", setting(initializer))
        layers = [replace(layer.without_numbers("W"), initializer=start, frozen=layer.frozen) for layer in layers]
    return layers


def _changed_output(network: Network, layer: Layer, loss: Bound | None, activation: DefinitionLike | None) -> Layer:
    """A last layer; if its activation fitted the old loss and another loss is wanted, it fits that."""
    if activation is not None:
        return layer.with_options(activation=find("activation", setting(activation)))
    fitted = layer.activation is not None and layer.activation.name == network.loss.output.name
    return layer.with_options(activation=None) if loss is not None and fitted else layer
