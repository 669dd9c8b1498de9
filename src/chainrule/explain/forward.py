"""The forward pass, the error, and the prediction written out in its weights."""

from __future__ import annotations

from chainrule.document import Block, Equations, Note, Paragraph, Section, Subheading, Table
from chainrule.explain.context import Context, Values
from chainrule.explain.definitions import functions
from chainrule.expression import Expression, definition, order, substitute
from chainrule.notation.build import formula
from chainrule.notation.formula import Equation
from chainrule.notation.numbers import shown
from chainrule.notation.worked import stated, worked
from chainrule.scalar import Element

MOST_LINES = 24
"""Scalar lines of a section; beyond, the others are a question away."""

MOST_LETTERS = 40
"""An expanded prediction with more letters is not written out."""


def forward(context: Context) -> Section:
    """Every layer, in matrices and then in sums of single numbers."""
    blocks: list[Block] = [Paragraph(context.text("forward.intro")), Subheading(context.text("forward.matrices"))]
    blocks.append(Equations(tuple(context.matrix_line(quantity) for quantity in context.derivation.quantities)))
    if context.detail == "scalar":
        blocks += scalar_lines(context)
        blocks += functions(context)
    return Section("forward", context.plain("forward.title"), tuple(blocks))


def scalar_lines(context: Context) -> list[Block]:
    """Every unit's sum, for the first sample."""
    elements = [element for quantity in context.derivation.quantities for element in context.elements(quantity, sample=0)]
    title = context.text("forward.scalars") if context.samples == 1 else context.text("forward.scalars_of", sample=1, samples=context.samples)
    blocks: list[Block] = [Subheading(title), Equations(tuple(context.element_line(element) for element in elements[:MOST_LINES]))]
    if len(elements) > MOST_LINES:
        blocks.append(Note("more", context.text("forward.more", left=len(elements) - MOST_LINES)))
    return blocks


def error(context: Context) -> Section:
    """How wrong the prediction is."""
    paper = context.derivation.paper_error
    blocks: list[Block] = [Paragraph(context.text("error.intro", loss=context.called(context.step.network.loss)))]
    line = error_line(context, context.before)
    blocks.append(Equations((line,)))
    if context.samples > 1:
        blocks.append(_sample_table(context))
    if context.detail != "overview" and len(line.sides) < 3:
        blocks.append(Equations((Equation((context.symbol(paper), formula(definition(paper), context.labels)), ("=",)),)))
    return Section("error", context.plain("error.title"), tuple(blocks))


def error_line(context: Context, values: Values) -> Equation:
    """E = ½ · (y − t)² = … while it is short; else its value alone."""
    paper = context.derivation.paper_error
    letter = context.letter(Element(paper, ()))
    value = values.arrays["E"][()]
    if context.samples * context.step.t.shape[1] > 8 or context.detail == "overview" or context.step.network.regularizer is not None:
        return stated(letter, value, context.labels)
    expression = context.scalars.definition(Element(paper, ()))
    return worked(letter, expression, values, context.labels, result=value)


def _sample_table(context: Context) -> Table:
    """Prediction, target and prediction minus target of each sample."""
    step = context.step
    columns = min(step.t.shape[1], 4)
    head = [context.plain("data.sample")]
    head += [f"{context.notation.letter(letter)}{unit + 1 if columns > 1 else ''}" for letter in "yt" for unit in range(columns)]
    rows = tuple(
        (
            (str(sample + 1),),
            *((shown(value, context.notation),) for value in (*step.prediction[sample, :columns], *step.t[sample, :columns])),
        )
        for sample in range(min(len(step.x), 8))
    )
    return Table(tuple((title,) for title in head), rows)


def expanded(context: Context) -> Section | None:
    """The prediction with every hidden unit replaced by its own sum, down to the weights; None where that is too long to read."""
    lines: list[Equation] = []
    for element in context.elements(context.derivation.prediction, sample=0)[:3]:
        expression = in_parameters(context, element)
        if expression is None:
            return None
        letter = context.scalars.variable(element)
        lines.append(worked(context.letter(element), expression, context.before, context.labels, result=context.before[letter]))
    blocks = (Paragraph(context.text("expanded.intro")), Equations(tuple(lines)), Paragraph(context.text("expanded.outro")))
    return Section("expanded", context.plain("expanded.title"), blocks)


def in_parameters(context: Context, element: Element) -> Expression | None:
    """An element written in weights and inputs alone; None if that takes too many letters."""
    expression = context.scalars.definition(element)
    for _ in range(len(context.derivation.quantities)):
        letters = [node for node in order(expression) if node.name is not None and context.scalars.has(node)]
        computed = [letter for letter in letters if context.scalars.element(letter).quantity.arguments]
        if not computed:
            break
        expression = substitute(expression, {letter: context.scalars.definition(context.scalars.element(letter)) for letter in computed})
        if _length(expression) > MOST_LETTERS:
            return None
    return expression


def _length(expression: Expression) -> int:
    """How many letters and numbers a formula has on paper."""
    lengths: dict[Expression, int] = {}
    for node in order(expression):
        lengths[node] = sum(lengths[argument] for argument in node.arguments) or 1
    return lengths[expression]
