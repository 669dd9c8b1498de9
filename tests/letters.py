"""The letters of a network by its sizes."""

from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.notation.conventions import PRESETS, Notation
from chainrule.notation.labels import Labels


def letters_of(sizes: tuple[int, ...], notation: Notation = PRESETS["seed"], batch: int = 1) -> Labels:
    """The labels of a chain of dense layers, each with a net input of its own."""
    inputs, *units = sizes
    return Network(inputs, *(dense(count, "tanh") for count in units)).derivation.labels(notation, batch)
