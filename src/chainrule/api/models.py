"""Trained models as problems: what a step on rows of their own columns would do, and the very steps of their training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from chainrule.api.settings import chosen_notation
from chainrule.base.errors import InputError
from chainrule.base.frozen import replace
from chainrule.steps.order import OrderLike
from chainrule.steps.problem import Problem
from chainrule.steps.step import Step, following

if TYPE_CHECKING:
    from chainrule.notation.conventions import Notation
    from chainrule.preparation.preparation import Preparation
    from chainrule.training.model import Model


class Trained(Problem):
    """A trained model, whose preparation turns raw rows into the batch.

    own  the data that it was trained on, as the model's file names it and how it is read
    """

    preparation: Preparation | None = None
    own: Mapping[str, Any] = field(default_factory=dict)


class Replayed(Problem):
    """A recorded step, and those that would follow it on the same batch."""

    record: Step | None = None

    def steps(self, *, exact: bool = False, order: OrderLike | None = None, epochs: int | None = None) -> Iterator[Step]:
        """The recorded step first. Raises InputError if fractions, or steps in an order, are asked for."""
        step = self.record
        if order is not None or epochs is not None:
            raise InputError("a recorded step has its own rows; leave out «--order» and «--epochs».")
        if exact and step is not None and not step.exact:
            raise InputError("this step was recorded in floating point; leave out «--exact».")
        while step is not None:
            yield step
            step = following(step)

    def written_in(self, notation: Notation) -> Replayed:
        """The same in other letters."""
        assert self.record is not None
        network = self.network.replaced(notation=notation).continued(self.record.parameters)
        return replace(self, network=network, record=replace(self.record, network=network))


def recorded(step: Step) -> Replayed:
    """A step that was written to a file, as it was."""
    return Replayed(step.network, step.x, step.t, step.optimizer, origin=step.origin, record=step)


def trained_model(source: str | Model) -> Trained:
    """The network, optimiser and names of a model, or of a model's file, without rows. Raises FileError."""
    from chainrule.training.model import Model

    model = Model.load(source) if isinstance(source, str) else source
    features, targets = _names_of(model)
    return Trained(
        model.network, optimizer=model.plan.optimizer, features=features, targets=targets, preparation=model.preparation, own=model.source
    )


def training_data_name(path: str) -> str | list[str] | None:
    """The name of the data that a model was trained on; None where that was no table. Raises FileError where it is not there."""
    from chainrule.training.model import Model
    from chainrule.training.rows import checked_own_data

    model = Model.load(path)
    return None if model.preparation is None else checked_own_data(model.source, model.preparation)


def _names_of(model: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What inputs and outputs are called."""
    return ((), ()) if model.preparation is None else (model.preparation.feature_names, model.preparation.output_names)


def scales(preparation: Preparation | None) -> dict[str, Any]:
    """For the origin of a step: what each number of x and t is multiplied by, and what is added, to be a value of its column
    again; and for which classes the outputs of a target stand that has classes, and which output is the first of them.
    """
    if preparation is None:
        return {}
    found: dict[str, Any] = {"scales": {"x": preparation.input_scales, "t": preparation.output_scales}}
    answers, output = [], 0
    for target in preparation.targets:
        if target.classes:
            answers.append({"target": target.name, "classes": list(target.classes), "output": output, "decision": preparation.decision})
            answers[-1] |= {"signs": True} if preparation.signs else {}
        output += len(target.classes) if target.task == "classify" else 1
    return found | ({"answers": answers} if answers else {})


def is_model(source: object) -> bool:
    """Is this the name of a trained model's file?"""
    return str(source).lower().endswith(".safetensors")


def replayed(source: Any, number: int, data: Any, encoding: str | None, notation: Any, language: str | None) -> Problem:
    """Step `number` of the training of a model."""
    from chainrule.training.model import Model
    from chainrule.training.rows import training_rows

    if not is_model(source):
        raise InputError("only a trained model, a .safetensors file, has recorded steps.")
    model = Model.load(source)
    rows = training_rows(model, data, encoding)
    step = model.step_at(rows.x, rows.t, number, weights=rows.weights)
    features, targets = _names_of(model)
    origin = {**step.origin, "source": str(source), "data": rows.source, "features": list(features), "targets": list(targets)}
    origin |= scales(model.preparation)
    found = recorded(replace(step, origin=origin))
    return found.written_in(chosen_notation(step.network.notation, notation, language))
