"""The documents whose text is kept beside this file, so that a change of one is a diff to read.

python tests/golden/regenerate.py writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from chainrule.document import Document
from chainrule.explain import explain
from chainrule.render.latex import latex
from chainrule.render.markdown import markdown
from chainrule.render.plain import plain
from chainrule.render.typst import typst
from chainrule.sources import problem

HERE = Path(__file__).parent

SMALL: dict[str, Any] = {"weights": "0.3 -0.2 0.5 0.1 0.4 -0.6 0.05 -0.05 0.1", "input": "1 2", "target": "0.5"}
"""Numbers for a 2-2-1 network."""


def one(source: Any = None, **options: Any) -> Callable[[], Document]:
    """An explanation to be made when it is asked for; options of `explain` and of `problem` together."""
    asked = {key: options.pop(key) for key in ("detail", "weight", "step", "steps", "digits", "exact") if key in options}
    return lambda: explain(problem(source, **options), **asked)


def layers(activations: str, **more: Any) -> dict[str, Any]:
    """A description of layers with one unit each."""
    *hidden, last = activations.split()
    return {"inputs": 2, "layers": [*({"units": 1, "activation": a} for a in hidden), {"units": 1, "activation": last}], **more}


DOCUMENTS: dict[str, Callable[[], Document]] = {
    "seed": one("seed"),
    "seed-german": one("seed", notation="german"),
    "seed-exact": one("seed", exact=True),
    "seed-steps": one("seed", steps=3, learning_rate=0.01),
    "article": one("article"),
    "mazur": one("mazur"),
    "mazur-ng": one("mazur", notation="ng"),
    "mazur-german": one("mazur", notation="german", detail="matrix"),
    "xor-german": one("xor", notation="german", seed=5),
    "mazur-weight": one("mazur", weight="w1"),
    "xor": one("xor"),
    "iris": one("iris"),
    "vanishing": one("vanishing"),
    "large": one("784-128-10", loss="cross_entropy", seed=1),
    "large-weight": one("784-128-10", loss="cross_entropy", seed=1, weight="hidden1.W[2,3]"),
    "matrix": one("2-8-8-8-1", seed=3, detail="matrix"),
    "adam": one(
        "2-2-1",
        **SMALL,
        optimizer={"name": "adam", "clip_norm": 0.1, "learning_rate": {"name": "cosine", "rate": 0.1, "steps": 50, "floor": 0.01}},
        step=3,
    ),
    "penalty": one("2-2-1", **{**SMALL, "input": "1 2; 0 1; -1 0.5", "target": "0.5; 0; 1"}, regularizer="l2:rate=0.1"),
    "cases": one(layers("relu leaky_relu hard_swish identity"), seed=2, input="1 -2", target="0.5", bias=False),
    "absolute": one("2-2-1", **SMALL, loss="absolute"),
    "huber": one("2-2-1", **{**SMALL, "target": "3"}, loss="huber:delta=0.5"),
    "hinge": one("2-2-1", **{**SMALL, "target": "1"}, loss="hinge"),
    "momentum": one("2-2-1", **SMALL, optimizer="momentum", steps=2, bias=True),
}
"""Every kept document by the name of its file."""

FORMATS: dict[str, Callable[[Document], str]] = {".txt": plain, ".md": markdown}

PRINTED: dict[str, Callable[[Document], str]] = {".typ": typst, ".tex": latex}
"""Formats of which only some documents are kept: what differs between two is seen in a few."""

PRINTED_DOCUMENTS = ("seed", "seed-german", "article", "mazur", "xor", "iris", "large", "adam", "cases", "penalty")


def kept() -> Iterator[tuple[str, str]]:
    """Name and suffix of every file."""
    yield from ((name, suffix) for name in DOCUMENTS for suffix in FORMATS)
    yield from ((name, suffix) for name in PRINTED_DOCUMENTS for suffix in PRINTED)


def written(document: Document, suffix: str) -> str:
    """A document in the format of a suffix."""
    return {**FORMATS, **PRINTED}[suffix](document)


def files() -> dict[Path, str]:
    """What should stand in every file."""
    made = {name: document() for name, document in DOCUMENTS.items()}
    return {HERE / f"{name}{suffix}": written(made[name], suffix) for name, suffix in kept()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
