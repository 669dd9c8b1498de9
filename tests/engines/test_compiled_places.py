"""Machine code for sequences, images and tokens: arrays of any number of axes compute what the NumPy program computes of them."""

import itertools
import json
import math

import numpy as np
import pytest
from tests.engines.test_compiled import CLOSE, agrees, far, has, start
from tests.engines.test_compiled_threads import same
from tests.layer_twins import TWINS, with_numbers
from tests.samples import some
from tests.twins import Case

import chainrule as cr
from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled import engine as engine_module
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.graph import lives
from chainrule.engines.compiled.graph.layout import aligned_array
from chainrule.engines.compiled.graph.schedule import Schedule
from chainrule.engines.compiled.kernels import program
from chainrule.engines.compiled.pseudocode import annotated_code
from chainrule.engines.compiled.runtime import functions
from chainrule.engines.epoch import Written
from chainrule.formula import primitives as p
from chainrule.network.definitions import find
from chainrule.network.layers import KINDS
from chainrule.network.network import Network
from chainrule.network.short_form import short_form
from chainrule.training.loop import Training
from chainrule.training.plan import Plan

MOMENTUM = find("optimizer", {"name": "momentum", "learning_rate": 0.02})
SEQUENCE = cr.sequence(3, 5)

NETWORKS = {
    "dense at places": lambda: Network(SEQUENCE, cr.dense(6, "tanh"), cr.dense(2)),
    "one place": lambda: Network(cr.sequence(1, 5), cr.dense(6, "tanh"), cr.dense(2)),
    "normalised rows": lambda: Network(SEQUENCE, cr.dense(9, "relu"), cr.layer_norm(), cr.rms_norm(), cr.dense(2)),
    "classes at places": lambda: Network(SEQUENCE, cr.dense(4, "softmax"), loss="cross_entropy"),
    "rows without padding": lambda: Network(SEQUENCE, cr.dense(16, "tanh"), cr.flatten(), cr.dense(2)),
    "rows with padding": lambda: Network(SEQUENCE, cr.dense(7, "tanh"), cr.flatten(), cr.dense(2)),
    "a position that is learned": lambda: Network(SEQUENCE, cr.dense(6), cr.learned_position(), cr.dense(2)),
    "a batch's own statistics": lambda: Network(SEQUENCE, cr.dense(6, bias=False), cr.batch_norm(), cr.dense(2)),
    "attention": lambda: Network(SEQUENCE, cr.dense(6), cr.multi_head_attention(heads=2, causal=True, bias=False), cr.dense(2)),
    "numbers drawn for every step": lambda: Network(SEQUENCE, cr.dense(6), cr.dropout(0.5), cr.flatten(), cr.dropout(0.25), cr.dense(2)),
    "a long row": lambda: Network(cr.sequence(2, 5), cr.dense(150, "softmax"), cr.dense(3)),
    **{
        form: (lambda form=form: short_form(form))
        for form in ("4x3:rnn5-2", "4x3:lstm8-2", "4x3:lstm5-gru3-2", "5x5x2:c3k2-p2-c4k2-3", "5x6x1:c2k3p1-p2-3", "v7x4:e5-lstm4-3")
    },
}


def numbers(network, rows=11, seed=3):
    """The network, and rows of numbers or of tokens for it."""
    random = np.random.default_rng(seed)
    extent = next(iter(network.wiring.inputs.values()))
    tokens = getattr(extent, "vocabulary", 0)
    x = random.integers(0, tokens, (rows, network.inputs)).astype(float) if tokens else random.normal(size=(rows, network.inputs))
    return Case(network, x, random.normal(size=(rows, network.targets)))


@pytest.mark.parametrize("name", some(NETWORKS, 6))
@pytest.mark.parametrize(("rows", "size"), some([(11, 4), (1, 1), (6, 6)], 3))
def test_what_has_places(name, rows, size):
    """Batches whose last one is shorter, of one row, of all rows."""
    agrees(numbers(NETWORKS[name]()), MOMENTUM, rows=rows, size=size)


@pytest.mark.parametrize("name", some(NETWORKS, lambda name: name == "4x3:lstm8-2"))
@pytest.mark.parametrize(("processor", "dtype"), some([("baseline", "float64"), (None, "float32"), ("avx2", "float32")], 2))
def test_vectors_of_any_length(name, processor, dtype):
    if processor == "avx2" and not has("avx2"):
        pytest.skip("this processor has no AVX2")
    agrees(numbers(NETWORKS[name]()), MOMENTUM, rows=7, dtype=dtype, processor=processor)


@pytest.mark.parametrize("name", some(NETWORKS, lambda name: name in ("attention", "4x3:lstm5-gru3-2")))
def test_every_number_of_threads_gives_the_same_bits(name, monkeypatch):
    for key, value in {"FEWEST_SHARED": 0, "WORTH_THREADS": 0, "processors": lambda: 3}.items():
        monkeypatch.setattr(engine_module, key, value)
    monkeypatch.setattr(engine_module.CompiledFunction, "faster", lambda code, choices: choices[-1])
    found = numbers(NETWORKS[name]())
    same(found, MOMENTUM, size=5, most=3)


# Arrays that share a place in memory


@pytest.mark.parametrize("seed", range(5))
def test_arrays_that_live_at_the_same_time_lie_apart(seed, monkeypatch):
    random = np.random.default_rng(seed)
    monkeypatch.setattr(lives, "LARGE", int(random.choice([0, 2**9, 2**18])))
    spans = {array: tuple(map(int, sorted(random.integers(-1, 40, 2)))) for array in range(80)}
    sizes = {array: 64 * int(random.integers(1, 20)) for array in spans}
    starts, length = lives.shared_places(spans, sizes)
    assert max(starts[array] + sizes[array] for array in spans) <= length < sum(sizes.values())
    for one, other in itertools.combinations(spans, 2):
        if spans[one][0] <= spans[other][1] and spans[other][0] <= spans[one][1]:
            assert starts[one] + sizes[one] <= starts[other] or starts[other] + sizes[other] <= starts[one]


@pytest.mark.parametrize("name", some(NETWORKS, lambda name: name == "5x5x2:c3k2-p2-c4k2-3"))
@pytest.mark.parametrize("threads", some([3, 1], 2))
def test_sharing_places_changes_no_bit(name, threads, monkeypatch):
    """Arrays one behind the other; in places of any size; as they lie. What was there before is no number."""
    for key, value in {"FEWEST_SHARED": 0, "WORTH_THREADS": 0, "processors": lambda: threads}.items():
        monkeypatch.setattr(engine_module, key, value)
    monkeypatch.setattr(engine_module.CompiledFunction, "faster", lambda code, choices: choices[-1])
    monkeypatch.setattr(engine_module, "in_bytes", lambda count: aligned_array(count // 8 + 1, "float64").view(np.uint8).__ior__(255))
    monkeypatch.setattr(functions, "source_digest", lambda: "")  # code is not looked up by what it is made from
    found, rooms, ends = numbers(NETWORKS[name]()), [], []
    shared = program.shared_places

    def apart(spans, sizes):
        starts = itertools.accumulate((sizes[array] for array in spans), initial=0)
        return dict(zip(spans, starts, strict=False)), sum(sizes[array] for array in spans)

    for large, places in ((0, apart), (0, shared), (2**18, shared)):
        monkeypatch.setattr(lives, "LARGE", large)
        monkeypatch.setattr(program, "shared_places", places)
        engine = Compiled(found.network, MOMENTUM)
        passed = engine.epoch((found.x, found.t), None, 4, start(found.network, engine.keys), 0, math.inf, lambda: False)
        ends.append((passed.error, *passed.state, engine.error((found.x, found.t), passed.state), engine.predict(found.x, passed.state, 4)))
        rooms.append(engine._code_for("epoch", 4, "float64").loaded_function.room)
    assert rooms[1] < rooms[0]
    for other in ends[1:]:
        assert all(np.array_equal(one, first) for one, first in zip(other, ends[0], strict=True))


def test_what_is_drawn_does_not_depend_on_how_many_steps_a_call_takes(monkeypatch):
    network = Network(4, cr.dense(5), cr.dropout(0.5), cr.dense(2))
    data, states = (np.ones((11, 4)), np.ones((11, 2))), []
    for most in (2**23, 1, 40):
        monkeypatch.setattr(engine_module, "DRAWN", most)
        engine = Compiled(network, MOMENTUM)
        engine.epoch(data, None, 2, start(network, engine.keys), 0, math.inf, lambda: False)  # a call learns how many steps the next takes
        states.append(engine.epoch(data, None, 2, start(network, engine.keys), 3, math.inf, lambda: False).state)
    for other in states[1:]:
        assert all(map(np.array_equal, states[0], other))


@pytest.fixture(scope="module")
def twice():
    """A layer in whose sequence things stand twice: some states of a recurrence, all of its states, or its input."""

    @cr.layer
    def standing_twice(own, x, *, what):
        batch, length, features = x.shape
        if what == "input":
            return p.join(x, x, axis=1)
        states = []
        for time in range(length):
            z = own.linear(p.reshape(p.part(x, axis=1, start=time, stop=time + 1), sizes=(batch, features)), 4)
            states.append(p.tanh(z + own.linear(states[-1], 4, "U", "c") if states else z))
        steps = [p.reshape(state, sizes=(batch, 1, 4)) for state in states]
        return p.join(*steps, *(steps[:2] if what == "states" else [p.join(*steps, axis=1)]), axis=1)

    yield standing_twice
    del KINDS["standing_twice"]


@pytest.mark.parametrize("what", ["states", "sequence", "input"])
def test_what_stands_twice_in_a_sequence(twice, what):
    agrees(numbers(Network(cr.sequence(4, 2), twice(what=what), cr.flatten(), cr.dense(2))), MOMENTUM)


# Every layer


def with_weights_before(twin, seed):
    """A network of the layer between weights, so that gradients go through it; and its rows."""
    _, x, random = with_numbers(twin, seed)

    def network(flat):
        def layers(*given):
            inputs = (
                one if name in twin.numbers else cr.dense(int(x[name].shape[-1]))(one) for name, one in zip(twin.inputs, given, strict=True)
            )
            found = twin.layer(*inputs)
            return cr.dense(2)(cr.flatten()(found) if flat else found)

        return Network(twin.inputs, layers)

    try:
        made = network(flat=True)
    except cr.ChainruleError:  # what it gives is flat already
        made = network(flat=False)
    rows = np.concatenate([x[name].reshape(twin.rows, -1) for name in twin.inputs], axis=1).astype(float)
    drawn = {key: random.normal(0, 0.7, shape) for key, shape in made.shapes.items()}
    drawn |= {key: np.abs(array) for key, array in drawn.items() if array.ndim == 1}  # a running variance is not negative
    return made.with_parameters(drawn), rows, random.normal(size=(len(rows), made.targets))


@pytest.mark.parametrize(("kind", "seed"), some([(kind, seed) for seed in range(4) for kind in TWINS], 19))
def test_every_layer(kind, seed):
    """Or it is refused in a line, where parameters would have to lie otherwise."""
    network, x, t = with_weights_before(TWINS[kind](seed), seed)
    rule = find("optimizer", {"name": "sgd", "learning_rate": 0.1})
    try:
        fast = Compiled(network, rule)
    except NotCompilable as error:
        assert kind in ("conv", "conv_transpose")
        pytest.skip(str(error))
    state = tuple(network.parameters.values())
    a, b = (engine.epoch((x, t), None, len(x), state, 0, math.inf, lambda: False) for engine in (fast, Written(network, rule)))
    # The keys' bias of an attention has the gradient 0, but for rounding.
    scale = max(1.0, *(float(np.abs(one - other).max()) for one, other in zip(b.state, state, strict=True)))
    assert abs(a.error - b.error) <= 1e-12 * max(abs(b.error), 1)
    for key, one, other in zip(network.shapes, a.state, b.state, strict=True):
        assert one.shape == other.shape
        assert float(np.abs(one - other).max()) <= 1e-12 * max(float(np.abs(other).max()), scale), key
    assert far(fast.predict(x, state), network.predict(x).reshape(len(x), -1)) <= CLOSE["float64"]


# How it is done


def emitted(network, size=4):
    """What is emitted for an epoch."""
    emitter = Compiled(network, MOMENTUM, threads=1).request("epoch", size, "float64").emitter()
    emitter.module("epoch")
    return emitter


def test_steps_share_their_functions():
    """A longer sequence has more calls, and no more code; the products of all its steps are one."""
    shorter, longer = (emitted(short_form(f"{steps}x3:lstm8-2")) for steps in (8, 12))
    assert len(shorter.kernels.made) == len(longer.kernels.made)
    products = [stage for stage in longer.program.schedule.stages if stage.kind == "product"]
    assert sum(stage.nodes[0].arguments[0].opcode == "transpose" for stage in products) == 3  # of W, U and the last layer


@pytest.mark.parametrize("layer", [cr.bidirectional(2, cell="gru", states=True), cr.lstm(2)])
def test_twice_the_steps_are_tried_about_twice_as_often(layer, monkeypatch):
    """A bias that waits for all steps is not tried again after each of them, and so a long sequence is scheduled in time."""
    tried = []
    begun = Schedule._begun
    monkeypatch.setattr(Schedule, "_begun", lambda self, *given: (tried.append(1), begun(self, *given))[1])
    counts = []
    for steps in (10, 20):
        tried.clear()
        emitted(Network(cr.sequence(steps, 1), layer, cr.dense(1)))
        counts.append(len(tried))
    assert counts[1] < 2.5 * counts[0]


def test_steps_are_places_in_memory():
    """x[:, t] and the gates of an LSTM are offsets and strides; the gradients of all steps stand where they are computed."""
    program = emitted(short_form("8x3:lstm8-2")).program
    parts = [node for node in program.schedule.nodes if node.opcode == "part"]
    assert {program.home[part].within for part in parts} <= set(program.home.values())
    joined = [node for node in program.schedule.nodes if node.opcode == "join" and node.detail == "places"]
    assert len(joined) == 2
    assert all(len(program.copies(node)) <= 1 for node in joined)


def test_windows_are_copied_once():
    """Into the rows that a product multiplies: on the way, they would take some times their memory."""
    program = emitted(Network(cr.image(6, 6, 3), cr.conv(4, 3), cr.flatten(), cr.dense(1))).program
    windows = [node for node in program.schedule.nodes if node.opcode == "arrange" and node.shape == ("batch × 16", 27)]
    assert len(windows) == 1
    assert {node.opcode for node in program.schedule.users[windows[0]]} == {"matmul"}


def test_the_listing_says_what_is_moved():
    text = annotated_code(Compiled(short_form("v7x4:e5-attn1-3"), MOMENTUM), 8)
    for said in ("rows of a table (N × 4 × 5)", "a matrix product for each example", "rows added up in a table", "copied (N × 4)"):
        assert said in text, said
    text = annotated_code(Compiled(short_form("3x4x1:c2k3p1-p2-1"), MOMENTUM), 8)
    assert "[1 + 6 i + j] = v1[4 i + j], i < 5, j < 4; all others 0" in text  # zeros beside 4 columns, above and below which there are some
    assert "arrange" not in "".join(line for line in text.splitlines() if line.startswith(";"))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (lambda: Network(cr.image(4, 4, 2), cr.conv(2, 2, groups=2), cr.flatten(), cr.dense(1)), "a parameter in another shape"),
        (lambda: Network(cr.sequence(300, 1), cr.global_pool("max"), cr.dense(1)), "the largest of more than 256 numbers"),
    ],
)
def test_what_is_refused_is_said_in_a_line(network, said):
    with pytest.raises(NotCompilable, match=said) as error:
        Compiled(network(), MOMENTUM)
    assert "\n" not in str(error.value)


def test_large_images_are_predicted_few_at_a_time(monkeypatch):
    network = short_form("5x6x1:c2k3p1-p2-3")
    assert Compiled(network, None)._rows_at_once(100) == 128
    monkeypatch.setattr(engine_module, "FORWARD", 2 * Compiled(network, None).step_graph.kept_forward)
    assert Compiled(network, None)._rows_at_once(100) == 2
    agrees(numbers(network), MOMENTUM)


def test_straight_line_code_knows_no_places():
    network = short_form("3x2:rnn2-1")
    assert not Compiled(network, MOMENTUM).request("epoch", 1, "float64").straight
    with pytest.raises(NotCompilable, match="no straight-line code"):
        Compiled(network, MOMENTUM, straight=True).request("epoch", 1, "float64").emitter()


# A training


def test_a_run_is_resumed_bit_for_bit_and_any_step_of_it_is_replayed():
    found = numbers(short_form("3x2:lstm3-2"), 12)
    plan = Plan(epochs=6, batch_size=5, engine="compiled", optimizer=MOMENTUM)
    whole, broken = (Training(found.network, found.x, found.t, plan) for _ in range(2))
    whole.run()
    for _ in range(2):
        broken.epoch()
    again = Training.resumed(found.network, found.x, found.t, plan, broken.arrays(), json.loads(json.dumps(broken.record())))
    state = dict(zip(found.network.shapes, again.state, strict=False))
    again.run()
    assert all(map(np.array_equal, whole.arrays().values(), again.arrays().values()))
    replayed = whole.step_at(2 * math.ceil(12 / 5) + 1)
    assert all(np.array_equal(replayed.parameters[key], array) for key, array in state.items())
