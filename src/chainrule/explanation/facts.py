"""What is striking about a step, in words: at most three sentences, causes before effects, and none where all is well."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chainrule.document.document import Block, Note
from chainrule.explanation.context import Context

if TYPE_CHECKING:
    from chainrule.diagnosis.criteria import FindingValue

FACTS = (
    "inputs_unscaled", "bounded_output", "double_softmax", "wrong_loss", "zero_start", "equal_units", "no_gradient", "dead_units",
    "saturation", "mean_predicted", "vanishing", "exploding",
)  # fmt: skip
"""The criteria of the doctor that need no more than one step."""

MOST_FACTS = 3
"""More sentences than this nobody reads."""


def facts_blocks(context: Context) -> list[Block]:
    """What is striking about the step."""
    from chainrule.diagnosis.case import Case
    from chainrule.diagnosis.criteria import found

    step = context.step
    if not math.isfinite(float(step.error)):
        return []
    network = context.run.network
    x, t = step.x.astype(float), step.t.astype(float)
    names = context.columns
    case = Case(
        network, x, t, step.optimizer, weights=step.weights, trained=network, inputs=names[: x.shape[1]], targets=names[x.shape[1] :]
    )
    striking = [one for one in found(case, *FACTS) if one.numbers.get("how") not in ("rms", "mean")]  # of a step, only what differs
    return [
        Note("insight", context.text(one.text, **{name: _value(context, value) for name, value in one.numbers.items()}))
        for one in striking[:MOST_FACTS]
    ]


def _value(context: Context, value: FindingValue) -> Any:
    """A number as the document writes numbers."""
    if isinstance(value, str) and not value.strip("0123456789.,e^+−· …"):  # several numbers
        return context.words.decimal(value)
    if not isinstance(value, float) or not math.isfinite(value):
        return value if isinstance(value, int) else str(value)
    whole = math.ceil(math.log10(abs(value))) if 1 < abs(value) < 1e7 else 0  # digits before the point are kept
    return context.rounded(value, digits=max(3, whole))
