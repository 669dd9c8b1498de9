"""Matrix products as machine code: numbers against NumPy's float64, edges, epilogues, threads, the control word, other processors."""

import contextlib
import ctypes
import itertools
import os
import threading
import weakref

import llvmlite.binding as llvm
import numpy as np
import pytest
from tests.samples import some

from chainrule.engines.compiled.emission import barrier as barrier_code
from chainrule.engines.compiled.emission.context import ModuleContext
from chainrule.engines.compiled.graph.layout import Panels, aligned_array, padded, row_stride
from chainrule.engines.compiled.llvm import ir, target
from chainrule.engines.compiled.llvm.instructions import I64, POINTER, VOID, at, loop
from chainrule.engines.compiled.matmul import loop_nests
from chainrule.engines.compiled.matmul.products import (
    COLUMNS,
    NUMBER,
    Product,
    backward_strides,
    column_sum_strides,
    forward_strides,
    gradient_strides,
    panels,
    rows,
    rowwise,
)
from chainrule.engines.compiled.runtime import threads

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

NEEDED = {"baseline": "sse2", "avx2": "avx2", "avx512": "avx512dq"}
HOST = llvm.get_host_cpu_features()
X86 = llvm.get_process_triple().startswith("x86_64")
TARGETS = [name for name in NEEDED if X86 and HOST.get(NEEDED[name])] or ["host"]
TOLERANCE = {"float32": 2e-6, "float64": 4e-15}

# batch, inputs, outputs; the rows of a shorter last batch
SHAPES = [
    (1, 1, 1, 1),
    (1, 5, 1, 1),
    (5, 1, 3, 2),
    (7, 13, 17, 6),
    (32, 60, 64, 31),
    (37, 65, 131, 1),
    (29, 150, 10, 17),
    (3, 1101, 70, 2),
]
LONG = (19, 1100, 1090, 3)
"""Larger than a block of the sum in the forward and in the backward product."""


def processor(name):
    return target.host() if name == "host" else target.processor_named(name)


def module_for(of):
    module = ir.Module()
    module.triple = of.triple
    module.data_layout = str(of.machine.target_data)
    return module


class Loaded:
    def __init__(self, module, of):
        parsed = llvm.parse_assembly(str(module))
        parsed.verify()
        options = llvm.create_pipeline_tuning_options(1)
        options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
        builder = llvm.create_pass_builder(of.machine, options)
        builder.getModulePassManager().run(parsed, builder)
        machine = llvm.Target.from_triple(of.triple).create_target_machine(cpu=of.cpu, features=of.features, opt=1, jit=True)
        self.engine = llvm.create_mcjit_compiler(parsed, machine)
        self.engine.finalize_object()

    def function(self, name, *kinds, result=None):
        return ctypes.CFUNCTYPE(result, *kinds)(self.engine.get_function_address(name))


def exported(product):
    """The product's function, to be called from outside."""
    module = product.context.module
    types = [argument.type for argument in product.function.args]
    function = ir.Function(module, ir.FunctionType(VOID, types), f"call_{product.name}")
    builder = ir.IRBuilder(function.append_basic_block())
    a, b, room, n, share, shares, *given = function.args
    product.call(builder, a, b, room, n, share, shares, dict(zip(product.operands, given, strict=True)))
    builder.ret_void()


def relu(tile, z):
    tile.store("y", tile.machine.maximum(z + tile.load("b"), 0))


def slope(tile, e):
    tile.store("e", e * tile.machine.greater(tile.load("x"), 0) * tile.load("s"))


def adam(tile, g):
    m = 0.9 * tile.load("m") + 0.1 * g
    v = 0.99 * tile.load("v") + 0.01 * g**2
    tile.store("m", m)
    tile.store("v", v)
    tile.store("w", tile.load("w") - tile.load("rate") * m / (tile.machine.sqrt(v) + 1e-3))


def pack(layout, matrix, memory):
    """Put a matrix into memory that lies in panels."""
    for first, view in layout.views(memory):
        view[:] = matrix[:, first : first + view.shape[1]]


def unpack(layout, memory, matrix):
    """Take it out again."""
    for first, view in layout.views(memory):
        matrix[:, first : first + view.shape[1]] = view


class Layer:
    """All products of a layer."""

    def __init__(self, context, name, shape):
        self.context, (self.n, self.k, self.c, last) = context, shape
        self.sizes, self.layout = (self.n, last), context.layout(self.k, self.c)
        self.x_stride, self.d_stride = context.stride(self.k), context.stride(self.c)
        x, d, layout = self.x_stride, self.d_stride, self.layout
        moments = dict.fromkeys("wmv", panels(layout)) | {"rate": NUMBER}
        self.products = {
            "forward": Product(context, f"{name}_f", forward_strides(layout, x), self.sizes, relu, {"b": COLUMNS, "y": rows(d)}, "y"),
            "backward": Product(
                context, f"{name}_b", backward_strides(layout, d), self.sizes, slope, {"x": rows(x), "s": rowwise(), "e": rows(x)}, "e"
            ),
            "gradient": Product(context, f"{name}_g", gradient_strides(layout, (x, d), self.n), self.sizes, adam, moments),
            "sums": Product(
                context,
                f"{name}_s",
                column_sum_strides(context.layout(1, self.c), d),
                self.sizes,
                lambda tile, g: tile.store("g", g),
                {"g": COLUMNS},
            ),
        }
        for product in self.products.values():
            exported(product)

    def filled(self, n):
        """Random matrices in memory of which every other number is NaN."""
        random, dtype, layout = np.random.default_rng(7), self.context.dtype, self.layout
        sizes = {"x": (n, self.k), "d": (n, self.c), "w": (self.k, self.c), "b": self.c, "s": n, "m": (self.k, self.c)}
        self.plain = {name: random.standard_normal(size).astype(dtype) for name, size in sizes.items()}
        self.plain["v"] = self.plain["m"] ** 2
        memory = {"x": aligned_array((n, self.x_stride), dtype), "d": aligned_array((n, self.d_stride), dtype)}
        memory |= {"y": aligned_array((n, self.d_stride), dtype), "e": aligned_array((n, self.x_stride), dtype)}
        memory |= {name: aligned_array(layout.size, dtype) for name in "wmv"}
        memory |= {name: aligned_array(padded(self.c, layout.lanes), dtype) for name in "bg"} | {"s": aligned_array(n, dtype)}
        for array in memory.values():
            array[...] = np.nan
        memory["x"][:, : self.k], memory["d"][:, : self.c] = self.plain["x"], self.plain["d"]
        memory["b"][: self.c], memory["s"][:] = self.plain["b"], self.plain["s"]
        for name in "wmv":
            pack(layout, self.plain[name], memory[name])
        return memory

    def run(self, loaded, n, shares=1, only=None):
        """Every product once, share after share, or one share alone; the results without their padding."""
        memory = self.filled(n)
        number = ctypes.c_float if self.context.dtype == "float32" else ctypes.c_double
        for role, (a, b) in {"forward": "xw", "backward": "dw", "sums": "dd", "gradient": "xd"}.items():
            product = self.products[role]
            kinds = [number if operand.kind == "number" else ctypes.c_void_p for operand in product.operands.values()]
            function = loaded.function(f"call_{product.name}", *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 3, *kinds)
            room = aligned_array(max(product.room, 1), self.context.dtype)
            given = [0.1 if name == "rate" else memory[name].ctypes.data for name in product.operands]
            for share in range(shares) if only is None else [only]:
                function(memory[a].ctypes.data, memory[b].ctypes.data, room.ctypes.data, n, share, shares, *given)
        found = {"y": memory["y"][:, : self.c], "e": memory["e"][:, : self.k], "g": memory["g"][: self.c]}
        for name in "wmv":
            found[name] = np.empty((self.k, self.c), self.context.dtype)
            unpack(self.layout, memory[name], found[name])
        return found

    def expected(self):
        """The same by NumPy in float64."""
        x, d, w, b, s, m, v = (self.plain[name].astype(np.float64) for name in "xdwbsmv")
        g = x.T @ d
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        return {
            "y": np.maximum(x @ w + b, 0),
            "e": (d @ w.T) * (x > 0) * s[:, None],
            "g": d.sum(0),
            "m": m,
            "v": v,
            "w": w - 0.1 * m / (np.sqrt(v) + 1e-3),
        }


@pytest.fixture(
    scope="module",
    params=some(zip(itertools.product(TARGETS, ["float32", "float64"])), 2 if len(TARGETS) % 2 else 3, lambda case: "-".join(*case)),
)
def layers(request):
    name, dtype = request.param
    of = processor(name)
    context = ModuleContext(module_for(of), dtype, of, 0, threads=2)
    shapes = [*SHAPES, LONG] if name == TARGETS[-1] else SHAPES
    made = [Layer(context, f"layer{i}", shape) for i, shape in enumerate(shapes)]
    return made, Loaded(context.module, of)


def test_products_agree_with_numpy_in_every_shape(layers):
    made, loaded = layers
    wrong = {}
    for layer in made:
        for n in layer.sizes:
            found = layer.run(loaded, n)
            for name, true in layer.expected().items():
                error = np.max(np.abs(found[name] - true)) / np.max(np.abs(true), initial=1e-3)
                if not error <= TOLERANCE[layer.context.dtype]:
                    wrong[layer.n, layer.k, layer.c, n, name] = error
    assert wrong == {}


@pytest.mark.parametrize("shares", some([3, 2], 2))
def test_any_number_of_threads_gives_the_same_bits(layers, shares):
    made, loaded = layers
    for layer in made:
        alone, shared = (layer.run(loaded, layer.n, many) for many in (1, shares))
        assert {name for name in alone if not np.array_equal(alone[name], shared[name])} == set()


def test_every_thread_has_its_part_of_the_work(layers):
    made, loaded = layers
    layer = made[-1]
    parts = [layer.run(loaded, layer.n, 2, only=share) for share in (0, 1)]
    for name in ("y", "e"):
        filled = [np.mean(~np.isnan(part[name])) for part in parts]
        assert min(filled) > 0.2
        assert sum(filled) == pytest.approx(1)


def test_a_long_sum_is_cut_into_blocks():
    of = processor("host")
    layer = Layer(ModuleContext(module_for(of), "float32", of, 0, 1), "layer", LONG)
    for role, steps in {"forward": 1100, "backward": 1090}.items():
        blocks = layer.products[role].blocks
        assert len(blocks) > 1
        assert sum(blocks) == steps


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (13, 17), (64, 64), (100, 130), (2048, 10)])
def test_a_matrix_comes_out_of_its_panels_as_it_went_in(shape, dtype):
    layout = Panels(*shape, dtype, target.processor_named("avx512"))
    matrix, back, memory = np.random.default_rng(1).random(shape).astype(dtype), np.zeros(shape, dtype), aligned_array(layout.size, dtype)
    pack(layout, matrix, memory)
    unpack(layout, memory, back)
    assert np.array_equal(matrix, back)
    assert np.count_nonzero(memory) == matrix.size
    assert memory.ctypes.data % 4096 == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_stride_is_a_multiple_of_a_page(dtype):
    of = target.processor_named("avx512")
    size = target.itemsize(dtype)
    for columns in (1024, 2048, 4096, 1000, 10):
        stride = row_stride(columns, dtype, of)
        assert stride >= columns
        assert stride * size % 64 == 0
        assert stride * size % 4096
        assert Panels(columns, 256, dtype, of).stride * size % 4096


def test_tiles_are_as_equal_as_can_be():
    found = []
    tiles = loop_nests.Tiling(None, 32, 6, 4)
    for tile in range(tiles.count):
        found.append((tiles.row(tile), tiles.rows(tile)))
    assert found == [(0, 6), (6, 6), (12, 5), (17, 5), (22, 5), (27, 5)]
    assert tiles.possible(None, [32, 7]) == [3, 4, 5, 6]


def test_narrow_tiles_are_equal_where_that_costs_little():
    assert loop_nests.tiles_of(32, 12, 1) == 4  # 8 8 8 8 in place of 11 11 10
    assert loop_nests.tiles_of(32, 6, 4) == 6  # 4 rows would load more for each multiplication
    assert loop_nests.tiles_of(14, 12, 1) == 2  # 7 7: as equal as can be
    assert loop_nests.tiles_of(26, 12, 1) == 3  # 2 rows would be sums too few


@pytest.mark.parametrize("name", ["baseline", "avx2", "avx512", "aarch64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_inner_loop_keeps_its_sums_in_registers(name, dtype):
    of = target.processor_named(name)
    module = module_for(of)
    context = ModuleContext(module, dtype, of, 0, 1)
    vectors = of.vectors
    n = of.tile_rows(vectors)
    layout = context.layout(64, vectors * of.lanes(dtype))
    stride, out = context.stride(64), context.stride(layout.columns)
    product = Product(context, "f", forward_strides(layout, stride), [n], lambda tile, z: tile.store("y", z), {"y": rows(out)})
    product.function.linkage = "external"
    assembly = of.machine.emit_assembly(llvm.parse_assembly(str(module)))
    arithmetic = {"baseline": "mulp", "avx2": "vfmadd", "avx512": "vfmadd", "aarch64": "fmla"}[name]
    assert assembly.count(arithmetic) >= 4 * n * vectors
    assert assembly.count("zmm") > 100 or name != "avx512"
    assert assembly.count("(%rsp)") < 20  # nothing is spilled within the loop


@pytest.mark.parametrize(("name", "batch", "shape", "asks"), [
    ("avx512", 1, (784, 128), True),
    ("avx512", 32, (784, 128), False),  # which several tiles read: arithmetic holds them up
    ("avx512", 1, (64, 64), False),  # which is in the first level
    ("avx2", 1, (784, 128), False),
])  # fmt: skip
def test_a_single_tile_asks_for_its_weights_ahead_where_a_vector_is_a_whole_line(name, batch, shape, asks):
    of = target.processor_named(name)
    context = ModuleContext(module_for(of), "float32", of, 0, 1)
    layout = context.layout(*shape)
    forward, out = forward_strides(layout, context.stride(shape[0])), rows(context.stride(shape[1]))
    Product(context, "f", forward, [batch], lambda tile, z: tile.store("y", z), {"y": out})
    near = ", i32 0, i32 3, i32 1)"  # to be read, into the first level, data
    assert any("llvm.prefetch" in line and near in line for line in str(context.module).splitlines()) is asks


def counting(of):
    """void count(meeting, slots, share, shares, rounds): each thread counts in its slot, and looks at all slots behind every barrier."""
    module = module_for(of)
    function = ir.Function(module, ir.FunctionType(I64, [POINTER, POINTER, I64, I64, I64]), "count")
    barrier, slots, share, shares, rounds = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    wrong = builder.alloca(I64)
    builder.store(I64(0), wrong)
    with loop(builder, 0, rounds) as i:
        builder.store(builder.add(i, I64(1)), at(builder, slots, builder.mul(share, I64(64))), align=8)
        barrier_code.wait(builder, barrier, shares)
        with loop(builder, 0, shares) as other:
            seen = builder.load(at(builder, slots, builder.mul(other, I64(64))), typ=I64, align=8)
            differs = builder.zext(builder.icmp_unsigned("!=", seen, builder.add(i, I64(1))), I64)
            builder.store(builder.add(builder.load(wrong, typ=I64), differs), wrong)
        barrier_code.wait(builder, barrier, shares)
    builder.ret(builder.load(wrong, typ=I64))
    return Loaded(module, of)


@pytest.mark.parametrize("shares", [1, 2, 5])
def test_threads_meet_at_every_barrier(shares):
    loaded = counting(processor("host"))
    function = loaded.function("count", ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, result=ctypes.c_int64)
    barrier, slots, wrong = threads.Barrier(), aligned_array(64 * shares, "float64"), []
    for _ in range(3):
        threads.run_in_threads(lambda share, shares: wrong.append(function(barrier.address, slots.ctypes.data, share, shares, 300)), shares)
    assert wrong == [0] * 3 * shares


@pytest.mark.parametrize("enough", [0, 1, 2])
def test_a_system_without_more_threads_works_with_one(enough, monkeypatch):
    start, started, called = threads.start_new_thread, [], []

    def refuse(*given):
        if len(started) == enough:
            raise RuntimeError("can't start new thread")
        started.append(start(*given))

    monkeypatch.setattr(threads, "start_new_thread", refuse)
    monkeypatch.setattr(threads, "_waiting", [])
    threads.run_in_threads(lambda *given: called.append(given), 4)
    assert called == [(0, 1)]


def test_what_share_0_returns_is_returned_and_what_it_raises_is_raised():
    assert threads.run_in_threads(lambda share, shares: share + shares, 3) == 3
    with pytest.raises(ZeroDivisionError):
        threads.run_in_threads(lambda share, shares: 1 // share if share == 0 else 1, 2)


def test_threads_are_called_again_and_keep_nothing_of_what_they_did(monkeypatch):
    monkeypatch.setattr(threads, "_waiting", [])
    names = []

    def work(share, shares):
        names.append(threading.get_ident())

    held = weakref.ref(work)
    for _ in range(20):
        threads.run_in_threads(work, 3)
    assert (len(names), len(set(names)), len(threads._waiting)) == (60, 3, 2)
    del work
    threads.run_in_threads(lambda share, shares: None, 3)
    assert held() is None


def test_a_thread_that_another_caller_takes_first_is_replaced(monkeypatch):
    class Emptied(list):
        """Whoever asks sees one in it, and has lost it to somebody else when he takes it."""

        def __bool__(self):
            return True

    monkeypatch.setattr(threads, "_waiting", Emptied())
    assert threads.run_in_threads(lambda share, shares: shares, 2) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    threads.run_in_threads(lambda share, shares: None, 3)
    child = os.fork()
    if not child:
        found = []
        threads.run_in_threads(lambda share, shares: found.append(share), 3)
        os._exit(0 if sorted(found) == [0, 1, 2] else 1)
    assert os.waitpid(child, 0)[1] == 0


def halving(of, quiet):
    """void halve(x): x[0] ← x[0] / 2."""
    module, number = module_for(of), ir.FloatType()
    function = ir.Function(module, ir.FunctionType(VOID, [POINTER]), "halve")
    builder = ir.IRBuilder(function.append_basic_block())
    with barrier_code.without_denormals(builder) if quiet else contextlib.nullcontext():
        half = builder.fmul(builder.load(function.args[0], typ=number), number(0.5))
        builder.store(half, function.args[0], align=4)
    builder.ret_void()
    return Loaded(module, of)


@pytest.mark.parametrize("quiet", [True, False])
def test_denormals_are_zero_inside_and_as_before_outside(quiet):
    smallest = np.finfo(np.float32).tiny
    loaded, array = halving(processor("host"), quiet), np.array([smallest], np.float32)
    loaded.function("halve", ctypes.c_void_p)(array.ctypes.data)
    assert float(array[0]) == (0.0 if quiet else float(smallest) / 2)
    assert np.float32(smallest) / np.float32(2) > 0
