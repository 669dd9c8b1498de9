"""Optimisers: the update rule of one weight, an expression like any other.

w is the weight, g = ∂E/∂w, further operands are states that start at zero, k is the number of the step, counted from 1.
The rule gives the new w, and after it the new states in the order of the operands.
`let(name, value)` gives a quantity inside a rule a name of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, Name, Operand, named
from chainrule.network.definitions import Rate, Share, checked_name, optimizer

WITH_MOMENTUM = "Gradient descent with momentum is the optimiser momentum, or nesterov, as momentum:momentum=0.9."
WITH_DECAY = "Weight decay is a regulariser, l2 with its rate; or the optimiser adamw with its decay."
AVERAGED = (
    "Here v ← μ v + g, with μ = momentum, as momentum:momentum=0.9. Where a course has v ← β v + (1 − β) g, "
    "momentum = β with learning_rate · (1 − β) takes the same steps."
)
RATE_OR_MOMENTUM = "It may be the learning_rate or the momentum."
RATE_OR_DECAY = "It may be the learning_rate or the decay."
BOTH_BETAS = "They are two: beta1 is that of m, and beta2 that of v."
"""What is to be known about names of options that mean something else here, or one of two things."""


def let(name: str, expression: Expression) -> Expression:
    """Give a quantity inside a rule a name of its own, under which explanations show it: Adam's m̂ is called m_hat.

    Raises DescriptionError where something else has that name, or a program could not have it.
    """
    return named(Name(checked_name(name)), expression)


@optimizer(
    largest_rate=1.0,
    also=("gd", "gradient_descent", "stochastic_gradient_descent"),
    spelled={"alpha": "learning_rate", "momentum": WITH_MOMENTUM, "nesterov": WITH_MOMENTUM, "weight_decay": WITH_DECAY},
)
def sgd(w: Expression, g: Expression, *, learning_rate: Rate = 0.05) -> Expression:
    """Gradient descent: w ← w − η g.

    Source: Cauchy (1847), Méthode générale pour la résolution des systèmes d'équations simultanées.
    """
    return w - learning_rate * g


@optimizer(
    largest_rate=1.0,
    also=("sgd_momentum", "momentum_sgd", "heavy_ball"),
    spelled={"mu": "momentum", "μ": "momentum", "beta": AVERAGED, "gamma": "momentum", "alpha": RATE_OR_MOMENTUM},
)
def momentum(w: Expression, g: Expression, v: Expression, *, learning_rate: Rate = 0.05, momentum: Share = 0.9) -> tuple[Expression, ...]:
    """Gradient descent with momentum: v ← μ v + g, w ← w − η v.

    Source: Polyak (1964); in the form of Sutskever et al. (2013), eq. 1, with the rate outside the velocity.
    """
    v = momentum * v + g
    return w - learning_rate * v, v


@optimizer(
    largest_rate=1.0,
    also=("nag", "nesterov_momentum", "nesterov_accelerated_gradient"),
    spelled={"mu": "momentum", "μ": "momentum", "beta": "momentum", "gamma": "momentum", "alpha": RATE_OR_MOMENTUM},
)
def nesterov(w: Expression, g: Expression, v: Expression, *, learning_rate: Rate = 0.05, momentum: Share = 0.9) -> tuple[Expression, ...]:
    """Nesterov's momentum: v ← μ v + g, w ← w − η (g + μ v).

    Source: Nesterov (1983); in the form of Sutskever et al. (2013), eq. 3 and 4, with the rate outside the velocity.
    """
    v = momentum * v + g
    return w - learning_rate * (g + momentum * v), v


@optimizer(largest_rate=0.5)
def adagrad(w: Expression, g: Expression, s: Expression, *, learning_rate: Rate = 0.01, epsilon: float = 1e-10) -> tuple[Expression, ...]:
    """Steps shrink with the squares seen so far: s ← s + g², w ← w − η g / (√s + ε).

    Source: Duchi, Hazan & Singer (2011), Adaptive subgradient methods for online learning and stochastic optimization.
    """
    s = s + g**2
    return w - learning_rate * g / (p.sqrt(s) + epsilon), s


@optimizer(spelled={"rho": "decay", "ρ": "decay", "beta": "decay", "gamma": "decay", "alpha": RATE_OR_DECAY})
def rmsprop(
    w: Expression, g: Expression, s: Expression, *, learning_rate: Rate = 0.01, decay: Share = 0.99, epsilon: float = 1e-8
) -> tuple[Expression, ...]:
    """Steps shrink with the squares seen lately: s ← ρ s + (1 − ρ) g², w ← w − η g / (√s + ε), with ρ = decay.

    Source: Tieleman & Hinton (2012), Neural networks for machine learning, lecture 6.5.
    """
    s = decay * s + (1 - decay) * g**2
    return w - learning_rate * g / (p.sqrt(s) + epsilon), s


@optimizer(spelled={"alpha": "learning_rate", "beta": BOTH_BETAS, "betas": BOTH_BETAS, "weight_decay": WITH_DECAY})
def adam(
    w: Expression,
    g: Expression,
    m: Expression,
    v: Expression,
    k: Expression,
    *,
    learning_rate: Rate = 0.001,
    beta1: Share = 0.9,
    beta2: Share = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Expression, ...]:
    """Adam: m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − η m̂ / (√v̂ + ε).

    m̂ = m / (1 − β₁ᵏ) and v̂ = v / (1 − β₂ᵏ) make up for the start at zero; k is the number of the step, from 1.
    Source: Kingma & Ba (2015), Adam: a method for stochastic optimization, algorithm 1.
    """
    direction, m, v = _adam_direction(g, m, v, k, beta1, beta2, epsilon)
    return w - learning_rate * direction, m, v


@optimizer(spelled={"alpha": "learning_rate", "weight_decay": "decay", "beta": BOTH_BETAS, "betas": BOTH_BETAS})
def adamw(
    w: Expression,
    g: Expression,
    m: Expression,
    v: Expression,
    k: Expression,
    *,
    learning_rate: Rate = 0.001,
    beta1: Share = 0.9,
    beta2: Share = 0.999,
    epsilon: float = 1e-8,
    decay: Share = 0.01,
) -> tuple[Expression, ...]:
    """Adam with decoupled weight decay: w ← w − η λ w − η m̂ / (√v̂ + ε), with λ = decay; m, v, m̂, v̂ as in Adam.

    Source: Loshchilov & Hutter (2019), Decoupled weight decay regularization, algorithm 2.
    """
    direction, m, v = _adam_direction(g, m, v, k, beta1, beta2, epsilon)
    return w - learning_rate * decay * w - learning_rate * direction, m, v


def _adam_direction(
    g: Expression, m: Expression, v: Expression, k: Expression, beta1: Operand, beta2: Operand, epsilon: Operand
) -> tuple[Expression, Expression, Expression]:
    """m̂ / (√v̂ + ε), and the new moments m and v."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = let("m_hat", m / (1 - beta1**k))
    v_hat = let("v_hat", v / (1 - beta2**k))
    return m_hat / (p.sqrt(v_hat) + epsilon), m, v


# Clipping: what may be done to a gradient before any of these rules sees it.


def clip_value(g: Expression, limit: Operand) -> Expression:
    """Each element of a gradient kept between −limit and limit: max(−c, min(c, g)).

    Source: Mikolov (2012), Statistical language models based on neural networks.
    """
    return p.maximum(-limit, p.minimum(limit, g))


def clip_norm(g: Expression, norm: Expression, limit: Operand) -> Expression:
    """A gradient made shorter, in its own direction, where the norm of all gradients is above a limit: g · min(1, c / ‖g‖).

    Written as g · c / max(‖g‖, c), which is the same and never divides by zero. `norm` comes from `global_norm`.
    Source: Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks, algorithm 1.
    """
    return g * (limit / p.maximum(norm, limit))


def global_norm(gradients: Sequence[Expression]) -> Expression:
    """‖g‖ = √(Σ g²), the sum over every element of every gradient: one number for the whole network."""
    squares = [p.total(g**2, axes=tuple(range(len(g.shape)))) if g.shape else g**2 for g in gradients]
    return p.sqrt(sum(squares[1:], squares[0]))
