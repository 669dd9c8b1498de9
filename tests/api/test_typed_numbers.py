"""Numbers as they stand on sheets: what fits one reading alone is read so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("1 2; 3 4", [[1, 2], [3, 4]]),
        ("1,2;3,4", [[1, 2], [3, 4]]),
        ("1\t2\n3\t4", [[1, 2], [3, 4]]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("(1, 2), (3, 4)", [[1, 2], [3, 4]]),
        ("(1, 2)^T, (3, 4)ᵀ", [[1, 2], [3, 4]]),
        ("1\n2", [[1, 2]]),
        ("−0.3 – 1", None),
        ("−0.3 –1", [[-0.3, -1]]),
        ("1/2 ¾", [[0.5, 0.75]]),
        ("[1 2; 3 4]ᵀ", None),
        ("1½ 1", None),
        ("10² 1", None),
        ("3·10^-4 2 · 10⁻²", [[3e-4, 2e-2]]),
        ("1 | 2", [[1, 2]]),
        ("x1 = 1, x2 = 2", [[1, 2]]),
        ("x₁ = 0,5, x₂ = 2", [[0.5, 2]]),
        ("x = (1, 2)", [[1, 2]]),
        ("x2 = 1, x1 = 2", None),
        ("0,5 1,2", [[0.5, 1.2]]),
        ("[0,05; 0,1]", [[0.05, 0.1]]),
        ("0,05; 0,1", [[0.05, 0.1]]),
        ("0,05 1; 0,1 2", [[0.05, 1], [0.1, 2]]),
        ("1.5.2 1", None),
        ("1,2,3", None),
    ],
)
def test_inputs_are_read_as_they_are_written(typed: str, rows: Any) -> None:
    if rows is None:
        with pytest.raises(cr.InputError):
            cr.problem("2-1", input=typed)
    else:
        np.testing.assert_allclose(cr.problem("2-1", input=typed).x, rows)


def test_what_fits_twice_is_read_as_the_notation_writes_numbers_or_as_the_targets_fit() -> None:
    def samples(**options: Any) -> Any:
        return cr.problem("2-1", input="0,5; 1,1", **options).x

    np.testing.assert_array_equal(samples(), [[0, 5], [1, 1]])
    np.testing.assert_array_equal(samples(notation="german"), [[0.5, 1.1]])
    np.testing.assert_array_equal(samples(target="1"), [[0.5, 1.1]])
    np.testing.assert_array_equal(samples(target="1; 0", notation="german"), [[0, 5], [1, 1]])


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("0,15 0,2 0,25 0,3 −0,4 1/2", [0.15, 0.2, 0.25, 0.3, -0.4, 0.5]),
        ("0,1,0,2,0,1", [0, 1, 0, 2, 0, 1]),
        ("w1=0,1 w2 = −0,2, w1,4=0,7 w₄=1 w5=½ w6=0", [0.1, -0.2, 0.7, 1, 0.5, 0]),
        ("W^(1)=[0.1 0.7; -0.2 1] W⁽²⁾=(0.5, 0)ᵀ", [0.1, -0.2, 0.7, 1, 0.5, 0]),
        ("W^{[1]} = [[0.1, 0.7], [-0.2, 1]], W_2 = (0.5, 0)^T", [0.1, -0.2, 0.7, 1, 0.5, 0]),
        ("W1=[0.1 -0.2; 0.7 1]^T, W2=[0.5; 0]", [0.1, -0.2, 0.7, 1, 0.5, 0]),
        ("W1=0,1 0,7\n−0,2 1 W2=0,5; 0", [0.1, -0.2, 0.7, 1, 0.5, 0]),
    ],
)
def test_weights_are_read_as_they_are_written(typed: str, wanted: list[float]) -> None:
    np.testing.assert_allclose(cr.problem("2-2-1", bias=False, weights=typed).network.weights, wanted)


def test_a_name_as_it_is_printed_is_one_that_can_be_typed() -> None:
    network = cr.problem("2-2-1", weights="b2⁽¹⁾=0,3 b^(2)=−1").network
    np.testing.assert_array_equal(network.parameters["b1"], [0, 0.3])
    np.testing.assert_array_equal(network.parameters["b2"], [-1])


def test_rates_and_options_have_decimal_commas_too() -> None:
    problem = cr.problem(learning_rate="0,5", optimizer="momentum:momentum=0,8,clip_norm=1,5", multipliers="hidden1=0,1, output=2")
    given = problem.optimizer.given
    assert (given["learning_rate"], given["momentum"], given["clip_norm"]) == (0.5, 0.8, 1.5)
    assert given["multipliers"] == {"hidden1": 0.1, "output": 2}
