"""A run whose data, network and plan are decided: trained to its end, measured and kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from chainrule.api.figures import training_curve
from chainrule.api.resuming import Begun
from chainrule.api.watching import Watch
from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.base.interruption import CTRL_C, asked_to_end, interrupt_by_hand
from chainrule.data.memory import memory_left
from chainrule.diagnosis.divergence import Diverged, diverged
from chainrule.engines.choice import Predictor
from chainrule.network.network import Network
from chainrule.preparation.cautions import Caution
from chainrule.preparation.preparation import Preparation
from chainrule.processes.together import Processes
from chainrule.reports.replay import Landmarks
from chainrule.training.agreement import scores_of_all
from chainrule.training.cross_validation import fold_predictions
from chainrule.training.history import Outcome, Report
from chainrule.training.loop import Overflowed, Training
from chainrule.training.metrics import Scores, baseline_of, score
from chainrule.training.model import Model, checkpoint_path, save_checkpoint
from chainrule.training.outputs import Log, Outputs, resumable
from chainrule.training.plan import Plan, fold_places, split_rows
from chainrule.training.rows import Rows, Subset, weights_of

if TYPE_CHECKING:
    from chainrule.diagnosis.criteria import Finding


SCORED_AT_ONCE = 1 << 17
"""Rows whose predictions are in memory at a time."""

SEARCHED = 1 << 28
"""Bytes of numbers that processes show each other at most, to find rows that both train and test."""


class Run(Frozen):
    """What is about to be trained, when everything is decided.

    rows     the data
    network  before the first step
    train, validation, test   the subsets of the data, as numbers
    form     what was said about how to read the data
    cautions what about the data is worth a line
    asked    what was asked for, by the names of `train`'s arguments, as plain data
    processes, costs, findings   where several share it: they, the seconds of a part and of a reduction, what is wrong with all their rows
    """

    rows: Rows
    network: Network
    preparation: Preparation
    plan: Plan
    train: Subset
    validation: Subset
    test: Subset
    form: Mapping[str, Any] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)
    processes: Processes | None = None
    costs: tuple[float, float] | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def guess(self) -> Array:
        """What someone guesses who knows the training targets alone."""
        return baseline_of(self.preparation, self.train.labels)

    def training(self) -> Training:
        """The run at its start."""
        return Training(self.network, self.train.x, self.train.t, self.plan, **self._held_out())

    def resumed(self, arrays: Mapping[str, Array], record: Mapping[str, Any]) -> Training:
        """The run where it was cut short. Raises InputError where the data is not the same."""
        return Training.resumed(self.network, self.train.x, self.train.t, self.plan, arrays, record, **self._held_out())

    def _held_out(self) -> dict[str, Any]:
        decide = self.validation
        held_out = (decide.x, decide.t, self._weights(decide)) if len(decide) else None
        shards = {"shard": self.train.shard, "validation_shard": decide.shard}
        return {"weights": self._weights(self.train), "validation": held_out, "groups": self.train.groups, **shards}

    def _weights(self, subset: Subset) -> Array | None:
        return subset.here(weights_of(subset, self.train, self.preparation, self.plan))

    def measured(self, network: Network, part: Subset) -> Scores:
        """How good the network is on a part; where several processes hold its rows, all of them ask."""
        labels = part.here(part.labels)
        assert labels is not None
        predict = Predictor(network, self.plan.engine, self.plan.precision)
        blocks = [slice(start, start + SCORED_AT_ONCE) for start in range(0, len(labels), SCORED_AT_ONCE)]
        some = (score(self.preparation, predict(part.x[block]), labels[block], guess=self.guess) for block in blocks)
        first = next(some, None)
        return scores_of_all(None if first is None else sum(some, first), self.processes)


class CrossValidation(FrozenValue):
    """A cross-validation in so many folds; `begun` is the one that goes on."""

    count: int
    plan: Plan
    groups: Array | None = None
    begun: Begun | None = None


def cross_validated(
    prepared: Callable[..., Run], labels: Array, validation: CrossValidation, outputs: Outputs, watch: Watch
) -> dict[str, Scores]:
    """The scores of each fold, trained on the others; a validation subset of these decides when to stop."""
    plan, groups, begun = validation.plan, validation.groups, validation.begun
    scores: dict[str, Scores] = {} if begun is None else dict(begun.model.scores)
    for number, (others, fold) in enumerate(fold_places(labels, validation.count, plan.seed, groups), start=1):
        name = f"fold {number}"
        if name not in scores:
            inner, decide, _ = split_rows(labels[others], replace(plan, test=0.0), None if groups is None else groups[others])
            run = prepared(others[inner], others[decide], fold)
            training, begun = run.training() if begun is None else begun.training(run), None
            scores[name] = run.measured(_fold_network(run, training, dict(scores), outputs, watch), run.test)
        watch.fold(number, validation.count, scores[name])
    return scores


def _fold_network(run: Run, training: Training, scores: Mapping[str, Scores], outputs: Outputs, watch: Watch) -> Network:
    """The network of a fold, trained to its end. What is finished, and this one so far, is in the checkpoint."""

    def checkpoint(training: Training) -> None:
        if outputs.model is not None:
            save_checkpoint(checkpoint_path(outputs.model), _model(run, training, scores), training, in_folds=True)

    checkpoint(training)
    with resumable(outputs):
        try:
            outcome = training.run(checkpoint=checkpoint)
        except Overflowed as error:
            outputs.remove_checkpoint()
            raise diverged(training.whole(), error.step) from None
    if outcome.reason == "interrupted":
        if outputs.model is not None:
            watch.cut_short()
        raise KeyboardInterrupt
    return outcome.network


def finished_model(run: Run, training: Training, scores: Mapping[str, Scores], outputs: Outputs, watch: Watch, language: str) -> Model:
    """The model at the end of the run, written if it was to be; whatever the end is, the best weights so far are not lost."""
    ended: Outcome | Overflowed
    if run.processes is not None:
        run = replace(run, costs=training.costs(), findings=_findings(run))
    asked = ScoresOfAll(run.processes, lambda: _held_out_scores(run, training))
    watch.begins(run, training)
    landmarks = None if outputs.report is None else Landmarks(training)
    with Log(outputs.log, training.history) as log:

        def report(now: Report) -> None:
            log.add(now)
            if landmarks is not None:
                landmarks.keep(training)
            with asked:
                watch.epoch(now, asked.scores)

        def checkpoint(training: Training) -> None:
            if outputs.model is not None:
                save_checkpoint(checkpoint_path(outputs.model), _model(run, training, scores), training)

        checkpoint(training)
        with resumable(outputs):
            try:
                ended = training.run(report, checkpoint)
            except Overflowed as error:
                ended = error
            reason = ended.reason if isinstance(ended, Outcome) else "diverged"
            with asked_to_end(interrupt_by_hand):
                model = _model(run, training, {**scores, **_measured(run, training.best_network)}, reason)
                outputs.write(model)
    if reason != "interrupted":
        outputs.remove_checkpoint()
    if isinstance(ended, Overflowed) and run.plan.reduce_every > 1:
        raise ended  # of steps that no process takes a second time, nobody can say more
    outcome = ended if isinstance(ended, Outcome) else diverged(training.whole(), ended.step)
    with asked:
        watch.ends(model, outcome)
    if outputs.curve is not None and any(math.isfinite(report.error) for report in model.history):
        training_curve(model.history, model.network, language).save(outputs.curve)
    if landmarks is not None and outputs.report is not None and (reason != "interrupted" or training.stopped_by == CTRL_C):
        from chainrule.api.report import SOMEWHERE, report_of

        ways: dict[str, Any] = {"states": landmarks.states, "language": language}
        ways |= {"training": training} if run.processes is None else {}
        diverging = outcome if isinstance(outcome, Diverged) else None
        report_of(model, str(outputs.model or SOMEWHERE), run.rows, diverged=diverging, **ways).save(outputs.report)
    if isinstance(outcome, Diverged):
        raise outcome
    if reason == "interrupted" and training.stopped_by != CTRL_C:
        raise KeyboardInterrupt
    return model


def _findings(run: Run) -> tuple[Finding, ...]:
    """What is wrong with the rows of all processes; in the one that says it."""
    from chainrule.api.doctor import before

    assert run.processes is not None
    run.rows.first  # noqa: B018  # which all find together
    size = sum(run.processes.numbers(sum(part.x.nbytes + part.t.nbytes for part in (run.train, run.validation, run.test))))
    if size <= min(SEARCHED, *(left / 8 for left in run.processes.numbers(memory_left()))):
        run = replace(run, train=run.train.whole(), validation=run.validation.whole(), test=run.test.whole())
    else:
        run = replace(run, validation=run.validation.none(), test=run.test.none())
    return tuple(before(run)) if run.processes is not None and run.processes.writes else ()


def _held_out_scores(run: Run, training: Training) -> Scores | None:
    """The scores of this moment on rows that were not trained on; None if there are no such rows."""
    if training.fold_networks:
        y = fold_predictions(training.fold_networks, training.network, training.keys)
        return score(run.preparation, y, run.train.labels, guess=run.guess)
    return run.measured(_now(training), run.validation) if len(run.validation) else None


class ScoresOfAll:
    """Scores that the process that writes may ask for while this is open, as often as it likes: all measure them whenever it does."""

    def __init__(self, processes: Processes | None, measure: Callable[[], Scores | None]) -> None:
        self.processes, self.measure, self.open = processes, measure, processes is None

    def scores(self) -> Scores | None:
        """Of this moment; None where the others do not listen, as after a process was lost."""
        if not self.open:
            return None
        if self.processes is not None:
            self.processes.numbers(1.0)
        return self.measure()

    def __enter__(self) -> None:
        self.open = self.processes is None or self.processes.writes

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.processes is not None:
            self.open = False
            while kind is None and self.processes.numbers(0.0)[0]:
                self.measure()


def _now(training: Training) -> Network:
    """The network with the weights that are evaluated after the last epoch."""
    return training.network.continued(training.parameters_of(training.evaluated))


def _model(run: Run, training: Training, scores: Mapping[str, Scores], reason: str = "") -> Model:
    """The model with the best weights so far."""
    from chainrule import __version__

    best = training.best_error if math.isfinite(training.best_error) else None
    ended: dict[str, Any] = {"best_epoch": training.best_epoch, "best_error": best, "epochs": training.epochs}
    if training.kept.temperature != 1:
        ended["temperature"] = training.kept.temperature
    if reason:
        ended["reason"] = reason
    first = run.rows.first
    source = {"name": first.source, "rows": len(run.train), "form": dict(run.form), "columns": list(first.names)}
    source |= {"files": list(run.rows.files)} if run.rows.files else {}
    source |= {"options": dict(run.asked)} if run.asked else {}
    known = {"preparation": run.preparation, "scores": scores, "source": source, "guess": run.guess, "outcome": ended}
    return Model.of(training, made_with=__version__, **known)


def _measured(run: Run, network: Network) -> dict[str, Scores]:
    """The scores on every subset that has rows."""
    subsets = {"train": run.train, "validation": run.validation, "test": run.test}
    return {name: run.measured(network, subset) for name, subset in subsets.items() if len(subset)}
