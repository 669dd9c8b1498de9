"""Samples and targets that a program shuffles each by an order of its own: read from its text, since it is done before the training."""

from __future__ import annotations

import ast
import re

from chainrule.learners.names import meaning

_RESET = re.compile(r"seed|state|default_rng|RandomState|Random\(", re.IGNORECASE)
"""What makes the next order the same as one before."""


def shuffled_apart(code: str) -> tuple[ast.stmt, ast.stmt] | None:
    """The two statements; None where there are no such two next to each other, or where the second order is made to be the first."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(body, list) and (found := _in(body)) is not None:
                return found
    return None


def _in(body: list[ast.stmt]) -> tuple[ast.stmt, ast.stmt] | None:
    last: tuple[str, ast.stmt] | None = None
    for statement in body:
        name = _shuffled(statement)
        kind = meaning(name).kind if name else ""
        if kind in ("x", "t"):
            if last is not None and last[0] != kind:
                return last[1], statement
            last = (kind, statement)
        elif _RESET.search(ast.unparse(statement)):
            last = None
    return None


def _shuffled(statement: ast.stmt) -> str:
    """The name of what a statement brings into a new order by itself, drawn in this very statement; nothing if none."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "shuffle" and len(call.args) == 1 and not call.keywords:
            return call.args[0].id if isinstance(call.args[0], ast.Name) and not _RESET.search(ast.unparse(call.func)) else ""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        name, text = statement.targets[0].id, ast.unparse(statement.value)
        draws = [
            part
            for part in ast.walk(statement.value)
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in ("permutation", "permuted")
        ]
        if len(draws) == 1 and not _RESET.search(text) and re.search(rf"\b{re.escape(name)}\b", text):
            return name
    return ""
