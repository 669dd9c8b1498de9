"""Many trainings of one table, side by side: which settings learn it best?

    found = cr.sweep("houses.csv", target="price", grid={"hidden": [8, 16], "learning_rate": "1e-3..1e-1"})
    found.best.predict(others)

Each trial is a whole `train`, with a validation of its own. The rows that are kept for the test choose nothing, so that the score of the
best model on them is an honest one. joblib runs the trials in processes of this machine, or on a cluster of Dask or Ray.
"""

from __future__ import annotations

import os
import re
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from chainrule.api.grid import combinations, read_grid
from chainrule.api.resuming import FREE, OUTSIDE, asked_options
from chainrule.api.train import train
from chainrule.api.watching import Watch
from chainrule.base.errors import ChainruleError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.base.interruption import asked_to_end, ctrl_c_held, ignore_ctrl_c, interrupt
from chainrule.diagnosis.divergence import Diverged
from chainrule.network.definitions import KINDS, Definition, definitions, is_built_in
from chainrule.processes.launch import count_said
from chainrule.training.cross_validation import FoldNetwork, fold_predictions
from chainrule.training.metrics import Scores, score
from chainrule.training.model import Model
from chainrule.training.plan import check_count
from chainrule.training.trials import Sweep, Trial, trial_table

VARIED = (
    "hidden", "activation", "network", "loss", "regularizer", "optimizer", "learning_rate", "epochs", "batch_size", "patience",
    "class_weights", "shuffle", "average_weights", "calibrate", "seed", "precision", "engine", "impute",
)  # fmt: skip
"""Arguments of `train` that trials may differ in. The others say which rows there are, and who of them trains, decides and tests."""

CLUSTERS, ANSWERS = ("dask", "ray"), 30.0
"""Where trials can run beside this machine, and in how many seconds a cluster answers or does not."""

KILLED = (
    "a process that tried a setting was killed, perhaps for want of memory. What ended is kept: go on with «--resume» and fewer "
    "«--processes»."
)


def sweep(
    data: Any,
    *,
    grid: str | Mapping[str, Any],
    trials: int | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    watch: Callable[[Sweep, Trial], object] | None = None,
    **settings: Any,
) -> Sweep:
    """Train a network on a table with every combination of some settings, and keep the best one.

    data      as of `train`; so are all further settings, which hold for every trial
    grid      values for each name: {"hidden": [8, 16], "learning_rate": "1e-3..1e-1"}, or text, "hidden=8,16 learning_rate=1e-3..1e-1".
              a..b are 5 values from a to b, a..b:9 are 9: with equal ratios where b is 10 a or more, else with equal differences; where
              both ends are whole numbers, so are all values. Commas within brackets divide nothing: (cosine:rate=0.01,steps=900),0.01
    trials    so many combinations are drawn, by `settings["seed"]`, from the lists and anywhere within the ranges; all, if none is said
    processes how many trials run side by side: as many as there are processors, if none is said
    cluster   "dask:tcp://host:8786" or "ray:auto": where they run instead
    output    where the best model so far is written; the trials stand beside it, in `best.safetensors.trials.jsonl`, a line each
    resume    go on with that table: what ended is not trained again; force: replace both
    watch     is called after each trial with what the sweep has come to, and the trial

    At Ctrl-C, and where the process is asked to end, KeyboardInterrupt is raised; the trials that ended are in the table, for `resume`.

    Raises InputError; also where every trial failed because of one.
    """
    if count_said() > 1:
        raise InputError("a sweep starts its trials side by side itself (processes, cluster): run it without torchrun or mpirun.")
    values = read_grid(grid)
    for name in values:
        if name not in VARIED:
            hint = "The rows and who tests must be the same in every trial." if name in asked_names() else ""
            raise UnknownNameError("setting of a grid", name, VARIED, hint)
        if name in settings and settings[name] is not None:
            raise InputError(f"{name} is in the grid and is set as well; leave out one of them.")
    for name in settings:
        if name not in asked_names():
            raise UnknownNameError("setting of a training", name, asked_names())
    points = combinations(values, trials, int(settings.get("seed") or 0))
    fixed = asked_options(settings) | {name: settings[name] for name in FREE if settings.get(name) is not None}
    with ExitStack() as stack:
        kept = stack.enter_context(trial_table(output, {"grid": _plain(points), "settings": fixed}, resume=resume, force=force))
        todo = [Trial(number, point) for number, point in enumerate(points, start=1) if number not in kept.numbers]
        found = kept.sweep(len(points))
        stack.enter_context(asked_to_end(interrupt))
        for trial, model in _running(data, settings, todo, processes, cluster):
            found = kept.added(found, trial, model)
            if watch is not None:
                watch(found, trial)
        if found.best is None:
            kept.forget()
    if found.best is None:
        raise InputError(f"no trial came to a model; the first one failed: {found.trials[0].failure}")
    return found


def asked_names() -> tuple[str, ...]:
    """Arguments of `train` that a sweep passes on."""
    from inspect import signature

    return tuple(name for name in signature(train).parameters if name not in OUTSIDE)


# The trials


class Held(Watch):
    """Remembers the run, and the networks of the folds as they were in the best epoch."""

    def begins(self, run: Any, training: Any) -> None:
        """The run that is watched."""
        self.run, self.training = run, training
        self.folds: Sequence[FoldNetwork] = training.fold_networks
        self.temperature = 1.0

    def epoch(self, report: Any, measure: Any) -> None:
        """Another epoch, perhaps the best one."""
        if self.training.best_epoch == report.epoch:
            self.folds, self.temperature = self.training.fold_networks, self.training.kept.temperature

    def scores(self, model: Model) -> Scores | None:
        """On rows that did not train the network; None where there are none."""
        if not self.folds:
            return model.scores.get("validation")
        folds = [replace(one, evaluated=self.training.divided(one.evaluated, self.temperature)) for one in self.folds]
        y = fold_predictions(folds, self.training.network, self.training.keys)
        return score(self.run.preparation, y, self.run.train.labels, guess=self.run.guess)


def ran_trial(data: Any, settings: Mapping[str, Any], trial: Trial, _: Sequence[Definition] = ()) -> tuple[Trial, Model | None]:
    """A trial that has ended, and its model. Raises KeyboardInterrupt where it was interrupted.

    _  a person's own definitions, which are known in a process as soon as they have been unpickled there
    """
    watch, began = Held(), time.perf_counter()
    try:
        model = train(data, **settings, **trial.settings, watch=watch)
    except Diverged as error:
        return _failed(trial, f"diverged in step {error.step}", began), None
    except ChainruleError as error:
        return _failed(trial, str(error), began), None
    if model.outcome["reason"] == "interrupted":
        raise KeyboardInterrupt
    folds = [scores.main[1] for name, scores in model.scores.items() if name.startswith("fold ")]
    held_out = watch.scores(model)
    if folds:
        value = None if None in folds else statistics.fmean(one for one in folds if one is not None)
    elif held_out is not None:
        value = held_out.main[1]
    else:
        why = "no rows are left to compare trials by: ask for «--validation 0.2», or for folds"
        return _failed(trial, why, began), None
    reached = {"epochs": model.outcome["epochs"], "error": model.outcome["best_error"], "seconds": round(time.perf_counter() - began, 3)}
    return Trial(trial.number, trial.settings, value, **reached), model


def _failed(trial: Trial, why: str, began: float) -> Trial:
    return Trial(trial.number, trial.settings, seconds=round(time.perf_counter() - began, 3), failure=why)


def _running(
    data: Any, settings: Mapping[str, Any], trials: Sequence[Trial], processes: int | None, cluster: str | None
) -> Iterator[tuple[Trial, Model | None]]:
    """The trials as they end. Raises InputError where joblib, or what the cluster needs, is not installed."""
    if processes is not None:
        check_count("the number of processes", processes, 1)
    from chainrule.engines.compiled.runtime.threads import processors

    most = min(processes or processors(), len(trials))
    if cluster is None and most <= 1:
        yield from (ran_trial(data, settings, trial) for trial in trials)
        return
    own = _own_definitions([settings, *(trial.settings for trial in trials)])
    kind, _, address = (cluster or "").partition(":")
    if cluster is not None and kind not in CLUSTERS:
        raise InputError(f"a cluster is dask:ADDRESS, as dask:tcp://host:8786, or ray:ADDRESS, as ray:auto, not {quoted(cluster)}.")
    if kind == "ray":
        with _ray(address) as ray:
            yield from _by_ray(ray, data, settings, trials, own)
        return
    try:
        import joblib
    except ImportError:
        raise InputError("trials run side by side by joblib: pip install 'chainrule[sweep]', or ask for «--processes 1».") from None
    with nullcontext() if cluster is None else _dask(address):
        # A terminal sends Ctrl-C to all processes of this machine, and this one answers for the others.
        own_machine: dict[str, Any] = {} if cluster else {"initializer": ignore_ctrl_c}
        parallel = joblib.Parallel(n_jobs=-1 if cluster else most, return_as="generator_unordered", pre_dispatch="n_jobs", **own_machine)
        try:
            with ctrl_c_held():
                ending = parallel(joblib.delayed(ran_trial)(data, settings, trial, own) for trial in trials)
            yield from ending
        except BrokenExecutor:
            raise InputError(KILLED) from None


def _own_definitions(settings: Sequence[Mapping[str, Any]]) -> list[Definition]:
    """The definitions of a person's own that the settings name; all of them, where a description may."""
    names = set(re.findall(r"\w+", repr(settings)))
    every = [definition for kind in KINDS for definition in definitions(kind).values()]
    own = [definition for definition in every if not is_built_in(definition.function)]
    return own if "network" in names else [definition for definition in own if definition.name in names]


@contextmanager
def _dask(address: str) -> Iterator[None]:
    """While this lasts, joblib gives its work to the cluster. Raises InputError."""
    import joblib

    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(f"the cluster dask needs {error.name}: pip install 'dask[distributed]'.") from None
    with ExitStack() as stack:
        try:
            stack.enter_context(Client(address or None, timeout=ANSWERS))
        except (OSError, ValueError) as error:  # a TimeoutError is an OSError
            raise InputError(f"the cluster {quoted(f'dask:{address}')} does not answer: {error}.") from None
        stack.enter_context(joblib.parallel_config("dask"))
        yield


@contextmanager
def _ray(address: str) -> Iterator[Any]:
    """Ray, which knows the cluster while this lasts. Raises InputError."""
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")  # read as Ray is imported; the usual 20 are ten minutes of silence
    try:
        import ray
    except ImportError as error:
        raise InputError(f"the cluster ray needs {error.name}: pip install ray.") from None
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdecimal():
            socket.create_connection((host.rpartition("/")[2].strip("[]"), int(port)), timeout=ANSWERS).close()
        ray.init(address=address or None, log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"the cluster {quoted(f'ray:{address}')} does not answer: {error}.") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _by_ray(
    ray: Any, data: Any, settings: Mapping[str, Any], trials: Sequence[Trial], own: Sequence[Definition]
) -> Iterator[tuple[Trial, Model | None]]:
    """The trials as they end. joblib has a backend for Ray, which gives nothing before all have ended: a sweep that is cut short would lose
    them. Raises InputError.
    """
    held, run = ray.put(data), ray.remote(ran_trial)
    waiting = [run.remote(held, settings, trial, own) for trial in trials]
    while waiting:
        (ended,), waiting = ray.wait(waiting)
        try:
            found: tuple[Trial, Model | None] = ray.get(ended)
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
            raise InputError(KILLED) from None
        yield found


def _plain(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The settings of trials as plain data; a definition of a person's own by its description."""
    return [{name: value.described() if hasattr(value, "described") else value for name, value in point.items()} for point in points]
