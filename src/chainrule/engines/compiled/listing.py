"""What the code does, for people: the step as pseudo-code, and below it LLVM's representation or the processor's own language."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from chainrule.engines.compiled import code
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.kernels import KernelForm, Outline
from chainrule.engines.compiled.recipe import below
from chainrule.engines.compiled.settings import setting_nodes
from chainrule.engines.compiled.stages import Plan, Stage
from chainrule.engines.compiled.straight import AFTER, BEFORE, EACH, StraightForm, moments
from chainrule.network.derivation import BATCH

WIDTH = 118

STAGES = {
    "product": "a matrix product; the rest is computed tile by tile, before the tile leaves the registers",
    "rows": "row by row of the batch",
    "columns": "sums over the rows of the batch, column by column",
    "flat": "every element of a parameter",
    "figures": "single numbers",
}


def listing(engine: Compiled, size: int, *, assembly: bool = False) -> str:
    """The program of an epoch in batches of `size` rows of float64: pseudo-code as comments, then LLVM's IR, or the assembly."""
    form = engine.asked("epoch", size, "float64").form()
    text = code.finished(form.module("epoch"), engine.processor)
    assert isinstance(form, StraightForm | KernelForm)
    lines = [*_head(engine, form, size), "", *(_straight(form) if isinstance(form, StraightForm) else _kernels(form))]
    mark = "#" if assembly else ";"
    comments = [f"{mark} {line}".rstrip() for line in lines]
    return "\n".join(comments) + "\n\n" + (code.assembly(text, engine.processor) if assembly else text)


def _head(engine: Compiled, form: object, size: int) -> list[str]:
    sizes = "-".join(str(units) for units in engine.network.sizes)
    lanes = engine.processor.lanes(engine.dtype)
    how = "straight-line code" if isinstance(form, StraightForm) else f"kernels, vectors of {lanes} numbers"
    how += f", for up to {form.threads} threads" if isinstance(form, KernelForm) and form.threads > 1 else ""
    rows = f"{size} row{'s' * (size != 1)}"
    return [f"{sizes}, {engine.dtype}, batches of {rows}; {how}, for {engine.processor.cpu} ({engine.processor.triple})"]


def _straight(form: StraightForm) -> Iterator[str]:
    recipe = form.recipe
    roots = [recipe.error, *recipe.new.values()]
    nodes = below(roots)
    moment = moments(nodes, recipe.data)
    after = {node: key for key, node in recipe.new.items()}
    shown = [node for node in nodes if node in recipe.graph.names or node in after]
    names = {node: recipe.graph.names.get(node) or f"{after[node]}_next" for node in shown}
    yield "parameters and states are variables for as long as the rows last"
    yield "for every batch, the shorter last one too:"
    titles = {BEFORE: "before its rows", EACH: "for each of its rows", AFTER: "after its rows"}
    for when, title in titles.items():
        lines = [_formula(node, names[node], names) for node in shown if moment[node] == when]
        if lines:
            yield f"    {title}:"
            yield from _indented(lines, 8)
    yield from _end(recipe.new, {node: names[node] for node in shown})


def _kernels(form: KernelForm) -> Iterator[str]:
    program, plan = form.program, form.program.plan
    names = _names(form, plan)
    yield f"{', '.join(str(node.detail) for node in program.data)}: rows of the data, brought into memory batch by batch"
    yield "for every batch, the shorter last one too:"
    settings = [node for node in setting_nodes(plan.nodes) if node.elementwise]
    if settings:
        yield "    numbers of the step, in float64"
        yield from _indented([_formula(node, names[node], names) for node in settings if node in names], 8)
    number = 0
    for stage in program.order:
        if stage is None:
            yield "    all threads wait for each other"
            continue
        number += 1
        kernel = "" if stage.kind == "figures" else f", {form.kernels.names[Outline(program, stage).key]}"
        yield f"    {number}. {STAGES[stage.kind]}{_shape(stage)}{kernel}"
        lines = []
        for node in stage.nodes:
            kept = node.shape and node in program.home
            lines.append(_formula(node, names[node], names) + ("    → memory" if kept else ""))
        yield from _indented(lines, 8)
    yield from _end(form.recipe.new, names)


def _names(form: KernelForm, plan: Plan) -> dict[Node, str]:
    """Names for everything that is computed once: that of the formulas where there is one."""
    graph = form.recipe.graph
    after = {node: f"{key}_next" for key, node in form.recipe.new.items()}
    names: dict[Node, str] = {}
    for node in [*plan.wanted, *(node for node in plan.settings if node.elementwise)]:
        names[node] = graph.names.get(node) or after.get(node) or f"v{len(names) + 1}"
    return names


def _formula(node: Node, name: str, names: Mapping[Node, str]) -> str:
    return f"{name} = {node.graph.written(node, names)}"


def _shape(stage: Stage) -> str:
    sizes = ["N" if size == BATCH else str(size) for size in stage.shape]
    return f" ({' × '.join(sizes)})" if sizes else ""


def _indented(lines: Sequence[str], by: int) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(line, WIDTH, initial_indent=" " * by, subsequent_indent=" " * (by + 4), break_long_words=False)


def _end(new: Mapping[str, Node], names: Mapping[Node, str]) -> Iterator[str]:
    changed = [f"{key} ← {names[node]}" for key, node in new.items() if names.get(node, key) != key]
    if changed:
        yield from _indented(["then " + ", ".join(changed)], 4)
    yield "    end, if not −bound < E < bound"
