"""Inputs that nobody expects: pipes, devices, streams that are closed, names that are no text, broken files, endless and steep ones."""

import gzip
import io
import itertools
import os
import subprocess
import sys
import threading
from contextlib import suppress

import numpy as np
import pytest
from tests.flowers import printed
from tests.samples import some

import chainrule as cr
from chainrule.base.errors import DivergenceError, FileError, InputError
from chainrule.cli import main
from chainrule.data.reading import chunks, read
from chainrule.network.description import from_toml
from chainrule.preparation.preparation import Preparation
from chainrule.steps.step import Step

ROWS = "a,b,t\n" + "".join(f"{i % 7},{i % 5}.5,{i % 3}\n" for i in range(60))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(ROWS)
    return tmp_path


def piped(folder, content, name="pipe"):
    """A named pipe into which these bytes are written once."""
    os.mkfifo(folder / name)
    threading.Thread(target=lambda: (folder / name).write_bytes(content), daemon=True).start()
    return name


def run(*arguments, **options):
    """The command in a process of its own."""
    return subprocess.run([sys.executable, "-m", "chainrule", *arguments], capture_output=True, check=False, timeout=600, **options)


@pytest.mark.parametrize(("name", "packed"), [("pipe", bytes), ("pipe.gz", gzip.compress)])
def test_a_pipe_is_read_once(name, packed, folder):
    whole = read("t.csv")
    assert read(piped(folder, packed(ROWS.encode()), name)).kinds == whole.kinds
    os.unlink(name)
    parts = list(chunks(piped(folder, packed(ROWS.encode()), name), rows=7))
    assert [len(part) for part in parts] == [7] * 8 + [4]
    os.unlink(name)
    assert cr.train(piped(folder, packed(ROWS.encode()), name), target="t", folds=2, epochs=2).preparation.rows == 51


def test_standard_input_is_a_pipe_as_well(folder):
    done = run("train", "/dev/stdin", "--target", "t", "--epochs", "2", input=ROWS.encode())
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("/dev/stdin: 60 rows, 3 columns")


def test_what_never_ends_is_refused(folder, capsys):
    os.symlink("/dev/zero", "zero.toml")
    os.symlink("/dev/zero", "zero.npy")
    for arguments in (["train", "/dev/zero", "--target", "t"], ["explain", "zero.toml"], ["train", "zero.npy", "--target", "t"]):
        assert "is a device; name a file." in printed(arguments, capsys, 2)[1]
    with open("/dev/zero", "rb") as zeros:
        done = run("explain", "-", stdin=zeros)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"standard input is larger than 200,000,000 bytes" in done.stderr
    for suffix in ("npy", "parquet"):  # these are read at any place, so a pipe will not do
        with pytest.raises(FileError, match="gives its bytes only once"):
            read(piped(folder, b"nothing", f"x.{suffix}"))


ASKED = ["explain", "explain -", "explain nowhere", "--help"]


@pytest.mark.parametrize(
    ("closed", "asked"), some(itertools.product([0, 1, 2], ASKED), lambda case: (case[0] + ASKED.index(case[1])) % 2 == 0)
)
def test_streams_that_are_closed_from_the_start(closed, asked, folder):
    arguments = asked.split()
    done = run(*arguments, preexec_fn=lambda: os.close(closed), stdin=None if closed == 0 else subprocess.DEVNULL)
    assert done.returncode == (2 if arguments[-1] in ("-", "nowhere") else 0)
    assert b"Traceback" not in done.stderr


def test_a_file_whose_name_is_no_text(folder, capsys):
    name = os.fsdecode(b"\xff.csv")
    os.rename("t.csv", name)
    assert "\\udcff.csv" in printed(["train", name, "--target", "t", "--epochs", "2"], capsys)[0]
    assert "\\udcff.csv" in printed(["info", "model.safetensors"], capsys)[0]
    printed(["explain", "model.safetensors", "--step", "2"], capsys)
    printed(["explain", "model.safetensors", "--row", "2", "-o", "x.json"], capsys)
    printed(["explain", "x.json"], capsys)
    assert "there is no file \\udcfe.csv" in printed(["train", os.fsdecode(b"\xfe.csv"), "--target", "t", "--force"], capsys, 2)[1]


@pytest.mark.parametrize("place", some(range(10, 260), lambda place: place % 6 == 0))
def test_a_packed_file_with_a_changed_byte_is_read_or_refused(place, tmp_path):
    packed = bytearray(gzip.compress(ROWS.encode() + os.urandom(0), mtime=0))
    packed[place % len(packed)] ^= 0x5A
    (tmp_path / "t.csv.gz").write_bytes(packed)
    (tmp_path / "x-ubyte.gz").write_bytes(packed)
    for name in ("t.csv.gz", "x-ubyte.gz"):
        with suppress(InputError):
            read(tmp_path / name)


def test_text_of_arrays_beyond_unicode_is_refused(tmp_path):
    file = io.BytesIO()
    np.save(file, np.array(["ab", "cd"] * 5))
    content = bytearray(file.getvalue())
    content[-8:-4] = b"\xff\xff\xff\x7f"
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(InputError, match="signs beyond Unicode"):
        read(tmp_path / "x.npy")


@pytest.mark.parametrize("wanted", ["w" + "1" * 4400, "W" + "1" * 4400 + "[1,1]", "W1[" + "1" * 4400 + ",1]", "b" + "9" * 10])
def test_numbers_of_weights_without_end(wanted, capsys):
    _, err = printed(["explain", "--weight", wanted], capsys, 2)
    assert len(err) < 400


@pytest.mark.parametrize(
    "text",
    ["a" + ".a" * 30_000 + " = 1", "[a" + " . a" * 30_000 + "]", "x = {" + '"a".' * 30_000 + "a = 1}"],
    ids=["key", "table", "inline"],
)
def test_a_key_of_very_many_parts_is_refused_at_once(text):
    with pytest.raises(FileError, match="a key in it has more than 32 parts"):
        from_toml(text)


def test_dots_that_part_no_keys_are_nothing_special():
    dots = "a." * 100
    text = f'title = "{dots}"\nx = [{"0.5, " * 100}]\n# {dots}\ny = \'{dots}\'\nz = """\n{dots}\n"""\na.b.c = 1\n'
    assert from_toml(text)["title"] == dots


@pytest.mark.parametrize("rate", [10, 100])
@pytest.mark.parametrize("number", [20, 100_000])
def test_no_step_is_explained_after_the_numbers_have_left_their_range(rate, number, capsys):
    _, err = printed(["explain", "--learning-rate", str(rate), "--step", str(number)], capsys, 3)
    assert f"before step {number:,} the numbers have left the range of floating point: E is no finite number in step " in err


def test_a_late_step_is_that_of_the_run(capsys):
    """Of many steps before the one that is asked for, the NumPy program computes all."""
    from chainrule.steps import step as steps

    problem = cr.problem_from({**cr.example("seed"), "optimizer": {"name": "sgd", "learning_rate": 0.005}})
    for exact in (False, True):
        one_by_one = [next(steps.steps_after(problem.steps(exact=exact), count)) for count in range(3)]
        assert [step.number for step in one_by_one] == [1, 2, 3]
    near, far = (next(steps.steps_after(problem.steps(), count)) for count in (1000, 1001))
    assert not steps.following(near).differences(far, tolerance=1e-9)
    with pytest.raises(DivergenceError):
        next(steps.steps_after(cr.problem_from({**cr.example("seed"), "optimizer": {"name": "sgd", "learning_rate": 50}}).steps(), 5000))


def test_exact_numbers_that_grow_beyond_floats_are_no_trouble(capsys):
    out, _ = printed(["explain", "--learning-rate", "constant", "--exact"], capsys)
    assert "leave every sensible range" in out


INFINITE = [
    ("--loss kl --output-activation softmax --weights 1,-1 --input 1000 --target 0,1", 0, ""),
    (
        "--loss kl --output-activation sigmoid --weights 1,-1 --input 1000 --target 0,1",
        3,
        "E of this step is infinite. kl divides by 0",
    ),
    ("--loss cross_entropy --output-activation relu --weights 1,-1 --input 2 --target 0,1", 3, "takes the logarithm of 0"),
    ("--loss squared --weights 1e200,-1 --input 1000 --target 0,1", 3, "E of this step is infinite."),
    ("--weights 1e150,1e150 --input 1e200 --target 0,1 --output-activation identity", 3, "y of this step is infinite."),
]


@pytest.mark.parametrize(
    ("command", "network", "code", "said"),
    some([(command, *asked) for asked in INFINITE for command in ("explain", "figure network -o x.svg", "explain -o x.json")], 2),
)
def test_no_first_step_with_infinite_numbers_goes_unexplained(command, network, code, said, folder, capsys):
    name, *rest = command.split()
    out, err = printed([name, *rest[:1][: name == "figure"], "1-2", "--no-bias", *network.split(), *rest[name == "figure" :]], capsys, code)
    assert said in err
    assert ("nan" in out.lower()) <= (code == 3)


def calls(work):
    """How many functions are called meanwhile: what takes time, on any machine."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_infinities_that_cancel_each_other_are_explained(capsys):
    assert main(["explain", "xor", "--output-activation", "softmax"]) == 3  # a softmax of one number: E is infinite minus infinite
    assert "the error E is no number" in capsys.readouterr().err


def test_explaining_twice_as_many_layers_takes_twice_as_long():
    def explained(layers):
        from chainrule.api.problems import problem

        return lambda: str(problem("-".join(["2"] * layers)).explain(detail="overview"))

    explained(5)()
    few, many = calls(explained(12)), calls(explained(24))
    assert many < 2.4 * few


def test_reading_twice_as_many_inputs_takes_twice_as_long():
    def preparation(columns):
        random = np.random.default_rng(0)
        table = {f"c{k}": random.normal(size=4) for k in range(columns)}
        return Preparation.fit(read({**table, "t": [1.5, 2, 3, 4.5]}), ["t"]).to_dict()

    few, many = preparation(300), preparation(600)
    assert calls(lambda: Preparation.from_dict(many)) < 2.4 * calls(lambda: Preparation.from_dict(few))
    assert calls(lambda: Preparation.from_dict(few)) < 60 * 300


@pytest.mark.parametrize("title", [float("nan"), 1, ["a"], None])
def test_the_title_of_a_record_is_text(title):
    plain = cr.problem_from(cr.example("seed")).step().to_dict()
    with pytest.raises(InputError, match="must be text"):
        Step.from_dict({**plain, "origin": {**plain.get("origin", {}), "title": title}})
