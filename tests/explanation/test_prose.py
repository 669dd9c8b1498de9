"""What sentences of an explanation say about random networks, beside what another program makes of the same numbers."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from typing import Any

import numpy as np
import pytest
from tests.explanation.printed import number
from tests.random_graphs import case_of
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.cli import main
from chainrule.document.document import Document, Equations, Note, Section
from chainrule.explanation.explain import explain
from chainrule.network.definitions import find
from chainrule.notation.text import formula_text
from chainrule.steps.problem import Problem

pytestmark = pytest.mark.usefixtures("shorter_runs")

OPTIMIZERS: list[Any] = [
    "sgd",
    "momentum",
    "nesterov",
    "adam",
    "adamw",
    "rmsprop",
    "adagrad",
    {"name": "momentum", "clip_norm": 0.1},
    {"name": "sgd", "clip_value": 0.05},
]
EXTENTS: list[dict[str, Any]] = [{}, {"brief": True}, {"all": True}]
NUMBER = r"≈?(−?[\d.]+(?: · 10\^−?\d+)?)"


def random_problem(seed: int, rows: int = 1) -> Problem:
    """A random graph of layers, with one of the optimisers, and perhaps with weights that are frozen."""
    found, random = case_of(seed, rows), np.random.default_rng(seed)
    network = found.network
    if random.integers(3) == 0:
        network = network.replaced(frozen=[str(random.choice(list(network.shapes)))])
    return Problem(network, x=found.x, t=found.t, optimizer=find("optimizer", OPTIMIZERS[seed % len(OPTIMIZERS)]))


def said(document: Document) -> str:
    """All of it on one line."""
    return " ".join(str(document).split())


def left_sides(section: Section) -> list[str]:
    blocks = (block for block in section.blocks if isinstance(block, Equations))
    return [formula_text(line.sides[0]) for block in blocks for line in block.equations]


def written(document: Document) -> list[str]:
    blocks = (block for section in document.sections for block in section.blocks if isinstance(block, Equations))
    return [formula_text(line) for block in blocks for line in block.equations]


COMMANDS = [
    "2-2-1 --input '1 0; 0 1' --target '1; 0' --order '1; 2'",
    "3-4-2 --seed 1",
    "2-2-1 --activation relu --steps 2 --detail matrix --language de",
    "30-20-1",
    "2-8-8-1 --input '1 0; 0 1' --target '1; 0' --order '1; 2' --epochs 40",
    "12-10-1 --detail scalar",
    "2-2-1 --input '1 0; 0 1' --target '1; 0' --order '1; 2' --epochs 2 --step 3",
    "1-1-5 --input '1; 2' --target '1 2 3 4 5; 5 4 3 2 1' --optimizer adam",
    "20-30-20-3 --weight w1",
    "xor",
    "two-inputs --detail overview",
    "iris",
    "2-9-3 --detail matrix",
    "--formula 'c = a + b; f = relu(c*a)' --at 'a=-4 b=2' --detail overview",
    "--formula 'c = a + b; f = relu(c*a)' --at 'a=-4 b=2' --weight a",
    "784-20-10",
]


def printed(arguments: list[str]) -> tuple[int, str]:
    """What a command answers."""
    raw = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(raw, encoding="utf-8", write_through=True)), contextlib.redirect_stderr(io.StringIO()):
        code = main(arguments)
        return code, raw.getvalue().decode()


@pytest.mark.parametrize("command", some(COMMANDS, 6))
def test_what_a_document_advises_works_when_it_is_typed(command: str, tmp_path) -> None:
    arguments = ["explain", *shlex.split(command)]
    code, text = printed(arguments)
    assert code == 0
    for section in re.split(r"\n\n(?=\d+\. [^\n]*\n─)", text)[1:]:
        assert re.match(r"\d+\. .*\n─+\n\n\S", section), section[:200]  # each begins with a sentence
    advised: dict[str, list[str]] = {}
    for note in (" ".join(note.split()) for note in text.split("\n\n")):
        for options in re.findall(r"`(--?[a-z][^`]* [^`]+|--all)`", note):
            advised.setdefault(options.replace(" N", " 2").replace("step.json", str(tmp_path / "step.json")), []).append(note)
    for options, notes in advised.items():
        code, answer = printed([*arguments, *shlex.split(options)])
        assert code == 0, (options, notes)
        assert "--all" not in options or not any(note in " ".join(answer.split()) for note in notes)


@pytest.mark.parametrize(("seed", "rows", "extent"), some([(seed, 1 + seed % 3, seed % 3) for seed in range(60)], 31))
def test_sentences_of_random_networks_are_true(seed: int, rows: int, extent: int) -> None:
    asked = random_problem(seed, rows)
    document, step = explain(asked, detail="scalar", **EXTENTS[extent]), asked.step()
    text, network = said(document), step.network
    for one in (document, explain(asked, detail="matrix"), explain(asked, detail="overview")):
        brackets = [line for line in written(one) if re.search(r"\[[^\[\]]* > ", line)]
        assert said(one).count("[a > b] is 1") == bool(brackets), brackets[:1]
    if len(network.goals) == 1:  # its output is the identity, which gives every target
        assert not re.search(r"cannot reach 0|only in the limit|can reach 0", text)
    assert rows > 1 or not re.search(r"first sample|first one brings|sample 1 of 1|other samples?", text)
    assert ("is shown at the end" not in text) or "rates.title" in text or "Which learning rates lower it" in text
    learned = network.size
    assert re.search(rf"learn: {learned} of them" if learned > 1 else r"learn: 1 of them", text)
    moved, plain = {}, {}
    for key in step.parameters:
        gradient = step.gradients[key]
        moved[key] = np.asarray(step.new_parameters[key] - step.parameters[key], dtype=float)
        plain[key] = np.zeros_like(gradient) if key in network.frozen else gradient
    if lengths := re.search(rf"would have taken a step of the length {NUMBER} .*?; this one has the length {NUMBER}\.", text):
        rate = step.optimizer.options["learning_rate"]
        own = np.sqrt(sum(float((one**2).sum()) for one in moved.values()))
        other = rate * np.sqrt(sum(float((one**2).sum()) for one in plain.values()))
        assert number(lengths[1]) == pytest.approx(other, rel=1e-4)
        assert number(lengths[2]) == pytest.approx(own, rel=1e-4)
    elif "would have taken this very step" in text:
        rate = step.optimizer.options["learning_rate"]
        assert all(np.allclose(moved[key], -rate * plain[key], rtol=1e-8, atol=1e-12) for key in moved)
    if verdict := re.search(r"It became about ([\d.]+) times (larger|smaller)", text):
        assert number(verdict[1]) == pytest.approx((step.after.error / step.error) ** (1 if verdict[2] == "larger" else -1), rel=0.06)
    elif verdict := re.search(r"It (rose|fell) by ([\d.]+) %", text):
        assert number(verdict[2]) == pytest.approx(
            100 * (step.after.error / step.error - 1) * (1 if verdict[1] == "rose" else -1), rel=0.06
        )
    else:
        assert re.search(r"is the same after the step|nothing (left )?to learn|left the range", text)
    if why := re.search(r"the step was too long|does not go against the gradient", text):
        downhill = sum(float((moved[key] * step.gradients[key]).sum()) for key in moved) < 0
        assert downhill == (why[0] == "the step was too long")


@pytest.mark.parametrize(("seed", "extent"), some([(seed, seed % 3) for seed in range(60)], 31))
def test_what_stands_there_and_what_is_left_out_make_the_whole(seed: int, extent: int) -> None:
    asked = random_problem(seed)
    step = asked.step()
    weights = sum(value.size for key, value in step.parameters.items())
    document = explain(asked, detail="scalar", **EXTENTS[extent])
    section = document.section("chain")
    gradients = {side for side in left_sides(section) if re.fullmatch(r"∂E/∂[wb]\S*", side)}
    notes = ["".join(map(str, block.text)) for block in section.blocks if isinstance(block, Note)]
    left = [re.match(r"(\d+|One) more weights? ", note) for note in notes]
    more = sum(1 if one[1] == "One" else int(one[1]) for one in left if one)
    assert len(gradients) + more == weights
    assert ("for every weight" in section.title) == (more == 0)
    if more and "This explanation is brief" in said(document):
        assert section.title.endswith("for one weight of each layer")
    elif more:
        assert section.title.endswith(f"for {len(gradients)} of {weights} weights")


@pytest.mark.parametrize("sizes", ["an 8-3-1", "an 80-1", "an 11-2", "an 18-2", "a 2-3-1", "a 110-2", "a 1-8"])
def test_the_article_is_that_of_the_spoken_number(sizes):
    assert explain(problem(sizes.partition(" ")[2]).step(), detail="overview").title.endswith(f": {sizes} network")
