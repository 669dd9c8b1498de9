"""Formulas as people type them: `c = a + b; d = a*b + b^3; f = c*d`. Read by a grammar of a few lines, and never run.

    lines       line { (";" | line break) line }
    line        [name ("=" | "+=" | "-=" | "*=" | "/=")] sum
    sum         product { ("+" | "−") product }
    product     signed { ("·" | "÷") signed }
    signed      { "+" | "−" } power
    power       atom [("^" | "**") signed | ² | ³ …]
    atom        (number | name | name "(" sum { "," sum } ")" | "(" sum ")") { "." name "(" ")" }

Signs may be written as on a keyboard or as on paper. What is wrong is said with its place marked.

    >>> calculation = parse_formula("c = a + b; c*2").calculation
    >>> [f"{quantity} = {quantity.arguments[0]}" for quantity in calculation.quantities]
    ['c = a + b', 'f = c · 2']
    >>> parse_formula("2a + 1")
    Traceback (most recent call last):
    chainrule.base.errors.InputError: 2 and a stand side by side; if they are multiplied, write 2*a.
      2a + 1
       ^
"""

from __future__ import annotations

import inspect
import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import counted
from chainrule.formula import primitives as p
from chainrule.formula.calculation import Calculation
from chainrule.formula.expression import PRIMITIVES, Expression, Name, as_expression, depends_on_variable, named, order, variable
from chainrule.formula.forms import Named

MOST_SIGNS, MOST_NESTED, MOST_NAMES = 10_000, 100, 100
"""A text has at most so many signs, one formula at most so many operations inside each other, all of them at most so many names."""

LARGEST = 10**300
"""Numbers beyond are refused: what they are multiplied by leaves the range of floating point."""

WINDOW = 72
"""So many columns of a long line are shown around the marked place."""

ExpressionFunction = Callable[..., Expression]

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_TOKEN = re.compile(
    rf"""(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>√|(?![{_RAISED}])[^\W0-9](?:(?![{_RAISED}])\w)*)
    |(?P<raised>⁻?[{_RAISED}]+)
    |(?P<sign>\*\*|[-−–+*/·]=|==|[-−–+*/·⋅∙×÷^()=;,.\n])
    |(?P<space>[^\S\n]+|\#[^\n]*)""",
    re.VERBOSE,
)
_SIGNS = {**dict.fromkeys("−–", "-"), **dict.fromkeys("·⋅∙×", "*"), "÷": "/", "**": "^", "−=": "-=", "–=": "-=", "·=": "*="}
"""What a sign on paper is on a keyboard."""

_HINTS = {"|": "write abs(x) for |x|", "[": "use ( )", "{": "use ( )", ":": "write = to define a name, and / to divide"}
"""What to write in place of a sign that has no meaning here."""

_OPERATIONS: dict[str, ExpressionFunction] = {"+": p.add, "-": p.subtract, "*": p.multiply, "/": p.divide}


def named_functions() -> dict[str, ExpressionFunction]:
    """The elementwise rows of the table of primitives, by their names and by how they are written on paper; tan and pow besides."""
    found: dict[str, ExpressionFunction] = {}
    for row in PRIMITIVES.values():
        if row.elementwise:
            found.update(dict.fromkeys((row.name, row.form.name if isinstance(row.form, Named) else row.name), row))
    return {**found, "abs": p.absolute, "√": p.sqrt, "tan": _tangent, "pow": to_power, "power": to_power}


def _tangent(x: Expression) -> Expression:
    return p.sin(x) / p.cos(x)


def to_power(base: Expression, exponent: Expression) -> Expression:
    """base^exponent; where the exponent has letters, e^(exponent · ln base), which has a derivative by them."""
    return p.exp(exponent * p.log(base)) if depends_on_variable(exponent) else p.power(base, exponent)


class TypedText(FrozenValue):
    """What was typed."""

    typed: str

    def refused(self, message: str, start: int, stop: int | None = None) -> InputError:
        """The error with the line in question, and its place marked below it."""
        start = min(start, len(self.typed))
        first = self.typed.rfind("\n", 0, start) + 1
        last = self.typed.find("\n", start) if "\n" in self.typed[start:] else len(self.typed)
        left = max(first, start - WINDOW // 2)
        line = "".join(sign if sign.isprintable() else " " for sign in self.typed[left : min(last, left + WINDOW)]).rstrip()
        before = ("…" if left > first else "") + line
        offset = len(before) - len(line) + start - left
        marks = max(1, min(last, left + WINDOW, start + 1 if stop is None else stop) - start)
        return InputError(f"{message}\n  {before}\n  {' ' * _columns(before[:offset].ljust(offset))}{'^' * marks}")


def _columns(text: str) -> int:
    return sum(0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


class ParsedFormula(FrozenValue):
    """What was understood of a text.

    calculation  its letters and what they stand for; one that += changes is a new letter with the same symbol, and the next time
    given        the numbers of letters that the text itself sets, as a = −4
    places       where each operation and each letter stands, from and to
    """

    text: TypedText
    calculation: Calculation
    given: Mapping[Expression, Any]
    places: Mapping[Expression, tuple[int, int]]

    def refused(self, node: Expression, message: str) -> InputError:
        """An error about an operation or a letter, its place marked."""
        return self.text.refused(message, *self.places[node])

    def at(self, numbers: Mapping[Expression, Any], *, exact: bool = False) -> dict[Expression, Any]:
        """The values of the calculation where its inputs have these numbers. Raises InputError, InexactError."""
        return self.calculation.at(numbers, self._without_number, exact=exact)

    def _without_number(self, node: Expression, numbers: Sequence[float], letter: Expression | None) -> InputError:
        if letter is not None:
            return self.refused(node, f"{node.symbol} has no derivative by {letter.symbol} at this point; choose another point.")
        first, last = (numbers[0], numbers[-1]) if numbers else (0.0, 0.0)
        match node.primitive.name:
            case "divide" if last == 0:
                reason = "this divides by 0"
            case "power" if first == 0:
                reason = "0 cannot be raised to a negative power, which divides by it"
            case "power" | "sqrt" | "log" if first < 0:
                reason = {"power": "only whole powers of a negative number are numbers", "sqrt": "a negative number has no root"}.get(
                    node.primitive.name, "there is no logarithm of a negative number"
                )
            case "log":
                reason = "there is no logarithm of 0"
            case _:
                reason = "this is larger than any number that is computed with"
        start, stop = self.places[node]
        is_power = node.primitive is p.log and not self.text.typed[start:stop].startswith(("ln", "log"))
        why = ", and where the exponent has letters, a power is e^(exponent · ln base)" if is_power else ""
        return self.refused(node, f"{reason}{why}; choose another point.")


def about_comma(before: str, after: str) -> str:
    """What to write in place of a comma between digits, which is a point to some and separates thousands to others."""
    if len(after) == 3 and re.fullmatch(r"[-−]?[1-9][0-9]{0,2}", before):
        return f"a number has no comma: write {before}.{after} if it is a decimal one, {before}{after} if it separates thousands."
    return f"a decimal number is written with a point: {before}.{after}."


def parse_formula(typed: str, known: Mapping[str, ExpressionFunction] | None = None, letters: Collection[str] = ()) -> ParsedFormula:
    """The calculation that a text describes.

    known    further functions by their names
    letters  what is an input in any case: e and π, which otherwise are the numbers that they are everywhere, e as the base of a power

    A line without a name is called f; letters without a definition are inputs, and so are those that are set to a plain number.
    Raises InputError.
    """
    if not isinstance(typed, str):
        raise InputError(f'a formula is a text, as "c = a + b; f = c*a", not {quoted(typed)}.')
    text = TypedText(typed)
    if len(typed) > MOST_SIGNS:
        raise InputError(f"a formula may have {MOST_SIGNS:,} signs, and this one has {len(typed):,}; explain a part of it.")
    return _Reader(text, {**named_functions(), **(known or {})}, letters).reading()


class _Token(FrozenValue):
    kind: str
    sign: str
    start: int
    stop: int


_END = "end"


def _joins(token: _Token) -> bool:
    """Does a line that begins or ends with this sign go on in the next one?"""
    return token.kind == "sign" and token.sign in ("+", "-", "*", "/", "^", "=", ",", "\n")


@dataclass
class _Reader:
    text: TypedText
    functions: Mapping[str, ExpressionFunction]
    letters: Collection[str]
    known: dict[str, Expression] = field(default_factory=dict)
    inputs: list[Expression] = field(default_factory=list)
    quantities: list[Expression] = field(default_factory=list)
    given: dict[Expression, Any] = field(default_factory=dict)
    places: dict[Expression, tuple[int, int]] = field(default_factory=dict)
    depths: dict[Expression, int] = field(default_factory=dict)
    later: list[str] = field(default_factory=list)
    tokens: list[_Token] = field(default_factory=list)
    position: int = 0
    open: int = 0
    unnamed: bool = False

    def _refused(self, message: str, first: _Token, last: _Token | None = None) -> InputError:
        """An error about a token, or about all from one to another."""
        return self.text.refused(message, first.start, (last or first).stop)

    # Lines

    def reading(self) -> ParsedFormula:
        lines = list(self._lines())
        self.later = [line[0].sign for line in lines if len(line) > 1 and line[0].kind == "name" and line[1].sign == "="]
        for line in lines:
            self.tokens, self.position, self.open = line, 0, 0
            self._line()
        if not self.quantities:
            if self.inputs:
                raise InputError("a formula computes something, and this one only sets numbers; add a line such as f = 2*a.")
            raise InputError('the formula is empty; write one as "c = a + b; f = c*a".')
        if not self.inputs:
            raise self.text.refused(
                "there is no letter to derive by; write one in place of a number, as a, and give it its number: a=3.", 0
            )
        unused = [node for node in self.inputs if node not in order(*self.quantities)]
        if unused:
            raise self.text.refused(f"{unused[0].symbol} is set, but no formula uses it; leave the line out.", *self.places[unused[0]])
        return ParsedFormula(self.text, Calculation(tuple(self.inputs), tuple(self.quantities)), self.given, self.places)

    def _lines(self) -> Iterator[list[_Token]]:
        """The tokens of each line, with an end; a line break inside parentheses, or beside an operation, is a space."""
        line: list[_Token] = []
        depth = 0
        tokens = list(self._tokens())
        for token, after in itertools.zip_longest(tokens, tokens[1:]):
            depth += (token.sign == "(") - (token.sign == ")")
            goes_on = depth > 0 or (after is not None and _joins(after)) or (bool(line) and _joins(line[-1]))
            if token.sign == ";" or (token.sign == "\n" and not goes_on):
                if line:
                    yield [*line, _Token(_END, "", token.start, token.start)]
                line, depth = [], 0
            elif token.sign != "\n":
                line.append(token)
        if line:
            yield [*line, _Token(_END, "", line[-1].stop, line[-1].stop)]

    def _tokens(self) -> Iterator[_Token]:
        position = 0
        while position < len(self.text.typed):
            match = _TOKEN.match(self.text.typed, position)
            if match is None:
                sign = self.text.typed[position]
                hint = _HINTS.get(sign, "use + - * / ^ ( )")
                raise self.text.refused(f"{quoted(sign)} means nothing in a formula; {hint}.", position)
            if match.lastgroup != "space":
                sign = unicodedata.normalize("NFC", match[0]) if match.lastgroup == "name" else _SIGNS.get(match[0], match[0])
                yield _Token(match.lastgroup or "", sign, position, match.end())
            position = match.end()

    def _line(self) -> None:
        first, *others = self.tokens
        assignment = others[0].sign if others and first.kind == "name" else ""
        if assignment in ("=", "+=", "-=", "*=", "/="):
            self.position = 2
            self._define(first, assignment)
            return
        equals = next((token for token in others if token.kind == "sign" and "=" in token.sign), None)
        if equals is not None:
            raise self._no_name(first, others, equals)
        if self.unnamed or "f" in self.known or "f" in self.later:
            raise self.text.refused("only one line may go without a name, and it is called f; write g = before this one.", first.start)
        self.unnamed = True
        self.later.append("f")
        self._name(_Token("name", "f", first.start, first.stop), self._whole())

    def _no_name(self, first: _Token, others: list[_Token], equals: _Token) -> InputError:
        if equals.sign == "==":
            return self._refused("a name is defined with one =.", equals)
        if first.kind == "name" and [token.sign for token in others[:1]] == ["("]:
            return self._refused(
                f"a name is defined without its letters: write {first.sign} = … in place of {first.sign}(…) = ….", first, equals
            )
        return self._refused("before = stands one name and nothing else, as in c = a + b.", first, equals)

    def _define(self, name: _Token, assignment: str) -> None:
        if assignment == "=" and name.sign in self.known:
            raise self._refused(
                f"{name.sign} is defined twice; call the second one {name.sign}2, or write {name.sign} += … where it is to change.", name
            )
        if assignment != "=" and name.sign not in self.known:
            raise self._refused(f"{name.sign} {assignment} changes {name.sign}, which has no value yet; begin with {name.sign} = ….", name)
        right = self._whole()
        if assignment != "=":
            right = self._made(_OPERATIONS[assignment[0]](self.known[name.sign], right), name.start)
        self._name(name, right)

    def _name(self, name: _Token, expression: Expression) -> None:
        """A letter of its own for what a line defines."""
        values = sum(quantity.symbol == name.sign for quantity in (*self.inputs, *self.quantities))
        called = Name(name.sign, time=values + 1 if values else None)
        number = self._plain(expression) if not values else None
        if number is not None:
            node = variable(called)
            self.inputs.append(node)
            self.given[node] = number
        else:
            node = named(called, expression)
            self.quantities.append(node)
        self.known[name.sign] = node
        self.later = [other for other in self.later if other != name.sign]
        self.places[node] = (name.start, name.stop)
        if len(self.inputs) + len(self.quantities) > MOST_NAMES:
            raise self._refused(f"there are more than {MOST_NAMES} letters; explain a part of the formula.", name)

    def _plain(self, expression: Expression) -> Any:
        """The number that a line sets a letter to; None for a formula."""
        inner = expression.arguments[0] if expression.primitive is p.negative else expression
        if inner.constant is None:
            return None
        return inner.constant if inner is expression else -inner.constant

    # Expressions

    @property
    def _here(self) -> _Token:
        return self.tokens[self.position]

    def _take(self) -> _Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def _made(self, expression: Expression, start: int, stop: int | None = None) -> Expression:
        """The expression, once its place and its depth are noted."""
        depth = 1 + max((self.depths.get(argument, 0) for argument in expression.arguments), default=0)
        if depth > MOST_NESTED:
            raise self.text.refused(
                f"more than {MOST_NESTED} operations stand inside each other; give parts of the formula names of their own.", start, stop
            )
        self.depths[expression] = depth
        self.places[expression] = (start, self.tokens[self.position - 1].stop if stop is None else stop)
        return expression

    def _whole(self) -> Expression:
        expression = self._sum()
        if self._here.kind != _END:
            raise self._left_over(self._here)
        return expression

    def _left_over(self, token: _Token) -> InputError:
        before = self.tokens[self.position - 1]
        if token.sign == ")":
            return self.text.refused("this ) closes nothing; leave it out, or open it with (.", token.start)
        if token.sign == ",":
            return self._comma(token)
        if token.kind == "sign" and token.sign != "(":
            return self._refused(f"{token.sign} cannot stand here.", token)
        if before.kind == "name" and before.sign in self.functions and token.sign != "(":
            return self._refused(f"{before.sign} takes what it is of in parentheses: {before.sign}({token.sign}).", before, token)
        right = "(…)" if token.sign == "(" else token.sign
        left = "(…)" if before.sign == ")" else before.sign
        said = f"{left} and {right} stand side by side; if they are multiplied, write {left}*{right}."
        return self._refused(said, token)

    def _comma(self, token: _Token) -> InputError:
        before, after = self.tokens[self.position - 1], self.tokens[self.position + 1]
        if before.kind == after.kind == "number" and before.stop == token.start and token.stop == after.start:
            return self._refused(about_comma(before.sign, after.sign), before, after)
        return self.text.refused("formulas are separated by ; and not by a comma.", token.start)

    def _sum(self) -> Expression:
        return self._chain("+-", self._product)

    def _product(self) -> Expression:
        return self._chain("*/", self._signed)

    def _chain(self, signs: str, operand: Callable[[], Expression]) -> Expression:
        start = self._here.start
        left = operand()
        while self._here.kind == "sign" and self._here.sign in signs:
            sign = self._take().sign
            left = self._made(_OPERATIONS[sign](left, operand()), start)
        return left

    def _signed(self) -> Expression:
        start, minus = self._here.start, False
        while self._here.kind == "sign" and self._here.sign in "+-":
            minus ^= self._take().sign == "-"
        inner = self._power()
        return self._made(-inner, start) if minus else inner

    def _power(self) -> Expression:
        token = self._here
        if token.sign == "e" and self._is_free("e") and self._is_power(self.tokens[self.position + 1]):
            self._take()
            return self._applied(p.exp, "e", [self._exponent()], token.start)
        base = self._atom()
        if not self._is_power(self._here):
            return base
        return self._applied(to_power, "^", [base, self._exponent()], token.start)

    def _is_power(self, token: _Token) -> bool:
        return token.kind == "raised" or token.sign == "^"

    def _exponent(self) -> Expression:
        """What is raised, behind ^ or as small digits."""
        token = self._take()
        if token.kind == "raised":
            return self._made(as_expression(int(unicodedata.normalize("NFKC", token.sign).replace("−", "-"))), token.start)
        self._nest(token)
        exponent = self._signed()
        self.open -= 1
        return exponent

    def _is_free(self, name: str) -> bool:
        """Has this letter no meaning of its own here?"""
        return name not in self.known and name not in self.later and name not in self.letters

    def _nest(self, token: _Token) -> None:
        self.open += 1
        if self.open > MOST_NESTED:
            raise self.text.refused(f"more than {MOST_NESTED} parentheses or powers stand inside each other.", token.start)

    def _atom(self) -> Expression:
        token = self._take()
        if token.kind == "number":
            atom = self._number(token)
        elif token.sign == "√" and self._here.kind == "number":
            atom = self._made(p.sqrt(self._number(self._take())), token.start)
        elif token.kind == "name":
            atom = self._call(token) if self._here.sign == "(" else self._letter(token)
        elif token.sign == "(":
            self._nest(token)
            atom = self._sum()
            self._close(token)
        else:
            raise self._missing(token)
        while self._here.sign == ".":
            atom = self._method(atom, token.start)
        return atom

    def _missing(self, token: _Token) -> InputError:
        self.position -= 1
        before = self.tokens[self.position - 1] if self.position else None
        if token.kind == _END:
            after = f" after {before.sign}" if before else ""
            return self.text.refused(f"a number, a letter or ( is missing{after}.", token.start)
        if token.sign == ")" and before is not None and before.sign == "(":
            return self._refused("there is nothing in these parentheses.", before, token)
        return self._refused(f"a number, a letter or ( is missing before {token.sign}.", token)

    def _close(self, opened: _Token) -> None:
        if self._here.sign != ")":
            if self._here.kind != _END:
                raise self._left_over(self._here)
            raise self.text.refused("this ( is never closed; add a ).", opened.start)
        self._take()
        self.open -= 1

    def _number(self, token: _Token) -> Expression:
        number: int | float = int(token.sign) if token.sign.isdecimal() and len(token.sign) <= 300 else float(token.sign)
        if number > LARGEST:
            raise self._refused("this number is too large to compute with.", token)
        return self._made(as_expression(number), token.start, token.stop)

    def _letter(self, token: _Token) -> Expression:
        name = token.sign
        if name in self.known:
            return self.known[name]
        if name in self.later:
            raise self._too_early(token)
        if name in ("pi", "π") and self._is_free(name):
            return self._made(as_expression(p.PI), token.start, token.stop)
        if name in self.functions and self._here.kind in ("name", "number"):
            raise self._left_over(self._here)
        letter = variable(Name(name))
        self.inputs.append(letter)
        self.known[name] = letter
        self.places[letter] = (token.start, token.stop)
        return letter

    def _too_early(self, token: _Token) -> InputError:
        name, line = token.sign, self.tokens[0].sign
        if name == line or (name == "f" and self.unnamed):
            return self._refused(f"{name} is defined by itself; give one of the two another name.", token)
        return self._refused(f"{name} is used before it is defined; move its line up, unless the two are defined by each other.", token)

    def _function(self, token: _Token) -> ExpressionFunction:
        name = token.sign
        found = None if name in self.known else self.functions.get(name) or self.functions.get(name.lower())
        if found is not None:
            return found
        if name in self.known or name in self.later or len(name) == 1:
            raise self._refused(f"{name} and (…) stand side by side; if they are multiplied, write {name}*(…).", token)
        near = get_close_matches(name.lower(), self.functions, n=1, cutoff=0.5)
        offer = f" Did you mean {near[0]}?" if near else ""
        raise self._refused(f"there is no function {name}.{offer}", token)

    def _call(self, token: _Token) -> Expression:
        function, opened = self._function(token), self._take()
        self._nest(opened)
        arguments: list[Expression] = []
        while not arguments or self._here.sign == ",":
            if arguments:
                self._take()
            arguments.append(self._sum())
        wanted = _arity(function)
        if len(arguments) != wanted:
            numbers = [token.sign for token in self.tokens[: self.position] if token.start > opened.start and token.kind == "number"]
            hint = f"; {about_comma(*numbers)}" if wanted == 1 and len(numbers) == 2 else "."
            raise self._refused(f"{token.sign} takes {counted(wanted, 'number')}, not {len(arguments)}{hint}", token, self._here)
        self._close(opened)
        return self._applied(function, token.sign, arguments, token.start)

    def _method(self, operand: Expression, start: int) -> Expression:
        """x.tanh(), as programs write it."""
        dot, name = self._take(), self._take()
        if name.kind != "name" or [token.sign for token in self.tokens[self.position : self.position + 2]] != ["(", ")"]:
            raise self.text.refused("this point belongs to no number.", dot.start)
        function = self._function(name)
        if _arity(function) != 1:
            raise self._refused(f"write {name.sign}(…).", name)
        self.position += 2
        return self._applied(function, name.sign, [operand], start)

    def _applied(self, function: ExpressionFunction, name: str, arguments: list[Expression], start: int) -> Expression:
        stop = self.tokens[self.position - 1].stop
        try:
            result = function(*arguments)
        except InputError as error:
            raise self.text.refused(str(error), start, stop) from None
        new = order(result, wall=lambda node: node in arguments)
        if any(not node.primitive.elementwise for node in new if node.arguments and node not in arguments):
            raise self.text.refused(f"{name} is a function of several numbers at once, and a formula has single ones.", start, stop)
        for node in new:
            if node not in self.depths and node.name is None:
                self._made(node, start, stop)
        return result


def _arity(function: ExpressionFunction) -> int:
    """How many numbers a function takes."""
    slope = getattr(function, "slope", None)
    if slope is not None:
        return len(inspect.signature(slope).parameters) - 1
    operands = (
        one for one in inspect.signature(function).parameters.values() if one.default is one.empty and one.kind is not one.KEYWORD_ONLY
    )
    return len(list(operands))
