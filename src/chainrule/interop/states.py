"""Trained numbers in files of tensors, as PyTorch's state dicts are, for a network that is described here.

PyTorch keeps a matrix as (out, in) and the window of a convolution behind its channels; here a matrix is (in, out) and channels come last.
Each tensor is turned once, and it is said which.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError
from chainrule.base.frozen import Frozen
from chainrule.base.printing import counted
from chainrule.network.network import Network

SUFFIXES = {".pt", ".pth", ".bin", ".safetensors"}
"""Of files that hold tensors by name."""

WRAPPERS = ("state_dict", "model_state_dict", "model", "params")
"""Under which a checkpoint may keep the tensors of its model."""

LETTERS = {"weight": ("W", "gamma"), "bias": ("b", "shift"), "running_mean": ("m",), "running_var": ("r",)}
"""What a tensor of PyTorch's is called here, by the end of its name."""

MOST_NAMED = 5


class Match(Frozen):
    """A tensor that is a parameter.

    name    of the tensor
    key     of the parameter
    turned  whether its axes stand in another order here
    array   as it is here
    """

    name: str
    key: str
    turned: bool
    array: Array


def is_state(weights: Any) -> bool:
    """Is it the name of such a file?"""
    named = isinstance(weights, str) and "=" not in weights and Path(weights.strip()).suffix.lower() in SUFFIXES
    return named or isinstance(weights, Path)


def with_state(network: Network, path: str | Path) -> Network:
    """The network with the numbers of a file of tensors; what was understood is kept for explanations.

    The tensors of each layer, in their order, or by the name of the layer, are its parameters. Raises FileError, InputError:
    what does not fit is named.
    """
    matches = matched(network, tensors_of(path), str(path))
    understood = {"form": "state", "tensors": [[one.name, one.key, one.turned] for one in matches]}
    return network.with_parameters({**network.parameters, **{one.key: one.array for one in matches}}).understood_as(understood)


def tensors_of(path: str | Path) -> dict[str, Array]:
    """Every tensor of a file, in its order. PyTorch's files are read by its loader for weights alone. Raises FileError."""
    try:
        if Path(path).suffix.lower() == ".safetensors":
            from safetensors.numpy import load_file

            return dict(load_file(path))
        from chainrule.interop.exporting import torch_needed

        loaded = torch_needed().load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}.") from None
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  # both readers raise what they want at a file that is damaged, or that holds objects
        first = (str(error).splitlines() or [type(error).__name__])[0][:160].rstrip(".")
        raise FileError(f"{path} holds no tensors that can be read: {first}.") from None
    for wrapper in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(wrapper), Mapping):
            loaded = loaded[wrapper]
    if not isinstance(loaded, Mapping) or not all(hasattr(one, "detach") for one in loaded.values()):
        raise FileError(f"{path} holds no tensors by name, as torch.save(model.state_dict(), …) writes them.")
    return {str(name): one.detach().double().numpy() for name, one in loaded.items()}


def matched(network: Network, tensors: Mapping[str, Array], what: str) -> list[Match]:
    """Which tensor each parameter is. Raises InputError."""
    groups: dict[str, dict[str, Array]] = {}
    for name, array in tensors.items():
        owner, _, last = name.rpartition(".")
        if last != "num_batches_tracked":
            groups.setdefault(owner, {})[last] = array
    layers: dict[str, dict[str, str]] = {}
    for one in network.forward.parameters:
        layers.setdefault(_called(network, one.layer), {})[one.variable.symbol] = one.variable.key
    pairs = [(name, name) for name in layers] if set(layers) <= set(groups) else list(zip(layers, groups, strict=False))
    if len(layers) != len(groups) and not set(layers) <= set(groups):
        has = f"{counted(len(groups), 'layer')} of tensors ({_listed(groups)})"
        raise InputError(f"{what} has {has}, but the network has {len(layers)} with parameters ({_listed(layers)}).")
    found = []
    for layer, group in pairs:
        own = dict(groups[group])
        for symbol, key in layers[layer].items():
            ending = next((last for last in own if symbol in (last, *LETTERS.get(last, ()))), None)
            if ending is None:
                raise InputError(f"{what} has no {symbol} for the layer {layer}: {group} holds {_listed(own)}.")
            name = f"{group}.{ending}" if group else ending
            found.append(_fitting(name, own.pop(ending), key, network.shapes[key], what))
        if own:
            raise InputError(f"{what} has {_listed(own)} in {group or 'it'}, for which the layer {layer} has no parameter.")
    return found


def _called(network: Network, layer: Any) -> str:
    return layer.name or network.layer_names[network.forward.numbers[layer] - 1]


def _fitting(name: str, array: Array, key: str, shape: tuple[int, ...], what: str) -> Match:
    """The tensor with its axes as they are here: those of a matrix exchanged, the channels of a window last. Raises InputError."""
    axes = (1, 0) if array.ndim == 2 else (*range(2, array.ndim), 1, 0) if array.ndim > 2 else tuple(range(array.ndim))
    turned = np.ascontiguousarray(np.transpose(array, axes), dtype=float)
    if turned.shape != shape:
        raise InputError(f"{name} of {what} has the shape {array.shape}, which is {turned.shape} here, but {key} has {shape}.")
    if not np.isfinite(turned).all():
        raise InputError(f"{name} of {what} holds numbers that are not finite.")
    return Match(name, key, array.ndim > 1, turned)


def _listed(names: Any) -> str:
    several = [str(name) or "(no name)" for name in names]
    return ", ".join(several[:MOST_NAMED]) + (", …" if len(several) > MOST_NAMED else "")
