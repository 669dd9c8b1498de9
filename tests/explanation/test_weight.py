"""The story of one weight is true of every weight, in layers of every kind."""

from __future__ import annotations

import pytest
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.document.document import Equations, Paragraph
from chainrule.explanation.context import Context
from chainrule.explanation.explain import contexts
from chainrule.explanation.traces import TracedEquation
from chainrule.explanation.uses import terms_of
from chainrule.explanation.weight import _following, _forward, find_weight, weight_sections
from chainrule.formula.scalar import Element
from chainrule.notation.build import formula
from chainrule.notation.formula import Equation
from chainrule.notation.text import formula_text

FEW = ("3x2:lstm2-1", "3x2:bigru1-1", "v3x2:e2-attn1-2", "3x3x1:c1k2-bn-2")
MANY = (
    "4x3:gru2-1",
    "4x3:bilstm2-1",
    "4x3:rnn2-rnn2-1",
    "4x3:birnn1-1",
    "v5x4:e3-lstm2-5",
    "4x3:lstm2-ln-2",
    "v5x3:e2-block1-3",
    "4x4x1:c2k2-p2-2",
    "20-30-12",
)


def context_of(layout: str) -> Context:
    (context,) = contexts(problem(layout))
    return context


def place(context: Context, wanted: str) -> str:
    """The sentence that says where a weight stands."""
    first = weight_sections(context, find_weight(context, wanted))[0].blocks[0]
    assert isinstance(first, Paragraph)
    return "".join(part if isinstance(part, str) else formula_text(part) for part in first.text)


def check_every_weight(layout: str) -> None:
    """Each is explained, and what it is said to take part in does depend on it."""
    context = context_of(layout)
    weights = [weight for parameter in context.derivation.parameters for weight in context.elements(parameter)]
    for weight in weights[:: max(1, len(weights) // 40)]:
        assert weight_sections(context, weight)
        taken = {weight}
        for line in _forward(context, weight):
            assert isinstance(line, TracedEquation)
            assert line.trace is not None
            assert line.trace.result is not None
            element = context.scalars.element(line.trace.result)
            assert taken & set(context.scalars.parents(element)), (layout, weight.name, element.name)
            taken.add(element)


@pytest.mark.parametrize("layout", some(FEW, 2))
def test_every_weight_of_a_network_is_explained(layout):
    check_every_weight(layout)


@pytest.mark.proof
@pytest.mark.parametrize("layout", MANY)
def test_every_weight_of_further_networks_is_explained(layout):
    check_every_weight(layout)


@pytest.mark.parametrize(
    ("layout", "weight", "sentence"),
    [
        ("4x3:lstm2-1", "hidden1.W[1,5]", "leads from x[1,1] to a5⁽¹⁾ᵗ¹"),
        ("4x3:lstm2-1", "b5", "is element [5] of b1"),
        ("v5x4:e3-lstm2-5", "hidden2.U[1,1]", "leads from h1⁽²⁾ᵗ¹ to a1⁽²⁾ᵗ²"),
        ("4x3:rnn2-1", "hidden1.U[1,2]", "leads from h1ᵗ¹ to h2ᵗ²"),
        ("4x3:rnn2-rnn2-1", "hidden2.U[1,2]", "stands at 3 places, in the hidden layer 2; at the first it leads from h1⁽²⁾ᵗ¹ to h2⁽²⁾ᵗ²"),
        ("v5x4:e4-attn2-3", "hidden2.WK[1,3]", "leads from h⁽¹⁾[1,1] to K⁽²⁾[2,1,1]"),
        ("v5x4:e4-attn2-3", "hidden2.WV[2,1]", "leads from h⁽¹⁾[1,2] to V⁽²⁾[1,1,1]"),
        ("v5x4:e4-attn2-3", "hidden1.T[2,3]", "is element [2,3] of T1"),
        ("4x4x1:c2k2-2", "hidden1.b[2]", "is the bias of unit 2"),
        ("2-2-1", "w4", "w4 leads from x2 to h2, in the hidden layer"),
    ],
)
def test_a_weight_leads_from_where_its_formula_says(layout, weight, sentence):
    assert sentence in place(context_of(layout), weight)


def test_a_row_of_an_embedding_takes_part_where_its_token_stands():
    context = context_of("v5x4:e3-attn1-2")
    tokens = context.step.x[0].tolist()
    for token in sorted(set(map(int, tokens))):
        line, *_ = _forward(context, find_weight(context, f"hidden1.T[{token + 1},2]"))
        assert formula_text(line.sides[0]) == f"h⁽¹⁾[{tokens.index(token) + 1},2]"


def test_of_a_long_sum_the_largest_terms_are_followed():
    context = context_of("20-30-12")
    weight = find_weight(context, "hidden1.W[2,3]")
    gradient = context.derivation.gradient(next(one for one in context.derivation.quantities if one.symbol == "h"))
    assert gradient is not None
    of_unit = Element(gradient, (0, 2))
    largest = sorted(terms_of(context, of_unit), key=lambda term: -abs(term.worth))[:3]
    blocks = weight_sections(context, weight)[0].blocks
    lines = [line for block in blocks if isinstance(block, Equations) for line in block.equations if isinstance(line, Equation)]
    own = [formula_text(line.sides[0]) for line in lines]
    terms = [formula_text(formula(term.term, context.labels)) for term in largest]
    assert [one for one in own if one in terms] == terms
    assert all(formula_text(context.letter(one)) in own for one in _following(context, [of_unit])[:3])
