"""Numbers somewhere in an object: in attributes, dicts, lists of arrays, closures, modules; found, read and put there."""

from __future__ import annotations

import itertools
import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.limits import FILE
from chainrule.learners.tensors import as_array, is_tensor, like_tensor

DEEPEST = 6


_NAMELESS = ("data", "value", "values", "val", "array", "matrix", "numpy")
"""What numbers are called in an object whose own name says what they are."""


class Stored(Frozen):
    """Numbers somewhere in an object.

    path    how it is written: "self.W1", "self.params['W1']", "network[0][1]['weights']"
    shape   of the numbers
    get, put   read and write them
    slot     the place itself; vector: whether they are written as a vector although they are a matrix with one unit
    """

    path: str
    shape: tuple[int, ...]
    get: Callable[[], Array]
    put: Callable[[Array], None]
    slot: Slot | None = None
    vector: bool = False

    @property
    def name(self) -> str:
        """The last name in the path that says what it is: "weight" of layers[0].weight.data."""
        found = re.findall(r"[^\W\d]\w*", self.path)
        return next((name for name in reversed(found) if name not in _NAMELESS), self.path)


def leaves(root: Any, path: str = "", slot: Any = None, met: set[int] | None = None, depth: int = 0) -> Iterator[Stored]:
    """The numbers within a dict, a list or an object, in their order. `root` itself is kept: it is where they are looked for."""
    met = set() if met is None else met
    if depth > DEEPEST or id(root) in met:
        return
    met.add(id(root))
    for name, key in _children(root, path):
        if str(key).startswith("chainrule_") or (isinstance(key, str) and key.startswith("__")):
            continue
        place = Slot(root if slot is None else slot, key)
        value = place.get()
        leaf = _leaf(name, value, place)
        if leaf is not None:
            if isinstance(value, np.ndarray) and value.ndim:
                if id(value) in met:  # what a dict and a layer hold together is one
                    continue
                met.add(id(value))
            yield leaf
        elif not isinstance(value, (str, bytes, np.ndarray)):
            yield from leaves(value, name, place, met, depth + 1)


class Slot(Frozen):
    """A place in a dict, a list, an object or what a function has closed over. It is looked for from the root whenever it is asked for:
    programs put new arrays there, and new dicts and objects in place of what held them.

    owner   the place of what holds it; the root itself, of the first
    key     its key, its index or its name there
    """

    owner: Any
    key: Any

    def held(self) -> Any:
        """What holds it."""
        return self.owner.get() if isinstance(self.owner, Slot) else self.owner

    def get(self) -> Any:
        """What is there now."""
        held = self.held()
        if isinstance(held, types.FunctionType):
            return (held.__closure__ or ())[held.__code__.co_freevars.index(self.key)].cell_contents
        return held[self.key] if isinstance(held, (dict, list, tuple)) else getattr(held, self.key)

    def put(self, value: Any) -> None:
        """Put something there; a tuple is made anew for it."""
        held = self.held()
        if isinstance(held, types.FunctionType):
            (held.__closure__ or ())[held.__code__.co_freevars.index(self.key)].cell_contents = value
        elif isinstance(held, tuple):
            items = [value if place == self.key else item for place, item in enumerate(held)]
            self.owner.put(type(held)(*items) if hasattr(held, "_fields") else tuple(items))
        elif isinstance(held, (dict, list)):
            held[self.key] = value
        elif isinstance(getattr(held, "_parameters", None), dict):
            setattr(held, self.key, value)
        else:
            object.__setattr__(held, self.key, value)  # also of what is frozen

    def array(self) -> Array:
        """The numbers that are there."""
        value = self.get()
        if is_tensor(value):
            return np.asarray(as_array(value))
        return np.array(float(value)) if isinstance(value, (int, float)) else np.array(value, dtype=float, subok=False)

    def put_array(self, new: Array) -> None:
        """In place, where others may hold the same array; in its own kind, where it is a list, a matrix, or has another shape."""
        old = self.get()
        if isinstance(old, np.ndarray) and old.dtype.kind == "f" and old.shape == new.shape and old.flags.writeable:
            old[...] = new
        elif is_tensor(old):
            fresh = like_tensor(new, old)
            if fresh is not old:
                self.put(fresh)
        elif isinstance(old, list) and np.shape(old) == new.shape:
            _put_list(old, new)
        elif isinstance(old, list):
            self.put(new.tolist())
        elif isinstance(old, np.ndarray):
            self.put(np.matrix(like(new, old)) if isinstance(old, np.matrix) else like(new, old))
        else:
            self.put(float(new))


def _children(root: Any, path: str) -> list[tuple[str, Any]]:
    """What is in a dict, a list, an object of the program's own classes, or what a function of the program has closed over."""
    if isinstance(root, dict):
        own = (key for key, value in list(root.items()) if not _of_others(value))
        return [(f"{path}[{key!r}]" if path else str(key), key) for key in itertools.islice(own, 400)]
    if isinstance(root, tuple) and hasattr(root, "_fields"):
        return [(f"{path}.{name}", place) for place, name in enumerate(root._fields)]
    if isinstance(root, (list, tuple)):
        return [(f"{path}[{place}]", place) for place in range(min(len(root), 200))]
    if isinstance(root, types.SimpleNamespace):
        return [(f"{path}.{name}", name) for name in vars(root)]
    if isinstance(root, types.FunctionType):
        return (
            [(f"{path}.{name}", name) for name in root.__code__.co_freevars if _closed(root, name)]
            if FILE in root.__code__.co_filename
            else []
        )
    if isinstance(getattr(root, "_parameters", None), dict) and isinstance(
        getattr(root, "_modules", None), dict
    ):  # a module of PyTorch, of the program's own or not
        return [(f"{path}.{name}", name) for name in (*root._parameters, *root._modules)]
    if isinstance(getattr(root, "param_groups", None), list):  # an optimizer of PyTorch, which has the rate
        return [(f"{path}.param_groups", "param_groups")]
    if type(root).__module__ == "__main__" and not isinstance(root, type):
        return [(f"{path}.{key}" if path else key, key) for key in attributes_of(root)]
    return []


def attributes_of(owner: Any) -> dict[str, Any]:
    """What an object holds by its names, in its dict or in slots."""
    slots = (name for kind in type(owner).__mro__ for name in np.atleast_1d(getattr(kind, "__slots__", [])).tolist())
    return {**getattr(owner, "__dict__", {}), **{name: getattr(owner, name) for name in slots if hasattr(owner, name)}}


def fields_of(value: Any) -> Mapping[str, Any]:
    """What a named tuple, an object of the program's own without methods to call, or a dict holds, by its names; nothing of others."""
    if isinstance(value, dict):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if isinstance(value, types.SimpleNamespace) or hasattr(type(value), "__dataclass_fields__"):
        return {name: getattr(value, name) for name in getattr(type(value), "__dataclass_fields__", attributes_of(value))}
    return {}


def _of_others(value: Any) -> bool:
    """Is it a module, a class, or a function that is not the program's own, as hundreds come by `from numpy import *`?"""
    file = getattr(getattr(value, "__code__", None), "co_filename", "")
    return isinstance(value, (types.ModuleType, type)) or (
        callable(value) and type(value).__module__ in ("builtins", "numpy") and file != FILE
    )


def _closed(function: types.FunctionType, name: str) -> bool:
    """Is there already something in it?"""
    try:
        Slot(function, name).get()
    except ValueError:
        return False
    return True


def _leaf(path: str, value: Any, slot: Slot) -> Stored | None:
    """The value as numbers; None where it is none, or holds others."""
    if isinstance(value, (bool, str)):
        return None
    shape: tuple[int, ...] | None = None
    if isinstance(value, (int, float, np.floating, np.integer)):
        shape = ()
    elif isinstance(value, np.ndarray):
        shape = value.shape if value.dtype.kind in "fiu" and value.size <= 100_000 else None
    elif is_tensor(value):
        shape = tuple(int(extent) for extent in value.shape)
    elif isinstance(value, list) and value:
        shape = _shape(value) or None
    return None if shape is None else Stored(path, shape, slot.array, slot.put_array, slot)


def like(new: Array, old: Any) -> Array:
    """Numbers in the type of those that were there; whole ones stay integers where integers were."""
    kind = old.dtype.kind if isinstance(old, np.ndarray) else ""
    keeps = kind == "f" or (kind in ("i", "u") and np.array_equal(new, np.rint(new)))
    return new.astype(old.dtype) if keeps else np.array(new)


def of_integers(value: Any) -> bool:
    """Is it an array of integers, which cuts off what is put into it?"""
    return isinstance(value, np.ndarray) and value.dtype.kind in ("i", "u")


def _put_list(old: Any, new: Array) -> None:
    for place, value in enumerate(new):
        if np.ndim(value):
            _put_list(old[place], value)
        else:
            old[place] = float(value)


def _shape(value: list[Any]) -> tuple[int, ...]:
    """Of a list of numbers, or of lists of one length; () of anything else."""
    if len(value) > 100_000:
        return ()
    if all(isinstance(item, (int, float, np.floating, np.integer)) and not isinstance(item, bool) for item in value):
        return (len(value),)
    if all(isinstance(item, list) and item for item in value):
        inner = {_shape(item) for item in value}
        if len(inner) == 1 and (shape := inner.pop()) and len(shape) == 1:
            return (len(value), *shape)
    return ()


def with_rows_joined(found: list[Stored]) -> list[Stored]:
    """Together with what belongs to neurons of one layer as rows of a matrix: network[0][*]['weights'], layer.neurons[*].bias."""
    groups: dict[str, list[Stored]] = {}
    for leaf in found:
        places = list(re.finditer(r"\[\d+\]", leaf.path))
        if len(leaf.shape) <= 1 and places:
            for place in places[-1:]:
                groups.setdefault(leaf.path[: place.start()] + "[*]" + leaf.path[place.end() :], []).append(leaf)
    result = []
    for path, rows in groups.items():
        if len({row.shape for row in rows}) == 1 and not path.endswith("[*]"):
            result.append(rows_as_one(path, rows))
    return [*found, *result]


def rows_as_one(path: str, rows: list[Stored]) -> Stored:
    """What is stored row by row, as one matrix; single numbers, as one vector."""

    def put(new: Array) -> None:
        for row, value in zip(rows, new, strict=True):
            row.put(np.array(value))

    return Stored(path, (len(rows), *rows[0].shape), lambda: np.array([row.get() for row in rows]), put)
