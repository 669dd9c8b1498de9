"""The table of diseases in docs/doctor.md, and a picture of each: `python docs/doctor/draw.py`.

A picture shows the error in a trial of a network that was made sick (tests/diagnosis/sick.py), without and with the cure that was tried;
where none is tried, the numbers that show the disease.
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "doctor.md"
TABLE = re.compile(r"(?<=<!-- diseases: made by docs/doctor/draw.py -->\n\n).*?(?=\n<!-- end of diseases -->)", re.DOTALL)

NUMBERS = {
    "duplicates": {"all": "rows that test", "count": "of them known already"},
    "imbalance": {"percent": "% of the rows in one class"},
    "worse_than_guessing": {"baseline": "R², always guessing the mean", "number": "R² of the model"},
    "class_never_found": {"rows": "rows of the class, none found"},
    "start_kept": {"epochs": "epochs, none of them better"},
    "overfitting": {"train": "R² on its own rows", "number": "R² on rows it never saw"},
    "underfitting": {"simple": "explained by neighbours", "number": "explained by the network"},
    "too_few_epochs": {"epochs": "epochs", "enough": "epochs that are enough"},
    "batch_too_large": {"error": "error", "less": "error with smaller batches"},
    "nothing_to_learn": {"chance": "explained, in random orders", "number": "explained as it stands"},
    "noisy_labels": {"percent": "surest rows, % of another class", "others": "unseen rows, % missed"},
    "other_rows": {"all": "rows that test", "count": "of them outside the range"},
    "outlier": {"number": "times the usual deviation"},
    "leaking_column": {"number": "|r| of the column with the target"},
}
"""What bars show where no cure is tried: numbers of the finding, by their names there, and what they are."""


def table() -> str:
    """A row a disease: its key, from where on it is one, where that comes from, what it cannot tell, and its picture."""
    from chainrule.diagnosis.criteria import load_criteria

    lines = ["| disease | from where on | source | cannot tell | picture |", "| --- | --- | --- | --- | --- |"]
    for key, row in load_criteria().items():
        cells = (cell.replace("|", "\\|") for cell in (row.threshold, row.source, row.blind))
        lines.append(f"| `{key}` | {' | '.join(cells)} | [{key.replace('_', ' ')}](doctor/{key}.svg) |")
    return "\n".join(lines) + "\n"


def picture(key: str) -> str:
    """The picture of a disease as SVG."""
    sys.path.insert(0, str(ROOT))
    from tests.diagnosis.sick import SICK

    from chainrule.diagnosis.examination import examined
    from chainrule.document.words import Words

    for seed in range(10):
        diagnosis = examined(SICK[key](seed), key)
        diseases = sorted(diagnosis.diseases, key=lambda disease: disease.cure is None)
        roots = [disease for disease in diseases if key in diagnosis.keys and (disease.cure or key in [d.finding.key for d in disease.all])]
        if roots and (roots[0].cure is not None or key in NUMBERS or seed == 9):
            break
    finding = next(one.finding for disease in diagnosis.diseases for one in disease.all if one.finding.key == key)
    if roots[0].cure is None:
        shown = {name: label for name, label in NUMBERS.get(key, {}).items() if name in finding.numbers}
        numbers = [(label, float(finding.numbers[name])) for name, label in shown.items()]
        return bars(key, numbers or [("share of the error that is left", diagnosis.case.trial.share)])
    change = Words().plain(f"cure.{roots[0].cure.treatment.key}", **roots[0].cure.treatment.values)
    cured = roots[0].cure.treatment.case
    same = diagnosis.case.network.loss == cured.network.loss and np.array_equal(diagnosis.case.t, cured.t)
    return curves(key, diagnosis.case.trial, cured.trial, change, same=same)


def curves(key: str, without, with_it, change: str, *, same: bool) -> str:
    """The error over a trial, as a share of what it was at the start, without and with the cure; of one start, if errors are the same."""
    from chainrule.notation.conventions import Notation
    from chainrule.pictures.plot import Plot, Scale, Series, plot_diagram
    from chainrule.pictures.shapes import FAMILIES, prose_runs
    from chainrule.render.svg import svg

    lines = []
    for trial, label, kind, colour in ((without, "as it is", "dashed", FAMILIES["E"]), (with_it, change, "curve", FAMILIES["W"])):
        start = (without if same and math.isfinite(without.errors[0]) else trial).errors[0]
        first = start if math.isfinite(start) and start > 0 else 1.0
        shares = [error / first if math.isfinite(error) else 3.0 for error in trial.errors] + [3.0] * (trial.end is None)
        places = [trial.steps * place / max(1, len(shares) - 1) for place in range(len(shares))]
        points = tuple((x, min(max(y, 1e-6), 3.0)) for x, y in zip(places, shares, strict=True))
        lines.append(Series(points, kind, colour, prose_runs(label)))
    lowest = min(y for line in lines for _, y in line.points)
    last = max(x for line in lines for x, _ in line.points)
    title = prose_runs("error, as a share of the first one")
    plot = Plot(
        Scale(prose_runs("step"), 0, last, whole=True), Scale(title, lowest / 1.5, 4.0, log=True),
        f"The error of a network with the disease {key}, without and with its cure", series=tuple(lines),
    )  # fmt: skip
    return svg(plot_diagram(plot, Notation()))


def bars(key: str, numbers: list[tuple[str, float]]) -> str:
    """The numbers of a finding as bars."""
    from chainrule.notation.conventions import Notation
    from chainrule.pictures.plot import Mark, Plot, Scale, Series, plot_diagram
    from chainrule.pictures.shapes import FAMILIES, prose_runs
    from chainrule.render.svg import svg

    low, high = min(0.0, *(value for _, value in numbers)), max(0.0, *(value for _, value in numbers))
    series, marks = [], []
    for place, (_, value) in enumerate(numbers, start=1):
        left, right = place - 0.3, place + 0.3
        series.append(Series(((left, 0.0), (left, value), (right, value), (right, 0.0)), "bar", FAMILIES["E"], closed=True))
        marks.append(Mark(place, value, "", FAMILIES["E"], prose_runs(f"{value:.3g}")))
    names = tuple((float(place), prose_runs(name)) for place, (name, _) in enumerate(numbers, start=1))
    room = 0.2 * ((high - low) or 1.0)
    plot = Plot(
        Scale(prose_runs(""), 0.3, len(numbers) + 0.7, names=names), Scale(prose_runs(""), low - (room if low < 0 else 0), high + room),
        f"The numbers that show the disease {key}", series=tuple(series), marks=tuple(marks),
    )  # fmt: skip
    return svg(plot_diagram(plot, Notation()))


if __name__ == "__main__":
    from chainrule.diagnosis.criteria import load_criteria

    np.seterr(all="ignore")
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    for key in sys.argv[1:] or load_criteria():
        (Path(__file__).parent / f"{key}.svg").write_text(picture(key), encoding="utf-8")
        print(f"wrote {key}.svg")
