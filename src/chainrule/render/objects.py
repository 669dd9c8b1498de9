"""What the objects that people hold look like in a notebook: a few blocks of a document for each, from the parts of explanations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import singledispatch
from typing import Any

from chainrule.base.frozen import replace
from chainrule.base.printing import counted
from chainrule.checking.report import Assessment
from chainrule.diagnosis.divergence import Diverged
from chainrule.diagnosis.examination import Diagnosis
from chainrule.document.document import NONE, Block, Cell, Equations, Paragraph, TableBlock, table
from chainrule.document.words import Words, with_powers
from chainrule.explanation import definitions, overview, rules, setting
from chainrule.explanation.context import Context
from chainrule.formula.expression import Expression, Name, definition, variable
from chainrule.network.definitions import KINDS, Bound, Definition, find
from chainrule.network.examples import example
from chainrule.network.initializers import Distribution
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER
from chainrule.notation.build import formula
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Equation, Formula
from chainrule.notation.labels import Labels
from chainrule.notation.numbers import number_formula
from chainrule.preparation.preparation import Preparation
from chainrule.render.markdown import blocks
from chainrule.render.notebook import with_pictures
from chainrule.steps.problem import Problem, problem_from
from chainrule.steps.step import Step
from chainrule.training.history import Outcome
from chainrule.training.loop import Training
from chainrule.training.metrics import Scores
from chainrule.training.model import Model
from chainrule.training.trials import Sweep

MOST_EPOCHS = 10
"""Of a longer run, the last epochs are shown."""

MOST_TRIALS = 20
"""Of a larger sweep, the best trials are shown."""


def object_markdown(value: Any) -> str:
    """An object as Markdown with formulas in dollars, which Jupyter and marimo show. What people wrote in it comes out as itself."""
    shown = list(content(value))
    return "\n\n".join(blocks(shown, _language(value), with_pictures(shown)))


def _language(value: Any) -> str:
    network = value if isinstance(value, Network) else getattr(value, "network", None)
    return network.notation.language if isinstance(network, Network) else "en"


@singledispatch
def content(value: Any) -> Iterable[Block]:
    """What is shown of an object; of one without a case of its own, its fields."""
    assert is_dataclass(value)
    yield _title(type(value).__name__)
    yield _table("", {one.name: getattr(value, one.name) for one in fields(value) if one.repr})


def _title(text: str, *more: str | Formula) -> Paragraph:
    return Paragraph((text, *more))


def _table(head: str, rows: Mapping[str, Any]) -> TableBlock:
    return table((head, ""), ((key, _cell(value)) for key, value in rows.items()))


def _cell(value: Any) -> Cell:
    if isinstance(value, Expression):
        return formula(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_formula(value, Notation())
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {inner}" for key, inner in value.items()) or NONE
    return NONE if value is None or value == "" else str(value)


# Formulas


@content.register
def _(value: Expression) -> Iterable[Block]:
    yield Equations((_line(Labels(), value) if value.primitive.name == "named" else formula(value),))


def _line(labels: Labels, quantity: Expression) -> Equation:
    """h1 = x · W1"""
    return Equation((labels.label(quantity.own_name), formula(definition(quantity), labels)), ("=",))


@content.register
def _(value: Definition) -> Iterable[Block]:
    yield from content(value.bind())
    options = {key: option for key, option in value.options.items() if option is not None}
    if options:
        yield _table("option", options)


@content.register
def _(value: Bound) -> Iterable[Block]:
    given = ", ".join(f"{key} = {option}" for key, option in value.given.items())
    yield _title(f"{value.name.replace('_', ' ')}{f' ({given})' if given else ''}, {value.definition.kind}: {value.definition.summary}")
    yield from _FORMULAS[value.definition.kind](value)


def _activation(value: Bound) -> Iterable[Block]:
    z = variable(Name("z"), ("batch", 2))
    if value.elementwise:
        yield Equations(tuple(definitions.function_lines(Labels(), value)))
    else:
        yield Equations((Equation((formula(variable(Name("y"))), formula(value.apply(z))), ("=",)),))


def _loss(value: Bound) -> Iterable[Block]:
    """E for one example with one output, and ∂E/∂y; of two outputs where the loss compares whole rows."""
    operands = [variable(Name(letter), ("batch", 2)) for letter in value.definition.operands]
    outputs = 2 - len(value.apply(*operands).shape) + 1
    derivation, labels = Network(1, dense(outputs, "identity", bias=False), loss=value).derivation, Labels()
    lines = [_line(labels, derivation.paper_error)]
    gradient = derivation.gradient(derivation.prediction)
    yield Equations((*lines, _line(labels, gradient)) if gradient is not None else tuple(lines))


def _regularizer(value: Bound) -> Iterable[Block]:
    yield Equations((Equation((formula(variable(Name("R"))), formula(value.apply(variable(Name("W"), ("inputs", "units"))))), ("=",)),))


def _initializer(value: Bound) -> Iterable[Block]:
    yield _title("W: ", definitions.distribution_text(_seed(), value, None))


def _optimizer(value: Bound) -> Iterable[Block]:
    yield Equations(tuple(rules.rule_lines(_seed(value))))


def _schedule(value: Bound) -> Iterable[Block]:
    yield Equations((Equation((formula(variable(Name("learning_rate"))), formula(value.apply(STEP_NUMBER))), ("=",)),))


_FORMULAS = dict(zip(KINDS, (_activation, _loss, _regularizer, _initializer, _optimizer, _schedule), strict=True))


def _seed(optimizer: Bound | None = None) -> Context:
    """A step on which a rule can be written down."""
    return _context(replace(problem_from(example("seed")), optimizer=optimizer or find("optimizer", "sgd")).step())


def _context(step: Step) -> Context:
    return Context(step, "matrix", step.network.notation)


@content.register
def _(value: Distribution) -> Iterable[Block]:
    yield _title(f"W: {type(value).__name__}")
    yield _table("", vars(value))


# Networks and steps


@content.register
def _(value: Network) -> Iterable[Block]:
    labels, derivation = value.derivation.labels(value.notation, batch=2), value.derivation
    yield _title(f"{value.summary}: {value!r}")
    yield Equations(
        tuple(_line(labels, quantity) for quantity in (*derivation.quantities, *derivation.paper_errors, derivation.paper_error))
    )
    yield Equations(tuple(_line(labels, gradient) for gradient in derivation.backward))


@content.register
def _(value: Problem) -> Iterable[Block]:
    if value.title:
        yield _title(value.title)
    if value.x is None or value.t is None:
        yield from content(value.network)
        return
    context = _context(value.step())
    yield from (*setting.network_section(context).blocks, *setting.data_section(context).blocks, *rules.descent_section(context).blocks)


@content.register
def _(value: Step) -> Iterable[Block]:
    context = _context(value)
    label, before, after = context.labels.error, *(number_formula(error, context.rounding) for error in (value.error, value.after.error))
    yield _title(f"{context.plain('repeat.step')} {value.number}: ", label, " ", before, " → ", after)
    for section in (overview.forward_overview(context), overview.backward_overview(context), overview.updates_overview(context)):
        yield from section.blocks


# Trainings and models


@content.register
def _(value: Training) -> Iterable[Block]:
    yield _title(repr(value))
    yield from _epochs(value.history)


def _epochs(history: Sequence[Any]) -> Iterable[Block]:
    columns = ("epoch", "step", "error", "validation_error", "rate")
    if history:
        rows = ([_cell(getattr(report, column)) for column in columns] for report in history[-MOST_EPOCHS:])
        yield table((column.replace("_", " ") for column in columns), rows)


@content.register
def _(value: Sweep) -> Iterable[Block]:
    columns = value.table()
    shown = [name for name in columns if name not in ("number", "seconds")]
    yield _title(f"Sweep: {len(value.trials)} of {counted(value.count, 'trial')}")
    yield table(shown, ([_cell(columns[name][row]) for name in shown] for row in range(min(MOST_TRIALS, len(value.trials)))))


@content.register
def _(value: Outcome) -> Iterable[Block]:
    yield _table("", {one.name.replace("_", " "): getattr(value, one.name) for one in fields(value) if one.name not in ("network", "last")})
    yield from content(value.network)


@content.register
def _(value: Diagnosis) -> Iterable[Block]:
    """What is wrong, a paragraph a sentence."""
    for _, line in value.lines(Words()):
        yield Paragraph(tuple(with_powers(line)))


@content.register
def _(value: Assessment) -> Iterable[Block]:
    """What is wrong, a paragraph a line."""
    for _, line in value.lines(Words()):
        if line:
            yield Paragraph((line,))


@content.register
def _(value: Diverged) -> Iterable[Block]:
    yield _title(str(value))


@content.register
def _(value: Model) -> Iterable[Block]:
    yield _title(repr(value))
    for part, scores in value.scores.items():
        yield _title(f"{part}:")
        yield from content(scores)
    if value.preparation is not None:
        yield from content(value.preparation)
    yield from content(value.network)


@content.register
def _(value: Scores) -> Iterable[Block]:
    for name, part in zip(value.names, value.parts, strict=False):
        yield _title(f"{name}:")
        yield from content(part)
    if value.parts:
        return
    words, (_, main) = Words(), value.main
    if value.task == "regress":
        rows = {"R²": main, "mean absolute error": value.mean_absolute_error, "root mean squared error": value.root_mean_squared_error}
        yield _table("", {**rows, "rows": value.rows})
        return
    yield _table("", {"accuracy": main, "baseline": value.baseline, "rows": value.rows})
    columns = ("precision", "recall", "f1", "rows")
    lines = ([one.name, *(_cell(getattr(one, column)) for column in columns)] for one in value.per_class)
    yield table(["", *words.heads("score", *columns)], lines)


@content.register
def _(value: Preparation) -> Iterable[Block]:
    columns: list[tuple[Any, tuple[str, ...]]] = [
        *((one, one.categories) for one in value.features),
        *((one, one.classes) for one in value.targets),
    ]
    scaled = ([_cell(one.mean), _cell(one.deviation)] if one.kind == "number" else ["", ""] for one, _ in columns)
    rows = ([one.name, one.kind, *scales, ", ".join(known)] for (one, known), scales in zip(columns, scaled, strict=True))
    yield _title(repr(value))
    yield table(("column", "", "mean", "deviation", "values"), rows)
