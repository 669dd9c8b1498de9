"""Activations: h = f(z), written once; their derivatives follow from the table of primitives.

z : any shape    h : the same shape    All but softmax work element by element.
"""

from __future__ import annotations

import math
from typing import Literal

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.network.registration import activation

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


@activation(also=("linear", "purelin", "none"))
def identity(z: Expression) -> Expression:
    """f(z) = z; any number."""
    return z


@activation(gives="probabilities", also=("logistic", "logsig", "expit", "σ"))
def sigmoid(z: Expression) -> Expression:
    """f(z) = σ(z) = 1 / (1 + e⁻ᶻ), the logistic function; between 0 and 1.

    Source: Verhulst (1845); in networks Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors.
    """
    return p.sigmoid(z)


@activation(gives="signs", also=("tansig", "hyperbolic_tangent"))
def tanh(z: Expression) -> Expression:
    """f(z) = tanh z, the hyperbolic tangent; between −1 and 1.

    Source: LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, section 4.4.
    """
    return p.tanh(z)


@activation(start="he_normal", also=("rectifier", "rectified_linear"))
def relu(z: Expression) -> Expression:
    """f(z) = max(0, z); from 0 upward. The derivative at 0 is taken as 0.

    Source: Nair & Hinton (2010), Rectified linear units improve restricted Boltzmann machines.
    """
    return p.relu(z)


@activation(start="he_normal", also=("lrelu",), spelled={"negative_slope": "slope", "alpha": "slope"})
def leaky_relu(z: Expression, *, slope: float = 0.01) -> Expression:
    """f(z) = z where z > 0, otherwise slope · z; any number.

    Source: Maas, Hannun & Ng (2013), Rectifier nonlinearities improve neural network acoustic models.
    """
    return p.select(z > 0, z, slope * z)


@activation(start="he_normal")
def elu(z: Expression, *, alpha: float = 1.0) -> Expression:
    """f(z) = z where z > 0, otherwise α (eᶻ − 1); above −α.

    Source: Clevert, Unterthiner & Hochreiter (2016), Fast and accurate deep network learning by exponential linear units.
    """
    return p.select(z > 0, z, alpha * p.expm1(z))


@activation(start="lecun_normal")
def selu(z: Expression) -> Expression:
    """f(z) = λ z where z > 0, otherwise λ α (eᶻ − 1), with λ ≈ 1.0507 and α ≈ 1.6733; above −λα ≈ −1.7581.

    Source: Klambauer, Unterthiner, Mayr & Hochreiter (2017), Self-normalizing neural networks, eq. 2.
    """
    return SELU_SCALE * p.select(z > 0, z, SELU_ALPHA * p.expm1(z))


@activation
def gelu(z: Expression, *, approximate: Literal["none", "tanh"] = "none") -> Expression:
    """f(z) = z Φ(z) = ½ z (1 + erf(z / √2)); above −0.17.

    approximate = "tanh": ½ z (1 + tanh u) = z σ(2u), u = √(2/π) (z + 0.044715 z³), which differs by less than 0.0005.
    Source: Hendrycks & Gimpel (2016), Gaussian error linear units.
    """
    if approximate == "tanh":
        return z * p.sigmoid(2 * p.sqrt(p.divide(2, math.pi)) * (z + 0.044715 * z**3))  # 1 + tanh u would cancel
    return p.HALF * z * p.erf1p(z / p.sqrt(2))


@activation(also=("swish",))
def silu(z: Expression) -> Expression:
    """f(z) = z σ(z), also called swish; above −0.28.

    Source: Elfwing, Uchibe & Doya (2018), Sigmoid-weighted linear units for neural network function approximation.
    """
    return z * p.sigmoid(z)


@activation
def softplus(z: Expression) -> Expression:
    """f(z) = ln(1 + eᶻ), a smooth ReLU; above 0.

    Source: Dugas, Bengio, Bélisle, Nadeau & Garcia (2001), Incorporating second-order functional knowledge.
    """
    return p.softplus(z)


@activation(gives="signs")
def softsign(z: Expression) -> Expression:
    """f(z) = z / (1 + |z|); between −1 and 1.

    Source: Turian, Bergstra & Bengio (2009), Quadratic features and deep architectures for chunking.
    """
    return z / (1 + abs(z))


@activation(gives="distribution")
def softmax(z: Expression) -> Expression:
    """f(z)ᵢ = e^zᵢ / Σⱼ e^zⱼ over the units of the layer (the last axis); between 0 and 1, adding up to 1 per example.

    Source: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs.
    """
    return p.softmax(z, axis=len(z.shape) - 1)


@activation(gives="probabilities")
def hard_sigmoid(z: Expression) -> Expression:
    """f(z) = max(0, min(1, z/6 + ½)); from 0 to 1.

    Source: Courbariaux, Bengio & David (2015), BinaryConnect; with the slope 1/6 of Howard et al. (2019).
    """
    return p.maximum(0, p.minimum(1, z / 6 + p.HALF))


@activation(gives="signs")
def hard_tanh(z: Expression) -> Expression:
    """f(z) = max(−1, min(1, z)); from −1 to 1.

    Source: Collobert (2004), Large scale machine learning.
    """
    return p.maximum(-1, p.minimum(1, z))


@activation
def hard_swish(z: Expression) -> Expression:
    """f(z) = z max(0, min(1, z/6 + ½)); from −3/8 upward.

    Source: Howard et al. (2019), Searching for MobileNetV3, section 5.2.
    """
    return z * p.maximum(0, p.minimum(1, z / 6 + p.HALF))


@activation(start="he_normal")
def relu6(z: Expression) -> Expression:
    """f(z) = max(0, min(6, z)); from 0 to 6.

    Source: Krizhevsky (2010), Convolutional deep belief networks on CIFAR-10.
    """
    return p.maximum(0, p.minimum(6, z))
