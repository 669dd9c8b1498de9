"""The public names and where each is at home: for type checkers, and for `__init__.py`, which imports each when it is first used.

Where a name stands in several modules, it is the one that people mean: `tanh` is the activation, not the primitive.
"""

from chainrule.network import Network as Network
from chainrule.layers import dense as dense
from chainrule.describe import described as described, network_from as network_from
from chainrule.describe import read_description as read_description, write_description as write_description
from chainrule.problem import Problem as Problem, described_problem as described_problem, problem_from as problem_from
from chainrule.sources import problem as problem
from chainrule.examples import example as example
from chainrule.step import Step as Step
from chainrule.explain import explain as explain
from chainrule.figures import figure as figure
from chainrule.training import train as train, Watch as Watch
from chainrule.model import Model as Model
from chainrule.plan import Plan as Plan
from chainrule.train import Overflowed as Overflowed, Training as Training
from chainrule.divergence import Diverged as Diverged
from chainrule.prepare import Preparation as Preparation
from chainrule.metrics import Scores as Scores
from chainrule.data import read as read
from chainrule.proof import prove as prove
from chainrule.notation.settings import Notation as Notation
from chainrule.definitions import activation as activation, loss as loss, regularizer as regularizer, initializer as initializer
from chainrule.definitions import optimizer as optimizer, schedule as schedule, load_file as load_file
from chainrule.activations import identity as identity, sigmoid as sigmoid, tanh as tanh, relu as relu, leaky_relu as leaky_relu, elu as elu
from chainrule.activations import selu as selu, gelu as gelu, silu as silu, softplus as softplus, softsign as softsign, softmax as softmax
from chainrule.activations import hard_sigmoid as hard_sigmoid, hard_tanh as hard_tanh, hard_swish as hard_swish, relu6 as relu6
from chainrule.losses import half_squared as half_squared, squared as squared, absolute as absolute, huber as huber, log_cosh as log_cosh
from chainrule.losses import binary_cross_entropy as binary_cross_entropy
from chainrule.losses import binary_cross_entropy_from_logits as binary_cross_entropy_from_logits, cross_entropy as cross_entropy
from chainrule.losses import cross_entropy_from_logits as cross_entropy_from_logits, hinge as hinge, squared_hinge as squared_hinge
from chainrule.losses import kl as kl
from chainrule.regularizers import l1 as l1, l2 as l2, elastic_net as elastic_net
from chainrule.initializers import zeros as zeros, constant as constant, uniform as uniform, normal as normal
from chainrule.initializers import glorot_uniform as glorot_uniform, glorot_normal as glorot_normal, he_uniform as he_uniform
from chainrule.initializers import he_normal as he_normal, lecun_uniform as lecun_uniform, lecun_normal as lecun_normal
from chainrule.initializers import orthogonal as orthogonal, Constant as Constant, Uniform as Uniform, Normal as Normal
from chainrule.initializers import Orthogonal as Orthogonal
from chainrule.optimizers import sgd as sgd, momentum as momentum, nesterov as nesterov, adagrad as adagrad, rmsprop as rmsprop
from chainrule.optimizers import adam as adam, adamw as adamw, let as let
from chainrule.schedules import step_decay as step_decay, exponential as exponential, cosine as cosine, warmup as warmup
from chainrule.schedules import one_cycle as one_cycle
from chainrule.primitives import exp as exp, log as log, sqrt as sqrt, sin as sin, cos as cos, sign as sign, floor as floor, erf as erf
from chainrule.primitives import maximum as maximum, minimum as minimum, select as select, total as total, mean as mean
from chainrule.primitives import logsumexp as logsumexp
from chainrule.expression import Expression as Expression
from chainrule.errors import ChainruleError as ChainruleError, InputError as InputError, UnknownNameError as UnknownNameError
from chainrule.errors import ShapeError as ShapeError, DescriptionError as DescriptionError, FileError as FileError
from chainrule.errors import NotCompilable as NotCompilable, InexactError as InexactError, DivergenceError as DivergenceError

__version__: str
