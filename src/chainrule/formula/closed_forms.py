"""Closed forms of gradients that textbooks state: what back-propagation through several formulas always comes to.

A closed form says that the gradient which the rules derive equals a short formula, for any numbers and any shape. The tests prove each
against what is derived. Explanations show the derivation as it is; engines may compute the short formula in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.base.frozen import FrozenValue
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, ExpressionLike, Name, Primitive, Shape, order, variable
from chainrule.formula.theorems import matches


class ClosedForm(FrozenValue):
    """`gradients(g, *operands)` is what ∂E/∂ each operand is, where g = ∂E/∂ `value(*operands)`.

    key      its name in catalogues of words
    title    what it is the gradient of
    value    of the operands, and of numbers by their letters
    shapes   of the operands, if `value` stands at a node
    last     the operation that gives the value
    has      another one that is in it
    source   where it is stated
    numbers  the letters of its numbers, as epsilon
    """

    key: str
    title: str
    value: Callable[..., Expression]
    gradients: Callable[..., tuple[Expression, ...]]
    shapes: Callable[[Expression], tuple[Shape, ...]]
    last: Primitive
    has: Primitive
    source: str
    numbers: tuple[str, ...] = ()


class FormPlace(FrozenValue):
    """A closed form found in a graph: `value` is there what the form is of, with these operands and numbers."""

    form: ClosedForm
    value: Expression
    operands: tuple[Expression, ...]
    numbers: tuple[Expression, ...] = ()

    def gradients(self, g: Expression) -> tuple[Expression, ...]:
        """∂E/∂ each operand, as far as it comes by way of this value; g = ∂E/∂ the value."""
        return self.form.gradients(g, *self.operands, **dict(zip(self.form.numbers, self.numbers, strict=True)))

    @property
    def inside(self) -> set[Expression]:
        """What lies between the operands and the value."""
        return {*order(self.value, wall=self.operands.__contains__)} - {self.value, *self.operands}


def form_places(root: Expression) -> list[FormPlace]:
    """Every value below `root` of which a closed form is known, with the first that is: the outermost of those that lie in each other,
    and where nothing else uses what lies inside.
    """
    nodes = order(root)
    users: dict[Expression, set[Expression]] = {}
    for node in nodes:
        for argument in node.arguments:
            users.setdefault(argument, set()).add(node)
    operations = {node.primitive for node in nodes}
    forms = [form for form in CLOSED_FORMS if form.has in operations]
    found: list[FormPlace] = []
    covered: set[Expression] = set()
    for node in reversed(nodes):
        place = None if node in covered else next(filter(None, (_found(form, node) for form in forms)), None)
        if place is not None:
            inside = {one for one in place.inside if one.arguments}
            if all(users[one] <= {node, *inside} for one in inside):
                found.append(place)
                covered |= inside
    return found


def _found(form: ClosedForm, node: Expression) -> FormPlace | None:
    """The form, if a node has it."""
    if node.primitive is not form.last or len(node.shape) < 2:
        return None
    operands = [variable(Name(f"operand{i}"), shape) for i, shape in enumerate(form.shapes(node))]
    numbers = [variable(Name(letter)) for letter in form.numbers]
    pattern = form.value(*operands, **dict(zip(form.numbers, numbers, strict=True)))
    found: dict[Expression, Expression] = {}
    if pattern.shape != node.shape or not matches(pattern, node, found, (*operands, *numbers)):
        return None
    return FormPlace(form, node, tuple(found[one] for one in operands), tuple(found[one] for one in numbers))


def normalised(x: Expression, axes: Sequence[int], epsilon: ExpressionLike) -> Expression:
    """n = (x − μ) / √(v + ε), with μ and v over some axes."""
    centred = x - p.spread_like(p.mean(x, axes=tuple(axes)), axes, x)
    return centred / _deviation(x, axes, epsilon)


def normalised_gradient(g: Expression, x: Expression, axes: Sequence[int], epsilon: ExpressionLike) -> Expression:
    """∂E/∂x = (g − mean g − n · mean(g ⊙ n)) / √(v + ε), where n is `normalised`."""
    n = normalised(x, axes, epsilon)
    common = p.spread_like(p.mean(g, axes=tuple(axes)), axes, x)
    along = p.spread_like(p.mean(g * n, axes=tuple(axes)), axes, x)
    return (g - common - n * along) / _deviation(x, axes, epsilon)


def _deviation(x: Expression, axes: Sequence[int], epsilon: ExpressionLike) -> Expression:
    return p.spread_like(_root(x, axes, epsilon), axes, x)


def _root(x: Expression, axes: Sequence[int], epsilon: ExpressionLike) -> Expression:
    centred = x - p.spread_like(p.mean(x, axes=tuple(axes)), axes, x)
    return p.sqrt(p.mean(centred**2, axes=tuple(axes)) + epsilon)


def scaled(x: Expression, gamma: Expression, beta: Expression, epsilon: ExpressionLike = 1e-5) -> Expression:
    """γ ⊙ n + β, one of each for every channel, where n is `normalised` over all other axes."""
    return normalised(x, _axes_of_batch(x), epsilon) * gamma + beta


def scaled_gradients(
    g: Expression, x: Expression, gamma: Expression, beta: Expression, epsilon: ExpressionLike = 1e-5
) -> tuple[Expression, ...]:
    """∂E/∂x = γ / √(v + ε) · (g − ∂E/∂β / m − n · ∂E/∂γ / m) of m numbers; ∂E/∂γ = Σ g ⊙ n and ∂E/∂β = Σ g, which are sums as well."""
    axes = tuple(_axes_of_batch(x))
    n, m = normalised(x, axes, epsilon), p.count(x.shape, axes)

    def sums() -> tuple[Expression, Expression]:  # new nodes each time, so that those of γ and β may have names
        return p.total(g * n, axes=axes), p.total(g, axes=axes)

    along, common = (p.spread_like(one / m, axes, x) for one in sums())
    return (g - common - n * along) * p.spread_like(gamma / _root(x, axes, epsilon), axes, x), *sums()


def _axes_of_batch(x: Expression) -> Sequence[int]:
    return range(len(x.shape) - 1)


def root_mean_square(x: Expression, epsilon: ExpressionLike = 1e-5) -> Expression:
    """n = x / √(mean of x² + ε), along the last axis."""
    return x / _root_mean_square(x, epsilon)


def root_mean_square_gradient(g: Expression, x: Expression, epsilon: ExpressionLike = 1e-5) -> tuple[Expression]:
    """∂E/∂x = (g − n · mean(g ⊙ n)) / √(mean of x² + ε)."""
    n, axes = root_mean_square(x, epsilon), (len(x.shape) - 1,)
    return ((g - n * p.spread_like(p.mean(g * n, axes=axes), axes, x)) / _root_mean_square(x, epsilon),)


def _root_mean_square(x: Expression, epsilon: ExpressionLike) -> Expression:
    axes = (len(x.shape) - 1,)
    return p.spread_like(p.sqrt(p.mean(x**2, axes=axes) + epsilon), axes, x)


def attended(scores: Expression, v: Expression) -> Expression:
    """C = A V, with the shares A = softmax(S) along the last axis."""
    return p.softmax(scores, axis=len(scores.shape) - 1) @ v


def attended_gradients(g: Expression, scores: Expression, v: Expression) -> tuple[Expression, Expression]:
    """∂E/∂S = A ⊙ (g Vᵀ − Σ g ⊙ C), where Σ is along the features of C, for Σ A ⊙ g Vᵀ along all places; and ∂E/∂V = Aᵀ g, summed
    over all that share one V.
    """
    shares, last = p.softmax(scores, axis=len(scores.shape) - 1), (len(scores.shape) - 1,)
    common = p.spread_like(p.total(g * attended(scores, v), axes=last), last, scores)
    shared, of_each = tuple(range(len(scores.shape) - len(v.shape))), p.swapped(shares) @ g
    return shares * (g @ p.swapped(v) - common), p.total(of_each, axes=shared) if shared else of_each


def _normalisation(key: str, title: str, axes: Callable[[Expression], Sequence[int]], source: str) -> ClosedForm:
    """The closed form of a normalisation over those axes of a signal."""
    return ClosedForm(
        key,
        title,
        lambda x, epsilon=1e-5: normalised(x, axes(x), epsilon),
        lambda g, x, epsilon=1e-5: (normalised_gradient(g, x, axes(x), epsilon),),
        _alike,
        p.divide,
        p.sqrt,
        source,
        ("epsilon",),
    )


def _alike(value: Expression) -> tuple[Shape]:
    return (value.shape,)


CLOSED_FORMS = (
    ClosedForm(
        "scaled_batch_norm",
        "batch normalisation",
        scaled,
        scaled_gradients,
        lambda value: (value.shape, value.shape[-1:], value.shape[-1:]),
        p.add,
        p.sqrt,
        "Ioffe & Szegedy (2015), section 3",
        ("epsilon",),
    ),
    _normalisation("batch_norm", "batch normalisation", _axes_of_batch, "Ioffe & Szegedy (2015), section 3"),
    _normalisation("layer_norm", "layer normalisation", lambda x: (len(x.shape) - 1,), "Ba, Kiros & Hinton (2016), supplementary material"),
    _normalisation(
        "instance_norm",
        "instance normalisation",
        lambda x: range(1, len(x.shape) - 1),
        "Ulyanov, Vedaldi & Lempitsky (2016), eq. 2, with the gradient of batch normalisation",
    ),
    _normalisation(
        "group_norm",
        "group normalisation",
        lambda x: (*range(1, len(x.shape) - 2), len(x.shape) - 1),
        "Wu & He (2018), eq. 1, with the gradient of layer normalisation",
    ),
    ClosedForm(
        "rms_norm",
        "RMS normalisation",
        root_mean_square,
        root_mean_square_gradient,
        _alike,
        p.divide,
        p.sqrt,
        "Zhang & Sennrich (2019), section 4",
        ("epsilon",),
    ),
    ClosedForm(
        "attention",
        "attention",
        attended,
        attended_gradients,
        lambda value: tuple(argument.shape for argument in value.arguments),
        p.matmul,
        p.softmax,
        "Dao et al. (2022), FlashAttention, appendix B.2",
    ),
)
