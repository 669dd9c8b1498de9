"""Schedules: a learning rate that changes, as a formula of the number of the step.

k is the number of the step, and the first step is k = 1. Each gives the rate η(k) with which step k is taken.
"""

from __future__ import annotations

import math
from fractions import Fraction

from chainrule.base.errors import DescriptionError
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, ExpressionLike, as_expression
from chainrule.network.options import Positive, Rate, Share
from chainrule.network.registration import schedule


@schedule
def constant(k: Expression, *, rate: Rate = 0.05) -> Expression:
    """η(k) = rate. The first step is k = 1."""
    return as_expression(rate)


@schedule(also=("step", "step_lr"), spelled={"step_size": "every", "gamma": "factor"})
def step_decay(k: Expression, *, rate: Rate = 0.05, every: Positive = 10, factor: float = 0.5) -> Expression:
    """η(k) = rate · factor^⌊(k − 1) / every⌋: multiplied by `factor` after every so many steps. The first step is k = 1."""
    return rate * factor ** p.floor((k - 1) / every)


@schedule(also=("exponential_decay", "exponential_lr"), spelled={"gamma": "factor"})
def exponential(k: Expression, *, rate: Rate = 0.05, factor: float = 0.99) -> Expression:
    """η(k) = rate · factor^(k − 1): multiplied by `factor` at every step. The first step is k = 1."""
    return rate * factor ** (k - 1)


@schedule(also=("cosine_annealing",), spelled={"t_max": "steps", "eta_min": "floor"})
def cosine(k: Expression, *, rate: Rate = 0.05, steps: Positive = 100, floor: float = 0.0) -> Expression:
    """η(k) = floor + ½ (rate − floor) (1 + cos(π (k − 1) / steps)): half a wave from `rate` at k = 1 to `floor` at k = steps + 1.

    After that it rises again, as the wave goes on.
    Source: Loshchilov & Hutter (2017), SGDR: stochastic gradient descent with warm restarts, eq. 5.
    """
    return _wave(rate, floor, (k - 1) / steps)


@schedule(also=("linear_warmup",))
def warmup(k: Expression, *, rate: Rate = 0.05, steps: Positive = 10) -> Expression:
    """η(k) = rate · min(1, k / steps): a line from rate / steps at k = 1 to `rate` at k = steps, and then `rate`.

    Source: Goyal et al. (2017), Accurate, large minibatch SGD: training ImageNet in 1 hour, section 2.2.
    """
    return rate * p.minimum(1, k / steps)


@schedule
def one_cycle(
    k: Expression,
    *,
    rate: Rate = 0.05,
    steps: Positive = 100,
    rise: Share = 0.3,
    start_divisor: Positive = 25.0,
    end_divisor: Positive = 1e4,
) -> Expression:
    """Half a wave from rate / start_divisor up to `rate`, then half a wave down to rate / (start_divisor · end_divisor).

    With the last step of the rise r = rise · steps − 1 and the start s = rate / start_divisor, the first step being k = 1:
    η(k) = rate + ½ (s − rate) (1 + cos(π (k − 1) / r)) while k − 1 ≤ r, and afterwards
    η(k) = s / end_divisor + ½ (rate − s / end_divisor) (1 + cos(π · min(1, (k − 1 − r) / (steps − 1 − r)))).

    Raises DescriptionError unless 1 < rise · steps < steps.
    Source: Smith & Topin (2018), Super-convergence: very fast training of neural networks using large learning rates.
    """
    if _is_number(steps, rise) and not 1 < rise * steps < steps:
        raise DescriptionError(f"one_cycle needs more than one step to rise and some to fall: rise · steps = {rise * steps:g} of {steps}.")
    top, start = rise * steps - 1, rate / start_divisor
    up = _wave(start, rate, (k - 1) / top)
    down = _wave(rate, start / end_divisor, p.minimum(1, (k - 1 - top) / (steps - 1 - top)))
    return p.select(k - 1 > top, down, up)


def _wave(start: ExpressionLike, end: ExpressionLike, progress: Expression) -> Expression:
    """Half a cosine wave from start (progress 0) to end (progress 1)."""
    half = float((Fraction(str(start)) - Fraction(str(end))) / 2) if _is_number(start, end) else (start - end) / 2  # 0.045, without dust
    return end + half * (1 + p.cos(math.pi * progress))


def _is_number(*options: ExpressionLike) -> bool:
    """True unless an option is a letter, as in an explanation."""
    return not any(isinstance(option, Expression) for option in options)
