"""The live page as a notebook's widget, whose numbers are traits: Python sees what is dragged, and the page what Python assigns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.api.batches import with_sample
from chainrule.api.problems import problem as problem_of
from chainrule.api.settings import chosen_optimizer
from chainrule.api.typed_numbers import with_typed_weights
from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import replace
from chainrule.base.printing import counted
from chainrule.live.session import PageSession
from chainrule.network.definitions import DefinitionLike
from chainrule.network.network import Network
from chainrule.pages.file import document, page_module, page_style
from chainrule.steps.problem import Problem

try:
    from anywidget import AnyWidget
    from traitlets import Any as Anything
    from traitlets import Int, Unicode, observe, validate
except ImportError:
    raise ImportError("the live page in a notebook needs anywidget: pip install 'chainrule[notebook]'") from None

if TYPE_CHECKING:
    from chainrule.api.problems import Source
    from chainrule.explanation.explain import Detail
    from chainrule.steps.step import Step


class Live(AnyWidget):
    """The live page of a network in a notebook: what is dragged in the page changes these values, and what is assigned moves the page.

        live = cr.Live(network, x=[[8, 12]], t=[[4]])
        live                                             # shows the page
        live.weights, live.learning_rate                 # as they stand in the page now
        live.weights = [0.21, 0.56, 0.19, 0.02, 0.23, 0.16]
        live.observe(print, "weights")

    weights  w1, w2 … in their numbering, then b1, b2 …, as of `Network.weights`; assigned also by matrix or by name, as of `with_weights`
    x, t     the batch: rows of inputs and of targets
    learning_rate  the rate of the optimiser; None where it has none that is a number
    height   of the page in the cell, in pixels

    In a notebook that is not trusted, a picture of the network stands in its place.
    """

    _esm = page_module("widget")
    _document = Unicode().tag(sync=True)
    _begin = Unicode().tag(sync=True)
    _title = Unicode().tag(sync=True)
    _numbers = Anything().tag(sync=True)  # what the page has that differs from its beginning
    _assigned = Anything().tag(sync=True)  # what Python gives the page
    _questions = Anything().tag(sync=True)  # what pages ask: the answered ones may still be among them
    _answer = Anything().tag(sync=True)
    weights = Anything().tag(sync=True)
    x = Anything().tag(sync=True)
    t = Anything().tag(sync=True)
    learning_rate = Anything().tag(sync=True)
    height = Int(760).tag(sync=True)

    def __init__(
        self,
        network: Source,
        x: Any = None,
        t: Any = None,
        *,
        optimizer: DefinitionLike | None = None,
        learning_rate: float | None = None,
        detail: Detail | None = None,
        digits: int | None = None,
        exact: bool = False,
        height: int = 760,
    ) -> None:
        """The page of a network on a batch, or of a problem, which has these already; a batch that lacks is drawn.

        network  or whatever else `chainrule.problem` takes, as "mazur" or "2-3-1"

        optimizer, learning_rate  gradient descent and its own rate if none are said
        detail, digits, exact     as of `page`

        Raises InputError.
        """
        self._changing = True
        self._session = PageSession(
            _problem(network, x, t, optimizer, learning_rate), tell=self._push, detail=detail, digits=digits, exact=exact
        )
        begin = self._session.begin()
        problem = self._session.subject
        super().__init__(
            _document=document("home", {"kind": "cell"}, page_style("served"), page_module("served"), title="chainrule", language="en"),
            _begin=json.dumps(begin, ensure_ascii=False),
            _title=begin["page"]["title"],
            _numbers={},
            _assigned={},
            _questions=[],
            _answer={},
            height=height,
            **_traits(problem),
        )
        self._changing, self._answered = False, dict[str, int]()

    # What it is

    @property
    def problem(self) -> Problem:
        """Network, batch and optimiser, as they stand in the page now."""
        return self._session.present

    @property
    def network(self) -> Network:
        """The network with the weights that it has in the page now."""
        return self.problem.network

    @property
    def step(self) -> Step:
        """The training step that the page shows."""
        return self.problem.step()

    def show(self, network: Source, x: Any = None, t: Any = None, *, optimizer: DefinitionLike | None = None) -> None:
        """Another network in the same place. Raises InputError."""
        answer = self._session.shown(_problem(network, x, t, optimizer, None))
        self._follow(answer)
        self._push(answer)

    def __repr__(self) -> str:
        return f"<Live: {self.problem!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as a page of what stands in it now; a page that a notebook shows already goes on by itself."""
        return partial(Live, **self._session.shape, height=self.height), (self.problem,)

    def __copy__(self) -> Live:
        again, given = self.__reduce__()
        return again(*given)  # type: ignore[no-any-return]  # what `partial` gives

    def __deepcopy__(self, _: Any) -> Live:
        return self.__copy__()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a picture of its network in words and, where Typst is there, as PNG."""
        found = super()._repr_mimebundle_(**options)
        data, metadata = found if isinstance(found, tuple) else (found, {})
        data = {**(data or {}), "text/plain": repr(self)}
        picture = _picture(self.problem)
        return ({**data, "image/png": picture} if picture else data), metadata

    # Page and Python

    def _show(self, numbers: Mapping[str, Any]) -> None:
        """The values as the page has them, which are not sent back to it."""
        self._changing = True
        try:
            with self.hold_trait_notifications():
                self._numbers = numbers
                for name, value in _traits(self.problem).items():
                    setattr(self, name, value)
        finally:
            self._changing = False

    def _push(self, message: Mapping[str, Any]) -> None:
        """Tells every page something."""
        self._answer = {"answer": message}

    @observe("_questions")
    def _asked(self, change: Mapping[str, Any]) -> None:
        """Pages ask: what was not answered yet, is."""
        for question in change["new"] if isinstance(change["new"], list) else ():
            view, number = question.get("view"), question.get("id")
            if isinstance(view, str) and isinstance(number, int) and number > self._answered.get(view, 0):
                self._answered[view] = number
                self._reply(view, str(question.get("text")))

    def _reply(self, view: str, text: str) -> None:
        answer = self._session.answer(text)
        if "page" in answer:
            self._follow(answer)
        self._answer = {"to": view, "answer": answer}
        if "page" in answer:  # the same network in another cell
            self._answer = {"from": view, "answer": {key: value for key, value in answer.items() if key != "id"}}

    @observe("_numbers")
    def _dragged(self, change: Mapping[str, Any]) -> None:
        """Numbers were changed in the page."""
        if self._changing or self._session.answer(json.dumps({"do": "numbers", "numbers": change["new"]})).get("error"):
            return
        self._show(self._numbers)

    def _follow(self, answer: Mapping[str, Any]) -> None:
        """Another content is shown from now on."""
        self._begin = json.dumps({key: value for key, value in answer.items() if key != "id"}, ensure_ascii=False)
        self._show(dict(self._session.numbers))

    @validate("weights", "x", "t", "learning_rate")
    def _checked(self, proposal: Mapping[str, Any]) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        if self._changing:  # it comes from a problem
            return value
        if name == "learning_rate":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"the learning rate is a number here, not {quoted(value)}.")
            chosen_optimizer(self.problem.optimizer, None, float(value))  # may it be so large?
            return float(value)
        network, x = self.network, self.problem.x
        if name == "weights":
            return with_typed_weights(network, value.tolist() if isinstance(value, np.ndarray) else value).weights
        rows: Array = network.checked_x(value, name) if name == "x" else network.checked_t(value, name)
        if x is not None and len(rows) != len(x):
            raise InputError(
                f"the page shows {counted(len(x), 'sample')}, and {name} has {len(rows)}; live.show(network, x, t) shows others."
            )
        return [[float(number) for number in row] for row in rows]

    @observe("weights", "x", "t", "learning_rate")
    def _followed(self, change: Mapping[str, Any]) -> None:
        """A value was assigned in Python, or by another widget: the page follows."""
        if self._changing:
            return
        problem, name, value = self.problem, change["name"], change["new"]
        if name == "weights":
            problem = replace(problem, network=problem.network.with_weights(value))
        elif name == "learning_rate":
            problem = replace(problem, optimizer=chosen_optimizer(problem.optimizer, None, value))
        else:
            given: dict[str, Any] = {name: np.array(value, dtype=float)}
            problem = replace(problem, **given)
        numbers = _numbers_of(problem)
        self._session.numbers = numbers
        self._changing = True
        self._numbers = numbers
        self._changing = False
        self._assigned = numbers


def _problem(network: Source, x: Any, t: Any, optimizer: DefinitionLike | None, learning_rate: float | None) -> Problem:
    """What is to be shown. Raises InputError."""
    given = Problem(network) if isinstance(network, Network) else network if isinstance(network, Problem) else problem_of(network)
    network = given.network
    changes: dict[str, Any] = {}
    if x is not None:
        changes["x"] = network.checked_x(x)
    if t is not None:
        changes["t"] = network.checked_t(t)
    if optimizer is not None or learning_rate is not None or given.optimizer is None:
        changes["optimizer"] = chosen_optimizer(given.optimizer, optimizer, learning_rate)
    return with_sample(replace(given, **changes) if changes else given)


def _traits(problem: Problem) -> dict[str, Any]:
    """The values of a problem, by the names of the traits."""
    return {
        "weights": problem.network.weights,
        "x": None if problem.x is None else problem.x.tolist(),
        "t": None if problem.t is None else problem.t.tolist(),
        "learning_rate": _rate(problem),
    }


def _rate(problem: Problem) -> float | None:
    """That of the optimiser; None where it has none that is a number."""
    rate = chosen_optimizer(problem.optimizer, None, None).options.get("learning_rate")
    return float(rate) if isinstance(rate, (int, float)) else None


def _numbers_of(problem: Problem) -> dict[str, list[float]]:
    """Every number of a problem that a page has as a handle, by the key of its array."""
    network = problem.network
    arrays: dict[str, Array] = dict(network.parameters)
    arrays |= {node.key: part for node, part in network.split(problem.x, problem.t).items()}
    found = {key: [float(value) for value in np.asarray(array).ravel()] for key, array in arrays.items()}
    rate = _rate(problem)
    return found if rate is None else {**found, "learning_rate": [rate]}


def _picture(problem: Problem) -> str:
    """The network with its numbers as a PNG, in base64; nothing where there is no Typst, or nothing to be drawn."""
    from base64 import b64encode

    from chainrule.api.figures import figure

    try:
        drawn = figure(problem, "network").rendered("png")
    except InputError:
        return ""
    return b64encode(drawn if isinstance(drawn, bytes) else drawn.encode()).decode()
