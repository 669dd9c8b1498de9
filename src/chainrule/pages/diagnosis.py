"""What the doctor looks at, as plain data: a page says of its numbers what `chainrule doctor` says of them.

The table of criteria stays where it is, `chainrule.diagnosis`. A page is given its limits, its texts, which disease may be the effect of
which, and of the network what does not change with its numbers; slopes and the arguments of logarithms come as programs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from chainrule.diagnosis import activity, criteria, network_criteria, rates
from chainrule.diagnosis.activity import Examiner
from chainrule.diagnosis.case import LOOKS, TRIED_STEPS, Case
from chainrule.diagnosis.criteria import load_criteria, number_words, outputs_of, value_range
from chainrule.explanation.context import Context
from chainrule.formula.expression import Expression, order
from chainrule.steps.step import in_floats

EXAMINED = (
    "not_finite", "inputs_unscaled", "targets_unscaled", "bounded_output", "double_softmax", "wrong_loss", "zero_start", "start_too_large",
    "dead_units", "no_gradient", "equal_units", "saturation", "mean_predicted", "vanishing", "exploding", "rate_too_large",
    "rate_too_small",
)  # fmt: skip
"""The diseases that a page looks for. It leaves out `penalty`, which asks for another network, and those of many rows or of a finished
training."""

LIMITS = {
    name.lower(): getattr(module, name)
    for module, names in (
        (activity, ("FLAT", "SAME", "NEAR")),
        (criteria, ("MOST_RMS", "MOST_RATIO", "MOST_MEAN", "FEW_VALUES", "MOST_OUTSIDE")),
        (
            network_criteria,
            (
                "MOST_GAIN", "FEWEST_ROWS", "MOST_DEAD", "MOST_SATURATED", "LEAST_PASSED", "MOST_PASSED", "SLOWER",
                "HARDLY", "TWICE_AS_GOOD", "FASTER", "TENTHS", "LEARNED",
            ),
        ),
        (rates, ("TOLERANCE", "MOST_RATE", "SEEN")),
    )
    for name in names
}  # fmt: skip
"""The thresholds of the table, by their names."""

TRIAL = {"steps": TRIED_STEPS, "looks": LOOKS, "bound": 1e12}
"""How a trial is made."""


class Doctor:
    """What a page needs of one step to examine it. looks: quantities that only the doctor looks at, by the name of their numbers."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.network, self.derivation = context.step.network, context.derivation
        step = in_floats(context.step)
        self.examiner = Examiner(step.network, step.x, step.t, step.weights)
        self.case = Case(step.network, step.x, step.t, step.optimizer, weights=step.weights, batch_size=len(step.x))
        self.looks: dict[str, Expression] = {}

    def plain(self) -> dict[str, Any]:
        """All of it."""
        context, network, catalogue = self.context, self.network, self.context.words.catalogue
        table, inputs, rate = load_criteria(), network.inputs, self.case.rate
        names = context.columns
        prefixes = tuple(f"doctor.{key}" for key in EXAMINED)
        texts = {key: text for key, text in catalogue.items() if any(key == prefix or key.startswith(f"{prefix}.") for prefix in prefixes)}
        return {
            "after": {key: [cause for cause in table[key].after if cause in EXAMINED] for key in table if key in EXAMINED},
            "limits": LIMITS,
            "trial": TRIAL,
            "texts": texts | {key: catalogue[key] for key in ("doctor.rates.lowers_below", "doctor.rates.all", "doctor.when.tried")},
            "comma": context.words.decimal(".") == ",",
            "inputs": [name or f"x{place + 1}" for place, name in enumerate(names[:inputs])],
            "targets": [name or f"t{place + 1}" for place, name in enumerate(names[inputs:] or [""] * network.targets)],
            "outputs": list(self._outputs()),
            "found": [[finding.key, dict(finding.numbers)] for finding in criteria.found(self.case, "double_softmax")],
            "matrices": [
                [p.key, criteria.layer_name(self.case, p.name.layer or 0 if p.name else 0)]
                for p in self.derivation.parameters
                if len(p.shape) > 1
            ],
            "pairs": [
                [criteria.layer_name(self.case, number), *keys] for number, keys in network_criteria.keys_of_pairs(self.case.network)
            ],
            "units": list(self._units()),
            "deltas": [] if not network.wiring.is_chain or len(network.layers) < 3 else self._deltas(),
            "losses": list(self._losses()),
            "values": list(context.step.values),
            "gradients": [
                [p.key, g.key, p.key not in network.frozen]
                for p, g in zip(self.derivation.parameters, self.derivation.gradients, strict=True)
            ],
            "rate": rate is not None,
            "largest_rate": rates.largest_recommended(network, context.step.optimizer),
            "scan": self._scan(),
            "layers": [criteria.layer_name(self.case, number) for number in range(1, len(network.layers) + 1)],
        }

    def _outputs(self) -> Iterator[dict[str, Any]]:
        """What the last layers give, and what their losses take."""
        for layer, loss, columns in outputs_of(self.case.network):
            assert layer.activation is not None
            low, high = value_range(layer.activation)
            yield {
                "activation": layer.activation.name,
                "low": number_words(low) if math.isinf(low) else low,
                "high": number_words(high) if math.isinf(high) else high,
                "loss": loss.name,
                "targets": loss.definition.targets,
                "logits": bool(loss.definition.logits),
                "columns": [columns.start, columns.stop],
            }

    def _units(self) -> Iterator[dict[str, Any]]:
        """Of each activation: where its values stand, how its slope is computed, and what is known of it for all numbers."""
        for units in self.examiner().units:
            key = units.quantity.key
            self.looks[f"slope {key}"] = self.examiner.slopes[units.quantity][1]
            known = {"layer": units.layer, "output": units.output, "steepest": units.steepest, "bounded": units.bounded}
            yield {"quantity": key, "slope": f"slope {key}", **known}

    def _deltas(self) -> list[str]:
        """Of each layer the quantity whose size tells how far a gradient reaches; "" where there is none."""
        return network_criteria.keys_of_deltas(self.network, [node.key for node in self.examiner.backward])

    def _losses(self) -> Iterator[dict[str, Any]]:
        """Of each output with logarithms in its error: these."""
        derivation, network = self.derivation, self.network
        last = {network.output_of(layer): layer.activation for layer in network.layers}
        errors = derivation.errors or (derivation.error,)
        for place, (error, y, (name, goal)) in enumerate(zip(errors, derivation.predictions, network.goals.items(), strict=True)):
            logarithms = [node.arguments[0] for node in order(error) if node.primitive.name == "log"]
            looks = [f"logarithm {place} {number}" for number in range(len(logarithms))]
            self.looks |= dict(zip(looks, logarithms, strict=True))
            output = last.get(name)
            known = {"loss": goal.loss.name, "activation": "identity" if output is None else output.name}
            if logarithms:
                yield {"error": error.key, "prediction": y.key, "logarithms": looks, **known}

    def _scan(self) -> int:
        """In how many places one step is tried to see which rates lower the error; 0 where nobody tries."""
        context = self.context
        if context.in_order or not self.network.measures or self.case.rate is None or context.run.work > rates.TOO_DEAR:
            return 0
        return rates.places_of_scan(context.run)
