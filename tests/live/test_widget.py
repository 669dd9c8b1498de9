"""The widget without a notebook: what is assigned moves the page, and what the page changes is observed."""

from __future__ import annotations

import copy
import json
import pickle
import re
import sys

import numpy as np
import pytest
from tests.browsing import drawn, new_tab

import chainrule as cr

pytest.importorskip("anywidget")


@pytest.fixture
def live():
    """The page of the seed in a cell."""
    network = cr.Network(2, cr.dense(2, bias=False), cr.dense(1, bias=False), loss=cr.half_squared())
    return cr.Live(network.with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.16]), [[8, 12]], [[4]], learning_rate=0.05)


def ask(live, number: int, **message):
    """What a page asks, and what it is answered."""
    live._questions = [{"view": "page", "id": number, "text": json.dumps({"id": number, **message})}]
    return live._answer


def test_what_is_assigned_is_what_the_step_and_the_page_have(live):
    seen = []
    live.observe(lambda change: seen.append((change.name, change.new)), ["weights", "x", "t", "learning_rate"])
    live.weights = [1, 0.56, 0.19, 0.02, 0.23, 0.16]
    live.weights = {"w2": 0.25}
    live.x, live.t, live.learning_rate = np.array([[1.0, 2.0]]), [[3]], 0.125
    assert seen[:2] == [("weights", [1, 0.56, 0.19, 0.02, 0.23, 0.16]), ("weights", [1, 0.25, 0.19, 0.02, 0.23, 0.16])]
    assert seen[2:] == [("x", [[1, 2]]), ("t", [[3]]), ("learning_rate", 0.125)]
    assert live.step.values["x"].tolist() == [[1, 2]]
    assert live.network.weights == live.weights
    assert live._assigned == {"W1": [1, 0.19, 0.25, 0.02], "W2": [0.23, 0.16], "x": [1, 2], "t": [3], "learning_rate": [0.125]}


def test_what_the_page_changes_is_observed_and_not_sent_back(live):
    seen = []
    live.observe(lambda change: seen.append(change.new), "weights")
    live._numbers = {"W1": [1, 2, 3, 4]}
    assert seen == [[1, 3, 2, 4, 0.23, 0.16]]
    assert live._assigned == {}
    live._numbers = {"W1": [1, 2, 3, "NaN"]}
    assert live.weights == [1, 3, 2, 4, 0.23, 0.16]


def test_another_network_of_the_page_or_of_python_is_that_of_every_cell(live):
    answer = ask(live, 1, do="change", change={"units": 3, "layer": 0})
    assert answer["from"] == "page"
    assert live.network.sizes == (2, 3, 1)
    assert len(live.weights) == 9
    assert json.loads(live._begin)["page"]["title"] == answer["answer"]["page"]["title"]
    ask(live, 1, do="change", change={"units": 4, "layer": 0})  # answered already
    assert live.network.sizes == (2, 3, 1)
    live.show(cr.problem("3-2-1", seed=2))
    assert live.network.sizes == (3, 2, 1)
    assert len(live.x[0]) == 3
    assert "1 to 128 units" in ask(live, 2, do="change", change={"units": 999, "layer": 0})["answer"]["error"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("weights", [1, 2], "has 6 weights, but 2 numbers"),
        ("weights", [float("nan")] * 6, "finite"),
        ("x", [[1, 2], [3, 4]], "live.show"),
        ("x", [[1]], "x"),
        ("t", "four", "t"),
        ("learning_rate", True, "learning rate"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(live, name, value, why):
    before = getattr(live, name)
    with pytest.raises(cr.InputError, match=re.escape(why)):
        setattr(live, name, value)
    assert getattr(live, name) == before


def test_where_widgets_are_not_trusted_a_picture_stands_in_words_and_as_png(live):
    data, _ = live._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"].startswith("<Live: <Problem: Network(2, dense(2")
    if "typst" in sys.modules or pytest.importorskip("typst"):
        assert data["image/png"].startswith("iVBORw0KGgo")


@pytest.mark.parametrize(("source", "weights"), [("seed", 6), ("2-3-1", 13), (cr.Network(2, cr.dense(1)), 3)])
def test_whatever_says_a_network_is_shown(source, weights):
    assert len(cr.Live(source).weights) == weights


@pytest.mark.parametrize("copied", [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy])
def test_a_copy_is_a_page_of_its_own(live, copied):
    live.weights = [0.5, 0.56, 0.19, 0.02, 0.23, 0.16]
    again = copied(live)
    assert (again.weights, again.height, repr(again)) == (live.weights, live.height, repr(live))
    again.weights = [0.75, 0.56, 0.19, 0.02, 0.23, 0.16]
    assert live.weights[0] == 0.5


def test_only_networks_and_problems_of_a_size_are_shown():
    with pytest.raises(cr.InputError, match="int is no network"):
        cr.Live(3)
    with pytest.raises(cr.InputError, match="up to 2,500 weights"):
        cr.Live(cr.problem("784-128-10"))


NOTEBOOK = """<!DOCTYPE html><meta charset="utf-8"><body><div id="cell"></div>
<div id="second" style="color: oklch(0.9 0.02 250)"></div><script type="module">
%s;
const values = %s, heard = new Map();
window.values = values;
window.assign = (name, value) => { values[name] = value; for (const one of heard.get(`change:${name}`) ?? []) one(); };
const model = {
    get: (name) => values[name],
    set: (name, value) => window.assign(name, value),
    save_changes: () => undefined,
    on: (event, one) => heard.set(event, [...(heard.get(event) ?? []), one]),
    off: (event, one) => heard.set(event, heard.get(event).filter((other) => other !== one)),
};
window.close_cell = widget.render({ model, el: document.getElementById("cell") });
widget.render({ model, el: document.getElementById("second") });
</script>"""


WEBVIEW = """<!DOCTYPE html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' blob:;
style-src 'unsafe-inline'; img-src https: http: data:; font-src https:; connect-src https:; child-src https: data:">
<body><div id="cell"></div><script type="module">
const values = %s, heard = {};
const model = Object.freeze({
    get: (name) => structuredClone(values[name]),
    set: (name, value) => { values[name] = JSON.parse(JSON.stringify(value)); },
    save_changes: () => { document.body.dataset.numbers = JSON.stringify(values._numbers); },
    on: (event, one) => { (heard[event] ??= []).push(one); },
    off: (event, one) => { heard[event] = (heard[event] ?? []).filter((other) => other !== one); },
    send: () => { throw new Error("no message is sent: some hosts lose them"); },
});
const address = URL.createObjectURL(new Blob([%s], { type: "text/javascript" }));
const { default: widget } = await import(address);
URL.revokeObjectURL(address);
const made = typeof widget === "function" ? await widget() : widget;
const end = await made.render({ model, el: document.getElementById("cell"), experimental: {} });
document.body.dataset.rendered = typeof end;
globalThis.assign = (name, value) => { values[name] = value; for (const one of heard[`change:${name}`] ?? []) one(); };
</script>"""
"""A host as VS Code's notebooks are, at their strictest: it gives the widget the interface of anywidget and no more, loads its module
from a blob, evaluates no text, and lets no frame, font or connection be had but from https.
"""


def test_the_widget_asks_of_its_host_only_what_anywidget_promises(browser, live, tmp_path):
    names = ("_document", "_begin", "_title", "_numbers", "_assigned", "_questions", "_answer", "height")
    values, module = (json.dumps(one).replace("<", "\\u003c") for one in ({name: getattr(live, name) for name in names}, live._esm))
    (tmp_path / "webview.html").write_text(WEBVIEW % (values, module), encoding="utf-8")
    said: list[str] = []
    tab = new_tab(browser, said)
    tab.goto((tmp_path / "webview.html").as_uri())
    frame = tab.frame_locator("#cell iframe")
    frame.locator(".stage .error .digits", has_text="1.596").wait_for()
    frame.locator(".edge-number", has_text="w2").dblclick()
    frame.locator("input.typing").fill("0.25")
    frame.locator("input.typing").press("Enter")
    tab.locator("body[data-numbers*='0.25'][data-rendered=function]").wait_for()
    tab.evaluate("assign('_assigned', {W1: [1, 0.19, 0.5, 0.02], W2: [0.23, 0.16]})")
    frame.locator(".edge-number .value", has_text="0.5").first.wait_for()
    assert [text for text in said if "font" not in text] == []  # of formulas the machine's own is taken
    tab.context.close()


def test_the_bridge_keeps_page_and_values_together_in_two_cells(browser, live, tmp_path):
    names = ("_document", "_begin", "_title", "_numbers", "_assigned", "_questions", "_answer", "height")
    values = json.dumps({name: getattr(live, name) for name in names}).replace("<", "\\u003c")
    bridge = re.sub(r"export\{(\w+) as default\};?", r"const widget = \1", live._esm)
    (tmp_path / "notebook.html").write_text(NOTEBOOK % (bridge, values), encoding="utf-8")
    said: list[str] = []
    tab = new_tab(browser, said, viewport={"width": 1200, "height": 1700})
    tab.goto((tmp_path / "notebook.html").as_uri())
    tab.frame_locator("#cell iframe").locator("html[data-theme=light]").wait_for()
    tab.frame_locator("#second iframe").locator("html[data-theme=dark]").wait_for()  # whose text is light
    first, second = (tab.frame_locator(f"#{cell} iframe") for cell in ("cell", "second"))
    for frame in (first, second):
        frame.locator(".stage .error .digits", has_text="1.596").wait_for()
    first.locator(".edge-number", has_text="w2").dblclick()
    first.locator("input.typing").fill("0.25")
    first.locator("input.typing").press("Enter")
    tab.wait_for_function("() => values._numbers.W1 !== undefined")
    assert tab.evaluate("values._numbers") == {"W1": [0.21, 0.19, 0.25, 0.02]}
    tab.evaluate("assign('_assigned', {W1: [1, 0.19, 0.5, 0.02], W2: [0.23, 0.16]})")
    for frame in (first, second):
        frame.locator(".edge-number .value", has_text="0.5").first.wait_for()
    drawn(tab)
    first.locator(".bench details").evaluate("(details) => { details.open = true; }")  # it is folded where there is little room
    first.get_by_role("button", name="Layer 1: Units: one more").click()
    tab.wait_for_function("() => values._questions.length === 1")
    (question,) = tab.evaluate("values._questions")
    live._numbers = tab.evaluate("values._numbers")
    live._questions = [question]
    answer = live._answer["answer"]
    tab.evaluate("(answer) => assign('_answer', answer)", {"to": question["view"], "answer": {"id": question["id"], **answer}})
    tab.evaluate("(answer) => assign('_answer', answer)", {"from": question["view"], "answer": answer})
    for frame in (first, second):
        frame.locator(".bench summary", has_text="2-3-1").wait_for()
    tab.evaluate("close_cell()")
    assert tab.locator("#cell iframe").count() == 0
    assert said == []
    tab.context.close()
