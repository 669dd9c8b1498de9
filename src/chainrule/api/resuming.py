"""What a run was asked for, kept with it, and how a run that was cut short goes on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.api.described import description_of
from chainrule.api.networks import layer_sizes
from chainrule.api.settings import one_or_several, setting, typed
from chainrule.base.arrays import Array, python_value
from chainrule.base.errors import FileError, InputError
from chainrule.base.frozen import FrozenValue, replace
from chainrule.base.printing import command_line
from chainrule.network.definitions import Bound, find
from chainrule.processes.launch import restarted
from chainrule.processes.together import Processes
from chainrule.training.agreement import alike, check_options, check_versions, readable_here
from chainrule.training.loop import Training
from chainrule.training.model import Model, checkpoint_path, load_checkpoint
from chainrule.training.outputs import Outputs, reserved
from chainrule.training.plan import Plan

if TYPE_CHECKING:
    from chainrule.api.run import Run

FREE = ("epochs", "until", "patience", "engine")
"""What a run that is resumed may be asked anew."""

OUTSIDE = ("data", "output", "resume", "force", "log", "curve", "report", "language", "watch", "processes")
"""Arguments that say nothing about the run itself."""


def asked_options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, out of the arguments of `train`, where it is not the default: plain data, by name."""
    defaults = {name: default for name, default in _defaults().items() if name not in (*OUTSIDE, *FREE)}
    plain = {name: _plain_option(name, arguments[name]) for name in defaults if name in arguments}
    return {name: value for name, value in plain.items() if value != _plain_option(name, defaults[name])}


def _defaults() -> dict[str, Any]:
    """What the arguments of `train` are where they are not said."""
    from inspect import signature

    from chainrule.api.train import train  # which imports this module

    return {name: parameter.default for name, parameter in signature(train).parameters.items()}


def _plain_option(name: str, value: Any) -> Any:
    """An option as plain data, the same however it was written."""
    value = python_value([*value] if getattr(value, "ndim", 0) else value)  # names in an array, as the columns of a data frame are
    if value is None or value == "" or (isinstance(value, (list, tuple)) and not value):
        return None
    if name == "hidden":
        return layer_sizes(value)
    if name == "network":
        return description_of(value)
    if name in ("activation", "loss", "regularizer", "optimizer"):
        return find(name, setting(value)).described()
    if name in ("dates", "units"):
        return [part.strip() for part in (value.split(",") if isinstance(value, str) else one_or_several(value))]
    if name in ("target", "ignore", "categories", "numbers", "missing"):
        return [part.strip() for part in one_or_several(value)]
    if isinstance(value, Bound):
        return value.described()
    return dict(value) if isinstance(value, Mapping) else value if isinstance(value, (bool, int, float)) else str(value)


def check_resumed_options(output: str | Path, said: Mapping[str, Any]) -> None:
    """The same for arguments of `train` that were said, defaults among them; nothing where no run was cut short. Raises InputError."""
    path = checkpoint_path(output)
    if path.exists():
        names = [name for name in said if name not in (*OUTSIDE, *FREE)]
        check_resumed(load_checkpoint(path)[0], {name: _plain_option(name, said[name]) for name in names})


def check_resumed(began: Model, asked: Mapping[str, Any]) -> None:
    """Raises InputError where what is asked for contradicts the run that is to go on, by name.

    asked  as of `asked_options`
    """
    known = began.source.get("options")
    if known is None:
        return  # a run of an older version does not say
    for name, value in asked.items():
        was = known.get(name, _plain_option(name, _defaults()[name]))
        if value == was:
            continue
        began_with = f"with {_option(name, was)}{'' if name in known else ', the default'}"
        if was is None or (was is False and name not in known):
            began_with = "without it"
        elif name == "network":
            began_with = "with another one"
        raise InputError(
            f"{_option(name, value)} contradicts the run, which began {began_with}; leave it out, or begin anew with «--force»."
        )


def _option(name: str, value: Any) -> str:
    """An option as it is typed; of a network, of which there may be pages, only that there is one."""
    return "«--network»" if isinstance(value, Mapping) and name == "network" else f"«{command_line(*typed(name, value))}»"


class Begun(FrozenValue):
    """A run that was cut short: its model so far, and what `Training.resumed` takes."""

    model: Model
    arrays: Mapping[str, Array]
    record: Mapping[str, Any]

    @property
    def in_folds(self) -> bool:
        """Was that in a cross-validation, before the run itself?"""
        return bool(self.record.get("in_folds"))

    def plan(self, settings: Mapping[str, Any]) -> Plan:
        """Its plan, but for how long it goes on, where that is said anew."""
        plan = self.model.plan if settings["patience"] is None else replace(self.model.plan, fewest_epochs=0)
        return replace(plan, **{name: settings[name] for name in FREE if settings[name] is not None})

    def training(self, run: Run) -> Training:
        """The training of the fold at hand, where it was cut short."""
        return replace(run, network=self.model.start).resumed(self.arrays, self.record)


def begins(
    stack: ExitStack,
    processes: Processes | None,
    asked: Mapping[str, Any],
    free: Mapping[str, Any],
    output: Path | None,
    *others: Any,
    force: bool,
) -> tuple[Outputs, Begun | None]:
    """The outputs of the run, and the run that goes on, if one does: as asked, or because torchrun has started the processes anew.

    asked   what the run that goes on must agree with; free: what else was asked for, "resume" among it
    others  log, curve and report

    Raises InputError.
    """
    from chainrule import __version__

    resume = bool(free["resume"])
    if processes is None and asked.get("reduce_every", 1) != 1:
        raise InputError("reduce_every says how often several processes average their weights, but there is one; leave it out.")
    if processes is not None:
        check_versions(processes, __version__)
        check_options(processes, {**asked, **free})
        found = output is not None and restarted() and checkpoint_path(output).exists()
        resume = bool(processes.numbers(float(resume or found))[0])
    outputs = alike(processes, lambda: _reserved(stack, processes, output, *others, resume=resume, force=force))
    if not resume:
        if processes is not None:  # what an earlier run has left must not be taken for this one's, if this one is killed
            outputs.remove_checkpoint()
        return outputs, None
    begun = _begun(output, asked, processes)
    return alike(processes, lambda: outputs.going_on(begun.model)), begun


def _reserved(stack: ExitStack, processes: Processes | None, *files: Any, resume: bool, force: bool) -> Outputs:
    """The outputs of the run; none in a process that does not write. Raises InputError."""
    if processes is not None and not processes.writes:
        return Outputs()
    return stack.enter_context(reserved(*files, resume=resume, force=force))


def _begun(output: Path | None, asked: Mapping[str, Any], processes: Processes | None) -> Begun:
    """The run of a checkpoint. Raises FileError where there is none, InputError where something else is asked for now."""
    assert output is not None
    path = checkpoint_path(output)

    def check() -> None:
        if (processes is None or processes.writes) and not path.exists():
            raise FileError(f"there is no {path} to resume from: no run was cut short there.")

    alike(processes, check)
    return alike(processes, partial(_checked_begun, readable_here(processes, path), path, asked))


def _checked_begun(here: Path, path: Path, asked: Mapping[str, Any]) -> Begun:
    """The run of a checkpoint, which can be read `here`. Raises FileError, InputError."""
    begun = Begun(*load_checkpoint(here))
    if here != path:
        here.unlink()
    if begun.model.preparation is None:
        raise InputError(f"{path} was not made by `train`, so it does not say how its rows were prepared.")
    check_resumed(begun.model, asked)
    lacking = [_option(name, value) for name, value in begun.model.source.get("options", {}).items() if name not in asked]
    if begun.in_folds and lacking:
        raise InputError(f"a cross-validation goes on with the options that it began with: add {' '.join(lacking)}.")
    return begun
