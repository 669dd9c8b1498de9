"""The page of `chainrule explain -o seed.html` in a browser, as a picture for the README. Needs Chromium; scripts/pictures runs it."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from chainrule.api.problems import problem

WIDTH, HEIGHT = 1120, 700


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "seed.html"
        problem("seed").explain().save(page_file)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5)
        page.goto(page_file.as_uri())
        page.evaluate("document.fonts.ready.then(() => true)")
        shot = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    few = shot.convert("RGB").quantize(200, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)  # half of the bytes, and nobody sees it
    few.save(Path(__file__).with_name("page.png"), optimize=True)


if __name__ == "__main__":
    main()
