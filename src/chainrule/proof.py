"""Proof that a definition does what it says: its derivatives against measured ones, its value against its formula on paper.

    import chainrule as cr
    from chainrule.proof import prove

    @cr.activation
    def bent(z, *, bend=0.5):
        # a line and a wave
        return z + bend * cr.sin(z)

    print(prove(bent))              # what was compared, and how far apart it was
    prove(bent).demand()            # raises InputError if anything is wrong

The built-in definitions and every row of the table of primitives are tested by this very function. A derivative that is wrong by
0.05 % is rejected: the tolerance is 0.00001 % of the largest element.

How a derivative is measured: E = Σ weights · result, with random weights; each element of each operand is moved by ±h, ±h/2 and ±h/4,
and (E(x + h) − E(x − h)) / 2h at h → 0 is estimated from two of them and confirmed by the other two (Richardson). Where they
disagree there is a kink or a pole nearby, and other numbers are drawn. Formulas of analytic functions are measured a second time
with a complex step, Im E(x + ih) / h, which is right to the last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule import primitives as p
from chainrule.backprop import gradients
from chainrule.definitions import Bound, Definition
from chainrule.engines.keep import evaluate
from chainrule.errors import InputError
from chainrule.expression import Expression, Name, Primitive, Shape, as_expression, order, variable
from chainrule.scalar import Scalars

Array: TypeAlias = NDArray[Any]
Numbers: TypeAlias = dict[Expression, Array]
Derive: TypeAlias = Callable[[Expression, Sequence[Expression], Expression], Mapping[Expression, Expression]]

SIZES = {"batch": 2}
"""The numbers that stand for symbolic sizes here."""

MEASURED, EXACT = 1e-7, 1e-10
"""How far a derivative may be from one measured with differences, and a value from an equal formula, in parts of the largest element."""

DOMAINS: tuple[tuple[str, Callable[[np.random.Generator, tuple[int, ...]], Array]], ...] = (
    ("any number", lambda random, shape: random.normal(0, 3, shape)),
    ("above 0", lambda random, shape: random.uniform(0.2, 3, shape)),
    ("between 0 and 1", lambda random, shape: random.uniform(0.1, 0.9, shape)),
)
"""Where numbers are drawn from: the first domain in which a formula has a value."""

_DRAWS = 40
_NOT_ANALYTIC = {"absolute", "sign", "floor", "erf", "softplus", "log_cosh"}  # their values use |x|, ⌊x⌋ or real numbers only


@dataclass(frozen=True)
class Check:
    """One comparison.

    what       what was compared, with the shapes
    error      how far apart the two were, in parts of the largest element
    tolerance  how far apart they may be
    detail     the worst place, or why there is nothing to compare
    by         the operand, where a derivative was compared
    """

    what: str
    error: float
    tolerance: float
    detail: str = ""
    by: str = ""

    @property
    def passed(self) -> bool:
        """True if the error is within the tolerance; NaN is not."""
        return self.error <= self.tolerance

    def __str__(self) -> str:
        if self.passed:
            return f"right   {self.what}{f': off by {self.error:.1e} at most' if self.tolerance else ''}"
        return f"wrong   {self.what}: {self.detail}"


@dataclass(frozen=True)
class Report:
    """What `prove` found about one definition or primitive."""

    subject: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True if every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)

    def demand(self) -> None:
        """Raise InputError, in the words of the first failure, unless every check passed."""
        for check in self.failures[:1]:
            raise InputError(f"{self.subject}: {check.what}: {check.detail}")

    def __str__(self) -> str:
        verdict = f"{len(self.checks)} checks passed" if self.passed else f"{len(self.failures)} of {len(self.checks)} checks failed"
        return "\n".join((f"{self.subject}: {verdict}", *(f"  {check}" for check in self.checks)))


def prove(
    subject: Definition | Bound | Primitive, *, shapes: Sequence[Shape] | None = None, seed: int = 0, derive: Derive = gradients
) -> Report:
    """Test a definition (with its default options, or those it is bound to) or a primitive.

    shapes  of the operands z, W or y and t, and of those of elementwise primitives; some of several ranks unless given
    seed    of the random numbers: the same seed gives the same report
    derive  the derivation on trial: derive(of, wrt, seed) as `backprop.gradients`

    Activations, losses, regularisers and primitives: derivatives by every operand, shapes of the results, value = paper formula,
    element = index notation. Initialisers: a sample. Optimisers: shapes, finite numbers, the direction of the first step. Schedules:
    one finite rate per step. Raises InputError only if there is no way to test the subject.
    """
    random = np.random.default_rng(seed)
    if isinstance(subject, Primitive):
        return Report(subject.name, tuple(_primitive(subject, shapes, random, derive)))
    bound = subject.bind() if isinstance(subject, Definition) else subject
    trial = {
        "activation": _activation,
        "loss": _loss,
        "regularizer": _regularizer,
        "initializer": _initializer,
        "optimizer": _optimizer,
        "schedule": _schedule,
    }[bound.definition.kind]
    try:
        checks = tuple(trial(bound, shapes, random, derive))
    except (InputError, TypeError, ValueError, AttributeError) as error:
        checks = (_failure("can be applied to expressions", f"{type(error).__name__}: {error}"),)
    return Report(bound.name, checks)


# One trial for each kind.


def _activation(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for shape in shapes or ((3,), ("batch", 4), (2, 3, 2)):
        z = variable(Name("z"), shape)
        h = as_expression(bound.apply(z))
        yield _truth(f"h has the shape of z ({_shown(shape)})", h.shape == z.shape, f"but it has the shape {_shown(h.shape)}.")
        yield from derivatives("h", h, [z], random, derive)
    yield from _letters_for_options(bound, [z], random)


def _loss(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for shape in shapes or ((3,), ("batch", 4), (4, 1)):
        y, t = variable(Name("y"), shape), variable(Name("t"), shape)
        loss = as_expression(bound.apply(y, t))
        fits = loss.shape in (shape, shape[:-1])
        yield _truth(
            f"the loss of y and t ({_shown(shape)}) is one number per output or per example", fits, f"but is {_shown(loss.shape)}."
        )
        yield from derivatives("loss", loss, [y, t], random, derive)
    yield from _letters_for_options(bound, [y, t], random)


def _regularizer(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for shape in shapes or ((4, 3), (5,), (2, 3, 2)):
        W = variable(Name("W"), shape)
        penalty = as_expression(bound.apply(W))
        yield _truth(
            f"the penalty on W ({_shown(shape)}) is one number", penalty.shape == (), f"but has the shape {_shown(penalty.shape)}."
        )
        yield from derivatives("penalty", penalty, [W], random, derive)
    yield from _letters_for_options(bound, [W], random)


def _initializer(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for inputs, units in shapes or ((3, 5), (5, 3), (1, 1)):
        assert isinstance(inputs, int)
        assert isinstance(units, int)
        W = bound.apply(variable(Name("inputs")), variable(Name("units"))).sample(random, inputs, units)
        yield _truth("weights have the shape (inputs, units)", W.shape == (inputs, units), f"but {(inputs, units)} gave {W.shape}.")
        yield _truth("weights are finite float64", W.dtype == np.float64 and np.isfinite(W).all(), f"but some of {W} are not.")


def _optimizer(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    names = bound.definition.operands
    states = [name for name in names[2:] if name != "k"]
    rates = {name: value.apply(as_expression(1)) for name, value in bound.options.items() if isinstance(value, Bound)}  # of step 1
    for shape in shapes or ((2, 3), (4,)):
        letters = {name: variable(Name(name), () if name == "k" else shape) for name in names}
        result = bound.apply(*letters.values(), **rates)
        results = result if isinstance(result, tuple) else (result,)
        wanted = f"the rule gives the new w and {len(states)} new states ({', '.join(states) or 'it has none'})"
        yield _truth(wanted, len(results) == 1 + len(states), f"but it gives {len(results)} formulas.")
        if len(results) != 1 + len(states):
            return
        yield _truth(
            f"all of them have the shape of w ({_shown(shape)})",
            all(r.shape == shape for r in results),
            f"not {', '.join(_shown(r.shape) for r in results)}.",
        )
        yield from _steps(letters, dict(zip(["w", *states], results, strict=True)), random)
    yield from _letters_for_options(bound, list(letters.values()), random, **rates)


def _steps(letters: Mapping[str, Expression], rules: Mapping[str, Expression], random: np.random.Generator) -> Iterator[Check]:
    """Three steps from states of zero."""
    shape = _sizes(letters["w"].shape)
    numbers = {name: random.normal(size=shape) if name == "w" else np.zeros(shape) for name in rules}
    start, first = numbers["w"], random.normal(size=shape)
    for k, g in enumerate((first, np.zeros(shape), random.normal(size=shape)), start=1):
        given = {**numbers, "g": g, "k": np.asarray(float(k))}
        values = evaluate(list(rules.values()), {letter: given[name] for name, letter in letters.items()})
        numbers = {name: np.asarray(values[rule]) for name, rule in rules.items()}
        yield _truth(f"step {k} gives finite numbers", all(np.isfinite(n).all() for n in numbers.values()), f"but it gives {numbers}.")
        if k == 1:
            against = float(np.sum((numbers["w"] - start) * first))
            yield _truth("the first step goes against the gradient", against < 0, f"but Δw · g summed over w is {against:.3g}.")


def _schedule(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    k = variable(Name("k"))
    rate = as_expression(bound.apply(k))
    yield _truth("the rate is one number", rate.shape == (), f"but it has the shape {_shown(rate.shape)}.")
    for step in (1, 2, 3, 10, 50, 99, 100, 101, 1000):
        number = float(evaluate([rate], {k: np.asarray(float(step))})[rate])
        yield _truth(f"the rate of step {step} is finite and not negative", 0 <= number < np.inf, f"but it is {number:.6g}.")
    yield from _letters_for_options(bound, [k], random)


def _letters_for_options(
    bound: Bound, operands: Sequence[Expression], random: np.random.Generator, **others: Expression
) -> Iterator[Check]:
    """Explanations write η for the learning rate: an option must be able to be a letter."""
    options = {name: value for name, value in bound.options.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}
    if not options:
        return
    letters = {name: variable(Name(name)) for name in options}
    results = (bound.apply(*operands, **others), bound.apply(*operands, **others, **letters))
    plain, lettered = (as_expression(result[0] if isinstance(result, tuple) else result) for result in results)
    numbers = _drawn(plain, operands, random)
    if numbers is not None:
        numbers |= {letter: np.asarray(float(options[name])) for name, letter in letters.items()}
        values = evaluate([plain, lettered], numbers)
        yield _equal(f"the same with letters for {', '.join(options)}", values[lettered], values[plain], "with letters", "with numbers")


# Primitives.

_EXAMPLES: Mapping[str, Sequence[tuple[Sequence[Shape], Mapping[str, Any]]]] = {
    "matmul": [([("batch", 3), (3, 4)], {}), ([(2, 2, 3), (2, 3, 1)], {})],
    "transpose": [([("batch", 3)], {"axes": (1, 0)}), ([(2, 3, 4)], {"axes": (2, 0, 1)})],
    "spread": [
        ([(3,)], {"axes": (0,), "sizes": (2,)}),
        ([()], {"axes": (0, 1), "sizes": (2, 3)}),
        ([(2,)], {"axes": (1,), "sizes": (3,)}),
    ],
    "total": [([("batch", 3)], {"axes": (0,)}), ([(2, 3, 2)], {"axes": (0, 2)}), ([(4,)], {"axes": (0,)})],
    "mean": [([("batch", 3)], {"axes": (0,)}), ([(2, 3, 2)], {"axes": (0, 2)}), ([("batch", 3)], {"axes": (0, 1)})],
    "softmax": [([("batch", 4)], {"axis": 1}), ([(3, 2, 2)], {"axis": 0})],
    "logsumexp": [([("batch", 4)], {"axis": 1}), ([(3, 2, 2)], {"axis": 0})],
    "reshape": [([(2, 6)], {"sizes": (3, 4)}), ([("batch", 2, 3)], {"sizes": ("batch", 6)})],
    "part": [([("batch", 5)], {"axis": 1, "start": 1, "stop": 4}), ([(4, 2)], {"axis": 0, "start": 0, "stop": 1})],
    "place": [([("batch", 2)], {"axis": 1, "start": 1, "extent": 5}), ([(2, 2)], {"axis": 0, "start": 0, "extent": 3})],
    "named": [([("batch", 3)], {"name": Name("h", layer=1)})],
    "variable": [([], {"name": Name("x"), "shape": (2, 3)})],
    "constant": [([], {"number": 2.5})],
    "size": [([], {"dimension": 3})],
}
"""Operands' shapes and parameters for the rows that are not elementwise."""


def _primitive(primitive: Primitive, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    if primitive.elementwise:
        for shape in shapes or ((), (4,), ("batch", 3), (2, 2, 2)):
            yield from _elementwise(primitive, shape, random, derive)
    elif primitive.name not in _EXAMPLES:
        raise InputError(f"there is no example for the primitive {primitive.name}; add one to _EXAMPLES in chainrule/proof.py.")
    else:
        for example, parameters in _EXAMPLES[primitive.name]:
            operands = _letters(example)
            node = primitive(*operands, **parameters)
            yield from derivatives(primitive.name, node, operands or [node], random, derive)
            yield from _index_notation(node, operands, random)


def _elementwise(primitive: Primitive, shape: Shape, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    assert primitive.slope is not None
    operands = _letters([shape] * (len(signature(primitive.value).parameters) - 1))
    arguments = [operands[0] > 0, *operands[1:]] if primitive.name == "select" else operands
    node = primitive(*arguments)
    slopes = primitive.slope(*arguments, node)
    by = [operand for operand, slope in zip(operands, slopes, strict=True) if slope is not None]
    yield from derivatives(primitive.name, node, by, random, derive, others=operands)
    own = {operand: slope for operand, slope in zip(operands, slopes, strict=True) if slope is not None}
    yield from derivatives(
        f"{primitive.name} by its slope", node, by, random, lambda of, wrt, g: {x: g * as_expression(own[x]) for x in wrt}, others=operands
    )
    if primitive.paper is not None:
        formula = primitive.paper(*operands)
        numbers = _drawn(formula, operands, random)
        if numbers is not None:
            values = evaluate([node, formula], numbers)
            yield _equal(
                f"{primitive.name} = its formula on paper ({_shown(shape)})", values[node], values[formula], "the value", "the formula"
            )


def _index_notation(node: Expression, operands: Sequence[Expression], random: np.random.Generator) -> Iterator[Check]:
    """Each element of the result, found one by one, against the whole array."""
    if node.primitive.element is None:
        return
    reader = Scalars(SIZES)
    numbers = _drawn(node, operands, random)
    assert numbers is not None
    whole = np.asarray(evaluate([node], numbers)[node])
    elements = {index: reader(node, index) for index in np.ndindex(whole.shape)}
    letters = [letter for letter in order(*elements.values()) if letter.name is not None]
    given = {letter: np.asarray(numbers[reader.element(letter).quantity][reader.element(letter).index]) for letter in letters}
    values = evaluate(list(elements.values()), given)
    single = np.asarray([float(values[element]) for element in elements.values()]).reshape(whole.shape)
    yield _equal(f"{node.primitive.name} = its index notation ({_shown(node.shape)})", single, whole, "one by one", "as an array")


# Derivatives, derived and measured.


def derivatives(
    what: str,
    of: Expression,
    by: Sequence[Expression],
    random: np.random.Generator,
    derive: Derive = gradients,
    others: Sequence[Expression] = (),
) -> Iterator[Check]:
    """∂of/∂ each of `by`, derived, against differences and, where the formula is analytic, a complex step.

    of      any expression of variables
    by      the variables to derive by; `others` are further variables in `of`
    """
    labels = {x: f"∂{what}/∂{x.name} ({x.name}: {_shown(x.shape)})" for x in by}
    weights = variable(Name("weights"), of.shape)
    try:
        derived = derive(of, by, weights)
    except InputError as error:
        yield from (_failure(label, str(error), str(x.name)) for x, label in labels.items())
        return
    seen = list(dict.fromkeys((*by, *others)))
    for _, draw in DOMAINS:
        for _ in range(_DRAWS):
            numbers = {x: draw(random, _sizes(x.shape)) for x in seen}
            if not _finite(of, numbers):
                break
            weighted = random.uniform(0.5, 1.5, _sizes(of.shape)) * random.choice((-1.0, 1.0), _sizes(of.shape))
            measured = [_measured(of, x, numbers, weighted) for x in by]
            if all(m is not None for m in measured):
                yield from _judged(labels, of, derived, {**numbers, weights: weighted}, weighted, measured)
                return
    nowhere = "there was no place without a kink, a pole or NaN to measure it at."
    yield from (_failure(label, nowhere, str(x.name)) for x, label in labels.items())


def _judged(
    labels: Mapping[Expression, str],
    of: Expression,
    derived: Mapping[Expression, Expression],
    numbers: Numbers,
    weighted: Array,
    measured: Sequence[Array | None],
) -> Iterator[Check]:
    values = evaluate([derived[x] for x in labels], numbers)
    analytic = all(node.primitive.name not in _NOT_ANALYTIC for node in order(of))
    for (x, label), differences in zip(labels.items(), measured, strict=True):
        assert differences is not None
        got = np.asarray(values[derived[x]])
        yield _compared(label, got, differences, MEASURED, "the formula", "differences", by=(str(x.name), numbers[x]))
        if analytic:
            steps = _complex_step(of, x, numbers, weighted)
            yield _compared(f"{label}, by a complex step", got, steps, EXACT, "the formula", "a complex step", by=(str(x.name), numbers[x]))


def _measured(of: Expression, x: Expression, numbers: Numbers, weights: Array, h: float = 1e-3) -> Array | None:
    """∂(Σ weights · of)/∂x by central differences; None where they cannot be trusted."""

    def central(index: tuple[int, ...], h: float) -> float:
        return float(_moved(of, x, numbers, weights, index, h) - _moved(of, x, numbers, weights, index, -h)) / (2 * h)

    first, second = np.zeros(numbers[x].shape), np.zeros(numbers[x].shape)
    for index in np.ndindex(first.shape):
        coarse, middle, fine = (central(index, h / divisor) for divisor in (1, 2, 4))
        first[index], second[index] = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    agree = np.abs(first - second) <= MEASURED / 2 * _scale(second)  # NaN agrees with nothing
    return second if agree.all() else None


def _complex_step(of: Expression, x: Expression, numbers: Numbers, weights: Array, h: float = 1e-30) -> Array:
    """∂(Σ weights · of)/∂x as Im E(x + ih) / h: nothing is subtracted, so nothing is lost."""
    result = np.zeros(numbers[x].shape)
    for index in np.ndindex(result.shape):
        result[index] = np.imag(_moved(of, x, numbers, weights, index, h * 1j)) / h
    return result


def _moved(of: Expression, x: Expression, numbers: Numbers, weights: Array, index: tuple[int, ...], by: complex) -> Any:
    """Σ weights · of where one element of x is moved."""
    moved = numbers[x].astype(np.result_type(numbers[x], type(by)))
    moved[index] += by
    return np.sum(weights * evaluate([of], {**numbers, x: moved})[of])


def _drawn(of: Expression, operands: Sequence[Expression], random: np.random.Generator) -> Numbers | None:
    """Numbers for which `of` has a value, or None."""
    for _, draw in DOMAINS:
        numbers = {x: draw(random, _sizes(x.shape)) for x in operands}
        if _finite(of, numbers):
            return numbers
    return None


def _finite(of: Expression, numbers: Numbers) -> bool:
    if of.primitive is p.variable:
        return True
    return bool(np.isfinite(evaluate([of], numbers)[of]).all())


def _letters(shapes: Sequence[Shape]) -> list[Expression]:
    return [variable(Name(letter), shape) for letter, shape in zip("abcd", shapes, strict=False)]


def _sizes(shape: Shape) -> tuple[int, ...]:
    return tuple(SIZES[dimension] if isinstance(dimension, str) else dimension for dimension in shape)


# Verdicts.


def _shown(shape: Shape) -> str:
    """A shape as people write it: batch × 3."""
    return " × ".join(str(dimension) for dimension in shape) or "one number"


def _scale(array: Array, least: float = 1e-9) -> float:
    """The largest magnitude; 1 where all is as good as zero."""
    largest = float(np.max(np.abs(array), initial=0.0))
    return largest if largest > least else 1.0


def _equal(what: str, got: Any, wanted: Any, ours: str, theirs: str) -> Check:
    """Two values that should be equal, with the rounding of numbers around 1 allowed for."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape:
        return _failure(what, f"{ours} gives the shape {got.shape}, {theirs} the shape {wanted.shape}.")
    return _compared(what, got, wanted, EXACT, ours, theirs, scale=_scale(wanted, least=1.0))


def _compared(
    what: str,
    got: Array,
    wanted: Array,
    tolerance: float,
    ours: str,
    theirs: str,
    by: tuple[str, Array] | None = None,
    scale: float | None = None,
) -> Check:
    """Two arrays that should be equal; the detail names the worst element, counted from 1."""
    apart = np.abs(got - wanted) / (_scale(wanted) if scale is None else scale)
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape)
    index = f"[{','.join(str(int(i) + 1) for i in worst)}]" if worst else ""
    place = f"at {by[0]}{index} = {by[1][worst]:.6g} " if by else f"at {index} " if index else ""
    size = f"{100 * abs(got[worst] - wanted[worst]) / _scale(wanted[worst]):.2g} %"
    detail = f"{place}{ours} says {got[worst]:.9g}, {theirs} {wanted[worst]:.9g}: off by {size}."
    return Check(what, float(apart[worst]), tolerance, detail, by[0] if by else "")


def _truth(what: str, holds: Any, otherwise: str) -> Check:
    return Check(what, 0.0, 0.0) if holds else _failure(what, otherwise)


def _failure(what: str, why: str, by: str = "") -> Check:
    return Check(what, float("inf"), 0.0, why, by)


__all__ = ["Check", "Report", "derivatives", "prove"]
