"""Mistakes that show over several steps only: what a program takes off its parameters, against what its own gradients would take off."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.checking.evidence import Observation
from chainrule.checking.matching import Explanation, followed
from chainrule.checking.mistakes import ADAM_WAYS, MISTAKES, Course, Slip, adam_steps
from chainrule.checking.mistakes import moves as moves_in
from chainrule.checking.passes import ProbePass
from chainrule.checking.probed import Probed
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Name, variable
from chainrule.network.definitions import Bound, definitions, find
from chainrule.network.update import STEP_NUMBER, update

ONLINE = (1.0, 2.0, 0.5)
"""Factors that are tried where somebody steps after every sample: of the loss with and without ½."""


class StepFault(Frozen):
    """What is wrong with the steps.

    number    in the table; None where it is none of it
    written   what is done, as a formula
    keys      of the parameters at which it is
    step      the first step that is wrong, from 1
    probe     on which probe; expected, found: the first of these parameters after that step
    begins    the first value on the way to it that is wrong, in the first step, as far as that is known: one of these
    """

    number: int | None
    written: str
    keys: tuple[str, ...]
    step: int
    probe: int
    expected: Array
    found: Array
    begins: tuple[Array, ...] = ()


UNJUDGED = StepFault(None, "", (), 0, 0, np.zeros(0), np.zeros(0))
"""The steps of a rule with states that is none which is known here: no verdict on them."""


class Moves(Frozen):
    """What a program took off a parameter in each step of a probe, and its own gradients before each of them.

    tried  at how many times the rate a rule, or a slip in it, gives these moves: None where it does not
    """

    key: str
    probe: int
    moved: Sequence[Array]
    gradients: Sequence[Array]
    before: Sequence[Array]
    optimizer: Bound
    tried: dict[Hashable, float | None] = field(default_factory=dict)

    def near(self, wanted: Sequence[Array], exact_to: float) -> bool:
        """Are these the moves?"""
        return all(self._step_near(k, one, exact_to) for k, one in enumerate(wanted))

    def first_far(self, wanted: Sequence[Array], exact_to: float) -> int:
        """The first step that moves otherwise, from 0."""
        return next((k for k, one in enumerate(wanted) if not self._step_near(k, one, exact_to)), 0)

    def _step_near(self, k: int, wanted: Array, exact_to: float) -> bool:
        numbers = np.isfinite(wanted)
        if not np.array_equal(numbers, np.isfinite(self.moved[k])):
            return False
        far = np.abs((self.moved[k] - wanted)[numbers]).max(initial=0.0)
        scale = np.abs(wanted[numbers]).max(initial=0.0) + 1e-6 * np.abs(self.before[k]).max(initial=0.0)
        return bool(far <= max(10 * exact_to, 1e-8) * scale + 1e-14)


def moves_of(explanation: Explanation, probed: Sequence[Probed], sign: int) -> list[Moves]:
    """Of every parameter on every probe of which there are steps.

    sign  −1 where the gradients that the program returns are meant to be added
    """
    found = list[Moves]()
    for place, one in enumerate(probed):
        after = one.observation.after
        if not after:
            continue
        states = [dict(one.probe.network.parameters), *_moving(after)]
        gradients = list[Mapping[str, Array]]()
        for state in states[:-1]:
            there = one if state is states[0] else Probed(one.probe.with_parameters(state), Observation(one.observation.problem), one.rate)
            given = followed(explanation, there) if all(np.isfinite(value).all() for value in state.values()) else None
            if given is None:  # as after a step that is so long that nothing follows from where it ends
                break
            gradients.append(given)
        if not gradients:
            return []
        rule = one.observation.problem.optimizer or find("optimizer", "sgd")
        for key in after[0]:
            if key in states[0] and key not in one.probe.network.frozen and all(key in given for given in gradients):
                values = [np.asarray(state[key], dtype=float) for state in states[: len(gradients) + 1]]
                if any(value.shape != values[0].shape for value in values):
                    continue
                moved = [before - later for before, later in itertools.pairwise(values)]
                found.append(Moves(key, place, moved, [sign * given[key] for given in gradients], values, rule))
    return found


def _moving(after: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """The states up to the first that is the one before it: a function that keeps nothing gives the same when it is asked again."""
    found = list[dict[str, Array]]()
    for state in after:
        if found and all(np.array_equal(state[key], found[-1][key]) for key in state):
            break
        found.append(dict(state))
    return found


def step_fault(explanation: Explanation, probed: Sequence[Probed], sign: int = 1) -> StepFault | None:
    """What is wrong with the steps of a program whose gradients are explained; None if nothing is, or nothing is known."""
    moves = moves_of(explanation, probed, sign)
    exact_to = max(one.observation.exact_to for one in probed)
    if (broken := broken_step(probed)) is not None:
        slipped = _other_rule([one for one in moves if np.any(one.gradients[0])], exact_to) if moves else None
        return broken if slipped is None or not slipped.number else slipped.fault(moves, exact_to)
    if not moves and any(one.observation.after and one.observation.adaptive for one in probed):
        return UNJUDGED
    if not moves or all(one.near(_right_moves(one), exact_to) for one in moves):
        return None
    still = [one for one in moves if not any(move.any() for move in one.moved) and any(g.any() for g in one.gradients)]
    if still and len(still) < len(moves) and all(one.key[0] == "b" for one in still):
        others = [one for one in moves if one not in still]
        if all(one.near(_right_moves(one), exact_to) for one in others):
            return _fault(25, "0", still, still[0], exact_to)
    opposite = ([-move for move in _right_moves(one)] for one in moves)
    if all(one.near(wanted, exact_to) for one, wanted in zip(moves, opposite, strict=True)):
        return _fault(9, "−η ∂E/∂w", moves, moves[0], exact_to)
    for mistake in MISTAKES:
        for slip in mistake.slips:
            wanted = (slip.computes(Course(one.gradients, one.optimizer)) for one in moves)
            if all(want is not None and one.near(want, exact_to) for one, want in zip(moves, wanted, strict=True)):
                return _fault(mistake.number, slip.written, moves, moves[0], exact_to)
    loops = [one for one in moves if one.key[0] == "b" and not one.near(_right_moves(one), exact_to)]
    if loops and all(_in_weight_loop(one, probed, exact_to) for one in loops):
        return _fault(26, "n · η ∂E/∂b", loops, loops[0], exact_to)
    if _of_two_gradients(moves, exact_to):
        return None
    if (slipped := _own_rule(moves, exact_to) or _other_rule(moves, exact_to)) is not None:
        return slipped.fault(moves, exact_to) if slipped.number else None
    if all(_uphill(one) for one in moves):
        return _fault(9, "−η ∂E/∂w", moves, moves[0], exact_to)
    if (apart := _by_parameters(moves, exact_to)) is not None:
        return apart[0]
    if any(one.observation.adaptive for one in probed):
        return UNJUDGED
    wrong = [one for one in moves if not one.near(_right_moves(one), exact_to)]
    return _fault(None, "", wrong, wrong[0], exact_to)


def _uphill(one: Moves) -> bool:
    """Does the first step go up? Every rule begins against its gradient, whatever it keeps, and wherever it takes the later ones."""
    there = np.abs(one.gradients[0]) > 1e-12
    return bool(there.any()) and np.array_equal(np.sign(one.moved[0][there]), -np.sign(one.gradients[0][there]))


def _of_two_gradients(moves: Sequence[Moves], exact_to: float) -> bool:
    """Is it η · gradient + μ · the gradient before, one momentum for all, as early programs have it?"""
    shares = set[float]()
    for one in moves:
        if len(one.moved) < 2 or not np.any(one.gradients[0]):
            return False
        given = float(one.optimizer.options["learning_rate"])
        left = one.moved[1] - given * one.gradients[1]
        share = float(np.vdot(one.gradients[0], left) / np.vdot(one.gradients[0], one.gradients[0]))
        before = [np.zeros_like(one.gradients[0]), *one.gradients]
        if not one.near([given * g + share * old for g, old in zip(one.gradients, before, strict=False)], max(exact_to, 1e-6)):
            return False
        shares.add(round(share, 6))
    return len(shares) == 1


def broken_step(probed: Sequence[Probed]) -> StepFault | None:
    """A first step after which a parameter is no number, though its gradient is one, as far as it is known."""
    for place, one in enumerate(probed):
        for key, value in (one.observation.after[0] if one.observation.after else {}).items():
            gradient = one.observation.quantities.get(f"d{key}")
            known = gradient is not None and (one.observation.from_update or np.isfinite(gradient).all())
            if known and not np.isfinite(value).all():
                before = one.probe.network.parameters[key]
                return StepFault(None, "", (key,), 1, place, before - one.rate * one.probe.truth[f"d{key}"], np.asarray(value))
    return None


def _by_parameters(moves: Sequence[Moves], exact_to: float) -> tuple[StepFault | None] | None:
    """What is wrong where most parameters follow a rule, and some do not; a None in a tuple where those have another that is right.

    None where no rule that is known moves the most of them.
    """
    keys = sorted({one.key for one in moves})
    groups = [{key} for key in keys] + [{key for key in keys if key[0] == letter} for letter in "bW"]
    groups += [{key for key in keys if key[1:] == number} for number in sorted({key[1:] for key in keys})]
    for group in groups:
        those, rest = ([one for one in moves if (one.key in group) == inside] for inside in (True, False))
        if not those or len({one.key for one in rest}) < len(group) or not rest:
            continue
        rule = _own_rule(rest, exact_to) or _other_rule(rest, exact_to)
        if rule is None or rule.number:
            continue
        if all(not any(move.any() for move in one.moved) for one in those):
            return (_fault(25, "0", those, those[0], exact_to) if all(one.key[0] == "b" for one in those) else None,)
        other = _own_rule(those, exact_to) or _other_rule(those, exact_to)
        if other is not None:
            return (other.fault(those, exact_to) if other.number else None,)
        if all(_uphill(one) for one in those):
            return (_fault(9, "−η ∂E/∂w", those, those[0], exact_to),)
        if all(_decays(one) for one in those):
            return (None,)
        return (_fault(None, "", those, those[0], exact_to),)
    return None


def _decays(one: Moves) -> bool:
    """Is its first move one along the gradient, or its sign, and a share of the weight itself, as where weights decay and biases do not?"""
    w, g, moved = one.before[0].ravel(), one.gradients[0].ravel(), one.moved[0].ravel()
    for along in (g, np.sign(g)):
        columns = np.stack([along, w], axis=1)
        found = np.linalg.lstsq(columns, moved, rcond=None)[0]
        if moved.size > len(found) and (found > 0).all() and np.abs(columns @ found - moved).max() <= 1e-6 * np.abs(moved).max():
            return True
    return False


def _in_weight_loop(one: Moves, probed: Sequence[Probed], exact_to: float) -> bool:
    inputs = probed[one.probe].extent(int(one.key[1:])).inputs
    return one.near([inputs * move for move in _right_moves(one)], exact_to)


class OtherRule(Frozen):
    """A rule by which parameters move: a known one, or what somebody makes of it.

    number  0 where it is right; written: what is done in place of it
    meant   the rule that was to be followed, where that is known
    slips   what may have been made of which rule, where several give the same moves
    """

    number: int
    written: str = ""
    meant: Bound | None = None
    slips: tuple[tuple[Slip, Bound], ...] = ()

    def fault(self, moves: Sequence[Moves], exact_to: float) -> StepFault:
        """As what is wrong with the steps."""
        first = moves[0] if self.meant is None else replace(moves[0], optimizer=self.meant)
        fault = _fault(self.number, self.written, moves, first, exact_to)
        one = next((one for one in moves if one.key == fault.keys[0]), first)
        begins = (slip.begins(Course(one.gradients[:1], rule)) for slip, rule in self.slips)
        return replace(fault, begins=tuple(value for value in begins if value is not None))


def _own_rule(moves: Sequence[Moves], exact_to: float) -> OtherRule | None:
    """Gradient descent at another rate, or with a momentum of its own: move = c · gradient + μ · the move before; or the rate twice."""
    if any(not np.any(one.gradients[0]) for one in moves):
        return None
    rates = [float(np.vdot(one.gradients[0], one.moved[0]) / np.vdot(one.gradients[0], one.gradients[0])) for one in moves]
    if (power := _power_of_rate(moves, rates, 1e-6)) is None:
        return None
    rule = OtherRule(40, "η² · v") if power > 1 else OtherRule(0)
    later = [(one, rate) for one, rate in zip(moves, rates, strict=True) if len(one.moved) > 1]
    if not later:
        return rule if all(one.near([rate * one.gradients[0]], exact_to) for one, rate in zip(moves, rates, strict=True)) else None
    momenta = [
        float(np.vdot(one.moved[0], one.moved[1] - rate * one.gradients[1]) / np.vdot(one.moved[0], one.moved[0])) for one, rate in later
    ]
    momentum = momenta[0]
    if not (-1e-6 <= momentum < 0.9999) or not np.allclose(momenta, momentum, atol=1e-5):
        return None
    for one, rate in zip(moves, rates, strict=True):
        wanted, before = list[Array](), np.zeros_like(one.moved[0])
        for gradient in one.gradients:
            before = rate * gradient + momentum * before
            wanted.append(before)
        if not one.near(wanted, max(exact_to, 1e-6)):
            return None
    return rule


def _power_of_rate(moves: Sequence[Moves], rates: Sequence[float], loose: float) -> int | None:
    """How often the rate of a problem is in the rates of its moves: 0 of a rate of the program's own, 1, or 2; None where it is no such."""
    given = np.array([float(one.optimizer.options["learning_rate"]) for one in moves])
    for power in (1, 0, 2) if np.ptp(given) else (0,):
        left = np.asarray(rates) / given**power
        if left[0] > 0 and np.allclose(left, left[0], rtol=loose, atol=0):
            return power
    return None


def _other_rule(moves: Sequence[Moves], exact_to: float) -> OtherRule | None:
    """Which rule with states of its own it is, at whatever rate, and with which slip; None where it is none that is known."""
    if not moves or not all(np.any(one.gradients[0]) for one in moves):
        return None
    right = None if any(len(one.moved) < 2 for one in moves) else OtherRule(0)  # one step shows no rule, but perhaps its slip
    rules = [rule for name in definitions("optimizer") for rule in _usual(name)]
    for place, rule in enumerate(rules):
        if _near_scaled(moves, place, partial(_moves_by, rule), exact_to) is not None:
            return right
    adam = find("optimizer", "adam")
    betas = itertools.product(*BETAS)
    rules += [
        adam.definition.bind(beta1=beta1, beta2=beta2, epsilon=epsilon)
        for (beta1, beta2), epsilon in itertools.product(betas, EPSILONS)
        if beta1 <= beta2
    ]
    for (place, rule), (number, way) in itertools.product(enumerate(rules), enumerate(ADAM_WAYS)):
        if _near_scaled(moves, (place, number), partial(_moves_by_adam, rule, way), exact_to) is not None:
            return right
    found = list[OtherRule]()
    # Of a single step, a mean of squares is looked for before their sum, which is the square itself and may stand anywhere.
    placed = list(enumerate(rules))
    for mistake, (place, rule) in itertools.product([one for one in MISTAKES if one.slips], placed[::-1] if right is None else placed):
        for slip in mistake.slips:
            rate = _near_scaled(moves, (place, slip), partial(_moves_by_slip, rule, slip), exact_to)
            if rate is not None:
                meant = replace(rule, given={**rule.given, "learning_rate": rate * rule.options["learning_rate"]})
                found.append(OtherRule(mistake.number, slip.written, meant, ((slip, rule),)))
                if right is not None:
                    return found[0]
    same = [one for one in found if (one.number, one.written) == (found[0].number, found[0].written)]
    return replace(found[0], slips=tuple(pair for one in same for pair in one.slips)) if found else None


DECAYS = (0.9, 0.99, 0.999)
"""What people choose for the decay of a running mean of squares, where a rule has it as an option."""


BETAS = ((0.9, 0.8, 0.5, 0.95, 0.99), (0.999, 0.99, 0.9, 0.95, 0.98, 0.9999))
"""What people choose for β₁ and β₂ of Adam."""


EPSILONS = (1e-8, 1e-7, 1e-6, 1e-10)
"""What they choose for ε."""


def _usual(name: str) -> list[Bound]:
    """A rule that keeps states, with the options that people give it."""
    rule = find("optimizer", name)
    if len(rule.definition.operands) < 3:
        return []
    if "s" in rule.definition.operands[2:] and "epsilon" in rule.options:
        decays = [{"decay": decay} for decay in DECAYS] if "decay" in rule.options else [{}]
        return [rule.definition.bind(**decay, epsilon=epsilon) for decay in decays for epsilon in EPSILONS]
    return [rule]


def _near_scaled(moves: Sequence[Moves], way: Hashable, wanted: Callable[[Moves], Sequence[Array] | None], exact_to: float) -> float | None:
    """At how many times the rate these are the moves, of the first; None where they are not. The first that is not ends it, before the
    others are computed. What was found of one is kept by the name of the way, as it is asked again beside other parameters.
    """
    loose, rates = max(exact_to, 1e-6), list[float]()
    for one in moves:
        if way not in one.tried:
            one.tried[way] = _scaled(one, wanted(one), loose)
        if (rate := one.tried[way]) is None:
            return None
        rates.append(rate)
    return None if _power_of_rate(moves, rates, loose) is None else rates[0]


def _scaled(one: Moves, want: Sequence[Array] | None, loose: float) -> float | None:
    """By what these steps are to be multiplied to be the moves; None where they are others."""
    if want is None or not np.array_equal(numbers := np.isfinite(want[0]), np.isfinite(one.moved[0])):
        return None
    first, length = want[0][numbers], float(np.vdot(want[0][numbers], want[0][numbers]))
    if not length > 0:
        return None
    rate = float(np.vdot(first, one.moved[0][numbers])) / length
    return rate if one.near([rate * step for step in want], loose) else None


def _moves_by(rule: Bound, one: Moves) -> list[Array]:
    return _right_moves(replace(one, optimizer=rule))


def _moves_by_adam(rule: Bound, way: Mapping[str, Any], one: Moves) -> list[Array] | None:
    return moves_in(adam_steps(Course(one.gradients, rule), **way))


def _moves_by_slip(rule: Bound, slip: Slip, one: Moves) -> Sequence[Array] | None:
    return slip.computes(Course(one.gradients, rule))


def _right_moves(one: Moves) -> list[Array]:
    """What the update rule takes off the parameter, step by step, with the program's own gradients."""
    w, g = (variable(Name(letter), one.before[0].shape) for letter in "wg")
    rule = update(one.optimizer, [w], [g])
    (part,) = rule.parameters
    states: dict[Any, Any] = {state: np.zeros(one.before[0].shape) for state in part.states}
    wanted = list[Array]()
    for k, (value, gradient) in enumerate(zip(one.before, one.gradients, strict=False), start=1):
        bindings = {**rule.options, **states, w: value, g: gradient, STEP_NUMBER: np.asarray(float(k))}
        found = evaluate([part.new, *part.new_states], bindings)
        states = {state: found[new] for state, new in zip(part.states, part.new_states, strict=True)}
        wanted.append(np.asarray(value - found[part.new]))
    return wanted


def _fault(number: int | None, written: str, where: Sequence[Moves], first: Moves, exact_to: float) -> StepFault:
    right = _right_moves(first)
    k = first.first_far(right, exact_to)
    keys = tuple(dict.fromkeys(one.key for one in where))
    return StepFault(number, written, keys, k + 1, first.probe, first.before[k] - right[k], first.before[k + 1])


# Steps that follow from no gradient of the batch


def online_fault(probed: Sequence[Probed]) -> StepFault | None:
    """A step after every sample, where one for the whole batch was meant: the parameters after the first step are those of N steps."""
    several = [(place, one) for place, one in enumerate(probed) if one.observation.after and one.probe.rows > 1]
    if not several:
        return None
    fewest = sorted((one for _, one in several), key=lambda one: one.probe.rows)  # of which the steps are the fewest to be computed
    for factor in ONLINE:
        for share in (False, True):
            if all(_is_online(one, factor / (one.probe.rows if share else 1)) for one in fewest):
                place, one = several[0]
                key = next(iter(one.observation.after[0]))
                wanted = one.probe.network.parameters[key] - one.rate * one.probe.truth[f"d{key}"]
                keys = tuple(one.observation.after[0])
                return StepFault(39, "η ∂E/∂w⟨n⟩, n = 1 … N", keys, 1, place, wanted, np.asarray(one.observation.after[0][key]))
    return None


def _is_online(one: Probed, factor: float) -> bool:
    parameters = {key: np.asarray(value, dtype=float) for key, value in one.probe.network.parameters.items()}
    for n in range(one.probe.rows):
        sample = ProbePass.of(one.probe.network.continued(parameters), one.probe.x[n : n + 1], one.probe.t[n : n + 1])
        parameters = {key: value - one.rate * factor * sample.truth[f"d{key}"] for key, value in parameters.items()}
    after = one.observation.after[0]
    exact_to = max(one.observation.exact_to, 1e-8)
    return all(
        np.shape(after[key]) == value.shape and np.allclose(after[key], value, rtol=exact_to, atol=exact_to)
        for key, value in parameters.items()
        if key in after
    )


def stale_fault(probed: Sequence[Probed]) -> StepFault | None:
    """A first step that does nothing, and a second one that takes the first gradient: the buffer before the step was used."""
    several = [(place, one) for place, one in enumerate(probed) if len(one.observation.after) > 1]
    if not several:
        return None
    for _, one in several:
        start, (first, second) = one.probe.network.parameters, one.observation.after[:2]
        for key in first:
            size = np.abs(start[key]).max(initial=0.0)
            wanted = one.rate * one.probe.truth[f"d{key}"]
            if first[key].shape != start[key].shape or np.abs(first[key] - start[key]).max(initial=0.0) > 1e-14 * size:
                return None
            if not np.allclose(first[key] - second[key], wanted, rtol=1e-7, atol=1e-14 * max(size, 1.0)):
                return None
    place, one = several[0]
    key = next(iter(one.observation.after[0]))
    wanted = one.probe.network.parameters[key] - one.rate * one.probe.truth[f"d{key}"]
    return StepFault(40, "η · v⟨k−1⟩", tuple(one.observation.after[0]), 1, place, wanted, one.observation.after[0][key])
