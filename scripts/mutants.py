"""python scripts/mutants.py [--number 300] [--seed 0] [--jobs 2]: would the tests notice a mistake in the core of the package?

A mutant is the package with one small change in one module of `MODULES`: another sign, number, comparison or condition, a statement
left out, two arguments or branches exchanged. Of all that can be made, so many are drawn with the seed. Each runs `TESTS` until one
fails, in a process that is forked from one in which the large libraries are loaded already. Survivors are printed: each must be shown
to change nothing, or gets a test.

Types, assertions (`strict=` of zip is one), the words of errors and what decorates a class are left as they are.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

ROOT = Path(__file__).resolve().parent.parent
TESTS = (
    *("seed_facts", "tidy", "expression", "derivation", "written", "theorems", "closed_forms"),
    *("optimizers", "scalar", "primitives", "definitions", "networks"),
)
"""The tests that guard the core, the quickest first. Together they take less than two minutes."""

MODULES = {
    "expression": "expression",
    "primitives": "primitives",
    "tidy": "tidy",
    "backprop": "expression",
    "scalar": "scalar",
    "theorems": "theorems",
    "derivation": "derivation",
    "update": "derivation",
    "activations": "definitions",
    "losses": "definitions",
    "regularizers": "definitions",
    "initializers": "definitions",
    "optimizers": "optimizers",
    "schedules": "optimizers",
}
"""The core, and which of the tests each module is shown first."""

QUIETLY = ("--exitfirst", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")  # hypothesis is loaded already

SECONDS = 300
"""A mutant that computes longer goes round in circles, and is noticed by that."""

MEMORY = 8 * 2**30
"""As is one that wants more bytes than these."""

SIGNS = {
    one: other
    for pair in (
        *((ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE)),
        *((ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.And, ast.Or)),
    )
    for one, other in (pair, pair[::-1])
} | {ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult}
"""Which sign takes the place of which."""


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
    match node:
        case ast.BinOp(left, ast.MatMult() as sign, right):
            yield ast.BinOp(right, sign, left)
        case ast.BinOp(left, sign, right) if type(sign) in SIGNS:
            yield ast.BinOp(left, SIGNS[type(sign)](), right)
        case ast.Compare(left, [sign, *signs], operands):
            yield ast.Compare(left, [SIGNS[type(sign)](), *signs], operands)
        case ast.BoolOp(sign, operands):
            yield ast.BoolOp(SIGNS[type(sign)](), operands)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.IfExp(test, chosen, other):
            yield ast.IfExp(test, other, chosen)
        case ast.If(test, body, other):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, other)
        case ast.comprehension(target, source, [test, *tests]):
            yield ast.comprehension(target, source, [ast.UnaryOp(ast.Not(), test), *tests], 0)
        case ast.Call(function, [first, second, *rest], options) if ast.dump(first) != ast.dump(second):
            yield ast.Call(function, [second, first, *rest], options)
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Assign([ast.Attribute() | ast.Subscript()]) | ast.AugAssign() | ast.Expr() | ast.Continue() | ast.Raise():
            yield ast.Pass()


def changeable(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module that may be changed."""
    match node:
        case ast.Expr(ast.Constant()) | ast.Assert() | ast.JoinedStr() | ast.If(ast.Name("TYPE_CHECKING")) | ast.keyword("strict"):
            return
        case ast.FunctionDef():
            inside = [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body]
        case ast.ClassDef():
            inside = node.body
        case ast.AnnAssign():
            inside = [node.value] if node.value else []
        case ast.Raise():
            yield node
            return
        case _:
            yield node
            inside = list(ast.iter_child_nodes(node))
    for child in inside:
        yield from changeable(child)


@dataclass(frozen=True)
class Mutant(ast.NodeTransformer, importlib.abc.SourceLoader):
    """A module in which `new` stands in the place of `old`; it loads itself in the module's place."""

    path: Path
    module: ast.Module
    old: ast.AST
    new: ast.AST

    def __str__(self) -> str:
        line = getattr(self.old, "lineno", None) or self.old.target.lineno
        old, new = (ast.unparse(node).splitlines()[0].strip() for node in (self.old, self.new))
        return f"{self.path.stem}:{line}: {old}  →  {new}"

    def visit(self, node: ast.AST) -> ast.AST:
        """The changed node in place of the old one."""
        return self.new if node is self.old else self.generic_visit(node)

    def find_spec(self, name: str, *_: object) -> object:
        """As Python's import asks: this loads its own module, nothing else."""
        own = ".".join(self.path.relative_to(ROOT / "src").with_suffix("").parts)
        return importlib.util.spec_from_loader(name, self) if name == own else None

    def get_filename(self, name: str) -> str:
        """Where the module stands."""
        return str(self.path)

    def get_data(self, path: str) -> bytes:
        """Its changed text."""
        return ast.unparse(self.visit(self.module)).encode()


def module_called(name: str) -> Path:
    """The one module of that name among formulas and networks."""
    (path,) = (path for wing in ("formula", "network") for path in (ROOT / "src/chainrule" / wing).glob(f"{name}.py"))
    return path


def tests_called(name: str) -> Path:
    """The one file of tests of that name."""
    (path,) = (ROOT / "tests").rglob(f"test_{name}.py")
    return path


def mutants() -> list[Mutant]:
    """All that can be made."""
    found = []
    for name in MODULES:
        path = module_called(name)
        module = ast.parse(path.read_text(encoding="utf-8"))
        found += [Mutant(path, module, node, new) for node in changeable(module) for new in changes(node)]
    return found


class FirstFailure:
    """A plugin for pytest: an example that fails is enough; nobody needs the smallest."""

    def pytest_collection(self) -> None:
        """After conftest.py, before the tests take their settings."""
        from hypothesis import Phase, settings

        settings.register_profile("first failure", phases=[Phase.explicit, Phase.generate])
        settings.load_profile("first failure")


def run(mutant: Mutant | None) -> int:
    """The number of the first test that fails, counted from 1; 0 if none does."""
    import pytest

    if mutant is not None:
        sys.meta_path.insert(0, mutant)
    first = MODULES[mutant.path.stem] if mutant else ""
    for name in sorted(TESTS, key=lambda name: name != first):
        if pytest.main([*QUIETLY, str(tests_called(name))], plugins=[FirstFailure()]):
            return TESTS.index(name) + 1
    return 0


def started(mutant: Mutant | None) -> int:
    """The process in which a mutant runs, silently."""
    child = os.fork()
    if child:
        return child
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os._exit(run(mutant))


def main() -> None:
    """Draw mutants, run them, and print which survive."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--number", type=int, default=300)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = options.parse_args()
    for library in ("hypothesis", "pytest", "sympy", "torch"):
        importlib.import_module(library)

    begun = time.perf_counter()
    if os.waitpid(started(None), 0)[1]:
        sys.exit("The tests fail without any change: run them first.")
    everything = mutants()
    print(f"unchanged: {time.perf_counter() - begun:.0f} s; {len(everything)} mutants can be made", flush=True)

    waiting = random.Random(asked.seed).sample(everything, min(asked.number, len(everything)))
    running: dict[int, Mutant] = {}
    killers: Counter[str] = Counter()
    while waiting or running:
        while waiting and len(running) < asked.jobs:
            mutant = waiting.pop()
            running[started(mutant)] = mutant
        child, status = os.wait()
        mutant, code = running.pop(child), os.waitstatus_to_exitcode(status)
        killers[f"test_{TESTS[code - 1]}" if code > 0 else "survived" if code == 0 else "time or memory"] += 1
        if code == 0:
            print(f"survived  {mutant}", flush=True)
    print(*(f"{count:5} {name}" for name, count in killers.most_common()), sep="\n")
    print(f"{killers['survived']} of {killers.total()} survived; {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
