"""What is printed, read back: numbers with what their last digit is worth, and the catalogue's texts as patterns."""

from __future__ import annotations

import re

import numpy as np

from chainrule.document.document import Inline
from chainrule.document.languages.en import WORDS
from chainrule.notation.text import formula_text


def said(text: Inline) -> str:
    """A sentence as it stands in plain text."""
    return "".join(part if isinstance(part, str) else formula_text(part) for part in text)


def plainly_said(text: Inline) -> str:
    """The same without ≈ before numbers."""
    return said(text).replace("≈", "")


def number(text: str) -> float:
    """What a printed number is worth."""
    plain = text.replace("≈", "").replace("−", "-").replace("∞", "inf").replace(",", "")
    return float(re.sub(r"^(-?)10\^", r"\g<1>1e", plain.replace(" · 10^", "e")))


def unit(text: str) -> float:
    """What its last digit is worth; zeros at the end of a long whole number fill it up."""
    plain = re.sub(r"^(−?)10\^", r"\g<1>1 · 10^", text.replace("≈", "").replace(",", ""))
    digits, _, power = plain.replace("−", "-").partition(" · 10^")
    whole, _, decimals = digits.partition(".")
    filled = len(whole) - len(whole.rstrip("0")) if not decimals else 0
    return float(10.0 ** (int(power or 0) - len(decimals) + (filled if filled > 3 else 0)))


def agree(text: str, value: float) -> bool:
    """Does a printed number stand for this one?"""
    if not np.isfinite(value) or "∞" in text or "nan" in text.lower():
        return not np.isfinite(value) and ("∞" in text or "nan" in text.lower())
    return bool(abs(number(text) - value) <= 0.501 * unit(text) + 1e-10 * abs(value) + 1e-13)


PREFIXES = {key.partition(".")[0] for key in WORDS} - {"live", "served", "report", "page", "decided", "train", "check", "figure", "mistake"}
TEMPLATES = {key: text for key, text in WORDS.items() if key.partition(".")[0] in PREFIXES and len(re.sub(r"{[^}]+}", "", text)) > 9}


def _pattern(text: str) -> re.Pattern[str]:
    """A text of the catalogue as a pattern with a group for each place; the same place again is what it was the first time."""
    first, *others = re.split(r"{(\w+)(?::([^}]+))?}", re.sub(r"10(⁻?[⁰-⁹¹²³]+)", _power, text.replace("`", "")))
    seen, written = set[str](), re.escape(first)
    for part, counted, after in zip(others[::3], others[1::3], others[2::3], strict=True):
        written += f"(?P={part})" if part in seen else f"(?P<{part}>.*?)"
        seen.add(part)
        written += f" (?:{'|'.join(map(re.escape, counted.split('|')))})" if counted else ""
        written += re.escape(after)
    return re.compile(written + (r"(?=\Z|\s|,|;|:)" if text.endswith((".", "is")) else ""))


def _power(found: re.Match[str]) -> str:
    return "10^" + found[1].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789"))


PATTERNS = {key: _pattern(text) for key, text in sorted(TEMPLATES.items(), key=lambda one: -len(one[1]))}
