"""A link to a page brings its network back, whatever it is copied from."""

from __future__ import annotations

import base64
import json

import pytest

from chainrule.api.problems import problem
from chainrule.base.errors import InputError
from chainrule.cli.open import _sessions, is_link
from chainrule.live.links import problem_of_link
from chainrule.pages.content import page_content

TWO_INPUTS = {
    "inputs": {"x": 2, "v": 1},
    "layers": [{"name": "a", "units": 2, "from": "x"}, {"kind": "join", "from": ["a", "v"]}, {"units": 1}],
}


def link(state: object) -> str:
    """As the page writes it (front/storage.ts)."""
    return f"file:///seed.html#{base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"source": "2-3-2", "loss": "cross_entropy", "optimizer": "adam", "learning_rate": 0.02, "notation": "german"},
        {"source": "3x3x1:c1k2-1", "input": "1 2 3 4 5 6 7 8 9; 9 8 7 6 5 4 3 2 1", "target": "1; 2"},
        {"source": TWO_INPUTS},
    ],
)  # fmt: skip
def test_network_loss_optimiser_and_numbers_come_back(given):
    wanted = problem(**given)
    content = page_content(wanted)
    kinds = ("parameters", "inputs", "targets", "options", "states")
    arrays = {key: row for kind in kinds for key, row in content["leaves"][kind].items()}
    found = problem_of_link(link({"a": arrays, "n": 3, "e": 0, "v": "graph", "d": content["description"]}))
    assert found.step().differences(wanted.step(), 0) == {}
    assert found.network.notation == wanted.network.notation
    assert (found.step().optimizer, found.network.loss) == (wanted.step().optimizer, wanted.network.loss)


def test_what_is_no_link_or_holds_too_little_is_refused():
    content = page_content(problem())
    for wrong, said in (
        ("http://127.0.0.1:8365/?token=a#bm9uZQ", "copy it whole"),
        (link({"a": {"W1": [1]}}), "holds numbers alone"),
        (link({"a": {"x": [1, 2]}, "d": content["description"]}), "not those of its network"),
        (link({"a": {"x": [1, 2], "t": [1], "W1": ["NaN", 1, 2, 3]}, "d": content["description"]}), "no number|NaN"),
        (link({"a": {}, "d": {"inputs": 10**9, "layers": [{"units": 10**9}]}}), "10,000,000"),
        (link([1]), "copy it whole"),
    ):
        assert is_link(wrong)
        with pytest.raises(InputError, match=said):
            problem_of_link(wrong)
    with pytest.raises(InputError, match="leave out --loss"):
        _sessions({}, {"network": link({}), "loss": "squared"})
    assert not is_link("seed")
