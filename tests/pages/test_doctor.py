"""What a page says is wrong is what `chainrule doctor` says: the same sentences, in the same order, causes before effects."""

from __future__ import annotations

import pytest
from tests.browsing import new_tab
from tests.samples import some

from chainrule.api.doctor import case_of_problem
from chainrule.api.problems import problem
from chainrule.diagnosis.criteria import found, sentence
from chainrule.diagnosis.examination import cause_of
from chainrule.diagnosis.rates import advice_at
from chainrule.document.words import Words
from chainrule.pages.content import page_content
from chainrule.pages.diagnosis import EXAMINED
from chainrule.pages.file import page_file

ROWS = {"input": "0.2 1; -1 0.4; 0.6 -0.7; -0.3 -1", "target": "0.4; -0.2; 0.1; -0.5"}
DEEP = {"inputs": 2, "layers": [*[{"units": 3, "activation": "sigmoid"}] * 5, {"units": 1}], "seed": 3}
WIDE = {"inputs": 2, "layers": [{"units": 3, "activation": "relu", "bias": [-9, -9, -9]}, {"units": 1}]}

SICK = {
    "the seed": {},
    "healthy": {"source": "2-3-1", **ROWS},
    "a rate that is too large": {"source": "2-3-1", **ROWS, "learning_rate": 30},
    "a rate that is too small": {"source": "2-3-1", **ROWS, "learning_rate": 1e-6},
    "dead units": {"source": WIDE, **ROWS},
    "saturated units": {"source": "2-3-1", "weights": "5 5 -5 5 5 -5 1 1 1", "input": "3 3; -2 4; 4 -1", "target": "1; 0; 2"},
    "a large start": {"source": "2-3-1", "weights": "9 9 -9 9 9 -9 1 1 1", **ROWS},
    "identical units": {"source": "2-2-1", "weights": "0.5 0.5 0.5 0.5 0.3 0.3", **ROWS},
    "zeros": {"source": "2-2-1", "weights": 'W1="0 0; 0 0"', **ROWS},
    "a vanishing gradient": {"source": DEEP, **ROWS},
    "an exploding gradient": {"source": "2-3-3-3-3-1", "weights": " ".join(["3", "-4"] * 18), "activation": "identity", **ROWS},
    "targets that are large": {"source": "2-3-1", "input": "0.2 1; -1 0.4", "target": "300; 500"},
    "targets out of reach": {"source": "2-3-1", "output_activation": "sigmoid", **ROWS},
    "the logarithm of 0": {
        "source": "2-2-1", "loss": "binary_cross_entropy", "output_activation": "relu", "input": "1 1", "target": "1",
        "weights": "1 1 1 1 -1 -1",
    },
    "numbers beyond all bounds": {"source": "2-2-1", "activation": "identity", "input": "1e200 1e200", "target": "1"},
    "classes and a squared error": {"source": "2-2-2", "input": "0 1; 1 0; 1 1", "target": "0 1; 1 0; 1 0", "output_activation": "sigmoid"},
    "a softmax of a softmax": {
        "source": "2-2-2", "loss": "cross_entropy_from_logits", "output_activation": "softmax", "input": "0 1; 1 0", "target": "0 1; 1 0",
    },
    "a loss without targets": {"source": "2-2-2", "loss": "triplet"},
    "Adam in German": {"source": "2-3-1", "optimizer": "adam", "learning_rate": 40, "notation": "german", **ROWS},
}  # fmt: skip


ORDINARY = {
    "the seed", "dead units", "identical units", "an exploding gradient", "the logarithm of 0", "numbers beyond all bounds",
    "a loss without targets", "Adam in German",
}  # fmt: skip
"""What the ordinary tests look at."""


def spoken(name: str) -> list[list]:
    """What the doctor says: each sentence with how deep it stands below its cause."""
    given = problem(**SICK[name])
    findings, words = list(found(case_of_problem(given)[1])), Words(given.network.notation.language)
    assert {finding.key for finding in findings} <= set(EXAMINED)

    def told(finding, depth):
        effects = [other for other in findings if cause_of(other, findings) is finding]
        return [[depth, sentence(words, finding)], *(line for effect in effects for line in told(effect, depth + 1))]

    return [line for finding in findings if cause_of(finding, findings) is None for line in told(finding, 0)]


@pytest.fixture(scope="module")
def diagnosed(browser, tmp_path_factory):
    """What a page says of a problem, in one tab for all."""
    said: list[str] = []
    path, tab = tmp_path_factory.mktemp("pages") / "page.html", new_tab(browser, said)

    def diagnose(given):
        path.write_text(page_file(page_content(given)), encoding="utf-8")
        tab.goto(path.as_uri())
        return [[one["depth"], one["text"]] for one in tab.evaluate("chainrule.diagnose()")]

    yield diagnose
    tab.context.close()
    assert said == []


@pytest.mark.parametrize("name", some(list(SICK), lambda name: name in ORDINARY))
def test_a_page_says_what_the_doctor_says(diagnosed, name):
    said = diagnosed(problem(**SICK[name]))
    assert [line for line in said if "→" not in line[1]] == spoken(name)
    assert name in ("healthy", "a loss without targets") or spoken(name)


@pytest.mark.parametrize("name", some(["the seed", "a rate that is too large"], 2))
def test_the_rates_that_lower_the_error_are_those_of_the_doctor(diagnosed, name):
    given = problem(**SICK[name])
    advice = advice_at(case_of_problem(given)[0])
    assert advice is not None
    assert advice.lowers_below is not None
    limit = f"{advice.lowers_below:g}"
    assert diagnosed(given)[0][1].endswith(f"Learning rates below {limit} lower the error of the first step.")
