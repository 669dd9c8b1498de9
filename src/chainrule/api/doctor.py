"""Why a training fails, with a cure that was tried: `cr.doctor(…)`, and what `chainrule doctor` is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.api.models import is_model, recorded
from chainrule.api.modules import is_module, module_problem
from chainrule.api.problems import problem
from chainrule.api.settings import typed
from chainrule.base.errors import DescriptionError, InputError
from chainrule.base.frozen import replace
from chainrule.base.printing import command_line
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.criteria import Finding, found
from chainrule.diagnosis.examination import Diagnosis, cured, examined
from chainrule.diagnosis.rates import advice_at
from chainrule.engines.unrolled import operations
from chainrule.network.description import described
from chainrule.steps.problem import Problem
from chainrule.steps.step import Step, in_floats
from chainrule.training.model import CHECKPOINT, Model, own_data
from chainrule.training.plan import Plan
from chainrule.training.rows import Subset, found_parts, is_here

if TYPE_CHECKING:
    from chainrule.api.run import Run
    from chainrule.network.network import Network
    from chainrule.preparation.preparation import Preparation

MOST_ADVISED = 100_000
"""Parameters × rows up to which rates are simulated whole."""


OF_PLAN = ("learning_rate", "optimizer", "batch_size", "epochs", "class_weights")
"""Options of `chainrule train` that a cure may change, of its plan …"""

OF_NETWORK = ("network", "hidden", "activation", "loss", "regularizer")
"""… and those that a described network takes the place of."""

CURED_MODEL = "cured.safetensors"
"""Where the command that is printed writes its model."""

VERDICTS = ("worse_than_guessing", "class_never_found", "start_kept", "overfitting")
"""The criteria that ask for nothing but what a training came to."""


def doctor(subject: Any = None, *, data: Any = None, **options: Any) -> Diagnosis:
    """Why training fails: the diseases of a network and its rows, causes before effects, each with a cure that was tried.

    subject  a network as of `problem` (an example, a short form, a description …), a `Problem` or a `Network`; a recorded `Step`, or its
             file; a `Model`, its file, or the checkpoint of a run; or a PyTorch module, whose layers are called by their own names
    data     a file of numbers; of a model a table of rows, in place of those that it was trained on: a file or a data frame
    options  as of `problem`; of a module x, t and loss, as of `explain`

    Raises InputError.
    """
    if isinstance(subject, Model) or (isinstance(subject, (str, Path)) and is_run(subject)):
        if options:
            raise InputError(f"a model says its {next(iter(options))} itself; leave it out.")
        model = subject if isinstance(subject, Model) else Model.load(subject)
        name = subject.network.summary if isinstance(subject, Model) else str(subject)
        return examined(case_of_model(model, data), name)
    if is_module(subject):
        if data is not None or "x" not in options:
            raise InputError("a model of PyTorch or JAX needs rows to learn from: doctor(model, x=x, t=t, loss=…).")
        return examined_problem(module_problem(subject, **options))
    subject = recorded(subject) if isinstance(subject, Step) else subject
    if isinstance(subject, Problem) and (options or data is not None):
        raise InputError("a problem, or a recorded step, has its own rows and rates; leave out data and the other options.")
    return examined_problem(subject if isinstance(subject, Problem) else problem(subject, data=data, **options))


def is_run(subject: Any) -> bool:
    """Is it the file of a model, or of a run that goes on or was cut short?"""
    return is_model(subject) or str(subject).lower().endswith(CHECKPOINT)


def examined_problem(given: Problem) -> Diagnosis:
    """The diagnosis of a network with its batch. Raises DescriptionError."""
    step, case = case_of_problem(given)
    advice = advice_at(step) if operations(step.network, len(step.x)) <= MOST_ADVISED else None
    source, drawn = given.origin.get("source"), {"x", "t"} & {*given.origin.get("drawn", ())}
    case = replace(case, advised=None if advice is None else advice.good)
    return examined(case, str(source or given.network.summary), advice, drawn=bool(drawn))


def case_of_problem(given: Problem) -> tuple[Step, Case]:
    """The first step of a network with its batch, and what the doctor looks at. Raises DescriptionError."""
    if given.x is None or given.t is None:
        raise DescriptionError("a diagnosis needs rows to learn from: give x and t, as [data] in a description, or «--data FILE».")
    step = in_floats(next(given.steps()))
    x, t, rule = step.x, step.t, step.optimizer
    return step, Case(step.network, x, t, rule, weights=step.weights, batch_size=len(x), inputs=given.features, targets=given.targets)


def case_of_model(model: Model, data: Any = None) -> Case:
    """A trained model with the rows that it was trained on, or with others. Raises InputError."""
    known: dict[str, Any] = {"trained": model.network, "history": model.history, "outcome": model.outcome, "scores": model.scores}
    return case_of_rows(model.start, model.plan, model.preparation, *found_parts(model, data, precision="float64"), **known)


def case_of_rows(
    network: Network, plan: Plan, preparation: Preparation | None, train: Subset, validation: Subset, test: Subset, **known: Any
) -> Case:
    """A network with the rows of a table that it is to learn from, and with those that it is not; `known`: further fields of the case."""
    held_out = test if len(test) else validation
    if preparation is not None:
        known |= {"inputs": preparation.feature_names, "targets": preparation.output_names}
        known["columns"] = [feature.name for feature in preparation.features for _ in feature.names]
        known["scales"] = preparation.input_scales, preparation.output_scales
    return Case(
        network,
        train.x,
        train.t,
        plan.optimizer,
        weights=train.weights,
        batch_size=plan.batch_size,
        seed=plan.seed,
        held_out=(held_out.x, held_out.t) if len(held_out) else None,
        numbers=(train.numbers, held_out.numbers),
        **known,
    )


def before(run: Run) -> list[Finding]:
    """What is wrong with the rows of a training that is about to begin."""
    case = case_of_rows(run.network, run.plan, run.preparation, run.train, run.validation, run.test)
    first, preparation = run.rows.first, run.preparation  # in float32, what stands beside an outlier is all the same
    columns = replace(case, x=preparation.x(first), t=preparation.t(first), weights=None, held_out=None, numbers=(first.rows, ()))
    return [*found(columns, "outlier", "leaking_column"), *found(case, "duplicates")]


def verdict(model: Model) -> Finding | None:
    """What the scores of a trained model, and the weights that were kept, say is wrong first; None where they say nothing."""
    nothing = np.zeros((1, model.network.inputs)), np.zeros((1, model.network.outputs))
    case = Case(model.start, *nothing, model.plan.optimizer, trained=model.network, outcome=model.outcome, scores=model.scores)
    return next(found(case, *VERDICTS), None)


def cured_problem(diagnosis: Diagnosis, given: Problem) -> Problem | None:
    """The problem with the cures of its diagnosis; None where there are none."""
    case, cures = cured(diagnosis)
    if not cures:
        return None
    return Problem(case.network, case.x, case.t, case.optimizer, given.title, given.features, given.targets)


def cured_training(model: Model, diagnosis: Diagnosis) -> tuple[dict[str, Any], list[str]] | None:
    """The description of a model's network with the cures of its diagnosis, and what else is said to train it; None where none can be.

    Cures of the rows are none that a description, or an option, can take.
    """
    case, cures = cured(diagnosis)
    if all(not cure.treatment.options and cure.treatment.case.network is diagnosis.case.network for cure in cures):
        return None
    return described(case.network, numbers=False), [word for cure in cures for word in _words(cure.treatment.options, OF_PLAN)]


def first_cure(diagnosis: Diagnosis) -> list[str]:
    """The options of `chainrule train` that are the first cure which has some."""
    options = (disease.cure.treatment.options for disease in diagnosis.diseases if disease.cure is not None)
    return _words(next(filter(None, options), {}))


def training_command(model: Model, words: Sequence[str], output: str = CURED_MODEL, data: str | None = None) -> str | None:
    """The command that trains a model anew with further options; None where its data is no file, or its network cannot be typed.

    words   what is said, which is left out of what was said before
    output  the file of what comes out
    data    where the data lies, if not where it lay
    """
    own, said = data or own_data(model.source), options_of(model)
    whole = "--network" in words
    kept = {name: value for name, value in said.items() if typed(name, value)[0] not in words and not (whole and name in OF_NETWORK)}
    if own is None or not is_here(own) or any(isinstance(value, Mapping) for name, value in kept.items() if name == "network"):
        return None
    before, files = _words(kept), [own] if isinstance(own, str) else own
    return command_line("chainrule", "train", *files, *before, *words, "--output", output)


def options_of(model: Model) -> dict[str, Any]:
    """The options with which a model was trained, by name, where they are not the usual ones: plain data."""
    plan, usual, said = model.plan, Plan(), dict(model.source.get("options", {}))
    for name in ("epochs", "until", "engine"):
        if getattr(plan, name) != getattr(usual, name):
            said[name] = getattr(plan, name)
    if plan.until is None and not plan.fewest_epochs:
        said["patience"] = plan.patience
    return said


def _words(options: Mapping[str, Any], names: Sequence[str] = ()) -> list[str]:
    """Options as they are typed; only these, if any are named."""
    return [word for name, value in options.items() if not names or name in names for word in typed(name, value)]
