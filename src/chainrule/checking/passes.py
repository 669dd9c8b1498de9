"""One probe, layer by layer: what goes into a layer, what comes out, its slope at whatever is put into it, and the true gradients.

Everything comes from the network's own expressions; nothing is derived a second time here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.checking.declared import Slope, goes_together, loss_gradient, loss_values, slope_of, strength, through_activation
from chainrule.formula.evaluation import evaluate
from chainrule.network.definitions import Bound
from chainrule.network.network import Network


class LayerPass(Frozen):
    """A dense layer in one pass: h = f(a W + b).

    number        from 1
    activation    f
    a             what goes in (batch, inputs)
    W, b          b is None where the layer has none
    z, h          net input and output (batch, units)
    slope         f′, where f works element by element
    """

    number: int
    activation: Bound
    a: Array
    W: Array
    b: Array | None
    z: Array
    h: Array
    slope: Slope | None

    @property
    def shares_bias(self) -> bool:
        """Have all its units one bias?"""
        return self.b is not None and self.b.size == 1 < self.W.shape[1]

    @cached_property
    def f1(self) -> Array:
        """f′(z)."""
        assert self.slope is not None
        return self.slope.at(self.z)

    def carried(self, g: Array) -> Array:
        """∂E/∂z from g = ∂E/∂h: g ⊙ f′(z), or the whole Jacobian of a softmax."""
        return through_activation(self.activation, self.z, g)


class ProbePass(Frozen):
    """A network on one batch.

    network  with the parameters of this pass
    x, t     the batch
    layers   first to last
    truth    every quantity by its key: z1, h1, y, E, dy, delta2, dW2, db2 …
    """

    network: Network
    x: Array
    t: Array
    layers: tuple[LayerPass, ...]
    truth: Mapping[str, Array]

    @staticmethod
    def of(network: Network, x: Array, t: Array) -> ProbePass:
        """Every quantity of a chain of dense layers, forward and backward."""
        derivation = network.derivation
        bindings = {**network.bindings(), **network.split(x, t)}
        values = evaluate([*derivation.passed, *derivation.gradients], bindings)
        truth = {key: np.asarray(values[node]) for key, node in derivation.named.items() if node in values}
        return ProbePass.with_truth(network, x, t, network.parameters, truth)

    @staticmethod
    def with_truth(network: Network, x: Array, t: Array, parameters: Mapping[str, Array], truth: Mapping[str, Array]) -> ProbePass:
        """The pass of which every quantity is known that the derivation has a name for."""
        layers, a = [], x
        for number, layer in enumerate(network.layers, start=1):
            assert layer.activation is not None
            h = truth[f"h{number}" if number < len(network.layers) else "y"]
            W, b = parameters[f"W{number}"], parameters.get(f"b{number}")
            z = truth.get(f"z{number}", h)
            layers.append(LayerPass(number, layer.activation, a, W, b, z, h, slope_of(layer.activation)))
            a = h
        found = ProbePass(network, x, t, tuple(layers), truth)
        found._add_backward()
        return found

    def _add_backward(self) -> None:
        """Gradients that the derivation has no name for: ∂E/∂y under a theorem, and ∂E/∂z of identities."""
        truth = dict(self.truth)
        truth["dy"] = self.output_gradient
        for layer in reversed(self.layers):
            last = layer.number == len(self.layers)
            if f"delta{layer.number}" not in truth:
                g = truth["dy"] if last else truth.get(f"dh{layer.number}")
                if g is None:
                    g = truth[f"delta{layer.number + 1}"] @ self.layers[layer.number].W.T
                truth[f"delta{layer.number}"] = layer.carried(g)
            if not last and f"dh{layer.number}" not in truth:
                truth[f"dh{layer.number}"] = truth[f"delta{layer.number + 1}"] @ self.layers[layer.number].W.T
        vars(self)["truth"] = truth

    def with_output(self, y: Array) -> ProbePass:
        """The same pass as it would go on with other numbers for y: what somebody's forward pass gave."""
        last = self.layers[-1]
        found = replace(self, layers=(*self.layers[:-1], replace(last, h=y)), truth=dict(self.truth))
        truth = {key: value for key, value in self.truth.items() if key[0] != "d"}
        rows, outputs = self.t.shape
        together = goes_together(self.network.loss, last.activation)
        counted = self.network.conventions
        share = (1 / rows if counted.batch == "mean" else 1.0) * (1 / outputs if counted.outputs == "mean" else 1.0)
        vars(found)["truth"] = truth
        truth["dy"] = found.output_gradient
        d = (y - self.t) * share if together else found.layers[-1].carried(truth["dy"])
        for layer in reversed(found.layers):
            if layer.number < len(self.layers):
                truth[f"dh{layer.number}"] = d @ self.layers[layer.number].W.T
                d = layer.carried(truth[f"dh{layer.number}"])
            truth[f"delta{layer.number}"] = d
            truth[f"dW{layer.number}"] = layer.a.T @ d + self.penalty * layer.W
            if layer.b is not None:
                truth[f"db{layer.number}"] = d.sum(axis=0)
        truth |= {"y": y, "E": np.asarray(found.losses.sum() * share + self.penalty * self.squared_weights)}
        return found

    @property
    def rows(self) -> int:
        """N, how many samples."""
        return len(self.x)

    @property
    def penalty(self) -> float:
        """λ of a penalty ½ λ Σ w²; 0 where there is none."""
        return strength(self.network.regularizer)

    @cached_property
    def squared_weights(self) -> float:
        """½ Σ w² over all W."""
        return float(sum((layer.W**2).sum() for layer in self.layers) / 2)

    @cached_property
    def data_error(self) -> float:
        """E without the penalty."""
        return float(self.truth["E"]) - self.penalty * self.squared_weights

    @cached_property
    def losses(self) -> Array:
        """The loss by element (batch, outputs), or by sample (batch,)."""
        return loss_values(self.network.loss, self.layers[-1].h, self.t)

    @cached_property
    def output_gradient(self) -> Array:
        """∂E/∂y, as it is written on paper: without a theorem that takes loss and activation together."""
        return loss_gradient(self.network.loss, self.layers[-1].h, self.t, self.network.conventions)

    def with_parameters(self, parameters: Mapping[str, Array]) -> ProbePass:
        """The same batch with other parameters."""
        return ProbePass.of(self.network.continued({**self.network.parameters, **parameters}), self.x, self.t)

    def sample(self, n: int) -> ProbePass:
        """One sample by itself."""
        return ProbePass.of(self.network, self.x[n : n + 1], self.t[n : n + 1])
