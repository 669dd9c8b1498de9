"""What a page draws: which units and lines there are, and that there is room for all of them. No fonts are asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.browsing import drawn
from tests.pages.invented import INVENTED
from tests.samples import some

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.pages.content import page_content
from chainrule.pages.file import page_file


def described(*layers: Any, **options: Any) -> dict[str, Any]:
    return {"source": cr.described(cr.Network(*layers, seed=4, **options))}


def stage_of(given: dict[str, Any]) -> tuple[dict[str, Any], dict[tuple[str, int], dict[str, Any]], dict[str, set[tuple[str, str]]]]:
    """The content, its units by the key and the place of their numbers, and by each weight the keys between which it stands."""
    content = page_content(problem(**given))
    number = {}
    for place, (key, *rest) in enumerate(content["elements"]):
        number[place] = (content["keys"][key], rest[0])
    units = {
        number[unit["element"]]: {**unit, "column": group["column"]} for group in content["stage"]["groups"] for unit in group["units"]
    }
    lines: dict[str, set[tuple[str, str]]] = {}
    for source, target, weight in content["stage"]["edges"]:
        lines.setdefault(number[weight][0] if weight >= 0 else "", set()).add((number[source][0], number[target][0]))
    biases = {number[bias][0] for unit in units.values() for bias in unit["biases"]}
    return {"biases": biases, **content}, units, lines


CELLS = {
    "rnn": ({"U1": {("h", "h")}}, "h"),
    "gru": ({"U1": {("h", "h")}, "": {("h", "h")}}, "h"),
    "lstm": ({"U1": {("h", "h"), ("h", "c")}, "": {("c", "c")}}, "hc"),
}


@pytest.mark.parametrize("name", CELLS)
def test_the_state_that_goes_from_step_to_step_is_drawn(name):
    wanted, states = CELLS[name]
    content, units, lines = stage_of(described(cr.sequence(4, 2), getattr(cr, name)(3), cr.dense(2)))
    columns = {key: unit["column"] for (key, _), unit in units.items()}
    for now in range(2, 5):
        for weight, pairs in wanted.items():
            assert {(f"{a}1_t{now - 1}", f"{b}1_t{now}") for a, b in pairs} <= lines[weight]
        assert all(columns[f"{state}1_t{now}"] == columns[f"{state}1_t{now - 1}"] + 1 for state in states)
    assert "h1" not in columns  # which is the last state, and drawn as that
    assert not content["biases"] & {"W1", "U1"}
    inputs = sorted((place, unit["column"]) for (key, place), unit in units.items() if key == "x")
    assert [column for _, column in inputs] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_weight_before_a_sum_stands_on_the_lines_of_all_its_terms():
    def skip(x: Any) -> Any:
        first = cr.dense(2, "tanh")(x)
        return cr.dense(2)(cr.add(first, cr.dense(2, "sigmoid")(first)))

    content, _, lines = stage_of(described(3, skip))
    assert lines["W3"] == {("h1", "y"), ("h2", "y")}
    assert content["biases"] == {"b1", "b2", "b3"}


MIXED = {
    "attention": described(cr.sequence(3, 2), cr.multi_head_attention(1), cr.flatten(), cr.dense(2, "softmax"), loss="cross_entropy"),
    "transformer": described(cr.sequence(3, 2), cr.transformer_block(1), cr.flatten(), cr.dense(1)),
    "normed": INVENTED["normed"],
    "lstm": described(cr.sequence(3, 1), cr.lstm(2), cr.dense(1)),
}


@pytest.mark.parametrize("name", MIXED)
def test_ways_lead_from_an_input_to_every_unit_that_it_moves(name):
    given = problem(**MIXED[name])
    content = page_content(given)
    key = [(content["keys"][key], place) for key, place, *_ in content["elements"]]
    units = {unit["element"] for group in content["stage"]["groups"] for unit in group["units"]}
    before = given.step()
    for start in (unit for unit in units if key[unit][0] == "x"):
        reached, pending = set[int](), [start]
        while pending:
            here = pending.pop()
            new = {to for source, to, _ in content["stage"]["edges"] if source == here} - reached
            reached |= new
            pending += new
        x = np.array(before.values["x"], dtype=float)
        x.ravel()[key[start][1]] += 0.01
        after = given.network.step(x, before.values["t"])
        moved = {
            unit for unit in units - {start} if abs(after.values[key[unit][0]] - before.values[key[unit][0]]).ravel()[key[unit][1]] > 1e-9
        }
        assert moved <= reached


ROOMY = {
    "lstm": described(cr.sequence(3, 2), cr.lstm(2), cr.dense(2)),
    "stacked": described(cr.sequence(2, 1), cr.gru(2, states=True), cr.rnn(2), cr.dense(1)),
    "deep": {"source": "3-3-3-3-3-3-2", "language": "de"},
    "narrow": {"source": "2-5-1"},
    "two goals": INVENTED["two goals"],
    "skips": INVENTED["skips"],
    "batch": INVENTED["batch"],
}

COVERED = """() => {
  const at = (element) => new DOMPoint().matrixTransform(element.transform.baseVal.consolidate().matrix);
  const seen = (element) => element.style.display !== "none";
  const size = (element) => ["width", "height"].map((one) => element.querySelector("rect")[one].baseVal.value / 2);
  const units = [...document.querySelectorAll(".stage .unit:not(.error)")].map((unit) => [unit.dataset.label, at(unit), size(unit)]);
  const found = [];
  const meet = (p, [w, h], q, [v, g], share) => Math.abs(p.x - q.x) < share * (w + v) && Math.abs(p.y - q.y) < share * (h + g);
  units.forEach(([a, p, own], place) => {
    for (const [b, q, other] of units.slice(place + 1)) if (meet(p, own, q, other, 1)) found.push(`${a}, ${b}`);
  });
  for (const label of document.querySelectorAll(".stage .bias, .stage .target")) {
    if (!seen(label)) continue;
    for (const [unit, q, other] of units) if (meet(at(label), size(label), q, other, 0.8)) found.push(`${label.dataset.label}, ${unit}`);
  }
  const box = document.querySelector(".stage").viewBox.baseVal;
  const outside = ({ x, y }, [w, h]) => x < w || y < h + 20 || x > box.width - w || y > box.height - h;
  for (const [unit, spot, own] of units) if (outside(spot, own)) found.push(`${unit} outside`);
  return found;
}"""


@pytest.mark.parametrize("name", some(ROOMY, 3))
def test_nothing_covers_a_unit(opened, name):
    tab = opened(problem(**ROOMY[name]))
    assert tab.evaluate(COVERED) == []


WALKED = """() => {
  const labels = [...document.querySelectorAll(".stage .edge-number")].filter((one) => one.style.display !== "none");
  const at = (element) => new DOMPoint().matrixTransform(element.transform.baseVal.consolidate().matrix);
  const size = (element) => ["width", "height"].map((one) => element.querySelector("rect")[one].baseVal.value / 2);
  const near = (a, b) => {
    const [p, q, [w, h], [v, g]] = [at(a), at(b), size(a), size(b)];
    return Math.abs(p.x - q.x) < 0.8 * (w + v) && Math.abs(p.y - q.y) < 0.8 * (h + g);
  };
  const products = labels.filter((one) => one.querySelector(".product"));
  const others = [...labels, ...document.querySelectorAll(".stage .unit:not(.error)")];
  const covered = products.flatMap((one) => others.filter((other) => other !== one && near(one, other))).map((one) => one.dataset.label);
  return [products.map((one) => one.textContent), covered];
}"""


def test_products_of_a_pass_stand_on_their_lines_and_cover_nothing(opened):
    for name, forward, backward in (("seed", ["8 · 0.21", "12 · 0.56"], ["0.23 · (−1.786)"]), ("2-3-2", None, None)):
        tab = opened(problem(name))
        seen = []
        for _ in range(tab.evaluate("chainrule.content.sequence.length")):
            tab.keyboard.press("n")
            drawn(tab)
            products, covered = tab.evaluate(WALKED)
            assert covered == []
            seen.append(products)
        assert any(seen)
        if forward:
            assert seen[0] == forward
            assert backward in seen


def test_a_token_is_moved_to_the_next_one_and_no_further_than_the_last(opened):
    layers = cr.tokens(2, 3), cr.embedding(2, 3), cr.flatten(), cr.dense(1)
    tab = opened(problem(**described(*layers), input="0 1", target="1"))
    tab.locator(".stage .unit.handle").first.focus()
    for wanted in (1, 2, 2):
        tab.keyboard.press("ArrowUp")
        drawn(tab)
        assert tab.evaluate("document.activeElement.getAttribute('aria-valuenow')") == str(wanted)
    network = problem(**described(*layers)).network
    error = network.step([[2, 1]], [[1]]).error
    assert tab.evaluate("JSON.parse(chainrule.record()).values.E") == pytest.approx(float(error))
    tab.evaluate("chainrule.open('function')")
    assert tab.locator(".field rect").count() == 3 * 3


REACHED = """() => {
  const [box, picture] = [".stage-box", ".stage"].map((one) => document.querySelector(one));
  const letters = [...picture.querySelectorAll("text")].filter((one) => one.textContent && one.checkVisibility());
  const scale = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
  const [wide, tall] = [box.scrollWidth - picture.clientWidth, box.scrollHeight - picture.clientHeight];
  const sizes = letters.map((one) => parseFloat(getComputedStyle(one).fontSize) * scale);
  return [Math.min(...sizes), wide, tall, document.documentElement.scrollWidth];
}"""


@pytest.mark.parametrize("name", ["lstm", "deep", "two goals"])
def test_on_a_telephone_letters_can_be_read_and_the_picture_is_moved_to_what_is_selected(opened, name):
    tab = opened(problem(**ROOMY[name]))
    before = tab.viewport_size
    tab.set_viewport_size({"width": 360, "height": 640})
    try:
        drawn(tab)
        smallest, wide, tall, page = tab.evaluate(REACHED)
        assert smallest > 8.5
        assert (wide, tall, page) == (0, 0, 360)  # all of the picture is in its box, which is moved, and not the page
        last = tab.evaluate("chainrule.content.stage.outputs.flat().at(-1)")
        tab.evaluate(f"chainrule.select({last})")
        drawn(tab)
        unit, box = (tab.locator(one).bounding_box() for one in (f".stage .unit[data-e='{last}'] .disc", ".stage-box"))
        assert box["x"] <= unit["x"]
        assert unit["x"] + unit["width"] <= box["x"] + box["width"]
    finally:
        tab.set_viewport_size(before)


LISTED = {
    "lstm": (described(cr.sequence(3, 1), cr.lstm(2), cr.dense(1)), 3),
    "rnn": (described(cr.sequence(5, 1), cr.rnn(2), cr.dense(1)), 5),
    "kernel": ({"source": "4x4x1:c1k2-p2-2", "loss": "cross_entropy_from_logits", "target": "0 1"}, 6),
}


@pytest.mark.parametrize("name", LISTED)
def test_the_forward_pass_of_a_weight_is_where_it_stands(opened, name):
    """In every formula of the list its letter; a gate's weight is in the gate, and one that is used again in each step."""
    options, count = LISTED[name]
    tab = opened(problem(**options))
    weights = tab.evaluate("[...new Set(chainrule.content.stage.edges.map((edge) => edge[2]))].filter((one) => one >= 0)")
    for weight in weights[:6]:
        tab.evaluate(f"chainrule.select({weight})")
        drawn(tab)
        lines = tab.evaluate("[...document.querySelector('#card .lines').children].map((line) => line.innerHTML)")
        assert all(f'data-e="{weight}"' in line for line in lines)
        assert len(lines) == count or weight != weights[0]


def test_each_layer_is_once_among_the_layers(opened):
    tab = opened(problem(**ROOMY["lstm"]))
    tab.evaluate("chainrule.open('layers')")
    assert tab.locator(".view.layers h4").all_text_contents() == [*(f"hidden layer ⟨{step}⟩" for step in (1, 2, 3)), "output layer"]


def test_the_picture_shows_no_dust_where_numbers_cancel(opened):
    """0.1 + 0.2 − 0.3, of which doubles leave 5.6 · 10⁻¹⁷."""
    tab = opened(problem("2-1", bias=False, weights="0.1 0.2", input="1 1", target="0.3", loss="half_squared"))
    assert tab.locator(".stage .error .digits").text_content() == "0"
    tab.evaluate("chainrule.open('graph')")
    assert not [text for text in tab.locator(".view.graph text").all_text_contents() if "⁻" in text]


def test_without_scripts_a_page_says_what_would_show_the_same(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page_file(page_content(problem("2-1", language="de"))), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert "chainrule explain -o DATEI.html" in page.locator("noscript").inner_text()
    context.close()
