"""Each process reads its own part of the rows, and no other; what is decided about the columns follows from all of them."""

import numpy as np
import pytest
from tests.processes.threads import together

import chainrule as cr
from chainrule.base.errors import AgreedError
from chainrule.data import ranges
from chainrule.data.ranges import counts_of
from chainrule.data.reading import chunks
from chainrule.preparation.preparation import Preparation
from chainrule.training.rows import Rows

pyarrow = pytest.importorskip("pyarrow")
random = np.random.default_rng(7)
ROWS = 120
COLUMNS = {
    "a": random.normal(3, 2, ROWS),
    "b": random.integers(0, 50, ROWS),
    "colour": [["red", "blue", "green"][i % 3] if i < 90 else "black" for i in range(ROWS)],
    "empty until late": [None] * 70 + random.normal(size=ROWS - 70).tolist(),
}
COLUMNS["t"] = [float(a) * 2 + (c == "red") for a, c in zip(COLUMNS["a"], COLUMNS["colour"], strict=True)]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    from pyarrow import parquet

    folder = tmp_path_factory.mktemp("parts")
    table = pyarrow.table(COLUMNS)
    for number, (start, length) in enumerate(((0, 50), (50, 7), (57, 63))):
        parquet.write_table(table.slice(start, length), folder / f"part{number}.parquet", row_group_size=20)
    parquet.write_table(table, folder.parent / "whole.parquet", row_group_size=32)
    texts = folder.parent / "texts"
    texts.mkdir()
    lines = [
        "a;b;colour;when;t",
        *(
            f'{a:.4f};{b};"{c}";{1 + i % 28}.3.2024;{t:.5f}'.replace(".", ",", 1)
            for i, (a, b, c, t) in enumerate(zip(*(COLUMNS[name] for name in ("a", "b", "colour", "t")), strict=True))
        ),
    ]
    for number, (start, end) in enumerate(((0, 70), (70, 73), (73, 120))):
        (texts / f"part{number}.csv").write_text("\r\n".join([lines[0], *lines[1 + start : 1 + end]]) + "\r\n" * bool(number))
    (folder.parent / "whole.csv").write_text("\n".join(lines))
    np.save(folder.parent / "rows.npy", np.column_stack([COLUMNS["a"], COLUMNS["b"], COLUMNS["t"]]))
    return {
        "folder": folder,
        "file": folder.parent / "whole.parquet",
        "array": folder.parent / "rows.npy",
        "texts": texts,
        "text": folder.parent / "whole.csv",
    }


@pytest.mark.parametrize("name", ["folder", "file", "array"])
def test_a_part_is_read_alone(sources, name):
    source = sources[name]
    assert sum(counts_of(source).values()) == ROWS
    whole = list(chunks(source, rows=1000))
    values = np.concatenate([table.columns[0].values for table in whole])
    for part in (range(40), range(33, 58), range(119, 120)):
        tables = list(chunks(source, rows=9, part=part))
        np.testing.assert_array_equal(np.concatenate([table.rows for table in tables]), np.array(part) + 1)
        np.testing.assert_array_equal(np.concatenate([table.columns[0].values for table in tables]), values[part.start : part.stop])


@pytest.mark.parametrize("name", ["texts", "text"])
def test_text_is_read_by_lines(sources, name):
    source = str(sources[name])
    whole, said = Rows.of(source).first, {"target": ["t"], "dates": ["year", "day"], "impute": "median", "drop_missing": True}
    alone = Preparation.fit(whole, said.pop("target"), **said)

    def work(processes):
        rows = Rows.shared(source, processes)
        found = Preparation.fit(rows.tables, ["t"], **said, of_each=rows.of_each)
        rows = rows.complete(found)
        return rows.part, list(rows.tables()), found, rows.labels(found), rows.first

    parts = together(3, work)
    tables = [table for part in parts for table in part[1]]
    assert [part[0].stop - part[0].start for part in parts] == [sum(map(len, part[1])) for part in parts]
    assert all(20 < len(part[0]) < 60 for part in parts)
    np.testing.assert_array_equal(np.concatenate([table.rows for table in tables]), np.arange(ROWS) + 1)
    for place, column in enumerate(whole.columns):
        np.testing.assert_array_equal(np.concatenate([table.columns[place].values for table in tables]), column.values)
    for _, _, found, labels, first in parts:
        assert found == alone
        np.testing.assert_array_equal(labels, alone.labels(whole))
        assert (first.notes, first.source, len(first)) == (whole.notes, whole.source, ROWS)


def test_text_whose_rows_may_be_no_lines_is_read_whole(tmp_path):
    path = tmp_path / "odd.csv"
    for cell in ('"two\nlines"', 'x"y', "\nx"):
        path.write_text("a,t\n" + f"{cell},1\nb,2\n" * 9)
        assert together(2, lambda processes: Rows.shared(str(path), processes).part) == [None, None]


@pytest.mark.parametrize("name", ["folder", "file", "array"])
def test_processes_decide_together_what_one_decides(sources, name, monkeypatch):
    source = str(sources[name])
    target, settings = ("column3", {}) if name == "array" else ("t", {"impute": "mean"})
    alone = Preparation.fit(Rows.of(source).tables, [target], **settings)
    labels = Rows.of(source).labels(alone)
    read = []
    between = ranges.tables_between
    monkeypatch.setattr(
        "chainrule.data.sources.tables_between", lambda path, rows, part: read.append(len(part)) or between(path, rows, part)
    )

    def work(processes):
        rows = Rows.shared(source, processes)
        found = Preparation.fit(rows.tables, [target], **settings, of_each=rows.of_each)
        return rows, found, rows.labels(found)

    parts = together(3, work)
    for rows, found, own in parts:
        assert found == alone
        np.testing.assert_array_equal(own, labels)
        assert len(rows.part) == ROWS // 3
    assert sum(read) == 3 * ROWS  # one pass for the kinds of columns, one to decide, one for the labels; by three processes together


def test_a_training_from_parts_is_that_of_one_process(sources):
    settings = {"target": "t", "impute": "mean", "hidden": 4, "epochs": 3, "validation": 0.2, "precision": "float64", "engine": "written"}
    alone = cr.train(str(sources["folder"]), **settings)
    for model in together(2, lambda processes: cr.train(str(sources["folder"]), **settings, processes=processes)):
        assert model.preparation == alone.preparation
        assert model.source["digest"] == alone.source["digest"]
        assert model.scores["test"].main[1] == pytest.approx(alone.scores["test"].main[1], rel=1e-9)
        for key, numbers in alone.network.parameters.items():
            np.testing.assert_allclose(model.network.parameters[key], numbers, rtol=0, atol=1e-9)


def test_other_files_are_refused(sources):
    def work(processes):
        return Rows.shared(str(sources["folder" if processes.rank else "file"]), processes)

    with pytest.raises(cr.InputError, match=r"process 2 of 2 has other data: 120 rows, \w+, where process 1 has 120 rows, \w+"):
        together(2, work)


def test_what_is_wrong_with_all_rows_is_said_by_one_process(sources):
    said = []

    def work(processes):
        with pytest.raises(AgreedError, match=r"missing values .*'empty until late'") as error:
            cr.train(str(sources["file"]), target="t", processes=processes)
        said.append(error.value.here)

    together(2, work)
    assert sorted(said) == [False, True]


def test_rows_on_a_disk_are_shuffled_by_blocks():
    from chainrule.training.plan import BLOCKS_AT_ONCE, Shuffled

    rows, block = 10 * BLOCKS_AT_ONCE, 4
    orders = [Shuffled(0, rows, block).order(epoch) for epoch in (1, 2)]
    assert all(sorted(order) == list(range(rows)) for order in orders)
    assert not np.array_equal(*orders)
    np.testing.assert_array_equal(orders[0], Shuffled(0, rows, block).order(1))
    first = orders[0][: block * BLOCKS_AT_ONCE]
    assert len({int(row) // block for row in first}) == BLOCKS_AT_ONCE  # whole blocks, mixed with each other
    assert (np.diff(first) == 1).mean() < 0.1


def test_data_larger_than_memory_is_trained_on_from_the_disk_alike_by_one_and_by_two(sources, monkeypatch):
    for place in ("chainrule.preparation.disk.memory", "chainrule.training.rows.memory"):
        monkeypatch.setattr(place, lambda: 1000)
    settings = {"target": "t", "impute": "mean", "hidden": 4, "epochs": 2, "validation": 0.2, "precision": "float64", "engine": "written"}
    alone = cr.train(str(sources["folder"]), **settings)
    assert alone.plan.shuffle_block == 2**20 // (8 * (alone.network.inputs + 1))
    assert cr.Plan.from_dict(alone.plan.to_dict()) == alone.plan
    for model in together(2, lambda processes: cr.train(str(sources["folder"]), **settings, processes=processes)):
        assert model.plan == alone.plan
        for key, numbers in alone.network.parameters.items():
            np.testing.assert_allclose(model.network.parameters[key], numbers, rtol=0, atol=1e-9)
