"""Biases that nothing trains: whether a program means them to stay what they are, by its words and by the numbers that it begins with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from chainrule.learners.names import as_kind

_BIAS, _FIXED = (
    r"bias|sesgo|schwelle|biais|\bb\d*\b",
    r"frozen|freeze|fixed|const|stay|untrain|not\W+\w*\W*(?:train|updat|learn)|fest|bleib|nicht\W+\w*\W*(?:trainier|gelern|lern|aktualis|änder|veränder)",
)
_SAID = re.compile(rf"(?:{_BIAS})[^\n]*(?:{_FIXED})|(?:{_FIXED})[^\n]*(?:{_BIAS})", re.IGNORECASE)


def fixed_biases(tree: ast.AST, code: str) -> bool:
    """Are biases meant to stay what they are? A comment, a sentence or a name says so, or all of them begin as numbers that somebody chose.

    Nobody chooses 0, nor what is drawn at random: these wait to be learned.
    """
    said = re.findall(r"#.*|[\"'][^\"'\n]*[\"']|\w+", code)
    begun = [value for name, value in _given(tree) if as_kind(name, "b") is not None and as_kind(name, "batch", "W", "x") is None]
    return any(_SAID.search(part) for part in said) or (bool(begun) and all(map(_chosen, begun)))


def _given(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What names get for their values where something begins: by an assignment, by an argument of a call, by a default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            yield ast.unparse(node.target), node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                pairs = zip(target.elts, node.value.elts, strict=False) if several else [(target, node.value)]  # type: ignore[attr-defined]  # both are tuples
                yield from ((ast.unparse(one), value) for one, value in pairs if not isinstance(value, (ast.Name, ast.Attribute)))
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node.value
        elif isinstance(node, ast.arguments):
            named = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
            yield from ((one.arg, value) for one, value in zip(named, node.defaults, strict=True))


def _chosen(value: ast.expr) -> bool:
    """Is it made of written numbers, and not all 0: 0.35, [[0.1, 0.2]], np.ones(4), np.full(3, 0.5)?"""
    if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] == "ones":
        return True
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    if any(ast.unparse(call.func).rpartition(".")[2] not in ("array", "full", "float", "asarray", "tensor") for call in calls):
        return False
    parts = _filled_with(calls[0]) if calls and ast.unparse(calls[0].func).endswith("full") else [value]
    written = [node.value for part in parts for node in ast.walk(part) if isinstance(node, ast.Constant)]
    return any(isinstance(number, (int, float)) and number != 0 for number in written)


def _filled_with(call: ast.Call) -> list[ast.expr]:
    """The value of a call of np.full, as far as it is written."""
    return [one.value for one in call.keywords if one.arg == "fill_value"] or call.args[1:2]
