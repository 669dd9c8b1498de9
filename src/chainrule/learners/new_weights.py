"""New weights that a program returns under other names than those of the old ones: told from its numbers.

What such an array has more than a parameter, the program has computed itself: of W − η ∂E/∂W it is η ∂E/∂W. No gradient has that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.gradients import flat_arrays
from chainrule.learners.parameters import Parameters
from chainrule.learners.recognition import SeenValues
from chainrule.learners.stored import Stored, leaves


def kept_arrays(roots: Mapping[str, Any], places: Parameters) -> dict[str, Array]:
    """The parameters by their paths, as the program has written them."""
    known = {leaf.path for _, leaf in places.named()}
    return {leaf.path: leaf.get() for leaf in leaves(dict(roots)) if leaf.path in known}


def new_weights(before: Mapping[str, Array], places: Parameters, named: Mapping[str, Any], seen: SeenValues) -> dict[str, str]:
    """Which of the arrays that a call gave under other names are parameters after a step: the paths of both.

    before  the parameters before the call, by their paths
    named   what the call gave
    seen    what was computed meanwhile

    A net input is a bias and something computed, too: biases are looked for only beside a new W, and first where something is taken off.
    """
    found = dict[str, str]()
    own = {_root(path) for path in before}
    items = [one for name, value in named.items() if name not in own for one in flat_arrays(name, value)]
    matrices = {leaf.path for leaf in places.weights}
    for path in sorted(before, key=lambda path: path not in matrices):
        if _root(path) in named or not (found or path in matrices):
            continue
        for there, item, sign in [*((*one, -1) for one in items), *((*one, 1) for one in reversed(items))]:
            if there not in found.values() and _moved(before[path], item, seen, sign):
                found[path] = there
                break
    return found


def put_new_weights(roots: dict[str, Any], renewed: Mapping[str, str], named: Mapping[str, Any]) -> None:
    """They take the place of the old ones."""
    if renewed:
        items = {path: item for name, value in named.items() for path, item in flat_arrays(name, value)}
        for leaf in list(_at(roots, renewed)):
            if renewed[leaf.path] in items and leaf.slot is not None:
                leaf.slot.put(items[renewed[leaf.path]])


def without_new_weights(named: Mapping[str, Any], renewed: Mapping[str, str]) -> dict[str, Any]:
    """What a call gave but for those: among which its gradients may be."""
    taken = {name for path in renewed.values() for name in (path, _root(path))}
    return {name: value for name, value in named.items() if name not in taken}


def _at(roots: dict[str, Any], paths: Mapping[str, str]) -> Iterator[Stored]:
    return (leaf for leaf in leaves(roots) if leaf.path in paths)


def _root(path: str) -> str:
    return path.partition("[")[0]


def _moved(old: Array, item: Any, seen: SeenValues, sign: int) -> bool:
    """Is an array a parameter, perhaps one that decays a little, and something that the program has computed, added or taken off?"""
    new = np.asarray(item, dtype=float)
    if not new.any() or (sign > 0 and new.shape != old.shape):  # a gradient of zeros is W less W
        return False
    for base in (old, *(value for _, value in seen.kept if _decayed(old, value))):
        try:
            step = new - base
        except ValueError:  # the shapes do not fit
            return False
        if step.shape == new.shape and step.any() and seen.find(step, 1e-6, signs=(sign,)) is not None:
            return True
    return False


def _decayed(old: Array, value: Array) -> bool:
    """Is it (1 − ηλ) W? Of one number that cannot be told."""
    if value.shape != old.shape or old.size < 2 or not old.any():
        return False
    share = float(np.vdot(value, old) / np.vdot(old, old))
    return 0.5 < share < 1 and np.allclose(value, share * old, rtol=1e-9, atol=0)
