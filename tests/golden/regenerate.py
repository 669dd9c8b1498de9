"""The documents whose text is kept beside this file, so that a change of one is a diff to read.

python tests/golden/regenerate.py writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from chainrule.api.figures import figure
from chainrule.api.formulas import explain_formula
from chainrule.api.problems import problem
from chainrule.base.options import as_typed
from chainrule.document.document import Document
from chainrule.explanation.explain import explain
from chainrule.render.html import body
from chainrule.render.latex import latex
from chainrule.render.markdown import markdown
from chainrule.render.notebook import notebook
from chainrule.render.plain import plain
from chainrule.render.typst import typst
from chainrule.steps.step import Step

HERE = Path(__file__).parent

SMALL: dict[str, Any] = {"weights": "0.3 -0.2 0.5 0.1 0.4 -0.6 0.05 -0.05 0.1", "input": "1 2", "target": "0.5"}
"""Numbers for a 2-2-1 network."""

SAMPLES: dict[str, Any] = {
    "activation": "sigmoid", "output_activation": "sigmoid", "weights": "0.1 0.1 0.1 0.1 0.1", "input": "1 0; 0 1", "target": "1; 0",
    "optimizer": "momentum:momentum=0.9", "learning_rate": 0.3,
}  # fmt: skip
"""A 2-1-1 network that learns from two samples."""


@dataclass(frozen=True)
class Case:
    """An explanation to be made when it is asked for."""

    source: Any
    described: dict[str, Any]
    asked: dict[str, Any]

    def __call__(self) -> Document:
        """The document."""
        return explain(problem(self.source, **self.described), **self.asked)

    def step(self) -> Step:
        """The step that it explains, or the first of them."""
        order = {key: self.asked[key] for key in ("order", "epochs") if key in self.asked}
        steps = problem(self.source, **self.described).steps(**order)
        return next(islice(steps, self.asked.get("step", 1) - 1, None))


def one(source: Any = None, **options: Any) -> Case:
    """An explanation, by options of `explain` and of `problem` together."""
    shape = ("detail", "brief", "all", "weight", "step", "steps", "order", "epochs", "digits", "exact")
    asked = {key: options.pop(key) for key in shape if key in options}
    return Case(source, options, asked)


def worked(formula: str, at: str, **options: Any) -> Callable[[], Document]:
    """The explanation of a formula without a network."""
    return partial(explain_formula, formula, at, **options)


def layers(activations: str, **more: Any) -> dict[str, Any]:
    """A description of layers with one unit each."""
    *hidden, last = activations.split()
    return {"inputs": 2, "layers": [*({"units": 1, "activation": a} for a in hidden), {"units": 1, "activation": last}], **more}


GATED: dict[str, Any] = {
    "inputs": 2,
    "weights": [0.5, -0.25, 0.4, 0.3, -0.2, 0.6, 0.1, 0.7, 0.8, -0.5],
    "layers": [
        {"name": "value", "units": 2, "activation": "tanh", "bias": False},
        {"name": "gate", "from": "x", "units": 2, "activation": "sigmoid", "bias": False},
        {"kind": "multiply", "name": "gated", "from": ["value", "gate"]},
        {"units": 1, "bias": False},
    ],
    "data": {"x": [[1, 2]], "t": [[0.5]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}
"""One layer lets through what another says."""

TWO_OUTPUTS: dict[str, Any] = {
    "inputs": 2,
    "outputs": {
        "price": {"from": "cost", "loss": "half_squared"},
        "kind": {"from": "choice", "loss": "cross_entropy", "weight": 0.5},
    },
    "weights": [0.5, -0.25, 0.4, 0.3, -0.2, 0.6, 0.1, 0.7, 0.8, -0.5],
    "layers": [
        {"name": "both", "units": 2, "activation": "tanh", "bias": False},
        {"name": "cost", "units": 1, "bias": False},
        {"name": "choice", "from": "both", "units": 2, "bias": False},
    ],
    "data": {"x": [[1, 2]], "t": {"price": [[0.5]], "kind": [[0, 1]]}},
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}
"""A number and a class, each with its own loss, out of the same hidden layer."""

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
    "brief": one(
        "2-2-2", input="1 2; 0 1", target="0.5 0; 1 -1", weights="0.3 -0.2 0.5 0.1 0.4 -0.6 0.05 -0.05 0.1 -0.1 0.2 0", brief=True
    ),
    "brief-german": one("2-2-1", **SMALL, notation="german", brief=True, optimizer="momentum", step=2),
    "all": one("2-2-1", **{**SMALL, "input": "1 2; 0 1", "target": "0.5; 0"}, all=True),
    "cases": one(layers("relu leaky_relu hard_swish identity"), seed=2, input="1 -2", target="0.5", bias=False),
    "absolute": one("2-2-1", **SMALL, loss="absolute"),
    "huber": one("2-2-1", **{**SMALL, "target": "3"}, loss="huber:delta=0.5"),
    "hinge": one("2-2-1", **{**SMALL, "target": "1"}, loss="hinge"),
    "residual": one("residual"),
    "two-inputs": one("two-inputs"),
    "two-inputs-german": one("two-inputs", notation="german", input="3 2 4; 1 -1 2", target="1; 0", optimizer="adam"),
    "tied": one("tied", exact=True),
    "gated": one(GATED),
    "two-outputs": one(TWO_OUTPUTS),
    "momentum": one("2-2-1", **SMALL, optimizer="momentum", steps=2, bias=True),
    "formula": worked("c = a + b; d = a*b + b^3; f = c*d", "a=-4 b=3"),
    "formula-german": worked("z = w*x + b; y = σ(z); E = (y - t)^2 / 2", "w=0.5 x=2 b=-1.5 t=1", notation="german"),
    "sample-by-sample": one("2-1-1", **SAMPLES, order="1; 2", epochs=2),
    "mini-batches-german": one("xor", notation="german", optimizer="adam", order="1 2; 3 4", epochs=2, step=3),
    "thresholds": one(
        "2-2-1",
        weights="0.5 0.9 0.4 1 -1.2 1.1 0.8 -0.1 0.3",
        weights_as="by-source,thresholds",
        input="1 1",
        target="0",
        learning_rate=0.1,
        activation="sigmoid",
        output_activation="sigmoid",
    ),
}
"""Every kept document by the name of its file."""


@cache
def document_of(name: str) -> Document:
    """A kept document as the command line makes it, once: nothing changes it."""
    with as_typed():
        return DOCUMENTS[name]()


def short_notebook(document: Document) -> str:
    """A notebook without the numbers of large arrays and without what its pictures, which are kept elsewhere, consist of."""
    return re.sub(r'(b64decode\(\\"|svg\+xml;base64,).*?(\\")', r"\1…\2", notebook(document))


def bare(write: Callable[[Document], str]) -> Callable[[Document], str]:
    """A format without the curves, whose points differ from processor to processor."""
    return lambda document: write(document.without_illustrations)


FORMATS: dict[str, Callable[[Document], str]] = {
    ".txt": plain,
    ".md": markdown,
    ".html": bare(body),
    ".ipynb": bare(short_notebook),
    ".typ": bare(typst),
    ".tex": bare(latex),
}
"""What writes a document; a page without its style, script and font, which are the same everywhere."""

PRINTED = ("seed", "seed-german", "article", "mazur", "xor", "iris", "large", "adam", "cases", "penalty", "residual", "formula")
ONLY: dict[str, tuple[str, ...]] = {
    ".html": ("seed", "seed-german", "mazur-weight", "iris", "large-weight", "cases", "hinge", "penalty", "residual", "formula"),
    ".typ": PRINTED,
    ".tex": PRINTED,
}
"""Long formats are kept for some documents only."""


def drawn(name: str, source: Any = None, **options: Any) -> Callable[[], str]:
    """A figure as SVG, to be made when it is asked for."""
    asked = {key: options.pop(key) for key in ("weight", "step", "steps") if key in options}
    return lambda: str(figure(problem(source, **options), name, **asked).rendered("svg"))


CLASSES: dict[str, Any] = {
    "loss": "cross_entropy",
    "input": "0.5 -0.3; -1 0.8; 0.2 0.9; 1 1; -0.7 -0.6",
    "target": "1 0 0; 0 1 0; 0 0 1; 1 0 0; 0 1 0",
}
DRAWN: dict[str, Callable[[], str]] = {
    "network-iris": drawn("network", "iris"),
    "weights-wide": drawn("weights", "12-12-12", seed=1),
    "sample-xor": drawn("sample", "xor"),
    "step-mazur": drawn("step", "mazur"),
    "descent-german": drawn("descent", "mazur", notation="german", weight="w5", learning_rate=20),
    "curve-xor": drawn("curve", "xor", steps=40),
    "gradients-vanishing": drawn("gradients", "vanishing"),
    "boundary-xor": drawn("boundary", "xor", weights="2 -2 -2 2 3 3 0 0 -1.5", activation="relu"),
    "boundary-classes": drawn("boundary", "2-8-8-3", seed=3, **CLASSES),
    "boundary-line": drawn("boundary", "1-4-1", input="-1; 0; 1; 2", target="1; 0; 1; 3"),
}
"""Every kept figure by the name of its file in the folder `figures`; those of the seed stand in docs/figures."""


def is_kept(name: str, suffix: str) -> bool:
    """Does a file of this document in this format stand here?"""
    return name in ONLY.get(suffix, DOCUMENTS)


def files() -> dict[Path, str]:
    """What should stand in every file."""
    made = {name: document_of(name) for name in DOCUMENTS}
    documents = {
        HERE / f"{name}{suffix}": write(document)
        for name, document in made.items()
        for suffix, write in FORMATS.items()
        if is_kept(name, suffix)
    }
    return {**documents, **{HERE / "figures" / f"{name}.svg": draw() for name, draw in DRAWN.items()}}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
