"""Texts as rows of characters, and a network that foretells them; the trigram model that is its measure in docs/networks.md."""

import math
import os
import runpy
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.cli import main
from chainrule.data.reading import read

KneserNey = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "trigrams.py"))["KneserNey"]
TEXT = "abra cadabra\n" * 12


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(TEXT, encoding="utf-8")
    return "text.txt"


def test_rows_are_windows_and_what_follows(text: str) -> None:
    table = read(text, characters=4)
    assert table.names == ("character1", "character2", "character3", "character4", "next")
    shown = TEXT.replace(" ", "␣").replace("\n", "↵")
    assert ["".join(row) for row in zip(*(column.values for column in table.columns), strict=True)] == [
        shown[start : start + 5] for start in range(len(TEXT) - 4)
    ]
    assert tuple(map(str, table.notes)) == ("a text of 156 characters, 7 different ones", "4 of them a row")


def test_several_texts_do_not_run_into_each_other(tmp_path: Path) -> None:
    for name, text in (("a", "abc"), ("b", "xyz\r\n")):
        (tmp_path / f"{name}.txt").write_bytes(text.encode())
    table = read(tmp_path, characters=2)
    assert list(zip(*(column.values for column in table.columns), strict=True)) == [
        ("a", "b", "c"), ("x", "y", "z"), ("y", "z", "↵"),
    ]  # fmt: skip


def test_a_text_trains_and_its_next_character_is_predicted(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    network = "v7x4:e4-lstm8-7"
    ways = "--epochs 40 --learning-rate 0.03 --test last --validation-folds 0"
    assert main(["train", text, "--characters", "4", "--target", "next", "--network", network, *ways.split()]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "tokens, 7 different ones: character1, character2, character3, character4" in said
    Path("start.txt").write_text("cada", encoding="utf-8")
    assert main(["predict", "model.safetensors", "start.txt"]) == 0
    assert capsys.readouterr().out.split() == ["next", "b"]
    model = cr.Model.load("model.safetensors")
    scores = model.scores["train"]
    assert scores.perplexity == pytest.approx(math.exp(scores.loss))
    assert scores.perplexity < 1.5
    assert cr.Model.load("model.safetensors").preparation == model.preparation
    Path("other.txt").write_text("aXdab", encoding="utf-8")
    with pytest.raises(InputError, match="column 'character2' holds 'X', which is no token of the model; it knows a, b, c, d, r, '↵', '␣'"):
        model.predict("other.txt")


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("ab", {"characters": 3}, "has 2 characters, but a row has 3"),
        ("a␣b", {"characters": 1}, "holds ␣, which stands for a blank"),
        ("abc", {"characters": 0}, "a whole number from 1"),
    ],
)
def test_what_is_wrong_is_said(content: str, options, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read(tmp_path / "t.txt", **options)


def test_a_model_takes_rows_of_its_own_length(text: str, capsys) -> None:
    cr.train(text, characters=4, target="next", epochs=1, output="model.safetensors")
    assert main(["predict", "model.safetensors", text]) == 0
    for length in ("3", "5"):
        assert main(["evaluate", "model.safetensors", text, "--characters", length]) == 2
        assert f"the model takes 4 characters a row, not {length}; leave out --characters" in capsys.readouterr().err


def test_a_text_that_is_piped_in(text: str, capsys, monkeypatch) -> None:
    cr.train(text, characters=4, target="next", epochs=1, output="model.safetensors")
    reading, writing = os.pipe()
    os.write(writing, b"abra")
    os.close(writing)
    assert main(["predict", "model.safetensors", f"/dev/fd/{reading}"]) == 0
    os.close(reading)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_characters_are_those_of_a_text() -> None:
    with pytest.raises(InputError, match="leave out characters= for a table"):
        read({"a": [1, 2]}, characters=1)


def test_a_vocabulary_that_does_not_fit_is_said(text: str) -> None:
    with pytest.raises(InputError, match="write v7x4, or vocabulary = 7"):
        cr.train(text, characters=4, target="next", network="v9x4:e4-lstm8-7", epochs=1)


def test_words_are_tokens_too() -> None:
    words = {"first": ["to", "be", "or", "not"] * 10, "second": ["be", "or", "not", "to"] * 10, "third": ["or", "not", "to", "be"] * 10}
    model = cr.train(words, target="third", network="v4x2:e3-lstm4-4", epochs=1)
    assert [feature.categories for feature in model.preparation.features] == [("be", "not", "or", "to")] * 2


def test_probabilities_of_the_trigram_model_add_up_to_1() -> None:
    model = KneserNey(TEXT, 7)
    for context in ((), "a", "br", "zz", "z"):
        assert math.isclose(math.fsum(model.probability(tuple(context), sign) for sign in set(TEXT)), 1, rel_tol=1e-12)
    assert np.argmax([model.probability(("b", "r"), sign) for sign in "abrcd"]) == 0
