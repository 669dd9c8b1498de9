"""What stands around a table in a text file: read, passed over and said, or named for what it is."""

import bz2
import gzip
import lzma
import zipfile

import pytest

from chainrule.base.errors import FileError
from chainrule.data.reading import chunks, read
from chainrule.data.sources import size_of
from chainrule.document.words import Words
from chainrule.reports.lines import line_of_table

PLAIN = "height,width\n1.5,2\n3.25,4\n5,6\n"


def of(tmp_path, content, name="t.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = read(path, **options)
    for rows in (1, 2):
        parts = list(chunks(path, rows=rows, **options))
        assert [column.name for column in parts[0].columns] == list(table.names)
        assert repr([value for part in parts for value in part.columns[0].values.tolist()]) == repr(table.columns[0].values.tolist())
    return table


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("sep=;\nheight;width\n1,5;2\n3,25;4\n5;6\n", "separator: semicolon"),
        ('"sep=,"\r\nheight,width\r\n1.5,2\r\n3.25,4\r\n5,6\r\n', "separator: comma"),
        ("sep=:\nheight:width\n1.5:2\n3.25:4\n5:6\n", "separator: ':'"),
        ("height^width\n1.5^2\n3.25^4\n5^6\n", "separator: '^'"),
        ("height§width\n1.5§2\n3.25§4\n5§6\n", "separator: '§'"),
        ("height\x01width\n1.5\x012\n3.25\x014\n5\x016\n", r"separator: '\x01'"),
        ("height::width\n1.5::2\n3.25::4\n5::6\n", "separator: ':'"),
        ("height,width\n1.5,2,\n3.25,4,\n5,6,\n", "separators at the end of rows are ignored"),
        ("height,width,\n1.5,2,\n3.25,4,\n5,6,\n", "1 column without name and values left out"),
        ("height,width\n1.5,2\n3.25,4,\n5,6\n", "separator: comma"),
        ("# made on a Monday\n\n# by hand\nheight,width\n1.5,2\n# a remark\n3.25,4\n5,6\n", "3 lines of comments"),
        ("# height width\n1.5 2\n3.25 4\n5 6\n", "separator: blanks"),
        ("#height,width\n1.5,2\n3.25,4\n5,6\n", "1 line of comments"),
        ("height,width\n1.5,2\n# a remark, with, commas\n3.25,4\n5,6\n", "separator: comma"),
        ("sep=;\nheight;width\n1,5;2\n3,25;4\n5;6\n", "the line sep= before it passed over"),
        ("height;width;\n1,5;2\n3,25;4\n5;6\n", "the separator at the end of the header is ignored"),
        ("height;width\n1,5;2;;\n3,25;4;;\n5;6;;\n", "separators at the end of rows are ignored"),
        ("height;width\n1,5;2\n3,25;4\n5;6\n;\n;\n", "empty rows at the end left out"),
        ("Trees of Bonn\n\nheight;width\n1,5;2\n3,25;4\n5;6\n", "2 lines above the table passed over: 'Trees of Bonn'"),
        ("// by hand\nheight,width\n1.5,2\n3.25,4\n5,6\n", "1 line above the table passed over: '// by hand'"),
        ("| height | width |\n|---:|---:|\n| 1.5 | 2 |\n| 3.25 | 4 |\n| 5 | 6 |\n", "a ruled line below the header passed over"),
        ("height   width\n-------- -----\n1.5      2\n3.25     4\n5        6\n", "a ruled line below the header passed over"),
        (
            "height,width\n1.5,2\n3.25,4\n5,6\n\nSource: x\nin May, or June, 2026\n",
            "2 lines below the table passed over: 'Source: x'",
        ),
        ("height;width\n1,5;2\n3,25;4\n5;6\nQuelle: Amt", "1 line below the table passed over: 'Quelle: Amt'"),
        (" height | width\n-----+-----\n 1.5 | 2\n 3.25 | 4\n 5 | 6\n(3 rows)\n\n", "1 line below the table passed over: '(3 rows)'"),
        ("height,width\n1.5,2\nheight,width\n3.25,4\nheight,width\n5,6\n", "the header between the rows passed over"),
        ("'height','width'\n1.5,2\n'3.25',4\n5,6\n", "quotes: '"),
        ('"height,width"\n"1.5,2"\n"3.25,4"\n"5,6"\n', "each row is in quotes as a whole"),
        ('"height;""width"""\n"1.5;2"\n"3.25;4"\n"5;6"\n', "each row is in quotes as a whole"),
        (
            "┌────────┬───────┐\n│ height │ width │\n├────────┼───────┤\n│ 1.5 │ 2 │\n│ 3.25 │ 4 │\n│ 5 │ 6 │\n└────────┴───────┘\n",
            "drawn with lines",
        ),
        ("% by hand\n% height width\n1.5 2\n3.25 4\n5 6\n", "2 lines above the table passed over: '% by hand'"),
        ("! by hand\nheight width\n1.5 2\n3.25 4\n5 6\n", "1 line above the table passed over: '! by hand'"),
        ("\ufeffheight\u200b, width\u200e\n1.5,2\n3.25,4\n5,6\n", "separator: comma"),
    ],
)
def test_what_stands_around_a_table(content, note, tmp_path):
    table = of(tmp_path, content)
    assert table.numbers(["height", "width"]).tolist() == [[1.5, 2], [3.25, 4], [5, 6]]
    assert table.names == ("height", "width")
    assert note in list(map(str, table.notes)) or note == "1 line of comments"


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ("Device\tA7\nDecimal\t,\n***\n\nplace\theight\twidth\na\t1,5\t2\nb\t3,25\t4\nc\t5\t6\n", 4),
        ('"Source","Trees, and where",\n\n"place","height","width",\n"a","1.5","2",\n"b","3.25","4",\n"c","5","6",\n', 2),
    ],
)
def test_keys_and_values_above_a_table(content, count, tmp_path):
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    table = read(tmp_path / "t.csv")
    assert table.names == ("place", "height", "width")
    assert table.numbers(["height", "width"]).tolist() == [[1.5, 2], [3.25, 4], [5, 6]]
    assert any(str(note).startswith(f"{count} lines above the table passed over") for note in table.notes)


@pytest.mark.parametrize(
    ("head", "names", "note"),
    [
        ("U,I\nV,A\n", ("U", "I"), "1 row below the header passed over: 'V A'"),
        ("U,I\nvoltage,current\nV,A\n", ("U", "I"), "2 rows below the header passed over: 'voltage current'"),
        ("U,I\nV,A\n,\n", ("U", "I"), "1 row below the header passed over: 'V A'"),
        ("t,How much?,\n,U,I\n", ("t", "How much?", "I"), "1 row below the header passed over: 'U I'"),
    ],
)
def test_a_header_of_several_rows(head, names, note, tmp_path):
    table = of(tmp_path, head + ("1.5,2\n" if len(names) == 2 else "1.5,2,3\n") * 6)
    assert table.names == names
    assert note in list(map(str, table.notes))
    assert table.kinds == dict.fromkeys(names, "number")


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ("Price,Close,High\nTicker,AAPL,AAPL\nDate,,\n", ("Date", "Close", "High")),
        ("run,a,a\nstat,mean,std\n", ("run stat", "a mean", "a std")),
        (",before,,after,\nday,weight,height,weight,height\n", ("day", "before weight", "before height", "after weight", "after height")),
    ],
)
def test_names_in_several_rows_that_are_alike(head, names, tmp_path):
    """As pandas writes columns of several levels, and spreadsheets with cells across columns."""
    table = of(tmp_path, head + f"2024-01-05{',1.5' * (len(names) - 1)}\n" * 6)
    assert table.names == names
    assert len(table) == 6


@pytest.mark.parametrize(
    "rows",
    [
        "2024-01-05 10:00,20.5,50.1\n2024-01-05 11:00,21.5,48.1\n2024-01-05 12:00,22.5,49.7\n",
        '18.0   8   307.0\t"chevrolet chevelle"\n15.0   8   350.0\t"buick skylark"\n27.0   4   97.50\t"datsun pl510"\n',
        "Ann,31,1.5\nBob,42,2.5\nEve,25,3.5\n",
        "|1x3 Cross validator\n39, State-gov, 77516, <=50K\n50, Private, 83311, <=50K\n38, Private, 215646, >50K\n",
    ],
)
def test_rows_of_values_are_no_header(rows, tmp_path):
    """Though their texts, or their dates, come once: a title above them is none either."""
    table = of(tmp_path, rows)
    assert (table.has_header, len(table)) == (False, 3)


@pytest.mark.parametrize(
    "names",
    ["country,2020,2021", "land,2019,place", "sample,400.0,402.5,405.0", "person,1,2,3", "name,0.1,0.5,0.9", "person,age,17"],
)
def test_numbers_among_names(names, tmp_path):
    """Years, places and wavelengths; or there are names above numbers."""
    count = names.count(",")
    rows = "".join(f"p{row}{''.join(f',{(row * 7 + place) % 5 + 1}' for place in range(count))}\n" for row in range(30))
    assert of(tmp_path, f"{names}\n{rows}").names == tuple(names.split(","))


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("state,1,5,10,25,50", ["Rome", "Oslo", "Wien"]),
        ("date,1,5,2", ["2024-01-05", "2024-01-06", "2024-01-07"]),
        ("student,10,20,15", ["k1", "k2", "k3"]),
        ("region,5,3", ["North", "South"] * 5),
    ],
)
def test_numbers_among_names_that_say_what_stands_below(names, first, tmp_path):
    """Or rise as no values do; a row of values that rise as all others do is one."""
    count = names.count(",")
    rows = [f"{text}{''.join(f',{(row * 7 + place * 3) % 5}' for place in range(count))}\n" for row, text in enumerate(first)]
    assert of(tmp_path, f"{names}\n{''.join(rows)}").names == tuple(names.split(","))
    assert not of(tmp_path, "4,Oslo,rare\n" + "2,Rome,a\n3,Oslo,b\n" * 9).has_header
    assert not of(tmp_path, "Rome,1,2,5,7,9\nOslo,2,3,4,8,9\nWien,1,3,4,5,6\n").has_header


@pytest.mark.parametrize("names", ["%change,name", "*id,*name", "//a,b"])
def test_names_that_begin_with_a_sign_of_remarks(names, tmp_path):
    """What stands right behind the sign, and is as wide as what follows, is the header, not a remark above it."""
    table = of(tmp_path, f"{names}\nup,Rome\ndown,Oslo\nup,Wien\n")
    assert (table.names, len(table)) == (tuple(names.split(",")), 3)
    assert of(tmp_path, "% x,y\n1.5,2\n3.25,4\n").names == ("x", "y")
    assert of(tmp_path, "//trees, Bonn\nx,y\n1.5,2\n3.25,4\n").names == ("x", "y")
    assert of(tmp_path, "*x,y\n1.5,2\n").names == ("*x", "y")


@pytest.mark.parametrize("names", ["2020-01,2020-02", "0-14,65+", "1/2,3/4"])
def test_a_title_above_names_without_letters(names, tmp_path):
    assert of(tmp_path, f"Sales of the firm\n\nregion,{names}\nNorth,3,2\nSouth,4,6\n").names == ("region", *names.split(","))


def test_texts_in_quotes_that_hold_a_comma_and_blanks(tmp_path):
    """A column of them, not rows in quotes as a whole."""
    table = of(tmp_path, '"city, country"\n' + "".join(f'"Rome, Land {row}"\n' for row in range(9)))
    assert (table.names, len(table)) == (("city, country",), 9)


@pytest.mark.parametrize("names", ['"","1940","1945","1950"', ",1,2,3", ",0,1,2", ",16.5,16.75,17.25,18,19.5"])
def test_numbers_above_the_columns_of_a_table_of_two_ways(names, tmp_path):
    """As R writes a matrix, with names of rows that may be numbers as well; a row of values whose first one lacks is another thing."""
    table = of(tmp_path, f"{names}\n" + "".join(f"{row}{f',{row % 3}' * names.count(',')}\n" for row in range(10, 20)))
    assert table.names == ("column1", *names.replace('"', "").split(",")[1:])
    assert not of(tmp_path, ",1,2,3\n" + "".join(f"{row if row % 2 else ''},{row % 3},4,1\n" for row in range(10, 20))).has_header
    assert not of(tmp_path, ",1,5,3\n1,2,4,1\n2,3,4,1\n").has_header


def test_signs_of_remarks_that_are_cells(tmp_path):
    """A name, no value, or what stands in a cell."""
    assert of(tmp_path, "%,x\n1.5,2\n3.25,4\n").names == ("%", "x")
    assert len(of(tmp_path, "--,1.5,3\n2,2.5,4\n5,3.5,9\n")) == 3
    assert of(tmp_path, "a,b\n1,│x│\n2,│y│\n").column("b").values.tolist() == ["│x│", "│y│"]


def test_quotes_within_cells_as_databases_write_them(tmp_path):
    """Also with a backslash that stands for itself, and \\N for no value."""
    table = of(tmp_path, '"said","path","x"\n"a \\"big\\" one, yes","C:\\\\",1.5\n"no","\\N",2.5\n')
    assert table.column("said").values.tolist() == ['a "big" one, yes', "no"]
    assert table.column("path").values.tolist() == ["C:\\\\", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("-1 3:0.25 7:1\n1 2:0.5 9:1\n", "is a sparse file of LIBSVM, which holds pairs as '3:0.25'; write it as CSV"),
        (
            "STATION   CITY        TMAX\nUS1FLSL00 New York    26.4\nUS1FLSL00 Boston      27.4\n",
            "holds columns at fixed places of a line, with blanks within cells, as 'US1FLSL00 New York    26.4'",
        ),
    ],
)
def test_tables_of_other_kinds_are_named(content, message, tmp_path):
    with pytest.raises(FileError, match=message):
        of(tmp_path, content)


def test_a_table_drawn_with_lines(tmp_path):
    rule, rows = "+----+--------+-------+\n", "".join(f"| {row} | {row}.5 | {row} |\n" for row in range(10, 30))
    table = of(tmp_path, f"{rule}| id | height | width |\n{rule}{rows}{rule}20 rows in set (0.00 sec)\n")
    assert table.names == ("id", "height", "width")
    assert len(table) == 20


def test_years_below_keys_and_values(tmp_path):
    table = of(tmp_path, '"Source","Trees",\n\n"place","2019","2020",\n"a","","2",\n"b","3","4",\n"c","5","6",\n')
    assert table.names == ("place", "2019", "2020")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,4\n5\n", "row 3 has 1 cell, but there are 2 columns"),
        ("a,b\n1,2\n3,4\n\n5\n", "row 3 has 1 cell"),  # a number is no remark
        ("# only\n# remarks\n", "t.csv holds no rows"),
        ("sep=;\n", "t.csv holds no rows"),
        ("place,b\nx,2\ny,4\nz", "row 3 has 1 cell"),  # a row that was cut short
        ("a,b\n1,2\nSource: the park\n3,4\n", "row 2 has 1 cell"),
    ],
)
def test_what_is_no_remark_below_a_table(content, message, tmp_path):
    with pytest.raises(FileError, match=message):
        of(tmp_path, content)


def test_a_row_is_no_remark(tmp_path):
    """Neither a full one with a colon, as others have it, nor one that does not know a value, nor the end of a cell of several lines."""
    assert len(of(tmp_path, "said,b\nOne: two,2\nThree: four,4\nFive: six,6\n")) == 3
    assert len(of(tmp_path, "t,U,I\nOL,OL,1\n1,2,3\n2,3,4\n3,4,5\n4,5,6\n").column("U").values) == 5
    assert len(of(tmp_path, 'b,said\n1,x\n2,"one\n\nSource: two\nNote: three"\n')) == 2


@pytest.mark.parametrize("content", [
    '"height","width"\n"a",1.5,2\n"b",3.25,4\n"c",5,6\n',
    '"height" "width"\n"a" 1.5 2\n"b" 3.25 4\n"c" 5 6\n',
    "height\twidth\n1\t1.5\t2\n2\t3.25\t4\n3\t5\t6\n",
])  # fmt: skip
def test_the_names_of_rows_that_r_writes(content, tmp_path):
    table = of(tmp_path, content)
    assert table.names == ("row", "height", "width")
    assert table.numbers(["height", "width"]).tolist() == [[1.5, 2], [3.25, 4], [5, 6]]
    assert "the first column has no name in the header, and is called row" in list(map(str, table.notes))


@pytest.mark.parametrize("row", ["{},{:03}.15,yes", "yes,{},{:03}.15", "${},{:03},2.5"])
def test_thousands_without_quotes_are_no_further_column(row, tmp_path):
    rows = [row.format(1 + place * 7 % 12, place * 71 % 1000) for place in range(30)]
    with pytest.raises(FileError, match="in row 1 may be one number with a thousands sign; put such numbers in quotes"):
        of(tmp_path, "\n".join(["a,b", *rows]) + "\n")


def test_rows_are_counted_before_numbers_of_three_digits(tmp_path):
    table = of(tmp_path, "a,b\n" + "".join(f"{place},{200 + place},{place / 4}\n" for place in range(1, 30)))
    assert table.names == ("row", "a", "b")


def test_blanks_before_quotes(tmp_path):
    table = of(tmp_path, 'height, colour, width\n1.5, "red, dark", 2\n3.25, "blue", 4\n')
    assert table.column("colour").values.tolist() == ["red, dark", "blue"]


def test_a_row_without_a_value_is_one_where_others_follow(tmp_path):
    assert repr(of(tmp_path, "a,b\n1,2\n,\n3,4\n,\n").column("a").values.tolist()) == "[1.0, nan, 3.0]"


def test_columns_that_are_counted_from_0_are_names(tmp_path):
    assert of(tmp_path, ",0,1,2\n0,3.5,4,2\n1,1,2,3\n").names == ("column1", "0", "1", "2")
    assert not of(tmp_path, "0,1,2\n3,4,2\n1,2,3\n").has_header


def test_names_above_decimal_commas_are_no_title(tmp_path):
    """Though commas make a table of two columns of the rows below them."""
    table = of(tmp_path, "a;name b;c;name d\n1e-05;0,5;x;y\n;0,5;;\n0,5;;;\n;0,5;;\n")
    assert table.names == ("a", "name b", "c", "name d")
    assert of(tmp_path, "x;y\n(11,4%);1'216,5%\n7,1%;80,2%\n9,9%;7,3%\n").names == ("x", "y")
    assert of(tmp_path, "x\n(810,48)\n393,23\n439,61\n858,70\n").names == ("x",)
    assert of(tmp_path, "Trees, Bonn\nheight;width\n1,5;2\n3,25;4\n5;6\n").names == ("height", "width")


def test_a_column_of_text_has_no_title(tmp_path):
    assert of(tmp_path, "price\n12,5\n13,7\n14,9\n").numbers(["price"]).tolist() == [[12.5], [13.7], [14.9]]
    assert of(tmp_path, "said\nhello, you\nso, what\nwell, no\n").names == ("said",)


def test_years_are_names(tmp_path):
    assert of(tmp_path, "2019,2020,2021\n3,4.5,2\n1,2,3\n").names == ("2019", "2020", "2021")
    assert not of(tmp_path, "2019,2020,2021\n2020,2021,2022\n").has_header
    assert not of(tmp_path, "2019,2021\n3,4.5\n").has_header


def test_a_text_that_stands_twice_in_a_row_with_numbers_is_no_name(tmp_path):
    table = of(tmp_path, "id17,red,4,red\nid18,blue,5,red\nid19,red,2,green\n")
    assert not table.has_header
    assert len(table) == 3


def test_a_column_without_name_is_kept_where_it_has_values(tmp_path):
    assert of(tmp_path, "a,\n1,\n2,7\n").names == ("a", "column2")
    assert of(tmp_path, "a,b\n1,\n2,\n").names == ("a", "b")


ARFF = """% about flowers
@relation 'some flowers'
@attribute 'petal length' numeric
@attribute colour {red, 'light blue', green}
@attribute code {1,2}
@ATTRIBUTE seen string
@data
1.5,red,1,yes

% a remark
2.5,'light blue',2,'it''s'
?,green,?,?
"""


@pytest.mark.parametrize("name", ["flowers.arff", "flowers.txt"])
def test_arff(name, tmp_path):
    table = of(tmp_path, ARFF, name)
    assert table.kinds == {"petal length": "number", "colour": "text", "code": "text", "seen": "text"}
    assert table.column("colour").values.tolist() == ["red", "light blue", "green"]
    assert table.column("code").values.tolist() == ["1", "2", None]
    assert table.column("seen").values.tolist() == ["yes", "it's", None]
    assert table.column("petal length").missing.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("@relation r\n@attribute a numeric\n1\n", "it has no line @data"),
        ("@relation r\n@data\n1\n", "no @attribute stands before @data"),
        ("@relation r\n@attribute a numeric\n@data\n{0 1}\n", "is a sparse ARFF file; save it as a dense one"),
        ("@relation r\n@attribute a colour\n@data\nred\n", "line 2 is '@attribute a colour'"),
        ("@relation r\n@attribute a numeric\n@attribute a real\n@data\n1,2\n", "has two columns called 'a'"),
        ("@relation r\n@attribute a numeric\n@data\nmany\n", "row 1, column 'a' holds 'many', which is no number"),
    ],
)
def test_arff_that_is_refused(content, message, tmp_path):
    with pytest.raises(FileError, match=message.replace("{", r"\{")):
        of(tmp_path, content, "t.arff")


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
def test_packed_files(suffix, pack, tmp_path):
    table = of(tmp_path, pack(PLAIN.encode()), f"t.csv.{suffix}")
    assert table.names == ("height", "width")
    assert size_of(tmp_path / f"t.csv.{suffix}") >= len(PLAIN)
    with pytest.raises(FileError, match=rf"t\.csv\.{suffix} (cannot be read|is )"):
        of(tmp_path, pack(PLAIN.encode() * 1000)[:-9], f"t.csv.{suffix}")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"t.csv": PLAIN, "__MACOSX/t.csv": "x"}, None),
        ({"a.csv": PLAIN, "b.csv": PLAIN}, r"holds 2 files \(a.csv, b.csv\); unpack it, and name one file"),
        ({}, "holds no file"),
        ({"t.parquet": "PAR1"}, "holds t.parquet, which is not read out of an archive; unpack it"),
        ({"t.jsonl": '{"a": 1}'}, r"holds t.jsonl; let its name end in \.jsonl\.zip"),
    ],
)
def test_zip_archives(members, message, tmp_path):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    if message is None:
        assert [len(part) for part in chunks(path, rows=2)] == [2, 1]
        assert size_of(path) >= len(PLAIN)
    else:
        with pytest.raises(FileError, match=message):
            read(path)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old workbook, as of Excel; save its sheet as CSV"),
        (b"PK\x03\x04\x14\0[Content_Types].xml", "is a workbook, as of Excel; save its sheet as CSV"),
        (b"PK\x03\x04\x14\0some.csv", "is a zip archive; let its name end in .zip"),
        (b"%PDF-1.7", "is a PDF; fetch the table itself"),
        (b"\n<!DOCTYPE html><html>", "is a web page; fetch the file itself"),
        (b"PAR1\x15\x04", "is a Parquet file; let its name end in .parquet"),
        (b"\x1f\x8b\x08\0", "is packed; let its name end in .gz"),
        (b"\x80\x04\x95\0", "is a pickle, which could run anything and is not read"),
        (b"<stata_dta><header>", "is a file of Stata; write it as CSV"),
        (b"t.csv".ljust(257, b"\0") + b"ustar", r"is an archive of files \(tar\); unpack it"),
        (b"<table border=1>", "is a table of a web page; save it as CSV"),
        (b"<?xml version='1.0'?>", "is an XML file; write its table as CSV"),
        (b"-- MySQL dump 10\n\nCREATE TABLE t (a INT);", "is a script of SQL; run it, and write the table as CSV"),
        (b"COPY public.t (a, b) FROM stdin;", "is a script of SQL"),
    ],
)
def test_other_files_are_named_for_what_they_are(start, message, tmp_path):
    with pytest.raises(FileError, match=message):
        of(tmp_path, start + b" and so on\n" * 9)


def test_an_archive_of_files_that_is_packed_is_one_by_its_name(tmp_path):
    (tmp_path / "t.tgz").write_bytes(gzip.compress(b"t.csv".ljust(257, b"\0") + b"ustar"))
    with pytest.raises(FileError, match=r"is an archive of files \(tar\); unpack it"):
        read(tmp_path / "t.tgz")


def test_a_currency_sign_alone_tells_the_encoding(tmp_path):
    with pytest.raises(FileError, match=r"is not text in UTF-8 \(byte 8\); cp1252 fits and would read '€': give encoding=\"cp1252\""):
        of(tmp_path, b"a;b\n12 \x80;1\n13 \x80;2\n")
    assert of(tmp_path, b"a;b\n12 \x80;1\n13 \x80;2\n", encoding="cp1252").column("a").format.unit == "€"


def test_letters_that_stand_alone_are_western(tmp_path):
    with pytest.raises(FileError, match="cp1252 fits and would read 'ä': give encoding=\"cp1252\""):
        of(tmp_path, b"a;b\n" + b"12;\xe4\n13;\xf6\n" * 20)


@pytest.mark.parametrize("name", ["Drop table", "create table", "insert into stock"])
def test_a_header_that_begins_as_sql_is_a_header(name, tmp_path):
    assert of(tmp_path, f"{name},b\n1,2\n3,5\n".encode()).names == (name, "b")
    with pytest.raises(FileError, match="is a script of SQL"):
        of(tmp_path, b"drop table if exists stock;\ncreate table stock (a int);\n")


def test_what_is_infinite_may_be_said_to_be_missing(tmp_path):
    text = "a,b\n1.5,2\n∞,3\n-Infinity,4\n".encode()
    found = of(tmp_path, text)
    for cell, rows in (("inf", [0, 1]), ("-inf", [0, 2])):
        with pytest.raises(FileError, match=f'holds {cell}, which is no finite number; correct it, say missing="{cell}" if it means'):
            found.take(rows).numbers(["a"])
    assert of(tmp_path, text, missing=["inf", "-inf"]).column("a").missing.tolist() == [False, True, True]


@pytest.mark.parametrize(
    "content", ["a;b;\n1,5;x;\n2,5;y;\n", "sep=\t\na\tb\n1\tx\n2\ty\n", "# by hand\n1.5 2\n3.25 4\n", "report\n\na|b\n1|x\n2|y\n"]
)
def test_what_was_found_out_is_told_in_the_words_of_a_language(content, tmp_path):
    table = of(tmp_path, content)
    english, german = (line_of_table(Words(language), table, 2).split(", ")[1:] for language in ("en", "de"))
    assert len(english) == len(german)
    assert not {*english} & {*german}


@pytest.mark.parametrize("content", [b"a,b\r\n1,2\r\n3,4\r\n\x1a", b"a,b\n1,2\n3,4\x1a\x1a\x1a", b"a\n1\n3\n\x1a", b"a;b\n1,5;2\n3;4\x1a"])
def test_the_sign_with_which_dos_ends_a_text_is_no_row(content, tmp_path):
    (tmp_path / "t.csv").write_bytes(content)
    for table in (read(tmp_path / "t.csv"), *chunks(tmp_path / "t.csv", rows=7)):
        assert len(table) == 2
        assert table.column("a").kind == "number"


def test_a_last_letter_whose_byte_is_that_sign_stays(tmp_path):
    (tmp_path / "t.csv").write_bytes("\ufeffa,b\n1,x\n2,\u011a".encode("utf-16-be"))
    assert list(read(tmp_path / "t.csv").column("b").values) == ["x", "\u011a"]


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zip": None, "": None}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("signs", [1, 100])
def test_that_sign_ends_packed_texts_and_wide_ones_too(signs, suffix, encoding, tmp_path):
    content = ("a,b\r\n1,2\r\n3,4\r\n" + signs * "\x1a").encode(encoding)
    path = tmp_path / f"t.csv{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("t.csv", content)
    else:
        path.write_bytes((PACKERS[suffix] or bytes)(content))
    wide = {"encoding": encoding} if encoding == "utf-16-be" else {}
    for table in (read(path, **wide), *chunks(path, rows=7, **wide)):
        assert table.column("b").values.tolist() == [2, 4]


@pytest.mark.parametrize("second", ["x,y\n6,v\n", "6,v\n", '"6","v"\n'])
def test_marks_between_the_parts_of_files_that_were_joined_are_no_part_of_cells(second, tmp_path):
    table = of(tmp_path, "\ufeffx,y\n1,u\n2,v\n3,u\n4,v\n\ufeff" + second)
    assert table.column("x").values.tolist() == [1, 2, 3, 4, 6]
    assert set(table.column("y").values) == {"u", "v"}


def test_names_stand_above_blanks_and_decimal_commas(tmp_path):
    assert of(tmp_path, "a b y\n3,00 0,25 1,50\n4,50 1,25 2,75\n6,00 0,50 3,25\n5,25 0,75 1,25\n").names == ("a", "b", "y")


def test_a_name_may_go_over_two_lines(tmp_path):
    assert of(tmp_path, '"a\n(cm)",b,y\n1.5,2,3\n2.5,4,5\n3.5,6,7\n').names == ("a\n(cm)", "b", "y")


def test_a_cell_may_be_as_long_as_a_text(tmp_path):
    assert len(of(tmp_path, f"a,t\n1,{'x' * 300_000}\n2,y\n").column("t").values[0]) == 300_000
    with pytest.raises(FileError, match="a cell has more than 1,048,576 characters; is a quote left open"):
        read(of_bytes(tmp_path, f'a,t\n1,"{"x" * 1_100_000}\n2,y\n'.encode()))


def of_bytes(tmp_path, content, name="t.csv"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "is what Git LFS keeps in place of a file"),
        (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14" + bytes(99), "is a file of SAS"),
        (b"$FL3@(#) SPSS DATA FILE" + bytes(99), "is a file of SPSS"),
        (b"q\2\1\0" + bytes(99), "is a file of Stata"),
        (b'{"a": 1, "y": 2}\n{"a": 3, "y": 4}\n', "is JSON; let its name end in .json, or in .jsonl"),
        (b'[\n {\n  "a": 1\n }\n]\n', "is JSON; let its name end in .json"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is an image; name a folder of such"),
        (b"a,b\n1,2\n3,4\n" + bytes(40), "it holds zero bytes, from byte 13 on; was it cut off"),
    ],
)
def test_further_files_are_named_for_what_they_are(content, message, tmp_path):
    with pytest.raises(FileError, match=message):
        read(of_bytes(tmp_path, content))


@pytest.mark.parametrize("contents", [["x,y\n1,2\n3,4\n", "x,y\n", "y,x\n6,5\n"], ["x;y\n", "x;y\n1;2\n3;4\n", "x;y\n5;6\n"]])
def test_a_part_with_a_header_alone_has_no_rows(contents, tmp_path):
    for name, content in zip("abc", contents, strict=True):
        (tmp_path / f"{name}.csv").write_text(content)
    assert read(tmp_path).numbers(["x", "y"]).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert [len(table) for table in chunks(tmp_path, rows=2)] == [2, 1]
    for path in tmp_path.iterdir():
        path.write_text("x,y\n")
    with pytest.raises(FileError, match="a header but no rows"):
        read(tmp_path)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_a_file_of_two_encodings_is_told(every, tmp_path):
    lines = [f"M\u00fc{place},{place}\n".encode("cp1252" if place % every == 0 else "utf-8") for place in range(40)]
    (tmp_path / "t.csv").write_bytes(b"name,y\n" + b"".join(lines))
    with pytest.raises(FileError, match="and this one would read 'M\u00fc' in cp1252: save all of it in one encoding"):
        read(tmp_path / "t.csv")


@pytest.mark.parametrize(("encoding", "text"), [
    ("cp1251", "\u0434\u043e\u043c"), ("shift_jis", "\u6771\u4eac"), ("gb18030", "\u5317\u4eac"), ("cp1252", "M\u00fcller"),
])  # fmt: skip
def test_a_file_of_one_encoding_is_not_taken_for_two(encoding, text, tmp_path):
    (tmp_path / "t.csv").write_bytes("".join(f"{text},{place}\n" for place in range(40)).encode(encoding))
    with pytest.raises(FileError, match="is not text in UTF-8") as caught:
        read(tmp_path / "t.csv")
    assert "other lines" not in str(caught.value)


def test_empty_files_among_others_are_passed_over_and_said(tmp_path):
    for name, content in {"a": "x,y\n1,2\n", "b": "", "c": "x,y\n3,4\n"}.items():
        (tmp_path / f"{name}.csv").write_text(content)
    table = read(tmp_path)
    assert table.column("x").values.tolist() == [1, 3]
    assert [note.values["names"] for note in table.notes if note.key == "found.empty_files"] == [str(tmp_path / "b.csv")]
