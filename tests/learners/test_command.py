"""Programs in other languages: the starters of docs/programs.md answer rightly, and one in which a line is changed is named."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.samples import some

from chainrule.api.check import check_command_line
from chainrule.base.errors import InputError
from chainrule.checking.evidence import probes
from chainrule.checking.judgement import judge
from chainrule.learners.command import CommandSubmission
from chainrule.learners.sandbox import Limits, Refusal

PAGE = (Path(__file__).parents[2] / "docs" / "programs.md").read_text("utf-8")

LANGUAGES = {
    "c": ("mynet.c", ["gcc", "-O2", "-o", "mynet", "mynet.c", "-lm"], "./mynet"),
    "cpp": ("mynet.cpp", ["g++", "-O2", "-std=c++17", "-o", "mynet", "mynet.cpp"], "./mynet"),
    "js": ("mynet.js", [], "node mynet.js"),
    "java": ("MyNet.java", ["javac", "MyNet.java"], "java MyNet"),
    "rust": ("mynet.rs", ["rustc", "-O", "mynet.rs"], "./mynet"),
}


def starter(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def verdict_of(command, stated=""):
    with CommandSubmission(command, stated) as submission:
        return judge(submission.observe(probes(submission.architecture)), submission.architecture)


@pytest.mark.parametrize("language", some(LANGUAGES, lambda language: language in ("c", "js")))
def test_the_starter_of_each_language_is_right_and_a_slip_in_it_is_named(language, tmp_path, monkeypatch):
    name, build, command = LANGUAGES[language]
    if shutil.which((build or command.split())[0]) is None:
        pytest.skip("the language is not on this machine")
    monkeypatch.chdir(tmp_path)
    code = starter(language)
    wrong = re.sub(
        r"(d1(?:\[j\])? = sum) \* \(1 - h\[j\] \* h\[j\]\)|d1 \*= 1 - h\[j\] \* h\[j\];| \* \(1\.0 - h\[j\] \* h\[j\]\)", r"\1", code
    )
    assert wrong != code
    for text, expected in ((code, []), (wrong, [2])):
        (tmp_path / name).write_text(text, encoding="utf-8")
        if build:
            subprocess.run(build, check=True, capture_output=True)
        verdict = verdict_of(command)
        assert verdict.passed == (not expected)
        assert [fault.number for fault in verdict.faults] == expected


def python(code, tmp_path):
    path = tmp_path / "answers.py"
    path.write_text(f"import sys, json, time\n{code}", encoding="utf-8")
    return f"{sys.executable} {path}"


BAD = {
    "time.sleep(60)": "learners.refused.endless",
    "print('hello', flush=True); sys.stdin.read()": "learners.refused.forms",
    "print('[1]', flush=True); sys.stdin.read()": "learners.refused.forms",
    "sys.exit(0)": "learners.refused.not_understood",
    "raise ValueError('no')": "learners.refused.not_understood",
}


@pytest.mark.parametrize("code", BAD)
def test_a_program_that_gives_no_answer_is_refused(code, tmp_path):
    with pytest.raises(Refusal) as raised:
        CommandSubmission(python(code, tmp_path), limits=Limits(seconds=1.0))
    assert raised.value.reason == BAD[code]


def test_what_it_complains_about_is_told(tmp_path):
    with pytest.raises(Refusal) as raised:
        CommandSubmission(python("raise ValueError('no such thing')", tmp_path))
    assert raised.value.values["problem"] == "ValueError: no such thing"


def test_a_command_that_cannot_be_started_is_told():
    with pytest.raises(InputError, match="cannot be started"):
        CommandSubmission("./there-is-no-such-program")


def test_activations_are_asked_for(tmp_path):
    echo = "for line in sys.stdin: print('{}', flush=True)"
    with pytest.raises(InputError, match='stated="activations tanh, identity"'):
        CommandSubmission(python(echo, tmp_path))
    with CommandSubmission(python(echo, tmp_path), "activations tanh, identity; loss half_squared") as submission:
        assert submission.architecture.loss_said


EXTREME = """
import math
for line in sys.stdin:
    asked = json.loads(line)
    if any(abs(float(x)) > 100 for x in asked["x"]):
        {then}
    n, (k, m) = asked["rows"], asked["sizes"]
    x = [asked["x"][i * k:(i + 1) * k] for i in range(n)]
    t = [asked["t"][i * m:(i + 1) * m] for i in range(n)]
    W, b = asked["W1"], asked["b1"]
    d = [[sum(x[i][a] * W[a * m + j] for a in range(k)) + b[j] - t[i][j] for j in range(m)] for i in range(n)]
    dW = [[sum(x[i][a] * d[i][j] for i in range(n)) / n for j in range(m)] for a in range(k)]
    print(json.dumps({{"dW1": dW, "db1": [sum(d[i][j] for i in range(n)) / n for j in range(m)]}}), flush=True)
"""


AWAY = {
    "no numbers": """print('{"dW1": [nan, -inf], "db1": -nan}', flush=True); continue""",
    "it ends": "sys.exit(3)",
    "no answer": "print('?', flush=True); continue",
}


@pytest.mark.parametrize("then", AWAY.values(), ids=AWAY)
def test_what_it_does_where_numbers_are_extreme_does_not_keep_it_from_being_judged(then, tmp_path):
    found = check_command_line(python(EXTREME.format(then=then), tmp_path), "activations identity; loss half_squared")
    assert found.passed
