"""Common mistakes here, for any numbers: what people compute in place of a quantity, as instructions behind those of the step.

The functions of the table of mistakes are written for NumPy's arrays. They are run once on arrays that write down what NumPy is asked to
do with them, so that no mistake is written a second time for pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.checking.given import architecture_of
from chainrule.checking.passes import ProbePass
from chainrule.explanation.context import Context
from chainrule.explanation.mistakes import mistakes_at
from chainrule.pages.program import Traced, Tracer

FUNCTIONS = {
    np.add: "add", np.subtract: "subtract", np.multiply: "multiply", np.divide: "divide", np.negative: "negative", np.power: "power",
    np.exp: "exp", np.expm1: "expm1", np.log: "log", np.log1p: "log1p", np.sqrt: "sqrt", np.sin: "sin", np.cos: "cos", np.tanh: "tanh",
    np.absolute: "abs", np.sign: "sign", np.floor: "floor", np.maximum: "maximum", np.minimum: "minimum", np.greater: "greater",
    np.matmul: "matmul",
}  # fmt: skip
"""What NumPy calls the functions of a page that work on whole arrays."""


class TracedArray(NDArrayOperatorsMixin):
    """An array of which is known what NumPy did to get it; its numbers are those of this step, and say only how large it is."""

    __array_namespace__ = np

    def __init__(self, traced: Traced, value: Any) -> None:
        self.traced, self.value = traced, np.asarray(value, dtype=float)
        self.shape, self.size, self.ndim, self.dtype = self.value.shape, self.value.size, self.value.ndim, self.value.dtype

    def __len__(self) -> int:
        return len(self.value)

    def __array_ufunc__(self, function: Any, method: str, *operands: Any) -> Any:
        if method == "__call__" and function is np.not_equal:  # 1 where they are apart, 0 elsewhere
            return np.absolute(np.sign(operands[0] - operands[1]))
        if method != "__call__" or function not in FUNCTIONS:
            return NotImplemented
        if function is np.power and isinstance(operands[1], int | float) and operands[1] == 2:  # as NumPy does it
            return operands[0] * operands[0]
        traced = self.traced.tracer.write(FUNCTIONS[function], [self._operand(one) for one in operands])
        return TracedArray(traced, function(*(getattr(one, "value", one) for one in operands)))

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        own = getattr(self, f"_{function.__name__}", None)
        return NotImplemented if own is None else own(*arguments, **options)

    def _operand(self, one: Any) -> Any:
        """What stands beside it: a plain array has the same number everywhere."""
        if isinstance(one, TracedArray):
            return one.traced
        (number,) = {*np.ravel(one).tolist()}
        return self.traced.tracer.pattern(np.shape(one), ()) * number if np.ndim(one) else number

    @property
    def T(self) -> TracedArray:
        """Rows as columns."""
        return TracedArray(self.traced.tracer.permute_dims(self.traced, range(self.ndim)[::-1]), self.value.T)

    def __getitem__(self, index: Any) -> TracedArray:
        traced, value, axis = self.traced, self.value[index], 0
        for one in index if isinstance(index, tuple) else (index,):
            if one is None:
                continue
            start, stop, _ = (slice(one, one + 1 or None) if isinstance(one, int) else one).indices(self.shape[axis])
            traced = traced[(*(slice(None),) * axis, slice(start, stop))]
            axis += 1
        return TracedArray(self.traced.tracer.reshape(traced, value.shape), value)

    def reshape(self, *shape: Any) -> TracedArray:
        """The same elements in another shape."""
        value = self.value.reshape(*shape)
        return TracedArray(self.traced.tracer.reshape(self.traced, value.shape), value)

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> TracedArray:
        """The sum along an axis, or of everything."""
        axes = range(self.ndim) if axis is None else axis
        return TracedArray(self.traced.tracer.sum(self.traced, axes, keepdims), self.value.sum(axis=axis, keepdims=keepdims))

    @staticmethod
    def _sum(x: TracedArray, axis: Any = None, *, keepdims: bool = False) -> TracedArray:
        return x.sum(axis, keepdims=keepdims)

    @staticmethod
    def _mean(x: TracedArray, axis: Any = None) -> TracedArray:
        return TracedArray(x.traced.tracer.mean(x.traced, axis), x.value.mean(axis=axis))

    @staticmethod
    def _max(x: TracedArray, axis: Any = None, *, keepdims: bool = False) -> TracedArray:
        return TracedArray(x.traced.tracer.max(x.traced, axis, keepdims), x.value.max(axis=axis, keepdims=keepdims))

    @staticmethod
    def _reshape(x: TracedArray, shape: Any) -> TracedArray:
        return x.reshape(shape)

    @staticmethod
    def _squeeze(x: TracedArray, axis: Any) -> TracedArray:
        return x.reshape(np.squeeze(x.value, axis=axis).shape)

    @staticmethod
    def _expand_dims(x: TracedArray, axis: Any) -> TracedArray:
        return x.reshape(np.expand_dims(x.value, axis).shape)

    @staticmethod
    def _broadcast_to(x: TracedArray, shape: Any) -> TracedArray:
        sizes = (shape,) if isinstance(shape, int) else tuple(shape)
        everywhere = x.traced.tracer.pattern(sizes, ())
        return x if x.shape == sizes else TracedArray(x.traced * everywhere, np.broadcast_to(x.value, sizes))

    @staticmethod
    def _outer(a: TracedArray, b: TracedArray) -> TracedArray:
        product: TracedArray = a.reshape(-1, 1) * b.reshape(1, -1)
        return product

    @staticmethod
    def _where(condition: TracedArray, a: Any, b: Any) -> TracedArray:
        traced = condition.traced.tracer.write("where", [condition._operand(one) for one in (condition, a, b)])
        chosen: Any = [getattr(one, "value", one) for one in (condition, a, b)]
        return TracedArray(traced, np.where(*chosen))

    @staticmethod
    def _astype(x: TracedArray, dtype: Any, **options: Any) -> TracedArray:
        return x

    @staticmethod
    def _ones_like(x: TracedArray) -> Array:
        return np.ones(x.shape)

    @staticmethod
    def _array_equal(a: TracedArray, b: TracedArray) -> bool:
        return a.traced.place == b.traced.place


def common_mistakes(context: Context, tracer: Tracer, names: Mapping[str, int]) -> dict[str, dict[str, list[int]]]:
    """For each quantity what people compute in its place, by its key and by what it is called: the instructions that do so.

    names  which instruction gives which quantity of the step

    Nothing of a network that is no chain of dense layers. A way that a page cannot compute is left out.
    """
    step = context.step
    derivation = step.network.derivation
    try:
        architecture_of(step.network)
        (x,), (t,) = derivation.inputs, derivation.targets
    except (InputError, ValueError):  # no chain, or one without a target, as of a triplet
        return {}

    def traced(keys: Sequence[str]) -> dict[str, Any]:
        return {key: TracedArray(Traced(tracer, names[key]), step.values[key]) for key in keys if key in names}

    arrays = traced(list(step.values))
    probe = ProbePass.with_truth(step.network, arrays[x.key], arrays[t.key], arrays, arrays)
    found: dict[str, dict[str, list[int]]] = {}
    for number in range(len(probe.layers), 0, -1):
        for mistake, key, right, wrong in mistakes_at(probe, number, arrays.get("learning_rate", 0.0)):
            if key not in names or right.shape != wrong.shape:
                continue
            told = f"{mistake}. {context.words.plain(f'mistake.{mistake}')}"
            found.setdefault(key, {}).setdefault(told, []).append(_place(tracer, wrong))
    return found


def _place(tracer: Tracer, wrong: Any) -> int:
    """Where it is computed; a plain array has the same number everywhere."""
    return wrong.traced.place if isinstance(wrong, TracedArray) else tracer.number({*np.ravel(wrong).tolist()}.pop()).place
