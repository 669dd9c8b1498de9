"""How good a network's answers are, beside the answers of someone who always guesses the same.

Scores hold sums, so that those of two parts of a table add up to those of both: `score(first) + score(second)`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed
from chainrule.base.errors import InputError, ShapeError
from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.base.printing import clean, counted
from chainrule.network.targets import class_probabilities, predicted_classes

if TYPE_CHECKING:
    from chainrule.data.table import Table
    from chainrule.document.words import Words
    from chainrule.preparation.preparation import Preparation

SMALLEST = float(np.finfo(float).eps)
"""A probability below this counts as this in the log loss, which would be infinite otherwise."""

MOST_CLASSES = 12
"""Tables of more classes than this are not printed whole."""

WIDTH = 76
"""Characters that a line of a table may have; two more are left for an indentation."""


class ClassScore(FrozenValue):
    """One class: of the rows said to be of it, how many are (precision); of its rows, how many were found (recall); rows: its rows."""

    name: str
    precision: float
    recall: float
    f1: float
    rows: int


class Scores(Displayed, Frozen):
    """What a network's answers are worth on some rows.

    task     "classify", "regress", or "mixed" where classes are among several targets
    names    the classes, or the targets
    rows     how many
    guess    what someone guesses who looks at no input: the most frequent class of the training rows (its number), or their mean (targets,)
    confusion  (classes, classes): rows of each true class (down) that were said to be of each class (across)
    strange    (classes,): rows whose true class the model does not know, by the class that they were said to be of; all of them wrong
    logarithms Σ −ln of the probability given to the true class; None where the outputs are no probabilities
    absolute, squared   (targets,): Σ |y − t| and Σ (y − t)², in the data's own units
    mean, spread        (targets,): the mean of t and Σ (t − mean)²
    parts    the scores of each target, where the task is mixed
    """

    task: str
    names: tuple[str, ...]
    rows: int
    guess: Array | None = None
    confusion: Array | None = None
    logarithms: float | None = 0.0
    absolute: Array | None = None
    squared: Array | None = None
    mean: Array | None = None
    spread: Array | None = None
    strange: Array | None = None
    parts: tuple[Scores, ...] = ()

    # Classes

    @property
    def accuracy(self) -> float | None:
        """The part of the rows whose class was found."""
        return None if self.confusion is None else float(np.trace(self.confusion)) / self.rows

    @property
    def loss(self) -> float | None:
        """The log loss, −ln of the probability given to the true class, in the mean over the rows."""
        return None if self.confusion is None or self.logarithms is None else self.logarithms / self.rows

    @property
    def perplexity(self) -> float | None:
        """e to the log loss: among how many classes of one probability somebody is as unsure as the network is."""
        return None if self.loss is None else math.exp(self.loss)

    @property
    def per_class(self) -> tuple[ClassScore, ...]:
        """Precision, recall and F1 of each class; 0 where nothing can be divided by."""
        if self.confusion is None:
            return ()
        others = 0 if self.strange is None else self.strange
        found, said, true = np.diag(self.confusion), self.confusion.sum(axis=0) + others, self.confusion.sum(axis=1)
        parts = zip(self.names, _ratio(found, said), _ratio(found, true), _ratio(2 * found, said + true), true, strict=True)
        return tuple(ClassScore(name, float(p), float(r), float(f1), int(rows)) for name, p, r, f1, rows in parts)

    # Numbers

    @property
    def r2(self) -> float | None:
        """R² = 1 − Σ (y − t)² / Σ (t − mean)², in the mean over the targets; None for fewer than two rows.

        A target that is the same in every row counts 1 where it was met exactly, and 0 otherwise.
        """
        return None if self.squared is None else self._r2(self.squared)

    @property
    def mean_absolute_error(self) -> float | None:
        """Σ |y − t| / rows, in the mean over the targets."""
        return None if self.absolute is None else float(np.mean(self.absolute / self.rows))

    @property
    def root_mean_squared_error(self) -> float | None:
        """√(Σ (y − t)² / rows), in the mean over the targets."""
        return None if self.squared is None else float(np.mean(np.sqrt(self.squared / self.rows)))

    def _r2(self, squared: Array) -> float | None:
        if self.rows < 2 or self.spread is None:
            return None
        constant = np.where(squared == 0, 1.0, 0.0)
        return float(np.mean(np.where(self.spread > 0, 1 - squared / np.where(self.spread > 0, self.spread, 1), constant)))

    # Both

    @property
    def main(self) -> tuple[str, float | None]:
        """The measure that fits the task, and its value: ("accuracy", …) or ("r2", …); ("mixed", …) is the mean over several targets."""
        if self.parts:
            values = [part.main[1] for part in self.parts]
            return "mixed", None if None in values else float(np.mean([value for value in values if value is not None]))
        return ("r2", self.r2) if self.task == "regress" else ("accuracy", self.accuracy)

    @property
    def baseline(self) -> float | None:
        """The main measure of someone who always guesses `guess`; None where it is not known."""
        if self.parts:
            values = [part.baseline for part in self.parts]
            return None if None in values else float(np.mean([value for value in values if value is not None]))
        if self.guess is None:
            return None
        if self.confusion is not None:
            return float(self.confusion[int(self.guess)].sum()) / self.rows
        assert self.mean is not None
        return self._r2(self.spread + self.rows * (self.mean - self.guess) ** 2)

    def __add__(self, other: Scores) -> Scores:
        """The scores of both parts together."""
        if (self.task, self.names) != (other.task, other.names):
            raise InputError("scores of different tasks do not add up.")
        a: Any = self
        b: Any = other
        rows = a.rows + b.rows
        if self.parts:
            parts = tuple(one + more for one, more in zip(a.parts, b.parts, strict=True))
            return Scores(a.task, a.names, rows, a.guess, parts=parts)
        if self.confusion is not None:
            logarithms = None if None in (a.logarithms, b.logarithms) else a.logarithms + b.logarithms
            strange = [part.strange for part in (a, b) if part.strange is not None]
            others = sum(strange[1:], strange[0]) if strange else None
            return Scores(a.task, a.names, rows, a.guess, a.confusion + b.confusion, logarithms, strange=others)
        gap = b.mean - a.mean
        mean, spread = a.mean + gap * (b.rows / rows), a.spread + b.spread + gap**2 * (a.rows * b.rows / rows)
        absolute, squared = a.absolute + b.absolute, a.squared + b.squared
        return Scores(a.task, a.names, rows, a.guess, absolute=absolute, squared=squared, mean=mean, spread=spread)

    def __repr__(self) -> str:
        name, value = self.main
        return f"<Scores of {counted(self.rows, 'row')}: {name} {value if value is None else format(value, '.6g')}>"

    def to_dict(self) -> dict[str, Any]:
        """The measures, for people, and the sums, from which `from_dict` makes the same scores."""
        measures = ("accuracy", "loss", "r2", "mean_absolute_error", "root_mean_squared_error", "baseline")
        sums = ("guess", "confusion", "absolute", "squared", "mean", "spread", "strange")
        plain = {name: getattr(self, name) for name in measures}
        plain |= {name: None if getattr(self, name) is None else getattr(self, name).tolist() for name in sums}
        every = {"task": self.task, "names": list(self.names), "rows": self.rows, "logarithms": self.logarithms, **plain}
        if self.parts:
            every["parts"] = [part.to_dict() for part in self.parts]
        return {key: value for key, value in every.items() if value is not None}

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> Scores:
        """Scores read back. Raises InputError."""
        try:
            names, guess = tuple(str(name) for name in plain["names"]), None if "guess" not in plain else number_or_list(plain["guess"])
            if not (isinstance(plain["rows"], int) and 1 <= plain["rows"] <= sys.maxsize):
                raise ValueError("the number of rows is none")
            if "parts" in plain:
                parts = tuple(Scores.from_dict(part) for part in plain["parts"])
                if len(parts) != len(names) or {part.rows for part in parts} != {plain["rows"]}:
                    raise ValueError("the parts do not fit")
                return Scores(str(plain["task"]), names, plain["rows"], guess, parts=parts)
            size, squares = len(names), (len(names), len(names))
            sums: dict[str, Any] = {key: _numbers(plain[key], (size,)) for key in ("absolute", "squared", "mean", "spread") if key in plain}
            confusion = None if "confusion" not in plain else _numbers(plain["confusion"], squares).astype(int)
            if (confusion is None) == (len(sums) < 4):
                raise ValueError("sums are missing")
            if not _is_guess(guess, size, confusion is not None):
                raise ValueError("the guess is none")
            logarithms = float(plain["logarithms"]) if "logarithms" in plain else None
            if "strange" in plain:
                sums["strange"] = _numbers(plain["strange"], (size,)).astype(int)
            return Scores(str(plain["task"]), names, plain["rows"], guess, confusion, logarithms, **sums)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"these scores are incomplete: {error}.") from None

    def lines(self, words: Words) -> list[str]:
        """The scores in words, a line each; classes as a table."""
        if self.parts:
            each = zip(map(clean, self.names), self.parts, strict=True)
            return [line for name, part in each for line in (f"{name}:", *(f"  {line}" for line in part.lines(words)))]
        _, value = self.main
        known = {"value": words.decimal(score_text(value)), "baseline": words.decimal(score_text(self.baseline))}
        if self.task == "regress":
            measures = {"absolute": self.mean_absolute_error, "squared": self.root_mean_squared_error}
            errors = {name: words.decimal(score_text(measure)) for name, measure in measures.items()}
            return [words.plain("score.r2", **known), words.plain("score.errors", **errors)]
        lines = [words.plain("score.accuracy", **known)]
        if self.strange is not None:
            lines.append(words.plain("score.strange", rows=int(self.strange.sum())))
        if len(self.names) > MOST_CLASSES:
            if self.perplexity is not None:
                lines.append(words.plain("score.perplexity", value=words.decimal(score_text(self.perplexity))))
            return [*lines, words.plain("score.many", classes=len(self.names))]
        return lines + self._table(words)

    def _table(self, words: Words) -> list[str]:
        """A row a class; where the names of the classes would make it too wide, the columns have their numbers."""
        names = list(map(clean, self.names))
        lines = self._aligned(words, names, names)
        if max(map(len, lines)) > WIDTH:
            numbers = [str(number) for number in range(1, len(self.names) + 1)]
            lines = self._aligned(words, [f"{name} ({number})" for name, number in zip(names, numbers, strict=True)], numbers)
        return [*lines, words.plain("score.table")]

    def _aligned(self, words: Words, names: Sequence[str], columns: Sequence[str]) -> list[str]:
        assert self.confusion is not None
        head = ["", *(words.plain(f"score.{key}") for key in ("precision", "recall", "f1", "rows")), "", *columns]
        rows = [
            [
                name,
                *(words.decimal(score_text(part)) for part in (one.precision, one.recall, one.f1)),
                str(one.rows),
                "│",
                *map(str, counts),
            ]
            for name, one, counts in zip(names, self.per_class, self.confusion.tolist(), strict=True)
        ]
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]


def _is_guess(guess: Any, size: int, of_classes: bool) -> bool:
    return guess is None or (np.shape(guess) == () and guess in range(size) if of_classes else np.shape(guess) in ((), (size,)))


def checked_guess(preparation: Preparation | None, plain: Any) -> Any:
    """A guess that was written down, as `baseline_prediction` gives it for these targets. Raises ValueError where it is none."""
    guess = None if plain is None else number_or_list(plain)
    if preparation is None or guess is None:
        return guess
    mixed = preparation.task == "mixed"
    parts = preparation.parts if mixed else [preparation]
    sizes = [(len(part.classes) or len(part.targets), bool(part.classes)) for part in parts]
    fits = not mixed or guess.shape == (len(parts),)
    if not fits or not all(_is_guess(one, *size) for one, size in zip(guess if mixed else [guess], sizes, strict=True)):
        raise ValueError("the guess is none")
    return guess


def score(preparation: Preparation, y: Array, labels: Table | Array, *, guess: Any = None) -> Scores:
    """What the predictions y (rows, outputs) of a network are worth on a table, or on its labels.

    guess  what `baseline_prediction` the training labels is, for the baseline

    Raises ShapeError.
    """
    if not isinstance(labels, np.ndarray):
        labels = preparation.labels(labels, strict=False)
    if len(y) != len(labels) or not len(y):
        raise ShapeError(
            f"there {'is' if len(y) == 1 else 'are'} {counted(len(y), 'prediction')} for "
            f"{counted(len(labels), 'row')}; a score needs one for each, and at least one row."
        )
    guess = None if guess is None else np.asarray(guess)
    if preparation.task == "mixed":
        parts = []
        for place, (part, own) in enumerate(zip(preparation.parts, preparation.split(y), strict=True)):
            column = labels[:, place].astype(int) if part.classes else labels[:, place : place + 1]
            parts.append(score(part, own, column, guess=None if guess is None else guess[place]))
        return Scores("mixed", tuple(target.name for target in preparation.targets), len(y), guess, parts=tuple(parts))
    if preparation.task == "regress":
        answers = preparation.answers(y)
        numbers = np.column_stack([np.asarray(column, dtype=float) for column in answers.values()])
        return of_numbers(tuple(answers), numbers, labels, guess)
    return of_classes(tuple(preparation.classes), y, labels, guess, signs=preparation.signs)


def of_classes(names: tuple[str, ...], y: Array, labels: Array, guess: Array | None = None, *, signs: bool = False) -> Scores:
    """Scores of probabilities: y (rows, classes), or (rows, 1) for the second of two classes; labels (rows,), the classes' numbers.

    A label of −1 is a class that the model does not know.

    signs  y are no probabilities: from 0 upward they mean the second class
    """
    said = predicted_classes(y, 0 if signs else 0.5)
    known = labels >= 0
    confusion = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(confusion, (labels[known], said[known]), 1)
    strange = None if known.all() else np.bincount(said[~known], minlength=len(names))
    if signs:
        return Scores("classify", names, len(y), guess, confusion, None, strange=strange)
    probabilities = class_probabilities(y)
    given = np.where(known, probabilities[np.arange(len(labels)), labels] / probabilities.sum(axis=1), 0.0)
    return Scores("classify", names, len(y), guess, confusion, float(-np.log(np.maximum(given, SMALLEST)).sum()), strange=strange)


def of_numbers(names: tuple[str, ...], y: Array, labels: Array, guess: Array | None = None) -> Scores:
    """Scores of numbers, y and labels (rows, targets), in the data's own units."""
    t = np.asarray(labels, dtype=float).reshape(len(labels), -1)
    if y.shape != t.shape:
        raise ShapeError(f"the predictions have the shape {y.shape}, the targets {t.shape}.")
    off, mean = y - t, t.mean(axis=0)
    absolute, squared, spread = np.abs(off).sum(axis=0), (off**2).sum(axis=0), ((t - mean) ** 2).sum(axis=0)
    guess = None if guess is None else guess.reshape(-1)
    return Scores("regress", names, len(y), guess, absolute=absolute, squared=squared, mean=mean, spread=spread)


def baseline_of(preparation: Preparation, labels: Array) -> Array:
    """What someone guesses who knows the training labels but looks at no input: `baseline_prediction`; of each target where classes are
    among several.
    """
    if preparation.task != "mixed":
        return baseline_prediction(preparation.task, labels)
    guesses = []
    for part, column in zip(preparation.parts, np.asarray(labels).T, strict=True):
        guesses.append(float(baseline_prediction(part.task, column.astype(int) if part.classes else column).reshape(-1)[0]))
    return np.array(guesses)


def baseline_prediction(task: str, labels: Array) -> Array:
    """What someone guesses who knows the training labels but looks at no input: the most frequent class, or the mean of each target."""
    if task == "regress":
        return np.asarray(np.asarray(labels, dtype=float).reshape(len(labels), -1).mean(axis=0))
    return np.asarray(np.bincount(labels).argmax())


def score_text(value: float | None) -> str:
    """A measure with three digits after the point, a large one with four digits, as a person would say it.

    >>> score_text(0.95734), score_text(12703.4), score_text(-0.0001), score_text(-0.25), score_text(1.27e12)
    ('0.957', '12700', '0.000', '−0.250', '1.27e+12')
    """
    if value is None or math.isnan(value):
        return "–"
    digits = f"{round(value, 3) + 0.0:.3f}" if abs(value) < 10 else f"{float(f'{value:.4g}'):.9g}"  # + 0.0: no −0
    return digits.replace("-", "−")


def _ratio(part: Array, whole: Array) -> Array:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0))


def _numbers(values: Any, shape: Sequence[int]) -> Array:
    array = np.asarray(values, dtype=float)
    if array.shape != tuple(shape) or not np.isfinite(array).all():
        raise ValueError(f"numbers of the shape {tuple(shape)} are needed")
    return array


def number_or_list(values: Any) -> Array:
    """A guess as it was, a whole number for a class. Raises ValueError."""
    array = np.asarray(values)
    if array.dtype.kind not in "if" or array.ndim > 1 or not np.isfinite(array).all():
        raise ValueError("a guess is a number, or a list of numbers")
    return array
