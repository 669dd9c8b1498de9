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
from chainrule.diagnosis.cures import Cure, cure_of
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
    tried     whether any cure was tried; None of an effect
    effects   what follows from it
    """

    finding: Finding
    cure: Cure | None = None
    tried: bool | None = None
    effects: tuple[Disease, ...] = ()

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
    rates     what `doctor.rates` says of the first step: lowers_below, converges_below, recommended
    case      what was examined
    drawn     whether its rows, or their targets, were drawn at random, in place of somebody's own
    """

    subject: str
    rows: int
    diseases: tuple[Disease, ...]
    rates: Mapping[str, float | None]
    case: Case = field(repr=False)
    drawn: bool = False

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
    """The cure that was tried; else that nothing helped, or why nothing was tried; and what the catalogue says is to be done."""
    if disease.cure is not None:
        return cure_sentence(words, disease.cure)
    if disease.tried is None:
        return words.plain("doctor.effect")
    key, said = disease.finding.key, advice(words, disease.finding)
    untried = f"doctor.untried.{key}"
    why = words.plain("doctor.no_cure" if disease.tried else untried if untried in words.catalogue else "doctor.untried")
    return " ".join(text for text in ((why, said) if disease.tried else (said, why)) if text)


def advice(words: Words, finding: Finding) -> str:
    """What the catalogue says is to be done; nothing where it says nothing."""
    key = f"doctor.advice.{finding.key}"
    return words.plain(key, **number_texts(words, finding.numbers)) if key in words.catalogue else ""


def cure_sentence(words: Words, cure: Cure) -> str:
    """What a cure does, and what its trial showed."""
    change = words.plain(f"cure.{cure.treatment.key}", **number_texts(words, cure.treatment.values))
    key = f"cure.tried.{cure.measure}.diverged" if math.isinf(cure.without) else f"cure.tried.{cure.measure}"
    scale = 100 if cure.measure in ("wrong", "missed") else 1
    numbers = {"with_it": cure.with_it * scale, "without": cure.without * scale}
    ends = {name: words.plain("cure.nothing") if 0 < value < TOLERANCE else value for name, value in numbers.items()}
    return words.plain(key, change=change, steps=cure.steps, **number_texts(words, ends))


def _plain(value: FindingValue) -> FindingValue:
    return value if isinstance(value, str) or math.isfinite(value) else number_words(value)


def examined(case: Case, subject: str, rates: Mapping[str, float | None] = NO_RATES, *, drawn: bool = False) -> Diagnosis:
    """The diagnosis of a case: every criterion of the table, and trials of what may help."""
    findings = list(found(case))
    roots = [finding for finding in findings if not any(other.key in CRITERIA[finding.key].after for other in findings)]
    diseases = tuple(_disease(case, root, findings, root=True) for root in roots)
    return Diagnosis(subject, case.rows, diseases, rates, case, drawn)


def _disease(case: Case, finding: Finding, findings: Sequence[Finding], *, root: bool) -> Disease:
    effects = [other for other in findings if cause_of(other, findings) is finding]
    cure, tried = cure_of(case, finding) if root else (None, None)
    return Disease(finding, cure, tried, tuple(_disease(case, effect, findings, root=False) for effect in effects))


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
        diseases = examined(case, diagnosis.subject, diagnosis.rates).diseases
    return case, taken
