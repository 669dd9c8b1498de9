"""No two quantities of one document have one name, and every name that is printed is understood."""

from __future__ import annotations

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.graphs import GRAPHS
from tests.random_graphs import description_of
from tests.samples import examples

from chainrule.api.problems import problem
from chainrule.base.errors import DescriptionError, InputError
from chainrule.explanation.context import Context
from chainrule.explanation.weight import find_weight
from chainrule.formula.expression import Expression, Name, order
from chainrule.network.definitions import find
from chainrule.network.description import network_of_description
from chainrule.network.layers import dense, join
from chainrule.network.network import Network
from chainrule.network.short_form import short_form
from chainrule.network.update import network_update
from chainrule.notation.conventions import PRESETS, Notation
from chainrule.notation.latex import formula_latex
from chainrule.notation.mathml import formula_mathml
from chainrule.notation.text import formula_text
from chainrule.notation.typst import formula_typst

NOTATIONS = {**PRESETS, "subscripts": Notation(layers="subscript"), "small": Notation(letters={"W": "w", "b": "θ"})}
FORMATS = (formula_text, formula_latex, formula_mathml, formula_typst)


def namesakes(network: Network, notation: Notation, samples: int, optimizer: str) -> dict[str, set[str]]:
    """What is printed for several quantities, elements of quantities, gradients, states or sizes: by what is printed, their keys."""
    derivation, update = network.derivation, network_update(network, find("optimizer", optimizer))
    labels, found = derivation.labels(notation, samples), dict[str, set[str]]()
    roots = (*derivation.data, *derivation.parameters, *derivation.backward, *derivation.errors, derivation.error, *update.roots)
    for name in (Name("batch"), *(each for node in order(*roots) for each in _names(node, samples))):
        for written in {form.__name__: form(labels.label(name)) for form in FORMATS}.items():
            found.setdefault(": ".join(written), set()).add(name.key)
    return {written: keys for written, keys in found.items() if len(keys) > 1}


def _names(node: Expression, samples: int) -> list[Name]:
    """The name of a quantity and those of its elements; one number alone may be called as the whole is."""
    if node.name is None:
        return []
    shape = [samples if size == "batch" else int(size) for size in node.shape]
    elements = itertools.product(*map(range, shape)) if math.prod(shape) > 1 else ()
    return [node.name, *(node.name.at(*index) for index in elements)]


@pytest.mark.parametrize("notation", NOTATIONS)
@examples(5)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=5),
    bias=st.sampled_from([True, False, "shared"]),
    samples=st.integers(1, 3),
    optimizer=st.sampled_from(["sgd", "momentum", "adam"]),
)
def test_no_two_quantities_of_a_chain_share_a_name(notation, sizes, bias, samples, optimizer):
    inputs, *units = sizes
    network = Network(inputs, *(dense(count, "tanh", bias=bias if place else True) for place, count in enumerate(units)))
    assert not namesakes(network, NOTATIONS[notation], samples, optimizer)


@pytest.mark.parametrize("notation", NOTATIONS)
@examples(5)
@given(seed=st.integers(0, 10**6), samples=st.integers(1, 2), optimizer=st.sampled_from(["sgd", "momentum", "adam"]))
def test_no_two_quantities_of_a_graph_share_a_name(notation, seed, samples, optimizer):
    assert not namesakes(network_of_description(description_of(seed)), NOTATIONS[notation], samples, optimizer)


@pytest.mark.parametrize("name", GRAPHS)
def test_no_two_quantities_of_a_named_graph_share_a_name(name):
    assert not namesakes(GRAPHS[name].case.network, Notation(), 2, "adam")


@pytest.mark.parametrize("notation", NOTATIONS)
def test_inputs_called_like_weights_and_activations_keep_their_letters(notation):
    network = Network({"w": 2, "a": 2, "v": 2}, lambda w, a, v: dense(1)(dense(2, "tanh")(join()(w, a, v))))
    assert not namesakes(network, NOTATIONS[notation], 2, "adam")


def test_the_second_normalisation_of_a_block_has_a_prime():
    network = short_form("v6x3:e4-block2-6")
    labels = network.derivation.labels(Notation(), 1)
    scales = [node for node in network.derivation.parameters if node.key.startswith("gamma")]
    printed = [form(labels.label(node.name)) for node in scales for form in (formula_text, formula_latex)]
    assert printed == ["γ2", r"\boldsymbol{\gamma}_{2}", "γ′2", r"{\boldsymbol{\gamma}'}_{2}"]
    assert [Notation(letters={"gamma": "g"}).letter(quantity) for quantity in ("gammaa", "gammab", "betab")] == ["g", "g′", "β′"]


def test_large_layers_have_names_of_one_kind():
    assert not namesakes(Network(10, dense(12, "tanh"), dense(3)), Notation(), 1, "adam")


def test_a_state_of_the_rule_for_any_weight_is_told_from_an_input_of_its_letter():
    text = str(problem("two-inputs", optimizer="momentum").explain())
    assert "v_w ← μ · v_w + ∂E/∂w" in text
    assert "v ← μ · v + ∂E/∂w" in str(problem("seed", optimizer="momentum").explain())


def test_a_letter_of_the_notation_is_no_input():
    with pytest.raises(DescriptionError, match="notation writes t as v, which an input is called"):
        problem("two-inputs", notation="t=v")


@pytest.mark.parametrize("name", ["mazur", "2-2-2", "3-4-2"])
@pytest.mark.parametrize("notation", ["seed", "ng", "layers=subscript"])
def test_every_printed_name_of_a_weight_is_understood(name, notation):
    context = _context(name, notation)
    for parameter in context.derivation.parameters:
        for element in context.elements(parameter):
            written = context.letter(element)
            raised_last = formula_latex(written).replace("\\", "")
            raised_first = re.sub(r"(_\{.*?\})(\^\{.*?\})", r"\2\1", raised_last)
            for typed in (formula_text(written), raised_last, raised_first, element.name.key.removesuffix("[]")):
                assert find_weight(context, typed) == element, typed


@pytest.mark.parametrize(
    ("typed", "meant"), [("b1", "b1[1]"), ("b3", "b1[3]"), ("b4", "b2[1]"), ("hidden1.b[2]", "b1[2]"), ("output.b[1]", "b2[1]")]
)
def test_biases_that_are_counted_through_are_understood(typed, meant):
    assert find_weight(_context("2-3-1"), typed).name.key == meant


def test_a_bias_of_two_readings_is_refused_with_both():
    with pytest.raises(InputError, match=r"b2 is the vector of layer 2, b2\[1\], and the bias number 2 of all, b1\[2\]"):
        find_weight(_context("2-3-1"), "b2")
    with pytest.raises(InputError, match=r"b3 is the vector of layer 3, b3\[1\] to b3\[4\], and the bias number 3 of all, b2\[2\]"):
        find_weight(_context("1-1-2-4"), "b3")
    with pytest.raises(InputError, match=r"there is no b9: this network has b1 to b4, the last of which is b2\[1\]"):
        find_weight(_context("2-3-1"), "b9")
    assert find_weight(_context("1-1-1"), "b2").name.key == "b2[1]"


def test_a_weight_is_found_by_the_letter_of_the_notation():
    assert find_weight(_context("2-3-1", "W=Θ"), "θ6").name.key == find_weight(_context("2-3-1"), "w6").name.key == "W1[2,3]"


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "Biases are numbered layer by layer: b2⁽¹⁾"), ("de", "nummeriert: b2⁽¹⁾ gehört zu Neuron 2")]
)
def test_a_sentence_says_how_biases_are_numbered(language, sentence):
    assert sentence in " ".join(str(problem("2-2-1", language=language).explain()).split())
    assert "nummeriert: b" not in str(problem("seed", language="de").explain())


def _context(name: str, notation: str = "seed") -> Context:
    step = problem(name, notation=notation).step()
    return Context(step, "scalar", step.network.notation)
