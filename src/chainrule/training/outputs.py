"""What a run leaves behind: its model, a log, a picture of its errors, a report. Checked before it begins; a full disk is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from chainrule.base.errors import FileError, InputError
from chainrule.base.files import check_writable, claimed, occupied, there_already, write_whole
from chainrule.base.frozen import FrozenValue, replace
from chainrule.pictures.curves import Curves
from chainrule.training.history import Report
from chainrule.training.model import Model, checkpoint_path

LOGS = (".jsonl", ".csv")
"""Suffixes of logs, which say the format."""


class Outputs(FrozenValue):
    """The files that a run leaves behind, if any.

    force     the model may take the place of any file
    replaced  else only of this one, as it was then: the model that the run made when it was interrupted
    """

    model: Path | None = None
    log: str | Path | None = None
    curve: str | Path | None = None
    report: str | Path | None = None
    force: bool = False
    replaced: tuple[int, ...] | None = None

    def write(self, model: Model) -> None:
        """Write the model. Raises FileError where a file has appeared that it may not replace."""
        if self.model is not None:
            model.save(self.model, force=self.force or (self.replaced is not None and self.replaced == state_of(self.model)))

    def remove_checkpoint(self) -> None:
        """Remove what an unfinished run has left beside its model, if anything."""
        if self.model is not None:
            checkpoint_path(self.model).unlink(missing_ok=True)

    def going_on(self, began: Model) -> Outputs:
        """The outputs of a run that goes on from a checkpoint. Raises FileError where the model that is there is not of that run."""
        if self.model is None or self.force or not occupied(self.model):
            return self
        there, state = Model.load(self.model), state_of(self.model)
        if there.start != began.start or there.source.get("digest") != began.source.get("digest"):
            raise FileError(f"{self.model} is not of the run that was cut short: move it away, or replace it with «--force».")
        return replace(self, replaced=state)


def state_of(path: Path) -> tuple[int, ...] | None:
    """By which it is seen whether a file is still the one that it was; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def reserved(
    output: Path | None,
    log: str | Path | None,
    curve: str | Path | None,
    report: str | Path | None = None,
    *,
    resume: bool,
    force: bool,
) -> Iterator[Outputs]:
    """The outputs of a run, which are no other run's while this lasts. Whether everything can be written is asked before a training, not
    after it. Raises InputError.
    """
    _check_names(output, log, resume)
    for path in (output, log, curve, report):
        if path is not None:
            check_writable(path, in_place=path is log)
    if output is None:
        yield Outputs(None, log, curve, report)
        return
    with claimed(output):
        if occupied(output) and not (force or resume):
            raise there_already(output)
        if checkpoint_path(output).exists() and not (force or resume):
            raise FileError(
                f"{checkpoint_path(output)} is of a run that was cut short: go on with it by «--resume», or begin anew with «--force»."
            )
        yield Outputs(output, log, curve, report, force)


def _check_names(output: Path | None, log: str | Path | None, resume: bool) -> None:
    if log is not None and Path(log).suffix.lower() not in LOGS:
        raise FileError(f"{log}: a log is written as {' or '.join(LOGS)}; the suffix says which.")
    if output is None:
        if resume:
            raise InputError('there is nothing to resume without a model\'s file; say which, as output="model.safetensors".')
        return
    if output.suffix.lower() != ".safetensors":
        raise FileError(f"{output}: a model is written as .safetensors.")


@contextmanager
def resumable(outputs: Outputs) -> Iterator[None]:
    """A file that cannot be written, as on a full disk, ends a run; what it came to is not lost, and that is said."""
    try:
        yield
    except FileError as error:
        path = None if outputs.model is None else checkpoint_path(outputs.model)
        if path is None or not path.exists():
            raise
        raise FileError(f"{error} The run up to a moment ago is in {path}: when that is put right, go on with «--resume».") from None


class Log:
    """A file with a line an epoch, which grows while the run goes on; that of a resumed run has the lines of the epochs before, too.

    Raises FileError where it cannot be written.
    """

    COLUMNS = ("epoch", "step", "error", "validation_error", "rate", "seconds")

    def __init__(self, path: str | Path | None, before: Sequence[Report]) -> None:
        self.path, self.as_json = path, path is not None and Path(path).suffix.lower() == ".jsonl"
        self.file: TextIO | None = None
        if path is None:
            return
        head = "" if self.as_json else ",".join(self.COLUMNS) + "\r\n"
        if before:
            write_whole(path, head + "".join(self._earlier(path, before)))
        with self._told():
            self.file = Path(path).open("a" if before else "w", encoding="utf-8", newline="")  # noqa: SIM115  # __exit__ closes it
        if not before:
            self._write(head)

    def _earlier(self, path: str | Path, before: Sequence[Report]) -> list[str]:
        """The lines of the epochs before: those of the file that is there, if it has every one, or else what the history has kept."""
        last = before[-1].epoch
        with suppress(OSError, ValueError, LookupError, TypeError):
            lines = Path(path).read_bytes().decode().splitlines(keepends=True)[0 if self.as_json else 1 :]
            line = lines[last - 1]
            if last == int(json.loads(line)["epoch"] if self.as_json else line.partition(",")[0]):
                return lines[:last]
        return [self._line(report) for report in before]

    def _line(self, report: Report) -> str:
        values = {name: getattr(report, name) for name in self.COLUMNS}
        if self.as_json:
            return json.dumps(values) + "\n"
        return ",".join("" if value is None else repr(value) for value in values.values()) + "\r\n"

    def add(self, report: Report) -> None:
        """A line for the epoch."""
        if self.file is not None:
            self._write(self._line(report))

    def _write(self, text: str) -> None:
        assert self.file is not None
        with self._told():
            self.file.write(text)
            self.file.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{self.path} cannot be written: {error.strerror or error}.") from None

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            with suppress(OSError):  # of the line that could not be written before
                self.file.close()


def curves_of(history: Sequence[Report], training: str = "training", validation: str = "validation") -> Curves:
    """The errors of the epochs as curves."""
    held_out = [(report.epoch, report.validation_error) for report in history if report.validation_error is not None]
    return {training: [(report.epoch, report.error) for report in history], **({validation: held_out} if held_out else {})}
