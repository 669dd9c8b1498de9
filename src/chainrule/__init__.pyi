"""The public names, as type checkers see them; `__init__.py` imports each when it is first used."""

from chainrule.activations import (
    elu as elu,
)
from chainrule.activations import (
    gelu as gelu,
)
from chainrule.activations import (
    hard_sigmoid as hard_sigmoid,
)
from chainrule.activations import (
    hard_swish as hard_swish,
)
from chainrule.activations import (
    hard_tanh as hard_tanh,
)
from chainrule.activations import (
    identity as identity,
)
from chainrule.activations import (
    leaky_relu as leaky_relu,
)
from chainrule.activations import (
    relu as relu,
)
from chainrule.activations import (
    relu6 as relu6,
)
from chainrule.activations import (
    selu as selu,
)
from chainrule.activations import (
    sigmoid as sigmoid,
)
from chainrule.activations import (
    silu as silu,
)
from chainrule.activations import (
    softmax as softmax,
)
from chainrule.activations import (
    softplus as softplus,
)
from chainrule.activations import (
    softsign as softsign,
)
from chainrule.activations import (
    tanh as tanh,
)
from chainrule.data import (
    read as read,
)
from chainrule.definitions import (
    NotNegative as NotNegative,
)
from chainrule.definitions import (
    Positive as Positive,
)
from chainrule.definitions import (
    Share as Share,
)
from chainrule.definitions import (
    activation as activation,
)
from chainrule.definitions import (
    initializer as initializer,
)
from chainrule.definitions import (
    load_file as load_file,
)
from chainrule.definitions import (
    loss as loss,
)
from chainrule.definitions import (
    optimizer as optimizer,
)
from chainrule.definitions import (
    regularizer as regularizer,
)
from chainrule.definitions import (
    schedule as schedule,
)
from chainrule.describe import (
    Problem as Problem,
)
from chainrule.describe import (
    described as described,
)
from chainrule.describe import (
    described_problem as described_problem,
)
from chainrule.describe import (
    network_from as network_from,
)
from chainrule.describe import (
    problem_from as problem_from,
)
from chainrule.describe import (
    read_description as read_description,
)
from chainrule.describe import (
    write_description as write_description,
)
from chainrule.divergence import (
    Diverged as Diverged,
)
from chainrule.errors import (
    ChainruleError as ChainruleError,
)
from chainrule.errors import (
    DescriptionError as DescriptionError,
)
from chainrule.errors import (
    DivergenceError as DivergenceError,
)
from chainrule.errors import (
    FileError as FileError,
)
from chainrule.errors import (
    InexactError as InexactError,
)
from chainrule.errors import (
    InputError as InputError,
)
from chainrule.errors import (
    NotCompilable as NotCompilable,
)
from chainrule.errors import (
    ShapeError as ShapeError,
)
from chainrule.errors import (
    UnknownNameError as UnknownNameError,
)
from chainrule.examples import (
    example as example,
)
from chainrule.explain import (
    explain as explain,
)
from chainrule.expression import (
    Expression as Expression,
)
from chainrule.figures import (
    figure as figure,
)
from chainrule.initializers import (
    Constant as Constant,
)
from chainrule.initializers import (
    Normal as Normal,
)
from chainrule.initializers import (
    Orthogonal as Orthogonal,
)
from chainrule.initializers import (
    Uniform as Uniform,
)
from chainrule.initializers import (
    constant as constant,
)
from chainrule.initializers import (
    glorot_normal as glorot_normal,
)
from chainrule.initializers import (
    glorot_uniform as glorot_uniform,
)
from chainrule.initializers import (
    he_normal as he_normal,
)
from chainrule.initializers import (
    he_uniform as he_uniform,
)
from chainrule.initializers import (
    lecun_normal as lecun_normal,
)
from chainrule.initializers import (
    lecun_uniform as lecun_uniform,
)
from chainrule.initializers import (
    normal as normal,
)
from chainrule.initializers import (
    orthogonal as orthogonal,
)
from chainrule.initializers import (
    uniform as uniform,
)
from chainrule.initializers import (
    zeros as zeros,
)
from chainrule.layers import (
    dense as dense,
)
from chainrule.losses import (
    absolute as absolute,
)
from chainrule.losses import (
    binary_cross_entropy as binary_cross_entropy,
)
from chainrule.losses import (
    binary_cross_entropy_from_logits as binary_cross_entropy_from_logits,
)
from chainrule.losses import (
    cross_entropy as cross_entropy,
)
from chainrule.losses import (
    cross_entropy_from_logits as cross_entropy_from_logits,
)
from chainrule.losses import (
    half_squared as half_squared,
)
from chainrule.losses import (
    hinge as hinge,
)
from chainrule.losses import (
    huber as huber,
)
from chainrule.losses import (
    kl as kl,
)
from chainrule.losses import (
    log_cosh as log_cosh,
)
from chainrule.losses import (
    squared as squared,
)
from chainrule.losses import (
    squared_hinge as squared_hinge,
)
from chainrule.metrics import (
    Scores as Scores,
)
from chainrule.model import (
    Model as Model,
)
from chainrule.network import (
    Network as Network,
)
from chainrule.notation.settings import (
    Notation as Notation,
)
from chainrule.optimizers import (
    adagrad as adagrad,
)
from chainrule.optimizers import (
    adam as adam,
)
from chainrule.optimizers import (
    adamw as adamw,
)
from chainrule.optimizers import (
    let as let,
)
from chainrule.optimizers import (
    momentum as momentum,
)
from chainrule.optimizers import (
    nesterov as nesterov,
)
from chainrule.optimizers import (
    rmsprop as rmsprop,
)
from chainrule.optimizers import (
    sgd as sgd,
)
from chainrule.plan import (
    Plan as Plan,
)
from chainrule.prepare import (
    Preparation as Preparation,
)
from chainrule.primitives import (
    cos as cos,
)
from chainrule.primitives import (
    erf as erf,
)
from chainrule.primitives import (
    exp as exp,
)
from chainrule.primitives import (
    floor as floor,
)
from chainrule.primitives import (
    log as log,
)
from chainrule.primitives import (
    logsumexp as logsumexp,
)
from chainrule.primitives import (
    maximum as maximum,
)
from chainrule.primitives import (
    mean as mean,
)
from chainrule.primitives import (
    minimum as minimum,
)
from chainrule.primitives import (
    select as select,
)
from chainrule.primitives import (
    sign as sign,
)
from chainrule.primitives import (
    sin as sin,
)
from chainrule.primitives import (
    sqrt as sqrt,
)
from chainrule.primitives import (
    total as total,
)
from chainrule.proof import (
    prove as prove,
)
from chainrule.regularizers import (
    elastic_net as elastic_net,
)
from chainrule.regularizers import (
    l1 as l1,
)
from chainrule.regularizers import (
    l2 as l2,
)
from chainrule.schedules import (
    cosine as cosine,
)
from chainrule.schedules import (
    exponential as exponential,
)
from chainrule.schedules import (
    one_cycle as one_cycle,
)
from chainrule.schedules import (
    step_decay as step_decay,
)
from chainrule.schedules import (
    warmup as warmup,
)
from chainrule.sources import (
    problem as problem,
)
from chainrule.step import (
    Step as Step,
)
from chainrule.train import (
    Training as Training,
)
from chainrule.training import (
    Watch as Watch,
)
from chainrule.training import (
    train as train,
)

__version__: str
