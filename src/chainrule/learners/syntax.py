"""What is asked of the syntax trees of learners' programs: their calls, the arguments of their functions, the names that they use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any


def arguments_of(function: ast.FunctionDef, *, method: bool = False, keywords: bool = False) -> list[str]:
    """The names of its arguments; of a method without self, and those that are given by name only if `keywords`."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)][method:]
    return names + [argument.arg for argument in function.args.kwonlyargs] if keywords else names


def needed_by(function: ast.FunctionDef, *, method: bool = False) -> list[str]:
    """The names of the arguments that have no default."""
    names, defaults = arguments_of(function), len(function.args.defaults)
    return names[int(method) : len(names) - defaults]


def calls_in(*roots: ast.AST) -> Iterator[ast.Call]:
    """Every call."""
    return (node for root in roots for node in ast.walk(root) if isinstance(node, ast.Call))


def attributes_read(name: str, *roots: ast.AST) -> set[str]:
    """What is read from a variable by its name: {"W1", "b1"} of x @ p.W1 + p.b1; nothing of what is called."""
    called = {id(call.func) for call in calls_in(*roots)}
    nodes = (node for root in roots for node in ast.walk(root) if isinstance(node, ast.Attribute) and id(node) not in called)
    return {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == name}


def called_name(call: ast.Call, *, method: bool | None = None) -> str:
    """The name of the function or the method that is called, or of a method only, or of a function only; nothing if it has none."""
    if isinstance(call.func, ast.Name):
        return "" if method else call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) and method is not False else ""


def names_in(*roots: ast.AST, stored: bool = False) -> set[str]:
    """The variables in it; only those that get a value if `stored`."""
    nodes = (node for root in roots for node in ast.walk(root) if isinstance(node, ast.Name))
    return {node.id for node in nodes if not stored or isinstance(node.ctx, ast.Store)}


def added_in(*roots: ast.AST, among: Iterable[str]) -> list[str]:
    """Which of these variables are added to something as they are: b of x @ w + b."""
    sums = (node for root in roots for node in ast.walk(root) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add))
    added = {side.id for node in sums for side in (node.left, node.right) if isinstance(side, ast.Name)}
    return [name for name in among if name in added]


def factors_of(node: ast.AST) -> list[ast.expr]:
    """What a product of matrices multiplies, as x @ w, np.dot(w.T, d) and w.dot(x); nothing of any other node."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and called_name(node) in ("dot", "matmul"):
        return [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
    return []


def multiplied_in(*roots: ast.AST) -> set[str]:
    """The variables that stand in products of matrices."""
    sides = (side for root in roots for node in ast.walk(root) for side in factors_of(node))
    whole = (side.value if isinstance(side, ast.Attribute) and side.attr == "T" else side for side in sides)
    return {side.id for side in whole if isinstance(side, ast.Name)}


def loops_in(*roots: ast.AST) -> bool:
    """Is there a loop?"""
    return any(isinstance(node, (ast.For, ast.While)) for root in roots for node in ast.walk(root))


def own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, but not what is in functions or classes within."""
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
        for child in ast.iter_child_nodes(node):
            yield from own_parts(child)


def product_parts(node: ast.expr, *, matrices: bool = False) -> tuple[list[ast.expr], list[ast.expr]]:
    """What stands above and below the bar of a product of quotients; a sign is left out.

    matrices  whether a product of matrices is one, too, as in 0.5 * h.T @ d
    """
    if isinstance(node, ast.UnaryOp):
        return product_parts(node.operand, matrices=matrices)
    products = (ast.Div, ast.Mult, ast.MatMult) if matrices else (ast.Div, ast.Mult)
    if isinstance(node, ast.BinOp) and isinstance(node.op, products):
        (above, below), (right, under) = (product_parts(side, matrices=matrices) for side in (node.left, node.right))
        return ([*above, *under], [*below, *right]) if isinstance(node.op, ast.Div) else ([*above, *right], [*below, *under])
    return [node], []


def squared_in(node: ast.expr) -> ast.expr | None:
    """What an expression squares: g of g ** 2, of 0.1 * g * g, of np.square(g), of g.pow(2); None of any other."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return node.left if ast.unparse(node.right) in ("2", "2.0") else None
    if isinstance(node, ast.BinOp):
        factors, _ = product_parts(node)
        texts = [ast.unparse(factor) for factor in factors]
        return next((factor for factor, text in zip(factors, texts, strict=True) if texts.count(text) == 2), None)
    name = called_name(node) if isinstance(node, ast.Call) else ""
    if not isinstance(node, ast.Call) or name not in ("square", "pow", "power"):
        return None
    given = [*([node.func.value] if isinstance(node.func, ast.Attribute) else []), *node.args]
    power = given.pop() if name != "square" else ast.Constant(2)
    return given[-1] if given and ast.unparse(power) in ("2", "2.0") else None


def is_plain_number(value: Any) -> bool:
    """Is it a number of Python's own, and no truth value?"""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_CHOOSING = ("where", "maximum", "max", "select")
_BENT = re.compile(r"relu|leaky|elu|act", re.IGNORECASE)


def slopes_in(tree: ast.AST) -> set[str]:
    """Names of numbers that are used as the slope of an activation, as α of np.where(z > 0, z, α * z), and for nothing else."""
    uses, slopes = dict[str, int](), dict[str, int]()

    def counted(found: dict[str, int], root: ast.AST) -> None:
        for node in ast.walk(root):
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                name = node.id if isinstance(node, ast.Name) else node.attr
                found[name] = found.get(name, 0) + 1

    def looked_at(node: ast.AST, kept: bool) -> None:
        inside = kept
        if isinstance(node, ast.Call):
            inside = inside or called_name(node) in _CHOOSING or bool(_BENT.search(called_name(node)))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            inside = inside or any(isinstance(side, ast.Compare) for side in (node.left, node.right))
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            chosen = any(isinstance(part, ast.Compare) for one in targets for part in ast.walk(one))
            owner, value = targets[0], node.value
            handed = isinstance(owner, ast.Attribute) and isinstance(value, ast.Name) and owner.attr == value.id  # self.alpha = alpha
            inside = inside or chosen or handed
        inside = inside or isinstance(node, ast.IfExp)
        if inside and not kept:
            counted(slopes, node)
        for child in ast.iter_child_nodes(node):
            looked_at(child, inside)

    counted(uses, tree)
    looked_at(tree, False)
    return {name for name, count in slopes.items() if uses.get(name, 0) == count}
