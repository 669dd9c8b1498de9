# ruff: noqa: PLC2401  # η, λ, μ and ρ are names of options
"""The public names and where each is at home: for type checkers, and for `__init__.py`, which imports each when it is first used.

Where a name stands in several modules, it is the one that people mean: `tanh` is the activation, not the primitive.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from chainrule.network.definitions import Bound, Definition
from chainrule.network.network import Network as Network
from chainrule.network.layers import subtract as subtract, distance as distance
from chainrule.network.layers import dense as dense, tied as tied, add as add, multiply as multiply, join as join, layer as layer
from chainrule.network.wiring import image as image, sequence as sequence, tokens as tokens
from chainrule.network.spatial import conv as conv, conv_transpose as conv_transpose, max_pool as max_pool, average_pool as average_pool
from chainrule.network.spatial import adaptive_pool as adaptive_pool, global_pool as global_pool
from chainrule.network.spatial import flatten as flatten, reshape as reshape, permute as permute, split as split
from chainrule.network.normalization import batch_norm as batch_norm, layer_norm as layer_norm, rms_norm as rms_norm
from chainrule.network.normalization import group_norm as group_norm, instance_norm as instance_norm, dropout as dropout
from chainrule.network.recurrence import rnn as rnn, lstm as lstm, gru as gru, bidirectional as bidirectional, step as step
from chainrule.network.recurrence import embedding as embedding
from chainrule.network.attention import attention as attention, multi_head_attention as multi_head_attention
from chainrule.network.attention import sinusoidal_position as sinusoidal_position, learned_position as learned_position
from chainrule.network.attention import rotary_position as rotary_position, transformer_block as transformer_block
from chainrule.network.attention import glu as glu, highway as highway, squeeze_excite as squeeze_excite
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
    from chainrule.network.initializers import constant as constant, normal as normal, orthogonal as orthogonal, uniform as uniform
    from chainrule.network.losses import (
        contrastive as contrastive,
        focal as focal,
        huber as huber,
        smoothed_cross_entropy as smoothed_cross_entropy,
        triplet as triplet,
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
    from chainrule.network.regularizers import elastic_net as elastic_net, l1 as l1, l2 as l2
    from chainrule.network.schedules import (
        cosine as cosine,
        exponential as exponential,
        one_cycle as one_cycle,
        step_decay as step_decay,
        warmup as warmup,
    )

class _adadelta(Definition):
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
    @overload
    def __call__(self, value: float = 0.1) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

constant: _constant

class _contrastive(Definition):
    @overload
    def __call__(self, margin: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

contrastive: _contrastive

class _cosine(Definition):
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
    @overload
    def __call__(self, l1: float = 0.01, l2: float = 0.01) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

elastic_net: _elastic_net

class _elu(Definition):
    @overload
    def __call__(self, alpha: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

elu: _elu

class _exponential(Definition):
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
    @overload
    def __call__(self, gamma: float = 2.0, alpha: float = 0.25) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

focal: _focal

class _gelu(Definition):
    @overload
    def __call__(self, approximate: Literal["none", "tanh"] = "none") -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

gelu: _gelu

class _huber(Definition):
    @overload
    def __call__(self, delta: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

huber: _huber

class _l1(Definition):
    @overload
    def __call__(self, rate: float = 0.01, *, λ: float = ...) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

l1: _l1

class _l2(Definition):
    @overload
    def __call__(self, rate: float = 0.01, *, λ: float = ...) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

l2: _l2

class _leaky_relu(Definition):
    @overload
    def __call__(self, slope: float = 0.01, *, negative_slope: float = ..., alpha: float = ...) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

leaky_relu: _leaky_relu

class _lion(Definition):
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
    @overload
    def __call__(
        self, mean: float = 0.0, deviation: float = 0.1, *, std: float = ..., stddev: float = ..., sigma: float = ...
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

normal: _normal

class _one_cycle(Definition):
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
    @overload
    def __call__(self, gain: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

orthogonal: _orthogonal

class _radam(Definition):
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
    @overload
    def __call__(self, smoothing: float = 0.1) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

smoothed_cross_entropy: _smoothed_cross_entropy

class _step_decay(Definition):
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
    @overload
    def __call__(self, margin: float = 1.0) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Expression: ...

triplet: _triplet

class _uniform(Definition):
    @overload
    def __call__(self, low: float = -0.5, high: float = 0.5) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

uniform: _uniform

class _warmup(Definition):
    @overload
    def __call__(
        self, rate: float = 0.05, steps: float = 10, *, lr: float = ..., learning_rate: float = ..., eta: float = ..., η: float = ...
    ) -> Bound: ...
    @overload
    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> Any: ...

warmup: _warmup
