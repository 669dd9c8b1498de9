"""A glass-box neural network: every number and every formula of back-propagation, shown step by step.

Names are imported when they are first used, so that nobody waits for what is not needed. `__init__.pyi` tells type checkers the same.
"""

import sys

__version__ = "0.1.0"

# Where a name stands in several modules, the first one here has it: `tanh` is the activation, not the primitive.
_NAMES = {
    "network.network": "Network",
    "network.layers": "dense",
    "network.description": "Problem described described_problem network_from problem_from read_description write_description",
    "api.problems": "problem",
    "network.examples": "example",
    "steps.step": "Step",
    "explanation.explain": "explain",
    "api.figures": "figure",
    "api.train": "train Watch",
    "training.model": "Model",
    "training.plan": "Plan",
    "training.loop": "Training",
    "doctor.divergence": "Diverged",
    "preparation.preparation": "Preparation",
    "training.metrics": "Scores",
    "data.reading": "read",
    "gradient_check.prove": "prove",
    "notation.conventions": "Notation",
    "network.definitions": "activation loss regularizer initializer optimizer schedule load_file",
    "network.activations": "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus softsign softmax "
    "hard_sigmoid hard_tanh hard_swish relu6",
    "network.losses": "half_squared squared absolute huber log_cosh binary_cross_entropy binary_cross_entropy_from_logits "
    "cross_entropy cross_entropy_from_logits hinge squared_hinge kl",
    "network.regularizers": "l1 l2 elastic_net",
    "network.initializers": "zeros constant uniform normal glorot_uniform glorot_normal he_uniform he_normal lecun_uniform lecun_normal "
    "orthogonal Constant Uniform Normal Orthogonal",
    "network.optimizers": "sgd momentum nesterov adagrad rmsprop adam adamw let",
    "network.schedules": "step_decay exponential cosine warmup one_cycle",
    "formula.primitives": "exp log sqrt sin cos sign floor erf maximum minimum select total mean logsumexp",
    "formula.expression": "Expression",
    "base.errors": "ChainruleError InputError UnknownNameError ShapeError DescriptionError FileError NotCompilable "
    "InexactError DivergenceError",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'chainrule' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(f"chainrule.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(type(sys)):  # type: ignore[misc]  # the type of modules, without the cost of importing `types`
    """`chainrule.explanation` stays the function, though importing the module of that name would bind the module."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOME or not isinstance(value, type(sys)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
