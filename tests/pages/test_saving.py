"""What a page saves, the command line reads, with the same numbers; and what it reads, the page takes back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from tests.pages.test_live import NETWORKS
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.network.description import from_toml

BRANCHES: dict[str, Any] = {
    "inputs": {"x": 2, "v": 1},
    "layers": [
        {"name": "first", "units": 2, "from": "x", "activation": "tanh"},
        {"name": "both", "kind": "join", "from": ["first", "v"]},
        {"name": "left", "units": 2, "from": "both"},
        {"name": "right", "units": 1, "from": "both"},
    ],
    "outputs": {"p": {"from": "left", "loss": "half_squared"}, "q": {"from": "right", "loss": "huber", "weight": 2}},
}
SHARED = {"inputs": 2, "layers": [{"name": "twice", "units": 2, "activation": "tanh"}, {"share": "twice"}, {"units": 1}]}

OTHERS = {
    "several inputs and outputs": {"source": BRANCHES, "input": "1 2 3; 0.5 -1 2", "target": "1 0 2; 0 1 -1"},
    "a layer that is used twice": {"source": SHARED, "input": "1 -2", "target": "0.5"},
    "a schedule": {"source": "2-2-1", "learning_rate": "cosine:rate=0.1", "optimizer": "momentum"},
}

SAVED = {name: NETWORKS[name] for name in ("seed", "adam", "columns", "german", "residual", "logits")} | OTHERS
ORDINARY = {"adam", "several inputs and outputs"}


def saved(tab: Any, kind: str, folder: Any) -> Any:
    """The file that a button saves."""
    tab.evaluate("document.querySelector('.more').open = true")
    with tab.expect_download() as download:
        tab.locator(f"[data-control={kind}]").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.parametrize("name", some(list(SAVED), lambda name: name in ORDINARY))
def test_what_a_page_saves_is_read_with_the_same_numbers(opened, tmp_path, name):
    given = problem(**SAVED[name])
    tab = opened(given)
    tab.evaluate("() => { chainrule.session.train(2); chainrule.change({'W1 0': 0.123456789012345}); }")
    record = json.loads(tab.evaluate("chainrule.record()"))
    derivation = given.network.derivation
    sides = {"input": derivation.inputs, "target": derivation.targets}
    rows = {side: np.hstack([np.array(record["batch"][node.key]) for node in nodes]).tolist() for side, nodes in sides.items()}
    memory = any(key not in record["batch"] for key in record["states"])
    for kind in ("json", "toml", "safetensors"):
        path = saved(tab, kind, tmp_path)
        step = problem(path, **(rows if kind == "safetensors" else {})).step()
        for key, value in record["parameters"]["before"].items():
            assert np.array_equal(np.asarray(step.values[key], dtype=float), value), (kind, key)
        assert float(step.error) == pytest.approx(record["values"]["E"], rel=1e-14), kind
        if kind == "json" or not memory:
            assert float(step.after.error) == pytest.approx(record["after"]["E"], rel=1e-12), kind
        tab.evaluate("() => { chainrule.session.rewind(); chainrule.render(); }")
        tab.locator("input[type=file]").set_input_files(path)
        tab.wait_for_function(
            "(E) => Math.abs(JSON.parse(chainrule.record()).values.E - E) <= 1e-14 * Math.abs(E)", arg=record["values"]["E"]
        )
        assert json.loads(tab.evaluate("chainrule.record()"))["parameters"]["before"] == record["parameters"]["before"]
        if kind == "json":
            assert json.loads(tab.evaluate("chainrule.record()")) == record


def test_the_program_that_a_page_saves_takes_the_step_that_it_shows(opened, tmp_path):
    tab = opened(problem(**NETWORKS["adam"]))
    tab.evaluate("() => { chainrule.session.train(3); chainrule.render(); }")
    record = json.loads(tab.evaluate("chainrule.record()"))
    path = saved(tab, "numpy", tmp_path)
    space: dict[str, Any] = {}
    exec(compile(path.read_text("utf-8"), "saved", "exec"), space)  # noqa: S102  # our own program is what is tested
    assert space["E"] == pytest.approx(record["values"]["E"], rel=1e-14)
    for key, value in record["parameters"]["after"].items():
        assert np.asarray(space[key]) == pytest.approx(np.asarray(value), rel=1e-12)
    said = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"E = {space['E']}")


def test_pictures_are_those_of_the_stage(opened, tmp_path):
    tab = opened(problem())
    text = saved(tab, "svg", tmp_path).read_text("utf-8")
    assert text.startswith("<svg")
    assert "0.21" in text
    assert 'class="' in text
    picture = saved(tab, "png", tmp_path).read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(picture[16:20]) == 1280


TABLES = """
# a description as people write it
title = "A \\"title\\"" # and why
seed = 7
weights = {W1 = [
  [0.5, -1e-3],  # of x1
  [+2, 1_000.25],
], b1 = [0, inf]}
"quoted key" = 'C:\\path'
a.b.c = true

[[layers]]
units = 2
activation = { name = "leaky_relu", slope = 0.2 }

[[layers]]
units = 1
numbers.gain = [1, 2]

[data]
x = [[1, 2], [3, 4],]
[data.more]
y = "é \\u00e9"
"""


def test_toml_is_read_as_python_reads_it(opened):
    import tomllib

    tab = opened(problem())
    read = """(text) => {
        try { return JSON.stringify(chainrule.toml(text), (_, value) => value === Infinity ? "inf" : value); }
        catch (error) { return error.message; }
    }"""
    wanted = json.loads(json.dumps(tomllib.loads(TABLES)).replace("Infinity", '"inf"'))
    assert json.loads(tab.evaluate(read, TABLES)) == wanted
    assert from_toml("inputs = 2") == json.loads(tab.evaluate(read, "inputs = 2"))
    for text, line in (
        ("x = ", "line 1"),
        ("a = 1\nb = [1, 2", "line 2"),
        ("a = 1 b = 2", "line 1"),
        ("\n[a\n", "line 2"),
        ("a = nope", "line 1"),
    ):
        assert tab.evaluate(read, text) == line


def test_a_file_of_another_network_is_refused_and_changes_nothing(opened, tmp_path):
    tab = opened(problem())
    before = tab.evaluate("chainrule.record()")
    path = tmp_path / "other.json"
    for text in ('{"parameters": {"before": {"W1": [[1, 2, 3]]}}}', "nonsense", '{"weights": [1, 2]}', "{}"):
        path.write_text(text)
        tab.evaluate("document.querySelector('.toast').classList.remove('shown')")
        tab.locator("input[type=file]").set_input_files(path)
        tab.locator(".toast.shown").wait_for() if text != "{}" else tab.wait_for_timeout(100)
        assert tab.evaluate("chainrule.record()") == before, text
