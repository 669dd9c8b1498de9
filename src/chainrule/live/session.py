"""What a live page asks of Python, and the answers: one session a page, whatever carries its messages.

A message is plain data: {"id": 7, "do": "change", …}. Its answer has the same id, and what was asked for, or "error": what is wrong.
A training tells of itself unasked: {"run": …}.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from chainrule.api.models import is_model, recorded, trained_model
from chainrule.api.problems import problem
from chainrule.base.errors import ChainruleError, InputError, quoted
from chainrule.document.words import Words
from chainrule.live.architecture import LOOKS, architecture, changed, thawed, with_numbers
from chainrule.live.runs import LARGEST_FILE, Going, LearntTable, Past, as_page, complete_data, model_bytes, read_file, read_table
from chainrule.network.description import from_json, from_toml, network_of_description, to_json, to_toml
from chainrule.pages.content import MOST_NUMBERS, page_content
from chainrule.steps.problem import Problem, described_problem
from chainrule.steps.step import FORMAT, Step

if TYPE_CHECKING:
    from chainrule.explanation.explain import Detail
    from chainrule.network.network import Network

Message = Mapping[str, Any]
Wanted = TypeVar("Wanted")

MOST_TEXT = 4 * LARGEST_FILE // 3 + 10_000
"""Characters of a message: a file of the largest size, written in base64."""

MOST_KEPT = 50
"""What a page has shown before, and can be brought back."""


class PageSession:
    """One page, and what it shows.

    tell  is called with what is said unasked, from any thread
    """

    def __init__(
        self, subject: Problem, *, tell: Callable[[dict[str, Any]], None] = lambda message: None,
        detail: Detail | None = None, digits: int | None = None, exact: bool = False,
    ) -> None:  # fmt: skip
        self.subject, self.tell = subject, tell
        self.numbers: dict[str, Any] = {}
        self.shape: dict[str, Any] = {"detail": detail, "digits": digits, "exact": exact}
        self.place, self.kept = 0, {0: subject}
        self.data: LearntTable | None = None
        self.run: Going | Past | None = None
        self.lock = threading.Lock()

    @property
    def words(self) -> Words:
        """Of the language that the page is in."""
        return Words(self.subject.network.notation.language)

    def answer(self, text: str) -> dict[str, Any]:
        """The answer to a message; whatever is wrong with it is said in words, and changes nothing."""
        number = None
        try:
            message = _read(text)
            number = message.get("id")
            with self.lock:
                return {"id": number, **self._done(message)}
        except ChainruleError as error:
            return {"id": number, "error": str(error)}
        except (MemoryError, RecursionError, OverflowError):
            return {"id": number, "error": "this is too large to be worked through; a smaller network takes less."}

    def _done(self, message: Message) -> dict[str, Any]:
        do = message.get("do")
        answers = {
            "begin": self.begin, "numbers": self._numbers, "change": self._change, "restore": self._restore, "save": self._save,
            "open": self._open, "data": self._data, "train": self._train, "stop": self._stop, "step": self._step, "model": self._model,
        }  # fmt: skip
        if not isinstance(do, str) or do not in answers:
            raise InputError(f"nothing is called {quoted(do)} here; known: {', '.join(answers)}.")
        return answers[do](message)

    def close(self) -> None:
        """The page is gone for good."""
        if self.run is not None:
            self.run.stop()

    # The network

    def content(self) -> dict[str, Any]:
        """What the page shows now. Raises InputError where that is too large."""
        return self._content(self.subject)

    def _content(self, subject: Problem) -> dict[str, Any]:
        _check_small(subject.network)
        catalogue = Words(subject.network.notation.language).catalogue
        words = {key.removeprefix("served."): text for key, text in catalogue.items() if key.startswith("served.")}
        return {"page": page_content(subject, **self.shape), "architecture": architecture(subject), "phrases": words}

    def shown(self, subject: Problem) -> dict[str, Any]:
        """The content of another problem, which is shown from now on; where it cannot be, everything stays as it is."""
        content = self._content(subject)
        self.subject, self.numbers, self.place = subject, {}, self.place + 1
        self.kept[self.place] = subject
        self.kept.pop(self.place - MOST_KEPT, None)
        return {**content, "place": self.place}

    @property
    def present(self) -> Problem:
        """What is shown, with the numbers that a person gave it in the page."""
        return with_numbers(thawed(self.subject), self.numbers)

    def _present(self, message: Message) -> Problem:
        """The same, where a message says which numbers the page has now."""
        if "numbers" in message:
            self._numbers(message)
        return self.present

    def begin(self, message: Message = MappingProxyType({})) -> dict[str, Any]:
        """A page is opened, or opened again: then it is told the numbers that it had. Raises InputError where it cannot be shown."""
        data = {} if self.data is None else {"data": self.data.plain()}
        run = {} if self.run is None else {"run": self.run.plain()}
        return {**self.content(), **data, **run, "numbers": self.numbers, "place": self.place}

    def _numbers(self, message: Message) -> dict[str, Any]:
        """Numbers were changed in the page: {"numbers": {"W1": […], …}}, all elements of each."""
        numbers = {**self.numbers, **_table(message, "numbers")}
        with_numbers(thawed(self.subject), numbers)  # may they be?
        self.numbers = numbers
        return {}

    def _change(self, message: Message) -> dict[str, Any]:
        """Something of the network is changed: {"change": {"units": 3, "layer": 0}, "numbers": those that the page has now}."""
        change = _table(message, "change")
        if not any(key in change for key in LOOKS):
            return self.shown(changed(self._present(message), change))
        numbers = self.numbers
        answer = self.shown(changed(self.subject, change))
        self.numbers = numbers
        return answer

    def _restore(self, message: Message) -> dict[str, Any]:
        """The page shows again what it has shown before: {"place": as it was told with that content}."""
        place = message.get("place")
        if not isinstance(place, int) or place not in self.kept:
            raise InputError("this lies too far back to be brought back.")
        self.subject, self.numbers = self.kept[place], {}
        return {}

    def _save(self, message: Message) -> dict[str, Any]:
        """The network as it is written in a file: {"suffix": ".toml" or ".json", "numbers": those that the page has now}."""
        subject = self._present(message)
        description = described_problem(subject)
        return {"text": to_json(description) if message.get("suffix") == ".json" else to_toml(description)}

    # Files

    def _open(self, message: Message) -> dict[str, Any]:
        """A person's file: {"name": "iris.csv", "base64": its bytes}."""
        name, content = Path(str(message.get("name", "")).replace("\\", "/")).name[:200] or "file", _bytes(message)
        suffix = Path(name).suffix.lower()
        self._check_idle()
        if suffix == ".toml" or (suffix == ".json" and content.lstrip()[:1] == b"{"):
            return self._described(name, content, suffix)
        if is_model(name):
            return self._of_model(name, content)
        return self._table_read(name, content)

    def _described(self, name: str, content: bytes, suffix: str) -> dict[str, Any]:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(f"{quoted(name)[1:-1]} is no text in UTF-8.") from None
        plain = (from_toml if suffix == ".toml" else from_json)(text, name)
        if plain.get("format") == FORMAT:
            found: Problem = recorded(Step.from_dict(plain))
        else:
            _check_small(network_of_description(plain))  # before a weight is drawn
            found = problem(plain)
        return self._begun(found)

    def _of_model(self, name: str, content: bytes) -> dict[str, Any]:
        found = read_file(name, content, lambda path: trained_model(str(path)))
        return self._begun(problem(described_problem(Problem(found.network, optimizer=found.optimizer))))

    def _table_read(self, name: str, content: bytes) -> dict[str, Any]:
        return self._of_data(complete_data(read_table(name, content), self.words))

    def take(self, data: LearntTable) -> None:
        """A table that a person named before the page was opened."""
        self._of_data(data)

    def _of_data(self, data: LearntTable) -> dict[str, Any]:
        return self._begun(data.problem(self.subject.network.notation), data)

    def _begun(self, subject: Problem, data: LearntTable | None = None) -> dict[str, Any]:
        """Something else is shown, which no training has changed."""
        answer = self.shown(subject)
        self.data, self.run = data, None
        return {**answer, "data": None if data is None else data.plain(), "run": None}

    def _data(self, message: Message) -> dict[str, Any]:
        """Another target, or another way with missing values: {"target": "species", "drop": false}."""
        data = self._there(self.data)
        self._check_idle()
        target = str(message.get("target", data.target))
        return self._of_data(LearntTable(data.table, self.words, target, drop_missing=message.get("drop") is True))

    # Training

    def _train(self, message: Message) -> dict[str, Any]:
        """A training on all rows of the table begins: {"epochs": 200, "batch_size": 8, "numbers": those that the page has now}."""
        data = self._there(self.data)
        self._check_idle()
        subject = self._present(message)
        self.run = Going(data, subject, message, self.words, lambda told: self.tell({"run": told}))
        self.run.start()
        return {"run": self.run.plain()}

    def _stop(self, message: Message) -> dict[str, Any]:
        if self.run is not None:
            self.run.stop()
        return {}

    def _step(self, message: Message) -> dict[str, Any]:
        """A step of the training as what the page shows: {"number": 57}."""
        if self.run is None:
            raise InputError(self.words.plain("served.none"))
        number = message.get("number")
        if isinstance(number, bool) or not isinstance(number, int):
            raise InputError(f"steps are counted from 1; there is no step {quoted(number)}.")
        step = self.run.step(number)
        notation = self.subject.network.notation
        subject, note = as_page(step, self.words)
        return {**self.shown(subject.written_in(notation)), **({"note": note} if note else {})}

    def _model(self, message: Message) -> dict[str, Any]:
        """The trained model, as the bytes of its file."""
        model = self._there(None if self.run is None else self.run.model)
        return {"name": "model.safetensors", "base64": base64.b64encode(model_bytes(model)).decode()}

    def _there(self, wanted: Wanted | None) -> Wanted:
        """Raises InputError where a message asks about data, a training or a model, and there is none."""
        if wanted is None:
            raise InputError(self.words.plain("served.none"))
        return wanted

    def _check_idle(self) -> None:
        """Raises InputError while a training is going on."""
        if self.run is not None and self.run.running:
            raise InputError(self.words.plain("served.going"))


def session_of_model(path: str, subject: Problem, **shape: Any) -> PageSession:
    """The session of a page that a trained model was opened with. Raises FileError."""
    from chainrule.training.model import Model

    session = PageSession(subject, **shape)
    session.run = Past(Model.load(path), path, session.words)
    return session


def _check_small(network: Network) -> None:
    """Before anything is computed. Raises InputError."""
    if network.size > MOST_NUMBERS:
        raise InputError(f"a page shows up to {MOST_NUMBERS:,} weights, not {network.size:,}; a smaller network can be seen.")


def _read(text: str) -> Message:
    if len(text) > MOST_TEXT:
        raise InputError(f"a message has up to {MOST_TEXT:,} characters; a larger file is read by the command line.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("a message is a JSON object.") from None
    if not isinstance(message, dict):
        raise InputError("a message is a JSON object.")
    return message


def _table(message: Message, key: str) -> Mapping[str, Any]:
    value = message.get(key)
    if not isinstance(value, dict):
        raise InputError(f"{key} is a table, not {quoted(value)}.")
    return value


def _bytes(message: Message) -> bytes:
    try:
        content = base64.b64decode(message.get("base64", ""), validate=True)
    except (ValueError, TypeError):
        raise InputError("a file is sent in base64.") from None
    if len(content) > LARGEST_FILE:
        raise InputError(f"this file is larger than {LARGEST_FILE // 1_000_000} MB; the command line reads it: chainrule train.")
    return content
