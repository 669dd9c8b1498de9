"""The live page in a browser: its formulas read as those of `explain`, for any numbers; it is quiet, and everybody can use it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.browsing import drawn, new_tab, violations
from tests.pages.invented import CHOSEN_BY_CANCELLATION, HARD, INVENTED
from tests.samples import some

import chainrule as cr
from chainrule.api.page import page
from chainrule.api.problems import problem
from chainrule.document.document import Equations
from chainrule.explanation.explain import contexts, whole_sections
from chainrule.live.links import problem_of_link
from chainrule.notation.formula import Equation
from chainrule.notation.mathml import formula_mathml
from chainrule.pages.content import ELSEWHERE, page_content
from chainrule.pages.file import page_file
from chainrule.steps.problem import Problem, problem_from
from chainrule.steps.step import Step

RESIDUAL = {
    "inputs": 2,
    "layers": [
        {"name": "one", "units": 2, "activation": "tanh"},
        {"name": "skip", "kind": "add", "from": ["x", "one"]},
        {"units": 1, "from": "skip"},
    ],
    "data": {"x": [[1, 2]], "t": [[1]]},
}

NETWORKS: dict[str, dict[str, Any]] = {
    "seed": {},
    "mazur": {"source": "mazur"},
    "xor": {"source": "xor"},
    "adam": {"source": "2-3-1", "optimizer": "adam", "regularizer": "l2", "learning_rate": 0.1},
    "columns": {"source": "2-3-2", "loss": "cross_entropy", "notation": "nielsen"},
    "german": {"notation": "german", "activation": "softplus", "source": "2-2-1"},
    "relu": {"source": "3-2-1", "activation": "relu", "loss": "binary_cross_entropy", "seed": 3},
    "leaky": {"source": "2-2-1", "activation": "leaky_relu", "loss": "huber"},
    "elu": {"source": "2-2-1", "activation": "elu", "loss": "log_cosh", "optimizer": "momentum"},
    "selu": {"source": "1-2-1", "activation": "selu", "loss": "squared", "optimizer": "muon"},
    "gelu": {"source": "2-2-2", "activation": "gelu", "loss": "huber", "seed": 4},
    "silu": {"source": "2-2-1", "activation": "silu", "loss": "absolute"},
    "softsign": {"source": "2-2-1", "activation": "softsign", "optimizer": "rmsprop"},
    "hard": {"source": "2-2-1", "activation": "hard_sigmoid", "loss": "half_squared", "optimizer": "nesterov"},
    "hard tanh": {"source": "2-2-1", "activation": "hard_tanh", "optimizer": "adagrad"},
    "swish": {"source": "2-2-1", "activation": "hard_swish", "optimizer": "adamw"},
    "relu6": {"source": "2-2-1", "activation": "relu6", "regularizer": "l1"},
    "hinge": {"source": "2-2-1", "loss": "hinge", "target": "1"},
    "logits": {"source": "2-2-3", "loss": "cross_entropy_from_logits", "target": "0 1 0"},
    "residual": {"source": RESIDUAL},
    "convolution": {"source": "4x4x1:c2k3p1-p2-2"},
    "recurrence": {"source": cr.described(cr.Network(cr.sequence(2, 1), cr.lstm(1), cr.dense(1)))},
    "tokens": {
        "source": cr.described(cr.Network(cr.tokens(3, 4), cr.embedding(2, 4), cr.sinusoidal_position(), cr.flatten(), cr.dense(1)))
    },
}
"""Over activations, losses, optimisers, regularisers, notations, and several samples."""

CHANGES = range(100)

ORDINARY = {
    ("seed", 0), ("mazur", 1), ("adam", 2), ("columns", 0), ("convolution", 0), ("tokens", 0), ("gelu", 21), ("relu", 94), ("german", 61),
}  # fmt: skip
"""What the ordinary tests look at."""


@cache
def content_of(name: str) -> dict[str, Any]:
    """What the page of a network shows."""
    return page_content(problem_of(name))


def problem_of(name: str) -> Problem:
    """A network with its batch, of those above or of the invented ones."""
    return problem(**(NETWORKS | INVENTED)[name])


@pytest.fixture(scope="module")
def pages(browser, tmp_path_factory):
    """Opens the page of a problem, in one tab for all; what it says to the console, and asks for, has to be nothing."""
    folder, opened, said = tmp_path_factory.mktemp("pages"), {}, []

    def open_page(name: str, **context: Any) -> Any:
        path, kind = folder / f"{name}.html", repr(context)
        if not path.exists():
            path.write_text(page_file(content_of(name)), encoding="utf-8")
        if kind not in opened:
            opened[kind] = new_tab(browser, said, offline=True, **context)
        if opened[kind].url.partition("#")[0] != path.as_uri():
            opened[kind].goto(path.as_uri())
        return opened[kind]

    yield open_page
    for tab in opened.values():
        tab.context.close()
    assert said == []


def bare(markup: str) -> str:
    """Markup without attributes, and without the elements that only say what something is."""

    def written(element: ET.Element) -> str:
        inner = (element.text or "") + "".join(written(child) + (child.tail or "") for child in element)
        return inner if element.tag == "mrow" and element.attrib else f"<{element.tag}>{inner}</{element.tag}>"

    plain = re.sub(r' xmlns="[^"]*"', "", markup).replace("&nbsp;", "\u00a0")
    return "".join(written(child) for child in ET.fromstring(plain))


def printed(equation: Equation, words: Any) -> list[str]:
    """The sides of an equation with the relations before them."""
    sides = [bare(formula_mathml(side, words=words)) for side in equation.sides]
    return [sides[0], *(part for pair in zip(equation.relations, sides[1:], strict=True) for part in pair)]


def explained(step: Step, content: Any) -> list[list[str]]:
    """Every equation that `explain` prints of this step, in the sections that a page has."""
    detail = "scalar" if any(section["key"] == "chain" for section in content["sections"]) else "matrix"
    (context,) = contexts(step, detail=detail, extent="shortened" if content["brief"] else "usual")
    sections = whole_sections(context, without=ELSEWHERE)
    blocks = [block for section in sections for block in section.blocks if isinstance(block, Equations)]
    words = context.words.catalogue
    return [printed(equation, words) for block in blocks for equation in block.equations if isinstance(equation, Equation)]


SHOWN = """(place) => [...document.querySelectorAll(`${place} .line`)].map((line) =>
    [...line.querySelector("mtable").children].flatMap((row, i) => {
        const [left, right] = row.children, [sign, ...side] = right.children;
        const text = (parts) => `<math>${parts.map((part) => part.outerHTML).join("")}</math>`;
        return [...(i ? [] : [text([...left.children])]), sign.textContent, text(side)];
    }))"""


def shown(tab: Any, place: str) -> list[list[str]]:
    """Every equation that stands on the page."""
    tab.evaluate("chainrule.finish()")
    lines = tab.evaluate(SHOWN, place)
    return [[bare(part) if part.startswith("<math>") else part for part in line] for line in lines]


def random_numbers(content: Any, rng: np.random.Generator) -> dict[str, float]:
    """Other numbers for some of the weights, inputs, targets and the rate."""
    leaves, changed = content["leaves"], {}
    whole = {"lookup"} & {operation for operation, *_ in content["program"]["instructions"]}
    for kind, share in (("parameters", 0.5), ("inputs", 0.4)):
        for key, numbers in leaves[kind].items() if kind == "parameters" or not whole else ():
            for place in range(len(numbers)):
                if rng.random() < share:
                    digits = int(rng.choice([1, 2, 4, 17], p=[0.3, 0.4, 0.2, 0.1]))
                    changed[f"{key} {place}"] = float(f"{rng.normal(0, rng.choice([0.3, 1, 4])):.{digits}g}")
    if "learning_rate" in leaves["options"] and rng.random() < 0.5:
        changed["learning_rate 0"] = float(f"{rng.uniform(0.001, 0.5):.2g}")
    if takes_any_target(content) and rng.random() < 0.5:
        changed |= {f"{key} {place}": float(f"{rng.normal():.2g}") for key, own in leaves["targets"].items() for place in range(len(own))}
    return changed


def takes_any_target(content: Any) -> bool:
    """Is a target a number for every loss, and no probability, and no sign?"""
    outputs = content["doctor"]["outputs"]
    return bool(outputs) and all(output["targets"] == "numbers" for output in outputs)


def with_numbers(name: str, changed: dict[str, float]) -> Step:
    """The step of the problem with these numbers, by Python."""
    given = problem_of(name)
    first, leaves = given.step(), content_of(name)["leaves"]
    arrays = {key: np.array(array, dtype=float) for key, array in first.values.items()}
    for key, value in changed.items():
        array, place = key.split()
        arrays[array].flat[int(place)] = value
    network = given.network.with_parameters({key: arrays[key] for key in given.network.shapes})
    x, t = (
        np.hstack([arrays[key].reshape(len(arrays[key]), -1) for key in leaves[kind]]) if leaves[kind] else None
        for kind in ("inputs", "targets")
    )
    optimizer = first.optimizer
    if "learning_rate 0" in changed:
        optimizer = optimizer.definition.bind(**{**optimizer.given, "learning_rate": changed["learning_rate 0"]})
    return replace(given, network=network, x=x, t=t, optimizer=optimizer).step()


def apart(one: Step, other: Step) -> set[str]:
    """Quantities of two steps that differ by more than the rounding of the largest number, of which 1 − h², say, may leave little.

    A rule that divides a gradient by its own size, as Adam does, makes of that rounding what it is of the smallest gradient.
    """
    ours, theirs = one.everything, other.everything
    largest = max(float(np.abs(array).max(initial=1)) for array in ours.values())
    smallest = min(float(np.abs(array[array != 0]).min(initial=1)) for array in map(np.asarray, one.gradients.values()))
    condition = dict.fromkeys((f"{key}_next" for key in one.parameters), largest / smallest) if one.states else {}

    def allowed(key: str) -> float:
        return 1e-14 * largest * (condition.get(key, 1.0) if not key.startswith("after ") else max(condition.values(), default=1.0))

    return {key for key in one.differences(other, 1e-11) if np.abs(ours[key] - theirs[key]).max() > allowed(key)}


@pytest.mark.parametrize(
    ("name", "change"),
    some([(name, change) for name in NETWORKS for change in CHANGES], lambda case: case in ORDINARY),
)
def test_every_formula_reads_as_explain_prints_it(pages, name, change):
    tab, content = pages(name), content_of(name)
    changed = random_numbers(content, np.random.default_rng([change, *map(ord, name)]))
    tab.evaluate("(numbers) => { chainrule.session.rewind(); chainrule.change(numbers); }", changed)
    step = with_numbers(name, changed)
    assert shown(tab, ".view.formulas .chapter:not(:last-child)") == explained(step, content)
    later = change % 3 + 1
    tab.evaluate("(count) => { chainrule.session.train(count); chainrule.render(); }", later)
    record = Step.from_dict(json.loads(tab.evaluate("chainrule.record()")))
    if not np.isfinite(record.error) or record.number == 1:
        return
    assert record.number == later + 1
    assert apart(record.replay(), record) == set()
    assert shown(tab, ".view.formulas .chapter:not(:last-child)") == explained(record, content)


def beside(ours: list[list[str]], theirs: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """Equations of a page and of `explain` that begin alike. For some numbers the latter chooses other weights to write in full, and other
    ways through a network of many, than for those with which the page was made.
    """
    both = {tuple(line[:3]) for line in ours} & {tuple(line[:3]) for line in theirs}
    return [line for line in ours if tuple(line[:3]) in both], [line for line in theirs if tuple(line[:3]) in both]


@pytest.mark.parametrize(
    ("name", "hard"),
    some(
        [(name, hard) for name in INVENTED for hard in HARD],
        lambda case: case in {("gru", "a weight of 0"), ("branches", "huge weights")},
    ),
)
def test_formulas_of_invented_networks_read_as_explain_prints_them_for_hard_numbers(pages, name, hard):
    content, tab = content_of(name), pages(name)
    with np.errstate(all="ignore"):
        changed = HARD[hard](content, problem_of(name).step())
        fixed = set() if takes_any_target(content) else set(content["leaves"]["targets"])
        if any(operation == "lookup" for operation, *_ in content["program"]["instructions"]):
            fixed |= set(content["leaves"]["inputs"])
        changed = {key: value for key, value in changed.items() if key.split()[0] not in fixed}
        tab.evaluate("(numbers) => { chainrule.session.rewind(); chainrule.change(numbers); }", changed)
        theirs = explained(with_numbers(name, changed), content)
    ours, theirs = beside(shown(tab, ".view.formulas .chapter:not(:last-child)"), theirs)
    assert len(ours) > len(content["sequence"]) // 2
    if (name, hard) not in CHOSEN_BY_CANCELLATION:
        assert ours == theirs


# What a person does.


@pytest.fixture
def fresh(pages):
    """The page of the seed, as it begins."""
    tab = pages("seed")
    tab.goto(tab.url.partition("#")[0])
    return tab


def error_of(tab: Any) -> str:
    drawn(tab)
    return tab.locator(".stage .error .digits").text_content()


def test_a_weight_is_dragged_in_a_formula_and_everything_follows_until_it_is_undone(fresh):
    before = error_of(fresh)
    box = fresh.locator("#card .number.handle").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fresh.mouse.move(x, y)
    fresh.mouse.down()
    fresh.mouse.move(x + 40, y, steps=4)
    fresh.mouse.up()
    fresh.locator(".edge-number .value", has_text="0.31").wait_for()
    assert error_of(fresh) != before
    assert shown(fresh, ".view.formulas .chapter")[2][4].count("0.31")
    fresh.get_by_role("button", name="Undo").click()
    fresh.locator(".edge-number .value", has_text="0.21").wait_for()
    assert error_of(fresh) == before
    fresh.get_by_role("button", name="Redo").click()
    fresh.locator(".edge-number .value", has_text="0.31").wait_for()


def test_a_number_is_typed_by_keyboard_alone_and_said_aloud(fresh):
    fresh.locator(".stage [tabindex='0']").focus()
    for _ in range(40):
        if fresh.evaluate("document.activeElement.dataset.label ?? ''").startswith("w5"):
            break
        fresh.keyboard.press("ArrowRight")
    fresh.keyboard.press("ArrowUp")
    fresh.locator(".edge-number .value", has_text="0.24").wait_for()
    fresh.keyboard.press("Enter")
    fresh.keyboard.type("-1,5")
    fresh.keyboard.press("Enter")
    fresh.locator(".edge-number .value", has_text="−1.5").wait_for()
    fresh.locator("[role=status]", has_text="w5 = −1.5. Error ").wait_for(state="attached")
    fresh.keyboard.press("Enter")
    fresh.keyboard.type("twelve")
    fresh.keyboard.press("Enter")
    assert fresh.locator(".typing").get_attribute("aria-invalid") == "true"
    fresh.keyboard.press("Escape")
    assert fresh.locator(".typing").count() == 0


def test_the_step_is_walked_through_from_the_first_sum_to_the_next_step(fresh):
    forward = fresh.get_by_role("button", name="Step", exact=True)
    titles = []
    for _ in range(fresh.evaluate("chainrule.content.sequence.length")):
        forward.click()
        drawn(fresh)
        titles.append(fresh.locator("#card-title").text_content())
    phases = list(dict.fromkeys(title.partition(":")[0] for title in titles))
    assert phases == ["Forward pass", "Error", "Backward pass", "Gradients", "Update"]
    assert fresh.locator("#card .line").text_content().replace("\u2062", "").startswith("w6←w6−η·∂E∂w6")
    forward.click()
    fresh.locator(".phase", has_text="before step 2").wait_for()
    fresh.get_by_role("button", name="Back", exact=True).click()
    fresh.locator(".stage .error .digits", has_text="49.25").wait_for()


def test_targets_stay_in_the_range_of_their_loss(pages):
    tab = pages("logits")
    tab.evaluate("chainrule.open('numbers')")
    targets = tab.locator(".view.numbers section").first.locator("label", has_text=re.compile("^t")).locator("+ input")
    begin = [float(one.input_value()) for one in targets.all()[:3]]
    assert sum(begin) == 1
    first = targets.nth(begin.index(1))
    first.fill("3")
    first.blur()
    assert first.get_attribute("aria-invalid") == "true"
    first.fill("0.25")
    first.blur()
    drawn(tab)
    assert sorted(float(one.input_value()) for one in targets.all()[:3]) == [0.25, 0.375, 0.375]
    first.focus()
    for _ in range(9):
        first.press("PageUp")  # 0.1 more, as far as it may go
    drawn(tab)
    assert [float(one.input_value()) for one in targets.all()[:3]] == begin


def test_a_number_is_predicted_before_it_is_shown(fresh):
    fresh.locator(".more summary").click()
    fresh.get_by_label("Predict first").check()
    fresh.keyboard.press("Escape")
    fresh.get_by_role("button", name="Step", exact=True).click()
    drawn(fresh)
    assert "8.4" not in fresh.locator("#card").text_content()
    fresh.locator("#guess").fill("8.4")
    fresh.keyboard.press("Enter")
    fresh.locator(".toast", has_text="Right: 8.4").wait_for()
    fresh.get_by_role("button", name="Step", exact=True).click()
    fresh.locator("#guess").fill("1.7")
    fresh.keyboard.press("Enter")
    fresh.locator(".toast", has_text="Not quite: it is 1.76").wait_for()
    fresh.locator("#card", has_text="1.76").wait_for()


def test_training_goes_on_a_time_line_and_is_rewound(fresh):
    fresh.evaluate("chainrule.change({'learning_rate 0': 0.01})")
    fresh.get_by_role("button", name="Train 20 steps").click()
    fresh.locator(".phase", has_text="before step 21").wait_for()
    fresh.get_by_role("slider", name="Training steps").focus()
    fresh.keyboard.press("Home")
    fresh.locator(".phase", has_text="before step 1").wait_for()
    assert error_of(fresh) == "1.596"
    fresh.get_by_role("button", name="Rewind").click()
    fresh.locator(".knob-digits", has_text="0.05").wait_for()


def test_no_rate_is_0_or_less_which_the_command_line_would_refuse(fresh):
    knob = fresh.locator(".knob")
    knob.focus()
    for _ in range(7):
        fresh.keyboard.press("ArrowDown")
    fresh.locator(".knob-digits", has_text="0.01").wait_for()
    fresh.keyboard.press("Enter")
    fresh.keyboard.type("-0.1")
    fresh.keyboard.press("Enter")
    assert fresh.locator(".typing").get_attribute("aria-invalid") == "true"
    fresh.keyboard.press("Escape")


def test_too_large_a_rate_is_told_with_the_range_that_lowers_the_error(fresh):
    """One step of the seed lowers E with rates up to 0.01894."""
    fresh.locator(".alarm", has_text="1.59561248 → 49.25. Learning rates below 0.0189 lower the error of the first step.").wait_for()
    fresh.evaluate("chainrule.change({'learning_rate 0': 0.018})")
    fresh.locator(".alarms:not(.pending)", has_not_text="larger").wait_for()
    fresh.evaluate("chainrule.change({'x 0': 0.8, 'x 1': 1.2, 't 0': 0.4})")
    fresh.locator(".alarms:not(.pending)", has_text="Nothing looks wrong.").wait_for()


def test_a_link_brings_the_numbers_back(fresh, pages):
    fresh.evaluate("chainrule.change({'W1 0': -0.125, 't 0': 7})")
    fresh.evaluate("chainrule.link()")
    fresh.wait_for_function("location.hash.length > 1")
    error = error_of(fresh)
    fresh.reload()
    fresh.locator(".edge-number .value", has_text="−0.125").wait_for()
    assert error_of(fresh) == error
    linked = problem_of_link(fresh.url)
    assert (linked.network.weights[0], linked.t.tolist(), linked.optimizer.name) == (-0.125, [[7.0]], "sgd")
    fresh.evaluate("history.replaceState(null, '', location.pathname + '#nonsense')")
    fresh.reload()
    assert error_of(fresh) == "1.596"


def test_a_saved_step_is_one_that_the_command_line_reads(pages):
    tab = pages("adam")
    tab.evaluate("() => { chainrule.session.rewind(); chainrule.session.train(2); chainrule.render(); }")
    text = tab.evaluate("chainrule.record()")
    step = Step.from_dict(json.loads(text))
    wanted = list(zip(range(3), problem(**NETWORKS["adam"]).steps(), strict=False))[2][1]
    assert wanted.differences(step, 1e-12) == {}
    assert (step.number, step.optimizer) == (3, wanted.optimizer)


SIGHTS = [(360, "dark"), (360, "light"), (1280, "light"), (1920, "dark")]


@pytest.mark.parametrize(("width", "scheme"), some(SIGHTS, lambda sight: sight == (360, "light")))
def test_axe_finds_nothing_in_any_view_and_nothing_sticks_out(pages, width, scheme):
    tab = pages("xor", viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab.evaluate("document.querySelector('.mistakes').open = true")
    for view in ("graph", "slope", "contours", "curve", "function", "layers", "samples", "numbers", "formulas"):
        tab.evaluate("(view) => { chainrule.open(view); chainrule.finish(); }", view)  # no line becomes wider while axe looks
        drawn(tab)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
    tab.evaluate("document.querySelectorAll('.view').forEach((view) => (view.hidden = false))")  # all are looked at in one go
    assert violations(tab) == []


def test_long_names_of_inputs_stand_within_the_picture(browser, tmp_path):
    path = tmp_path / "page.html"
    page(problem("4x4x1:c1k2-p2-2", loss="cross_entropy_from_logits", target="0 1"), path)
    said: list[str] = []
    tab = new_tab(browser, said)
    tab.goto(path.as_uri())
    beyond = """() => {
      const left = document.querySelector(".stage").getBoundingClientRect().left;
      return Math.max(...[...document.querySelectorAll(".stage .name")].map((name) => left - name.getBoundingClientRect().left));
    }"""
    assert tab.locator(".stage .name.within").count() > 8
    assert tab.evaluate(beyond) < 1
    tab.context.close()
    assert said == []


def test_many_units_are_folded_and_come_when_they_are_asked_for(browser, tmp_path):
    rows = "; ".join(["0.1 -0.4 0.7 0.2", "1 0.3 -0.2 0.5"])
    path = tmp_path / "page.html"
    assert len(page(problem("4-32-3", loss="cross_entropy", input=rows, target="1 0 0; 0 0 1"), path).encode()) < 500_000
    said: list[str] = []
    tab = new_tab(browser, said)
    tab.goto(path.as_uri())
    unit = tab.locator(".stage .unit[data-label='unit h9ˢ¹']")
    assert (tab.locator(".stage .unit").count(), unit.count()) == (4 + 8 + 3 + 1, 0)
    assert tab.evaluate("chainrule.content.stage.edges.length") == 2 * (4 * 32 + 32 * 3)
    tab.get_by_role("button", name="Units 9 to 16 of 32").focus()
    tab.keyboard.press("Enter")
    unit.wait_for()
    assert tab.evaluate("document.activeElement.classList.contains('fold')")
    tab.evaluate("chainrule.select(chainrule.session.places.get('W1 31'))")
    tab.locator(".stage .unit[data-label='unit h32ˢ¹']").wait_for()
    for view in ("numbers", "samples", "layers"):
        tab.evaluate("(view) => chainrule.open(view)", view)
    tab.locator(".view.samples tbody tr").nth(59).wait_for(state="attached")
    tab.context.close()
    assert said == []


def test_the_function_stays_what_it_is_and_refuses_what_cannot_be_a_page(tmp_path):
    seed = cr.problem_from(cr.example("seed"))
    assert cr.page(seed) == cr.page(seed, tmp_path / "seed.html") == (tmp_path / "seed.html").read_text("utf-8")
    assert len(cr.page(seed).encode()) < 350_000
    with pytest.raises(cr.InputError, match=r"written as \.html"):
        cr.page(seed, tmp_path / "seed.pdf")
    with pytest.raises(cr.InputError, match="up to 2,500 weights, and here are 101,770"):
        cr.page(problem("784-128-10"))
    with pytest.raises(cr.InputError, match="up to 12 samples, and here are 20"):
        cr.page(problem("1-2-1", input=";".join("1" * 20), target=";".join("1" * 20)))


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{x}\u202e"


def test_hostile_names_do_no_harm(browser, tmp_path):
    network = {"inputs": 2, "title": HOSTILE, "layers": [{"units": 2, "name": "hidden"}, {"units": 1}], "data": {"x": [[1, 2]], "t": [[1]]}}
    network["data"] |= {"features": [HOSTILE, "b" * 10_000], "targets": [HOSTILE]}
    page(problem_from(network), tmp_path / "page.html")
    said: list[str] = []
    tab = new_tab(browser, said)
    tab.goto((tmp_path / "page.html").as_uri())
    tab.locator(".stage .error").wait_for()
    assert "<script>alert(1)</script>" in tab.locator("h1").text_content()
    assert (said, tab.locator("img").count()) == ([], 0)
    tab.context.close()
