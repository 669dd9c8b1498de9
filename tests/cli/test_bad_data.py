"""Bad data: every case is refused with a line or two that name the culprit and the smallest fix."""

import gzip
import re
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.base.errors import FileError, InputError
from chainrule.base.options import as_typed
from chainrule.data.reading import chunks, kinds_of, read
from chainrule.preparation.preparation import Preparation

# Files that are no tables

FILES = [
    ("", "t.csv is empty."),
    (" \n\n", "t.csv is empty."),
    ("\ufeff", "t.csv is empty."),
    ("a,b,c\n", "t.csv has a header but no rows."),
    ("a,b,c\n1,2,3\n4,5\n", "t.csv: row 2 has 2 cells, but there are 3 columns; fill in what lacks, with nothing between its separators."),
    ("a,b,c\n1,2,3\n4,5,6,7\n", "t.csv: row 2 has 4 cells, but there are 3 columns; put what holds a comma in quotes, text or a number as 1,5."),
    ("a;b\n1;2\n4;5;6\n", "t.csv: row 2 has 3 cells, but there are 2 columns; put text that holds a separator in quotes."),
    ("1,2,3\n4,5,6\n4,5\n", "t.csv: row 3 has 2 cells, but there are 3 columns; fill in what lacks"),
    ("a,b,a\n1,2,3\n", "t.csv has two columns called 'a'; give each its own name, or say --no-header if these are values."),
    ('a,b\n1,"2\n3,4\n', "t.csv is not a table: a quote is left open (line 3)."),
    ('a,b\n1,"2"3\n', "t.csv is not a table: ',' expected after '\"' (line 2)."),
    ('"a,b\n1,2\n', "t.csv is not a table: its first row cannot be read; is a quote left open?"),
    ("näme,b\nMüller,1\n".encode("cp1252"), "t.csv is not text in UTF-8 (byte 2); cp1252 fits and would read 'näme': give --encoding cp1252, or save"),
    ("a,b\n".encode("utf-16-le") * 9, "t.csv is not text in UTF-8; utf-16-le fits: give --encoding utf-16-le, or save it as UTF-8."),
    ("имя,b\nПривет мир,1\n".encode("cp1251"), "cp1251 fits and would read 'имя': give --encoding cp1251"),
    ("名前,b\n日本語,1\n".encode("shift_jis"), "shift_jis fits and would read '名前': give --encoding shift_jis"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\x10", "t.csv is an image; name a folder of such, or let its name say so, as .png."),
    (b"a,b\n1,2\n\0\0\0\0\n", "t.csv is not text in UTF-8: it holds zero bytes, from byte 9 on; was it cut off while it was written?"),
    (b"\x7fELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0" * 9, "t.csv is not text in UTF-8; it looks like no text at all: save it as CSV in UTF-8."),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def message_of(call):
    """The message of an InputError, as a command line says it: a line or two, without a control character."""
    with as_typed():
        with pytest.raises(InputError) as caught:
            call()
        message = str(caught.value)
    assert len(message) < 400
    assert not re.search(r"[\x00-\x1f]", message)
    return message


def put(folder, content, name="t.csv"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


@pytest.mark.parametrize(("content", "message"), FILES, ids=[repr(case[0])[:30] for case in FILES])
def test_files(content, message, folder):
    path = put(folder, content)
    assert message in message_of(lambda: read(path))
    assert message in message_of(lambda: list(chunks(path, rows=1)))


def test_the_offered_encoding_is_right(folder):
    path = put(folder, "näme,b\nMüller,1\n".encode("cp1252"))
    assert read(path, encoding="cp1252").names == ("näme", "b")
    late = put(folder, b"a,b\n" + b"x,1\n" * 100_000 + "Müller,1\n".encode("cp1252"), "late.csv")
    message = "late.csv is not text in UTF-8 (byte 400,006); cp1252 fits and would read 'Müller'"
    assert message in message_of(lambda: read(late))


def test_places(folder):
    assert message_of(lambda: read("none.csv")) == "there is no file none.csv."
    assert "is a folder without a table or an image; name a file, or a folder of files" in message_of(lambda: read("."))
    with pytest.raises(FileError, match="cannot be read: embedded null byte"):
        read("a\0b")


def test_options(folder):
    path = put(folder, "a,b\n1,2\n")
    assert message_of(lambda: read(path, separator=";;")) == "the separator is one character, as ; or a tab, not ';;'."
    assert message_of(lambda: read(path, decimal="'")) == 'the decimal sign is . or , not "\'".'
    assert "no encoding is called 'cp-1252x'. Did you mean 'cp1252'?" in message_of(lambda: read(path, encoding="cp-1252x"))
    assert "no encoding is called 'base64'" in message_of(lambda: read(path, encoding="base64"))
    assert "no kind of column (asked for 'a') is called 'numbr'. Did you mean 'number'?" in message_of(
        lambda: read(path, kinds={"a": "numbr"})
    )
    assert message_of(lambda: chunks(path, rows=0)) == "a part has at least one row, not 0."


def test_strays_of_known_kinds(folder):
    path = put(folder, "a;b\n1,5;true\n2.5;maybe\n")
    message = "t.csv, column 'a': row 2 holds '2.5', which is no number with the decimal sign ','."
    assert message_of(lambda: read(path, decimal=",", kinds={"a": "number"})) == message
    message = "t.csv: row 2, column 'b' holds 'maybe', which is no truth value."
    assert message_of(lambda: read(path, kinds={"b": "boolean"})) == message


# Other formats

IDX = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03" + bytes(6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no IDX file"),
        (b"\0\0\x07\x01\0\0\0\x01\0", "is no IDX file"),
        (b"PNG and so on", "is no IDX file"),
        (IDX[:-1], "is cut short: its head says 6 bytes of values (2 × 3); fetch it again."),
        (IDX[:6], "is cut short"),
        (IDX + b"\0", "is longer than it should be"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "is cut short: its head says 79,228,162,458,924,105,385,300,197,375 bytes"),
    ],
)
def test_idx(content, message, folder):
    assert message in message_of(lambda: read(put(folder, content, "x.idx")))
    packed = put(folder, gzip.compress(content), "x-ubyte.gz")
    assert message in message_of(lambda: read(packed))


@pytest.mark.parametrize("suffix", ["npy", "npz", "parquet", "csv.gz", "idx.gz"])
@pytest.mark.parametrize(
    "content", [b"", b"nonsense that goes on for a while", b"PK\x03\x04 no", b"\x93NUMPY\x01\x00", b"PAR1", b"\x1f\x8b\x08"]
)
def test_foreign_files(suffix, content, folder):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    message = message_of(lambda: read(put(folder, content, f"x.{suffix}")))
    assert message.startswith(f"x.{suffix} ")


def test_cut_files(folder):
    np.save("x.npy", np.arange(100.0))
    whole = (folder / "x.npy").read_bytes()
    np.savez("x.npz", x=np.arange(100.0))
    archive = (folder / "x.npz").read_bytes()
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    for name, content in (("c.npy", whole[:-9]), ("c.npy", whole[:20]), ("c.npz", archive[:-30]), ("c.csv.gz", packed[:-12])):
        path = put(folder, content, name)
        assert name in message_of(lambda path=path: read(path))


def test_nothing_is_unpickled(folder):
    np.save("x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez("x.npz", x=np.array([{"a": 1}], dtype=object))
    for path in ("x.npy", "x.npz"):
        assert re.search("Python objects|Object arrays", message_of(lambda path=path: read(path)))


def test_arrays_and_dicts():
    assert message_of(lambda: read({"a": [1, 2], "b": [1]})) == "the data: column 'b' has 1 row, but the first column has 2."
    assert message_of(lambda: read({})) == "the data holds no values."
    assert message_of(lambda: read(np.zeros((0, 3)))) == "the array holds no values."
    assert message_of(lambda: read(3)) == "the array is a single value; give rows of values."
    assert "cannot be read as rows" in message_of(lambda: read([[1, 2], [3]]))
    assert "has the shape (2, 2); a column has one axis" in message_of(lambda: read({"a": np.zeros((2, 2))}))
    assert "complex" in message_of(lambda: read({"a": [1j]}))
    assert "too large to compute with" in message_of(lambda: read({"a": np.array([10**400, 1], dtype=object)}))
    assert "no shipped data set is called 'irsi'. Did you mean 'iris'?" in message_of(lambda: read("data:irsi"))


@pytest.mark.parametrize(
    ("source", "hidden", "said"),
    [("data:iris", "sklearn", "scikit-learn"), ("x.parquet", "pyarrow.parquet", "pyarrow"), ("frame", "narwhals", "narwhals")],
)
def test_extras_that_are_missing(source, hidden, said, folder, monkeypatch):
    if source == "frame":
        source = pytest.importorskip("polars").DataFrame({"a": [1]})
    for name in (hidden, hidden.split(".")[0]):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    message = message_of(lambda: read(source))
    assert said in message
    assert message.endswith("which is not installed: pip install 'chainrule[data]'")


# Tables that nothing can be learned from

LONG = "a,b,t\n" + "".join(f"{place % 7},{place % 5}.5,{place / 4}\n" for place in range(60))

TABLES = [
    ("a,t\n1,2\n", {}, "t.csv has one row only; training needs two at the very least."),
    ("a,t\n1,x\n2,x\n5,x\n", {}, "target 't' of t.csv is 'x' in every row; a class target needs two classes or more."),
    ("a,t\n1,4\n2,4\n5,4\n", {}, "target 't' of t.csv is 4 in every row; there is nothing to learn. Choose another."),
    ("a,t\n3,4\n3,5\n3,6.5\n", {}, "t.csv has no column to learn from: left out are a (constant)."),
    ("a,t\nx,4\ny,5\nz,6.5\n", {}, "t.csv has no column to learn from: left out are a (all different)."),
    ("t\n4\n5\n", {}, "t.csv has no column to learn from beside the target."),
    ("a,t\n,4\nNA,5\n", {}, "t.csv has no column to learn from: left out are a (no values)."),
    ("a,b,t\n1,2,\n2,3,?\n", {}, "t.csv: column t has no values at all; choose another target."),
    ("a,b,t\n1,,4\n2,3,5\n,,6\n9,4,7.5\n", {}, "t.csv has 3 missing values (row 1, column 'b'; row 3, column 'a'; row 3, column 'b'); fill them in, ask for --impute mean, leave those rows out (--drop-missing) or columns (--ignore a --ignore b)."),
    ("a,b,t\n1,nan,4\n2,3,5\n5,4,6.5\n", {}, "t.csv has 1 missing value (row 1, column 'b'); fill them in"),
    ("a,t\n1,4\n2,\n4,5\n", {}, "t.csv has 1 missing value (row 2, column 't'), and it is the target; leave those rows out (--drop-missing)."),
    ("a,t\n1,4\n2,\n4,5\n", {"impute": "mean"}, "t.csv has 1 missing value (row 2, column 't'), and it is the target"),
    (
        "a,t\n1,4\ninf,5\n4,6.5\n",
        {},
        "t.csv: row 2, column 'a' holds inf, which is no finite number; correct it, say --missing inf if it means that there is no value, or "
        "leave the row out.",
    ),
    ("a,t\n1,4\n1e301,5\n4,6.5\n", {}, "t.csv: row 2, column 'a' holds 1e+301, which is too large to compute with"),
    ("age,t\n1,4\ntwo,5\n4,6.5\n", {}, "t.csv: row 2, column 'age' holds 'two', which is no number, as 2 other cells of that column are; correct it, say --missing two if it means that there is no value, take the values as categories (--categories age), or leave the column out (--ignore age)."),
    ("a,t\n1,4\n2,five\n4,6.5\n", {}, "t.csv: row 2, column 't' holds 'five', which is no number, as 2 other cells of that column are; correct it, say --missing five if it means that there is no value, or take the values as classes (--task classify)."),
    ("a,t\n1,x\n2,y\n4,x\n", {"task": "regress"}, "t.csv: row 1, column 't' holds 'x', which is no number to regress to."),
    ("a,t\n1,2020-01-01\n2,2020-01-02\n", {}, "target 't' of t.csv holds dates; choose a column of numbers or classes."),
    ("a,t\n" + "".join(f"{p % 5},n{p}\n" for p in range(30)), {}, "target 't' of t.csv has 30 different values in 30 rows; these are no classes to learn. Choose another target."),
    (LONG, {"task": "classify"}, "has 60 different values in 60 rows; these are no classes to learn. Choose another target or --task regress."),
    (LONG, {"targets": ["T1"]}, "no column of t.csv is called 'T1'. Did you mean 't'? Known: a, b, t."),
    ("1,2\n3,4\n5,6.5\n", {}, "no column of t.csv is called 't'. Known: column1, column2. The names are ours, as no header was found; if the first row of a text is one, say --header."),
    ("t" + "".join(f",c{p}" for p in range(60)) + "\n" + 2 * ("1" + ",2" * 60 + "\n"), {"targets": ["c99"]}, "Known: c0 … c59, t."),
    (LONG, {"targets": []}, "no target is named; say which column of t.csv is to be predicted (--target): a, b, t."),
    (LONG, {"ignore": ["bb"]}, "no column of t.csv is called 'bb'. Did you mean 'b'?"),
    (LONG, {"ignore": ["t"]}, "column 't' cannot be left out and a target."),
    (LONG, {"targets": ["t", "t"]}, "column 't' cannot be a target and the same again."),
    (LONG, {"targets": ["a", "t"], "task": "classify"}, "one output has one class target, not 2 (a, t); train one model for each, or describe a network with an output for each (--network)."),
    ("a,b,t\n1,x,3\n2,y,4\n5,x,6\n", {"targets": ["b", "t"]}, "column 'b' holds 'x', which is no number to regress to. Several targets must all be numbers, or a network has an output for each (--network)."),
    (LONG, {"task": "clasify"}, "no task is called 'clasify'. Did you mean 'classify'?"),
    (LONG, {"impute": "men"}, "no way to impute is called 'men'. Did you mean 'mean'?"),
    ("a,b,t\n1,x,3\n2,y,4\n5,x,6.5\n", {"numbers": ["b"]}, "t.csv: column 'b' was asked for as numbers, but holds text (row 1: 'x')."),
    ("a,b,t\n1,2020-01-01,3\n2,2020-01-02,4\n5,2020-01-03,6.5\n", {"numbers": ["b"]}, "column 'b' was asked for as numbers, but holds dates."),
]  # fmt: skip


@pytest.mark.parametrize(("content", "options", "message"), TABLES, ids=[case[2][:50] for case in TABLES])
def test_tables(content, options, message, folder):
    path = put(folder, content)
    options = {"targets": ["t"], **options}
    assert message in message_of(lambda: Preparation.fit(read(path), **options))
    assert message in message_of(lambda: Preparation.fit(lambda: chunks(path, rows=2), **options))


def test_tables_whose_kinds_change():
    first, second = read({"a": [1, 2], "t": [1, 2]}), read({"a": ["x", "y"], "t": [1, 2]})
    assert message_of(lambda: Preparation.fit(lambda: [first, second], ["t"])) == (
        "the data: from row 1 on, column 'a' is text, but number before."
    )


# Anything else


@given(st.binary(max_size=80) | st.text(max_size=60).map(str.encode) | st.text("0123456789,;.\t|ab \n\"'-e?", max_size=60).map(str.encode))
@example(b"\xff\xfea\0")
@example(b"\xef\xbb\xbf\n1")
@example(b"1,2\n\x1f,3\n")
@examples(400)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_bytes(content)
    try:
        table = read(path)
    except InputError:
        return
    assert len(table) == sum(map(len, chunks(path, rows=2)))
    assert table.kinds == kinds_of(path)
    for name in table.names:
        with suppress(InputError):
            preparation = Preparation.fit(table, [name], impute="median")
            preparation.x(table)
            preparation.answers(preparation.t(table))


@given(st.data())
@examples(150)
def test_any_change_of_binary_files_is_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("binary")
    np.save(folder / "x.npy", np.arange(6.0).reshape(3, 2))
    np.savez(folder / "x.npz", x=np.arange(4), y=np.arange(4.0))
    (folder / "x.idx").write_bytes(IDX)
    path = folder / data.draw(st.sampled_from(["x.npy", "x.npz", "x.idx"]))
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with suppress(InputError):
        read(path)
