"""Figures: a part of an explanation by itself, as a picture to be put somewhere else.

A figure is cut out of the very document that `chainrule explain` shows, so that it has the same formulas and the same numbers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from chainrule.document import Document, Picture
from chainrule.errors import FileError, InputError, UnknownNameError, shown

FIGURES = {
    "network": ("network", "the network: named neurons in layers, weights on the lines, the sample on the inputs"),
    "data": ("data", "the data set"),
    "forward": ("forward", "the forward pass in matrices, and its scalar sums"),
    "error": ("error", "the error of the prediction"),
    "expanded": ("expanded", "the prediction expanded into weights"),
    "rule": ("descent", "gradient descent: the update rule"),
    "chain": ("chain", "the chain rule line by line; of one weight with --weight"),
    "closed-forms": ("formulas", "the closed form of every update"),
    "matrix": ("matrix", "back-propagation in matrices"),
    "new-weights": ("weights", "all updates with their numbers, and the new weights"),
    "second": ("second", "the second forward pass, with the new weights"),
    "outcome": ("outcome", "what the step did to the error, and which learning rates lower it"),
}
"""The name of a figure, the section that it is cut from, and what it shows."""

SUFFIXES: dict[str, Literal["svg", "png", "pdf"]] = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
"""Of files of figures, and their formats."""


def figure(document: Document, name: str) -> Document:
    """The document of one figure: a single section; of the network only its picture.

    Raises UnknownNameError; InputError where an explanation of this kind has no such part.
    """
    if name not in FIGURES:
        raise UnknownNameError("figure", name, FIGURES)
    key, _ = FIGURES[name]
    sections = [section for section in document.sections if section.key == key]
    if not sections:
        there = [other for other, (part, _) in FIGURES.items() if any(section.key == part for section in document.sections)]
        raise InputError(f"this explanation has no {name}; it has {', '.join(there)}. Another --detail or a smaller network may have it.")
    section = sections[0]
    if name == "network":
        section = replace(section, blocks=tuple(block for block in section.blocks if isinstance(block, Picture)))
    return replace(document, title=f"{document.title}: {section.title}", sections=(section,), programs=tuple)


def check_figure(path: str | Path) -> str:
    """The suffix of a figure's file. Raises FileError where it is no format of figures."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"{shown(str(path))}: the suffix says the format; {suffix or 'none'} is unknown. Known: {', '.join(SUFFIXES)}.")
    return suffix


def save_figure(document: Document, name: str, path: str | Path) -> None:
    """Write a figure of a document as .svg, .png or .pdf, whole or not at all.

    The network as SVG is drawn by ourselves; everything else is set by Typst.

    Raises UnknownNameError, InputError where the package typst is needed and missing, FileError.
    """
    from chainrule.files import write_whole

    suffix, cut = check_figure(path), figure(document, name)
    picture = cut.sections[0].blocks[0] if cut.sections[0].blocks else None
    if suffix == ".svg" and name == "network" and isinstance(picture, Picture):
        from chainrule.diagram import network
        from chainrule.render.svg import svg

        write_whole(path, svg(network(picture), document.colours))
        return
    from chainrule.render.pdf import compiled

    write_whole(path, compiled(cut, "figure", format=SUFFIXES[suffix]))
