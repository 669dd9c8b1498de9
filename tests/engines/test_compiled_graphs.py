"""The engine `compiled` on networks that are graphs: in both forms of code it computes what `written` computes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.test_compiled import CLOSE, far, has, rows_of, start
from tests.graphs import GRAPHS
from tests.random_graphs import case_of
from tests.samples import examples, some
from tests.twins import Case

from chainrule.base.errors import NotCompilable
from chainrule.engines.choice import Predictor, ready_engine
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.kernels.program import StageSignature
from chainrule.engines.compiled.pseudocode import annotated_code
from chainrule.engines.epoch import Written
from chainrule.engines.written import written_program
from chainrule.formula import primitives as p
from chainrule.network.definitions import find
from chainrule.network.layers import KINDS, dense, join, layer
from chainrule.network.network import Network
from chainrule.network.normalization import layer_norm, rms_norm

ADAM = find("optimizer", {"name": "adam", "learning_rate": 0.02})


def numbers(network, rows, seed=3):
    """The network, and rows of numbers for it."""
    random = np.random.default_rng(seed)
    x, t = (random.normal(size=(rows, columns)) for columns in (network.inputs, network.outputs))
    return Case(network, x, t, random.uniform(0.5, 2, rows) if network.conventions.weighted else None)


def agree(found, straight, size=2, steps=20, dtype="float64", processor=None, rule=ADAM):
    """So many steps of both engines, their errors and predictions, to 1e-12 of each array's largest magnitude for each step."""
    data = rows_of(found, size * steps)
    slow, fast = Written(found.network, rule), Compiled(found.network, rule, straight=straight, dtype=dtype, processor=processor)
    state, within = start(found.network, fast.keys), CLOSE[dtype] * steps
    a, b = (engine.epoch(data, None, size, state, 0, math.inf, lambda: False) for engine in (fast, slow))
    assert a.number == b.number == steps
    for one, other in zip((a.error, *a.state), (b.error, *b.state), strict=True):
        assert far(one, other) <= within
    assert far(fast.error(data, b.state), slow.error(data, b.state)) <= within
    y = found.network.continued(dict(zip(found.network.shapes, b.state, strict=False))).predict(data[0])
    assert far(fast.predict(data[0], b.state), y) <= within


def side_by_side(widths):
    """A network with arrays of so many columns side by side, in two ways, and a skip connection around them."""

    def network(x):
        first, *others = (dense(units, "tanh")(x) for units in widths)
        together = join()(first, *others)
        again = join()(x, together, first)
        return {"y": dense(3, "softmax")(again), "sum": dense(sum(widths))(together) + together}

    return numbers(Network(6, network, loss={"y": "cross_entropy", "sum": "half_squared"}), 40)


@pytest.mark.parametrize(
    ("name", "straight", "size"),
    some([(name, *way) for name, graph in GRAPHS.items() if graph.compiles for way in ((False, 2), (True, 1))], 5),
)
def test_every_graph(name, straight, size):
    agree(GRAPHS[name].case, straight, size)


@given(st.integers(0, 2**32 - 1))
@examples(12)
def test_random_graphs(seed):
    """With a rule that does not divide by gradients: some of these are 0 but for rounding."""
    agree(case_of(seed, 7), seed % 2 == 0, 1 + seed // 2 % 4, 5, rule=find("optimizer", {"name": "momentum", "learning_rate": 0.01}))


@pytest.fixture(scope="module")
def gated():
    """A layer whose net input is cut into columns: one half opens the other."""

    @layer
    def gated_linear(own, x, *, units):
        """Columns of x W + b times σ of other columns of it."""
        z = own.named("z", own.linear(x, 2 * units + 1))
        return p.part(z, axis=1, start=0, stop=units) * p.sigmoid(p.part(z, axis=1, start=units + 1, stop=2 * units + 1))

    yield gated_linear
    del KINDS["gated_linear"]


@pytest.mark.parametrize(("units", "straight"), some([(3, True), (3, False), (70, False), (16, False)], 2))
def test_columns_of_an_array(gated, units, straight):
    found = numbers(Network({"x": 2, "v": 5}, lambda x, v: dense(2)(join()(gated(units)(x), v, gated(units)(v), x))), 9)
    agree(found, straight, 5, 4)


@pytest.mark.parametrize("widths", some([[16, 8, 3], [5, 16, 80], [64, 128, 3], [130, 7, 8]], 2))
def test_arrays_side_by_side(widths):
    """Some of them are whole vectors, others not; wide rows and narrow ones."""
    agree(side_by_side(widths), False, 7, 5)


@pytest.fixture(scope="module")
def blended():
    """A layer in which a formula of its parameters stands before all rows."""

    @layer
    def blended_squares(own, x):
        """σ(a) x W² + (1 − σ(a)) x."""
        W = own.parameter("W", x.shape[-1], x.shape[-1], start="glorot_uniform")
        g = own.named("g", p.sigmoid(own.parameter("a")))
        return g * (x @ own.named("V", W**2)) + (1 - g) * x

    yield blended_squares
    del KINDS["blended_squares"]


@pytest.mark.parametrize(("straight", "units"), [(True, 2), (False, 2), (False, 9)])
def test_formulas_of_parameters_alone(blended, straight, units):
    agree(numbers(Network(units, dense(units, "tanh"), blended(), regularizer="l2"), 40), straight, 7, 5)


@pytest.mark.parametrize(("processor", "dtype"), some([("baseline", "float64"), (None, "float32"), ("avx2", "float32")], 2))
def test_vectors_of_any_length(processor, dtype):
    if processor == "avx2" and not has("avx2"):
        pytest.skip("this processor has no AVX2")
    agree(side_by_side((8, 5, 12)), False, 7, 5, dtype, processor)
    agree(GRAPHS["one bias a layer"].case, True, 2, 5, dtype, processor)
    agree(GRAPHS["one bias a layer"].case, False, 2, 5, dtype, processor)


def test_a_formula_reads_what_its_product_multiplies():
    engine = Compiled(Network(3, lambda x: dense(3, "tanh")(x) + x), ADAM, straight=False)
    emitter = engine.request("epoch", 4, "float64").emitter()
    emitter.module("epoch")
    first = next(stage for stage in emitter.program.schedule.stages if stage.kind == "product")
    signature = StageSignature(emitter.program, first)
    x = emitter.program.home[next(node for node in emitter.program.data if node.detail == "x")]
    assert x in signature.inside & signature.read


def test_rows_are_read_where_they_lie():
    """Columns of x by their offset, in any order of the rows, with and without a batch that is shorter."""
    found = GRAPHS["three inputs"].case
    data, order = rows_of(found, 23), np.random.default_rng(2).permutation(23)
    slow, fast = Written(found.network, ADAM), Compiled(found.network, ADAM, straight=False)
    state = start(found.network, fast.keys)
    for rows in (data, tuple(np.asfortranarray(array) for array in data)):
        a, b = (engine.epoch(rows, order, 6, state, 0, math.inf, lambda: False) for engine in (fast, slow))
        assert all(far(one, other) < 1e-12 for one, other in zip(a.state, b.state, strict=True))


def test_predictions_are_side_by_side():
    network = GRAPHS["two outputs"].case.network
    x = np.random.default_rng(0).normal(size=(300, 2))
    predictor = Predictor(network)
    predictor._saved = math.inf  # as after many rows
    assert far(predictor(x), network.predict(x)) < 1e-12
    assert predictor(x).shape == (300, 4)
    assert "_engine" in predictor.__dict__


def test_the_listing_says_what_is_moved(gated):
    network = Network({"x": 2, "v": 3}, lambda x, v: dense(1)(join()(gated(3)(x), v)))
    text = annotated_code(Compiled(network, ADAM, straight=False), 8)
    assert "x2+v3→y1" in text.splitlines()[0]
    assert "join(" in text
    assert "z1[:, 4:7]" in text


@pytest.fixture(scope="module")
def strange():
    """Layers that no machine code computes."""

    @layer
    def standardized(own, x):
        """x less its mean over the batch."""
        return x - p.spread(p.mean(x, axes=(0,)), axes=(0,), sizes=x.shape[:1])

    @layer
    def parts_of_weights(own, x):
        """x times a part of W."""
        W = own.parameter("W", 4, 3, start="glorot_uniform")
        return x @ p.part(W, axis=0, start=0, stop=2)

    @layer
    def product_of_weights(own, x):
        """x (U V)."""
        return x @ (own.parameter("U", 2, 3, start="glorot_uniform") @ own.parameter("V", 3, 3, start="glorot_uniform"))

    @layer
    def similar(own, x):
        """The rows of x times each other."""
        return x @ p.swapped(x) @ own.linear(x, 3)

    yield
    for name in ("standardized", "parts_of_weights", "product_of_weights", "similar"):
        del KINDS[name]


@pytest.mark.parametrize("straight", [True, False])
def test_closed_forms_of_normalised_rows(straight):
    found = numbers(Network(3, dense(4), layer_norm(), dense(3, "tanh"), rms_norm(), dense(2), seed=2), 40)
    assert "closed form" in written_program(found.network, ADAM).source
    agree(found, straight)


REFUSED = {
    "standardized": "depend on sums over all of them have no",
    "parts_of_weights": "a part of a parameter, as of a convolution in groups, has no machine code",
    "product_of_weights": "a product of two matrices of parameters, as an update rule may have, has no machine code",
    "similar": r"arrays of the shape \('batch', 'batch'\) have no machine code",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_has_a_line(kind, strange):
    found = numbers(Network(2, lambda x: dense(1)(KINDS[kind]()(x))), 40)
    with pytest.raises(NotCompilable, match=REFUSED[kind]):
        ready_engine("compiled", found.network, ADAM, (found.x, found.t), 8)
    fallen = ready_engine("auto", found.network, ADAM, (found.x, found.t), 8)
    assert fallen.name == "written"
    fallen.engine.epoch((found.x, found.t), None, 8, start(found.network, fallen.engine.keys), 0, math.inf, lambda: False)
