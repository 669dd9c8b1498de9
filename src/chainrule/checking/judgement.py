"""The judgement: from what a program answered to the name of its mistake, or to the word that it is right.

It looks at the quantities in the order of computation: the forward pass, E, the gradients of the first step, and the steps after it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from chainrule.base.frozen import Frozen, replace
from chainrule.checking.clipped_gradients import ClippedGradients, clipped_gradients
from chainrule.checking.declared import other_losses, square_factor
from chainrule.checking.evidence import SIGN, Architecture, Fault, Observation, Saying, Verdict
from chainrule.checking.extremes import NO_ANSWERS, Answers, apart_fault, check_fault, extreme_faults, kink_fault, paired_fault
from chainrule.checking.factor_faults import Factors, decided_factors
from chainrule.checking.factors import Factor, read_factor
from chainrule.checking.fits import Fit
from chainrule.checking.forward_faults import forward_fault
from chainrule.checking.matching import EDGE_QUANTITIES, Explanation, explanations, right_explanation
from chainrule.checking.mistakes import factor_mistakes
from chainrule.checking.passes import ProbePass
from chainrule.checking.probed import Probed
from chainrule.checking.steps import UNJUDGED, StepFault, broken_step, online_fault, stale_fault, step_fault
from chainrule.network.definitions import Bound, find

NEAR = 1e-6
"""Two factors are the same up to this, relatively."""


class ErrorReading(Frozen):
    """How the E that a program gives is counted, against that of its probes.

    data     how many times the error of the data is in it
    penalty  how many times ½ λ Σ w² is in it; None where it is not
    """

    data: Factor
    penalty: Factor | None


class Judged(Frozen):
    """An explanation with the reading of its factors, and how these are counted.

    counted   the factor of all gradients against a sum over outputs and samples without a ½ or 2 of its own
    faulty    the mistakes in that factor, () where it is a convention; None where it is none that is known
    penalized what is wrong with the penalty on large weights: the layers and how, as a word of the catalogue
    reading   how E is counted, where the program gives it
    """

    explanation: Explanation
    factors: Factors
    counted: Factor
    faulty: tuple[int, ...] | None
    penalized: Mapping[str, tuple[int, ...]]
    reading: ErrorReading | None

    @property
    def cost(self) -> int:
        """How many different mistakes it needs."""
        return self.explanation.cost + self.factors.cost + _whole_cost(self.faulty) + bool(self.penalized)


APART = 38
"""The mistake that is in the pairs of samples and targets."""

UNKNOWN_FACTOR = 4
"""What a factor costs that is neither a convention nor a mistake of the table."""


def _whole_cost(faulty: tuple[int, ...] | None) -> int:
    """Of a factor of all gradients, by the mistakes that it is."""
    return UNKNOWN_FACTOR if faulty is None else len(faulty)


def judge(observations: Sequence[Observation], architecture: Architecture, answers: Answers = NO_ANSWERS) -> Verdict:
    """What somebody's back-propagation comes to, and their own gradient check, where their program has one.

    observations  what their program answered to `probes(architecture)`
    architecture  what is known of their network; where its loss is assumed only, that is taken of which their E is a multiple, and
                  where they give no E, that under which they are right
    answers       what it answered to `chainrule.checking.extremes`, where it was asked
    """
    verdict = _judged(observations, architecture, answers)
    if not observations or verdict.kind == "refused":
        return verdict
    if (apart := observations[0].apart) is not None:  # the text says where it is done, the numbers only where it first shows
        faults = tuple(replace(fault, place=apart[1]) if fault.number == APART else fault for fault in verdict.faults)
        verdict = replace(verdict, faults=faults)
    known = {fault.number for fault in verdict.faults}
    found = (check_fault(observations[0].checks), apart_fault(observations[0]))
    further = tuple(fault for fault in found if fault is not None and fault.number not in known)
    if (kink := kink_fault(observations[0].checks)) is not None:
        verdict = replace(verdict, cautions=(*verdict.cautions, kink))
    return replace(verdict, kind="mistakes" if verdict.passed and further else verdict.kind, faults=(*verdict.faults, *further))


def _judged(observations: Sequence[Observation], architecture: Architecture, answers: Answers) -> Verdict:
    """The back-propagation by itself."""
    if architecture.loss_said:
        return _judged_as(observations, architecture, answers)
    tried: list[Verdict] = []
    for loss in (architecture.loss, *_other_losses(observations, architecture)):
        same = loss == architecture.loss
        read = observations if same else [_with_loss(one, loss) for one in observations]
        other = architecture if same else replace(architecture, loss=loss, outputs="sum", batch="mean")
        answered = [_probed(one) for one in read if not one.failure]
        given = any("E" in one.observation.quantities for one in answered)
        certain = given and _error_reading(answered, 0.0) is not None
        verdict = _judged_as(read, replace(other, loss_said=certain), answers if same else _answers_with_loss(answers, loss))
        if not same:
            said = Saying("check.convention.loss" if verdict.passed or certain else "check.convention.loss_likeliest", {"loss": loss})
            kind = "convention" if verdict.passed else verdict.kind
            verdict = replace(verdict, kind=kind, conventions=(said, *verdict.conventions))
        if certain or verdict.passed or verdict.kind == "refused":
            return verdict
        tried.append(verdict)
    return min(tried, key=_doubt)  # of several that are as good, the loss that was assumed


def _doubt(verdict: Verdict) -> int:
    """How much is wrong: what is no mistake of the table counts as several."""
    return sum(UNKNOWN_FACTOR if fault.number is None else 1 for fault in verdict.faults)


def _answers_with_loss(answers: Answers, loss: str) -> Answers:
    return answers.each(lambda one: _with_loss(one, loss))


def _with_loss(observation: Observation, loss: str) -> Observation:
    network = observation.problem.network.replaced(loss=loss, outputs="sum", batch="mean")
    return replace(observation, problem=replace(observation.problem, network=network))


def _other_losses(observations: Sequence[Observation], architecture: Architecture) -> Iterator[str]:
    """Losses that go with the output, where the one that is known was assumed only."""
    t = next((one.problem.t for one in observations if one.problem.t is not None), None)
    if t is not None:
        output, loss = architecture.functions[-1], find("loss", architecture.loss)
        yield from (other.name for other in other_losses(output, loss, t))


def _judged_as(observations: Sequence[Observation], architecture: Architecture, answers: Answers) -> Verdict:
    answered = [one for one in observations if not one.failure]
    if not answered:
        why = observations[0].failure if observations else ""
        return Verdict("refused", remarks=(Saying("check.refused.failure", {"why": why}),), observations=observations)
    probed = [_probed(one) for one in answered]
    if not any(_gradient_keys(one) for one in answered):
        return Verdict("refused", remarks=(Saying("check.refused.nothing"),), observations=observations)
    remarks = [Saying("check.remark.failed", {"probes": len(observations), "failed": len(observations) - len(answered)})]
    remarks = remarks if len(answered) < len(observations) else []
    wrong = forward_fault(probed)
    faults = [] if wrong is None else [wrong]
    if faults:
        if faults[0].number is None or any("y" not in one.observation.quantities for one in probed):
            return Verdict("mistakes" if faults[0].number else "unknown", tuple(faults), (), tuple(remarks), observations)
        # The rest is judged by what follows from the y that it has.
        probed = [replace(one, probe=one.probe.with_output(np.asarray(one.observation.quantities["y"], dtype=float))) for one in probed]
    if stale := stale_fault(probed):
        faults.append(_fault_of_steps(probed, stale))
    elif probed[0].observation.from_update and (broken := broken_step(probed)) is not None:
        return Verdict("unknown", (*faults, _fault_of_steps(probed, broken)), (), tuple(remarks), observations)
    elif untrained := _untrained(probed):
        faults.append(untrained)
    else:
        judged = _best(probed, architecture)
        online = online_fault(probed) if judged[0].cost and architecture.rows is None else None
        if online is None:
            verdict = _verdict(probed, judged, architecture, faults, remarks, observations)
            if verdict.kind == "unknown" and not faults and (cut := clipped_gradients(probed)) is not None:
                return _without_clipping(cut, architecture, observations)
            return _with_answers(verdict, probed, judged[0].explanation, answers)
        faults.append(_fault_of_steps(probed, online))
    faults += _shared_faults(probed)
    return Verdict("mistakes", tuple(faults), (), tuple(remarks), observations)


def _without_clipping(cut: ClippedGradients, architecture: Architecture, observations: Sequence[Observation]) -> Verdict:
    """The verdict on gradients whose lengths are cut off on purpose."""
    verdict = _judged_as(cut.observations, architecture, NO_ANSWERS)
    said = Saying(f"check.convention.clipped.{cut.way}", {"limit": f"{cut.limit:.6g}"})
    kind = "convention" if verdict.passed else verdict.kind
    return replace(verdict, kind=kind, conventions=(said, *verdict.conventions), observations=observations)


def _with_answers(verdict: Verdict, probed: Sequence[Probed], explanation: Explanation, answers: Answers) -> Verdict:
    """With what only problems of their own show."""
    if verdict.kind == "unknown" and (pairs := paired_fault(answers, probed)) is not None:
        return replace(verdict, kind="mistakes", faults=(pairs,))
    for fault, anywhere in extreme_faults(explanation if verdict.kind != "unknown" else None, answers, len(probed[0].probe.layers)):
        if not anywhere:
            verdict = replace(verdict, cautions=(*verdict.cautions, fault))
            continue
        kind = "mistakes" if verdict.passed else verdict.kind
        verdict = replace(verdict, kind=kind, faults=(*verdict.faults, fault))
    return verdict


def _fault_of_steps(probed: Sequence[Probed], found: StepFault) -> Fault:
    layers = tuple(sorted({int(key[1:]) for key in found.keys}, reverse=True))
    key = f"{found.keys[0]}_next"
    unknown = "check.why.unknown_steps" if np.isfinite(found.found).all() else "check.why.broken_steps"
    why = Saying("check.why.steps" if found.number else unknown, {"written": found.written, "step": found.step})
    return Fault(
        found.number, key, key, why, found.expected, found.found, layers,
        probe=found.probe, probes=len(probed), begins=found.begins,
    )  # fmt: skip


def _shared_faults(probed: Sequence[Probed]) -> Iterator[Fault]:
    """Parameters "before" and "after" that are one and the same array."""
    sharing = [one for one in probed if one.observation.shared]
    if sharing:
        key, _, arrays = sharing[0].observation.shared[0].partition(": ")
        value = sharing[0].probe.network.parameters.get(key, np.zeros(()))
        why = Saying("check.why.shared", {"arrays": arrays})
        layers = (int(key[1:]),) if key[1:].isdigit() else ()
        yield Fault(42, f"{key}_next", f"{key}_next", why, value, value, layers, agreeing=len(sharing), probes=len(probed))


def _probed(observation: Observation) -> Probed:
    problem = observation.problem
    assert problem.x is not None
    assert problem.t is not None
    rate = 1.0 if problem.optimizer is None else problem.optimizer.options.get("learning_rate", 1.0)
    return Probed(ProbePass.of(problem.network, problem.x, problem.t), observation, float(rate))


def _gradient_keys(observation: Observation) -> list[str]:
    return [key for key in observation.quantities if key[:2] in ("dW", "db")]


# Nothing is trained


def _untrained(probed: Sequence[Probed]) -> Fault | None:
    """A wholly zero gradient explains everything; it is looked for before anything else."""
    for one in probed:
        for key in _gradient_keys(one.observation):
            number = int(key[2:])
            found = one.gradient(key)
            assert found is not None
            layer = one.probe.layers[number - 1]
            if np.abs(found).max(initial=0.0) > one.floor(layer.W if key[1] == "W" else layer.b):
                return None
    first = probed[0]
    key = next(iter(sorted(_gradient_keys(first.observation), reverse=True)))
    layers = tuple(range(1, len(first.probe.layers) + 1))
    expected = first.probe.truth[key]
    return Fault(
        None, key, key, Saying("check.why.untrained"), expected, np.zeros_like(expected), layers,
        probes=len(probed), key="untrained",
    )  # fmt: skip


# Which explanation


def _best(probed: Sequence[Probed], architecture: Architecture) -> list[Judged]:
    """The explanations that need the fewest mistakes; several where they are tied."""
    depth = architecture.depth
    alike = all(one.probe.t.shape[1] in layer.W.shape[:1] for one in probed for layer in one.probe.layers)

    def judged_by(explanation: Explanation) -> Judged:
        strength = probed[0].probe.penalty or _own_strength(explanation)
        reading = _error_reading(probed, strength)
        own = _own_counting(architecture)

        @cache
        def faulty(whole: Factor) -> tuple[int, ...] | None:
            return _faulty(probed, architecture, whole, whole * own, reading)

        factors = decided_factors(explanation, depth, lambda whole: _whole_cost(faulty(whole)), alike=alike)
        penalized = _penalized(probed, architecture, explanation, factors, reading)
        return Judged(explanation, factors, factors.whole * own, faulty(factors.whole), penalized, reading)

    right = right_explanation(probed)
    if right is not None and (found := judged_by(right)).cost == 0:
        return [found]
    judged = [judged_by(explanation) for explanation in explanations(probed)]
    least = min(one.cost for one in judged)
    return [one for one in judged if one.cost == least]


def _own_strength(explanation: Explanation) -> float:
    """λ of a penalty that only the gradients show; 0 where there is none."""
    found = next((fit.penalty for fit in explanation.weights.values() if fit.penalty is not None), None)
    return 0.0 if found is None else found.constant


def _own_counting(architecture: Architecture) -> Factor:
    """How the loss that the probes have counts: 2 of a square without ½, 1/N of a mean over samples, 1/k of one over outputs."""
    loss = find("loss", architecture.loss)
    counted = {"outputs": architecture.outputs, "batch": architecture.batch, **loss.implied}
    return Factor(twos=_squares(loss) or 0, rows=-int(counted["batch"] == "mean"), outputs=-int(counted["outputs"] == "mean"))


def _squares(loss: Bound) -> int | None:
    """The power of 2 that a squared error counts with against one with a ½: 1 of (y − t)²; None of any other loss."""
    factor = square_factor(loss)
    return round(math.log2(factor)) if factor > 0 and math.log2(factor).is_integer() else None


def _error_reading(probed: Sequence[Probed], strength: float) -> ErrorReading | None:
    """How the E that the program gives is counted; None where it gives none, or one that is no multiple of the true one.

    strength  λ of the penalty that may be in it
    """
    given = [one.observation.quantities.get("E") for one in probed]
    if any(found is None or np.size(found) != 1 for found in given):
        return None
    errors = np.array([np.asarray(found, dtype=float).item() for found in given])
    data = np.array([one.probe.data_error for one in probed])
    extents = [one.extent(len(one.probe.layers)) for one in probed]
    loose = max(1e-7, 1e3 * max(one.observation.exact_to for one in probed))
    if not np.isfinite(errors).all() or (data == 0).any():
        return None
    plain = read_factor(list(errors / data), extents, exact_to=loose)
    if plain is not None and _counts(plain):
        return ErrorReading(plain, None)
    weights = np.array([strength * one.probe.squared_weights for one in probed])
    if not strength:
        return None
    for twos, rows in itertools.product((0, 1, -1), (0, -1, 1)):
        share = Factor(twos=twos, rows=rows)
        left = errors - weights * [share.at(extent) for extent in extents]
        found = read_factor(list(left / data), extents, exact_to=10 * loose)
        if found is not None and _counts(found):
            return ErrorReading(found, share)
    return None


def _counts(factor: Factor) -> bool:
    """Is it a way of counting errors: 2, N, k and nothing else?"""
    return factor.constant == 1 and factor.sign > 0 and not factor.inputs and not factor.units


def _penalized(
    probed: Sequence[Probed], architecture: Architecture, explanation: Explanation, factors: Factors, reading: ErrorReading | None
) -> Mapping[str, tuple[int, ...]]:
    """What is wrong with the penalty: "missing", "other" than the loss has it, "biases"; with the layers at which it is."""
    fits = {number: fit for number, fit in explanation.weights.items() if fit.factor is not None}
    known = probed[0].probe.penalty
    if not fits or (not known and all(fit.penalty is None for fit in fits.values())):
        return {}
    found: dict[str, tuple[int, ...]] = {}
    wanted = reading.penalty if reading is not None else None
    present = [fit.penalty for fit in fits.values() if fit.penalty is not None]
    if reading is not None and wanted is None and known:
        # The E that is given is that of the data alone: it does not say how the penalty is counted.
        reading = None
    if not present:
        return {"missing": tuple(fits)} if wanted is not None or (known and architecture.loss_said) else {}
    usual = wanted or max(present, key=present.count)
    usual = replace(usual, sign=usual.sign * (factors.whole.sign if wanted else 1))
    for number, fit in fits.items():
        if fit.penalty is None:
            found["missing"] = (*found.get("missing", ()), number)
        elif (not known and replace(fit.penalty, constant=1.0) != replace(usual, constant=1.0)) or (known and fit.penalty != usual):
            found["other"] = (*found.get("other", ()), number)
    if wanted is None and usual.sign != factors.whole.sign:
        found["other"] = tuple(fits)
    biased = tuple(number for number, fit in explanation.biases.items() if fit.penalty is not None)
    return {**found, "biases": biased} if biased and wanted is not None else found


def _faulty(
    probed: Sequence[Probed], architecture: Architecture, whole: Factor, counted: Factor, reading: ErrorReading | None
) -> tuple[int, ...] | None:
    """The mistakes in the factor of all gradients; none where another way of counting makes it right.

    A program that trains may give an E to look at, as the mean of all squares, while it descends ½ Σ (y − t)²: gradients that differ from
    those of its E in several ways of counting at once, and are right in another, belong to another measure.
    """
    certain = any(one.observation.from_update for one in probed)
    sign = whole.sign if certain or architecture.update == "subtracted" else -whole.sign if architecture.update == "added" else 1
    if reading is not None:
        against = Factor(sign) * (replace(whole, sign=1) / reading.data)
        if certain:  # what belongs to a rate of the program's own that is not known is no factor of its gradients
            own_rate = against.rates < 0
            against = replace(against, constant=1.0, twos=0 if own_rate else against.twos, rates=max(against.rates, 0))
        found = factor_mistakes(against, "all")
        return () if certain and sign > 0 and len(found or ()) > 1 and _is_usual(counted) else found
    loss = find("loss", architecture.loss)
    squares = _squares(loss)
    twos = 0 if squares is None else squares if architecture.loss_said else counted.twos
    twos = twos if architecture.loss_said or twos in (0, 1) else 0
    if certain and (architecture.rate is not None or counted.rates < 0):
        twos = counted.twos  # which belongs to a rate that the program itself has chosen
    rows = -1 if counted.rows < -1 else 0 if counted.rows > 0 else counted.rows
    outputs = -1 if counted.outputs < -1 else 0 if counted.outputs > 0 else counted.outputs
    if loss.implied and architecture.loss_said:
        rows, outputs = -int(loss.implied["batch"] == "mean"), -int(loss.implied["outputs"] == "mean")
    constant = counted.constant if not certain else 1.0
    # An update at a rate of its own, or an update that is returned in place of a gradient, is as good as another.
    rates = max(counted.rates, 0) if certain else min(counted.rates, 0)
    against = Factor(
        sign, counted.twos - twos, counted.rows - rows, counted.outputs - outputs, counted.inputs, counted.units, constant, rates
    )
    return factor_mistakes(against, "all")


def _is_usual(counted: Factor) -> bool:
    """Is it a way in which people count errors: with or without ½, summed or averaged over samples, and over outputs?"""
    ways = counted.twos in (0, 1) and counted.rows in (0, -1) and counted.outputs in (0, -1)
    return ways and not counted.inputs and not counted.units


# The verdict


def _verdict(
    probed: Sequence[Probed],
    judged: Sequence[Judged],
    architecture: Architecture,
    before: Sequence[Fault],
    remarks: list[Saying],
    observations: Sequence[Observation],
) -> Verdict:
    best = judged[0]
    faults = [*before, *sorted(_faults(probed, best), key=lambda fault: _order(fault, architecture.depth))]
    if constant := [fault for fault in faults if _keeps_all_biases(fault, probed)]:
        keys = ", ".join(f"b{number}" for number in sorted(constant[0].layers))
        faults = [fault for fault in faults if fault not in constant]
        remarks = [*remarks, Saying("check.remark.constant", {"biases": keys})]
    added = best.factors.whole.sign < 0 and not any(one.observation.from_update for one in probed)
    if not before and (steps := step_fault(best.explanation, probed, -1 if added else 1)) is not None:
        if steps is UNJUDGED:
            remarks = [*remarks, Saying("check.remark.rule")]
        else:
            faults.append(_fault_of_steps(probed, steps))
    faults += [*_shared_faults(probed), *_biases_left(probed)]
    if best.reading is not None and set(best.faulty or ()) - {9}:
        remarks = [*remarks, Saying("check.loss_and_gradient")]
    if not faults:
        conventions = tuple(_conventions(probed, best, architecture))
        return Verdict("convention" if conventions else "right", (), conventions, tuple(remarks), observations)
    ties = {number for other in judged[1:] for fault in _faults(probed, other) for number in (fault.number, *fault.others) if number}
    known = {number for fault in faults for number in (fault.number, *fault.others) if number}
    place = len(before)
    if ties - known and place < len(faults) and faults[place].number is not None:
        faults[place] = replace(faults[place], others=(*faults[place].others, *sorted(ties - known)))
    kind = "unknown" if any(fault.number is None for fault in faults) else "class" if any(fault.others for fault in faults) else "mistakes"
    return Verdict(kind, tuple(faults), tuple(_conventions(probed, best, architecture)), tuple(remarks), observations)


BIAS_NEVER_UPDATED = 25


def _biases_left(probed: Sequence[Probed]) -> Iterator[Fault]:
    """Biases of which a function that gives ∂E/∂W gives no gradient, in a program that has none anywhere and does not say why."""
    layers = tuple(number for number, layer in enumerate(probed[0].probe.layers, start=1) if layer.b is not None)
    left = all(one.observation.biases == "left" and not one.observation.from_update for one in probed)
    if layers and left and not any(key.startswith("db") for one in probed for key in _gradient_keys(one.observation)):
        key = f"db{layers[-1]}"
        expected, why = probed[0].probe.truth[key], Saying("check.why.written", {"written": "0"})
        nothing = np.zeros_like(expected)
        yield Fault(BIAS_NEVER_UPDATED, key, key, why, expected, nothing, layers[::-1], probes=len(probed))


def _keeps_all_biases(fault: Fault, probed: Sequence[Probed]) -> bool:
    """Does an update leave all biases alone in a program that means them to stay what they are?"""
    given = {number for number, layer in enumerate(probed[0].probe.layers, start=1) if layer.b is not None}
    silent = all(one.observation.from_update and one.observation.biases == "fixed" for one in probed)
    return fault.number == BIAS_NEVER_UPDATED and not fault.others and silent and {*fault.layers} >= given


def _order(fault: Fault, depth: int) -> tuple[int, int]:
    quantity = {"dy": 0, "dh": 1, "de": 2, "dW": 3, "db": 4}
    return depth - max(fault.layers or (depth,)), quantity.get(fault.quantity[:2], 0)


def _faults(probed: Sequence[Probed], judged: Judged) -> Iterator[Fault]:
    """Every mistake of an explanation: carriers, factors at single places, and the factor of everything."""
    depth = len(probed[0].probe.layers)
    if judged.faulty is None or judged.faulty:
        for number in judged.faulty or (None,):
            whole = _fault(probed, judged, number, (), "all", tuple(range(1, depth + 1)), Saying("check.why.factor", _factor_words(judged)))
            if judged.faulty == (SIGN,):  # whatever else is counted otherwise is right
                whole = replace(whole, expected=-whole.found, why=Saying("check.why.factor", {"factor": "−1"}))
            yield _of_the_update(whole, probed) if number == RATE_TWICE else whole
    # A factor has no name where what it multiplies has one, as a mean over units has in place of a sum over samples.
    named = {(carrier.edge, layer) for carrier, layers in judged.explanation.carriers.items() if carrier.numbers for layer in layers}
    times = {(fault.place, layer): fault.factor for fault, layers in judged.factors.faults.items() if not fault.numbers for layer in layers}
    for number, carriers in judged.explanation.chosen.items():
        layers = tuple(sorted({layer for carrier in carriers for layer in judged.explanation.carriers[carrier]}, reverse=True))
        top = max(carriers, key=lambda carrier: max(judged.explanation.carriers[carrier]))
        factor = times.get((top.edge, layers[0]))
        known: dict[str, str | int] = {"written": f"{'' if factor is None else f'{factor} · '}{_written(top.written, layers[0], depth)}"}
        others = [other for other in carriers[0].numbers if other != number and all(other in carrier.numbers for carrier in carriers)]
        if number:
            yield _fault(probed, judged, number, others, top.edge, layers, Saying("check.why.written", known))
            continue
        for carrier in carriers:
            yield _fault(
                probed, judged, None, (), carrier.edge, judged.explanation.carriers[carrier], Saying("check.why.unknown")
            )  # fmt: skip
    for how, layers in judged.penalized.items():
        yield _fault(probed, judged, 37, (), "bias" if how == "biases" else "weight", layers, Saying(f"check.why.penalty.{how}"))
    for fault, layers in judged.factors.faults.items():
        if not fault.numbers and named >= {(fault.place, layer) for layer in layers}:
            continue
        given = {edge: [n for n in layers if n in fits] for edge, fits in _fits_by_edge(judged.explanation).items()}
        places = {edge: at for edge, at in given.items() if at} if fault.place == "parameters" else {fault.place: layers}
        missing = str(Factor(rows=-fault.factor.rows)) if fault.factor.rows > 0 else ""
        for number, (edge, at) in itertools.product(fault.numbers or (None,), places.items()):
            found = _fault(probed, judged, number, (), edge, at, Saying("check.why.factor", {"factor": str(fault.factor)}))
            yield replace(found, missing=missing if edge in given else "")


def _fits_by_edge(explanation: Explanation) -> Mapping[str, Mapping[int, Fit]]:
    """What of the gradients that were given is explained."""
    return {
        edge: {number: fit for number, fit in fits.items() if fit.factor is not None}
        for edge, fits in (("weight", explanation.weights), ("bias", explanation.biases))
    }


RATE_TWICE = 40
"""The mistake that is in the update, though a factor of all gradients shows it."""


def _of_the_update(fault: Fault, probed: Sequence[Probed]) -> Fault:
    """The same, shown at the first parameter after the step, where the program takes one."""
    first = probed[0]
    if not first.observation.after:
        return fault
    key, found = next(iter(first.observation.after[0].items()))
    right = first.probe.network.parameters[key] - first.rate * first.probe.truth[f"d{key}"]
    return replace(fault, quantity=f"{key}_next", shown=f"{key}_next", expected=right, found=np.asarray(found))


def _factor_words(judged: Judged) -> Mapping[str, str | int]:
    """What all gradients are times those of E, as the program counts it where it gives E."""
    whole = judged.factors.whole
    return {"factor": str(whole if judged.reading is None else whole / judged.reading.data)}


def _written(text: str, layer: int, depth: int) -> str:
    """A formula with the numbers of its layers; h0 is x, and the last h is y."""
    said = text.format(l=layer, n=layer + 1, p=layer - 1).replace("h0", "x").replace("z0", "x")
    return said.replace(f"h{depth}", "y")


def _fault(
    probed: Sequence[Probed], judged: Judged, number: int | None, others: Sequence[int], edge: str, layers: Sequence[int], why: Saying
) -> Fault:
    depth, top = len(probed[0].probe.layers), max(layers)
    quantity = EDGE_QUANTITIES.get(edge, "dy")
    quantity = quantity if quantity == "dy" else f"{quantity}{top}"
    if edge in ("weight", "bias"):
        shown = quantity
    else:
        possible = [quantity, f"delta{top}", f"dW{top}", f"db{top}"]
        given = probed[0].observation.quantities
        shown = next((key for key in possible if key in given), f"dW{top}")
    first = probed[0]
    found = first.observation.quantities.get(shown)
    expected = first.probe.truth[shown]
    layer = int(shown.lstrip("deltahWby") or depth)
    faulty_whole = judged.faulty is None or judged.faulty
    counted = judged.factors.whole if not faulty_whole else Factor() if judged.reading is None else judged.reading.data
    expected = expected * counted.at(first.extent(layer))
    return Fault(
        number,
        quantity,
        shown,
        why,
        np.asarray(expected),
        np.asarray(found if found is not None else np.full_like(expected, np.nan)),
        tuple(layers),
        tuple(others),
        probes=len(probed),
    )


def _conventions(probed: Sequence[Probed], judged: Judged, architecture: Architecture) -> Iterator[Saying]:
    """What is counted otherwise than by default, and is right all the same."""
    if judged.faulty is None or judged.faulty:
        return
    whole = judged.factors.whole
    certain = any(one.observation.from_update for one in probed)
    if certain and judged.reading is not None and (against := whole / judged.reading.data).parts > 1:
        yield Saying("check.convention.measured", {"factor": str(replace(against, constant=1.0))})
    if whole.sign < 0 and not certain:
        yield Saying("check.convention.added")
    counted = judged.counted
    if whole.rows:
        yield Saying("check.convention.sum" if counted.rows == 0 else "check.convention.mean")
    if whole.outputs:
        yield Saying("check.convention.outputs_sum" if counted.outputs == 0 else "check.convention.outputs_mean")
    # Where nothing says the loss, other powers of 2, and those beside a loss without a square, belong to the rate.
    usual = judged.reading is not None or (counted.twos in (0, 1) and _squares(find("loss", architecture.loss)) is not None)
    if whole.twos and usual:
        yield Saying("check.convention.no_half" if counted.twos == 1 else "check.convention.half")
    own = whole.constant * probed[0].rate ** min(whole.rates, 0) * (1.0 if usual else 2.0**whole.twos)
    if own != 1:
        yield Saying("check.convention.rate", {"factor": f"{own:.6g}"})
