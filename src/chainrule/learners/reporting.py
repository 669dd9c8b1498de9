"""A program that reports every value it computes: its syntax tree is rewritten, its lines and its results stay as they are.

Each expression that computes something becomes `chainrule_seen(expression, number)`, so does what a target is worth after an assignment,
and each loop asks at the top of its body whether to go on: so that one that trains ten thousand times is left after one.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.base.frozen import FrozenValue
from chainrule.learners.syntax import called_name, squared_in
from chainrule.learners.tensors import as_array, is_tensor

SEEN, BEGIN, TURN = "chainrule_seen", "chainrule_begin", "chainrule_turn"
"""The names that are put into the program. None begins with two underscores: inside a class, Python would change such a name."""

MOST_VALUES = 200_000
"""So many values are kept of one run; what is computed after them is not looked at."""

LARGEST = 100_000
"""Elements of an array that is kept."""


SHOWING = ("print", "append", "info", "debug", "write", "format", "set_postfix", "set_description", "add_scalar", "sqrt")
"""Functions and methods that show or keep a value, and compute nothing with it; and the root of a mean square, which is no loss."""


SUMMING = ("sum", "mean", "average", "norm")
"""Functions and methods that add up what they are given."""


class Spot(FrozenValue):
    """Where something is computed.

    line    counted from 1 in the program; start, last, end: where it begins in the line, in which line and where it ends, in bytes
    target  what it is assigned to, "dZ2" or "self.dW1"; empty for an expression within another
    shown   whether it is printed, kept for a picture, or added to a sum, and nothing else
    squared whether it is multiplied by itself, number by number, and not for a sum of squares
    """

    line: int
    start: int
    last: int
    end: int
    target: str = ""
    shown: bool = False
    squared: bool = False

    def text(self, code: str) -> str:
        """The expression as it is written, in one line."""
        lines = [line.encode() for line in code.split("\n")[self.line - 1 : self.last]]
        if not lines:
            return ""
        lines[-1] = lines[-1][: self.end]
        lines[0] = lines[0][self.start :]
        return " ".join(b"\n".join(lines).decode(errors="replace").split())


class Loop(FrozenValue):
    """A loop: its line, and whether it is one that goes on for long, as a training does and a sum over units does not.

    counted  whether nothing says how often it turns but a variable, or what it tests: it may be one that trains
    """

    line: int
    long: bool
    counted: bool = False


_LONG = re.compile(r"epoch|iter|err|cost|loss|tol|diff|converg|step|delta", re.IGNORECASE)
COUNTED = 300
"""Turns after which a loop of which its text does not tell how often it turns is taken for one that trains."""

MANY = 30
"""Turns from which on a loop is one that trains; no probe has so many units or samples."""


def _long(node: ast.For | ast.While) -> bool:
    tested = node.iter if isinstance(node, ast.For) else node.test
    if isinstance(tested, ast.Constant):
        ends = [part.test for part in ast.walk(node) if isinstance(part, ast.If) and isinstance(part.body[-1], (ast.Break, ast.Return))]
        return not ends or any(_many(test) or _measures(test) for test in ends)
    if isinstance(node, ast.For) and not (isinstance(tested, ast.Call) and "range" in ast.dump(tested.func)):
        inner = tested.args[0] if isinstance(tested, ast.Call) and tested.args else None  # tqdm(range(1000)), enumerate(range(1000))
        return isinstance(inner, ast.Call) and "range" in ast.dump(inner.func) and _many(inner)
    return _many(tested)


def _counted(node: ast.For | ast.While) -> bool:
    if isinstance(node, ast.While):
        return True
    call = node.iter
    return isinstance(call, ast.Call) and "range" in called_name(call, method=False) and "len(" not in ast.unparse(call)


def _many(tested: ast.expr) -> bool:
    """Is there a large number in it, or a name of what counts epochs or measures errors?"""
    if isinstance(tested, ast.Call) and isinstance(tested.func, ast.Name) and tested.func.id == "len":
        return False  # of samples
    if isinstance(tested, ast.Call):
        return any(_many(argument) for argument in tested.args)
    for part in ast.walk(tested):
        if isinstance(part, ast.Constant) and isinstance(part.value, (int, float)) and part.value >= MANY:
            return True
        name = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
        if name not in ("range", "len") and _LONG.search(name):
            return True
    return False


def _measures(tested: ast.expr) -> bool:
    """Is something less or greater than a number that does not count layers, as an error is less than a tolerance?"""
    return any(
        isinstance(sign, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) and not (isinstance(limit, ast.Constant) and isinstance(limit.value, int))
        for part in ast.walk(tested)
        if isinstance(part, ast.Compare)
        for sign, limit in zip(part.ops, part.comparators, strict=True)
    )


class ReportedProgram(ast.NodeTransformer):
    """Rewrites a syntax tree; `spots` says where each number comes from, `loops` which line each loop has.

    names  whether each use of a variable reports, too
    """

    def __init__(self, *, names: bool = False) -> None:
        self.names = names
        self.spots: list[Spot] = []
        self.loops: list[Loop] = []
        self._shown = self._summed = False

    def rewritten(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Statements that report, which are changed; their numbers go on where those of earlier ones ended."""
        return ast.fix_missing_locations(ast.Module(self._body(statements), [])).body

    def visit(self, node: ast.AST) -> Any:
        squared = getattr(node, "chainrule_squared", False)
        changed = super().visit(node)
        return _call(SEEN, changed, self._spot(node, squared=True), at=node) if squared else changed

    def _mark(self, node: ast.expr) -> None:
        """What an expression squares is to report itself, also where it is a name."""
        if not self._summed and (base := squared_in(node)) is not None:
            base.chainrule_squared = True  # type: ignore[attr-defined]  # a mark of our own on the expression itself

    def _spot(self, node: ast.AST, target: str = "", *, squared: bool = False) -> ast.Constant:
        line, start = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        last, end = getattr(node, "end_lineno", None) or line, getattr(node, "end_col_offset", None) or start
        self.spots.append(Spot(line, start, last, end, target, self._shown, squared))
        return ast.Constant(len(self.spots) - 1)

    def _wrapped(self, node: Any) -> Any:
        number = self._spot(node)
        self._mark(node)
        self.generic_visit(node)
        return _call(SEEN, node, number, at=node)

    visit_BinOp = visit_UnaryOp = visit_IfExp = visit_ListComp = _wrapped

    def visit_Name(self, node: ast.Name) -> Any:
        return _call(SEEN, node, self._spot(node), at=node) if self.names and isinstance(node.ctx, ast.Load) else node

    def visit_Call(self, node: ast.Call) -> Any:
        before, name = (self._shown, self._summed), called_name(node)
        self._shown, self._summed = self._shown or name in SHOWING, self._summed or name in SUMMING
        self._mark(node)
        try:
            return self._called(node)
        finally:
            self._shown, self._summed = before

    def _called(self, node: ast.Call) -> Any:
        number = self._spot(node)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        elif not isinstance(node.func, ast.Name):
            node.func = self.visit(node.func)
        node.args = [self.visit(argument) for argument in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        if isinstance(node.func, ast.Name) and node.func.id in ("super", "locals", "globals", "vars", "dir", "print", "range", "len"):
            return node
        return _call(SEEN, node, number, at=node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if not isinstance(node.ctx, ast.Load):
            node.value = self.visit(node.value)
            return node
        return self._wrapped(node)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        if not isinstance(node.ctx, ast.Load):
            return node
        number = self._spot(node)
        node.value = self.visit(node.value)  # what stands within the brackets is no quantity
        return _call(SEEN, node, number, at=node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        return node

    def visit_Import(self, node: ast.Import) -> Any:
        return node

    visit_ImportFrom = visit_Import  # type: ignore[assignment]  # both are imports

    def visit_FunctionDef(self, node: Any) -> Any:
        node.body = self._body(node.body)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        node.body = self._body(node.body)
        return node

    def visit_Match(self, node: ast.Match) -> Any:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            case.body = self._body(case.body)
        return node

    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for statement in body:
            changed = self.visit(statement)
            result.extend(changed if isinstance(changed, list) else [changed])
        return result

    def visit_For(self, node: Any) -> Any:
        number = len(self.loops)
        self.loops.append(Loop(node.lineno, _long(node), _counted(node)))
        self.generic_visit(node)
        node.body.insert(0, _placed(ast.If(_call(TURN, ast.Constant(number), at=node), [ast.Break()], []), node))
        return [_placed(ast.Expr(_call(BEGIN, ast.Constant(number), at=node)), node), node]

    visit_While = visit_For

    def visit_Assign(self, node: ast.Assign) -> Any:
        reports: list[ast.stmt] = []
        for target in node.targets:
            for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                reports.extend(self._reports(part, node))
        self.generic_visit(node)
        return [node, *reports]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        before, self._shown = self._shown, self._shown or (isinstance(node.op, ast.Add) and isinstance(node.target, ast.Name))
        reports = self._reports(node.target, node)
        self.generic_visit(node)
        self._shown = before
        return [node, *reports]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return node
        reports = self._reports(node.target, node)
        node.value = self.visit(node.value)
        return [node, *reports]

    def _reports(self, target: ast.expr, statement: ast.stmt) -> list[ast.stmt]:
        """What its target is worth after an assignment, where asking that computes nothing anew; of dh[z <= 0] = 0, what dh is."""
        chosen = (ast.Compare, ast.Invert, ast.Call)
        if isinstance(target, ast.Subscript) and any(isinstance(part, chosen) for part in ast.walk(target.slice)):
            target = target.value
        if any(isinstance(part, (ast.Call, ast.Starred, ast.Slice, ast.NamedExpr, ast.Tuple, ast.List)) for part in ast.walk(target)):
            return []
        text = ast.unparse(target)
        number = self._spot(statement, text)
        return [_placed(ast.Expr(_call(SEEN, ast.parse(text, mode="eval").body, number, at=statement)), statement)]


def _call(function: str, *arguments: Any, at: ast.AST) -> ast.Call:
    """A call that stands where the node is that it is about."""
    name = ast.Name(function, ast.Load())
    call = ast.Call(name, list(arguments), [])
    for node in (name, call, *(part for part in arguments if not hasattr(part, "lineno"))):
        ast.copy_location(node, at)
    return call


def _placed(node: ast.AST, at: ast.AST) -> Any:
    for part in ast.walk(node):
        if isinstance(part, (ast.expr, ast.stmt)):
            ast.copy_location(part, at)
    return node


class Recorder:
    """Keeps what a program reports while `on`: numbers and arrays of numbers, in the order in which they are computed.

    values   (number of the spot, value as an array of floats)
    bounds   for loops, by their number, how often their body may run; others run as they like
    turns    how often the body of each loop has begun
    short    whether loops that train are left after one turn, where nothing else is said; `left`: those that were;
             `found`: those of which this showed when they ran
    patient  whether they run on all the same, to see whether they end
    instead  what a value is replaced by, from the value and its spot
    """

    def __init__(self, mark: Callable[[int], None], spots: list[Spot], loops: list[Loop]) -> None:
        self.mark, self.spots, self.loops = mark, spots, loops
        self.on, self.short, self.patient = False, False, False
        self.left: set[int] = set()
        self.found: set[int] = set()
        self.values: list[tuple[int, np.ndarray[Any, Any]]] = []
        self.bounds: dict[int, int] = {}
        self.turns: dict[int, int] = {}
        self.hook: Callable[[int, int], None] | None = None
        self.instead: Callable[[Any, int], Any] | None = None

    def begin(self) -> None:
        """Forget what was, and record."""
        self.values, self.turns, self.on = [], {}, True

    @contextlib.contextmanager
    def recording(self, *, short: bool = False, patient: bool = False) -> Iterator[None]:
        """Forget what was, record what is done meanwhile, and nothing after it."""
        before = self.patient
        self.begin()
        self.short, self.patient = short, patient or before
        try:
            yield
        finally:
            self.on, self.short, self.patient = False, False, before

    def names(self) -> dict[str, Any]:
        """What the program calls."""
        return {SEEN: self.seen, BEGIN: self.begins, TURN: self.turn}

    def seen(self, value: Any, number: int) -> Any:
        """Keep a value, and give it back."""
        if self.instead is not None:
            value = self.instead(value, number)
        if self.on:
            self._keep(value, number)
        return value

    def _keep(self, value: Any, number: int) -> None:
        kind = type(value)
        kept = (np.array(float(value)) if abs(value) < 1e300 else None) if kind is float or kind is int else numbers(value)
        if kept is not None and len(self.values) < MOST_VALUES:
            self.values.append((number, kept))

    def begins(self, number: int) -> None:
        """A loop begins, perhaps once more."""
        self.turns.pop(number, None)

    def turn(self, number: int) -> bool:
        """Whether to leave the loop now."""
        turns = self.turns.get(number, 0)
        self.turns[number] = turns + 1
        if self.hook is not None:
            self.hook(number, turns)
        self.mark(self.loops[number].line)
        bound = self.bounds.get(number)
        loop = self.loops[number]
        if self.short and turns > COUNTED and loop.counted:
            self.found.add(number)
        if bound is None and (loop.long or number in self.found) and self.short and not self.patient:
            bound = 1
            self.left.add(number)
        return bound is not None and turns >= bound


def numbers(value: Any) -> np.ndarray[Any, Any] | None:
    """A value as an array of floats, copied; None where it is none."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiu" or value.size > LARGEST:
            return None
        return np.array(value, dtype=float, subok=False)
    if isinstance(value, (np.floating, np.integer)):
        return np.array(float(value))
    if is_tensor(value):
        return as_array(value)
    if isinstance(value, (list, tuple)) and value and len(value) <= 1000 and _numeric(value):
        try:
            return np.array(value, dtype=float)
        except (ValueError, TypeError):
            return None
    return None


def _numeric(value: Any) -> bool:
    first = value[0]
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, (float, int, np.floating, np.integer, np.ndarray)) and not isinstance(first, bool)
