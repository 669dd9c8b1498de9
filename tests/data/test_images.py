"""Images as rows: folders of classes, kinds of colours, and what is wrong with a file, named."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import chainrule as cr
from chainrule.base.errors import ChainruleError
from chainrule.cli import main
from chainrule.data.reading import read


def drawn(path: Path, array: np.ndarray, mode: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array, mode).save(path)
    return path


@pytest.fixture
def strokes(tmp_path: Path) -> Path:
    """Thirty grey images of 4 × 5: a bright row, or a bright column."""
    random, folder = np.random.default_rng(0), tmp_path / "strokes"
    for number in range(30):
        pixels = random.integers(0, 60, (4, 5), dtype=np.uint8)
        pixels[(number % 4, slice(None)) if number % 2 else (slice(None), number % 5)] = 255
        drawn(folder / ("across" if number % 2 else "down") / f"{number:02}.png", pixels)
    return folder


def test_the_values_are_those_of_the_pixels(tmp_path: Path) -> None:
    grey, colours = np.arange(6, dtype=np.uint8).reshape(2, 3), np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    table = read(drawn(tmp_path / "grey.png", grey))
    assert table.names == (*(f"pixel_{i}_{j}" for i in (1, 2) for j in (1, 2, 3)), "file")
    assert [table.column(name).values[0] for name in table.names] == [0, 1, 2, 3, 4, 5, "grey.png"]
    table = read(drawn(tmp_path / "colours.bmp", colours))
    assert table.column("pixel_2_1_3").values[0] == colours[1, 0, 2]
    deep = np.array([[0, 70_000 % 2**16]], dtype=np.uint16)
    assert read(drawn(tmp_path / "deep.png", deep)).column("pixel_1_2").values[0] == 4464


def test_images_of_several_kinds_are_read_alike(tmp_path: Path) -> None:
    drawn(tmp_path / "a" / "1.png", np.full((1, 1), 7, dtype=np.uint8))
    drawn(tmp_path / "b" / "2.png", np.array([[[1, 2, 3]]], dtype=np.uint8))
    table = read(tmp_path)
    assert [table.column(f"pixel_1_1_{channel}").values.tolist() for channel in (1, 2, 3)] == [[7, 1], [7, 2], [7, 3]]
    assert list(table.column("label").values) == ["a", "b"]
    assert "images of several kinds of colours, all read alike" in list(map(str, table.notes))


def test_a_photo_stands_upright(tmp_path: Path) -> None:
    image, turned = Image.fromarray(np.array([[0, 255]], dtype=np.uint8)), Image.Exif()
    turned[0x0112] = 6  # to be turned by 90° to the right
    image.save(tmp_path / "photo.png", exif=turned)
    assert [read(tmp_path / "photo.png").column(f"pixel_{row}_1").values[0] for row in (1, 2)] == [0, 255]


def test_a_folder_of_images_trains_and_is_predicted(
    strokes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(strokes.parent)
    ways = "--test 0 --validation-folds 0 --epochs 60 --learning-rate 0.03 --quiet"
    assert main(["train", "strokes", "--target", "label", "--network", "4x5x1:c4k3p1-p2-1", *ways.split()]) == 0
    assert main(["info", "model.safetensors"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "standardised by one mean and one deviation: pixel_1_1" in said
    assert "left out (text that differs in every row): file" in said
    assert main(["predict", "model.safetensors", "strokes/down", "--keep", "file"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["file,label", "00.png,down"]
    assert main(["predict", "model.safetensors", "strokes/across/01.png"]) == 0
    assert capsys.readouterr().out.split() == ["label", "across"]
    model = cr.Model.load("model.safetensors")
    assert model.evaluate("strokes").accuracy == 1 == model.evaluate("strokes/*/*.png").accuracy


def test_files_that_are_named_one_by_one_have_the_classes_of_their_folders(strokes: Path) -> None:
    files = sorted(strokes.rglob("*.png"))
    assert set(read(files).column("label").values) == {"across", "down"}
    assert "label" not in read(files[:3]).names  # of one folder


def _small(folder: Path, name: str = "a.png") -> Path:
    return drawn(folder / name, np.zeros((2, 2), dtype=np.uint8))


def _grey(value: int) -> Image.Image:
    return Image.new("L", (2, 2), value)


def _broken(folder: Path) -> Path:
    path = drawn(folder / "a.png", np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:300])
    return path


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda folder: (_small(folder), drawn(folder / "b.png", np.zeros((3, 2), dtype=np.uint8))), "of one size"),
        (lambda folder: (_small(folder), (folder / "b.csv").write_text("a,b\n1,2\n")), "name those of one kind"),
        (lambda folder: (_small(folder), _small(folder / "class")), "lies beside folders"),
        (lambda folder: (folder / "a.png").write_text("a,b\n"), "is no image, whatever its name says"),
        (_broken, "is a broken image"),
        (lambda folder: (_small(folder), drawn(folder / "b.png", np.zeros((2, 2), dtype=np.uint16))), "save them alike"),
        (
            lambda folder: Image.new("L", (2, 2)).save(folder / "a.gif", save_all=True, append_images=[Image.new("L", (2, 2), 9)]),
            "2 images",
        ),
        (lambda folder: (folder / "a.pages").write_text("?"), "without a table or an image"),
    ],
)
def test_what_is_wrong_is_said(made, said: str, tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(ChainruleError, match=re.escape(said)):
        read(tmp_path)
