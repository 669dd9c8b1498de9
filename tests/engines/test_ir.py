"""LLVM's representation as the engine writes it: LLVM reads it, and constants are what NumPy makes of them."""

import math
import struct

import llvmlite.binding as llvm
import numpy as np
import pytest

from chainrule.engines.compiled.llvm import ir

NUMBERS = [
    0.0,
    -0.0,
    1.0,
    0.1,
    -1 / 3,
    1e-45,
    7e-46,
    1.1754942e-38,
    3.4028235e38,
    3.4028236e38,
    -1e39,
    1e300,
    math.inf,
    -math.inf,
    math.nan,
]


def function(result, *arguments):
    module = ir.Module("one")
    made = ir.Function(module, ir.FunctionType(result, arguments), "f")
    return module, made, ir.IRBuilder(made.append_basic_block("entry"))


def read(module):
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    return str(parsed)


@pytest.mark.parametrize("number", NUMBERS)
def test_constants_are_rounded_as_numpy_rounds_them(number):
    for kind, dtype in ((ir.FloatType(), np.float32), (ir.DoubleType(), np.float64)):
        with np.errstate(over="ignore"):
            wanted = float(dtype(number))
        (found,) = struct.unpack(">d", bytes.fromhex(kind(number).text.removeprefix("0x")))
        assert found == wanted or (math.isnan(found) and math.isnan(wanted))
        assert math.copysign(1, found) == math.copysign(1, wanted)
        module, _, builder = function(kind)
        builder.ret(kind(number))
        read(module)


def test_whole_numbers_that_are_known_need_no_instruction():
    word = ir.IntType(64)
    module, made, builder = function(word, word)
    found = [getattr(builder, name)(word(17), word(5)).text for name in ("add", "sub", "mul", "udiv", "urem")]
    assert found == ["22", "12", "85", "3", "2"]
    assert builder.sub(word(5), word(17)).text == "-12"
    same = [builder.add(made.args[0], word(0)), builder.sub(made.args[0], word(0)), builder.mul(made.args[0], word(1))]
    assert all(value is made.args[0] for value in same)
    assert not made.blocks[0].lines
    builder.ret(builder.add(builder.mul(made.args[0], word(2)), word(3)))
    assert len(made.blocks[0].lines) == 2
    read(module)


def test_types_that_are_alike_are_one():
    assert ir.VectorType(ir.FloatType(), 4) is ir.VectorType(ir.FloatType(), 4)
    assert ir.VectorType(ir.FloatType(), 4) is not ir.VectorType(ir.DoubleType(), 4)
    assert ir.PointerType() is ir.PointerType(ir.FloatType())


def test_blocks_and_values_with_one_name_are_told_apart():
    number, vector = ir.IntType(64), ir.VectorType(ir.FloatType(), 4)
    module, made, builder = function(number, number)
    (given,) = made.args
    given.name = "turn"
    body, done = builder.append_basic_block("turn"), builder.append_basic_block("turn")
    switch = builder.switch(given, done)
    switch.add_case(number(3), body)
    builder.position_at_end(body)
    with builder.goto_entry_block():
        place = builder.alloca(vector)
    half = builder.fmul(builder.load(place, typ=vector), ir.splat(vector, ir.FloatType()(0.5)), flags=("contract",))
    turned = builder.shuffle_vector(half, vector(ir.Undefined), ir.VectorType(ir.IntType(32), 2)([1, 0]))
    builder.store(turned, place, align=4)
    with builder.if_then(builder.icmp_signed("<", given, number(0)), likely=False):
        builder.store(half, place, align=16)
    after = builder.block
    builder.branch(done)
    builder.position_at_end(done)
    result = builder.phi(number, "turn")
    result.add_incoming(given, made.blocks[0])
    result.add_incoming(number(-1), after)
    builder.ret(result)
    text = read(module)
    assert "branch_weights" in text
    assert "splat (float 5.000000e-01)" in text or text.count("float 5.000000e-01") == 4
