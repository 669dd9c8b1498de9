"""What explanations say about random networks, sentence by sentence and table by table, tried by a program of their own."""

from __future__ import annotations

import numpy as np
import pytest
import tests.explanation.claims_of_runs  # noqa: F401  # it declares what is tried of rates and runs
from tests.explanation.claims import read, reading
from tests.explanation.drawn import drawn
from tests.samples import some


@pytest.mark.parametrize("seed", some(range(300), lambda seed: seed in (2, 43, 242)))
def test_every_sentence_and_every_table_is_true(seed: int) -> None:
    with np.errstate(all="ignore"):
        own = read(seed)
    assert (own.wrong, own.untried) == ([], [])


def test_the_reader_finds_what_is_false(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another network than the one that it is told of, the same sentences are false: so they are tried."""
    from tests.explanation import claims

    told, other = drawn(2), drawn(2) | {"weights": [number + 0.5 for number in drawn(2)["weights"]]}
    explain = claims.explain
    monkeypatch.setattr(claims, "explain", lambda found, **shape: explain(claims.problem(**other), **shape))
    with np.errstate(all="ignore"):
        wrong = {sentence.partition(":")[0] for sentence in reading(told).wrong}
    assert {"chain", "outcome.larger", "repeat"} <= wrong
