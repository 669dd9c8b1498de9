"""What a person asks for, as a problem: the seed, an example, a short form or a file, with the options of the command line.

Every option of the command line that makes a network or its batch is an argument of `problem`, by the same name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.definitions import Bound, Definition, find
from chainrule.describe import Problem, from_json, from_toml, problem_from, read_description
from chainrule.errors import DescriptionError, FileError, InputError, UnknownNameError, shown
from chainrule.examples import EXAMPLES
from chainrule.layers import Dense, dense
from chainrule.network import MOST_LAYERS, Array, Network, checked_batch, fitting_output
from chainrule.notation.settings import CHOICES, Notation

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.model import Model
    from chainrule.prepare import Preparation
    from chainrule.step import Step

Wanted: TypeAlias = "str | Definition | Bound | Mapping[str, Any]"
Numbers: TypeAlias = "str | Sequence[Any] | Array"

SHORT_FORM = re.compile(r"\s*[-–]?\d[\w\s.,;:×+–-]*")
"""What looks like 2-2-1, right or wrong."""

FILES = {".csv", ".tsv", ".txt", ".safetensors"}
"""Suffixes of files that are no descriptions."""

PROBABLE = {"cross_entropy", "cross_entropy_from_logits", "kl"}
"""Losses whose targets are probabilities of classes."""

BINARY = {"binary_cross_entropy", "binary_cross_entropy_from_logits"}
SIGNED = {"hinge", "squared_hinge"}


def problem(
    source: str | Path | Mapping[str, Any] | Network | None = None,
    *,
    bias: bool | None = None,
    activation: Wanted | None = None,
    output_activation: Wanted | None = None,
    loss: Wanted | None = None,
    weights: Numbers | None = None,
    seed: int | None = None,
    initializer: Wanted | None = None,
    regularizer: Wanted | None = None,
    outputs: str | None = None,
    batch: str | None = None,
    notation: str | Mapping[str, Any] | Notation | None = None,
    language: str | None = None,
    input: Numbers | None = None,
    target: Numbers | None = None,
    data: str | Path | None = None,
    row: int | str | Sequence[int | str] | None = None,
    target_columns: str | Sequence[str] | None = None,
    encoding: str | None = None,
    learning_rate: float | Wanted | None = None,
    optimizer: Wanted | None = None,
    step: int | None = None,
) -> Problem:
    """The network, batch and optimiser that a person asks for; what the batch lacks is drawn from the seed.

    source             nothing (the seed), an example's name, a short form such as "2-2-1", a .toml or .json file, "-" (standard
                       input), a model in a .safetensors file, a description as plain data, or a network
    bias               False takes every b away, True gives one to every layer
    activation         of the hidden layers; tanh in a short form
    output_activation  of the last layer; what fits the loss if none is said
    loss, regularizer, initializer, optimizer   a name, with options as in "huber:delta=2" or {"name": "huber", "delta": 2}
    weights            w1, w2 … in their numbering, then, if wanted, every b; "0.21 0.56 …" or a list
    seed               draws the weights for which no numbers are given, and the sample where there is none
    outputs, batch     "sum" or "mean": how the error is counted over the outputs and over the examples
    notation           a preset and letters, as in "nielsen,learning_rate=α"; or a table as in a description
    language           "en" or "de"
    input, target      rows of numbers: "8 12" or "0 1; 1 1", or a list of lists
    data               a file with a table of numbers; for a model, a table of raw rows, which it prepares as it did its own
    row                rows of the data or of the description's batch, counted from 1: 3, "3-7", "3,5"; all if none is said
    target_columns     the columns of the data that are targets, "a,b" or a list; the last ones if none is said
    encoding           of the data, if it is text that is not in UTF-8, as "cp1252"
    learning_rate      a number, or a schedule as in "cosine:rate=0.1"
    step               of a model: the very step of that number in its training, replayed from `data` or, without it, from the file
                       that it was trained on

    Raises InputError.
    """
    if step is not None:
        return _replayed(source, step, data, encoding, notation, language)
    found = _found(source)
    layers = _changed_layers(found.network, bias, activation, initializer)
    new_loss = None if loss is None else find("loss", setting(loss))
    changes = {
        "loss": new_loss,
        "regularizer": None if regularizer is None else find("regularizer", setting(regularizer)),
        "seed": seed,
        "outputs": outputs,
        "batch": batch,
        "notation": _notation(found.network.notation, notation, language),
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    layers[-1] = _changed_output(found.network, layers[-1], new_loss, output_activation)
    network = found.network.replaced(layers=layers, **changes)
    if weights is not None:
        network = network.with_weights(_row_of_numbers("weights", weights))
    changed = replace(found, network=network, optimizer=chosen_optimizer(found.optimizer, optimizer, learning_rate))
    return _with_sample(_with_batch(changed, input, target, data, row, target_columns, encoding))


# Where a network comes from


def _found(source: str | Path | Mapping[str, Any] | Network | None) -> Problem:
    if isinstance(source, Network):
        return Problem(source)
    if isinstance(source, Mapping):
        return problem_from(source)
    name = str(source or "seed")
    return replace(_named(name), origin={"source": name})


def _named(name: str) -> Problem:
    if name in EXAMPLES:
        return problem_from(EXAMPLES[name])
    if name == "-":
        return problem_from(_standard_input())
    from pathlib import Path

    suffix = Path(name).suffix.lower()
    if suffix in (".toml", ".json"):
        return problem_from(read_description(name))
    if suffix == ".safetensors":
        return _trained(name)
    if SHORT_FORM.fullmatch(name) and suffix not in FILES and not os.path.exists(name):
        return Problem(short_form(name))
    raise _no_network(name, suffix)


def _no_network(name: str, suffix: str) -> InputError:
    """Why this is no network, and what is one."""
    path = shown(name)[1:-1]
    if suffix in FILES:
        return FileError(f"{path} is no description of a network; if it holds data, give it as --data {path}.")
    if os.path.isdir(name):
        return FileError(f"{path} is a folder; name a .toml or .json file in it.")
    if suffix or os.sep in name or os.path.exists(name):
        return FileError(f"{path} is no network: a description is a .toml or .json file.")
    return UnknownNameError("example", name, EXAMPLES, "A network may also be a short form, as 2-2-1, or a .toml or .json file.")


# Models


@dataclass(frozen=True, eq=False)
class Trained(Problem):
    """A trained model, whose preparation turns raw rows into the batch.

    own  the data that it was trained on, as the model's file names it and how it is read
    """

    preparation: Preparation | None = None
    own: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Replayed(Problem):
    """A recorded step, and those that would follow it on the same batch."""

    record: Step | None = None

    def steps(self, *, exact: bool = False) -> Iterator[Step]:
        """The recorded step first. Raises InputError if fractions are asked for."""
        from chainrule.step import following

        if exact:
            raise InputError("a step of a training is recorded in floating point; leave out --exact.")
        step = self.record
        while step is not None:
            yield step
            step = following(step)


def _trained(path: str) -> Problem:
    from chainrule.model import Model

    model = Model.load(path)
    features, targets = _names_of(model)
    return Trained(
        model.network, optimizer=model.plan.optimizer, features=features, targets=targets, preparation=model.preparation, own=model.source
    )


def _names_of(model: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What inputs and outputs are called."""
    return ((), ()) if model.preparation is None else (model.preparation.feature_names, model.preparation.output_names)


def is_model(source: object) -> bool:
    """Is this the name of a trained model's file?"""
    return str(source).lower().endswith(".safetensors")


def _replayed(source: Any, number: int, data: Any, encoding: str | None, notation: Any, language: str | None) -> Problem:
    """Step `number` of the training of a model."""
    from chainrule.model import Model
    from chainrule.parts import training_rows

    if not is_model(source):
        raise InputError("only a trained model, a .safetensors file, has recorded steps.")
    model = Model.load(source)
    rows = training_rows(model, data, encoding)
    step = model.step_at(rows.x, rows.t, number, weights=rows.weights)
    network = step.network.replaced(notation=_notation(step.network.notation, notation, language))
    features, targets = _names_of(model)
    origin = {"source": str(source), "data": rows.source, "features": list(features), "targets": list(targets)}
    record = replace(step, network=network, origin=origin)
    return Replayed(network, record.x, record.t, record.optimizer, origin=origin, record=record)


def _standard_input() -> dict[str, Any]:
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError("standard input is not text in UTF-8.") from None
    if not text.strip():
        raise FileError("standard input is empty; it should hold a description in TOML or JSON.")
    read = from_json if text.lstrip().startswith("{") else from_toml
    return read(text, "standard input")


def short_form(text: str) -> Network:
    """The network that 2-2-1 means: dense layers with biases, tanh inside, at the end what fits the loss. Raises DescriptionError.

    >>> short_form("3-4-2").sizes
    (3, 4, 2)
    """
    sizes = text.strip().split("-")
    if len(sizes) < 2 or not all(size.isdecimal() for size in sizes):
        raise DescriptionError(f"{shown(text)} is no short form: write the inputs and the units of each layer with - between, as 2-2-1.")
    if len(sizes) - 1 > MOST_LAYERS:
        raise DescriptionError(f"{len(sizes) - 1:,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")
    for size in sizes:
        if len(size) > 12:
            raise DescriptionError(f"a layer with a number of {len(size):,} digits is more than this can hold; try 2-2-1.")
    inputs, *hidden, outputs = map(int, sizes)
    return Network(inputs, *(dense(units, "tanh") for units in hidden), dense(outputs))


# Options


def _changed_layers(network: Network, bias: bool | None, activation: Wanted | None, initializer: Wanted | None) -> list[Dense]:
    """The layers, with their numbers, as the options want them."""
    layers = list(network.replaced().layers)
    if bias is not None:
        layers = [layer if layer.bias == bias else replace(_without(layer, "b"), bias=bias) for layer in layers]
    if activation is not None:
        inner = find("activation", setting(activation))
        layers = [*(replace(layer, activation=inner) for layer in layers[:-1]), layers[-1]]
    if initializer is not None:
        start = find("initializer", setting(initializer))
        layers = [replace(_without(layer, "W"), initializer=start, frozen=layer.frozen) for layer in layers]
    return layers


def _without(layer: Dense, kind: str) -> Dense:
    """The layer without numbers for its W or b."""
    given = {key: numbers for key, numbers in layer.given.items() if key != kind}
    return replace(layer, given=given, frozen=tuple(name for name in layer.frozen if name != kind))


def _changed_output(network: Network, layer: Dense, loss: Bound | None, activation: Wanted | None) -> Dense:
    """The last layer; if its activation fitted the old loss and another loss is wanted, it fits that."""
    if activation is not None:
        return replace(layer, activation=find("activation", setting(activation)))
    fitted = layer.activation is not None and layer.activation.name == fitting_output(network.loss)
    return replace(layer, activation=None) if loss is not None and fitted else layer


def setting(wanted: Wanted) -> Any:
    """A name with options, "huber:delta=2,…", as a table; everything else as it is."""
    if not isinstance(wanted, str) or ":" not in wanted:
        return wanted
    name, _, options = wanted.partition(":")
    pairs = [option.partition("=") for option in options.split(",")]
    for key, equals, value in pairs:
        if not (key.strip() and equals and value.strip()):
            raise InputError(f"options are written as name:option=number,option=number, not {shown(wanted)}.")
    return {"name": name.strip(), **{key.strip(): _value(value.strip()) for key, _, value in pairs}}


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def chosen_optimizer(present: Bound | None, wanted: Wanted | None, learning_rate: float | Wanted | None) -> Bound:
    """The optimiser wanted, else the description's, else gradient descent; with the learning rate if one is wanted."""
    rule = find("optimizer", setting(wanted)) if wanted is not None else present or find("optimizer", "sgd")
    if learning_rate is None:
        return rule
    return rule.definition.bind(**{**rule.given, "learning_rate": _rate(learning_rate)})


def _rate(wanted: float | Wanted) -> Any:
    value = _value(wanted) if isinstance(wanted, str) else wanted
    if isinstance(value, str) and not value[:1].isalpha():
        raise InputError(f"the learning rate is a number, as 0.05, or a schedule, as cosine:rate=0.1, not {shown(wanted)}.")
    return value if isinstance(value, (int, float)) else find("schedule", setting(value))


def _notation(present: Notation, wanted: str | Mapping[str, Any] | Notation | None, language: str | None) -> Notation:
    """The description's notation, changed as wanted; a preset starts anew."""
    if isinstance(wanted, Notation):
        present, wanted = wanted, None
    changes = _notation_settings(wanted) if isinstance(wanted, str) else dict(wanted or {})
    start: dict[str, Any] = {} if "preset" in changes else present.to_dict()
    letters = {**start.get("letters", {}), **changes.pop("letters", {})}
    settings = {**start, **changes, **({"letters": letters} if letters else {}), **({"language": language} if language else {})}
    return Notation.from_dict(settings)


def _notation_settings(text: str) -> dict[str, Any]:
    """`nielsen,learning_rate=α,vectors=columns` as a table: a preset, letters and choices."""
    settings: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            settings["preset"] = key
        elif key in CHOICES:
            settings[key] = value
        else:
            settings.setdefault("letters", {})[key] = value
    return settings


# The batch


def _with_batch(
    problem: Problem,
    x: Numbers | None,
    t: Numbers | None,
    data: str | Path | None,
    row: int | str | Sequence[int | str] | None,
    target_columns: str | Sequence[str] | None,
    encoding: str | None,
) -> Problem:
    if data is None and row is not None and x is None and t is None and isinstance(problem, Trained):
        data = problem.own.get("name")
    if data is not None:
        if x is not None or t is not None:
            raise InputError("a batch comes either from --data or from --input and --target; leave out one of them.")
        return _from_table(problem, data, row, target_columns, {} if encoding is None else {"encoding": encoding})
    if target_columns is not None:
        raise InputError("--target-columns names columns of a table; give the table, as --data FILE.")
    network = problem.network
    given_x = problem.x if x is None else checked_batch("input", _numbers("input", x), network.inputs)
    given_t = problem.t if t is None else checked_batch("target", _numbers("target", t), network.outputs)
    if given_x is not None and given_t is not None and len(given_x) != len(given_t):
        raise InputError(f"there are {len(given_x)} rows of inputs but {len(given_t)} of targets; both need as many.")
    changed = replace(problem, x=given_x, t=given_t)
    return changed if row is None else _chosen(changed, _rows(row))


def _chosen(problem: Problem, rows: list[int]) -> Problem:
    """Only these rows of the batch."""
    if problem.x is None or problem.t is None:
        raise InputError("--row chooses rows of a batch, but there is none; give --data FILE or --input and --target.")
    for number in rows:
        if not 1 <= number <= len(problem.x):
            raise InputError(f"the batch has no row {number}; its rows are 1 to {len(problem.x)}.")
    places = [number - 1 for number in rows]
    return replace(problem, x=problem.x[places], t=problem.t[places], origin={**problem.origin, "rows": rows})


def _from_table(
    problem: Problem,
    path: str | Path,
    row: int | str | Sequence[int | str] | None,
    target_columns: str | Sequence[str] | None,
    form: Mapping[str, Any],
) -> Problem:
    from chainrule.data import read

    if isinstance(problem, Trained) and problem.preparation is not None:
        return _from_raw_rows(problem, problem.preparation, path, row, target_columns, form)
    table, network = read(path, **form), problem.network
    rows = list(range(1, len(table) + 1)) if row is None else _rows(row)
    split = target_columns.split(",") if isinstance(target_columns, str) else target_columns
    targets = [name.strip() for name in split] if split is not None else list(table.names[-network.outputs :])
    for name in targets:
        table.column(name)  # is it there?
    inputs = [name for name in table.names if name not in targets]
    if len(inputs) != network.inputs or len(targets) != network.outputs:
        raise InputError(
            f"{path} has {len(inputs)} columns of inputs and {len(targets)} of targets, but the network needs "
            f"{network.inputs} and {network.outputs}; describe a {len(inputs) or 1}-…-{len(targets) or 1} network or "
            "choose with --target-columns."
        )
    chosen = table.chosen(rows)
    names = {"features": tuple(inputs), "targets": tuple(targets)} if table.has_header else {"features": (), "targets": ()}
    origin = {**problem.origin, "data": str(path), "rows": rows}
    return replace(problem, x=chosen.numbers(inputs), t=chosen.numbers(targets), origin=origin, **names)


def _from_raw_rows(
    problem: Trained,
    preparation: Preparation,
    path: str | Path,
    row: int | str | Sequence[int | str] | None,
    target_columns: str | Sequence[str] | None,
    form: Mapping[str, Any],
) -> Problem:
    """Rows as they were before any preparation: the model prepares them as it did its own."""
    from chainrule.data import read

    if target_columns is not None:
        raise InputError("a model knows its own targets; leave out --target-columns.")
    own = problem.own.get("form", {}) if str(path) == problem.own.get("name") else {}
    table = read(path, kinds=preparation.kinds, **{**own, **form})
    rows = list(range(1, len(table) + 1)) if row is None else _rows(row)
    chosen = table.chosen(rows)
    origin = {**problem.origin, "data": str(path), "rows": rows}
    if len(rows) == 1:
        origin["raw"] = {name: _cell(chosen.column(name).values[0]) for name in preparation.kinds}
    return replace(problem, x=preparation.x(chosen), t=preparation.t(chosen), origin=origin)


def _cell(value: Any) -> str:
    """A value as its table has it."""
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _rows(row: int | str | Sequence[int | str]) -> list[int]:
    from chainrule.data import row_numbers

    parts = [row] if isinstance(row, (int, str)) else row
    return [number for part in parts for number in row_numbers(str(part))]


def _numbers(what: str, values: Numbers) -> Any:
    """Rows of numbers: text with spaces or commas between values and ; between rows, or what is one already."""
    if not isinstance(values, str):
        return values
    return [_row_of_numbers(f"{what} row {number}", row) for number, row in enumerate(values.strip().strip(";").split(";"), start=1)]


def _row_of_numbers(what: str, values: Numbers) -> Any:
    if not isinstance(values, str):
        return values
    cells = values.replace(",", " ").split()
    if not cells:
        raise InputError(f"{what} holds no numbers; write them as 0.21 0.56.")
    return [_number(what, cell) for cell in cells]


def _number(what: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise InputError(f"{what} holds {shown(cell)}, which is no number.") from None


def _with_sample(problem: Problem) -> Problem:
    """The problem with what it lacks of a batch drawn from its seed; `origin` says what was drawn, weights too."""
    network = problem.network
    x, t = problem.x, problem.t
    if x is None or t is None:
        random = np.random.default_rng([network.seed, 1])  # not the stream of the weights
        x = np.round(random.normal(size=(1 if t is None else len(t), network.inputs)), 2) if x is None else x
        t = fitting_targets(network, random, len(x)) if t is None else t
    drawn = [*network.initializers, *(["x"] if problem.x is None else []), *(["t"] if problem.t is None else [])]
    origin = {**problem.origin, **({"drawn": drawn, "seed": network.seed} if drawn else {})}
    return replace(problem, x=x, t=t, origin=origin)


def fitting_targets(network: Network, random: np.random.Generator, rows: int) -> Array:
    """Targets of the shape (rows, outputs) as the loss needs them: one-hot, 0 or 1, ±1, or numbers that the last layer can give."""
    shape, loss = (rows, network.outputs), network.loss.name
    output = network.layers[-1].activation
    last = output.name if output else "identity"
    if loss in PROBABLE or (last == "softmax" and loss not in BINARY | SIGNED):
        return np.asarray(np.eye(network.outputs)[random.integers(network.outputs, size=rows)])
    if loss in BINARY:
        return random.integers(2, size=shape).astype(float)
    if loss in SIGNED:
        return 2.0 * random.integers(2, size=shape) - 1
    if last in ("sigmoid", "hard_sigmoid"):
        return np.round(random.uniform(size=shape), 2)
    return np.round(random.uniform(-0.99, 0.99, size=shape) if last in ("tanh", "hard_tanh", "softsign") else random.normal(size=shape), 2)
