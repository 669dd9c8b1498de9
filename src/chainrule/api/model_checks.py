"""The gradients of a person's own PyTorch model, beside those of its formulas, by the model's own names.

Where a backward pass is written by hand, as `torch.autograd.Function` has one, or gradients are changed on their way, PyTorch gives what it
is told. The formulas of the same model are derived here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.api.modules import ModuleProblem, is_module, module_problem
from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import FrozenValue
from chainrule.document.words import Words

if TYPE_CHECKING:
    import torch

EXACT, SINGLE = 1e-9, 1e-4
"""How far a gradient may be off, by its largest magnitude: of float64, and of fewer digits."""

MARK = ".grad"


class GradientFound(FrozenValue):
    """A gradient beside the right one.

    name    of the parameter, as the model calls it
    off     the largest difference, by the largest magnitude of the right one; None where there is no gradient
    right   whether that is rounding
    wrong   what is wrong with it, as a key of the catalogue of words, "sign", "factor"; "" where it is right
    values  what stands in the places of that text
    """

    name: str
    off: float | None
    right: bool
    wrong: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def said(self, language: str = "en") -> str:
        """In a language."""
        words = Words(language)
        if self.right:
            return words.plain("model_check.right", name=self.name)
        written = {key: words.decimal(one) if key in ("factor", "off") else one for key, one in self.values.items()}
        return words.plain("model_check.wrong", name=self.name, how=words.plain(f"model_check.{self.wrong}", **written))

    def __str__(self) -> str:
        return self.said()


class ModelCheck(FrozenValue):
    """Every gradient, in the order in which back-propagation computes them: from the output to the input."""

    found: tuple[GradientFound, ...]

    @property
    def passed(self) -> bool:
        """Are all of them right?"""
        return all(one.right for one in self.found)

    @property
    def first(self) -> GradientFound | None:
        """The first one that is wrong; what comes after it may be wrong because of it."""
        return next((one for one in self.found if not one.right), None)

    def said(self, language: str = "en") -> str:
        """What was found, in a language: "en" or "de"."""
        words, wrong, count = Words(language), sum(not one.right for one in self.found), len(self.found)
        whole = words.plain("model_check.all", count=count) if not wrong else words.plain("model_check.some", count=count, wrong=wrong)
        begun = [] if self.first is None else [words.plain("model_check.first", name=self.first.name)]
        return "\n".join([*(one.said(language) for one in self.found), whole, *begun])

    def __str__(self) -> str:
        return self.said()


def check_model(model: Any, x: Any, t: Any, *, loss: Any = None, gradients: Mapping[str, Any] | None = None) -> ModelCheck:
    """Are the gradients of a PyTorch model right? Each is compared with the one that follows from the model's formulas.

    x, t, loss  as of `explain`
    gradients   by the names of the parameters, "0.weight" or "0.weight.grad"; if none are said, those that stand in the model (`.grad`);
                and if none stand there, those that the model's own backward pass gives for this batch, in float64

    What is found shows itself in English; `found.said("de")` is the same in German. Raises InputError, DescriptionError.
    """
    if not is_module(model) or not hasattr(model, "named_parameters"):
        raise InputError(f"the gradients of a PyTorch module are checked, not of {quoted(model)}.")
    problem = module_problem(model, x, t, loss=loss)
    step = problem.step()
    theirs = _given(model, gradients) if gradients is not None else _standing(model) or _own_backward(problem, model, x)
    found = []
    for key, origin in reversed(problem.origins.items()):
        if key in step.gradients:
            right = np.transpose(np.asarray(step.gradients[key], dtype=float), np.argsort(origin.axes))
            found.append(_judged(origin.name, theirs.get(origin.name), right, len(step.x)))
    unknown = sorted(set(theirs) - {one.name for one in found} - _other_names(model))
    if unknown:
        raise InputError(f"the model has no parameter {quoted(unknown[0])}; it has {', '.join(one.name for one in found[::-1][:8])} …")
    return ModelCheck(tuple(found))


def _given(model: torch.nn.Module, gradients: Mapping[str, Any]) -> dict[str, Array]:
    """Of a mapping; where some names end in ".grad", those alone, since the others are the parameters themselves."""
    marked = {name.removesuffix(MARK): one for name, one in gradients.items() if name.endswith(MARK)}
    return {name: _array(one) for name, one in (marked or gradients).items() if one is not None}


def _standing(model: torch.nn.Module) -> dict[str, Array]:
    return {name: _array(one.grad) for name, one in model.named_parameters() if one.grad is not None}


def _own_backward(problem: ModuleProblem, model: torch.nn.Module, x: Any) -> dict[str, Array]:
    """What the model's own backward pass makes of ∂E/∂y."""
    import torch

    from chainrule.interop.exporting import in_float64

    own, step = in_float64(model), problem.step()
    given = x if isinstance(x, tuple) else tuple(x.values()) if isinstance(x, Mapping) else (x,)
    tensors = [torch.as_tensor(np.asarray(one)) for one in given]
    results = own(*(one.double() if one.is_floating_point() else one for one in tensors))
    ys = list(results.values()) if isinstance(results, Mapping) else list(results) if isinstance(results, (list, tuple)) else [results]
    names = [node.name for node in step.network.derivation.predictions if node.name is not None]
    starts = [torch.as_tensor(step.values[name.of_gradient.key]).reshape(y.shape) for name, y in zip(names, ys, strict=True)]
    torch.autograd.backward(ys, starts)
    return _standing(own)


def _array(value: Any) -> Any:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _other_names(model: torch.nn.Module) -> set[str]:
    """Further names of tensors that are shared, and of buffers."""
    return {name for name, _ in model.named_parameters(remove_duplicate=False)} | {name for name, _ in model.named_buffers()}


def _judged(name: str, given: Any, right: Array, examples: int) -> GradientFound:
    if given is None:
        nothing = not np.abs(right).max(initial=0.0)
        return GradientFound(name, None, nothing, "" if nothing else "none")
    least = EXACT if given.dtype == np.float64 else SINGLE
    mine: Array = np.asarray(given, dtype=float)
    largest = float(np.abs(right).max(initial=0.0))
    if mine.shape != right.shape:
        turned = mine.ndim == 2 and mine.T.shape == right.shape and _apart(mine.T, right, largest) <= least
        shapes = {"shape": str(mine.shape), "right": str(right.shape)}
        return GradientFound(name, float("inf"), False, "shape_transposed" if turned else "shape", shapes)
    off = _apart(mine, right, largest)
    return GradientFound(name, off, True) if off <= least else GradientFound(name, off, False, *_how(mine, right, largest, examples, least))


def _apart(mine: Array, right: Array, largest: float) -> float:
    return float(np.abs(mine - right).max(initial=0.0)) / (largest or 1.0)


def _how(mine: Array, right: Array, largest: float, examples: int, least: float) -> tuple[str, dict[str, Any]]:
    """What is wrong with it: a factor, a sign, axes; or how far off it is where it is none of these."""
    if not np.abs(mine).max(initial=0.0):
        return "zero", {}
    factor = float((mine * right).sum() / ((right**2).sum() or 1.0))
    if factor and _apart(mine, factor * right, abs(factor) * largest) <= 10 * least:
        if abs(factor + 1) < 10 * least:
            return "sign", {}
        meant = {float(examples): "times_examples", 1 / examples: "part_of_examples"}
        near = next((key for value, key in meant.items() if examples > 1 and abs(factor / value - 1) < 10 * least), "factor")
        return near, {"factor": f"{factor:.6g}", **({} if near == "factor" else {"examples": examples})}
    if mine.ndim == 2 and len(set(mine.shape)) == 1 and _apart(mine.T, right, largest) <= least:
        return "transposed", {}
    return "off", {"off": f"{_apart(mine, right, largest):.1e}"}
