"""What was measured, as tables in Markdown."""

from __future__ import annotations

from typing import Any

from lives import AGAIN
from measure import table
from processes import FLOOR, KINDS, OUR_JAX, OURS, SIDE_BY_SIDE
from workloads import GROWTH, named

PEERS = [kind for kind in KINDS if kind not in (OURS, FLOOR)]
AIMS = (  # workload, threads, against whom, how many times as fast: least, hoped for
    ("W1/1/sgd", 1, "jax_scan", 2.0, 2.1),
    ("W1/1/sgd", 1, FLOOR, 1 / 1.1, 1.0),
    ("W1/1/sgd", 1, "torch_eager", 1000, 1000),
    ("W2/32/sgd", 1, "jax_scan", 5.4, 6),
    ("W2/32/sgd", 1, FLOOR, 1 / 1.35, 1 / 1.15),
    ("W2/32/adam", 1, "jax_scan", 5.5, 6),
    ("W3/32/sgd", 1, "best", 1.30, 1.4),
    ("W3/32/adam", 1, "best", 1.43, 1.5),
    ("W3/128/sgd", 1, "best", 1.22, 1.3),
    ("W3/128/adam", 1, "best", 1.30, 1.35),
    ("W4/256/sgd", 1, "best", 1.08, 1.12),
    ("W4/256/sgd", 1, FLOOR, 1 / 1.15, 1 / 1.1),
    ("W4/256/adam", 1, "best", 1.12, 1.15),
    ("W5/32/sgd", 1, "best", 1.5, 1.5),
    ("W5/32/adam", 1, "best", 1.5, 1.5),
    ("W6/1/predict", 1, "best", 2, 2),
    ("W6/1024/predict", 1, "best", 1.1, 1.1),
    ("W4/256/adam", 2, "best", 1.12, 1.12),
    ("W4/256/sgd", 2, "best", 1.0, 1.12),
    ("W3/128/sgd", 2, "best", 1.0, 1.0),
    ("W3/128/adam", 2, "best", 1.0, 1.0),
    ("W4/256/sgd", 2, "one thread", 1.8, 1.94),
    ("W4/256/adam", 2, "one thread", 1.8, 1.94),
    ("W3/128/sgd", 2, "one thread", 1.8, 1.8),
    ("W3/128/adam", 2, "one thread", 1.8, 1.8),
    ("W2/32/sgd", 2, "one thread", 1.0, 1.0),
    ("W5/32/sgd", 2, "one thread", 1.0, 1.0),
)


def number(value: float) -> str:
    """Three significant digits, thousands apart."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times_table(steps: dict[str, Any]) -> str:
    """A row a peer, a column a workload: microseconds, and how many times ours."""
    rows = []
    for kind in KINDS:
        cells = []
        for measured in steps.values():
            seconds, times = measured["seconds"].get(kind), measured["ratios"].get(kind)
            share = "" if times is None or kind == OURS else f" ({number(times)})"
            cells.append("–" if seconds is None else f"{number(1e6 * seconds)}{share}")
        if set(cells) != {"–"}:
            rows.append([KINDS[kind].name, *cells])
    return table(["µs a step (÷ chainrule)", *(named(key).label for key in steps)], rows)


def aims_table(found: dict[str, Any]) -> str:
    """How many times as fast as whom, beside what was aimed at."""
    rows = []
    for key, threads, against, least, hoped in AIMS:
        measured = found["steps"].get(str(threads), {}).get(key)
        if not measured or OURS not in measured["seconds"]:
            continue
        ratios = measured["ratios"]
        if against == "one thread":
            alone = found["steps"].get("1", {}).get(key, {}).get("seconds", {}).get(OURS)
            name, reached = "itself with one thread", alone and alone / measured["seconds"][OURS]
        else:
            kind = min((k for k in PEERS if k in ratios), key=ratios.__getitem__, default=None) if against == "best" else against
            if kind is None:
                continue  # nobody else was measured
            name, reached = (f"the best: {KINDS[kind].name}" if against == "best" else KINDS[kind].name), ratios.get(kind)
        if reached:
            verdict = "" if reached >= least else " ✗"
            rows.append(
                [
                    f"{named(key).label}, {threads} thread{'s' * (threads > 1)}",
                    name,
                    f"{number(reached)} ×{verdict}",
                    f"{number(least)} × ({number(hoped)})",
                ]
            )
    return table(["as fast as", "whom", "reached", "aim (hoped for)"], rows)


def jax_table(found: dict[str, dict[str, Any]]) -> str:
    """The engine `jax` beside JAX by hand, by threads and workloads."""
    rows = []
    for threads, steps in found.items():
        for key, measured in steps.items():
            seconds = measured["seconds"]
            if set(SIDE_BY_SIDE) <= set(seconds):
                times = [number(1e6 * seconds[kind]) for kind in SIDE_BY_SIDE]
                rows.append([named(key).label, threads, *times, f"{measured['times'][OUR_JAX]:.2f} ×"])
    return table(["µs a step", "threads", *(kind.name for kind in SIDE_BY_SIDE.values()), "times as long (aim: 1.05 ×)"], rows)


def growth_table(growth: dict[str, Any]) -> str:
    """Microseconds a step as something grows."""
    kinds = [kind for kind in KINDS if any(kind in measured["seconds"] for measured in growth.values())]
    rows = []
    for name, workloads in GROWTH.items():
        for workload in workloads:
            measured = growth.get(f"{name}:{workload.name}")
            if measured:
                about = {
                    "parameters": f"{workload.parameters:,} parameters",
                    "batch": f"batch {workload.batch}",
                    "depth": f"{workload.name} hidden layers",
                }
                cells = [number(1e6 * measured["seconds"][kind]) if kind in measured["seconds"] else "–" for kind in kinds]
                rows.append([about[name], *cells])
    return table(["µs a step, float32", *(KINDS[kind].name for kind in kinds)], rows)


def lives_table(found: dict[str, Any]) -> str:
    """Seconds and megabytes, a row a peer."""
    names = {kind: KINDS[kind].name for kind in KINDS}
    names = {OURS: names[OURS], AGAIN: f"{names[OURS]}, compiled before", **names}
    digits = "digits" in found
    rows = []
    for kind, name in names.items():
        cells = []
        for each in found.values():
            one = each.get(kind)
            cells.append(
                "–"
                if not one
                else f"{one['seconds']:.2f} s, {one['megabytes']:.0f} MB" + (f", {one['epochs']:.0f} epochs" if digits else "")
            )
        if set(cells) != {"–"}:
            rows.append([name, *cells])
    return table(["", *("digits, 64-64-10, Adam, float32" if digits else named(key).label for key in found)], rows)
