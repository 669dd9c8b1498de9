"""The public names and where each is at home: for type checkers, and for `__init__.py`, which imports each when it is first used.

Where a name stands in several modules, it is the one that people mean: `tanh` is the activation, not the primitive.
"""

from chainrule.network.network import Network as Network
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
from chainrule.api.modules import network_from as network_from
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
from chainrule.api.doctor import doctor as doctor
from chainrule.api.train import train as train
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
from chainrule.network.definitions import activation as activation, loss as loss, regularizer as regularizer, initializer as initializer
from chainrule.network.definitions import optimizer as optimizer, schedule as schedule, load_file as load_file
from chainrule.network.definitions import Positive as Positive, NotNegative as NotNegative, Share as Share
from chainrule.network.activations import identity as identity, sigmoid as sigmoid, tanh as tanh, relu as relu, leaky_relu as leaky_relu
from chainrule.network.activations import elu as elu
from chainrule.network.activations import selu as selu, gelu as gelu, silu as silu, softplus as softplus, softsign as softsign
from chainrule.network.activations import softmax as softmax
from chainrule.network.activations import hard_sigmoid as hard_sigmoid, hard_tanh as hard_tanh, hard_swish as hard_swish, relu6 as relu6
from chainrule.network.losses import half_squared as half_squared, squared as squared, absolute as absolute, huber as huber
from chainrule.network.losses import log_cosh as log_cosh
from chainrule.network.losses import binary_cross_entropy as binary_cross_entropy
from chainrule.network.losses import binary_cross_entropy_from_logits as binary_cross_entropy_from_logits, cross_entropy as cross_entropy
from chainrule.network.losses import cross_entropy_from_logits as cross_entropy_from_logits, hinge as hinge, squared_hinge as squared_hinge
from chainrule.network.losses import smoothed_cross_entropy as smoothed_cross_entropy, focal as focal
from chainrule.network.losses import sequence_cross_entropy as sequence_cross_entropy, cosine_distance as cosine_distance
from chainrule.network.losses import contrastive as contrastive, triplet as triplet
from chainrule.network.losses import kl as kl, objective as objective, upstream as upstream
from chainrule.network.regularizers import l1 as l1, l2 as l2, elastic_net as elastic_net
from chainrule.network.initializers import zeros as zeros, constant as constant, uniform as uniform, normal as normal
from chainrule.network.initializers import glorot_uniform as glorot_uniform, glorot_normal as glorot_normal, he_uniform as he_uniform
from chainrule.network.initializers import he_normal as he_normal, lecun_uniform as lecun_uniform, lecun_normal as lecun_normal
from chainrule.network.initializers import orthogonal as orthogonal, Constant as Constant, Uniform as Uniform, Normal as Normal
from chainrule.network.initializers import Orthogonal as Orthogonal
from chainrule.network.optimizers import sgd as sgd, momentum as momentum, nesterov as nesterov, adagrad as adagrad, rmsprop as rmsprop
from chainrule.network.optimizers import adam as adam, adamw as adamw, nadam as nadam, radam as radam, adamax as adamax
from chainrule.network.optimizers import adadelta as adadelta, lion as lion, muon as muon, let as let
from chainrule.network.schedules import step_decay as step_decay, exponential as exponential, cosine as cosine, warmup as warmup
from chainrule.network.schedules import one_cycle as one_cycle
from chainrule.formula.primitives import exp as exp, log as log, sqrt as sqrt, sin as sin, cos as cos, sign as sign, floor as floor
from chainrule.formula.primitives import erf as erf
from chainrule.formula.primitives import maximum as maximum, minimum as minimum, select as select
from chainrule.formula.reductions import total as total, mean as mean, logsumexp as logsumexp
from chainrule.formula.expression import Expression as Expression
from chainrule.base.errors import ChainruleError as ChainruleError, InputError as InputError, UnknownNameError as UnknownNameError
from chainrule.base.errors import ShapeError as ShapeError, DescriptionError as DescriptionError, FileError as FileError
from chainrule.base.errors import NotCompilable as NotCompilable, InexactError as InexactError, DivergenceError as DivergenceError

__version__: str
