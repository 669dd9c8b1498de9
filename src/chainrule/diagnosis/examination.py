"""A diagnosis: the diseases that were found, causes before their effects, each with the cure that was tried out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from chainrule.base.display import Displayed
from chainrule.base.frozen import Frozen, replace
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.criteria import BLANK, CRITERIA, Finding, FindingValue, found, number_texts, number_words, sentence
from chainrule.diagnosis.cures import Cure, Treatment, cure_of
from chainrule.diagnosis.rates import MOST_RATE, Advice
from chainrule.diagnosis.simulation import TOLERANCE
from chainrule.document.words import Words

FORMAT = "chainrule diagnosis 1"

NO_RATES: Mapping[str, float | None] = {"lowers_below": None, "converges_below": None, "recommended": None}

MOST_CURES = 5
"""So many cures are taken one after the other, at most, each where the ones before have been taken."""


class Disease(Frozen):
    """One disease of a case.

    finding   what it is, with the numbers that show it
    cure      what helped in a trial; None if nothing that was tried did, or if it is an effect, whose cause is to be cured
    tried     what was tried, by its kinds
    effects   what follows from it
    cured     whether it is an effect that is gone in a trial without its cause; None of a cause
    """

    finding: Finding
    cure: Cure | None = None
    tried: Sequence[Sequence[Treatment]] = ()
    effects: tuple[Disease, ...] = ()
    cured: bool | None = None

    @property
    def all(self) -> Iterator[Disease]:
        """It and its effects, and theirs."""
        yield self
        for effect in self.effects:
            yield from effect.all

    def to_dict(self) -> dict[str, Any]:
        """As plain data; what it says is in English."""
        row, words = CRITERIA[self.finding.key], Words()
        cure: dict[str, Any] | None = None
        if self.cure is not None:
            known = {"measure": self.cure.measure, "without": _plain(self.cure.without), "with": _plain(self.cure.with_it)}
            cure = {
                "says": cure_sentence(words, self.cure).replace(BLANK, " "),
                "treatment": self.cure.treatment.key,
                "steps": self.cure.steps,
                **known,
            }
        return {
            "disease": self.finding.key,
            "says": sentence(words, self.finding).replace(BLANK, " "),
            "numbers": {name: _plain(value) for name, value in self.finding.numbers.items()},
            "threshold": row.threshold,
            "source": row.source,
            "cannot_tell": row.blind,
            "what_to_do": what_to_do(words, self).replace(BLANK, " "),
            "cure": cure,
            "effects": [effect.to_dict() for effect in self.effects],
        }


class Diagnosis(Displayed, Frozen):
    """What the doctor found.

    subject   what was examined, in a word
    rows      how many rows it learns from
    diseases  the causes, what is most likely first; their effects are with them
    rates     three numbers about the rate of the first step, None where there is none: lowers_below, converges_below, recommended
    told      what simulation says about that rate
    case      what was examined
    drawn     whether its rows, or their targets, were drawn at random, in place of somebody's own
    """

    subject: str
    rows: int
    diseases: tuple[Disease, ...]
    rates: Mapping[str, float | None]
    case: Case = field(repr=False)
    drawn: bool = False
    told: tuple[Finding, ...] = ()

    @property
    def healthy(self) -> bool:
        """Was nothing found?"""
        return not self.diseases

    @property
    def keys(self) -> list[str]:
        """Every disease found, effects as well."""
        return [one.finding.key for disease in self.diseases for one in disease.all]

    def to_dict(self) -> dict[str, Any]:
        """Plain data as in the published schema."""
        diseases = [disease.to_dict() for disease in self.diseases]
        known = {"subject": self.subject, "rows": self.rows, "healthy": self.healthy, "rates": dict(self.rates)}
        return {"format": FORMAT, **known, "diseases": diseases}

    def lines(self, words: Words) -> Iterator[tuple[int, str]]:
        """What is said, a sentence each, with how far it is indented."""
        if self.drawn:
            yield 0, words.plain("doctor.drawn", rows=self.rows)
        if self.healthy:
            yield 0, words.plain("doctor.healthy", subject=self.subject, rows=self.rows)
        for number, disease in enumerate(self.diseases, start=1):
            yield 0, f"{number}. {sentence(words, disease.finding)}"
            yield 2, what_to_do(words, disease)
            for effect in disease.effects:
                yield from _effect_lines(words, effect, 2)

    def __str__(self) -> str:
        return "\n".join(" " * indent + line.replace(BLANK, " ") for indent, line in self.lines(Words()))

    def __repr__(self) -> str:
        return f"<Diagnosis of {self.subject}: {', '.join(self.keys) or 'healthy'}>"


def _effect_lines(words: Words, disease: Disease, indent: int) -> Iterator[tuple[int, str]]:
    yield indent, f"↳ {sentence(words, disease.finding)}"
    for effect in disease.effects:
        yield from _effect_lines(words, effect, indent + 2)


def what_to_do(words: Words, disease: Disease) -> str:
    """The cure that was tried; else what did not help, or why nothing was tried; and what the catalogue says is to be done."""
    if disease.cure is not None:
        return cure_sentence(words, disease.cure)
    if disease.cured is not None:
        return words.plain("doctor.effect" if disease.cured else "doctor.effect.untried")
    if disease.tried:
        changes = [dict.fromkeys(_change(words, one).rstrip(",") for one in (kind[0], kind[-1])) for kind in disease.tried]
        failed = words.plain("doctor.no_cure", changes="; ".join(map(" … ".join, changes)))
        return f"{failed} {advice(words, disease.finding, 'tried')}".strip()
    untried = f"doctor.untried.{disease.finding.key}"
    why = words.plain(untried if untried in words.catalogue else "doctor.untried")
    return f"{advice(words, disease.finding)} {why}".strip()


def advice(words: Words, finding: Finding, after: str = "") -> str:
    """What the catalogue says is to be done, after trials that failed what is left; nothing where it says nothing."""
    text, how = f"doctor.advice.{finding.key}", finding.numbers.get("how")
    keys = (f"doctor.advice.{finding.key}.{how}", f"doctor.advice.{finding.key}.{after}", text)
    key = next((key for key in keys if key in words.catalogue), None)
    return "" if key is None else words.plain(key, **number_texts(words, finding.numbers))


def _change(words: Words, treatment: Treatment) -> str:
    return words.plain(f"cure.{treatment.key}", **number_texts(words, treatment.values))


def cure_sentence(words: Words, cure: Cure) -> str:
    """What a cure does, and what its trial showed."""
    without, with_it = (_ended(words, cure, value) for value in (cure.without, cure.with_it))
    instead = words.plain("cure.instead.diverged" if math.isinf(cure.without) else "cure.instead", without=without)
    change = _change(words, cure.treatment)
    return words.plain(f"cure.tried.{cure.measure}", change=change, steps=cure.steps, with_it=with_it, instead=instead)


def _ended(words: Words, cure: Cure, value: float) -> str:
    """What a trial ended with: an error, or a share of rows."""
    if cure.measure in ("wrong", "missed"):
        return words.decimal(f"{number_words(100 * value)}{BLANK}%")
    return words.plain("cure.nothing") if 0 <= value < TOLERANCE else words.decimal(number_words(value))


def findings_of_rates(advice: Advice) -> Iterator[Finding]:
    """What simulation says about rates, a sentence each."""

    def said(how: str, **numbers: FindingValue) -> Finding:
        return Finding("rates", {"how": how, **numbers})

    if advice.scheduled:
        yield said("scheduled")
    if advice.lowers_below is not None:
        yield said("all" if advice.lowers_below >= MOST_RATE else "lowers_below", rate=advice.lowers_below)
    if advice.converges is not None:
        yield said("converges", low=advice.converges[0], high=advice.converges[1], steps=advice.steps)
    if advice.withheld:
        yield said(advice.withheld)
    if (best := advice.recommended) is not None:
        how = "reached" if best.ending == "zero" else "recommended"
        yield said(how, rate=best.rate, steps=len(best.errors) - 1, error=best.last_error)


def _plain(value: FindingValue) -> FindingValue:
    return value if isinstance(value, str) or math.isfinite(value) else number_words(value)


def examined(case: Case, subject: str, advice: Advice | None = None, *, drawn: bool = False) -> Diagnosis:
    """The diagnosis of a case: every criterion of the table, and trials of what may help."""
    findings, diseases = list(found(case)), list[Disease]()
    while (root := next((one for one in findings if cause_of(one, findings) is None), None)) is not None:
        disease = _disease(case, root, findings)
        told = {one.finding.key for one in disease.all}
        findings = [one for one in findings if one.key not in told]
        diseases.append(disease)
    rates = NO_RATES if advice is None else advice.to_dict()
    return Diagnosis(subject, case.rows, tuple(diseases), rates, case, drawn, () if advice is None else tuple(findings_of_rates(advice)))


def _disease(case: Case, cause: Finding, findings: Sequence[Finding]) -> Disease:
    """A disease with what follows from it. What is still there in a trial without it does not: it has a cause of its own."""
    cure, tried = cure_of(case, cause)
    without = next((one for one in (cure.treatment if cure else None, *(kind[0] for kind in tried)) if one is not None), None)
    shown = None if without is None or case.trained is not None else {one.key for one in found(without.case)}

    def effects_of(finding: Finding) -> tuple[Disease, ...]:
        following = [one for one in findings if cause_of(one, findings) is finding and one.key not in (shown or ())]
        return tuple(Disease(one, effects=effects_of(one), cured=shown is not None) for one in following)

    return Disease(cause, cure, tried, effects_of(cause))


def cause_of(finding: Finding, findings: Sequence[Finding]) -> Finding | None:
    """The disease of which this one is told as an effect: the first of those found that may cause it."""
    return next((other for other in findings if other.key in CRITERIA[finding.key].after), None)


def cured(diagnosis: Diagnosis) -> tuple[Case, list[Cure]]:
    """The case with the cures of its diseases, one after the other, as long as there are some; and these cures.

    Of a trained network only diseases that it has itself: what is begun anew is not yet where it was.
    """
    case, taken, own = diagnosis.case, list[Cure](), diagnosis.keys
    diseases = diagnosis.diseases
    while len(taken) < MOST_CURES:
        mine = [disease for disease in diseases if diagnosis.case.trained is None or disease.finding.key in own]
        cure = next((disease.cure for disease in mine if disease.cure is not None), None)
        if cure is None:
            break
        taken.append(cure)
        case = replace(cure.treatment.case)
        diseases = examined(case, diagnosis.subject).diseases
    return case, taken
