"""The file of a trained network: safetensors with tensors W1, b1 … in the run's precision, everything else as JSON in its metadata.

Nothing in it is ever run or unpickled. A checkpoint is a model file, with the best weights so far, that also holds where its run stands.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed, Reported
from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.files import json_text, parse_json, write_whole
from chainrule.base.frozen import Frozen, replace
from chainrule.base.pickling import WithoutCaches
from chainrule.base.printing import counted
from chainrule.data.encodings import begins_as
from chainrule.engines.choice import Predictor
from chainrule.network.description import described, network_of_description
from chainrule.network.network import Network
from chainrule.steps.step import Step
from chainrule.training.averaging import averaged_share
from chainrule.training.history import Report, history_from_dict, history_to_dict
from chainrule.training.loop import Training
from chainrule.training.metrics import Scores, checked_guess, score
from chainrule.training.plan import Plan

if TYPE_CHECKING:
    from chainrule.data.table import Table
    from chainrule.preparation.preparation import Preparation

FORMAT = "chainrule model 1"

CHECKPOINT = ".checkpoint"
"""What the name of a run's file has after its model's."""

STATE = "run."
"""What the names of tensors begin with that only a checkpoint has."""


class Model(WithoutCaches, Displayed, Reported, Frozen):
    """A trained network, and what it takes to use it and to understand it.

    network      with its trained weights
    start        the same network before the first step
    plan         how it was trained
    preparation  from raw rows to x and t, and back; None where the data was numbers already
    history      what the epochs came to; thinned out where they were many
    scores       by the part of the data they were taken on: "validation", "test" …
    source       the data: "name", and "digest" of the rows it was trained on
    guess        what someone guesses who looks at no input (`metrics.baseline_prediction`), for the baseline
    outcome      how the run ended: "reason", "best_epoch", "best_error" …
    made_with    the version of chainrule
    """

    network: Network
    start: Network
    plan: Plan
    preparation: Preparation | None = None
    history: tuple[Report, ...] = ()
    scores: Mapping[str, Scores] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    guess: Any = None
    outcome: Mapping[str, Any] = field(default_factory=dict)
    made_with: str = ""

    def predict(self, table: Any) -> Array:
        """The answers in the data's own units or labels, of their own kind: (rows,) for one target, (rows, targets) for several.

        table  whatever `chainrule.train` takes, its target left out or not; or an array, or rows as lists: of the columns that were trained
               on, with the targets or without, or of those that are inputs, in their order

        A model that was trained on numbers without a table answers with its outputs, as they are. Raises InputError.
        """
        if self.preparation is None:
            return self.outputs(np.asarray(table, dtype=float) if isinstance(table, (np.ndarray, list, tuple)) else table)
        found = self.preparation.answers(self.outputs(self._table(table)))
        answers = [target.in_its_kind(found[target.name]) for target in self.preparation.targets]
        alike = len({answer.dtype for answer in answers}) == 1
        return answers[0] if len(answers) == 1 else np.column_stack(answers if alike else [answer.astype(object) for answer in answers])

    def predict_proba(self, table: Any) -> Array:
        """(rows, classes): the probability of each class, in the order of `preparation.classes`; table as of `predict`.

        Raises InputError.
        """
        self._preparation.check_probabilities(of_one=True)
        return np.column_stack(list(self._preparation.probabilities(self.outputs(self._table(table))).values()))

    def outputs(self, rows: Any) -> Array:
        """y (rows, outputs), what the network itself gives: standardised numbers, or probabilities.

        rows  raw rows as of `predict`; or an array of prepared numbers (rows, inputs): what `preparation.x` makes of them

        Raises InputError.
        """
        prepared = isinstance(rows, np.ndarray) and rows.dtype != object
        return self._predictor(rows if prepared else self._preparation.x(self._table(rows)))

    def _table(self, data: Any, *, targets: bool = False) -> Table:
        """The rows of a source as the model reads them, with its targets or without; warnings say where its numbers could be others, and
        which values are far from all that the model was trained on.

        Raises InputError.
        """
        from chainrule.data.reading import read
        from chainrule.data.table import Table
        from chainrule.document.words import Words
        from chainrule.preparation.cautions import MOST_CAUTIONS
        from chainrule.preparation.remarks import lines_of_remarks

        if isinstance(data, Table):
            return data
        data = self._under_names(data)
        kinds = self._preparation.forms if targets else self._preparation.input_forms
        table = read(data, kinds=kinds, **form_for(self.source, data if isinstance(data, (str, Path, list, tuple)) else ""))
        for remark in islice(lines_of_remarks(Words(), self._preparation, table, targets=targets, extra=False), MOST_CAUTIONS):
            warnings.warn(remark, stacklevel=3)
        return table

    def _under_names(self, data: Any) -> Any:
        """Rows of an array or of lists as columns, by the names of those that they must be, as there are as many; all else as it is."""
        inputs = tuple(feature.name for feature in self._preparation.features)
        if (
            hasattr(data, "__array__")
            and hasattr(data, "ndim")
            and all(getattr(data, own, None) is None for own in ("columns", "column_names", "name"))
        ):
            data = np.asarray(data)  # of PyTorch, JAX …
        if isinstance(data, np.ndarray) and not data.dtype.names and data.ndim <= 2:
            if data.ndim == 1 < len(inputs):
                raise InputError(
                    f"a row alone is given as [row], of the shape (1, {len(inputs)}): the model has {counted(len(inputs), 'input')}."
                )
            columns: list[Any] = [*data.T] if data.ndim == 2 else [data]
        elif _is_row(data):
            return self._under_names(np.array(data, dtype=object))
        elif (
            isinstance(data, (list, tuple))
            and data
            and all(isinstance(row, (list, tuple, np.ndarray)) and len(row) == len(data[0]) for row in data)
        ):
            columns = [*map(list, zip(*data, strict=True))]
        else:
            return data
        names = next((order for order in (inputs, *self.column_orders) if len(order) == len(columns)), None)
        if names is None:
            from chainrule.preparation.columns import enumerated

            raise InputError(
                f"the rows have {counted(len(columns), 'column')}, but the model predicts from {len(inputs)}: {enumerated(inputs)}."
            )
        return dict(zip(names, columns, strict=True))

    def evaluate(self, tables: Any) -> Scores:
        """The scores on rows with their targets: whatever `chainrule.train` takes, or tables of a stream together. Raises InputError."""
        from chainrule.data.table import Table

        total: Scores | None = None
        if isinstance(tables, Table):
            tables = [tables]
        elif not (isinstance(tables, Iterator) or (isinstance(tables, list) and all(isinstance(table, Table) for table in tables))):
            tables = [self._preparation.complete(self._table(tables, targets=True))]
        for table in tables:
            part = score(self._preparation, self.outputs(table), table, guess=self.guess)
            total = part if total is None else total + part
        if total is None:
            raise InputError("there are no rows to evaluate.")
        return total

    def step_at(self, x: Array, t: Array, number: int, *, weights: Array | None = None) -> Step:
        """Step `number` of the run that made the model, recorded: the run is replayed on the rows that it was trained on.

        Raises InputError where the rows are other ones, or the run was shorter.
        """
        training = self.replay(x, t, weights=weights)
        if self.history and number > self.history[-1].step:
            raise InputError(f"the run took {counted(self.history[-1].step, 'step')}; there is no step {number:,}.")
        return training.step_at(number)

    def replay(self, x: Array, t: Array, *, weights: Array | None = None) -> Training:
        """The run that made the model, at its start, on the rows that it was trained on.

        Raises InputError where these are other ones, or where several processes took steps by themselves.
        """
        if self.plan.reduce_every > 1:
            raise InputError(
                f"several processes took {self.plan.reduce_every} steps each by themselves before their weights were averaged, so that no "
                "step of this run can be computed again; a run without «--reduce-every» can."
            )
        training = Training(self.start, x, t, replace(self.plan, validation_folds=0), weights=weights)
        if self.source.get("digest") not in (None, training.digest):
            raise InputError("these are not the rows that the model was trained on: give the same data, with the same split.")
        return training

    @property
    def keeps_average(self) -> bool:
        """Are its weights an average over epochs? Those of the first ones, which the average follows all the way, are none."""
        return self.plan.average_weights and averaged_share(max(1, int(self.outcome.get("best_epoch") or 1))) < 1

    @property
    def column_orders(self) -> list[tuple[str, ...]]:
        """In which orders the columns of a file without header may be meant: all of the model's data, those without targets, the inputs."""
        if self.preparation is None:
            return []
        every, targets = tuple(map(str, self.source.get("columns", ()))), [target.name for target in self.preparation.targets]
        inputs = tuple(name for name in every if name in self.preparation.input_kinds)
        orders = [every, tuple(name for name in every if name not in targets), inputs]
        return [order for order in orders if order]

    @cached_property
    def _predictor(self) -> Predictor:
        return Predictor(self.network, self.plan.engine, self.plan.precision)

    @property
    def _preparation(self) -> Preparation:
        if self.preparation is None:
            raise InputError("this model was trained on numbers and takes no tables: give it an array of the shape (rows, inputs).")
        return self.preparation

    @staticmethod
    def of(training: Training, **known: Any) -> Model:
        """The model of a run as far as it has come; `known` are further fields of it, as `preparation`, `scores` and `outcome`."""
        source = {**known.pop("source", {}), "digest": training.digest}
        return Model(training.best_network, training.start, plan=training.plan, history=tuple(training.history), source=source, **known)

    def __repr__(self) -> str:
        scores = "".join(
            f", {part} {scores.main[0]} {scores.main[1]:.4g}" for part, scores in self.scores.items() if scores.main[1] is not None
        )
        epochs = self.history[-1].epoch if self.history else 0  # of many, the history keeps some
        return f"<Model {self.network.summary}, {counted(epochs, 'epoch')}{scores}>"

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the model, whole or not at all. Raises FileError, also where there is a file already, unless `force`."""
        write_whole(path, _packed(self._tensors(), self.to_dict()), replacing=force)

    @staticmethod
    def load(path: str | Path) -> Model:
        """Read a model, or the best so far of a checkpoint. Raises FileError."""
        return _read(path)[0]

    def _tensors(self) -> dict[str, Array]:
        trained = {key: np.asarray(numbers, dtype=self.plan.precision) for key, numbers in self.network.parameters.items()}
        return {**trained, **{f"start.{key}": numbers for key, numbers in self.start.given.items()}}

    def to_dict(self) -> dict[str, Any]:
        """What stands in the head of its file, beside its numbers."""
        from chainrule import __version__

        return {
            "format": FORMAT,
            "made_with": self.made_with or __version__,
            "network": described(self.start, numbers=False),
            "preparation": None if self.preparation is None else self.preparation.to_dict(),
            "plan": self.plan.to_dict(),
            "history": history_to_dict(self.history),
            "scores": {part: scores.to_dict() for part, scores in self.scores.items()},
            "source": dict(self.source),
            "guess": None if self.guess is None else np.asarray(self.guess).tolist(),
            "outcome": dict(self.outcome),
        }


def _is_row(data: Any) -> bool:
    """Are these the values of one row, or of one column, and not the names of files?"""
    values = data if isinstance(data, (list, tuple)) else ()
    return all(isinstance(value, (bool, int, float, str, np.generic)) for value in values) and any(
        not isinstance(one, str) for one in values
    )


def own_data(source: Mapping[str, Any]) -> str | list[str] | None:
    """The data that a model was trained on, as `read` takes it: a name, or several files; None where it does not know."""
    found: str | list[str] | None = source.get("files") or source.get("name")
    return found


def form_for(
    source: Mapping[str, Any], name: str | Path | Sequence[str | Path], said: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """How to read a source of this name: what was said about the data of a model, as far as it holds for it, and what is said now.

    source  what the model keeps about its data; of another source, only its missing values and units are alike, and of files the
            characters of a row, and the encoding where they are no text in UTF-8

    Raises InputError where rows would have another number of characters.
    """
    form = dict(source.get("form", {}))
    own = own_data(source)
    same = [str(part) for part in name] == own if isinstance(name, (list, tuple)) else str(name) == own
    is_file = isinstance(name, (Path, list, tuple)) or (isinstance(name, str) and name != "")
    known = form if same else {key: form[key] for key in ("missing", "units", *["characters"] * is_file) if key in form}
    files: Sequence[Any] = name if isinstance(name, (list, tuple)) else [name] if is_file else []
    if "encoding" in form.keys() - known.keys() - said.keys() and any(begins_as(one, form["encoding"]) for one in files):
        known = {**known, "encoding": form["encoding"]}
    length = form.get("characters")
    if length is not None and said.get("characters", length) != length:
        raise InputError(f"the model takes {length} characters a row, not {said['characters']}; leave out «--characters».")
    return {**known, **said}


def checkpoint_path(output: str | Path) -> Path:
    """Where the checkpoint of a model lies while it is trained: beside it."""
    return Path(f"{output}{CHECKPOINT}")


def save_checkpoint(path: str | Path, model: Model, training: Training, **known: Any) -> None:
    """Write a model with the state of its run, whole or not at all, in place of an earlier one. Raises FileError.

    known  what else its record says, as plain data
    """
    state = {f"{STATE}{key}": array for key, array in training.arrays().items()}
    write_whole(path, _packed({**model._tensors(), **state}, {**model.to_dict(), "run": {**training.record(), **known}}))


def load_checkpoint(path: str | Path) -> tuple[Model, dict[str, Array], dict[str, Any]]:
    """The model so far, and what `Training.resumed` takes: arrays and record. Raises FileError."""
    model, tensors, plain = _read(path)
    if not isinstance(plain.get("run"), dict):
        raise FileError(f"{path} is a model whose training has ended, no checkpoint: there is nothing to resume.")
    return model, {name.removeprefix(STATE): array for name, array in tensors.items() if name.startswith(STATE)}, plain["run"]


# The file


def _packed(tensors: Mapping[str, Array], plain: Mapping[str, Any]) -> bytes:
    """One entry of metadata only, as their order is not certain: the same model gives the same bytes."""
    from safetensors.numpy import save

    text = json_text(plain)
    return bytes(save({name: np.ascontiguousarray(array, dtype=_kept(array)) for name, array in tensors.items()}, {"chainrule": text}))


def _kept(array: Any) -> str:
    """The type of number that an array has in the file."""
    return "float32" if getattr(array, "dtype", None) == np.float32 else "float64"


def _read(path: str | Path) -> tuple[Model, dict[str, Array], dict[str, Any]]:
    """The model, every tensor and the plain data of a file. Raises FileError."""
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise FileError(f"{path} is a folder; name a file in it." if Path(path).is_dir() else f"there is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            plain = _plain_of(path, file.metadata() or {})
            start = network_of_description(plain["network"])
            tensors = {name: _tensor(path, file, name, start.shapes) for name in file.keys()}  # noqa: SIM118  # it is no dict
        return _model(plain, start, tensors), tensors, plain
    except SafetensorError as error:
        raise FileError(f"{path} is no model of chainrule, or is cut short: {error}.") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from None
    except FileError:
        raise
    except InputError as error:
        raise FileError(f"{path} is no model that can be used: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FileError(f"{path} is no model that can be used: {type(error).__name__} in its description ({error}).") from None


def _plain_of(path: str | Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    if "chainrule" not in metadata:
        raise FileError(f"{path} is a safetensors file, but not one of chainrule: it does not describe its network.")
    plain = parse_json(metadata["chainrule"], f"the description in {path}")
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise FileError(f'{path} is of another version of chainrule: its "format" should be "{FORMAT}".')
    return plain


def _tensor(path: str | Path, file: Any, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Array:
    """One tensor, whose kind and shape are looked at before its numbers are. Raises FileError."""
    claimed = file.get_slice(name)
    wanted = shapes.get(re.split(r"[._]", name)[-1])
    if wanted is None:
        raise FileError(f"{path} holds {quoted(name)}, which its network does not have.")
    if claimed.get_dtype() not in ("F32", "F64") or tuple(claimed.get_shape()) != wanted:
        kind, shape = claimed.get_dtype(), tuple(claimed.get_shape())
        raise FileError(f"{path}: {name} should be F32 or F64 numbers of the shape {wanted}, not {kind} of the shape {shape}.")
    return np.asarray(file.get_tensor(name), dtype=float)


def _model(plain: Mapping[str, Any], start: Network, tensors: Mapping[str, Array]) -> Model:
    from chainrule.preparation.preparation import Preparation

    if missing := [name for name in start.shapes if name not in tensors]:
        raise InputError(f"{missing[0]} is missing.")
    begun = {key: tensors[f"start.{key}"] for key in start.shapes if f"start.{key}" in tensors}
    start = start.with_parameters(begun)
    preparation = None if plain["preparation"] is None else Preparation.from_dict(plain["preparation"])
    return Model(
        network=start.with_parameters({key: tensors[key] for key in start.shapes}),
        start=start,
        preparation=preparation,
        plan=Plan.from_dict(plain["plan"]),
        history=tuple(history_from_dict(plain["history"])),
        scores={str(part): Scores.from_dict(scores) for part, scores in plain["scores"].items()},
        source=_source(plain["source"]),
        guess=checked_guess(preparation, plain["guess"]),
        outcome=_outcome(plain["outcome"]),
        made_with=str(plain["made_with"]),
    )


def _source(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Where the data came from. Raises ValueError where that is not what is written there."""
    form, source = plain.get("form", {}), dict(plain)
    words: dict[str, Any] = dict.fromkeys(("separator", "decimal", "thousands", "encoding"), str)
    words |= {"header": bool, "characters": int, "units": (str, list), "missing": list}
    files = plain.get("files", [])
    fits = isinstance(form, Mapping) and all(isinstance(value, words.get(name, ())) for name, value in form.items())
    fits = fits and isinstance(files, list) and all(isinstance(file, str) for file in files)
    rows = plain.get("rows", 0)
    if not fits or not isinstance(plain.get("name", ""), str) or not (isinstance(rows, int) and 0 <= rows <= sys.maxsize):
        raise ValueError("the source of its data is none")
    return source


def _outcome(plain: Mapping[str, Any]) -> dict[str, Any]:
    """How the run ended. Raises ValueError where that is not what is written there."""
    if not isinstance(plain.get("epochs", 0), int):
        raise ValueError("the number of its epochs is none")
    return dict(plain)
