"""The engine `written`: the plain NumPy program that a careful student would have written, printed and run.

It is not a template. Every line is the value column of the table of primitives, run on pieces of source text in place of numbers:
`1 / (1 + xp.exp(-z))` on the text `z1` gives the text `1 / (1 + np.exp(-z1))`. A value that is used twice gets a variable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.frozen import FrozenValue
from chainrule.engines.brief import brief, with_functions_of_whole_arrays
from chainrule.engines.loops import rolled
from chainrule.engines.numpy_source import NUMPY
from chainrule.engines.source import Source, sizes, wrapped_items
from chainrule.engines.writer import Writer, identifier
from chainrule.formula.expression import Expression, order
from chainrule.formula.stated import stated_functions
from chainrule.network.definitions import Bound, find
from chainrule.network.derivation import Derivation
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, Update, network_update


class Program(FrozenValue):
    """A printed program and the functions in it.

    inputs, outputs, options  the names of what `step` takes and returns, and of what it takes with a default

    source   Python text, complete with its imports
    stated   functions that its text calls and does not hold: those whose values PyTorch states
    step     step(x, t, parameters …, states …, options …) → (E, new parameters …, new states …); runs the very text
    predict  predict(x, parameters …) → y
    """

    source: str = field(repr=False)
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: tuple[str, ...] = ()
    stated: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @cached_property
    def functions(self) -> dict[str, Any]:
        """The functions that the text defines. The text is ours: names and numbers of a description enter it as such only."""
        space: dict[str, Any] = dict(self.stated)
        with np.errstate():  # the text may quieten NumPy, which is its own affair
            exec(compile(self.source, "<written by chainrule>", "exec"), space)  # noqa: S102  # our own text
        return space

    @property
    def step(self) -> Callable[..., tuple[Any, ...]]:
        """One training step; as in `keep`, nothing warns where numbers overflow."""
        return np.errstate(all="ignore")(self.functions["step"])  # type: ignore[no-any-return]  # what was executed has no types

    @property
    def predict(self) -> Callable[..., Any]:
        """The forward pass alone; nothing warns."""
        return np.errstate(all="ignore")(self.functions["predict"])  # type: ignore[no-any-return]  # as above


def written_program(
    network: Network, optimizer: Bound | None = None, example: Mapping[str, Any] | None = None, language: Source | None = None
) -> Program:
    """The program of a network's training step.

    optimizer  whose update rule; gradient descent if none is said
    example    a batch {"x": …, "t": …} (and "s", where examples are weighted) and a number of "steps" to close the program with,
               so that it runs as it stands
    language   NumPy's if none is said; `chainrule.engines.languages` has others
    """
    short, language = brief(network), language or NUMPY
    derivation = with_functions_of_whole_arrays(short.derivation)
    rule = network_update(network, optimizer or find("optimizer", "sgd"), derivation)
    step, inputs, outputs, options = _step_function(derivation, rule, language, short.remarks)
    quiet = any(node.primitive.name in ("exp", "sigmoid") for node in order(derivation.error, *derivation.gradients, *rule.roots))
    functions = [*_predict_function(with_functions_of_whole_arrays(network.inference), language), "", "", *step]
    lines = [*_header(functions, quiet, language), *functions]
    if example is not None:
        lines += ["", "", *_main(network, rule, example, inputs, outputs, language)]
    outside = stated_functions(*network.inference.predictions, derivation.error, *derivation.gradients, *derivation.asked, *rule.roots)
    return Program("\n".join(lines) + "\n", tuple(inputs), tuple(outputs), tuple(options), outside)


def _header(functions: list[str], quiet: bool, language: Source) -> list[str]:
    lines, helpers = list(language.imports), language.helpers(functions)
    if any("functools." in line for line in helpers):
        lines = ["import functools", "", *lines]
    if any("math." in line for line in functions):
        lines = ["import math", "", *lines]
    if quiet and language.quiet:
        lines += ["", language.quiet]
    if helpers:
        lines += ["", "", *helpers]
    return [*lines, "", ""]


def _predict_function(derivation: Derivation, language: Source) -> list[str]:
    writer = Writer(derivation.predictions, language)
    for quantity in derivation.quantities:
        if quantity in writer.users:
            writer.write(quantity)
    inputs, outputs = ([identifier(node) for node in side] for side in (derivation.inputs, derivation.predictions))
    said = ["The prediction y (batch, outputs) for inputs x (batch, inputs)."] if len(inputs) == len(outputs) == 1 else ["The predictions."]
    arguments = [*inputs, *(str(parameter.name) for parameter in derivation.parameters)]
    lines = [
        f'"""{said[0]}"""',
        *with_size(rolled(writer.lines, arguments, scans=language.scans), inputs[0]),
        f"return {', '.join(outputs)}",
    ]
    head = wrapped_items("def predict(", arguments, "):", width=10**9 if len(inputs) == 1 else 100)
    return [*language.decorators(lines), *head, *_indented(lines)]


def written_error(network: Network, language: Source = NUMPY) -> Program:
    """The forward pass up to E alone, as the function error(x, t, parameters …): what measuring a network takes."""
    derivation = with_functions_of_whole_arrays(network.inference)
    return _forward_program("error", derivation.error, "The error E of the batch (x, t).", derivation.data, derivation, language)


def written_quantity(network: Network, key: str) -> Program:
    """The forward pass up to the quantity of that key alone, as the function quantity(x, parameters …)."""
    derivation = with_functions_of_whole_arrays(network.inference)
    found = next(one for one in (*derivation.quantities, *derivation.predictions) if one.key == key)
    return _forward_program("quantity", found, f"{key} of the batch x.", derivation.inputs, derivation, NUMPY)


def _forward_program(
    name: str, root: Expression, said: str, rows: Sequence[Expression], derivation: Derivation, language: Source
) -> Program:
    """The function of that name, of these rows and of the parameters, that gives the root."""
    writer = Writer([root], language)
    writer.write(root)
    inputs = [identifier(node) for node in (*rows, *derivation.parameters)]
    docstring = f'"""{said}"""'
    body = _indented([docstring, *with_size(rolled(writer.lines, inputs, scans=language.scans), inputs[0]), f"return {identifier(root)}"])
    lines = [*_header(writer.lines, False, language), *language.decorators(body), *wrapped_items(f"def {name}(", inputs, "):"), *body]
    return Program("\n".join(lines) + "\n", tuple(inputs), (identifier(root),), stated=stated_functions(root))


def program_of(lines: Sequence[str]) -> Program:
    """A program of functions that are called by their names."""
    return Program("\n".join([*_header(list(lines), False, NUMPY), *lines]) + "\n", (), ())


def with_size(lines: list[str], first: str = "x") -> list[str]:
    """The lines of a function, behind one that counts the rows of its first argument where they need it."""
    return [f"N = len({first})", *lines] if any(re.search(r"\bN\b", line) for line in lines) else lines


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


class StepLines(FrozenValue):
    """The lines of a training step, by part: "forward pass", "error", "backward pass", "update".

    targets  which variable holds each new value: that of the old one, unless an old one is still needed later ("m_W1_next")
    options  the optimiser's letters that the lines read, and k, the number of the step, if they read it
    """

    parts: dict[str, list[str]]
    targets: dict[Expression, str]
    options: list[Expression]


def step_lines(
    derivation: Derivation, rule: Update, source: Source | None = None, remarks: Mapping[str, str] = {}, *, every: bool = True
) -> StepLines:
    """A training step line by line, in the order in which a careful student computes it.

    remarks  comments above the lines of quantities, by their keys
    every    whether the gradients of parameters that stay as they are, because they are frozen, are computed, too
    """
    # Of a parameter that no gradient moves, as a running mean, there is none to compute.
    trained = {*derivation.parameters} if every else {part.parameter for part in rule.parameters}
    trained -= {*derivation.moving}
    gradients = [gradient for gradient, parameter in zip(derivation.gradients, derivation.parameters, strict=True) if parameter in trained]
    roots = [*derivation.predictions, derivation.error, *gradients, *derivation.asked, *rule.roots]
    writer = Writer(roots, source, numbers=(*rule.options, STEP_NUMBER))
    parts: dict[str, list[str]] = {}

    def part(title: str, quantities: Iterable[Expression], targets: Mapping[Expression, str] = {}) -> None:
        start = len(writer.lines)
        for quantity in quantities:
            if quantity.key in remarks:
                writer.lines.append(f"# {quantity.key} {remarks[quantity.key]}")
            writer.write(quantity, targets.get(quantity))
        parts[title] = writer.lines[start:]

    part("forward pass", derivation.quantities)
    part("error", [derivation.error])
    part("backward pass", [quantity for quantity in derivation.backward if quantity in writer.users])
    targets = in_place(rule)
    part("update", [root for root in rule.roots if root.primitive.name == "named"], targets)
    return StepLines(parts, targets, [letter for letter in (*rule.options, STEP_NUMBER) if letter in writer.pieces])


def _step_function(
    derivation: Derivation, rule: Update, language: Source, remarks: Mapping[str, str]
) -> tuple[list[str], list[str], list[str], list[str]]:
    """The lines of the function, the names of its arguments and results, and those of its options, which have defaults."""
    lines = step_lines(derivation, rule, language, remarks, every=False)
    targets = lines.targets
    states = [state for part in rule.parameters for state in part.states]
    options = [letter for letter in lines.options if letter is not STEP_NUMBER]
    used_k = [letter for letter in lines.options if letter is STEP_NUMBER]
    leading = [*derivation.data, *derivation.parameters, *states, *used_k]
    inputs = [identifier(node) for node in leading]
    defaults = [f"{identifier(letter)}={rule.options[letter]!r}" for letter in options]
    trained = {part.parameter: targets[part.new] for part in rule.parameters}
    outputs = [trained.get(parameter, identifier(parameter)) for parameter in derivation.parameters]
    outputs += [targets[new] for part in rule.parameters for new in part.new_states]
    body = rolled([line for title, own in lines.parts.items() if own for line in (f"# {title}", *own)], inputs, scans=language.scans)
    batch = ", ".join(map(identifier, derivation.data))
    source = [
        *language.decorators(body),
        *wrapped_items("def step(", [*inputs, *defaults], "):"),
        f'    """One training step on the batch ({batch}): E before it, and the new parameters."""',
        *_indented(with_size(body, inputs[0])),
        *_indented(wrapped_items("return ", ["E", *outputs], "")),
    ]
    drawn = [identifier(mask.variable) for mask in derivation.masks]
    data = [identifier(node) for node in derivation.data if identifier(node) not in drawn]
    state = [identifier(node) for node in (*derivation.parameters, *states)]
    if epoch := language.epoch(data, drawn, state, defaults, counted=bool(used_k)):
        source += ["", "", *epoch]
    return source, inputs, ["E", *outputs], [identifier(letter) for letter in options]


def in_place(rule: Update) -> dict[Expression, str]:
    """New values take the names of the old ones, unless an old one is still needed later."""
    targets: dict[Expression, str] = {}
    for part in rule.parameters:
        for old, new in zip((*part.states, part.parameter), (*part.new_states, part.new), strict=True):
            later = [root for root in (*part.new_states, part.new) if root is not new and _reads(root, old, past=new)]
            targets[new] = f"{identifier(old)}_next" if later and new is not part.new else identifier(old)
    return targets


def _reads(root: Expression, old: Expression, past: Expression) -> bool:
    return old in order(root, wall=lambda node: node is past)


def _main(network: Network, rule: Update, example: Mapping[str, Any], inputs: list[str], outputs: list[str], language: Source) -> list[str]:
    x, t = (None if example[key] is None else np.asarray(example[key], dtype=float) for key in ("x", "t"))
    batch = network.split(x, t)
    lines = [*language.start, *([""] if language.start else [])]
    lines += [f"{identifier(node)} = {language.array}({literal(part)}{language.kind})" for node, part in batch.items()]
    if network.derivation.weights is not None:
        weights = f"{language.array}({literal(example['s'])}{language.kind})" if example.get("s") is not None else None
        lines.append(f"s = {weights or f'{language.library}.ones(len({inputs[0]}){language.kind})'}")
    lines += [f"{key} = {language.array}({literal(value)}{language.kind})" for key, value in network.parameters.items()]
    for part in rule.parameters:
        lines += [f"{identifier(state)} = {language.library}.zeros({sizes(state.shape)}{language.kind})" for state in part.states]
    steps = int(example.get("steps", 2))
    results = wrapped_items("", [name.removesuffix("_next") for name in outputs], "")
    call = wrapped_items("step(", inputs, ")")
    loop = [f"for k in range(1, {steps + 1}):"]
    body = [*results[:-1], f"{results[-1]} = {call[0]}", *call[1:], f"print(k, {language.shown_error})"]
    return [*lines, "", *loop, *_indented(body)]


def literal(values: Any) -> str:
    """Numbers as nested lists, at full precision."""
    nested = np.asarray(values, dtype=float).tolist()
    return _shown(nested)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(inner) for inner in value)}]"
    return repr(value) if math.isfinite(value) else f'float("{value}")'
