"""Worked equations are true as they are printed, and the reader that says so notices when they are not."""

import re
from fractions import Fraction
from math import isfinite

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.equations import Verdict, check, equations_in_latex, equations_in_text
from tests.letters import letters_of
from tests.samples import examples

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.formula import primitives as p
from chainrule.formula.expression import Name, as_expression, order, variable
from chainrule.formula.scalar import Scalars
from chainrule.notation.arithmetic import REALS
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Derivative, Ellipsis, Equation, Matrix, Symbol
from chainrule.notation.labels import Labels
from chainrule.notation.latex import formula_latex
from chainrule.notation.numbers import evaluated, meant, number_formula
from chainrule.notation.text import formula_text
from chainrule.notation.worked import chain, matrices, value_equation, worked

NUMBERED = letters_of((2, 2, 1))
SHAPES = {"x": ("batch", 2), "t": ("batch", 1), "y": ("batch", 1), "h": ("batch", 2)}
x, t, y, h = (variable(Name(symbol, 1 if symbol == "h" else None), shape) for symbol, shape in SHAPES.items())
W1, W2 = variable(Name("W", 1), (2, 2)), variable(Name("W", 2), (2, 1))
E, rate = variable(Name("E")), variable(Name("learning_rate"))
at = Scalars({"batch": 1})
x1, x2, h1, h2, target, prediction = (at(a, (0, i)) for a, i in ((x, 0), (x, 1), (h, 0), (h, 1), (t, 0), (y, 0)))
w1, w2, w3, w4, w5, w6 = (at(W1, (0, 0)), at(W1, (1, 0)), at(W1, (0, 1)), at(W1, (1, 1)), at(W2, (0, 0)), at(W2, (1, 0)))
slope6 = variable(Name("W", 2, (1, 0), gradient=True))
SEED = dict(
    zip(
        (x1, x2, w1, w2, w3, w4, w5, w6, h1, h2, prediction, target, slope6, rate),
        (8, 12, 0.21, 0.56, 0.19, 0.02, 0.23, 0.16, 8.399999999999999, 1.7599999999999998, 2.2136000000000005, 4, -3.144064, 0.05),
        strict=True,
    )
)


def label(node):
    return NUMBERED.label(node.name)


def derivative(of, by):
    return Derivative(label(of), label(by))


def read(equation, values=None):
    """The verdict on an equation in text and in LaTeX together."""
    (from_latex,) = equations_in_latex(f"${formula_latex(equation)}$")
    verdicts = [check(line, values) for line in (*equations_in_text(formula_text(equation)), from_latex)]
    assert len(verdicts) == 2
    return Verdict(verdicts[0].false + verdicts[1].false, *(min(getattr(v, part) for v in verdicts) for part in ("checked", "skipped")))


# The seed's lines.


@pytest.mark.parametrize(
    ("equation", "line"),
    [
        (
            worked(label(h1), x1 * w1 + x2 * w2, SEED, NUMBERED, result=8.399999999999999),
            "h1 = x1 · w1 + x2 · w2 = 8 · 0.21 + 12 · 0.56 = 8.4",
        ),
        (worked(label(prediction), h1 * w5 + h2 * w6, SEED, NUMBERED), "y = h1 · w5 + h2 · w6 = 8.4 · 0.23 + 1.76 · 0.16 = 2.2136"),
        (
            worked(label(E), Fraction(1, 2) * (prediction - target) ** 2, SEED, NUMBERED),
            "E = 1/2 · (y − t)^2 = 1/2 · (2.2136 − 4)^2 = 1/2 · (−1.7864)^2 = 1.59561248",
        ),
        (
            chain(
                [[(derivative(E, prediction), prediction - target), (derivative(prediction, h1), w5), (derivative(h1, w1), x1)]],
                derivative(E, w1),
                SEED,
                NUMBERED,
                -3.2869760000000006,
            ),
            "∂E/∂w1 = ∂E/∂y · ∂y/∂h1 · ∂h1/∂w1 = (y − t) · w5 · x1 = (2.2136 − 4) · 0.23 · 8 = −1.7864 · 0.23 · 8 = −3.286976",
        ),
        (
            chain(
                [[(derivative(E, prediction), prediction - target), (derivative(prediction, w6), h2)]], derivative(E, w6), SEED, NUMBERED
            ),
            "∂E/∂w6 = ∂E/∂y · ∂y/∂w6 = (y − t) · h2 = (2.2136 − 4) · 1.76 = −1.7864 · 1.76 = −3.144064",
        ),
        (
            worked(label(w6), w6 - rate * slope6, SEED, NUMBERED, result=0.3172032),
            "w6 = w6 − η · ∂E/∂w6 = 0.16 − 0.05 · (−3.144064) = 0.3172032",
        ),
        (worked(label(h1), -(w1 * w2 * w3), {w1: -2, w2: 3, w3: 4}, NUMBERED), "h1 = −w1 · w2 · w3 = −(−2) · 3 · 4 = 24"),
        (value_equation(label(h1), 8.399999999999999, NUMBERED), "h1 = 8.4"),
        (value_equation(label(prediction), 0.7513650695523157, NUMBERED), "y ≈ 0.751365"),
        (
            matrices(label(h), x @ W1, {x: [[8, 12]], W1: [[0.21, 0.19], [0.56, 0.02]]}, [[8.399999999999999, 1.76]], NUMBERED),
            "h = x · W1 = [8, 12] · [[0.21, 0.19], [0.56, 0.02]] = [8.4, 1.76]",
        ),
    ],
)
def test_the_seeds_lines(equation, line):
    assert formula_text(equation) == line
    assert not read(equation).false


def test_a_derivative_that_is_a_letter_repeats_nothing():
    assert formula_text(worked(derivative(h1, w1), x1, SEED, NUMBERED)) == "∂h1/∂w1 = x1 = 8"
    assert formula_text(worked(derivative(h1, w1), -w5, SEED, NUMBERED)) == "∂h1/∂w1 = −w5 = −0.23"
    assert formula_text(worked(derivative(h1, w1), as_expression(1), {}, NUMBERED)) == "∂h1/∂w1 = 1"


def test_factors_of_one_are_left_out_unless_alone():
    one, path = as_expression(1), derivative(h1, w1)
    assert formula_text(chain([[(path, one), (path, w5)]], Symbol("a"), SEED, NUMBERED)) == "a = ∂h1/∂w1 · ∂h1/∂w1 = w5 = 0.23"
    assert formula_text(chain([[(path, one)]], Symbol("a"), SEED, NUMBERED)) == "a = ∂h1/∂w1 = 1"


def test_paths_are_added():
    path = [(derivative(E, prediction), prediction - target), (derivative(prediction, h1), w5)]
    assert formula_text(chain([path, path], Symbol("a"), SEED, NUMBERED)).startswith(
        "a = ∂E/∂y · ∂y/∂h1 + ∂E/∂y · ∂y/∂h1 = (y − t) · w5 + (y − t) · w5 ="
    )


def test_rounded_numbers_carry_the_digits_that_the_result_needs():
    a, b = LETTERS[:2]
    line = worked(Symbol("f"), a - b, {a: 1 / 3, b: 0.3333123456789}, Labels(), result=2.0987654433e-05)
    assert formula_text(line) == "f = a − b ≈ 0.33333333333 − 0.33331234568 ≈ 2.09877 · 10^−5"
    assert read(line) == Verdict([], 1, 2)


def test_a_result_lost_in_rounding_keeps_the_digits_that_follow():
    a, b = LETTERS[:2]
    line = worked(Symbol("f"), (a - b) * 3, {a: 1 / 3, b: 0.3333333333333999}, Labels(), result=-2.0004e-13)
    assert read(line).false == []
    lost = worked(Symbol("f"), p.log(1 - a), {a: 0.9999999999999996}, Labels(), result=-35.35050620855721)
    assert formula_text(lost) == "f = ln(1 − a) ≈ −35.3505"


def test_overflow_and_no_numbers_are_said():
    a = LETTERS[0]
    assert formula_text(worked(Symbol("f"), a * a, {a: 1e200}, Labels(), result=float("inf"))) == "f = a · a = 10^200 · 10^200 ≈ ∞"
    assert formula_text(worked(Symbol("f"), 2 * a, {a: float("nan")}, Labels())) == "f = 2 · a = 2 · NaN ≈ NaN"


def test_a_sum_over_the_outputs_runs_down_the_columns_where_vectors_are_columns():
    network = cr.Network(2, cr.dense(2, "softmax"), loss="squared", notation=Notation(vectors="columns"))
    printed = str(network.step([[1, 2]], [[1, 0]]).explain(detail="matrix"))
    assert "δ = y ⊙ (∂E/∂y − (Σ_j ∂E/∂y ⊙ y))" in printed.replace("⁽¹⁾", "")


def test_decimal_commas_columns_and_fractions():
    german = letters_of((2, 2, 1), Notation(vectors="columns", decimal="comma"))
    line = matrices(label(h), x @ W1, {x: [[8, 12]], W1: [[0.21, 0.19], [0.56, 0.02]]}, [[8.4, 1.76]], german)
    assert formula_text(line) == "h = W1 · x = [[0,21; 0,56]; [0,19; 0,02]] · [[8], [12]] = [[8,4]; [1,76]]"
    assert read(line) == Verdict([], 1, 2)
    exact = worked(label(h1), x1 * w1 - x2 * w2, SEED, letters_of((2, 2, 1), Notation(exact=True)))
    assert formula_text(exact) == "h1 = x1 · w1 − x2 · w2 = 8 · 21/100 − 12 · 14/25 = −126/25"


def test_a_large_matrix_is_shortened_and_its_numbers_left_out():
    W, inputs = variable(Name("W", 1), (50, 100)), variable(Name("x"), ("batch", 50))
    line = matrices(label(h), inputs @ W, {inputs: [[1] * 50], W: [[0.5] * 100] * 50}, [[25.0] * 100], letters_of((50, 100)))
    assert formula_text(line) == "h = x · W1 = [25, 25, 25, …, 25]"
    many = matrices(label(h), inputs, {inputs: [[1 / 3] * 50] * 20}, [[1 / 3] * 50] * 20, NUMBERED)
    assert isinstance(many.sides[-1], Matrix)
    assert many.relations == ("=", "≈")
    assert [cell for row in many.sides[-1].rows for cell in row].count(Ellipsis("vertical")) == 4


# Numbers.


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (8.399999999999999, "8.4"),
        (1 / 3, "0.333333"),
        (0.49999999949, "0.500000"),
        (-3.2869760000000006, "−3.286976"),
        (123456789, "123456789"),
        (1234567.891234, "1.23457 · 10^6"),
        (7.4e7, "74000000"),
        (7.43219876543e7, "7.43220 · 10^7"),
        (2.1e23, "2.1 · 10^23"),
        (1e-5, "10^−5"),
        (0.0001, "0.0001"),
        (999999.96123456, "1.00000 · 10^6"),
        (0, "0"),
        (-0.0, "0"),
        (float("nan"), "NaN"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (Fraction(1, 3), "0.333333"),
        (Fraction(1, 8), "0.125"),
    ],
)
def test_numbers(value, printed):
    assert formula_text(number_formula(value, Notation())) == printed


def test_numbers_in_other_notations():
    assert formula_text(number_formula(-0.5, Notation(decimal="comma"))) == "−0,5"
    assert formula_text(number_formula(1 / 3, Notation(digits=3))) == "0.333"
    assert formula_text(number_formula(Fraction(-49126, 15625), Notation(exact=True))) == "−49126/15625"
    with pytest.raises(InputError, match="201 digits"):
        number_formula(Fraction(10**200), Notation(exact=True))


def test_numpy_scalars():
    import numpy as np

    assert [formula_text(number_formula(v, Notation())) for v in (np.float64(0.1) * 3, np.float32(0.21), np.int64(7))] == [
        "0.3",
        "0.21",
        "7",
    ]


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(FLOATS, st.integers(1, 17))
@examples(300)
def test_a_printed_number_is_near_and_says_whether_it_is_exact(value, digits):
    number = number_formula(value, Notation(), digits)
    verdict = check(f"a {'≈' if number.rounded else '='} {formula_text(number)}", {"a": meant(value)})
    assert verdict == Verdict([], 1, 0)
    assert check(f"{formula_text(number)} = a", {"a": number.value}) == Verdict([], 1, 0)


def test_exact_where_it_can_be():
    a = variable(Name("a"))
    assert evaluated(1 / a, {a: 3}).value == Fraction(1, 3)
    assert evaluated(p.sqrt(a) + p.exp(a - a) + p.tanh(a - a), {a: Fraction(9, 4)}).value == Fraction(5, 2)
    assert not evaluated(p.sqrt(a), {a: 2}).exact
    assert evaluated(1 / a, {a: 0}).value == float("inf")
    assert evaluated(p.exp(a), {a: 10**6}).value == float("inf")
    assert evaluated(a**a, {a: 10**9}).value == float("inf")


FUNCTIONS = (p.exp, p.expm1, p.erf1p, p.sin, p.cos, p.tanh, p.sigmoid, p.softplus, p.log_cosh, p.erf, p.sqrt, p.log)


@pytest.mark.parametrize("function", FUNCTIONS)
@given(point=st.one_of(st.fractions(Fraction(1, 10**9), 15), st.integers(20, 60).map(lambda n: Fraction(1, 10**n))))
@examples(40)
def test_functions_to_forty_digits(function, point):
    import mpmath

    oracle = {
        "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
        "erf1p": lambda z: 1 + mpmath.erf(z),
        "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
        "log_cosh": lambda z: mpmath.log(mpmath.cosh(z)),
    }
    a = variable(Name("a"))
    with mpmath.workdps(300):
        value = evaluated(function(a), {a: point}).value
        expected = oracle.get(function.name, getattr(mpmath, function.name, None))(mpmath.mpf(point.numerator) / point.denominator)
        assert abs(mpmath.mpf(value.numerator) / value.denominator - expected) <= mpmath.mpf(10) ** -40 * abs(expected)


@pytest.mark.parametrize("point", [-1.9, -2, -3, -10.5, -26])
def test_what_the_error_function_leaves_of_one_has_forty_digits_too(point):
    import mpmath

    with mpmath.workdps(700):
        value = (1 + REALS.erf(point)).value
        expected = mpmath.erfc(mpmath.mpf(str(-point)))
        assert abs(mpmath.mpf(value.numerator) / value.denominator - expected) <= mpmath.mpf(10) ** -40 * expected
    assert (1 + REALS.erf(point)).value == REALS.erfc(-point).value == 2 - REALS.erfc(point).value


# Random lines.

LETTERS = [variable(Name(letter)) for letter in "abcd"]
DECIMALS = st.integers(-9999, 9999).map(lambda n: n / 100)
THIRDS = st.fractions(-9, 9, max_denominator=7).map(float)
SIZES = st.tuples(st.floats(-9.9, 9.9), st.integers(-12, 9)).map(lambda pair: pair[0] * 10.0 ** pair[1])
BESIDE = st.sampled_from([1.0, 0.1, 2 / 3]).flatmap(lambda base: st.integers(1, 9).map(lambda n: base + n * 1e-11))
NUMBERS = st.one_of(DECIMALS, THIRDS, SIZES, BESIDE, st.integers(-20, 20))
SAFE = [p.sigmoid, p.tanh, p.relu, p.softplus, p.absolute, p.log_cosh, p.sin, p.cos, p.sign, p.floor, p.erf]

PAIRS = [p.add, p.subtract, p.multiply, p.multiply, p.divide, p.maximum, p.minimum, p.greater]


def grown(parts):
    two, three = st.tuples(parts, parts), st.tuples(parts, parts, parts)
    return st.one_of(
        st.tuples(st.sampled_from(PAIRS), two).map(lambda s: s[0](*s[1])),
        st.tuples(st.sampled_from([*SAFE, p.negative]), parts).map(lambda s: s[0](s[1])),
        parts.map(lambda e: e**2),
        parts.map(lambda e: p.sqrt(abs(e))),
        parts.map(lambda e: p.log(1 + abs(e))),
        parts.map(lambda e: p.exp(-abs(e))),
        three.map(lambda s: p.select(s[0] > 0, s[1], s[2])),
    )


CONSTANTS = st.sampled_from([Fraction(1, 2), 1, 2, 0.01]).map(as_expression)
EXPRESSIONS = st.recursive(st.one_of(st.sampled_from(LETTERS), st.sampled_from(LETTERS), CONSTANTS), grown, max_leaves=8)
VALUES = st.tuples(*[NUMBERS] * 4).map(lambda numbers: dict(zip(LETTERS, numbers, strict=True)))
NOTATIONS = st.builds(Notation, digits=st.integers(2, 9), decimal=st.sampled_from(["point", "comma"]))
LABELS = st.builds(Labels, notation=NOTATIONS)


def floats_give(expression, values):
    """The result as an engine that computes with floats finds it."""
    import numpy as np

    from chainrule.formula.arrays import Arrays
    from chainrule.formula.expression import order

    arrays, worth = Arrays(), {letter: np.float64(value) for letter, value in values.items()}
    with np.errstate(all="ignore"):
        for node in order(expression):
            if node.primitive.name == "greater":  # e^(−100000) > 0 is true, and not so of floats
                assume(all(worth[inner] != 0 for inner in order(node) if inner.primitive.name == "exp"))
            if node not in worth:
                worth[node] = np.float64(node.primitive.value(arrays, *(worth[a] for a in node.arguments), **node.parameters))
    return float(worth[expression])


def true_letters(values):
    return {letter.name.symbol: meant(value) for letter, value in values.items()}


@given(EXPRESSIONS, VALUES, LABELS)
@examples(500)
def test_random_lines_are_true(expression, values, labels):
    verdict = read(worked(Symbol("f"), expression, values, labels), true_letters(values))
    assert verdict.false == []


@given(EXPRESSIONS, VALUES, LABELS)
@examples(500)
def test_random_lines_with_the_results_of_floats_are_true(expression, values, labels):
    result = floats_give(expression, values)
    line = worked(Symbol("f"), expression, values, labels, result=result)
    assert read(line).false == []
    logarithms = any(node.primitive.name == "log" for node in order(expression))  # ln of almost 1 is beyond the reader
    if isfinite(result) and len(line.sides) > 3 and not logarithms:
        assert read(line).checked >= 1


@given(st.lists(st.lists(EXPRESSIONS, min_size=1, max_size=3), min_size=1, max_size=2), VALUES)
@examples(300)
def test_random_chains_are_true(paths, values):
    factors = [[(Derivative(Symbol("f"), Symbol("g")), factor) for factor in path] for path in paths]
    verdict = read(chain(factors, Symbol("f"), values, Labels()), true_letters(values))
    assert verdict.false == []


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.sampled_from(["rows", "columns"]), st.data())
@examples(300)
def test_random_matrix_lines_are_true(samples, inputs, units, vectors, data):
    def drawn(rows, columns):
        return data.draw(st.lists(st.lists(NUMBERS, min_size=columns, max_size=columns), min_size=rows, max_size=rows))

    X, W, b = variable(Name("x"), ("batch", inputs)), variable(Name("W", 1), (inputs, units)), variable(Name("b", 1), (units,))
    arrays = {X: drawn(samples, inputs), W: drawn(inputs, units), b: drawn(1, units)[0]}
    expression = data.draw(st.sampled_from([X @ W, X @ W + b, p.tanh(X @ W), (X @ W + b) ** 2]))
    result = [[floats_give_element(expression, arrays, (n, j), samples) for j in range(units)] for n in range(samples)]
    line = matrices(Symbol("h"), expression, arrays, result, letters_of((inputs, units), Notation(vectors=vectors), samples))
    assert read(line).false == []
    assert read(line).checked >= 1


def floats_give_element(expression, arrays, index, samples):
    reader = Scalars({"batch": samples})
    element = reader(expression, index)
    letters = {node: reader.element(node) for node in leaves(element)}
    return floats_give(element, {node: at_index(arrays[e.quantity], e.index) for node, e in letters.items()})


def leaves(expression):
    from chainrule.formula.expression import order

    return [node for node in order(expression) if node.name is not None]


def at_index(array, index):
    for i in index:
        array = array[i]
    return array


@pytest.mark.parametrize("digits", [3, 6])
def test_reductions_over_a_batch(digits):
    labels = letters_of((2, 1), Notation(digits=digits), batch=2)
    error = p.mean(p.total((y - t) ** 2, axes=(1,)), axes=(0,))
    line = matrices(Symbol("E"), error, {y: [[0.5], [1 / 3]], t: [[1], [0.1]]}, (0.25 + (1 / 3 - 0.1) ** 2) / 2, labels)
    verdict = read(line)
    assert verdict.false == []
    assert verdict.checked == 1


# The reader itself.

TRUE_LINES = [
    "h1 = 8 · 0.21 + 12 · 0.56 = 8.4",
    "y ≈ σ(1.105906) ≈ 0.751365",
    "E = 1/2 · (2.2136 − 4)^2 = 1/2 · (−1.7864)^2 = 1.59561248",
    "h = [8, 12] · [[0.21, 0.19], [0.56, 0.02]] = [8.4, 1.76]",
    "a = |−3| · [2 > 1] + {2 if 1 > 0, otherwise 5} + max(1, 4) = 9",
    "a = 7.4 · 10^7 / 2 = 3.7 · 10^7",
    "a ≈ e^(−1) · √(2) ≈ 0.520260",
    "a = [[1, 2], [3, 4]]ᵀ ⊙ [[2, 0], [0, 2]] = [[2, 0], [0, 8]]",
    "E ≈ (1/2) Σ_n ([[0.5], [0.25]] − [[1], [0.333333]])^2 ≈ 0.128472",
    "w6 ← 0.16 − 0.05 · (−3.144064) = 0.3172032",
    "h = [0,21; 0,19] · [[8], [12]] = [3,96]",
    "a = ([1], [2]) = [1, 2]",
    "a = ([1]; [2,5]) = [[1]; [2,5]]",
    "a = [−0.4, 0.2, 3] [2…3] = [0.2, 3]",
    "a = [[1]; [2]] [2] = [2]",
    "a = 1/4 = [[0.25]; [0.25]]",
]


@pytest.mark.parametrize("line", TRUE_LINES)
def test_the_reader_accepts_what_is_true(line):
    assert check(line).false == []
    assert check(line).checked >= 1


@pytest.mark.parametrize("line", TRUE_LINES)
def test_the_reader_rejects_every_changed_digit_of_a_result(line):
    start = max(line.rfind("="), line.rfind("≈"))
    for match in re.finditer(r"(?<!\^)\d", line[start:]):
        place = start + match.start()
        changed = f"{line[:place]}{(int(line[place]) + 2) % 10}{line[place + 1 :]}"
        assert check(changed).false, changed


@pytest.mark.parametrize("line", [line for line in TRUE_LINES if "≈" in line])
def test_the_reader_rejects_equality_for_what_is_only_near(line):
    start = line.rfind("≈")
    assert check(f"{line[:start]}={line[start + 1 :]}").false


@given(EXPRESSIONS, VALUES, st.integers(0, 40), st.integers(2, 8))
@examples(300)
def test_the_reader_notices_a_changed_digit_of_a_random_line(expression, values, place, step):
    line = formula_text(worked(Symbol("f"), expression, values, Labels()))
    start = max(line.rfind("="), line.rfind("≈"))
    digits = [m.start() for m in re.finditer(r"\d", line[start:].split("^")[0].split("· 10")[0])]
    assume(digits and check(line).checked and not re.search("NaN|∞", line) and line.count("=") + line.count("≈") > 2)
    position = start + digits[place % len(digits)]
    changed = f"{line[:position]}{(int(line[position]) + step) % 10}{line[position + 1 :]}"
    assert check(changed).false or check(changed).skipped == check(line).skipped + 1


@pytest.mark.parametrize("line", ["1/0 = 3", "√(−1) = 2", "ln(0) = 3", "NaN = 3", "8 + = 3", "a = b", "[1, 2] · … = 3"])
def test_the_reader_skips_what_it_cannot_compute(line):
    assert check(line) == Verdict([], 0, 1)


def test_matrices_that_do_not_fit_are_false():
    assert check("[1, 2] · [3, 4] = [3, 8]").false


def test_symbols_are_checked_when_their_numbers_are_known():
    assert check("y = w · x", {"y": 0.06, "w": 0.2, "x": 0.3}) == Verdict([], 1, 0)
    assert check("y = w · x", {"y": 0.07, "w": 0.2, "x": 0.3}).false
    assert check("y ≈ 0.3 · 0.33", {"y": 0.1}) == Verdict([], 1, 0)
    assert check("y ≈ 0.3 · 0.33", {"y": 0.2}).false


def test_equations_are_found_in_documents():
    document = "# The error\n\nThe prediction is y = 2 · 3 = 6, too large.\n    z = 1 + 1\n      = 2\nNo formula here.\n| a ≈ 1.5 |\n"
    assert equations_in_text(document) == ["The prediction is y = 2 · 3 = 6, too large.", "z = 1 + 1 = 2", "a ≈ 1.5"]
    assert [check(line).false for line in equations_in_text(document)] == [[], [], []]
    tex = r"Text $a = 1{,}5$ and \[\begin{aligned} b &= \tfrac{1}{2} \\ &= 0.5 \end{aligned}\] and $c$."
    assert equations_in_latex(tex) == ["a = 1,5", "b = ((1)/(2)) = 0.5"]


def test_an_equation_is_a_formula():
    assert isinstance(value_equation(Symbol("a"), 1, Labels()), Equation)


def test_a_case_takes_the_branch_of_what_is_printed_though_floats_lose_it():
    a = LETTERS[0]
    expression = p.select(p.exp(a) > 0, as_expression(2), as_expression(3))
    line = worked(Symbol("f"), expression, {a: -10_000.0}, Labels(), result=3.0)
    assert formula_text(line).endswith("= 2")
    assert read(line).false == []
