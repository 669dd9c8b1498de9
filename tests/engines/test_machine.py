"""Numbers of the machine: every function against mpmath in units in the last place, and NumPy's special values."""

import ctypes
import dataclasses
import itertools
import math

import llvmlite.binding as llvm
import mpmath
import numpy as np
import pytest
from tests.samples import some

from chainrule.engines.compiled.llvm import approximations, ir
from chainrule.engines.compiled.llvm.machine import Machine
from chainrule.formula import primitives
from chainrule.formula.arrays import Arrays
from chainrule.formula.expression import PRIMITIVES

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

CPUS = {"baseline": "x86-64", "AVX2": "haswell", "AVX-512": "skylake-avx512"} if llvm.get_process_triple().startswith("x86_64") else {}
NEEDED = {"AVX2": "avx2", "AVX-512": "avx512dq"}
HOST = llvm.get_host_cpu_features()
TARGETS = ["host", *(name for name in CPUS if name == "baseline" or HOST.get(NEEDED[name]))]

# What the docstring of the approximations states.
MOST_ULP = {
    "float32": {"exp": 1.0, "expm1": 1.7, "erfc": 16.0, "log": 0.8, "log1p": 1.4, "sin": 1.5, "cos": 1.5, "tanh": 2.6, "erf": 3.3},
    "float64": {"exp": 1.0, "expm1": 1.7, "erfc": 16.0, "log": 0.8, "log1p": 0.9, "sin": 1.3, "cos": 1.3, "tanh": 2.1, "erf": 2.2},
}
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-30, 1e30, -1e30, 88.7, -200.0]


class Compiled:
    """formula(machine, *values) for every number of its arrays, as machine code; `assembly` is its text."""

    def __init__(self, formula, dtype="float64", lanes=1, target="host", operands=1):
        self.dtype, self.lanes = dtype, lanes
        module = ir.Module()
        module.triple = llvm.get_process_triple()
        element = ir.FloatType() if dtype == "float32" else ir.DoubleType()
        i64, pointer = ir.IntType(64), ir.PointerType()
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [i64, *[pointer] * (operands + 1)]), "f")
        entry, body, done = (function.append_basic_block(name) for name in ("entry", "body", "done"))
        ir.IRBuilder(entry).branch(body)
        builder = ir.IRBuilder(body)
        place = builder.phi(i64)
        place.add_incoming(i64(0), entry)
        machine = Machine(builder, dtype, lanes)
        result = formula(machine, *(machine.load(builder.gep(array, [place], source_etype=element)) for array in function.args[1:-1]))
        machine.store(result, builder.gep(function.args[-1], [place], source_etype=element))
        following = builder.add(place, i64(lanes))
        place.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_unsigned("<", following, function.args[0]), body, done)
        ir.IRBuilder(done).ret_void()
        self.ir = str(module)
        parsed = llvm.parse_assembly(self.ir)
        parsed.verify()
        cpu, features = (llvm.get_host_cpu_name(), HOST.flatten()) if target == "host" else (CPUS[target], "")
        machine_of = llvm.Target.from_triple(module.triple).create_target_machine(cpu=cpu, features=features, opt=2)
        options = llvm.create_pass_builder(machine_of, llvm.create_pipeline_tuning_options(2))
        options.getModulePassManager().run(parsed, options)
        self.assembly = machine_of.emit_assembly(parsed)
        self.engine = llvm.create_mcjit_compiler(parsed, machine_of)
        self.engine.finalize_object()
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (operands + 1))
        self.function = kind(self.engine.get_function_address("f"))

    def __call__(self, *arrays):
        count = len(arrays[0])
        padded = [np.resize(np.asarray(array, self.dtype), -(-count // self.lanes) * self.lanes) for array in arrays]
        result = np.empty_like(padded[0])
        self.function(len(result), *(array.ctypes.data for array in (*padded, result)))
        return result[:count]


def called(name):
    return lambda xp, *values: getattr(xp, name)(*values)


def reference(name, x):
    """The true values: in float64 for float32, by mpmath for float64."""
    if x.dtype == np.float32:
        with np.errstate(all="ignore"):  # a signalling NaN, overflow
            wide = x.astype(np.float64)
            return np.array([getattr(math, name)(v) for v in wide.tolist()]) if name in ("erf", "erfc") else getattr(np, name)(wide)
    with mpmath.workprec(120):
        return [getattr(mpmath, name)(mpmath.mpf(v)) for v in x.tolist()]


def worst(name, x, y):
    """The largest error of y, in units in the last place of the true value; infinite where one is no number and the other is."""
    true = reference(name, x)
    with np.errstate(all="ignore"):
        rounded = np.array([float(v) for v in true]).astype(x.dtype)
    finite = np.isfinite(rounded) & np.isfinite(y)
    if not np.array_equal(y[~finite], rounded[~finite], equal_nan=True):
        return math.inf
    spacing = np.spacing(np.abs(rounded[finite])).astype(float)
    with mpmath.workprec(120):
        errors = (
            [float(mpmath.mpf(b) - a) for a, b, ok in zip(true, y.tolist(), finite, strict=True) if ok] if x.dtype == np.float64 else None
        )
    away = np.array(errors) if errors is not None else y[finite].astype(float) - true[finite]
    return float(np.max(np.abs(away) / spacing))


def arguments(name, dtype):
    """Grids where the function bends, tiny and huge numbers, and random bit patterns, in the domain where mpmath is real."""
    random = np.random.default_rng(5)
    low, high = {
        "exp": (-110, 92),
        "expm1": (-110, 92),
        "erfc": (-5, 4),
        "log": (1e-6, 50),
        "log1p": (-0.9999, 20),
        "tanh": (-12, 12),
        "erf": (-5, 5),
    }.get(name, (-100, 100))
    count = 100_000 if dtype == "float32" else 250
    if dtype == "float32":
        patterns = np.arange(0, 2**32, 9973, dtype=np.uint64).astype(np.uint32).view(np.float32)
    else:
        patterns = random.integers(0, 2**64, 500, dtype=np.uint64).view(np.float64)
        low, high = (-746, 710) if name in ("exp", "expm1") else (low, high)
    sizes = 10.0 ** random.uniform(-38, 38, count) * random.choice([-1, 1], count)
    with np.errstate(invalid="ignore"):  # conversion of a signalling NaN
        x = np.concatenate(
            [patterns, np.linspace(low, high, count).astype(dtype), random.normal(0, 0.01, count).astype(dtype), sizes.astype(dtype)]
        )
    if dtype == "float32":
        return x
    x = x[np.isfinite(x)]
    domain = {
        "log": x > 0,
        "log1p": x > -1,
        "exp": np.abs(x) < 1e6,
        "erfc": np.abs(x) < 1e6,
        "expm1": np.abs(x) < 1e6,
        "sin": np.abs(x) < 1e15,
        "cos": np.abs(x) < 1e15,
    }
    return x[domain.get(name, np.isfinite(x))]


@pytest.mark.parametrize(
    ("dtype", "lanes", "target"),
    some(
        [
            (*kind, target)
            for kind in itertools.product(["float32", "float64"], [1, 4, 8, 16])
            for target in TARGETS
            if kind != ("float64", 16)
        ],
        5,
    ),
)
def test_functions_are_as_accurate_as_stated(dtype, lanes, target):
    found = {}
    for name in MOST_ULP[dtype]:
        x = arguments(name, dtype)
        found[name] = worst(name, x, Compiled(called(name), dtype, lanes, target)(x))
    assert {name: ulp for name, ulp in found.items() if not ulp <= MOST_ULP[dtype][name]} == {}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("column", ["exp", "log", "sin", "cos", "erf_near", "erf_far"])
def test_a_wrong_coefficient_is_noticed(dtype, column, monkeypatch):
    table, name = ("SINGLE", approximations.SINGLE) if dtype == "float32" else ("DOUBLE", approximations.DOUBLE)
    first, *rest = getattr(name, column)
    wrong = first + 3e-6 if dtype == "float32" else first + 3e-14
    monkeypatch.setattr(approximations, table, dataclasses.replace(name, **{column: (wrong, *rest)}))
    function = column.removesuffix("_near").removesuffix("_far")
    x = arguments(function, dtype)
    assert worst(function, x, Compiled(called(function), dtype, 4)(x)) > MOST_ULP[dtype][function]


def same(found, expected):
    """Equal, NaN where NaN is, and zeros of one sign."""
    assert np.array_equal(found, expected, equal_nan=True), np.stack([found, expected])
    zeros = expected == 0
    assert np.array_equal(np.signbit(found[zeros]), np.signbit(expected[zeros]))


@pytest.mark.parametrize(
    ("dtype", "lanes", "target"),
    some([(*kind, target) for kind in [("float32", 1), ("float32", 16), ("float64", 1), ("float64", 8)] for target in TARGETS], 3),
)
def test_special_values_are_those_of_numpy(dtype, lanes, target):
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan], dtype)
    with np.errstate(all="ignore"):
        for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sqrt", "abs", "floor", "sign"):
            same(Compiled(called(name), dtype, lanes, target)(x), getattr(np, name)(x))
        same(Compiled(called("erf"), dtype, lanes, target)(x), np.array([math.erf(v) for v in x.tolist()], dtype))
        edge = np.array([-1.0, np.nextafter(np.asarray(-1, dtype), np.asarray(-2, dtype))], dtype)
        same(Compiled(called("log1p"), dtype, lanes, target)(edge), np.log1p(edge))


@pytest.mark.parametrize(
    ("dtype", "lanes", "target"),
    some([(*kind, target) for kind in [("float32", 8), ("float64", 1), ("float64", 4)] for target in TARGETS], 3),
)
def test_simple_functions_are_exact(dtype, lanes, target):
    values = np.array([*SPECIAL, 2.0**22 + 0.5, -(2.0**22) - 0.5, 2.0**51 + 0.5, 1e300, 5.25, -5.75], np.float64)
    with np.errstate(over="ignore"):
        values = values.astype(dtype)
    a, b = (side.ravel() for side in np.meshgrid(values, values))
    for name in ("floor", "sign", "abs"):
        same(Compiled(called(name), dtype, lanes, target)(values), getattr(np, name)(values))
    for name in ("maximum", "minimum"):
        found = Compiled(called(name), dtype, lanes, target, operands=2)(a, b)
        assert np.array_equal(found, getattr(np, name)(a, b), equal_nan=True)
        for limit in (0.0, 1.5):
            found = Compiled(lambda xp, x, name=name, limit=limit: getattr(xp, name)(limit, x), dtype, lanes, target)(values)
            assert np.array_equal(found, getattr(np, name)(values, limit), equal_nan=True)
    assert np.array_equal(Compiled(called("greater"), dtype, lanes, target, operands=2)(a, b), (a > b).astype(dtype))
    chosen = Compiled(lambda xp, a, b: xp.where(a, b, 7), dtype, lanes, target, operands=2)(a, b)
    assert np.array_equal(chosen, np.where(a != 0, b, np.asarray(7, dtype)), equal_nan=True)


def near(found, expected, ulp):
    finite = np.isfinite(expected) & np.isfinite(found)
    wrong = ~finite & ~(found == expected) & ~(np.isnan(found) & np.isnan(expected))
    assert not wrong.any(), [found[wrong], expected[wrong]]
    assert np.array_equal(np.signbit(found[finite]), np.signbit(expected[finite]))
    spacing = np.spacing(np.maximum(np.abs(expected[finite]), np.finfo(expected.dtype).tiny))
    assert np.all(np.abs(found[finite] - expected[finite]) <= ulp * spacing)


EXPONENTS = [-16, -3, -2, -1, 0, 1, 2, 3, 5, 16, 0.5, 1.5, -0.5, -2.5, 17, -18, 1 / 3]


@pytest.mark.parametrize(("exponent", "kind"), some(itertools.product(EXPONENTS, [("float32", 8), ("float64", 1), ("float64", 4)]), 2))
def test_powers_are_those_of_numpy(exponent, kind):
    dtype, lanes = kind
    size = np.array([0.0, math.inf, 1.0, 0.5, 0.9, 1.1, 3.7, 40.0, 1e-3, 2.5], dtype)
    a = np.concatenate([size, -size, np.array([math.nan], dtype)])
    with np.errstate(all="ignore"):
        expected = a ** np.asarray(exponent, dtype) if exponent != 0.5 else np.sqrt(a)
    near(Compiled(lambda xp, a: a**exponent, dtype, lanes)(a), expected, 150)


@pytest.mark.parametrize(("dtype", "lanes"), [("float32", 8), ("float64", 1)])
def test_powers_with_a_changing_exponent_are_those_of_numpy(dtype, lanes):
    values = np.array([*(v for v in SPECIAL if abs(v) < 1e3 or math.isinf(v)), math.nan, 1.5, 7.0, 0.999], dtype)
    a, n = (side.ravel() for side in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        near(Compiled(lambda xp, a, n: a**n, dtype, lanes, operands=2)(a, n), a**n, 700)
        for base in (0.9, 2.0, 0.0, 1.0, -2.0, math.inf):
            found = Compiled(lambda xp, n, base=base: base**n, dtype, lanes)(values)
            near(found, np.asarray(base, dtype) ** values, 700)


def test_constants_are_folded():
    def formula(xp, x):
        number = xp.number
        parts = [
            number(2) / xp.sqrt(number(math.pi)),
            xp.where(xp.greater(number(3), 2), xp.exp(number(1)), x),
            xp.erf(number(0.5)) + xp.tanh(0.1) - xp.maximum(number(2), 3) * number(2) ** 10,
            -xp.floor(number(2.5)) + xp.log(number(0.0)) * 0.0,
        ]
        assert all(part.constant is not None for part in parts)
        return x + sum(part for part in parts[:3])

    expected = 2 / math.sqrt(math.pi) + math.e + math.erf(0.5) + math.tanh(0.1) - 3 * 2**10
    assert Compiled(formula)(np.array([1.0])) == pytest.approx([1 + expected], rel=1e-15)


ELEMENTWISE = [row.name for row in PRIMITIVES.values() if row.elementwise]


@pytest.mark.parametrize(
    ("name", "kind"), some(itertools.product(ELEMENTWISE, [("float64", 1, 1e-14), ("float64", 8, 1e-14), ("float32", 16, 2e-5)]), 2)
)
def test_every_elementwise_primitive_is_what_it_is_on_arrays(name, kind):
    dtype, lanes, tolerance = kind
    row = PRIMITIVES[name]
    operands = row.value.__code__.co_argcount - 1
    random = np.random.default_rng(3)
    arrays = [random.uniform(0.1, 3, 64).astype(dtype) for _ in range(operands)]
    if name == "select":
        arrays[0] = (arrays[0] > 1).astype(dtype)
    found = Compiled(row.value, dtype, lanes, operands=operands)(*arrays)
    assert np.allclose(found, row.value(Arrays(), *arrays), rtol=tolerance, atol=0)


def test_a_composition_is_read_from_its_formula():
    def formula(xp, z):
        inner = primitives.tanh.value(xp, 0.79788 * (z + 0.044715 * z**3))
        return 0.5 * z * (1 + inner) + xp.where(z > 1, z, -z)

    z = np.linspace(-3, 3, 64)
    expected = 0.5 * z * (1 + np.tanh(0.79788 * (z + 0.044715 * z**3))) + np.where(z > 1, z, -z)
    assert np.allclose(Compiled(formula, lanes=4)(z), expected, rtol=1e-14)


@pytest.mark.parametrize("lanes", [2, 4, 16])
def test_lanes_are_summed_and_compared(lanes):
    x = np.arange(1.0, 2 * lanes + 1)
    total = Compiled(lambda xp, x: xp.splat(xp.sum(x)), lanes=lanes)(x)
    assert np.array_equal(total, np.repeat(x.reshape(2, lanes).sum(axis=1), lanes))
    x[0] = math.nan
    largest = Compiled(lambda xp, x: xp.splat(xp.max(x)), lanes=lanes)(x)
    assert np.array_equal(largest, np.repeat(x.reshape(2, lanes).max(axis=1), lanes), equal_nan=True)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh", "erf", "erfc", "floor", "sign", "sqrt"])
def test_code_is_straight(name, dtype, target):
    program = Compiled(called(name), dtype, 16 if dtype == "float32" else 8, target)
    assert "call" not in program.assembly
    assert not {"nnan", "ninf", "fast", "reassoc"} & set(program.ir.split())


def test_a_number_that_is_not_known_yet_is_neither_true_nor_false():
    with pytest.raises(TypeError, match="write where"):
        Compiled(lambda xp, x: x if x > 0 else -x)
