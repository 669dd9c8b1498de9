"""Two real processes, as torchrun and as mpirun start them; each trains by the command that one process is trained by."""

import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
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


def launched(folder, *command, seconds=SECONDS, **variables):
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMI", "TORCHELASTIC"))}
    environment = {**own, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1", **variables}
    ways = {"capture_output": True, "text": True, "timeout": seconds, "stdin": subprocess.DEVNULL}
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


@pytest.mark.proof
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes are stopped in other ways here")
@pytest.mark.parametrize(
    ("how", "words"), [("SIGKILL", "another process has ended"), ("SIGSTOP", "another process has not answered for 3 seconds")]
)
def test_a_process_that_is_lost_is_told_in_words(folder, how, words):
    (folder / "program.py").write_text(PROGRAM)
    code, said, _ = launched(folder, *TORCHRUN, "program.py", how, CHAINRULE_PATIENCE="3")
    assert code != 0
    assert f"said: {words}" in said
    assert "Traceback" not in said
    assert (folder / "lost.safetensors.checkpoint").exists()


KILLED = """
import os, random, signal, socket, sys, time, traceback
import torch.distributed
import chainrule as cr

SETTINGS = {"target": "kind", "hidden": 4, "epochs": 800, "patience": 800, "validation": 0.2, "precision": "float64", "force": True}

def begun(output, again=0):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = []
    for rank in range(2):
        found.append(os.fork())
        if not found[-1]:
            said = {"RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RESTART_COUNT": again}
            os.environ.update({name: str(value) for name, value in said.items()})
            code = 1
            try:
                cr.train("rows.csv", **SETTINGS, output=output)
                code = 0
            except cr.LostProcessError as error:
                code = 2
            except BaseException:
                traceback.print_exc()
            os._exit(code)
    return found

def ends(pids):
    return [os.waitpid(pid, 0)[1] for pid in pids]

start = time.monotonic()
assert ends(begun("whole.safetensors")) == [0, 0]
took, whole = time.monotonic() - start, open("whole.safetensors", "rb").read()
draw, killed, longest = random.Random(int(sys.argv[2])), 0, 0.0
while killed < int(sys.argv[1]):
    pids, victim = begun("cut.safetensors"), draw.randrange(2)
    time.sleep(draw.uniform(0, took))
    os.kill(pids[victim], signal.SIGKILL)
    moment = time.monotonic()
    codes = ends(pids)
    longest = max(longest, time.monotonic() - moment)
    if codes[victim] == signal.SIGKILL:
        killed += 1
        assert codes[1 - victim] in (0, 2 << 8), codes
        cut = os.path.exists("cut.safetensors.checkpoint")
        assert ends(begun("cut.safetensors", again=1)) == [0, 0]
        assert open("cut.safetensors", "rb").read() == whole.replace(b"whole.safetensors", b"cut.safetensors")
        assert not os.path.exists("cut.safetensors.checkpoint")
        print(killed, "process", victim + 1, "ended by", codes[1 - victim] >> 8, "from a checkpoint" if cut else "anew", flush=True)
print(f"{killed} killed; the other one ended within {longest:.1f} seconds", flush=True)
"""


@pytest.mark.proof
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes begin in other ways here")
def test_thirty_are_killed_and_go_on_with_the_bytes_of_a_run_that_nobody_killed(folder):
    (folder / "killed.py").write_text(KILLED)
    code, said, errors = launched(folder, sys.executable, "killed.py", "30", "0", seconds=30 * SECONDS)
    assert code == 0, (said, errors)
    assert float(said.split("within")[1].split()[0]) < 60


SEEDS = """
import json, sys
import chainrule as cr

scores = []
for seed in range(6):
    output = f"{sys.argv[1]}-{seed}.safetensors"
    settings = {"target": "kind", "hidden": 4, "epochs": 60, "patience": 60, "validation": 0.2, "test": 0.3, "force": True}
    model = cr.train("noisy.csv", **settings, seed=seed, output=output)
    scores.append(model.scores["test"].accuracy)
processes = cr.launched()
if processes is None or processes.writes:
    open(sys.argv[1] + ".json", "w").write(json.dumps(scores))
"""


@pytest.mark.proof
def test_whole_runs_of_one_two_and_three_have_one_score_and_three_the_same_bits_in_every_run(folder):
    draw = random.Random(0)
    points = [(draw.gauss(0, 1), draw.gauss(0, 1)) for _ in range(400)]
    lines = [f"{a:.4f},{b:.4f},{'yes' if a - b + draw.gauss(0, 0.8) > 0 else 'no'}" for a, b in points]
    (folder / "noisy.csv").write_text("\n".join(["a,b,kind", *lines]))
    (folder / "seeds.py").write_text(SEEDS)
    for name, count in (("one", 1), ("two", 2), ("three", 3), ("again", 3)):
        start = (sys.executable,) if count == 1 else (*TORCHRUN[:-1], str(count))
        code, _, errors = launched(folder, *start, "seeds.py", name)
        assert code == 0, errors
    one, two, three = (json.loads((folder / f"{name}.json").read_text()) for name in ("one", "two", "three"))
    print(f"accuracy by seed: one process {one}, two {two}, three {three}")
    assert max(one) > min(one)  # seeds do make a difference, of which that between processes is a part at most
    for several in (two, three):
        assert abs(statistics.mean(several) - statistics.mean(one)) <= statistics.stdev(one)
    for seed in range(6):
        three, again = ((folder / f"{name}-{seed}.safetensors").read_bytes() for name in ("three", "again"))
        assert three.replace(b"three-", b"again-") == again


RESTARTED = """
import os, signal, sys
import chainrule as cr

_, other = cr.launched().numbers(os.getpid())

def watch(report):
    if sys.argv[1] == "killed" and report.epoch == 5 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        os.kill(int(other), signal.SIGKILL)

settings = {"target": "kind", "hidden": 4, "epochs": 12, "patience": 12, "validation": 0.2, "precision": "float64", "force": True}
cr.train("rows.csv", **settings, watch=watch, output="restarted.safetensors")
if cr.launched().writes:
    print("started anew:", os.environ["TORCHELASTIC_RESTART_COUNT"], flush=True)
"""


@pytest.mark.proof
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed in other ways here")
def test_torchrun_starts_them_anew_and_they_go_on_with_the_bytes_of_an_unbroken_run(folder):
    (folder / "restarted.py").write_text(RESTARTED)
    found = []
    for how in ("whole", "killed"):
        options = ("--max-restarts", "3", "restarted.py", how)
        code, said, errors = launched(folder, *TORCHRUN, *options, TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1")
        assert code == 0, errors
        assert f"started anew: {int(how == 'killed')}" in said
        found.append((folder / "restarted.safetensors").read_bytes())
    assert found[0] == found[1]


GROUPS = """
import os
import numpy as np
import torch.distributed as distributed
import chainrule as cr

distributed.init_process_group("gloo")
first = cr.launched()
assert cr.launched() is first
distributed.destroy_process_group()
# another store: in the same one, PyTorch may find the addresses of the first group
distributed.init_process_group("gloo", init_method=f"file://{os.getcwd()}/met", rank=int(os.environ["RANK"]), world_size=2)
second = cr.launched()
assert second is not first
print("sum", second.reduce(np.ones(1)), flush=True)
"""


@pytest.mark.proof
def test_a_group_that_a_program_begins_anew_is_found_and_one_who_never_comes_is_told_within_a_minute(folder):
    (folder / "groups.py").write_text(GROUPS)
    code, said, errors = launched(folder, *TORCHRUN, "groups.py")
    assert (code, said.count("sum [2.]")) == (0, 2), errors
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for rank in "01":  # the other one was killed before it was there, and no launcher watches
        alone = {"RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        begun = time.monotonic()
        code, _, errors = launched(folder, sys.executable, "-m", "chainrule", *TRAIN, **alone)
        assert (code, errors.startswith("chainrule: another process has not come within 45 seconds")) == (2, True), errors
        assert time.monotonic() - begun < 90  # a minute, and what a busy machine needs to start
