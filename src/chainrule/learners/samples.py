"""Which variables of a script hold its samples, by their names or their shapes: apart, in pairs, in rows, as single numbers."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.learners.layout import Probe, Unreadable
from chainrule.learners.names import as_kind, meaning
from chainrule.learners.parameters import Parameters
from chainrule.learners.reporting import numbers
from chainrule.learners.stored import leaves
from chainrule.learners.syntax import is_plain_number, names_in
from chainrule.learners.tensors import is_tensor, tensor


class Samples(Frozen):
    """Where a script has its samples.

    x, t    paths of variables; t is "" where x holds both
    form    "apart": x and t by themselves; "pairs": (x, t) for each sample; "rows": the target at the end of each row;
            "numbers": each input and each target a variable, their names separated by commas
    named   whether names say so; otherwise the program has to react to t before this is believed
    """

    x: str
    t: str
    form: str = "apart"
    named: bool = True

    def put(self, namespace: dict[str, Any], probe: Probe) -> None:
        """Give the variables a probe's samples, in the form in which the script has its own."""
        if self.form == "pairs":
            old = namespace[self.x]
            first = old[0]
            pairs = [
                type(first)(_like(value, own) for value, own in zip(pair, first, strict=True))
                for pair in zip(probe.x, probe.t, strict=True)
            ]
            namespace[self.x] = pairs if isinstance(old, list) else tuple(pairs)
        elif self.form == "numbers":
            for names, values in ((self.x, probe.x[0]), (self.t, probe.t[0])):
                if len(names.split(",")) != len(values) or probe.rows != 1:
                    raise Unreadable("numbers")
                namespace.update(dict(zip(names.split(","), values.tolist(), strict=True)))
        elif self.form == "rows":
            namespace[self.x] = _like(np.hstack([probe.x, probe.t]), namespace[self.x])
        else:
            deeper = {leaf.path: leaf for leaf in leaves(namespace)} if {self.x, self.t} - namespace.keys() else {}
            for path, value in ((self.x, probe.own_x()), (self.t, probe.own_t())):
                if path in namespace:
                    namespace[path] = _like(value, namespace[path], columns=probe.layout.columns)
                else:
                    deeper[path].put(np.asarray(value))


def _like(value: Any, own: Any, *, columns: bool = False) -> Any:
    """Samples as the script writes its own: as a list, a tuple, a matrix, with each sample a row or a column by itself."""
    if not isinstance(value, np.ndarray):
        return value
    if is_tensor(own):
        return tensor(np.array(value), "torch" if hasattr(own, "detach") else "jax")
    if isinstance(own, (int, float)) and value.size == 1:
        return float(value.ravel()[0])
    if np.ndim(own) == 3 and np.shape(own)[1] == 1 and np.shape(own)[-1] > 1 and not columns:  # each sample a row
        value = value[:, None, :] if value.ndim == 2 else value[:, None, None]
    elif np.ndim(own) == 3 and np.shape(own)[-1] == 1:  # each sample a column
        value = (value.T if columns else value)[:, :, None]
    elif isinstance(own, (list, tuple)) and len(own) and isinstance(own[0], np.ndarray) and value.ndim == 2:  # samples apart
        return type(own)(value.reshape(len(value), *own[0].shape) if own[0].size == value[0].size else value[:, :, None])
    if isinstance(own, tuple):
        return tuple(value.tolist())
    value = value.astype(float) if np.asarray(own).dtype.kind == "f" else value
    if isinstance(own, list) and own and isinstance(own[0], np.ndarray):
        return list(value)
    return value.tolist() if isinstance(own, list) else np.matrix(value) if isinstance(own, np.matrix) else value


def named_samples(namespace: dict[str, Any], loop: ast.stmt, changed: set[str], own: Parameters) -> Iterator[Samples]:
    """Which variables hold the samples, by their names, the likeliest first."""
    used, taken = names_in(loop), {*own.weight_paths()}
    arrays = {name: value for name, value in namespace.items() if _holds_data(value) and name not in taken}
    pairs = [name for name, value in arrays.items() if isinstance(value, (list, tuple)) and _is_pairs(value)]
    xs = [name for name in arrays if name not in pairs and as_kind(name, "x")]
    ts = [name for name in arrays if name not in pairs and as_kind(name, "t")]
    xs.sort(key=lambda name: (meaning(name).kind != "x", name not in used, bool(re.search(r"test|val", name, re.IGNORECASE))))
    ts.sort(key=lambda name: (meaning(name).kind != "t", name not in used, bool(re.search(r"test|val", name, re.IGNORECASE))))
    singles = [name for name, value in namespace.items() if is_plain_number(value) and meaning(name).kind == "t" and name in used]
    given = 0
    for x in xs:
        for t in [*ts, *(singles if _vector(arrays[x]) else [])]:
            if x != t and _together(arrays[x], namespace[t]) and _sized(arrays[x], namespace[t], own.sizes):
                given += 1
                yield Samples(x, t)
                if given > 5:
                    return
    for name in pairs:
        yield Samples(name, "", "pairs")


def samples_with_targets_behind(namespace: dict[str, Any], loop: ast.stmt, changed: set[str], own: Parameters) -> Iterator[Samples]:
    """Which variables may hold the samples with their targets behind them, row by row."""
    width, used = own.sizes[0] + own.sizes[-1], names_in(loop)
    for name, value in namespace.items():
        if name in used and name not in changed and _matrix(value) and np.shape(value)[1] == width:
            yield Samples(name, "", "rows", named=as_kind(name, "x") is not None)


def unnamed_samples(namespace: dict[str, Any], loop: ast.stmt, changed: set[str], own: Parameters) -> Iterator[Samples]:
    """Which variables may hold the samples, whatever they are called: what does not change and fits by its shape."""
    used = names_in(loop)
    shapes = {name: np.shape(value) for name, value in namespace.items() if numbers(value) is not None and np.ndim(value)}
    shapes.update({leaf.path: leaf.shape for leaf in leaves(namespace) if leaf.shape and leaf.path not in shapes})
    found = sorted((path for path in shapes if path not in changed), key=lambda path: path not in used)
    given = 0
    for x in [path for path in found if len(shapes[path]) > 1 and own.sizes[0] in shapes[path]]:
        for t in found:
            if t != x and _fit_together(shapes[x], shapes[t], own.sizes) and given < 12 and not (as_kind(x, "x") and as_kind(t, "t")):
                given += 1
                yield Samples(x, t, named=False)


def _fit_together(x: tuple[int, ...], t: tuple[int, ...], sizes: tuple[int, ...]) -> bool:
    """Can they be so many inputs and outputs of the same samples?"""
    rows = [extent for place, extent in enumerate(x) if extent != sizes[0] or x.count(extent) > 1 or place == 0]
    return t in {shape for n in {*x, *rows} for shape in ((n, sizes[-1]), (sizes[-1], n), (n,), (n, 1), (1, n), (n, sizes[-1], 1))}


def numbered_samples(namespace: Mapping[str, Any]) -> Iterator[Samples]:
    """Inputs x1, x2 … and targets t1, t2 … that are variables by themselves."""
    groups: dict[str, list[str]] = {}
    for name, value in namespace.items():
        found = re.fullmatch(r"(\D+?)_?(?:[oa]_?)?(\d+)", name)
        if found is not None and is_plain_number(value):
            groups.setdefault(found[1].lower(), []).append(name)
    xs = [sorted(names) for stem, names in groups.items() if re.fullmatch(r"i|x|in|inp|input|inputs", stem)]
    ts = [
        sorted(names)
        for stem, names in groups.items()
        if re.fullmatch(r"t|y|target|targets?|expected|actual|true|y_?true|desired|d|out", stem)
    ]
    if not ts:
        ts = [[name] for name, value in namespace.items() if is_plain_number(value) and as_kind(name, "t") and meaning(name).kind == "t"]
    for x, t in itertools.product(xs, ts):
        yield Samples(",".join(x), ",".join(t), "numbers")


def _together(x: Any, t: Any) -> bool:
    """Can they be inputs and targets of the same samples?"""
    try:
        x, t = np.shape(x), np.shape(t)
    except ValueError:  # of different lengths
        return False
    return bool(set(x) & set(t)) or 1 in t or len(t) == 0 or len(x) == 1


def _sized(x: Any, t: Any, sizes: tuple[int, ...]) -> bool:
    """Have they so many inputs, perhaps with a column of ones, and outputs, or numbers of classes?"""
    try:
        x, t = np.shape(x), np.shape(t)
    except ValueError:  # of different lengths
        return True
    inputs = {sizes[0], sizes[0] + 1} & {*x} or len(x) < 2
    return bool(inputs) and (sizes[-1] in t or len(t) < 2 or 1 in t)


def _holds_data(value: Any) -> bool:
    return (isinstance(value, np.ndarray) and value.ndim > 0) or is_tensor(value) or (isinstance(value, (list, tuple)) and len(value) > 0)


def _is_pairs(value: Sequence[Any]) -> bool:
    if not all(isinstance(item, (list, tuple)) and len(item) == 2 for item in value):
        return False
    return all(isinstance(item[0], (list, tuple, np.ndarray)) for item in value)


def rows_of_samples(namespace: Mapping[str, Any], data: Samples, inputs: int) -> int:
    """How many samples the script has; 0 where that is not known."""
    if data.form in ("pairs", "rows"):
        return len(namespace[data.x])
    shapes = [shape for path in (data.x, data.t) if path in namespace and (shape := np.shape(namespace[path]))]
    if data.form != "apart" or len(shapes) != 2:
        return 0
    common = [extent for extent in shapes[0] if extent in shapes[1]]
    if len(shapes[0]) == 2 and shapes[0][0] == inputs != shapes[0][1] in common:
        return int(shapes[0][1])
    return int(shapes[0][0] if shapes[0][0] in common else common[0] if common else 0)


def _vector(value: Any) -> bool:
    array = numbers(value)
    return array is not None and array.ndim == 1


def _matrix(value: Any) -> bool:
    array = numbers(value)
    return array is not None and array.ndim == 2
