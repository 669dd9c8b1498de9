"""A person's own model of PyTorch or JAX: as a network, and every formula and number of a step of it.

model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
network = cr.network_from(model, x)
cr.explain(model, x, t, loss="mse")
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from chainrule.api.problems import problem
from chainrule.api.settings import chosen_notation, chosen_optimizer, setting
from chainrule.base.arrays import Array
from chainrule.base.errors import DescriptionError, InputError, quoted
from chainrule.base.files import write_whole
from chainrule.base.frozen import replace
from chainrule.document.document import Document, Note, Paragraph, Section, TableBlock
from chainrule.document.words import Words
from chainrule.explanation.explain import Detail
from chainrule.formula.expression import Expression
from chainrule.formula.stated import stated_operations
from chainrule.network.definitions import Definition, DefinitionLike, definitions, find
from chainrule.network.description import check_network, network_of_description
from chainrule.network.network import Network
from chainrule.network.targets import read_targets
from chainrule.notation.conventions import Notation
from chainrule.steps.problem import Problem
from chainrule.steps.step import Step

if TYPE_CHECKING:
    import torch

    from chainrule.interop.agreement import Agreement
    from chainrule.interop.functions import ReadFunction
    from chainrule.interop.modules import ReadModule
    from chainrule.interop.reading import Origin

    Read: TypeAlias = ReadModule | ReadFunction

LOSSES: dict[str, str] = {
    "MSELoss": "mse",
    "L1Loss": "mae",
    "SmoothL1Loss": "smooth_l1",
    "HuberLoss": "huber",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "bce_with_logits",
    "CrossEntropyLoss": "cross_entropy_from_logits",
}
"""Losses of ours by PyTorch's classes."""

MOST_ROWS = 12
"""Arrays that are listed in a comparison with autograd; of more, those that are furthest apart."""


class ModuleProblem(Problem):
    """A PyTorch module with a batch, as a problem.

    read     its layers, and which tensors they are made of
    seconds  that reading it took
    """

    read: Read | None = None
    seconds: float = 0.0

    def explain(self, **how: Any) -> Document:
        """As of `Problem.explain`, with how far the step is from autograd's."""
        assert self.x is not None
        check_outputs(self.network, self.x)
        document = super().explain(**how)
        if how.get("weight") is not None:
            return document
        assert self.read is not None
        found, predictions = self.agreement(self.step()), self.network.derivation.predictions
        return with_agreement(document, found, predictions, self.read.library, self.seconds)

    @property
    def origins(self) -> dict[str, Origin]:
        """Which tensor of the module each parameter is, by the parameter's key."""
        from chainrule.interop.agreement import parameter_origins

        assert self.read is not None
        return parameter_origins(self.read, self.network)

    def agreement(self, step: Step) -> Agreement:
        """Every value and gradient of a step of it beside autograd's."""
        assert self.read is not None
        return self.read.agreement(step)


def is_module(model: object) -> bool:
    """Is it a PyTorch module, an exported program, or a JAX function with its parameters? Neither library is imported to know it."""
    torch = sys.modules.get("torch")
    if isinstance(model, partial):
        return "jax" in sys.modules
    return torch is not None and isinstance(model, (torch.nn.Module, torch.export.ExportedProgram))


def network_from(description: Any, x: Any = None, *, loss: Any = None, **settings: Any) -> Network:
    """The network of a description, or of a PyTorch module.

    description  as plain data; or a `torch.nn.Module` or an exported program, which keeps the names of its submodules; or a JAX function
                 with its parameters, `functools.partial(f, params)`, whose names are the paths in their pytree
    x            inputs of the model, with the examples along the first axis: from them the shapes are learnt
    loss         by name, or as PyTorch's class; of several outputs a dict, by their names; the mean squared error if none is said
    settings     whatever else `Network` takes, as batch="sum"

    The module is read as it stands, in training or in evaluation mode, in float64; buffers, and arrays that depend on nothing, are frozen
    parameters. A matrix that is only used in a linear layer is (in, out) here. Raises InputError.
    """
    if isinstance(description, Mapping):
        return network_of_description(description)
    if isinstance(description, (Network, Problem, Step)):
        return description if isinstance(description, Network) else description.network
    return _read(description, x, loss, settings)[0]


def module_problem(
    model: Any,
    x: Any,
    t: Any = None,
    *,
    loss: Any = None,
    optimizer: DefinitionLike | None = None,
    learning_rate: float | DefinitionLike | None = None,
    **settings: Any,
) -> ModuleProblem:
    """A PyTorch module with a batch and an optimiser; arguments as of `network_from` and `chainrule.problem`. Raises InputError."""
    if loss is None and _are_classes(t):
        loss = "cross_entropy_from_logits"
    started = perf_counter()
    network, read, inputs = _read(model, x, loss, settings)
    seconds = perf_counter() - started
    rows = network.checked_x(_columns(network, inputs), "x")
    targets, classes = read_targets(network, _plain(t), "t", len(rows))
    origin = {"source": type(model).__name__, **({"classes": classes} if classes else {})}
    check_outputs(network, rows)
    rule = chosen_optimizer(None, optimizer, learning_rate)
    return ModuleProblem(network, rows, targets, rule, origin=origin, read=read, seconds=seconds)


def check_outputs(network: Network, x: Array) -> None:
    """Does the model give what its loss compares? Raises InputError where it gives net inputs, of which there is another loss.

    PyTorch's own cross-entropy takes net inputs; ours by that name takes probabilities, and has no value for a negative one.
    """
    y, start = network.predict(x), 0
    for prediction, goal in zip(network.inference.predictions, network.goals.values(), strict=True):
        columns = math.prod(map(int, prediction.shape[1:]))
        _check_output(goal.loss.definition, y[:, start : start + columns])
        start += columns


def _check_output(wanted: Definition, y: Array) -> None:
    if wanted.targets not in ("distribution", "probabilities") or wanted.logits:
        return
    beyond = y[(y < 0) | (y > 1)]
    if beyond.size:
        other = next(one for one in definitions("loss").values() if one.logits and one.targets == wanted.targets)
        raise InputError(
            f"{wanted.name} compares probabilities, but the model gives {beyond[0]:.4g}; of net inputs, as PyTorch's losses take them, "
            f"it is {other.name}."
        )


def write_onnx(network: Network, path: str | Path, *, precision: Literal["float32", "float64"] = "float32") -> None:
    """Writes the network that predicts, with its numbers, as an ONNX file.

    precision  of its inputs, its numbers and what comes out

    Inputs have the shape in which they are thought, (examples, height, width, channels), and the names of the network's inputs; the
    number of examples is open. Raises InputError where onnx is not installed, or the network has operations that only PyTorch computes;
    FileError.
    """
    from chainrule.interop.onnx import onnx_model

    check_network(network)
    write_whole(path, onnx_model(network, precision).SerializeToString())


def program_problem(path: str) -> ModuleProblem:
    """The problem of an exported program in a file, without a batch. Raises FileError, DescriptionError."""
    from chainrule.interop.archives import exported_program
    from chainrule.interop.modules import read_program

    started = perf_counter()
    read = read_program(exported_program(path))
    return ModuleProblem(_network(read, loss="mse"), read=read, seconds=perf_counter() - started)


def explain(
    subject: Any,
    x: Any = None,
    t: Any = None,
    *,
    loss: Any = None,
    optimizer: DefinitionLike | None = None,
    learning_rate: float | DefinitionLike | None = None,
    language: str | None = None,
    notation: Any = None,
    detail: Detail | None = None,
    brief: bool = False,
    all: bool = False,
    weight: str | None = None,
    step: int | None = None,
    steps: int = 1,
    order: Any = None,
    epochs: int | None = None,
    digits: int | None = None,
    exact: bool = False,
    mistakes: bool = False,
) -> Document:
    """A worked example of a training step.

    subject  a `Problem` (network, batch, optimiser), a recorded `Step`, a network or a description as plain data; a PyTorch module; or a
             JAX function with its parameters, as `functools.partial(f, params)`
    x, t     the batch, where the subject has none: inputs and targets, a row an example; of a model, x may be rows as it predicts from,
             in a data frame, a dict or a file, with their targets or without
    loss, optimizer, learning_rate, notation, language   of a network or of a module, as of `chainrule.problem`; PyTorch's losses, too
    detail   "overview", "matrix" or "scalar"; by default what the network's size allows
    brief    of what goes alike, one is worked out, and the others stand in tables; so are documents of more than 450 lines, but for
             those of built-in examples
    all      every weight and every sample is worked out; with no other detail said, in single numbers
    weight   one weight alone, with all its paths: "w1", "b2", "hidden1.W[2,3]", "encoder.0.W[2,3]"
    step     which step of the run to explain, from 1
    steps    how many steps to explain, one after the other
    order    the rows that each step learns from, in place of all of them: "1; 2; 3" goes sample by sample, "1 2; 3 4" by mini-batches; all
             steps are explained, and stand in a table, unless `step` or `steps` asks for some of them
    epochs   how often the order is gone through
    digits   significant digits of rounded numbers
    exact    fractions in place of rounded numbers
    mistakes at the end, which common mistakes would change a number here, and to what

    Of a module it is said how far every value and every gradient is from autograd's. Raises InputError, UnknownNameError, InexactError.
    """
    how: dict[str, Any] = {
        "detail": detail, "brief": brief, "all": all, "weight": weight, "step": step, "steps": steps, "order": order, "epochs": epochs,
        "digits": digits, "exact": exact, "mistakes": mistakes,
    }  # fmt: skip
    settings = {"loss": loss, "optimizer": optimizer, "learning_rate": learning_rate, "notation": notation, "language": language}
    said = {name: value for name, value in settings.items() if value is not None}
    if is_module(subject):
        if x is None:
            raise InputError("a model of PyTorch or JAX needs inputs to be explained: explain(model, x, t).")
        written: dict[str, Any] = {"notation": chosen_notation(Notation(), said.pop("notation", None), said.pop("language", None))}
        return module_problem(subject, x, t, **said, **written).explain(**how)
    if isinstance(subject, (Problem, Step)):
        given = [name for name, value in {"x": x, "t": t, **settings}.items() if value is not None]
        if given:
            raise InputError(f"a {type(subject).__name__} has its own batch and settings; leave out {', '.join(given)}.")
        return subject.explain(**how)
    return problem(subject, input=x, target=t, **said).explain(**how)


def _read(model: Any, x: Any, loss: Any, settings: Mapping[str, Any]) -> tuple[Network, Read, tuple[Any, ...]]:
    from chainrule.interop.modules import read_module, read_program

    if not is_module(model):
        if isinstance(model, (str, Path)):
            raise DescriptionError(f"of a name or a file, a network is problem({quoted(str(model))}).network.")
        beside = "; a JAX function is given with its parameters, as functools.partial(f, params)" if callable(model) else ""
        raise DescriptionError(f"a network is made of a PyTorch module, or of a description as plain data, not of {quoted(model)}{beside}.")
    if x is None:
        raise InputError("shapes are learnt from inputs: network_from(model, x).")
    if isinstance(model, partial):
        return _read_function(model, x, loss, settings)
    inputs = _tensors(model, x)
    read = read_module(model, inputs) if isinstance(model, sys.modules["torch"].nn.Module) else read_program(model)
    wanted, implied = _loss(loss)
    return _network(read, loss=wanted, **{**implied, **settings}), read, inputs


def _read_function(function: Any, x: Any, loss: Any, settings: Mapping[str, Any]) -> tuple[Network, Read, tuple[Any, ...]]:
    """A JAX function, which must give the same for these inputs as its layers: it may depend on the number of examples."""
    from chainrule.interop.functions import inputs_of_function, read_function

    inputs = inputs_of_function(x)
    read = read_function(function, inputs)
    wanted, implied = _loss(loss)
    network = _network(read, loss=wanted, **{**implied, **settings})
    read.check(network, inputs)
    return network, read, inputs


def _network(read: Read, **settings: Any) -> Network:
    wiring: Any = read.wiring
    return Network(0, wiring, **settings)


def _loss(loss: Any) -> tuple[Any, dict[str, Any]]:
    """A loss of ours, and how it counts the examples, for one of PyTorch's. Raises InputError."""
    torch = sys.modules.get("torch")
    if isinstance(loss, Mapping) and "name" not in loss:
        each = {output: _loss(one) for output, one in loss.items()}
        return {output: one for output, (one, _) in each.items()}, dict(how for _, implied in each.values() for how in implied.items())
    if torch is None or not isinstance(loss, torch.nn.Module):
        return find("loss", setting("mse" if loss is None else loss)), {}
    name = type(loss).__name__
    if name not in LOSSES:
        raise InputError(f"{name} is no loss that is known here; known are {', '.join(LOSSES)}, and those of this package by name.")
    for option in ("weight", "pos_weight"):
        if getattr(loss, option, None) is not None:
            raise InputError(f"{name} with {option} counts examples differently, which is not read; give the loss by name.")
    if getattr(loss, "label_smoothing", 0.0):
        raise InputError(f"{name} with label_smoothing is not read; give smoothed targets.")
    options = {"delta": loss.delta} if name == "HuberLoss" else {"beta": loss.beta} if name == "SmoothL1Loss" else {}
    wanted = find("loss", {"name": LOSSES[name], **options})
    implied: dict[str, Any] = {} if loss.reduction != "sum" else {"batch": "sum", "outputs": "sum"}
    if loss.reduction == "none":
        raise InputError(f"{name} with reduction='none' is no single number; take 'mean' or 'sum'.")
    if loss.reduction == "mean" and wanted.definition.targets not in ("distribution",):
        implied = {"batch": "mean", "outputs": "mean"}
    return replace(wanted, implied={}) if implied else wanted, implied


def _tensors(model: Any, x: Any) -> tuple[torch.Tensor, ...]:
    """What the module is called on. Whole numbers stay whole where it has an embedding, which looks them up."""
    import torch

    several = list(x.values()) if isinstance(x, Mapping) else list(x) if isinstance(x, tuple) else [x]
    looked_up = isinstance(model, torch.nn.Module) and any(isinstance(part, torch.nn.Embedding) for part in model.modules())
    made = []
    for one in several:
        try:
            tensor = one.detach() if isinstance(one, torch.Tensor) else torch.as_tensor(np.asarray(one))
        except (TypeError, ValueError) as error:
            raise InputError(f"the inputs of a model are tensors or arrays of numbers: {error}.") from None
        made.append(tensor if looked_up and not tensor.is_floating_point() else tensor.double())
    if len({len(one) for one in made if one.dim()}) > 1 or not all(one.dim() for one in made):
        raise InputError("every input of the model needs as many examples along its first axis.")
    return tuple(made)


def _columns(network: Network, inputs: Sequence[Any]) -> Any:
    arrays = [np.asarray(one, dtype=float) for one in inputs]
    return arrays[0] if len(arrays) == 1 else dict(zip(network.wiring.inputs, arrays, strict=True))


def _plain(t: Any) -> Any:
    torch = sys.modules.get("torch")
    if isinstance(t, Mapping):
        return {output: _plain(own) for output, own in t.items()}
    if torch is not None and isinstance(t, torch.Tensor):
        return t.detach().cpu().numpy()
    if t is not None and np.asarray(t, dtype=object).size and any(isinstance(one, str) for one in np.asarray(t, dtype=object).flat):
        word = next(one for one in np.asarray(t, dtype=object).flat if isinstance(one, str))
        raise InputError(f"the targets of a model are numbers, and t holds {quoted(word)}: give class numbers, from 0.")
    return t


def _are_classes(t: Any) -> bool:
    """Are the targets class numbers: whole numbers, one for each example?"""
    array = np.asarray(_plain(t)) if t is not None else np.empty(0)
    return array.dtype.kind in "iu" and array.ndim == 1 and array.size > 0


# Beside autograd


def with_agreement(
    document: Document, found: Agreement, predictions: Sequence[Expression] = (), library: str = "PyTorch", seconds: float = 0.0
) -> Document:
    """The document with a section that says how far the step is from autograd's, what below the predictions only PyTorch computes, and how
    long the model took to be read.
    """
    words = Words(document.language)
    rows = sorted(found.compared, key=lambda one: -one.difference)[:MOST_ROWS]
    figure = _figure(words, found.largest)
    kind = "agreement.equal" if not found.apart else "agreement.apart"
    how = words("agreement.how", library=library)
    if seconds:
        how = (*how, " ", *words("agreement.seconds", seconds=max(1, round(seconds)), library=library))
    parts: list[Any] = [Paragraph(how)]
    parts.append(
        Note(
            "warning" if found.apart else "insight",
            words(kind, count=len(found.compared), apart=len(found.apart), largest=figure, library=library),
        )
    )
    if stated := list(stated_operations(*predictions)):
        functions = ", ".join(dict.fromkeys(stated))
        parts.append(Note("more", words("agreement.stated", count=len(stated), functions=functions)))
    head = tuple(words(f"agreement.{name}") for name in ("array", "of", "difference"))
    cells = [
        ((one.name,), words("agreement.gradient" if one.gradient else "agreement.value"), (_figure(words, one.difference),)) for one in rows
    ]
    parts.append(TableBlock(head, tuple(cells)))
    section = Section("agreement", words.plain("section.agreement", library=library), tuple(parts))

    def programs() -> tuple[str, ...]:
        written = document.programs()
        return (*written, "") if written else ()

    return replace(document, sections=(*document.sections, section), programs=programs)


def _figure(words: Words, difference: float) -> str:
    """A difference as people write it: 3 · 10⁻¹⁶."""
    if difference == 0:
        return "0"
    mantissa, exponent = f"{difference:.0e}".split("e")
    return f"{mantissa} · 10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
