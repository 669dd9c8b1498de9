"""The network that fits a table, where no more of it is said than its hidden layers."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.api.settings import setting
from chainrule.base.arrays import python_value
from chainrule.base.errors import InputError, quoted
from chainrule.network.definitions import Bound, DefinitionLike, find
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.preparation.preparation import Preparation

HIDDEN = (32,)
"""Units of the hidden layers where none are said: enough for most tables, and still quick."""

ACTIVATION = "tanh"
"""What they compute where nothing is said."""


def fitting_network(
    preparation: Preparation,
    seed: int,
    hidden: str | int | Sequence[int],
    activation: DefinitionLike,
    loss: DefinitionLike | None,
    regularizer: DefinitionLike | None,
) -> Network:
    """The network that fits a preparation: dense layers, and what its task asks for where nothing else is said. Raises InputError."""
    inner, wanted = find("activation", setting(activation)), find("loss", preparation.loss if loss is None else setting(loss))
    _check_loss(wanted, preparation)
    layers = [dense(units, inner) for units in layer_sizes(hidden)]
    penalty = None if regularizer is None else setting(regularizer)
    output = preparation.output_activation if wanted.definition.targets == "numbers" else wanted.output
    return Network(preparation.inputs, *layers, dense(preparation.outputs, output), loss=wanted, regularizer=penalty, seed=seed)


def layer_sizes(hidden: str | int | Sequence[int]) -> list[int]:
    """Units of the hidden layers. Raises InputError."""
    hidden = python_value(hidden)
    if isinstance(hidden, int):
        return [hidden] if hidden else []
    if not isinstance(hidden, str):
        given: list[int] = python_value([*hidden])
        return given
    sizes = hidden.strip().split("-")
    if not all(size.isdecimal() and len(size) < 12 for size in sizes):
        raise InputError(f"the hidden layers are written as their units with - between, as 16-16, or 0 for none, not {quoted(hidden)}.")
    return [] if sizes == ["0"] else [int(size) for size in sizes]


OF_SEVERAL = {"pairs": "two examples with each other", "steps": "every step of a sequence"}
"""What losses compare whose targets are neither numbers nor the class of an example, by the kind of their targets."""


def check_target_needed(loss: DefinitionLike | None) -> None:
    """For a run without a target: would its loss need one? Raises InputError where it does not, so that no column has to be named."""
    if loss is not None and not (wanted := find("loss", setting(loss))).definition.has_target:
        raise InputError(f"{_without_target(wanted)}; in Python, network.steps(x, optimizer=…) takes its steps.")


def _without_target(loss: Bound) -> str:
    return f"{loss.name} measures no distance from a target, so that a table cannot teach it"


def _check_loss(loss: Bound, preparation: Preparation) -> None:
    """Does the loss fit targets as the table gives them, classes or numbers, and outputs that predict them? Raises InputError."""
    if not loss.definition.measures:
        raise InputError(f"{_without_target(loss)}; {preparation.loss} does.")
    if loss.definition.targets in OF_SEVERAL:
        raise InputError(
            f"{loss.name} compares {OF_SEVERAL[loss.definition.targets]}, which training on a table does not offer; "
            "in Python, network.steps(x, t, optimizer) takes its steps."
        )
    fitting = {"classify": ("numbers", "distribution"), "binary": ("numbers", "probabilities", "signs"), "regress": ("numbers",)}
    if loss.definition.targets not in fitting[preparation.task] or loss.definition.logits:
        raise InputError(f"the loss {loss.name} does not fit this task; {preparation.loss} does.")


def check_losses(network: Network, preparation: Preparation) -> None:
    """The same for every output of a network that is described whole. Raises InputError."""
    goals = [network.goals[name] for name in network.derivation.compared]
    for part, goal in zip(preparation.parts, goals, strict=False):
        _check_loss(goal.loss, part)
        if preparation.task == "mixed" and goal.loss.definition.targets == "signs":
            raise InputError(f"{goal.loss.name} compares signs, for which there must be one target; {part.loss} fits.")
