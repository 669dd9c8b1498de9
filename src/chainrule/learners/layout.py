"""How a learner writes arrays: samples as rows or as columns, W as (inputs, units) or (units, inputs), biases, targets; there and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.learners.header import Header

Bias: TypeAlias = bool | str
"""Whether a layer has a bias; SHARED where all its units have one number."""

SHARED = "shared"
"""As chainrule's own layers say it; the process of a learner imports none of them."""


class Unreadable(Exception):
    """This way of reading the program does not go; another one may."""


class Layout(FrozenValue):
    """How a program writes its arrays.

    columns      samples are columns: x is (inputs, rows)
    units_first  W is (units, inputs)
    bias         "flat": (units,); "row": (1, units); "column": (units, 1)
    inside       where the bias stands in W, beside the inputs: "first", "last" or ""
    targets      "matrix": as the outputs; "classes": numbers of classes; "flat": (rows,) of one output; "column":
                 the same as (rows, 1)
    vectors      one sample at a time, as vectors without a second axis
    lists        Python's lists in place of arrays
    first        the number of the first class
    """

    columns: bool = False
    units_first: bool = False
    bias: str = "flat"
    inside: str = ""
    targets: str = "matrix"
    vectors: bool = False
    lists: bool = False
    first: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__match_args__}


PLAIN = Layout()
"""As chainrule writes them."""


class Probe(Frozen):
    """A problem as a learner's process gets it: chainrule's layout, (rows, inputs), (inputs, units), (units,).

    biases   None where a layer has none, of no axis where its units share one
    whole    whether its numbers are whole ones and are given as integers
    layout   how the program writes its own arrays, which the methods `own_…` give, and `read_…` take
    """

    x: Array
    t: Array
    weights: list[Array]
    biases: list[Array | None]
    rate: float
    penalty: float = 0.0
    whole: bool = False
    layout: Layout = PLAIN

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs and units of each layer."""
        return (self.weights[0].shape[0], *(w.shape[1] for w in self.weights))

    @property
    def has(self) -> tuple[Bias, ...]:
        """For each layer whether it has a bias."""
        return tuple(False if b is None else b.ndim > 0 or SHARED for b in self.biases)

    @property
    def rows(self) -> int:
        """How many samples."""
        return len(self.x)

    def first_rows(self, rows: int) -> Probe:
        """The same with so many of its samples, among them one of the last class, so that all classes are counted."""
        last = int(np.argmax(self.t[:, -1]))
        chosen = [last, *(row for row in range(self.rows) if row != last)][:rows]
        return replace(self, x=self.x[chosen], t=self.t[chosen])

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], layout: Layout = PLAIN) -> Probe:
        """From what a job says."""
        return cls(
            np.array(plain["x"], dtype=float),
            np.array(plain["t"], dtype=float),
            [np.array(w, dtype=float) for w in plain["weights"]],
            [None if b is None else np.array(b, dtype=float) for b in plain["biases"]],
            float(plain["rate"]),
            float(plain.get("penalty", 0.0)),
            bool(plain.get("whole", False)),
            layout,
        )

    def own_x(self) -> Any:
        """The inputs, as the program takes them."""
        return self._samples(self.x)

    def _samples(self, values: Array) -> Any:
        values = values.astype(int) if self.whole else values
        return self._listed(values[0].copy() if self.layout.vectors else np.array(values.T if self.layout.columns else values))

    def own_t(self) -> Any:
        """The targets, as the program takes them."""
        how = self.layout
        if how.targets == "classes":
            classes = how.first + self.t.argmax(axis=1) if self.t.shape[1] > 1 else self.t[:, 0].astype(int)
            return int(classes[0]) if how.vectors else self._listed(classes)
        if how.targets == "column":
            classes = how.first + self.t.argmax(axis=1)
            return self._listed(classes[None, :] if how.columns else classes[:, None])
        if how.targets == "flat":
            return float(self.t[0, 0]) if how.vectors else self._listed(self.t[:, 0].copy())
        return self._samples(self.t)

    def own_outputs(self, y: Array) -> Any:
        """(rows, outputs) y, as a program has it that takes its targets so."""
        flat = self.layout.targets == "flat"
        return self._listed(y[0] if self.layout.vectors else y[:, 0] if flat else y.T if self.layout.columns else y)

    def _listed(self, array: Array) -> Any:
        return array.tolist() if self.layout.lists else array

    def own_w(self, layer: int) -> Array:
        """W of a layer, counted from 0, with the bias in it where that is so."""
        w, b = self.weights[layer], self.biases[layer]
        if self.layout.inside and b is not None:
            w = np.vstack([b[None, :], w] if self.layout.inside == "first" else [w, b[None, :]])
        return np.array(w.T if self.layout.units_first else w)

    def own_b(self, layer: int) -> Array | None:
        """The bias of a layer, where it stands by itself."""
        b = self.biases[layer]
        if b is None or self.layout.inside:
            return None
        written = self.layout.bias
        return b.copy() if written == "flat" or not b.ndim else b[None, :].copy() if written == "row" else b[:, None].copy()

    def read_w(self, w: Any, layer: int) -> dict[str, Array]:
        """W or its gradient, and with it the bias's where that stands in it; whatever shape it has, turned with the layout."""
        w = np.array(w, dtype=float)
        w = w.T if self.layout.units_first and w.ndim == 2 else w
        if w.ndim == 1 and w.size == self.weights[layer].size and 1 in self.weights[layer].shape and not self.layout.inside:
            w = w.reshape(self.weights[layer].shape)
        number = layer + 1
        if not self.layout.inside or self.biases[layer] is None:
            return {f"W{number}": w}
        if w.ndim != 2 or len(w) != len(self.weights[layer]) + 1:
            return {f"W{number}": w}
        return {
            f"W{number}": w[1:] if self.layout.inside == "first" else w[:-1],
            f"b{number}": w[0] if self.layout.inside == "first" else w[-1],
        }

    def read_b(self, b: Any, layer: int) -> dict[str, Array]:
        """The bias or its gradient; whatever shape it has, turned with the layout."""
        b, own = np.array(b, dtype=float), self.biases[layer]
        units = self.weights[layer].shape[1]
        if own is not None and not own.ndim:
            return {f"b{layer + 1}": b.reshape(()) if b.size == 1 else b}
        if b.size == units and (b.ndim == 1 or b.shape in ((1, units), (units, 1)) or units == 1):
            b = b.reshape(units)
        elif b.ndim == 2 and self.layout.columns:
            b = b.T
        return {f"b{layer + 1}": b}


def trial(
    sizes: tuple[int, ...], rows: int, *, bias: bool | tuple[Bias, ...] = True, kind: str = "numbers", layout: Layout = PLAIN
) -> Probe:
    """A probe of plain numbers, to see whether a program was read rightly; its targets are classes or numbers between 0 and 1."""
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=pair) * 0.8 for pair in itertools.pairwise(sizes)]
    with_bias = (bias,) * len(weights) if isinstance(bias, bool) else bias
    biases: list[Array | None] = [
        np.asarray(rng.normal(size=() if has == SHARED else w.shape[1]) * 0.5) if has else None
        for w, has in zip(weights, with_bias, strict=True)
    ]
    if kind == "classes" and sizes[-1] > 1:
        classes = np.arange(max(rows, sizes[-1])) % sizes[-1]
        t = np.eye(sizes[-1])[rng.permutation(classes)[:rows] if rows >= sizes[-1] else classes[:rows] * 0 + sizes[-1] - 1]
    elif kind == "classes":
        t = (rng.permutation(rows) % 2).astype(float)[:, None]
    else:
        t = rng.uniform(0.1, 0.9, size=(rows, sizes[-1]))
    return Probe(rng.normal(size=(rows, sizes[0])), t, weights, biases, 0.1, layout=layout)


def layouts(wanted: Header, *, first: int, inside: bool, biases: bool, outputs: int) -> Iterator[Layout]:
    """Layouts to be tried, the commonest first; where something is said of them, only such ones. first: the number of the first class"""
    usual = ["matrix", "flat"] if outputs == 1 else ["matrix", "classes", "column"]
    places = ["last", "first"] if inside and biases else [""]
    for target, vectors in itertools.product(
        [wanted.targets] if wanted.targets else usual, [False, True] if wanted.vectors is None else [wanted.vectors]
    ):
        for columns, units_first in ((False, False), (True, True), (False, True), (True, False)):
            if (wanted.columns is not None and columns != wanted.columns) or (
                wanted.units_first is not None and units_first != wanted.units_first
            ):
                continue
            if vectors and ((columns and wanted.columns is None) or target == "column"):
                continue
            for place in places:
                forms = ["flat"] if place or not biases or vectors else ["column", "flat"] if columns else ["row", "flat"]
                for form, lists in itertools.product(forms, [False, True] if vectors else [False]):
                    counted = target in ("classes", "column") and outputs > 1
                    yield Layout(columns, units_first, form, place, target, vectors, lists, first if counted else 0)
