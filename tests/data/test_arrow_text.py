"""Text by pyarrow's reader, and cut at its separators: the same tables, bit for bit, and the same complaints as by Python's csv, whatever
is in the file."""

import csv
import io
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.base.errors import InputError
from chainrule.data import arrow_text, columns, numbers, spans, text
from chainrule.data.reading import chunks, forms_of, read

pytest.importorskip("pyarrow.csv")

NUMBERS = (
    st.floats(allow_nan=False).map(repr)
    | st.integers(-(10**20), 10**20).map(str)
    | st.sampled_from(["0", "-0", "1.50", "+3", " 7 ", "1e400", ".5"])
)
CELLS = {
    "numbers": NUMBERS,
    "whole": st.integers(-99999, 99999).map(str),
    "prices": st.floats(0, 1e7).map(lambda x: f"{x:,.2f}"),
    "german": st.floats(0, 1e7).map(lambda x: f"{x:.2f}".replace(".", ",")),
    "percent": st.floats(0, 100).map(lambda x: f"{x:.1f} %"),
    "Fortran": st.floats(-1e9, 1e9).map(lambda x: f"{x:.6E}".replace("E", "D")),
    "with a power": st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.3e} mol"),
    "codes": st.integers(0, 99999).map(lambda x: f"{x:05}"),
    "text": st.text("abc é'.-", max_size=5),
    "odd": st.text('ab"\n,; \r#', max_size=4),
    "truth": st.sampled_from(["true", "False"]),
    "dates": st.dates().map(str),
    "times": st.datetimes().map(lambda x: f"{x:%Y-%m-%d %H:%M:%S}") | st.sampled_from(["2024-02-30 10:00:00", "2024-02-28 24:00:00"]),
    "American dates": st.dates().map(lambda x: f"{x.month:02}/{x.day:02}/{x.year:04}"),
    "dollars": st.floats(0, 1e5).map(lambda x: f"${x:,.2f}") | st.sampled_from(["$0,512", "$1,234", "($5.00)"]),
    "spoken": st.text('a"', min_size=1, max_size=3),
}
MISSING = st.sampled_from(["", "NA", "nan", "None", "n/a", "nAn", "-", "NULL", " "])


@st.composite
def files(draw):
    """A file with some rows, often of one kind a column, sometimes with a cell of another one far down."""
    separator, newline = draw(st.sampled_from(",;\t| ")), draw(st.sampled_from(["\n", "\r\n"]))
    count = draw(st.integers(2, 12))
    columns = []
    for _ in range(draw(st.integers(2, 4))):
        cells = CELLS[draw(st.sampled_from(sorted(CELLS)))]
        cells = draw(st.sampled_from([cells, cells | MISSING, cells | CELLS[draw(st.sampled_from(sorted(CELLS)))]]))
        columns.append([draw(cells) for _ in range(count)])
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=separator, lineterminator=newline, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    )
    end = draw(st.sampled_from([[], [], [""]]))  # a separator at the end of every row
    writer.writerow([f"name {place}" for place in range(len(columns))])
    writer.writerows([*row, *end] for row in zip(*columns, strict=True))
    extra = draw(
        st.sampled_from(["", "", "", f"1{separator}2{separator}3{separator}4{separator}5{newline}", newline, '"', "# x" + newline])
    )
    lines = text.getvalue().splitlines(keepends=True)
    if separator == " ":  # any number of blanks between cells, and around them
        between, before = draw(st.sampled_from([" ", "  ", " \t"])), draw(st.sampled_from(["", " ", "\t  "]))
        lines = [before + line.replace(" ", between) for line in lines]
    if draw(st.integers(0, 3)) == 0:  # comments above, and perhaps between the rows
        above = draw(st.sampled_from([["# x"], ["# x", "", '# "y'], ["#name 0,name 1"]]))
        lines[:0] = [line + newline for line in above]
        lines.insert(
            draw(st.integers(len(above) + 1, len(lines))), draw(st.sampled_from(["", f"# y{newline}", f"#1{separator}2{newline}"]))
        )
    return "".join(lines) + extra


def outcome(path, **options):
    """What reading gives: everything about the table, or the complaint."""
    try:
        whole, parts = read(path, **options), list(chunks(path, rows=3, **options))
    except InputError as error:
        return str(error)
    assert forms_of(path, **options).notes == whole.notes
    tables = []
    for table in (whole, *parts):
        columns = []
        for column in table.columns:
            values = column.values.tolist() if column.values.dtype == object else column.values.tobytes()
            columns.append((column.name, column.kind, column.format, column.doubt, column.padded, values))
        tables.append((table.first_row, len(table), table.notes, columns))
    return tables


def every(path, **options):
    """By pyarrow, looking at two rows before; cut at the separators, cells of one shape at once, or each; by Python's csv."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_text, "SMALLEST", 0)
        patch.setattr(arrow_text, "FIRST", 2)
        patch.setattr(numbers, "FIRST", 2)
        patch.setattr(columns, "FEW", 1)
        patch.setattr(text, "PART", 20)
        for module in (spans, columns):
            patch.setattr(module, "LEAST", 0)
        quick = outcome(path, **options)
        patch.setitem(sys.modules, "pyarrow", None)
        alike = outcome(path, **options)
        for module in (spans, columns):
            patch.setattr(module, "LEAST", 1 << 60)
        one_by_one = outcome(path, **options)
        patch.setattr(text, "cut", lambda *given: None)
        return quick, alike, one_by_one, outcome(path, **options)


@given(files(), st.sampled_from([{}, {}, {"missing": ["0", "-99"]}, {"decimal": ","}, {"units": "%"}]))
@examples(50)
@example("a,b\n1,x\n2,y\n-0,z\n", {})
@example('a b c\n1  "x"\n2  "y"\n', {"separator": " "})
@example('# x\na,b\n1,x\n2,"\n#"\n', {})
@example("a,b\n1.5,x\n1.250,y\n", {})
@example("a;b\n980;x\n12;y\n1.250;z\n", {})
@example("a;b;c\n980;x;1,5\n12;y;2,5\n1.250;z;3\n", {})
@example('a,b\n"1",x\n"2","y ""z"""\n', {})
@example("a,b\n1,x\n2,y\n3,\x00\n", {})
@example('a,b\r\n1,"x ""y"" \n, z"\r\n2,"\r\n"""\r\n3,""""\n4,"\n\n\n"\r\n5,""\r\n', {})
@example('a,b\n1,"x\n2,"y\n"\n3,5"\n4,""z\n', {})
@example("\n\na\tb\nx\tu\ny\tv\n", {})
@example(",\na,b\nx,u\ny,v\n", {})
@example('a,b\n"x ""y""",1\n"z\n""",2\n"",3\n', {})
@example("a,b\n2024-01-05 10:30,1\n2024-01-05 10:61,2\n", {})
@example("a,b\n05/13/2024 10:30,1\n05/13/2024 24:30,2\n", {})
def test_all_ways_are_the_same(tmp_path_factory, content, options):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(content.encode())
    quick, alike, one_by_one, slow = every(path, **options)
    assert one_by_one == slow
    assert alike == slow
    assert quick == slow


@pytest.mark.parametrize("cells", [arrow_text.CELLS, 400])  # the latter as if the file were wide
def test_usual_files_take_the_quick_way(cells, tmp_path, monkeypatch):
    """Rows of Python's csv are asked for at the beginning only."""
    random = np.random.default_rng(0)
    names = [f"x{place}" for place in range(8)]
    rows = [[f"{x:.4f}" for x in row] for row in random.normal(size=(1_500, 8))]
    for row, count in zip(rows, random.integers(0, 50, len(rows)), strict=True):
        row[3], row[5], row[6] = str(count), ("red", '"light, ""sky""\nblue"', "")[count % 3], "" if count == 7 else row[6]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(map(",".join, [names, *rows])) + "\n")
    slow = outcome(path)  # below the smallest size that is worth it
    monkeypatch.setattr(arrow_text, "SMALLEST", 0)
    monkeypatch.setattr(arrow_text, "CELLS", cells)
    monkeypatch.setattr("chainrule.data.text.blocks_of", _few)
    assert outcome(path) == slow


def _few(layout, rows):
    assert rows == arrow_text.first_rows(8) <= arrow_text.FIRST, "the file is read without pyarrow"
    count, columns = next(iter(text._blocks(layout, rows)))
    yield text.RowBlock(1, count, dict(zip(layout.names, columns, strict=True)))


def test_without_pyarrow_rows_are_cut_all_at_once(tmp_path, monkeypatch):
    """Python's csv reads the header, and no other row."""
    path = tmp_path / "t.csv"
    rows = "".join(f'{place}.5,"the ""{place}""\nof, {place % 3}",""\r\n' for place in range(300))
    path.write_bytes(f"a,b,c\r\n{rows}".encode())
    slow = outcome(path)
    monkeypatch.setattr(text, "_checked_widths", lambda layout, first, block: pytest.fail(f"row {first} is read by csv"))
    monkeypatch.setattr(text, "PART", 1000)
    assert outcome(path) == slow


def test_without_pyarrow_python_reads(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1.5,x\n2.5,y\n" * 10)
    monkeypatch.setattr(arrow_text, "SMALLEST", 0)
    expected = outcome(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert outcome(path) == expected
