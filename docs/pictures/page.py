"""Pages in a browser, as pictures for the README: of `chainrule explain -o seed.html`, and of `chainrule page`, also in motion.

Needs Chromium; scripts/pictures runs it.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from chainrule.api.page import page
from chainrule.api.problems import problem

WIDTH, HEIGHT = 1120, 700

MOVING = 1000, 600
"""Of the picture in motion."""

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


def frames(tab: Page) -> Iterator[tuple[Image.Image, int]]:
    """What a person does in half a minute, as pictures with the milliseconds for which each is seen.

    A weight is dragged, the step is walked through, and training is looked back at.
    """

    def seen(milliseconds: int) -> tuple[Image.Image, int]:
        tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return Image.open(io.BytesIO(tab.screenshot())).convert("RGB"), milliseconds

    yield seen(1500)
    box = tab.locator("#card .number.handle").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    for way in (*range(14, 57, 14), *range(42, -43, -14)):
        tab.mouse.move(x + way, y)
        yield seen(220)
    tab.mouse.up()
    yield seen(900)
    tab.evaluate("chainrule.change({'W1 0': 0.21, 'learning_rate 0': 0.012})")
    for _ in range(tab.evaluate("chainrule.content.sequence.length")):
        tab.get_by_role("button", name="Step", exact=True).click()
        yield seen(420)
    tab.evaluate("() => { chainrule.open('curve'); chainrule.session.train(12); chainrule.render(); }")
    yield seen(900)
    for step in range(10, -1, -2):
        tab.evaluate("(at) => { chainrule.session.visit(at); chainrule.render(); }", step)
        yield seen(320)


def move(browser: Browser, page_file: Path, picture: str) -> None:
    """A page in motion: an animated WebP."""
    tab = browser.new_page(viewport={"width": MOVING[0], "height": MOVING[1]}, reduced_motion="reduce")
    tab.add_init_script("localStorage.setItem('chainrule tour', '1')")
    tab.goto(page_file.as_uri())
    tab.evaluate("document.fonts.ready.then(() => true)")
    images, times = zip(*frames(tab), strict=True)
    path = Path(__file__).with_name(picture)
    together = Image.new("RGB", (MOVING[0], MOVING[1] * len(images)))
    for place, image in enumerate(images):
        together.paste(image, (0, place * MOVING[1]))
    few = together.quantize(32, dither=Image.Dither.NONE).convert("RGB")  # half of the bytes of many colours, and letters stay sharp
    first, *others = (few.crop((0, top, MOVING[0], top + MOVING[1])) for top in range(0, few.height, MOVING[1]))
    first.save(path, save_all=True, append_images=others, duration=list(times), loop=0, lossless=True, quality=50, method=4)
    tab.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        seed, live = Path(folder) / "seed.html", Path(folder) / "live.html"
        problem("seed").explain().save(seed)
        page(problem("seed"), live)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        draw(browser, seed, "page.png")
        draw(browser, live, "live.png", TRAINED)
        move(browser, live, "live.webp")
        browser.close()


if __name__ == "__main__":
    main()
