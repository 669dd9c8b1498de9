"""Why a training fails, with a cure that was tried: `cr.doctor(…)`, and what `chainrule doctor` is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.api.models import is_model
from chainrule.api.problems import problem
from chainrule.base.errors import DescriptionError, InputError
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.criteria import Finding, found
from chainrule.diagnosis.examination import NO_RATES, Diagnosis, cured, examined
from chainrule.diagnosis.rates import advise
from chainrule.engines.unrolled import operations
from chainrule.network.definitions import find
from chainrule.steps.problem import Problem
from chainrule.training.model import Model
from chainrule.training.rows import Subset, parts_of

if TYPE_CHECKING:
    from chainrule.api.train import Run
    from chainrule.network.network import Network
    from chainrule.preparation.preparation import Preparation
    from chainrule.training.plan import Plan

MOST_ADVISED = 100_000
"""Parameters × rows up to which rates are simulated whole."""


OF_ROWS = ("outlier", "leaking_column", "duplicates")
"""The criteria that ask for nothing but rows, and take no time."""

VERDICTS = ("worse_than_guessing", "class_never_found", "start_kept", "overfitting")
"""The criteria that ask for nothing but what a training came to."""


def doctor(subject: Any = None, *, data: Any = None, **options: Any) -> Diagnosis:
    """Why training fails: the diseases of a network and its rows, causes before effects, each with a cure that was tried.

    subject  a network as of `problem` (an example, a short form, a description …), a `Problem` or a `Network`; or a `Model`, its file, or
             the checkpoint of a run
    data     a file of numbers; of a model a table of rows, in place of those that it was trained on: a file or a data frame
    options  as of `problem`

    Raises InputError.
    """
    if isinstance(subject, Model) or (isinstance(subject, (str, Path)) and _is_run(subject)):
        if options:
            raise InputError(f"a model says its {next(iter(options))} itself; leave it out.")
        model = subject if isinstance(subject, Model) else Model.load(subject)
        name = subject.network.summary if isinstance(subject, Model) else str(subject)
        return examined(case_of_model(model, data), name)
    given = subject if isinstance(subject, Problem) and not options and data is None else problem(subject, data=data, **options)
    return examined_problem(given)


def _is_run(subject: Any) -> bool:
    """Is it the file of a model, or of a run that goes on or was cut short?"""
    return is_model(subject) or str(subject).lower().endswith(".safetensors.checkpoint")


def examined_problem(given: Problem) -> Diagnosis:
    """The diagnosis of a network with its batch. Raises DescriptionError."""
    if given.x is None or given.t is None:
        raise DescriptionError("a diagnosis needs rows to learn from: give x and t, as [data] in a description, or --data FILE.")
    rule = given.optimizer or find("optimizer", "sgd")
    case = Case(given.network, given.x, given.t, rule, batch_size=len(given.x), inputs=given.features, targets=given.targets)
    source = given.origin.get("source")
    return examined(case, str(source) if source else given.network.summary, rates_of(case))


def rates_of(case: Case) -> Mapping[str, float | None]:
    """What is said about rates, as `explain` prints it."""
    if operations(case.network, case.rows) > MOST_ADVISED:
        return NO_RATES
    advice = advise(case.network, np.asarray(case.x, dtype=float), np.asarray(case.t, dtype=float), case.optimizer)
    return NO_RATES if advice is None else advice.to_dict()


def case_of_model(model: Model, data: Any = None) -> Case:
    """A trained model with the rows that it was trained on, or with others. Raises InputError."""
    known: dict[str, Any] = {"trained": model.network, "history": model.history, "outcome": model.outcome, "scores": model.scores}
    return case_of_rows(model.start, model.plan, model.preparation, *parts_of(model, data), **known)


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
    return list(found(case, *OF_ROWS))


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
