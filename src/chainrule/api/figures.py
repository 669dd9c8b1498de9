"""Figures: a part of an explanation by itself, as a picture to be put somewhere else.

A figure has the same formulas and the same numbers, in the same colours, as what `chainrule explain` shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import FrozenValue
from chainrule.document.document import Block, BoxGraph, Document, Equations, Note, Paragraph, Picture, Section, Subheading, TableBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chainrule.api.problems import Source
    from chainrule.explanation.context import Context
    from chainrule.explanation.explain import Detail
    from chainrule.network.network import Network
    from chainrule.notation.formula import Equation, Formula
    from chainrule.pictures.shapes import Diagram
    from chainrule.training.history import Report
    from chainrule.training.model import Model

FIGURES = {
    "network": ("draw_network", "the network: named neurons in layers"),
    "weights": ("draw_weights", "the weights on the lines"),
    "data": ("draw_data", "the data set"),
    "sample": ("draw_sample", "the sample on the inputs, its target at the output"),
    "forward": ("draw_forward", "the forward pass in matrices, and its scalar sums"),
    "error": ("draw_error", "the error of the prediction"),
    "expanded": ("draw_expanded", "the prediction expanded into weights"),
    "descent": ("draw_descent", "gradient descent: the error along one weight, with this step on it"),
    "rule": ("draw_rule", "the update rule"),
    "update": ("draw_update", "the update of one weight"),
    "chain": ("draw_chain", "the chain rule of one weight, its ways lit in the network"),
    "chains": ("draw_chains", "the chain rule of every weight, line by line"),
    "closed-forms": ("draw_closed_forms", "all updates, each gradient in closed form"),
    "matrix": ("draw_matrix", "back-propagation in matrices"),
    "new-weights": ("draw_new_weights", "all updates with their numbers, and the new weights"),
    "second": ("draw_second", "the second forward pass, with the new weights"),
    "step": ("draw_step", "one whole step; as .svg it moves: forwards, backwards, new weights"),
    "rates": ("draw_rates", "the error after this step, by the learning rate"),
    "curve": ("draw_curve", "the training curve of several steps, or of a trained model"),
    "gradients": ("draw_gradients", "the gradients of each layer"),
    "boundary": ("draw_boundary", "what is predicted for every input, if there are one or two"),
    "windows": ("draw_windows", "a window of a convolution, and all outputs that one weight touches"),
    "gates": ("draw_gates", "the gates of a recurrence through time, and how much of the gradient arrives"),
    "attention": ("draw_attention", "who looks at whom in attention, and who gets how much blame"),
}
"""The name of a figure, the function of `chainrule.explanation.figures` that makes it, and what it shows."""

OF_ONE_WEIGHT = frozenset(("descent", "update", "chain"))

Format: TypeAlias = Literal["svg", "png", "pdf"]
SUFFIXES: dict[str, Format] = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
"""Of files of figures, and their formats."""


class Figure(FrozenValue):
    """A picture: drawn by ourselves, or a section of a document, which Typst sets. In a notebook it shows itself.

    title    what it is, for screen readers and as the title of a file
    content  the diagram, or the document with one section
    """

    title: str
    content: Diagram | Document
    language: str = "en"

    def save(self, path: str | Path) -> None:
        """Write it as .svg, .png or .pdf, whole or not at all. Raises FileError; InputError where Typst is needed and missing."""
        from chainrule.base.files import write_whole

        write_whole(path, self.rendered(SUFFIXES[check_figure(path)]))

    def rendered(self, format: Format) -> str | bytes:
        """Its file. Our own drawings are SVG by themselves; everything else is made by Typst. Raises InputError where that is missing."""
        if isinstance(self.content, Document):
            from chainrule.render.pdf import compile_typst
            from chainrule.render.typst import typst

            return compile_typst(typst(self.content, "figure"), self.title, format, _said(self.content))
        from chainrule.explanation.colours import of_keys
        from chainrule.pictures.shapes import keys

        colours = of_keys(keys(self.content.shapes))
        if format == "svg":
            from chainrule.render.svg import svg

            return svg(self.content, colours)
        from chainrule.render.pdf import compile_typst
        from chainrule.render.typst import drawing

        return compile_typst(drawing(self.content, self.title, self.language, colours), self.title, format)

    def __repr__(self) -> str:
        return f"<Figure: {self.title}>"

    def _repr_svg_(self) -> str:
        drawn = self.rendered("svg")
        return drawn if isinstance(drawn, str) else drawn.decode()

    def _repr_html_(self) -> str:
        from chainrule.render.notebook import image_element

        return image_element(self.rendered("svg"), self.title)


def figure(
    subject: Source,
    name: str,
    *,
    weight: str | None = None,
    step: int | None = None,
    steps: int | None = None,
    detail: Detail | None = None,
    digits: int | None = None,
    exact: bool = False,
) -> Figure:
    """A figure of a step.

    subject  a `Problem`, a recorded `Step`, a network as of `problem`, or, for its training curve, a `Model`
    name     one of `FIGURES`
    weight   the one of `descent`, `update` and `chain`; w1 if none is said
    step     which step of the run, from 1
    steps    how many steps `curve` shows
    detail, digits, exact   as of `explain`

    Raises UnknownNameError; InputError where this step has no such figure.
    """
    from chainrule.training.model import Model

    if not isinstance(name, str):
        raise InputError(f"the name of the figure stands behind what it is of: figure({type(name).__name__.lower()}, {quoted(subject)}).")
    if name not in FIGURES:
        raise UnknownNameError("figure", name, FIGURES)
    if isinstance(subject, Model):
        return _of_model(subject, name)
    from chainrule.api.problems import problem_or_step
    from chainrule.explanation.explain import contexts, title
    from chainrule.pictures.shapes import with_description

    (context,) = contexts(problem_or_step(subject), detail=detail, step=step, digits=digits, exact=exact)
    made = _made(context, name, weight, steps)
    if not isinstance(made, Section):
        return Figure(f"{title(context)}: {made.alt}", with_description(made), context.notation.language)
    from chainrule.explanation.colours import colours

    called = f"{title(context)}: {made.title}"
    return Figure(called, Document(called, (made,), context.notation.language, context.notation.decimal, colours((made,))))


def _made(context: Context, name: str, weight: str | None, steps: int | None) -> Diagram | Section:
    from importlib import import_module

    make = getattr(import_module("chainrule.explanation.figures"), FIGURES[name][0])
    if name in OF_ONE_WEIGHT:
        from chainrule.explanation.weight import find_weight

        made: Diagram | Section = make(context, find_weight(context, weight or "w1"))
    else:
        made = make(context, steps) if name == "curve" else make(context)
    return made


def _of_model(model: Model, name: str) -> Figure:
    """The training curve of a model. Raises InputError where another figure is asked for."""
    if name != "curve":
        raise InputError(
            f"of a model by itself there is its training curve; {name} needs a step, as of model.step_at(…) or of a row of data."
        )
    return training_curve(model.history, model.network)


def training_curve(history: Sequence[Report], network: Network, language: str | None = None) -> Figure:
    """The errors of the epochs of a training, on a log scale, in the network's language or in another one.

    Raises InputError where none of the errors is a finite number, UnknownNameError for an unknown language.
    """
    from chainrule.api.settings import chosen_notation
    from chainrule.document.words import Words
    from chainrule.explanation.plots import history_plot
    from chainrule.pictures.plot import plot_diagram
    from chainrule.pictures.shapes import with_description

    notation = chosen_notation(network.notation, None, language)
    diagram = plot_diagram(history_plot(history, network.derivation.labels(notation), Words(notation.language).plain), notation)
    return Figure(diagram.alt, with_description(diagram), notation.language)


def _said(document: Document) -> str:
    """What a figure of formulas holds, for those who do not see it."""
    from chainrule.document.words import Words
    from chainrule.notation.text import formula_text

    words = Words(document.language).catalogue

    def plain(part: str | Formula | Equation) -> str:
        return part if isinstance(part, str) else formula_text(part, words)

    def lines(block: Block) -> Iterator[str]:
        match block:
            case Equations(equations):
                yield from map(plain, equations)
            case TableBlock(head, rows):
                yield from (", ".join("".join(map(plain, cell)) for cell in line) for line in (head, *rows))
            case Picture() | BoxGraph():
                yield block.alt
            case Subheading(inline) | Paragraph(inline) | Note(_, inline):
                yield "".join(map(plain, inline))

    return "; ".join(line for section in document.sections for block in section.blocks for line in lines(block))


def check_drawing(path: str | Path) -> None:
    """Can a picture that is no formula be made with this name? Asked before a training, not after it. Raises FileError, InputError."""
    format = SUFFIXES[check_figure(path)]
    if format != "svg":
        from chainrule.render.pdf import check_typst

        check_typst(format)


def check_figure(path: str | Path) -> str:
    """The suffix of a figure's file. Raises FileError where it is no format of figures."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"{quoted(str(path))}: the suffix says the format; {suffix or 'none'} is unknown. Known: {', '.join(SUFFIXES)}.")
    return suffix
