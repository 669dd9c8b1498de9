"""What the factors of an explanation come to: one of all gradients, and those that are too much at single places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.checking.factors import Factor
from chainrule.checking.matching import UNEXPLAINED, Explanation
from chainrule.checking.mistakes import factor_mistakes


class FactorFault(FrozenValue):
    """A factor that is too much somewhere.

    numbers  the mistakes that it is, one for each of its parts; () where it is none of the table
    place    "delta" of a layer and all below it, "weight", "bias", "parameters" for both of these, or "penalty"
    """

    numbers: tuple[int, ...]
    place: str
    factor: Factor


class Factors(Frozen):
    """What the factors of an explanation come to.

    whole   the factor of all gradients: a convention, or a mistake
    faults  those at single places, with their layers
    """

    whole: Factor
    faults: Mapping[FactorFault, tuple[int, ...]]

    @property
    def cost(self) -> int:
        """How many different mistakes the places need."""
        return sum(len(fault.numbers) or UNEXPLAINED for fault in self.faults)


def decided_factors(explanation: Explanation, depth: int, whole_cost: Callable[[Factor], int], *, alike: bool) -> Factors:
    """The reading of all factors with the fewest mistakes: a whole, what changes from layer to layer, and what W or b alone have.

    whole_cost  how many mistakes a factor of all gradients is
    alike  whether layers have as many inputs as the network has outputs
    """
    weights = {number: fit.factor for number, fit in explanation.weights.items() if fit.factor is not None}
    biases = {number: fit.factor for number, fit in explanation.biases.items() if fit.factor is not None}
    numbers = [number for number in range(depth, 0, -1) if number in weights or number in biases]
    if not numbers:
        return Factors(Factor(), {})
    options = [list(dict.fromkeys(side[number] for side in (weights, biases) if number in side)) for number in numbers]
    best: Factors | None = None
    best_cost = (10**6, 10**6)
    for chosen in itertools.product(*(_with_before(options, place) for place in range(len(options)))):
        carried, whole = list[Factor](), chosen[0]
        assert whole is not None
        for one in chosen:
            carried.append(carried[-1] if one is None else one)
        faults: dict[FactorFault, tuple[int, ...]] = {}
        for number, before, now in zip(numbers, (whole, *carried), carried, strict=False):
            way = explanation.path.get((number, "back"))
            ratios = {} if way is not None and way.fresh else {"delta": now / before}
            ratios |= {where: side[number] / now for where, side in (("weight", weights), ("bias", biases)) if number in side}
            if _of_parameters(ratios):
                ratios = {**({"delta": ratios["delta"]} if "delta" in ratios else {}), "parameters": ratios["weight"]}
            for where, ratio in ratios.items():
                if not ratio.plain:
                    fault = FactorFault(factor_mistakes(ratio, where, alike=alike) or (), where, ratio)
                    faults[fault] = (*faults.get(fault, ()), number)
        made = Factors(whole, faults)
        cost = made.cost + whole_cost(whole), sum(2 if fault.place == "weight" or _on_the_way(fault) else 1 for fault in faults)
        if cost < best_cost:
            best, best_cost = made, cost
    assert best is not None
    return best


def _of_parameters(ratios: Mapping[str, Factor]) -> bool:
    """Is 1/N missing in everything that a layer gives, in ∂E/∂W and in its ∂E/∂b, if it has one? So it is with people whose δ are sums."""
    return "weight" in ratios and ratios["weight"].rows > 0 and ratios.get("bias", ratios["weight"]) == ratios["weight"]


def _on_the_way(fault: FactorFault) -> bool:
    """Is it an N that came to δ between two layers? Nobody multiplies by N there: it is the division that is missing behind it."""
    return fault.place == "delta" and fault.factor.rows > 0


def _with_before(options: Sequence[Sequence[Factor]], place: int) -> list[Factor | None]:
    """The factors that δ of a layer may have: those of its W and b, or, as None, that of the layer above; of the last, those of any."""
    return list(dict.fromkeys(itertools.chain(*options))) if place == 0 else [None, *options[place]]
