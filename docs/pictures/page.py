"""Two pages in a browser, as pictures for the README: of `chainrule explain -o seed.html`, and of `chainrule page -o seed.html`.

Needs Chromium; scripts/pictures runs it.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from chainrule.api.page import page
from chainrule.api.problems import problem

WIDTH, HEIGHT = 1120, 700

TRAINED = "chainrule.change({'learning_rate 0': 0.012}); chainrule.session.train(12); chainrule.session.visit(2); chainrule.render()"
"""The live page in the middle of a training."""


def draw(browser: Browser, page_file: Path, picture: str, first: str = "") -> None:
    """A page as a picture; first: what happens before."""
    tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5)
    tab.add_init_script("localStorage.setItem('chainrule tour', '1')")
    tab.goto(page_file.as_uri())
    tab.evaluate("document.fonts.ready.then(() => true)")
    if first:
        tab.evaluate(first)
        tab.wait_for_timeout(500)
    shot = Image.open(io.BytesIO(tab.screenshot()))
    few = shot.convert("RGB").quantize(200, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)  # half of the bytes, and nobody sees it
    few.save(Path(__file__).with_name(picture), optimize=True)
    tab.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        seed, live = Path(folder) / "seed.html", Path(folder) / "live.html"
        problem("seed").explain().save(seed)
        page(problem("seed"), live)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        draw(browser, seed, "page.png")
        draw(browser, live, "live.png", TRAINED)
        browser.close()


if __name__ == "__main__":
    main()
