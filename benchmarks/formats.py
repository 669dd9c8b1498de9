"""What it costs to keep the worked example, in each format: CPU time of whole processes, with the start of Python; and the files' sizes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import milliseconds, processes, seconds, table

FORMATS = {
    "txt": "text", "md": "Markdown with its picture", "html": "page", "ipynb": "notebook", "tex": "LaTeX", "typ": "Typst's source",
}  # fmt: skip
TOGETHER, PDF, SLIDES = "all of these in one process", "`-o seed.pdf`", "`-o seed.pdf --layout slides`"
AIMS = {TOGETHER: "1 s", PDF: "2 s", SLIDES: "2 s"}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="chainrule-formats-") as folder:
        explain = [str(Path(sys.executable).with_name("chainrule")), "explain", "-o"]
        files = {f"`-o seed.{suffix}`, {what}": Path(folder) / f"seed.{suffix}" for suffix, what in FORMATS.items()}
        save = f"import chainrule as cr; kept = cr.problem('seed').explain(); [kept.save(f'{folder}/all.{{s}}') for s in {list(FORMATS)}]"
        commands = {name: [*explain, str(file)] for name, file in files.items()}
        files |= {PDF: Path(folder) / "seed.pdf", SLIDES: Path(folder) / "slides.pdf"}
        commands |= {TOGETHER: [sys.executable, "-c", save], PDF: [*explain, str(files[PDF])]}
        commands[SLIDES] = [*explain, str(files[SLIDES]), "--layout", "slides"]
        costs = processes(commands, int(sys.argv[1]), OPENBLAS_NUM_THREADS="1")
        sizes = {name: f"{file.stat().st_size / 1000:.1f} kB" for name, file in files.items()}
    rows = [[name, milliseconds(seconds(cost)), sizes.get(name, ""), AIMS.get(name, "")] for name, cost in costs.items()]
    print(table(["`chainrule explain`", "CPU time", "size", "aim"], rows))


if __name__ == "__main__":
    main()
