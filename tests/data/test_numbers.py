"""Numbers as people write them: read where it is clear, refused with the cell and the option where it is not; never another number."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.flowers import printed
from tests.samples import examples

import chainrule as cr
from chainrule.base.errors import FileError, InputError
from chainrule.data import columns, spans
from chainrule.data.cells import MISSING, shape_of
from chainrule.data.numbers import NumberFormat, looks_like_number, resembles_number
from chainrule.data.reading import chunks, forms_of, read
from chainrule.document.words import Words
from chainrule.preparation.remarks import lines_of_remarks
from chainrule.reports.lines import lines_of_preparation
from chainrule.training.model import Model


def table(tmp_path, columns, separator=",", **options):
    """The columns as a file, each cell in quotes where it has to be, read back."""
    names = list(columns)
    rows = [separator.join(f'"{cell}"' if separator in cell else cell for cell in row) for row in zip(*columns.values(), strict=True)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([separator.join(names), *rows, ""]), encoding="utf-8")
    return read(path, **options)


def values(tmp_path, cells, separator=",", others=(), **options):
    further = {f"other{place}": [other] * len(cells) for place, other in enumerate(others)}
    found = table(tmp_path, {"a": cells, "b": ["x"] * len(cells), **further}, separator, **options).column("a")
    assert found.kind == "number", found.doubt
    return found.values.tolist()


@pytest.mark.parametrize(
    ("cells", "separator", "expected"),
    [
        (["1,234.5", "999.25", "1,234,567.0"], ",", [1234.5, 999.25, 1234567]),
        (["1.234,5", "999,25", "12"], ";", [1234.5, 999.25, 12]),
        (["8,250", "640", "1,125"], ",", [8250, 640, 1125]),  # English, as its separator is a comma
        (["7,5", "3,125", "2,250"], ",", [7.5, 3.125, 2.25]),
        (["€5K", "€7.5K", "€-2K"], ",", [5, 7.5, -2]),
        (["\u200e1.5", "\u200e−2.5", "\ufeff3"], ",", [1.5, -2.5, 3]),
        (["0,125", "1,250"], ";", [0.125, 1.25]),  # no number of thousands begins with 0
        (["1'234.50", "980.00"], ";", [1234.5, 980]),
        (["1’234", "980"], ",", [1234, 980]),
        (["12 345,6", "7 890,1"], ";", [12345.6, 7890.1]),
        (["12\u00a0345", "1\u202f234\u202f567", "9"], ",", [12345, 1234567, 9]),
        (["\u00a05.5\u00a0", "6"], ",", [5.5, 6]),
        (["12,34,567", "1,23,456"], ",", [1234567, 123456]),  # as in India
        (["48.1%", "7 %", "-3.5 %"], ",", [48.1, 7, -3.5]),
        (["$1,299.00", "-$20.50", "$7"], ",", [1299, -20.5, 7]),
        (["12,50 €", "7,00 €"], ";", [12.5, 7]),
        (["€ 12", "€ 7.5"], ",", [12, 7.5]),
        (["EUR 12.5", "EUR 7"], ",", [12.5, 7]),
        (["(1,250.00)", "300.00"], ",", [-1250, 300]),
        (["70 kg", "82.5 kg"], ",", [70, 82.5]),
        (["−4.5", "3"], ",", [-4.5, 3]),  # the sign of mathematics
        (["–4.5", "3", "‒1"], ",", [-4.5, 3, -1]),  # as programs for writing put it
        (["1.5D+03", "2.25d-1"], ",", [1500, 0.225]),
        (["1.5E+03", "2e-1", "+7"], ",", [1500, 0.2, 7]),
        (["1.5×10^3", "2 x 10^-1", "7·10²"], ",", [1500, 0.2, 700]),
        (["92.50-", "3.5", "1,200.00 -"], ",", [-92.5, 3.5, -1200]),  # as SAP writes what is owed
        (["$(1,250.00)", "$300.00"], ",", [-1250, 300]),
        (["Rs. 1,23,456", "Rs. 980"], ",", [123456, 980]),
        (["Fr. 1'234.50", "Fr. 12.–"], ",", [1234.5, 12]),
        (["12,- €", "1.250,-- €", "7,50 €"], ";", [12, 1250, 7.5]),
        (['="12.5"', '="7"'], ",", [12.5, 7]),  # how Excel is made to keep a cell as it is
        (["١٢٫٥", "٣"], ",", [12.5, 3]),
        (["１２．５", "３"], ",", [12.5, 3]),
        (["%26,9", "%7,5"], ";", [26.9, 7.5]),  # as in Turkey
        (["5 094,80:-", "95:-"], ";", [5094.8, 95]),  # as in Sweden
        (["฿1,570.95", "฿7.50"], ",", [1570.95, 7.5]),
        (["R 33 333.66", "R7.50"], ",", [33333.66, 7.5]),
        (["Rp 1.250.000", "Rp 12.000"], ";", [1250000, 12000]),
        (["1,250円", "980円"], ",", [1250, 980]),
    ],
)
def test_what_is_clear_is_read(cells, separator, expected, tmp_path):
    assert values(tmp_path, cells, separator) == expected


@pytest.mark.parametrize("cell", ["12,5 €", "€12,5", "12,5 kr", "12,5%", "US$12,5"])
def test_how_numbers_are_written_is_told_as_they_are(cell, tmp_path):
    assert table(tmp_path, {"a": [cell] * 3, "b": ["x"] * 3}, ";").column("a").format.readings == ((cell, 12.5, None),)


def test_missing_values_of_statistics(tmp_path):
    """As Stata, SAS and Eurostat write them."""
    assert repr(values(tmp_path, ["1.5", ".a", ":", ".Z", "."])) == "[1.5, nan, nan, nan, nan]"


def test_the_other_columns_decide_what_is_open(tmp_path):
    assert values(tmp_path, ["1.250", "980"], ";", others=["3,5"]) == [1250, 980]
    assert values(tmp_path, ["1,250", "2,375"], ";", others=["3,5"]) == [1.25, 2.375]
    assert values(tmp_path, ["1,250", "980"], ";", others=["3.5"]) == [1250, 980]


def test_signs_are_found_by_column(tmp_path):
    found = table(tmp_path, {"a": ["1,5", "2,25"], "b": ["3.5", "4.75"], "c": ["x", "y"]}, ";")
    assert found.numbers(["a", "b"]).tolist() == [[1.5, 3.5], [2.25, 4.75]]
    assert "decimal signs: comma in a, point in b" in list(map(str, found.notes))


def refused(tmp_path, cells, separator=",", others=()):
    """The message where the column is needed as one of numbers, and no option says how to read it."""
    columns = {
        "a": cells,
        "c": ["u", "v", "u"],
        **{f"other{place}": [other] * 3 for place, other in enumerate(others)},
        "t": ["1", "3", "4"],
    }
    found = table(tmp_path, {name: column[: len(cells)] for name, column in columns.items()}, separator)
    with pytest.raises(FileError) as caught:
        cr.Preparation.fit(found, ["t"])
    return str(caught.value)


@pytest.mark.parametrize(
    ("cells", "separator", "others", "message"),
    [
        (["1,250", "2,375"], ";", (), "'1,250' (row 1) may be a number of thousands as well as one with three decimals; say thousands="),
        (["1.250", "980", "12.500"], ";", (), "'1.250' (row 1) may be a number of thousands"),
        (["1.250", "2.375", "5.612"], ";", (), "'1.250' (row 1) may be a number of thousands"),
        (["1.250", "980"], ";", ("3,5", "3.5"), 'say thousands="." for 1250, or decimal="." for 1.25. Or take the values'),
        (["5,2", "3.1", "4,4"], ";", (), "'5,2' (row 1) and '3.1' (row 2) have different decimal signs; write them alike"),
        (["1,200", "3,400", "5600"], ",", (), "'1,200' (row 1) may be a number of thousands"),
        (
            ["12 kg", "300 g", "7 kg"],
            ",",
            (),
            "'12 kg' (row 1) and '300 g' (row 2) have different units; write all in one unit",
        ),
        (["1.2M", "300K"], ",", (), "have different units"),
        (["48%", "0.5", "7%"], ",", (), "'48%' (row 1) and '0.5' (row 2): one has the unit %, the other none"),
        (["1'234", "5 678"], ";", (), "are written with different thousands signs"),
    ],
)
def test_what_is_not_clear_is_refused_with_the_cell_and_the_option(cells, separator, others, message, tmp_path):
    said = refused(tmp_path, cells, separator, others)
    assert said.startswith(f"{tmp_path / 't.csv'}, column 'a': ")
    assert message in said
    assert 'ignore="a"' in said


@pytest.mark.parametrize(
    "cell",
    [
        "~{}",
        "<{}",
        "{} ± 0.2",
        "{}/8",
        "[{}]",
        "ca. {}",
        "{}:30:10",
        "{}°26'N",
        "{}_000",
        "'{}",
        "0x{:x}",
        "{} 3/8",
        "{}½",
        "{}h 17m",
        "{} ft 1 in",
        "{} lbs. 3 oz.",
        "{}' 1\"",
        "{}.25-187",
        "▲ {} %",
        "1:{}.45",
        "{}.5 (0.2)",
        "{}.5(12)",
        "{}.5²",
        "{}.5 [9.2-31.4]",
        "7,{}0[9]",
        "24,{}0 km2 (9,412 sq mi)",
        "3 days {}:20:00",
        "PT6H{}M",
        "({}.5, 3)",
        "(2.5-{}j)",
        "{}·58",
        "{}.5 km2",
        "{} m^3",
        "{}, 360",
        "{}.5 E+04",
    ],
)
def test_numbers_with_something_about_them_never_become_inputs_of_their_own(cell, tmp_path):
    cells = [cell.format(10 + number % 30) for number in range(90)]
    found = table(tmp_path, {"a": cells, "t": [str(number * 0.37) for number in range(90)]}, ";")
    with pytest.raises(
        FileError, match=r"look like numbers, as .*; write plain numbers, take the values as categories \(categories=\"a\"\)"
    ):
        cr.Preparation.fit(found, ["t"])
    assert len(cr.Preparation.fit(found, ["t"], categories=["a"]).features[0].names) == 30


@pytest.mark.parametrize("cell", ["A{}", "#{}", "192.168.{}.1", "{}-50", "No. {}", "R {}", "RM {}", "R{}"])
def test_names_with_digits_in_them_are_categories(cell, tmp_path):
    cells = [cell.format(10 + number % 30) for number in range(90)]
    found = table(tmp_path, {"a": cells, "t": [str(number * 0.37) for number in range(90)]}, ";")
    assert cr.Preparation.fit(found, ["t"]).features[0].kind == "category"


def test_options_decide(tmp_path):
    assert values(tmp_path, ["1,250", "2,375"], ";", thousands=",") == [1250, 2375]
    assert values(tmp_path, ["1,250", "2,375"], ";", decimal=",") == [1.25, 2.375]
    assert values(tmp_path, ["1.250", "980"], ";", thousands=".") == [1250, 980]
    assert values(tmp_path, ["48%", "0.5"], units="%") == [48, 0.5]
    assert values(tmp_path, ["12 kg", "300 g"], units=["kg", "g"]) == [12, 300]
    for options, message in (
        ({"decimal": ".", "thousands": "."}, "cannot be the decimal sign and the thousands sign at once"),
        ({"thousands": "x"}, "the thousands sign is one of"),
    ):
        with pytest.raises(InputError, match=message):
            values(tmp_path, ["1", "2"], **options)


@pytest.mark.parametrize(
    "cell",
    [
        "A1",
        "192.168.1.1",
        "1.2.3",
        "2024-01-05",
        "12:30",
        "1/2",
        "10-20",
        "12D3",
        "2. Married",
        "1_000",
        "5a6",
        "e5",
        "12x105",
        "20-Mar",
        "1–5",
    ],
)
def test_what_is_no_number(cell):
    assert not looks_like_number(cell)


@pytest.mark.parametrize("cell", ["[1{}", "[1{}]", "({}", "1{}"])
def test_long_cells_are_looked_at_once(cell):
    """As an embedding in a cell: a search that went back from every place would take minutes."""
    assert resembles_number(cell.format(", 1" * 30_000)) == (cell == "[1{}]")


def test_names_say_nothing_about_decimal_signs(tmp_path):
    found = table(tmp_path, {"ip": ["142.174.108.214", "10.0.0.1"] * 10, "a": ["1.5", "2.25"] * 10})
    assert found.column("ip").kind == "text"
    assert tuple(map(str, found.notes)) == ("separator: comma", "decimal sign: point")


def test_names_that_begin_with_numbers_stay_names(tmp_path):
    found = table(tmp_path, {"class": ["1st", "2nd", "3rd", "1st"], "house": ["12", "12c", "13g", "14B"], "t": ["1", "2", "3.5", "4"]})
    assert found.kinds == {"class": "text", "house": "text", "t": "number"}
    assert cr.Preparation.fit(found, ["t"], categories=["house"]).feature_names[:3] == ("class=1st", "class=2nd", "class=3rd")


def test_no_hundred_inputs_are_made_of_numbers(tmp_path):
    cells = [f"{place}.5" if place % 3 else "not measured" for place in range(90)] + ["not measured"] * 60
    found = table(tmp_path, {"a": cells, "t": [str(place * 7 % 11 + 0.5) for place in range(150)]})
    with pytest.raises(FileError, match=r"column 'a' is text, as it holds 'not measured' beside 60 plain numbers; correct it"):
        cr.Preparation.fit(found, ["t"])
    assert cr.Preparation.fit(found, ["t"], categories=["a"]).inputs == 61


def test_a_target_of_numbers_is_never_to_be_chosen_anew(tmp_path):
    x = [str(place * 7 % 13) for place in range(40)]
    found = table(tmp_path, {"x": x, "t": [f"{place},{place % 7 + 1}" for place in range(40)]}, ";")
    assert cr.Preparation.fit(found, ["t"]).task == "regress"
    strange = table(tmp_path, {"x": x, "t": [f"§§{place}.{place % 7 + 1}§§" for place in range(40)]})
    with pytest.raises(FileError, match=r"If they are numbers, as row 1 holds '§§0\.1§§', write digits alone; else choose another target"):
        cr.Preparation.fit(strange, ["t"])
    mixed = table(tmp_path, {"x": x, "t": [f"{place}{',.'[place % 2]}{place % 7 + 1}" for place in range(40)]}, ";")
    with pytest.raises(FileError, match="have different decimal signs"):
        cr.Preparation.fit(mixed, ["t"])


SIGNS = st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u00a0"), (".", "")])


@given(st.lists(st.floats(0.01, 1e9), min_size=2, max_size=30), SIGNS, st.sampled_from(["", "%", " kg"]), st.integers(1, 9))
def test_any_numbers_are_read_back_however_they_are_cut(tmp_path_factory, numbers, signs, unit, rows):
    """With two decimals nothing is open; a file is the same in parts."""
    decimal, thousands = signs
    cells = [f"{number:,.2f}".replace(",", "t").replace(".", decimal).replace("t", thousands) + unit for number in numbers]
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("a\tb\n" + "".join(f"{cell}\tx\n" for cell in cells), encoding="utf-8")
    expected = [float(f"{number:.2f}") for number in numbers]
    assert read(path).column("a").values.tolist() == expected
    assert [value for part in chunks(path, rows=rows) for value in part.column("a").values.tolist()] == expected


AROUND = st.sampled_from([("", ""), ("", ""), ("$", ""), ("", " €"), ("", "%"), ("%", ""), ("", " kg"), ("CHF ", ""), ("Rs. ", "")])
NEGATIVE = st.sampled_from(["-{}", "−{}", "({})", "{}-"])


@st.composite
def columns_as_written(draw):
    """The numbers of some columns, and how all of a file writes them."""
    decimal, thousands = draw(st.sampled_from([(".", ""), (".", ","), (".", "'"), (",", ""), (",", "."), (",", " "), (",", "\u00a0")]))
    rows, columns = draw(st.integers(3, 12)), []
    for _ in range(draw(st.integers(1, 3))):
        digits, size, (before, after), negative = (
            draw(st.integers(0, 3)),
            draw(st.sampled_from([5, 900, 5e3, 2e6])),
            draw(AROUND),
            draw(NEGATIVE),
        )
        values = [round(value, digits) for value in draw(st.lists(st.floats(-size, size), min_size=rows, max_size=rows))]
        cells = []
        for value in values:
            cell = f"{abs(value):,.{digits}f}".replace(",", "t").replace(".", decimal).replace("t", thousands)
            cells.append(negative.format(f"{before}{cell}{after}") if value < 0 else f"{before}{cell}{after}")
        columns.append((values, cells))
    return columns


@given(columns_as_written(), st.sampled_from(";\t|"), st.booleans())
@examples(200)
@example([([-1.0, -1.0, -1.0], ["1 €-", "1 €-", "1 €-"])], ";", False)
def test_a_number_is_the_one_that_was_written_or_stays_text(tmp_path_factory, columns, separator, named):
    """Three decimals everywhere and nothing else are taken for decimals where no comma and no whole number speaks against it."""
    path = tmp_path_factory.mktemp("t") / "t.csv"
    names = [f"x{place}" for place in range(len(columns))] + ["name"] * named
    rows = zip(*(cells for _, cells in columns), *[[f"n{place}" for place in range(12)]] * named, strict=False)
    path.write_text("\n".join(map(separator.join, [names, *rows])) + "\n", encoding="utf-8")
    found = read(path)
    assert (list(found.names), len(found)) == (names, len(columns[0][0]))
    for name, (values, cells) in zip(names, columns, strict=False):
        column = found.column(name)
        whole = all(value == round(value) for value in values)
        if column.kind == "number" and not (whole and separator != ";" and any("." in cell.strip("Rs. ") for cell in cells)):
            assert column.values.tolist() == pytest.approx(values, rel=1e-12)


def test_a_question_leaves_the_unit_out(tmp_path):
    assert "'Rs. 383.028' (row 1) may be a number of thousands" in refused(tmp_path, ["Rs. 383.028", "Rs. 1.250", "Rs. 98"], ";")


def test_whole_numbers_beside_three_decimals_are_a_question(tmp_path):
    for separator in "\t|;":
        assert "'1.803' (row 1) may be a number of thousands" in refused(tmp_path, ["1.803", "734", "2.607"], separator)
    assert values(tmp_path, ["1.803", "734", "2.607"]) == [1.803, 734, 2.607]  # a comma parts cells


def test_a_row_that_begins_with_a_bracket_is_no_remark(tmp_path):
    assert values(tmp_path, ["12 %", "7 %", "(1 894%)"]) == [12, 7, -1894]


def test_a_sign_far_down_decides_for_all(tmp_path):
    """What was open in the first rows is read again."""
    cells = ["1.250", *["980"] * 6000, "1.250,5"]
    assert values(tmp_path, cells, ";") == [1250, *[980] * 6000, 1250.5]
    assert forms_of(tmp_path / "t.csv").forms["a"].signs == NumberFormat(",", ".")


@pytest.mark.parametrize(
    ("separator", "cells", "others", "said"),
    [
        (",", ["7,219", "4,380", "9,105"], (), "a 7,219 is 7219, not 7.219"),
        (",", ["7,219", "480", "9,105"], ("0.5",), "a 7,219 is 7219, not 7.219"),
        ("\t", ["17.219", "4.380", "9.105"], (), "a 17.219 is 17.219, not 17219"),
        ("|", ["17.219", "4.380", "9.105"], ("0.5",), "a 17.219 is 17.219, not 17219"),
        ("\t", ["17,219", "4,380", "9,105"], ("0,5",), "a 17,219 is 17.219, not 17219"),
        (";", ["17.219", "4.380", "9.105"], ("0,5",), "a 17.219 is 17219, not 17.219"),
        (";", ["RM 17.219", "RM 4.380"], ("0.5",), "a RM 17.219 is 17.219, not 17219"),
        (",", ["-17.219", "480", "9.105"], (), "a -17.219 is -17.219, not -17219"),
        (",", ["17.500", "4.380", "9.105"], (), "a 17.500 is 17.5, not 17500"),
        (",", ["17.219", "480", "9.105"], ("0.5",), "a 17.219 is 17.219, not 17219"),
        (";", ["17,219", "4,380"], ("0,5",), "a 17,219 is 17.219, not 17219"),
        (
            ",",
            ["17.219", "4.380", "9.105"],
            ("7.219",) * 4,
            "a 17.219 is 17.219, not 17219; other0 7.219 is 7.219, not 7219; other1 7.219 is 7.219, not 7219; 2 more",
        ),
        ("\t", ["17.219", "4.380", "0.105"], (), ""),
        (",", ["17.219", "4.38", "9.105"], (), ""),
        (",", ["17.219", "4812", "9.105"], (), ""),
        (",", ["17.219", "1234.500", "9.105"], (), ""),
        (",", ["17.219", "-0.000", "9.105"], (), ""),
        (";", ["7'219.50", "480.25", "12"], (), "a 7'219.50 is 7219.5"),
        (";", ["480.2 kg", "12 kg"], (), "a 480.2 kg is 480.2"),
    ],
)
def test_a_reading_that_its_column_does_not_tell_is_said_with_a_cell_of_it(separator, cells, others, said, tmp_path):
    """Whatever the file and its other columns tell; of healthy data the first few."""
    columns = {
        "a": cells,
        **{f"other{place}": [other, other[:-1] + "7", other] for place, other in enumerate(others)},
        "t": ["1", "3", "4"],
    }
    found = table(tmp_path, {name: column[: len(cells)] for name, column in columns.items()}, separator)
    fitted = cr.Preparation.fit(found, ["t"])
    assert [line for line in fitted.decisions if "how numbers" in line] == ([f"how numbers are read: {said}"] if said else [])
    lines = [line.replace("\xa0", " ") for line in lines_of_preparation(Words("de"), cr.Preparation.from_dict(fitted.to_dict()))]
    assert any(" ist " in line and ", nicht " in line for line in lines) == (", not " in said)


@pytest.mark.parametrize("kind", ["frame", "lines", "parquet"])
def test_text_of_other_sources_is_read_alike_in_all_its_rows(kind, tmp_path):
    """What is open in the first ones, the last ones tell."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": ["7.250 km"] * 5500 + ["980 km", "7.250,5 km"], "t": range(5502)})
    source = {"frame": frame}.get(kind, tmp_path / f"t.{'jsonl' if kind == 'lines' else kind}")
    if kind == "lines":
        frame.to_json(source, orient="records", lines=True)
    elif kind == "parquet":
        frame.to_parquet(source)
    whole = read(source, units="km").column("a")
    assert whole.values[[0, -2, -1]].tolist() == [7250, 980, 7250.5]
    parts = [part.column("a") for part in chunks(source, rows=2000, units="km")]
    assert [value for part in parts for value in part.values.tolist()] == whole.values.tolist()
    assert {part.format.signs for part in parts} == {NumberFormat(",", ".", "km")}


# A model and other files


@pytest.fixture
def model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [(20_000 + 777 * place, f"{place % 9},5", 3 * place + 0.25) for place in range(60)]
    text = "".join(f"{a // 1000}.{a % 1000:03};{b};{str(t).replace('.', ',')}\n" for a, b, t in rows)
    (tmp_path / "own.csv").write_text("a;b;t\n" + text)
    out, _ = printed(["train", "own.csv", "--target", "t", "--epochs", "2"], capsys)
    assert "how numbers are read: a 20.000 is 20000" in " ".join(out.split())
    return Model.load("model.safetensors")


def predicted(content, capsys, *options, code=0):
    with open("other.csv", "w", encoding="utf-8") as file:
        file.write(content)
    return printed(["predict", "model.safetensors", "other.csv", *options], capsys, code)


def test_predict_reads_with_the_models_signs_and_says_where_a_file_differs(model, capsys):
    assert model.preparation.features[0].written == NumberFormat(",", ".", open="20.000", cells=("20.000",))
    own = predicted("a;b\n25.000;3,5\n", capsys)
    assert " ".join(own[1].split()) == "chainrule: numbers that could be read in two ways are read so: a 25.000 is 25000, not 25"
    english, said = predicted("a,b\n25000,3.5\n", capsys)
    assert english == own[0]
    assert "column b is written otherwise than where the model was trained: here 3.5 is 3.5; there 0,5 is 0.5" in said
    assert predicted('a,b\n"25,000",3.5\n', capsys)[0] == own[0]  # where another column tells that the file has decimal points
    alike, said = predicted("a;b\n25.000;3\n", capsys)
    assert said == own[1]
    other, said = predicted('a,b\n"25,000",3\n', capsys)
    assert other != alike  # else 25,000 is 25, as it would be in the model's own file …
    assert "read so: a 25,000 is 25, not 25000" in said
    assert predicted('a,b\n"25,000",3\n', capsys, "--decimal", ".")[0] == alike  # … unless it is said
    assert printed(["evaluate", "model.safetensors", "own.csv"], capsys)[1].count("20.000 is 20000, not 20") == 1


@pytest.mark.parametrize(("cell", "said"), [("22008", True), ("56'722", True), ("56.5", False)])
def test_a_model_whose_data_showed_no_decimal_sign_does_not_tell_one(cell, said, tmp_path, monkeypatch):
    """83.287 may be prices in thousands there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text("price,t\n" + f"{cell},1\n{cell[:-1]}3,2\n" * 3)
    fitted = cr.Preparation.fit(read("own.csv"), ["t"])
    (tmp_path / "other.csv").write_text("price,t\n83.287,1\n")
    remarks = " ".join(lines_of_remarks(Words(), fitted, read("other.csv", kinds=fitted.input_forms)))
    assert ("price 83.287 is 83.287, not 83287" in remarks) == said


@pytest.mark.parametrize(("head", "cell", "said"), [("a", "1.544", False), ("a\tb", "1.544\tx", False), ("a", "91.544", True)])
def test_a_size_that_the_model_knows_tells_the_sign_that_it_knows(head, cell, said, tmp_path, monkeypatch):
    """Where no separator tells, and every cell has three decimals; a number that the model has never met it does not tell."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text("a,t\n" + "".join(f"{place / 7:.3f},{place}\n" for place in range(60)))
    fitted = cr.Preparation.fit(read("own.csv"), ["t"])
    (tmp_path / "other.csv").write_text(f"{head}\n{cell}\n")
    assert any("in two ways" in line for line in lines_of_remarks(Words(), fitted, read("other.csv", kinds=fitted.input_forms))) == said


def test_a_file_in_another_unit_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text("w,t\n" + "".join(f"{place * 7 % 50 + 0.5} kg,{place}.25\n" for place in range(40)))
    cr.train("own.csv", target="t", epochs=1, output="model.safetensors")
    assert "row 1 holds '70 lb', but the model knows this column in kg" in predicted("w\n70 lb\n", capsys, code=2)[1]
    assert "column w is written otherwise" in predicted("w\n70\n", capsys)[1]
    assert predicted("w\n70 lb\n", capsys, "--units", "lb")[0] == predicted("w\n70 kg\n", capsys)[0]


def test_every_unit_that_is_taken_off_is_named_and_kept_with_the_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    units = ("g", "kg", "g", "lb")
    (tmp_path / "own.csv").write_text("w,t\n" + "".join(f"{place * 7 % 50 + 0.5} {units[place % 4]},{place}.25\n" for place in range(40)))
    trained = cr.train("own.csv", target="t", units="g,kg,lb", epochs=1, output="model.safetensors")
    assert trained.preparation.features[0].written.cells == ("0.5 g", "7.5 kg", "21.5 lb")
    assert "0.5 g is 0.5 and 7.5 kg is 7.5 and 21.5 lb is 21.5" in " ".join(printed(["info", "model.safetensors"], capsys)[0].split())
    assert predicted("w\n70 lb\n", capsys) == predicted("w\n70 kg\n", capsys)
    assert "column w is written otherwise" in predicted("w\n70\n", capsys)[1]
    assert "knows this column in g" in predicted("w\n70 oz\n", capsys, code=2)[1]


def test_words_for_missing_values_are_kept_with_the_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [f"{place * 7 % 50},{'-999' if place % 10 == 3 else place % 6},{place}.25\n" for place in range(60)]
    (tmp_path / "own.csv").write_text("w,v,t\n" + "".join(lines))
    cr.train("own.csv", target="t", missing="-999", impute="mean", epochs=1, output="model.safetensors")
    assert predicted("w,v\n7,-999.0\n", capsys) == predicted("w,v\n7,NA\n", capsys)
    assert printed(["explain", "model.safetensors", "--step", "2"], capsys)[1] == ""


BODIES = st.text("0019.,' ", min_size=1, max_size=9) | st.floats(0, 1e7).map(lambda x: f"{x:,.2f}") | st.integers(0, 99999).map(str)
WRITTEN = st.builds(lambda before, body, after: before + body + after, st.sampled_from(["", "", "$", "-", "€ ", "("]), BODIES,
                    st.sampled_from(["", "", "%", " kg", "e3", ")", "D+2"]))  # fmt: skip


@given(
    st.lists(st.from_regex(r"[0-9]{1,19}|[0-9]{1,12}\.[0-9]{1,12}", fullmatch=True) | st.floats(0, 1e15).map(repr), min_size=1, max_size=30)
)
@examples(100)
@example(["0.1234567890123456789", "5.1234567890123456789"])
@example(["9007199254740993", "0.1000000000000000055", "9.007199254740993", "0.12345678901234567", "4503599627370497.5", "0.0"])
def test_digits_are_added_up_to_the_numbers_that_python_reads(cells):
    """Numbers of more digits than float64 has, too, and those between two of its numbers."""
    found = spans.Spans.of(cells).different()
    assert found is None or [cells[place] for place in found[0][found[1]]] == cells
    options = columns.CellOptions()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "LEAST", 0)
        column = columns.column_of("x", cells, NumberFormat(), options)
    assert column.values.tolist() == list(map(float, cells))


DECIMALS = st.from_regex(r"-?[0-9]{1,3}\.[0-9]{1,17}", fullmatch=True).filter(lambda cell: len(cell) <= spans.MOST_DIGITS)


@given(
    st.lists(DECIMALS | st.floats(-999, 999).map(repr), min_size=4, max_size=30),
    st.lists(
        st.sampled_from(["NA", "", "5", "1e-05", "-0.0", "1.5e3", "1,5", "x", "1_0.5", "12.3.4", "1.", ".5", "-.5", "2:3.5"]), max_size=2
    ),
    st.integers(0, 200),
    st.sampled_from(".,"),
)
@examples(100)
@example(["0.1", "9.007199254740993", "999.5", "-0.25"], ["1,5"], 0, ".")
@example(["0.1", "9.0071", "999.5", "-0.25"], ["1,5"], 3, ",")
@example(["0.125", "9.007", "999.525", "-0.250", "12.125"], ["1.5"], 3, ",")
def test_decimals_of_many_lengths_are_read_at_their_points_as_one_by_one(decimals, strays, place, sign):
    """Though a few other cells are among them, which may be numbers, no values, or none."""
    cells = [*(cell.replace(".", sign) for cell in (decimals * 200)[:200]), *strays]
    cells = cells[place:] + cells[:place]
    options = columns.CellOptions()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "LEAST", 0)
        quick, column = columns.found_in(cells, 1, None, options), columns.column_of("x", cells, NumberFormat(sign), options)
        patch.setattr(columns, "LEAST", 10**9)
        slow, expected = columns.found_in(cells, 1, None, options), columns.column_of("x", cells, NumberFormat(sign), options)
    assert (quick.kind, quick.decimal, quick.evidence.decimal) == (slow.kind, slow.decimal, slow.evidence.decimal)
    assert (quick.values is None) == (slow.values is None)
    if quick.values is not None:
        assert repr(quick.values.tolist()) == repr(slow.values.tolist())
    assert (column is None) == (expected is None)
    if column is not None:
        assert repr(column.values.tolist()) == repr(expected.values.tolist())


RAISED = st.builds("{}{}{:+03d}{}".format, st.from_regex(r"[0-9]{1,3}\.[0-9]{1,17}", fullmatch=True), st.sampled_from("eEdD"),
                   st.integers(-340, 310), st.sampled_from(["", " mol"])).filter(lambda cell: len(cell) <= spans.WIDEST)  # fmt: skip


@given(st.lists(RAISED, min_size=1, max_size=30))
@examples(100)
@example(["1.5D+22", "9.007199254740993E+15", "0.1d-22", "1.7976931348623159e+308", "4.9E-324", "123.45678901234567D-20"])
def test_powers_of_ten_are_read_from_their_digits_as_python_reads_them(cells):
    """Of text of Fortran, which Python does not read, as of any other; and without a look at every cell."""
    spelled, form, looked = [cell.replace("D", "e").replace("d", "e").removesuffix(" mol") for cell in cells], NumberFormat(), []
    held = spans.Spans.of(cells)
    shapes = held.shapes(MISSING)
    values = held.numbers(shapes, lambda cell: spans.meaning_of(shape_of(cell), ".", lambda one: form.value(one, MISSING)), looked.append)
    assert values.tolist() == list(map(float, spelled))
    assert not looked


@given(
    st.lists(WRITTEN | st.sampled_from(["", "NA", "-", "1.#QNAN", "x", "inf", "-999"]), min_size=1, max_size=8),
    st.sampled_from([MISSING, MISSING | {"-999"}]),
    st.builds(NumberFormat, st.sampled_from(".,"), st.sampled_from(["", "'", " "]), st.sampled_from(["", "%", "kg", "$"])),
)
@examples(100)
def test_cells_are_read_by_their_shape_as_one_by_one(cells, missing, form):
    """The digits make no difference to what a cell says, but those that do."""
    cells, options = cells * 2, columns.CellOptions(missing=missing)
    ways = []
    for least in (0, len(cells) + 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(columns, "LEAST", least)
            found, column = columns.found_in(cells, 1, None, options), columns.column_of("x", cells, form, options)
        ways.append([found.evidence, found.kind, found.decimal, found.format, *map(_bytes, (found.values, column and column.values))])
    assert ways[0] == ways[1]


def _bytes(values):
    return values if values is None else values.tobytes() if values.dtype == float else values.tolist()
