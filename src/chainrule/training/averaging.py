"""The moving average of a network's parameters over the epochs: small batches make these tremble, and their average trembles less.

Polyak & Juditsky (1992); at the ends of epochs: Izmailov et al. (2018), "Averaging weights leads to wider optima and better
generalization".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.base.arrays import Array

LEAST_SHARE, WHOLE_UNTIL = 0.1, 10
"""How far the average moves towards the parameters after an epoch, at least, as a part of the way; and until which epoch all the way."""


def averaged_share(epoch: int) -> float:
    """How far the average moves after that epoch, from 1: 10/epoch, but not less than 0.1, nor more than 1.

    So it lags about a tenth of the epochs behind the parameters, and never more than nine.

    >>> [averaged_share(epoch) for epoch in (1, 10, 20, 50, 100, 500)]
    [1.0, 1.0, 0.5, 0.2, 0.1, 0.1]
    """
    return min(1.0, max(WHOLE_UNTIL / epoch, LEAST_SHARE))


def evaluated_parameters(before: Sequence[Array], state: Sequence[Array], epoch: int, *, averaged: bool) -> tuple[Array, ...]:
    """The parameters that are evaluated after that epoch, and may be kept: those of the state or, if `averaged`, W̄ + (W − W̄) · share.

    before  those after the epoch before; state: the parameters after this one, and whatever follows them
    """
    share = averaged_share(epoch)
    if not averaged or share == 1:
        return tuple(state[: len(before)])
    return tuple(np.asarray(mean + (array - mean) * share, dtype=mean.dtype) for mean, array in zip(before, state, strict=False))
