"""The command doctor: prints a diagnosis, as sentences or as JSON, and writes the cured description."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.api.doctor import cured_problem, doctor, examined_problem
from chainrule.base.errors import InputError
from chainrule.base.files import json_text
from chainrule.cli.options import problem_from_options
from chainrule.cli.output import give, say
from chainrule.diagnosis.criteria import BLANK
from chainrule.diagnosis.examination import Diagnosis
from chainrule.document.words import Words

DISEASED = 1
"""The exit code of a diagnosis that found something."""


def doctor_command(network: str | None, as_json: bool, apply: str | None, options: Mapping[str, Any]) -> int:
    """Examines, prints, and perhaps writes what is cured; gives the exit code. Raises InputError."""
    given: Any = None
    if network is not None and network.endswith((".safetensors", ".safetensors.checkpoint")):
        asked = [name for name, value in options.items() if value not in (None, ()) and name not in ("data", "language")]
        if asked:
            raise InputError(f"a model says its {asked[0].replace('_', ' ')} itself; leave out --{asked[0].replace('_', '-')}.")
        if apply is not None:
            raise InputError("--apply writes a description; of a model, the command to type is printed with the diagnosis.")
        diagnosis, language = doctor(network, data=options["data"]), options["language"] or "en"
    else:
        given = problem_from_options(network, **options)
        diagnosis, language = examined_problem(given), given.network.notation.language
    if as_json:
        give(json_text(diagnosis.to_dict(), indent=1) + "\n")
    else:
        for line in lines_of_diagnosis(Words(language), diagnosis):
            say(line)
    if apply is not None:
        _write_cured(diagnosis, given, apply, as_json=as_json)
    return 0 if diagnosis.healthy else DISEASED


def lines_of_diagnosis(words: Words, diagnosis: Diagnosis) -> Iterator[str]:
    """The sentences, wrapped where they are wider than a terminal; what follows from a disease stands below it, further in."""
    columns = min(80, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 80
    for indent, line in diagnosis.lines(words):
        filled = textwrap.fill(line, columns, initial_indent=" " * indent, subsequent_indent=" " * (indent + 3), break_on_hyphens=False)
        yield filled.replace(BLANK, " ")
    known = {key: words.decimal(f"{rate:g}") for key, rate in diagnosis.rates.items() if rate is not None}
    if known:
        yield ""
        yield from (words.plain(f"doctor.rates.{key}", rate=rate) for key, rate in known.items())


def _write_cured(diagnosis: Diagnosis, given: Any, output: str, *, as_json: bool) -> None:
    from chainrule.network.description import write_description
    from chainrule.steps.problem import described_problem

    cured = cured_problem(diagnosis, given)
    if cured is None:
        raise InputError(
            f"there is no cure to be written to {output}: {'nothing was found' if diagnosis.healthy else 'none that was tried helps'}."
        )
    write_description(output, described_problem(cured))
    say(f"wrote {output}", aside=as_json)
