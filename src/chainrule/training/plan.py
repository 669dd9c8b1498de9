"""How a network is trained, and which rows train it, decide about it and test it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from typing import Any

import numpy as np

from chainrule.base.arrays import Array, python_value
from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import FrozenValue
from chainrule.base.options import option
from chainrule.base.printing import counted
from chainrule.engines.epoch import ENGINES, PRECISIONS
from chainrule.network.definitions import Bound, find

FEWEST_ROWS = 5
"""Fewer rows are not split."""

MOST_BATCH = 256
"""The largest batch that is chosen where none is said."""

WORTHWHILE = 1e-3
"""The part of all that was learned so far that must be learned within the patience for training to go on."""

FEWEST_EPOCHS, FEWEST_STEPS = 300, 12_000
"""Patience ends no run before so many epochs, or so many steps where these are fewer: an error may stand still for long and fall on."""

RESOLVED = 1e-12
"""Errors below this drown in the rounding of float32: where squares are so small, predictions differ from targets in the last digit."""

NUMBERS_AT_ONCE, MOST_EPOCHS = 2**16, 32
"""So many numbers, and the orders of so many epochs, one generator draws at a time, at most."""


class Plan(Displayed, FrozenValue):
    """How a network is trained; with the network, the data and the seed it says every number of the run.

    epochs         how often every row is used, at most
    batch_size     rows of one step; None: 32, more for many rows (`batch_size_for`)
    seed           splits and shuffles
    shuffle        whether the rows of each epoch come in a new order
    patience       ends the run after so many epochs in which the validation error fell by less than a thousandth (`WORTHWHILE`) of all
                   that it has fallen since the start; None never does
    fewest_epochs  patience ends no run before so many epochs
    until          ends the run once the training error, the mean over an epoch, is below it. Then the training error decides
                   which weights are the best, and patience has no effect
    average_weights  whether the moving average of the weights over the epochs (`averaging`) is what the validation error is of, and what
                   is kept, in place of the weights themselves; no effect where the training error decides
    calibrate      whether weights with the last layer divided by a temperature (`calibration`) may be kept, where their validation error
                   is clearly lower (`Kept`) than any without; no effect where there are no classes, or the training error decides
    validation     the part of the rows that decides which weights are the best
    validation_folds  in place of such rows, cross-validation in so many folds: a further network for each is trained without it, the
                   mean of their errors decides, and the network itself is trained on every row; 0 for none
    test           the part of the rows that is kept for the final score
    validation_last, test_last   whether these are the last rows, as for what runs in time; else they are drawn from all
    group          the column of whose values all rows are in one part, as patient
    class_weights  None, "balanced", or a weight for each class by its name: what an example counts in the error
    optimizer      the update rule
    shuffle_block  None where every order of the rows is as likely as any other. Else, for rows on a disk: so many rows side by side are a
                   block; the blocks come in a new order in every epoch, and the rows of each 64 blocks (`BLOCKS_AT_ONCE`) in any
    reduce_every   of several processes: 1 where each step is one step of all, from the rows of the whole batch; k where each process takes
                   k steps by itself, from its rows of the batches, before their weights are averaged: another algorithm, with other numbers
    engine         what computes an epoch: "compiled" (machine code), "written" (the NumPy program), "jax" (the program in
                   JAX, compiled by XLA), "auto" (machine code where there is some for the network and the machine, else the program)
    precision      the numbers that it computes with: "float64", of 16 digits, or "float32", of 7: twice as many at a time

    Raises DescriptionError, UnknownNameError.
    """

    epochs: int = 1000
    batch_size: int | None = None
    seed: int = 0
    shuffle: bool = True
    patience: int | None = 100
    until: float | None = None
    validation: float = 0.1
    validation_folds: int = 0
    test: float = 0.15
    class_weights: str | Mapping[str, float] | None = None
    optimizer: Bound = field(default_factory=lambda: find("optimizer", "adam"))
    engine: str = "auto"
    precision: str = "float64"
    validation_last: bool = False
    test_last: bool = False
    group: str | None = None
    reduce_every: int = 1
    shuffle_block: int | None = None
    fewest_epochs: int = 0
    average_weights: bool = False
    calibrate: bool = False

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            object.__setattr__(self, name, python_value(getattr(self, name)))
        check_count("epochs", self.epochs, 1)
        check_count("seed", self.seed, 0)
        check_count("reduce_every", self.reduce_every, 1)
        check_count("fewest_epochs", self.fewest_epochs, 0)
        for name in ("batch_size", "patience", "shuffle_block"):
            if (value := getattr(self, name)) is not None:
                check_count(name, value, 1)
        if self.validation_folds != 0:
            check_count("validation_folds", self.validation_folds, 2)
        _check_part(self.validation, self.test)
        if self.until is not None and not (_is_number(self.until) and 0 < self.until < math.inf):
            raise DescriptionError(f"until must be a number greater than 0, as 1e-6, not {quoted(self.until)}.")
        for name in ("shuffle", "validation_last", "test_last", "average_weights", "calibrate"):
            if not isinstance(getattr(self, name), bool):
                raise DescriptionError(f"{name} must be true or false, not {quoted(getattr(self, name))}.")
        if self.group is not None and not isinstance(self.group, str):
            raise DescriptionError(f"group is the name of a column, not {quoted(self.group)}.")
        if self.group is not None and (self.test_last or self.validation_last):
            raise DescriptionError("group keeps rows together wherever they stand, and last takes the last ones; leave out one of them.")
        if self.engine not in ENGINES:
            raise UnknownNameError("engine that trains", str(self.engine), ENGINES)
        if self.precision not in PRECISIONS:
            raise UnknownNameError("precision", str(self.precision), PRECISIONS)
        if self.until is not None and self.until < RESOLVED and self.precision == "float32":
            said = f"until = {self.until:g} is finer than numbers of 7 digits resolve"
            raise DescriptionError(f"{said}; compute with 16: «--precision float64».")
        _check_class_weights(self.class_weights)
        object.__setattr__(self, "optimizer", find("optimizer", self.optimizer))

    @property
    def tests_drawn(self) -> bool:
        """Are the rows that test drawn from all, one by one?"""
        return self.test > 0 and not self.test_last and self.group is None

    def to_dict(self) -> dict[str, Any]:
        """As plain data, from which `from_dict` makes the same plan."""
        plain = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        if isinstance(self.class_weights, Mapping):
            plain["class_weights"] = dict(self.class_weights)
        for name, usual in (
            ("reduce_every", 1),
            ("shuffle_block", None),
            ("fewest_epochs", 0),
            ("average_weights", False),
            ("calibrate", False),
        ):
            if plain[name] == usual:
                del plain[name]  # which older models do not have
        return {**plain, "optimizer": self.optimizer.described()}

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> Plan:
        """A plan read back. Raises DescriptionError, UnknownNameError."""
        if not isinstance(plain, Mapping):
            raise DescriptionError(f"a plan is a table of settings, not {quoted(plain)}.")
        known = [setting.name for setting in fields(Plan)]
        for name in plain:
            if name not in known:
                raise UnknownNameError("setting of a plan", str(name), known)
        return Plan(**plain)


def last_rows(name: str, wanted: float | str | None) -> dict[str, Any]:
    """A part of the rows as people write it, 0.2, "last" or "last:0.2", as settings of a plan. Raises DescriptionError.

    >>> last_rows("test", "last:0.2"), last_rows("test", "last"), last_rows("test", 0.2)
    ({'test': 0.2, 'test_last': True}, {'test': 0.15, 'test_last': True}, {'test': 0.2})
    """
    if not isinstance(wanted, str):
        return {name: wanted}
    first, colon, second = wanted.strip().partition(":")
    last = first == "last"
    part = second if last else first
    try:
        value = getattr(Plan, name) if last and not colon else float(part)
    except ValueError:
        value = None
    if value is None or (colon and not last):
        raise DescriptionError(f"{name} is a part of the rows, as 0.2, or the last ones, as last or last:0.2, not {quoted(wanted)}.")
    return {name: value, f"{name}_last": True} if last else {name: value}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_count(name: str, value: object, least: int) -> None:
    """Is it a whole number of at least so much? Raises DescriptionError."""
    value = python_value(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**53:
        raise DescriptionError(f"{name} must be a whole number from {least}, not {quoted(value)}.")


def _check_part(validation: object, test: object) -> None:
    for name, part in (("validation", validation), ("test", test)):
        if not (_is_number(part) and 0 <= part < 1):  # type: ignore[operator]  # a number, as just asked
            raise DescriptionError(f"{name} is a part of the rows, from 0 to less than 1, not {quoted(part)}.")
    if validation + test >= 1:  # type: ignore[operator]  # numbers, as just asked
        raise DescriptionError(f"validation = {validation} and test = {test} leave no rows to train on; make one of them smaller.")


def _check_class_weights(weights: object) -> None:
    if weights is None or weights == "balanced":
        return
    if not isinstance(weights, Mapping) or not weights:
        raise DescriptionError(f'class_weights is "balanced" or a weight for each class, not {quoted(weights)}.')
    for name, weight in weights.items():
        if not (_is_number(weight) and 0 <= weight < math.inf):
            raise DescriptionError(f"the weight of class {quoted(name)} must be a number from 0, not {quoted(weight)}.")


def batch_size_for(rows: int) -> int:
    """The size of a batch where none is said: 32; for many rows twice or more that, so that an epoch has about 500 steps; at most 256."""
    return min(MOST_BATCH, int(32 * 2 ** math.floor(math.log2(max(1, rows / (32 * 500))))))


def even_batch_size(rows: int, folds: int = 0) -> int:
    """That size, or up to twice as much, so that the last step of an epoch has an eighth as many rows as the others, or more.

    So it is for the rows, and for all but one of so many folds of them, on which further networks are trained. Of 161 rows in batches of
    32, one would be left over: one step in six would follow a single example, and Adam, which divides by the size of the slopes that it has
    seen, would take smaller steps everywhere.
    """
    usual = batch_size_for(rows)
    parts = {rows, rows - rows // folds, rows + -rows // folds} if folds else {rows}

    def is_even(size: int) -> bool:
        return all(part <= size or part % size == 0 or 8 * (part % size) >= size for part in parts)

    return next((size for size in range(usual, 2 * usual) if is_even(size)), usual)


def patience_for(rows: int, batch_size: int) -> int:
    """The patience where none is said, in steps, by which networks learn: 100 epochs; more, where these are fewer than 1000 steps; fewer,
    where they are more than 25,000, but at least 30.
    """
    steps = math.ceil(rows / batch_size)
    return max(math.ceil(1000 / steps), min(100, max(30, math.ceil(25_000 / steps))))


def fewest_epochs_for(rows: int, batch_size: int) -> int:
    """Before how many epochs patience ends no run, where nothing is said about it: `FEWEST_EPOCHS`, or as many as `FEWEST_STEPS` take."""
    return min(FEWEST_EPOCHS, math.ceil(FEWEST_STEPS / math.ceil(rows / batch_size)))


# Rows: who trains, who decides, who is kept for the end


def split_rows(labels: int | Array, plan: Plan, groups: Array | None = None) -> tuple[Array, Array, Array]:
    """The rows to train on, to validate with and to test with: indices in their order.

    labels  the number of rows; or each row's class as whole numbers, so that every subset holds the classes in the same
            proportions (and the training rows every class). Other numbers only count the rows.
    groups  (rows,), a number for each set of rows that are to be in one subset; classes then have about their proportions only

    Raises InputError where there are too few rows.
    """
    rows = labels if isinstance(labels, int) else len(labels)
    parts = [name for name in ("validation", "test") if getattr(plan, name)]
    if rows < FEWEST_ROWS and parts:
        raise InputError(f"{counted(rows, 'row')} cannot be split; give more rows, or say {' and '.join(option(one, 0) for one in parts)}.")
    if rows < 1:
        raise InputError("there are no rows to train on.")
    random = np.random.default_rng([plan.seed, 0])
    if groups is not None:
        return _split_groups(labels, plan, groups, random)
    ranked = _by_class(labels, random)
    test = _last(ranked, plan.test * rows) if plan.test_last else _spread_evenly(ranked, plan.test, offset=0.25)
    rest = ranked[~np.isin(ranked, test)]
    decide = plan.validation * rows
    validation = _last(rest, decide) if plan.validation_last else _spread_evenly(rest, decide / len(rest), offset=0.75)
    train = rest[~np.isin(rest, validation)]
    if _is_classes(labels):
        lacking = np.isin(labels, np.setdiff1d(labels, np.asarray(labels)[train]))
        test, validation = test[~lacking[test]], validation[~lacking[validation]]
        train = np.union1d(train, np.flatnonzero(lacking))
    return np.sort(train), np.sort(validation), np.sort(test)


def _split_groups(labels: int | Array, plan: Plan, groups: Array, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """The same, for whole groups: as near to the parts that are wanted as their sizes allow. Raises InputError."""
    sizes, parts = np.bincount(groups), [name for name in ("validation", "test") if getattr(plan, name)]
    order = random.permutation(np.flatnonzero(sizes))
    if len(order) <= len(parts):
        raise InputError(
            f"column {quoted(plan.group)} has {counted(len(order), 'different value')}, too few for rows to train on and "
            f"rows for {' and '.join(parts)}; set {parts[-1]} to 0, or group by another column."
        )
    chosen: dict[str, list[int]] = {"test": [], "validation": []}
    for name in ("test", "validation"):
        wanted, taken = getattr(plan, name) * len(groups), 0
        for group in order[:-1] if wanted else ():
            if taken == 0 or abs(taken + sizes[group] - wanted) < abs(taken - wanted):
                chosen[name].append(int(group))
                taken += int(sizes[group])
        order = order[~np.isin(order, chosen[name])]
    test, validation = (np.isin(groups, chosen[name]) for name in ("test", "validation"))
    if _is_classes(labels):  # a class that would lack among the training rows brings its groups with it
        lacking = np.isin(labels, np.setdiff1d(labels, np.asarray(labels)[~(test | validation)]))
        moved = np.isin(groups, groups[lacking])
        test, validation = test & ~moved, validation & ~moved
    return np.flatnonzero(~(test | validation)), np.flatnonzero(validation), np.flatnonzero(test)


def fold_places(labels: int | Array, k: int, seed: int = 0, groups: Array | None = None) -> list[tuple[Array, Array]]:
    """k pairs (rows to train on, rows to test with), in which every row is tested once; classes and groups as in `split_rows`.

    Raises InputError.
    """
    rows = labels if isinstance(labels, int) else len(labels)
    check_count("the number of folds", k, 2)
    if rows < k:
        raise InputError(f"{counted(rows, 'row')} cannot be tested in {k} folds; ask for at most {rows}.")
    if groups is not None:
        return _group_folds(groups, k, seed)
    ranked = _by_class(labels, np.random.default_rng([seed, 0]))
    return [(np.sort(np.delete(ranked, np.s_[fold::k])), np.sort(ranked[fold::k])) for fold in range(k)]


def _group_folds(groups: Array, k: int, seed: int) -> list[tuple[Array, Array]]:
    """Folds of whole groups, the largest ones first, each into the fold that has the fewest rows so far. Raises InputError."""
    sizes = np.bincount(groups)
    drawn = np.random.default_rng([seed, 0]).permutation(np.flatnonzero(sizes))
    if len(drawn) < k:
        raise InputError(f"{counted(len(drawn), 'group')} cannot be tested in {k} folds; ask for at most {len(drawn)}.")
    fold_of, filled = np.zeros(len(sizes), dtype=int), np.zeros(k)
    for group in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    return [(np.flatnonzero(fold_of[groups] != fold), np.flatnonzero(fold_of[groups] == fold)) for fold in range(k)]


def _is_classes(labels: int | Array) -> bool:
    return not isinstance(labels, int) and np.asarray(labels).dtype.kind in "iub" and np.ndim(labels) == 1


def _by_class(labels: int | Array, random: np.random.Generator) -> Array:
    """Every row, in a random order; rows of one class together where there are classes."""
    shuffled = random.permutation(labels if isinstance(labels, int) else len(labels))
    return shuffled[np.argsort(np.asarray(labels)[shuffled], kind="stable")] if _is_classes(labels) else shuffled


def _spread_evenly(ranked: Array, part: float, offset: float) -> Array:
    """Every (1/part)-th row: of each stretch, and so of each class, the same part to within one row."""
    taken = np.floor(np.arange(len(ranked) + 1) * part + offset)
    return np.asarray(ranked[np.diff(taken) > 0])


def _last(ranked: Array, count: float) -> Array:
    """The last so many rows, at least one of those that are wanted, and not all."""
    return np.sort(ranked)[len(ranked) - min(len(ranked) - 1, max(math.ceil(count) if count < 1 else round(count), 0)) :]


BLOCKS_AT_ONCE, BLOCK_BYTES = 64, 2**20
"""Blocks of rows on a disk whose rows are mixed with each other, and about how many bytes a block has."""


class Shuffled:
    """The orders in which epochs use the rows. Those of few rows are drawn several at a time, by one generator: making one takes longer.

    epochs_at_once  how many are drawn at a time: `NUMBERS_AT_ONCE` numbers at most, or one epoch
    block           as `Plan.shuffle_block`
    """

    def __init__(self, seed: int, rows: int, block: int | None = None) -> None:
        self.seed, self.rows, self.epochs_at_once = seed, rows, min(MOST_EPOCHS, max(1, NUMBERS_AT_ONCE // rows))
        self.block = block
        self._drawn, self._orders = -1, list[Array]()

    def order(self, epoch: int) -> Array:
        """The places of the rows in the order of that epoch, from 1."""
        number, place = divmod(epoch - 1, self.epochs_at_once)
        if number != self._drawn:
            random = np.random.default_rng([self.seed, number + 1])  # [seed, 0] splits the rows
            self._drawn, self._orders = number, [self._order(random) for _ in range(self.epochs_at_once)]
        return self._orders[place]

    def _order(self, random: np.random.Generator) -> Array:
        """Every row once: in any order, or block by block."""
        if self.block is None:
            return random.permutation(self.rows)
        blocks = [np.arange(start, min(start + self.block, self.rows)) for start in range(0, self.rows, self.block)]
        drawn = [blocks[place] for place in random.permutation(len(blocks))]
        groups = [np.concatenate(drawn[first : first + BLOCKS_AT_ONCE]) for first in range(0, len(drawn), BLOCKS_AT_ONCE)]
        return np.concatenate([random.permutation(group) for group in groups])


def example_weights(labels: Array, class_weights: str | Mapping[str, float] | None, classes: Sequence[str]) -> Array | None:
    """What each example counts, from its class: (rows,); None where all count the same.

    "balanced" lets every class count the same: s = rows / (classes · rows of its class). Raises UnknownNameError.
    """
    if class_weights is None:
        return None
    counts = np.bincount(labels, minlength=len(classes))
    if isinstance(class_weights, str):
        weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    else:
        for name in class_weights:
            if name not in classes:
                raise UnknownNameError("class", str(name), classes)
        weights = np.array([float(class_weights.get(name, 1.0)) for name in classes])
    return np.asarray(weights[labels])
