"""Diseases that show in what a training came to: its scores, its weights, and what it has not learned."""

from __future__ import annotations

import math
from collections.abc import Mapping

from chainrule.base.printing import listed
from chainrule.diagnosis.case import AFFORDABLE, Case, error_of, tried_epochs
from chainrule.diagnosis.criteria import FindingValue, criterion
from chainrule.diagnosis.network_criteria import HARDLY, TWICE_AS_GOOD
from chainrule.diagnosis.row_criteria import ABOVE, error_of_share, explained, other_rows, some_rows
from chainrule.network.network import Network
from chainrule.training.metrics import Scores

# What a training came to


MOST_NAMED = 5
"""So many classes that are never found are named."""

FEWEST_GUESSED = 5
"""Of fewer rows nobody can say whether they were guessed."""

OF_THE_START = (
    "too_few_epochs", "start_too_large", "zero_start", "exploding", "vanishing", "dead_units", "no_gradient", "penalty",
    "batch_too_large", "bounded_output",
)  # fmt: skip
"""Diseases after which a training comes to nothing, whatever its rows are."""

FEWEST_TESTED, GAP_OF_R2, GAP_OF_SHARES = 20, 0.3, 0.1
"""Test rows of which a gap can be told; how large it has to be in R² and in accuracy."""


def tested(case: Case) -> Scores | None:
    """The scores on rows that were not trained on; None where there are none."""
    return next((case.scores[part] for part in ("test", "validation") if part in case.scores), None)


MORE_EPOCHS, ENOUGH_STEPS = 5, 1000
"""A training is compared with one of so many times its epochs, and with one of so many steps, if these are more."""


@criterion(
    f"a training that ended with its last epoch keeps more than {100 * HARDLY:.0f} % of its error, or underfits, and one of {MORE_EPOCHS} "
    f"times its epochs, or of {ENOUGH_STEPS} steps, leaves less than half of that, and less of rows that it does not learn from",
    "tried",
    "a run that was to show the first steps only",
    after=("rate_too_small", "inputs_unscaled", "targets_unscaled"),
)
def too_few_epochs(case: Case) -> Mapping[str, FindingValue] | None:
    """A training that was over while it was still learning."""
    if case.trained is None or not case.history or case.outcome.get("reason") != "epochs":
        return None
    epochs, steps = case.history[-1].epoch, case.history[-1].step
    left, known = _errors(case, case.trained)
    if left <= HARDLY * case.trial.errors[0] and underfitting(case) is None:
        return None
    for enough in sorted({MORE_EPOCHS * epochs, max(MORE_EPOCHS * epochs, math.ceil(ENOUGH_STEPS * epochs / max(1, steps)))}):
        longer = tried_epochs(case, enough).end if case.network.size * len(case.sample[0]) * enough <= AFFORDABLE else None
        own, others = (math.inf, math.inf) if longer is None else _errors(case, longer)
        if own < TWICE_AS_GOOD * left and (case.held_out is None or others < known):
            return {"epochs": epochs, "steps": steps, "error": left, "enough": enough}
    return None


def _errors(case: Case, network: Network) -> tuple[float, float]:
    """E of a network on the rows that are learned from, and on those that are not: 0 where there are none."""
    parts = ((case.x, case.t), case.held_out)
    own, others = (0.0 if rows is None else error_of(case.network, network.predict(rows[0]), rows[1]) for rows in parts)
    return own, others


@criterion(
    f"on at least {FEWEST_GUESSED} rows that were not trained on, or on its own where there are no others, the accuracy or R² is below "
    "that of someone who always guesses the same",
    "the definition of a baseline",
    "whether it is by chance, of a few test rows",
    after=("outlier", "other_rows", "nothing_to_learn", "noisy_labels", "out_of_step", "rate_too_large", "rate_too_small", *OF_THE_START),
)
def worse_than_guessing(case: Case) -> Mapping[str, FindingValue] | None:
    """A model that is worth less than none."""
    others = tested(case)
    scores = others or case.scores.get("train")
    if scores is None or scores.rows < FEWEST_GUESSED or scores.main[1] is None or scores.baseline is None:
        return None
    if scores.main[1] >= min(scores.baseline, 1.0 - 1e-9):
        return None
    how = scores.main[0] if others is not None else "own"
    return {"how": how, "number": scores.main[1], "baseline": scores.baseline, "rows": scores.rows}


@criterion(
    "of a class with fewer rows than the others have in the mean, none of at least two rows that were not trained on is found",
    "recall 0; He & Garcia (2009), Learning from imbalanced data",
    "whether the class can be told from the others at all",
    after=("nothing_to_learn", "imbalance", "rate_too_large", "rate_too_small", *OF_THE_START),
)
def class_never_found(case: Case) -> Mapping[str, FindingValue] | None:
    """Classes that the model never recognises."""
    scores = tested(case)
    parts = () if scores is None else scores.parts or (scores,)
    every = [(one, part.rows / len(part.per_class)) for part in parts for one in part.per_class]
    lost = [one for one, mean in every if 1 < one.rows < mean and not one.recall]
    names = ", ".join(listed(one.name) for one in lost[:MOST_NAMED]) + ", …" * (len(lost) > MOST_NAMED)
    return {"class": names, "count": len(lost), "rows": sum(one.rows for one in lost)} if lost else None


@criterion(
    "the weights that were kept are those of the start",
    "no epoch bettered the error that decides",
    "why",
    after=("nothing_to_learn", "rate_too_large", "worse_than_guessing", "out_of_step", *OF_THE_START),
)
def start_kept(case: Case) -> Mapping[str, FindingValue] | None:
    """A training after which nothing was better than before it."""
    return {"epochs": int(str(case.outcome.get("epochs", 0)))} if case.outcome.get("best_epoch") == 0 else None


@criterion(
    f"with at least {FEWEST_TESTED} test rows: on the training rows R² is more than {GAP_OF_R2:g} higher than on these, or the accuracy "
    f"more than {GAP_OF_SHARES:g} and three standard errors",
    "Geman, Bienenstock & Doursat (1992), Neural networks and the bias/variance dilemma",
    "rows of another kind among those that test",
    after=("outlier", "other_rows", "nothing_to_learn", "noisy_labels", "out_of_step"),
)
def overfitting(case: Case) -> Mapping[str, FindingValue] | None:
    """What was learned holds for the training rows alone."""
    scores, own = tested(case), case.scores.get("train")
    if scores is None or own is None or scores.main[1] is None or own.main[1] is None or scores.rows < FEWEST_TESTED:
        return None
    if other_rows(case) is not None:  # then nothing tells what was learned
        return None
    name, value, learned = scores.main[0], float(scores.main[1]), float(own.main[1])
    most = GAP_OF_R2 if name != "accuracy" else max(GAP_OF_SHARES, 3 * error_of_share(value, scores.rows))
    if learned - (own.baseline or 0.0) <= most / 2:  # who has learned nothing has not learned by heart
        return None
    return {"how": name, "train": learned, "number": value, "rows": scores.rows} if learned - value > most else None


@criterion(
    f"after the training the network explains less of its own rows than a line or five neighbours do of rows they have not seen, by "
    f"{ABOVE:g}",
    "the simplest models there are",
    "a network that was meant to be simpler still",
    after=(
        "outlier",
        "batch_too_large",
        "penalty",
        "vanishing",
        "dead_units",
        "saturation",
        "zero_start",
        "start_kept",
        "bounded_output",
        "rate_too_small",
        "too_few_epochs",
    ),
)
def underfitting(case: Case) -> Mapping[str, FindingValue] | None:
    """A network that could not learn what is there, or was not given the time."""
    rows = some_rows(case, spread=True)
    if case.trained is None or rows is None:
        return None
    x, t = rows
    spread = float(((t - t.mean(axis=0)) ** 2).sum())
    own = 1 - float(((case.trained.predict(x) - t) ** 2).sum()) / spread
    simple = explained(x, t)
    return {"number": max(own, 0.0), "simple": simple} if own < simple - ABOVE else None
