"""What the owner of a file says about it: in a header, `# chainrule: …`, or with --as.

    # chainrule: gradients = back_prop(Z1, A1, Z2, A2, W1, W2, X, Y) -> dW1, db1, dW2, db2; X columns; Y classes; loss cross_entropy

Statements are separated by semicolons; each is optional:
    NAME(ARGUMENTS)         the function, or Class.method, to be called; arguments may say what they are: train(a = x, b = t)
    X rows | X columns      samples are rows or columns          Y classes | Y one-hot    targets are numbers of classes
    W units x inputs | W inputs x units                          one sample | batch       vectors of one sample, or several samples
    loss NAME               half_squared, squared, binary_cross_entropy, cross_entropy
    rate NUMBER             the learning rate that is written in the file
    activations NAME, …     of each layer, of a program that is asked by lines of JSON
    watch                   watch the loop that trains, whatever functions there are
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from chainrule.base.frozen import FrozenValue
from chainrule.learners.names import meaning

KINDS = (
    "x", "t", "rate", "momentum", "penalty", "epochs", "batch", "count", "quiet", "index", "params", "cache", "grads", "sizes", "inputs",
    "hidden", "outputs",
)  # fmt: skip
"""What arguments may be said to be, beside W1, b1, z1, h1 …"""

STATEMENTS: list[tuple[str, dict[str, object]]] = [
    (r"(?:(?:x|samples?|inputs?)\s*[:=]?\s*(?:as\s+|in\s+|are\s+)?)?columns?", {"columns": True}),
    (r"(?:(?:x|samples?|inputs?)\s*[:=]?\s*(?:as\s+|in\s+|are\s+)?)?rows?", {"columns": False}),
    (
        r"(?:y|t|targets?|labels?)\s*[:=]?\s*(?:as\s+|are\s+)?(?:class(?:es)?(?:\s+numbers)?|numbers of classes|integers)",
        {"targets": "classes"},
    ),
    (r"(?:y|t|targets?|labels?)\s*[:=]?\s*(?:as\s+|are\s+)?(?:one[- _]?hot|matrix)", {"targets": "matrix"}),
    (r"(?:y|t|targets?)\s*[:=]?\s*(?:as\s+|are\s+)?(?:flat|vector)", {"targets": "flat"}),
    (r"w\w*\s*[:=]?\s*\(?\s*(?:units|out\w*)\s*(?:x|by|\s)\s*(?:inputs|in\w*)\s*\)?", {"units_first": True}),
    (r"w\w*\s*[:=]?\s*\(?\s*(?:inputs|in\w*)\s*(?:x|by|\s)\s*(?:units|out\w*)\s*\)?", {"units_first": False}),
    (r"one sample(?: at a time)?", {"vectors": True}),
    (r"batch|several samples", {"vectors": False}),
    (r"watch|observe|script", {"observe": True}),
]
"""Statements without a value, and what they say."""

LOSSES = {"mse": "squared", "mean_squared": "squared", "ce": "cross_entropy", "bce": "binary_cross_entropy"}
"""What else people call losses."""


class HeaderError(ValueError):
    """A statement that says nothing that is known. Its text is the message."""


class Header(FrozenValue):
    """What was said.

    entry      the function or the method
    arguments  what its arguments are, "a": "x"
    loss       by chainrule's name
    activations  of each layer, of a program that is asked by lines
    rate       the learning rate
    observe    whether the loop is watched in any case
    columns, units_first, targets, vectors   as of `Layout`; None where nothing is said
    """

    entry: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    loss: str = ""
    activations: tuple[str, ...] = ()
    rate: float | None = None
    observe: bool = False
    columns: bool | None = None
    units_first: bool | None = None
    targets: str | None = None
    vectors: bool | None = None


def read_header(text: str) -> Header:
    """The statements of a header. Raises HeaderError."""
    said: dict[str, object] = {}
    for statement in re.split(r"[;\n]", text):
        statement = statement.strip().rstrip(".")
        if not statement:
            continue
        if call := re.match(r"^(?:[\w\s,]+=\s*)?([A-Za-z_][\w.]*)\s*\(([^)]*)\)\s*(?:->.*|returns.*)?$", statement):
            said["entry"] = call[1]
            said["arguments"] = _arguments(call[2])
            continue
        words = statement.lower().replace("×", "x").replace(",", " ")
        said.update(_statement(words, statement))
    return Header(**said)  # type: ignore[arg-type]  # fields by name


def _arguments(text: str) -> dict[str, str]:
    result = {}
    for part in text.split(","):
        name, equals, kind = (piece.strip() for piece in part.partition("="))
        if equals:
            if kind not in KINDS and not re.fullmatch(r"(?:W|b|z|h|delta)\d+", kind):
                kind = meaning(kind).kind
            if not kind:
                raise HeaderError(part.strip())
            result[name] = kind
    return result


def _statement(words: str, statement: str) -> dict[str, object]:
    if (said := next((fields for pattern, fields in STATEMENTS if re.fullmatch(pattern, words)), None)) is not None:
        return said
    if found := re.match(r"^(?:loss|cost|error)\s*[:=]?\s*(.+)$", words):
        called = "_".join(found[1].split())
        if called.isidentifier():  # perhaps one of the person's own: who asks knows what there is
            return {"loss": LOSSES.get(called, called)}
        raise HeaderError(statement)
    if found := re.match(r"^(?:learning[_ ]?rate|rate|lr)\s*[:=]?\s*([\d.eE+-]+)$", words):
        try:
            return {"rate": float(found[1])}
        except ValueError:
            raise HeaderError(statement) from None
    if found := re.match(r"^activations?\s*[:=]?\s*(.+)$", words):
        return {"activations": tuple(found[1].split())}
    if found := re.match(r"^entry\s*[:=]?\s*([\w.]+)$", statement, re.IGNORECASE):
        return {"entry": found[1]}
    raise HeaderError(statement)
