"""A reader of explanations: what their sentences and tables claim about a small dense network, tried by a network of its own in NumPy.

Each text of the catalogue that claims something about the numbers at hand has a test here, by its key. `untried` tells which sentences of
a document neither have one nor are known to claim nothing of that kind, so that a new sentence asks for a new test.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from tests.diagnosis.independent import LOSSES, Example, Pass
from tests.explanation.drawn import drawn
from tests.explanation.printed import PATTERNS, agree, number, said, unit

from chainrule.api.problems import problem
from chainrule.document.document import Document, Equations, Note, Paragraph, Subheading, TableBlock
from chainrule.document.languages.en import WORDS
from chainrule.explanation.explain import explain
from chainrule.notation.formula import Equation
from chainrule.notation.text import formula_text

BOUNDS = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "relu": (0.0, np.inf)}
STEEPEST = {"tanh": 1.0, "sigmoid": 0.25}

CLAIMLESS = (
    "answer.", "beside.more", "beside.title", "chain.arrays", "chain.intro",
    "chain.more", "chain.parameters", "chain.recursive", "chain.shares",
    "chain.table", "chain.ways", "conventions", "data.drawn", "descent.outro", "descent.step", "error.intro", "error.penalty",
    "expanded.", "formulas.", "forward.", "functions.", "left_out.", "matrices.", "matrix.", "more.",
    "network.numbering", "order.", "overview.",
    "rates.one_step_only", "rates.title", "repeat.intro", "repeat.more", "rule.begins", "rule.clip", "rule.decay", "rule.nonzero",
    "second.", "state.", "theorem.", "uses.all", "weights.intro", "weights.matrices", "weights.table", "weights_read.list",
)  # fmt: skip
"""Beginnings of keys whose texts claim nothing of the numbers, or claim what other tests try: `test_rules` what states and rules are
for, `test_prose` what is left out and where it is to be had, `test_extent` the counts."""


Test = Callable[..., bool]
TESTS: dict[str, Test] = {}


def claim(*keys: str) -> Callable[[Test], Test]:
    """What is declared so tests the texts of these keys: it gets the reading, and what stands in the text's places, by name."""

    def declared(test: Test) -> Test:
        TESTS.update(dict.fromkeys(keys, test))
        return test

    return declared


@dataclass
class Reading:
    """A document beside the network that it speaks of.

    said    the keys of the texts that were found in it
    wrong   the sentences that are not true, each with its key
    untried what was neither tested nor is known to claim nothing
    rate    that of the run of which the text speaks, and how many steps it had
    """

    asked: dict[str, Any]
    example: Example
    document: Document
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    rate: float = 0.0
    steps: int = 0
    known: dict[float, tuple[int, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def first(self) -> Pass:
        """The first pass, by NumPy."""
        return self.example.first()

    @cached_property
    def before(self) -> float:
        """E before the step."""
        return float(self.first.error[0])

    @cached_property
    def after(self) -> float:
        """E after it."""
        return float(self.example.run([self.asked["learning_rate"]], 2).errors[0, 1])

    @cached_property
    def moves(self) -> list[np.ndarray]:
        """How far each parameter moves."""
        new = self.example.run([self.asked["learning_rate"]], 2).weights
        return [one - old for one, old in zip(new, self.example.start(), strict=True)]

    @cached_property
    def places(self) -> dict[str, tuple[int, int, int]]:
        """Where a weight or a bias stands: among the parameters, and its row and column there. Weights are numbered unit by unit."""
        found: dict[str, tuple[int, int, int]] = {}
        raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
        for layer, (inputs, units) in enumerate(itertools.pairwise(self.example.network.sizes)):
            for target, source in itertools.product(range(units), range(inputs)):
                found[f"w{len(found) + 1}"] = (2 * layer, source, target)
        weights = len(found)
        for layer, units in enumerate(self.example.network.sizes[1:]):
            for target in range(units):
                of_layer = f"⁽{layer + 1}⁾".translate(raised) if len(self.example.names) > 1 else ""
                found[f"b{target + 1 if units > 1 else ''}{of_layer}"] = (2 * layer + 1, 0, target)
        assert len(found) - weights == sum(self.example.network.sizes[1:])
        return found

    def errors(self, rate: float, steps: int) -> np.ndarray:
        """E before each of so many steps at a rate, as far as rounding does not decide about it. What was run so far is not run again."""
        if self.known.get(rate, (0, None))[0] < steps:
            self.known[rate] = steps, self._errors(rate, steps)
        return self.known[rate][1][:steps]

    def _errors(self, rate: float, steps: int) -> np.ndarray:
        run = self.example.run([rate], steps).errors[0]
        network = self.example.network
        moved = network.with_parameters({key: value * (1 + 1e-13) for key, value in network.parameters.items()})
        nudged = replace(self.example, network=moved)
        apart = ~np.isclose(run, nudged.run([rate], steps).errors[0], rtol=1e-5, atol=1e-13) & np.isfinite(run)
        return run[: int(apart.argmax())] if apart.any() else run

    def ends_with(self, rate: float, steps: int, error: str) -> bool:
        """Is E so large after so many steps? Where rounding decides, nothing is said against it."""
        self.rate, self.steps = rate, steps
        run = self.errors(rate, steps + 1)
        return len(run) <= steps or agree(error, run[steps])

    def sample(self, place: int) -> Example:
        """One sample alone."""
        rows = slice(place, place + 1)
        return replace(self.example, x=self.example.x[rows], t=self.example.t[rows])


def read(seed: int, detail: str = "scalar") -> Reading:
    """A document about a random network, read and tried."""
    return reading(drawn(seed), detail)


def reading(asked: dict[str, Any], detail: str = "scalar") -> Reading:
    """A document about what is asked for, read and tried."""
    found = problem(**asked)
    names = [str(layer.activation.name) for layer in found.network.layers if layer.activation is not None]
    own = Reading(asked, Example(found.network, found.x, found.t, found.optimizer, names), explain(found, detail=detail))
    for section in own.document.sections:
        own.rate = asked["learning_rate"]  # where a section speaks of another one, it says so
        for block in section.blocks:
            if isinstance(block, (Paragraph, Note, Subheading)):
                _try_text(own, said(block.text).replace("`", ""))
            elif isinstance(block, TableBlock):
                _try_table(own, section.key, block)
    own.wrong += [f"{key} is not said" for key in missing(own)]
    return own


def _try_text(own: Reading, text: str) -> None:
    left = text
    found: list[tuple[int, str, dict[str, str]]] = []
    for key, pattern in PATTERNS.items():
        for match in pattern.finditer(left):
            found.append((match.start(), key, match.groupdict()))
            left = left[: match.start()] + "\0" * (match.end() - match.start()) + left[match.end() :]
    for _, key, values in sorted(found, key=lambda one: one[0]):
        own.said.append(key)
        test = TESTS.get(key) or TESTS.get(re.sub(r"\.\w+=\d$", "", key))
        if test is not None:
            if not test(own, **values):
                own.wrong.append(f"{key}: {text}")
        elif not key.startswith(CLAIMLESS):
            own.untried.append(f"{key}: {text}")
    if re.search(r"[a-z]{3}", left):
        own.untried.append(left.replace("\0", ""))


# The step


@claim("descent.intro")
def _(own: Reading, /, slope: str, error: str) -> bool:
    """Small enough steps against the gradient lower E, where there is one: as far as floats tell."""
    if length(own.first.gradients) <= 1e-9:
        return True
    start = own.example.start()
    lengths = np.geomspace(1e-12, 1e-2, 21) / length(own.first.gradients)
    after = [
        float(own.example.passed([w - rate * g for w, g in zip(start, own.first.gradients, strict=True)]).error[0]) for rate in lengths
    ]
    return min(after) < own.before


@claim("descent.intro_kinks")
def _(own: Reading, /, slope: str, error: str) -> bool:
    return bool(_stands_on_kinks(own))


@claim("network.intro")
def _(own: Reading, /, parameters: str, layers: str = "1") -> bool:
    learned = sum(np.size(value) for value in own.example.network.parameters.values())
    return int(parameters) == learned and int(layers) == len(own.example.names)


@claim("data.many", "chain.first_sample", "data.one")
def _(own: Reading, /, samples: str = "1") -> bool:
    return int(samples) == len(own.example.x)


@claim("error.own.mean", "error.own_penalised.mean")
def _(own: Reading, /, error: str) -> bool:
    mean = np.mean([float(own.sample(place).first().error[0]) for place in range(len(own.example.x))])
    penalised = "regularizer" in own.asked
    return bool(np.isclose(own.before, mean, rtol=1e-9)) and penalised == (own.said[-1] == "error.own_penalised.mean")


@claim("error.share")
def _(own: Reading, /, error: str, percent: str) -> bool:
    return agree(percent, 100 * float(np.sum(own.first.penalty)) / own.before)


LETTER = re.compile(r"([a-z])(\d*)(?:⁽([¹²³⁴-⁹]+)⁾)?(?:ˢ([¹²³⁴-⁹]+))?")
LOWERED = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹", "123456789")


@claim("kink")
def _(own: Reading, /, of: str, by: str, left: str, right: str, taken: str) -> bool:
    slopes = {"relu": (0.0, 1.0, 0.0), "leaky_relu": (0.01, 1.0, 0.01)}
    if of in "ER":
        rate = 0.05 if of == "R" else 1 / len(own.example.x)
        fits = own.asked.get("regularizer", "").startswith("l1") if of == "R" else own.asked["loss"] == "absolute"
        return fits and all(map(agree, (left, right, taken), (-rate, rate, 0.0)))
    layer = LETTER.match(by)
    assert layer is not None
    name = own.example.names[int((layer[3] or "1").translate(LOWERED)) - 1]
    return name in slopes and all(map(agree, (left, right, taken), slopes[name]))


@claim("constant.alone")
def _(own: Reading, /, layer: str, activation: str, value: str) -> bool:
    return own.example.names[-1] == "softmax" and own.example.t.shape[1] == 1 and (own.first.prediction == 1).all() and value == "1"


@claim("outcome.larger", "outcome.smaller")
def _(own: Reading, /, error: str = "", before: str = "", after: str = "", factor: str = "", reason: str = "") -> bool:
    ratio = own.after / own.before if own.said[-1].startswith("outcome.larger") else own.before / own.after
    right = agree(factor, ratio) or (100 < ratio < 1e5 and abs(number(factor) - ratio) <= 0.005 * ratio)  # three digits
    return ratio >= 2 and agree(before, own.before) and agree(after, own.after) and right and _is_reason(own, reason)


@claim("outcome.larger_by", "outcome.smaller_by")
def _(own: Reading, /, error: str = "", before: str = "", after: str = "", percent: str = "", reason: str = "") -> bool:
    change = 100 * (own.after / own.before - 1) * (1 if own.said[-1].startswith("outcome.larger") else -1)
    near = abs(number(percent) - change) <= unit(percent) + 1e-12
    return change > 1e-11 and agree(before, own.before) and agree(after, own.after) and near and _is_reason(own, reason)


def _is_reason(own: Reading, reason: str) -> bool:
    """Too long is a step against the gradient of which a part would have lowered E."""
    if not reason:
        return True
    downhill = sum(float((move * g).sum()) for move, g in zip(own.moves, own.first.gradients, strict=True)) < 0
    start = own.example.start()
    shorter = [float(own.example.passed([w + move * part for w, move in zip(start, own.moves, strict=True)]).error[0]) for part in SHORTER]
    lowers = min(shorter) < own.before * (1 - 1e-14)
    return reason == WORDS[f"outcome.reason.{'uphill' if not downhill else 'too_long' if lowers else 'no_shorter'}"]


SHORTER = np.geomspace(1e-90, 0.9, 200)


@claim("outcome.same", "outcome.same_but_rounding")
def _(own: Reading, /, before: str, **rest: str) -> bool:
    return agree(before, own.before) and abs(own.after - own.before) <= 1e-11 * abs(own.before)


@claim("outcome.zero", "outcome.zero_but_rounding", "outcome.as_good_as_zero")
def _(own: Reading, /, before: str, after: str) -> bool:
    """Nothing is left where E is what an error of a few units in the last place of y and t makes of it; else less than 10⁻¹²."""
    example, new = own.example, [w + move for w, move in zip(own.example.start(), own.moves, strict=True)]
    y = example.passed(new).prediction[0]
    off = np.abs(y - example.t) <= 1e-14 * (np.abs(y) + np.abs(example.t))
    return agree(before, own.before) and abs(own.after) < 1e-12 and (own.said[-1] == "outcome.as_good_as_zero" or bool(off.all()))


@claim("outcome.exact")
def _(own: Reading, /, before: str) -> bool:
    return abs(own.before) < 1e-12


@claim("outcome.as_good_as_exact")
def _(own: Reading, /, before: str) -> bool:
    return 0 < number(before) < 1e-12 and abs(own.before) < 1e-12


@claim("outcome.overflow")
def _(own: Reading, /, before: str, after: str) -> bool:
    return agree(before, own.before) and not np.isfinite(own.after)


@claim("beside.length")
def _(own: Reading, /, plain: str, **rest: str) -> bool:
    lengths = (own.asked["learning_rate"] * length(own.first.gradients), length(own.moves))
    return agree(plain, lengths[0]) and agree(rest["own"], lengths[1])


def length(parts: list[np.ndarray]) -> float:
    """The Euclidean length of everything together."""
    return float(np.sqrt(sum((part**2).sum() for part in parts)))


@claim("beside.same", "beside.same_at_first")
def _(own: Reading, /) -> bool:
    rate = own.asked["learning_rate"]
    return all(np.allclose(move, -rate * g, rtol=1e-7, atol=1e-13) for move, g in zip(own.moves, own.first.gradients, strict=True))


@claim("rule.size")
def _(own: Reading, /) -> bool:
    """Had all gradients been ten times as large, every weight would have moved just as far."""
    rate = own.asked["learning_rate"]
    for w, g, move in zip(own.example.start(), own.first.gradients, own.moves, strict=True):
        new, state = w.copy(), [np.zeros_like(w), np.zeros_like(w)]
        own.example.update(new, 10 * g, state, np.array(rate), 1)
        if not np.allclose(new - w, move, rtol=1e-2, atol=1e-2 * rate):
            return False
    return True


# What is striking


@claim("weights.more")
def _(own: Reading, /, left: str) -> bool:
    section = own.document.section("weights")
    blocks = [block for block in section.blocks if isinstance(block, Equations)]
    written = [line for block in blocks for line in block.equations if isinstance(line, Equation) and line.relations[0] == "←"]
    written = [line for line in written if formula_text(line.sides[0])[0] in "wb"]
    return int(left) + len(written) == sum(np.size(value) for value in own.example.network.parameters.values())


@claim("doctor.dead_units")
def _(own: Reading, /, all: str, layer: str, count: str = "1") -> bool:
    slopes = own.first.slopes[int(layer.removeprefix("hidden")) - 1][0]
    return (int(count), int(all)) == (int((slopes == 0).all(axis=0).sum()), slopes.shape[1])


@claim("doctor.no_gradient")
def _(own: Reading, /, error: str) -> bool:
    return agree(error, own.before) and length(own.first.gradients) == 0 < own.before


@claim("doctor.equal_units")
def _(own: Reading, /, first: str, second: str, layer: str) -> bool:
    place, pair = 2 * (int(layer.removeprefix("hidden")) - 1), [int(first) - 1, int(second) - 1]
    for steps in (1, 2, 20):
        W = own.example.run([own.asked["learning_rate"]], steps).weights[place][0]
        if np.isfinite(W).all() and not np.allclose(W[:, pair[0]], W[:, pair[1]], rtol=1e-9, atol=1e-12):
            return False
    return True


@claim("doctor.saturation")
def _(own: Reading, /, layer: str, percent: str) -> bool:
    place = int(layer.removeprefix("hidden")) - 1
    share = np.mean(own.first.slopes[place] < STEEPEST[own.example.names[place]] / 20)
    return int(percent) == round(100 * float(share))


@claim("doctor.vanishing", "doctor.exploding")
def _(own: Reading, /, ratio: str, layer: str, factors: str, layers: str = "") -> bool:
    sizes = [float(np.sqrt(np.mean(delta**2))) for *_, delta in own.first.layers]
    steps = [below / above for above, below in itertools.pairwise(sizes[::-1])]
    said = re.split(r" · (?!10\^)", factors.removesuffix("."))
    return (
        agree(ratio, sizes[0] / sizes[-1]) and layers in ("", str(len(sizes))) and len(said) == len(steps) and all(map(agree, said, steps))
    )


@claim("doctor.zero_start")
def _(own: Reading, /, count: str, all: str, parameter: str) -> bool:
    empty = [f"W{place + 1}" for place, W in enumerate(own.example.start()[::2]) if not W.any()]
    return (int(count), int(all), parameter) == (len(empty), len(own.example.names), empty[0])


@claim("doctor.bounded_output")
def _(own: Reading, /, activation: str, low: str, high: str, percent: str, **rest: str) -> bool:
    bounds, t = BOUNDS[own.example.names[-1]], own.example.t
    outside = (t < bounds[0]) | (t > bounds[1])
    target = next(iter(rest.values()), "")
    shown = not target or any(agree(target, value) for value in t[outside])
    return (number(low), number(high)) == bounds and int(number(percent)) == round(100 * float(outside.mean())) and shown


@claim("doctor.inputs_unscaled.ratio")
def _(own: Reading, /, column: str, number: str, other: str) -> bool:
    one, two = (float(own.example.x[:, int(letter[1:]) - 1].std()) for letter in (column, other))
    return agree(number, one / two)


@claim("doctor.mean_predicted", "doctor.mean_predicted.several")
def _(own: Reading, /, rows: str, mean: str = "") -> bool:
    t, y = own.example.t, own.first.prediction[0]
    same = bool((y.std(axis=0) <= 0.0101 * t.std(axis=0).max()).all())
    return int(rows) == len(t) and same and (agree(mean, float(t.mean())) if mean else t.shape[1] > 1)


# Why E cannot reach 0


@claim("unreachable.contradiction")
def _(own: Reading, /, error: str, first: str, second: str) -> bool:
    a, b = int(first) - 1, int(second) - 1
    return bool((own.example.x[a] == own.example.x[b]).all() and (own.example.t[a] != own.example.t[b]).any())


def _reached(own: Reading, column: int, target: float, z: np.ndarray) -> np.ndarray:
    """The loss of a target for these net inputs of the output."""
    y = {"sigmoid": lambda: (1 + np.tanh(z / 2)) / 2, "tanh": lambda: np.tanh(z), "relu": lambda: np.maximum(z, 0)}[own.example.names[-1]]()
    if own.asked["loss"] == "binary_cross_entropy":
        return np.maximum(z, 0) - target * z + np.log1p(np.exp(-np.abs(z)))
    return np.asarray(LOSSES[own.asked["loss"]][0](y, target))


def _target(own: Reading, t: str, target: str) -> tuple[int, float] | None:
    """Its column, and its value, if it is a target at all."""
    letter = LETTER.match(t)
    assert letter is not None
    column = int(letter[2] or 1) - 1
    return next(((column, value) for value in own.example.t[:, column] if agree(target, value)), None)


@claim("unreachable.never")
def _(own: Reading, /, error: str, t: str, target: str, activation: str) -> bool:
    found = _target(own, t, target)
    return found is not None and float(_reached(own, *found, np.linspace(-700, 700, 70001)).min()) > 1e-6


@claim("unreachable.limit.rising", "unreachable.limit.falling")
def _(own: Reading, /, error: str, t: str, target: str, activation: str) -> bool:
    found, way = _target(own, t, target), 1 if own.said[-1].endswith("rising") else -1
    if found is None:
        return False
    losses = _reached(own, *found, way * np.linspace(0, 12, 13))
    return bool((np.diff(losses) < 0).all() and losses[-1] > 0 and _reached(own, *found, way * np.array([600.0]))[0] < 1e-12)


@claim("unreachable.never.any")
def _(own: Reading, /, error: str, activation: str) -> bool:
    return own.example.names[-1] == "softmax" and bool(((own.example.t > 0) & (own.example.t < 1)).any())


@claim("unreachable.limit.apart")
def _(own: Reading, /, error: str, activation: str) -> bool:
    return own.example.names[-1] == "softmax" and own.example.t.shape[1] > 1 and bool(np.isin(own.example.t, (0, 1)).all())


@claim("unreachable.penalty")
def _(own: Reading, /, error: str) -> bool:
    return "regularizer" in own.asked


@claim("unreachable.penalty_limit")
def _(own: Reading, /, error: str) -> bool:
    bound = np.isin(own.example.t, BOUNDS.get(own.example.names[-1], (0.0, 1.0))).any()
    return "regularizer" in own.asked and own.example.names[-1] in ("sigmoid", "tanh", "softmax") and bool(bound)


@claim("unreachable.penalty_never")
def _(own: Reading, /, error: str, first: str, second: str) -> bool:
    a, b = int(first) - 1, int(second) - 1
    empty = [w * (place % 2) for place, w in enumerate(own.example.start())]
    y = own.example.passed(empty).prediction[0]
    return "regularizer" in own.asked and np.array_equal(y[a], y[b]) and bool((own.example.t[a] != own.example.t[b]).any())


# Tables


def _try_table(own: Reading, section: str, table: TableBlock) -> None:
    """Weights with their numbers, shares of samples, and the errors of a run."""
    head = [said(cell) for cell in table.head]
    rate = own.asked["learning_rate"]
    arrays = {
        "before": own.example.start(), "gradient": own.first.gradients, "sum": own.first.gradients, "beside": own.moves,
        "would have moved by": [-rate * g for g in own.first.gradients], "moves by": own.moves,
        "after": [w + move for w, move in zip(own.example.start(), own.moves, strict=True)],
    }  # fmt: skip
    for row in table.rows:
        first, *others = (said(cell) for cell in row)
        place = own.places.get(first.removeprefix("∂E/∂"))
        if place is not None:
            for title, cell in zip(head[1:], others, strict=True):
                if title in arrays:
                    parameter, *index = place
                    value = float(arrays[title][parameter][(0, *index)])
                    if not (agree(cell, value) or abs(value) < 1e-12 > abs(number(cell))):
                        own.wrong.append(f"{section}: {first}, {title}: {cell}, not {value}")
        elif section == "repeat" and head[-1] == "E":
            run = own.errors(own.rate or rate, int(first))
            if len(run) == int(first) and not agree(others[-1], run[-1]):
                own.wrong.append(f"{section}: step {first}: {others[-1]}, not {run[-1]}")


# What has to be said


def missing(own: Reading) -> list[str]:
    """What is true of the network and should have been told."""
    x, t, bounds = own.example.x, own.example.t, BOUNDS.get(own.example.names[-1], (-np.inf, np.inf))
    pairs = itertools.combinations(range(len(x)), 2)
    contradictory = any((x[a] == x[b]).all() and (t[a] != t[b]).any() for a, b in pairs)
    bounded = ((t < bounds[0]) | (t > bounds[1])).any() or (own.example.names[-1] != "relu" and np.isin(t, bounds).any())
    classes = own.example.names[-1] == "softmax" and t.shape[1] > 1
    wanted = {
        "unreachable.": contradictory or bounded or classes or "regularizer" in own.asked,
        "error.share": "regularizer" in own.asked and float(np.sum(own.first.penalty)) > 0,
        "kink": _stands_on_kinks(own, exactly=True),
        "outcome.": True,
    }
    if length(own.first.gradients) == 0 and own.before > 1e-9:
        wanted["rates.no_gradient"] = True
    return [key for key, due in wanted.items() if due and not any(one.startswith(key) for one in own.said)]


def _stands_on_kinks(own: Reading, *, exactly: bool = False) -> bool:
    """Has something no slope: at a net input of 0, a prediction that is its target, a weight of 0 that is penalised by its size?

    exactly  in floats, too, and not behind saturated units, whose floats add up to 0 where the numbers for which they stand do not
    """
    off = 0.0 if exactly else 1e-12
    names = own.example.names
    smooth = next((place for place, name in enumerate(names) if name in ("tanh", "sigmoid")), len(names))
    layers = list(zip(names, own.first.layers, strict=True))[: smooth + 1 if exactly else None]
    nets = any((np.abs(layer[0]) <= off).any() for name, layer in layers if name in ("relu", "leaky_relu"))
    met = own.asked["loss"] == "absolute" and bool((np.abs(own.first.prediction[0] - own.example.t) <= off).any())
    met = met and (not exactly or smooth == len(names))
    free = own.asked.get("regularizer", "").startswith("l1") and not all(W.all() for W in own.example.start()[::2])
    return nets or met or free
