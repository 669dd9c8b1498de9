"""A learner's program brought to life, statement by statement: definitions and simple assignments run, what fails is passed over.

Loops and calls at the top level wait: they are what trains.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import itertools
import random
import re
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.learners.limits import FILE, Guard, Stopped, line_of_error
from chainrule.learners.reporting import Recorder, ReportedProgram
from chainrule.learners.stand_ins import opened, stand_in
from chainrule.learners.syntax import arguments_of, called_name, loops_in, needed_by, own_parts
from chainrule.learners.tensors import library_of, prepared

ADAPTIVE = re.compile(
    r"\b(?:adam|rmsprop|adagrad|adadelta|nadam)\b|beta_?2|momentum|velocity|\bv_?d?[Ww]|"
    r"\bsqrt\([^\n]*\) *\+ *(?:[\w.]*eps\w*|[\d.]*e-\d+|1/10\*\*\d+)|"  # what a step is divided by
    r"/ *\(1(?:\.0)? *- *[\w.]+ *\*\* *[\w.]+\)|"  # a correction
    r"\(1(?:\.0)? *- *[\w.]+\) *\* *[\w.]+(?:\[[^\]\n]*\])? *\*\* *2\b",  # a mean of squares
    re.IGNORECASE,
)
"""What programs have that do not step along the gradient itself."""

FROM_ONE = re.compile(
    r"\by\w*(?:\[[^\]]*\]|\.\w+\(\))* *- *1\b(?!\.)|\by\w* *== *\(?\w+ *\+ *1\b|\brange\(1, *\w+ *\+ *1\)[^\n]*\n?[^\n]*\by\w* *=="
)
"""How classes that are counted from 1 are taken apart: eye(k)[y - 1], y == c + 1."""

PATIENCE = 1.0
"""Seconds that one statement may take while a file is loaded; one that takes longer, as a training, is left."""


class Loaded:
    """A program with its definitions and its simple values.

    namespace   its global names
    tree        as it is written, to be looked at; `functions` and `classes` by name
    statements  those of the top level, as they report
    classifies  whether it speaks of classes
    labelled    whether its rows have their class behind their inputs
    from_one    whether its classes are counted from 1, as those of MATLAB
    library     whose arrays it computes with: "torch", "jax", "" for NumPy's
    adaptive    whether it steps otherwise than along the gradient itself
    failures    statements that failed: line, what Python said
    refusals    loops of functions that failed with the arguments that they were given: line, what Python said, and these
    """

    def __init__(self, code: str, guard: Guard, *, names: bool = False) -> None:
        self.code, self.guard = code, guard
        self.tree = ast.parse(code)
        self.failures: list[tuple[int, str]] = []
        self.refusals: list[tuple[int, str, str]] = []
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}
        self.functions = {node.name: node for node in _top(self.tree.body) if isinstance(node, ast.FunctionDef)}
        self.rewriting = ReportedProgram(names=names)
        self.spots, self.loops = self.rewriting.spots, self.rewriting.loops
        self.statements = self.rewriting.rewritten(_flat(ast.parse(code).body, self.functions))
        self.recorder = Recorder(guard.mark, self.spots, self.loops)
        self.namespace = self.fresh()
        self.classifies = bool(re.search(r"softmax|one_?hot|arg_?max|exp_scores|np\.eye", code, re.IGNORECASE))
        self.labelled = bool(re.search(r"\brow\[:?-1\]", code))
        self.from_one = bool(FROM_ONE.search(code))
        self.adaptive = bool(ADAPTIVE.search(code))
        stand_in()
        self.library = library_of(code)
        prepared(self.library)

    def shown(self) -> frozenset[int]:
        """The spots of what is printed or added up only."""
        return frozenset(number for number, spot in enumerate(self.spots) if spot.shown)

    def fresh(self) -> dict[str, Any]:
        """Global names before the first statement."""
        names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, "__file__": FILE, **self.recorder.names()}
        names["open"] = opened
        names.update(xrange=range, unicode=str, raw_input=input, long=int)
        return names

    def load(self) -> None:
        """Run definitions and simple assignments."""
        self.recorder.short = True
        for statement in self.statements:
            if simple(statement):
                self.run(statement, patience=5.0 if isinstance(statement, (ast.Import, ast.ImportFrom)) else PATIENCE)
        self.recorder.short = False

    def run(self, statement: ast.stmt, *, namespace: dict[str, Any] | None = None, patience: float | None = PATIENCE) -> bool:
        """Run one statement; whether it ran through. One that took too long is not begun again."""
        if getattr(statement, "chainrule_slow", False):
            return False
        self.recorder.turns = {}
        try:
            with impatient(patience), warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                code = compile(ast.Module([statement], []), FILE, "exec", dont_inherit=True)
                exec(code, self.namespace if namespace is None else namespace)  # noqa: S102  # the learner's own program, in a process of its own: what a check is for
        except TooLong:
            statement.chainrule_slow = True  # type: ignore[attr-defined]  # a mark of our own on the statement itself
            self.failures.append((statement.lineno, "it takes too long"))
        except Stopped as stopped:
            self.guard.stopped = None  # a statement that asks for a number, as the one before a training, is passed over
            self.failures.append((statement.lineno, stopped.reason))
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  # whatever a learner's statement raises
            self.failures.append((line_of_error(error) or statement.lineno, said(error)))
        else:
            names = self.namespace if namespace is None else namespace
            if not self.library and isinstance(statement, (ast.Import, ast.ImportFrom)):  # NumPy stands for it
                names.update({name: np for name, value in names.items() if getattr(value, "__name__", "") == "jax.numpy"})
            return True
        return False


_GENERATOR = np.random.default_rng


def draw_anew() -> None:
    """What a program draws from now on is the same each time, also from generators that it gives no seed: each of these gets the next."""
    np.random.seed(1)  # noqa: NPY002  # what learners' programs draw from
    random.seed(1)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(1)
    seeds = itertools.count(1)
    np.random.default_rng = lambda seed=None: _GENERATOR(next(seeds) if seed is None else seed)


class TooLong(BaseException):
    """A statement that takes longer than it may while a file is loaded."""


class Failed(Exception):
    """A learner's program that raises something, takes too long or goes another way, where it is given other numbers than its own."""


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Around what runs a learner's code, copies or reads a learner's objects, and nothing of ours: whatever it raises becomes Failed."""
    try:
        yield
    except Failed:
        raise
    except (Exception, TooLong) as error:  # whatever a learner's code raises
        raise Failed(said(error)) from error


@contextlib.contextmanager
def impatient(seconds: float | None) -> Iterator[None]:
    """Raises TooLong in what takes longer, in seconds of the processor: the same on a busy machine. The clock of the whole run goes on."""
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return

    def alarmed(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, alarmed)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def said(error: BaseException) -> str:
    """What Python says of an error, in a line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of the top level, also within if, try and with."""
    for statement in body:
        yield statement
        for inner in ("body", "orelse", "finalbody"):
            if isinstance(statement, (ast.If, ast.Try, ast.With)):
                yield from _top(getattr(statement, inner, []))


def is_main(statement: ast.stmt) -> bool:
    """if __name__ == "__main__":"""
    return isinstance(statement, ast.If) and "__name__" in ast.dump(statement.test)


def _flat(body: list[ast.stmt], functions: dict[str, ast.FunctionDef], depth: int = 0) -> list[ast.stmt]:
    """The top level with functions that train, as main() and train(X, Y, 0.1), in place of their calls; and what a call is given apart
    from it: net.fit(X, one_hot(labels)) has its targets in a variable of their own.
    """
    result: list[ast.stmt] = []
    for statement in body:
        call = _called(statement)
        name = "" if call is None else called_name(call, method=False)
        if is_main(statement):
            assert isinstance(statement, ast.If)
            result.extend(_flat(statement.body, functions, depth))
        elif call is not None and name in functions and depth < 3 and (given := _given(call, functions[name])) is not None:
            inner = inlined(functions[name], given, statement)
            result.extend([statement] if inner is None else _flat(inner, functions, depth + 1))
        else:
            result.extend(_apart(statement, call))
    return result


def _called(statement: ast.stmt) -> ast.Call | None:
    """The call that a statement is, or whose result it gives a name."""
    value = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    return value if isinstance(value, ast.Call) else None


def _given(call: ast.Call, function: ast.FunctionDef) -> dict[str, ast.expr] | None:
    """What a call gives to each argument of a function; None where that cannot be told."""
    if any(isinstance(part, ast.Starred) for part in call.args) or function.args.vararg or function.args.kwarg:
        return None
    names = arguments_of(function)
    given = {**dict(zip(names, call.args, strict=False)), **{word.arg: word.value for word in call.keywords if word.arg}}
    return given if len(call.args) <= len(names) and all(name in given for name in needed_by(function)) else None


def _apart(statement: ast.stmt, call: ast.Call | None) -> list[ast.stmt]:
    """A statement that calls a method with what it computes on the spot: these values get names before it."""
    if call is None or not isinstance(call.func, ast.Attribute):
        return [statement]
    before: list[ast.stmt] = []
    for place, argument in enumerate(call.args):
        if isinstance(argument, (ast.Call, ast.Subscript, ast.BinOp)) and not isinstance(statement, ast.Assign):
            name = f"given_{place + 1}"
            before.append(ast.copy_location(ast.Assign([_name(name, ast.Store(), argument)], argument), argument))
            call.args[place] = _name(name, ast.Load(), argument)
    return [*before, statement]


def _name(name: str, context: ast.expr_context, at: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, context), at)


def inlined(
    function: ast.FunctionDef, given: Mapping[str, ast.expr] | None = None, statement: ast.stmt | None = None
) -> list[ast.stmt] | None:
    """The body of a function that has a loop, as statements of the top level; None where its returns forbid that.

    given      what its arguments are; where nothing is said, they are given otherwise
    statement  its call; where this names the result, so does the end of the body
    """
    if not loops_in(function):
        return None
    function = copy.deepcopy(function)  # the definition stays as it is
    last = function.body[-1]
    body = [part for part in function.body if not isinstance(part, (ast.Global, ast.Return))]
    if any(isinstance(node, ast.Return) for part in body for node in own_parts(part)):
        return None
    defaults = dict(zip(arguments_of(function)[::-1], function.args.defaults[::-1], strict=False))
    defaults |= {
        argument.arg: value
        for argument, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if value is not None
    }
    first: list[ast.stmt] = []
    for name, value in {**dict(reversed(defaults.items())), **(given or {})}.items():
        if not (isinstance(value, ast.Name) and value.id == name):
            first.append(ast.copy_location(ast.Assign([_name(name, ast.Store(), function)], value), statement or function))
    if isinstance(statement, ast.Assign) and isinstance(last, ast.Return) and last.value is not None:
        body.append(ast.copy_location(ast.Assign(statement.targets, last.value), last))
    return [*first, *body]


def simple(statement: ast.stmt) -> bool:
    """Is it a definition, or something that only gives values their names?"""
    if isinstance(
        statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Try)
    ):
        return True
    if isinstance(statement, ast.If):
        return not loops_in(statement)
    if isinstance(statement, ast.Expr):
        text = ast.unparse(statement)
        return "chainrule_" in text[:20] or any(
            word in text for word in ("seed(", "defvjp(", "set_printoptions", "seterr", "filterwarnings", ".append(", "shuffle(")
        )
    return False
