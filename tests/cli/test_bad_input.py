"""Whatever is wrong with what a person gives: a line or two that name the culprit, exit code 2, no traceback, no file harmed."""

import json
import os
import re
import subprocess
import sys
from copy import deepcopy

import pytest
from hypothesis import example as also
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.api.problems import problem
from chainrule.base.errors import InputError
from chainrule.cli import main
from chainrule.data.reading import read
from chainrule.data.table import row_numbers
from chainrule.network.description import from_json, from_toml, to_toml
from chainrule.network.examples import EXAMPLES
from chainrule.steps.problem import problem_from

SEED = to_toml(EXAMPLES["seed"])
RECORD = ("-o", "step.json")

ARGUMENTS = [
    # names that nothing has
    (["explain", "mazurr"], "no example is called 'mazurr'. Did you mean 'mazur'?"),
    (["explain", "2-2-1", "--activation", "tahn"], "no activation is called 'tahn'. Did you mean 'tanh'?"),
    (["explain", "2-2-1", "--loss", "cross_entropie"], "no loss is called 'cross_entropie'. Did you mean 'cross_entropy'?"),
    (["explain", "--optimizer", "adamm"], "no optimizer is called 'adamm'. Did you mean 'adam"),
    (["explain", "--optimizer", "adam:beta=0.9"], "no option of adam is called 'beta'. They are two: beta1 is that of m"),
    (["explain", "2-2-1", "--input", "0,5 1,2,3"], "input needs rows of 2 numbers"),
    (["explain", "--initializer", "xavier"], "no initializer is called 'xavier'."),
    (["explain", "--regularizer", "l3"], "no regularizer is called 'l3'."),
    (["explain", "--notation", "nielson"], "no notation is called 'nielson'. Did you mean 'nielsen'?"),
    (["explain", "--notation", "rate=α"], "no quantity with a letter of its own is called 'rate'."),
    (["explain", "--language", "fr"], "no choice for notation.language is called 'fr'."),
    (["explain", "--outputs", "avg"], "no way of counting outputs is called 'avg'."),
    (["explian"], "No such command 'explian'."),
    # formulas
    (["explain", "--formula", "d = a b"], "a and b stand side by side; if they are multiplied, write a*b."),
    (["explain", "--formula", "a*b", "--at", "a=1"], "b has no number"),
    (["explain", "--formula", "a*b", "--at", "a=1,500 b=1"], "write 1.500 if it is a decimal one, 1500 if it separates thousands."),
    (["explain", "--formula", "a/b", "--at", "a=1 b=0"], "this divides by 0"),
    (["explain", "--formula", "a*b", "--at", "a=1 b=2", "mazur"], "leave out the network 'mazur', or --formula."),
    (["explain", "--formula", "a*b", "--at", "a=1 b=2", "--step", "2"], "leave out --step, or --formula."),
    (["explain", "--formula", "a*b", "--at", "a=1 b=2", "--input", "1"], "leave out --input, or --formula."),
    (["explain", "--formula", "a*b", "--at", "a=1 b=2", "--detail", "matrix"], "a formula has single numbers and no matrices"),
    (["explain", "--formula", "a*b", "--at", "a=1 b=2", "--weight", "c"], "no letter of the formula is called 'c'."),
    (["explain", "--formula", "exp(a)", "--at", "a=1", "--exact"], "exp(1) is no fraction; leave out --exact"),
    (["explain", "--formula", "a*b", "--at", "a=1 b=2", *RECORD], "a formula has none; write .html"),
    (["explain", "--at", "a=1"], "add --formula"),
    (["explain", "c = a*b"], 'if it is a formula, say so: --formula "…".'),
    (["code", "--formula", "a*", "--at", "a=1"], "is missing after *."),
    (["code", "--formula", "a*b", "--at", "a=1 b=2", "--steps", "3"], "leave out --steps, or --formula."),
    (["explain", "--wieght", "w1"], "No such option '--wieght'"),
    (["explain", "--detail", "scaler"], "'scaler' is not one of"),
    (["code", "--language", "fortran"], "'fortran' is not"),
    (["examples", "mazurr"], "Did you mean 'mazur'?"),
    (["completion", "tcsh"], "'tcsh' is not one of"),
    # sizes
    (["explain", "2-0-1"], "the number of units of a layer must be at least 1, not 0"),
    (["explain", "0-2-1"], "the number of inputs must be at least 1, not 0"),
    (["explain", "2--1-1"], "'2--1-1' is no short form"),
    (["explain", "2-2.5-1"], "'2-2.5-1' is no short form"),
    (["explain", "2-x-1"], "'2-x-1' is no short form"),
    (["explain", "2"], "'2' is no short form"),
    (["explain", "3-4-lx-2"], "between layers may stand ln, bn and drop0.5"),
    (["explain", "2-"], "'2-' is no short form"),
    (["explain", "--", "-1-2"], "'-1-2' is no short form"),
    (["explain", "2-1000000000-1"], "1000000000 units of a layer are more than this can hold; the limit is 10,000,000"),
    (["explain", "1000000000-2-1"], "1000000000 inputs are more than this can hold"),
    (["explain", "1000000-1000000-1"], "this network would have 1,000,002,000,001 parameters; the limit is 100,000,000"),
    (["explain", "2-" + "9" * 5000 + "-1"], "a number of 5,000 digits"),
    (["explain", "-".join(["1"] * 20_000)], "19,999 layers are more than this can hold; the limit is 1,000"),
    # shapes
    (["explain", "--input", "1 2 3"], "input needs rows of 2 numbers, but was given the shape (1, 3)"),
    (["explain", "--input", "1 2; 3", "--target", "1; 2"], "input must be numbers in rows of one length"),
    (["explain", "--target", "1 2"], "target needs rows of 1 number, but was given the shape (1, 2)"),
    (["explain", "--input", "1 2; 3 4"], "the inputs are 2 rows, the targets 1"),
    (["explain", "--weights", "1 2 3"], "the network 2-2-1 has 6 weights, but 3 numbers were given"),
    (["explain", "2-2-1", "--weights", "1 2 3"], "the network 2-2-1 has 6 weights (9 with its biases), but 3 numbers were given"),
    (["explain", "iris", "--target", "1 1 0", "--row", "1", "--input", "1 2 3 4", *RECORD], "row 1 adds up to 2"),
    # numbers that are none
    (["explain", "--input", "8 zwölf"], "input row 1 holds 'zwölf', which is no number"),
    (["explain", "--input", "8 nan"], "input holds nan at position (1, 2); every number must be finite"),
    (["explain", "--input", "inf 1"], "input holds inf at position (1, 1)"),
    (["explain", "--input", "1e999 1"], "input holds inf"),
    (["explain", "--input", ""], "input row 1 holds no numbers"),
    (["explain", "--target", "4;;5"], "target row 2 holds no numbers"),
    (["explain", "--weights", "a"], "weights holds 'a', which is no number"),
    (["explain", "--weights", "nan 1 1 1 1 1"], "the weights holds nan at position (1,)"),
    (["explain", "--seed", "1.5"], "'1.5' is not a valid integer"),
    (["explain", "2-2-1", "--seed", "-3"], "seed must be a whole number from 0, not -3"),
    (["explain", "--steps", "0"], "0 is not in the range"),
    (["explain", "--step", "99999999999"], "is not in the range"),
    (["explain", "--digits", "40"], "40 is not in the range"),
    # rates
    (["explain", "--learning-rate", "0"], "sgd got learning_rate = 0; it must be greater than 0 and at most 1,000,000"),
    (["explain", "--learning-rate", "-0.1"], "sgd got learning_rate = -0.1; it must be greater than 0"),
    (["explain", "--learning-rate", "nan"], "sgd got learning_rate = nan, which is no number to compute with"),
    (["explain", "--learning-rate", "inf"], "sgd got learning_rate = inf, which is no number to compute with"),
    (["explain", "--learning-rate", "1e300"], "learning_rate = 1e+300"),
    (["explain", "--learning-rate", "1e7"], "sgd got learning_rate = 10000000.0; it must be greater than 0 and at most 1,000,000"),
    (["explain", "--learning-rate", "0,0,5"], "the learning rate is a number, as 0.05, or a schedule, as cosine:rate=0.1, not '0,0,5'"),
    (["explain", "--learning-rate", "fast"], "no schedule is called 'fast'"),
    (["explain", "--learning-rate", "cosine:rate=0"], "cosine got rate = 0; it must be greater than 0"),
    (["explain", "--learning-rate", "step_decay:every=0", *RECORD], "step_decay got every = 0; it must be greater than 0."),
    (["explain", "--optimizer", "adam:beta1=1"], "adam got beta1 = 1; it must be at least 0 and less than 1"),
    (["explain", "--optimizer", "sgd:clip_norm=-1"], "sgd got clip_norm = -1; it must be greater than 0"),
    (["explain", "--optimizer", "adam:beta1"], "options are written as name:option=number"),
    (["explain", "--regularizer", "l2:rate=0"], "l2 got rate = 0; it must be greater than 0"),
    # what contradicts itself, or has no place
    (["explain", "--row", "2"], "the batch has no row 2; its rows are 1 to 1"),
    (["explain", "2-2-1", "--row", "2"], "--row chooses rows of a batch, but there is none"),
    (["explain", "xor", "--row", "3-x"], "rows are written as 3, 3-7 or 3,5, not '3-x'"),
    (["explain", "xor", "--row", "1-999999999"], "no range that can be counted up"),
    (["explain", "--target-columns", "a"], "--target-columns names columns of a table"),
    (["explain", "--data", "x.csv", "--input", "1 2"], "leave out one of them"),
    (["explain", "--interactive"], "--interactive needs a terminal"),
    (["explain", "--steps", "2", *RECORD], "a .json file holds one step"),
    (["explain", "-o", "x.doc"], "x.doc': the suffix says the format; .doc is unknown. Known: .txt, .md,"),
    (["explain", "-o", "x"], "none is unknown. Known: .txt, .md,"),
    (["explain", "-o", "missing/step.json"], "missing/step.json cannot be written: No such file or directory"),
    (["explain", "-o", "folder.json"], "folder.json is a folder"),
    (["examples", "seed", "-o", "x.yaml"], "a description is written as .toml or .json"),
    # files
    (["explain", "missing.toml"], "there is no file missing.toml"),
    (["explain", "missing.json"], "there is no file missing.json"),
    (["explain", "folder.json"], "folder.json is a folder"),
    (["explain", "folder"], "folder is a folder; name a .toml or .json file in it"),
    (["explain", "model.safetensors"], "there is no file model.safetensors"),
    (["explain", "rows.csv"], "rows.csv is no description of a network; if it holds data, give it as --data rows.csv"),
    (["explain", "network.yaml"], "network.yaml is no network: a description is a .toml or .json file"),
    (["explain", "--data", "missing.csv"], "there is no file missing.csv"),
    (["explain", "--data", "folder"], "folder is a folder"),
    (["explain", "--definitions", "missing.py"], "there is no file missing.py"),
]  # fmt: skip

DESCRIPTIONS = [
    ("empty.toml", b"", "empty.toml is empty"),
    ("blank.json", b" \n ", "blank.json is empty"),
    ("picture.toml", b"\x89PNG\r\n\xff\xfe", "picture.toml is not text in UTF-8 (byte 1 is 0x89)"),
    ("cut.toml", SEED[: SEED.index("[[layers]]") + 5].encode(), "Expected ']]' at the end of an array declaration (at the end, line 5)"),
    ("cut.json", b'{"inputs": 2,\n "layers": [{"units": 2}', "cut.json is not complete JSON: Expecting ',' delimiter (line 2, column"),
    ("twice.toml", b"inputs = 2\ninputs = 3\n", "Cannot overwrite a value (at line 2, column"),
    ("list.json", b"[1, 2]", "list.json holds [1, 2], not a description in braces"),
    ("deep.json", b"[" * 100_000, "deep.json is not JSON that a description could be"),
    ("deep.toml", b"x = " + b"[" * 100_000, "deep.toml is not TOML that a description could be"),
    ("digits.json", b'{"inputs": ' + b"9" * 10_000 + b"}", "holds an absurd number"),
    ("digits.toml", b"inputs = " + b"9" * 10_000, "holds an absurd number"),
    ("hex.toml", b"inputs = 0x" + b"f" * 10_000 + b"\n[[layers]]\nunits = 1", "something absurd columns of the input x are more"),
    ("nan.json", SEED and json.dumps({**EXAMPLES["seed"], "weights": [float("nan")] * 6}).encode(), "holds nan at position"),
    ("huge.json", json.dumps({**EXAMPLES["seed"], "weights": [10**400] * 6}).encode(), "weights: the weights must be numbers"),
    ("text.json", json.dumps({**EXAMPLES["seed"], "weights": ["1"] * 6}).encode(), "'1' is not"),
    ("units.toml", b"inputs = 2\n[[layers]]\nunits = 1000000000", "layers[1]: 1000000000 units of a layer are more than this can hold"),
    ("layers.json", b'{"inputs": 1, "layers": [' + b",".join([b'{"units": 1}'] * 5000) + b"]}", "5,000 layers are more than this can hold"),
    ("shape.toml", b"inputs = 2\n[[layers]]\nunits = 3\nweights = [[1, 2], [3, 4], [5, 6]]",
     "W1 of layer 1 (output) has the shape (3, 2), but (2, 3) is needed: it is transposed"),
]  # fmt: skip

TABLES = [
    ("", "rows.csv is empty"),
    ("a,b,c\n", "rows.csv has a header but no rows"),
    ("1,2,3\n4,x,6\n", "rows.csv: row 2, column 'column2' holds 'x', which is no number"),
    ("a,b,c\n1,2,3\n4,,6\n", "rows.csv: row 2, column 'b' has no value"),
    ("1,2,3\n4,5\n", "rows.csv: row 2 has 2 cells, but there are 3 columns"),
    ("1,2,nan\n", "row 1, column 'column3' has no value"),
    ("1,2,1e999\n", "row 1, column 'column3' holds inf, which is no finite number"),
    ("1,2\n", "rows.csv has 1 column of inputs and 1 of targets, but the network needs 2 and 1"),
    ("a,a,b\n1,2,3\n", "rows.csv has two columns called 'a'"),
    ('1,2,"3\n', "rows.csv is not a table: its first row cannot be read; is a quote left open?"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.json").mkdir()
    return tmp_path


def refused(arguments, capsys):
    """The message of a command that must end with exit code 2."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("chainrule: ")
    *lines, last = err.splitlines()
    assert len(lines) <= (2 if last.strip(" ^") == "" else 1)  # a place may be marked
    assert len(err) < 1000
    return err


@pytest.mark.parametrize(("arguments", "message"), ARGUMENTS, ids=[" ".join(case[0])[:60] for case in ARGUMENTS])
def test_arguments(arguments, message, folder, capsys):
    assert message in refused(arguments, capsys)


@pytest.mark.parametrize(("name", "content", "message"), DESCRIPTIONS, ids=[case[0] for case in DESCRIPTIONS])
def test_descriptions(name, content, message, folder, capsys):
    (folder / name).write_bytes(content)
    assert message in refused(["explain", name], capsys)


@pytest.mark.parametrize(("content", "message"), TABLES)
def test_tables(content, message, folder, capsys):
    (folder / "rows.csv").write_text(content)
    assert message in refused(["explain", "--data", "rows.csv"], capsys)


def test_rows_and_columns_that_a_table_lacks(folder, capsys):
    (folder / "rows.csv").write_text("a,b,c\n1,2,3\n")
    assert "rows.csv has no row 2; its rows are 1 to 1" in refused(["explain", "--data", "rows.csv", "--row", "2"], capsys)
    assert "no column of rows.csv is called 'd'" in refused(["explain", "--data", "rows.csv", "--target-columns", "d"], capsys)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import chainrule as cr\n@cr.activation\ndef tanh(z): return z", "there is already an activation called 'tanh'"),
        ("1 / 0", "own.py could not be run: ZeroDivisionError: division by zero"),
        ("def f(:", "own.py could not be run: SyntaxError"),
        ("raise SystemExit(0)", "own.py could not be run: SystemExit"),
    ],
)
def test_definitions_that_do_not_run(source, message, folder, capsys):
    (folder / "own.py").write_text(source)
    assert message in refused(["explain", "--definitions", "own.py"], capsys)


@pytest.mark.parametrize("arguments", [["mazurr"], ["--input", "x"], ["--exact", "mazur"], ["--learning-rate", "0"]])
def test_the_output_file_is_unharmed(arguments, folder, capsys):
    (folder / "step.json").write_text("precious")
    refused(["explain", *arguments, *RECORD], capsys)
    assert (folder / "step.json").read_text() == "precious"
    assert sorted(path.name for path in folder.iterdir()) == ["folder", "folder.json", "step.json"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write and read everything")
def test_what_may_not_be_read_or_written(folder, capsys):
    (folder / "secret.toml").write_text(SEED)
    (folder / "secret.toml").chmod(0)
    assert "cannot be read: Permission denied" in refused(["explain", "secret.toml"], capsys)
    (folder / "locked").mkdir(mode=0o500)
    assert "cannot be written: Permission denied" in refused(["explain", "-o", "locked/step.json"], capsys)


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["explain", "2-1000000000-1"], b"", "more than this can hold"),
        (["explain", "-"], b"", "standard input is empty"),
        (["explain", "-"], b"\xff\xfe", "standard input is not text in UTF-8"),
        (["explain", "-"], b"inputs = ", "standard input is not TOML: Invalid value (at the end, line 1)"),
        (["explain", "-"], b'{"inputs": }', "standard input is not complete JSON: Expecting value (line 1, column 12)"),
        (["explain", "a\x1b[31mb.toml"], b"", "there is no file"),
        (["explain", os.fsdecode(b"\xff.toml")], b"", "there is no file"),
        (["explain", "x" * 5000 + ".toml"], b"", "cannot be read: File name too long"),
    ],
)
def test_in_a_process_of_its_own(arguments, given, message):
    ended = subprocess.run([sys.executable, "-m", "chainrule", *arguments], input=given, capture_output=True, check=False, timeout=600)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert message in ended.stderr.decode()
    assert b"Traceback" not in ended.stderr


def test_absurd_sizes_take_no_memory():
    resource = pytest.importorskip("resource")
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({2**31}, {resource.RLIM_INFINITY}))"
    program = f"{limit}; import sys; from chainrule.cli import main; sys.exit(main(['explain', '30000-30000-1']))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "900,060,001 parameters" in ended.stderr


# Whatever is written into a description, only InputError comes out.

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["tanh", "sgd", "huber", "cross_entropy", "nielsen", 1e300, -1, 0, 10**400]),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8
)
cuts = (st.integers(0, 600), st.integers(0, 40), st.text(max_size=10))


def places(value, path=()):
    """Every place in nested plain data."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from places(below, (*path, key))


@st.composite
def mutations(draw):
    """A built-in description with one to three places replaced, removed or added to."""
    description = deepcopy(EXAMPLES[draw(st.sampled_from(sorted(EXAMPLES)))])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([place for place in places(description) if place]))
        parent = description
        for key in path[:-1]:
            parent = parent[key]
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "remove":
            del parent[path[-1]]
        elif action == "add" and isinstance(parent, dict):
            known = ["seed", "notation", "regularizer", "outputs", "batch", "features", "bias", "weights", "frozen", "initializer"]
            parent[draw(st.sampled_from(known) | st.text(max_size=8))] = draw(values)
        else:
            parent[path[-1]] = draw(values)
        if not any(places(description)):
            break
    return description


def only_input_errors(run):
    message = "-"
    try:
        run()
    except InputError as error:
        message = str(error)
    assert 1 <= len(message.splitlines()) <= 2
    assert len(message) < 1000


@given(mutations())
@examples(300)
def test_any_description_is_read_or_refused(description):
    only_input_errors(lambda: problem_from(description).step())


@given(values)
@examples(100)
def test_any_value_is_refused_as_a_description(value):
    only_input_errors(lambda: problem_from(value))


@given(st.sampled_from([to_toml(description) for description in EXAMPLES.values()]), *cuts)
@examples(300)
def test_any_toml_is_read_or_refused(text, start, length, put):
    only_input_errors(lambda: problem_from(from_toml(text[:start] + put + text[start + length :])))


@given(st.sampled_from([json.dumps(description) for description in EXAMPLES.values()]), *cuts)
@examples(300)
def test_any_json_is_read_or_refused(text, start, length, put):
    only_input_errors(lambda: problem_from(from_json(text[:start] + put + text[start + length :])))


@given(st.text(max_size=20))
@also("2-2-1-")
@also("١-٢")
@also("²-1")
@examples(200)
def test_any_source_is_read_or_refused(text):
    if text != "-":
        only_input_errors(lambda: problem(text))


@given(st.text(st.characters(codec="ascii", categories=["Nd", "P", "Z", "L"]), max_size=15))
@examples(200)
def test_any_option_is_read_or_refused(text):
    for option in ("weights", "input", "target", "row", "activation", "loss", "initializer", "optimizer", "learning_rate", "notation"):
        only_input_errors(lambda option=option: problem("2-2-1", **{option: text}))
    only_input_errors(lambda: row_numbers(text))


@given(st.text(max_size=60) | st.text("0123456789,;.\t \n\"'-e", max_size=60))
@examples(300)
def test_any_table_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("tables") / "rows.csv"
    path.write_text(text, encoding="utf-8")
    only_input_errors(lambda: read(path))


def test_messages_carry_no_control_characters(folder, capsys):
    message = refused(["explain", "2-2-1", "--activation", "\x1b[31mred\x1b[0m"], capsys)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", message)
