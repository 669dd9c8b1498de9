"""Diseases of the rows: columns that say too much, rows that stand on both sides, targets that nothing can be learned about."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.options import option
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.criteria import FEWEST_FOR_DATA, MEASURED, FindingValue, column_name, criterion, is_binary, is_one_hot
from chainrule.network.wiring import Extent

# The rows, and what is made of them


MOST_OF_ONE = 0.9
"""A class that more than this share of the rows have."""

LEAK, COMMON = 0.999, 0.05
"""|r| from which on a column gives the target away; the share of test rows that are known already."""

PERMUTED, ABOVE = 20, 0.1
"""Orders of the targets with which the own one is compared, and by how much it has to be better, as a share of what there is to explain."""

MOST_ROWS, CLEARLY = 400, 0.3
"""Rows that are looked at; a share of the targets' variance that no random order comes to."""

MOST_SHIFT = 3
"""Rows by which x and y may be out of step."""


def classes_of_rows(t: Array) -> Array | None:
    """The class of each row, from one-hot targets or from 0 and 1; None where they are numbers."""
    if is_one_hot(t):
        return np.asarray(t.argmax(axis=1))
    return np.asarray(t[:, 0].astype(int)) if is_binary(t) else None


def explained(x: Array, t: Array) -> float:
    """The share of the targets' variance that rows explain which were not used: the better of ridge regression and five neighbours.

    Every fifth row is predicted from the others; below 0 where the mean does better.
    """
    t = np.asarray(t, dtype=float)
    spread = ((t - t.mean(axis=0)) ** 2).sum()
    left = [((guess - t) ** 2).sum() for guess in guesses(x, t)]
    return float(1 - min(left) / spread) if spread > 0 else 0.0


def guesses(x: Array, t: Array) -> tuple[Array, Array]:
    """What ridge regression and five neighbours say of each row, every fifth of which is predicted from the others."""
    x, t = np.asarray(x, dtype=float), np.asarray(t, dtype=float)
    deviation = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    lines, neighbours = np.zeros(t.shape), np.zeros(t.shape)
    for fold in range(5):
        test = np.arange(len(x)) % 5 == fold
        a, b, mean = x[~test], t[~test], t[~test].mean(axis=0)
        lines[test] = x[test] @ np.linalg.solve(a.T @ a + np.eye(x.shape[1]), a.T @ (b - mean)) + mean
        distance = ((x[test][:, None] - a[None]) ** 2).sum(axis=2)
        neighbours[test] = b[np.argsort(distance, axis=1, kind="stable")[:, :5]].mean(axis=1)
    return lines, neighbours


def some_rows(case: Case, *, spread: bool = False) -> tuple[Array, Array] | None:
    """At most `MOST_ROWS` rows of which something can be said: the first ones, or spread over all of them.

    None where there are too few, or all targets are the same.
    """
    x, t = np.asarray(case.x, dtype=float), np.asarray(case.t, dtype=float)
    if len(x) < FEWEST_FOR_DATA or not (t.std(axis=0) > 0).any() or not (np.isfinite(x).all() and np.isfinite(t).all()):
        return None
    places = np.linspace(0, len(x) - 1, min(len(x), MOST_ROWS)).astype(int) if spread else slice(MOST_ROWS)
    return x[places], t[places]


@criterion(
    f"with at least {FEWEST_FOR_DATA} rows and two columns: |r| of one input with a target is above {LEAK}, or each of its values stands "
    "for one class",
    f"{MEASURED}; Kaufman et al. (2012), Leakage in data mining",
    "a column that is known before the target is, and says it nevertheless",
    of_data=True,
)
def leaking_column(case: Case) -> Mapping[str, FindingValue] | None:
    """An input that is the target, but for unit and offset, or value by value."""
    if case.x.shape[1] < 2 or len({*case.columns}) == 1 or (rows := some_rows(case, spread=True)) is None:
        return None
    x, t = rows
    for place in range(t.shape[1]):
        with np.errstate(all="ignore"):
            r = np.abs([np.corrcoef(column, t[:, place])[0, 1] for column in x.T])
        best = int(np.nanargmax(r)) if np.isfinite(r).any() else 0
        if np.isfinite(r[best]) and r[best] > LEAK:
            return {**_leak(case, best), "target": column_name(case.targets, place, "t"), "number": float(r[best])}
    classes = classes_of_rows(t)
    for place, column in enumerate(x.T if classes is not None else ()):
        values, of_row = np.unique(column, return_inverse=True)
        pairs = {*zip(of_row.ravel().tolist(), np.asarray(classes).tolist(), strict=True)}
        if len(values) > 1 and len(pairs) == len(values) == len({class_ for _, class_ in pairs}):
            return {**_leak(case, place), "how": "codes", "number": len(values)}
    return None


def _leak(case: Case, place: int) -> dict[str, FindingValue]:
    """What is to be left out, and which input it is."""
    name = column_name(case.columns or case.inputs, place, "x")
    return {"column": name, "place": place + 1, "option": f" ({option('ignore', name)})" if case.columns else ""}


FAR, ALONE, FEWEST_USUAL, MOST_SEARCHED = 1000, 10, 20, 50_000
"""A value so many usual deviations away is a slip of the pen if the next one lies a tenth as far; of so many rows; of more, the first."""


@criterion(
    f"with at least {FEWEST_USUAL} rows: one value lies more than {FAR} usual deviations (1.48 times the median one) from its column's "
    f"median, and the next one at most a {ALONE}th as far",
    "Rousseeuw & Croux (1993), Alternatives to the median absolute deviation; the factor is a convention",
    "whether the value is right all the same",
    of_data=True,
)
def outlier(case: Case) -> Mapping[str, FindingValue] | None:
    """A single value far from all others: its error outweighs theirs."""
    held_out = case.held_out or (case.x[:0], case.t[:0])
    numbers = np.concatenate([part[:MOST_SEARCHED] for part in case.numbers])
    named = ("x", case.columns or case.inputs), ("t", case.targets)
    for side, own, other, (letter, names) in zip((0, 1), (case.x, case.t), held_out, named, strict=True):
        values = np.vstack([own[:MOST_SEARCHED], other[:MOST_SEARCHED]])
        for place, column in enumerate(values.T if len(values) >= FEWEST_USUAL else ()):
            away = np.abs(column - np.median(column))
            usual, row = 1.4826 * float(np.median(away)), int(away.argmax())
            far = float(away[row])
            if usual > 0 and far > FAR * usual and far > ALONE * np.delete(away, row).max():
                mean, deviation = case.scales[side][place] if len(case.scales[side]) else (0.0, 1.0)
                return {
                    "column": column_name(names, place, letter), "value": f"{float(column[row]) * deviation + mean:.12g}",
                    "row": int(numbers[row]) if len(numbers) else row + 1, "number": far / usual,
                    "place": row + 1 if row < min(len(own), MOST_SEARCHED) else 0,
                }  # fmt: skip
    return None


@criterion(
    f"more than {100 * COMMON:.0f} % of the rows that test, and at least three, stand among those that train, inputs and targets alike",
    "what was learned by heart is no test; the share is a convention",
    "rows that are alike because there are only so many; of tokens, which come again in any text, it says nothing",
    of_data=True,
)
def duplicates(case: Case) -> Mapping[str, FindingValue] | None:
    """Rows that both train and test."""
    tokens = any(isinstance(extent, Extent) and extent.vocabulary for extent in case.network.wiring.inputs.values())
    if case.held_out is None or not len(case.held_out[0]) or tokens:
        return None
    known = {row.tobytes() for row in _whole_rows(case.x, case.t)}
    tests = _whole_rows(*case.held_out)
    count = sum(row.tobytes() in known for row in tests)
    return {"count": count, "all": len(tests)} if count >= 3 and count > COMMON * len(tests) else None


@criterion(
    f"with at least {FEWEST_FOR_DATA} rows: the targets moved by up to {MOST_SHIFT} rows are explained better than as they stand, by "
    f"{CLEARLY:g} of their variance, while these are explained no better than {PERMUTED} random orders of them",
    "compared with permuted targets, as in a permutation test (Fisher 1935)",
    "rows that were shuffled, and data in which the row before says more",
    of_data=True,
)
def out_of_step(case: Case) -> Mapping[str, FindingValue] | None:
    """x and y do not belong together row by row: one of them is some rows late."""
    rows = some_rows(case)
    if rows is None or is_learnable(case):
        return None
    x, t = rows
    shifts = [shift for shift in range(-MOST_SHIFT, MOST_SHIFT + 1) if shift]
    gains = {shift: explained(*moved(x, t, shift)) for shift in shifts}
    best = max(gains, key=lambda shift: gains[shift])
    chance = best_by_chance(case)
    if gains[best] < chance + CLEARLY:
        return None
    return {"rows": abs(best), "how": "late" if best > 0 else "early", "number": gains[best], "chance": chance}


def moved(x: Array, t: Array, shift: int) -> tuple[Array, Array]:
    """Each row with the target that stands so many rows below it."""
    return (x[:-shift], t[shift:]) if shift > 0 else (x[-shift:], t[:shift])


def best_by_chance(case: Case) -> float:
    """How much of the targets the inputs explain at best in `PERMUTED` random orders; never less than nothing."""
    if "best_by_chance" not in case.__dict__:
        rows, random = some_rows(case), np.random.default_rng(0)
        assert rows is not None
        x, t = rows
        case.__dict__["best_by_chance"] = max(0.0, *(explained(x, t[random.permutation(len(t))]) for _ in range(PERMUTED)))
    return float(case.__dict__["best_by_chance"])


def own_share(case: Case) -> float:
    """How much of the targets the inputs explain as they stand; all of it where there are too few rows to tell."""
    if "own_share" not in case.__dict__:
        rows = some_rows(case)
        case.__dict__["own_share"] = 1.0 if rows is None else explained(*rows)
    return float(case.__dict__["own_share"])


def is_learnable(case: Case) -> bool:
    """Do the inputs explain the targets better than chance does? True where there are too few rows to tell."""
    return own_share(case) > CLEARLY or own_share(case) > best_by_chance(case)


@criterion(
    f"with at least {FEWEST_FOR_DATA} rows: all targets are the same, or neither a line nor five neighbours explain them better than "
    f"{PERMUTED} random orders of them, and neither does the network",
    "a permutation test (Fisher 1935)",
    "a relation that neither of the two can see, as parity of many inputs",
    after=("out_of_step", "outlier"),
    of_data=True,
)
def nothing_to_learn(case: Case) -> Mapping[str, FindingValue] | None:
    """The inputs say nothing about the targets, or nothing is to be said."""
    if case.rows >= FEWEST_FOR_DATA and case.t.size and (case.t == case.t[0]).all():
        return {"how": "constant", "rows": case.rows}
    if is_learnable(case) or (case.trained is not None and _beats_guessing(case)):
        return None
    return {"number": max(own_share(case), 0.0), "chance": best_by_chance(case)}


SUREST, NOISY, NOISY_FOR_SURE, FEWEST_SUREST = 0.25, 0.25, 0.2, 25
"""The share of the rows that is surest; the share of them that is wrong nevertheless from which on labels are noisy, and what is left of
it less two standard errors; so many of them are needed."""


def surest_wrong(x: Array, t: Array) -> tuple[float, int]:
    """Of the rows of whose class simple models are surest, the share that has another one, and how many these rows are.

    The simple models are those of `explained`, of which that one counts that is right more often; every fifth row is predicted from the
    others. Where classes only overlap, those that are farthest from the border are right.
    """
    truth, best = t.argmax(axis=1), (2.0, 0.0, 0)
    for guess in guesses(x, t):
        ranked = np.sort(guess, axis=1)
        surest = np.argsort(ranked[:, -2] - ranked[:, -1], kind="stable")[: int(SUREST * len(x))]
        wrong = guess.argmax(axis=1) != truth
        best = min(best, (float(wrong.mean()), float(wrong[surest].mean()), len(surest)))
    return best[1], best[2]


@criterion(
    f"of classes, once something was trained: of the {100 * SUREST:.0f} % of the rows of whose class a line or five neighbours are surest, "
    f"at least {FEWEST_SUREST}, more than {100 * NOISY:.0f} % have another one, and more than {100 * NOISY_FOR_SURE:.0f} % by two standard "
    f"errors; and of rows that it has not seen the network does not find {100 * (1 - NOISY):.0f} %",
    "Angluin & Laird (1988), Learning from noisy examples: with labels that are changed at random, as many are wrong far from the border "
    "as near it",
    "labels that are wrong from inputs that are missing",
    after=("nothing_to_learn", "out_of_step", "outlier", "imbalance"),
    of_data=True,
)
def noisy_labels(case: Case) -> Mapping[str, FindingValue] | None:
    """Many labels are others than the inputs say, where they say it most clearly."""
    rows = some_rows(case, spread=True)
    if case.trained is None or rows is None or classes_of_rows(case.t) is None:
        return None
    if not is_learnable(case) and not _beats_guessing(case):
        return None
    x, t = rows
    t = t if t.shape[1] > 1 else np.hstack([1 - t, t])
    share, count = surest_wrong(x, t)
    if count < FEWEST_SUREST or share <= NOISY or share - 2 * error_of_share(share, count) <= NOISY_FOR_SURE:
        return None
    wrong = _wrong_held_out(case)
    if wrong is not None and wrong <= NOISY:
        return None
    return {"percent": 100 * share, "rows": count, "others": 100 * (wrong or 0.0), "how": "own" if wrong is None else "held_out"}


def _wrong_held_out(case: Case) -> float | None:
    """The share of the rows that were not learned from of which the network finds another class; None where there are none."""
    if case.held_out is None or case.trained is None or not len(case.held_out[0]):
        return None
    x, t = case.held_out
    y = case.trained.predict(x)
    wrong = y.argmax(axis=1) != t.argmax(axis=1) if t.shape[1] > 1 else (y[:, 0] >= 0.5) != (t[:, 0] >= 0.5)
    return float(wrong.mean())


def _beats_guessing(case: Case) -> bool:
    """Is the trained network clearly better than guessing on rows that it did not see?"""
    scores = next((case.scores[part] for part in ("test", "validation") if part in case.scores), None)
    if scores is None or scores.main[1] is None or scores.baseline is None:
        return False
    return scores.main[1] > scores.baseline + max(0.05, 2 * error_of_share(scores.main[1], scores.rows))


def error_of_share(share: float, rows: int) -> float:
    """The standard error of a share of so many rows."""
    return math.sqrt(max(share * (1 - share), 0.01) / rows)


@criterion(
    f"one class has more than {100 * MOST_OF_ONE:.0f} % of the rows",
    f"{MEASURED}; He & Garcia (2009), Learning from imbalanced data",
    "whether the rare class is the one that matters",
    of_data=True,
)
def imbalance(case: Case) -> Mapping[str, FindingValue] | None:
    """Classes of which one is so frequent that naming it always is nearly right."""
    labels = classes_of_rows(case.t)
    if labels is None or len(labels) < FEWEST_FOR_DATA:
        return None
    counts = np.bincount(labels)
    share = float(counts.max() / counts.sum())
    if share <= MOST_OF_ONE or share == 1:  # then nothing is rare
        return None
    return {"percent": float(100 * share), "class": _class_name(case, int(counts.argmax()))}


OTHER = 0.5
"""The share of test rows with targets that no training row comes near."""


@criterion(
    f"more than {100 * OTHER:.0f} % of the rows that test, and at least three, have a target that lies outside the range of those that "
    "train, or a class that none of these has",
    "the definition of extrapolation; Quiñonero-Candela et al. (2009), Dataset shift in machine learning",
    "rows of a later time, which are to be other ones",
    of_data=True,
)
def other_rows(case: Case) -> Mapping[str, FindingValue] | None:
    """Rows that test are of another kind than rows that train, as where sorted rows are cut in two."""
    if case.held_out is None or not len(case.held_out[1]) or len(case.t) < FEWEST_FOR_DATA:
        return None
    own, others = np.asarray(case.t, dtype=float), np.asarray(case.held_out[1], dtype=float)
    classes = classes_of_rows(np.vstack([own, others]))
    if classes is not None:
        far = ~np.isin(classes[len(own) :], classes[: len(own)])
    else:
        far = ((others < own.min(axis=0)) | (others > own.max(axis=0))).all(axis=1)
    count = int(far.sum())
    how = "numbers" if classes is None else "classes"
    return {"how": how, "count": count, "all": len(far)} if count >= 3 and count > OTHER * len(far) else None


def _whole_rows(x: Array, t: Array) -> Array:
    """Inputs and targets side by side, of as many rows as are searched."""
    return np.hstack([x[:MOST_SEARCHED], t[:MOST_SEARCHED]], dtype=float)


def _class_name(case: Case, place: int) -> str:
    names = next((scores.names for scores in case.scores.values()), ())
    return names[place] if place < len(names) else column_name(case.targets, place, "t") if case.t.shape[1] > 1 else str(place)
