"""A described network for a table: which columns go into which input, and which targets belong to which output.

    [inputs]
    x = {columns = ["age", "colour"]}           # as many numbers as these columns become
    v = {columns = ["height"]}

    [outputs]
    price = {target = "price", from = "3", loss = "huber"}

Without columns, all of them go into the one input, whatever its size is said to be; one that has a shape, [8, 8, 1], or that holds tokens,
takes every column, those that are the same in every row, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.api.networks import ACTIVATION, HIDDEN, layer_sizes
from chainrule.api.problems import is_short_form, problem_named
from chainrule.base.errors import InputError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.base.options import option
from chainrule.base.printing import counted
from chainrule.network.definitions import DefinitionLike, find
from chainrule.network.description import described, network_of_description, read_description
from chainrule.network.network import Network
from chainrule.network.wiring import INPUT, Extent
from chainrule.preparation.fitting import Places
from chainrule.preparation.preparation import Preparation


def description_of(source: str | Path | Mapping[str, Any] | Network) -> dict[str, Any]:
    """The plain data of a network that is to be trained: a file, a short form, an example, a network. Raises InputError."""
    if isinstance(source, Network):
        return described(source)
    if isinstance(source, Mapping):
        return dict(source)
    if not isinstance(source, (str, Path)):
        raise InputError(f"a network is said by a file, a short form as 4-8-3, plain data, or a chainrule.Network, not {quoted(source)}.")
    if Path(source).suffix.lower() in (".toml", ".json"):
        return read_description(source)
    plain = described(problem_named(str(source)).network, numbers=False)
    if is_short_form(str(source)):  # which says neither a loss nor how it ends
        del plain["loss"]
        if "kind" not in plain["layers"][-1]:
            plain["layers"][-1].pop("activation", None)
    return plain


def description_alone(
    source: str | Path | Mapping[str, Any] | Network,
    hidden: str | int | Sequence[int],
    activation: DefinitionLike,
    loss: DefinitionLike | None,
    regularizer: DefinitionLike | None,
) -> dict[str, Any]:
    """The same, where no other argument says what the network is made of. Raises InputError where one does."""
    said = {
        "hidden": layer_sizes(hidden) != list(HIDDEN), "activation": activation != ACTIVATION, "loss": loss is not None,
        "regularizer": regularizer is not None,
    }  # fmt: skip
    for name, is_said in said.items():
        if is_said:
            raise InputError(f"a network that is described whole says its {name} itself; leave out {option(name)}, or «--network».")
    return description_of(source)


def described_targets(description: Mapping[str, Any]) -> tuple[str, ...]:
    """The target columns that the outputs of a description name, in their order."""
    outputs = description.get("outputs")
    tables = outputs.values() if isinstance(outputs, Mapping) else ()
    return tuple(str(output["target"]) for output in tables if isinstance(output, Mapping) and "target" in output)


def places_of_image(description: Mapping[str, Any] | None) -> Places | None:
    """What the columns of a table are where all of them go into one input that has a shape: places of one scale, or tokens."""
    inputs = None if description is None else description.get("inputs")
    if isinstance(inputs, Mapping) and list(inputs) == [INPUT]:
        inputs = inputs[INPUT]
    if isinstance(inputs, Mapping):
        return "tokens" if "vocabulary" in inputs else None
    return "alike" if isinstance(inputs, (list, tuple)) else None


def tasks_of(description: Mapping[str, Any] | None, targets: Sequence[str], task: str | None) -> str | dict[str, str | None] | None:
    """The task of each target, where each has an output of its own: what its loss compares; None where no loss is said.

    Otherwise the one that was asked for. Raises UnknownNameError.
    """
    outputs = None if description is None else description.get("outputs")
    if task is not None or not isinstance(outputs, Mapping) or len(outputs) < 2 or len(outputs) != len(targets) or description is None:
        return task
    tasks: dict[str, str | None] = {}
    for target, output in zip(targets, outputs.values(), strict=True):
        loss = output.get("loss", description.get("loss")) if isinstance(output, Mapping) else None
        compared = "" if loss is None else find("loss", loss).definition.targets
        tasks[target] = None if loss is None else "classify" if compared in ("distribution", "probabilities", "signs") else "regress"
    return tasks


def fitted_network(description: Mapping[str, Any], preparation: Preparation, seed: int) -> tuple[Network, Preparation]:
    """The network for the columns of a table, and the preparation with its columns in the order of the network's inputs.

    Raises InputError where they do not fit: which input or output, how many numbers each has, and what to write.
    """
    inputs, wanted = description.get("inputs"), dict[str, Any]()
    if places_of_image(description):
        wanted["inputs"] = inputs
    elif isinstance(inputs, Mapping) and any(isinstance(value, Mapping) for value in inputs.values()):
        preparation = _ordered(inputs, preparation)
        names = {feature.name: len(feature.names) for feature in preparation.features}
        wanted["inputs"] = {
            name: sum(names[column] for column in value["columns"]) if isinstance(value, Mapping) else value
            for name, value in inputs.items()
        }
    elif isinstance(inputs, int) or (isinstance(inputs, Mapping) and list(inputs) == [INPUT]):
        wanted["inputs"] = preparation.inputs
    outputs = description.get("outputs")
    if isinstance(outputs, Mapping):
        wanted["outputs"] = {name: {key: value for key, value in output.items() if key != "target"} for name, output in outputs.items()}
        if preparation.task == "mixed" and "loss" not in description and len(outputs) == len(preparation.parts):
            losses = zip(outputs, preparation.parts, strict=True)
            wanted["outputs"] = {name: {"loss": part.loss, **wanted["outputs"][name]} for name, part in losses}
    plain = {"seed": seed, "loss": preparation.loss, **description, **wanted}
    network = network_of_description({key: value for key, value in plain.items() if key not in ("data", "optimizer", "title")})
    _check(network, preparation)
    return network, preparation


def _ordered(inputs: Mapping[str, Any], preparation: Preparation) -> Preparation:
    """The features in the order in which the inputs name them."""
    known = {feature.name: feature for feature in preparation.features}
    order: list[str] = []
    for name, value in inputs.items():
        columns = value.get("columns") if isinstance(value, Mapping) else None
        if not isinstance(columns, Sequence) or isinstance(columns, str) or not columns:
            raise InputError(f'inputs.{name} says which columns it takes, as {name} = {{columns = ["a", "b"]}}, as the other inputs do.')
        for column in columns:
            if column not in known:
                raise UnknownNameError("column that is an input", str(column), known)
            order.append(str(column))
    twice = [column for column in order if order.count(column) > 1]
    if twice:
        raise InputError(f"the column {quoted(twice[0])} goes into two inputs; call two layers on one input instead.")
    left = [name for name in known if name not in order]
    if left:
        raise InputError(f"the column {quoted(left[0])} goes into no input; name it in one, or leave it out with «--ignore».")
    return replace(preparation, features=tuple(known[name] for name in order))


def _check_vocabulary(network: Network, preparation: Preparation) -> None:
    """Has the network a row for every token of the table? Raises InputError."""
    extents = [extent for extent in network.wiring.inputs.values() if isinstance(extent, Extent) and extent.vocabulary]
    tokens = [feature for feature in preparation.features if feature.kind == "token"]
    if tokens and extents and extents[0].vocabulary != (found := len(tokens[0].categories)):
        size = f"{counted(extents[0].vocabulary, 'token')}, but the table has {found} different"
        raise InputError(f"the vocabulary of the network has {size}: write v{found}x{len(tokens)}, or vocabulary = {found}.")


def _image_shape(preparation: Preparation) -> tuple[int, ...]:
    """Height, width and channels, where every column is a pixel of an image; () elsewhere."""
    places = [re.fullmatch(r"pixel_(\d+)_(\d+)(?:_(\d+))?", feature.name) for feature in preparation.features]
    if not places or None in places:
        return ()
    return tuple(max(int(place[axis] or 1) for place in places if place) for axis in (1, 2, 3))


def _check(network: Network, preparation: Preparation) -> None:
    """Do the sizes, and the loss, fit the table? Raises InputError."""
    _check_vocabulary(network, preparation)
    if network.inputs != preparation.inputs:
        shapes = [" × ".join(map(str, one.shape)) for one in network.wiring.inputs.values() if isinstance(one, Extent)]
        if shapes and (image := _image_shape(preparation)):
            raise InputError(
                f"the network takes {' and '.join(shapes)} numbers, but the images have {' × '.join(map(str, image))}: "
                f"write {'x'.join(map(str, image))}, or inputs = {list(image)}."
            )
        raise InputError(
            f"the inputs of the network take {counted(network.inputs, 'number')}, but the columns of the table become "
            f"{preparation.inputs}; "
            'say which columns go where, as [inputs] x = {columns = ["a", "b"]}.'
        )
    if preparation.task == "mixed":
        for (name, size), part in zip(network.output_sizes.items(), preparation.parts, strict=False):
            if size != part.outputs:
                target = part.targets[0]
                why = f" ({quoted(target.classes[0])} or {quoted(target.classes[1])})" if target.task == "binary" else ""
                raise InputError(
                    f"the output {name} has {size} numbers, but its target {target.name}{why} becomes {part.outputs}; "
                    f"give its layer units = {part.outputs}."
                )
        if len(network.goals) != len(preparation.parts):
            raise InputError("where classes are among several targets, each has an output of its own: [outputs] kind = {target = …}.")
    if network.outputs != preparation.outputs:
        sizes = ", ".join(f"{name}: {size}" for name, size in network.output_sizes.items())
        raise InputError(
            f"the outputs of the network have {counted(network.outputs, 'number')} ({sizes}), but the "
            f"target{'s' * (len(preparation.targets) > 1)} "
            f"of the table {'become' if len(preparation.targets) > 1 else 'becomes'} {preparation.outputs}."
        )
    if len(network.goals) > 1 and preparation.task not in ("regress", "mixed"):
        raise InputError("a network with several outputs has several targets: say them, as [outputs] kind = {target = …}.")
