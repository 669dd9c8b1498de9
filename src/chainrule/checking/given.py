"""Numbers in place of a program: what somebody computed, in JSON, CSV, an .npz archive, a recorded step or a PyTorch state."""

from __future__ import annotations

import csv
import pickle
import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.files import check_readable, parse_json, read_text
from chainrule.checking.declared import strength
from chainrule.checking.evidence import Architecture, Observation
from chainrule.network.network import Network
from chainrule.steps.problem import Problem
from chainrule.steps.step import FORMAT, Step

SUFFIXES = (".json", ".csv", ".npz", ".pt", ".pth", ".safetensors")
"""Files that hold numbers, and no program."""

OF_PROBLEM = ("x", "t")


def architecture_of(network: Network) -> Architecture:
    """What a network of dense layers in a chain is. Raises InputError for any other."""
    layers = network.layers
    if not network.wiring.is_chain or any(layer.kind.name != "dense" or layer.activation is None for layer in layers):
        raise InputError("a check takes networks of dense layers in a chain; this one has other layers, or branches.")
    counted = network.conventions
    biases = tuple(f"b{number}" in network.shapes for number in range(1, len(layers) + 1))
    names = tuple(layer.activation.name for layer in layers if layer.activation is not None)
    penalty = strength(network.regularizer)
    return Architecture(names, network.loss.name, counted.outputs, counted.batch, biases, network.sizes, penalty=penalty, loss_said=True)


def read_numbers(path: str | Path) -> tuple[Mapping[str, Any], float]:
    """What a file of numbers holds, by the names of its quantities, and by how much they are rounded, absolutely.

    A line of a CSV file is the name of a quantity and a row of its numbers. Raises FileError, InputError.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".npz":
        check_readable(Path(path))
        try:
            with np.load(path, allow_pickle=False) as archive:
                stored = {key: archive[key] for key in archive.files}
            return {key: np.asarray(value, dtype=float) for key, value in stored.items()}, precision_of(stored)
        except (ValueError, OSError, KeyError) as error:
            raise FileError(f"{quoted(str(path))} is no archive of numbers: {error}.") from None
    if suffix in (".pt", ".pth"):
        return _torch_state(path)
    text = read_text(path)
    if suffix == ".csv":
        return _csv_numbers(text, str(path))
    plain = parse_json(text, str(path))
    if not isinstance(plain, dict):
        raise InputError(f'{quoted(str(path))} should be an object of quantities, as {{"dW1": [[…]], "db1": […]}}.')
    return plain, 0.0 if plain.get("format") == FORMAT else _typed_to(plain)


COMPUTED = 12
"""Digits from which on a number was computed, and is not typed."""


def _typed_to(plain: Mapping[str, Any]) -> float:
    """By how much quantities that a person has typed are rounded; JSON drops zeros at the end, so the longest of each quantity tells."""
    places = list[float]()
    for key, value in plain.items():
        if key in OF_PROBLEM or re.fullmatch(r"[Wb]\d+", key) or not isinstance(value, (list, float)):
            continue
        try:
            written = [repr(one) for one in np.asarray(value, dtype=float).ravel().tolist()]
        except (ValueError, TypeError):
            continue
        if any(sum(sign.isdigit() for sign in text) >= COMPUTED or "e" in text for text in written):
            return 0.0
        decimals = max((len(text.partition(".")[2].rstrip("0")) for text in written), default=0)
        places += [0.5 * 10.0**-decimals] * (decimals > 0)
    return max(places, default=0.0)


def _csv_numbers(text: str, path: str) -> tuple[dict[str, Array], float]:
    rows: dict[str, list[list[str]]] = {}
    for row in csv.reader(StringIO(text), delimiter=";" if ";" in text else ","):
        cells = [cell.strip() for cell in row if cell.strip()]
        if cells:
            rows.setdefault(cells[0], []).append([cell.replace(",", ".") for cell in cells[1:]])
    from chainrule.checking.marks import digits_of

    found, rounded = dict[str, Array](), list[float]()
    for name, lines in rows.items():
        try:
            values = np.array([[float(cell) for cell in line] for line in lines])
        except ValueError:
            raise InputError(f"{quoted(path)}: the rows of {quoted(name)} are not numbers of one length.") from None
        found[name] = values[0] if len(lines) == 1 and name[:1] in "bd" and not name.startswith("dW") else values
        rounded += [place for line in lines for place in digits_of(" ".join(line))]
    return found, max((place for place in rounded if place < 0.5), default=0.0)


def _torch_state(path: str | Path) -> tuple[dict[str, Array], float]:
    """A PyTorch state with the gradients beside it, "0.weight.grad": state | {f"{n}.grad": p.grad for n, p in module.named_parameters()}.

    Nothing in the file is run.
    """
    try:
        import torch
    except ImportError:
        raise InputError("a PyTorch state needs PyTorch: pip install torch.") from None
    check_readable(Path(path))
    try:
        state = torch.load(str(path), weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise FileError(f"{quoted(str(path))} is no PyTorch state of weights alone: {type(error).__name__}.") from None
    if not isinstance(state, Mapping):
        raise InputError(f"{quoted(str(path))} should be a mapping of tensors, as state_dict() gives, with gradients as 0.weight.grad.")
    stored = {str(name): one.detach().cpu() for name, one in state.items() if hasattr(one, "detach")}
    halves = {name: one.float() if one.dtype in (torch.float16, torch.bfloat16) else one for name, one in stored.items()}
    rounded = max([precision_of({name: one.numpy() for name, one in halves.items()}), *_of_halves(stored)])
    return _from_torch_names({name: one.double().numpy() for name, one in stored.items()}), rounded


STEPS = 16
"""So many roundings may add up in a number that was computed in single precision."""


def precision_of(stored: Mapping[str, Any]) -> float:
    """By how much numbers may be off that were computed in the precision of their arrays; 10⁻¹² where that is double precision."""
    found = [1e-12]
    for value in map(np.asarray, stored.values()):
        if value.dtype.kind == "f" and value.size and value.dtype.itemsize < 8:
            found.append(STEPS * float(np.finfo(value.dtype).eps) * float(np.abs(value).max()))
    return max(found)


def _of_halves(stored: Mapping[str, Any]) -> list[float]:
    """The same of tensors of 16 bits."""
    return [
        float(2.0**-7 * one.abs().max()) for one in stored.values() if one.is_floating_point() and one.element_size() < 4 and one.numel()
    ]


def _from_torch_names(state: Mapping[str, Array]) -> dict[str, Array]:
    """W1, b1, dW1 … of layers as PyTorch names them, "0.weight" and "0.weight.grad", in their order, turned to inputs × units."""
    layers = list(dict.fromkeys(name.rpartition(".weight")[0] for name in state if name.endswith(".weight")))
    found = {name: value for name, value in state.items() if ".weight" not in name and ".bias" not in name}
    for number, layer in enumerate(layers, start=1):
        for own, key, turned in (("weight", "W", True), ("bias", "b", False)):
            for suffix, prefix in (("", ""), (".grad", "d")):
                value = state.get(f"{layer}.{own}{suffix}")
                if value is not None:
                    found[f"{prefix}{key}{number}"] = value.T if turned else value
    return found


def observation_of(plain: Mapping[str, Any], problem: Problem | None, rounded_to: float = 0.0) -> Observation:
    """What somebody's numbers say: of a recorded step, which has its network with it, or of a problem with other numbers for its parts.

    Raises InputError where there is no network or no batch, or where a quantity is none.
    """
    if plain.get("format") == FORMAT:
        return _of_step(Step.from_dict(plain), rounded_to)
    if problem is None:
        raise InputError('numbers need a network: say which, as «--as "2-2-1"», or the name of its description.')
    numbers = {key: np.asarray(value, dtype=float) for key, value in plain.items()}
    network = problem.network.with_parameters({key: value for key, value in numbers.items() if key in problem.network.shapes})
    x, t = (np.atleast_2d(numbers[key]) if key in numbers else getattr(problem, key) for key in OF_PROBLEM)
    if x is None or t is None:
        raise InputError("numbers need a batch: x and t, in the file, or in the network's description.")
    known = {*network.derivation.named, *_more_gradients(network)}
    unknown = [key for key in numbers if key not in known and key not in (*OF_PROBLEM, *network.shapes)]
    if unknown:
        raise InputError(f"{quoted(unknown[0])} is no quantity of this network; it has {', '.join(sorted(known)[:12])} …")
    quantities = {key: value for key, value in numbers.items() if key in known and key not in (*OF_PROBLEM, *network.shapes)}
    return Observation(Problem(network, x, t, problem.optimizer), quantities, rounded_to=rounded_to)


def _more_gradients(network: Network) -> set[str]:
    return {f"{letter}{number}" for letter in ("delta", "dh") for number in range(1, len(network.layers) + 1)} | {"dy"}


def _of_step(step: Step, rounded_to: float) -> Observation:
    problem = Problem(step.network, step.x, step.t, step.optimizer)
    named = step.network.derivation.named
    quantities = {key: value for key, value in step.before.values.items() if key in named}
    for node in step.network.derivation.backward:
        value = step.values.get(str(node.name))
        if value is not None:
            quantities[str(node.name)] = value
    return Observation(problem, quantities, (step.new_parameters,), rounded_to=rounded_to)
