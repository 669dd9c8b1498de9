"""Two real processes, as torchrun and as mpirun start them; each trains by the command that one process is trained by."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr

pytest.importorskip("torch")
ROWS = [(i % 7 - 3, (i * 5) % 11 / 4, "yes" if (i % 7 - 3) * 2 + i % 3 > 0 else "no") for i in range(60)]
TRAIN = ("train", "rows.csv", "--target", "kind", "--hidden", "4", "--epochs", "3", "--validation", "0.2", "--precision", "float64")
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
SECONDS = 300
"""A bound far beyond what a busy machine needs: a run that hangs is a failure."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("launched")
    (folder / "rows.csv").write_text("a,b,kind\n" + "".join(f"{a},{b},{kind}\n" for a, b, kind in ROWS))
    return folder


def launched(folder, *command, **variables):
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMI", "TORCHELASTIC"))}
    environment = {**own, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1", **variables}
    ways = {"capture_output": True, "text": True, "timeout": SECONDS, "stdin": subprocess.DEVNULL}
    found = subprocess.run([*map(str, command)], cwd=folder, env=environment, check=False, **ways)
    return found.returncode, found.stdout, found.stderr


def test_both_launchers_make_the_model_of_one_process(folder):
    code, said, errors = launched(folder, *TORCHRUN, "-m", "chainrule", *TRAIN, "-o", "torch.safetensors")
    assert code == 0, errors
    assert said.count("2 processes (torch.distributed (gloo))") == said.count("wrote torch.safetensors") == 1
    alone = cr.train(str(folder / "rows.csv"), target="kind", hidden=4, epochs=3, validation=0.2, precision="float64")
    model = cr.Model.load(folder / "torch.safetensors")
    for key, numbers in alone.network.parameters.items():
        assert abs(model.network.parameters[key] - numbers).max() < 1e-9
    assert model.source["digest"] == alone.source["digest"]

    mpirun = shutil.which("mpirun", path=Path(sys.executable).parent) or shutil.which("mpirun")
    pytest.importorskip("mpi4py")
    if mpirun is None:
        pytest.skip("there is no mpirun here")
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = (mpirun, "--oversubscribe", "-n", "2", sys.executable, "-m", "chainrule", *TRAIN, "-o", "mpi.safetensors", "--quiet")
    code, said, errors = launched(folder, *command, **root)
    assert code == 0, errors
    assert said.count("wrote mpi.safetensors") == 1
    # Of two numbers there is one sum, whoever carries them; the models differ in their names alone.
    assert (folder / "mpi.safetensors").read_bytes() == (folder / "torch.safetensors").read_bytes()


PROGRAM = """
import os, signal, sys
import torch.distributed as distributed
import chainrule as cr

distributed.init_process_group("gloo")

def watch(report):
    if report.epoch == 2:
        os.kill(int(open("victim").read()), signal.Signals[sys.argv[1]])

if distributed.get_rank() == 1:
    open("victim.part", "w").write(str(os.getpid()))
    os.replace("victim.part", "victim")
distributed.barrier()
try:
    settings = {"target": "kind", "hidden": 4, "epochs": 10**6, "patience": 10**6, "validation": 0.2, "force": True}
    cr.train("rows.csv", **settings, watch=watch, output="lost.safetensors")
except cr.LostProcessError as error:
    print("said:", error, flush=True)
    os.kill(int(open("victim").read()), signal.SIGKILL)
    os._exit(2)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes are stopped in other ways here")
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("SIGKILL", "another process has ended"),
        pytest.param("SIGSTOP", "another process has not answered for 3 seconds", marks=pytest.mark.proof),
    ],
)
def test_a_process_that_is_lost_is_told_in_words(folder, how, words):
    (folder / "program.py").write_text(PROGRAM)
    code, said, _ = launched(folder, *TORCHRUN, "program.py", how, CHAINRULE_PATIENCE="3")
    assert code != 0
    assert f"said: {words}" in said
    assert "Traceback" not in said
    assert (folder / "lost.safetensors.checkpoint").exists()
