"""Gradient descent and the update rule, and what the letters of the rule are for.

What is said of a rule is found by trying it: what a state becomes of a gradient and of itself, what is left of the rule without it. So
a person's own optimiser is told in the same sentences, and what none of them fits is not told.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import field
from functools import cached_property, partial
from typing import Any

import numpy as np

from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import Block, Equations, Inline, Paragraph, Section, joined_inline, table
from chainrule.explanation.context import Context
from chainrule.explanation.remarks import end_of_schedule, kinks
from chainrule.formula.evaluation import evaluate, value_of
from chainrule.formula.expression import Expression, Name, order, substitute, variable, written_nodes
from chainrule.formula.tidy import tidy
from chainrule.network.definitions import Bound
from chainrule.network.update import STEP_NUMBER, ParameterUpdate, Update, multipliers_of, update
from chainrule.notation.build import formula
from chainrule.notation.formula import Derivative, Equation, Formula, Symbol
from chainrule.notation.numbers import number_formula
from chainrule.notation.worked import value_equation

MOST_MOVES = 16
"""Rows of the table of how far weights move."""

CLOSE = 1e-9
"""Two numbers that differ by no more than this share are the same, but for rounding."""

MATRIX = (2, 2)
"""The shape of a matrix of weights that is none in particular."""

EVEN = 5
"""Where a step moves a matrix by no more than so many times as far in one direction as in another, it leaves none behind."""

WARMED_UP = 1000
"""By so many steps a rule has put all of its states to use."""

TRACE = 1e-3
"""What changes by no more than this share does not show."""


def descent_section(context: Context) -> Section:
    """The update rule: what an optimiser does with a gradient, and why."""
    w = context.labels.label(Name("w"))
    assert isinstance(w, Symbol)
    slope = Derivative(context.labels.error, w)
    intro = context.text("descent.intro_kinks" if kinks(context) else "descent.intro", error=context.labels.error, slope=slope)
    blocks: list[Block] = [Paragraph(intro), Equations(tuple(rule_lines(context)))]
    blocks += [*options_told(context), *(Paragraph(line) for line in told(context)), *end_of_schedule(context)]
    if not context.in_order and "learning_rate" in context.step.optimizer.options:
        blocks.append(context.says("descent.outro" if context.advice is not None else "descent.outro_chosen"))
    return context.section("descent", blocks)


def rule_lines(context: Context) -> list[Equation]:
    """The update rule in letters, for any weight w: w ← w − η · ∂E/∂w."""
    rule, part = for_any_weight(context)
    lines = [_named_line(context, rule.rate)] if rule.rate.primitive.name == "named" else []
    nodes = order(*part.new_states, part.new, wall=lambda node: node.name is not None and node.name.gradient and not node.name.mark)
    left = [node for node in nodes if node.primitive.name == "named" and node is not rule.rate]
    read = {node: written_nodes(node.arguments[0]) for node in left}
    old = dict(zip(part.new_states, part.states, strict=True))
    while left:
        # Below an arrow the letter of a state means its new value: what reads the old one comes first.
        ready = [node for node in left if not any(other in left for other in read[node])]
        late = [node for node in ready if node in old and any(old[node] in read[other] for other in left if other is not node)]
        first = next((node for node in ready if node not in late), ready[0])
        lines.append(_named_line(context, first))
        left.remove(first)
    return lines


def for_any_weight(context: Context) -> tuple[Update, ParameterUpdate]:
    """The rule for a weight w that is no weight in particular; for a matrix W where it takes the weights of one together."""
    whole = not context.step.optimizer.elementwise
    shape = MATRIX if whole else ("weights",) if context.step.update.norm is not None else ()  # the norm is a sum over all of them
    letter = "W" if whole else "w"
    rule = update(context.step.optimizer, [variable(Name(letter), shape)], [variable(Name(letter, gradient=True), shape)])
    return rule, rule.parameters[0]


def _named_line(context: Context, node: Expression) -> Equation:
    """v ← μ · v + ∂E/∂w for what replaces an old value, = for what is new."""
    replaces = node.own_name.mark.endswith("next")
    name = replace(node.own_name, mark=_rule_mark(context, node.own_name))
    body = formula(tidy(_without_marks(context, node.arguments[0])), context.labels)
    return Equation((context.labels.label(name), body), ("←" if replaces else "=",))


def _rule_mark(context: Context, name: Name) -> str:
    """The rule for any weight needs no weight's name below its letters, unless an input has the letter; what is new has the name of the
    old, as on the left of an arrow.
    """
    if name.mark == "clipped":
        return name.mark
    taken = any(node.name == Name(name.symbol) for node in context.derivation.inputs)
    return name.mark.removesuffix("next").rstrip("_") if taken else ""


def _without_marks(context: Context, expression: Expression) -> Expression:
    """The same quantities, called as they are in the rule for any weight."""
    letters = {
        node: variable(replace(node.name, mark=_rule_mark(context, node.name)), node.shape)
        for node in written_nodes(expression)
        if node.name is not None and node.name.mark
    }
    return substitute(expression, letters)


def options_told(context: Context, of_step: bool = True) -> list[Block]:
    """The numbers behind the rule's letters. of_step: that of the step among them, which changes from step to step"""
    blocks: list[Block] = []
    lines = [
        value_equation(context.labels.label(letter.name), value, context.labels)
        for letter, value in context.step.update.options.items()
        if letter.name
    ]
    if STEP_NUMBER in order(*context.step.update.roots):
        if of_step:
            lines.append(value_equation(context.labels.label(Name("k")), context.step.number, context.labels))
        blocks.append(context.says("descent.step", k=context.labels.label(Name("k"))))
    return [*blocks, Equations(tuple(lines))] if lines else []


# What the letters are for


class TriedRule(FrozenValue):
    """The rule for any weight, tried with numbers, each only once."""

    context: Context
    _known: dict[Hashable, dict[Expression, float]] = field(default_factory=dict, init=False, compare=False)

    @cached_property
    def rule(self) -> tuple[Update, ParameterUpdate]:
        """The rule."""
        return for_any_weight(self.context)

    @cached_property
    def part(self) -> ParameterUpdate:
        """What it does to the weight."""
        return self.rule[1]

    @cached_property
    def rate(self) -> float:
        """The learning rate of this step; 0 where the rule has none."""
        return rate_of(self.context)

    @cached_property
    def inner(self) -> list[Expression]:
        """What the rule names for itself on the way from the gradient to the weight: m̂ …"""
        nodes = order(*self.part.new_states, self.part.new, wall=lambda node: node is self.part.gradient)
        outer = (self.part.new, *self.part.new_states, self.rule[0].rate, self.part.gradient)
        return [node for node in nodes if node.primitive.name == "named" and node not in outer]

    def __call__(
        self, gradient: float, states: Sequence[float] = (), weight: float = 0.0, k: int = 1, without: Expression | None = None
    ) -> dict[Expression, float]:
        """What one step computes, the new weight and the new states among it.

        states   before the step; 0 where nothing is said
        without  an option of the rule in whose place 0 stands
        """
        whole, part = self.rule
        states = states or [0.0] * len(part.states)
        if (tried := (gradient, *states, weight, k, without)) in self._known:
            return self._known[tried]
        options = {letter: 0.0 if letter is without else value for letter, value in whole.options.items()}
        given = {**options, part.parameter: weight, part.gradient: gradient, **dict(zip(part.states, states, strict=True)), STEP_NUMBER: k}
        if whole.rate.primitive.name == "named":
            given[whole.rate] = self.rate
        sizes = {node: (MATRIX if len(node.shape) > 1 else (1,)) if node.shape else () for node in given}
        bound = {node: np.full(sizes[node], value) for node, value in given.items()}
        found = evaluate([part.new, *part.new_states, *self.inner], bound)
        self._known[tried] = {node: float(np.ravel(value)[0]) for node, value in found.items()}
        return self._known[tried]

    def moves(self, gradients: Sequence[float]) -> list[float]:
        """How far a weight of 0 moves in steps with these gradients, each from the states that the one before it has left."""
        states, moved = [0.0] * len(self.part.states), list[float]()
        for k, gradient in enumerate(gradients, start=1):
            found = self(gradient, states, k=k)
            moved.append(found[self.part.new])
            states = [found[state] for state in self.part.new_states]
        return moved

    def after(self, place: int, state: float, gradient: float, weight: float = 0.0, k: int = 1) -> float:
        """What becomes of a state in one step, whose other states are 0.7."""
        states = [0.7] * len(self.part.states)
        states[place] = state
        return self(gradient, states, weight, k)[self.part.new_states[place]]

    def memory(self, place: int) -> tuple[float, float, int] | None:
        """keep, take and power of a state that becomes keep · state + take · gradient ^ power; None of one that becomes something else."""
        after = partial(self.after, place)
        keep, take = after(1, 0), after(0, 1)
        for power in (1, 2):
            tried = [(0.0, 0.0, 0.0, 1), (2.0, 3.0, 1.0, 2), (0.5, -2.0, -3.0, 7), (-1.5, 0.25, 2.0, 40)]
            if all(_same(after(s, g, w, k), keep * s + take * g**power) for s, g, w, k in tried):
                return keep, take, power
        return None

    def largest(self, place: int) -> float | None:
        """keep of a state that becomes max(keep · state, |gradient|), but for a trace; None of one that becomes something else."""
        after = partial(self.after, place)
        keep = after(1, 0)
        tried = [(0.0, 0.0, 0.0, 1), (2.0, 3.0, 1.0, 2), (2.0, -0.5, -3.0, 7), (0.5, -2.0, 2.0, 40)]
        found = all(math.isclose(after(s, g, w, k), max(keep * s, abs(g)), rel_tol=TRACE, abs_tol=TRACE) for s, g, w, k in tried)
        return keep if found and 0 < keep < 1 else None

    def average_of(self, place: int) -> tuple[float, Expression, int] | None:
        """keep, quantity and power of a state that becomes keep · state + (1 − keep) · quantity ^ power, where the rule has named that
        quantity itself; None of one that becomes something else.
        """
        state, tried = self.part.new_states[place], [(0.7, 0.5), (2.0, -3.0), (0.3, 1.5)]
        for inner, power in itertools.product(self.inner, (1, 2)):
            shares = []
            for before, gradient in tried:
                states = [0.7] * len(self.part.states)
                states[place] = before
                found = self(gradient, states)
                taken = found[inner] ** power
                shares.append((found[state] - taken) / (before - taken) if before != taken else math.nan)
            if 0 < shares[0] < 1 and all(_same(share, shares[0]) for share in shares):
                return shares[0], inner, power
        return None

    def counts(self, place: int) -> bool:
        """Is a state the same for every weight, whatever the gradient?"""
        found = [self.after(place, 0.3, g, w, 3) for g, w in ((0.0, 0.0), (2.0, 1.0), (-0.5, -3.0))]
        return all(_same(one, found[0]) for one in found)


def rate_of(context: Context, parameter: Expression | None = None) -> float:
    """The learning rate of the step, of a schedule its value; that of a parameter where it has its own; 0 where the rule has none."""
    own = context.step.updates.get(f"learning_rate_{parameter.key}") if parameter is not None else None
    if own is not None:
        return float(np.ravel(own)[0])
    rate = context.step.optimizer.options.get("learning_rate", 0.0)
    return float(np.ravel(context.step.updates["learning_rate"])[0]) if isinstance(rate, Bound) else float(rate)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=CLOSE, abs_tol=1e-12)


def told(context: Context) -> list[Inline]:
    """What the states of the rule are for and where they start, what else it does to a step, and how its rate changes."""
    trial = TriedRule(context)
    return [*states_told(trial), *_orthogonal(context), *_decay(trial), *_clipping(context), *_schedule(context), *_own_rates(context)]


def states_told(trial: TriedRule) -> list[Inline]:
    """What is said of the rule in any step: what its states are for, where they start, and what comes of them."""
    lines = [line for place in range(len(trial.part.states)) for line in _state(trial, place)]
    lines += [line for node in trial.inner for line in (*_made_up_for(trial, node), *_leaning(trial, node))]
    return [*lines, *_not_yet_used(trial), *_size(trial)]


def _letter(context: Context, node: Expression) -> Formula:
    """What a quantity of the rule for any weight is called in it."""
    return context.labels.label(replace(node.own_name, mark=_rule_mark(context, node.own_name)))


def _state(trial: TriedRule, place: int) -> list[Inline]:
    """What a state remembers, and that it starts at 0."""
    context, state = trial.context, trial.part.states[place]
    letter, memory = _letter(context, state), trial.memory(place)
    kind, keep = "other", 0.0
    values: dict[str, Any] = {}
    if memory is not None:
        keep, take, power = memory
        squared = "_squares" if power == 2 else ""
        values = {"keep": context.rounded(keep), "take": context.rounded(take)}
        if 0 < keep < 1 and _same(keep + take, 1):
            kind = f"average{squared}"
        elif 0 < keep < 1 and take == 1 and power == 1:
            kind = "velocity"
            values |= {
                name: context.plain_number(float(f"{times:.3g}")) for name, times in (("most", 1 / (1 - keep)), ("least", 1 / (1 + keep)))
            }
        elif keep == take == 1:
            kind = f"sum{squared}"
    elif (share := trial.largest(place)) is not None:
        kind, values = "largest", {"keep": context.rounded(float(f"{share:.9g}"))}
    elif (mixed := trial.average_of(place)) is not None:
        share, inner, power = mixed
        kind = "average_of_squares" if power == 2 else "average_of"
        shares = {"keep": share, "take": 1 - share}
        values = {name: context.rounded(float(f"{one:.9g}")) for name, one in shares.items()} | {"quantity": _letter(context, inner)}
    elif trial.counts(place):
        kind = "counts"
    said = context.text(f"state.{kind}", state=letter, **values)
    key = _so(trial) if kind in ("velocity", "sum_squares") and len(trial.part.states) == 1 else ""
    return [(*said, " ", *context.text(key)) if key else said, *(_ahead(trial, keep) if kind == "velocity" else [])]


def _so(trial: TriedRule) -> str:
    """What comes of a state: longer steps where gradients stay the same, or shorter ones; "" where neither is so."""
    steady, changing = trial.moves([1.0] * 12), trial.moves([1.0, -1.0] * 6)
    if all(0 < abs(b) < abs(a) for a, b in itertools.pairwise(steady)):
        return "state.slower"
    if not all(0 < abs(a) < abs(b) for a, b in itertools.pairwise(steady)):
        return ""
    return "state.longer_calmer" if abs(changing[-1]) < trial.rate else "state.longer"


def _ahead(trial: TriedRule, keep: float) -> list[Inline]:
    """Does the step look ahead, as Nesterov's: to the new gradient, it adds what the next step will keep of the new velocity?"""
    part = trial.part
    if len(part.states) > 1:
        return []
    for gradient, state, weight, k in ((0.7, 0.0, 1.0, 1), (-1.5, 2.0, 0.3, 4)):
        found = trial(gradient, [state], weight, k)
        if not _same(found[part.new], weight - trial.rate * (gradient + keep * found[part.new_states[0]])):
            return []
    return [trial.context.text("state.ahead", state=_letter(trial.context, part.states[0]), keep=trial.context.rounded(keep))]


def _made_up_for(trial: TriedRule, node: Expression) -> list[Inline]:
    """m̂ = m / (1 − β₁ᵏ): what the rule names for itself, where it makes up for the start of a moving average at 0."""
    for place, state in enumerate(trial.part.new_states):
        memory = trial.memory(place)
        if memory is None or not (0 < memory[0] < 1 and _same(memory[0] + memory[1], 1)):
            continue
        keep, power = memory[0], memory[2]
        tried = [(k, trial(gradient, k=k)) for k, gradient in ((1, 2.0), (2, -3.0), (5, 0.5), (60, 1.0))]
        if all(found[state] and _same(found[node], found[state] / (1 - keep**k)) for k, found in tried):
            key = "state.corrected_squares" if power == 2 else "state.corrected"
            letters = {"corrected": node, "state": state, "gradient": trial.part.gradient}
            called = {place: _letter(trial.context, quantity) for place, quantity in letters.items()}
            number = trial.context.step.number
            return [trial.context.text(key, share=trial.context.rounded(1 - keep**number), number=number, **called)]
    return []


def _leaning(trial: TriedRule, node: Expression) -> list[Inline]:
    """Does what the rule names for itself give the newest gradient more weight than the average that is in it?"""
    return [
        trial.context.text("state.leaning", quantity=_letter(trial.context, node), state=_letter(trial.context, state))
        for place, state in enumerate(trial.part.new_states)
        if (memory := trial.memory(place)) is not None and memory[2] == 1 and 0 < memory[0] < 1 and _leans(trial, node, place, memory)
    ][:1]


def _leans(trial: TriedRule, node: Expression, place: int, memory: tuple[float, float, int]) -> bool:
    """Does a quantity grow with the newest gradient, in a line, while the average that has taken it up stays the same?"""
    (keep, take, _), state = memory, trial.part.new_states[place]

    def found(gradient: float, k: int) -> dict[Expression, float]:
        states = [0.0] * len(trial.part.states)
        states[place] = (1.0 - take * gradient) / keep
        return trial(gradient, states, k=k)

    tried = [[found(gradient, k) for gradient in (2.0, 0.5, 0.0)] for k in (2, 30)]
    rising = all(_same(high[state], low[state]) and high[node] > low[node] + CLOSE for high, low, _ in tried)
    return rising and all(_same(high[node] - none[node], 4 * (low[node] - none[node])) and none[node] > CLOSE for high, low, none in tried)


def _not_yet_used(trial: TriedRule) -> list[Inline]:
    """A state that makes no difference to the first steps, because it rests on too few gradients."""
    lines, number = list[Inline](), trial.context.step.number
    for place, state in enumerate(trial.part.states):

        def differs(k: int, place: int = place) -> bool:
            states = [1.0] * len(trial.part.states)
            one = trial(0.5, states, k=k)[trial.part.new]
            states[place] = 4.0
            return not _same(trial(0.5, states, k=k)[trial.part.new], one)

        if differs(1) or not differs(WARMED_UP):
            continue
        first = bisect.bisect_left(range(1, WARMED_UP + 1), 1, key=lambda k: int(differs(k))) + 1
        key = "state.not_yet" if number < first else "state.in_use"
        lines.append(trial.context.text(key, state=_letter(trial.context, state), first=first, before=first - 1))
    return lines


def _size(trial: TriedRule) -> list[Inline]:
    """Whether the step grows with the gradients, and what keeps it from dividing by 0."""
    context, new = trial.context, trial.part.new
    lines = [context.text("rule.size")] if _keeps_its_length(trial) else []
    found = {letter: trial(0.0, without=letter)[new] for letter in trial.rule[0].options}
    needed = [letter for letter, value in found.items() if math.isnan(value) and math.isfinite(trial(0.0)[new])]
    lines += [context.text("rule.nonzero", letter=_letter(context, letter)) for letter in needed]
    still = [letter for letter in trial.rule[0].options if letter is not trial.rule[0].rate and trial(1.0, without=letter)[new] == 0]
    return [*lines, *(context.text("rule.begins", letter=_letter(context, letter)) for letter in still if trial(1.0)[new])]


def _keeps_its_length(trial: TriedRule) -> bool:
    """Would every weight have moved as far in this step, had all gradients so far been ten times as large?"""
    step, options = trial.context.step, trial.context.step.optimizer.options
    powers = [power for place in range(len(trial.part.states)) if (power := _power_of_gradients(trial, place)) is not None]
    if not powers or len(powers) < len(trial.part.states) or options["clip_value"] is not None or options["clip_norm"] is not None:
        return False
    whole = step.update
    rate = {whole.rate: trial.rate} if whole.rate.primitive.name == "named" else {}
    for part in whole.parameters:
        moved = []
        for times in (1.0, 10.0):
            states = {
                state: times**power * np.asarray(step.states[state.key], dtype=float)
                for state, power in zip(part.states, powers, strict=True)
            }
            own = {part.parameter: step.parameters[part.parameter.key], part.gradient: step.gradients[part.parameter.key]}
            given = {node: np.asarray(value, dtype=float) for node, value in {**own, **rate, **whole.options}.items()}
            given[part.gradient] = times * given[part.gradient]
            moved.append(value_of(part.new, {**given, **states, STEP_NUMBER: step.number}) - given[part.parameter])
        if not np.allclose(moved[0], moved[1], rtol=TRACE, atol=1e-12):
            return False
    return True


def _power_of_gradients(trial: TriedRule, place: int) -> float | None:
    """Of ten times as large gradients a state is 10^power times as large; None where that is not known."""
    if (memory := trial.memory(place)) is not None:
        return memory[2]
    if trial.largest(place) is not None:
        return 1.0
    return 0.0 if trial.counts(place) or trial.average_of(place) is not None else None


def _orthogonal(context: Context) -> list[Inline]:
    """Where the rule takes a matrix as a whole: in how many directions its step moves it, and how far in each."""
    lines, step = list[Inline](), context.step
    if step.optimizer.elementwise:
        return lines
    for part in step.update.parameters:
        if len(part.parameter.shape) != 2 or min(map(int, part.parameter.shape)) < 2:
            continue
        key, states = part.parameter.key, {state: np.asarray(step.states[state.key], dtype=float) for state in part.states}
        gradient = np.asarray(step.gradients[key], dtype=float)
        own = {part.parameter: np.zeros_like(gradient), part.gradient: gradient}
        rate = {step.update.rate: rate_of(context)} if step.update.rate.primitive.name == "named" else {}
        options = {node: np.asarray(value, dtype=float) for node, value in {**step.update.options, **rate}.items()}
        moved = value_of(part.new, {**own, **options, **states, STEP_NUMBER: step.number})
        if not np.isfinite(moved).all():
            continue
        lengths = [np.linalg.svd(one, compute_uv=False) for one in (gradient, moved)]
        ratios = [float(one[0] / one[-1]) if one[-1] > CLOSE * one[0] else math.inf for one in lengths]
        if math.isfinite(ratios[0]) and ratios[1] < min(EVEN, ratios[0]):
            numbers = dict(zip(("gradient", "own"), (context.rounded(float(f"{ratio:.3g}")) for ratio in ratios), strict=True))
            lines.append(context.text("rule.orthogonal", matrix=context.labels.label(part.parameter.name or Name("W")), **numbers))
    return lines


def _decay(trial: TriedRule) -> list[Inline]:
    """What the rule takes from a weight whatever its gradient."""
    new = trial.part.new
    kept = trial(0.0, weight=1.0)[new]
    tried = [(2.0, 0.3, 1), (-3.0, -1.5, 4), (0.5, 0.0, 9)]
    left = [trial(gradient, weight=weight, k=k)[new] - trial(gradient, k=k)[new] for weight, gradient, k in tried]
    if not 0 < kept < 1 or not all(_same(one, kept * weight) for one, (weight, _, _) in zip(left, tried, strict=True)):
        return []
    return [trial.context.text("rule.decay", share=trial.context.rounded(float(f"{1 - kept:.9g}")))]


def _clipping(context: Context) -> list[Inline]:
    """What clipping does in this step."""
    options, lines = context.step.optimizer.options, list[Inline]()
    gradients = [np.asarray(context.step.gradients[part.parameter.key], dtype=float) for part in context.step.update.parameters]
    if (limit := options["clip_value"]) is not None:
        beyond = sum(int(np.count_nonzero(np.abs(one) > limit)) for one in gradients)
        values = {"limit": context.rounded(limit), "beyond": beyond, "count": sum(one.size for one in gradients)}
        lines.append(context.text("rule.clip_value", **values))
    if (limit := options["clip_norm"]) is not None and context.step.update.norm is not None:
        norm = float(np.ravel(context.step.updates["norm"])[0])
        numbers = {"norm": context.rounded(norm), "limit": context.rounded(limit)}
        if norm > limit:
            lines.append(context.text("rule.clip_norm", share=context.rounded(limit / norm), **numbers))
        else:
            lines.append(context.text("rule.clip_norm_within", **numbers))
    return lines


def _schedule(context: Context) -> list[Inline]:
    """How the rate changes."""
    schedule = context.step.optimizer.options.get("learning_rate")
    if not isinstance(schedule, Bound):
        return []
    rate = schedule.apply(STEP_NUMBER)
    following = float(value_of(rate, {STEP_NUMBER: context.step.number + 1}))
    numbers = {"now": context.rounded(rate_of(context)), "next": context.rounded(following)}
    return [context.text("rule.schedule", schedule=context.called(schedule), **numbers)]


def _own_rates(context: Context) -> list[Inline]:
    """Which parameters have rates of their own, and how large they are."""
    factors = multipliers_of(context.step.network, context.step.optimizer.options["multipliers"] or {})
    moving = {part.parameter.key: part.parameter for part in context.step.update.parameters}
    lines = list[Inline]()
    for factor in dict.fromkeys(factor for key, factor in factors.items() if key in moving):
        own = [parameter for key, parameter in moving.items() if factors.get(key) == factor]
        names = joined_inline(map(context.symbol, own))
        rate = context.labels.label(Name("learning_rate"))
        numbers = {"factor": context.rounded(factor), "own": context.rounded(rate_of(context, own[0]))}
        lines.append((*names, *context.text("rule.own_rate", rate=rate, count=len(own), **numbers)))
    return lines


# What the step would have been


def beside_plain(context: Context) -> list[Block]:
    """What plain gradient descent would have done with the same gradients and the same rate; nothing where the rule is just that."""
    if not _compares(context):
        return []
    moves = [_moves(context, part) for part in context.step.update.parameters]
    own, plain = (math.sqrt(sum(float(np.sum(pair[which] ** 2)) for pair in moves)) for which in (0, 1))
    if not math.isfinite(own) or not math.isfinite(plain):
        return []
    blocks: list[Block] = [context.heading("beside.title")]
    least = 1e-12 * min(1.0, plain)
    if all(np.allclose(own_moves, plain_moves, rtol=CLOSE, atol=least) for own_moves, plain_moves in moves):
        fresh = context.step.states and not any(np.any(state) for state in context.step.states.values())
        return [*blocks, context.says("beside.same_at_first" if fresh else "beside.same")]
    blocks.append(context.says("beside.length", plain=context.rounded(plain), own=context.rounded(own)))
    return [*blocks, *_table_of_moves(context)] if context.detail == "scalar" else blocks


def _compares(context: Context) -> bool:
    """Has the rule a rate, and does it do more with it than plain gradient descent?"""
    options = context.step.optimizer.options
    if "learning_rate" not in options or not context.step.update.parameters:
        return False
    trial = TriedRule(context)
    tried = [(0.7, 0.0, 1), (-1.5, 2.0, 3)]
    plain = all(_same(trial(g, weight=w, k=k)[trial.part.new], w - trial.rate * g) for g, w, k in tried)
    return not plain or bool(trial.part.states) or options["clip_value"] is not None or options["clip_norm"] is not None


def _moves(context: Context, part: ParameterUpdate) -> tuple[Any, Any]:
    """How far each weight of a parameter moves, and how far it would have moved by −η · ∂E/∂w."""
    key, step = part.parameter.key, context.step
    old, new, gradient = (np.asarray(one[key], dtype=float) for one in (step.parameters, step.new_parameters, step.gradients))
    with np.errstate(over="ignore", invalid="ignore"):
        own, plain = new - old, -rate_of(context, part.parameter) * gradient
    for index in step.network.kept.get(key, ()):
        plain[index] = 0.0  # whatever the rule, these stay as they are
    return own, plain


def _table_of_moves(context: Context) -> list[Block]:
    """A weight a row: its gradient, and how far it moves by each rule."""
    elements = [(part, element) for part in context.step.update.parameters for element in context.elements(part.parameter)]
    shown = context.shown(elements, MOST_MOVES)
    rows: list[list[Formula]] = []
    for part, element in shown:
        gradient = context.before[context.scalars.variable(context.gradient_of(element))]
        own, plain = (one[element.index] for one in _moves(context, part))
        rows.append([context.letter(element), *(number_formula(value, context.rounding) for value in (gradient, plain, own))])
    head = context.words.heads("beside", "weight", "gradient", "plain", "own")
    return [table(head, rows), *context.left_out("beside.more", len(elements) - len(shown))]
