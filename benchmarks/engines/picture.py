"""The picture: what a step costs against parameters, batch and depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from processes import FLOOR, KINDS, OURS
from workloads import GROWTH

TITLES = {"parameters": "parameters (n-n-n-10, batch 64)", "batch": "batch (784-128-10)", "depth": "hidden layers (64 wide, batch 32)"}
COLOURS = {
    OURS: "#0072b2",
    FLOOR: "#999999",
    "jax_scan": "#d55e00",
    "jax_step": "#e69f00",
    "written": "#009e73",
    "torch_eager": "#cc79a7",
    "scikit_learn": "#56b4e9",
}


def draw(growth: dict[str, Any], path: Path) -> None:
    """Three panels, both axes by powers of ten."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "chainrule", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
    for panel, (name, workloads) in zip(panels, GROWTH.items(), strict=True):
        sizes = {w.name: {"parameters": w.parameters, "batch": w.batch, "depth": len(w.sizes) - 2}[name] for w in workloads}
        for kind, colour in COLOURS.items():
            points = [
                (size, 1e6 * growth[f"{name}:{key}"]["seconds"][kind])
                for key, size in sizes.items()
                if kind in growth.get(f"{name}:{key}", {}).get("seconds", {})
            ]
            if points:
                style = (
                    {"linewidth": 2.4, "marker": "o"}
                    if kind == OURS
                    else {"linewidth": 1.2, "marker": ".", "linestyle": "--" if kind == FLOOR else "-"}
                )
                label = "the products at the peak" if kind == FLOOR else KINDS[kind].name.strip("*")
                panel.loglog(*zip(*points, strict=True), color=colour, label=label, **style)
        panel.set_xlabel(TITLES[name])
        if name != "parameters":
            panel.set_xticks(list(sizes.values()), labels=[str(size) for size in sizes.values()])
            panel.minorticks_off()
        panel.grid(alpha=0.25)
    panels[0].set_ylabel("µs a step, one thread")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(labels) // 2), frameon=False)  # in one row it would be cut off
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
