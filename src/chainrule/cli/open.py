"""The command open: the live page beside a local server, for a network, a trained model or a person's own data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from chainrule.api.models import is_model
from chainrule.base.errors import InputError
from chainrule.cli import INTERRUPTED
from chainrule.cli.options import problem_from_options
from chainrule.cli.output import say
from chainrule.data.shipped import PREFIX
from chainrule.document.words import Words
from chainrule.live.links import fragment_of, problem_of_link
from chainrule.live.runs import complete_data
from chainrule.live.server import serve
from chainrule.live.session import PageSession, session_of_model

DESCRIPTIONS = (".toml", ".json")


def open_command(port: int | None, browser: bool, shape: Mapping[str, Any], options: dict[str, Any]) -> int:
    """Serves the page until Ctrl-C. Raises InputError before that, where there is nothing to be shown."""
    make, language = _sessions(shape, options)
    fragment = fragment_of(options["network"]) if is_link(options["network"]) else ""
    make().content()  # what cannot be shown is said here, and not in the browser
    words = Words(language)

    def told(address: str) -> None:
        say(words.plain("served.address", address=address))
        say(words.plain("served.end"))

    with suppress(KeyboardInterrupt):  # which is how it ends
        serve(make, say=told, port=port, browser=browser, language=language, fragment=fragment)
    return INTERRUPTED


def _sessions(shape: Mapping[str, Any], options: dict[str, Any]) -> tuple[Callable[[], PageSession], str]:
    """What makes the session of each page, and the language."""
    name = options["network"]
    if is_link(name):
        given = [key for key, value in options.items() if value and key != "network"]
        if given:
            raise InputError(f"a link says by itself what is shown; leave out {', '.join(f'--{key}' for key in given)}.")
        linked = problem_of_link(name)
        return lambda: PageSession(linked, **shape), linked.network.notation.language
    if name is not None and is_data(name):
        return _of_data(shape, options)
    if not is_model(name):
        subject = problem_from_options(**options)
        return lambda: PageSession(subject, **shape), subject.network.notation.language
    chosen = any(options.get(key) for key in ("row", "data", "input", "target"))
    of_model = problem_from_options(**options) if chosen else _on_its_rows(options)
    return lambda: session_of_model(name, of_model, **shape), of_model.network.notation.language


def is_link(name: str | None) -> bool:
    """Was this copied from a page?"""
    return (
        name is not None and bool(fragment_of(name)) and name.startswith(("http://127.0.0.1", "http://localhost", "file:", "https://", "#"))
    )


def is_data(name: str) -> bool:
    """Is this a table, and no network?"""
    return name.startswith(PREFIX) or (os.path.exists(name) and not is_model(name) and not name.lower().endswith(DESCRIPTIONS))


def _of_data(shape: Mapping[str, Any], options: dict[str, Any]) -> tuple[Callable[[], PageSession], str]:
    """A table: its last column is predicted, or that of --target-columns; what else is said about a network has no place yet."""
    from chainrule.data.reading import read

    kept = {key: options[key] for key in ("notation", "language")}
    others = [key for key, value in options.items() if value and key not in ("network", "target_columns", "encoding", *kept)]
    if others:
        raise InputError(
            f"a table is opened by itself, and its network is made in the page; leave out {', '.join(f'--{key}' for key in others)}."
        )
    table = read(options["network"], encoding=options["encoding"])
    subject = problem_from_options(None, **kept)
    words = Words(subject.network.notation.language)
    data = complete_data(table, words, options["target_columns"])

    def make() -> PageSession:
        session = PageSession(subject, **shape)
        session.take(data)
        return session

    return make, words.language


def _on_its_rows(options: dict[str, Any]) -> Any:
    """A model on some rows of its own data; on drawn ones where these are not there."""
    try:
        return problem_from_options(**{**options, "row": ("1-4",)})
    except InputError:
        return problem_from_options(**options)
