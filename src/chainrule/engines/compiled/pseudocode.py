"""What the code does, for people: the step as pseudo-code, and below it LLVM's representation or the processor's own language."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from chainrule.base.printing import counted
from chainrule.engines.compiled.emission.lowering import step_scalar_nodes
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.graph.operations import CopyOrder, Operation
from chainrule.engines.compiled.graph.order import topological_order
from chainrule.engines.compiled.graph.schedule import Schedule, Stage
from chainrule.engines.compiled.kernels.functions import KernelEmitter
from chainrule.engines.compiled.kernels.program import StageSignature
from chainrule.engines.compiled.llvm import target
from chainrule.engines.compiled.straight_line.functions import AFTER, BEFORE, EACH, StraightLineEmitter, moments
from chainrule.network.derivation import BATCH

WIDTH = 118

STAGES = {
    "product": "a matrix product; the rest is computed tile by tile, before the tile leaves the registers",
    "rows": "row by row of the batch",
    "columns": "sums over the rows of the batch, column by column",
    "flat": "every element of a parameter",
    "figures": "single numbers",
    "each": "a matrix product for each example; the rest is computed tile by tile",
    "lookup": "rows of a table",
    "added_at": "rows added up in a table, each at its place",
    "move": "arrays side by side, or in another order: only what does not lie there is copied",
}


def annotated_code(engine: Compiled, size: int, *, assembly: bool = False) -> str:
    """The program of an epoch in batches of `size` rows of float64: pseudo-code as comments, then LLVM's IR, or the assembly."""
    emitter = engine.request("epoch", size, "float64").emitter()
    text = target.finished(emitter.module("epoch"), engine.processor)
    assert isinstance(emitter, StraightLineEmitter | KernelEmitter)
    lines = [*_head(engine, emitter, size), "", *(_straight(emitter) if isinstance(emitter, StraightLineEmitter) else _kernels(emitter))]
    mark = "#" if assembly else ";"
    comments = [f"{mark} {line}".rstrip() for line in lines]
    return "\n".join(comments) + "\n\n" + (target.assembly(text, engine.processor) if assembly else text)


def _head(engine: Compiled, emitter: object, size: int) -> list[str]:
    lanes = engine.processor.lanes(engine.dtype)
    how = "straight-line code" if isinstance(emitter, StraightLineEmitter) else f"kernels, vectors of {lanes} numbers"
    how += f", for up to {emitter.threads} threads" if isinstance(emitter, KernelEmitter) and emitter.threads > 1 else ""
    rows = f"{counted(size, 'row')}"
    return [f"{engine.network.summary}, {engine.dtype}, batches of {rows}; {how}, for {engine.processor.cpu} ({engine.processor.triple})"]


def _straight(emitter: StraightLineEmitter) -> Iterator[str]:
    step_graph = emitter.step_graph
    roots = [step_graph.error, *step_graph.new.values()]
    nodes = topological_order(roots)
    moment = moments(nodes, step_graph.data)
    after = {node: key for key, node in step_graph.new.items()}
    shown = [node for node in nodes if node in step_graph.graph.names or node in after]
    names = {node: step_graph.graph.names.get(node) or f"{after[node]}_next" for node in shown}
    yield "parameters and states are variables for as long as the rows last"
    yield "for every batch, the shorter last one too:"
    titles = {BEFORE: "before its rows", EACH: "for each of its rows", AFTER: "after its rows"}
    for when, title in titles.items():
        lines = [_formula(node, names[node], names) for node in shown if moment[node] == when]
        if lines:
            yield f"    {title}:"
            yield from _indented(lines, 8)
    yield from _end(step_graph.new, {node: names[node] for node in shown})


def _kernels(emitter: KernelEmitter) -> Iterator[str]:
    program, schedule = emitter.program, emitter.program.schedule
    names = _names(emitter, schedule)
    yield f"{', '.join(str(node.detail) for node in program.data)}: rows of the data, brought into memory batch by batch"
    yield "for every batch, the shorter last one too:"
    step_scalars = [node for node in step_scalar_nodes(schedule.nodes) if node.elementwise]
    if step_scalars:
        yield "    numbers of the step, in float64"
        yield from _indented([_formula(node, names[node], names) for node in step_scalars if node in names], 8)
    number = 0
    for stage in program.order:
        if stage is None:
            yield "    all threads wait for each other"
            continue
        number += 1
        kernel = "" if stage.kind in ("figures", "move") else f", {emitter.kernels.names[StageSignature(program, stage).key]}"
        yield f"    {number}. {STAGES[stage.kind]}{_shape(stage)}{kernel}"
        lines = []
        for node in stage.nodes:
            kept = node.shape and node in program.home
            lines.append(_formula(node, names[node], names) + ("    → memory" if kept else ""))
        yield from _indented(lines, 8)
    yield from _end(emitter.step_graph.new, names)


def _names(emitter: KernelEmitter, schedule: Schedule) -> dict[Operation, str]:
    """Names for everything that is computed once: that of the formulas where there is one."""
    graph = emitter.step_graph.graph
    after = {node: f"{key}_next" for key, node in emitter.step_graph.new.items()}
    names: dict[Operation, str] = {}
    for node in [*schedule.wanted, *(node for node in schedule.step_scalars if node.elementwise)]:
        names[node] = graph.names.get(node) or after.get(node) or f"v{len(names) + 1}"
    return names


def _formula(node: Operation, name: str, names: Mapping[Operation, str]) -> str:
    if node.opcode == "arrange":
        (source,) = node.arguments
        return _copies(node.detail, name, names.get(source) or node.graph.written(source, names))
    return f"{name} = {node.graph.written(node, names)}"


def _copies(order: CopyOrder, name: str, source: str) -> str:
    """An array in another order, by the numbers of each example in theirs: v2[4 i + j] = v1[i + 8 j], i < 8, j < 4."""
    letters = "ijklmnopqrsuvw"[: len(order.axes)]

    def at(start: int, steps: Sequence[int]) -> str:
        terms = [letter if step == 1 else f"{step} {letter}" for letter, step in zip(letters, steps, strict=True) if step]
        return " + ".join([*([str(start)] if start or not terms else []), *terms])

    counts, reads, writes = ([axis[place] for axis in order.axes] for place in range(3))
    ranges = "".join(f", {letter} < {count}" for letter, count in zip(letters, counts, strict=True))
    source = source if source.isidentifier() else f"({source})"
    sign, rest = "+=" if order.added else "=", "; all others 0" if order.empty and not order.added else ""
    return f"{name}[{at(order.target, writes)}] {sign} {source}[{at(order.start, reads)}]{ranges}{rest}"


def _shape(stage: Stage) -> str:
    sizes = [str(size).replace(BATCH, "N") for size in stage.shape]
    return f" ({' × '.join(sizes)})" if sizes else ""


def _indented(lines: Sequence[str], by: int) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(line, WIDTH, initial_indent=" " * by, subsequent_indent=" " * (by + 4), break_long_words=False)


def _end(new: Mapping[str, Operation], names: Mapping[Operation, str]) -> Iterator[str]:
    changed = [f"{key} ← {names[node]}" for key, node in new.items() if names.get(node, key) != key]
    if changed:
        yield from _indented(["then " + ", ".join(changed)], 4)
    yield "    end, if not −bound < E < bound"
