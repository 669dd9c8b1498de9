"""Losses of pairs, triplets and sequences, in whole networks, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from chainrule.base.errors import InputError


def twin(network: cr.Network) -> tuple[Any, dict[str, torch.Tensor]]:
    """The embedding of a network in PyTorch, and its parameters."""
    parameters = {key: torch.tensor(value, requires_grad=True) for key, value in network.parameters.items()}
    return lambda x: torch.tanh(torch.tensor(x) @ parameters["W1"] + parameters["b1"]), parameters


def agrees(step: cr.Step, error: torch.Tensor, parameters: dict[str, torch.Tensor]) -> None:
    """E and every gradient."""
    error.backward()
    assert float(step.error) == pytest.approx(float(error.detach()), rel=1e-12)
    for key, parameter in parameters.items():
        np.testing.assert_allclose(step.gradients[key], parameter.grad, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("margin", [0.2, 1.0])
@pytest.mark.parametrize("squared", [False, True])
def test_triplets_like_torch(margin: float, squared: bool) -> None:
    e, d = cr.dense(3, "tanh"), cr.distance(squared=squared)
    network = cr.Network(
        {"a": 4, "p": 4, "n": 4}, lambda a, p, n: cr.subtract(d(e(a), e(p)), d(e(a), e(n))), loss=cr.triplet(margin=margin), seed=1
    )
    x = np.random.default_rng(0).normal(size=(6, 12))
    embedded, parameters = twin(network)

    def apart(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return ((u - v) ** 2).sum(1) if squared else torch.linalg.vector_norm(u - v, dim=1)

    loss = torch.nn.TripletMarginWithDistanceLoss(distance_function=apart, margin=margin)
    agrees(network.step(x, None), loss(*(embedded(x[:, start : start + 4]) for start in (0, 4, 8))), parameters)


def test_pairs_like_torch_and_a_pair_of_equals() -> None:
    e = cr.dense(3, "tanh")
    network = cr.Network({"a": 4, "c": 4}, lambda a, c: cr.distance(e(a), e(c)), loss="contrastive", seed=1)
    random = np.random.default_rng(0)
    x, t = random.normal(size=(6, 8)), random.integers(0, 2, size=(6, 1)).astype(float)
    embedded, parameters = twin(network)
    distances = torch.linalg.vector_norm(embedded(x[:, :4]) - embedded(x[:, 4:]), dim=1)
    different = torch.tensor(t[:, 0]) == 1
    agrees(network.step(x, t), (torch.where(different, torch.relu(1 - distances) ** 2, distances**2) / 2).mean(), parameters)
    same = network.step(np.ones((1, 8)), [[1.0]])
    assert all(np.isfinite(value).all() for value in same.gradients.values())


def test_sequences_with_masks_like_torch() -> None:
    network = cr.Network(cr.sequence(4, 2), cr.rnn(3, states=True), cr.dense(5), loss="sequence_cross_entropy", seed=2)
    classes = np.array([[1, 2, -1, -1], [0, 4, 3, -1], [-1] * 4])
    t = (classes[..., None] == np.arange(5)).astype(float)
    step = network.step(np.random.default_rng(0).normal(size=(3, 8)), t.reshape(3, -1))
    z = torch.tensor(step.values["z2"], requires_grad=True)
    targets = torch.tensor(np.where(classes < 0, -100, classes).ravel())
    each = torch.nn.functional.cross_entropy(z.reshape(-1, 5), targets, reduction="none").reshape(3, 4)
    agrees(step, (each.sum(1) / torch.tensor((classes >= 0).sum(1)).clamp(min=1)).mean(), {"z2": z})
    assert not step.gradients["z2"][2].any()  # an example without a step has no gradient
    with pytest.raises(InputError, match=r"add up to 1 in every step that counts.*row 1, step 1 adds up to 1\.5"):
        network.step(np.zeros((1, 8)), np.full((1, 20), 0.3))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
def test_label_smoothing_like_torch(smoothing: float) -> None:
    network = cr.Network(4, cr.dense(3), loss=cr.smoothed_cross_entropy(smoothing=smoothing), seed=1)
    random = np.random.default_rng(0)
    x, classes = random.normal(size=(6, 4)), random.integers(0, 3, 6)
    step = network.step(x, np.eye(3)[classes])
    z = torch.tensor(step.values["z1"], requires_grad=True)
    agrees(step, torch.nn.functional.cross_entropy(z, torch.tensor(classes), label_smoothing=smoothing), {"z1": z})


@pytest.mark.parametrize("pair", [([0.0, 0.0], [1.0, 2.0]), ([3.0, 4.0], [0.0, 0.0])])
def test_a_vector_of_zeros_has_no_direction(pair: tuple[list[float], list[float]]) -> None:
    network = cr.Network(2, cr.dense(2, bias=False, weights=[[1, 0], [0, 1]]), loss="cosine_distance")
    step = network.step([pair[0]], [pair[1]])
    assert step.error == pytest.approx(1, abs=1e-7)
    assert all(np.isfinite(value).all() for value in step.gradients.values())
