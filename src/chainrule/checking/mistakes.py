"""The table of mistakes that people make when they write back-propagation by hand.

A mistake is another carrier of one edge of the backward pass. The edges, from the error down, are

    out     E → ∂E/∂y                    loss and activation apart
    fused   E → δ of the output          softmax and sigmoid with their cross-entropies, taken together
    back    δ of the next layer → ∂E/∂h
    slope   ∂E/∂h → δ = ∂E/∂z
    weight  δ → ∂E/∂W
    bias    δ → ∂E/∂b

and a rewriting computes from a `Situation` what somebody has in place of the right value. A new mistake is one row of `MISTAKES`: its
number, its rewritings, and who was seen to make it; what it is called, what shows it and its cure are texts of the catalogues,
"mistake.15", "mistake.15.sign" and "mistake.15.cure". Factors need no rewriting: they are fitted, and `factor_mistakes` says what each is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.checking.declared import goes_together, is_kinked, is_rectifier, slope_of
from chainrule.checking.factors import Factor
from chainrule.checking.passes import LayerPass, ProbePass
from chainrule.network.definitions import Bound, find

Computes: TypeAlias = "Callable[[Situation], Array | None]"


class Situation(Frozen):
    """A layer of a backward pass, as the person who wrote it has it.

    probe      the pass on one probe; layer: at which layer of it, following: the next one, None at the output
    g, d       ∂E/∂h and δ of this layer, as far as they are computed
    gn, dn     ∂E/∂h and δ of the next layer, as this person has them
    moved      W of the next layer after its update, where the update is known
    """

    probe: ProbePass
    layer: LayerPass
    following: LayerPass | None = None
    g: Array | None = None
    d: Array | None = None
    gn: Array | None = None
    dn: Array | None = None
    moved: Array | None = None

    @property
    def last(self) -> bool:
        """Is it the output's layer?"""
        return self.following is None

    @property
    def together(self) -> bool:
        """Is it the output's, with a loss that goes together with its activation, so that δ = y − t?"""
        return self.last and goes_together(self.probe.network.loss, self.layer.activation)

    @property
    def below(self) -> LayerPass | None:
        """The layer before; None at the first."""
        return self.probe.layers[self.layer.number - 2] if self.layer.number > 1 else None

    @property
    def error(self) -> Array:
        """y − t."""
        return self.probe.layers[-1].h - self.probe.t

    @property
    def share(self) -> float:
        """What the error of one output of one sample counts in E: 1/N of a mean over the samples, 1/k of one over the outputs."""
        counted = self.probe.network.conventions
        rows, outputs = self.probe.t.shape
        return (1 / rows if counted.batch == "mean" else 1.0) * (1 / outputs if counted.outputs == "mean" else 1.0)

    @property
    def loss(self) -> Array:
        """The loss in the shape of y: by element, or that of the sample for each of its outputs."""
        losses = self.probe.losses
        return np.broadcast_to(losses if losses.ndim == 2 else losses[:, None], self.error.shape)


class Rewriting(Frozen):
    """What somebody computes at an edge in place of the right value.

    edge      where
    written   as a formula; {l}, {n} and {p} are the numbers of the layer, the next and the previous one, h0 is x
    computes  its numbers; None where it cannot be computed
    fresh     whether it carries nothing from above, and so no factor that is wrong there
    """

    edge: str
    written: str
    computes: Computes
    fresh: bool = False


class Course(Frozen):
    """The gradients of one parameter in the steps of a training, and the update rule that is meant.

    gradients  ∂E/∂ the parameter before each step
    optimizer  the rule, with its options
    """

    gradients: Sequence[Array]
    optimizer: Bound

    @property
    def options(self) -> Mapping[str, Any]:
        """Of the rule."""
        return self.optimizer.options

    @property
    def rate(self) -> float:
        """The learning rate."""
        return float(self.options["learning_rate"])


class Slip(Frozen):
    """What somebody does to a parameter step by step in place of the update rule.

    written   as a formula
    computes  what is taken off the parameter in each step; None where the rule is another
    begins    the first value on the way that is wrong, in the first step; None where that is the new parameter itself
    """

    written: str
    computes: Callable[[Course], Sequence[Array] | None]
    begins: Callable[[Course], Array | None] = lambda course: None  # a field that is a function


class Mistake(Frozen):
    """A row of the table.

    number      as people quote it
    kind        "G" it shows in the gradients of one step, "U" only over several steps, "F" in the forward pass or the loss, "D" in the data
    source      where it was seen
    rewritings  what is computed instead
    right_if    under which convention the same numbers are right, as a key of the catalogue; nothing if under none
    slips       what is done over several steps instead
    """

    number: int
    kind: str
    source: str
    rewritings: tuple[Rewriting, ...] = ()
    right_if: str = ""
    slips: tuple[Slip, ...] = ()


def _d(s: Situation) -> Array:
    assert s.d is not None
    return s.d


def _g(s: Situation) -> Array:
    assert s.g is not None
    return s.g


def _dn(s: Situation) -> Array:
    assert s.dn is not None
    return s.dn


def _Wn(s: Situation) -> Array:
    assert s.following is not None
    return s.following.W


def _summed(a: Array) -> Array:
    found: Array = a.sum(axis=0)
    return found


def _times_slope(s: Situation, name: str, *, of_h: bool) -> Array | None:
    """g ⊙ the derivative of another function, at z, or its formula in h fed with h."""
    other = find("activation", name)
    slope = slope_of(other)
    if slope is None or s.layer.slope is None or s.layer.activation == other:
        return None
    return _g(s) * slope.at(s.layer.z, s.layer.h if of_h else None)


def _times_h(s: Situation) -> Array | None:
    return None if s.layer.slope is None or is_rectifier(s.layer.activation) else _g(s) * s.layer.h


def _own_slope(s: Situation, z: Array, h: Array | None = None) -> Array | None:
    return None if s.layer.slope is None else _g(s) * s.layer.slope.at(z, h)


def _masked(s: Situation, mask: Array) -> Array | None:
    """g ⊙ a mask, of a function with a kink."""
    return _g(s) * mask if is_kinked(s.layer.activation) else None


def _masked_as(s: Situation, z: Array) -> Array | None:
    """g ⊙ f′ of a function with a kink at other numbers, where there are as many."""
    return _own_slope(s, z) if is_kinked(s.layer.activation) and z.shape == s.layer.z.shape else None


def _slope_there(s: Situation, z: Array) -> Array | None:
    """g ⊙ f′ at the net inputs of another layer, where that has as many units."""
    return _own_slope(s, z) if z.shape == s.layer.z.shape else None


def _fits(a: Array, s: Situation) -> Array | None:
    """aᵀ δ; where a has other columns than W has rows, of a shape that is wrong, too."""
    return a.T @ _d(s) if a.shape[0] == _d(s).shape[0] else None


def _without_weights(s: Situation) -> Array | None:
    dn = _dn(s)
    return dn if dn.shape[1] == s.layer.h.shape[1] else _summed_over_units(s)


def _summed_over_units(s: Situation) -> Array:
    return np.broadcast_to(_dn(s).sum(axis=1, keepdims=True), s.layer.h.shape)


def _crossed(s: Situation) -> Array | None:
    """Every prediction against every target, n × n: what (n, 1) − (n,) gives."""
    y, t = s.probe.layers[-1].h, s.probe.t
    return (y - t.T) * s.share if t.shape[1] == 1 else None


def _per_class(s: Situation) -> Array:
    """y (1 − y)."""
    y = s.probe.layers[-1].h
    slope: Array = y * (1 - y)
    return slope


def _is_taken_for_delta(s: Situation) -> bool:
    """Has somebody something else than ∂E/∂y at such an output?"""
    return s.together and not np.array_equal(_g(s), s.probe.truth["dy"])


def _power(share: float, k: int) -> float:
    """1 − βᵏ."""
    return 1 - share**k


class AdaptiveStep(FrozenValue):
    """One step of a rule that divides by a root, as somebody computes it.

    m, v          what is kept: a mean of gradients, and of their squares, or the sum of these
    upper, lower  both corrected; under: what stands below the bar; move: what is taken off the parameter
    """

    m: Array
    v: Array
    upper: Array
    lower: Array
    under: Array
    move: Array


def moves(steps: Sequence[AdaptiveStep] | None) -> list[Array] | None:
    """What is taken off the parameter in each step."""
    return None if steps is None else [step.move for step in steps]


def adam_steps(
    c: Course,
    *,
    first: Callable[[float, float, int], float] = lambda beta1, beta2, k: _power(beta1, k),
    second: Callable[[float, float, int], float] = lambda beta1, beta2, k: _power(beta2, k),
    mean: Callable[[float, float], float | None] = lambda beta1, beta2: 1 - beta1,
    square: Callable[[float, float], float] = lambda beta1, beta2: 1 - beta2,
    under: Callable[[Array, float, float], Array] = lambda v, correction, epsilon: np.sqrt(v / correction) + epsilon,
    power: int = 2,
    interchanged: bool = False,
) -> list[AdaptiveStep] | None:
    """The steps of Adam, or of what somebody makes of it: η m̂ / (√v̂ + ε).

    first, second  by what m and v are divided, of β₁, β₂ and the number of the step
    mean, square   the share of g in m, and that of g² in v; None of the first where g itself stands in place of m
    under          what stands below the bar, of v, its correction and ε
    power          of g in v
    interchanged   whether β₁ and β₂ are
    """
    if not {"beta1", "beta2", "epsilon"} <= c.options.keys() or "decay" in c.options:
        return None
    beta1, beta2 = (c.options[name] for name in (("beta2", "beta1") if interchanged else ("beta1", "beta2")))
    if interchanged and beta1 == beta2:
        return None
    m, v, steps = np.zeros_like(c.gradients[0]), np.zeros_like(c.gradients[0]), list[AdaptiveStep]()
    share = mean(beta1, beta2)
    for k, g in enumerate(c.gradients, start=1):
        m = g if share is None else beta1 * m + share * g
        v = beta2 * v + square(beta1, beta2) * g**power
        upper, correction = m if share is None else m / first(beta1, beta2, k), second(beta1, beta2, k)
        below = under(v, correction, c.options["epsilon"])
        steps.append(AdaptiveStep(m, v, upper, v / correction, below, c.rate * upper / below))
    return steps


NOT_SQUARED = "η · … / (√s + ε), s ← … + g"
"""The same of every rule: after it, the root of a negative number is no number, and one step is all that can be seen."""

ADAM_SLIPS: Mapping[str, Mapping[str, Any]] = {
    "η · m · (1 − β₁ᵏ) / (√(v · (1 − β₂ᵏ)) + ε)": {
        "first": lambda beta1, beta2, k: 1 / _power(beta1, k),
        "second": lambda beta1, beta2, k: 1 / _power(beta2, k),
    },
    "η · m / (√v + ε)": {"first": lambda beta1, beta2, k: 1.0, "second": lambda beta1, beta2, k: 1.0},
    "η · m / (√v̂ + ε)": {"first": lambda beta1, beta2, k: 1.0},
    "η · m̂ / (√v + ε)": {"second": lambda beta1, beta2, k: 1.0},
    "η · m / (1 − β₁) / (√(v / (1 − β₂)) + ε)": {
        "first": lambda beta1, beta2, k: 1 - beta1,
        "second": lambda beta1, beta2, k: 1 - beta2,
    },
    "η · m / (1 − β₁) / (√v̂ + ε)": {"first": lambda beta1, beta2, k: 1 - beta1},
    "η · m̂ / (√(v / (1 − β₂)) + ε)": {"second": lambda beta1, beta2, k: 1 - beta2},
    "η · m̂ / (√(v / (1 − β₁ᵏ)) + ε)": {"second": lambda beta1, beta2, k: _power(beta1, k)},
    "η · m / (1 − β₂ᵏ) / (√v̂ + ε)": {"first": lambda beta1, beta2, k: _power(beta2, k)},
    "η · m / (1 − β₂ᵏ) / (√(v / (1 − β₁ᵏ)) + ε)": {
        "first": lambda beta1, beta2, k: _power(beta2, k),
        "second": lambda beta1, beta2, k: _power(beta1, k),
    },
    "η · m / (1 − β₁ᵏ⁺¹) / (√(v / (1 − β₂ᵏ⁺¹)) + ε)": {
        "first": lambda beta1, beta2, k: _power(beta1, k + 1),
        "second": lambda beta1, beta2, k: _power(beta2, k + 1),
    },
    "η · m̂ / (v̂ + ε)": {"under": lambda v, correction, epsilon: v / correction + epsilon},
    "η · g / (√v̂ + ε)": {"mean": lambda beta1, beta2: None},
    "η · m̂ / (√v̂ + ε), m ← β₁ m + g": {"mean": lambda beta1, beta2: 1.0},
    "η · m̂ / (√v̂ + ε), v ← β₂ v + g²": {"square": lambda beta1, beta2: 1.0},
    NOT_SQUARED: {"power": 1},
    "η · m̂ / (√v̂ + ε), m ← β₁ m + (1 − β₂) g": {"mean": lambda beta1, beta2: 1 - beta2},
    "η · m̂ / (√v̂ + ε), v ← β₂ v + (1 − β₁) g²": {"square": lambda beta1, beta2: 1 - beta1},
    "η · m̂ / (√v̂ + ε), m ← β₂ m + (1 − β₂) g, v ← β₁ v + (1 − β₁) g²": {"interchanged": True},
}
"""What people compute in place of Adam's step."""

ADAM_WAYS: Sequence[Mapping[str, Any]] = (
    {},
    {"under": lambda v, correction, epsilon: np.sqrt(v / correction + epsilon)},
    {"under": lambda v, correction, epsilon: (np.sqrt(v) + epsilon) / np.sqrt(correction)},
)
"""Adam as people write it rightly: with ε below the root, or with the corrections put together into the rate, as its authors do."""


OTHERS = ("sigmoid", "tanh", "relu", "leaky_relu")
"""The functions whose derivatives are taken for one another."""


def _rmsprop(c: Course, *, rooted: bool = True, share: bool = True, power: int = 2) -> list[AdaptiveStep] | None:
    """The steps of RMSProp without its root, without (1 − ρ), or without the square."""
    if not {"decay", "epsilon"} <= c.options.keys() or "beta1" in c.options:
        return None
    rho = c.options["decay"]
    return _divided(c, lambda s, g: rho * s + (1 - rho if share else 1) * g**power, rooted=rooted)


def _adagrad(c: Course, *, rooted: bool = True, summed: bool = True, power: int = 2) -> list[AdaptiveStep] | None:
    """The steps of Adagrad without its root, with the last square in place of their sum, or without the square."""
    if "epsilon" not in c.options or {"decay", "beta1"} & c.options.keys():
        return None
    return _divided(c, lambda s, g: (s if summed else 0) + g**power, rooted=rooted)


def _divided(c: Course, kept: Callable[[Array, Array], Array], *, rooted: bool) -> list[AdaptiveStep]:
    """The steps η g / (√s + ε), from how s follows from the s before it and g."""
    s, steps = np.zeros_like(c.gradients[0]), list[AdaptiveStep]()
    for g in c.gradients:
        s = kept(s, g)
        under = (np.sqrt(s) if rooted else s) + c.options["epsilon"]
        steps.append(AdaptiveStep(g, s, g, s, under, c.rate * g / under))
    return steps


BEGINNINGS = (
    ("interchanged", "m"), ("mean", "m"), ("square", "v"), ("share", "v"), ("power", "v"), ("summed", "v"), ("first", "upper"),
    ("second", "lower"), ("under", "under"), ("rooted", "under"),
)  # fmt: skip
"""By the option of a rule that makes a slip of it, the first value that is wrong."""


def _rule_slip(written: str, rule: Callable[..., list[AdaptiveStep] | None], **slip: Any) -> Slip:
    """A slip in a rule that divides by a root."""
    value = next(value for option, value in BEGINNINGS if option in slip)

    def begins(c: Course) -> Array | None:
        with np.errstate(all="ignore"):
            steps = rule(c, **slip)
        if steps is None:
            return None
        found: Array = getattr(steps[0], value)
        uncorrected = {"upper": steps[0].m, "lower": steps[0].v}
        return None if np.array_equal(found, uncorrected.get(value, np.nan)) else found  # what is left out stands nowhere

    def computes(c: Course) -> list[Array] | None:
        with np.errstate(all="ignore"):  # the root of what may be negative is the slip itself
            return moves(rule(c, **slip))

    return Slip(written, computes, begins)


MISTAKES: tuple[Mistake, ...] = (
    Mistake(1, "G", "joelgrus/data-science-from-scratch#31, CodingTrain/Toy-Neural-Network-JS#72", (
        Rewriting("back", "δ{n} · (W{n} − η ∂E/∂W{n})ᵀ", lambda s: None if s.moved is None else _dn(s) @ s.moved.T),
    )),
    Mistake(2, "G", "makeyourownneuralnetwork#88", (
        Rewriting("slope", "∂E/∂h{l}", lambda s: None if s.last else _g(s)),
        Rewriting("weight", "h{p}ᵀ · ∂E/∂h{l}", lambda s: None if s.last else s.layer.a.T @ _g(s)),
        Rewriting("bias", "Σ_n ∂E/∂h{l}", lambda s: None if s.last else _summed(_g(s))),
    )),
    Mistake(3, "G", "jiexunsee/Neural-Network-with-Python#1", (
        Rewriting("slope", "∂E/∂y", lambda s: _g(s) if s.last else None),
        Rewriting("weight", "h{p}ᵀ · ∂E/∂y", lambda s: s.layer.a.T @ _g(s) if s.last else None),
        Rewriting("bias", "Σ_n ∂E/∂y", lambda s: _summed(_g(s)) if s.last else None),
    ), right_if="cross_entropy"),
    Mistake(4, "G", "davidrmiller/neural2d#40", (
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(h{l})", lambda s: _own_slope(s, s.layer.h)),
    )),
    Mistake(5, "G", "BoltzmannEntropy/interviews.ai#15", (
        Rewriting("slope", "∂E/∂h{l} ⊙ f′ [h{l} := z{l}]", lambda s: _own_slope(s, s.layer.z, s.layer.z)),
    )),
    Mistake(6, "G", "scientific-computing/FKB#15", (
        *(Rewriting("slope", f"∂E/∂h{{l}} ⊙ {name}′(z{{l}})", partial(_times_slope, name=name, of_h=False)) for name in OTHERS),
        Rewriting("slope", "∂E/∂h{l} ⊙ h{l} (1 − h{l})", lambda s: _times_slope(s, "sigmoid", of_h=True)),
        Rewriting("slope", "∂E/∂h{l} ⊙ (1 − h{l}²)", lambda s: _times_slope(s, "tanh", of_h=True)),
        Rewriting("slope", "∂E/∂h{l} ⊙ (1 + h{l}²)", lambda s: None if s.layer.slope is None else _g(s) * (1 + s.layer.h**2)),
        Rewriting("slope", "∂E/∂h{l} ⊙ (1 − h{l})", lambda s: None if s.layer.slope is None else _g(s) * (1 - s.layer.h)),
        Rewriting("slope", "∂E/∂h{l} ⊙ (1 − h{l})²", lambda s: None if s.layer.slope is None else _g(s) * (1 - s.layer.h) ** 2),
        Rewriting("slope", "∂E/∂h{l} ⊙ h{l}", _times_h),
    )),
    Mistake(7, "G", "deeplearning4j/nd4j#271", (
        Rewriting("slope", "∂E/∂h{l} ⊙ h{l}", lambda s: _g(s) * s.layer.h if is_kinked(s.layer.activation) else None),
        Rewriting("slope", "∂E/∂h{l} ⊙ z{l}", lambda s: _g(s) * s.layer.z if is_kinked(s.layer.activation) else None),
        Rewriting("slope", "∂E/∂h{l} ⊙ [h{l} ≥ 0]", lambda s: _g(s) if is_rectifier(s.layer.activation) else None),
    )),
    Mistake(8, "G", "yizt/numpy_neural_network#3", (
        Rewriting("out", "1", lambda s: np.ones_like(s.error) * s.share),
        Rewriting("fused", "1", lambda s: np.ones_like(s.error) * s.share),
        Rewriting("back", "1", lambda s: np.ones_like(s.layer.h), fresh=True),
        Rewriting("back", "Σ W{n}", lambda s: np.broadcast_to(_Wn(s).sum(axis=1), s.layer.h.shape), fresh=True),
        Rewriting("weight", "h{p}ᵀ · f′(z{l})", lambda s: None if s.layer.slope is None else s.layer.a.T @ s.layer.f1),
    )),
    Mistake(9, "G", "dennybritz/nn-from-scratch#11", right_if="added"),
    Mistake(10, "G", "levithomason/anny#78", tuple(
        Rewriting(edge, written, computes)
        for edge in ("out", "fused")
        for written, computes in (
            ("|y − t|", lambda s: np.abs(s.error) * s.share),
            ("(y − t)²", lambda s: s.error**2 * s.share),
            ("sign(y − t)", lambda s: np.sign(s.error) * s.share),
            ("ℓ(y, t)", lambda s: s.loss * s.share),
            ("−t ln y", lambda s: -s.probe.t * np.log(s.probe.layers[-1].h) * s.share),
            ("E", lambda s: np.broadcast_to(s.probe.truth["E"], s.error.shape) * s.share),
        )
    )),
    Mistake(11, "G", "dlib#1169", right_if="no_half"),
    Mistake(12, "G", "hunkim/DeepLearningZeroToAll#173", right_if="sum"),
    Mistake(13, "G", "deeplearning4j#366"),
    Mistake(14, "G", "scikit-learn#8349", right_if="outputs_sum"),
    Mistake(15, "G", "stephencwelch/Neural-Networks-Demystified#28", (
        Rewriting("back", "δ{n} · W{n}", lambda s: _dn(s) @ _Wn(s) if _Wn(s).shape[0] == _Wn(s).shape[1] else None),
    )),
    Mistake(16, "G", "iamtrask/Grokking-Deep-Learning#23", (
        Rewriting("weight", "δ{l}ᵀ · h{p}", lambda s: _d(s).T @ s.layer.a),
    ), right_if="units_first"),
    Mistake(17, "G", "gHashTag/trinity#571", (
        Rewriting("weight", "z{p}ᵀ · δ{l}", lambda s: None if s.below is None else _fits(s.below.z, s)),
        Rewriting("weight", "xᵀ · δ{l}", lambda s: None if s.below is None else _fits(s.probe.x, s)),
        Rewriting("weight", "h{l}ᵀ · δ{l}", lambda s: _fits(s.layer.h, s)),
        Rewriting("weight", "z{l}ᵀ · δ{l}", lambda s: _fits(s.layer.z, s)),
        Rewriting("weight", "h{n}ᵀ · δ{l}", lambda s: None if s.following is None else _fits(s.following.h, s)),
    )),
    Mistake(18, "G", "math.stackexchange", (
        Rewriting("weight", "W{l} ⊙ Σ_n δ{l}", lambda s: s.layer.W * _summed(_d(s))),
    )),
    Mistake(19, "G", "forum question", (
        Rewriting("back", "δ{n}", _without_weights),
        Rewriting("back", "Σ_k δ{n}", _summed_over_units),
    )),
    Mistake(20, "G", "forum question", (
        Rewriting("back", "δ{n}[:, −1] · W{n}[:, −1]ᵀ", lambda s: np.outer(_dn(s)[:, -1], _Wn(s)[:, -1])),
        Rewriting("back", "δ{n}[:, 0] · W{n}[:, 0]ᵀ", lambda s: np.outer(_dn(s)[:, 0], _Wn(s)[:, 0])),
        Rewriting("back", "h{n} · W{n}ᵀ", lambda s: None if s.following is None else s.following.h @ _Wn(s).T, fresh=True),
        Rewriting("back", "h{l}", lambda s: s.layer.h, fresh=True),
    )),
    Mistake(21, "G", "jimfleming/differentiation#1, mlpack#3679", (
        Rewriting("bias", "δ{l}", lambda s: _d(s) if len(_d(s)) > 1 else _d(s)[0]),
    )),
    Mistake(22, "G", "rasbt/stat453-deep-learning-ss21#5", (
        Rewriting("bias", "Σ_n Σ_k δ{l}", lambda s: np.broadcast_to(_d(s).sum(), _d(s).shape[1])),
        Rewriting("bias", "Σ_k δ{l}", lambda s: _d(s).sum(axis=1)),
    )),
    Mistake(23, "G", "kvfrans/notes#5"),
    Mistake(24, "G", "NLP-Specialization#64", (
        Rewriting("bias", "Σ_n δ{l} ⊙ h{l}", lambda s: _summed(_d(s) * s.layer.h)),
        Rewriting("bias", "Σ_n δ{l} ⊙ z{l}", lambda s: _summed(_d(s) * s.layer.z)),
        Rewriting("bias", "Σ h{p}ᵀ · δ{l}", lambda s: _summed(s.layer.a.T @ _d(s))),
        Rewriting("bias", "b{l} ⊙ Σ_n δ{l}", lambda s: None if s.layer.b is None else s.layer.b * _summed(_d(s))),
        Rewriting("bias", "Σ_n δ{l} ⊙ h{p}", lambda s: _summed(_d(s) * s.layer.a) if _d(s).shape == s.layer.a.shape else None),
    )),
    Mistake(25, "U", "mattm/simple-neural-network#5", (
        Rewriting("bias", "0", lambda s: np.zeros(_d(s).shape[1])),
    )),
    Mistake(26, "U", "backprop-explainer (source)"),
    Mistake(27, "G", "louisjc/mnist-neural-network#1"),
    Mistake(28, "G", "pocketpy/cTensor#31", (
        Rewriting("fused", "(y − t) ⊙ y (1 − y)", lambda s: _d(s) * _per_class(s)),
        Rewriting("slope", "∂E/∂y ⊙ y (1 − y)", lambda s: _g(s) * _per_class(s) if _is_taken_for_delta(s) else None),
        Rewriting("weight", "h{p}ᵀ · ((y − t) ⊙ y (1 − y))", lambda s: s.layer.a.T @ (_d(s) * _per_class(s)) if s.together else None),
        Rewriting("bias", "Σ_n (y − t) ⊙ y (1 − y)", lambda s: _summed(_d(s) * _per_class(s)) if s.together else None),
    ), right_if="squared_error"),
    Mistake(29, "G", "pjreddie/darknet#96", (
        Rewriting("fused", "∂E/∂y ⊙ y (1 − y)", lambda s: _g(s) * _per_class(s) if s.layer.slope is None else None),
        Rewriting("slope", "∂E/∂y ⊙ y (1 − y)", lambda s: _g(s) * _per_class(s) if s.layer.slope is None else None),
    )),
    Mistake(30, "F", "tflearn#562"),
    Mistake(31, "F", "manassharma07/crysx_nn#7"),
    Mistake(32, "F", "deeplearning4j#3247"),
    Mistake(33, "D", "forum notes", (
        Rewriting("out", "y − tᵀ", _crossed),
    )),
    Mistake(34, "D", "forum question"),
    Mistake(35, "U", "micrograd#102, d2l-java#202", right_if="accumulated", slips=(
        Slip("η · (∂E/∂w⟨1⟩ + … + ∂E/∂w⟨k⟩)", lambda c: [c.rate * one for one in np.cumsum(c.gradients, axis=0)]),
    )),
    Mistake(36, "G", "nn-zero-to-hero#52, micrograd#64", (
        Rewriting("back", "δ{n}[:, −1] · W{n}[:, −1]ᵀ", lambda s: np.outer(_dn(s)[:, -1], _Wn(s)[:, -1])),
        Rewriting("weight", "h{p}[−1]ᵀ · δ{l}[−1]", lambda s: s.layer.a[-1:].T @ _d(s)[-1:]),
        Rewriting("bias", "δ{l}[−1]", lambda s: _d(s)[-1]),
        Rewriting("bias", "Σ_n δ{l}[:, −1]", lambda s: np.broadcast_to(_d(s)[:, -1].sum(), 1) if s.layer.shares_bias else None),
        Rewriting("bias", "Σ_n δ{l}[:, 0]", lambda s: np.broadcast_to(_d(s)[:, 0].sum(), 1) if s.layer.shares_bias else None),
    )),
    Mistake(37, "G", "CS231n solutions", right_if="penalty"),
    Mistake(38, "D", "udacity/sdc-issue-reports#1326"),
    Mistake(39, "U", "davidstutz/matlab-mnist-two-layer-perceptron#3", right_if="online"),
    Mistake(40, "U", "mdenil/dropout#4, convnetjs#70", slips=(
        Slip("η² · v", lambda c: _velocities(c, lambda v, before: c.rate**2 * v)),
        Slip("η · v⟨k−1⟩", lambda c: _velocities(c, lambda v, before: c.rate * before)),
        *(_rule_slip(written, adam_steps, **slip) for written, slip in ADAM_SLIPS.items()),
        _rule_slip("η · g / (s + ε)", _rmsprop, rooted=False),
        _rule_slip("η · g / (√s + ε), s ← ρ s + g²", _rmsprop, share=False),
        _rule_slip(NOT_SQUARED, _rmsprop, power=1),
        _rule_slip("η · g / (s + ε), s ← s + g²", _adagrad, rooted=False),
        _rule_slip("η · g / (√s + ε), s ← g²", _adagrad, summed=False),
        _rule_slip(NOT_SQUARED, _adagrad, power=1),
    )),
    Mistake(42, "U", "epfml/ML_course#6"),
    Mistake(48, "G", "pytorch#114234"),
    Mistake(49, "G", "several introductory books", (
        Rewriting("back", "∂E/∂h{n} · W{n}ᵀ", lambda s: None if s.gn is None else s.gn @ _Wn(s).T),
    )),
    Mistake(50, "F", "karpathy/micrograd#29"),
    Mistake(51, "G", "dennybritz/nn-from-scratch#3", (
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(z{n})", lambda s: None if s.following is None else _slope_there(s, s.following.z)),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(z{p})", lambda s: _slope_there(s, s.layer.a if s.below is None else s.below.z)),
    )),
    Mistake(52, "G", "exacity/deeplearningbook-chinese#127, jacobgil/pytorch-grad-cam#58", (
        Rewriting("slope", "∂E/∂h{l} ⊙ [∂E/∂h{l} > 0]", lambda s: _masked(s, _g(s) > 0)),
        Rewriting("slope", "∂E/∂h{l} ⊙ [∂E/∂h{l} < 0]", lambda s: _masked(s, _g(s) < 0)),  # of somebody whose error is t − y
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(z{l}) ⊙ [∂E/∂h{l} > 0]", lambda s: _masked(s, (_g(s) > 0) * s.layer.f1)),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(z{l}) ⊙ [∂E/∂h{l} < 0]", lambda s: _masked(s, (_g(s) < 0) * s.layer.f1)),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(∂E/∂h{l})", lambda s: _masked_as(s, _g(s))),
        Rewriting("slope", "[∂E/∂h{l} > 0]", lambda s: (_g(s) > 0) * 1.0 if is_kinked(s.layer.activation) else None),
    )),
    Mistake(53, "G", "denggaoshan/DeepLearningStudy#1", (
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(−z{l})", lambda s: _masked_as(s, -s.layer.z)),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(h{p} · W{l})", lambda s: _masked_as(s, s.layer.a @ s.layer.W)),
        Rewriting("slope", "∂E/∂h{l} ⊙ sign z{l}", lambda s: _masked(s, np.sign(s.layer.z))),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(z{l}[0])", lambda s: _masked_as(s, np.repeat(s.layer.z[:1], len(s.layer.z), axis=0))),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(z{l}[−1])", lambda s: _masked_as(s, np.repeat(s.layer.z[-1:], len(s.layer.z), axis=0))),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(δ{n})", lambda s: None if s.dn is None else _masked_as(s, s.dn)),
        Rewriting("slope", "∂E/∂h{l} ⊙ f′(W{l})", lambda s: _masked_as(s, s.layer.W)),
    )),
)  # fmt: skip
"""The table. Numbers 41 and 43 to 47 belong to dropout and to the doctor."""

TOGETHER: tuple[tuple[tuple[int, ...], Rewriting], ...] = (
    (
        (49, 1),
        Rewriting("back", "∂E/∂h{n} · (W{n} − η ∂E/∂W{n})ᵀ", lambda s: None if s.gn is None or s.moved is None else s.gn @ s.moved.T),
    ),
)
"""Mistakes that are made together at one edge, where neither is seen by itself."""

NUMBERED = {mistake.number: mistake for mistake in MISTAKES}


def _velocities(c: Course, move: Callable[[Array, Array], Array]) -> list[Array] | None:
    """The moves of a rule with momentum, where somebody makes something else of v than the rule does."""
    if c.options.get("momentum") is None:
        return None
    v, moves = np.zeros_like(c.gradients[0]), list[Array]()
    for g in c.gradients:
        before, v = v, c.options["momentum"] * v + g
        moves.append(move(v, before))
    return moves


def factor_mistakes(factor: Factor, place: str, *, alike: bool = False) -> tuple[int, ...] | None:
    """Which mistakes a factor is that is too much: one for each of its parts; None if it is none of them.

    place  "all" gradients, "delta" of a layer and all below it, "weight" or "bias" alone
    alike  whether layers have as many inputs as the network has outputs, so that a factor does not tell one from the other
    """
    found = list[int]()
    if alike and place == "bias" and factor.outputs == 1 and not factor.inputs:
        factor = replace(factor, outputs=0, inputs=1)
    if factor.sign < 0:
        found.append(9)
    if factor.twos:
        found.append(11)
    if factor.rows:
        found.append(23 if place in ("weight", "bias") else 12 if factor.rows > 0 else 13)
    if factor.outputs:
        found.append(14)
    if factor.inputs:
        if place != "bias" or factor.inputs < 0:
            return None
        found.append(26)
    if factor.rates:
        if factor.rates < 0 and place != "all":
            return None
        found += [40] * (factor.rates > 0)
    return None if factor.units or factor.constant != 1 else tuple(found)
