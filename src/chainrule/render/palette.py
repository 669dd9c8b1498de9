"""One symbol, one colour: the colours of `Document.colours` for pages and pictures, on white and on black.

Chosen from the hues that people with any kind of colour vision tell apart; each has at least 4.5 : 1 contrast with its ground
(WCAG 2.2, 1.4.3). Colour repeats what letters say already: nothing is told by colour alone.
"""

from __future__ import annotations

from chainrule.base.frozen import FrozenValue

INK, GROUND, QUIET, FRAME = ("#1d2126", "#e4e7eb"), ("#ffffff", "#15181d"), ("#565e69", "#a3adb9"), ("#c3c8cf", "#454c56")
"""Light and dark: of lines and letters, of what lies below them, of what is less important, of frames."""

NOTES = {"insight": "#116b3c", "warning": "#b0202c", "more": "#005ea8"}
"""On white, by the kind of a note."""


class Colour(FrozenValue):
    """A colour on white and on black, as #rrggbb."""

    light: str
    dark: str


# fmt: off
PALETTE = (
    Colour("#005ea8", "#6cb6ff"),  # x
    Colour("#a34700", "#ffa657"),  # weights
    Colour("#6f5500", "#e3b341"),  # biases
    Colour("#5b3fa8", "#c3a6ff"),  # z
    Colour("#116b3c", "#5dd68f"),  # h
    Colour("#00687a", "#56d4e0"),  # y
    Colour("#4a6200", "#b5d24a"),  # t
    Colour("#b0202c", "#ff8f87"),  # E
    Colour("#98267a", "#ff9bd6"),  # the learning rate
    Colour("#7a4032", "#f0b5a0"),  # gradients
)
"""By the numbers of `Document.colours`."""
# fmt: on
