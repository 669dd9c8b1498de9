"""Reading: what is written in any usual way is read back; files, frames and arrays give the same table."""

import csv
import gzip
import io
import itertools
import struct
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.base.errors import InputError
from chainrule.data.cells import is_missing
from chainrule.data.dates import is_date
from chainrule.data.numbers import looks_like_number
from chainrule.data.reading import chunks, kinds_of, read
from chainrule.data.sources import size_of
from chainrule.data.table import Table

# Any table, written in any way

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000).map(float)
LETTERS = st.text("abcdeäéß", min_size=1, max_size=6).filter(lambda text: not is_missing(text) and text not in ("true", "false"))
WILD = st.text("ab ,;|\t\"'\n1.é", min_size=1, max_size=8).filter(
    lambda text: (
        text == text.strip()
        and not is_missing(text)
        and not looks_like_number(text)
        and not is_date(text)
        and text not in ("true", "false")
    )
)


@st.composite
def tables(draw, texts=LETTERS, fewest=1):
    """Names and columns: numbers, texts and truth values, here and there one missing, though not all of the last row."""
    rows = draw(st.integers(fewest, 8))
    columns = []
    for _ in range(draw(st.integers(2, 5))):
        values = draw(st.sampled_from([NUMBERS, NUMBERS, texts, st.booleans()]))
        first = draw(values)  # at least one is there
        columns.append([first, *(draw(st.none() | values) for _ in range(rows - 1))])
    if all(column[-1] is None for column in columns):  # rows of separators alone are none at the end of a file
        columns[0][-1] = columns[0][0]
    return [f"name {chr(97 + place)}" if place % 2 else chr(97 + place) for place in range(len(columns))], columns


def written(names, columns, separator=",", decimal=".", missing="", quoting=csv.QUOTE_MINIMAL, newline="\n"):
    def cell(value):
        if value is None:
            return missing
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value).replace(".", decimal) if isinstance(value, float) else value

    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=newline)
    writer.writerow(names)
    writer.writerows([cell(value) for value in row] for row in zip(*columns, strict=True))
    return text.getvalue()


def same(table, names, columns):
    assert table.names == tuple(names)
    for column, values in zip(table.columns, columns, strict=True):
        found = [None if gone else value for value, gone in zip(column.values.tolist(), column.missing, strict=True)]
        assert found == values
        first = values[0]
        assert column.kind == ("boolean" if isinstance(first, bool) else "number" if isinstance(first, float) else "text")


@given(
    tables(texts=WILD),
    st.sampled_from(",;\t|"),
    st.sampled_from(".,"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "utf-32"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["", "NA", "NaN", "null", "?", "-", "n/a"]),
    st.integers(1, 5),
)
def test_what_is_written_is_read_back(tmp_path_factory, table, separator, decimal, encoding, quoting, missing, rows):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_bytes(written(*table, separator, decimal, missing, quoting).encode(encoding))
    asked = {"separator": separator, "decimal": decimal, "encoding": encoding, "header": True}
    whole = read(path, **asked)
    same(whole, *table)
    parts = list(chunks(path, rows=rows, **asked))
    assert [part.first_row for part in parts] == list(range(1, len(whole) + 1, rows))
    for column in whole.columns:
        streamed = np.concatenate([part.column(column.name).values for part in parts])
        assert (streamed.dtype, repr(streamed.tolist())) == (column.values.dtype, repr(column.values.tolist()))


@given(tables(fewest=3), st.sampled_from(",;\t|"), st.sampled_from(".,"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_the_form_is_found_out(tmp_path_factory, table, separator, decimal, encoding, windows):
    if decimal == separator or not any(isinstance(value, float) and value % 1 for column in table[1] for value in column):
        decimal = "."
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_bytes(written(*table, separator, decimal, newline="\r\n" if windows else "\n").encode(encoding))
    same(read(path), *table)


def notes(text, tmp_path, **options):
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, **options)


@pytest.mark.parametrize(
    ("text", "names", "values", "note"),
    [
        ("a,b\n1,2\n", ("a", "b"), [[1, 2]], "separator: comma"),
        ("a;b\n1,5;2\n", ("a", "b"), [[1.5, 2]], "decimal sign: comma"),
        ("a\tb\n1.5\t2\n", ("a", "b"), [[1.5, 2]], "separator: tab"),
        ("a|b\n1.5|2\n", ("a", "b"), [[1.5, 2]], "separator: bar"),
        ("a   b\n 1.5  2\n", ("a", "b"), [[1.5, 2]], "separator: blanks"),
        ("1,5 2,5\n3,5 4\n", ("column1", "column2"), [[1.5, 2.5], [3.5, 4]], "decimal sign: comma"),
        ("1, 2\n3, 4\n", ("column1", "column2"), [[1, 2], [3, 4]], "no header: the columns are called column1, column2"),
        ('a,b\n"1,5",2\n', ("a", "b"), [[1.5, 2]], "decimal sign: comma"),
        ("a\n1\n2\n", ("a",), [[1], [2]], "separator: none (one column)"),
        ("\ufeffa,b\n1,2\n", ("a", "b"), [[1, 2]], "encoding: utf-8 with a byte-order mark"),
        ("a,b\n1,2\n".encode("utf-16"), ("a", "b"), [[1, 2]], "encoding: utf-16 with a byte-order mark"),
        ("a,\n1,2\n", ("a", "column2"), [[1, 2]], "separator: comma"),
        ("x,2019,2020\n1,2,3\n", ("x", "2019", "2020"), [[1, 2, 3]], "the first row is taken for the header although it holds numbers"),
        ("a,b\r\r1,2\r", ("a", "b"), [[1, 2]], "separator: comma"),
        ("a,b\n\n1,2\n   \n3,4\n\n", ("a", "b"), [[1, 2], [3, 4]], "separator: comma"),
    ],
)
def test_forms(text, names, values, note, tmp_path):
    table = notes(text, tmp_path)
    assert table.names == names
    assert table.numbers(names).tolist() == values
    assert note in list(map(str, table.notes))


def test_a_first_row_whose_text_comes_again_is_no_header(tmp_path):
    table = notes("5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,2.5,virginica\n", tmp_path)
    assert (table.has_header, len(table)) == (False, 3)
    assert notes("5.1,3.5,setosa\n4.9,3.0,setosa\n", tmp_path, header=True).names == ("5.1", "3.5", "setosa")
    assert not notes("a,b\nc,d\n", tmp_path, header=False).has_header


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5e3", "-4"], "number"),
        (["1", "NA", "nan", "?"], "number"),
        (["true", "False", "-"], "boolean"),
        (["2020-01-31", "null", "2021-12-01 10:00"], "date"),
        (["31.12.2020", "1.1.21"], "date"),
        (["12:30", "9:05:17"], "date"),
        (["a", "1", "2"], "text"),
        (["1_000", "2"], "text"),
        (["١", "2"], "number"),
        (["1", "a", "true"], "text"),
        (["2020-01-31", "soon"], "text"),
        (["", "NA"], "number"),
    ],
)
def test_kinds(cells, kind, tmp_path):
    text = "a,b\n" + "".join(f"{cell},1\n" for cell in cells)
    assert notes(text, tmp_path).kinds["a"] == kind
    assert kinds_of(tmp_path / "t.csv")["a"] == kind
    for part in chunks(tmp_path / "t.csv", rows=1):
        assert part.kinds["a"] == kind


def test_kinds_that_change_far_down(tmp_path):
    cells = ["007", *["8"] * 6000, "late"]
    table = notes("a,b\n" + "".join(f"{cell},1\n" for cell in cells), tmp_path)
    assert table.column("a").values.tolist() == cells
    empty = notes("a,b\n" + ",1\n" * 6000 + "late,1\n", tmp_path).column("a")
    assert empty.values[0] is None
    assert empty.values[-1] == "late"


def test_kinds_can_be_said(tmp_path):
    table = notes("a,b,c\n01,1,1\n02,0,2\n", tmp_path, kinds={"a": "text", "b": "boolean"})
    assert table.kinds == {"a": "text", "b": "boolean", "c": "number"}
    assert table.column("a").values.tolist() == ["01", "02"]
    assert table.column("b").values.tolist() == [1, 0]


# Other sources


def frames():
    pandas, polars, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    data = {"n": [1, 2, None], "x": [0.5, None, 2.5], "s": ["a", None, "b"], "b": [True, False, None]}
    polar = polars.DataFrame(data)
    return [pandas.DataFrame(data), polar, polar.lazy(), pyarrow.table(data), data, polar.to_dict()]


@pytest.mark.parametrize("place", range(6))
def test_data_frames_and_dicts(place):
    frame = frames()[place]
    table = read(frame)
    assert table.kinds == {"n": "number", "x": "number", "s": "text", "b": "boolean"}
    assert table.column("x").missing.tolist() == [False, True, False]
    assert table.column("s").values.tolist() == ["a", None, "b"]
    assert table.column("b").missing.tolist() == [False, False, True]
    assert sum(map(len, chunks(frame, rows=2))) == 3


def test_dates_and_categories_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"d": pandas.to_datetime(["2020-01-01", None]), "c": pandas.Categorical(["u", "v"]), 3: [1, 2]})
    assert read(frame).kinds == {"d": "date", "c": "text", "3": "number"}


def test_parquet(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"a": list(range(10)), "s": [None] * 9 + ["z"]}), path)
    table = read(path)
    assert table.kinds == {"a": "number", "s": "text"}
    parts = list(chunks(path, rows=4))
    assert [(part.first_row, len(part), part.kinds["s"]) for part in parts] == [(1, 4, "text"), (5, 4, "text"), (9, 2, "text")]


def test_numpy_files(tmp_path):
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6)
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "xy.npz", x=x, y=y)
    assert read(tmp_path / "x.npy").numbers(["column1", "column2"]).tolist() == x.tolist()
    assert read(tmp_path / "xy.npz").names == ("x1", "x2", "y")
    assert read(x).names == read(x.tolist()).names == ("column1", "column2")
    structured = np.array([(1, "a"), (2, "b")], dtype=[("n", int), ("s", "U1")])
    assert read(structured).kinds == {"n": "number", "s": "text"}
    assert [len(part) for part in chunks(tmp_path / "x.npy", rows=4)] == [4, 2]


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


def test_idx_with_its_labels(tmp_path):
    images, labels = np.arange(24).reshape(4, 2, 3), np.array([3, 1, 0, 2])
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    table = read(tmp_path / "train-images-idx3-ubyte")
    assert table.names == ("pixel_1_1", "pixel_1_2", "pixel_1_3", "pixel_2_1", "pixel_2_2", "pixel_2_3", "label")
    assert table.column("label").values.tolist() == labels.tolist()
    assert table.numbers(table.names[:-1]).tolist() == images.reshape(4, 6).tolist()
    assert len(read(tmp_path / "train-images-idx3-ubyte.gz").columns) == 6  # no labels.gz lies beside it


@pytest.mark.parametrize(
    ("name", "target", "rows"),
    [("iris", "species", 150), ("wine", "cultivar", 178), ("breast_cancer", "diagnosis", 569), ("digits", "digit", 1797),
     ("diabetes", "progression", 442), ("linnerud", "Pulse", 20)],
)  # fmt: skip
def test_shipped_sets(name, target, rows, tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    table = read(f"data:{name}")
    assert (len(table), table.names[-1]) == (rows, target)
    assert read(name).names == table.names
    (tmp_path / name).write_text("a,b\n1,2\n")  # a file of that name comes first
    assert read(name).names == ("a", "b")


# Tables


def test_rows_keep_their_numbers():
    table = read({"a": [1.0, 2, 3, 4, 5]})
    part = table.take([3, 0]).take([1, 0])
    assert part.column("a").values.tolist() == [1, 4]
    assert [part.row(0), part.row(1)] == [1, 4]
    assert table.chosen([5, 1]).rows.tolist() == [5, 1]
    assert [t.rows.tolist() for t in chunks(part, rows=1)] == [[1], [4]]
    assert isinstance(read(table), Table)


def test_sizes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 1000)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert size_of(path) == size_of(tmp_path / "t.csv.gz") == 4004
    assert len(read(tmp_path / "t.csv.gz")) == 1000
    assert size_of(np.zeros((10, 2))) == size_of(read(np.zeros((10, 2)))) == 160
    with pytest.raises(InputError):
        size_of(tmp_path / "none.csv")


def test_a_long_file_is_read_without_a_call_for_each_cell(tmp_path):
    calls = []
    for rows in (10_000, 20_000):
        x = np.random.default_rng(0).normal(size=(rows, 20))
        path = tmp_path / "t.csv"
        with path.open("w") as file:
            file.write(",".join(f"x{place}" for place in range(20)) + "\n")
            file.writelines(",".join(map(repr, row)) + "\n" for row in x.tolist())
        count = itertools.count()
        sys.setprofile(lambda frame, event, _, count=count: next(count) if event == "call" else None)
        try:
            table = read(path)
        finally:
            sys.setprofile(None)
        calls.append(next(count))
        assert (table.numbers(table.names) == x).all()
    assert calls[1] - calls[0] < 5 * 10_000  # of Python's functions, for a row of 20 cells
