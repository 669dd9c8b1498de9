"""Optimisers: the update rule of one weight, an expression like any other.

w is the weight, g = ∂E/∂w, further operands are states that start at zero, k is the number of the step, counted from 1.
The rule gives the new w, and after it the new states in the order of the operands.
`let(name, value)` gives a quantity inside a rule a name of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, ExpressionLike, Name, as_expression, named
from chainrule.network.definitions import checked_name
from chainrule.network.options import NotNegative, Positive, Rate, Share
from chainrule.network.registration import optimizer

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

OF_MOMENTUM = {"mu": "momentum", "μ": "momentum"}
OF_DECAY = {"rho": "decay", "ρ": "decay", "beta": "decay", "gamma": "decay", "alpha": RATE_OR_DECAY}
OF_ADAM = {"alpha": "learning_rate", "beta": BOTH_BETAS, "betas": BOTH_BETAS}
"""What courses and libraries call the options of an optimiser of this family."""


def let(name: str, expression: Expression, *, time: int | None = None) -> Expression:
    """Give a quantity inside a rule a name of its own, under which explanations show it: Adam's m̂ is called m_hat.

    time  which value of it this is, where it has several one after another: X⟨2⟩

    Raises DescriptionError where something else has that name, or a program could not have it.
    """
    return named(Name(checked_name(name), time=time), expression)


def averaged(old: Expression, new: Expression, share: ExpressionLike) -> Expression:
    """A mean over the steps in which older values count ever less: β · old + (1 − β) · new, with β = share."""
    return share * old + (1 - share) * new


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
    spelled={**OF_MOMENTUM, "beta": AVERAGED, "gamma": "momentum", "alpha": RATE_OR_MOMENTUM},
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
    spelled={**OF_MOMENTUM, "beta": "momentum", "gamma": "momentum", "alpha": RATE_OR_MOMENTUM},
)
def nesterov(w: Expression, g: Expression, v: Expression, *, learning_rate: Rate = 0.05, momentum: Share = 0.9) -> tuple[Expression, ...]:
    """Nesterov's momentum: v ← μ v + g, w ← w − η (g + μ v).

    Source: Nesterov (1983); in the form of Sutskever et al. (2013), eq. 3 and 4, with the rate outside the velocity.
    """
    v = momentum * v + g
    return w - learning_rate * (g + momentum * v), v


@optimizer(largest_rate=0.5)
def adagrad(
    w: Expression, g: Expression, s: Expression, *, learning_rate: Rate = 0.01, epsilon: NotNegative = 1e-10
) -> tuple[Expression, ...]:
    """Steps shrink with the squares seen so far: s ← s + g², w ← w − η g / (√s + ε).

    Source: Duchi, Hazan & Singer (2011), Adaptive subgradient methods for online learning and stochastic optimization.
    """
    s = s + g**2
    return w - learning_rate * g / (p.sqrt(s) + epsilon), s


@optimizer(spelled=OF_DECAY)
def rmsprop(
    w: Expression, g: Expression, s: Expression, *, learning_rate: Rate = 0.01, decay: Share = 0.99, epsilon: NotNegative = 1e-8
) -> tuple[Expression, ...]:
    """Steps shrink with the squares seen lately: s ← ρ s + (1 − ρ) g², w ← w − η g / (√s + ε), with ρ = decay.

    Source: Tieleman & Hinton (2012), Neural networks for machine learning, lecture 6.5.
    """
    s = averaged(s, g**2, decay)
    return w - learning_rate * g / (p.sqrt(s) + epsilon), s


@optimizer(spelled={**OF_ADAM, "weight_decay": WITH_DECAY})
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
    epsilon: NotNegative = 1e-8,
) -> tuple[Expression, ...]:
    """Adam: m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − η m̂ / (√v̂ + ε).

    m̂ = m / (1 − β₁ᵏ) and v̂ = v / (1 − β₂ᵏ) make up for the start at zero; k is the number of the step, from 1.
    Source: Kingma & Ba (2015), Adam: a method for stochastic optimization, algorithm 1.
    """
    direction, m, v = _adam_direction(g, m, v, k, beta1, beta2, epsilon)
    return w - learning_rate * direction, m, v


@optimizer(spelled={**OF_ADAM, "weight_decay": "decay"})
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
    epsilon: NotNegative = 1e-8,
    decay: Share = 0.01,
) -> tuple[Expression, ...]:
    """Adam with decoupled weight decay: w ← w − η λ w − η m̂ / (√v̂ + ε), with λ = decay; m, v, m̂, v̂ as in Adam.

    Source: Loshchilov & Hutter (2019), Decoupled weight decay regularization, algorithm 2.
    """
    direction, m, v = _adam_direction(g, m, v, k, beta1, beta2, epsilon)
    return w - learning_rate * decay * w - learning_rate * direction, m, v


def _adam_direction(
    g: Expression, m: Expression, v: Expression, k: Expression, beta1: ExpressionLike, beta2: ExpressionLike, epsilon: ExpressionLike
) -> tuple[Expression, Expression, Expression]:
    """m̂ / (√v̂ + ε), and the new moments m and v."""
    m = averaged(m, g, beta1)
    v = averaged(v, g**2, beta2)
    m_hat = let("m_hat", m / (1 - beta1**k))
    v_hat = let("v_hat", v / (1 - beta2**k))
    return m_hat / (p.sqrt(v_hat) + epsilon), m, v


@optimizer(spelled={**OF_ADAM, "weight_decay": WITH_DECAY, "psi": "momentum_decay"})
def nadam(
    w: Expression,
    g: Expression,
    m: Expression,
    v: Expression,
    s: Expression,
    k: Expression,
    *,
    learning_rate: Rate = 0.002,
    beta1: Share = 0.9,
    beta2: Share = 0.999,
    epsilon: NotNegative = 1e-8,
    momentum_decay: NotNegative = 0.004,
) -> tuple[Expression, ...]:
    """Adam that looks ahead, as Nesterov's momentum does: w ← w − η m̂ / (√v̂ + ε), m̂ = μ′ m / (1 − μ′ ∏μ) + (1 − μ) g / (1 − ∏μ).

    m, v and v̂ as in Adam. Momentum grows with the steps, μ = β₁ (1 − ½ · 0.96^(ψ k)) with ψ = momentum_decay; μ′ is that of step k + 1,
    ∏μ the product of those up to step k. The state s is 1 − ∏μ, which starts at zero: s ← s + (1 − s)(1 − μ).
    Source: Dozat (2016), Incorporating Nesterov momentum into Adam, algorithm 2.
    """
    m = averaged(m, g, beta1)
    v = averaged(v, g**2, beta2)
    now, ahead = (let(name, beta1 * (1 - 0.5 * 0.96 ** (momentum_decay * step))) for name, step in (("mu", k), ("mu_ahead", k + 1)))
    s = s + (1 - s) * (1 - now)
    m_hat = let("m_hat", ahead * m / (1 - ahead * (1 - s)) + (1 - now) * g / s)
    v_hat = let("v_hat", v / (1 - beta2**k))
    return w - learning_rate * m_hat / (p.sqrt(v_hat) + epsilon), m, v, s


@optimizer(spelled={**OF_ADAM, "weight_decay": WITH_DECAY})
def radam(
    w: Expression,
    g: Expression,
    m: Expression,
    v: Expression,
    k: Expression,
    *,
    learning_rate: Rate = 0.001,
    beta1: Share = 0.9,
    beta2: Share = 0.999,
    epsilon: NotNegative = 1e-8,
) -> tuple[Expression, ...]:
    """Adam without v while v rests on too few steps: w ← w − η m̂ where ℓ ≤ 5, otherwise w − η r m̂ √(1 − β₂ᵏ) / (√v + ε).

    m, v and m̂ as in Adam. ℓ = ℓ∞ − 2 k β₂ᵏ / (1 − β₂ᵏ), with ℓ∞ = 2 / (1 − β₂) − 1, says on how many steps v rests, and
    r = √((ℓ − 4)(ℓ − 2) ℓ∞ / ((ℓ∞ − 4)(ℓ∞ − 2) ℓ)) how far it can be relied on; r goes to 1.
    Source: Liu et al. (2020), On the variance of the adaptive learning rate and beyond, algorithm 2, with 5 for 4 as in its program.
    """
    m = averaged(m, g, beta1)
    v = averaged(v, g**2, beta2)
    m_hat = let("m_hat", m / (1 - beta1**k))
    most = let("length_limit", as_expression(2 / (1 - beta2) - 1))
    length = let("length", most - 2 * k * beta2**k / (1 - beta2**k))
    # Where ℓ is at most 5 the root is not used: there it is that of ℓ = 5, and never one of a number below 0.
    steady, at_most = p.maximum(length, 5), p.maximum(most, 5)
    reliance = let("reliance", p.sqrt((steady - 4) * (steady - 2) * at_most / ((at_most - 4) * (at_most - 2) * steady)))
    scaled = reliance * m_hat * p.sqrt(1 - beta2**k) / (p.sqrt(v) + epsilon)
    return w - learning_rate * p.select(length > 5, scaled, m_hat), m, v


@optimizer(spelled={**OF_ADAM, "weight_decay": WITH_DECAY})
def adamax(
    w: Expression,
    g: Expression,
    m: Expression,
    u: Expression,
    k: Expression,
    *,
    learning_rate: Rate = 0.002,
    beta1: Share = 0.9,
    beta2: Share = 0.999,
    epsilon: NotNegative = 1e-8,
) -> tuple[Expression, ...]:
    """Adam with the largest gradient in place of a mean of squares: u ← max(β₂ u, |g| + ε), w ← w − η m̂ / u.

    m and m̂ as in Adam.
    Source: Kingma & Ba (2015), Adam: a method for stochastic optimization, algorithm 2.
    """
    m = averaged(m, g, beta1)
    u = p.maximum(beta2 * u, abs(g) + epsilon)
    return w - learning_rate * let("m_hat", m / (1 - beta1**k)) / u, m, u


@optimizer(largest_rate=2.0, spelled=OF_DECAY)
def adadelta(
    w: Expression,
    g: Expression,
    s: Expression,
    u: Expression,
    *,
    learning_rate: Rate = 1.0,
    decay: Share = 0.9,
    epsilon: NotNegative = 1e-6,
) -> tuple[Expression, ...]:
    """Steps in the unit of w: s ← ρ s + (1 − ρ) g², d = g √(u + ε) / √(s + ε), u ← ρ u + (1 − ρ) d², w ← w − η d.

    ρ = decay. u, a mean of the squares of earlier steps, gives a step the size that earlier ones had; ε lets the first ones begin.
    Source: Zeiler (2012), ADADELTA: an adaptive learning rate method, algorithm 1.
    """
    s = averaged(s, g**2, decay)
    d = let("d", g * p.sqrt(u + epsilon) / p.sqrt(s + epsilon))
    u = averaged(u, d**2, decay)
    return w - learning_rate * d, s, u


@optimizer(spelled={**OF_ADAM, "weight_decay": "decay"})
def lion(
    w: Expression,
    g: Expression,
    m: Expression,
    *,
    learning_rate: Rate = 1e-4,
    beta1: Share = 0.9,
    beta2: Share = 0.99,
    decay: NotNegative = 0.0,
) -> tuple[Expression, ...]:
    """A step of one length in every weight: w ← w − η (sign(β₁ m + (1 − β₁) g) + λ w), m ← β₂ m + (1 − β₂) g, with λ = decay.

    Source: Chen et al. (2023), Symbolic discovery of optimization algorithms, algorithm 2.
    """
    c = let("c", averaged(m, g, beta1))
    return w - learning_rate * (p.sign(c) + decay * w), averaged(m, g, beta2)


NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""a, b, c of X ← a X + (b X Xᵀ + c (X Xᵀ)²) X."""

ROUNDS = 5
"""So many rounds of it."""


@optimizer(spelled={**OF_MOMENTUM, "beta": "momentum", "weight_decay": "decay"})
def muon(
    w: Expression,
    g: Expression,
    m: Expression,
    *,
    learning_rate: Rate = 0.001,
    momentum: Share = 0.95,
    decay: Share = 0.1,
    epsilon: Positive = 1e-7,
) -> tuple[Expression, ...]:
    """Momentum made orthogonal: m ← μ m + (1 − μ) g, w ← w − η λ w − η √max(1, units / inputs) · X⟨5⟩, with λ = decay.

    X⟨0⟩ = c / max(‖c‖, ε), where c = μ m + (1 − μ) g looks ahead, as Nesterov's momentum does; five rounds of the iteration of Newton
    and Schulz, X ← 3.4445 X − 4.775 (X Xᵀ) X + 2.0315 (X Xᵀ)² X, bring its singular values near to 1 (between about 0.7 and 1.2; the
    smallest take more than one step). A parameter of one axis is taken as a matrix of one row, one of more than two as (all others ×
    units).
    Source: Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks; with the decay of torch.optim.Muon.
    """
    m = averaged(m, g, momentum)
    c = let("c", averaged(m, g, momentum))
    rows, columns = math.prod(map(int, w.shape[:-1])), math.prod(map(int, w.shape[-1:]))
    matrix = p.reshape(c, sizes=(rows, columns)) if len(w.shape) > 2 else c
    x = let("X", matrix / _everywhere(p.maximum(p.sqrt(_whole(matrix**2)), epsilon), matrix), time=0)
    for number in range(1, ROUNDS + 1):
        x = let("X", _rounded(x, number), time=number)
    step = p.reshape(x, sizes=w.shape) if len(w.shape) > 2 else x
    stretch = math.sqrt(max(1.0, columns / rows)) if len(w.shape) > 1 else 1.0
    return w - learning_rate * decay * w - learning_rate * stretch * step, m


def _rounded(x: Expression, number: int) -> Expression:
    """One round of Newton and Schulz's iteration: of a matrix with the smaller of X Xᵀ and Xᵀ X, as (X Xᵀ) X = X (Xᵀ X)."""
    linear, cubic, quintic = NEWTON_SCHULZ
    if len(x.shape) < 2:  # a matrix of one row, whose X Xᵀ is one number
        square = let("A", _whole(x**2), time=number)
        return _everywhere(linear + cubic * square + quintic * square**2, x) * x
    wide = int(x.shape[0]) <= int(x.shape[1])
    gram = let("A", x @ p.swapped(x) if wide else p.swapped(x) @ x, time=number)
    polynomial = cubic * gram + quintic * (gram @ gram)
    return linear * x + (polynomial @ x if wide else x @ polynomial)


def _whole(x: Expression) -> Expression:
    """The sum of all elements."""
    return p.total(x, axes=tuple(range(len(x.shape)))) if x.shape else x


def _everywhere(number: Expression, like: Expression) -> Expression:
    """One number in every place of an array."""
    return p.spread(number, axes=tuple(range(len(like.shape))), sizes=like.shape) if like.shape else number


# Clipping: what may be done to a gradient before any of these rules sees it.


def clip_value(g: Expression, limit: ExpressionLike) -> Expression:
    """Each element of a gradient kept between −limit and limit: max(−c, min(c, g)).

    Source: Mikolov (2012), Statistical language models based on neural networks.
    """
    return p.maximum(-limit, p.minimum(limit, g))


def clip_norm(g: Expression, norm: Expression, limit: ExpressionLike) -> Expression:
    """A gradient made shorter, in its own direction, where the norm of all gradients is above a limit: g · min(1, c / ‖g‖).

    Written as g · c / max(‖g‖, c), which is the same and never divides by zero. `norm` comes from `global_norm`.
    Source: Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks, algorithm 1.
    """
    return g * (limit / p.maximum(norm, limit))


def global_norm(gradients: Sequence[Expression]) -> Expression:
    """‖g‖ = √(Σ g²), the sum over every element of every gradient: one number for the whole network."""
    squares = [_whole(g**2) for g in gradients]
    return p.sqrt(sum(squares[1:], squares[0]))
