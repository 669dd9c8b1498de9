"""Every entrance, given what nobody meant: short forms, options, formulas, descriptions, records, models, tables in every format.

Whatever comes in, a command ends within its time and memory, with one of the exit codes that there are, and without a traceback; and
one that says that all is well shows no NaN. Each input is drawn with a number, so that the same number makes the same one again; most are
something right of which a part was changed, cut, doubled or exchanged. They run in forked processes, each of which the system ends where
it takes too much.
"""

import gzip
import io
import json
import os
import random
import re
import resource
import signal
import string
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from tests.samples import some

import chainrule as cr
from chainrule.cli import main

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")

SECONDS, BYTES = 10, 2 * 2**30
"""Of one command: time on the processor, and memory beside what is loaded already."""

CODES = (0, 1, 2, 3, 130)

HOSTILE = [
    "",
    " ",
    "-",
    "--",
    "=",
    ";",
    ",",
    ".",
    "0",
    "-1",
    "1e308",
    "1e-320",
    "1e999",
    "nan",
    "inf",
    "9" * 400,
    "\x00",
    "\x1b[2J",
    "\u202e",
    "٣",
    "½",
    "None",
    "true",
    "../..",
    "/dev/null",
    "/",
    "~",
    "%s",
    "{0}",
    "{",
    "[",
    "(",
    '"',
    "'",
    "\\",
    "\n",
    "a" * 5000,
    "(" * 300,
    "[[" * 200,
    "2-2-1",
    "-" * 80,
    "a=b",
    "w1",
    "🙂",
    "\ud800",
]
"""What is put anywhere."""


class Draw(random.Random):
    """Random choices, and what changes text and bytes."""

    def text(self) -> str:
        if self.random() < 0.6:
            return self.choice(HOSTILE)
        return "".join(self.choices(string.printable + "äΩ∂−·\u202e\x00", k=self.randint(0, 30)))

    def changed(self, text: str) -> str:
        """The text with a few places changed, cut, doubled, exchanged or filled with something else."""
        for _ in range(self.choice((0, 1, 1, 2, 4))):
            start = self.randint(0, len(text))
            stop = min(len(text), start + self.choice((0, 1, 2, 8, 40)))
            text = self.choice(
                [
                    text[:start] + self.text() + text[stop:],
                    text[:start] + text[stop:],
                    text[:stop] + text[start:],
                    text[:stop],
                    text.replace(text[start:stop], self.text(), 3) if stop > start else text,
                ]
            )[:200_000]
        return text

    def changed_bytes(self, content: bytes) -> bytes:
        """The bytes with a few changed, cut, doubled or exchanged."""
        content = bytearray(content)
        for _ in range(self.choice((0, 1, 1, 2, 5))):
            start = self.randint(0, len(content))
            stop = min(len(content), start + self.choice((1, 1, 4, 16, 300)))
            kind = self.randint(0, 4)
            if kind == 0:
                content[start:stop] = self.randbytes(stop - start)
            elif kind == 1:
                del content[start:stop]
            elif kind == 2:
                content[start:start] = content[start:stop]
            elif kind == 3:
                content[start:stop] = self.choice((b"\xff", b"\x00", b"\x7f", b"\x80")) * (stop - start)
            else:
                del content[stop:]
        return bytes(content)

    def changed_plain(self, value: object) -> object:
        """Plain data in which something, anywhere, is something else."""
        if isinstance(value, dict) and value and self.random() < 0.85:
            key = self.choice(list(value))
            rest = {name: inner for name, inner in value.items() if name != key or self.random() < 0.85}
            if key in rest:
                rest[key] = self.changed_plain(value[key])
            return rest if self.random() < 0.9 else {**rest, self.text(): self.plain()}
        if isinstance(value, list) and value and self.random() < 0.85:
            place = self.randrange(len(value))
            changed = [self.changed_plain(inner) if i == place else inner for i, inner in enumerate(value)]
            return self.choice([changed, changed, value[:place], value + value])
        return self.plain()

    def plain(self) -> object:
        return self.choice(
            [
                None,
                True,
                0,
                1,
                -1,
                2.5,
                1e300,
                1e308,
                10**400,
                float("nan"),
                "",
                "NaN",
                "1/0",
                "1/3",
                [],
                {},
                [[]],
                [1],
                [[1, 2]],
                {"name": "x"},
                self.text(),
                10**9,
                "W1",
                "∞",
                -0.0,
                5e-324,
            ]
        )


# What is right, and is then changed


class Known:
    """A folder with every kind of file that a command takes, all of them right."""

    def __init__(self, folder: Path) -> None:
        rows = [[i % 7, i * 1.3 % 5.3, ("red", "blue", "green")[i % 3], i % 2] for i in range(40)]
        table = "a,b,colour,t\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
        numbers = np.array([[row[0], row[1], row[3]] for row in rows])
        (folder / "table.csv").write_text(table)
        cr.train(folder / "table.csv", target="t", hidden=3, epochs=3, engine="written", output=folder / "model.safetensors")
        model = (folder / "model.safetensors").read_bytes()
        size = int.from_bytes(model[:8], "little")
        self.header, self.tensors = json.loads(model[8 : 8 + size]), model[8 + size :]
        files = {name: io.BytesIO() for name in ("npy", "npz", "text.npy", "records.npy")}
        np.save(files["npy"], numbers)
        np.savez(files["npz"], x=numbers[:, :2], t=numbers[:, 2])
        np.save(files["text.npy"], np.array([[str(cell) for cell in row] for row in rows]))
        np.save(files["records.npy"], np.array([tuple(row) for row in numbers], dtype=[("a", "f8"), ("b", "f4"), ("t", "i4")]))
        self.tables = {
            "csv": table.encode(), "tsv": table.replace(",", "\t").encode(), "csv.gz": gzip.compress(table.encode(), mtime=0),
            "txt": table.replace(",", ";").replace(".", ",").encode("utf-16"), "idx": b"\0\0\x08\x02\0\0\0\x28\0\0\0\x03" + bytes(120),
            "x-ubyte.gz": gzip.compress(b"\0\0\x0d\x02\0\0\0\x28\0\0\0\x03" + bytes(480), mtime=0),
            **{name: file.getvalue() for name, file in files.items()},
        }  # fmt: skip
        with suppress(ImportError):
            import pyarrow
            import pyarrow.parquet

            columns = dict(zip(("a", "b", "colour", "t"), map(list, zip(*rows, strict=True)), strict=True))
            file = io.BytesIO()
            pyarrow.parquet.write_table(pyarrow.table(columns), file)
            self.tables["parquet"] = file.getvalue()
        step = cr.problem_from(cr.example("mazur")).step()
        self.record = step.to_dict()
        self.descriptions = [cr.example(name) for name in ("seed", "mazur", "xor", "vanishing", "tied", "residual")]


OPTIONS = {
    "explain": {
        "--weight": ["w1", "W1[1,1]", "hidden1.W[1,2]", "b1"],
        "--step": ["2", "20000"],
        "--steps": ["3"],
        "--exact": [None],
        "--digits": ["3"],
        "--detail": ["matrix", "overview", "scalar"],
        "--input": ["1 2", "0 1; 1 1"],
        "--target": ["1", "0"],
        "--weights": ["1 2 3 4 5 6"],
        "--learning-rate": ["0.1", "constant", "cosine:rate=0.1,steps=5", "100"],
        "--optimizer": ["adam", "momentum:momentum=0.5", "rmsprop"],
        "--activation": ["relu", "gelu", "leaky_relu:slope=0.1", "elu"],
        "--loss": ["cross_entropy", "kl", "huber:delta=2", "hinge"],
        "--output-activation": ["softmax", "sigmoid", "tanh"],
        "--no-bias": [None],
        "--seed": ["3"],
        "--language": ["de"],
        "--notation": ["nielsen", "learning_rate=α,vectors=columns"],
        "--regularizer": ["l2:rate=0.1"],
        "--batch": ["sum"],
        "--outputs": ["mean"],
        "--initializer": ["uniform:low=-1,high=1"],
        "--row": ["1", "1-2"],
        "-o": ["x.json", "x.md", "x.txt", "x.html", "x.tex", "x.typ"],
    },
    "train": {
        "--target": ["t", "colour", "b"],
        "--epochs": ["2"],
        "--hidden": ["4", "0", "3-3"],
        "--activation": ["relu"],
        "--task": ["classify", "regress"],
        "--ignore": ["a"],
        "--categories": ["a"],
        "--impute": ["mean"],
        "--batch-size": ["7"],
        "--optimizer": ["sgd"],
        "--learning-rate": ["0.1", "1e6"],
        "--until": ["0.1"],
        "--patience": ["2"],
        "--validation": ["0.2"],
        "--test": ["0.3", "0"],
        "--folds": ["2"],
        "--class-weights": ["balanced"],
        "--seed": ["1"],
        "--separator": [";"],
        "--decimal": [","],
        "--encoding": ["cp1252"],
        "--no-header": [None],
        "--loss": ["hinge", "absolute"],
        "--network": ["3-2-1", "seed"],
        "--log": ["l.csv"],
        "--quiet": [None],
    },
}

FORMULAS = ["c = a + b; f = c*a", "f = exp(-a**2/2)", "f = σ(a·b)", "y = tanh(w*x + b); E = (y - 1)^2", "f = max(a, b)/sqrt(a)"]


def options(draw: Draw, command: str) -> list[str]:
    """Some options, most of them as they should be."""
    given = []
    for name in draw.sample(list(OPTIONS[command]), draw.choice((0, 1, 2, 4))):
        value = draw.choice(OPTIONS[command][name])
        if value is not None and draw.random() < 0.35:
            value = draw.changed(value)
        given += [name] if value is None else [name, value]
    return given


# The entrances: each writes what it needs, and gives the arguments


def short_form(draw: Draw, known: Known) -> list[str]:
    form = "-".join(str(draw.choice((1, 2, 3, 7, 40))) for _ in range(draw.randint(1, 5)))
    return [draw.choice(("explain", "code")), draw.changed(form)] if draw.random() < 0.3 else ["explain", form, *options(draw, "explain")]


def option(draw: Draw, known: Known) -> list[str]:
    arguments = ["explain", draw.choice(("seed", "mazur", "xor", "2-2-2")), *options(draw, "explain")]
    return [draw.changed(one) if draw.random() < 0.05 else one for one in arguments]


def formula(draw: Draw, known: Known) -> list[str]:
    text, numbers = draw.changed(draw.choice(FORMULAS)), draw.changed("a=2 b=3 x=1 w=0.5")
    return [draw.choice(("explain", "code")), "--formula", text, "--at", numbers]


def description(draw: Draw, known: Known) -> list[str]:
    plain = draw.choice(known.descriptions)
    if draw.random() < 0.5:
        Path("d.json").write_text(json.dumps(draw.changed_plain(plain)), errors="replace")
        return ["explain", "d.json", *options(draw, "explain")]
    from chainrule.network.description import to_toml

    Path("d.toml").write_text(draw.changed(to_toml(plain)), errors="replace")
    return [draw.choice(("explain", "code")), "d.toml"]


def record(draw: Draw, known: Known) -> list[str]:
    plain = draw.changed_plain(known.record)
    Path("s.json").write_text(draw.changed(json.dumps(plain)) if draw.random() < 0.2 else json.dumps(plain), errors="replace")
    return ["explain", "s.json", *(["--weight", "w1"] if draw.random() < 0.3 else [])]


def model(draw: Draw, known: Known) -> list[str]:
    header = known.header
    if draw.random() < 0.7:  # its description, which is JSON inside of JSON
        inner = draw.changed_plain(json.loads(header["__metadata__"]["chainrule"]))
        header = {**header, "__metadata__": {"chainrule": json.dumps(inner)}}
    elif draw.random() < 0.5:
        header = draw.changed_plain(header)
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + known.tensors
    Path("m.safetensors").write_bytes(draw.changed_bytes(content) if draw.random() < 0.3 else content)
    uses = [["info"], ["predict", "table.csv"], ["evaluate", "table.csv"], ["explain", "--row", "3"], ["explain", "--step", "2"]]
    command, *rest = draw.choice(uses)
    return [command, "m.safetensors", *rest]


def checkpoint(draw: Draw, known: Known) -> list[str]:
    model(draw, known)
    os.replace("m.safetensors", "c.safetensors.checkpoint")
    return ["train", "table.csv", "--target", "t", "--resume", "-o", "c.safetensors"]


def table(draw: Draw, known: Known) -> list[str]:
    name, content = draw.choice(list(known.tables.items()))
    content = draw.changed_bytes(content)
    if name in ("csv", "tsv") and draw.random() < 0.6:
        content = draw.changed(content.decode("utf-8", "replace")).encode("utf-8", "surrogatepass")
    path = name if "." in name else f"x.{name}"
    Path(path).write_bytes(content)
    if draw.random() < 0.3:
        return draw.choice([["predict", "model.safetensors", path], ["explain", "model.safetensors", "--data", path, "--row", "2"]])
    return ["train", path, "--target", "t", "--epochs", "2", "--force", "-o", "y.safetensors"]


def training(draw: Draw, known: Known) -> list[str]:
    return ["train", "table.csv", "--target", "t", "--epochs", "2", *options(draw, "train"), "--force", "-o", "y.safetensors"]


def anything(draw: Draw, known: Known) -> list[str]:
    command = draw.choice(["explain", "code", "figure", "examples", "info", "predict", "evaluate", "train", "completion", draw.text()])
    return [command, *(draw.text() for _ in range(draw.randint(0, 4)))]


ENTRANCES: tuple[Callable[[Draw, Known], list[str]], ...] = (
    *(short_form, option, option, formula, formula, description, description, record, model, model),
    *(checkpoint, table, table, training, anything),
)

# One input


def ended(arguments: list[str]) -> tuple[int, str, str]:
    """The exit code of the command in a process of its own, or the signal that ended it as a negative number; and what it printed."""
    with open("out", "w+b") as out, open("err", "w+b") as err:
        child = os.fork()
        if not child:
            code = 70
            try:
                own = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") if sys.platform == "linux" else 0
                resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
                resource.setrlimit(resource.RLIMIT_AS, (own + BYTES, own + BYTES))
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                # They last as long as the process.
                sys.stdin, sys.stdout, sys.stderr = (open(n, mode, encoding="utf-8", closefd=False) for n, mode in enumerate("rww"))  # noqa: SIM115
                code = main(arguments)
                sys.stdout.flush()
            except BaseException:  # noqa: BLE001  # whatever it is, it is what is looked for
                import traceback

                traceback.print_exc(file=sys.stderr)
                sys.stderr.flush()
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for file in (out, err):
            file.seek(0)
        return code, out.read(10**7).decode("utf-8", "replace"), err.read(10**6).decode("utf-8", "replace")


def fault(arguments: list[str], code: int, out: str, err: str) -> str:
    """What is wrong with how a command ended; empty if nothing is."""
    if "Traceback" in err or "Error:" in err.replace("Error in", ""):
        return f"a traceback: {err[-600:]}"
    if code not in CODES:
        return f"the exit code {code}" if code > 0 else f"ended by {signal.Signals(-code).name}: more than {SECONDS} s, or {BYTES:,} bytes?"
    if code == 2 and not err.startswith("chainrule: "):
        return f"a refusal without a reason: {err[:200]!r}"
    if re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", err):
        return f"a message that steers the terminal: {err[:200]!r}"
    numbers = out.partition("\n")[2]  # below a title, or the names of columns, which may well be "NaN"
    if code == 0 and arguments[0] in ("explain", "predict", "evaluate") and re.search(r"(?<![\w./-])(nan|NaN)(?![\w.])", numbers):
        return f"a silent NaN: {out[:200]!r}"
    return ""


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = Known(folder)
        for arguments in (
            ["explain", "1-1", "--input", "1", "--target", "1"],
            ["explain", "1-1", "--input", "1", "--target", "1", "-o", "x.html"],
            ["info", "model.safetensors"],
            ["code"],
        ):
            assert main(arguments) == 0  # so that what they import is loaded in every fork
        yield made


def tried(first: int, count: int, known: Known) -> list[str]:
    """What is wrong with any of so many inputs."""
    found, longest = [], (0.0, "")
    for number in range(first, first + count):
        draw = Draw(number)
        for left in Path().glob("*.lock"):
            left.unlink()
        arguments = draw.choice(ENTRANCES)(draw, known)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wrong = fault(arguments, *ended([argument.replace("\x00", "") for argument in arguments]))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        longest = max(longest, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, f"{number}: {arguments!r:.200}"))
        if wrong:
            found.append(f"input {number}, {arguments!r:.300}: {wrong}")
    print(f"{count} inputs from {first}, {len(found)} wrong; the longest took {longest[0]:.1f} s: {longest[1]}")
    return found


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("block", some(range(101), lambda block: block == 0))
def test_whatever_comes_in(block, known):
    """Block 0 has 30 inputs, none of which trains for long; each of the others, of the proof, 50."""
    found = tried(7, 30, known) if block == 0 else tried(1000 + 50 * block, 50, known)
    assert not found, "\n".join(found)
