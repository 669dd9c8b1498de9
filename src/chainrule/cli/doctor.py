"""The command doctor: prints a diagnosis, as sentences or as JSON, and writes the cured description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.api.doctor import (
    case_of_model,
    cured_problem,
    cured_training,
    examined_problem,
    first_cure,
    is_run,
    training_command,
)
from chainrule.base.errors import InputError
from chainrule.base.files import json_text
from chainrule.base.printing import command_line
from chainrule.cli.options import problem_from_options
from chainrule.cli.output import give, say
from chainrule.cli.report import filled
from chainrule.diagnosis.criteria import sentence
from chainrule.diagnosis.examination import Diagnosis, examined
from chainrule.document.words import Words
from chainrule.network.description import write_description
from chainrule.steps.problem import Problem, described_problem
from chainrule.training.model import Model

DISEASED = 1
"""The exit code of a diagnosis that found something."""


def doctor_command(network: str | None, as_json: bool, apply: str | None, options: Mapping[str, Any]) -> int:
    """Examines, prints, and perhaps writes what is cured; gives the exit code. Raises InputError."""
    given: Model | Problem
    if network is not None and is_run(network):
        asked = [name for name, value in options.items() if value not in (None, ()) and name not in ("data", "language")]
        if asked:
            raise InputError(f"a model says its {asked[0].replace('_', ' ')} itself; leave out --{asked[0].replace('_', '-')}.")
        given, words = Model.load(network), Words(options["language"] or "en")
        diagnosis = examined(case_of_model(given, options["data"]), network)
    else:
        given = batch = problem_from_options(network, **options)
        diagnosis, words = examined_problem(batch), Words(batch.network.notation.language)
    if as_json:
        give(json_text(diagnosis.to_dict(), indent=1) + "\n")
    else:
        for line in lines_of_diagnosis(words, diagnosis):
            say(line)
    if apply is not None:
        _write_cured(words, diagnosis, given, apply, options["data"], as_json=as_json)
    elif isinstance(given, Model) and not as_json and (cure := first_cure(diagnosis)):
        _say_command(words, given, cure, options["data"], f"{network}")
    return 0 if diagnosis.healthy else DISEASED


def lines_of_diagnosis(words: Words, diagnosis: Diagnosis) -> Iterator[str]:
    """The sentences, wrapped where they are wider than a terminal; what follows from a disease stands below it, further in."""
    for indent, line in diagnosis.lines(words):
        yield filled(line, " " * indent, " " * (indent + 3))
    if diagnosis.told:
        yield ""
        yield from (filled(sentence(words, one)) for one in diagnosis.told)


def _write_cured(words: Words, diagnosis: Diagnosis, given: Model | Problem, output: str, data: str | None, *, as_json: bool) -> None:
    """Writes the description with the cures; of a model, says how it is trained with it. Raises InputError where there are none."""
    if isinstance(given, Model):
        training = cured_training(given, diagnosis)
        description, options = training if training is not None else (None, [])
    else:
        cured, options = cured_problem(diagnosis, given), []
        description = None if cured is None else described_problem(cured)
    if description is None:
        why = "nothing was found" if diagnosis.healthy else "no trial found one"
        if any(disease.cure for disease in diagnosis.diseases):
            why = "what helped changes the rows, which a description of a model's network does not have"
        raise InputError(f"there is no cure to be written to {output}: {why}.")
    write_description(output, description)
    say(f"wrote {output}", aside=as_json)
    if isinstance(given, Model) and not as_json:
        _say_command(words, given, ["--network", output, *options], data)


def _say_command(words: Words, model: Model, options: list[str], data: str | None, file: str = "") -> None:
    """The line that trains a model anew, as it can be typed; else how one gets there.

    data  where its data lies, if that was said
    file  of the model, where its network is described and has no file that could be named: another command writes one
    """
    say()
    if (command := training_command(model, options, data=data)) is not None:
        say(words.plain("doctor.train", command=command))
    elif file and training_command(model, ["--network", CURED_NETWORK], data=data) is not None:
        said = () if data is None else ("--data", data)
        say(words.plain("doctor.train.described"))
        say(command_line("chainrule", "doctor", file, *said, "--apply", CURED_NETWORK))
    else:  # data that is no file came from Python
        pairs = zip(options[::2], options[1::2], strict=True)
        named = [f"{name[2:].replace('-', '_')}={_literal(value)}" for name, value in pairs]
        say(words.plain("doctor.train.python", options=", ".join(named)))


CURED_NETWORK = "cured.toml"
"""Where the command that is printed writes its network."""


def _literal(text: str) -> str:
    """What is typed, as Python writes it: 0.01, "adam"."""
    try:
        float(text)
    except ValueError:
        return f'"{text}"'
    return text
