"""A model's rows in the data's own units: how values become inputs, and what the outputs mean as an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue
from chainrule.document.document import Block, Cell, Equations, Paragraph, Section, table
from chainrule.explanation.context import Context
from chainrule.formula.expression import Expression, Name, variable
from chainrule.formula.scalar import Element
from chainrule.network.targets import class_probabilities, predicted_classes
from chainrule.notation.formula import Equation, Formula, Prose
from chainrule.notation.numbers import number_formula
from chainrule.notation.worked import worked

MOST_INPUTS = 24
"""Inputs of one row whose standardising is written out."""

MOST_ROWS = 8
"""Samples in a table of answers."""

NEAR = 1e-9
"""Two numbers so near to each other are one, but for rounding."""


class ColumnUnits(FrozenValue):
    """What a person's numbers are where the network's are standardised: value = number · deviation + mean."""

    mean: Array
    deviation: Array

    def of(self, numbers: Array) -> Array:
        """The values that numbers of the network stand for."""
        return numbers * self.deviation + self.mean

    def numbers(self, values: Array) -> Array:
        """What the network sees of values."""
        return (values - self.mean) / self.deviation


def column_units(context: Context, symbol: str) -> ColumnUnits | None:
    """Of the columns behind x or t; None where nothing is known but the numbers."""
    scales = context.step.origin.get("scales")
    found = scales.get(symbol) if isinstance(scales, Mapping) else None
    try:
        mean, deviation = np.asarray(found, dtype=float).T
    except (TypeError, ValueError):  # a record may come from anywhere
        return None
    fits = len(mean) == getattr(context.step, symbol).shape[1] and np.isfinite(mean).all() and (deviation > 0).all()
    return ColumnUnits(mean, deviation) if fits else None


def standardised(context: Context) -> list[Block]:
    """x1 = (46.71 − 49.2) / 9.6 ≈ −0.26 for each number of a single row that was standardised."""
    step, raw = context.step, context.step.origin.get("raw")
    scales = [*(_scales(context, "x") or ()), *(() if context.without_target else _scales(context, "t") or ())]
    columns = context.columns_of((*context.derivation.inputs, *context.derivation.targets))
    if not isinstance(raw, Mapping) or context.samples != 1 or len(scales) not in (step.x.shape[1], len(columns)):
        return []
    lines: list[Equation] = []
    numbers = (*step.x[0].tolist(), *step.t[0].tolist())
    for (node, own), name, (mean, deviation), number in zip(columns, context.columns, scales, numbers, strict=False):
        value = raw.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (mean, deviation) == (0, 1):
            continue
        if abs((value - mean) / deviation - number) <= NEAR * max(1.0, abs(number)) and node.name is not None:
            v, m, s = (variable(Name(letter)) for letter in ("value", "m", "s"))
            left = context.one_sample.label(node.name.at(0, *own))
            lines.append(_line(context, left, (v - m) / s, {v: float(value), m: mean, s: deviation}, number))
    if not lines:
        return []
    shown = context.shown(lines, MOST_INPUTS)
    return [context.says("data.standardised"), Equations(tuple(shown)), *context.left_out("data.more_values", len(lines) - len(shown))]


def answer_section(context: Context) -> Section | None:
    """The predictions as answers: in the units of their columns, or as classes with their probabilities; None where nothing is known."""
    said = context.step.origin.get("answers")
    answers = [said] if isinstance(said, Mapping) else said if isinstance(said, list) else []  # a record may come from anywhere
    blocks = [*_numbers(context), *(block for one in answers if isinstance(one, Mapping) for block in _classes(context, one))]
    return context.section("answer", blocks) if blocks else None


def _numbers(context: Context) -> list[Block]:
    """price ≈ −0.8 · 457 + 2140 ≈ 1774."""
    scales = _scales(context, "t")
    if scales is None:
        return []
    step, names = context.step, context.columns[context.step.network.inputs :]
    places = [place for place, (mean, deviation) in enumerate(scales) if (mean, deviation) != (0, 1) and place < len(names)]
    if not places:
        return []
    if context.samples == 1:
        lines = []
        for place in places:
            mean, deviation = scales[place]
            y, m, s = (variable(Name(letter)) for letter in ("y", "m", "s"))
            number = float(step.prediction[0, place])
            lines.append(_line(context, Prose(names[place]), y * s + m, {y: number, m: mean, s: deviation}, number * deviation + mean))
        blocks: list[Block] = [context.says("answer.units"), Equations(tuple(lines))]
        if not context.without_target:
            given = (f"{names[place]} {_plain(context, step.t[0, place] * scales[place][1] + scales[place][0])}" for place in places)
            blocks.append(Paragraph((*context.text("answer.given"), " ", ", ".join(given), ".")))
        return blocks
    sides = (step.prediction,) if context.without_target else (step.prediction, step.t)
    samples = context.shown_samples(MOST_ROWS)
    numbers = ([float(side[sample, k]) * scales[k][1] + scales[k][0] for k in places for side in sides] for sample in samples)
    rows = [[str(n + 1), *(number_formula(one, context.rounding) for one in row)] for n, row in zip(samples, numbers, strict=True)]
    heads = [names[k] if side is step.prediction else context.plain("answer.target", name=names[k]) for k in places for side in sides]
    return [context.says("answer.table"), *_answers(context, heads, rows)]


def _answers(context: Context, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[Block]:
    """A row a sample, after its number; and how many samples are in no row."""
    return [table([context.plain("data.sample"), *heads], rows), *context.left_out("data.more", context.samples - len(rows))]


def _classes(context: Context, answer: Mapping[str, Any]) -> list[Block]:
    """The class of a target's largest output, or the one of two on whose side y lies, with its probability."""
    target, classes = str(answer.get("target", "")), [str(name) for name in answer.get("classes", ())]
    first, decision, binary = int(answer.get("output", 0)), float(answer.get("decision", 0.5)), len(classes) == 2
    outputs = context.columns_of(context.derivation.predictions)[first : first + (1 if binary else len(classes))]
    y = context.step.prediction[:, first : first + len(outputs)].astype(float)
    if len(outputs) != (1 if binary else len(classes)) or not classes or not np.isfinite(y).all():
        return []
    places, shares = predicted_classes(y, decision), class_probabilities(y)
    signs = bool(answer.get("signs"))
    if context.samples == 1:
        output, place = outputs[0 if binary else int(places[0])]
        letter = context.letter(Element(output, (0, *place)))
        values: dict[str, Any] = {"y": letter, "target": target, "name": classes[places[0]], "first": classes[0], "second": classes[-1]}
        values |= {"decision": context.rounded(decision), "probability": context.rounded(float(shares[0, places[0]]))}
        key = "answer.signs" if signs else "answer.binary" if binary else "answer.largest"
        return [context.says(key, **values)]
    rows = list[list[Cell]]()
    for sample in context.shown_samples(MOST_ROWS):
        share = [] if signs else [number_formula(float(shares[sample, places[sample]]), context.rounding)]
        rows.append([str(sample + 1), classes[places[sample]], *share])
    heads = [target] if signs else [target, context.plain("answer.probability")]
    return [context.says("answer.class_table"), *_answers(context, heads, rows)]


def _line(context: Context, left: Formula, formula: Expression, values: Mapping[Expression, float], result: float) -> Equation:
    return worked(left, formula, values, context.one_sample, result=result, symbols=False)


def _plain(context: Context, value: float) -> str:
    """A number of the table in words."""
    return context.plain_number(float(f"{value:.9g}"))


def _scales(context: Context, symbol: str) -> Sequence[tuple[float, float]] | None:
    """[mean, deviation] of each column of x or t; None where nothing is known but the numbers."""
    found = column_units(context, symbol)
    return None if found is None else list(zip(found.mean.tolist(), found.deviation.tolist(), strict=True))
