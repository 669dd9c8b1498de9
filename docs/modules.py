"""The table of modules in docs/design.md, made of the modules' own first lines: `scripts/help` stores it, a test compares it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "chainrule"
PAGE = Path(__file__).parent / "design.md"
TABLE = re.compile(r"(?<=<!-- modules: made by scripts/help -->\n\n).*?(?=\n<!-- end of modules -->)", re.DOTALL)


def first_line(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0].replace("|", r"\|")


def wings() -> list[str]:
    """The wings from the top down, as import-linter holds them."""
    import tomllib

    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0]
    return [wing.strip() for line in contract["layers"] for wing in line.split("|")]


def lines() -> Iterator[str]:
    """A table for each wing: its duty, then its modules."""
    for wing in wings():
        yield f"**`{wing}`** – {first_line(SOURCE / wing / '__init__.py')}\n"
        yield "| module | what it is |\n| --- | --- |"
        for path in sorted((SOURCE / wing).rglob("*.py")):
            if path.parent != SOURCE / wing or path.name != "__init__.py":
                module = path.relative_to(SOURCE).with_suffix("").as_posix().removesuffix("/__init__").replace("/", ".")
                yield f"| `{module}` | {first_line(path)} |"
        yield ""


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: "\n".join(lines()), page), encoding="utf-8")
