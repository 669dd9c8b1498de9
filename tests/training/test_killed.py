"""Runs that are killed at random moments, with no chance to say goodbye, and go on from their checkpoints: the same numbers, bit for bit.

The process trains, keeps a checkpoint after every epoch, and is killed by SIGKILL after so many calls of functions: at the same moments on
every machine. It forks from one that has imported everything, so that a life takes milliseconds.
"""

import fcntl
import os
import random
import signal
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tests.samples import some

import chainrule as cr
from chainrule.api.watching import Watch
from chainrule.base.errors import FileError
from chainrule.data.reading import read
from chainrule.preparation import disk
from chainrule.training.loop import Training
from chainrule.training.model import Model, checkpoint_path, load_checkpoint, save_checkpoint
from chainrule.training.plan import Plan

PLAN = Plan(epochs=30, batch_size=8, engine="written", patience=None, optimizer=cr.adam(cr.cosine(rate=0.02, steps=180)))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")


@pytest.fixture(autouse=True)
def without_waiting_for_the_disk(monkeypatch):
    """What a process wrote is there when it is killed: only a machine that loses its power needs what is on the disk itself."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def data():
    random = np.random.default_rng(1)
    x = random.normal(size=(60, 3))
    t = np.column_stack([np.sin(x[:, 0]), x[:, 1] * x[:, 2]])
    return x[:45], t[:45], x[45:], t[45:]


def begun():
    x, t, *held_out = data()
    network = cr.Network(3, cr.dense(5, "tanh"), cr.dense(2), seed=9)
    return Training(network, x, t, PLAN, validation=held_out)


def go_on(output: Path, started: Callable[[], object] = lambda: None) -> None:
    """What the command line does: from the checkpoint, if there is one, to the model."""
    path = checkpoint_path(output)
    training = begun()
    if path.exists():
        x, t, *held_out = data()
        model, arrays, record = load_checkpoint(path)
        training = Training.resumed(model.start, x, t, model.plan, arrays, record, validation=held_out)
    started()
    training.run(checkpoint=lambda run: save_checkpoint(path, Model.of(run), run), seconds=0)
    Model.of(training).save(output, force=True)
    path.unlink()


class Begun(Watch):
    """Says when the first epoch begins, or the first fold is done."""

    def __init__(self, started):
        self.started = started

    def fold(self, number, count, scores):
        self.started()

    def begins(self, run, training):
        self.started()


def go_on_by_default(output: Path, started: Callable[[], object] = lambda: None) -> None:
    """The same with no option but --target: cross-validation decides when to stop, and the run goes all the way to the model."""
    go_on_by_command(output, started, FLOWERS, epochs=20)


def go_on_with_folds(output: Path, started: Callable[[], object] = lambda: None) -> None:
    """A cross-validation before it, whose finished folds are kept."""
    go_on_by_command(output, started, FLOWERS, folds=3, epochs=4)


def go_on_streamed(output: Path, started: Callable[[], object] = lambda: None) -> None:
    """Data that do not fit into memory: read in pieces, their numbers on a disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "memory", lambda: 1000)
        path = output.parent / "flowers.csv"
        if not path.exists():
            rows = zip(*(column.values for column in FLOWERS.columns), strict=True)
            path.write_text("\n".join([",".join(FLOWERS.names), *(",".join(map(str, row)) for row in rows)]))
        go_on_by_command(output, started, str(path), validation=0.2, epochs=20)


def go_on_by_command(output, started, data, epochs, **options):
    resume = checkpoint_path(output).exists()
    if output.exists() and not resume:
        return  # killed when everything was done
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Training.run.__kwdefaults__, "seconds", 0)  # a checkpoint after every epoch here, too
        watch = Begun(started)
        options = options if resume else {"epochs": epochs, **options}
        cr.train(data, target="species", output=output, resume=resume, watch=watch, **options)


FLOWERS = read("data:iris").take(np.arange(0, 150, 2))


class Calls:
    """Counts the calls of functions, those of C among them, and kills the process after so many; None: it lives."""

    def __init__(self, most: int | None = None) -> None:
        self.number, self.most = 0, most

    def __call__(self, frame: object, event: str, argument: object) -> None:
        self.number += event in ("call", "c_call")
        if self.number == self.most:
            os.kill(os.getpid(), signal.SIGKILL)


REFUSED = 3


def forked(work: Callable[[], None], calls: Calls | None) -> int:
    """The number of a process of its own that does this work, its calls counted from the start; it ends with REFUSED at a FileError."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        sys.setprofile(calls)
        work()
        code = 0
    except FileError:
        code = REFUSED
    finally:
        os._exit(code)


def waited(child: int) -> int:
    """How it ended: its exit code, or the signal that killed it as a negative number."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def life(go_on: Callable[..., None], output: Path, most: int, *, early: bool) -> bool:
    """A process that goes on with the run, and is killed after so many calls; was it?

    early  they are counted from the start, where it reads its checkpoint, and not from the first epoch
    """
    calls = Calls(most)
    end = waited(forked(lambda: go_on(output, lambda: sys.setprofile(calls)), calls if early else None))
    assert end in (0, -signal.SIGKILL)
    return end == -signal.SIGKILL


def unbroken(go_on: Callable[..., None], output: Path) -> tuple[int, int]:
    """How many calls the run makes before its first epoch, and from there."""
    calls, before = Calls(), []
    sys.setprofile(calls)
    try:
        go_on(output, lambda: before.append(calls.number))
    finally:
        sys.setprofile(None)
    return before[0], calls.number - before[0]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("go_on", "most"),
    some(
        [(go_on_by_default, 250), *product((go_on, go_on_with_folds, go_on_streamed), (4, 250))],
        lambda case: case[1] == 4,  # the run by default is killed in the test below, too
    ),
)
def test_killed_at_random_moments_and_the_same_bit_for_bit(go_on, most, tmp_path):
    before, after = unbroken(go_on, tmp_path / "unbroken.safetensors")
    moments = random.Random(0)
    kills, finished, seen = 0, 0, set()
    while kills < most or len(seen) < 2:
        output = tmp_path / f"killed{finished}.safetensors"
        early = moments.random() < 0.3
        if not life(go_on, output, moments.randint(1, before if early else after), early=early):
            assert output.read_bytes() == (tmp_path / "unbroken.safetensors").read_bytes()
            finished += 1
            continue
        kills += 1
        if (path := checkpoint_path(output)).exists():  # whatever the moment: whole, and of a whole epoch
            model, _, record = load_checkpoint(path)
            seen.add((len(model.scores), record["epochs"]))
    go_on(output)
    assert output.read_bytes() == (tmp_path / "unbroken.safetensors").read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.suffix not in (".safetensors", ".csv")]  # nothing is left behind


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("most", some([1, 150], 2))
def test_several_processes_with_one_output_do_not_disturb_each_other(most, tmp_path):
    """Two at a time want to go on with one run, and are killed: one of them does, the other is refused, and the numbers are the same."""
    _, after = unbroken(go_on_by_default, tmp_path / "unbroken.safetensors")
    moments, output = random.Random(1), tmp_path / "killed.safetensors"
    ends: list[int] = []
    while len(ends) < 2 * most or not {REFUSED, -signal.SIGKILL} <= set(ends):
        lives = [forked(lambda: go_on_by_default(output), Calls(moments.randint(1, after // 3))) for _ in range(2)]
        ends += map(waited, lives)
        if output.exists() and not checkpoint_path(output).exists():
            assert output.read_bytes() == (tmp_path / "unbroken.safetensors").read_bytes()
            output.unlink()
        assert {*ends} <= {0, REFUSED, -signal.SIGKILL}
    go_on_by_default(output)
    assert output.read_bytes() == (tmp_path / "unbroken.safetensors").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"killed.safetensors", "unbroken.safetensors"}


def test_what_a_killed_process_leaves_is_whole_or_as_it_was(tmp_path):
    """Killed while it writes: the file beside it may be cut, the checkpoint never is."""
    path = checkpoint_path(tmp_path / "m.safetensors")
    training = begun()
    training.epoch()
    save_checkpoint(path, Model.of(training), training)
    whole = path.read_bytes()
    left, being_written = (tmp_path / f".{path.name}.{name}.unfinished" for name in ("left", "new"))
    for unfinished in (left, being_written):
        unfinished.write_bytes(whole[:1000])  # what a kill in the middle of writing leaves
    assert load_checkpoint(path)[2]["epochs"] == 1
    with being_written.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as somebody does who still writes to it
        save_checkpoint(path, Model.of(training), training)
    assert not left.exists()
    assert being_written.exists()
    path.write_bytes(whole[:-1])
    with pytest.raises(FileError, match="cut short"):
        load_checkpoint(path)
