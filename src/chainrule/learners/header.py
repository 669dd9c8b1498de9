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
from chainrule.learners.layout import StatedLayout
from chainrule.learners.names import meaning

KINDS = (
    "x",
    "t",
    "rate",
    "momentum",
    "penalty",
    "epochs",
    "batch",
    "count",
    "quiet",
    "index",
    "params",
    "cache",
    "grads",
    "sizes",
    "inputs",
    "hidden",
    "outputs",
)
LOSSES = {
    "half_squared": "half_squared",
    "half squared": "half_squared",
    "squared": "squared",
    "mse": "squared",
    "mean squared": "squared",
    "cross_entropy": "cross_entropy",
    "cross entropy": "cross_entropy",
    "ce": "cross_entropy",
    "binary_cross_entropy": "binary_cross_entropy",
    "binary cross entropy": "binary_cross_entropy",
    "bce": "binary_cross_entropy",
}


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
    wanted     layouts that are possible
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

    @property
    def wanted(self) -> StatedLayout:
        """Of the layout."""
        return StatedLayout(self.columns, self.units_first, self.targets, self.vectors)


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
    if words in ("watch", "observe", "script"):
        return {"observe": True}
    if found := re.match(r"^(?:loss|cost|error)\s*[:=]?\s*(.+)$", words):
        if found[1].strip() in LOSSES:
            return {"loss": LOSSES[found[1].strip()]}
        if found[1].strip().isidentifier():  # perhaps one of the person's own: who asks knows what there is
            return {"loss": found[1].strip()}
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
    if re.match(r"^(?:x|samples?|inputs?)\s*[:=]?\s*(?:as\s+|in\s+|are\s+)?(columns?|rows?)$", words):
        return {"columns": "column" in words}
    if re.match(r"^(columns?|rows?)$", words):
        return {"columns": "column" in words}
    if re.match(
        r"^(?:y|t|targets?|labels?)\s*[:=]?\s*(?:as\s+|are\s+)?(?:class(?:es)?(?:\s+numbers)?|numbers of classes|integers)$", words
    ):
        return {"targets": "classes"}
    if re.match(r"^(?:y|t|targets?|labels?)\s*[:=]?\s*(?:as\s+|are\s+)?(?:one[- _]?hot|matrix)$", words):
        return {"targets": "matrix"}
    if re.match(r"^(?:y|t|targets?)\s*[:=]?\s*(?:as\s+|are\s+)?(?:flat|vector)$", words):
        return {"targets": "flat"}
    if re.match(r"^w\w*\s*[:=]?\s*\(?\s*(?:units|out\w*)\s*(?:x|by|\s)\s*(?:inputs|in\w*)\s*\)?$", words):
        return {"units_first": True}
    if re.match(r"^w\w*\s*[:=]?\s*\(?\s*(?:inputs|in\w*)\s*(?:x|by|\s)\s*(?:units|out\w*)\s*\)?$", words):
        return {"units_first": False}
    if re.match(r"^one sample(?: at a time)?$", words):
        return {"vectors": True}
    if words in ("batch", "several samples"):
        return {"vectors": False}
    raise HeaderError(statement)
