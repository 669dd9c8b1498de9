"""A verdict in words and as plain data: what was understood, the first wrong quantity, the mistake, its cure, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.display import Displayed
from chainrule.base.frozen import Frozen, replace
from chainrule.checking.evidence import Fault, Observation, Saying, Submission, Verdict
from chainrule.checking.layer_mistakes import EVERY_MISTAKE
from chainrule.document.words import Words
from chainrule.formula.expression import Expression, definition, written_nodes
from chainrule.network.network import Network
from chainrule.notation.build import as_columns, formula
from chainrule.notation.conventions import Notation
from chainrule.notation.text import formula_text
from chainrule.steps.records import json_numbers

FORMAT = "chainrule check 1"

MOST_SHOWN = 6
"""Elements of a quantity that are shown side by side."""


class Assessment(Displayed, Frozen):
    """What a check of one submission came to.

    name         of the file, or of what was given
    verdict      what it is
    understood   what was understood of the program, printed first
    names        the program's own names by chainrule's keys
    columns      whether its vectors are columns
    conventions  of its layout, which are right all the same
    """

    name: str
    verdict: Verdict
    understood: tuple[Saying, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    columns: bool = False
    conventions: tuple[Saying, ...] = ()

    @property
    def passed(self) -> bool:
        """Is it right, perhaps by other conventions?"""
        return self.verdict.passed

    @property
    def mistakes(self) -> list[int]:
        """The numbers of the mistakes that were named, in the order of computation."""
        return [fault.number for fault in self.verdict.faults if fault.number is not None]

    @property
    def all_conventions(self) -> tuple[Saying, ...]:
        """Everything that is done otherwise, and is right."""
        return (*self.conventions, *self.verdict.conventions)

    @property
    def kind(self) -> str:
        """As `Verdict.kind`; a right program whose layout is another is right by convention."""
        return "convention" if self.verdict.kind == "right" and self.conventions else self.verdict.kind

    def beside(self, others: Assessment | None) -> Assessment:
        """A network, or layers, together with what its file holds besides."""
        if others is None:
            return self
        mine, theirs = self.verdict, others.verdict
        both = [one for one in (mine, theirs) if one.faults] or [mine]
        verdict = replace(
            mine,
            kind="mistakes" if len(both) > 1 else both[0].kind,
            faults=(*mine.faults, *theirs.faults),
            conventions=(*mine.conventions, *theirs.conventions),
            remarks=(*mine.remarks, *theirs.remarks),
            cautions=(*mine.cautions, *theirs.cautions),
        )
        return replace(self, verdict=verdict, understood=(*self.understood, *others.understood), names={**others.names, **self.names})

    def to_dict(self) -> dict[str, Any]:
        """Plain data as in the published schema; what it says is in English."""
        words = Words()
        return {
            "format": FORMAT,
            "name": self.name,
            "verdict": self.kind,
            "understood": [sentence_of(words, one) for one in self.understood],
            "conventions": [sentence_of(words, one) for one in self.all_conventions],
            "remarks": [sentence_of(words, one) for one in self.verdict.remarks],
            "findings": [self._finding(words, fault) for fault in self.verdict.faults],
            "cautions": [self._finding(words, fault) for fault in self.verdict.cautions],
        }

    def _finding(self, words: Words, fault: Fault) -> dict[str, Any]:
        place = fault.place
        return {
            "number": fault.number,
            "name": name_of(words, fault.number, fault.key),
            "others": list(fault.others),
            "layers": list(fault.layers),
            "quantity": fault.quantity,
            "shown": fault.shown,
            "expected": json_numbers(np.asarray(fault.expected, dtype=float)),
            "found": json_numbers(np.asarray(fault.found, dtype=float)),
            "why": why(words, fault),
            "formula": fault.formula,
            "cure": _cure(words, fault) if fault.number else "",
            "source": EVERY_MISTAKE[fault.number].source if fault.number else "",
            "follows": list(fault.follows),
            "line": None if place is None else place.line,
            "expression": "" if place is None else place.expression,
            "file": "" if place is None else place.file,
        }

    def lines(self, words: Words, *, hint: int | None = None) -> Iterator[tuple[int, str]]:
        """What is said, a line each, with how far it is indented.

        hint  1, 2 or 3: lead to the mistake in place of naming it, the higher the plainer
        """
        if self.understood:
            yield 0, words.plain("check.title", name=self.name)
            yield from ((2, sentence_of(words, one)) for one in self.understood)
        faults, kind = self.verdict.faults, self.kind
        if faults and self.all_conventions:
            yield 0, words.plain("check.otherwise")
            yield from ((2, sentence_of(words, one)) for one in self.all_conventions)
        if self.understood:
            yield 0, ""
        yield from ((0, sentence_of(words, one)) for one in self.verdict.remarks)
        kind = "mistakes" if kind == "class" and len(faults) > 1 else kind
        probes = len(self.verdict.observations)
        if kind == "right" and any(one.key == "check.layers.unread" for one in self.verdict.remarks):
            yield 0, words.plain("check.right.partly")
        elif kind == "right" and not probes:
            yield 0, words.plain("check.right.bare")
        else:
            yield 0, words.plain(f"check.{kind}", count=probes if kind == "right" else len(faults))
        if not faults:
            yield from ((2, sentence_of(words, one)) for one in self.all_conventions)
        for place, fault in enumerate(faults):
            if hint is not None:
                yield 2, hinted(words, fault, hint)
                return
            yield from self._fault_lines(words, fault, first=place == 0)
        if self.verdict.cautions and hint is None:
            yield 0, words.plain("check.cautions")
        for fault in self.verdict.cautions if hint is None else ():
            yield from self._caution_lines(words, fault)

    def _caution_lines(self, words: Words, fault: Fault) -> Iterator[tuple[int, str]]:
        yield 2, words.plain("check.name", number=fault.number or 0, name=name_of(words, fault.number, fault.key))
        yield 4, why(words, fault)
        yield from _place_lines(words, fault)
        if fault.number:
            yield 4, _cure(words, fault)

    def _fault_lines(self, words: Words, fault: Fault, *, first: bool) -> Iterator[tuple[int, str]]:
        name = name_of(words, fault.number, fault.key)
        heading = name if fault.number is None else words.plain("check.name", number=fault.number, name=name)
        layers = words.plain("check.layers", layers=", ".join(map(str, sorted(fault.layers)))) if fault.layers else ""
        yield 2, f"{heading}{f' ({layers})' if layers else ''}"
        if fault.others:
            others = "; ".join(f"{number}. {words.plain(f'mistake.{number}')}" for number in fault.others)
            yield 4, words.plain("check.others", names=others)
        yield 4, words.plain("check.first" if first else "check.then", quantity=self.called(fault.quantity))
        yield 4, why(words, fault)
        if fault.expected is not fault.found:  # the same array where nothing is wrong with a number
            yield from ((4, line) for line in expected_and_found(words, fault, self.called(fault.shown)))
        yield from _place_lines(words, fault)
        if fault.formula:
            yield 4, f"{words.plain('check.should')} {fault.formula}"
        if fault.number:
            yield 4, _cure(words, fault)
            if (
                EVERY_MISTAKE[fault.number].right_if
                and (key := f"check.right_if.{EVERY_MISTAKE[fault.number].right_if}") in words.catalogue
            ):
                yield 4, words.plain(key)
        if fault.follows:
            yield 4, words.plain("check.follows", quantities=", ".join(map(self.called, fault.follows)))

    def called(self, key: str) -> str:
        """A quantity as paper writes it, with the program's own name where that is known: ∂E/∂W1 (dW1)."""
        paper = paper_name(key)
        own = self.names.get(key)
        return f"{paper} ({own})" if own and own != paper else paper

    def __str__(self) -> str:
        return "\n".join(" " * indent + line for indent, line in self.lines(Words()))

    def __repr__(self) -> str:
        return f"<Assessment of {self.name}: {self.kind}{f' {self.mistakes}' if self.mistakes else ''}>"


def _place_lines(words: Words, fault: Fault) -> Iterator[tuple[int, str]]:
    if fault.place is not None:
        known = {"line": fault.place.line, "expression": fault.place.expression, "file": fault.place.file}
        yield 4, words.plain("check.place.file" if fault.place.file else "check.place", **known)


NUMERALS = ("factor", "limit", "percent")
"""Values of sayings that are numbers in digits, which have the decimal sign of the language."""


def sentence_of(words: Words, saying: Saying, **further: object) -> str:
    """A sentence in a language."""
    digits = {name: words.decimal(str(saying.values[name])).replace("-", "−") for name in NUMERALS if name in saying.values}
    return words.plain(saying.key, **{**further, **saying.values, **digits})


def name_of(words: Words, number: int | None, key: str) -> str:
    """What a mistake is called."""
    return words.plain(f"check.unnamed.{key or 'unknown'}") if number is None else words.plain(f"mistake.{number}")


def _cure(words: Words, fault: Fault) -> str:
    """What to do about a mistake that has a number."""
    return words.plain(f"mistake.{fault.number}.cure") if fault.cure is None else sentence_of(words, fault.cure)


def why(words: Words, fault: Fault) -> str:
    """Why it is that mistake."""
    if fault.why.key == "check.why.unknown":
        expected, found = np.asarray(fault.expected, dtype=float), np.asarray(fault.found, dtype=float)
        if expected.shape != found.shape or not np.isfinite(found).all():
            return words.plain("check.why.forward", quantity=paper_name(fault.shown))
        largest = float(np.abs(expected).max(initial=0.0)) or 1.0
        far = 100 * float(np.abs(found - expected).max(initial=0.0)) / largest
        percent = f"{far:.3g}" if far < 1000 else f"{far:.0f}"  # and no 1.54e+03
        return words.plain(fault.why.key, quantity=paper_name(fault.shown), percent=words.decimal(percent))
    return sentence_of(words, fault.why, agreeing=fault.probes if fault.agreeing is None else fault.agreeing, probes=fault.probes)


def hinted(words: Words, fault: Fault, hint: int) -> str:
    """A hint in place of the name of a mistake: where it is, what shows it, or what helps."""
    quantity = paper_name(fault.quantity)
    if hint == 1 or (fault.number is None and hint < 3):
        return words.plain("check.hint.1" if hint == 1 else "check.hint.2.unknown", quantity=quantity)
    if fault.number is None:
        return words.plain("check.hint.2.unknown", quantity=quantity)
    if hint == 2:
        return words.plain("check.hint.2", quantity=quantity, sign=words.plain(f"mistake.{fault.number}.sign"))
    return words.plain("check.hint.3", quantity=quantity, cure=_cure(words, fault))


def expected_and_found(words: Words, fault: Fault, name: str) -> Iterator[str]:
    """The first elements of what should be and of what is, one above the other."""
    expected, found = (np.asarray(one, dtype=float) for one in (fault.expected, fault.found))
    shapes = "" if expected.shape == found.shape else " × ".join(map(str, found.shape))
    titles = [words.plain("check.expected"), words.plain("check.found")]
    width = max(map(len, titles))
    yield name
    for title, values in zip(titles, (expected, found), strict=True):
        numbers = "  ".join(f"{words.decimal(f'{value:.6g}'.replace('-', '−')):>12}" for value in values.ravel()[:MOST_SHOWN])
        more = " …" if values.size > MOST_SHOWN else ""
        yield f"  {title:<{width}}  {numbers}{more}{f'  ({shapes})' if shapes and values is found else ''}"


# Quantities and formulas


def paper_name(key: str) -> str:
    """What a quantity is called on paper.

    >>> paper_name("dW1"), paper_name("delta2"), paper_name("dy"), paper_name("W1_next")
    ('∂E/∂W1', 'δ2', '∂E/∂y', 'W1⟨k+1⟩')
    """
    if key.endswith("_next"):
        return f"{key.removesuffix('_next')}⟨k+1⟩"
    if key == "check":
        return "∂f/∂w"
    if key.startswith("delta"):
        return f"δ{key.removeprefix('delta')}"
    return f"∂E/∂{key[1:]}" if re.fullmatch(r"d(W|b|h|y|z)\d*", key) else key


def formula_of(network: Network, key: str, *, columns: bool = False) -> str:
    """What a quantity is computed by, as it is derived for this network: "∂E/∂h1 ⊙ (1 − h1²)"; nothing where it has no name."""
    derivation = network.derivation
    node = derivation.named.get(key)
    if node is None or node.primitive.name != "named":
        return ""
    notation = Notation(vectors="columns" if columns else "rows")
    return formula_text(formula(definition(node), derivation.labels(notation, 2)))


def program_line(network: Network, key: str, names: Mapping[str, str], *, columns: bool = False) -> str:
    """The same as a line of NumPy, in the names of somebody's program: "dZ1 = dA1 * (1 - A1**2)"; nothing where one is not known."""
    from chainrule.engines.source import Fragment, Source

    derivation = network.derivation
    node = derivation.named.get(key)
    if node is None or node.primitive.name != "named" or key not in names:
        return ""
    expression = definition(node)
    letters: dict[Expression, Expression] = {}
    if columns and len(expression.shape) == 2:
        expression, letters = as_columns(expression)
    source = Source()

    def written(one: Expression, arguments: Sequence[Fragment]) -> Fragment:
        if one.name is not None:
            own = names.get(letters.get(one, one).key)
            if own is None:
                raise KeyError(one.key)
            return Fragment([own])
        if one.primitive.name == "size":
            return Fragment(["N"])
        parameters = dict(one.parameters)
        if columns and one.primitive.name == "total" and len(one.shape) == 1:
            parameters["axes"] = tuple(1 - axis for axis in parameters["axes"])
        return one.primitive.value(source, *arguments, **parameters)  # type: ignore[no-any-return]  # a fragment for fragments

    known: dict[Expression, Fragment] = {}
    try:
        for one in written_nodes(expression):
            known[one] = written(one, [known[argument] for argument in one.arguments] if one.name is None else [])
    except (KeyError, TypeError, AttributeError):
        return ""
    return f"{names[key]} = {_text(known[expression])}"


def _text(fragment: Any) -> str:
    return "".join(part if isinstance(part, str) else _text(part) for part in fragment.parts)


# A verdict that is complete


def completed(verdict: Verdict, submission: Submission | None = None) -> Verdict:
    """A verdict with the formulas that should stand there, with what follows from its first mistake, and with the places in the file."""
    answered = [one for one in verdict.observations if not one.failure]
    faults = [_completed(fault, answered, submission) for fault in verdict.faults]
    cautions = tuple(_completed(fault, answered, submission) for fault in verdict.cautions)
    if faults:
        faults[0] = replace(faults[0], follows=tuple(_following(faults, answered[0])))
    return replace(verdict, faults=tuple(faults), cautions=cautions)


def _completed(fault: Fault, answered: Sequence[Observation], submission: Submission | None) -> Fault:
    observation = fault.observed or answered[min(fault.probe, len(answered) - 1)]
    place = fault.place
    if place is None and submission is not None and (fault.begins or np.isfinite(fault.found).all()):
        place = submission.locate(fault, observation)
    if place is None and fault.quantity.endswith("_next") and not np.isfinite(fault.found).all():
        place = observation.broken
    if place is not None and place.quantity:
        fault = replace(fault, quantity=place.quantity)
    network = observation.problem.network
    possible = (fault.quantity, f"delta{max(fault.layers or (0,))}", fault.shown)
    key = next((one for one in possible if one in network.derivation.named), fault.shown)
    columns = submission is not None and submission.columns
    names = {} if submission is None else submission.names
    text = "" if fault.missing else program_line(network, key, names, columns=columns)
    text = text or _equation(network, key, columns=columns)
    if fault.missing:
        text = text.replace(" = ", f" = {fault.missing} · ", 1)
    if fault.quantity.endswith("_next"):  # of a rule with states, the cure says what should be done
        parameter = fault.quantity.removesuffix("_next")
        text = f"{parameter} ← {parameter} − η ∂E/∂{parameter}" if fault.number and fault.number != 40 else ""
    return replace(fault, formula=text, place=place)


def _equation(network: Network, key: str, *, columns: bool) -> str:
    right = formula_of(network, key, columns=columns)
    if not right:
        return ""
    left = formula_text(formula(network.derivation.named[key], network.derivation.labels(network.notation, 2)))
    return _plain_letters(f"{left} = {right}", len(network.layers))


def _plain_letters(text: str, depth: int) -> str:
    """A formula with the numbers of layers as they stand in what is said besides: δ⁽¹⁾ as δ1, and h of the only hidden layer as h1."""
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    said = re.sub(r"(?<=[a-zδ])⁽([⁰¹²³-⁹]+)⁾", lambda found: found[1].translate(digits), text)
    for letter, only in (("h", depth == 2), ("z", depth == 1), ("δ", depth == 1), ("b", depth == 1), ("W", depth == 1)):
        said = re.sub(rf"(?<![\w]){letter}(?![\w])", f"{letter}1", said) if only else said
    return said.replace("^2", "²")


def _following(faults: Sequence[Fault], observation: Observation) -> Iterator[str]:
    """What the program gave, and is wrong only because of the first mistake: everything below it that is no mistake's own."""
    first, own = faults[0], {fault.shown for fault in faults}
    top = max(first.layers or (0,))
    if first.quantity[:2] in ("dW", "db") or first.quantity.endswith("_next"):
        return
    for key in observation.quantities:
        below = re.fullmatch(r"(?:dW|db|dh|delta)(\d+)", key)
        if below is not None and int(below.group(1)) <= top and key not in own:
            yield key
