"""The terminal as pictures for README and docs: what `chainrule explain` prints, in colour.

scripts/pictures writes them anew; a test says when they are no longer true.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from chainrule.api.problems import problem
from chainrule.render.lines import document_lines
from chainrule.render.terminal import group

HERE = Path(__file__).parent
WIDTH = 84

SCREENS: dict[str, tuple[str, slice, dict[str, Any]]] = {
    "explain": ("seed", slice(0, 38), {}),
    "weight": ("mazur", slice(37, None), {"weight": "w5"}),
}
"""Each picture: the network, which lines of the explanation it shows, and the options."""


def picture(name: str) -> str:
    """The SVG of a terminal; letters in the reader's own font, so that nothing is fetched."""
    network, part, options = SCREENS[name]
    typed = " ".join(["$ chainrule explain", *[network] * bool(options), *(f"--{key} {value}" for key, value in options.items())])
    document = problem(network).explain(**options)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False)
    console.print(f"[bold]{typed}[/bold]", highlight=False)
    if part.start:
        console.print("[dim]…[/dim]\n", highlight=False)
    console.print(group(document, list(document_lines(document, WIDTH))[part]), highlight=False)
    head, faces = CONSOLE_SVG_FORMAT.split("@font-face", 1)[0], CONSOLE_SVG_FORMAT.rsplit("@font-face", 1)[1].split("}}", 1)[1]
    drawn = console.export_svg(title="chainrule", code_format=head + faces, unique_id=f"terminal-{name}")
    described = f'<svg role="img" aria-label="A terminal: {typed[2:]}"'
    return "\n".join(line.rstrip() for line in drawn.replace("<svg", described, 1).splitlines()) + "\n"


def files() -> dict[Path, str]:
    """What should stand in every file."""
    return {HERE / f"{name}.svg": picture(name) for name in SCREENS}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
