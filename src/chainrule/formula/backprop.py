"""Back-propagation: from a graph to the graph of its gradients.

Walking backwards from E, every node collects g = ∂E/∂node from the nodes that use it and hands it on to its arguments. A gradient
takes its name the moment it is complete, so that every formula below it stays short. Elementwise stretches between two such points
are differentiated as the functions of one variable that they are: ∂E/∂z = ∂E/∂h ⊙ f′(z).

One unit, with one input, one weight and one target:

    >>> from chainrule.formula.expression import Name, definition, variable
    >>> from chainrule.formula.primitives import tanh
    >>> w, x, t = (variable(Name(letter)) for letter in "wxt")
    >>> z = named(Name("z"), w * x)
    >>> y = named(Name("y"), tanh(z))
    >>> E = named(Name("E"), (y - t) ** 2 / 2)

The walk meets E, y, z and w, in this order. From E down to y it is one stretch, ½ (y − t)², whose slope is y − t. Nothing else uses y,
so ∂E/∂y is complete and named. Times the slope of tanh, 1 − y², it is ∂E/∂z, which is called δ; times x it is ∂E/∂w.

    >>> for quantity, gradient in gradients(E, [y, z, w]).items():
    ...     print(quantity.name, gradient, "=", definition(gradient))
    y ∂E/∂y = y − t
    z δ = ∂E/∂y · (1 − y^2)
    w ∂E/∂w = δ · x

Where two use a quantity, it waits for both, and its gradient is the sum of what they hand on. In E = y z, z gets y from E itself and the
rest by way of y:

    >>> definition(gradients(named(Name("E"), y * z), [z])[z])
    y + ∂E/∂y · (1 − y^2)

With the names as walls, only the last of the factors is left:

    >>> local_derivatives(y, [z], seed=as_expression(1))[z]
    1 − y^2
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chainrule.base.errors import InputError
from chainrule.formula.closed_forms import FormPlace
from chainrule.formula.expression import Expression, as_expression, consumers, named, order
from chainrule.formula.primitives import add, multiply, select, spread
from chainrule.formula.tidy import tidy


def gradients(
    of: Expression, wrt: Sequence[Expression], seed: Expression | None = None, closed: Iterable[FormPlace] = ()
) -> dict[Expression, Expression]:
    """∂`of`/∂ each of `wrt`, as expressions of the same shapes; every one is named after what it belongs to.

    of      a scalar; or any quantity when `seed`, an expression of its shape, is given: then Σ seed · ∂of/∂wrt
    wrt     variables or named quantities below `of`; one that `of` does not depend on has a gradient of zeros
    closed  where a closed form is taken in place of what the rules derive; what lies inside gets no gradient there
    """
    return _Walk(of, wrt, names=True, closed=closed).run(as_expression(1) if seed is None else seed)


def local_derivatives(of: Expression, wrt: Sequence[Expression], seed: Expression) -> dict[Expression, Expression]:
    """The derivative of one named quantity by its neighbours, carried by `seed` (of the shape of `of`): Σ seed · ∂of/∂wrt.

    Names are walls: nothing behind another name is seen. These are the factors of a chain rule.
    """
    return _Walk(of, wrt, names=False).run(seed)


class _Walk:
    def __init__(self, of: Expression, wrt: Sequence[Expression], names: bool, closed: Iterable[FormPlace] = ()) -> None:
        self.of, self.wrt, self.names = of, tuple(wrt), names
        self.closed = {place.value: place for place in closed}
        self.nodes = order(of, wall=self._is_wall)
        self.users = consumers(self.nodes)
        self.relevant = self._relevant()
        self.names_of = {node.arguments[0]: node for node in self.nodes if node.primitive.name == "named"}
        self.collected: dict[Expression, Expression] = {}

    def _is_wall(self, node: Expression) -> bool:
        return not self.names and node.name is not None and node is not self.of

    def _relevant(self) -> set[Expression]:
        """The nodes through which E depends on something asked for."""
        relevant = set(self.wrt)
        for node in self.nodes:
            if any(argument in relevant for argument in node.arguments):
                relevant.add(node)
        return relevant

    def run(self, seed: Expression) -> dict[Expression, Expression]:
        if self.of in self.relevant:
            self.collected[self.of] = seed
        for node in reversed(self.nodes):
            if node in self.collected:
                g = self._complete(node)
                if node in self.closed:
                    self._through_closed(self.closed[node], g)
                elif node.primitive.elementwise:
                    self._through_elementwise(node, g)
                else:
                    self._through(node, g)
        return {target: self._result(target) for target in self.wrt}

    def _result(self, target: Expression) -> Expression:
        if target in self.collected:
            return self.collected[target]
        zeros = spread(as_expression(0), axes=tuple(range(len(target.shape))), sizes=target.shape) if target.shape else as_expression(0)
        return named(target.name.of_gradient, zeros) if self.names and target.name else zeros

    def _complete(self, node: Expression) -> Expression:
        g = tidy(self.collected[node])
        if self.names and node.name is not None and node is not self.of:
            g = named(node.name.of_gradient, g)
        self.collected[node] = g
        return g

    def _collect(self, node: Expression, g: Expression | None) -> None:
        if node in self.relevant and g is not None and g.constant != 0:
            before = self.collected.get(node)
            self.collected[node] = g if before is None else add(before, g)

    def _through(self, node: Expression, g: Expression) -> None:
        if node.primitive.pullback is None or self._is_wall(node):
            return
        carried = node.primitive.pullback(g, *node.arguments, self.names_of.get(node, node), **node.parameters)
        for argument, part in zip(node.arguments, carried, strict=True):
            self._collect(argument, None if part is None else tidy(part))

    def _through_closed(self, place: FormPlace, g: Expression) -> None:
        for operand, part in zip(place.operands, place.gradients(g), strict=True):
            self._collect(operand, tidy(part))

    def _through_elementwise(self, root: Expression, g: Expression) -> None:
        """g ⊙ ∂root/∂border for the whole elementwise stretch below `root`, in one formula."""
        inside = self._stretch(root)
        border = [a for node in inside for a in node.arguments if a not in inside and a in self.relevant]
        for target in dict.fromkeys(border):
            self._collect(target, tidy(multiply(g, self._slope(root, target, inside))))

    def _stretch(self, root: Expression) -> dict[Expression, None]:
        """The elementwise nodes below `root` that nothing else uses, `root` first."""
        inside = {root: None}
        below = order(root, wall=lambda node: node is not root and (node not in self.users or not node.primitive.elementwise))
        for node in reversed(below):
            alone = node in self.users and all(user in inside for user in self.users[node])
            ends = node.name is not None or node in self.wrt or node in self.closed
            if node is not root and node.primitive.elementwise and alone and not ends:
                inside[node] = None
        return inside

    def _slope(self, root: Expression, target: Expression, inside: dict[Expression, None]) -> Expression:
        """∂root/∂target through the nodes `inside`: the chain rule of functions of one variable."""
        slopes: dict[Expression, Expression] = {target: as_expression(1)}
        for node in reversed(inside):
            parts = [slopes.get(argument) for argument in node.arguments]
            if node.primitive is select:
                if any(part is not None for part in parts[1:]):
                    condition = node.arguments[0]
                    slopes[node] = tidy(select(condition, *(as_expression(0) if part is None else part for part in parts[1:])))
                continue
            assert node.primitive.slope is not None
            result: Expression | None = None
            for part, own in zip(parts, node.primitive.slope(*node.arguments, self.names_of.get(node, node)), strict=True):
                if part is None:
                    continue
                if own is None:
                    raise InputError(
                        f"{node.primitive.name} has no derivative for the argument that depends on {target.name or 'a formula'}."
                    )
                term = multiply(own, part)
                result = term if result is None else result + term
            if result is not None:
                slopes[node] = tidy(result)
        return slopes.get(root, as_expression(0))
