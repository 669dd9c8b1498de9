"""How fast the live page is: milliseconds of work a frame while a weight is dragged, first paint, bytes, and memory; and what it stands.

    python benchmarks/page.py [FRAMES]

In headless Chromium, with the page from disk. Work is what the page's own script takes for a frame, by the browser's clock; the drag is
one of the pointer, an event a frame, on a number in a formula, with the formulas of the selected weight and of the first layer in
sight. What is wanted: less than 8 ms, 60 frames/s, a first paint within a second, and less than 350,000 bytes for the seed. Each measure
is followed by its ratio to what is wanted. The best tenth of the frames says what the page takes where the machine has nothing else
to do; so does the processor's time of a frame, of the script and of all that the browser does for it (style, layout, painting), which
other programs lengthen less than the clock's. Memory is what the page's script keeps, before the drag and after it.

Then ten clients send a server 200 changes a second for a minute, as `pytest -m proof tests/live/test_server.py` tries it: without an
error, and with the memory it has at the beginning. All of it takes two minutes on a machine that has nothing else to do.
"""

import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from chainrule.api.page import page
from chainrule.api.problems import problem

NETWORKS = ("seed", "2-2-1", "4-8-8-3")

WORK, RATE, PAINTED, BYTES = 8.0, 60.0, 1000.0, 350_000
"""What is wanted: milliseconds a frame, frames a second, milliseconds until something is painted, and bytes."""

PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
DRAG = """async (count) => {
    const handle = document.querySelector(".card .number.handle"), box = handle.getBoundingClientRect();
    const at = (type, x) => new PointerEvent(type, { bubbles: true, clientX: box.x + x, clientY: box.y + 4, button: 0 });
    performance.clearMeasures();
    handle.dispatchEvent(at("pointerdown", 2));
    const times = [];
    for (let i = 0; i < count; i++) {
        window.dispatchEvent(at("pointermove", 2 + 120 * Math.abs(((i / 30) % 2) - 1)));
        times.push(await new Promise((done) => requestAnimationFrame(done)));
    }
    window.dispatchEvent(at("pointerup", 2));
    return [performance.getEntriesByName("render").map((entry) => entry.duration), times];
}"""


def processor_time(browsing):
    """Seconds of the processor that scripts have taken, and all of the page's main thread."""
    found = {metric["name"]: metric["value"] for metric in browsing.send("Performance.getMetrics")["metrics"]}
    return found["ScriptDuration"], found["TaskDuration"]


def kept(browsing):
    """Megabytes that scripts keep, without what nobody asks for any more."""
    browsing.send("HeapProfiler.collectGarbage")
    return browsing.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def measured(browser, name, frames):
    """Work a frame (median, best tenth), processor's time of it (script, all), frames a second, paint, bytes, memory (before, after)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        page(problem(None if name == "seed" else name), path)
        context = browser.new_context(viewport={"width": 1280, "height": 1700})
        context.add_init_script("localStorage.setItem('chainrule tour', '1')")
        tab = context.new_page()
        tab.goto("about:blank")  # whose process paints the page
        tab.goto(path.as_uri())
        tab.wait_for_timeout(1500)
        paint = tab.evaluate(PAINT)
        browsing = context.new_cdp_session(tab)
        browsing.send("Performance.enable", {"timeDomain": "threadTicks"})
        tab.evaluate(DRAG, 30)  # what is made once is made
        memory, before = kept(browsing), processor_time(browsing)
        work, times = tab.evaluate(DRAG, frames)
        spent = [1000 * (now - then) / frames for then, now in zip(before, processor_time(browsing), strict=True)]
        size, memory = path.stat().st_size, (memory, kept(browsing))
        context.close()
    gaps = [b - a for a, b in itertools.pairwise(times)]
    return statistics.median(work), sorted(work)[len(work) // 10], *spent, 1000 / statistics.median(gaps), paint, size, memory


def main():
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        head = (
            ("work/frame", 18),
            ("best tenth", 18),
            ("script", 9),
            ("all", 9),
            ("frames/s", 15),
            ("paint", 15),
            ("bytes", 16),
            ("memory", 17),
        )
        print(f"{'network':<10}", *(f"{title:>{width}}" for title, width in head))
        for name in NETWORKS:
            work, best, script, whole, rate, paint, size, memory = measured(browser, name, frames)
            print(
                f"{name:<10} {work:>8.2f} ms ({work / WORK:.2f}) "
                f"{best:>8.2f} ms ({best / WORK:.2f}) {script:>6.2f} ms {whole:>6.2f} ms {rate:>8.1f} ({rate / RATE:.2f}) "
                f"{paint:>5.0f} ms ({paint / PAINTED:.2f}) {size:>9,} ({size / BYTES:.2f}) "
                f"{memory[0]:>5.1f} → {memory[1]:.1f} MB"
            )
        browser.close()
    begun = time.monotonic()
    clients = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "proof",
        "tests/live/test_server.py",
        "-k",
        "ten_clients",
    ]
    failed = subprocess.run(clients, cwd=Path(__file__).parent.parent, stdout=subprocess.DEVNULL, check=False).returncode
    print(f"ten clients: {'failed' if failed else 'no error, flat memory'}, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
