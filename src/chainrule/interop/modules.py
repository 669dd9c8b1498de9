"""A PyTorch module as a network: what `torch.export` traces, cut where its submodules end, with their own names.

Each submodule that has no parts of its own becomes a layer of the network, and so does each operation between them that computes
something; what only moves elements belongs to whatever reads it. Buffers, and arrays that depend on nothing, are parameters that the update
leaves alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.errors import ChainruleError, DescriptionError
from chainrule.base.frozen import Frozen, replace
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, Name, variable
from chainrule.formula.stated import OPERAND, stated
from chainrule.interop.exporting import decomposed, exported
from chainrule.interop.merged import Merged, merged_formula
from chainrule.interop.nodes import (
    SIZES,
    as_tuples,
    attribute_of,
    called_differently,
    doubled,
    is_complex,
    last_computing,
    leaf_calls,
    leaves_of,
    mapped,
    module_kind,
    needed_nodes,
    number_kind,
    only_moves,
    operation_of,
    path_of,
    traced_shape,
    varying,
)
from chainrule.interop.operations.shapes import back_in_order, examples_first, lettered, permuted, reshaped
from chainrule.interop.operations.table import PYTORCH, UnreadableOperation
from chainrule.interop.reading import LayerReader, Origin, first_examples, input_name, input_size, plain_shape, symbol_of
from chainrule.network.derivation import BATCH
from chainrule.network.wiring import INPUT, Wiring

if TYPE_CHECKING:
    import torch

    from chainrule.interop.agreement import Agreement
    from chainrule.steps.step import Step


class ReadModule(Frozen):
    """A module as layers.

    wiring   the layers and how they are connected
    origins  which tensor each parameter is, by (layer, symbol)
    nodes    which value of the exported program each layer gives, by the name of its call
    program  what `torch.export` made, in which operations without a formula are taken apart
    exported the same as it was made, by which gradients are compared
    count    the number of examples that it was made for, if it works for one alone
    """

    wiring: Wiring
    origins: Mapping[tuple[str, str], Origin]
    nodes: Mapping[str, Any]
    program: Any = field(repr=False)
    count: int | None = None
    exported: Any = field(repr=False, default=None)
    library = "PyTorch"

    def agreement(self, step: Step) -> Agreement:
        """Every value and gradient of a step of it beside autograd's."""
        from chainrule.interop.agreement import agreement

        return agreement(self, step)


def read_module(module: torch.nn.Module, inputs: Sequence[torch.Tensor]) -> ReadModule:
    """The layers of a module that is called on tensors like these, whose first axis counts the examples.

    The module is read as it stands, in training or evaluation mode; it is not changed. Raises DescriptionError, InputError.
    """
    return read_program(exported(module, inputs))


def read_program(program: Any) -> ReadModule:
    """The layers of an exported program. Raises DescriptionError."""
    try:
        return replace(_Reader(decomposed(program)).read(), exported=program)
    except UnreadableOperation as error:
        raise DescriptionError(f"this model has {error}.") from None


class _Reader(LayerReader):
    """Goes through an exported program once; `values` has a formula for each node that depends on inputs or parameters."""

    def __init__(self, program: Any) -> None:
        super().__init__()
        self.program = program
        self.nodes = needed_nodes(program)
        self.needed = set(self.nodes)
        self.values: dict[Any, Any] = {}
        self.made_by: dict[str, Any] = {}
        self.groups = leaf_calls(self.nodes)
        self.endings = last_computing(self.groups)
        self.paths = {path for path, _ in self.groups.values()}
        self.unlike = called_differently(self.groups, varying(program, self.nodes))
        called = [path for path, _ in set(self.groups.values())]
        self.repeated = {path for path in called if called.count(path) > 1}
        given = next(node for node in self.nodes if node.op == "placeholder" and node.name in self._user_inputs)
        first = given.meta["val"].shape[0]
        self.count = first if isinstance(first, int) else None
        self.named: dict[int, str] = {}
        self._dtypes: dict[Expression, Any] = {}
        self.constants: dict[int, tuple[Any, Expression]] = {}

    def read(self) -> ReadModule:
        """Every node, in the order of the program."""
        for node in self.nodes:
            if node.op == "placeholder":
                self._placeholder(node)
            elif node.op == "get_attr":
                self.values[node] = attribute_of(self.program.graph_module, node.target)
            elif node.op == "call_function":
                self._called(node)
            elif node.op == "output":
                self._output(node)
        wiring = self.wiring()
        wanted = {call.name for call in wiring.calls}
        nodes = {name: node for name, node in self.made_by.items() if name in wanted}
        return ReadModule(wiring, self.origins, nodes, self.program, self.count)

    # What comes from outside

    def _placeholder(self, node: Any) -> None:
        signature = self.program.graph_signature
        if node.name in signature.inputs_to_parameters:
            name = signature.inputs_to_parameters[node.name]
            self.values[node] = self._parameter(node, name, self.program.state_dict[name])
            return
        if node.name in signature.inputs_to_buffers:
            name = signature.inputs_to_buffers[node.name]
            tensor = self.program.state_dict.get(name)
            self.values[node] = tensor = self.program.constants[name] if tensor is None else tensor
            self.named[id(tensor)] = name
            return
        constants = getattr(signature, "inputs_to_lifted_tensor_constants", {})
        if node.name in constants:
            self.values[node] = self.program.constants[constants[node.name]]
            return
        name = input_name(node.name) if len(self._user_inputs) > 1 else INPUT
        shape = plain_shape(traced_shape(node.meta["val"], self.count))
        self.inputs[name] = input_size(shape)
        self.values[node] = signal = variable(Name(name), shape)
        self.signals[signal] = name

    @property
    def _user_inputs(self) -> Sequence[str]:
        return list(self.program.graph_signature.user_inputs)

    def _parameter(self, node: Any, name: str, tensor: torch.Tensor) -> Expression:
        """The formula of a tensor of the module: (out, in) becomes (in, out) where it is only used as such."""
        users = [user for user in node.users if user in self.needed]
        turned = tensor.dim() == 2 and all(operation_of(user) == "linear" and user.args[0] is not node for user in users)
        axes = (1, 0) if turned else tuple(range(tensor.dim()))
        owner, _, last = name.rpartition(".")
        symbol = symbol_of(last)
        array = np.asarray(tensor.detach().double().permute(axes).numpy(), dtype=float)
        leaf = {self.groups.get(user, (None,))[0] for user in users} == {owner} and owner not in self.unlike
        parameter = variable(Name(symbol, scope=owner), array.shape)
        self.given[parameter] = (Origin(name, axes), array, True)
        if not leaf:
            self._shared(parameter, name)
        return permuted(parameter, axes) if turned else parameter

    def _shared(self, parameter: Expression, name: str) -> None:
        """A parameter that is used in several places is a layer of its own, called on nothing."""
        if "." not in name:
            name = parameter.symbol  # the model's own bias is b, not b of a layer called bias
        for ending in ("_weight", ".weight", "_bias", ".bias"):
            if name.removesuffix(ending) not in self.paths:
                name = name.removesuffix(ending) or name
        self.alone(name, parameter)

    # Operations

    def _called(self, node: Any) -> None:
        arguments, options = mapped((node.args, node.kwargs), self._operand)
        if operation_of(node) in SIZES:  # only arrays that are the same for every example are made of these
            extent = node.meta["val"]
            self.values[node] = int(extent if isinstance(extent, int) else extent.node.hint)
            return
        if not any(isinstance(one, (Expression, Merged)) for one in leaves_of((arguments, options))):
            self.values[node] = self._without_signals(node, arguments, options)
            return
        if self.groups.get(node, ("",))[0] in self.repeated:  # so that each of its calls is of the same formula
            self._cut_before(node)
            arguments, options = mapped((node.args, node.kwargs), self._operand)
        if is_complex(node):
            raise DescriptionError(f"{self._where(node)} gives complex numbers, which are not read.")
        if operation_of(node) == "getitem":
            self.values[node] = arguments[0][arguments[1]]
        else:
            self.values[node] = self._formula(node, arguments, options)
            if isinstance(self.values[node], tuple) and node not in self.groups and not self._is_quiet(node):
                self.values[node] = self._together(node, self.values[node])
        group = self.groups.get(node)
        if group is not None and group[1] is not node:
            if node not in self.endings:
                self.values[node] = _lettered(node, self.values[node])
            return
        if isinstance(self.values[node], Expression) and (group is not None or not self._is_quiet(node)):
            path = (group and group[0]) or ".".join(filter(None, (path_of(node), operation_of(node).strip("_"))))
            self.values[node] = self._cut(node, path, self.values[node])

    def _operand(self, value: Any) -> Any:
        return self.values[value] if hasattr(value, "users") and value in self.values else value

    def _without_signals(self, node: Any, arguments: Any, options: Any) -> Any:
        """An array that depends on nothing that is learned or given: computed now."""
        import torch

        arguments, options = mapped((arguments, options), lambda value: doubled(value) if isinstance(value, torch.dtype) else value)
        result = node.target(*arguments, **options)
        if isinstance(result, torch.Tensor):
            for axis, extent in enumerate(node.meta["val"].shape):
                if isinstance(extent, torch.SymInt) or (self.count is not None and extent == self.count):
                    result = _for_one(result, axis)
        return result

    def _formula(self, node: Any, arguments: Any, options: Any) -> Any:
        name = operation_of(node)
        entry = PYTORCH.get(name)
        if entry is None:
            return self._stated(node, arguments, options)
        try:
            if not entry.places:
                arguments, options = mapped((arguments, options), lambda value: self._constant(node, value))
            result = node.meta["val"]
            shapes = [
                traced_shape(one, self.count)
                for one in (result if isinstance(result, (list, tuple)) else [result])
                if hasattr(one, "shape")
            ]
            if any(len(axis) > 1 for shape in shapes for axis in shape) or any(isinstance(one, Merged) for one in leaves_of(arguments)):
                return merged_formula(name, arguments, options, shapes[0])
            if not entry.by_shape:
                return entry.formula(*arguments, **options)
            if isinstance(result, (list, tuple)):
                return entry.formula(*arguments, **options, shapes=[plain_shape(one) for one in shapes])
            return entry.formula(arguments[0], shape=plain_shape(shapes[0]))
        except UnreadableOperation as error:
            raise DescriptionError(f"{self._where(node)}: {error}.") from None
        except (ChainruleError, TypeError, ValueError, LookupError) as error:
            raise DescriptionError(f"{self._where(node)}: {name} cannot be read in this form: {error}") from None

    def _stated(self, node: Any, arguments: Any, options: Any) -> Any:
        """What PyTorch computes, where no formula of it is known. Raises DescriptionError."""
        import torch

        if operation_of(node) == "wrap_with_set_grad_enabled":
            where = f" in {path}" if (path := path_of(node)) else ""
            raise DescriptionError(
                f"the model computes without gradients (torch.no_grad){where}, which is not read: take the lines out of "
                "`with torch.no_grad():` and call .detach() on what they give, which is the same."
            )
        schema = getattr(node.target, "_schema", None)
        functional = schema is not None and not schema.is_mutable and str(node.target).startswith("aten.")
        if not functional or torch.Tag.nondeterministic_seeded in node.target.tags:
            raise DescriptionError(f"{self._where(node)}: {operation_of(node)} is no formula that can be read.")
        if any(isinstance(one.meta.get("val"), torch.SymInt) for one in node.all_input_nodes):
            raise DescriptionError(f"{self._where(node)}: {operation_of(node)} depends on the number of examples.")
        operands, kinds = list[Expression](), list[str]()

        def place(value: Any) -> Any:
            if isinstance(value, Merged):
                raise DescriptionError(f"{self._where(node)}: {operation_of(node)} along axes that are counted together is not read.")
            if not isinstance(value, Expression):
                return value
            if value not in operands:
                operands.append(value)
                kinds.append(number_kind(self._dtypes.get(value, torch.float64)))
            return f"{OPERAND}{operands.index(value)}"

        for one in node.all_input_nodes:
            if isinstance(formula := self.values.get(one), Expression) and hasattr(one.meta.get("val"), "dtype"):
                self._dtypes[formula] = one.meta["val"].dtype
        given, named = mapped(mapped((arguments, options), lambda value: self._constant_operand(node, value)), place)
        plain = (str, int, float, bool, type(None))
        if not operands or not all(isinstance(one, plain) for one in leaves_of((given, named))):
            raise DescriptionError(f"{self._where(node)}: {operation_of(node)} is no formula that can be read.")
        results = node.meta["val"] if isinstance(node.meta["val"], (list, tuple)) else [node.meta["val"]]
        made = [
            stated(
                *operands,
                operation=str(node.target).removeprefix("aten."),
                given=as_tuples(given),
                named=as_tuples(list(named.items())),
                kinds=tuple(kinds),
                which=which,
                sizes=plain_shape(traced_shape(result, self.count)),
            )
            for which, result in enumerate(results)
        ]
        return tuple(made) if isinstance(node.meta["val"], (list, tuple)) else made[0]

    def _where(self, node: Any) -> str:
        path = path_of(node)
        return f"the model's operation {operation_of(node)}{f' in {path}' if path else ''}"

    def _constant_operand(self, node: Any, value: Any) -> Any:
        """As `_constant`, for an operation that PyTorch computes, which takes whole numbers as such."""
        made = self._constant(node, value)
        if made is not value:
            self._dtypes[made] = value.dtype
        return made

    def _constant(self, node: Any, value: Any) -> Any:
        """A tensor that depends on nothing: a number where all of it is one, else a parameter that is not trained."""
        import torch

        if not isinstance(value, torch.Tensor):
            return value
        array = value.detach().double().numpy()
        if array.size and (array == array.flat[0]).all():
            number = p.constant(number=max(-1e30, min(float(array.flat[0]), 1e30)))
            entry = PYTORCH.get(operation_of(node))
            if not array.ndim or (entry is not None and not entry.whole):
                return number
            made = next(one for one in node.all_input_nodes if self.values.get(one) is value)
            shape = plain_shape(traced_shape(made.meta["val"], self.count))
            return p.spread(number, axes=tuple(range(array.ndim)), sizes=shape)
        if id(value) in self.constants:
            return self.constants[id(value)][1]
        name = self.named.get(id(value), "constant")
        owner, _, last = name.rpartition(".")
        parameter = variable(Name(symbol_of(last) if id(value) in self.named else "C", scope=owner), array.shape)
        self.given[parameter] = (
            Origin(name if id(value) in self.named else "", tuple(range(array.ndim))),
            np.clip(array, -1e30, 1e30),
            False,
        )
        if self.groups.get(node, ("",))[0] != owner or not owner:
            self._shared(parameter, name)
            self.constants[id(value)] = (value, parameter)  # the tensor is kept, so that nothing else gets its number
        return parameter

    def _is_quiet(self, node: Any) -> bool:
        entry = PYTORCH.get(operation_of(node))
        if entry is not None and entry.quiet == "by a number":
            return sum(isinstance(self._operand(one), Expression) for one in node.args) < 2
        return only_moves(node) or operation_of(node) == "getitem"

    # Layers

    def _cut(self, node: Any, path: str, value: Expression) -> Expression:
        """What a layer of its own gives from here on, which is a value of PyTorch's."""
        cut = self.cut(path, value, module_kind(node, path))
        self.made_by[self.signals[first_examples(cut)]] = node
        return cut

    def _cut_before(self, node: Any) -> None:
        """What leads into a submodule becomes a layer of its own, where it was only moved."""
        inside = {one for one, group in self.groups.items() if group == self.groups[node]}
        for one in node.all_input_nodes:
            value = self.values.get(one)
            if one not in inside and isinstance(value, Expression) and value not in self.signals and BATCH in value.shape:
                self.values[one] = self._cut(one, ".".join(filter(None, (path_of(one), operation_of(one).strip("_")))), value)

    def _together(self, node: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Several results of one operation, of which more than one is used: one layer gives them side by side."""
        places = {user.args[1] for user in node.users if user in self.needed}
        first = [permuted(one, examples_first(one)) for one in values if one is not None]
        if len(places) < 2 or len(first) < len(values):
            return values
        flat = [reshaped(one, (BATCH, _count(one))) for one in first]
        path = ".".join(filter(None, (path_of(node), operation_of(node))))
        joined, start, parts = self._cut(node, path, p.join(*flat, axis=1)), 0, []
        del self.made_by[self.signals[joined]]  # no value of PyTorch's
        for one, value in zip(first, values, strict=True):
            part = reshaped(p.part(joined, axis=1, start=start, stop=start + _count(one)), one.shape)
            parts.append(back_in_order(part, examples_first(value)))
            start += _count(one)
        return tuple(parts)

    def _output(self, node: Any) -> None:
        given = self.program.graph_signature.user_outputs  # after the buffers that the module would update
        results = [one for one in leaves_of(node.args) if getattr(one, "name", None) in given]
        if not results or not all(isinstance(self.values[one], Expression) for one in results):
            raise DescriptionError("this model returns numbers that do not depend on its inputs.")
        spec = self.program.call_spec.out_spec
        named = spec is not None and spec.type is dict and len(spec.context) == len(results)
        self.give_out([self.values[one] for one in results], spec.context if named else results)
        for call, result in zip(self.outputs.values(), results, strict=True):
            self.made_by.setdefault(call, result)


def _lettered(node: Any, value: Any) -> Any:
    """What an operation gives in the midst of a layer, as a quantity of its own where that is worth it."""
    entry = PYTORCH.get(operation_of(node))
    if entry is None or not entry.letter:
        return value
    if isinstance(value, Merged):
        return Merged(lettered(entry.letter, value.formula), value.axes)
    return lettered(entry.letter, value) if isinstance(value, Expression) else value


def _for_one(constant: torch.Tensor, axis: int) -> torch.Tensor:
    """Of an array that is the same for every example, that of one, along an axis of length 1. Raises DescriptionError."""
    one = constant.narrow(axis, 0, 1)
    if not bool((constant == one).all()):
        raise DescriptionError("the model has an array that is different for every example although it does not depend on the inputs.")
    return one


def _count(x: Expression) -> int:
    """How many numbers there are of each example."""
    return math.prod(int(extent) for extent in x.shape if extent != BATCH)
