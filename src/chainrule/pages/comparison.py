"""What a page trains beside the network itself, as plain data: the rules of other optimisers as programs, and other starts."""

from __future__ import annotations

from typing import Any

from chainrule.base.frozen import replace
from chainrule.explanation.context import Context
from chainrule.formula.expression import Name, order, variable
from chainrule.network.definitions import definitions, find
from chainrule.network.network import Network
from chainrule.network.update import update
from chainrule.pages.program import traced_program
from chainrule.steps.records import json_numbers

STARTS = 2
"""Other starts that are drawn."""


def other_rules(context: Context) -> list[dict[str, Any]]:
    """The rule of every optimiser that works weight by weight, for `w` with the gradient `g`, as a program.

    "states" says under which name the program gives what a state becomes; "options" are the usual ones.
    """
    rules = []
    for name in definitions("optimizer"):
        optimizer = find("optimizer", name)
        if not optimizer.elementwise:  # Muon takes a matrix as a whole
            continue
        whole = update(optimizer, [variable(Name("w"))], [variable(Name("g"))])
        (part,) = whole.parameters
        leaves = {node.key: node for node in order(*whole.roots) if node.primitive.name == "variable"}
        rules.append(
            {
                "name": context.words.called("optimizer", name),
                "options": {letter.key: value for letter, value in whole.options.items()},
                "states": {state.key: after.key for state, after in zip(part.states, part.new_states, strict=True)},
                "own": name == context.step.optimizer.name,
                **traced_program(whole.roots, leaves),
            }
        )
    return rules


def other_starts(context: Context) -> list[dict[str, Any]]:
    """The parameters with which the network would start from other seeds, as its own initialisers draw them."""
    network = context.step.network
    return [_numbers(_drawn_anew(network, network.seed + shift)) for shift in range(1, STARTS + 1)]


def _drawn_anew(network: Network, seed: int) -> Network:
    layers = [replace(layer.without_numbers("W"), frozen=layer.frozen) for layer in network.numbered_layers]
    return network.replaced(layers=layers, seed=seed)


def _numbers(network: Network) -> dict[str, Any]:
    """The parameters, flat, rounded as a person would type them."""
    flat = {key: numbers.astype(float).ravel() for key, numbers in network.parameters.items()}
    return {key: [float(f"{value:.3g}") for value in json_numbers(numbers)] for key, numbers in flat.items()}
