# ruff: noqa: PLC2401  # η, λ, μ and ρ are names of options
"""The public names and where each is at home: for type checkers, and for `__init__.py`, which imports each when it is first used.

Where a name stands in several modules, it is the one that people mean: `tanh` is the activation, not the primitive.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from chainrule.network.definitions import Bound, Definition
from chainrule.network.layers import Kind, Layer
from chainrule.network.wiring import Signal
from chainrule.network.network import Network as Network
from chainrule.network.layers import layer as layer
from chainrule.network.wiring import image as image, sequence as sequence, tokens as tokens
from chainrule.network.description import described as described
from chainrule.api.modules import network_from as network_from, write_onnx as write_onnx
from chainrule.network.description import read_description as read_description, write_description as write_description
from chainrule.steps.problem import Problem as Problem, described_problem as described_problem, problem_from as problem_from
from chainrule.api.problems import problem as problem
from chainrule.network.examples import example as example
from chainrule.steps.step import Step as Step
from chainrule.api.modules import explain as explain
from chainrule.api.formulas import explain_formula as explain_formula
from chainrule.api.figures import figure as figure
from chainrule.api.page import page as page
from chainrule.live.widget import Live as Live
from chainrule.api.check import check as check
from chainrule.api.model_checks import check_model as check_model
from chainrule.api.doctor import doctor as doctor
from chainrule.api.train import train as train
from chainrule.processes.together import Processes as Processes
from chainrule.processes.launch import launched as launched
from chainrule.api.report import report as report
from chainrule.api.sweep import sweep as sweep
from chainrule.training.trials import Sweep as Sweep
from chainrule.api.watching import Watch as Watch
from chainrule.api.estimators import ChainruleClassifier as ChainruleClassifier, ChainruleRegressor as ChainruleRegressor
from chainrule.diagnosis.examination import Diagnosis as Diagnosis
from chainrule.training.model import Model as Model
from chainrule.training.plan import Plan as Plan
from chainrule.training.loop import Overflowed as Overflowed, Training as Training
from chainrule.diagnosis.divergence import Diverged as Diverged
from chainrule.preparation.preparation import Preparation as Preparation
from chainrule.training.metrics import Scores as Scores
from chainrule.data.reading import read as read
from chainrule.gradient_check.prove import prove as prove
from chainrule.notation.conventions import Notation as Notation
from chainrule.network.registration import activation as activation, loss as loss, regularizer as regularizer, initializer as initializer
from chainrule.network.registration import optimizer as optimizer, schedule as schedule
from chainrule.network.definitions import load_file as load_file
from chainrule.network.options import Positive as Positive, NotNegative as NotNegative, Share as Share
from chainrule.network.activations import identity as identity, sigmoid as sigmoid, tanh as tanh, relu as relu
from chainrule.network.activations import selu as selu, silu as silu, softplus as softplus, softsign as softsign
from chainrule.network.activations import softmax as softmax
from chainrule.network.activations import hard_sigmoid as hard_sigmoid, hard_tanh as hard_tanh, hard_swish as hard_swish, relu6 as relu6
from chainrule.network.losses import half_squared as half_squared, squared as squared, absolute as absolute
from chainrule.network.losses import log_cosh as log_cosh
from chainrule.network.losses import binary_cross_entropy as binary_cross_entropy
from chainrule.network.losses import binary_cross_entropy_from_logits as binary_cross_entropy_from_logits, cross_entropy as cross_entropy
from chainrule.network.losses import cross_entropy_from_logits as cross_entropy_from_logits, hinge as hinge, squared_hinge as squared_hinge
from chainrule.network.losses import sequence_cross_entropy as sequence_cross_entropy, cosine_distance as cosine_distance
from chainrule.network.losses import kl as kl, objective as objective, upstream as upstream
from chainrule.network.initializers import zeros as zeros
from chainrule.network.initializers import glorot_uniform as glorot_uniform, glorot_normal as glorot_normal, he_uniform as he_uniform
from chainrule.network.initializers import he_normal as he_normal, lecun_uniform as lecun_uniform, lecun_normal as lecun_normal
from chainrule.network.initializers import Constant as Constant, Uniform as Uniform, Normal as Normal
from chainrule.network.initializers import Orthogonal as Orthogonal
from chainrule.network.optimizers import let as let
from chainrule.formula.primitives import exp as exp, log as log, sqrt as sqrt, sin as sin, cos as cos, sign as sign, floor as floor
from chainrule.formula.primitives import erf as erf
from chainrule.formula.primitives import maximum as maximum, minimum as minimum, select as select
from chainrule.formula.reductions import total as total, mean as mean, logsumexp as logsumexp
from chainrule.formula.expression import Expression as Expression
from chainrule.base.errors import ChainruleError as ChainruleError, InputError as InputError, UnknownNameError as UnknownNameError
from chainrule.base.errors import ShapeError as ShapeError, DescriptionError as DescriptionError, FileError as FileError
from chainrule.base.errors import NotCompilable as NotCompilable, InexactError as InexactError, DivergenceError as DivergenceError
from chainrule.base.errors import AgreedError as AgreedError, LostProcessError as LostProcessError

__version__: str

# Signatures of definitions, made by scripts/help
if not TYPE_CHECKING:
    from chainrule.network.activations import elu as elu, gelu as gelu, leaky_relu as leaky_relu
    from chainrule.network.attention import (
        attention as attention,
        glu as glu,
        highway as highway,
        learned_position as learned_position,
        multi_head_attention as multi_head_attention,
        rotary_position as rotary_position,
        sinusoidal_position as sinusoidal_position,
        squeeze_excite as squeeze_excite,
        transformer_block as transformer_block,
    )
    from chainrule.network.initializers import constant as constant, normal as normal, orthogonal as orthogonal, uniform as uniform
    from chainrule.network.layers import (
        add as add,
        dense as dense,
        distance as distance,
        join as join,
        multiply as multiply,
        subtract as subtract,
        tied as tied,
    )
    from chainrule.network.losses import (
        contrastive as contrastive,
        focal as focal,
        huber as huber,
        smoothed_cross_entropy as smoothed_cross_entropy,
        triplet as triplet,
    )
    from chainrule.network.normalization import (
        batch_norm as batch_norm,
        dropout as dropout,
        group_norm as group_norm,
        instance_norm as instance_norm,
        layer_norm as layer_norm,
        rms_norm as rms_norm,
    )
    from chainrule.network.optimizers import (
        adadelta as adadelta,
        adagrad as adagrad,
        adam as adam,
        adamax as adamax,
        adamw as adamw,
        lion as lion,
        momentum as momentum,
        muon as muon,
        nadam as nadam,
        nesterov as nesterov,
        radam as radam,
        rmsprop as rmsprop,
        sgd as sgd,
    )
    from chainrule.network.recurrence import (
        bidirectional as bidirectional,
        embedding as embedding,
        gru as gru,
        lstm as lstm,
        rnn as rnn,
        step as step,
    )
    from chainrule.network.regularizers import elastic_net as elastic_net, l1 as l1, l2 as l2
    from chainrule.network.schedules import (
        cosine as cosine,
        exponential as exponential,
        one_cycle as one_cycle,
        step_decay as step_decay,
        warmup as warmup,
    )
    from chainrule.network.spatial import (
        adaptive_pool as adaptive_pool,
        average_pool as average_pool,
        conv as conv,
        conv_transpose as conv_transpose,
        flatten as flatten,
        global_pool as global_pool,
        max_pool as max_pool,
        permute as permute,
        reshape as reshape,
        split as split,
    )

class _adadelta(Definition):
    """Steps in the unit of w: s ← ρ s + (1 − ρ) g², d = g √(u + ε) / √(s + ε), u ← ρ u + (1 − ρ) d², w ← w − η d."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 1.0,
        decay: float = 0.9,
        epsilon: float = 1e-06,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        rho: float = ...,
        ρ: float = ...,
        beta: float = ...,
        gamma: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

adadelta: _adadelta

class _adagrad(Definition):
    """Steps shrink with the squares seen so far: s ← s + g², w ← w − η g / (√s + ε)."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.01,
        epsilon: float = 1e-10,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

adagrad: _adagrad

class _adam(Definition):
    """Adam: m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − η m̂ / (√v̂ + ε)."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        alpha: float | str | Mapping[str, Any] | Definition | Bound = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

adam: _adam

class _adamax(Definition):
    """Adam with the largest gradient in place of a mean of squares: u ← max(β₂ u, |g| + ε), w ← w − η m̂ / u."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        alpha: float | str | Mapping[str, Any] | Definition | Bound = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

adamax: _adamax

class _adamw(Definition):
    """Adam with decoupled weight decay: w ← w − η λ w − η m̂ / (√v̂ + ε), with λ = decay; m, v, m̂, v̂ as in Adam."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        decay: float = 0.01,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        alpha: float | str | Mapping[str, Any] | Definition | Bound = ...,
        weight_decay: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

adamw: _adamw

class _constant(Definition):
    """Every weight is `value`. All units of a layer then stay alike for ever."""

    @overload
    def __call__(self, value: float = 0.1) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

constant: _constant

class _contrastive(Definition):
    """ℓ = ½ (1 − t) y² + ½ t max(0, m − y)², per output, with m = margin; y is the distance of two examples, not below 0."""

    @overload
    def __call__(self, margin: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

contrastive: _contrastive

class _cosine(Definition):
    """η(k) = floor + ½ (rate − floor) (1 + cos(π (k − 1) / steps)): half a wave from `rate` at k = 1 to `floor` at k = steps + 1."""

    @overload
    def __call__(
        self,
        rate: float = 0.05,
        steps: float = 100,
        floor: float = 0.0,
        *,
        lr: float = ...,
        learning_rate: float = ...,
        eta: float = ...,
        η: float = ...,
        t_max: float = ...,
        eta_min: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

cosine: _cosine

class _elastic_net(Definition):
    """λ₁ Σ |w| + ½ λ₂ Σ w² over all weights of W, with λ₁ = l1 and λ₂ = l2."""

    @overload
    def __call__(self, l1: float = 0.01, l2: float = 0.01) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

elastic_net: _elastic_net

class _elu(Definition):
    """f(z) = z where z > 0, otherwise α (eᶻ − 1); above −α."""

    @overload
    def __call__(self, alpha: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

elu: _elu

class _exponential(Definition):
    """η(k) = rate · factor^(k − 1): multiplied by `factor` at every step. The first step is k = 1."""

    @overload
    def __call__(
        self,
        rate: float = 0.05,
        factor: float = 0.99,
        *,
        lr: float = ...,
        learning_rate: float = ...,
        eta: float = ...,
        η: float = ...,
        gamma: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

exponential: _exponential

class _focal(Definition):
    """ℓ = −α t (1 − y)^γ ln y − (1 − α)(1 − t) y^γ ln(1 − y), per output, of probabilities y between 0 and 1; t is 0 or 1."""

    @overload
    def __call__(self, gamma: float = 2.0, alpha: float = 0.25) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

focal: _focal

class _gelu(Definition):
    """f(z) = z Φ(z) = ½ z (1 + erf(z / √2)); above −0.17."""

    @overload
    def __call__(self, approximate: Literal["none", "tanh"] = "none") -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

gelu: _gelu

class _huber(Definition):
    """ℓ = ½ (y − t)² where |y − t| ≤ δ, otherwise δ (|y − t| − δ/2), per output."""

    @overload
    def __call__(self, delta: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

huber: _huber

class _l1(Definition):
    """λ Σ |w| over all weights of W, with λ = rate; its derivative by w is λ · sign w."""

    @overload
    def __call__(self, rate: float = 0.01, *, λ: float = ...) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

l1: _l1

class _l2(Definition):
    """½ λ Σ w² over all weights of W, with λ = rate; because of the ½, its derivative by w is λ w."""

    @overload
    def __call__(self, rate: float = 0.01, *, λ: float = ...) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

l2: _l2

class _leaky_relu(Definition):
    """f(z) = z where z > 0, otherwise slope · z; any number."""

    @overload
    def __call__(self, slope: float = 0.01, *, negative_slope: float = ..., alpha: float = ...) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

leaky_relu: _leaky_relu

class _lion(Definition):
    """A step of one length in every weight: w ← w − η (sign(β₁ m + (1 − β₁) g) + λ w), m ← β₂ m + (1 − β₂) g, with λ = decay."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.0001,
        beta1: float = 0.9,
        beta2: float = 0.99,
        decay: float = 0.0,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        alpha: float | str | Mapping[str, Any] | Definition | Bound = ...,
        weight_decay: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

lion: _lion

class _momentum(Definition):
    """Gradient descent with momentum: v ← μ v + g, w ← w − η v."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.05,
        momentum: float = 0.9,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        mu: float = ...,
        μ: float = ...,
        gamma: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

momentum: _momentum

class _muon(Definition):
    """Momentum made orthogonal: m ← μ m + (1 − μ) g, w ← w − η λ w − η √max(1, units / inputs) · X⟨5⟩, with λ = decay."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.001,
        momentum: float = 0.95,
        decay: float = 0.1,
        epsilon: float = 1e-07,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        mu: float = ...,
        μ: float = ...,
        beta: float = ...,
        weight_decay: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

muon: _muon

class _nadam(Definition):
    """Adam that looks ahead, as Nesterov's momentum does: w ← w − η m̂ / (√v̂ + ε), m̂ = μ′ m / (1 − μ′ ∏μ) + (1 − μ) g / (1 − ∏μ)."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        momentum_decay: float = 0.004,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        alpha: float | str | Mapping[str, Any] | Definition | Bound = ...,
        psi: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

nadam: _nadam

class _nesterov(Definition):
    """Nesterov's momentum: v ← μ v + g, w ← w − η (g + μ v)."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.05,
        momentum: float = 0.9,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        mu: float = ...,
        μ: float = ...,
        beta: float = ...,
        gamma: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

nesterov: _nesterov

class _normal(Definition):
    """Normal with this mean and standard deviation. Sampling raises DescriptionError if the deviation is negative."""

    @overload
    def __call__(
        self, mean: float = 0.0, deviation: float = 0.1, *, std: float = ..., stddev: float = ..., sigma: float = ...
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

normal: _normal

class _one_cycle(Definition):
    """Half a wave from rate / start_divisor up to `rate`, then half a wave down to rate / (start_divisor · end_divisor)."""

    @overload
    def __call__(
        self,
        rate: float = 0.05,
        steps: float = 100,
        rise: float = 0.3,
        start_divisor: float = 25.0,
        end_divisor: float = 10000.0,
        *,
        lr: float = ...,
        learning_rate: float = ...,
        eta: float = ...,
        η: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

one_cycle: _one_cycle

class _orthogonal(Definition):
    """A random matrix whose columns (or rows, where there are fewer) are perpendicular and of length `gain`."""

    @overload
    def __call__(self, gain: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

orthogonal: _orthogonal

class _radam(Definition):
    """Adam without v while v rests on too few steps: w ← w − η m̂ where ℓ ≤ 5, otherwise w − η r m̂ √(1 − β₂ᵏ) / (√v + ε)."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        alpha: float | str | Mapping[str, Any] | Definition | Bound = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

radam: _radam

class _rmsprop(Definition):
    """Steps shrink with the squares seen lately: s ← ρ s + (1 − ρ) g², w ← w − η g / (√s + ε), with ρ = decay."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.01,
        decay: float = 0.99,
        epsilon: float = 1e-08,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eps: float = ...,
        rho: float = ...,
        ρ: float = ...,
        beta: float = ...,
        gamma: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

rmsprop: _rmsprop

class _sgd(Definition):
    """Gradient descent: w ← w − η g."""

    @overload
    def __call__(
        self,
        learning_rate: float | str | Mapping[str, Any] | Definition | Bound = 0.05,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        multipliers: float | None = None,
        *,
        lr: float | str | Mapping[str, Any] | Definition | Bound = ...,
        eta: float | str | Mapping[str, Any] | Definition | Bound = ...,
        η: float | str | Mapping[str, Any] | Definition | Bound = ...,
        step_size: float | str | Mapping[str, Any] | Definition | Bound = ...,
        alpha: float | str | Mapping[str, Any] | Definition | Bound = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

sgd: _sgd

class _smoothed_cross_entropy(Definition):
    """ℓ = −Σ s ln y over the n outputs, one number per example, with s = (1 − ε) t + ε / n and ε = smoothing."""

    @overload
    def __call__(self, smoothing: float = 0.1) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

smoothed_cross_entropy: _smoothed_cross_entropy

class _step_decay(Definition):
    """η(k) = rate · factor^⌊(k − 1) / every⌋: multiplied by `factor` after every so many steps. The first step is k = 1."""

    @overload
    def __call__(
        self,
        rate: float = 0.05,
        every: float = 10,
        factor: float = 0.5,
        *,
        lr: float = ...,
        learning_rate: float = ...,
        eta: float = ...,
        η: float = ...,
        step_size: float = ...,
        gamma: float = ...,
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

step_decay: _step_decay

class _triplet(Definition):
    """ℓ = max(0, y + m), per output, with m = margin; y = ‖a − p‖ − ‖a − n‖ says how much nearer n is to a than p."""

    @overload
    def __call__(self, margin: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

triplet: _triplet

class _uniform(Definition):
    """Uniform between low and high. Sampling raises DescriptionError if low is above high."""

    @overload
    def __call__(self, low: float = -0.5, high: float = 0.5) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

uniform: _uniform

class _warmup(Definition):
    """η(k) = rate · min(1, k / steps): a line from rate / steps at k = 1 to `rate` at k = steps, and then `rate`."""

    @overload
    def __call__(
        self, rate: float = 0.05, steps: float = 10, *, lr: float = ..., learning_rate: float = ..., eta: float = ..., η: float = ...
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

warmup: _warmup

class _adaptive_pool(Kind):
    """As many windows as are asked for: the i-th of m over n places reaches from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        places: Any,
        pool: str = "average",
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

adaptive_pool: _adaptive_pool

class _add(Kind):
    """The sum of signals of one shape: a skip connection is `add()(x, f(x))`, or x + f(x) in a function."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

add: _add

class _attention(Kind):
    """Scaled dot-product attention, without parameters: A = softmax(q kᵀ / √d), h = A v."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        causal: bool = False,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        is_causal: bool = ...,
    ) -> Layer: ...

attention: _attention

class _average_pool(Kind):
    """The mean of every window, channel by channel; zeros of the padding count."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        size: Any = ...,
        stride: Any = None,
        padding: Any = 0,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        kernel_size: Any = ...,
        pool_size: Any = ...,
        strides: Any = ...,
    ) -> Layer: ...

average_pool: _average_pool

class _batch_norm(Kind):
    """γ ⊙ (x − μ) / √(v + ε) + β, where μ and v are of each channel, over the batch and all places."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        momentum: float = 0.1,
        epsilon: float = 1e-05,
        scale: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        affine: bool = ...,
        elementwise_affine: bool = ...,
        eps: float = ...,
    ) -> Layer: ...

batch_norm: _batch_norm

class _bidirectional(Kind):
    """Two recurrences with weights of their own, one from the first step to the last, one from the last to the first, side by side."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        cell: str = "lstm",
        states: bool = False,
        bias: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        use_bias: bool = ...,
        return_sequences: bool = ...,
    ) -> Layer: ...

bidirectional: _bidirectional

class _conv(Kind):
    """A convolution: each output sees one window, all windows with the same weights: z = Σ over the window of x ⊙ W, + b; h = f(z)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        size: Any = ...,
        stride: Any = 1,
        padding: Any = 0,
        gap: Any = 1,
        groups: int = 1,
        activation: Any = None,
        bias: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        kernel_size: Any = ...,
        pool_size: Any = ...,
        dilation: Any = ...,
        dilation_rate: Any = ...,
        strides: Any = ...,
        num_groups: int = ...,
        use_bias: bool = ...,
    ) -> Layer: ...

conv: _conv

class _conv_transpose(Kind):
    """The way back through a convolution, as its gradient takes it: every input lays a window of weights, and what overlaps is added."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        size: Any = ...,
        stride: Any = 1,
        padding: Any = 0,
        extra: Any = 0,
        gap: Any = 1,
        activation: Any = None,
        bias: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        kernel_size: Any = ...,
        pool_size: Any = ...,
        dilation: Any = ...,
        dilation_rate: Any = ...,
        strides: Any = ...,
        output_padding: Any = ...,
        use_bias: bool = ...,
    ) -> Layer: ...

conv_transpose: _conv_transpose

class _dense(Kind):
    """A layer of `units` neurons, each of which sees every input: z = x W + b, h = f(z); with thresholds z = x W − θ."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        activation: Any = None,
        bias: Any = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        use_bias: Any = ...,
    ) -> Layer: ...

dense: _dense

class _distance(Kind):
    """How far two signals of one shape are apart: D = √Σ (x − y)², one number for each example; D² with squared = true."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        squared: bool = False,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

distance: _distance

class _dropout(Kind):
    """Some numbers become 0 while a network is trained, the others are divided by 1 − rate; a prediction leaves all as they are."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        rate: float = 0.5,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        p: float = ...,
        dropout: float = ...,
    ) -> Layer: ...

dropout: _dropout

class _embedding(Kind):
    """A row of numbers for each token, out of a table that is learned: e = T[x]."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        vocabulary: int = ...,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        num_embeddings: int = ...,
        input_dim: int = ...,
        vocab_size: int = ...,
    ) -> Layer: ...

embedding: _embedding

class _flatten(Kind):
    """All the numbers of an example in one row, the channels of one place side by side: (batch, 4, 4, 32) → (batch, 512)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

flatten: _flatten

class _global_pool(Kind):
    """One number for each channel, of all places: their mean, or the largest."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        pool: str = "average",
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

global_pool: _global_pool

class _glu(Kind):
    """A gated linear unit: h = (x W + b) ⊙ f(x V + c)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        activation: Any = "sigmoid",
        bias: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        use_bias: bool = ...,
    ) -> Layer: ...

glu: _glu

class _group_norm(Kind):
    """Each example is normalised by itself, each group of channels over all its places: γ ⊙ (x − μ) / √(v + ε) + β."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        groups: int = ...,
        epsilon: float = 1e-05,
        scale: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        affine: bool = ...,
        elementwise_affine: bool = ...,
        num_groups: int = ...,
        eps: float = ...,
    ) -> Layer: ...

group_norm: _group_norm

class _gru(Kind):
    """A gated recurrent unit: h⟨t⟩ = (1 − u) ⊙ n + u ⊙ h⟨t−1⟩, from h⟨0⟩ = 0."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        states: bool = False,
        reverse: bool = False,
        bias: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        use_bias: bool = ...,
        return_sequences: bool = ...,
        go_backwards: bool = ...,
    ) -> Layer: ...

gru: _gru

class _highway(Kind):
    """T ⊙ f(x W + b) + (1 − T) ⊙ x, with T = σ(x U + c)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        activation: Any = "relu",
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

highway: _highway

class _instance_norm(Kind):
    """Each channel of each example is normalised by itself, over its places: (x − μ) / √(v + ε)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        epsilon: float = 1e-05,
        scale: bool = False,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        affine: bool = ...,
        elementwise_affine: bool = ...,
        eps: float = ...,
    ) -> Layer: ...

instance_norm: _instance_norm

class _join(Kind):
    """Signals side by side: (batch, 2) and (batch, 3) give (batch, 5)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

join: _join

class _layer_norm(Kind):
    """γ ⊙ (x − μ) / √(v + ε) + β, where μ and v are of the last axis, of each example and place by itself."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        epsilon: float = 1e-05,
        scale: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        affine: bool = ...,
        elementwise_affine: bool = ...,
        eps: float = ...,
    ) -> Layer: ...

layer_norm: _layer_norm

class _learned_position(Kind):
    """x + P, where P is learned, a row for every place."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

learned_position: _learned_position

class _lstm(Kind):
    """Long short-term memory: c⟨t⟩ = f ⊙ c⟨t−1⟩ + i ⊙ g and h⟨t⟩ = o ⊙ tanh(c⟨t⟩), from c⟨0⟩ = h⟨0⟩ = 0."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        states: bool = False,
        reverse: bool = False,
        bias: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        use_bias: bool = ...,
        return_sequences: bool = ...,
        go_backwards: bool = ...,
    ) -> Layer: ...

lstm: _lstm

class _max_pool(Kind):
    """The largest of every window, channel by channel. Its gradient goes to that place, the first one of equals."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        size: Any = ...,
        stride: Any = None,
        padding: Any = 0,
        gap: Any = 1,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        kernel_size: Any = ...,
        pool_size: Any = ...,
        dilation: Any = ...,
        dilation_rate: Any = ...,
        strides: Any = ...,
    ) -> Layer: ...

max_pool: _max_pool

class _multi_head_attention(Kind):
    """Several attentions side by side, on parts of the features: Q = x WQ, K = m WK, V = m WV, A = softmax(Q Kᵀ / √d), h = (A V) WO."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        heads: int = 1,
        causal: bool = False,
        bias: bool = True,
        rotary: bool = False,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        num_heads: int = ...,
        nhead: int = ...,
        n_heads: int = ...,
        use_bias: bool = ...,
        is_causal: bool = ...,
    ) -> Layer: ...

multi_head_attention: _multi_head_attention

class _multiply(Kind):
    """The product of signals of one shape, element by element: a gate is `multiply()(g, h)`, or g * h in a function."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

multiply: _multiply

class _permute(Kind):
    """The axes of an example in another order, counted from 1: axes = [2, 1] transposes, (batch, 4, 3) → (batch, 3, 4)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        axes: Any,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

permute: _permute

class _reshape(Kind):
    """The numbers of an example in another shape, in the same order: (batch, 6) → (batch, 2, 3) with shape = [2, 3]."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        shape: Any,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

reshape: _reshape

class _rms_norm(Kind):
    """γ ⊙ x / √(mean of x² + ε), over the last axis; nothing is taken away."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        epsilon: float = 1e-05,
        scale: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        affine: bool = ...,
        elementwise_affine: bool = ...,
        eps: float = ...,
    ) -> Layer: ...

rms_norm: _rms_norm

class _rnn(Kind):
    """A recurrence: h⟨t⟩ = f(x⟨t⟩ W + h⟨t−1⟩ U + b), from h⟨0⟩ = 0; the last h, or all of them."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        states: bool = False,
        reverse: bool = False,
        activation: Any = "tanh",
        bias: bool = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
        use_bias: bool = ...,
        return_sequences: bool = ...,
        go_backwards: bool = ...,
    ) -> Layer: ...

rnn: _rnn

class _rotary_position(Kind):
    """Every pair of features is turned by the angle t / 10000^(2i / features) of its place t, counted from 0."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

rotary_position: _rotary_position

class _sinusoidal_position(Kind):
    """x + P, where P[t, 2i] = sin(t / 10000^(2i / features)) and P[t, 2i+1] = cos of the same; places t are counted from 0."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

sinusoidal_position: _sinusoidal_position

class _split(Kind):
    """One of so many equal parts along an axis of an example, counted from 1; the last axis if none is said."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        parts: int,
        take: int,
        axis: int = -1,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

split: _split

class _squeeze_excite(Kind):
    """Every channel times a gate that all channels decide: x ⊙ s, s = σ(ReLU(q W + b) V + c), where q is the mean over all places."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        units: int = ...,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int = ...,
        out_channels: int = ...,
        filters: int = ...,
        hidden_size: int = ...,
        embedding_dim: int = ...,
        output_dim: int = ...,
        dim_feedforward: int = ...,
    ) -> Layer: ...

squeeze_excite: _squeeze_excite

class _step(Kind):
    """What a sequence holds at one step, counted from 1, or from the end below 0: (batch, length, features) → (batch, features)."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        time: int,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

step: _step

class _subtract(Kind):
    """The difference of two signals of one shape: x − y."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Layer: ...

subtract: _subtract

class _tied(Kind):
    """The way back through another layer: z = x W⊤ + b, h = f(z), where W is the matrix of the layer `to`."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        to: Layer,
        activation: Any = None,
        bias: Any = True,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        use_bias: Any = ...,
    ) -> Layer: ...

tied: _tied

class _transformer_block(Kind):
    """Attention and two dense layers, each beside a way that leads past it: x + attention(norm(x)), then h + f(norm(h) W + b) U + d."""

    @overload
    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ...
    @overload
    def __call__(
        self,
        heads: int = 1,
        units: int | None = None,
        activation: Any = "gelu",
        causal: bool = False,
        first: bool = True,
        rotary: bool = False,
        rate: float = 0.0,
        epsilon: float = 1e-05,
        *,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        out_features: int | None = ...,
        out_channels: int | None = ...,
        filters: int | None = ...,
        hidden_size: int | None = ...,
        embedding_dim: int | None = ...,
        output_dim: int | None = ...,
        dim_feedforward: int | None = ...,
        num_heads: int = ...,
        nhead: int = ...,
        n_heads: int = ...,
        p: float = ...,
        dropout: float = ...,
        eps: float = ...,
        is_causal: bool = ...,
        norm_first: bool = ...,
    ) -> Layer: ...

transformer_block: _transformer_block
