"""Update rules, clipping and schedules, step by step against PyTorch."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from tests.samples import built_in

import chainrule as cr
from chainrule.base.errors import DescriptionError, UnknownNameError
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.epoch import Written
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, neighbours, order, variable
from chainrule.network import optimizers
from chainrule.network.definitions import REGISTRY, Bound, find
from chainrule.network.description import from_toml, to_toml
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.update import network_update

STEPS = 100

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda w: torch.optim.SGD(w, lr=0.03),
    "momentum": lambda w: torch.optim.SGD(w, lr=0.03, momentum=0.8),
    "nesterov": lambda w: torch.optim.SGD(w, lr=0.03, momentum=0.8, nesterov=True),
    "adagrad": lambda w: torch.optim.Adagrad(w, lr=0.03),
    "rmsprop": lambda w: torch.optim.RMSprop(w, lr=0.03, alpha=0.95),
    "adam": lambda w: torch.optim.Adam(w, lr=0.03, betas=(0.85, 0.98)),
    "adamw": lambda w: torch.optim.AdamW(w, lr=0.03, weight_decay=0.1),
    "nadam": lambda w: torch.optim.NAdam(w, lr=0.03, betas=(0.85, 0.98), momentum_decay=0.05),
    "radam": lambda w: torch.optim.RAdam(w, lr=0.03, betas=(0.85, 0.98)),
    "adamax": lambda w: torch.optim.Adamax(w, lr=0.03, betas=(0.85, 0.98)),
    "adadelta": lambda w: torch.optim.Adadelta(w, lr=0.03, rho=0.8, eps=1e-3),
    "lion": lambda w: Lion(w, 0.03, (0.85, 0.97), 0.1),
    "muon": lambda w: torch.optim.Muon(w, lr=0.03, momentum=0.8, weight_decay=0.05, eps=1e-5),
}
OPTIONS: dict[str, dict[str, float]] = {
    "sgd": {},
    "momentum": {"momentum": 0.8},
    "nesterov": {"momentum": 0.8},
    "adagrad": {},
    "rmsprop": {"decay": 0.95},
    "adam": {"beta1": 0.85, "beta2": 0.98},
    "adamw": {"decay": 0.1},
    "nadam": {"beta1": 0.85, "beta2": 0.98, "momentum_decay": 0.05},
    "radam": {"beta1": 0.85, "beta2": 0.98},
    "adamax": {"beta1": 0.85, "beta2": 0.98},
    "adadelta": {"decay": 0.8, "epsilon": 1e-3},
    "lion": {"beta1": 0.85, "beta2": 0.97, "decay": 0.1},
    "muon": {"momentum": 0.8, "decay": 0.05, "epsilon": 1e-5},
}
DEFAULTS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "adamax": torch.optim.Adamax,
    "adadelta": torch.optim.Adadelta,
    "muon": torch.optim.Muon,
}


@pytest.fixture(autouse=True)
def in_float64(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """torch's NAdam keeps a product, and its Muon a matrix, in fewer digits than the weights have."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    yield
    torch.set_default_dtype(before)


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. (2023), line by line, in NumPy."""

    def __init__(self, weights: list[torch.Tensor], rate: float, betas: tuple[float, float], decay: float) -> None:
        super().__init__(weights, {"lr": rate})
        self.betas, self.decay = betas, decay
        self.momenta = [np.zeros(tuple(w.shape)) for w in weights]

    def step(self, closure: Any = None) -> None:
        """One step."""
        for place, w in enumerate(self.param_groups[0]["params"]):
            g, momentum = w.grad.numpy(), self.momenta[place]
            update = np.sign(momentum * self.betas[0] + g * (1 - self.betas[0]))
            rate = self.param_groups[0]["lr"]
            w.data -= torch.tensor(rate * (update + self.decay * w.detach().numpy()))
            self.momenta[place] = momentum * self.betas[1] + g * (1 - self.betas[1])


def gradient(w: np.ndarray, k: int) -> np.ndarray:
    """The gradient of a bent bowl that turns a little at every step."""
    return w**3 - 0.5 * w + np.sin(0.3 * k + np.arange(w.size).reshape(w.shape))


def run(bound: Bound, w: np.ndarray, steps: int) -> np.ndarray:
    """Every w after steps 1 … `steps`."""
    operands = bound.definition.operands
    letters = {name: variable(Name(name), () if name == "k" else w.shape) for name in operands}
    result = bound.apply(*letters.values())
    rules = dict(
        zip(("w", *(name for name in operands[2:] if name != "k")), result if isinstance(result, tuple) else (result,), strict=True)
    )
    numbers = {name: np.zeros(w.shape) for name in rules} | {"w": w}
    path = []
    for k in range(1, steps + 1):
        given = {**numbers, "g": gradient(numbers["w"], k), "k": np.asarray(float(k))}
        values = evaluate(list(rules.values()), {letters[name]: given[name] for name in operands})
        numbers = {name: values[rule] for name, rule in rules.items()}
        path.append(numbers["w"])
    return np.asarray(path)


@pytest.mark.parametrize("name", sorted(REGISTRY["optimizer"] or OPTIMIZERS))
def test_hundred_steps_like_torch(name: str) -> None:
    for shape in ((3, 2), (2, 3), (1, 4)):
        start = np.random.default_rng(7).normal(size=shape)
        ours = run(find("optimizer", {"name": name, "learning_rate": 0.03, **OPTIONS[name]}), start, STEPS)
        np.testing.assert_allclose(ours, theirs(OPTIMIZERS[name], start, STEPS), rtol=1e-12, atol=1e-13)


def theirs(make: Callable[..., torch.optim.Optimizer], start: np.ndarray, steps: int) -> np.ndarray:
    """Every w after steps 1 … `steps`; torch's matrices are (units, inputs)."""
    w = torch.tensor(start.T.copy(), requires_grad=True)
    optimizer, path = make([w]), []
    for k in range(1, steps + 1):
        w.grad = torch.tensor(gradient(w.detach().numpy().T.copy(), k).T.copy())
        optimizer.step()
        path.append(w.detach().numpy().T.copy())
    return np.asarray(path)


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_defaults_are_those_of_torch(name: str) -> None:
    start = np.array([[0.4, -1.3]])
    np.testing.assert_allclose(run(find("optimizer", name), start, 10), theirs(DEFAULTS[name], start, 10), rtol=1e-12)


@pytest.mark.parametrize("shape", [(3,), (1,), (), (2, 2, 3), (3, 1, 2, 2)])
def test_muon_takes_a_parameter_of_other_axes_as_a_matrix(shape: tuple[int, ...]) -> None:
    start = np.random.default_rng(3).normal(size=shape)
    rows = start.reshape(-1, shape[-1]) if len(shape) > 1 else start.reshape(1, -1)
    rule, scale = find("optimizer", {"name": "muon", "learning_rate": 0.03}), 1.0
    if len(shape) < 2:  # a vector is no matrix whose units outnumber its inputs
        scale = 1 / np.sqrt(max(1, rows.shape[1]))
    first, moved = run(rule, start, 1)[0], run(rule, rows, 1)[0]
    kept = (1 - 0.03 * 0.1) * start
    np.testing.assert_allclose((first - kept).ravel(), (moved - (1 - 0.03 * 0.1) * rows).ravel() * scale, rtol=1e-12)


def test_where_v_rests_on_few_steps_for_ever_radam_never_uses_it() -> None:
    """β₂ = 0.5: ℓ∞ is 3, whose root would be one of a number below 0."""
    start = np.array([[0.4, -1.3]])
    path = run(find("optimizer", {"name": "radam", "beta2": 0.5}), start, 30)
    np.testing.assert_allclose(path, theirs(lambda w: torch.optim.RAdam(w, betas=(0.9, 0.5)), start, 30), rtol=1e-12)


def test_quantities_inside_a_rule_have_names() -> None:
    letters = [variable(Name(letter), () if letter == "k" else (2,)) for letter in ("w", "g", "m", "v", "k")]
    new, m, v = find("optimizer", "adam").apply(*letters)
    assert {str(node.name) for node in neighbours(new)} == {"w", "m_hat", "v_hat"}
    assert {str(node.name) for node in order(m) if node.name} == {"m", "g"}
    assert {str(node.name) for node in order(v) if node.name} == {"v", "g"}


# Clipping.


def numbers_of(expression: Expression, bindings: dict[Expression, Any]) -> np.ndarray:
    return np.asarray(evaluate([expression], bindings)[expression])


def test_clipping_by_value_like_torch() -> None:
    g = variable(Name("g"), (4,))
    numbers = np.array([-3.0, -0.2, 0.5, 7.0])
    tensor = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    tensor.grad = torch.tensor(numbers)
    torch.nn.utils.clip_grad_value_([tensor], 0.5)
    np.testing.assert_array_equal(numbers_of(optimizers.clip_value(g, 0.5), {g: numbers}), tensor.grad)


@pytest.mark.parametrize("limit", [0.1, 1.0, 5.0, 1000.0])
def test_clipping_by_norm_is_over_all_parameters(limit: float) -> None:
    letters = [
        variable(Name("W", layer=1).of_gradient, (2, 3)),
        variable(Name("b", layer=1).of_gradient, (3,)),
        variable(Name("scale").of_gradient),
    ]
    random = np.random.default_rng(1)
    bindings = {letter: np.asarray(random.normal(size=letter.shape)) for letter in letters}
    norm = optimizers.global_norm(letters)
    flat = np.concatenate([np.ravel(numbers) for numbers in bindings.values()])
    assert numbers_of(norm, bindings) == pytest.approx(np.linalg.norm(flat), rel=1e-14)
    clipped = [numbers_of(optimizers.clip_norm(letter, norm, limit), bindings) for letter in letters]
    tensors = [torch.zeros(numbers.shape, dtype=torch.float64, requires_grad=True) for numbers in bindings.values()]
    for tensor, numbers in zip(tensors, bindings.values(), strict=True):
        tensor.grad = torch.tensor(numbers)
    torch.nn.utils.clip_grad_norm_(tensors, limit)
    for ours, tensor in zip(clipped, tensors, strict=True):
        np.testing.assert_allclose(ours, tensor.grad, rtol=1e-6)  # torch divides by ‖g‖ + 1e-6
    wanted = min(limit, float(np.linalg.norm(flat)))
    assert np.linalg.norm(np.concatenate([np.ravel(c) for c in clipped])) == pytest.approx(wanted, rel=1e-14)


def test_clipping_a_gradient_of_nought() -> None:
    g = variable(Name("g"), (2,))
    clipped = optimizers.clip_norm(g, optimizers.global_norm([g]), 1.0)
    np.testing.assert_array_equal(numbers_of(clipped, {g: np.zeros(2)}), [0.0, 0.0])


# Schedules. torch counts steps from 0, we from 1.

SCHEDULES: dict[str, tuple[dict[str, float], Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]]] = {
    "constant": ({}, lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0)),
    "step_decay": ({"every": 7, "factor": 0.3}, lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.3)),
    "exponential": ({"factor": 0.97}, lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.97)),
    "cosine": ({"steps": 40, "floor": 0.01}, lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 40, 0.01)),
    "warmup": ({"steps": 25}, lambda o: torch.optim.lr_scheduler.LinearLR(o, 1 / 25, 1.0, total_iters=24)),
    "one_cycle": ({"steps": STEPS}, lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.2, total_steps=STEPS)),
}


def rates(bound: Bound, steps: int) -> np.ndarray:
    k = variable(Name("k"))
    rate = bound.apply(k)
    return np.asarray([float(evaluate([rate], {k: np.asarray(float(step))})[rate]) for step in range(1, steps + 1)])


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_schedules_like_torch(name: str) -> None:
    options, scheduler_of = SCHEDULES[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
    scheduler = scheduler_of(optimizer)
    theirs = []
    for _ in range(STEPS):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(theirs) < STEPS:
            scheduler.step()
    np.testing.assert_allclose(rates(find("schedule", {"name": name, "rate": 0.2, **options}), STEPS), theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("steps", "rise"), [(10, 0.5), (7, 0.4), (5, 0.3), (1000, 0.05)])
def test_one_cycle_with_other_lengths_like_torch(steps: int, rise: float) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=steps, pct_start=rise, div_factor=10, final_div_factor=100)
    theirs = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps - 1):
        optimizer.step()
        scheduler.step()
        theirs.append(optimizer.param_groups[0]["lr"])
    options = {"rate": 0.2, "steps": steps, "rise": rise, "start_divisor": 10.0, "end_divisor": 100.0}
    np.testing.assert_allclose(rates(find("schedule", {"name": "one_cycle", **options}), steps), theirs, rtol=1e-12, atol=1e-15)


def test_every_schedule_and_optimizer_has_its_twin_here() -> None:
    assert built_in("schedule").keys() == SCHEDULES.keys()
    assert built_in("optimizer").keys() == OPTIMIZERS.keys()


def test_after_the_cycle_the_rate_stays_down() -> None:
    path = rates(find("schedule", {"name": "one_cycle", "rate": 0.2, "steps": 10}), 30)
    np.testing.assert_allclose(path[9:], path[9])


def test_a_cycle_has_steps_to_rise_and_to_fall() -> None:
    with pytest.raises(DescriptionError, match=r"rise · steps = 0\.9 of 3"):
        find("schedule", {"name": "one_cycle", "steps": 3}).apply(variable(Name("k")))


# Rates of layers and parameters.


@pytest.mark.parametrize("name", ["sgd", "adamw", "nadam"])
def test_rates_of_their_own_like_torch_with_groups(name: str) -> None:
    network = Network(3, dense(4, "tanh", name="first"), dense(2, "tanh"), dense(1), loss="half_squared", seed=3)
    random = np.random.default_rng(1)
    x, t = random.normal(size=(6, 3)), random.normal(size=(6, 1))
    multipliers = {"first": 0.1, "b1": 3, "hidden2.W": 0.5, "output": 2}
    factors = {"W1": 0.1, "b1": 3, "W2": 0.5, "b2": 1, "W3": 2, "b3": 2}
    rule = {"name": name, "learning_rate": 0.03, **OPTIONS[name], "multipliers": multipliers}
    tensors = {key: torch.tensor(value, requires_grad=True) for key, value in network.parameters.items()}
    theirs = OPTIMIZERS[name](list(tensors.values()))
    first = theirs.param_groups[0]
    theirs.param_groups = [{**first, "params": [tensors[key]], "lr": 0.03 * factor} for key, factor in factors.items()]
    for step in itertools.islice(network.steps(x, t, rule), 20):
        for key, tensor in tensors.items():
            tensor.grad = torch.tensor(step.gradients[key])
        theirs.step()
        for key, tensor in tensors.items():
            np.testing.assert_allclose(step.new_parameters[key], tensor.detach().numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("rate", [0.03, {"name": "cosine", "rate": 0.1}])
def test_every_engine_takes_rates_of_their_own(rate: Any) -> None:
    network = Network(3, dense(4, "tanh"), dense(1), seed=3)
    rule = find("optimizer", {"name": "adam", "learning_rate": rate, "multipliers": {"W1": 0.1, "output": 2.5}})
    random = np.random.default_rng(1)
    data = random.normal(size=(12, 3)), random.normal(size=(12, 1))
    slow, fast = Written(network, rule), [Compiled(network, rule, straight=straight) for straight in (True, False)]
    zeros = {key: np.zeros(shape) for key, shape in network_update(network, rule).state_shapes.items()}
    start = tuple({**network.parameters, **zeros}[key] for key in slow.keys)
    states = [engine.epoch(data, None, 4, start, 0, math.inf, lambda: False).state for engine in (slow, *fast)]
    for state in states[1:]:
        for one, other in zip(states[0], state, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)
    (step,) = itertools.islice(network.steps(data[0][:4], data[1][:4], rule), 1)
    alone = slow.epoch((data[0][:4], data[1][:4]), None, 4, start, 0, math.inf, lambda: False).state
    np.testing.assert_allclose(dict(zip(slow.keys, alone, strict=True))["W2"], step.new_parameters["W2"], rtol=1e-12)


@pytest.mark.parametrize(
    ("multipliers", "message"),
    [
        ({"hidden": 2}, r"no layer or parameter is called 'hidden'\. Did you mean 'hidden1'"),
        ({"hidden1": 0}, r"sgd got 0 as the multiplier of hidden1; it must be a number greater than 0 .* is frozen"),
        ({"hidden1": True}, "sgd got True as the multiplier of hidden1"),
        ([0.1, 2], r"multipliers of rates stand behind names of layers or parameters, as .* not \[0\.1, 2\]"),
    ],
)
def test_multipliers_that_cannot_be(multipliers: Any, message: str) -> None:
    with pytest.raises((DescriptionError, UnknownNameError), match=message):
        network_update(Network(2, dense(2), dense(1)), find("optimizer", {"name": "sgd", "multipliers": multipliers}))


def test_multipliers_are_described_read_and_explained() -> None:
    problem = cr.problem("2-2-1", learning_rate=0.1, multipliers="hidden1=0.1, b2=3")
    described = cr.described_problem(problem)
    assert described["optimizer"]["multipliers"] == {"hidden1": 0.1, "b2": 3}
    again = cr.problem_from(from_toml(to_toml(described)))
    assert again.optimizer == problem.optimizer
    text = str(problem.explain(detail="scalar"))
    assert "W1, b1 learn at a rate of their own: η is multiplied by 0.1 there, which makes 0.01 in" in " ".join(text.split())
    assert "b2 learns at a rate of its own: η is multiplied by 3 there, which makes 0.3 in this step." in " ".join(text.split())
    assert "η_W1 = 0.1 · η = 0.1 · 0.1 = 0.01" in text
    assert "Beside plain gradient descent" not in text  # it is gradient descent, at several rates
    table = {"a": np.arange(40.0) * 7 % 40, "b": np.arange(40.0) % 7, "y": np.arange(40.0) * 3 % 20}
    model = cr.train(table, target="y", hidden=[3], epochs=2, optimizer="sgd", multipliers={"hidden1": 1e-6})
    assert model.plan.optimizer.options["multipliers"] == {"hidden1": 1e-6}
