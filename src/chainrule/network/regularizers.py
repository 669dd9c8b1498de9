"""Regularisers: what the error pays for large weights. W may have any shape; the penalty is one number, added to the error once."""

from __future__ import annotations

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.network.options import NotNegative, Rate
from chainrule.network.registration import regularizer


@regularizer(also=("lasso",))
def l1(W: Expression, *, rate: Rate = 0.01) -> Expression:
    """λ Σ |w| over all weights of W, with λ = rate; its derivative by w is λ · sign w.

    Source: Tibshirani (1996), Regression shrinkage and selection via the lasso.
    """
    return rate * _sum(abs(W))


@regularizer(also=("weight_decay",), meant={"ridge": "½ λ Σ w², with λ = rate; λ Σ w² is twice the rate"})
def l2(W: Expression, *, rate: Rate = 0.01) -> Expression:
    """½ λ Σ w² over all weights of W, with λ = rate; because of the ½, its derivative by w is λ w.

    Gradient descent then shrinks every weight by η λ w a step (weight decay λ).
    Source: Krogh & Hertz (1991), A simple weight decay can improve generalization.
    """
    return p.HALF * rate * _sum(W**2)


@regularizer
def elastic_net(W: Expression, *, l1: NotNegative = 0.01, l2: NotNegative = 0.01) -> Expression:
    """λ₁ Σ |w| + ½ λ₂ Σ w² over all weights of W, with λ₁ = l1 and λ₂ = l2.

    Source: Zou & Hastie (2005), Regularization and variable selection via the elastic net.
    """
    return l1 * _sum(abs(W)) + p.HALF * l2 * _sum(W**2)


def _sum(x: Expression) -> Expression:
    return p.total(x, axes=tuple(range(len(x.shape))))
