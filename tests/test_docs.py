"""Every example in README and docs is run, and prints what it is said to print."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

from chainrule.api.problems import problem
from chainrule.cli import main
from chainrule.network import layers
from chainrule.network.definitions import REGISTRY

ROOT = Path(__file__).parent.parent
VERDICTS = ("doctor", "check")
"""Commands that end with 1 where they find something."""

TRACKERS = ("tensorboard", "mlflow")
"""What the tests do not install; examples that need it run where it is."""

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def fences(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[tuple[str, list[str]]]:
    """Each `$ command` of a block with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def pieces(lines: list[str]) -> list[list[str]]:
    """Runs of lines between those that say that something is left out."""
    runs: list[list[str]] = [[]]
    for line in lines:
        if line == "…":
            runs.append([])
        else:
            runs[-1].append(line)
    return [run for run in runs if run]


def follows(printed: list[str], expected: list[str]) -> bool:
    """Does each run of expected lines stand in the output, in order?"""
    start = 0
    for run in pieces(expected):
        places = [i for i in range(start, len(printed) - len(run) + 1) if printed[i : i + len(run)] == run]
        if not places:
            return False
        start = places[0] + len(run)
    return True


def _beside(page: Path) -> list[Path]:
    """The programs, descriptions and texts that a page is about, in a folder of its name."""
    return [file for suffix in ("py", "toml", "txt") for file in page.with_suffix("").glob(f"*.{suffix}")]


CONSOLE = [
    pytest.param(page, commands(block), id=f"{page.name}: {commands(block)[0][0]}", marks=[pytest.mark.proof] if minutes else [])
    for page in PAGES
    for minutes in ("", " minutes")  # those that train for a minute or two are for scripts/prove
    for block in fences(page, f"console{minutes}")
]


@pytest.mark.parametrize(("page", "block"), CONSOLE)
def test_commands_print_what_the_page_says(page, block, capsys, tmp_path, monkeypatch):
    """The commands of one block, in one folder: the later ones may use what the earlier ones wrote."""
    monkeypatch.chdir(tmp_path)
    for file in _beside(page):
        shutil.copy(file, tmp_path)
    for command, expected in block:
        program, *arguments = shlex.split(command)
        assert program == "chainrule"
        assert main(arguments) in ((0, 1) if arguments[0] in VERDICTS else (0,)), capsys.readouterr().err
        printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
        assert follows(printed, expected), "\n".join(printed)


@pytest.mark.parametrize("page", [page for page in PAGES if fences(page, "python")], ids=lambda page: page.name)
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in _beside(page):
        shutil.copy(file, tmp_path)
    for kind, table in REGISTRY.items():
        monkeypatch.setitem(REGISTRY, kind, dict(table))
    layers.load_layer_kinds()  # which is done once: else what it registers would be forgotten with the copy
    monkeypatch.setattr(layers, "KINDS", dict(layers.KINDS))
    space: dict[str, object] = {"__name__": page.stem}
    lacking = []
    if page.stem == "watching":
        warnings.simplefilter("ignore")  # what trackers and their databases have to say to each other
    for block in fences(page, "python"):
        try:
            exec(compile(block, str(page), "exec"), space)  # noqa: S102  # the page's own example
        except ModuleNotFoundError as error:
            if error.name not in TRACKERS:
                raise
            lacking.append(error.name)
    if lacking:
        pytest.skip(f"the other examples run; these need {', '.join(lacking)}")


TOML = [block for page in PAGES for block in fences(page, "toml")]


@pytest.mark.parametrize("block", TOML)
def test_descriptions_describe_something(block):
    assert problem(tomllib.loads(block)).step().error != 0


def test_the_reader_notices_a_line_that_is_not_printed():
    assert follows(["a", "b", "c"], ["a", "…", "c"])
    assert not follows(["a", "b", "c"], ["a", "c"])
    assert not follows(["a", "b", "c"], ["c", "…", "a"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_commands_exist():
    for script in re.findall(r"`(scripts/\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert (ROOT / script).exists(), script


def test_mutants_are_made_of_modules_that_exist_and_shown_to_tests_that_do(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    script = runpy.run_path(str(ROOT / "scripts" / "mutants.py"))
    assert all(script["module_called"](name).exists() for name in script["MODULES"])
    assert all(script["tests_called"](name).exists() for name in script["TESTS"])
    assert {*script["MODULES"].values()} <= {*script["TESTS"]}


@pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts are written for bash")
@pytest.mark.parametrize("script", ["help", "install", "lint", "pictures", "prove", "test"])
def test_a_script_says_what_it_does(script, tmp_path):
    said = subprocess.run([ROOT / "scripts" / script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"scripts/{script}")
    assert "set -euo" not in said


def test_the_design_page_names_every_module():
    modules = runpy.run_path(str(ROOT / "docs" / "modules.py"))
    stored = modules["TABLE"].search((ROOT / "docs" / "design.md").read_text(encoding="utf-8"))
    assert stored is not None
    assert stored[0] == "\n".join(modules["lines"]()), "run scripts/help"


CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def edited(package: Path, place: str, lines: str) -> None:
    """One example of CONTRIBUTING put where its first line says."""
    how, file, _, line = re.fullmatch(r"# (at the end of|the new file|in) (\S+?\.(?:py|toml))(, in place of: (.*))?", place).groups()
    path = package / file
    before = "" if how == "the new file" else path.read_text(encoding="utf-8")
    if line is None:
        path.write_text(before + lines, encoding="utf-8")
    else:
        (found,) = re.findall(rf"^ *{re.escape(line)}\n", before, re.MULTILINE)
        path.write_text(before.replace(found, lines), encoding="utf-8")


def test_each_task_has_one_place(tmp_path):
    shutil.copytree(ROOT / "src" / "chainrule", tmp_path / "chainrule", ignore=shutil.ignore_patterns("node_modules"))
    for block in (block for language in ("python", "toml") for block in fences(CONTRIBUTING, language)):
        place, _, lines = block.partition("\n")
        edited(tmp_path / "chainrule", place, f"\n\n{lines}" if "at the end" in place else lines)
    for block in fences(CONTRIBUTING, "console"):
        for command, expected in commands(block):
            program = [sys.executable, "-m", *shlex.split(command)]
            ended = subprocess.run(
                program, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
            )
            assert ended.returncode in ((0, 1) if program[3] in VERDICTS else (0,)), ended.stderr
            assert follows([line.rstrip() for line in ended.stdout.splitlines()], expected), ended.stdout
