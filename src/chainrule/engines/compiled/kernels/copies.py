"""What has to be copied for arrays that are moved: where their numbers lie, and how far each loop goes on in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chainrule.engines.compiled.graph.arrangement import copy_loops, row_length
from chainrule.engines.compiled.graph.buffers import Buffer
from chainrule.engines.compiled.graph.operations import CopyOrder, Operation, RowPart, rows_each
from chainrule.engines.compiled.kernels.gather_scatter import Copied


def copies_of(node: Operation, home: Mapping[Operation, Buffer], dtype: str) -> list[tuple[Buffer, Buffer, Copied]]:
    """From where to where, as far as the numbers do not lie there."""
    target = home[node]
    if node.opcode == "join":
        pairs = [(home[one], target.part(part, rows_each(one.shape), dtype)) for one, part in joined_arrays(node)]
        return [_by_rows(source, place, target.rows_each * target.stride) for source, place in pairs if source != place]
    source = home[node.arguments[0]]
    if node.opcode == "part":
        source = source.part(node.detail, rows_each(node.shape), dtype)
        return [] if source == target else [_by_rows(source, target, target.rows_each * target.stride)]
    if node.opcode == "reshape":
        if (source.region, source.start) == (target.region, target.start):
            return []
        shorter = max(source.shape, target.shape, key=rows_each)
        columns = row_length(shorter)
        return [(source, target, _arranged(CopyOrder(((rows_each(shorter), columns, columns), (columns, 1, 1))), source, target))]
    return [(source, target, _arranged(node.detail, source, target))]


def joined_arrays(join: Operation) -> Iterator[tuple[Operation, RowPart]]:
    """The arrays of which it is made, and which part of it each is; of several rows, the part that begins where they begin."""
    start = 0
    for argument in join.arguments:
        if join.detail == "places":
            rows = rows_each(argument.shape)
            step = rows_each(join.shape) if rows == 1 else 1
            yield argument, RowPart(0, int(join.shape[1]), start, step)
            start += rows
        else:
            yield argument, RowPart(start, start + int(argument.shape[1]))
            start += int(argument.shape[1])


def _by_rows(source: Buffer, target: Buffer, distance: int) -> tuple[Buffer, Buffer, Copied]:
    """Row after row; `distance` is that of two examples where they go."""
    rows = source.rows_each
    axes = ((rows, source.stride, target.stride),) if rows > 1 else ()
    return source, target, Copied(row_length(source.shape), (rows * source.stride, distance), axes)


def _arranged(detail: CopyOrder, source: Buffer, target: Buffer) -> Copied:
    """The loops of an arrangement by how far they go on in memory; the one that goes along both rows is the innermost."""
    found = copy_loops(detail, source.shape, target.shape)
    assert found is not None
    along = next((loop for loop in found if loop[1] == loop[2] == (0, 1)), None)
    axes = tuple(
        (loop[0], loop[1][0] * source.stride + loop[1][1], loop[2][0] * target.stride + loop[2][1]) for loop in found if loop is not along
    )
    starts = []
    for start, buffer in ((detail.start, source), (detail.target, target)):
        row, column = divmod(start, row_length(buffer.shape))
        starts.append(row * buffer.stride + column)
    examples = source.rows_each * source.stride, target.rows_each * target.stride
    empty = (target.rows_each, row_length(target.shape), target.stride) if detail.empty else ()
    return Copied(along[0] if along else 1, examples, axes, (starts[0], starts[1]), empty, detail.added)
