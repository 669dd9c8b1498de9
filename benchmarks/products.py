"""How fast the matrix products of the engine `compiled` are, beside what the processor could do at most.

    python benchmarks/products.py [seconds a product, 1 if none are said]

Prints a table: each product of the layers of the benchmark networks in float32, its time with one thread, its rate, what part that is of
the peak (a loop of multiplications and additions in registers alone, measured between the products), and how much faster two threads are.
Each figure is the best of many runs, which take turns: others may use the machine meanwhile.
"""

import ctypes
import sys
import time

import llvmlite.binding as llvm
import numpy as np
from measure import table
from run import processor as described

from chainrule.engines.compiled.emission.barrier import wait
from chainrule.engines.compiled.emission.context import ModuleContext
from chainrule.engines.compiled.graph.layout import aligned_array, padded
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import I64, POINTER, VOID, at, carried, loop
from chainrule.engines.compiled.llvm.machine import Machine
from chainrule.engines.compiled.llvm.target import host
from chainrule.engines.compiled.matmul.products import (
    COLUMNS,
    NUMBER,
    Product,
    backward_strides,
    forward_strides,
    gradient_strides,
    panels,
    rows,
)
from chainrule.engines.compiled.runtime.threads import Barrier, run_in_threads

LAYERS = {
    "W3, batch 32": [(32, 784, 128), (32, 128, 10)],
    "W3, batch 128": [(128, 784, 128)],
    "W4, batch 256": [(256, 1024, 2048), (256, 2048, 2048), (256, 2048, 10)],
    "W5, batch 32": [(32, 64, 64)],
}
ROLES = ("forward", "backward", "gradient", "gradient, Adam")


def relu(tile, z):
    tile.store("y", tile.machine.maximum(z + tile.load("b"), 0))


def slope(tile, e):
    tile.store("e", e * tile.machine.greater(tile.load("x"), 0))


def descent(tile, g):
    tile.store("w", tile.load("w") - tile.load("rate") * g)


def adam(tile, g):
    m, v = 0.9 * tile.load("m") + 0.1 * g, 0.999 * tile.load("v") + 0.001 * g**2
    tile.store("m", m)
    tile.store("v", v)
    tile.store("w", tile.load("w") - tile.load("rate") * m / (tile.machine.sqrt(v) + 1e-8))


class Layer:
    """The products of a layer and what they work on."""

    def __init__(self, context, n, k, c):
        self.n, self.k, self.c, self.context = n, k, c, context
        layout, x, d = context.layout(k, c), context.stride(k), context.stride(c)
        weights, name = panels(layout), f"{n}x{k}x{c}"
        self.products = {
            "forward": Product(context, f"f{name}", forward_strides(layout, x), [n], relu, {"b": COLUMNS, "y": rows(d)}, "y"),
            "backward": Product(context, f"b{name}", backward_strides(layout, d), [n], slope, {"x": rows(x), "e": rows(x)}, "e"),
            "gradient": Product(context, f"g{name}", gradient_strides(layout, (x, d), n), [n], descent, {"w": weights, "rate": NUMBER}),
            "gradient, Adam": Product(
                context,
                f"a{name}",
                gradient_strides(layout, (x, d), n),
                [n],
                adam,
                {"w": weights, "m": weights, "v": weights, "rate": NUMBER},
            ),
        }
        random = np.random.default_rng(1)
        self.memory = {
            "x": aligned_array((n, x), context.dtype),
            "d": aligned_array((n, d), context.dtype),
            "w": aligned_array(layout.size, context.dtype),
        }
        for array in self.memory.values():
            array[...] = random.standard_normal(array.shape) * 0.01
        self.memory |= {"y": aligned_array((n, d), context.dtype), "e": aligned_array((n, x), context.dtype)}
        self.memory |= {"m": aligned_array(layout.size, context.dtype), "v": aligned_array(layout.size, context.dtype) + 1}
        self.memory["b"] = aligned_array(padded(c, layout.lanes), context.dtype)
        self.calls = {role: repeated(product) for role, product in self.products.items()}

    def run(self, loaded, role, turns, shares):
        """The product so many times; seconds for one."""
        product, memory, barrier = self.products[role], self.memory, Barrier()
        kinds = [ctypes.c_float if operand.kind == "number" else ctypes.c_void_p for operand in product.operands.values()]
        function = loaded.function(self.calls[role], [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 4 + kinds)
        given = [1e-9 if name == "rate" else memory[name].ctypes.data for name in product.operands]
        a, b = (memory[name].ctypes.data for name in {"forward": "xw", "backward": "dw"}.get(role, "xd"))
        rooms = [aligned_array(max(product.room, 1), self.context.dtype) for _ in range(shares)]

        def work(share, shares):
            function(barrier.address, a, b, rooms[share].ctypes.data, turns, self.n, share, shares, *given)

        begin = time.perf_counter()
        run_in_threads(work, shares)
        return (time.perf_counter() - begin) / turns


def repeated(product):
    """Emit a function that calls the product again and again, all threads together; returns its name."""
    types = [argument.type for argument in product.function.args]
    name, module = f"run {product.name}", product.context.module
    function = ir.Function(module, ir.FunctionType(VOID, [*types[:3], POINTER, I64, *types[3:]]), name)
    builder = ir.IRBuilder(function.append_basic_block())
    barrier, a, b, room, turns, n, share, shares, *given = function.args
    with loop(builder, 0, turns):
        product.call(builder, a, b, room, n, share, shares, dict(zip(product.operands, given, strict=True)))
        wait(builder, barrier, shares)
    builder.ret_void()
    return name


def add_peak(module, dtype, lanes, sums_at_once):
    """Emit peak(memory, turns): so many sums, each of which grows by a product in every turn."""
    function = ir.Function(module, ir.FunctionType(VOID, [POINTER, I64]), "peak")
    builder = ir.IRBuilder(function.append_basic_block())
    memory, turns = function.args
    numbers = Machine(builder, dtype, lanes)
    factor, term = numbers.load(memory), numbers.load(at(builder, memory, 64))
    sums = carried(
        builder,
        turns,
        [numbers.number(i).ir for i in range(sums_at_once)],
        lambda sums: [(numbers.value(s) * factor + term).ir for s in sums],
    )
    for place, value in enumerate(sums):
        numbers.store(numbers.value(value), at(builder, memory, 64 * (place + 2)))
    builder.ret_void()


class Loaded:
    """A module in memory."""

    def __init__(self, module, processor):
        begin = time.perf_counter()
        parsed = llvm.parse_assembly(str(module))
        options = llvm.create_pipeline_tuning_options(2)
        options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
        builder = llvm.create_pass_builder(processor.machine, options)
        builder.getModulePassManager().run(parsed, builder)
        chosen = llvm.Target.from_triple(processor.triple)
        self.engine = llvm.create_mcjit_compiler(
            parsed, chosen.create_target_machine(cpu=processor.cpu, features=processor.features, opt=2, jit=True)
        )
        self.engine.finalize_object()
        self.seconds = time.perf_counter() - begin

    def function(self, name, kinds):
        return ctypes.CFUNCTYPE(None, *kinds)(self.engine.get_function_address(name))


def best(loaded, layers, peak, seconds):
    """The shortest time of every product with one thread and with two, and the highest peak."""
    times = {(layer, role, shares): [] for layer in layers for role in ROLES for shares in (1, 2)}
    rates = []
    for (layer, role, shares), found in times.items():
        flops = 2 * layer.n * layer.k * layer.c
        turns = max(1, int(1e9 / flops))
        for _ in range(max(3, int(seconds * 1e11 / (turns * flops)))):
            found.append(layer.run(loaded, role, turns, shares))
        rates += [peak() for _ in range(2)]
    return {key: min(found) for key, found in times.items()}, max(rates)


def main(seconds=1.0):
    processor, module = host(), ir.Module()
    module.triple, module.data_layout = processor.triple, str(processor.machine.target_data)
    context = ModuleContext(module, "float32", processor, 0, threads=2)
    layers = {name: [Layer(context, *shape) for shape in shapes] for name, shapes in LAYERS.items()}
    lanes = processor.lanes("float32")
    sums_at_once = processor.registers * 3 // 4  # the others hold what they grow by
    add_peak(module, "float32", lanes, sums_at_once)
    loaded, memory = Loaded(module, processor), aligned_array(16 * 32, "float32")
    run_peak = loaded.function("peak", [ctypes.c_void_p, ctypes.c_int64])

    def peak(turns=4_000_000):
        begin = time.perf_counter()
        run_peak(memory.ctypes.data, turns)
        return turns * sums_at_once * lanes * 2 / (time.perf_counter() - begin)

    everything = [layer for several in layers.values() for layer in several]
    times, highest = best(loaded, everything, peak, seconds)
    print(f"{described()}; peak {highest / 1e9:.0f} GFLOP/s; {len(everything) * len(ROLES)} products compiled in {loaded.seconds:.2f} s.\n")
    lines = []
    for name, several in layers.items():
        for layer in several:
            for role in ROLES:
                one, two = times[layer, role, 1], times[layer, role, 2]
                rate = 2 * layer.n * layer.k * layer.c / one
                product = f"{name}, {layer.k} × {layer.c}, {role}"
                lines.append([product, f"{one * 1e6:,.1f}", f"{rate / 1e9:.0f}", f"{rate / highest:.0%}", f"{one / two:.2f} ×"])
    print(table(["product", "µs", "GFLOP/s", "of the peak", "two threads"], lines))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
