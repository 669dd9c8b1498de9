"""A learner's program brought to life, statement by statement: definitions and simple assignments run, what fails is passed over.

Loops and calls at the top level wait: they are what trains.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import importlib.abc
import importlib.machinery
import re
import signal
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.learners.limits import FILE, Guard, Stopped, line_of_error
from chainrule.learners.reporting import Recorder, ReportedProgram, rewritten

SHOWS = ("matplotlib", "pylab", "seaborn", "plotly", "IPython", "google", "mpl_toolkits", "graphviz", "bokeh", "termcolor", "colorama",
         "prettytable",          "rich", "ipywidgets", "wandb", "tensorboard", "tensorboardX", "progressbar", "alive_progress")  # fmt: skip
"""Packages that show something: nothing is shown here, and what they give is never looked at."""

ADAPTIVE = re.compile(r"\b(?:adam|rmsprop|adagrad|adadelta|nadam)\b|beta_?2|momentum|velocity|\bv_?d?[Ww]", re.IGNORECASE)
"""What programs have that do not step along the gradient itself."""

BRINGS = ("sklearn", "pandas", "tensorflow", "keras", "torchvision", "h5py", "mnist", "datasets", "scikit_learn", "sns", "statsmodels")
"""Packages that bring samples: they are not imported, which would take seconds. Samples are a probe's; what loads some gets random ones."""

PATIENCE = 1.0
"""Seconds that one statement may take while a file is loaded; one that takes longer, as a training, is left."""


class Nothing:
    """Stands for whatever a package that shows things would give."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Whatever is asked of it."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: Any) -> Any:
        return self

    def __setitem__(self, *_: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        pass


class _Shows(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives modules in which every name is nothing, or gives random samples."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        first = name.partition(".")[0]
        if first in SHOWS or first in BRINGS or first == "tqdm":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = _Shown(spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class _Shown(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        first = self.__name__.partition(".")[0]
        if first == "tqdm":
            return (lambda *a, **k: range(*a)) if name in ("trange", "tnrange") else _through
        if first == "pandas" and name.startswith("read_"):
            return _missing
        if name in SAMPLES:
            return SAMPLES[name]
        return _Shown(f"{self.__name__}.{name}") if first in BRINGS else Nothing()

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        return _through(*arguments) if self.__name__.startswith("tqdm") else Nothing()


def _missing(*_: Any, **__: Any) -> Any:
    raise FileNotFoundError("a program that is checked has an empty folder")


def _samples(features: int, classes: int) -> Callable[..., Any]:
    """What loads or makes samples: random ones of these sizes, and numbers of classes."""

    def make(n_samples: Any = 60, *_: Any, return_X_y: bool = True, n_features: int = features, **__: Any) -> Any:
        rng = np.random.default_rng(0)
        rows = n_samples if isinstance(n_samples, int) else 60
        x, t = rng.normal(size=(rows, n_features)), np.arange(rows) % max(classes, 1)
        return (x, t) if classes else (x, x.sum(axis=1))

    return make


def _bunch(features: int, classes: int) -> Callable[..., Any]:
    def load(*_: Any, return_X_y: bool = False, **__: Any) -> Any:
        x, t = _samples(features, classes)()
        return (x, t) if return_X_y else types.SimpleNamespace(data=x, target=t, images=x, feature_names=[], target_names=[])

    return load


def _split(*arrays: Any, **_: Any) -> list[Any]:
    """Samples to learn from, and the rest."""
    return [part for array in arrays for part in (array[: len(array) * 3 // 4], array[len(array) * 3 // 4 :])]


class _Scaler(Nothing):
    """Leaves samples as they are."""

    def fit_transform(self, x: Any, *_: Any) -> Any:
        return x

    transform = inverse_transform = fit_transform


SAMPLES: dict[str, Any] = {
    "make_moons": _samples(2, 2),
    "make_circles": _samples(2, 2),
    "make_blobs": _samples(2, 3),
    "make_classification": _samples(20, 2),
    "make_regression": _samples(5, 0),
    "make_gaussian_quantiles": _samples(2, 2),
    "load_iris": _bunch(4, 3),
    "load_digits": _bunch(64, 10),
    "load_wine": _bunch(13, 3),
    "load_breast_cancer": _bunch(30, 2),
    "load_diabetes": _bunch(10, 0),
    "fetch_openml": _bunch(784, 10),
    "train_test_split": _split,
    "StandardScaler": _Scaler,
    "MinMaxScaler": _Scaler,
}


def _through(things: Any = None, *_: Any, **__: Any) -> Any:
    """A progress bar without the bar."""
    return things if things is not None else Nothing()


class Loaded:
    """A program with its definitions and its simple values.

    namespace   its global names
    tree        as it is written, to be looked at; `functions` and `classes` by name
    statements  those of the top level, as they report
    classifies  whether it speaks of classes
    labelled    whether its rows have their class behind their inputs
    adaptive    whether it steps otherwise than along the gradient itself
    failures    statements that failed: line, what Python said
    """

    def __init__(self, code: str, guard: Guard) -> None:
        self.code, self.guard = code, guard
        self.tree = ast.parse(code)
        self.failures: list[tuple[int, str]] = []
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}
        self.functions = {node.name: node for node in _top(self.tree.body) if isinstance(node, ast.FunctionDef)}
        self.rewriting = ReportedProgram()
        self.spots, self.loops = self.rewriting.spots, self.rewriting.loops
        self.statements = self.rewritten(_flat(ast.parse(code).body, self.functions))
        self.recorder = Recorder(guard.mark, self.spots, self.loops)
        self.namespace = self.fresh()
        self.classifies = bool(re.search(r"softmax|one_?hot|arg_?max|exp_scores|np\.eye", code, re.IGNORECASE))
        self.labelled = bool(re.search(r"\brow\[:?-1\]", code))
        self.adaptive = bool(ADAPTIVE.search(code))
        if not any(isinstance(finder, _Shows) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Shows())

    def rewritten(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Statements that report to the recorder; they are changed."""
        return rewritten(statements, self.rewriting)

    def fresh(self) -> dict[str, Any]:
        """Global names before the first statement."""
        names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, "__file__": FILE, **self.recorder.names()}
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
        """Run one statement; whether it ran through."""
        self.recorder.turns = {}
        try:
            with impatient(patience), warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                code = compile(ast.Module([statement], []), FILE, "exec", dont_inherit=True)
                exec(code, self.namespace if namespace is None else namespace)  # noqa: S102  # the learner's own program, in a process of its own: what a check is for
        except TooLong:
            self.failures.append((statement.lineno, "it takes too long"))
        except Stopped as stopped:
            self.guard.stopped = None  # a statement that asks for a number, as the one before a training, is passed over
            self.failures.append((statement.lineno, stopped.reason))
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  # whatever a learner's statement raises
            self.failures.append((line_of_error(error) or statement.lineno, said(error)))
        else:
            return True
        return False


class TooLong(BaseException):
    """A statement that takes longer than it may while a file is loaded."""


@contextlib.contextmanager
def impatient(seconds: float | None) -> Iterator[None]:
    """Raises TooLong in what takes longer. The clock of the whole run goes on."""
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.getsignal(signal.SIGALRM)
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    if left and left <= seconds:
        yield
        return

    def alarmed(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, alarmed)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        rest, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (seconds - rest), 0.05), interval)


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
    """The top level with what is called without arguments, as main(), in place of its call."""
    result: list[ast.stmt] = []
    for statement in body:
        if is_main(statement):
            assert isinstance(statement, ast.If)
            result.extend(_flat(statement.body, functions, depth))
        elif (name := _called(statement)) in functions and depth < 3 and (inner := inlined(functions[name])) is not None:
            result.extend(_flat(inner, functions, depth + 1))
        else:
            result.append(statement)
    return result


def _called(statement: ast.stmt) -> str:
    """The function that a statement calls without arguments: `main()`."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Name) and not call.args and not call.keywords:
            return call.func.id
    return ""


def inlined(function: ast.FunctionDef, *, arguments: bool = False) -> list[ast.stmt] | None:
    """The body of a function as statements of the top level; None where its returns or its arguments forbid that."""
    needed = len(function.args.args) + len(function.args.kwonlyargs) - len(function.args.defaults)
    if needed > 0 and not arguments:
        return None
    if not any(isinstance(node, (ast.For, ast.While)) for node in ast.walk(function)):
        return None
    function = copy.deepcopy(function)  # the definition stays as it is
    defaults = function.args.defaults
    given = [
        ast.Assign([ast.Name(argument.arg, ast.Store(), lineno=function.lineno, col_offset=0)], value, lineno=function.lineno, col_offset=0)
        for argument, value in zip(function.args.args[len(function.args.args) - len(defaults) :], defaults, strict=True)
    ]
    body = [statement for statement in function.body if not isinstance(statement, (ast.Global, ast.Return))]
    if any(isinstance(node, ast.Return) for statement in body for node in _own(statement)):
        return None
    return [*given, *body]


def _own(statement: ast.AST) -> Iterator[ast.AST]:
    """What belongs to a statement, but not to functions within it."""
    yield statement
    if not isinstance(statement, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
        for child in ast.iter_child_nodes(statement):
            yield from _own(child)


def simple(statement: ast.stmt) -> bool:
    """Is it a definition, or something that only gives values their names?"""
    if isinstance(
        statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Try)
    ):
        return True
    if isinstance(statement, ast.If):
        return not any(isinstance(node, (ast.For, ast.While)) for node in ast.walk(statement))
    if isinstance(statement, ast.Expr):
        text = ast.unparse(statement)
        return "chainrule_" in text[:20] or any(
            word in text for word in ("seed(", "set_printoptions", "seterr", "filterwarnings", ".append(", "shuffle(")
        )
    if isinstance(statement, (ast.For, ast.While)):
        return False
    return False
