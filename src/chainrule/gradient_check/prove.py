"""Proof that a definition does what it says: its derivatives against measured ones, its value against its formula on paper.

    import chainrule as cr
    from chainrule.gradient_check import prove

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

from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from typing import Any

import numpy as np

from chainrule.base.errors import InputError
from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import counted
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Primitive, Shape, as_expression, order, variable
from chainrule.formula.primitives import select
from chainrule.formula.scalar import Scalars
from chainrule.formula.stated import STATED
from chainrule.gradient_check.checks import Check, equal, failure, shape_text, truth
from chainrule.gradient_check.measuring import SIZES, Derive, derivatives, lettered_variables, random_operands, sizes_of
from chainrule.network.definitions import KINDS, Bound, Definition, find
from chainrule.network.layers import dense
from chainrule.network.network import Network


class Proof(FrozenValue):
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
        verdict = (
            f"{counted(len(self.checks), 'check')} passed"
            if self.passed
            else f"{len(self.failures)} of {counted(len(self.checks), 'check')} failed"
        )
        return "\n".join((f"{self.subject}: {verdict}", *(f"  {check}" for check in self.checks)))


def prove(
    subject: Definition | Bound | Primitive, *, shapes: Sequence[Shape] | None = None, seed: int = 0, derive: Derive = gradients
) -> Proof:
    """Test a definition (with its default options, or those it is bound to) or a primitive.

    shapes  of the operands z, W or y and t, and of those of elementwise primitives; some of several ranks unless given
    seed    of the random numbers: the same seed gives the same report
    derive  the derivation on trial: derive(of, wrt, seed) as `backprop.gradients`

    Activations, losses, regularisers and primitives: derivatives by every operand, shapes of the results, value = paper formula,
    element = index notation. Initialisers: a sample. Optimisers: shapes, finite numbers, the direction of the first step. Schedules:
    one finite rate per step. Of every definition, unless shapes or a derivation are given: a step of a small network with it,
    explained at every level of detail.
    Raises InputError only if there is no way to test the subject.
    """
    random = np.random.default_rng(seed)
    if isinstance(subject, Primitive):
        return Proof(subject.name, tuple(_primitive(subject, shapes, random, derive)))
    bound = subject.bind() if isinstance(subject, Definition) else subject
    if not isinstance(bound, Bound):
        raise InputError(f"{type(subject).__name__} is no definition and no primitive: a proof is of an activation, a loss …")
    trials = dict(zip(KINDS, (_activation, _loss, _regularizer, _initializer, _optimizer, _schedule), strict=True))
    try:
        checks = tuple(trials[bound.definition.kind](bound, shapes, random, derive))
        if shapes is None and derive is gradients:
            checks += (_explained(bound),)
    except (InputError, TypeError, ValueError, AttributeError) as error:
        checks = (failure("can be applied to expressions", f"{type(error).__name__}: {error}"),)
    return Proof(bound.name, checks)


# One trial for each kind.


def _activation(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for shape in shapes or _ranks(bound, "z"):
        z = variable(Name("z"), shape)
        h = as_expression(bound.apply(z))
        yield truth(f"h has the shape of z ({shape_text(shape)})", h.shape == z.shape, f"but it has the shape {shape_text(h.shape)}.")
        yield from derivatives("h", h, [z], random, derive)
    yield from _letters_for_options(bound, [z], random)


def _loss(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for shape in shapes or _ranks(bound, *bound.definition.operands):
        operands = [variable(Name(name), shape) for name in bound.definition.operands]
        loss = as_expression(bound.apply(*operands))
        fits = loss.shape in ((),) if bound.definition.targets == "gradient" else loss.shape in (shape, shape[:-1], shape[:1])
        of = " and ".join(bound.definition.operands)
        said = f"the loss of {of} ({shape_text(shape)}) is one number per output or per example"
        yield truth(said, fits, f"but is {shape_text(loss.shape)}.")
        yield from derivatives("loss", loss, operands, random, derive)
    yield from _letters_for_options(bound, operands, random)


def _regularizer(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for shape in shapes or ((4, 3), (5,), (2, 3, 2)):
        W = variable(Name("W"), shape)
        penalty = as_expression(bound.apply(W))
        yield truth(
            f"the penalty on W ({shape_text(shape)}) is one number", penalty.shape == (), f"but has the shape {shape_text(penalty.shape)}."
        )
        yield from derivatives("penalty", penalty, [W], random, derive)
    yield from _letters_for_options(bound, [W], random)


def _initializer(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    for inputs, units in shapes or ((3, 5), (5, 3), (1, 1)):
        assert isinstance(inputs, int)
        assert isinstance(units, int)
        W = bound.apply(variable(Name("inputs")), variable(Name("units"))).sample(random, inputs, units)
        yield truth("weights have the shape (inputs, units)", W.shape == (inputs, units), f"but {(inputs, units)} gave {W.shape}.")
        yield truth("weights are finite float64", W.dtype == np.float64 and np.isfinite(W).all(), f"but some of {W} are not.")


def _optimizer(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    names = bound.definition.operands
    states = [name for name in names[2:] if name != "k"]
    rates = {name: value.apply(as_expression(1)) for name, value in bound.options.items() if isinstance(value, Bound)}  # of step 1
    for shape in shapes or ((2, 3), (4,)):
        letters = {name: variable(Name(name), () if name == "k" else shape) for name in names}
        result = bound.apply(*letters.values(), **rates)
        results = result if isinstance(result, tuple) else (result,)
        wanted = f"the rule gives the new w and {counted(len(states), 'new state')} ({', '.join(states) or 'it has none'})"
        yield truth(wanted, len(results) == 1 + len(states), f"but it gives {counted(len(results), 'formula')}.")
        if len(results) != 1 + len(states):
            return
        yield truth(
            f"all of them have the shape of w ({shape_text(shape)})",
            all(r.shape == shape for r in results),
            f"not {', '.join(shape_text(r.shape) for r in results)}.",
        )
        yield from _steps(letters, dict(zip(["w", *states], results, strict=True)), random)
    yield from _letters_for_options(bound, list(letters.values()), random, **rates)


def _steps(letters: Mapping[str, Expression], rules: Mapping[str, Expression], random: np.random.Generator) -> Iterator[Check]:
    """Three steps from states of zero."""
    shape = sizes_of(letters["w"].shape)
    numbers = {name: random.normal(size=shape) if name == "w" else np.zeros(shape) for name in rules}
    start, first = numbers["w"], random.normal(size=shape)
    for k, g in enumerate((first, np.zeros(shape), random.normal(size=shape)), start=1):
        given = {**numbers, "g": g, "k": np.asarray(float(k))}
        values = evaluate(list(rules.values()), {letter: given[name] for name, letter in letters.items()})
        numbers = {name: np.asarray(values[rule]) for name, rule in rules.items()}
        yield truth(f"step {k} gives finite numbers", all(np.isfinite(n).all() for n in numbers.values()), f"but it gives {numbers}.")
        if k == 1:
            against = float(np.sum((numbers["w"] - start) * first))
            yield truth("the first step goes against the gradient", against < 0, f"but Δw · g summed over w is {against:.3g}.")


def _schedule(bound: Bound, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    k = variable(Name("k"))
    rate = as_expression(bound.apply(k))
    yield truth("the rate is one number", rate.shape == (), f"but it has the shape {shape_text(rate.shape)}.")
    for step in (1, 2, 3, 10, 50, 99, 100, 101, 1000):
        number = float(evaluate([rate], {k: np.asarray(float(step))})[rate])
        yield truth(f"the rate of step {step} is finite and not negative", 0 <= number < np.inf, f"but it is {number:.6g}.")
    yield from _letters_for_options(bound, [k], random)


LAYER: Shape = ("batch", 4)
"""The operands of a layer, which every activation and every loss must take."""


def _ranks(bound: Bound, *names: str) -> Iterator[Shape]:
    """The shape of a layer's numbers, and those of other ranks that the formula takes, too."""
    for shape in ((3,), LAYER, (2, 3, 2) if len(names) == 1 else (4, 1)):
        try:
            bound.apply(*(variable(Name(name), shape) for name in names))
        except InputError:
            if shape == LAYER:
                raise
        else:
            yield shape


def _explained(bound: Bound) -> Check:
    """A step of a network with the definition in it, on two examples, explained at every level of detail."""
    what, kind, sgd = "a step of a small network with it can be explained", bound.definition.kind, find("optimizer", "sgd")
    rule = bound if kind == "optimizer" else sgd.definition.bind(learning_rate=bound) if kind == "schedule" else sgd
    hidden = [dense(2, bound if kind == "activation" else "tanh")] if kind in ("activation", "loss") else []
    last = dense(2, initializer=bound) if kind == "initializer" else dense(2)
    chosen: dict[str, Any] = {"loss": "half_squared"} | ({kind: bound} if kind in ("loss", "regularizer") else {})
    try:
        network = Network(2, *hidden, last, **chosen)
        t = [[1, -1], [-1, 1]] if network.loss.definition.targets == "signs" else [[0.25, 0.75], [1, 0]]
        step = network.step([[1, 2], [-0.5, 1]], t if network.targets else None, rule)
        every: list[dict[str, Any]] = [{"detail": "overview"}, {"detail": "matrix"}, {"detail": "scalar"}, {"weight": "w1"}]
        for options in every:
            str(step.explain(**options))
    except Exception as error:  # noqa: BLE001  # a person's own function may raise anything
        return failure(what, f"{type(error).__name__}: {error}")
    return truth(what, holds=True, otherwise="")


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
    numbers = random_operands(plain, operands, random)
    if numbers is not None:
        numbers |= {letter: np.asarray(float(options[name])) for name, letter in letters.items()}
        values = evaluate([plain, lettered], numbers)
        yield equal(f"the same with letters for {', '.join(options)}", values[lettered], values[plain], "with letters", "with numbers")


# Primitives.

_EXAMPLES: Mapping[str, Sequence[tuple[Sequence[Shape], Mapping[str, Any]]]] = {
    "matmul": [([("batch", 3), (3, 4)], {}), ([(2, 2, 3), (2, 3, 1)], {}), ([("batch", 2, 3), (3, 2)], {})],
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
    "join": [([("batch", 2), ("batch", 3)], {"axis": 1}), ([(2, 2), (1, 2), (3, 2)], {"axis": 0})],
    "position": [([], {"extent": 4})],
    "largest": [([("batch", 3)], {"axis": 1}), ([(2, 3, 2)], {"axis": 0})],
    "at_largest": [([("batch", 3)], {"axis": 1}), ([(2, 3, 2)], {"axis": 1})],
    "window": [
        ([("batch", 6)], {"axis": 1, "lengths": (3,), "steps": (2,), "gaps": (1,)}),
        ([("batch", 7, 2)], {"axis": 1, "lengths": (2,), "steps": (1,), "gaps": (3,)}),
        ([(2, 4, 5, 2)], {"axis": 1, "lengths": (2, 3), "steps": (1, 2), "gaps": (2, 1)}),
        ([(5, 1)], {"axis": 0, "lengths": (1,), "steps": (3,), "gaps": (1,)}),
    ],
    "overlap": [
        ([("batch", 2, 3)], {"axis": 1, "steps": (2,), "gaps": (1,), "extents": (6,)}),
        ([("batch", 3, 2, 2)], {"axis": 1, "steps": (1,), "gaps": (2,), "extents": (5,)}),
        ([(2, 3, 2, 2, 1)], {"axis": 0, "steps": (1, 2), "gaps": (2, 1), "extents": (6, 7)}),
    ],
    "lookup": [([(3, 2), ("batch", 2)], {}), ([(3,), (4,)], {})],
    "added_at": [([("batch", 2, 2), ("batch", 2)], {"extent": 3}), ([(4,), (4,)], {"extent": 4})],
    "named": [([("batch", 3)], {"name": Name("h", layer=1)})],
    "variable": [([], {"name": Name("x"), "shape": (2, 3)})],
    "constant": [([], {"number": 2.5})],
    "size": [([], {"dimension": 3})],
    "pattern": [([], {"sizes": (2, 3), "gaps": ((0, 1), (1, 2))}), ([], {"sizes": (4,), "gaps": ()})],
}
"""Operands' shapes and parameters for the rows that are not elementwise."""


def _primitive(primitive: Primitive, shapes: Sequence[Shape] | None, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    if primitive.name in STATED:
        raise InputError(f"the gradient of {primitive.name} is stated, and is no derivative that could be measured.")
    if primitive.elementwise:
        for shape in shapes or ((), (4,), ("batch", 3), (2, 2, 2)):
            yield from _elementwise(primitive, shape, random, derive)
    elif primitive.name not in _EXAMPLES:
        raise InputError(f"there is no example for the primitive {primitive.name}; add one to _EXAMPLES beside this.")
    else:
        for example, parameters in _EXAMPLES[primitive.name]:
            operands = lettered_variables(example)
            node = primitive(*_placed(primitive, operands), **parameters)
            yield from derivatives(primitive.name, node, operands or [node], random, derive)
            yield from _index_notation(node, operands, random)


def _placed(primitive: Primitive, operands: Sequence[Expression]) -> Sequence[Expression]:
    """The operands, of which one that holds places is made of whole numbers: 0, 1 or 2."""
    if primitive.name not in ("lookup", "added_at"):
        return operands
    first, places = operands
    return first, select(places > 0.5, 2, select(places > -0.5, 1, 0))


def _elementwise(primitive: Primitive, shape: Shape, random: np.random.Generator, derive: Derive) -> Iterator[Check]:
    assert primitive.slope is not None
    operands = lettered_variables([shape] * (len(signature(primitive.value).parameters) - 1))
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
        numbers = random_operands(formula, operands, random)
        if numbers is not None:
            values = evaluate([node, formula], numbers)
            yield equal(
                f"{primitive.name} = its formula on paper ({shape_text(shape)})", values[node], values[formula], "the value", "the formula"
            )


def _index_notation(node: Expression, operands: Sequence[Expression], random: np.random.Generator) -> Iterator[Check]:
    """Each element of the result, found one by one, against the whole array."""
    if node.primitive.element is None:
        return
    reader = Scalars(SIZES)
    numbers = random_operands(node, operands, random)
    assert numbers is not None
    whole = np.asarray(evaluate([node], numbers)[node])
    elements = {index: reader(node, index) for index in np.ndindex(whole.shape)}
    letters = [letter for letter in order(*elements.values()) if letter.name is not None]
    given = {letter: np.asarray(numbers[reader.element(letter).quantity][reader.element(letter).index]) for letter in letters}
    values = evaluate(list(elements.values()), given)
    single = np.asarray([float(values[element]) for element in elements.values()]).reshape(whole.shape)
    yield equal(f"{node.primitive.name} = its index notation ({shape_text(node.shape)})", single, whole, "one by one", "as an array")


__all__ = ["Check", "Proof", "derivatives", "prove"]
