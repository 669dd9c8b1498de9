"""The served page in a browser: the network is changed in it, and a person's table is learned, watched and looked into."""

from __future__ import annotations

import re
import time

import pytest
from tests.browsing import drawn, new_tab, violations
from tests.pages.test_live import explained, shown
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.live.architecture import changed

pytest.importorskip("starlette")

TABLE = "a,b,kind\n" + "\n".join(f"{a / 7:.3f},{b / 5:.3f},{'yes' if a > b else 'no'}" for a in range(-4, 4) for b in range(-3, 3))
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"


@pytest.fixture
def connections():
    """The connections that the page has opened."""
    return []


@pytest.fixture
def tab(browser, served, connections):
    """A page of its own; what it says to the console, and asks of others, has to be nothing."""
    said: list[str] = []
    tab = new_tab(browser, said, allowed=(served.origin,), accept_downloads=True)
    tab.on("websocket", lambda connection: connections.insert(0, connection))
    tab.goto(served.address)
    tab.locator(".stage .error").wait_for()
    yield tab
    tab.context.close()
    assert said == []


def sizes(tab, text: str) -> None:
    """Wait until the network has these sizes."""
    tab.locator(".bench summary", has_text=text).wait_for()
    drawn(tab)


def opens(tab, name: str, content: str) -> None:
    """A person opens a file."""
    tab.locator(".bench input[type=file]").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content.encode()})


def test_units_are_added_and_every_formula_reads_as_explain_prints_it(tab):
    tab.get_by_role("button", name="Layer 1: Units: one more").click()
    sizes(tab, "2-3-1")
    tab.get_by_label("Layer 1: Activation").select_option("tanh")
    tab.locator("#view-formulas", has_text="tanh").wait_for()
    drawn(tab)
    wanted = changed(changed(problem(), {"units": 3, "layer": 0}), {"activation": "tanh", "layer": 0})
    content = tab.evaluate("chainrule.content")
    assert shown(tab, ".view.formulas .chapter:not(:last-child)") == explained(wanted.step(), content)


def test_numbers_that_a_person_gave_stay_through_other_units_letters_and_languages_and_undo_brings_all_back(tab):
    tab.evaluate("chainrule.change({'W1 0': 0.5, 'learning_rate 0': 0.01})")
    tab.get_by_role("button", name="Layer 1: Units: one more").click()
    sizes(tab, "2-3-1")
    tab.locator(".edge-number .value", has_text="0.5").first.wait_for()
    assert tab.locator(".knob-digits").text_content() == "0.01"
    tab.get_by_role("button", name="Train 20 steps").click()
    tab.locator(".phase", has_text="before step 21").wait_for()
    tab.get_by_label("Language").select_option("de")
    tab.locator("html[lang=de]").wait_for()
    tab.locator(".phase", has_text="vor Schritt 21").wait_for()
    tab.get_by_label("Buchstaben").select_option("ng")
    tab.locator(".knob i", has_text="α").wait_for()
    tab.get_by_role("button", name="Rückgängig").click()  # the training
    tab.locator(".phase", has_text="vor Schritt 1").wait_for()
    tab.get_by_role("button", name="Rückgängig").click()  # the unit
    sizes(tab, "2-2-1")
    tab.get_by_role("button", name="Undo").click()  # the numbers
    tab.locator(".edge-number .value", has_text="0.21").wait_for()
    tab.get_by_role("button", name="Redo").click()
    tab.get_by_role("button", name="Redo").click()
    sizes(tab, "2-3-1")


def test_a_page_that_is_loaded_again_stands_where_it_stood(tab, connections):
    tab.get_by_role("button", name="Put in a layer before Layer 2").click()
    sizes(tab, "2-2-2-1")
    with connections[0].expect_event("framereceived", lambda text: re.fullmatch(r'\{"id":\d+\}', text)):  # Python was told
        tab.evaluate("chainrule.change({'W1 0': -0.125})")
    tab.reload()
    tab.locator(".edge-number .value", has_text="−0.125").first.wait_for()
    sizes(tab, "2-2-2-1")


def test_what_is_refused_is_said_and_nothing_changes(tab):
    opens(tab, "d.toml", "inputs = 2\n[[layers]]\nunits = 1000000000\n")
    tab.locator(".toast", has_text="10,000,000").wait_for()
    opens(tab, f"{HOSTILE[:60]}.csv", "a,b\n1,x\n")
    tab.locator(".toast.shown").wait_for()
    assert "2-2-1" in tab.locator(".bench summary").text_content()


def test_a_persons_table_is_trained_watched_and_looked_into(tab):
    opens(tab, "<b>mine.csv", TABLE.replace("kind", HOSTILE.replace('"', "'").replace(",", "")))
    tab.locator(".training summary b", has_text="<b>mine.csv").wait_for()
    assert "<script>alert(1)</script>" in tab.locator(".training .decided").text_content()
    assert (tab.locator("img").count(), tab.locator(".training b").count()) == (0, 1)
    tab.get_by_label("Epochs").fill("30")
    tab.get_by_role("button", name="Train on all rows").click()
    tab.get_by_role("button", name="Train once more").wait_for()
    assert "Epoch 30 of 30" in tab.locator(".training-said").text_content()
    assert "accuracy" in tab.locator(".training-lines").text_content()
    assert len(tab.locator(".training-curve .curve").first.get_attribute("d")) > 100
    tab.get_by_label("Step", exact=True).first.fill("57")
    tab.get_by_role("button", name="Open this step").click()
    tab.locator(".phase", has_text="before step 57").wait_for()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save the model").click()
    assert download.value.suggested_filename == "model.safetensors"
    assert download.value.path().stat().st_size > 1000


def test_a_training_is_stopped(tab, monkeypatch):
    def waiting(watch, report, measure):
        while not watch.going.stopping:
            time.sleep(0.01)
        watch.going.training.stop()

    monkeypatch.setattr("chainrule.live.runs._Watch.epoch", waiting)
    opens(tab, "t.csv", TABLE)
    tab.get_by_role("button", name="Train on all rows").click()
    tab.get_by_role("button", name="Stop").click()
    tab.get_by_role("button", name="Train once more").wait_for()
    assert "Interrupted" in tab.locator(".training-lines").text_content()


def test_another_activation_begins_anew_with_the_same_weights(tab):
    tab.get_by_role("button", name="Train", exact=True).click()
    tab.locator(".phase", has_text="before step 2").wait_for()
    weight = tab.evaluate("JSON.parse(chainrule.record()).parameters.before.W1[0][0]")
    tab.get_by_label("Layer 1: Activation").select_option("tanh")
    tab.locator("#view-formulas", has_text="tanh").wait_for()
    tab.get_by_label("Layer 1: Activation").select_option("sigmoid")
    tab.locator("#view-formulas", has_text="σ").wait_for()
    assert "before step 1" in tab.locator(".phase").text_content()
    assert tab.evaluate("chainrule.session.steps.length") == 1
    assert tab.evaluate("JSON.parse(chainrule.record()).parameters.before.W1[0][0]") == weight
    tab.get_by_role("button", name="Undo").click()
    tab.locator("#view-formulas", has_text="tanh").wait_for()


def test_a_file_is_dropped_on_the_page(tab):
    transfer = tab.evaluate_handle(
        "(text) => { const it = new DataTransfer(); it.items.add(new File([text], 'a.csv')); return it; }", TABLE
    )
    tab.dispatch_event("#page", "dragover", {"dataTransfer": transfer})
    tab.dispatch_event("#page", "drop", {"dataTransfer": transfer})
    tab.locator(".training summary b", has_text="a.csv").wait_for()


def test_a_description_is_saved_as_the_command_line_reads_it(tab, tmp_path):
    tab.evaluate("chainrule.change({'W1 0': 0.75})")
    drawn(tab)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as a description").click()
    download.value.save_as(tmp_path / "network.toml")
    assert problem(tmp_path / "network.toml").network.weights[0] == 0.75


def test_everything_is_done_by_keyboard_alone(tab):
    tab.locator("[data-key='units 0 1']").focus()
    tab.keyboard.press("Enter")
    sizes(tab, "2-3-1")
    assert tab.evaluate("document.activeElement.dataset.key") == "units 0 1"
    tab.keyboard.press("Enter")
    sizes(tab, "2-4-1")


@pytest.mark.parametrize(("width", "scheme"), some([(360, "dark"), (1280, "light"), (900, "dark")], lambda case: case[0] == 360))
def test_axe_finds_nothing_and_nothing_sticks_out(tab, width, scheme):
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": 900})
    tab.evaluate("document.querySelector('.bench details').open = true")
    opens(tab, "t.csv", TABLE)
    tab.locator(".training summary b").wait_for()
    tab.get_by_label("Epochs").fill("5")
    tab.get_by_role("button", name="Train on all rows").click()
    tab.get_by_role("button", name="Open this step").wait_for()
    drawn(tab)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(tab, ".bench, .training") == []


def test_the_page_goes_on_when_python_is_gone(browser):
    uvicorn = pytest.importorskip("uvicorn")
    import threading

    from chainrule.live import server as live
    from chainrule.live.session import PageSession

    sockets = [live.listening(0)]
    port = sockets[0].getsockname()[1]
    running = uvicorn.Server(live.configured(live.application(lambda: PageSession(problem()), token="token", port=port)))
    thread = threading.Thread(target=running.run, args=(sockets,), daemon=True)
    thread.start()
    tab = new_tab(browser, [], allowed=("http:",))
    tab.goto(f"http://127.0.0.1:{port}/?token=token")
    tab.locator(".stage .error").wait_for()
    running.should_exit = True
    thread.join(30)
    tab.locator(".lost", has_text=re.compile("Python does not answer")).wait_for()
    tab.evaluate("chainrule.change({'W1 0': 0.5})")
    tab.locator(".edge-number .value", has_text="0.5").first.wait_for()
    tab.context.close()
