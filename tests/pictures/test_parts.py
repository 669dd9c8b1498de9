"""Parts of pictures: what is lit stays, what is left out is counted, and no line leads to a neuron that is not there."""

import itertools

import pytest

import chainrule as cr
from chainrule.explanation.context import Context
from chainrule.explanation.pictures import paths_picture
from chainrule.network.elements import find_element
from chainrule.notation.formula import Row
from chainrule.pictures.diagram import units_of
from chainrule.pictures.parts import from_lit_on, only_lit, part_of


@pytest.mark.parametrize(
    ("name", "weight", "most"), [("4-6-3", "W1[4,5]", 3), ("4-6-3", "W2[6,2]", 2), ("4-6-3", "b1[3]", 3), ("5-5", "w7", 2)]
)
def test_the_way_of_a_weight_stays_in_a_part(name, weight, most):
    problem = cr.problem(name)
    context = Context(problem.step(), "scalar", problem.network.notation)
    whole = paths_picture(context, find_element(problem.network, weight))
    part = part_of(only_lit(whole), most)
    assert [units_of(part, layer) for layer in range(len(part.layers))] == [min(most, count) for count in whole.counts]
    assert part.counts == whole.counts
    for edge in part.edges:
        assert edge.source < len(part.layers[edge.layer])
        assert edge.target < units_of(part, edge.layer + 1)
    (named,) = [edge for edge in part.edges if edge.label != Row(())]
    handle = f"e{named.layer}-{named.source}-{named.target}"
    assert handle in part.highlighted
    assert named.label in [edge.label for edge in whole.edges]
    for a, b in itertools.pairwise(range(named.layer + 1, len(part.layers))):
        assert any(one.startswith(f"e{a}-") for one in part.highlighted), b


def test_of_a_long_chain_the_layers_stay_that_the_way_passes():
    problem = cr.problem("vanishing")
    whole = paths_picture(Context(problem.step(), "scalar", problem.network.notation), find_element(problem.network, "w8"))
    part = from_lit_on(whole)
    assert [len(picture.layers) for picture in (whole, part)] == [10, 3]
    assert part.titles == whole.titles[-3:]
    assert {handle[:2] for handle in part.highlighted} == {"e0", "e1", "n1", "n2"}
