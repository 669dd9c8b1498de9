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

class _adaptive_pool(Kind):
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
