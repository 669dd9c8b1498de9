"""Formulas as people type them: what is understood, what is refused and how, and derivatives that PyTorch and fractions agree with."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.base.errors import InexactError, InputError
from chainrule.formula.expression import Expression
from chainrule.formula.grammar import MOST_NAMES, MOST_NESTED, MOST_SIGNS, ParsedFormula, parse_formula


def understood(text: str) -> list[str]:
    """Each definition as it would be written."""
    return [f"{quantity} = {quantity.arguments[0]}" for quantity in parse_formula(text).calculation.quantities]


def at(reading: ParsedFormula, numbers: dict[str, object], exact: bool = False) -> tuple[object, dict[str, object]]:
    """The result, and the derivative by every letter."""
    calculation = reading.calculation
    given = {node: numbers.get(node.symbol, reading.given.get(node)) for node in calculation.inputs}
    values = reading.at(given, exact=exact)
    return values[calculation.result], {node.key: values[gradient] for node, gradient in calculation.gradients.items()}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("c = a + b; f = c*b", ["c = a + b", "f = c · b"]),
        ("c = a + b\nf = c*b\n", ["c = a + b", "f = c · b"]),
        ("a*b", ["f = a · b"]),
        ("a·b − a×b ÷ 2", ["f = a · b − (a · b) / 2"]),
        ("-a^2", ["f = −a^2"]),
        ("a**-1", ["f = a^(−1)"]),
        ("b³ + a⁻²", ["f = b^3 + a^(−2)"]),
        ("a^2^3", ["f = a^(2^3)"]),
        ("a/b/2", ["f = (a/b) / 2"]),
        ("ln(a) + log(a)", ["f = ln(a) + ln(a)"]),
        ("σ(a) + sigmoid(a)", ["f = σ(a) + σ(a)"]),
        ("ReLU(a) + a.relu() + (a - 1).relu()", ["f = ReLU(a) + ReLU(a) + ReLU(a − 1)"]),
        ("√(a) + sqrt(abs(b))", ["f = √(a) + √(|b|)"]),
        ("√2 · a", ["f = √2 · a"]),
        ("Max(a, min(b, 2))", ["f = max(a, min(b, 2))"]),
        ("tan(a)", ["f = sin(a) / cos(a)"]),
        ("pow(a, 3)", ["f = a^3"]),
        ("1/(1 + e^(-x))", ["f = 1 / (1 + e^(−x))"]),
        ("2*pi*r", ["f = 2 · π · r"]),
        ("c = a +\n  b; d = (c\n* 2)\n  - 1", ["c = a + b", "d = c · 2 − 1"]),
        ("# what it is\na*2  # twice", ["f = a · 2"]),
        ("1.5e-3*a", ["f = 0.0015 · a"]),
        ("loss_1 = (y1 - x_2)^2", ["loss_1 = (y1 − x_2)^2"]),
    ],
)
def test_what_is_understood(typed, meant):
    assert understood(typed) == meant


def test_a_power_whose_exponent_has_letters_has_a_derivative_by_them():
    value, slopes = at(parse_formula("2^x + x^x"), {"x": 3})
    assert value == pytest.approx(8 + 27)
    assert slopes["x"] == pytest.approx(8 * 0.6931471805599453 + 27 * (1 + 1.0986122886681098))


def test_e_and_pi_are_letters_where_the_text_or_the_person_makes_them_ones():
    assert understood("e = 2*a; e^2") == ["e = 2 · a", "f = e^2"]
    assert [str(node.name) for node in parse_formula("e^2 + pi*a", letters=["e", "pi"]).calculation.inputs] == ["e", "pi", "a"]


def test_numbers_in_the_text_are_inputs():
    reading = parse_formula("a = -4.0\nb = 2\nf = a*b")
    assert at(reading, {}) == (-8, {"f": 1, "b": -4, "a": 2})


REASSIGNED = """
x = 1.5
y = -2.0
u = x*y + 4
v = x**2 - y
v += 2*v + (x - y).relu()
u += (y - x).relu() + 1
w = u*v
w += w/2 + v**2 + u
f = w - 3.0/u
"""
"""Letters that get new values, as in a program. By hand: u = xy + 5, v = 3x² + x − 4y, f = 3uv/2 + v² + u − 3/u."""


def test_letters_that_get_new_values():
    value, slopes = at(parse_formula(REASSIGNED), {})
    assert (value, slopes["x"], slopes["y"]) == (313.3125, 302.75, -102.8125)
    exact, exactly = at(parse_formula(REASSIGNED), {}, exact=True)
    assert (exact, exactly["x"], exactly["y"]) == (Fraction(5013, 16), Fraction(1211, 4), Fraction(-1645, 16))


@pytest.mark.parametrize(
    ("typed", "message", "marked"),
    [
        ("d = a b + b^3", "a and b stand side by side; if they are multiplied, write a*b.", "b"),
        ("2a + 1", "write 2*a.", "a"),
        ("2(a + 1)", "write 2*(…).", "("),
        ("(a)(b)", "write (…)*(…).", "("),
        ("a(b + 1)", "write a*(…).", "a"),
        ("sin a", "sin(a)", "sin a"),
        ("sinn(a)", "there is no function sinn. Did you mean sin?", "sinn"),
        ("(a + 1", "this ( is never closed", "("),
        ("a + 1)", "this ) closes nothing", ")"),
        ("a + ", "is missing after +", "^"),
        ("a + * b", "is missing before *", "*"),
        ("2*()", "nothing in these parentheses", "()"),
        ("c = a; c = 2*a", "c is defined twice; call the second one c2, or write c += …", "c"),
        ("c = d; d = c", "d is used before it is defined", "d"),
        ("c = c + a", "c is defined by itself", "c"),
        ("c += a", "which has no value yet", "c"),
        ("a + b = c", "before = stands one name", "a + b ="),
        ("f(x) = x^2", "write f = …", "f(x) ="),
        ("c == a", "one =", "=="),
        ("0,5*a", "written with a point: 0.5.", "0,5"),
        ("5,612*a", "write 5.612 if it is a decimal one, 5612 if it separates thousands", "5,612"),
        ("tanh(0,5)*a", "tanh takes 1 number, not 2; a decimal number is written with a point: 0.5.", "tanh(0,5)"),
        ("max(a)", "max takes 2 numbers, not 1.", "max(a)"),
        ("a = 1, b = 2", "separated by ;", ","),
        ("|a|", "write abs(x) for |x|", "|"),
        ("a.b", "this point belongs to no number", "."),
        ("f = a; a + f", "only one line may go without a name", "a"),
        ("a*1e301", "too large", "1e301"),
        ("3*4", "no letter to derive by", "3"),
        ("a = 2; f = 3*b", "a is set, but no formula uses it", "a"),
        ("a = 2", "only sets numbers", ""),
        (" ; \n", "the formula is empty", ""),
    ],
)
def test_what_is_refused_and_where(typed, message, marked):
    with pytest.raises(InputError) as error:
        parse_formula(typed)
    said, *lines = str(error.value).split("\n")
    assert message in said
    if marked:
        line, marks = lines
        start, stop = marks.index("^"), len(marks)
        assert line[start:stop] == ("" if marked == "^" else marked)


@pytest.mark.parametrize(
    ("typed", "numbers", "message", "marked"),
    [
        ("b + a/(a - 1)", {"a": 1, "b": 2}, "this divides by 0", "a/(a - 1)"),
        ("a*(1/0)", {"a": 1}, "this divides by 0", "1/0"),
        ("2*ln(a)", {"a": 0}, "no logarithm of 0", "ln(a)"),
        ("a^b", {"a": -4, "b": 2}, "a power is e^(exponent · ln base)", "a^b"),
        ("sqrt(a)", {"a": -1}, "a negative number has no root", "sqrt(a)"),
        ("c = sqrt(a); c*2", {"a": 0}, "c has no derivative by a at this point", "c"),
        ("a^0.5", {"a": -1}, "only whole powers of a negative number", "a^0.5"),
        ("a^-1", {"a": 0}, "0 cannot be raised to a negative power", "a^-1"),
        ("exp(a)", {"a": 1000}, "larger than any number", "exp(a)"),
    ],
)
def test_points_at_which_there_is_no_number(typed, numbers, message, marked):
    with pytest.raises(InputError) as error:
        at(parse_formula(typed), numbers)
    said, line, marks = str(error.value).split("\n")
    assert message in said
    assert line[marks.index("^") : len(marks)] == marked


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("a" * (MOST_SIGNS + 1), "may have 10,000 signs"),
        ("(" * (MOST_NESTED + 1) + "a" + ")" * (MOST_NESTED + 1), "inside each other"),
        ("a" + "^2" * (MOST_NESTED + 1), "inside each other"),
        ("a" + "*a" * (MOST_NESTED + 1), "inside each other"),
        ("-" * 9000 + "a+" + "(" * 200, "inside each other"),
        (
            "+".join(f"a{i}" for i in range(MOST_NAMES // 2)) + ";" + ";".join(f"g{i} = a1" for i in range(MOST_NAMES)),
            "more than 100 letters",
        ),
        (5, "a formula is a text"),
    ],
)
def test_sizes_are_limited(typed, message):
    with pytest.raises(InputError, match=message):
        parse_formula(typed)


def test_a_long_line_is_shown_around_its_fault():
    said, line, marks = read_error("a + " * 50 + "b c" + " + a" * 40).split("\n")
    assert len(line) < 80
    assert line[marks.index("^")] == "c"
    assert said.startswith("b and c stand side by side")


def read_error(typed: str) -> str:
    with pytest.raises(InputError) as error:
        parse_formula(typed)
    return str(error.value)


def test_what_is_no_fraction_is_not_given_as_one():
    for typed in ("exp(a)", "a*pi", "a^0.5"):
        with pytest.raises(InexactError, match="no fraction"):
            at(parse_formula(typed), {"a": 3}, exact=True)


@given(st.text(alphabet="ab12+-*/^(),.;= \nfsin√²|e", max_size=60))
@examples(200)
def test_any_text_is_understood_or_refused(typed):
    said = None
    try:
        parse_formula(typed)
    except InputError as error:
        said = str(error)
    assert said is None or len(said.split("\n")) in (1, 3)


# Random formulas.


@dataclass(frozen=True)
class Tree:
    """A formula as text, and what it is worth for numbers of any kind that has these operations."""

    sign: str
    parts: tuple["Tree", ...] = ()

    def text(self) -> str:
        inner = [part.text() for part in self.parts]
        if not inner:
            return self.sign
        if len(inner) == 2 and len(self.sign) == 1:
            return f"({inner[0]} {self.sign} {inner[1]})"
        return f"{self.sign}({', '.join(inner)})" if self.sign != "square" else f"({inner[0]})^2"

    def worth(self, values, constant):
        inner = [part.worth(values, constant) for part in self.parts]
        match self.sign, inner:
            case "+", (a, b):
                return a + b
            case "-", (a, b):
                return a - b
            case "*", (a, b):
                return a * b
            case "/", (a, b):
                assume(abs(size(b)) > 0.05)
                return a / b
            case "square", (a,):
                return a * a
            case "max", (a, b):
                assume(size(a) != size(b))
                return torch.maximum(a, b)
            case "exp" | "sin" | "cos" | "tanh" | "sigmoid" | "relu", (a,):
                assume(abs(size(a)) < 20 and size(a) != 0)
                return getattr(torch, self.sign)(a)
            case name, ():
                return values[name] if name in values else constant(name)
        raise AssertionError(self.sign)


def size(number) -> float:
    """A tensor or a fraction as a plain number."""
    return float(number.detach() if isinstance(number, torch.Tensor) else number)


def trees(names: list[str], functions: list[str]) -> st.SearchStrategy[Tree]:
    leaves = st.sampled_from([*names, "2", "0.5", "3"]).map(Tree)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda sign, a, b: Tree(sign, (a, b)), st.sampled_from(["+", "-", "*", "/"]), inner, inner),
            st.builds(lambda sign, a: Tree(sign, (a,)), st.sampled_from(["square", *functions]), inner),
        ),
        max_leaves=6,
    )


@st.composite
def programs(draw, functions: list[str]) -> list[tuple[str, Tree]]:
    """Lines, each of letters before it."""
    names, lines = ["a", "b"], []
    for number in range(draw(st.integers(1, 4))):
        lines.append((f"c{number}", draw(trees(names, functions))))
        names.append(f"c{number}")
    return lines


NUMBERS = st.integers(-30, 30).filter(bool).map(lambda tenths: tenths / 10)
FUNCTIONS = ["exp", "sin", "cos", "tanh", "sigmoid", "relu"]


def text_of(lines: list[tuple[str, Tree]]) -> str:
    return "; ".join(f"{name} = {tree.text()}" for name, tree in lines)


def inputs_of(reading: ParsedFormula) -> set[str]:
    return {node.symbol for node in reading.calculation.inputs}


@given(programs(FUNCTIONS), NUMBERS, NUMBERS)
def test_derivatives_are_those_of_pytorch(lines, a, b):
    reading = reading_of(lines)
    values = {name: torch.tensor(number, dtype=torch.float64, requires_grad=True) for name, number in {"a": a, "b": b}.items()}
    for name, tree in lines:
        values[name] = 1 * tree.worth(values, lambda number: torch.tensor(float(number), dtype=torch.float64))
        values[name].requires_grad_()
        values[name].retain_grad()
    last = values[lines[-1][0]]
    assume(torch.isfinite(last))
    last.backward()
    value, slopes = at(reading, {"a": a, "b": b})
    wanted = {name: 0.0 if values[name].grad is None else float(values[name].grad) for name in slopes}
    assume(all(abs(slope) < 1e8 for slope in wanted.values()))
    largest = max(map(abs, wanted.values()))
    assert value == pytest.approx(size(last), rel=1e-9, abs=1e-9)
    assert slopes == pytest.approx(wanted, rel=1e-9, abs=1e-9 * max(1, largest))


def reading_of(lines: list[tuple[str, Tree]]) -> ParsedFormula:
    """What is understood, where there is a letter to derive by, and a point that is no number is no example."""
    try:
        return parse_formula(text_of(lines))
    except InputError as error:
        assume("no letter" not in str(error) and "is set, but" not in str(error) and "only sets" not in str(error))
        raise


@dataclass(frozen=True)
class Dual:
    """A fraction and its derivatives by a and b: forward mode, in which nothing is shared with what is tested."""

    value: Fraction
    slopes: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    def __float__(self) -> float:
        return float(self.value)

    def _with(self, other: "Dual", value: Fraction, by_self: Fraction, by_other: Fraction) -> "Dual":
        return Dual(value, tuple(by_self * x + by_other * y for x, y in zip(self.slopes, other.slopes, strict=True)))

    def __add__(self, other):
        return self._with(other, self.value + other.value, Fraction(1), Fraction(1))

    def __sub__(self, other):
        return self._with(other, self.value - other.value, Fraction(1), Fraction(-1))

    def __mul__(self, other):
        return self._with(other, self.value * other.value, other.value, self.value)

    def __truediv__(self, other):
        return self._with(other, self.value / other.value, 1 / other.value, -self.value / other.value**2)


@given(programs([]), NUMBERS, NUMBERS)
@examples(60)
def test_derivatives_in_fractions_are_exact(lines, a, b):
    reading = reading_of(lines)
    one, none = Fraction(1), Fraction(0)
    values = {"a": Dual(Fraction(str(a)), (one, none)), "b": Dual(Fraction(str(b)), (none, one))}
    for name, tree in lines:
        values[name] = tree.worth(values, lambda number: Dual(Fraction(number)))
    last = values[lines[-1][0]]
    value, slopes = at(reading, {"a": Fraction(str(a)), "b": Fraction(str(b))}, exact=True)
    assert value == last.value
    for name, slope in zip("ab", last.slopes, strict=True):
        assert slopes.get(name, 0) == slope


def test_each_letter_is_one_node():
    calculation = parse_formula("c = a*a + a; f = c + a").calculation
    assert [node.symbol for node in calculation.inputs] == ["a"]
    assert calculation.ways[calculation.inputs[0]] == 2
    assert all(isinstance(node, Expression) for node in calculation.backwards)
