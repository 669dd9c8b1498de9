"""What is said of layers that are more than a product is true of networks that nobody chose."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.explanation.printed import number, plainly_said

import chainrule as cr
from chainrule.document.document import Paragraph, TableBlock
from chainrule.explanation.backward import chain_rule_section
from chainrule.explanation.context import Context, paths
from chainrule.explanation.explain import contexts
from chainrule.explanation.illustrations import first_weight
from chainrule.explanation.inside import inside_section
from chainrule.explanation.uses import uses_of, ways
from chainrule.formula.scalar import Element
from chainrule.notation.text import formula_text

pytestmark = pytest.mark.usefixtures("shorter_runs")


def cells(table: TableBlock) -> np.ndarray:
    return np.array([[0.0 if plainly_said(cell) == "·" else number(plainly_said(cell)) for cell in row[1:]] for row in table.rows])


def context_of(network: cr.Network, rows: int, seed: int) -> Context:
    random = np.random.default_rng(seed)
    vocabulary = [getattr(size, "vocabulary", 0) for size in network.wiring.inputs.values()]
    shape = (rows, network.inputs)
    x = random.integers(0, vocabulary[0], shape).astype(float) if any(vocabulary) else random.normal(size=shape)
    (context,) = contexts(network.step(x, random.normal(size=(rows, network.targets))), detail="scalar")
    return context


def told(context: Context) -> tuple[list[str], list[TableBlock]]:
    section = inside_section(context)
    assert section is not None
    texts = [plainly_said(block.text) for block in section.blocks if isinstance(block, Paragraph)]
    return texts, [block for block in section.blocks if isinstance(block, TableBlock)]


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, 1, 0), (3, 2, 1), (3, 1, 1), (2, 2, 0)])
def test_the_window_of_an_output_and_the_outputs_of_a_weight(size, stride, padding):
    seed, rows = 10 * size + stride, 1
    network = cr.Network(
        cr.image(5, 5, 2), cr.conv(2, size, stride=stride, padding=padding, activation="relu"), cr.flatten(), cr.dense(40), seed=seed
    )
    context = context_of(network, rows, seed)
    step = context.step
    texts, (seen, kernel, touched) = told(context)
    i, j, unit = (int(part) - 1 for part in re.search(r"z⁽¹⁾?\[(\d+),(\d+),(\d+)\]", texts[0]).groups())
    channel = int(re.search(r"from channel (\d+)", texts[0])[1]) - 1
    image = np.pad(step.x[0].reshape(5, 5, 2), ((padding, padding), (padding, padding), (0, 0)))
    window = image[i * stride : i * stride + size, j * stride : j * stride + size]
    W, z = step.parameters["W1"], step.values["z1"]
    np.testing.assert_allclose(cells(seen), window[..., channel], rtol=6e-3)
    np.testing.assert_allclose(cells(kernel), W[..., channel, unit], rtol=6e-3)
    assert (window * W[..., unit]).sum() + step.parameters["b1"][unit] == pytest.approx(z[0, i, j, unit], abs=1e-12)
    a, b, c, u = (int(part) - 1 for part in re.search(r"W⁽¹⁾\[(\d+),(\d+),(\d+),(\d+)\] touches", texts[-1]).groups())
    places = z.shape[1:3]
    expected = [
        [image[p * stride + a, q * stride + b, c] * step.gradients["z1"][0, p, q, u] for q in range(places[1])] for p in range(places[0])
    ]
    np.testing.assert_allclose(cells(touched), expected, rtol=6e-3, atol=1e-12)
    assert int(re.search(r"touches (\d+) outputs", texts[-1])[1]) == np.size(expected)
    assert number(re.search(r"∂E/∂W1, (−?[\d.]+(?: · 10\^−?\d+)?):", texts[-1])[1]) == pytest.approx(
        step.gradients["W1"][a, b, c, u], rel=1e-5, abs=1e-12
    )


@pytest.mark.parametrize(("stride", "padding", "extra"), [(1, 0, 0), (2, 1, 0), (3, 0, 1)])
def test_the_window_that_an_input_lays_and_the_windows_in_which_a_weight_lies(stride, padding, extra):
    network = cr.Network(
        cr.image(3, 4, 2), cr.conv_transpose(2, 3, stride=stride, padding=padding, extra=extra), cr.flatten(), cr.dense(9), seed=stride
    )
    context = context_of(network, 1, 3)
    step = context.step
    texts, (laid, touched) = told(context)
    i, j, channel = (int(part) - 1 for part in re.search(r"place (\d+), (\d+), channel (\d+)", texts[0]).groups())
    unit = int(re.search(r"for unit (\d+)", texts[0])[1]) - 1
    x, W = step.x[0].reshape(3, 4, 2), step.parameters["W1"]
    np.testing.assert_allclose(cells(laid), x[i, j, channel] * W[channel, ..., unit], rtol=6e-3)
    c, a, b, u = (int(part) - 1 for part in re.search(r"So W⁽¹⁾\[(\d+),(\d+),(\d+),(\d+)\] lies", texts[-1]).groups())
    whole = np.pad(step.gradients["h1"][0], ((padding, padding), (padding, padding), (0, 0)))
    expected = [[x[p, q, c] * whole[p * stride + a, q * stride + b, u] for q in range(4)] for p in range(3)]
    np.testing.assert_allclose(cells(touched), expected, rtol=6e-3, atol=1e-12)
    assert np.sum(expected) == pytest.approx(step.gradients["W1"][c, a, b, u], rel=1e-9)
    assert number(re.search(r"∂E/∂W1, (−?[\d.]+(?: · 10\^−?\d+)?):", texts[-1])[1]) == pytest.approx(np.sum(expected), rel=1e-5)


@pytest.mark.parametrize("layer", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("reverse", [False, True])
def test_how_much_of_the_gradient_arrives_through_time(layer, reverse):
    network = cr.Network(cr.sequence(5, 2), getattr(cr, layer)(3, reverse=reverse), cr.dense(1), seed=3)
    context = context_of(network, 2, 1)
    texts, (table,) = told(context)
    heads = [plainly_said(head) for head in table.head]
    states = ["c", "h"] if layer == "lstm" else ["h"]
    assert [head for head in heads if "∂" in head] == [
        f"‖∂E/∂{formula_text(context.labels.label(context.derivation.named[f'{state}1_t1'].name)).replace('ᵗ¹', '')}‖" for state in states
    ]
    gates = {"rnn": [], "lstm": ["i", "f", "o"], "gru": ["r", "u"]}[layer]
    for row in table.rows:
        time = int(plainly_said(row[0]))
        for head, cell in zip(heads[1:], row[1:], strict=True):
            letter = next((one for one in "ifoguhcr" if re.search(rf"(?:∂|^){one}", head.replace("∂E/", ""))), "")
            if plainly_said(cell) == "–":
                continue
            if "∂" in head:
                expected = np.linalg.norm(context.step.values[f"d{letter}1_t{time}"])
            else:
                assert letter in gates
                expected = context.step.values[f"{letter}1_t{time}"].mean()
            assert number(plainly_said(cell)) == pytest.approx(expected, rel=6e-3)
    first, last = (1, 5) if reverse else (5, 1)
    for line in texts[1:]:
        if match := re.search(r"From step (\d) to step (\d)", line):
            assert (int(match[1]), int(match[2])) == (first, last)
    assert any("no matrix" in line for line in texts) == (layer != "rnn")


@pytest.mark.parametrize("causal", [False, True])
def test_who_gets_how_much_blame(causal):
    network = cr.Network(cr.sequence(4, 4), cr.multi_head_attention(2, causal=causal), cr.flatten(), cr.dense(1), seed=5)
    context = context_of(network, 2, 2)
    values = context.step.values
    texts, (scores, shares, jacobian, blame) = told(context)
    A, g = values["A1"][0, 0], values["dA1"][0, 0]
    np.testing.assert_allclose(cells(shares), A, rtol=6e-3, atol=1e-12)
    np.testing.assert_allclose(cells(shares).sum(axis=1), 1, rtol=1e-2)
    expected = values["dS1"][0, 0]
    np.testing.assert_allclose(cells(blame), expected, rtol=6e-3, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(cells(jacobian), np.diag(A[-1]) - np.outer(A[-1], A[-1]), rtol=6e-3, atol=1e-12)
    np.testing.assert_allclose((A * (g - (A * g).sum(1, keepdims=True))), expected, rtol=1e-9, atol=1e-12)
    wanted = values["S1"][0, 0] * (np.tri(4) if causal else 1)
    np.testing.assert_allclose(cells(scores), wanted, rtol=6e-3, atol=1e-12)
    looking, place = map(int, re.search(r"how place (\d) looks at place (\d)", texts[3]).groups())
    assert np.abs(expected).max() == abs(expected[looking - 1, place - 1])


@pytest.mark.parametrize(("layer", "rows"), [("batch_norm", 5), ("layer_norm", 2)])
def test_what_statistics_take_from_a_gradient(layer, rows):
    network = cr.Network(3, cr.dense(4), getattr(cr, layer)(), cr.dense(1), seed=2)
    context = context_of(network, rows, 3)
    _, (table,) = told(context)
    found, values = cells(table), context.step.values
    np.testing.assert_allclose((found[:, 0] - found[:, 1] - found[:, 2]) / found[:, 3], found[:, 4], atol=0.03 * np.abs(found[:, 4]).max())
    own = values["dh1"][:, 0] if layer == "batch_norm" else values["dh1"][0]
    np.testing.assert_allclose(found[:, 4], own, rtol=6e-3, atol=1e-6)


def test_a_normalisation_behind_positions_is_told():
    network = cr.Network(cr.tokens(4, 5), cr.embedding(4, 5), cr.sinusoidal_position(), cr.layer_norm(), cr.flatten(), cr.dense(1), seed=2)
    context = context_of(network, 1, 3)
    _, tables = told(context)
    found = cells(tables[0])
    np.testing.assert_allclose((found[:, 0] - found[:, 1] - found[:, 2]) / found[:, 3], found[:, 4], atol=0.03 * np.abs(found[:, 4]).max())


def test_a_weight_of_a_kernel_is_told_by_the_uses_that_bring_most():
    network = cr.Network(cr.image(6, 6), cr.conv(2, 3, activation="relu"), cr.max_pool(2), cr.flatten(), cr.dense(2), seed=1)
    step = network.step(np.random.default_rng(0).normal(size=(1, 36)), [[1, 0]])
    said = str(step.explain(weight="W1[2,1,1,2]"))
    assert said.count("[2,1,1,2]") >= 1
    assert "inputs = 9 and units = 2" in said
    uses, nothing = (int(part) for part in re.search(r"used (\d+) times\. (\d+) of its uses\s+carry 0", said).groups())
    assert uses == 16
    assert nothing == 16 - np.count_nonzero(step.gradients["z1"][0, ..., 1])


def test_the_root_of_the_features_is_written_as_a_root():
    network = cr.Network(cr.sequence(2, 3), cr.multi_head_attention(1), cr.flatten(), cr.dense(1), seed=1)
    said = str(network.step(np.ones((1, 6)), [[1]]).explain(detail="matrix"))
    assert "√3" in said
    assert "1.732" not in said


def test_a_row_of_a_table_is_the_sum_of_its_uses():
    network = cr.Network(cr.tokens(6, 4), cr.embedding(3, 4), cr.flatten(), cr.dense(1), seed=2)
    context = context_of(network, 1, 3)
    texts, _ = told(context)
    token, count = map(int, re.search(r"Token (\d+) \(row \d+\) stands at (\d+) places", texts[0]).groups())
    assert count == np.count_nonzero(context.step.x == token)
    section = inside_section(context)
    line = formula_text(section.blocks[-1].equations[0].sides[-1])
    column = int(re.search(r"\[\d+,(\d+)\]", formula_text(section.blocks[-1].equations[0].sides[0]))[1]) - 1
    assert number(line) == pytest.approx(context.step.gradients["T1"][token, column], rel=1e-5)


def test_german_says_as_much():
    makers = [
        lambda: [cr.image(5, 5), cr.conv(2, 3), cr.flatten(), cr.dense(1)],
        lambda: [cr.image(3, 3), cr.conv_transpose(2, 3), cr.flatten(), cr.dense(1)],
        lambda: [cr.sequence(4, 2), cr.lstm(2), cr.dense(1)],
        lambda: [cr.sequence(3, 2), cr.multi_head_attention(1), cr.flatten(), cr.dense(1)],
        lambda: [3, cr.dense(2), cr.batch_norm(), cr.dense(1)],
        lambda: [cr.tokens(4, 3), cr.embedding(2, 3), cr.flatten(), cr.dense(1)],
    ]
    for make in makers:
        both = [told(context_of(cr.Network(*make(), notation=cr.Notation(language=language)), 2, 1)) for language in ("en", "de")]
        assert len(both[0][0]) == len(both[1][0])
        assert not any(re.search(r"\b(the|of|and)\b", line) for line in both[1][0])


def test_there_is_nothing_to_be_said_of_dense_layers():
    (context,) = contexts(cr.problem("2-2-1"), detail="scalar")
    assert inside_section(context) is None


# Ways that are found from the weight upwards.


@pytest.mark.parametrize("seed", range(3))
def test_ways_found_from_below_are_those_found_from_above(seed, monkeypatch):
    network = cr.Network(3, cr.dense(3, "tanh"), cr.dense(2, "relu"), cr.dense(2), seed=seed)
    context = context_of(network, 1, seed)
    top = Element(context.derivation.error, ())
    monkeypatch.setattr("chainrule.explanation.uses.FEW_NUMBERS", 0)
    for parameter in context.derivation.parameters:
        for weight in context.elements(parameter):
            above = paths(context.scalars, top, weight, 99)
            below = ways(context, weight, 99)
            assert {tuple(way) for way in below} <= {tuple(way) for way in above}
            gradient = context.step.gradients[weight.key][weight.index]
            if gradient and not (context.step.values["h2"] == 0).any():
                assert {tuple(way) for way in below} == {tuple(way) for way in above}


def test_uses_of_a_shared_weight_add_up_and_those_that_carry_nothing_are_counted():
    network = cr.Network(cr.image(8, 8), cr.conv(2, 3, activation="relu"), cr.max_pool(2), cr.flatten(), cr.dense(2), seed=1)
    context = context_of(network, 1, 1)
    weight = Element(context.derivation.parameters[0], (1, 1, 0, 0))
    uses = uses_of(context, weight)
    assert sum(use.worth for use in uses) == pytest.approx(context.step.gradients["W1"][1, 1, 0, 0], rel=1e-12)
    text = " ".join(plainly_said(block.text) for block in chain_rule_section(context).blocks if isinstance(block, Paragraph))
    counted = re.search(r"is used (\d+) times\. (\d+) of its uses carry 0 and are left out here; of the (\d+) others", text)
    assert counted
    assert int(counted[1]) == int(counted[2]) + int(counted[3])


def test_no_formula_has_a_word_for_a_move_of_numbers():
    for layers in ([cr.image(6, 6), cr.conv(2, 3, padding=1), cr.max_pool(2), cr.flatten()], [cr.sequence(4, 2), cr.lstm(2)]):
        text = str(
            cr.Network(*layers, cr.dense(1), seed=1)
            .step(np.ones((1, cr.Network(*layers, cr.dense(1)).inputs)), [[1.0]])
            .explain(detail="matrix")
        )
        assert not re.search(r"\b(reshape|place|windows|overlap|argmax|transpose|part)\(", text)


@pytest.mark.parametrize(
    ("vectors", "written"), [("rows", "∂E/∂T1 = [x = 0 … 3]ᵀ · ∂E/∂h"), ("columns", "∂E/∂T1 = (∂E/∂h)ᵀ · [x = 0 … 3]")]
)
def test_the_gradient_of_a_table_reads_as_mathematics(vectors: str, written: str) -> None:
    network = cr.Network(cr.tokens(3, 4), cr.embedding(2, 4), cr.flatten(), cr.dense(1), seed=2)
    said = " ".join(str(cr.explain(network, notation={"vectors": vectors}, detail="matrix")).split())
    assert written in said
    assert "each row of the table gets the sum of what arrives where its token stands" in said
    assert "[a = b] is 1 where that holds" in said


def test_places_along_an_axis_are_letters() -> None:
    network = cr.Network(
        cr.sequence(3, 4), cr.sinusoidal_position(), cr.multi_head_attention(1, causal=True), cr.flatten(), cr.dense(1), seed=1
    )
    said = " ".join(str(cr.explain(network, detail="matrix")).split())
    assert "P⁽¹⁾ = ⎧cos(i · e^(−1/2 · ⌊j/2⌋ · ln(10000))) if j − 2 · ⌊j/2⌋ > 0.5 ⎩sin(" in said
    assert "softmax({S⁽²⁾ if [i + 1 > j], otherwise −10^30})" in said
    assert said.count("i, j and k are the numbers of the places along an axis") == 1


def test_the_largest_of_a_window_is_written_once() -> None:
    network = cr.Network(cr.image(4, 4), cr.conv(1, 3, padding=1), cr.max_pool(2), cr.flatten(), cr.dense(1), seed=1)
    said = " ".join(str(cr.explain(network, detail="scalar")).split())
    assert "y = max(h) · W2 + b2" in said
    assert "∂E/∂h = ∂E/∂y · W2ᵀ ⊙ [h = max(h)]" in said
    assert "y = max(h[1,1], h[1,2], h[2,1], h[2,2]) · w10" in said
    assert "max(max(" not in said


def test_the_curve_of_the_error_is_along_a_weight_that_it_depends_on() -> None:
    network = cr.Network(cr.tokens(2, 4), cr.embedding(2, 4), cr.flatten(), cr.dense(1), seed=2)
    (context,) = contexts(network.step([[2, 3]], [[1.0]]))
    weight = first_weight(context)
    assert weight is not None
    assert weight.index == (2, 0)  # the first row of the table whose token is there


@pytest.mark.parametrize(("layers", "said"), [("e2-attn2-1", "Q⁽²⁾ as 2,\neach 3 × 1."), ("e2-lstm1-1", "")])
def test_heads_stand_one_below_the_other_which_is_said(layers, said):
    text = str(cr.problem(f"v4x3:{layers}").step().explain(detail="matrix"))
    assert ("one below the other" in text) == bool(said)
    assert said in text
