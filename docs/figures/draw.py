"""The figures of docs/figures.md: each command there, and what it writes.

scripts/pictures writes them anew; a test says when they are no longer true.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from chainrule.cli.commands import chainrule

HERE = Path(__file__).parent
PAGE = HERE.parent / "figures.md"


def commands() -> dict[str, list[str]]:
    """The file that each `chainrule figure … -o FILE.svg` of the page writes, and the words of the command."""
    lines = re.findall(r"^\$ (chainrule figure .* -o (\S+\.svg))$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: shlex.split(line) for line, name in lines}


def draw(folder: Path) -> None:
    """Run every command, so that its file stands in the folder."""
    for name, (_, *words) in commands().items():
        chainrule.main([*words[:-1], str(folder / name)], "chainrule", standalone_mode=False)


if __name__ == "__main__":
    draw(HERE)
