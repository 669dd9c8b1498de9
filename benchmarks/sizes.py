"""What deriving and explaining cost as networks grow, and as more of them is shown; with the memory that they take."""

from __future__ import annotations

import math
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from measure import calls, median, megabytes, milliseconds, processes, seconds, table

from chainrule.api.problems import problem
from chainrule.explanation.explain import explain

NETWORKS = ("2-2-1", "8-8-4", "32-32-10", "128-64-10", "784-128-10", "784-512-512-10")
GROWING = ("2-2-1", "2-4-1", "2-8-1", "2-16-1", "2-32-1", "2-64-1")
LAYERS = {
    "1,000 layers of 3 units": "-".join(["3"] * 1001),
    "20x16:lstm32-10": "20x16:lstm32-10",
    "v20x20:e32-block2-block2-10": "v20x20:e32-block2-block2-10",
    "28x28x1:c32k3-p2-c64k3-10": "28x28x1:c32k3-p2-c64k3-10",
}
MODELS = {"100,000 parameters": (784, 128), "10 million parameters": (5000, 2000)}
WEIGHT = "output.W[1,1]"


def main() -> None:
    rounds = max(3, int(sys.argv[1]) // 3)
    parts = [deriving(rounds), whole_commands(rounds), layers(rounds), explaining(rounds), lines_shown(rounds), models(rounds)]
    print(*filter(None, parts), sep="\n\n")


def deriving(rounds: int) -> str:
    """Forward pass, error and back-propagation as expressions. It knows the sizes as numbers only, so it costs the layers alone."""
    networks = {name: problem(name).network for name in NETWORKS}
    work = {name: lambda network=network: network.replaced(seed=0).derivation for name, network in networks.items()}
    taken = calls(work, rounds)
    rows = [[name, f"{networks[name].size:,}", milliseconds(median(taken[name])), f"{peak(work[name]):.2f} MB"] for name in NETWORKS]
    return table(["deriving", "parameters", "CPU time", "memory"], rows)


def whole_commands(rounds: int) -> str:
    """The command in an overview, simulated learning rates and all, and for one weight, whose explanation is as long everywhere."""
    chainrule = str(Path(sys.executable).with_name("chainrule"))
    asked = {"overview": ["--detail", "overview"], "weight": ["--weight", WEIGHT]}
    commands = {f"{name} {what}": [chainrule, "explain", name, *options] for name in NETWORKS for what, options in asked.items()}
    costs = processes(commands, rounds=min(rounds, 5))
    rows = []
    for name in NETWORKS:
        both = [costs[f"{name} {what}"] for what in asked]
        rows.append([name, *(cell for each in both for cell in (milliseconds(seconds(each)), f"{megabytes(each):.0f} MB"))])
    return table(["`chainrule explain`", "`--detail overview`", "memory", f"`--weight {WEIGHT}`", "memory"], rows)


def layers(rounds: int) -> str:
    """Overviews of many layers and of layers that are more than a product: simulations are held down by the work of a step."""
    chainrule = str(Path(sys.executable).with_name("chainrule"))
    costs = processes({name: [chainrule, "explain", asked] for name, asked in LAYERS.items()}, rounds=min(rounds, 5))
    rows = [[name, milliseconds(seconds(each)), f"{megabytes(each):.0f} MB"] for name, each in costs.items()]
    return table(["`chainrule explain`", "CPU time", "memory"], rows)


def models(rounds: int) -> str:
    """An overview of a person's own PyTorch model, with its export and the comparison with autograd; "" where there is no PyTorch."""
    try:
        import torch
    except ImportError:
        return ""
    import chainrule as cr

    work = {}
    for name, (inputs, hidden) in MODELS.items():
        model = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10))
        x, t = torch.randn(4, inputs), torch.randn(4, 10)
        work[name] = lambda model=model, x=x, t=t: str(cr.explain(model, x, t, loss="mse", detail="overview"))
    taken = calls(work, min(rounds, 3))
    rows = [[name, milliseconds(median(taken[name])), aim] for name, aim in zip(MODELS, ("2 s", "10 s"), strict=True)]
    return table(["`cr.explain(model, x, t)`, overview", "CPU time", "aim"], rows)


def explaining(rounds: int) -> str:
    """From a recorded step to text, without the step itself: what is shown of one weight does not grow, and nor should its cost."""
    steps = {name: first_step(name) for name in NETWORKS}
    work = {name: lambda step=step: str(explain(step, weight=WEIGHT)) for name, step in steps.items()}
    taken = calls(work, rounds)
    rows = [[name, lines(work[name]), milliseconds(median(taken[name])), f"{peak(work[name]):.2f} MB"] for name in NETWORKS]
    return table([f"the step as text, {WEIGHT}", "lines", "CPU time", "memory"], rows)


def lines_shown(rounds: int) -> str:
    """Every matrix of wider and wider networks."""
    steps = {name: first_step(name) for name in GROWING}
    work = {name: lambda step=step: str(explain(step, detail="scalar")) for name, step in steps.items()}
    taken = {name: median(each) for name, each in calls(work, rounds).items()}
    rows = [
        [
            name,
            lines(work[name]),
            milliseconds(taken[name]),
            milliseconds(taken[name] / int(lines(work[name]))),
            f"{peak(work[name]):.2f} MB",
        ]
        for name in GROWING
    ]
    return table(["the step as text, every number", "lines", "CPU time", "a line", "memory"], rows)


def first_step(name: str):
    """The first training step of a network whose numbers are drawn."""
    asked = problem(name)
    step = next(asked.network.steps(asked.x, asked.t, asked.optimizer))
    assert math.isfinite(float(step.error))
    return step


def lines(work: Callable[[], str]) -> str:
    return str(work().count("\n"))


def peak(work: Callable[[], object]) -> float:
    """The most memory that Python's objects take at once, in MB."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


if __name__ == "__main__":
    main()
