"""The judgement of single layers: from what a backward pass gives to the name of its mistake, or to the word that it is right."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.checking.evidence import Fault, Place, Saying, Verdict
from chainrule.checking.layer_arrays import RATE, gradient_at_equals
from chainrule.checking.layer_kinds import layer_kinds
from chainrule.checking.layer_mistakes import LAYER_MISTAKES, Way
from chainrule.checking.layer_probes import EPSILONS, LayerCase, LayerKind, Writing, drawn

NEAR = 1e-5
"""How far a gradient may be from the right one, relative to its largest element: what float32 needs."""

TURNS = 2
"""How many ∂E/∂y arrive, one after the other, on each probe."""

RATES = ("learning_rate", "lr", "rate", "alpha", "eta", "step_size")
"""What the learning rate is called where a backward pass takes a step of its own."""

PARTS = ("dense", "relu_layer", "sigmoid_layer", "tanh_layer", "softmax_layer")
"""Layers of which a network of dense layers is made: judged with it."""

PAPER = {"gamma": "γ", "shift": "β", "h": "h⟨t−1⟩", "c": "c⟨t−1⟩"}
"""What letters are called on paper, where they are called otherwise than here."""


MEANS = "check.convention.mean"
"""What is said of gradients that are means over the samples."""


def paper_gradient(symbol: str) -> str:
    """∂E/∂ a letter."""
    return f"∂E/∂{PAPER.get(symbol, symbol)}"


@lru_cache(maxsize=256)
def layer_cases(kind: LayerKind, seed: int = 0) -> tuple[tuple[LayerCase, ...], ...]:
    """What a layer is tried with: for each of its probings a case for each ∂E/∂y that arrives."""
    rng, found = np.random.default_rng([seed, *kind.name.encode()]), list[tuple[LayerCase, ...]]()
    for number in range(len(kind.probings)):
        first = drawn(kind, number, rng)
        others = [{symbol: np.asarray(rng.normal(size=value.shape)) for symbol, value in first.arrived.items()} for _ in range(TURNS - 1)]
        found.append((first, *(replace(first, arrived=arrived) for arrived in others)))
    return tuple(found)


def layer_questions(code: str, seed: int = 0) -> list[dict[str, Any]]:
    """The same as plain data, in everybody's writing, for the process in which somebody's program runs.

    code  the text of the program: some layers are asked for only where it has words of theirs
    """
    wanted = [kind for kind in layer_kinds().values() if re.search(kind.words, code, re.IGNORECASE)]
    asked = [(place, kind, writing) for kind in wanted for place, writing in enumerate(kind.writings)]
    asked.sort(key=lambda one: one[0])  # a layer norm of rows is a batch norm of columns: the usual writing is tried first
    return [_question(kind, place, writing, layer_cases(kind, seed)) for place, kind, writing in asked]


def layer_question(reading: LayerReading, seed: int = 0) -> dict[str, Any]:
    """The same of one layer that was read."""
    kind = reading.kind
    return _question(kind, kind.writings.index(reading.writing), reading.writing, layer_cases(kind, seed))


def _question(kind: LayerKind, place: int, writing: Writing, cases: Sequence[Sequence[LayerCase]]) -> dict[str, Any]:
    def plain(symbol: str, array: Array) -> Any:
        return writing.written(symbol, array).tolist()

    probes, rates = list[dict[str, Any]](), dict[str, Any].fromkeys(RATES, RATE)
    for several in cases:
        first = several[0]
        epsilons = EPSILONS if "epsilon" in first.probing.options else EPSILONS[:1]
        given = [(one, replace(first, epsilon=one).results) for one in epsilons]
        probes.append({
            "arrays": {symbol: plain(symbol, first.numbers[symbol]) for symbol in kind.inputs},
            "known": {**rates, **first.probing.known},
            "results": [[one, [plain(*pair) for pair in zip(kind.results, values, strict=True)]] for one, values in given],
            "seeds": [{symbol: plain(symbol, value) for symbol, value in one.arrived.items()} for one in several],
        })  # fmt: skip
    return {
        "kind": kind.name,
        "family": kind.called,
        "writing": place,
        "inputs": dict(kind.inputs),
        "parameters": list(kind.parameters),
        "results": list(kind.results),
        "tokens": kind.tokens,
        "masked": kind.masked,
        "rates": list(RATES),
        "probes": probes,
    }


class LayerAnswer(Frozen):
    """What somebody's layer gave for one case: gradients by their symbol, as they are written there; or why it gave none.

    counted  by how many samples the gradients of parameters are divided where they are means; here they are sums all the same
    """

    case: LayerCase
    gradients: Mapping[str, Array] = field(default_factory=dict)
    failure: str = ""
    counted: int = 1

    @property
    def rows(self) -> int:
        """How many samples there are."""
        return int(next(iter(self.case.numbers.values())).shape[0])


class LayerReading(Frozen):
    """A forward and a backward pass, as what they were read, and what they gave.

    name      of both; line, backward: where each begins
    answers   to ordinary probes; tied: to one where some numbers are equal
    names     its own names of gradients, by symbol; places: where it computes them
    left      on how many sizes its forward pass gave something else
    own       the name of its backward pass, or of its class; uses: those of others that it calls
    """

    name: str
    line: int
    backward: Place
    kind: LayerKind
    writing: Writing
    answers: Sequence[LayerAnswer]
    tied: Sequence[LayerAnswer] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    left: int = 0
    own: str = ""
    uses: tuple[str, ...] = ()

    @property
    def understood(self) -> Iterator[Saying]:
        """What was understood of it."""
        yield Saying(f"check.layers.{self.kind.called}", {"name": self.name, "line": self.line})
        gates = ", ".join(self.kind.gates[gate] for gate in self.writing.gates)
        yield Saying("check.layers.gates", {"gates": gates}) if gates else Saying(self.writing.key)


class LayerExplanation(Frozen):
    """What explains some of the wrong gradients: one way, or two that are made together."""

    numbers: tuple[int, ...]
    written: str
    symbols: tuple[str, ...]
    against: int = 0


def read_layers(plain: Sequence[Mapping[str, Any]], seed: int = 0) -> list[LayerReading]:
    """Readings, of what came out of the process in which the program ran; lines are those of a file already."""
    kinds = layer_kinds()
    found = []
    for one in plain:
        kind, answers = kinds[one["kind"]], dict[bool, list[LayerAnswer]]({False: [], True: []})
        names = dict[str, str]()
        for call in one["calls"]:
            case = replace(layer_cases(kind, seed)[call["probe"]][call["turn"]], epsilon=one["epsilon"])
            if call.get("mask") is not None:
                case = replace(case, numbers={**case.numbers, "mask": np.array(call["mask"])})
            arrays = {symbol: np.array(value, dtype=float) for symbol, value in call.get("gradients", {}).items()}
            failure = call.get("failure", "")
            if empty := next((symbol for symbol, value in arrays.items() if not value.size), ""):  # what dx[pad:−pad] is without padding
                arrays, failure = {}, f"{paper_gradient(empty)} = []"
            answers[case.probing.whole].append(LayerAnswer(case, arrays, failure))
            names = names or {symbol: name for symbol, name in call.get("names", {}).items() if name}
        places = {symbol: Place(*place) for symbol, place in one["places"].items()}
        ordinary, further = answers[False], answers[True]
        whole = Place(*one["backward"])
        found.append(
            LayerReading(
                one["name"],
                one["line"],
                whole,
                kind,
                kind.writings[one["writing"]],
                ordinary,
                further,
                names,
                places,
                left=len(one["failed"]),
                own=one["own"],
                uses=tuple(one["uses"]),
            )
        )
    return list(_as_meant(found))


Locate: TypeAlias = "Callable[[LayerReading, Mapping[str, Array]], Place | None]"


def nowhere(reading: LayerReading, wanted: Mapping[str, Array]) -> None:
    """The place of a slip where no program can be asked for it."""
    del reading, wanted


def judge_layers(readings: Sequence[LayerReading], unread: Sequence[str] = (), locate: Locate = nowhere) -> Verdict:
    """The verdict on the layers of a file.

    unread  names of passes that are none of the layers that are known
    locate  gives the one place at which a backward pass goes wrong, from the gradients that it should give on its first case
    """
    faults, cautions, conventions, remarks = list[Fault](), list[Fault](), list[Saying](), list[Saying]()
    wrong = set[str]()
    for reading in sorted(readings, key=lambda one: any(other.own in one.uses for other in readings)):
        if below := sorted(wrong & set(reading.uses)):
            remarks.append(Saying("check.layers.below", {"name": reading.own, "names": ", ".join(below)}))
            continue
        found, otherwise = _judged(reading)
        if found:
            found = _at_one_place(reading, found, locate, means=otherwise is not None and otherwise.key == MEANS)
            faults += found
            wrong.add(reading.own)
        if otherwise is not None and otherwise not in conventions:
            conventions.append(otherwise)
        if reading.left:
            remarks.append(Saying("check.layers.left", {"name": reading.name, "count": reading.left}))
        given = {symbol for one in reading.answers for symbol in one.gradients}
        if given and (missing := [paper_gradient(symbol) for symbol in reading.kind.order if symbol not in given]):
            remarks.append(Saying("check.layers.missing", {"name": reading.own, "quantities": ", ".join(missing)}))
        cautions += [] if found else _cautions(reading)
    if unread:
        remarks.append(Saying("check.layers.unread", {"names": "; ".join(unread)}))
    if not readings:
        return Verdict("refused", remarks=tuple(remarks))
    if not faults:
        count = len(readings)
        remarks.append(Saying("check.layers.right", {"count": count, "probes": sum(len(one.answers) for one in readings)}))
        return Verdict(
            "convention" if conventions else "right",
            conventions=tuple(conventions),
            remarks=tuple(remarks),
            cautions=tuple(cautions),
        )
    named = [one for one in faults if one.number is not None]
    kind = "unknown" if not named else "class" if len(faults) == 1 and faults[0].others else "mistakes"
    return Verdict(kind, tuple(faults), tuple(conventions), tuple(remarks), cautions=tuple(cautions))


def _as_meant(readings: Sequence[LayerReading]) -> Iterator[LayerReading]:
    """Each pair once: where it can be read as one layer in several ways, in the one in which it is right, or its mistakes have names."""
    several = dict[tuple[str, int, str], list[LayerReading]]()
    for reading in readings:
        several.setdefault((reading.name, reading.line, reading.kind.called), []).append(reading)
    for ways in several.values():
        yield ways[0] if len(ways) == 1 else min(ways, key=_faultiness)


def _faultiness(reading: LayerReading) -> tuple[int, int]:
    """How many faults without a name it has, and how many in all."""
    faults, _ = _judged(reading)
    return sum(one.number is None for one in faults), len(faults)


def _judged(reading: LayerReading) -> tuple[list[Fault], Saying | None]:
    """What is wrong with one layer, and what it does otherwise."""
    answers = [one for one in reading.answers if not one.failure]
    given = [symbol for symbol in reading.kind.order if answers and all(symbol in one.gradients for one in answers)]
    if not given:
        why = next((one.failure for one in reading.answers if one.failure), "")
        nothing = np.zeros(0)
        first = paper_gradient(reading.kind.order[0])
        said = Saying("check.why.layer.fails", {"problem": why}) if why else Saying("check.why.layer.nothing")
        return [Fault(None, first, first, said, nothing, nothing, place=reading.backward)], None
    learned = [symbol for symbol in given if symbol in reading.kind.parameters]
    means = _are_means(reading, answers, learned)
    if means:
        answers = [_summed(one, learned) for one in answers]
    wrong = [symbol for symbol in given if not all(_near(reading, one, symbol, one.case.truth[symbol]) for one in answers)]
    factors = {symbol: found for symbol in wrong if (found := _factors(reading, answers, symbol)) is not None}
    if reading.kind.fused and all(_near(reading, one, "x", one.case.arrived["out"]) for one in answers):
        return [], Saying("check.convention.fused")
    if wrong and (limit := _clipped(reading, answers, wrong)) is not None:
        return [], Saying("check.convention.clipped.numbers", {"limit": f"{limit:.6g}"})
    faults, left = list[Fault](), list(wrong)
    explained = _explanations(reading, answers, given, wrong)
    while left:
        usable = [one for one in explained if set(one.symbols) & set(left)]
        if not usable:
            break
        gain = max(len(set(one.symbols) & set(left)) - one.against for one in usable)
        best = [one for one in usable if len(set(one.symbols) & set(left)) - one.against == gain]
        same = [one for one in best if set(one.symbols) == set(best[0].symbols)]
        others = dict.fromkeys(n for one in same for n in one.numbers if one.numbers != best[0].numbers and len(one.numbers) == 1)
        follows = [symbol for symbol in left if symbol in best[0].symbols]
        for place, number in enumerate(best[0].numbers):
            alone = tuple(n for n in others if n != number) if len(best[0].numbers) == 1 else ()
            fault = _fault(reading, answers, follows[0], number, Saying("check.why.written", {"written": best[0].written}), alone)
            quantities = tuple(paper_gradient(symbol) for symbol in follows[1:]) if place == 0 else ()
            faults.append(replace(fault, follows=quantities))
        left = [symbol for symbol in left if symbol not in best[0].symbols]
    for symbol in left:
        faults.append(_by_factor(reading, answers, symbol, factors.get(symbol), wrong=left))
    faults.sort(key=lambda fault: [paper_gradient(symbol) for symbol in reading.kind.order].index(fault.quantity))
    return _merged(faults), Saying(MEANS) if means else None


def _at_one_place(reading: LayerReading, faults: list[Fault], locate: Locate, *, means: bool) -> list[Fault]:
    """The faults where all of them come from one place: the first that has a name, or else the first; the others follow from it."""
    first = next((one for one in reading.answers if not one.failure), None)
    if first is None or first is not reading.answers[0] or first.case.kind.masked:
        return faults
    wanted = {symbol: reading.writing.written(symbol, first.case.truth[symbol]) for symbol in first.gradients}
    if any(value.size != first.gradients[symbol].size for symbol, value in wanted.items()):
        return faults
    shares = {symbol: first.rows if means and symbol in reading.kind.parameters else 1 for symbol in wanted}
    place = locate(reading, {symbol: value / shares[symbol] for symbol, value in wanted.items()})
    if place is None:
        return faults
    one = next((fault for fault in faults if fault.number is not None), faults[0])
    others = [key for fault in faults for key in (fault.quantity, *fault.follows) if key not in (one.quantity, *one.follows)]
    why = one.why if one.number is not None else Saying("check.why.layer.one_place")
    return [replace(one, place=place, why=why, follows=(*one.follows, *others))]


def _are_means(reading: LayerReading, answers: Sequence[LayerAnswer], learned: Sequence[str]) -> bool:
    """Are the gradients of the parameters means over the samples: one of them exactly, and none of them a sum?"""
    if any(all(_near(reading, one, symbol, one.case.truth[symbol]) for one in answers) for symbol in learned):
        return False
    found = (_factors(reading, answers, symbol) for symbol in learned)
    return any(one is not None and _is(one, [1 / answer.rows for answer in answers]) for one in found)


def _clipped(reading: LayerReading, answers: Sequence[LayerAnswer], wrong: Sequence[str]) -> float | None:
    """The limit at which all gradients that are not the right ones are cut off, where they are cut off ones."""
    limit = max(float(np.abs(one.gradients[symbol]).max(initial=0.0)) for one in answers for symbol in wrong)
    cut = (_near(reading, one, symbol, np.clip(one.case.truth[symbol], -limit, limit)) for one in answers for symbol in wrong)
    return limit if limit > 0 and all(cut) else None


def _summed(answer: LayerAnswer, learned: Sequence[str]) -> LayerAnswer:
    """An answer whose gradients of parameters are means, as sums."""
    summed = {symbol: value * answer.rows if symbol in learned else value for symbol, value in answer.gradients.items()}
    return replace(answer, gradients=summed, counted=answer.rows)


def _merged(faults: Sequence[Fault]) -> list[Fault]:
    """Faults of one number, as a sign that is wrong in every gradient, are one."""
    found = list[Fault]()
    for fault in faults:
        known = next((place for place, one in enumerate(found) if one.number == fault.number is not None and one.why == fault.why), None)
        if known is None:
            found.append(fault)
        else:
            found[known] = replace(found[known], follows=(*found[known].follows, fault.quantity, *fault.follows))
    return found


def _canonical(reading: LayerReading, answer: LayerAnswer, symbol: str) -> Array | None:
    return reading.writing.read(symbol, answer.gradients[symbol], answer.case.numbers[symbol].shape)


def _near(reading: LayerReading, answer: LayerAnswer, symbol: str, wanted: Array) -> bool:
    """Is this what was given? A gradient of another shape may have its axes in any order."""
    given = answer.gradients[symbol]
    shape = answer.case.numbers[symbol].shape
    found = _canonical(reading, answer, symbol) if wanted.shape == shape else None
    scale = NEAR * max(float(np.abs(wanted).max(initial=0.0)), float(np.abs(answer.case.truth[symbol]).max(initial=0.0)), 1e-9)
    if found is not None:
        return bool(np.abs(found - wanted).max(initial=0.0) <= scale)
    if given.size != wanted.size:
        return False
    for axes in itertools.permutations(range(wanted.ndim)):
        turned = wanted.transpose(axes)
        alike = [n for n in turned.shape if n > 1] == [n for n in given.shape if n > 1]
        if alike and np.abs(turned.reshape(given.shape) - given).max(initial=0.0) <= scale:
            return True
    return False


def _factors(reading: LayerReading, answers: Sequence[LayerAnswer], symbol: str) -> list[float] | None:
    """How many times the right value it is, answer by answer; None where it is no multiple."""
    found = list[float]()
    for answer in answers:
        given, truth = _canonical(reading, answer, symbol), answer.case.truth[symbol]
        length = float(np.vdot(truth, truth))
        if given is None or not length or not np.isfinite(given).all():
            return None
        factor = float(np.vdot(truth, given)) / length
        if not abs(factor) > 1e-9 or np.abs(given - factor * truth).max() > NEAR * abs(factor) * np.abs(truth).max():
            return None
        found.append(factor)
    return found


def _is(factors: Sequence[float], wanted: Sequence[float]) -> bool:
    return all(abs(one - want) <= NEAR * abs(want) for one, want in zip(factors, wanted, strict=True))


def _ways(kind: LayerKind) -> list[tuple[int, Way]]:
    return [(row.number, way) for row in LAYER_MISTAKES for way in row.ways if kind.called in way.kinds]


def _explanations(
    reading: LayerReading, answers: Sequence[LayerAnswer], given: Sequence[str], wrong: Sequence[str]
) -> list[LayerExplanation]:
    """Every way that gives some of the wrong gradients; two together where none does."""
    if not wrong:
        return []
    ways = _ways(reading.kind)
    found = [one for number, way in ways for one in _explains(reading, answers, given, wrong, (number,), way)]
    reached = {symbol for one in found for symbol in one.symbols}
    if reached >= set(wrong):
        return found
    with_carriers = [(number, way) for number, way in ways if way.carriers is not None]
    for (one, first), (other, second) in itertools.combinations(with_carriers, 2):
        assert first.carriers is not None
        assert second.carriers is not None
        if one != other and not set(first.carriers) & set(second.carriers):
            both = Way(first.kinds, f"{first.written}; {second.written}", {**first.carriers, **second.carriers})
            found += _explains(reading, answers, given, [s for s in wrong if s not in reached], (one, other), both)
    return found


def _explains(
    reading: LayerReading, answers: Sequence[LayerAnswer], given: Sequence[str], wrong: Sequence[str], numbers: tuple[int, ...], way: Way
) -> Iterator[LayerExplanation]:
    """The wrong gradients that a way gives, and how many right ones it would make wrong."""
    with np.errstate(all="ignore"):
        computed = [way.gradients(answer.case) for answer in answers]
    symbols = list[str]()
    for symbol in wrong:
        counts = {len(one.get(symbol, ())) for one in computed}
        for place in range(min(counts)):
            values = [one[symbol][place] for one in computed]
            if all(_near(reading, answer, symbol, value) for answer, value in zip(answers, values, strict=True)):
                symbols.append(symbol)
                break
    against = 0
    if way.carriers is not None:
        right = [symbol for symbol in given if symbol not in wrong]
        against = sum(
            not all(_near(reading, a, symbol, one[symbol][0]) for a, one in zip(answers, computed, strict=True)) for symbol in right
        )
    if symbols:
        yield LayerExplanation(numbers, way.written, tuple(symbols), against)


def _by_factor(
    reading: LayerReading, answers: Sequence[LayerAnswer], symbol: str, factors: Sequence[float] | None, wrong: Sequence[str]
) -> Fault:
    """What no row gives: a sign, 2, N, or another factor; or nothing that is known."""
    if factors is None:
        expected, found = _shown(reading, answers, symbol)
        if expected.shape != found.shape:
            return _fault(reading, answers, symbol, None, Saying("check.why.layer.shape"))
        largest = float(np.abs(expected).max(initial=0.0)) or 1.0
        percent = math.ceil(100 * min(float(np.abs(found - expected).max(initial=0.0)) / largest, 1e6))
        return _fault(reading, answers, symbol, None, Saying("check.why.layer.unknown", {"percent": percent}))
    counts = [(-1, "−1", 9), (2, "2", 11), (0.5, "½", 11)]
    for value, said, number in counts:
        if _is(factors, [value] * len(factors)):
            return _fault(reading, answers, symbol, number, Saying("check.why.factor", {"factor": said}))
    alone = symbol in reading.kind.parameters and len(wrong) < len(reading.kind.order)
    for power, said in ((-1, "1/N"), (1, "N")):
        if _is(factors, [float(one.rows) ** power for one in answers]):
            number = 23 if alone else 13 if power < 0 else 12
            return _fault(reading, answers, symbol, number, Saying("check.why.factor", {"factor": said}))
    constant = _is(factors, [factors[0]] * len(factors))
    said = f"{factors[0]:.6g}" if constant else "; ".join(f"{one:.4g}" for one in dict.fromkeys(round(one, 9) for one in factors))
    return _fault(reading, answers, symbol, None, Saying("check.why.factor", {"factor": said}))


def _shown(reading: LayerReading, answers: Sequence[LayerAnswer], symbol: str) -> tuple[Array, Array]:
    """The right gradient of the first answer and the one that was given, both in the program's writing."""
    answer = answers[0]
    share = answer.counted if symbol in reading.kind.parameters else 1
    expected, found = reading.writing.written(symbol, answer.case.truth[symbol]) / share, answer.gradients[symbol] / share
    return (expected.reshape(found.shape) if _canonical(reading, answer, symbol) is not None else expected), found


def _fault(
    reading: LayerReading, answers: Sequence[LayerAnswer], symbol: str, number: int | None, why: Saying, others: tuple[int, ...] = ()
) -> Fault:
    expected, found = _shown(reading, answers, symbol)
    key, place = paper_gradient(symbol), reading.places.get(symbol, reading.backward)
    count = len(answers)
    return Fault(number, key, key, why, expected, found, others=others, probes=count, place=place)


def _cautions(reading: LayerReading) -> Iterator[Fault]:
    """What is right on ordinary numbers and sizes, and not on others.

    A max pool that gives every one of equals the whole gradient is right where there are no equals; a margin that is cut by [pad:−pad] is
    empty where there is none.
    """
    if why := next((one.failure for one in reading.answers if one.failure), ""):
        first, nothing = paper_gradient(reading.kind.order[0]), np.zeros(0)
        said = Saying("check.why.layer.fails", {"problem": why})
        yield Fault(None, first, first, said, nothing, nothing, key="some_sizes", place=reading.backward)
    answers = [one for one in reading.tied if "x" in one.gradients]
    if answers and all(_near(reading, one, "x", gradient_at_equals(one.case, "all")) for one in answers):
        yield _fault(reading, answers, "x", 116, Saying("check.why.layer.ties"))
