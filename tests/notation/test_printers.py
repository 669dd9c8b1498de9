"""The printers of formulas: text, blocks, LaTeX, MathML."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.api.problems import problem
from chainrule.base.frozen import FrozenValue
from chainrule.explanation.definitions import function_lines
from chainrule.network.definitions import find
from chainrule.notation.blocks import line_width, text_block, wrapped
from chainrule.notation.formula import (
    Call,
    Cases,
    Derivative,
    Ellipsis,
    Equation,
    Fenced,
    Fraction,
    Matrix,
    Number,
    Operator,
    Power,
    Prose,
    Root,
    Row,
    Sum,
    Symbol,
    Transposed,
    row,
)
from chainrule.notation.labels import Labels
from chainrule.notation.latex import aligned_latex, formula_latex
from chainrule.notation.mathml import formula_mathml
from chainrule.notation.text import Break, formula_text, inline_matrices, pieces, segments
from chainrule.notation.typst import formula_typst
from chainrule.pictures.shapes import text_runs
from chainrule.render.markdown import markdown
from chainrule.render.plain import plain

GERMAN = {"if": "wenn", "otherwise": "sonst"}

plus, minus, times, odot, above, negative = (*map(Operator, "+−·⊙>"), Operator("−", prefix=True))
x1, w1, x2, w2 = Symbol("x", "1"), Symbol("w", "1", key="w1"), Symbol("x", "2"), Symbol("w", "2")
h1, w6, y, t, N, z, a, E = (*(Symbol("h", "1"), Symbol("w", "6")), *map(Symbol, "ytNzaE"))
difference = row(y, minus, t)
weights = Matrix(((Number("0.21"), Number("0.19")), (Number("0.56"), Number("0.02"))))
german = Matrix(((Number("0,21"), Number("0,19")), (Number("0,56"), Number("0,02"))))
leaky = Cases(row(z, above, Number("0")), z, row(Number("0.01"), times, z))

FORMULAS = [
    (
        Equation((h1, row(x1, times, w1, plus, x2, times, w2)), ("=",)),
        "h1 = x1 · w1 + x2 · w2",
        r"h_{1} = x_{1} \cdot w_{1} + x_{2} \cdot w_{2}",
    ),
    (Derivative(E, w1), "∂E/∂w1", r"\frac{\partial E}{\partial w_{1}}"),
    (
        Equation((w6, row(w6, minus, Number("0.05"), times, Derivative(E, w6))), ("←",)),
        "w6 ← w6 − 0.05 · ∂E/∂w6",
        r"w_{6} \leftarrow w_{6} - 0.05 \cdot \frac{\partial E}{\partial w_{6}}",
    ),
    (Fraction(difference, N), "(y − t) / N", r"\frac{y - t}{N}"),
    (Fraction(Number("1"), Number("2")), "1/2", r"\frac{1}{2}"),
    (Fraction(Number("−49126"), Number("15625")), "−49126/15625", r"\frac{-49126}{15625}"),
    (Fraction(y, Number("−3")), "y / (−3)", r"\frac{y}{-3}"),
    (Fraction(Number("7.4", 7), Fraction(y, t)), "(7.4 · 10^7) / (y/t)", r"\frac{7.4 \cdot 10^{7}}{\frac{y}{t}}"),
    (Fraction(Power(y, Number("2")), Root(a)), "y^2 / √(a)", r"\frac{y^{2}}{\sqrt{a}}"),
    (row(Fraction(difference, N), times, y), "((y − t) / N) · y", r"\frac{y - t}{N} \cdot y"),
    (row(Fraction(Number("1"), Number("2")), times, y), "1/2 · y", r"\frac{1}{2} \cdot y"),
    (row(y, times, Fraction(Number("−1"), Number("2"))), "y · (−1/2)", r"y \cdot \frac{-1}{2}"),
    (Call("tanh", (Symbol("z", "1"),)), "tanh(z1)", r"\tanh(z_{1})"),
    (Call("σ", (Fraction(y, t),)), "σ(y/t)", r"\sigma\left( \frac{y}{t} \right)"),
    (Call("ReLU", (z,)), "ReLU(z)", r"\mathrm{ReLU}(z)"),
    (Call("ln cosh", (z,)), "ln cosh(z)", r"\ln \cosh(z)"),
    (Call("max", (Number("0,5"), z)), "max(0,5; z)", r"\max(0{,}5; z)"),
    (Power(Symbol("e"), row(negative, z)), "e^(−z)", r"e^{-z}"),
    (Power(Fenced(difference), Number("2")), "(y − t)^2", r"(y - t)^{2}"),
    (Power(Number("−3"), Number("2")), "(−3)^2", r"(-3)^{2}"),
    (Power(Symbol("h", "1", "(2)"), Number("2")), "(h1⁽²⁾)^2", r"(h_{1}^{(2)})^{2}"),
    (Power(Derivative(E, w6), Number("2")), "(∂E/∂w6)^2", r"\left( \frac{\partial E}{\partial w_{6}} \right)^{2}"),
    (Transposed(Symbol("W", "1", bold=True)), "W1ᵀ", r"\mathbf{W}_{1}^{\top}"),
    (Transposed(Symbol("h", "", "(1)", bold=True)), "h⁽¹⁾ᵀ", r"\mathbf{h}^{(1)\top}"),
    (Transposed(row(Symbol("x"), Symbol("W"))), "(x W)ᵀ", r"(x W)^{\top}"),
    (Fenced(a, "|", "|"), "|a|", r"\lvert a \rvert"),
    (Fenced(Fraction(a, y), "⌊", "⌋"), "⌊a/y⌋", r"\left\lfloor \frac{a}{y} \right\rfloor"),
    (Root(Fenced(row(a, plus, y))), "√(a + y)", r"\sqrt{a + y}"),
    (Root(Number("2")), "√2", r"\sqrt{2}"),
    (Power(Root(Number("2")), Number("3")), "(√2)^3", r"\sqrt{2}^{3}"),
    (row(y, Ellipsis(), Number("2")), "y … 2", r"y \cdots 2"),
    (Fenced(row(z, above, Number("0")), "[", "]"), "[z > 0]", "[z > 0]"),
    (
        leaky,
        "{z if z > 0, otherwise 0.01 · z}",
        r"\begin{cases} z & \text{if }z > 0 \\ 0.01 \cdot z & \text{otherwise} \end{cases}",
    ),
    (Sum(Symbol("x", "k"), "k"), "Σ_k x_k", r"\sum_{k} x_{k}"),
    (Sum(y), "Σ y", r"\sum y"),
    (Matrix(((Number("8"), Number("12")),)), "[8, 12]", r"\begin{bmatrix} 8 & 12 \end{bmatrix}"),
    (weights, "[[0.21, 0.19], [0.56, 0.02]]", r"\begin{bmatrix} 0.21 & 0.19 \\ 0.56 & 0.02 \end{bmatrix}"),
    (german, "[[0,21; 0,19]; [0,56; 0,02]]", r"\begin{bmatrix} 0{,}21 & 0{,}19 \\ 0{,}56 & 0{,}02 \end{bmatrix}"),
    (
        Matrix(((a, Ellipsis()), (Ellipsis("vertical"), Ellipsis("diagonal")))),
        "[[a, …], […, …]]",
        r"\begin{bmatrix} a & \cdots \\ \vdots & \ddots \end{bmatrix}",
    ),
    (
        Matrix(((a,), (Fenced(row(z, above, y), "[", "]"),))),  # a bracket after \\ would be read as a length
        "[[a], [[z > y]]]",
        r"\begin{bmatrix} a \\ {}[z > y] \end{bmatrix}",
    ),
    (Number("7.4", 7), "7.4 · 10^7", r"7.4 \cdot 10^{7}"),
    (Number("−7,4", -7), "−7,4 · 10^−7", r"-7{,}4 \cdot 10^{-7}"),
    (Number("NaN"), "NaN", r"\text{NaN}"),
    (Number("−∞"), "−∞", r"-\infty"),
    (Symbol("W", "2,3", "(1)"), "W⁽¹⁾[2,3]", r"W_{2,3}^{(1)}"),
    (Symbol("h", "1", "(2)[3]"), "h1⁽²⁾ˢ³", r"h_{1}^{(2)[3]}"),
    (Symbol("w", "6", "+"), "w6⁺", r"w_{6}^{+}"),
    (Symbol("g", "w5", "′"), "g_w5′", r"g_{w_{5}}^{\prime}"),
    (Symbol("m", "W(1)2,3"), "m[W⁽¹⁾[2,3]]", r"m_{W_{2,3}^{(1)}}"),
    (Symbol("w1", "2"), "w1_2", r"\mathrm{w1}_{2}"),
    (Symbol("η"), "η", r"\eta"),
    (Symbol("δ", "", "(2)", bold=True), "δ⁽²⁾", r"\boldsymbol{\delta}^{(2)}"),
    (Transposed(Prose("")), "ᵀ", r"{}^{\top}"),
    (Symbol("ŷ", "1"), "ŷ1", r"\hat{y}_{1}"),
    (Symbol("m̂"), "m̂", r"\hat{m}"),
    (Symbol("β₁"), "β₁", r"\beta_{1}"),
    (Symbol("‖g‖", "", "+"), "‖g‖⁺", r"{\lVert g \rVert}^{+}"),
    (row(Prose("for all"), y), "for all y", r"\text{for all} \; y"),
    (row(x1, Operator(","), x2), "x1, x2", "x_{1}, x_{2}"),
    (row(x1, plus, Ellipsis(), plus, x2), "x1 + … + x2", r"x_{1} + \cdots + x_{2}"),
]


@pytest.mark.parametrize(("formula", "plain", "tex"), FORMULAS, ids=[plain for _, plain, _ in FORMULAS])
def test_every_formula_reads_as_on_paper(formula, plain, tex):
    assert formula_text(formula) == plain
    assert formula_latex(formula) == tex
    ElementTree.fromstring(formula_mathml(formula))


MATHML = [
    (h1, "<msub><mi>h</mi><mn>1</mn></msub>"),
    (Symbol("W", bold=True), "<mi>𝐖</mi>"),
    (Symbol("δ", bold=True), "<mi>𝛅</mi>"),
    (
        Symbol("W", "2,3", "(1)"),
        "<msubsup><mi>W</mi><mrow><mn>2</mn><mo>,</mo><mn>3</mn></mrow><mrow><mo>(</mo><mn>1</mn><mo>)</mo></mrow></msubsup>",
    ),
    (Symbol("ŷ"), '<mover accent="true"><mi>y</mi><mo stretchy="false">^</mo></mover>'),
    (Number("7.4", 7), "<mrow><mn>7.4</mn><mo>·</mo><msup><mn>10</mn><mn>7</mn></msup></mrow>"),
    (Fraction(y, N), "<mfrac><mi>y</mi><mi>N</mi></mfrac>"),
    (Power(y, Number("2")), "<msup><mi>y</mi><mn>2</mn></msup>"),
    (Root(a), "<msqrt><mi>a</mi></msqrt>"),
    (row(z, above, negative, a), '<mrow><mi>z</mi><mo>&gt;</mo><mo form="prefix">−</mo><mi>a</mi></mrow>'),
    (row(y, z), "<mrow><mi>y</mi><mo>\u2062</mo><mi>z</mi></mrow>"),
    (Sum(y, "k"), "<mrow><munder><mo>∑</mo><mi>k</mi></munder><mi>y</mi></mrow>"),
    (Transposed(a), "<msup><mi>a</mi><mo>⊤</mo></msup>"),
    (
        Derivative(E, w6),
        '<mfrac><mrow><mi mathvariant="normal">∂</mi><mi>E</mi></mrow>'
        '<mrow><mi mathvariant="normal">∂</mi><msub><mi>w</mi><mn>6</mn></msub></mrow></mfrac>',
    ),
    (
        Call("tanh", (z,)),
        '<mrow><mi>tanh</mi><mo>\u2061</mo><mrow><mo form="prefix">(</mo><mi>z</mi><mo form="postfix">)</mo></mrow></mrow>',
    ),
    (
        Matrix(((a, Ellipsis()),)),
        '<mrow><mo form="prefix">[</mo><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mo>⋯</mo></mtd></mtr></mtable>'
        '<mo form="postfix">]</mo></mrow>',
    ),
]


@pytest.mark.parametrize(("formula", "markup"), MATHML)
def test_mathml_has_the_elements_of_mathml_core(formula, markup):
    assert formula_mathml(formula) == f'<math xmlns="http://www.w3.org/1998/Math/MathML">{markup}</math>'


def test_a_symbol_keeps_its_key_for_colours_in_every_printer():
    formula = row(x1, times, Derivative(E, w1))
    assert segments(formula) == [("x1 · ∂E/∂", None), ("w1", "w1")]
    markup = formula_mathml(formula, display=True, attributes=lambda key: {"data-key": f'{key}"<'})
    assert '<msub data-key="w1&quot;&lt;"><mi>w</mi><mn>1</mn></msub>' in markup
    assert ElementTree.fromstring(markup).get("display") == "block"


def test_words_come_in_the_language_of_the_reader():
    assert formula_text(leaky, GERMAN) == "{z wenn z > 0, sonst 0.01 · z}"
    assert r"\text{wenn }" in formula_latex(leaky, GERMAN)
    assert "<mtext>sonst</mtext>" in formula_mathml(leaky, words=GERMAN)
    assert r"& \text{sonst}" in aligned_latex(Equation((a, leaky), ("=",)), GERMAN)


# --- Blocks and lines ------------------------------------------------------------------------------------------------


def shown(lines):
    return ["".join(part for part, _ in line) for line in lines]


def test_matrices_are_drawn_in_rows_with_their_points_below_each_other():
    tall = Matrix(((Number("0.21"), Number("−3")), (Number("12"), a), (Ellipsis("vertical"), Number("10.25"))))
    drawn = text_block(Equation((h1, row(Matrix(((Number("8"), Number("12")),)), times, tall)), ("=",)))
    assert drawn.base == 1
    assert shown(drawn.lines) == [
        "               ⎡ 0.21  −3   ⎤",
        "h1 = [8, 12] · ⎢12       a  ⎥",
        "               ⎣  ⋮    10.25⎦",
    ]


def test_a_formula_without_matrices_is_a_block_of_one_line():
    assert shown(text_block(Fraction(difference, N)).lines) == ["(y − t) / N"]


def long_side(terms):
    return row(*[p for i in range(1, terms + 1) for p in (plus, Symbol("x", str(i)), times, Symbol("w", str(i)))][1:])


def test_relations_go_below_each_other_and_long_sides_break_after_their_operators():
    equation = Equation((Derivative(E, w1), long_side(6), Number("−3.286976")), ("=", "≈"))
    assert shown(wrapped(equation, 80)) == ["∂E/∂w1 = x1 · w1 + x2 · w2 + x3 · w3 + x4 · w4 + x5 · w5 + x6 · w6 ≈ −3.286976"]
    assert shown(wrapped(equation, 60)) == [
        "∂E/∂w1 = x1 · w1 + x2 · w2 + x3 · w3 + x4 · w4 + x5 · w5 +",
        "           x6 · w6",
        "       ≈ −3.286976",
    ]
    assert shown(wrapped(equation, 25)) == [
        "∂E/∂w1 = x1 · w1 +",
        "           x2 · w2 +",
        "           x3 · w3 +",
        "           x4 · w4 +",
        "           x5 · w5 +",
        "           x6 · w6",
        "       ≈ −3.286976",
    ]


def test_tall_sides_are_wrapped_as_blocks():
    equation = Equation((a, row(weights, plus, weights), weights), ("=", "="))
    assert shown(wrapped(equation, 40)) == [
        "a = ⎡0.21  0.19⎤ + ⎡0.21  0.19⎤",
        "    ⎣0.56  0.02⎦   ⎣0.56  0.02⎦",
        "  = ⎡0.21  0.19⎤",
        "    ⎣0.56  0.02⎦",
    ]


def test_a_matrix_too_wide_to_be_drawn_is_broken_on_the_line():
    wide = Matrix((tuple(Number(f"{i}.5") for i in range(30)),) * 2)
    for width in (60, 80):
        lines = wrapped(Equation((Symbol("W"), wide), ("=",)), width)
        assert len(lines) > 2
        assert all(line_width(line) <= width for line in lines)
        assert "29.5]]" in shown(lines)[-1]


def test_a_single_word_that_is_too_long_stays_whole():
    assert shown(wrapped(row(a, plus, Symbol("x" * 70)), 60)) == ["a +", "x" * 70]


# --- Random formulas -------------------------------------------------------------------------------------------------

HOSTILE = ["<script>alert(1)</script>", "$x$", r"\input{/etc/passwd}", "%", "a_b^c~d", "{", "}", "&amp;", "שלום", "😀", '"', "`"]

digits = st.sampled_from(["0", "8", "−3.286976", "12,5", "NaN", "∞", "0.05"])
numbers = st.builds(Number, digits, st.none() | st.integers(-300, 300))
letters = st.sampled_from(
    ["w", "E", "η", "δ", "ŷ", "m̂", "β₁", "‖g‖", "loss", *(given_text[:12] for given_text in HOSTILE)]
)  # 12: no notation has longer letters
subscripts, superscripts = st.sampled_from(["", "1", "2,3", "w5", "W(1)2,3"]), st.sampled_from(["", "(2)", "[1]", "(1)[2]+", "′"])
symbols = st.builds(Symbol, letters, subscripts, superscripts, st.booleans(), st.sampled_from(["", "w1"]))
signs = st.builds(Operator, st.sampled_from(list("+−·⊙=≈←>,")), st.booleans())
leaves = st.one_of(numbers, symbols, signs, st.builds(Derivative, symbols, symbols), st.sampled_from([Ellipsis(), Ellipsis("vertical")]))


def larger(formulas):
    several = st.lists(formulas, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        st.builds(Row, several),
        st.builds(Fraction, formulas, formulas),
        st.builds(Power, formulas, formulas),
        st.builds(Root, formulas),
        st.builds(Fenced, formulas, st.sampled_from(["(", "|", "[", "⌊"])),
        st.builds(Call, st.sampled_from(["tanh", "ln cosh", "σ", "my_f{"]), several),
        st.builds(Cases, formulas, formulas, formulas),
        st.builds(Sum, formulas, st.sampled_from(["", "k", "i,j", "a_b"])),
        st.builds(Transposed, formulas),
        st.builds(Matrix, st.lists(several, min_size=1, max_size=3).map(tuple)),
        several.map(lambda sides: Equation(sides, ("=",) * (len(sides) - 1))),
    )


formulas = st.recursive(leaves | st.builds(Prose, st.text(max_size=12) | st.sampled_from(HOSTILE)), larger, max_leaves=20)


def is_balanced(tex):
    plain = tex.replace(r"\\", "").replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for sign in plain:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0


@given(formulas)
def test_every_formula_prints_in_every_format(formula):
    line = formula_text(formula)
    assert "\n" not in line
    assert line == "".join(part for part, _ in segments(formula))
    drawn = text_block(formula)
    assert 0 <= drawn.base < len(drawn.lines)
    assert is_balanced(formula_latex(formula))
    assert formula_latex(formula).count(r"\begin") == formula_latex(formula).count(r"\end")
    assert formula_latex(formula).count(r"\left") - formula_latex(formula).count(r"\leftarrow") == formula_latex(formula).count(r"\right")
    ElementTree.fromstring(formula_mathml(formula, display=True, attributes=lambda key: {"data-key": key}))


@given(formulas, st.sampled_from([20, 60, 80]))
def test_lines_keep_to_their_width(formula, width):
    unbreakable, stretch = 0, 0
    for piece in inline_matrices(pieces(formula)):
        stretch = 0 if isinstance(piece, Break) else stretch + line_width([piece])
        unbreakable = max(unbreakable, stretch)
    assert all(line_width(line) <= max(width, unbreakable) for line in wrapped(formula, width))


@given(formulas, st.sampled_from([20, 60]))
def test_wrapping_loses_nothing(formula, width):
    if "Matrix" not in repr(formula):
        written, whole = ("".join(lines).replace(" ", "") for lines in (shown(wrapped(formula, width)), formula_text(formula)))
        tall = re.sub("[⎛⎜⎝⎞⎟⎠⎡⎢⎣⎤⎥⎦⎧⎪⎩│]", "", written) != written  # then lines stand beside each other
        assert written == whole or (tall and sorted(re.findall(r"[^\W_]", written)) == sorted(re.findall(r"[^\W_]", whole)))


# --- What a person gave ----------------------------------------------------------------------------------------------


def read(tex):
    """What LaTeX shows of escaped text."""
    for shown, escaped in (("\\", r"{\backslash}"), ("^", r"{\wedge}"), ("~", r"{\sim}"), ("<", "{<}"), (">", "{>}")):
        tex = tex.replace(escaped, f"\0{ord(shown)};")
    for sign in "$%#&_{}":
        tex = tex.replace("\\" + sign, f"\0{ord(sign)};")
    tex = tex.replace(r"\text{", "").replace("}", "")
    for sign in "\\^~<>$%#&_{}":
        tex = tex.replace(f"\0{ord(sign)};", sign)
    return tex


@pytest.mark.parametrize("given_text", HOSTILE)
def test_hostile_text_comes_out_as_itself(given_text):
    for formula in (Prose(given_text), Symbol(given_text), Call(given_text, (a,))):
        ending = "(a)" if isinstance(formula, Call) else ""
        assert formula_text(formula) == given_text + ending
        assert read(formula_latex(formula)) == given_text + ending
        markup = formula_mathml(formula)
        assert "".join(ElementTree.fromstring(markup).itertext()).replace("\u2061", "") == given_text + ending
        assert "<script>" not in markup


def test_characters_that_steer_terminals_or_reorder_lines_are_shown_as_codes():
    formula = Prose("a\x1b[31m\u202eb\x00\nc\ud800")
    assert formula_text(formula) == "a\\x1b[31m\\u202eb\\x00 c\\ud800"
    ElementTree.fromstring(formula_mathml(formula))


def test_latex_uses_nothing_that_github_forbids():
    everything = " ".join(formula_latex(formula) for formula, _, _ in FORMULAS)
    assert not any(macro in everything for macro in (r"\operatorname", r"\mbox", r"\require", r"\def", r"\href"))


def test_aligned_equations():
    equation = Equation((y, t, Number("3,5")), ("=", "≈"))
    assert aligned_latex(equation) == r"\begin{aligned} y &= t \\ &\approx 3{,}5 \end{aligned}"


def test_a_power_of_ten_has_no_1_before_it():
    written = [
        (form(Number("1", -8)), form(Number("−1", 3)), form(Number("2.5", 3))) for form in (formula_text, formula_latex, formula_typst)
    ]
    assert written[0] == ("10^−8", "−10^3", "2.5 · 10^3")
    assert written[1] == ("10^{-8}", "-10^{3}", r"2.5 \cdot 10^{3}")
    assert written[2] == ('attach(10, t: "−8")', '−attach(10, t: "3")', '2.5 dot.op attach(10, t: "3")')
    assert "<mn>1</mn>" not in formula_mathml(Number("−1", 3))
    assert "".join(run.letters for run in text_runs(Number("1", -8))) == "10−8"


def test_powers_of_ten_in_sentences_are_those_of_formulas():
    document = problem("2-2-1", optimizer="adam").explain()
    assert "below 10^−12" in plain(document)
    assert "⁻" not in plain(document)
    assert "below $`10^{-12}`$" in markdown(document)


def test_a_schedule_is_written_without_what_adds_nothing():
    text = plain(problem("seed", learning_rate="cosine:rate=0.01").explain())
    assert "η = 0.005 · (1 + cos(π · (k − 1) / 100))" in text
    assert "η = 0 +" not in text


def test_a_derivative_of_a_function_is_written_as_the_function_is():
    f, slope = Call("f", (z,)), Call("f′", (z,))
    assert (formula_latex(f), formula_latex(slope)) == ("f(z)", "f'(z)")
    assert (formula_typst(f), formula_typst(slope)) == ("f \\( z \\)", "attach(f, t: prime) \\( z \\)")
    assert "<msup><mi>f</mi><mo>′</mo></msup>" in formula_mathml(slope)
    lines = function_lines(Labels(), find("activation", "tanh"))
    assert not any(symbol.bold for line in lines for symbol in symbols(line))


def symbols(part: object) -> list[Symbol]:
    if isinstance(part, Symbol):
        return [part]
    parts = part if isinstance(part, tuple) else vars(part).values() if isinstance(part, FrozenValue) else ()
    return [one for inner in parts for one in symbols(inner)]


def test_typst_ends_no_line_in_brackets():
    short = row(y, times, Fenced(row(Number("1"), minus, y)))
    assert formula_typst(short) == 'y dot.op \\( class("normal", 1 − y) \\)'


def test_a_letter_says_below_whose_it_is():
    """W of the queries and z of f: so many letters side by side would be a product."""
    for symbol, latex in ((Symbol("WQ", "3"), "{W_{Q}}_{3}"), (Symbol("z_f", "", "(3)"), "{z_{f}}^{(3)}"), (Symbol("mu"), r"\mathrm{mu}")):
        assert formula_latex(symbol) == latex
    assert formula_typst(Symbol("WQ", "3")) == 'attach(attach(W, b: Q), b: "3")'
    assert "<msub><mi>W</mi><mi>Q</mi></msub>" in formula_mathml(Symbol("WQ", "3"))


def test_the_two_normalisations_of_a_block_have_the_letters_of_textbooks():
    block = {"inputs": [2, 2], "layers": [{"kind": "transformer_block"}, {"kind": "flatten"}, {"units": 1}]}
    text = str(problem(block).step().explain(detail="overview"))
    for line in ("n⁽¹⁾ = c⁽¹⁾ / √(v⁽¹⁾ + 10^−5)", "n′⁽¹⁾ = c′⁽¹⁾ / √(v′⁽¹⁾ + 10^−5)", "l′⁽¹⁾ = n′⁽¹⁾ ⊙ γ′1 + β′1"):
        assert line in text


def test_gates_of_a_gru_are_parts_of_its_sums():
    text = str(problem({"inputs": [2, 1], "layers": [{"kind": "gru", "units": 2}, {"units": 1}]}).step().explain(detail="matrix"))
    assert "r⁽¹⁾ᵗ² = σ(a⁽¹⁾ᵗ²[1 … 2] + s⁽¹⁾ᵗ²[1 … 2])" in text
    assert ")[" not in text.replace("b1)[", "")  # no part of a part
    assert "GRU(x), 2 units" in text
