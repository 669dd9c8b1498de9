"""The views below a page: the graph of the computation, runs beside each other, shapes; by keyboard, in both languages, in fractions."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.checking.passes import ProbePass
from chainrule.explanation.mistakes import mistakes_at
from chainrule.network.definitions import find
from chainrule.pages.comparison import other_rules
from chainrule.pages.content import page_content

FOUR = {"source": "xor", "learning_rate": 0.05}


def test_the_graph_has_every_named_number_and_the_derivative_on_each_edge(opened):
    given = problem("2-2-1", activation="sigmoid", input="1 2", target="1", weights="0.1 0.2 0.3 0.4 0.5 0.6 0 0 0")
    tab = opened(given)
    tab.evaluate("chainrule.open('graph')")
    step = given.step()
    z, h, y = (np.asarray(step.values[key], dtype=float)[0] for key in ("z1", "h1", "y"))
    assert tab.locator(".flow g[data-e]").count() == 2 + 9 + 2 + 2 + 1 + 1 + 1
    shown = sorted(tab.locator(".flow .local").all_text_contents())
    assert len(shown) == 2 * 5 + 2 + 5 + 2
    assert {f"{float(y[0] - 1):.3g}".replace("-", "−"), f"{float(h[0] * (1 - h[0])):.3g}", f"{float(h[0]):.3g}"} <= {*shown}
    tab.evaluate("chainrule.select(chainrule.session.places.get('z1 0'))")
    tab.evaluate("chainrule.select(chainrule.session.places.get('W1 0'))")
    tab.locator(".view.graph .lines", has_text="∂w1").wait_for()
    assert f"{float(z[0]):.3g}" in "".join(tab.locator(".flow .value").all_text_contents())
    node = tab.locator(".flow .handle").first
    node.focus()
    tab.keyboard.press("Enter")
    tab.keyboard.type("3")
    tab.keyboard.press("Enter")
    tab.locator(".flow .handle .value", has_text="3").first.wait_for()


def trained(name: str, steps: int) -> list[float]:
    """E before each step with another optimiser."""
    found = problem(**{**FOUR, "optimizer": name})
    return [float(step.error) for _, step in zip(range(steps), found.steps(), strict=False)]


NAMES = ("momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


def test_runs_with_other_optimisers_are_those_of_python(opened):
    given = problem(**FOUR)
    tab = opened(given)
    tab.evaluate("chainrule.open('curve')")
    names = [rule["name"] for rule in page_content(given)["rules"]]
    errors = tab.evaluate("chainrule.runs(20)")
    assert {*NAMES} <= {*errors}
    assert "muon" not in names
    for name in NAMES:
        assert errors[name][:20] == pytest.approx(trained(name, 20), rel=1e-12), name
    twice = problem("xor", learning_rate=0.1).steps()
    assert errors["η = 0.1"][:20] == pytest.approx([float(step.error) for _, step in zip(range(20), twice, strict=False)], rel=1e-12)
    assert errors["start 2"][0] != errors["start 3"][0]
    boxes = tab.locator(".view.curve input[type=checkbox]")
    lines = tab.locator(".view.curve .curve").count()
    boxes.nth(6).check()
    assert tab.locator(".view.curve .curve").count() == lines + 1


def test_pictures_of_a_run_that_left_all_bounds_stay_in_their_frames(opened):
    tab = opened(problem())
    tab.evaluate("() => { chainrule.session.train(400); chainrule.render(); }")
    for view in ("slope", "contours", "function", "curve"):
        tab.evaluate("(view) => chainrule.open(view)", view)
    ends = tab.evaluate("(line) => line.getAttribute('d').match(/-?[\\d.]+/g).map(Number)", tab.locator(".curve.c7").last.element_handle())
    heights = ends[1::2]
    assert heights == sorted(heights, reverse=True)  # the error grows, from below to above the frame
    assert 14 < heights[0] < 300


def test_rules_are_taken_from_the_definitions():
    from chainrule.explanation.explain import contexts

    (context,) = contexts(problem(**FOUR))
    rules = {rule["name"]: rule for rule in other_rules(context)}
    assert rules["adam"]["options"]["beta1"] == find("optimizer", "adam").options["beta1"]
    assert [rule["own"] for rule in rules.values()].count(True) == 1


CHAINS = {
    "mazur": {"source": "mazur"},
    "xor": {"source": "xor"},
    "classes": {"source": "2-3-2", "loss": "cross_entropy"},
    "relu": {"source": "2-2-1", "activation": "relu"},
    "columns": {"source": "2-2-1", "notation": "nielsen", "input": "1 2; 3 4", "target": "1; 0"},
}


@pytest.mark.parametrize("name", some(list(CHAINS), lambda name: name == "mazur"))
def test_common_mistakes_give_what_they_give_in_python(opened, name):
    """At every weight, bias and unit, after a change: the first way of each mistake that changes its gradient."""
    given = problem(**CHAINS[name])
    tab = opened(given)
    tab.evaluate("() => { chainrule.change({'W1 0': 0.7}); document.querySelector('.mistakes').open = true; }")
    probe = ProbePass.of(given.network.with_weights([0.7, *given.network.weights[1:]]), given.x, given.t)
    wanted: dict[str, tuple[float, float]] = {}
    for number in (2, 1):
        for mistake, key, right, wrong in mistakes_at(probe, number, given.step().optimizer.options["learning_rate"]):
            if key in given.step().values and right.shape == wrong.shape:
                for place, pair in enumerate(zip(right.flat, wrong.flat, strict=True)):
                    if np.isfinite(pair[1]) and abs(pair[1] - pair[0]) > 1e-9 * abs(pair[0]):
                        wanted.setdefault(f"{key} {place} {mistake}", pair)
    found = tab.evaluate("""() => Object.entries(chainrule.content.gradients.of).flatMap(([element, gradient]) => {
        const [key, place] = chainrule.content.elements[gradient];
        chainrule.select(Number(element));
        chainrule.session.sample = chainrule.content.samples - 1;
        chainrule.render();
        const name = chainrule.content.elements[gradient][5];
        return [...document.querySelectorAll(".mistakes li")].map((line) => line.textContent)
            .filter((text) => text.includes(`: ${name} `)).map((text) => [`${key} ${place} ${text.split(".")[0]}`, text]);
    })""")
    assert {key for key, _ in found} == {*wanted}
    assert len(wanted) > 20
    for key, text in found:
        numbers = re.findall(r"[−\d.]+(?: · 10[⁻⁰-⁹¹²³]+)?", text.rpartition(" would be ")[2].rstrip(".").replace(",", "."))
        wrong, right = (float(re.sub(" · 10(.+)", lambda it: f"e{it[1].translate(LOWERED)}", one.replace("−", "-"))) for one in numbers)
        assert (right, wrong) == pytest.approx(wanted[key], rel=1e-5, abs=1e-12), text


LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def test_shapes_stand_below_formulas_of_matrices(opened):
    tab = opened(problem())
    tab.evaluate("chainrule.finish()")
    assert tab.locator(".view.formulas .shapes").first.locator(".shape").all_text_contents() == ["𝐱 1×2", "𝐖1 2×2", "𝐡 1×2"]


def test_what_changed_flashes_once_but_not_for_those_who_want_no_motion(opened):
    tab = opened(problem(), "no-preference")
    for motion, flashes in (("no-preference", True), ("reduce", False)):
        tab.emulate_media(reduced_motion=motion)
        tab.get_by_role("button", name="Train", exact=False).first.click()
        count = "document.querySelector('.stage').getAnimations({subtree: true}).filter((one) => one.constructor === Animation).length"
        tab.evaluate("(flashes) => { chainrule.change({'W1 0': flashes ? 0.5 : 0.25}); }", flashes)
        assert (tab.evaluate(count) > 0) is flashes
        if flashes:
            tab.wait_for_function(f"() => {count} === 0")


def test_fractions_are_switched_on_and_refused_where_there_are_none(opened):
    tab = opened(problem(), exact=True)
    tab.locator("#card", has_text="51359").wait_for()
    tab.locator(".more summary").click()
    tab.get_by_label("Exact fractions").uncheck()
    tab.locator("#card", has_not_text="51359").wait_for()
    tab.get_by_label("Exact fractions").check()
    tab.locator("#card", has_text="51359").wait_for()
    tab = opened(problem("2-2-1"))
    tab.locator(".more summary").click()
    tab.get_by_label("Exact fractions").click()
    tab.locator(".toast.shown", has_text="Fractions only where every number is one").wait_for()
    assert not tab.get_by_label("Exact fractions").is_checked()


def test_a_german_page_speaks_german_and_reads_commas(opened):
    tab = opened(problem(notation="german"))
    tab.get_by_role("button", name="Schritt").first.wait_for()
    tab.evaluate("chainrule.change({'W1 0': 0.25})")
    tab.locator(".edge-number .value", has_text="0,25").wait_for()
    tab.locator(".alarms:not(.pending)", has_text="Lernrate").wait_for()


TWO_SAMPLES = {"source": "2-2-1", "activation": "tanh", "input": "1 2; 3 -1", "target": "1; 0", "seed": 3, "learning_rate": 0.05}


def numbers_of(texts: list[str]) -> list[float]:
    """Printed numbers, as −0.0123 or 1.2 · 10⁻⁵."""
    lowered = (re.sub(" · 10(.+)", lambda it: f"e{it[1].translate(LOWERED)}", text.replace("−", "-")) for text in texts)
    return [float(text) for text in lowered]


def test_each_view_shows_the_numbers_of_python(opened):
    """The picture of slope, contours, learned function and layers, and the tables of samples and of all numbers."""
    given = problem(**TWO_SAMPLES)
    step, network = given.step(), given.network
    weights, gradients = (np.concatenate([np.ravel(one[key]) for key in network.shapes]) for one in (network.parameters, step.gradients))
    tab = opened(given)
    tab.evaluate("() => { for (const view of ['slope', 'contours', 'function', 'layers', 'samples', 'numbers']) chainrule.open(view); }")
    tab.locator(".view.contours .dot").wait_for(state="attached")

    def attributes(chosen: str, name: str) -> list[str]:
        return tab.locator(chosen).evaluate_all("(all, name) => all.map((one) => one.getAttribute(name))", name)

    tab.evaluate("() => { chainrule.select(chainrule.session.places.get('W1 0')); chainrule.open('slope'); }")
    tab.evaluate("chainrule.render()")
    slope = tab.locator(".view.slope .about").text_content().split()
    assert numbers_of([text.rstrip(".,;") for text in slope if re.fullmatch(r"−?\d+\.\d+[.,;]?", text)]) == pytest.approx(
        [gradients[0]], rel=1e-3
    )

    lines = [line for line in attributes(".view.contours .contour", "d") if line]
    assert len(lines) >= 8

    field = [float(one) for one in attributes(".view.function .field rect", "fill-opacity")]
    x = np.asarray(given.x)
    low, high = (end + side * 0.35 * np.ptp(x, axis=0) for end, side in ((x.min(axis=0), -1), (x.max(axis=0), 1)))
    places = low + (high - low) * (np.arange(36)[:, None] + 0.5) / 36
    grid = np.array([(places[i, 0], places[j, 1]) for j in range(36) for i in range(36)])
    y = network.predict(grid)[:, 0]
    assert field == pytest.approx(0.06 + 0.72 * (y - y.min()) / np.ptp(y), abs=1e-3)

    marks = [float(one) for one in attributes(".view.layers .strip-mark", "fill-opacity")]
    h = np.abs(step.values["h1"]).ravel()
    assert marks[:4] == pytest.approx(0.1 + 0.9 * h / h.max(), abs=6e-3)

    alone = [
        np.concatenate([np.ravel(one.gradients[key]) for key in network.shapes]) / 2
        for one in (next(network.steps(given.x[n : n + 1], given.t[n : n + 1], given.optimizer)) for n in range(2))
    ]
    table = np.array(numbers_of(tab.locator(".view.samples td.number").all_text_contents())).reshape(-1, 3)
    wanted = np.column_stack([*alone, gradients])  # array by array; the page goes from weight to weight as they are numbered
    assert table[table[:, 0].argsort()] == pytest.approx(wanted[wanted[:, 0].argsort()], rel=1e-3)

    shown = numbers_of(tab.locator(".view.numbers input").evaluate_all("(all) => all.map((one) => one.value)"))
    assert sorted(shown) == sorted([*np.ravel(given.x), *np.ravel(given.t), *weights, 0.05])


BRANCHES = "several inputs and outputs"


@pytest.mark.parametrize("name", some([BRANCHES, "a layer that is used twice", "residual"], lambda name: name == BRANCHES))
def test_networks_that_are_no_chain_are_walked_and_shown_in_every_view(opened, name):
    from tests.pages.test_live import NETWORKS
    from tests.pages.test_saving import OTHERS

    tab = opened(problem(**(NETWORKS | OTHERS)[name]))
    for view in ("formulas", "graph", "slope", "contours", "curve", "function", "layers", "samples", "numbers"):
        tab.evaluate("(view) => chainrule.open(view)", view)
    for _ in range(6):
        tab.keyboard.press("n")
    tab.evaluate("() => { chainrule.session.train(2); chainrule.render(); chainrule.diagnose(); }")
    assert tab.locator(".stage .unit").count() >= 5


def test_everything_is_reached_by_keyboard_alone(opened):
    tab = opened(problem())
    reached = set()
    for _ in range(400):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.dataset.control ?? document.activeElement.id ?? ''"))
        if tab.evaluate("document.activeElement === document.body"):
            break
        assert tab.evaluate("document.activeElement.tagName") != "svg"  # the picture is reached by what stands in it
    wanted = {"step", "play", "rewind", "train", "train_many", "tab-formulas"}
    assert wanted <= reached
    tab.locator(".more summary").focus()
    tab.keyboard.press("Enter")
    inside = set()
    for _ in range(14):
        tab.keyboard.press("Tab")
        inside.add(tab.evaluate("document.activeElement.dataset.control ?? ''"))
    assert {"link", "load", "json", "toml", "safetensors", "numpy", "svg", "png", "dark", "tour"} <= inside
    tab.keyboard.press("Escape")
    tab.locator("#tab-formulas").focus()
    for name in ("graph", "slope", "contours", "curve", "function", "layers", "samples", "numbers"):
        tab.keyboard.press("ArrowRight")
        assert tab.evaluate("document.activeElement.id") == f"tab-{name}"
