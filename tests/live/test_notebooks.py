"""The widget in the notebooks that people have: what is dragged arrives in Python, and what Python assigns arrives in the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("anywidget")
pytestmark = pytest.mark.proof

MAKE = """import chainrule as cr
problem = cr.problem_from(cr.example("seed"))
live = cr.Live(problem)
live"""
SET = """live.weights = [1, 0.56, 0.19, 0.02, 0.23, 0.16]
print("E is", live.step.error)"""
GET = """print("weights", live.weights, "E", live.step.error)"""
MARIMO = """import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    import chainrule as cr
    live = mo.ui.anywidget(cr.Live(cr.problem_from(cr.example("seed"))))
    live
    return live, mo

@app.cell
def _(live, mo):
    live.value
    mo.md(f"weights {live.widget.weights} E {live.widget.step.error}")
    return

if __name__ == "__main__":
    app.run()
"""

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}

PATIENCE = 90_000
"""Milliseconds, for what starts kernels on busy machines."""


def address_of(process: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
    """What a server says about where it is."""
    while process.poll() is None:
        if found := re.search(pattern, log.read_text("utf-8", "replace")):
            return found[0]
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    raise AssertionError(f"the server ended before it said where it is: {log.read_text('utf-8', 'replace')}")


@pytest.fixture
def started(tmp_path):
    """Starts a server in a folder of its own, and ends it."""
    running = []

    def start(*command: str, pattern: str) -> str:
        environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
        environment |= {"XDG_CONFIG_HOME": str(tmp_path / "config"), "MARIMO_SKIP_UPDATE_CHECK": "1"}
        log = tmp_path / "server.log"
        with log.open("wb") as said:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        running.append(process)
        return address_of(process, log, pattern)

    yield start
    for process in running:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def opened(browser, address):
    """A tab that waits as long as kernels take."""
    tab = browser.new_page(viewport={"width": 1300, "height": 1000}, reduced_motion="reduce")
    tab.set_default_timeout(PATIENCE)
    tab.goto(address)
    return tab


def typed(frame, weight: str, value: str) -> None:
    """Another number for a weight, by a double click in the picture."""
    frame.locator(".edge-number", has_text=weight).first.dblclick()
    frame.locator("input.typing").fill(value)
    frame.locator("input.typing").press("Enter")


def test_jupyterlab(browser, started, tmp_path):
    pytest.importorskip("jupyterlab")
    import nbformat

    cells = [nbformat.v4.new_code_cell(source) for source in (MAKE, SET, GET)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), tmp_path / "live.ipynb")
    address = started(
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--port=0", "--IdentityProvider.token=chainrule",
        f"--ServerApp.root_dir={tmp_path}", "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        pattern=r"http://127\.0\.0\.1:\d+/lab",
    )  # fmt: skip
    tab = opened(browser, f"{address}/tree/live.ipynb?token=chainrule")
    tab.locator(".jp-Notebook .jp-Cell .cm-content").nth(2).wait_for()
    tab.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()  # what is run before is lost
    tab.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    tab.keyboard.press("Shift+Enter")
    frame = tab.frame_locator(".jp-OutputArea iframe[sandbox]")
    error = frame.locator(".stage .error .digits")
    error.filter(has_text="1.596").wait_for()
    tab.keyboard.press("Shift+Enter")
    error.filter(has_text="0.05538").wait_for()  # Python has assigned weights
    typed(frame, "w2", "0.25")
    error.filter(has_text="0.05538").wait_for(state="detached")
    tab.locator(".jp-Notebook .jp-Cell .cm-content").nth(2).click()
    tab.keyboard.press("Shift+Enter")
    said = tab.locator(".jp-OutputArea-output", has_text="weights [1.0, 0.25, 0.19").text_content()
    assert f"{float(said.split('E')[-1]):.4g}" == error.text_content()
    tab.context.close()


def test_marimo(browser, started, tmp_path):
    pytest.importorskip("marimo")
    program = tmp_path / "live.py"
    program.write_text(MARIMO, encoding="utf-8")
    address = started(
        sys.executable,
        "-m",
        "marimo",
        "run",
        str(program),
        "--headless",
        "--no-token",
        "--port",
        "0",
        pattern=r"http://(127\.0\.0\.1|localhost):\d+",
    )
    tab = opened(browser, address)
    frame = tab.frame_locator("iframe[sandbox]")
    frame.locator(".stage .error .digits", has_text="1.596").wait_for()
    typed(frame, "w2", "0.25")
    tab.get_by_text(re.compile(r"weights \[0\.21, 0\.25")).wait_for()
    tab.context.close()
