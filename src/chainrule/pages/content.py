"""What a page shows, as plain data: the document of `explain`, a card for each part of the network, the stage, and the way through a step.

Nothing in it depends on the numbers of the step but the state that it begins with: the page computes every number itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chainrule.base.errors import InputError
from chainrule.document.document import Block, Equations, Inline, Paragraph, Section, Subheading, TableBlock
from chainrule.explanation.backward import MOST_PATHS, sample_gradients
from chainrule.explanation.context import PENALTY, Context, paths
from chainrule.explanation.explain import LONGEST, Detail, contexts, title, whole_sections
from chainrule.explanation.forward import penalty_expression
from chainrule.explanation.outcome import intermediate_quantities
from chainrule.formula.expression import PRIMITIVES, named, neighbours, order
from chainrule.formula.scalar import Element
from chainrule.formula.stated import held, refuse_stated
from chainrule.network.update import STEP_NUMBER
from chainrule.notation.formula import Equation, Number
from chainrule.notation.text import formula_text
from chainrule.pages.comparison import other_rules, other_starts
from chainrule.pages.diagnosis import Doctor
from chainrule.pages.formulas import Formulas
from chainrule.pages.mistakes import common_mistakes
from chainrule.pages.program import Tracer, function_table, traced_program
from chainrule.pages.saving import linked_description, record_text, saved_files
from chainrule.pages.stage import StagePicture
from chainrule.steps.problem import Problem
from chainrule.steps.records import json_numbers
from chainrule.steps.step import Step

FORMAT = "chainrule page 1"

MOST_NUMBERS, MOST_UNITS, MOST_SAMPLES = 2500, 128, 12
"""Weights, units of a layer and samples up to which there is a page."""

MOST_WRITTEN = 10_000
"""Weights × samples up to which there is one: each is a term of a formula."""

MOST_CHAINS = 400
"""Weights × samples up to which the gradient of each weight is written along every path; of more, it is computed from that of the layer
behind."""

MOST_DRAWN = 50
"""Weights up to which the graph of the computation is one of single numbers."""

ELSEWHERE = frozenset({"network", "data", "answer", "outcome", "repeat", "left_out", "descent", "inside"})
"""Sections in whose place the page has something to touch, which are simulated, or which tell what stands out in these numbers."""


def page_content(
    subject: Problem | Step, *, detail: Detail | None = None, digits: int | None = None, exact: bool = False
) -> dict[str, Any]:
    """The page of a step as plain data.

    subject        a `Problem` (network, batch, optimiser), of which it is the first step, or a recorded `Step`
    detail, digits as of `explain`
    exact          does the page begin with fractions?

    Raises InputError where the network is too large to be seen, or its rows have no target.
    """
    (context,) = contexts(subject, detail=detail, digits=digits)
    _check_size(context)
    refuse_stated([context.step.network.derivation.error], "page")
    if context.detail == "overview":
        (context,) = contexts(subject, detail="matrix", digits=digits)
    sections = whole_sections(context, without=ELSEWHERE)
    if _lines(sections) > LONGEST:
        context = context.shortened()
        sections = whole_sections(context, without=ELSEWHERE)
    return _Content(context).plain(sections, exact)


def _lines(sections: Iterable[Section]) -> int:
    """How many lines of text the document would have, about."""
    blocks = [block for section in sections for block in section.blocks if isinstance(block, Equations)]
    return sum(len(equation.sides) for block in blocks for equation in block.equations if isinstance(equation, Equation))


def _check_size(context: Context) -> None:
    network, samples = context.step.network, context.samples
    if context.without_target:
        raise InputError("a page shows how a network learns, and these rows have no target: add it.")
    if context.derivation.masks:
        raise InputError(
            "a page goes on from step to step by itself, and dropout draws other units for each step, which only Python does; leave "
            "dropout out (rate = 0), or write the explanation of one step: chainrule explain … -o file.html."
        )
    smaller, fewer = "take a smaller network", f"take fewer («--row 1-{MOST_SAMPLES}» chooses samples)"
    for what, size, most, advice in (
        ("weights", network.size, MOST_NUMBERS, smaller),
        ("units in a layer", max(network.sizes), MOST_UNITS, smaller),
        ("samples", samples, MOST_SAMPLES, fewer),
        ("weights times samples", network.size * samples, MOST_WRITTEN, fewer),
    ):
        if size > most:
            raise InputError(
                f"a page shows up to {most:,} {what}, and here are {size:,}; {advice}, or write the explanation: chainrule explain … "
                "-o file.html."
            )


def page_start(step: Step) -> dict[str, Any]:
    """What the page of another step of the same training has of its own: `page_content` with this is that of the step."""
    (context,) = contexts(step, detail="matrix")
    return _Content(context).start()


class _Content:
    """Collects what the page needs of one step."""

    def __init__(self, context: Context) -> None:
        self.context, self.derivation, self.step = context, context.derivation, context.step
        self.formulas = Formulas(context)
        self.doctor = Doctor(context)

    def plain(self, sections: Iterable[Section], exact: bool) -> dict[str, Any]:
        """All of it, with these sections of the document."""
        context = self.context
        stage = StagePicture(context, self.formulas).plain()
        content = {
            **self.start(),
            "language": context.notation.language,
            "decimal": context.notation.decimal,
            "digits": context.notation.digits,
            "fractions": exact,
            "vectors": context.notation.vectors,
            "samples": context.samples,
            "brief": context.brief,
            "phrases": {key[5:]: text for key, text in context.words.catalogue.items() if key.startswith("live.")}
            | {key: context.words.catalogue[key] for key in ("if", "otherwise", "mistakes_here.title")},
            "sections": [self._section(section) for section in sections if section.key not in ELSEWHERE],
            "rule": self._rule(),
            "stage": stage,
            "sequence": self._sequence(),
            "gradients": self._gradients(),
            "updates": self._updates(),
            "quantities": self._quantities(),
            "doctor": self.doctor.plain(),
            "ranges": self._ranges(),
            "files": saved_files(context),
            "description": linked_description(context),
            "rules": other_rules(context),
            "starts": other_starts(context),
            "graph": self._graph(),
        }
        return {
            "format": FORMAT,
            **content,
            **self.formulas.table(),
            **self._program(),
            "functions": function_table([*PRIMITIVES.values(), held]),
        }

    def start(self) -> dict[str, Any]:
        """What belongs to this step alone: its title, its numbers, and what of its record does not change with them."""
        return {"title": title(self.context), "leaves": self._leaves(), "record": record_text(self.context)}

    # Sections

    def _section(self, section: Section) -> dict[str, Any]:
        blocks = [plain for block in section.blocks if (plain := self._block(block)) is not None]
        return {"key": section.key, "title": section.title, "blocks": blocks}

    def _block(self, block: Block) -> list[Any] | None:
        """A block; none where it holds numbers in prose or in a table, or says what was found for these numbers, or what was left out."""
        match block:
            case Equations(equations):
                return ["equations", [self.formulas.line(one) for one in equations if isinstance(one, Equation)]]
            case Subheading(text):
                return ["heading", self._inline(text)]
            case Paragraph(text) if not _has_number(text):
                return ["prose", self._inline(text)]
            case TableBlock(head, rows) if not any(_has_number(cell) for row in rows for cell in row) and not any(map(_has_number, head)):
                return ["table", [self._inline(cell) for cell in head], [[self._inline(cell) for cell in row] for row in rows]]
        return None

    def _inline(self, text: Inline) -> list[Any]:
        """Prose as strings, formulas as layouts."""
        return [str(part) if isinstance(part, str) else self.formulas.layout(part) for part in text]

    def _rule(self) -> dict[str, Any]:
        """The update rule for any weight, and the numbers of its letters."""
        from chainrule.explanation.rules import rule_lines

        options = [self.formulas.element(letter) for letter in self.step.update.options]
        if STEP_NUMBER in order(*self.step.update.roots):
            options.append(self.formulas.element(STEP_NUMBER))
        return {"lines": [self.formulas.line(line) for line in rule_lines(self.context)], "options": options}

    def _sequence(self) -> list[list[Any]]:
        """The way through a step: what is computed next, as [phase, element]."""
        found: list[list[Any]] = []
        for sample in range(self.context.samples):
            for quantity in self.derivation.quantities:
                found += [["forward", self.formulas.of(one)] for one in self.context.elements(quantity, sample)]
        found += [["error", self.formulas.of(Element(node, ()))] for node in (*self.derivation.errors, self.derivation.error)]
        gradients = set(self.derivation.gradients)
        for quantity in self.derivation.backward:
            if quantity not in gradients:
                found += [["backward", self.formulas.of(one)] for one in self.context.elements(quantity)]
        for parameter, gradient in zip(self.derivation.parameters, self.derivation.gradients, strict=True):
            found += [["gradient", self.formulas.of(Element(gradient, one.index))] for one in self.context.elements(parameter)]
        for part in self.step.update.parameters:
            for one in self.context.elements(part.parameter):
                if one.index not in self.step.network.kept.get(one.key, ()):
                    found.append(["update", self.formulas.of(Element(part.new, one.index))])
        return found

    def _gradients(self) -> dict[str, Any]:
        """For each weight the line of its gradient along every path, or nothing where there are too many; for each quantity ∂E/∂ it."""
        chains: dict[int, list[Any]] = {}
        of: dict[int, int] = {}
        top, alone = Element(self.derivation.error, ()), self.context.samples == 1
        parts = [] if alone else sample_gradients(self.context)
        small = self.step.network.size * self.context.samples <= MOST_CHAINS
        for parameter in self.derivation.parameters:
            for weight in self.context.elements(parameter):
                place, gradient = self.formulas.of(weight), self.context.gradient_of(weight)
                of[place] = self.formulas.of(gradient)
                if not small:
                    continue
                if alone:
                    found = paths(self.context.scalars, top, weight, MOST_PATHS)
                    chains[place] = [self.formulas.line(self.context.chain_begun(weight, found))] if found else []
                elif parts:
                    chains[place] = [self._share(weight, sample) for sample in range(self.context.samples)]
        for quantity in (*self.derivation.inputs, *self.derivation.quantities):
            if (gradient_of := self.derivation.gradient(quantity)) is not None:
                for one in self.context.elements(quantity):
                    of[self.formulas.of(one)] = self.formulas.of(Element(gradient_of, one.index))
        return {"chains": chains, "of": of}

    def _share(self, weight: Element, sample: int) -> Any:
        """What one sample brings to the gradient of a weight; nothing where there are too many paths."""
        found = paths(self.context.scalars, Element(self.derivation.error, ()), weight, MOST_PATHS, sample=sample)
        found = [path for path in found or [] if len(path) > 2]
        return self.formulas.line(self.context.chain_begun(weight, found, sample)) if found else None

    def _updates(self) -> dict[str, Any]:
        """For each weight that moves what the rule computes for it: what all share, its own, and itself after the step."""
        shared: list[int] = []
        own: dict[int, list[int]] = {}
        for part in self.step.update.parameters:
            nodes = [node for node in intermediate_quantities(part.new) if self.step.optimizer.elementwise or not node.shape]
            shared += [place for node in nodes if not node.shape and (place := self.formulas.of(Element(node, ()))) not in shared]
            for weight in self.context.elements(part.parameter):
                if weight.index not in self.step.network.kept.get(weight.key, ()):
                    between = [self.formulas.of(Element(node, weight.index)) for node in nodes if node.shape]
                    own[self.formulas.of(weight)] = [*between, self.formulas.of(Element(part.new, weight.index))]
        return {"shared": shared, "own": own}

    def _graph(self) -> dict[str, Any]:
        """The computation as a graph: named numbers, and on each edge the derivative between its ends; of large networks, whole arrays.

        "nodes"  [element, sample (−1: of every one)] or, of arrays, [letter, shape]; each with its column at the end
        "edges"  [from, to, node of the derivative (−1 between arrays)]
        """
        if self.step.network.size > MOST_DRAWN:
            return self._graph_of_arrays()
        scalars, formulas = self.context.scalars, self.formulas
        found, parents = list[Element](), dict[Element, list[Element]]()

        def visit(one: Element) -> None:
            if one in parents:
                return
            parents[one] = scalars.parents(one) if one.quantity.arguments else []
            for parent in parents[one]:
                visit(parent)
            found.append(one)

        visit(Element(self.derivation.error, ()))
        columns, places = _columns(found, parents), {one: place for place, one in enumerate(found)}

        def sample(one: Element) -> int:
            return one.index[0] if one.quantity.shape and one.quantity.shape[0] == "batch" else -1

        return {
            "nodes": [[formulas.of(one), sample(one), columns[one]] for one in found],
            "edges": [
                [places[parent], places[one], formulas.node(scalars.derivative(one, parent))] for one in found for parent in parents[one]
            ],
        }

    def _graph_of_arrays(self) -> dict[str, Any]:
        found = [*self.derivation.data, *self.derivation.parameters, *self.derivation.passed]
        found = list(dict.fromkeys(node for node in found if node is not self.derivation.weights))
        parents = {node: [one for one in neighbours(node) if one in set(found)] if node.arguments else [] for node in found}
        columns, places = _columns(found, parents), {node: place for place, node in enumerate(found)}
        shapes = {node: "×".join(map(str, self.context.scalars.shape(node))) for node in found}
        return {
            "nodes": [[formula_text(self.context.symbol(node)), shapes[node], columns[node]] for node in found],
            "edges": [[places[parent], places[node], -1] for node in found for parent in parents[node]],
        }

    # Numbers

    def _quantities(self) -> dict[str, list[int]]:
        """The shape of every quantity of the step, by key."""
        return {key: list(array.shape) for key, array in self.step.values.items()}

    def _leaves(self) -> dict[str, Any]:
        """What comes from outside, by kind: for each key the numbers, flat, with which the page begins."""
        values, update = self.step.values, self.step.update

        def numbers(keys: Sequence[str]) -> dict[str, Any]:
            return {key: json_numbers(values[key].astype(float).ravel()) for key in keys}

        return {
            "parameters": numbers([parameter.key for parameter in self.derivation.parameters]),
            "inputs": numbers([node.key for node in self.derivation.inputs]),
            "targets": numbers([node.key for node in self.derivation.targets]),
            "weights": numbers([] if self.derivation.weights is None else [self.derivation.weights.key]),
            "options": numbers([letter.key for letter in update.options]),
            "states": numbers(list(self.step.states)),
            "number": self.step.number,
            "next": {part.parameter.key: part.new.key for part in update.parameters}
            | {state.key: after.key for part in update.parameters for state, after in zip(part.states, part.new_states, strict=True)},
        }

    def _ranges(self) -> dict[str, str | int]:
        """What may not be any number: of targets, whether they go from 0 to 1, with the sum 1 in a distribution, or are signs; of inputs
        that are tokens, how many tokens there are.
        """
        sizes = self.step.network.wiring.inputs.values()
        tokens = {x.key: getattr(size, "vocabulary", 0) for x, size in zip(self.derivation.inputs, sizes, strict=True)}
        kinds = {"distribution": "distribution", "steps": "distribution", "signs": "signs", "numbers": "", "gradient": ""}
        compared = {
            t: kinds.get(self.context.step.network.goals[name].loss.definition.targets, "probabilities")
            for name, t in self.derivation.compared.items()
        }
        return {key: kind for key, kind in {**tokens, **{t.key: kind for t, kind in compared.items()}}.items() if kind}

    def _program(self) -> dict[str, Any]:
        """What the page runs: the whole step, what stands in the forward pass alone, and what people compute in its place."""
        derivation, update = self.derivation, self.step.update
        penalty = [] if self.step.network.regularizer is None else [named(PENALTY, penalty_expression(self.context))]
        roots = [*derivation.predictions, *derivation.errors, derivation.error, *derivation.gradients, *update.roots, *penalty]
        nodes = order(*roots)
        leaves = {node.key: node for node in nodes if node.primitive.name == "variable"}
        passed = [node.key for node in (*derivation.passed, *penalty)]
        tracer = Tracer()
        program = traced_program(roots, leaves, self.doctor.looks, tracer=tracer)
        mistakes = common_mistakes(self.context, tracer, program["names"])
        return {"program": {**program, "passed": passed, "error": derivation.error.key}, "mistakes": mistakes}


def _columns(nodes: Sequence[Any], parents: Mapping[Any, Sequence[Any]]) -> dict[Any, int]:
    """In which column each node of a graph stands: behind everything that it is computed from; what is given, before what needs it."""
    columns: dict[Any, int] = {}
    for node in nodes:
        columns[node] = 1 + max((columns[parent] for parent in parents[node]), default=-1)
    for node in nodes:
        if not parents[node]:
            columns[node] = min((columns[other] for other in nodes if node in parents[other]), default=1) - 1
    return columns


def _has_number(text: Inline) -> bool:
    return any(not isinstance(part, str) and _holds_number(part) for part in text)


def _holds_number(part: Any) -> bool:
    if isinstance(part, Number):
        return True
    inner = part if isinstance(part, tuple) else vars(part).values() if hasattr(part, "__match_args__") else ()
    return any(_holds_number(one) for one in inner)
