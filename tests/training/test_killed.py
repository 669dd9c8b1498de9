"""Runs that are killed at random moments, with no chance to say goodbye, and go on from their checkpoints: the same numbers, bit for bit.

The process trains, keeps a checkpoint after every epoch, and is killed by SIGKILL after so many calls of functions: at the same moments on
every machine. It forks from one that has imported everything, so that a life takes milliseconds.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.samples import some

import chainrule as cr
from chainrule.api.train import Watch
from chainrule.base.errors import FileError
from chainrule.data.reading import read
from chainrule.training.loop import Training
from chainrule.training.model import Model, checkpoint_path, load_checkpoint, save_checkpoint
from chainrule.training.plan import Plan

PLAN = Plan(epochs=150, batch_size=8, patience=None, optimizer=cr.adam(cr.cosine(rate=0.02, steps=900)))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")


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
    """Says when the first epoch begins."""

    def __init__(self, started):
        self.started = started

    def begins(self, run, training):
        assert len(training.fold_networks) == 5
        self.started()


def go_on_by_default(output: Path, started: Callable[[], object] = lambda: None) -> None:
    """The same with no option but --target: cross-validation decides when to stop, and the run goes all the way to the model."""
    resume = checkpoint_path(output).exists()
    if output.exists() and not resume:
        return  # killed when everything was done
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Training.run.__kwdefaults__, "seconds", 0)  # a checkpoint after every epoch here, too
        cr.train(FLOWERS, target="species", epochs=None if resume else 60, output=output, resume=resume, watch=Begun(started))


FLOWERS = read("data:iris")


class Calls:
    """Counts the calls of functions, those of C among them, and kills the process after so many; None: it lives."""

    def __init__(self, most: int | None = None) -> None:
        self.number, self.most = 0, most

    def __call__(self, frame: object, event: str, argument: object) -> None:
        self.number += event in ("call", "c_call")
        if self.number == self.most:
            os.kill(os.getpid(), signal.SIGKILL)


def life(go_on: Callable[..., None], output: Path, most: int, *, early: bool) -> bool:
    """A process of its own that goes on with the run, and is killed after so many calls; was it?

    early  they are counted from the start, where it reads its checkpoint, and not from the first epoch
    """
    child = os.fork()
    if not child:
        try:
            calls = Calls(most)
            sys.setprofile(calls if early else None)
            go_on(output, lambda: sys.setprofile(calls))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


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
@pytest.mark.parametrize("most", some([25, 250], 2))
@pytest.mark.parametrize("go_on", [go_on, go_on_by_default])
def test_killed_at_random_moments_and_the_same_bit_for_bit(go_on, most, tmp_path):
    before, after = unbroken(go_on, tmp_path / "unbroken.safetensors")
    moments = random.Random(0)
    kills, finished, seen = 0, 0, set()
    while kills < most:
        output = tmp_path / f"killed{finished}.safetensors"
        early = moments.random() < 0.3
        if not life(go_on, output, moments.randint(1, before if early else after // 8), early=early):
            assert output.read_bytes() == (tmp_path / "unbroken.safetensors").read_bytes()
            finished += 1
            continue
        kills += 1
        if (path := checkpoint_path(output)).exists():  # whatever the moment: whole, and of a whole epoch
            seen.add(load_checkpoint(path)[2]["epochs"])
    go_on(output)
    assert output.read_bytes() == (tmp_path / "unbroken.safetensors").read_bytes()
    assert len(seen) > 5


def test_what_a_killed_process_leaves_is_whole_or_as_it_was(tmp_path):
    """Killed while it writes: the file beside it may be cut, the checkpoint never is."""
    path = checkpoint_path(tmp_path / "m.safetensors")
    training = begun()
    training.epoch()
    save_checkpoint(path, Model.of(training), training)
    whole = path.read_bytes()
    old, new = (tmp_path / f".{path.name}.{name}.unfinished" for name in ("old", "new"))
    for left in (old, new):
        left.write_bytes(whole[:1000])  # what a kill in the middle of writing leaves
    os.utime(old, (time.time() - 100,) * 2)
    assert load_checkpoint(path)[2]["epochs"] == 1
    save_checkpoint(path, Model.of(training), training)
    assert not old.exists()
    assert new.exists()  # somebody may still be writing to it
    path.write_bytes(whole[:-1])
    with pytest.raises(FileError, match="cut short"):
        load_checkpoint(path)
