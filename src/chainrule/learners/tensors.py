"""Tensors of PyTorch and arrays of JAX, where a program has them: made of NumPy's arrays, read as such, and in double precision."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

from chainrule.base.arrays import Array


def library_of(code: str) -> str:
    """Which library's arrays a program computes with: "torch", "jax", or "" for NumPy's and lists."""
    for name in ("torch", "jax"):
        if re.search(rf"^\s*(?:import|from)\s+{name}\b", code, re.MULTILINE) and name in sys.modules:
            return "" if name == "jax" and not differentiates(code) else name
    return ""


def differentiates(code: str) -> bool:
    """Does a program with JAX let it differentiate, or do what NumPy cannot? Otherwise NumPy stands for it, which is quicker."""
    return bool(re.search(r"custom_vjp|custom_jvp|\b(?:value_and_)?grad\(|\bvjp\(|\bjac(?:fwd|rev)\(|\.at\[|vmap|lax\.", code))


def prepared(library: str) -> None:
    """Let a library of this process compute in double precision: what is looked for is there to 12 digits."""
    if library == "torch":
        import torch

        torch.set_default_dtype(torch.float64)
        torch.float = torch.float32 = torch.float64  # where a program asks for less, it gets double precision, too
        torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]  # the same
    elif library == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)


def is_tensor(value: Any) -> bool:
    """Is it a tensor of PyTorch, or an array of JAX?"""
    return type(value).__module__.partition(".")[0] in ("torch", "jax", "jaxlib") and hasattr(value, "dtype") and hasattr(value, "shape")


def as_array(value: Any) -> Array | None:
    """A tensor as an array of floats, copied; of one that is being differentiated, its value; None where there is none."""
    try:
        if hasattr(value, "detach"):
            return np.array(value.detach().cpu().numpy(), dtype=float)
        while hasattr(value, "primal"):
            value = value.primal
        return np.array(value, dtype=float)
    except Exception:  # noqa: BLE001  # what has no value yet, as within jax.jit
        return None


def tensor(value: Any, library: str) -> Any:
    """Arrays as the library has them, also those in dicts, lists and tuples; tensors of PyTorch share their numbers with the array."""
    if isinstance(value, dict):
        return {key: tensor(item, library) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(item, np.ndarray) for item in value):
        items = [tensor(item, library) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if not isinstance(value, np.ndarray) or not library:
        return value
    if library == "torch":
        import torch

        return torch.from_numpy(value if value.flags.writeable and value.flags.c_contiguous else value.copy())
    import jax.numpy

    return jax.numpy.asarray(value)


def like_tensor(new: Array, old: Any) -> Any:
    """Numbers in place of a tensor's: of PyTorch in the very tensor, where their shape is the same."""
    if hasattr(old, "detach"):
        import torch

        fresh = torch.tensor(np.asarray(new), dtype=old.dtype if old.dtype.is_floating_point or old.shape != new.shape else torch.float64)
        if old.shape == fresh.shape and old.dtype.is_floating_point:
            old.data.copy_(fresh)
            return old
        return torch.nn.Parameter(fresh) if isinstance(old, torch.nn.Parameter) else fresh
    return tensor(np.array(new), "jax")
