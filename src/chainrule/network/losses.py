"""Losses: how far the prediction y is from the target t.

y, t : (batch, outputs). Most compare element by element and give (batch, outputs), which a network sums over the outputs (or
averages, as its conventions say); the cross-entropies of classes and the KL divergence compare whole rows and give one number per
example, (batch,). A network then takes the mean over the batch, or the sum.
"""

from __future__ import annotations

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, as_expression
from chainrule.network.options import NotNegative, Positive, Share
from chainrule.network.registration import loss

MEAN, SUM = {"outputs": "mean", "batch": "mean"}, {"outputs": "sum", "batch": "sum"}
"""What the names of some losses say about how errors are counted."""

BINARY = "−(t ln y + (1 − t) ln(1 − y)), per output, behind a sigmoid"
CLASSES = "−Σ t ln y over the outputs, behind a softmax"
SMOOTH = "Smooth L1 with β is huber with delta = β, divided by β."


@loss(meant=dict.fromkeys(("l2", "quadratic", "squared_error"), "½ (y − t)², per output"))
def half_squared(y: Expression, t: Expression) -> Expression:
    """ℓ = ½ (y − t)², per output; its derivative is y − t.

    Source: Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors, eq. 3.
    """
    return p.HALF * (y - t) ** 2


@loss(
    also={"mse": MEAN, "mean_squared_error": MEAN, "mse_loss": MEAN, "sse": SUM, "sum_squared_error": SUM, "rss": SUM},
    meant=dict.fromkeys(("l2", "quadratic", "squared_error"), "(y − t)², per output"),
)
def squared(y: Expression, t: Expression) -> Expression:
    """ℓ = (y − t)², per output.

    Source: Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes.
    """
    return (y - t) ** 2


@loss(also={"mae": MEAN, "mean_absolute_error": MEAN, "l1": MEAN, "l1_loss": MEAN, "sae": SUM, "sum_absolute_error": SUM})
def absolute(y: Expression, t: Expression) -> Expression:
    """ℓ = |y − t|, per output. The derivative at y = t is taken as 0.

    Source: Boscovich (1757), De litteraria expeditione per pontificiam ditionem.
    """
    return abs(y - t)


@loss(also={"smooth_l1": MEAN, "smooth_l1_loss": MEAN}, spelled={"beta": SMOOTH})
def huber(y: Expression, t: Expression, *, delta: Positive = 1.0) -> Expression:
    """ℓ = ½ (y − t)² where |y − t| ≤ δ, otherwise δ (|y − t| − δ/2), per output.

    Source: Huber (1964), Robust estimation of a location parameter.
    """
    e = y - t
    return p.select(abs(e) > delta, delta * (abs(e) - delta * p.HALF), p.HALF * e**2)


@loss
def log_cosh(y: Expression, t: Expression) -> Expression:
    """ℓ = ln cosh(y − t), per output; its derivative is tanh(y − t).

    Source: Green (1990), Bayesian reconstructions from emission tomography data using a modified EM algorithm.
    """
    return p.log_cosh(y - t)


@loss(
    output="sigmoid",
    targets="probabilities",
    also={"bce": MEAN, "bce_loss": MEAN, "binary_crossentropy": MEAN},
    meant={"logistic": BINARY, "log_loss": BINARY, "nll": BINARY, "negative_log_likelihood": BINARY},
)
def binary_cross_entropy(y: Expression, t: Expression) -> Expression:
    """ℓ = −(t ln y + (1 − t) ln(1 − y)), per output, of probabilities y between 0 and 1; t from 0 to 1.

    Source: Cox (1958), The regression analysis of binary sequences.
    """
    return -(t * p.log(y) + (1 - t) * p.log(1 - y))


@loss(
    targets="probabilities",
    logits=True,
    also={"bce_with_logits": MEAN, "bce_with_logits_loss": MEAN, "binary_cross_entropy_with_logits": MEAN},
)
def binary_cross_entropy_from_logits(y: Expression, t: Expression) -> Expression:
    """ℓ = softplus(y) − t y = −(t ln σ(y) + (1 − t) ln(1 − σ(y))), per output, of net inputs y; its derivative is σ(y) − t.

    y is any number (the output layer has the activation identity), t from 0 to 1.
    Source: Cox (1958), The regression analysis of binary sequences.
    """
    return p.softplus(y) - t * y


@loss(
    output="softmax",
    targets="distribution",
    also=("ce", "categorical_cross_entropy", "sparse_categorical_cross_entropy", "cross_entropy_loss", "softmax_cross_entropy"),
    meant={"log_loss": CLASSES, "nll": CLASSES, "nll_loss": CLASSES, "negative_log_likelihood": CLASSES},
)
def cross_entropy(y: Expression, t: Expression) -> Expression:
    """ℓ = −Σ t ln y over the outputs, one number per example, of probabilities y above 0; t from 0 to 1.

    Source: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs.
    """
    return -p.total(t * p.log(y), axes=(_last(y),))


@loss(targets="distribution", logits=True, also=("cross_entropy_with_logits", "softmax_cross_entropy_with_logits"))
def cross_entropy_from_logits(y: Expression, t: Expression) -> Expression:
    """ℓ = Σ t · logsumexp(y) − Σ t y = −Σ t ln softmax(y) over the outputs, one number per example, of net inputs y.

    y is any number (the output layer has the activation identity). The derivative is softmax(y) · Σ t − t, and so
    softmax(y) − t where the targets of an example add up to 1.
    Source: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs.
    """
    axis = _last(y)
    return p.total(t, axes=(axis,)) * p.logsumexp(y, axis=axis) - p.total(t * y, axes=(axis,))


@loss(output="softmax", targets="distribution", also=("label_smoothing", "cross_entropy_with_label_smoothing"))
def smoothed_cross_entropy(y: Expression, t: Expression, *, smoothing: Share = 0.1) -> Expression:
    """ℓ = −Σ s ln y over the n outputs, one number per example, with s = (1 − ε) t + ε / n and ε = smoothing.

    No output is pushed towards a probability of 1: with ε > 0 the least ℓ lies where y = s. y above 0, t from 0 to 1.
    Source: Szegedy et al. (2016), Rethinking the inception architecture for computer vision, section 7.
    """
    smooth = (1 - smoothing) * t + as_expression(smoothing) / int(y.shape[-1])
    return -p.total(smooth * p.log(y), axes=(_last(y),))


@loss(output="softmax", targets="steps", also=("masked_cross_entropy", "sequence_loss"))
def sequence_cross_entropy(y: Expression, t: Expression) -> Expression:
    """ℓ = −Σ m t ln y / Σ m over the steps of a sequence and over the classes, one number per example; y above 0, t from 0 to 1.

    y, t : (batch, steps, classes), or (batch, classes) for a single step. The mask comes with the targets, as m = Σ t over the classes
    of a step: 1 where a step counts, and 0 where its targets are all 0. The mean is over the steps that count; an example without any
    has ℓ = 0, and no gradient.
    Source: Bridle (1990), as cross_entropy; masks as in Cho et al. (2014), Learning phrase representations using RNN encoder–decoder.
    """
    last = _last(y)
    mask = p.total(t, axes=(last,))
    counted = p.spread(mask, axes=(last,), sizes=(y.shape[last],)) * t
    steps = tuple(range(1, last))
    per_step = -p.total(counted * p.log(y), axes=(last,))
    if not steps:
        return per_step
    return p.total(per_step, axes=steps) / p.maximum(p.total(mask, axes=steps), 1)


@loss(output="sigmoid", targets="probabilities", also=("focal_loss", "binary_focal", "sigmoid_focal_loss"))
def focal(y: Expression, t: Expression, *, gamma: NotNegative = 2.0, alpha: Share = 0.25) -> Expression:
    """ℓ = −α t (1 − y)^γ ln y − (1 − α)(1 − t) y^γ ln(1 − y), per output, of probabilities y between 0 and 1; t is 0 or 1.

    What is right already counts little: the more so, the larger γ. α is the share of the outputs with t = 1; γ = 0 and α = ½ give half
    the binary cross-entropy.
    Source: Lin et al. (2017), Focal loss for dense object detection, eq. 5.
    """
    return -(alpha * t * (1 - y) ** gamma * p.log(y) + (1 - alpha) * (1 - t) * y**gamma * p.log(1 - y))


@loss(also=("cosine", "cosine_similarity", "cosine_loss"))
def cosine_distance(y: Expression, t: Expression) -> Expression:
    """ℓ = 1 − Σ y t / (‖y‖ ‖t‖) over the outputs, one number per example, from 0 (one direction) to 2 (opposite ones).

    The lengths of y and t do not count; one below 10⁻⁸ is taken as 10⁻⁸, so that a vector of zeros has ℓ = 1.
    Source: Salton, Wong & Yang (1975), A vector space model for automatic indexing.
    """
    axes = (_last(y),)
    return 1 - p.total(y * t, axes=axes) / (_length(y) * _length(t))


@loss(targets="pairs", also=("contrastive_loss", "siamese"))
def contrastive(y: Expression, t: Expression, *, margin: Positive = 1.0) -> Expression:
    """ℓ = ½ (1 − t) y² + ½ t max(0, m − y)², per output, with m = margin; y is the distance of two examples, not below 0.

    t is 0 where the two are alike, which pulls them together, and 1 where they are not, which pushes them apart as far as m. Both are
    embedded by one layer that is called twice; a layer `distance` gives y.
    Source: Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant mapping, eq. 4.
    """
    return p.HALF * ((1 - t) * y**2 + t * p.maximum(0, margin - y) ** 2)


@loss(also=("triplet_loss", "triplet_margin_loss"))
def triplet(y: Expression, *, margin: Positive = 1.0) -> Expression:
    """ℓ = max(0, y + m), per output, with m = margin; y = ‖a − p‖ − ‖a − n‖ says how much nearer n is to a than p.

    a (an anchor), p (of its kind) and n (of another kind) are embedded by one layer that is called three times; layers `distance` and
    `subtract` give y. So there is no target: n is pushed away until it is farther than p by m.
    Source: Schroff, Kalenichenko & Philbin (2015), FaceNet, eq. 3 (of squared distances); Balntas et al. (2016), Learning local feature
    descriptors with triplets, eq. 1.
    """
    return p.maximum(0, y + margin)


@loss(output="tanh", targets="signs", also=("hinge_loss",))
def hinge(y: Expression, t: Expression) -> Expression:
    """ℓ = max(0, 1 − t y), per output; t is −1 or 1.

    Source: Cortes & Vapnik (1995), Support-vector networks.
    """
    return p.maximum(0, 1 - t * y)


@loss(targets="signs")
def squared_hinge(y: Expression, t: Expression) -> Expression:
    """ℓ = max(0, 1 − t y)², per output; t is −1 or 1.

    Source: Lee & Mangasarian (2001), SSVM: a smooth support vector machine.
    """
    return p.maximum(0, 1 - t * y) ** 2


@loss(output="softmax", targets="distribution", also=("kl_divergence", "kld", "kl_div", "kullback_leibler"))
def kl(y: Expression, t: Expression) -> Expression:
    """ℓ = Σ t ln(t / y) over the outputs, one number per example, of probabilities y above 0; a term with t = 0 is 0.

    Source: Kullback & Leibler (1951), On information and sufficiency.
    """
    # ln 1 stands in where t = 0, so that 0 · ln 0 never has to be computed.
    return p.total(t * p.log(p.select(t > 0, t / y, 1)), axes=(_last(y),))


@loss
def objective(y: Expression) -> Expression:
    """ℓ = y, per output: the output is its own error, and is made as small as can be. It needs no target.

    Source: Nocedal & Wright (2006), Numerical optimization, chapter 1.
    """
    return y


@loss(targets="gradient")
def upstream(y: Expression, u: Expression) -> Expression:
    """E = Σ u y over outputs and examples, so that ∂E/∂y = u is what is given: back-propagation alone, a vector–Jacobian product.

    Source: Griewank & Walther (2008), Evaluating derivatives, section 3.2.
    """
    return p.total(u * y, axes=tuple(range(len(y.shape))))


SHORTEST_SQUARED = 1e-16
"""A vector whose length has a smaller square, below 10⁻⁸, counts as so long: it has no direction."""


def _length(x: Expression) -> Expression:
    """‖x‖ over the last axis, or 10⁻⁸ where it is less; there its derivative is 0."""
    return p.sqrt(p.maximum(p.total(x**2, axes=(_last(x),)), SHORTEST_SQUARED))


def _last(x: Expression) -> int:
    """The axis of the outputs."""
    return len(x.shape) - 1
