"""One core for what comes later: residual graphs, normalisation, attention, recurrence and convolution, built from primitives alone.

Each is compared with PyTorch's own layer: the value, and the gradient by every parameter and input. All of it is an ordinary graph:
a value used twice is one node with two readers, a shared weight is one variable, and a recurrence stands in the graph unrolled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Shape, named, neighbours, order, variable

Tensor = torch.Tensor


@dataclass
class Letters:
    """Variables with random numbers, and the tensors that are their twins."""

    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(11))
    numbers: dict[Expression, np.ndarray] = field(default_factory=dict)
    tensors: dict[Expression, Tensor] = field(default_factory=dict)

    def __call__(self, symbol: str, shape: Shape, layer: int | None = None, batch: int = 5) -> Expression:
        letter = variable(Name(symbol, layer), shape)
        self.numbers[letter] = self.random.normal(0, 0.7, [batch if size == "batch" else size for size in shape])
        self.tensors[letter] = torch.tensor(self.numbers[letter], requires_grad=True)
        return letter

    def agree(self, ours: Expression, theirs: Callable[..., Tensor]) -> None:
        """Σ weights · ours has the value and all the gradients that PyTorch finds."""
        result = theirs(*self.tensors.values())
        weights = self.random.normal(size=tuple(result.shape))
        E = named(Name("E"), p.total(ours * variable(Name("weights"), ours.shape), axes=tuple(range(len(ours.shape)))))
        given = next(node for node in order(E) if str(node.name) == "weights")
        derived = gradients(E, list(self.numbers))
        values = evaluate([ours, *derived.values()], {**self.numbers, given: weights})
        result.backward(torch.tensor(weights))
        close(values[ours], result)
        for letter, tensor in self.tensors.items():
            close(values[derived[letter]], tensor.grad)


def close(ours: Any, theirs: Any) -> None:
    """Equal to 1e-9 of the largest magnitude."""
    theirs = theirs.detach().numpy()
    assert np.shape(ours) == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9 * np.abs(theirs).max())


@pytest.fixture
def letters() -> Letters:
    return Letters()


def spread_along(x: Expression, axes: Sequence[int], like: Expression) -> Expression:
    """x, which has lost some axes of `like`, with these axes again."""
    return p.spread(x, axes=tuple(axes), sizes=tuple(like.shape[axis] for axis in axes))


def normalised(x: Expression, axes: Sequence[int], epsilon: float = 1e-5) -> Expression:
    """(x − μ) / √(σ² + ε) over some axes."""
    mean = named(Name("mu"), p.mean(x, axes=tuple(axes)))
    centred = named(Name("centred"), x - spread_along(mean, axes, like=x))
    variance = named(Name("variance"), p.mean(centred**2, axes=tuple(axes)))
    return centred / spread_along(p.sqrt(variance + epsilon), axes, like=x)


def joined(pieces: Sequence[Expression], axis: int) -> Expression:
    """Arrays one after the other along an axis: each in its place among zeros, and all added."""
    extents = [int(piece.shape[axis]) for piece in pieces]
    starts = [sum(extents[:i]) for i in range(len(pieces))]
    placed = [p.place(piece, axis=axis, start=start, extent=sum(extents)) for piece, start in zip(pieces, starts, strict=True)]
    return sum(placed[1:], placed[0])


def per_example(W: Expression) -> Expression:
    """One matrix shared by all examples of a batch."""
    return p.spread(W, axes=(0,), sizes=("batch",))


def test_a_residual_block_with_layer_normalisation(letters: Letters) -> None:
    x, W1, b1, W2 = letters("x", ("batch", 4)), letters("W", (4, 8), 1), letters("b", (8,), 1), letters("W", (8, 4), 2)
    gain, shift = letters("gain", (4,)), letters("shift", (4,))
    h = named(Name("h", 1), p.relu(named(Name("z", 1), x @ W1 + b1)))
    block = named(Name("y"), normalised(named(Name("sum"), x + h @ W2), axes=[1]) * gain + shift)

    def theirs(x: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
        return F.layer_norm(x + torch.relu(x @ W1 + b1) @ W2, (4,), gain, shift)

    letters.agree(block, theirs)


def test_a_value_used_twice_is_one_node_with_one_gradient(letters: Letters) -> None:
    x, W = letters("x", ("batch", 3)), letters("W", (3, 3))
    h = named(Name("h"), p.tanh(x @ W))
    y = named(Name("y"), h + p.sin(h) * h)
    E = named(Name("E"), p.mean(y, axes=(0, 1)))
    dW = gradients(E, [W])[W]
    assert [str(node.name) for node in order(dW) if node.name is not None].count("dh") == 1
    letters.agree(y, lambda x, W: (h := torch.tanh(x @ W)) + torch.sin(h) * h)


def test_batch_normalisation(letters: Letters) -> None:
    x, gain, shift = letters("x", ("batch", 3), batch=7), letters("gain", (3,)), letters("shift", (3,))
    letters.agree(
        named(Name("y"), normalised(x, axes=[0]) * gain + shift), lambda x, g, s: F.batch_norm(x, None, None, g, s, training=True)
    )


def test_scaled_dot_product_attention(letters: Letters) -> None:
    x = letters("x", ("batch", 4, 6))
    W = {symbol: letters(symbol, (6, 3)) for symbol in ("Wq", "Wk", "Wv")}
    q, k, v = (named(Name(symbol[1]), x @ per_example(matrix)) for symbol, matrix in W.items())
    attention = named(Name("a"), p.softmax(q @ p.swapped(k) / np.sqrt(3.0).item(), axis=2))

    def theirs(x: Tensor, Wq: Tensor, Wk: Tensor, Wv: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x @ Wq, x @ Wk, x @ Wv)

    letters.agree(named(Name("y"), attention @ v), theirs)


def test_attention_that_looks_back_only_with_several_heads(letters: Letters) -> None:
    x, W, out = letters("x", ("batch", 4, 6)), letters("W", (6, 18)), letters("Wo", (6, 6))
    mask = np.where(np.tri(4), 0.0, -np.inf)
    hidden = variable(Name("mask"), (4, 4))
    mixed = named(Name("m"), x @ per_example(W))
    q, k, v = (heads(p.part(mixed, axis=2, start=start, stop=start + 6)) for start in (0, 6, 12))
    scores = q @ p.swapped(k) / np.sqrt(3.0).item() + p.spread(hidden, axes=(0, 1), sizes=("batch", 2))
    result = p.reshape(p.transpose(p.softmax(scores, axis=3) @ v, axes=(0, 2, 1, 3)), sizes=("batch", 4, 6))

    def theirs(x: Tensor, W: Tensor, out: Tensor) -> Tensor:
        q, k, v = ((x @ W)[..., start : start + 6].reshape(5, 4, 2, 3).transpose(1, 2) for start in (0, 6, 12))
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(5, 4, 6) @ out

    letters.numbers[hidden] = mask
    y = named(Name("y"), result @ per_example(out))
    wrt = [x, W, out]
    weights = letters.random.normal(size=(5, 4, 6))
    g = variable(Name("g"), y.shape)
    derived = gradients(y, wrt, g)
    values = evaluate([y, *derived.values()], {**letters.numbers, g: weights})
    result_torch = theirs(*(letters.tensors[letter] for letter in wrt))
    result_torch.backward(torch.tensor(weights))
    close(values[y], result_torch)
    for letter in wrt:
        close(values[derived[letter]], letters.tensors[letter].grad)


def heads(x: Expression) -> Expression:
    """(batch, length, 6) as two heads of three: (batch, 2, length, 3)."""
    return p.transpose(p.reshape(x, sizes=("batch", 4, 2, 3)), axes=(0, 2, 1, 3))


def test_an_elman_recurrence_unrolled_over_four_steps(letters: Letters) -> None:
    x, W, U, b = letters("x", ("batch", 4, 3)), letters("W", (3, 5)), letters("U", (5, 5)), letters("b", (5,))
    h: Expression | None = None
    states = []
    for step in range(4):
        now = p.reshape(p.part(x, axis=1, start=step, stop=step + 1), sizes=("batch", 3))
        z = now @ W + b if h is None else now @ W + h @ U + b
        h = named(Name("h", step + 1), p.tanh(z))
        states.append(p.reshape(h, sizes=("batch", 1, 5)))
    y = named(Name("y"), joined(states, axis=1))

    def theirs(x: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
        state, states = x.new_zeros(5, 5), []
        for step in range(4):
            state = torch.tanh(x[:, step] @ W + state @ U + b)
            states.append(state)
        return torch.stack(states, 1)

    letters.agree(y, theirs)
    assert sum(node.name == Name("U") for node in order(y)) == 1


def test_the_recurrence_is_that_of_torch(letters: Letters) -> None:
    x, W, U, b = letters("x", ("batch", 2, 3)), letters("W", (3, 4)), letters("U", (4, 4)), letters("b", (4,))
    first, second = (p.reshape(p.part(x, axis=1, start=i, stop=i + 1), sizes=("batch", 3)) for i in range(2))
    y = named(Name("y"), p.tanh(second @ W + named(Name("h", 1), p.tanh(first @ W + b)) @ U + b))

    def theirs(x: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
        layer = nn.RNN(3, 4, batch_first=True, dtype=torch.float64)
        parameters = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}
        outputs, _ = torch.func.functional_call(layer, parameters, (x,))
        return outputs[:, -1]

    letters.agree(y, theirs)


def test_a_gated_recurrence_joins_input_and_state(letters: Letters) -> None:
    x, h, c = letters("x", ("batch", 3)), letters("h", ("batch", 4)), letters("c", ("batch", 4))
    W, b = letters("W", (7, 16)), letters("b", (16,))
    z = named(Name("z"), joined([x, h], axis=1) @ W + b)
    i, f, g, o = (p.part(z, axis=1, start=4 * gate, stop=4 * gate + 4) for gate in range(4))
    cell = named(Name("c", 1), p.sigmoid(f) * c + p.sigmoid(i) * p.tanh(g))
    y = named(Name("h", 1), p.sigmoid(o) * p.tanh(cell))

    def theirs(x: Tensor, h: Tensor, c: Tensor, W: Tensor, b: Tensor) -> Tensor:
        layer = nn.LSTMCell(3, 4, dtype=torch.float64)
        parameters = {"weight_ih": W[:3].T, "weight_hh": W[3:].T, "bias_ih": b, "bias_hh": torch.zeros_like(b)}
        return torch.func.functional_call(layer, parameters, (x, (h, c)))[0]

    letters.agree(y, theirs)


def test_a_convolution_in_one_dimension(letters: Letters) -> None:
    x, W, b = letters("x", ("batch", 7, 2)), letters("W", (3, 2, 4)), letters("b", (4,))
    padded = p.place(x, axis=1, start=1, extent=9)
    terms = [p.part(padded, axis=1, start=k, stop=k + 7) @ per_example(slice_of(W, k)) for k in range(3)]
    y = named(Name("y"), sum(terms[1:], terms[0]) + b)

    def theirs(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        return F.conv1d(x.transpose(1, 2), W.permute(2, 1, 0), b, padding=1).transpose(1, 2)

    letters.agree(y, theirs)


def slice_of(W: Expression, k: int) -> Expression:
    """The k-th matrix of a stack of matrices."""
    return p.reshape(p.part(W, axis=0, start=k, stop=k + 1), sizes=W.shape[1:])


def test_a_convolution_in_two_dimensions_with_pooling(letters: Letters) -> None:
    x, W, b = letters("x", ("batch", 6, 6, 2)), letters("W", (9, 2, 3)), letters("b", (3,))
    windows = [
        p.part(p.part(x, axis=1, start=row, stop=row + 4), axis=2, start=column, stop=column + 4) for row in range(3) for column in range(3)
    ]
    terms = [window @ p.spread(slice_of(W, k), axes=(0, 1), sizes=("batch", 4)) for k, window in enumerate(windows)]
    z = named(Name("z"), sum(terms[1:], terms[0]) + b)
    blocks = p.reshape(p.relu(z), sizes=("batch", 2, 2, 2, 2, 3))
    average = named(Name("y"), p.mean(blocks, axes=(2, 4)))

    def theirs(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        images = F.conv2d(x.permute(0, 3, 1, 2), W.reshape(3, 3, 2, 3).permute(3, 2, 0, 1), b)
        return F.avg_pool2d(torch.relu(images), 2).permute(0, 2, 3, 1)

    letters.agree(average, theirs)


def test_the_largest_of_a_window(letters: Letters) -> None:
    x = letters("x", ("batch", 6, 2))
    pairs = p.reshape(x, sizes=("batch", 3, 2, 2))
    left, right = (p.reshape(p.part(pairs, axis=2, start=i, stop=i + 1), sizes=("batch", 3, 2)) for i in range(2))
    y = named(Name("y"), p.maximum(left, right))
    letters.agree(y, lambda x: F.max_pool1d(x.transpose(1, 2), 2).transpose(1, 2))


def test_a_weight_shared_by_two_layers(letters: Letters) -> None:
    x, W = letters("x", ("batch", 3)), letters("W", (3, 4))
    h = named(Name("h", 1), p.tanh(x @ W))
    y = named(Name("y"), h @ p.swapped(W))
    letters.agree(y, lambda x, W: torch.tanh(x @ W) @ W.T)
    assert {str(node.name) for node in neighbours(y)} == {"h1", "W"}


def test_words_looked_up_in_a_table(letters: Letters) -> None:
    table, one_hot = letters("table", (5, 3)), variable(Name("x"), ("batch", 4, 5))
    words = np.eye(5)[np.random.default_rng(0).integers(0, 5, (2, 4))]
    y = one_hot @ per_example(table)
    g = variable(Name("g"), y.shape)
    derived = gradients(y, [table], g)[table]
    values = evaluate([y, derived], {**letters.numbers, one_hot: words, g: np.ones((2, 4, 3))})
    result = F.embedding(torch.tensor(words.argmax(-1)), letters.tensors[table])
    result.backward(torch.ones_like(result))
    close(values[y], result)
    close(values[derived], letters.tensors[table].grad)
