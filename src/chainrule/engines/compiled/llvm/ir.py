"""LLVM's intermediate representation, written line by line as it is emitted: the instructions that the engine needs.

    module = Module("kernels")
    function = Function(module, FunctionType(VoidType(), [PointerType(), IntType(64)]), "halve")
    builder = IRBuilder(function.append_basic_block("entry"))
    half = builder.fmul(builder.load(function.args[0], typ=FloatType()), FloatType()(0.5))
    builder.store(half, function.args[0], align=4)
    builder.ret_void()
    str(module)                     the text, for `llvmlite.binding.parse_assembly`

Names, arguments and results are those of `llvmlite.ir`, which keeps an object with its operands for each instruction, formats it at the
end, and writes every lane of a constant: for 784-128-10 five times as long as this, and as long as LLVM takes. Here an instruction
is a line of text as soon as it is asked for, and a value is the name it has there. Types that are alike are the same object. All pointers
are opaque. Nothing is checked: LLVM does that when it reads the text.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

Undefined = object()
"""What stands in a vector before anything is put there."""

# Types


class Type:
    """A type. Called with a number, it gives the constant.

    text     as LLVM writes it
    element  of a vector: the type of its lanes; count: how many there are
    result   of a pointer to a function: what that returns
    """

    __slots__ = ("count", "element", "result", "text")

    def __init__(self, text: str, element: Type | None = None, count: int = 1, result: Type | None = None) -> None:
        self.text, self.element, self.count, self.result = text, element, count, result

    def __call__(self, content: Any) -> Value:
        """The constant: a number, `Undefined`, or a number for each lane."""
        if isinstance(content, list):
            assert self.element is not None
            return Value(self, f"<{', '.join(f'{self.element.text} {_literal(self.element, lane)}' for lane in content)}>")
        return Value(self, _literal(self, content))

    def __str__(self) -> str:
        return self.text


@cache
def IntType(bits: int) -> Type:
    """Whole numbers of so many bits."""
    return Type(f"i{bits}")


@cache
def FloatType() -> Type:
    """float32."""
    return Type("float")


@cache
def DoubleType() -> Type:
    """float64."""
    return Type("double")


@cache
def VoidType() -> Type:
    """Nothing."""
    return Type("void")


@cache
def VectorType(element: Type, count: int) -> Type:
    """So many numbers side by side."""
    return Type(f"<{count} x {element.text}>", element, count)


@cache
def PointerType(pointee: Any = None) -> Type:
    """An address; of a function, if one is said, which can be called then."""
    return Type("ptr", result=pointee.result) if isinstance(pointee, FunctionType) else _POINTER


_POINTER = Type("ptr")


class FunctionType:
    """The result and the arguments of a function."""

    def __init__(self, result: Type, arguments: Sequence[Type]) -> None:
        self.result, self.arguments = result, tuple(arguments)


# Values


class Value:
    """A number that the code will have: the type, and the text by which instructions call it."""

    __slots__ = ("text", "type")

    def __init__(self, type: Type, text: str) -> None:
        self.type, self.text = type, text


def _literal(type: Type, content: Any) -> str:
    if content is Undefined:
        return "undef"
    if type.text not in ("float", "double"):
        return str(int(content))
    if type.text == "float":
        content = to_float32(content)
    return f"0x{struct.pack('>d', content).hex()}"


def splat(type: Type, constant: Value) -> Value:
    """A constant in every lane."""
    return Value(type, f"splat ({constant.type.text} {constant.text})")


def to_float32(number: float) -> float:
    """To float32."""
    try:
        result: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return float("-inf") if number < 0 else float("inf")
    return result


class Phi(Value):
    """A value that depends on the block from which this one was entered."""

    __slots__ = ("incoming",)

    def __init__(self, type: Type, text: str) -> None:
        super().__init__(type, text)
        self.incoming: list[tuple[Value, BasicBlock]] = []

    def add_incoming(self, value: Value, block: BasicBlock) -> None:
        """What it is from there."""
        self.incoming.append((value, block))

    def __str__(self) -> str:
        ways = ", ".join(f"[ {value.text}, %{block.name} ]" for value, block in self.incoming)
        return f"  {self.text} = phi {self.type.text} {ways}"


class Argument(Value):
    """An argument of a function."""

    __slots__ = ("attributes",)

    def __init__(self, type: Type, text: str) -> None:
        super().__init__(type, text)
        self.attributes = ""

    def add_attribute(self, name: str) -> None:
        """What LLVM may rely on."""
        self.attributes += f" {name}"

    @property
    def name(self) -> str:
        """Without the sign of a variable."""
        return self.text[1:]

    @name.setter
    def name(self, name: str) -> None:
        self.text = f"%{name}"


class Switch:
    """The end of a block from which the way depends on a number."""

    def __init__(self, value: Value, default: BasicBlock) -> None:
        self.value, self.default = value, default
        self.cases: list[str] = []

    def add_case(self, number: Value, block: BasicBlock) -> None:
        """Where to go for it."""
        self.cases.append(f"{number.type.text} {number.text}, label %{block.name}")

    def __str__(self) -> str:
        return f"  switch {self.value.type.text} {self.value.text}, label %{self.default.name} [ {' '.join(self.cases)} ]"


# What they stand in


class Module:
    """Functions that are compiled together.

    globals    the functions by their names
    constants  text of each constant
    """

    def __init__(self, name: str = "") -> None:
        self.name, self.triple, self.data_layout = name, "", ""
        self.globals: dict[str, Function] = {}
        self.constants: list[str] = []

    def constant(self, content: bytes) -> Value:
        """The address of bytes that are part of the module, on a cache line."""
        name, text = f"@constant.{len(self.constants)}", "".join(f"\\{byte:02x}" for byte in content)
        self.constants.append(f'{name} = private constant [{len(content)} x i8] c"{text}", align 64')
        return Value(_POINTER, name)

    def __str__(self) -> str:
        target = [f'target triple = "{self.triple}"', f'target datalayout = "{self.data_layout}"']
        functions = [str(function) for function in self.globals.values()]
        return "\n".join([f'; ModuleID = "{self.name}"', *target, "", *self.constants, *functions, f"{_UNLIKELY} = {_WEIGHTS}", ""])


_UNLIKELY, _WEIGHTS = "!0", '!{!"branch_weights", i32 1, i32 99}'
"""What marks a branch that is hardly ever taken."""


class Function(Value):
    """A function of a module; without blocks, one that is elsewhere."""

    def __init__(self, module: Module, type: FunctionType, name: str) -> None:
        super().__init__(_POINTER, f'@"{name}"')
        self.module, self.name, self.function_type = module, name, type
        self.args = tuple(Argument(argument, f"%a{i}") for i, argument in enumerate(type.arguments))
        self.attributes: set[str] = set()
        self.linkage = self.calling_convention = ""
        self.blocks: list[BasicBlock] = []
        self.count = 0
        module.globals[name] = self

    def append_basic_block(self, name: str = "block") -> BasicBlock:
        """A new block; its name gets a number."""
        block = BasicBlock(self, f"{name}.{len(self.blocks)}" if self.blocks else name)
        self.blocks.append(block)
        return block

    def __str__(self) -> str:
        if not self.blocks:
            return f"declare {self.function_type.result.text} {self.text}({', '.join(argument.type.text for argument in self.args)})\n"
        arguments = ", ".join(f"{argument.type.text}{argument.attributes} {argument.text}" for argument in self.args)
        before = "".join(f"{word} " for word in (self.linkage, self.calling_convention) if word)
        attributes = "".join(f" {attribute}" for attribute in sorted(self.attributes))
        head = f"define {before}{self.function_type.result.text} {self.text}({arguments}){attributes}\n{{"
        return "\n".join([head, *(str(block) for block in self.blocks), "}\n"])


class BasicBlock:
    """Instructions one after the other.

    end  the last one, which says where to go on
    """

    __slots__ = ("end", "function", "lines", "name")

    def __init__(self, function: Function, name: str) -> None:
        self.function, self.name = function, name
        self.lines: list[str | Phi] = []
        self.end: str | Switch = ""

    @property
    def is_terminated(self) -> bool:
        """Does it have its last instruction?"""
        return bool(self.end)

    def __str__(self) -> str:
        return "\n".join([f"{self.name}:", *map(str, self.lines), str(self.end)])


# Instructions


@cache
def _words(flags: tuple[str, ...]) -> str:
    return "".join(f"{flag} " for flag in flags)


def _of_floats(opcode: str) -> Any:
    """The method for an instruction on two floating-point numbers."""
    return lambda self, a, b, flags=(): self._new(a.type, f"{opcode} {_words(tuple(flags))}{a.type.text} {a.text}, {b.text}")


def _of_integers(opcode: str) -> Any:
    """The method for an instruction on two integers."""
    return lambda self, a, b: self._integer(opcode, a, b)


def _of_types(opcode: str) -> Any:
    """The method for a conversion of a value to another type."""
    return lambda self, a, type: self._new(type, f"{opcode} {a.type.text} {a.text} to {type.text}")


class IRBuilder:
    """Writes instructions at the end of a block."""

    def __init__(self, block: BasicBlock) -> None:
        self.position_at_end(block)

    @property
    def function(self) -> Function:
        """In which it writes."""
        return self.block.function

    @property
    def module(self) -> Module:
        """In which it writes."""
        return self.block.function.module

    def append_basic_block(self, name: str = "block") -> BasicBlock:
        """A new block of the function."""
        return self.block.function.append_basic_block(name)

    def position_at_end(self, block: BasicBlock) -> None:
        """Go on there: before its last instruction, where it has one."""
        self.block = block
        self._lines = block.lines
        self._function = block.function

    @contextmanager
    def goto_entry_block(self) -> Iterator[None]:
        """What is written inside stands in the first block."""
        before = self.block
        self.position_at_end(before.function.blocks[0])
        yield
        self.position_at_end(before)

    @contextmanager
    def if_then(self, condition: Value, likely: bool = True) -> Iterator[BasicBlock]:
        """What is written inside is done where the condition is true."""
        inside, after = self.append_basic_block("if"), self.append_basic_block("endif")
        self.cbranch(condition, inside, after)
        if not likely:
            self.block.end = f"{self.block.end}, !prof {_UNLIKELY}"
        self.position_at_end(inside)
        yield after
        if not self.block.is_terminated:
            self.branch(after)
        self.position_at_end(after)

    def _new(self, type: Type, text: str) -> Value:
        function = self._function
        function.count = count = function.count + 1
        name = f"%v{count}"
        self._lines.append(f"  {name} = {text}")
        return Value(type, name)

    # Where to go on

    def branch(self, block: BasicBlock) -> None:
        """There."""
        self.block.end = f"  br label %{block.name}"

    def cbranch(self, condition: Value, yes: BasicBlock, no: BasicBlock) -> None:
        """There or there."""
        self.block.end = f"  br i1 {condition.text}, label %{yes.name}, label %{no.name}"

    def switch(self, value: Value, default: BasicBlock) -> Switch:
        """By a number."""
        end = self.block.end = Switch(value, default)
        return end

    def ret(self, value: Value) -> None:
        """Back, with a result."""
        self.block.end = f"  ret {value.type.text} {value.text}"

    def ret_void(self) -> None:
        """Back."""
        self.block.end = "  ret void"

    def phi(self, type: Type, name: str = "") -> Phi:
        """By where the block was entered from."""
        function = self._function
        function.count += 1
        phi = Phi(type, f"%{name or 'v'}{function.count}")
        self._lines.append(phi)
        return phi

    def call(self, function: Any, arguments: Iterable[Value], cconv: str = "") -> Value:
        """A function of the module, or one by its address."""
        result = function.function_type.result if isinstance(function, Function) else function.type.result
        given = ", ".join([f"{argument.type.text} {argument.text}" for argument in arguments])
        text = f"call {cconv}{' ' if cconv else ''}{result.text} {function.text}({given})"
        if result is not _VOID:
            return self._new(result, text)
        self._lines.append(f"  {text}")
        return _NOTHING

    # Memory

    def alloca(self, type: Type) -> Value:
        """A place for one of that type."""
        return self._new(_POINTER, f"alloca {type.text}")

    def load(self, pointer: Value, *, typ: Type, align: int | None = None) -> Value:
        """What stands there."""
        return self._new(typ, f"load {typ.text}, ptr {pointer.text}{f', align {align}' if align else ''}")

    def store(self, value: Value, pointer: Value, align: int | None = None) -> None:
        """Put it there."""
        self._lines.append(f"  store {value.type.text} {value.text}, ptr {pointer.text}{f', align {align}' if align else ''}")

    def load_atomic(self, pointer: Value, ordering: str, align: int, *, typ: Type) -> Value:
        """What stands there, in an order that all threads see."""
        return self._new(typ, f"load atomic {typ.text}, ptr {pointer.text} {ordering}, align {align}")

    def atomic_rmw(self, operation: str, pointer: Value, value: Value, ordering: str) -> Value:
        """What stands there, changed in the same moment."""
        return self._new(value.type, f"atomicrmw {operation} ptr {pointer.text}, {value.type.text} {value.text} {ordering}")

    def gep(self, pointer: Value, indices: Sequence[Value], inbounds: bool = False, *, source_etype: Type) -> Value:
        """The address so many numbers of a type further on."""
        (index,) = indices
        if index.text == "0":
            return pointer
        word = "inbounds " if inbounds else ""
        return self._new(_POINTER, f"getelementptr {word}{source_etype.text}, ptr {pointer.text}, {index.type.text} {index.text}")

    # Arithmetic

    fadd, fsub, fmul, fdiv = map(_of_floats, ("fadd", "fsub", "fmul", "fdiv"))

    def fneg(self, a: Value) -> Value:
        """−a."""
        return self._new(a.type, f"fneg {a.type.text} {a.text}")

    def _integer(self, operation: str, a: Value, b: Value) -> Value:
        """Of whole numbers: computed at once where both are known, or where the second changes nothing."""
        if operation in _KNOWN and b.text.isdigit():
            known, neutral = _KNOWN[operation]
            if b.text == neutral:
                return a
            if a.text.isdigit():
                return a.type(known(int(a.text), int(b.text)))
        return self._new(a.type, f"{operation} {a.type.text} {a.text}, {b.text}")

    def add(self, a: Value, b: Value, flags: Sequence[str] = ()) -> Value:
        """a + b of whole numbers."""
        if flags:
            return self._new(a.type, f"add {_words(tuple(flags))}{a.type.text} {a.text}, {b.text}")
        return self._integer("add", a, b)

    sub, mul, udiv, urem, shl, lshr, and_, or_, xor = map(_of_integers, ("sub", "mul", "udiv", "urem", "shl", "lshr", "and", "or", "xor"))

    # Comparison

    def _compared(self, operation: str, sign: str, a: Value, b: Value) -> Value:
        truth = IntType(1) if a.type.element is None else VectorType(IntType(1), a.type.count)
        return self._new(truth, f"{operation}{_SIGNS.get(sign, sign)} {a.type.text} {a.text}, {b.text}")

    def icmp_signed(self, sign: str, a: Value, b: Value) -> Value:
        """a < b and the like, of whole numbers that may be negative."""
        return self._compared("icmp " if sign in ("==", "!=") else "icmp s", sign, a, b)

    def icmp_unsigned(self, sign: str, a: Value, b: Value) -> Value:
        """a < b and the like, of whole numbers that are not."""
        return self._compared("icmp " if sign in ("==", "!=") else "icmp u", sign, a, b)

    def fcmp_ordered(self, sign: str, a: Value, b: Value) -> Value:
        """a < b and the like; false where either is NaN."""
        return self._compared("fcmp o", sign, a, b)

    def fcmp_unordered(self, sign: str, a: Value, b: Value) -> Value:
        """The same; true where either is NaN. "uno": whether one is."""
        return self._compared("fcmp " if sign == "uno" else "fcmp u", sign, a, b)

    def select(self, truth: Value, a: Value, b: Value) -> Value:
        """a where it is true, otherwise b."""
        return self._new(a.type, f"select {truth.type.text} {truth.text}, {a.type.text} {a.text}, {b.type.text} {b.text}")

    # From one type to another

    bitcast, zext, trunc, fpext, fptrunc, sitofp, fptosi, inttoptr = map(
        _of_types, ("bitcast", "zext", "trunc", "fpext", "fptrunc", "sitofp", "fptosi", "inttoptr")
    )

    # Lanes

    def insert_element(self, vector: Value, number: Value, lane: Value) -> Value:
        """The vector with a number in one lane."""
        given = f"{vector.type.text} {vector.text}, {number.type.text} {number.text}, {lane.type.text} {lane.text}"
        return self._new(vector.type, f"insertelement {given}")

    def extract_element(self, vector: Value, lane: Value) -> Value:
        """What is in a lane."""
        assert vector.type.element is not None
        return self._new(vector.type.element, f"extractelement {vector.type.text} {vector.text}, {lane.type.text} {lane.text}")

    def shuffle_vector(self, a: Value, b: Value, lanes: Value) -> Value:
        """Which lanes of both, one after the other."""
        assert a.type.element is not None
        given = f"{a.type.text} {a.text}, {b.type.text} {b.text}, {lanes.type.text} {lanes.text}"
        return self._new(VectorType(a.type.element, lanes.type.count), f"shufflevector {given}")


_KNOWN: dict[str, tuple[Callable[[int, int], int], str]] = {
    "add": (operator.add, "0"),
    "sub": (operator.sub, "0"),
    "mul": (operator.mul, "1"),
    "udiv": (operator.floordiv, "1"),
    "urem": (operator.mod, ""),
}
"""What two whole numbers make, and the second one that changes nothing."""

_SIGNS = {"==": "eq", "!=": "ne", "<": "lt", ">": "gt", "<=": "le", ">=": "ge"}
_VOID = VoidType()
_NOTHING = Value(_VOID, "")
