"""How good models are beside scikit-learn's: `python benchmarks/scores.py`, with --write into docs/training.md.

Each set is split, by several seeds, into rows to learn from and a quarter to be tested with. chainrule gets the target, nothing else.
The multilayer perceptron of scikit-learn gets the same layers, the same rows and the same prepared numbers, its own settings otherwise, but
1000 epochs where it would stop at 200; targets that are numbers are standardised for it too, without which it fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule.api.networks import HIDDEN
from chainrule.data.reading import read
from chainrule.data.table import Table
from chainrule.training.plan import Plan, split_rows

PAGE = Path(__file__).parent.parent / "docs" / "training.md"
START, END = "<!-- scores -->", "<!-- end of scores -->"
SEEDS = range(20, 35)
"""Others than those with which it was chosen how to stop and how many rows a step takes, 0 to 11."""

TOLERANCE = 0.002
"""What the mean score may fall short by, beside twice the standard error of the mean difference: a fifth of a percentage point."""


def shipped(package: str, *path: str) -> Path:
    """A file inside an installed package, which is not imported."""
    found = find_spec(package)
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0], *path)


def rows_of_csv(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: cell(text) for name, text in row.items()} for row in csv.DictReader(file)]


def cell(text: str) -> object:
    """A number where it is one; None where there is no value."""
    try:
        return float(text)
    except ValueError:
        return None if text in ("", "NA") else text


def complete(rows: list[dict[str, object]], leave_out: tuple[str, ...] = ()) -> Table:
    """The rows that lack nothing, as a table."""
    whole = [row for row in rows if None not in row.values()]
    return read({name: np.array([row[name] for row in whole]) for name in whole[0] if name not in leave_out})


def penguins() -> Table:
    """Gorman, Williams & Fraser (2014): three species on the islands of Palmer Archipelago."""
    return complete(rows_of_csv(shipped("palmerpenguins", "data", "penguins.csv")))


def cars() -> Table:
    """Ramos, Donoho (1983): cars of the model years 1970 to 1982; the name says nothing that repeats."""
    rows = json.loads(shipped("vega_datasets", "_data", "cars.json").read_text(encoding="utf-8"))
    return complete([{**row, "Year": float(row["Year"][:4])} for row in rows], leave_out=("Name",))


def barley() -> Table:
    """Immer, Hayes & Powers (1934), in Fisher's Design of Experiments: yields of ten varieties at six sites in two years."""
    return complete(json.loads(shipped("vega_datasets", "_data", "barley.json").read_text(encoding="utf-8")))


def weather() -> Table:
    """Seattle, 2012 to 2015, by NOAA: sun, rain, fog, drizzle or snow."""
    return complete(rows_of_csv(shipped("vega_datasets", "_data", "seattle-weather.csv")), leave_out=("date",))


SETS: dict[str, tuple[Callable[[], Table], str]] = {
    "iris": (lambda: read("data:iris"), "species"),
    "wine": (lambda: read("data:wine"), "cultivar"),
    "breast cancer": (lambda: read("data:breast_cancer"), "diagnosis"),
    "digits": (lambda: read("data:digits"), "digit"),
    "diabetes": (lambda: read("data:diabetes"), "progression"),
    "penguins, species": (penguins, "species"),
    "penguins, sex": (penguins, "sex"),
    "penguins, mass": (penguins, "body_mass_g"),
    "cars, consumption": (cars, "Miles_per_Gallon"),
    "cars, origin": (cars, "Origin"),
    "barley": (barley, "yield"),
    "weather": (weather, "weather"),
}
"""Each set and its target."""


@dataclass(frozen=True)
class Comparison:
    """Scores on test rows, seed by seed."""

    measure: str
    rows: int
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    guessing: float

    @property
    def difference(self) -> float:
        """How much better ours are, in the mean."""
        return statistics.fmean(self.ours) - statistics.fmean(self.theirs)

    @property
    def error(self) -> float:
        """The standard error of that mean."""
        gaps = [a - b for a, b in zip(self.ours, self.theirs, strict=True)]
        return statistics.stdev(gaps) / len(gaps) ** 0.5

    @property
    def no_worse(self) -> bool:
        """Within the tolerance?"""
        return self.difference >= -(TOLERANCE + 2 * self.error)


def compared(name: str, seeds: range = SEEDS) -> Comparison:
    """Both, on one set."""
    load, target = SETS[name]
    table = load()
    labels = np.asarray(table.column(target).values)
    codes = np.unique(labels, return_inverse=True)[1] if labels.dtype == object or name == "digits" else len(labels)
    ours, theirs, guessing = [], [], []
    for seed in seeds:
        rest, _, kept = split_rows(codes, Plan(validation=0, test=0.25, seed=seed))
        learned, tested = table.take(rest), table.take(kept)
        model = cr.train(learned, target=target, test=0, seed=seed)
        scores = model.evaluate(tested)
        ours.append(scores.main[1])
        guessing.append(scores.baseline)
        theirs.append(of_scikit_learn(model.preparation, learned, tested, seed))
    return Comparison(scores.main[0], len(table), tuple(ours), tuple(theirs), statistics.fmean(guessing))


def of_scikit_learn(preparation, learned: Table, tested: Table, seed: int) -> float:
    """The score of scikit-learn's multilayer perceptron."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    settings = {"hidden_layer_sizes": HIDDEN, "activation": "tanh", "max_iter": 1000, "random_state": seed}
    if preparation.task == "regress":
        network, answers = MLPRegressor(**settings), lambda table: preparation.t(table).ravel()
    else:
        network, answers = MLPClassifier(**settings), preparation.labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        network.fit(preparation.x(learned), answers(learned))
    return network.score(preparation.x(tested), answers(tested))


def lines(seeds: range = SEEDS) -> Iterator[str]:
    """The table, in Markdown."""
    yield "| set | rows | measure | chainrule, float32 | scikit-learn, float64 | difference | guessing |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name in SETS:
        found = compared(name, seeds)
        cells = (statistics.fmean(found.ours), statistics.fmean(found.theirs))
        measure = "R²" if found.measure == "r2" else found.measure
        yield (
            f"| {name} | {found.rows} | {measure} | {cells[0]:.3f} | {cells[1]:.3f} "
            f"| {found.difference:+.3f} ± {found.error:.3f} | {found.guessing + 0:.3f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/training.md")
    options = parser.parse_args()
    table = []
    for line in lines():
        print(line, flush=True)
        table.append(line)
    if options.write:
        text = PAGE.read_text(encoding="utf-8")
        before, _, rest = text.partition(START)
        page = "\n".join([f"{before}{START}", "", *table, "", f"{END}{rest.partition(END)[2]}"])
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
