"""Several files, folders, patterns, and the formats of Arrow and JSON: one table, a part at a time."""

import gzip
import json
import math
import shlex
from datetime import timedelta

import numpy as np
import pytest
from tests.flowers import printed

import chainrule as cr
from chainrule.base.errors import FileError, InputError
from chainrule.data.reading import chunks, forms_of, read
from chainrule.data.sources import size_of
from chainrule.training.model import Model

ROWS = [{"x": place * 7 % 23 / 4, "c": "uvw"[place % 3], "b": place % 2 == 0, "t": place * 3 % 11 + 0.5} for place in range(60)]


def text(rows, names=("x", "c", "b", "t"), separator=","):
    return "".join(separator.join(map(str, row)) + "\n" for row in [names, *([row[name] for name in names] for row in rows)])


def parquet(path, rows):
    pytest.importorskip("pyarrow.parquet").write_table(pytest.importorskip("pyarrow").Table.from_pylist(rows), path, row_group_size=7)


def feather(path, rows):
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.feather").write_feather(pyarrow.Table.from_pylist(rows), path, chunksize=7)


def stream(path, rows):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.Table.from_pylist(rows)
    with pyarrow.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))


def packed_lines(path, rows):
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))


WRITERS = {
    "csv": lambda path, rows: path.write_text(text(rows)),
    "parquet": parquet,
    "feather": feather,
    "arrow": stream,
    "jsonl": lines,
    "ndjson": lines,
    "jsonl.gz": packed_lines,
    "json": lambda path, rows: path.write_text(json.dumps(rows, indent=1)),
}


def same(source):
    table = read(source)
    assert table.kinds == {"x": "number", "c": "text", "b": "boolean", "t": "number"}
    assert table.column("c").values.tolist() == [row["c"] for row in ROWS]
    assert table.numbers(["x", "b", "t"]).tolist() == [[row["x"], row["b"], row["t"]] for row in ROWS]
    for rows in (4, 1000):
        parts = list(chunks(source, rows=rows))
        assert [part.first_row for part in parts] == (np.cumsum([0, *map(len, parts)])[:-1] + 1).tolist()
        assert max(map(len, parts)) <= rows
        assert [value for part in parts for value in part.column("t").values.tolist()] == [row["t"] for row in ROWS]
    return table


@pytest.mark.parametrize("suffix", WRITERS)
def test_one_file_or_several(suffix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    WRITERS[suffix](tmp_path / f"all.{suffix}", ROWS)
    same(f"all.{suffix}")
    folder = tmp_path / "parts"
    (folder / "deep").mkdir(parents=True)
    WRITERS[suffix](folder / f"a.{suffix}", ROWS[:25])
    WRITERS[suffix](folder / "deep" / f"b.{suffix}", ROWS[25:])
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden.csv").write_text("nothing\n")
    (folder / "readme.md").write_text("about the table\n")
    assert same("parts").source == "parts"
    same([f"parts/a.{suffix}", folder / "deep" / f"b.{suffix}"])
    assert size_of("parts") == sum(size_of(path) for path in (folder / f"a.{suffix}", folder / "deep" / f"b.{suffix}"))
    if suffix != "json":
        (folder / "deep" / f"b.{suffix}").rename(folder / f"b.{suffix}")
        same(f"parts/*.{suffix}")
        same(f"par*/[ab].{suffix}")


def test_json_in_columns(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}))
    same(tmp_path / "t.json")
    (tmp_path / "t.json").write_text(json.dumps([{"a": 1}, {"a": None, "b": "x"}]))
    assert read(tmp_path / "t.json").column("b").values.tolist() == [None, "x"]


def test_columns_may_come_in_another_order_and_forms_are_of_all_files(tmp_path):
    (tmp_path / "a.csv").write_text("x;c\n1.250;u\n980;v\n")
    (tmp_path / "b.csv").write_text("c;x\nu;1.250,5\n")
    table = read([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert table.column("x").values.tolist() == [1250, 980, 1250.5]
    assert table.column("c").values.tolist() == ["u", "v", "u"]
    assert forms_of(tmp_path).forms["x"].thousands == "."


def test_folders_that_say_a_value(tmp_path):
    for year, place in (("2023", "north"), ("2024", "south")):
        folder = tmp_path / "d" / f"year={year}" / f"place={place}"
        folder.mkdir(parents=True)
        parquet(folder / "part.parquet", ROWS[:5])
    for source in (tmp_path / "d", f"{tmp_path}/d/*/*/*.parquet", f"{tmp_path}/d/**/*.parquet"):
        table = read(source)
        assert table.column("year").values.tolist() == [2023] * 5 + [2024] * 5
        assert table.column("place").values.tolist() == ["north"] * 5 + ["south"] * 5
    for year in ("2023", "2024"):
        (tmp_path / "text" / f"year={year}").mkdir(parents=True)
        (tmp_path / "text" / f"year={year}" / "part.csv").write_text("x,t\n1.5,2\n2.5,3\n")
    for source in (tmp_path / "text", f"{tmp_path}/text/*/*.csv"):
        assert read(source).column("year").values.tolist() == [2023] * 2 + [2024] * 2
        assert [part.column("year").values.tolist() for part in chunks(source, rows=2)] == [[2023] * 2, [2024] * 2]
    assert "year" not in read(tmp_path / "text" / "year=2023" / "part.csv").names
    data_set = pytest.importorskip("pyarrow.dataset").dataset(tmp_path / "d", partitioning="hive")
    assert read(data_set).column("year").values.tolist() == [2023] * 5 + [2024] * 5


@pytest.mark.parametrize("content", [
    {"data": ROWS, "count": 60},
    {"columns": list(ROWS[0]), "index": list(range(60)), "data": [list(row.values()) for row in ROWS]},
    {name: {str(place): row[name] for place, row in enumerate(ROWS)} for name in ROWS[0]},
    {name: [row[name] for row in ROWS] for name in ROWS[0]},
    [list(ROWS[0]), *(list(row.values()) for row in ROWS)],
    {str(place): row for place, row in enumerate(ROWS)},
])  # fmt: skip
def test_json_as_programs_write_it(content, tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(content))
    table = read(tmp_path / "t.json")
    assert table.kinds == {"x": "number", "c": "text", "b": "boolean", "t": "number"}
    assert table.column("t").values.tolist() == [row["t"] for row in ROWS]


def test_lists_in_json_without_names(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps([[1, 2.5], [3, 4.5]]))
    assert read(tmp_path / "t.json").names == ("column1", "column2")
    (tmp_path / "t.json").write_text(json.dumps([["a", "b"], ["c", "d"]]))
    assert read(tmp_path / "t.json").names == ("column1", "column2")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"took": 3, "hits": {"total": 2, "hits": [{"x": 1}, {"x": 2}]}}, r"write the list hits\.hits into a file of its own"),
        ({"meta": {"names": [{"n": 1}, {"n": 2}]}, "data": [[1, 2], [3, 4]]}, r"write one of its lists \(meta\.names, data\)"),
    ],
)
def test_rows_within_an_object_are_named(content, message, tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(FileError, match=f"is no table, but one object; {message}"):
        read(tmp_path / "t.json")


def test_numbers_in_quotes_in_json(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps([{"price": f"{place}.25", "code": f"{place:03}"} for place in range(40)]))
    with pytest.raises(FileError, match=r"as '0\.25'; write plain numbers, say decimal=\"\.\", or take the values as classes"):
        cr.Preparation.fit(read(tmp_path / "t.json"), ["price"])
    assert read(tmp_path / "t.json", decimal=".").kinds == {"price": "number", "code": "text"}


NESTED = [{"user": {"age": 20 + place, "home": {"city": "Oslo"}}, "tags": [place, 2.5], "t": place % 2} for place in range(30)]


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet", "feather", "rows"])
def test_objects_within_rows_are_columns_and_lists_are_none(kind, tmp_path):
    path = tmp_path / f"t.{kind}"
    if kind in ("parquet", "feather"):
        table = pytest.importorskip("pyarrow").Table.from_pylist(NESTED)
        write = (
            pytest.importorskip("pyarrow.parquet").write_table
            if kind == "parquet"
            else pytest.importorskip("pyarrow.feather").write_feather
        )
        write(table, path)
    else:
        path.write_text(json.dumps(NESTED) if kind == "json" else "\n".join(map(json.dumps, NESTED)))
    table = read(path) if kind != "rows" else read(NESTED)
    assert table.names == ("user.age", "user.home.city", "tags", "t")
    assert table.column("user.age").values.tolist() == [20 + place for place in range(30)]
    with pytest.raises(FileError, match=r"30 of its values look like numbers, as '\[0\S*, 2\.5\]'; .*\(ignore=\"tags\"\)"):
        cr.Preparation.fit(table, ["t"])
    assert cr.Preparation.fit(table, ["t"], ignore=["tags"]).features[0].name == "user.age"


def test_rows_in_python(tmp_path):
    model = cr.train(ROWS, target="t", epochs=2)
    answer = model.predict(ROWS)[4]
    row, inputs = ROWS[4], [ROWS[4][name] for name in ("x", "c", "b")]
    frame = pytest.importorskip("pandas").DataFrame(ROWS)
    for one in (row, [row], {name: [value] for name, value in row.items()}, [inputs], np.array([inputs], dtype=object), frame.iloc[4]):
        assert model.predict(one) == pytest.approx([answer])
    numbered = frame.rename(columns={"x": 0, "c": 1, "b": 2, "t": 3})
    assert cr.train(numbered, target=3, ignore=[1], epochs=2).predict(numbered).shape == (60,)
    assert model.evaluate(frame).accuracy == model.evaluate(read(frame)).accuracy


def test_a_model_reads_files_in_python_as_its_own_were(tmp_path):
    (tmp_path / "own.csv").write_text(
        "".join(f"{row}\n" for row in ["a;t", *(f"{place}.{place + 100},5;{place}" for place in range(1, 40))])
    )
    (tmp_path / "other.csv").write_text("a;t\n1.234;1\n5.678;2\n")
    model = cr.train(tmp_path / "own.csv", target="t", epochs=2)
    with pytest.warns(UserWarning, match="could be read in two ways are read so: a 1.234 is 1234"):
        predicted = model.predict(tmp_path / "other.csv")
    assert predicted.tolist() == model.predict({"a": [1234, 5678]}).tolist()
    (tmp_path / "third.csv").write_text("a;t\n1.234,0;1\n5.678,0;2\n")
    assert model.evaluate(tmp_path / "third.csv").rows == 2


def refused(source, match):
    with pytest.raises(InputError, match=match):
        read(source)


def test_what_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    refused("empty", "empty is a folder without a table or an image; name a file")
    refused("*.csv", r"no file fits \*\.csv")
    (tmp_path / "a.csv").write_text("x,c\n1,u\n")
    (tmp_path / "b.csv").write_text("x,d\n1,u\n")
    refused(["a.csv", "b.csv"], r"b\.csv has no column 'c', as a\.csv has; files read together have the same columns")
    (tmp_path / "c.jsonl").write_text('{"x": 1}\n')
    refused(["a.csv", "c.jsonl"], r"a\.csv is a text file, and c\.jsonl is none")
    (tmp_path / "d.jsonl").write_text('{"y": 1}\n')
    refused(["c.jsonl", "d.jsonl"], r"d\.jsonl and c\.jsonl differ in the column 'x'")
    refused(["a.csv", "none.csv"], r"there is no file none\.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no rows"),
        ('{"a": 1}\n{"a": \n', "row 2 is no complete JSON"),
        ('{"a": 1}\n[1, 2]\n', "row 2 is no object; each line holds one row"),
        ('{"a": 1}\n' * 1200 + '{"b": 1}\n', "row 1201 has 'b', which no row of the first 1,000 has"),
        ('{"a": 1}\n' * 6000 + '{"a": "x"}\n', "column 'a' holds text in some rows and numbers in others, as from row 1 on"),
    ],
)
def test_json_that_is_refused(content, message, tmp_path):
    (tmp_path / "t.jsonl").write_text(content)
    with pytest.raises(FileError, match=message):
        read(tmp_path / "t.jsonl")


def test_values_of_several_types_that_become_text_are_said(tmp_path):
    rows = [{"a": value, "b": 1.5, "c": "x"} for value in ("low", 3, "high", True, None)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    table = read(tmp_path / "t.jsonl")
    assert [column.kind for column in table.columns] == ["text", "number", "text"]
    assert str(table.notes[-1]) == "values of several types are read as text: a"


@pytest.mark.parametrize("suffix", ["feather", "arrow", "json"])
@pytest.mark.parametrize("content", [b"", b"nonsense that goes on", b"ARROW1\0\0 no", b"FEA1 no", b"\xff\xff\xff\xff\x10"])
def test_foreign_files_are_told(suffix, content, tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / f"x.{suffix}").write_bytes(content)
    refused(tmp_path / f"x.{suffix}", f"x.{suffix}")


def test_what_libraries_hold_is_what_they_say(tmp_path):
    """Masked values are missing, durations are days, objects are columns, sparse arrays are arrays."""
    masked = np.ma.MaskedArray([1.0, 99.0, 3.0], mask=[False, True, False])
    spans = np.array([12, 24, 36], "timedelta64[h]")
    table = read({"m": masked, "d": spans, "p": [timedelta(days=1), None, timedelta(hours=6)], "u": [{"a": 1}, None, {"a": 3}]})
    assert [column.name for column in table.columns] == ["m", "d", "p", "u.a"]
    values = [column.values.tolist() for column in table.columns]
    assert str(values) == str([[1.0, math.nan, 3.0], [0.5, 1.0, 1.5], [1.0, math.nan, 0.25], [1.0, math.nan, 3.0]])
    assert tuple(map(str, table.notes)) == ("durations in days: d, p",)
    sparse = pytest.importorskip("scipy.sparse").csr_array(np.eye(3))
    assert [column.values.tolist() for column in read(sparse).columns] == np.eye(3).tolist()
    frame = pytest.importorskip("pandas").DataFrame([[1, 2]], columns=["a", "a"])
    refused(frame, "several columns of the name 'a'; give each its own")
    assert [
        one.name
        for one in cr.train(
            {"a": range(30), "b": range(30), "y": np.arange(30) / 2}, target=np.array(["y"]), ignore=np.array(["a"]), numbers="b", epochs=1
        ).preparation.features
    ] == ["b"]


@pytest.mark.parametrize("kind", ["frame", "jsonl", "parquet"])
def test_text_of_numbers_in_what_knows_its_types(kind, tmp_path):
    """Refused with the option that helps, read with it, and by a model as it knows them; text of digits alone is left as it is."""
    rows = [{"price": f"${place * 37.5 + 900:,.2f}", "fuel": f"{place * 7 % 40} {('mpl', 'km/l')[place % 2]}", "code": f"{place % 9:03}",
             "y": place / 2} for place in range(40)]  # fmt: skip
    source = pytest.importorskip("pandas").DataFrame(rows) if kind == "frame" else tmp_path / f"t.{kind}"
    if kind == "jsonl":
        source.write_text("\n".join(map(json.dumps, rows)))
    elif kind == "parquet":
        pytest.importorskip("pyarrow.parquet").write_table(pytest.importorskip("pyarrow").Table.from_pylist(rows), source)
    with pytest.raises(FileError, match=r"'price' is text, but 40 .*, say units=.\$. if the numbers mean the same without them"):
        cr.train(source, target="y", epochs=1)
    with pytest.raises(FileError, match=r"'fuel' is text, but 40 .*, say units=.mpl,km/l. if the numbers"):
        cr.train(source, target="y", ignore="price", epochs=1)
    model = cr.train(source, target="y", units="$,mpl,km/l", epochs=1)
    assert [(one.name, one.kind) for one in model.preparation.features] == [("price", "number"), ("fuel", "number"), ("code", "category")]
    table = read(source, units="mpl,km/l")
    assert table.column("price").values.tolist() == [place * 37.5 + 900 for place in range(40)]
    numbers = [{"price": 37.5 * place + 900, "fuel": place * 7 % 40, "code": f"{place % 9:03}"} for place in range(40)]
    assert model.predict(source).tolist() == model.predict(numbers).tolist()
    with pytest.raises(FileError, match="row 1 holds '5 mpg', but the model knows this column in mpl"):
        model.predict({"price": ["$5.00"], "fuel": ["5 mpg"], "code": ["001"]})


@pytest.mark.parametrize("kind", ["frame", "jsonl", "parquet"])
def test_numbers_that_are_days_are_dates_when_dates_are_asked_for(kind, tmp_path):
    rows = [{"day": 2024_01_01 + 100 * (place % 12) + place % 25, "x": place * 7 % 30, "y": place % 12 + 0.5} for place in range(60)]
    source = pytest.importorskip("pandas").DataFrame(rows) if kind == "frame" else tmp_path / f"t.{kind}"
    if kind == "jsonl":
        source.write_text("\n".join(map(json.dumps, rows)))
    elif kind == "parquet":
        pytest.importorskip("pyarrow.parquet").write_table(pytest.importorskip("pyarrow").Table.from_pylist(rows), source)
    with pytest.warns(UserWarning, match='day is read as numbers, which look like dates, as 20240101; dates="year'):
        assert cr.train(source, target="y", epochs=1).preparation.features[0].kind == "number"
    model = cr.train(source, target="y", dates="month", epochs=1)
    assert model.preparation.features[0].kind == "date"
    as_text = {"day": [f"{row['day']}" for row in rows], "x": [row["x"] for row in rows]}
    assert model.predict(source).tolist() == model.predict(as_text).tolist()


@pytest.mark.parametrize(("form", "option"), [("{:,.2f}", {"thousands": ","}), ("{},5", {"decimal": ","})])
def test_the_sign_in_text_of_a_data_frame_may_be_said(form, option):
    data = {"x": [form.format(1000 + place) for place in range(30)], "y": list(range(30))}
    (name, sign), *_ = option.items()
    with pytest.raises(FileError, match=f'say {name}="{sign}", take the values as categories'):
        cr.train(data, target="y", epochs=1)
    assert read(data, **option).column("x").values[0] == pytest.approx(1000.25, abs=0.25)


# A model of several files


def test_a_model_finds_its_files_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.csv").write_text(text(ROWS[:25]))
    (tmp_path / "d" / "b.csv").write_text(text(ROWS[25:]))
    (tmp_path / "all.csv").write_text(text(ROWS))
    states = []
    for number, data in enumerate((["d/a.csv", "d/b.csv"], ["d"], ["d/*.csv"], ["all.csv"])):
        name = f"{number}.safetensors"
        out, _ = printed(["train", *data, "--target", "t", "--epochs", "3", "-o", name], capsys)
        assert ": 60 rows, 4 columns" in out
        step = next(line for line in out.splitlines() if "--step" in line)
        printed(shlex.split(step)[1:], capsys)
        printed(["explain", name, "--step", "2"], capsys)
        assert printed(["evaluate", name, *data], capsys)[0].startswith(f"60 rows of {', '.join(data)}:")
        states.append(Model.load(name).network.parameters)
    assert all((states[0][key] == state[key]).all() for state in states[1:] for key in state)
    assert cr.train(["d/a.csv", "d/b.csv"], target="t", epochs=1).source["files"] == ["d/a.csv", "d/b.csv"]


def test_rows_under_numbers_keep_those_that_do_not_count_them(tmp_path):
    rows = {str(year): {"wheat": year % 7 + 0.5, "rye": year % 5} for year in range(1990, 1995)}
    (tmp_path / "t.json").write_text(json.dumps(rows))
    found = read(tmp_path / "t.json")
    assert (found.names, found.column("row").values.tolist()) == (("row", "wheat", "rye"), [1990, 1991, 1992, 1993, 1994])
    (tmp_path / "t.json").write_text(json.dumps(dict(zip("12345", rows.values(), strict=True))))
    assert read(tmp_path / "t.json").names == ("wheat", "rye")


# Digits, names and declarations


WHOLE = [2**60 + 2 * place + 1 for place in range(40)]


@pytest.mark.parametrize("kind", ["text", "list", "array", "unsigned", "frame", "polars", "arrow", "parquet", "json", "jsonl", "lacking"])
def test_digits_that_numbers_do_not_keep_are_told_whatever_holds_them(kind, tmp_path):
    columns = {"x": WHOLE, "z": [place * 7 % 23 for place in range(40)], "y": [place % 7 + 0.5 for place in range(40)]}
    source = columns
    if kind == "text":
        (tmp_path / "t.csv").write_text("x,z,y\n" + "".join(",".join(map(str, row)) + "\n" for row in zip(*columns.values(), strict=True)))
        source = tmp_path / "t.csv"
    elif kind in ("array", "unsigned"):
        source = columns | {"x": np.array(WHOLE, np.int64 if kind == "array" else np.uint64)}
    elif kind in ("frame", "polars"):
        source = pytest.importorskip("pandas" if kind == "frame" else "polars").DataFrame(columns)
    elif kind in ("arrow", "parquet"):
        source = pytest.importorskip("pyarrow").table(columns)
        if kind == "parquet":
            pytest.importorskip("pyarrow.parquet").write_table(source, tmp_path / "t.parquet")
            source = tmp_path / "t.parquet"
    elif kind in ("json", "jsonl"):
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        source = tmp_path / f"t.{kind}"
        source.write_text(json.dumps(rows) if kind == "json" else "\n".join(map(json.dumps, rows)))
    elif kind == "lacking":
        source = columns | {"x": [None, *WHOLE[1:]]}
    padded = read(source).column("x").padded
    assert int(padded) in WHOLE
    assert float(padded) != int(padded)
    if kind != "lacking":
        left_out = dict(cr.train(source, target="y", epochs=1).preparation.left_out)
        assert left_out == {"x": "alike in 16 digits"}
        with pytest.raises(FileError, match="the same in every row in the 16 digits that numbers keep"):
            cr.train(source, target="x", epochs=1)


@pytest.mark.parametrize("rows", [1500, 90_000])
@pytest.mark.parametrize("late", ["9007199254740993", "-9007199254740993", "18446744073709551617"])
def test_they_are_told_in_whichever_row_of_a_text_they_stand(late, rows, tmp_path):
    (tmp_path / "t.csv").write_text("x,y,z\n" + "".join(f"{place * 7919},{place % 7}.5,u\n" for place in range(rows)) + f"{late},1.5,v\n")
    table = read(tmp_path / "t.csv")
    assert (table.column("x").padded, table.column("y").padded) == (late, "")
    assert forms_of(tmp_path / "t.csv").padded == {"x": late}


def test_names_that_look_alike_are_one(tmp_path):
    (tmp_path / "t.csv").write_text("a,pre\u0301cis\n" + "".join(f"{place * 7 % 11},{place % 5 + 0.5}\n" for place in range(30)))
    for target in ("pr\u00e9cis", "pre\u0301cis"):
        assert cr.train(tmp_path / "t.csv", target=target, epochs=1).preparation.targets[0].name == "pr\u00e9cis"


def test_numbers_that_a_frame_declares_to_be_categories_are_such():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"c": [place * 7 % 3 for place in range(60)], "z": [place * 5 % 17 / 4 for place in range(60)]})
    frame = frame.assign(y=frame.z * 2, k=frame.c * 10).astype({"c": "category", "k": "category"})
    kinds = {one.name: one.kind for one in cr.train(frame, target="y", ignore="k", epochs=1).preparation.features}
    assert kinds == {"c": "category", "z": "number"}
    assert cr.train(frame, target="y", ignore="k", numbers="c", epochs=1).preparation.features[0].kind == "number"
    model = cr.train(frame, target="k", epochs=1)
    assert model.preparation.targets[0].classes == ("0", "10", "20")
    assert set(model.predict(frame).tolist()) <= {0, 10, 20}


def test_names_in_several_rows_of_a_frame_are_one_name_each():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({("size", "w"): [1.5, 2, 3], ("size", "h"): [2, 5, 6.5], ("price", ""): [1, 2, 3]})
    assert read(frame).names == ("size w", "size h", "price")


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_two_columns_of_one_name_in_arrow_are_refused(kind, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    source = pyarrow.Table.from_arrays([pyarrow.array([1.5, 2])] * 2, names=["a", "a"])
    if kind == "parquet":
        pytest.importorskip("pyarrow.parquet").write_table(source, tmp_path / "t.parquet")
        source = tmp_path / "t.parquet"
    refused(source, "has several columns of the name 'a'; give each its own")


@pytest.mark.parametrize("column", [5, "abc", {1, 2}, (place for place in range(3)), [[1], [1, 2]]])
def test_what_is_no_column_is_named(column):
    refused({"a": column, "y": [1.5, 2]}, "column 'a' (is an? [a-z]+; a column is a list or an array|holds lists of several lengths)")


@pytest.mark.parametrize(("suffix", "encoding"), [("json", "utf-16"), ("jsonl", "utf-16"), ("jsonl", "utf-8-sig"), ("json.gz", "utf-16")])
def test_json_in_the_encodings_of_windows(suffix, encoding, tmp_path):
    rows = [{"x": place / 4, "c": "ä"} for place in range(5)]
    content = (json.dumps(rows) if "jsonl" not in suffix else "\r\n".join(map(json.dumps, rows))).encode(encoding)
    (tmp_path / f"t.{suffix}").write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    assert read(tmp_path / f"t.{suffix}").column("x").values.tolist() == [row["x"] for row in rows]


def test_a_folder_for_rows_without_a_value_is_no_value(tmp_path):
    for place, name in enumerate(("u", "__HIVE_DEFAULT_PARTITION__")):
        (tmp_path / f"k={name}").mkdir()
        (tmp_path / f"k={name}" / "t.csv").write_text(f"x\n{place}\n")
    assert sorted(read(tmp_path).column("k").values, key=str) == [None, "u"]
