"""Training as machine code beside what people would otherwise take: `python benchmarks/run.py engines`, in the environment of the peers.

First everyone is checked to compute the same thing: the weights after some steps, against plain NumPy in float64. Then they take turns,
A B C A B C …; times are medians over the rounds, ratios the medians of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from bounds import bounds, bounds_table
from compiling import compiling, compiling_table
from lives import digits, starts
from measure import median, ratio
from picture import draw
from processes import FLOOR, JAX_BY_HAND, KINDS, OURS, SIDE_BY_SIDE, Peer
from run import ROOT, processor, write
from tables import aims_table, growth_table, jax_table, lives_table, times_table
from workloads import GROWTH, WORKLOADS

KEPT = ROOT / ".benchmarks" / "engines.json"
PICTURE = ROOT / "docs" / "engines.svg"
PARTS = ("bounds", "steps", "growth", "compiling", "starts", "digits", "jax")

TWO_THREADS = ("W2/32/sgd", "W3/32/adam", "W3/128/sgd", "W3/128/adam", "W4/256/sgd", "W4/256/adam", "W5/32/sgd", "W6/1024/predict")
GROWING = (OURS, FLOOR, "jax_scan", "jax_step", "written", "torch_eager", "scikit_learn")
"""The workloads that two threads are measured on; the peers that growth is measured with."""


def parsed_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run.py engines", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="W3,W4/256/adam", help="these workloads, by the beginnings of their keys")
    parser.add_argument("--peers", default="", metavar="A,B", help=f"these peers: {', '.join(KINDS)}")
    parser.add_argument("--parts", default=",".join(PARTS), metavar="P,Q", help=f"of {', '.join(PARTS)} (with --only: steps, or jax)")
    parser.add_argument("--threads", default="1,2", metavar="1,2", help="how many threads (default: one, then two)")
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="rounds (default: 7)")
    parser.add_argument("--seconds", type=float, default=0.2, metavar="S", help="what a measurement should take (default: 0.2)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: for one thread on a machine that others use too")
    parser.add_argument("--processor", choices=("avx2",), help="keep everyone to what processors with AVX2 and no more have")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.05 s, without the slowest peers")
    parser.add_argument("--write", action="store_true", help="put tables and picture into docs")
    options = parser.parse_args(words)
    options.only = [name for name in options.only.split(",") if name]
    options.peers = [name for name in options.peers.split(",") if name] or [
        kind for kind in (*KINDS, *SIDE_BY_SIDE) if not options.quick or kind not in ("torch_compile", "keras_jax", "micrograd_")
    ]
    options.parts = ["steps"] if options.only and options.parts != "jax" else options.parts.split(",")
    options.threads = [int(number) for number in options.threads.split(",")]
    if options.quick:
        options.repeat, options.seconds = 3, 0.05
    options.rounds = options.repeat
    if options.processor:
        os.environ["BENCHMARK_PROCESSOR"] = options.processor
    whole = options.parts == ["jax"] or set(options.parts) == set(PARTS)
    if options.write and (options.only or options.processor or not whole or options.threads != [1, 2]):
        parser.error("--write puts all of it into docs, or --parts jax; leave --only, --threads and --processor out")
    for what, given, known in (("peer", options.peers, {**KINDS, **SIDE_BY_SIDE}), ("part", options.parts, PARTS)):
        if unknown := set(given) - set(known):
            parser.error(f"there is no {what} called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    options.chosen = [w for w in WORKLOADS if not options.only or any(w.key.startswith(name) for name in options.only)]
    if not options.chosen:
        parser.error(f"no workload begins with {', '.join(options.only)}; there are {', '.join(w.key for w in WORKLOADS)}")
    return options


class Measurement:
    """Seconds a step of every peer on a workload, round by round; `faults` says of the others why not."""

    def __init__(self, peers: Sequence[Peer], key: str, options: argparse.Namespace) -> None:
        self.faults: dict[str, str] = {}
        self.times: dict[str, list[float]] = {}
        steps: dict[str, int] = {}
        for peer in peers:
            if fault := peer.ready(key):
                self.faults[peer.kind] = fault
                continue
            trial = peer.ask(do="time", steps=1)  # compiles, warms
            trial = trial if "error" in trial or trial["seconds"] > 5 else peer.ask(do="time", steps=1)
            if "error" in trial:
                self.faults[peer.kind] = trial["error"]
                continue
            each = max(trial["seconds"] / trial["steps"], 1e-9)
            steps[peer.kind], self.times[peer.kind] = max(1, int(options.seconds / each)), []
        taking = [peer for peer in peers if peer.kind in steps]
        for number in range(options.repeat):
            for peer in taking[number % len(taking) :] + taking[: number % len(taking)] if taking else []:
                answer = peer.ask(do="time", steps=steps[peer.kind])
                if "error" in answer:
                    self.faults[peer.kind] = answer["error"]
                else:
                    self.times[peer.kind].append(answer["seconds" if options.clock == "wall" else "cpu"] / answer["steps"])
        self.times = {kind: times for kind, times in self.times.items() if len(times) == options.repeat}

    def plain(self) -> dict[str, Any]:
        """As plain data: medians, ratios to ours or to JAX by hand, faults."""
        ours, by_hand = self.times.get(OURS), self.times.get(JAX_BY_HAND)
        return {
            "seconds": {kind: median(times) for kind, times in self.times.items()},
            "ratios": {kind: ratio(times, ours) for kind, times in self.times.items()} if ours else {},
            "times": {kind: ratio(times, by_hand) for kind, times in self.times.items()} if by_hand else {},
            "faults": self.faults,
        }


def measured(options: argparse.Namespace, keys: Sequence[str], kinds: Sequence[str], threads: int, found: dict[str, Any]) -> dict[str, str]:
    """Fills `found` with each workload's measurement; returns the versions of the peers that could be started."""
    peers = [Peer(kind, threads) for kind in kinds if kind in options.peers and (threads == 1 or kind not in KINDS or KINDS[kind].threads)]
    for peer in peers:
        if peer.fault:
            print(f"left out: {peer.kind}: {peer.fault}", file=sys.stderr)
    usable = [peer for peer in peers if not peer.fault]
    try:
        for key in keys:
            started = time.perf_counter()
            found[key] = Measurement(usable, key, options).plain()
            told = ", ".join(f"{kind} {1e6 * seconds:.4g}" for kind, seconds in found[key]["seconds"].items())
            print(f"{key}, {threads} thread{'s' * (threads > 1)}: {told} µs ({time.perf_counter() - started:.0f} s)", file=sys.stderr)
            for kind, fault in found[key]["faults"].items():
                print(f"    {kind}: {fault}", file=sys.stderr)
    finally:
        for peer in peers:
            peer.end()
    return {peer.kind: peer.version for peer in usable}


def main() -> None:
    options = parsed_options()
    found: dict[str, Any] = {"versions": {}, **{part: {} for part in PARTS}}
    if "bounds" in options.parts:
        found["bounds"] = {str(threads): bounds(threads) for threads in options.threads}
    if "steps" in options.parts:
        for threads in options.threads:
            keys = [w.key for w in options.chosen if threads == 1 or options.only or w.key in TWO_THREADS]
            found["versions"] |= measured(options, keys, list(KINDS), threads, found["steps"].setdefault(str(threads), {}))
    if "growth" in options.parts:
        options.repeat = min(options.repeat, 3)
        measured(options, [f"{kind}:{w.name}" for kind in GROWTH for w in GROWTH[kind]], GROWING, 1, found["growth"])
    if "compiling" in options.parts:
        found["compiling"] = compiling(1 if options.quick else 3)
    if "starts" in options.parts:
        found["starts"] = starts([kind for kind in options.peers if kind in KINDS and kind != FLOOR], 1 if options.quick else 3)
    if "digits" in options.parts:
        found["digits"] = digits(
            [kind for kind in options.peers if kind in KINDS and kind not in (FLOOR, "seed", "micrograd_")], 1 if options.quick else 3
        )
    if "jax" in options.parts:
        for threads in options.threads:
            keys = [w.key for w in options.chosen if w.only == "train"]
            found["versions"] |= measured(options, keys, list(SIDE_BY_SIDE), threads, found["jax"].setdefault(str(threads), {}))
    found["about"] = about(found["versions"], options)
    if not options.only and set(options.parts) != {"jax"}:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(found, indent=1), encoding="utf-8")
    texts = {"engines": page(found)} if set(options.parts) != {"jax"} else {}
    if found["jax"]:
        texts["jax"] = f"{found['about']}\n\n{jax_table(found['jax'])}"
    print("\n\n".join(texts.values()))
    if options.write:
        if found["growth"]:
            draw(found["growth"], PICTURE)
        for part, text in texts.items():
            write(part, text)


def about(versions: dict[str, str], options: argparse.Namespace) -> str:
    """The machine and the versions."""
    told = dict.fromkeys(part.strip() for version in versions.values() for part in version.split(",") if "notebook" not in part)
    machine = f"{processor()}, {platform.system()}; {', '.join([f'Python {platform.python_version()}', *told])}"
    return f"{machine}; medians of {options.rounds} rounds, {options.clock} time."


def page(found: dict[str, Any]) -> str:
    """What stands in the docs."""
    parts = [found["about"]]
    if found["bounds"]:
        parts.append(bounds_table(found["bounds"]))
    for threads, steps in found["steps"].items():
        parts += [f"Microseconds a step, {'one thread' if threads == '1' else f'{threads} threads'}:", times_table(steps)]
    if found["steps"]:
        parts += ["Side by side, round by round:", aims_table(found)]
    if found["growth"]:
        parts += ["![What a step costs as networks and batches grow](engines.svg)", growth_table(found["growth"])]
    if found["compiling"]:
        parts += [
            "What compiling costs before the first step, and what takes its place where it was done before:",
            compiling_table(found["compiling"]),
        ]
    for name, title in (
        ("starts", "From the start of a process to the first trained epoch, and the largest memory:"),
        ("digits", "From the start of a process to 97 % of the test rows of `data:digits` right:"),
    ):
        if found[name]:
            parts += [title, lives_table(found[name])]
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
