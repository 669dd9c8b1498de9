"""A step, or an answer, on a model's row is told in the data's own units and back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.equations import check
from tests.render.test_golden import written

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.cli import main
from chainrule.network.description import from_toml

ROWS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of one table, and rows without their targets."""
    place = tmp_path_factory.mktemp("answers")
    random = np.random.default_rng(3)
    area, rooms = np.round(random.uniform(20, 90, ROWS), 2), random.integers(1, 6, ROWS)
    price = np.round(30 * area + 100 * rooms + random.normal(0, 20, ROWS), 2)
    kind = np.where(area > 50, "large", "small")
    lines = [f"{a},{r},{p},{k}" for a, r, p, k in zip(area, rooms, price, kind, strict=True)]
    (place / "homes.csv").write_text("\n".join(["area,rooms,price,kind", *lines]))
    (place / "asked.csv").write_text("area,rooms\n46.71,4\n80,2\n")
    table = cr.read(place / "homes.csv")
    for target, other in (("price", "kind"), ("kind", "price")):
        cr.train(table, target=target, ignore=[other], hidden=[2], epochs=3, output=place / f"{target}.safetensors")
    return place


def explained(folder: Path, target: str, data: str, row: int | None = 2):
    return problem(str(folder / f"{target}.safetensors"), data=str(folder / data), row=row).explain(detail="scalar")


def true(document) -> bool:
    return not [false for _, equation in written(document) for false in check(equation).false]


def test_a_row_is_told_in_its_own_units_and_back(folder: Path) -> None:
    document = explained(folder, "price", "homes.csv")
    text, table = " ".join(str(document).split()), cr.read(folder / "homes.csv")
    model = cr.Model.load(str(folder / "price.safetensors"))
    (mean, deviation), *_ = model.preparation.input_scales
    standardised = re.search(r"x1 ≈ \(([\d.]+) − ([\d.]+)\) / ([\d.]+)", text)
    assert list(map(float, standardised.groups())) == pytest.approx([table.column("area").values[1], mean, deviation], rel=1e-4)
    answer = re.search(r"price ≈ (.*?) ≈ ([\d.]+)", text[text.index("in the data's own units") :])
    assert float(answer[2]) == pytest.approx(float(model.predict(table)[1]), rel=1e-5)
    assert f"The table says: price {table.column('price').values[1]:.9g}." in text
    assert true(document)


SEVERAL = """
inputs = 2

[[layers]]
name = "both"
units = 3
activation = "tanh"

[[layers]]
name = "cost"
units = 1

[[layers]]
name = "size"
from = "both"
units = 1

[outputs]
price = {from = "cost", target = "price", loss = "half_squared"}
kind = {from = "size", target = "kind", loss = "binary_cross_entropy"}
"""


def test_of_several_targets_each_has_its_answer(folder: Path) -> None:
    table = cr.read(folder / "homes.csv")
    cr.train(table, network=from_toml(SEVERAL), epochs=3, output=folder / "several.safetensors")
    model, document = cr.Model.load(str(folder / "several.safetensors")), explained(folder, "several", "homes.csv")
    text, predicted = " ".join(str(document).split()), model.predict(table)
    assert float(re.search(r"price ≈ [^=]*? ≈ ([\d.]+)", text)[1]) == pytest.approx(float(predicted[1, 0]), rel=1e-5)
    name, share = re.search(r"the answer is kind = (\w+), with the probability ≈ ?([\d.]+)\.", text).groups()
    assert name == predicted[1, 1]
    y = float(model.outputs(table)[1, 1])
    assert float(share) == pytest.approx(max(y, 1 - y), rel=1e-4)
    assert true(document)


def test_a_row_of_classes_is_told_as_a_class_with_its_probability(folder: Path) -> None:
    document = explained(folder, "kind", "homes.csv")
    model, table = cr.Model.load(str(folder / "kind.safetensors")), cr.read(folder / "homes.csv")
    answer = model.predict(table)[1]
    found = re.search(rf"the answer is kind = {answer}, with the probability ≈([\d.]+\d)", " ".join(str(document).split()))
    assert found
    assert float(found[1]) == pytest.approx(model.predict_proba(table)[1].max(), rel=1e-5)


def test_a_row_without_a_target_gets_the_forward_pass(folder: Path) -> None:
    for target in ("price", "kind"):
        document = explained(folder, target, "asked.csv", row=1)
        assert [section.key for section in document.sections] == ["network", "data", "forward", "answer"]
        text = str(document)
        assert text.startswith("Why this answer")
        assert "∂E" not in text
        assert true(document)
    both = str(explained(folder, "price", "asked.csv", row=None))
    assert re.search(r"sample +price\n +1 +\d", both)


def test_nothing_is_learned_without_a_target(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model, data = str(folder / "price.safetensors"), str(folder / "asked.csv")
    assert main(["explain", model, "--data", data, "--row", "1", "--weight", "w1"]) == 2
    assert "nothing is learned from rows without a target" in capsys.readouterr().err
    assert main(["explain", model, "--data", data, "--row", "1", "-o", str(tmp_path / "answer.ipynb")]) == 0
    (folder / "wrong.csv").write_text("rooms\n3\n")
    assert main(["explain", model, "--data", str(folder / "wrong.csv"), "--row", "1"]) == 2
    assert "area" in capsys.readouterr().err


def test_info_lists_means_and_deviations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(folder / "price.safetensors")]) == 0
    said = capsys.readouterr().out
    model = cr.Model.load(str(folder / "price.safetensors"))
    for name, (mean, deviation) in zip(
        ["area", "rooms", "price"], [*model.preparation.input_scales, *model.preparation.output_scales], strict=True
    ):
        assert f"{name}: mean {mean:.6g}, standard deviation {deviation:.6g}" in said
