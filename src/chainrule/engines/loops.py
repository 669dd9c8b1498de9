"""Loops over time: the lines of a recurrence, which are derived step by step, rolled up as a person writes them.

A variable of a step ends in its number: h1_t3. Where the lines of one step follow on those of another and differ in such numbers alone,
each of which grows or falls evenly, they become one loop, `for time in range(2, 33)`, and the variable an entry of a dict, h1_t[time].
The same holds of what stands between commas, or is added up. Nothing is known of recurrences: what does not repeat stays as it is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from chainrule.base.frozen import Frozen

LEAST = 3
"""So many repetitions make a loop."""

LONGEST = 80
"""The most lines of one step of a loop; a search over more takes longer than they are worth."""

TOKENS = re.compile(r"[^\W\d]\w*|\d+\.?\d*(?:e[+-]?\d+)?|\s+|.")
TIMED = re.compile(r"(\w*?_t)(\d+)((?:_\w+)?)")
WHOLE = re.compile(r"\d+")
BLANK = ""

SlotPlace: TypeAlias = "tuple[int, int]"
"""a and b of a number that is a · time + b."""


class TokenLine(Frozen):
    """Tokens, of which whole numbers and the numbers of variables are slots.

    form   the tokens; None for a whole number, and for a variable of a step its name with ? in place of the number
    slots  the numbers, in their order
    """

    form: tuple[str | None, ...]
    slots: tuple[int, ...]

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Which tokens have a slot."""
        return tuple(place for place, token in enumerate(self.form) if token is None or "?" in token)

    @cached_property
    def families(self) -> tuple[str | None, ...]:
        """For each slot the variable, with ? in place of its number; None for a whole number."""
        return tuple(self.form[place] for place in self.places)

    @property
    def target(self) -> str | None:
        """The variable of a step to which the line gives a value."""
        return self.form[0] if self.form and self.form[0] and "?" in self.form[0] and self.form[2:3] == ("=",) else None

    @property
    def indented(self) -> bool:
        """Does the line belong to the one before?"""
        return bool(self.form) and (self.form[0] or "x").isspace()

    def cut(self, start: int, stop: int) -> TokenLine:
        """Some of the tokens."""
        before = sum(place < start for place in self.places)
        return TokenLine(self.form[start:stop], self.slots[before : before + sum(start <= place < stop for place in self.places)])

    def written(self, one: Callable[[str | None, int], str]) -> str:
        """As text, with what stands for each slot: one(its variable, its place among the slots)."""
        tokens = list(self.form)
        for slot, place in enumerate(self.places):
            text = one(self.form[place], slot)
            alone = self.beside(place, -1) in ("(", "[", ",", ":") and self.beside(place, 1) in (")", "]", ",", ":")
            tokens[place] = text if self.form[place] is not None or alone or text.isalnum() else f"({text})"
        return "".join(token or "" for token in tokens)

    def beside(self, place: int, step: int) -> str:
        """The token before or after a place, past blanks."""
        place += step
        while 0 <= place < len(self.form) and (self.form[place] or "x").isspace():
            place += step
        return (self.form[place] or "") if 0 <= place < len(self.form) else ""


def _read(line: str, foreign: Collection[str] = ()) -> TokenLine:
    """A line, taken apart; foreign variables are none of steps."""
    if line.lstrip().startswith("#"):
        return TokenLine((line,), ())
    form, slots = list[str | None](), list[int]()
    for token in TOKENS.findall(line):
        if (found := TIMED.fullmatch(token)) and (family := f"{found[1]}?{found[3]}") not in foreign:
            form.append(family)
            slots.append(int(found[2]))
        elif WHOLE.fullmatch(token):
            form.append(None)
            slots.append(int(token))
        else:
            form.append(token)
    return TokenLine(tuple(form), tuple(slots))


class Repeated(Frozen):
    """Lines, or parts of a line, that repeat.

    texts  those of the first time
    grows  by how much each slot of each text grows from one time to the next
    count  how many times
    """

    texts: tuple[TokenLine, ...]
    grows: tuple[tuple[int, ...], ...]
    count: int

    @property
    def counted(self) -> Iterator[tuple[int, int]]:
        """Text and slot of variables whose number changes."""
        return ((i, slot) for i, text in enumerate(self.texts) for slot, name in enumerate(text.families) if name and self.grows[i][slot])

    @cached_property
    def times(self) -> range:
        """The numbers of the first variable that is counted."""
        i, slot = next(iter(self.counted))
        first, by = self.texts[i].slots[slot], self.grows[i][slot]
        return range(first, first + self.count * by, by)

    @property
    def header(self) -> str:
        """for time in range(2, 33), with a place for the name of the time."""
        return f"for {{}} in {_range(self.times.start, self.times.stop, self.times.step)}"

    def index(self, text: int, slot: int) -> SlotPlace:
        """a and b of the slot's number, a · time + b."""
        a = self.grows[text][slot] * self.times.step
        return a, self.texts[text].slots[slot] - a * self.times.start

    @property
    def targets(self) -> dict[str, SlotPlace]:
        """The variables to which the lines give a value."""
        return {text.target: self.index(i, 0) for i, text in enumerate(self.texts) if text.target}

    @property
    def is_of_one_time(self) -> bool:
        """Have all of them the number of the time?"""
        return set(self.targets.values()) <= {(1, 0)}


def _range(start: int, stop: int, step: int) -> str:
    return f"range({start}, {stop}{BLANK if step == 1 else f', {step}'})"


def _repeated(texts: Sequence[TokenLine], start: int, length: int) -> Repeated | None:
    """How often texts repeat from `start` on, `length` of them at a time; None where that is fewer than LEAST times."""
    first, second = (texts[start + i * length : start + (i + 1) * length] for i in range(2))
    if [text.form for text in first] != [text.form for text in second]:
        return None
    grows = tuple(tuple(b - a for a, b in zip(one.slots, other.slots, strict=True)) for one, other in zip(first, second, strict=True))
    count = 1
    while len(block := texts[start + count * length : start + (count + 1) * length]) == length and all(
        one.form == text.form and one.slots == tuple(a + count * step for a, step in zip(text.slots, steps, strict=True))
        for one, text, steps in zip(block, first, grows, strict=True)
    ):
        count += 1
    found = Repeated(tuple(first), grows, count)
    steps = [abs(grows[i][slot]) for i, slot in found.counted]
    return found if count >= LEAST and steps and max(steps) == 1 else None


def _longest(texts: Sequence[TokenLine], start: int) -> Repeated | None:
    """The loop over most lines from `start` on."""
    best: Repeated | None = None
    for length in range(1, min(LONGEST, (len(texts) - start) // LEAST) + 1):
        if texts[start].indented or texts[start].form != texts[start + length].form:
            continue
        if best is not None and not length % len(best.texts):  # the same loop with several of its steps at a time
            continue
        found = _repeated(texts, start, length)
        if found is None or ((end := start + found.count * length) < len(texts) and texts[end].indented):
            continue
        if best is None or (_lines(found), found.is_of_one_time) > (_lines(best), best.is_of_one_time):
            best = found
    return best


def _lines(loop: Repeated) -> int:
    return len(loop.texts) * loop.count


def _grouped(texts: Sequence[TokenLine]) -> Iterator[TokenLine | Repeated]:
    """The lines, with loops in place of those that repeat."""
    start = 0
    while start < len(texts):
        loop = _longest(texts, start)
        if loop is not None and not loop.is_of_one_time:  # perhaps it begins in the middle of a step
            for later in range(start + 1, start + len(loop.texts)):
                other = _longest(texts, later)
                if other is not None and other.is_of_one_time and _lines(other) >= _lines(loop) - len(loop.texts):
                    loop = None
                    break
        yield texts[start] if loop is None else loop
        start += 1 if loop is None else _lines(loop)


def rolled(lines: Sequence[str], taken: Iterable[str] = (), *, scans: bool = False) -> list[str]:
    """The same lines with loops in place of what repeats.

    taken  names that no new variable may have, beside those in the lines
    scans  whether a loop is a scan of JAX where it can be one: what jax.jit meets in a loop of Python it compiles for each step
    """
    known = {*taken, *(token for line in lines for token in TOKENS.findall(line))}
    texts = _texts(lines, known)
    parts = list(_grouped(texts))
    loops = [part for part in parts if isinstance(part, Repeated)]
    if not loops:
        return list(lines)
    return list(_Rolled(parts, known, scans).lines())


def _texts(lines: Sequence[str], known: Collection[str]) -> list[TokenLine]:
    """The lines, taken apart; variables of steps are those that get all their values here, and whose entries have a free name."""
    texts = [_read(line) for line in lines]
    given = {(text.target, text.slots[0]) for text in texts if text.target}
    used = {(family, number) for text in texts for family, number in zip(text.families, text.slots, strict=True) if family}
    foreign = {family for family, number in used - given} | {family for family, _ in given if family and _entries(family) in known}
    forms: dict[tuple[str | None, ...], tuple[str | None, ...]] = {}
    texts = [_read(line, foreign) for line in lines] if foreign else texts
    return [TokenLine(forms.setdefault(text.form, text.form), text.slots) for text in texts]


def _entries(family: str) -> str:
    """What holds the values of all steps: h1_t."""
    return family.replace("?", BLANK)


def _of_one_step(family: str) -> str:
    """The variable of one step, without its number: a1 for a1_t3."""
    return family.replace("_t?", BLANK)


class _Rolled:
    """Lines and loops as text.

    entries  variables that have an entry for each step; the others of a loop are variables of its step alone
    """

    def __init__(self, parts: Sequence[TokenLine | Repeated], known: Collection[str], scans: bool) -> None:
        self.parts, self.known, self.scans = parts, known, scans
        self.time = self.free("time")
        loops = [part for part in parts if isinstance(part, Repeated)]
        given = {family for loop in loops for family in loop.targets}
        read = {loop.texts[i].families[slot] for loop in loops for i, slot in loop.counted}
        self.own = {family for family in given if _of_one_step(family) not in known and self._is_of_its_step(family)}
        self.entries = {family for family in (given | read) - self.own if family}

    def free(self, word: str) -> str:
        """A name that nothing in the lines has."""
        return next(name for i in itertools.count(1) if (name := f"{word}{i if i > 1 else BLANK}") not in self.known)

    def _is_of_its_step(self, family: str) -> bool:
        """Is it read in the loop alone that gives it a value, in the same step?"""
        loops = [part for part in self.parts if isinstance(part, Repeated)]
        (loop, *others) = [loop for loop in loops if family in loop.targets]
        outside = [text.slots[slot] for text in self.parts if isinstance(text, TokenLine) for slot in _slots(text, family)]
        a, b = loop.targets[family]
        inside = [(one, one.index(i, slot)) for one in loops for i, text in enumerate(one.texts) for slot in _slots(text, family)]
        elsewhere = {a * time + b for time in loop.times} & {*outside}
        return not others and not elsewhere and len(inside) > 1 and all(one == (loop, (a, b)) for one in inside)

    def lines(self) -> Iterator[str]:
        """All of them; entries are made where the first of a section gets a value."""
        new = dict[int, list[str]]()
        made, at = set[str](), None
        for place, part in enumerate(self.parts):
            if isinstance(part, TokenLine) and part.form and (part.form[0] or BLANK).startswith("# ") and part.form[0] in SECTIONS:
                at = None
            for family in part.targets if isinstance(part, Repeated) else [part.target]:
                if family in self.entries and family not in made:
                    at = place if at is None else at
                    made.add(family)
                    new.setdefault(at, []).append(_entries(family))
        for place, part in enumerate(self.parts):
            for names in _batched(new.get(place, []), 8):
                yield f"{', '.join(names)} = {', '.join(['{}'] * len(names))}  # by the number of the step"
            yield from self._loop(part) if isinstance(part, Repeated) else [self._line(part)]

    def _loop(self, loop: Repeated) -> Iterator[str]:
        if self.scans and (scan := _Scan.of(loop, self)) is not None:
            yield from scan.lines()
            return
        yield f"{loop.header.format(self.time)}:"
        for i in range(len(loop.texts)):
            yield f"    {self._at(loop, i)}"

    def _at(self, loop: Repeated, i: int) -> str:
        """A text of a loop, at the time that is a variable."""

        def one(family: str | None, slot: int) -> str:
            index = loop.index(i, slot)
            if family in self.entries:
                return f"{_entries(family)}[{self.number(index)}]"
            if family in self.own and family in loop.targets:
                return _of_one_step(family)
            return self.number(index) if family is None else family.replace("?", self.number(index))

        return loop.texts[i].written(one)

    def number(self, index: SlotPlace) -> str:
        """time − 1 for (1, −1)."""
        a, b = index
        if a == 0:
            return str(b)
        if a < 0 < b:
            return f"{b} - {self._times(-a)}"
        return self._times(a) + (f" + {b}" if b > 0 else f" - {-b}" if b else BLANK)

    def _times(self, a: int) -> str:
        return self.time if a == 1 else f"-{self.time}" if a == -1 else f"{a} * {self.time}"

    def _line(self, text: TokenLine) -> str:
        """A line by itself, in which what repeats between commas or as a term of a sum is written once."""
        for opened, closed, separator in _sequences(text):
            bounds = [opened, *_outermost(text, opened, closed, separator), closed]
            items = [text.cut(a + (i > 0) * len(separator), b) for i, (a, b) in enumerate(itertools.pairwise(bounds))]
            found = self._written_once(items, separator)
            if found is not None:
                return f"{self._plain(text.cut(0, opened - (separator == COMMA)))}{found}{self._rest(text, closed + (separator == COMMA))}"
        return self._plain(text)

    def _rest(self, text: TokenLine, start: int) -> str:
        return self._line(text.cut(start, len(text.form)))

    def _written_once(self, items: Sequence[TokenLine], separator: Sequence[str]) -> str | None:
        """Items of a tuple, or terms of a sum, with a comprehension in place of those that repeat; None where none do."""
        for start in range(len(items) - LEAST + 1):
            found = _repeated(items, start, 1)
            if found is None or not all(found.texts[i].families[slot] in self.entries for i, slot in found.counted):
                continue
            each = f"{self._at(found, 0)} {found.header.format(self.time)}"
            before, after = ([self._plain(item) for item in part] for part in (items[:start], items[start + found.count :]))
            if separator == PLUS:
                return " + ".join([*before, f"sum({each})", *after])
            return f"[{each}]" if not before + after else f"[{', '.join([*before, f'*[{each}]', *after])}]"
        return None

    def _plain(self, text: TokenLine) -> str:
        def one(family: str | None, slot: int) -> str:
            number = str(text.slots[slot])
            if family is None:
                return number
            return f"{_entries(family)}[{number}]" if family in self.entries else family.replace("?", number)

        return text.written(one)


class _Scan:
    """A loop as jax.lax.scan: a function of what the step before gives, and of what there is for this one.

    carried  variables of the loop that the next step reads
    taken    variables from before the loop, with the distance of their number from the time; and whether the time itself is read
    """

    def __init__(self, loop: Repeated, outer: _Rolled) -> None:
        self.loop, self.outer = loop, outer
        self.carried: dict[str, None] = {}
        self.taken: dict[tuple[str, int], None] = {}
        self.timed = False

    @classmethod
    def of(cls, loop: Repeated, outer: _Rolled) -> _Scan | None:
        """The scan; None where a step reads more than the one before, or cuts at places that the time decides."""
        scan = cls(loop, outer)
        for i, text in enumerate(loop.texts):
            for slot, family in enumerate(text.families):
                if not scan._fits(family, loop.index(i, slot), text, text.places[slot]):
                    return None
        return scan

    def _fits(self, family: str | None, index: SlotPlace, text: TokenLine, place: int) -> bool:
        a, b = index
        if a == 0 or (family in self.outer.own and family in self.loop.targets):
            return True
        if family is None:
            self.timed = True
            return ":" not in (text.beside(place, -1), text.beside(place, 1))
        if a != 1:
            return False
        if family not in self.loop.targets:
            self.taken[family, b] = None
            return True
        late = (self.loop.targets[family][1] - b) * self.loop.times.step
        if late == 1:
            self.carried[family] = None
        return self.loop.targets[family][0] == 1 and late in (0, 1)

    def lines(self) -> Iterator[str]:
        """The function, its scan, and an entry for each step of what comes out."""
        loop, times, number = self.loop, self.loop.times, self.outer.number
        over = loop.header.format(self.outer.time)
        one, state, now, found, entries, each = (self.outer.free(name) for name in ("one", "state", "now", "found", "entries", "each"))
        carried = _tuple([self._called(family, -times.step) for family in self.carried])
        taken = _tuple([*([self.outer.time] if self.timed else []), *(self._called(*one) for one in self.taken)])
        renewed = _tuple([self._called(family, 0) for family in self.carried])
        given = [family for family in loop.targets if family in self.outer.entries]
        yield from (BLANK, f"def {one}({state}, {now}):")
        yield from (f"    {names} = {whole}" for names, whole in ((carried, state), (taken, now)) if names != "()")
        yield from (f"    {self._at(i)}" for i in range(len(loop.texts)))
        yield f"    return {renewed}, {_tuple([self._called(family, 0) for family in given])}"
        first = _tuple([f"{_entries(family)}[{loop.targets[family][1] + times.start - times.step}]" for family in self.carried])
        yield from (BLANK, f"{now} = (")
        if self.timed or not self.taken:
            yield f"    jnp.arange({times.start}, {times.stop}, {times.step}),"
        yield from (f"    jnp.stack([{_entries(family)}[{number((1, b))}] {over}])," for family, b in self.taken)
        yield from (")", f"_, {found} = jax.lax.scan({one}, {first}, {now})")
        for b in dict.fromkeys(loop.targets[family][1] for family in given):
            names = [_entries(family) for family in given if loop.targets[family][1] == b]
            some = (
                found if len(names) == len(given) else _tuple([f"{found}[{i}]" for i, one in enumerate(given) if loop.targets[one][1] == b])
            )
            yield f"for {entries}, {each} in zip({_tuple(names)}, {some}):"
            yield f"    {entries}.update(zip({_range(times.start + b, times.stop + b, times.step)}, {each}))"

    def _at(self, i: int) -> str:
        """A text of the loop, within the function."""

        def one(family: str | None, slot: int) -> str:
            a, b = self.loop.index(i, slot)
            if family is None:
                return self.outer.number((a, b))
            if family in self.outer.own and family in self.loop.targets:
                return _of_one_step(family)
            if a == 0:
                return f"{_entries(family)}[{b}]" if family in self.outer.entries else family.replace("?", str(b))
            return self._called(family, b - self.loop.targets[family][1] if family in self.loop.targets else b)

        return self.loop.texts[i].written(one)

    def _called(self, family: str, distance: int) -> str:
        """What is called h1_t3 elsewhere: h1_now, h1_before or h1_after."""
        return f"{_of_one_step(family)}_{DISTANCES.get(distance, f'at{distance}'.replace('-', 'minus'))}"


DISTANCES = {0: "now", -1: "before", 1: "after"}


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


SECTIONS = ("# forward pass", "# error", "# backward pass", "# update")
"""The comments that part a step."""

COMMA, PLUS = (",", " "), (" ", "+", " ")


def _batched(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))


def _slots(text: TokenLine, family: str) -> list[int]:
    return [slot for slot, name in enumerate(text.families) if name == family]


def _sequences(text: TokenLine) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where a tuple, or the sum that is the whole value of a line, begins and ends, and what stands between its items."""
    depth: list[int] = []
    for place, token in enumerate(text.form):
        if token == "(":
            depth.append(place)
        elif token == ")" and depth:
            opened = depth.pop()
            if opened and text.form[opened - 1] == "(":
                yield opened + 1, place, COMMA
    if "=" in text.form[:3]:
        yield 4, len(text.form), PLUS


def _outermost(text: TokenLine, start: int, stop: int, separator: tuple[str, ...]) -> Iterator[int]:
    """Where separators stand that lie in no further bracket."""
    depth = 0
    for place in range(start, stop):
        depth += (text.form[place] in ("(", "[")) - (text.form[place] in (")", "]"))
        if not depth and text.form[place : place + len(separator)] == separator:
            yield place
