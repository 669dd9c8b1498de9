"""What a reader asks of the nodes of an exported program: which operation each is, where it stands, and which belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.formula.expression import Dimension
from chainrule.interop.operations.table import PYTORCH, UnreadableOperation
from chainrule.network.derivation import BATCH

if TYPE_CHECKING:
    import torch

SIZES = {"sym_size", "sym_numel"}
"""Operations that give the size of an array."""


def operation_of(node: Any) -> str:
    """The name of a node's operation, as "linear"; that of truth values bit by bit is what it is of truth values."""
    schema = getattr(node.target, "_schema", None)
    name: str = schema.name.partition("::")[2] if schema is not None else getattr(node.target, "__name__", str(node.target))
    truth = name.startswith("bitwise_") and str(getattr(node.meta.get("val"), "dtype", "")) == "torch.bool"
    return name.replace("bitwise_", "logical_") if truth else name


def traced_shape(value: Any, count: int | None) -> tuple[tuple[Dimension, ...], ...]:
    """The shape of a traced tensor, in which the number of examples is a symbol; along an axis where each has several elements there are
    both.

    count  the number of examples that it was traced with, if it was traced with one. Raises UnreadableOperation.
    """
    import torch

    shape: list[tuple[Dimension, ...]] = []
    for extent in value.shape:
        if isinstance(extent, torch.SymInt):
            several, _, symbol = str(extent.node.expr).rpartition("*")
            if not symbol.isidentifier() or not (several == "" or several.isdecimal()):
                raise UnreadableOperation(f"an axis of {extent.node.expr} elements, where s is the number of examples")
            shape.append((BATCH, int(several)) if several else (BATCH,))
        elif count is not None and extent and extent % count == 0:
            shape.append((BATCH, extent // count) if extent > count else (BATCH,))
        else:
            shape.append((int(extent),))
    return tuple(shape)


def needed_nodes(program: Any) -> list[Any]:
    """The nodes that the results depend on, without those that only bring buffers up to date."""
    given = program.graph_signature.user_outputs
    output = next(node for node in program.graph.nodes if node.op == "output")
    pending = [one for one in leaves_of(output.args) if getattr(one, "name", None) in given]
    needed = {output}
    while pending:
        node = pending.pop()
        if node not in needed:
            needed.add(node)
            pending += node.all_input_nodes
    return [
        node
        for node in program.graph.nodes
        if node in needed or (node.op == "placeholder" and node.name in program.graph_signature.user_inputs)
    ]


def varying(program: Any, nodes: Sequence[Any]) -> set[Any]:
    """The nodes that depend on inputs or on trained parameters; all others are arrays that stay as they are."""
    signature, found = program.graph_signature, set[Any]()
    for node in nodes:
        outside = node.op == "placeholder" and (node.name in signature.inputs_to_parameters or node.name in signature.user_inputs)
        if outside or (operation_of(node) not in SIZES and any(one in found for one in node.all_input_nodes)):
            found.add(node)
    return found


def leaves_of(value: Any) -> list[Any]:
    """What stands in lists, tuples and dictionaries, however deep."""
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in leaves_of(part)]
    return [leaf for part in value.values() for leaf in leaves_of(part)] if isinstance(value, Mapping) else [value]


def mapped(value: Any, function: Callable[[Any], Any]) -> Any:
    """The same lists, tuples and dictionaries of what a function makes of each thing in them."""
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(part, function) for part in value)
    if isinstance(value, Mapping):
        return {key: mapped(part, function) for key, part in value.items()}
    return function(value)


def as_tuples(value: Any) -> Any:
    """Lists as tuples, however deep, which a graph can hold."""
    return tuple(map(as_tuples, value)) if isinstance(value, (list, tuple)) else value


def only_moves(node: Any) -> bool:
    """Does the operation give the elements that it takes, in another place?"""
    entry = PYTORCH.get(operation_of(node))
    return entry is not None and entry.quiet == "always"


def is_complex(node: Any) -> bool:
    """Does it give complex numbers?"""
    results = node.meta.get("val")
    return any(one.dtype.is_complex for one in (results if isinstance(results, (list, tuple)) else [results]) if hasattr(one, "dtype"))


def path_of(node: Any) -> str:
    """Which submodule an operation stands in, as "encoder.0"; "" for the model itself."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][0]) if stack else ""


def module_kind(node: Any, path: str) -> str:
    """What kind of layer gives it: "Linear", or the operation."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][1]).rpartition(".")[2] if stack and stack[-1][0] == path else operation_of(node).strip("_").replace("_", " ")


def is_a_layer(node: Any) -> bool:
    """Is the submodule that an operation stands in a layer of PyTorch's own?"""
    kind = list(node.meta["nn_module_stack"].values())[-1][1]
    return str(kind).startswith("torch.nn.modules.")


def leaf_calls(nodes: Sequence[Any]) -> dict[Any, tuple[str, Any]]:
    """The submodule without parts that each operation belongs to, and the last operation of that call.

    A call of which more than the last value is used outside is no layer: its operations stand for themselves.
    """
    paths = {str(path) for node in nodes for path, _ in node.meta.get("nn_module_stack", {}).values()}
    leaves = {path for path in paths if path and not any(other.startswith(f"{path}.") for other in paths)}
    if paths == {""} and all(is_a_layer(node) for node in nodes if node.meta.get("nn_module_stack")):
        leaves = {""}  # the model is nothing but a layer of PyTorch's
    calls: dict[str, list[Any]] = {}
    for node in nodes:
        stack = node.meta.get("nn_module_stack", {})
        if node.op == "call_function" and stack:
            key = list(stack)[-1]
            if str(stack[key][0]) in leaves:
                calls.setdefault(key, []).append(node)
    found: dict[Any, tuple[str, Any]] = {}
    alive = set(nodes)
    for own in calls.values():
        *before, last = own
        inside = set(own)
        if all(set(node.users) & alive <= inside for node in before) and not all(map(only_moves, own)):
            found |= dict.fromkeys(own, (path_of(last), last))
    return found


def last_computing(groups: Mapping[Any, tuple[str, Any]]) -> set[Any]:
    """The last operation of each call that computes something, behind which elements are only moved."""
    found: dict[tuple[str, Any], Any] = {}
    for node, call in groups.items():
        if not only_moves(node):
            found[call] = node
    return set(found.values())


def called_differently(groups: Mapping[Any, tuple[str, Any]], moving: set[Any]) -> set[str]:
    """The submodules whose calls are not of one formula: on inputs of another size, or on an array that stays as it is."""
    calls: dict[Any, list[Any]] = {}
    for node, (_, last) in groups.items():
        operands = [(tuple(getattr(one.meta.get("val"), "shape", ())), one in moving) for one in node.all_input_nodes]
        calls.setdefault(last, []).append((operation_of(node), operands))
    formulas: dict[str, list[Any]] = {}
    for last, formula in calls.items():
        formulas.setdefault(groups[last][0], []).append(formula)
    return {path for path, several in formulas.items() if any(one != several[0] for one in several)}


def attribute_of(module: Any, target: str) -> Any:
    """What a path as "encoder.0" leads to."""
    for part in target.split("."):
        module = getattr(module, part)
    return module


def doubled(dtype: torch.dtype) -> torch.dtype:
    """Float64 for every kind of float; whole numbers stay what they are."""
    import torch

    return torch.float64 if dtype.is_floating_point else dtype


def number_kind(dtype: torch.dtype) -> str:
    """Which kind of numbers a tensor holds, as `formula.stated` calls them."""
    import torch

    return "float" if dtype.is_floating_point else "bool" if dtype is torch.bool else "int"
