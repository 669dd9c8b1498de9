"""A PyTorch module as an exported program: in float64, for any number of examples, and with what has no formula here taken apart."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.base.errors import DescriptionError, InputError
from chainrule.interop.nodes import needed_nodes, operation_of, varying
from chainrule.interop.operations.table import PYTORCH
from chainrule.interop.reading import count_beside

if TYPE_CHECKING:
    import torch


def torch_needed() -> Any:
    """PyTorch. Raises InputError where it is not installed."""
    try:
        import torch
    except ImportError:
        raise InputError("a PyTorch model is read with PyTorch, which is not installed: pip install torch") from None
    return torch


def exported(module: torch.nn.Module, inputs: Sequence[torch.Tensor]) -> Any:
    """The program of the module in float64, for any number of examples. Raises DescriptionError.

    Where the module takes the number of examples for a plain number, as len(x) does, it is exported for one that is told from every other
    size: `COUNTS` has them.
    """
    torch = torch_needed()
    try:
        double = in_float64(module)
    except Exception as error:  # noqa: BLE001  # a module may hold anything, and PyTorch refuses tensors that were computed
        raise DescriptionError(f"this model cannot be copied: {_first_line(error)}") from None
    given = tuple(x.double() if x.is_floating_point() else x for x in inputs)
    examples = torch.export.Dim("examples", min=2)
    sizes = {extent for tensor in (*double.parameters(), *double.buffers(), *given) for extent in tensor.shape}
    count = count_beside(sizes)
    failed: Exception | None = None
    for rows, shapes in ((2, tuple({0: examples} for _ in given)), (count, None)):
        try:
            with _quiet():
                program = torch.export.export(double, tuple(_of_length(x, rows) for x in given), dynamic_shapes=shapes, strict=False)
                return _with_parameters(program, double)
        except Exception as error:  # noqa: BLE001  # PyTorch raises what it wants, and says the rest in many lines
            failed = failed or error
    assert failed is not None
    raise DescriptionError(f"PyTorch cannot export this model: {_value_asked_for(failed) or _first_line(failed)}") from None


def in_float64(module: torch.nn.Module) -> torch.nn.Module:
    """A copy of the module that computes in float64; layers of Keras, which cast their inputs, are told so, too."""
    double = copy.deepcopy(module).double()
    keras: Any = sys.modules.get("keras")
    for top in double.modules() if keras is not None else ():
        if not isinstance(top, keras.Layer):
            continue
        for part in top._flatten_layers():
            part.dtype_policy = keras.DTypePolicy("float64")
        for given in getattr(getattr(top, "_functional", None) or top, "_inputs", None) or ():
            given._dtype = "float64" if "float" in given.dtype else given.dtype
    return double


def _with_parameters(program: Any, module: torch.nn.Module) -> Any:
    """The program, in which a parameter that the module reaches by another way than PyTorch's, as Keras does, is one all the same."""
    from torch.export.graph_signature import InputKind

    places = {tensor.data_ptr(): (name, tensor) for name, tensor in module.named_parameters() if tensor.numel()}
    for spec in program.graph_signature.input_specs:
        constant = program.constants.get(spec.target) if spec.kind is InputKind.CONSTANT_TENSOR else None
        if constant is not None and constant.data_ptr() in places:
            name, tensor = places[constant.data_ptr()]
            name = name.rpartition("_torch_params.")[2].replace("/", ".")
            del program.constants[spec.target]
            program.state_dict[name] = tensor
            spec.kind, spec.target = InputKind.PARAMETER, name
    return program


def _of_length(x: torch.Tensor, rows: int) -> torch.Tensor:
    """At least so many examples, the same again and again; of more than 2, just as many. A size of 1 never changes for PyTorch."""
    import torch

    if not x.dim() or len(x) >= rows == 2:
        return x
    return torch.cat([x] * -(-rows // len(x)))[:rows]


def decomposed(program: Any) -> Any:
    """The program with operations that are no formula here taken apart, as far as PyTorch does that, and as far as what comes out has
    gradients: an operation whose parts have none stays whole.
    """
    whole = set[Any]()
    while True:
        apart, made = _taken_apart(program, whole)
        if not made:
            return apart
        whole |= made


def _taken_apart(program: Any, whole: set[Any]) -> tuple[Any, set[Any]]:
    """The program, and which operations, beside those that stay whole, must not be taken apart: their parts have no gradients."""
    torch = torch_needed()
    with _quiet():
        known = torch.export.default_decompositions()
        for _ in range(3):
            nodes = needed_nodes(program)
            moving = varying(program, nodes)
            unreadable = [node for node in nodes if node in moving and _needs_decomposition(node)]
            wanted = {node.target for node in unreadable if node.target not in whole}
            in_place = [node for node in nodes if node.op == "call_function" and operation_of(node).endswith("_") and node in moving]
            table = {target: known[target] for target in wanted if target in known}
            table |= torch._decomp.get_decompositions([target for target in wanted if target not in known])
            if not wanted and not in_place:
                break
            program = program.run_decompositions(table)  # which also writes what is done in place as new values
            if any(node.target.namespace == "prims" for node in needed_nodes(program) if _needs_decomposition(node)):
                return program, wanted
    return program, set()


def _needs_decomposition(node: Any) -> bool:
    return node.op == "call_function" and hasattr(node.target, "_schema") and operation_of(node) not in PYTORCH


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Inside, PyTorch says nothing of its own."""
    before = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.ERROR)
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # graphs of what failed are printed there
                yield
        finally:
            logging.disable(before)


def _value_asked_for(error: Exception) -> str:
    """What to write in place of a branch that follows the numbers, where that is why PyTorch refused; else ""."""
    if "data-dependent" not in str(error):
        return ""
    called = re.search(r'The following call raised this error:\s*File "([^"]+)", line (\d+), in \w+\s*(.*)', str(error))
    where = f"line {called[2]} of {os.path.basename(called[1])}, `{called[3].strip()[:80]}`, " if called else "its forward "
    return f"{where}asks for the value of a tensor, as if, while and .item() do. Where elements take different ways, write torch.where."


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300].rstrip(".") + "."
