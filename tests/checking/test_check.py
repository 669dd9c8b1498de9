"""The front doors: files of numbers, functions, marks, paper typed in; what is printed, and the published schema."""

from __future__ import annotations

import io
import json
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from tests.checking.mutants import FAMILIES, SLIPS, gradients, learner
from tests.checking.table import PAGE, TABLE, lines

import chainrule as cr
from chainrule.api.check import check_function, gradescope_results, mistakes_of_class, unnamed_of_class
from chainrule.base.errors import UnknownNameError
from chainrule.checking.evidence import Fault, Saying, probes
from chainrule.checking.judgement import judge
from chainrule.checking.marks import marked
from chainrule.checking.mistakes import MISTAKES, NUMBERED
from chainrule.checking.report import Assessment, completed, program_line, why
from chainrule.cli import main
from chainrule.document.words import Words
from chainrule.testing import assert_backprop

SCHEMA = json.loads(files("chainrule").joinpath("checking/check.schema.json").read_text(encoding="utf-8"))


def checked(family, *slips):
    architecture = FAMILIES[family]
    return Assessment("mine.py", completed(judge([learner(problem, *slips) for problem in probes(architecture)], architecture)))


def wrong_function(x, t, p):
    h = np.tanh(x @ p["W1"] + p["b1"])
    delta2 = h @ p["W2"] + p["b2"] - t
    delta1 = delta2 @ p["W2"].T * (1 - h)
    return {"dW1": x.T @ delta1, "db1": delta1.sum(0), "dW2": h.T @ delta2, "db2": delta2.sum(0)}


def test_every_row_of_the_table_is_named_in_both_languages():
    assert len(NUMBERED) == len(MISTAKES)
    for language in ("en", "de"):
        words = Words(language)
        for number in NUMBERED:
            for text in ("", ".sign", ".cure"):
                assert words.plain(f"mistake.{number}{text}")
    assert set(SLIPS.values()) <= set(NUMBERED)


def test_the_page_says_where_each_mistake_shows():
    assert TABLE.search(PAGE.read_text(encoding="utf-8"))[0] == "\n".join(lines()), "python -m tests.checking.table"


@pytest.mark.parametrize("slips", [(), ("hidden slope missing",), ("one path", "softmax over samples"), ("dW transposed",)])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_verdict_fits_the_schema_and_can_be_said(slips, language):
    found = checked("softmax, cross-entropy", *slips)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(found.to_dict())))
    said = "\n".join(line for _, line in found.lines(Words(language)))
    assert "{" not in said
    for hint in (1, 2, 3):
        led = "\n".join(line for _, line in found.lines(Words(language), hint=hint))
        for number in found.mistakes:
            assert Words(language).plain(f"mistake.{number}") not in led


def test_the_first_wrong_quantity_comes_first_and_what_follows_is_said():
    found = checked("tanh, squared", "hidden slope missing", "bias averaged")
    assert set(found.mistakes) == {2, 23}
    found = checked("tanh, squared", "hidden slope missing")
    (fault,) = found.verdict.faults
    assert (fault.quantity, fault.shown, fault.follows) == ("delta1", "dW1", ("db1",))
    assert fault.formula == "δ1 = ∂E/∂h1 ⊙ (1 − h1²)"


def test_the_formula_is_written_in_the_programs_own_names_and_layout():
    (problem, *_) = probes(FAMILIES["tanh, squared"])
    names = {"delta1": "dZ1", "delta2": "dZ2", "dh1": "dA1", "dW1": "dW1", "W2": "W2", "h1": "A1", "x": "X", "db1": "db1"}
    assert program_line(problem.network, "delta1", names) == "dZ1 = dA1 * (1 - A1**2)"
    assert program_line(problem.network, "dW1", names) == "dW1 = X.T @ dZ1"
    assert program_line(problem.network, "dW1", names, columns=True) == "dW1 = dZ1 @ X.T"
    assert program_line(problem.network, "dh1", names, columns=True) == "dA1 = W2.T @ dZ2"
    assert program_line(problem.network, "dW2", names) == ""


def test_a_function_is_checked_in_this_process():
    found = check_function(wrong_function, ["tanh", "identity"])
    assert found.mistakes == [6]
    with pytest.raises(AssertionError, match="derivative of another function"):
        assert_backprop(wrong_function, activations=["tanh", "identity"])
    with pytest.raises(AssertionError, match="δ1"):
        assert_backprop(wrong_function, activations=["tanh", "identity"], hint=1)


def right_function(x, t, p):
    h = np.tanh(x @ p["W1"] + p["b1"])
    delta2 = (h @ p["W2"] + p["b2"] - t) / len(x)
    delta1 = delta2 @ p["W2"].T * (1 - h**2)
    return {"dW1": x.T @ delta1, "db1": delta1.sum(0), "dW2": h.T @ delta2, "db2": delta2.sum(0)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda found: found, ""),
        (lambda found: {key[1:]: value for key, value in found.items()}, ""),  # the keys of the parameters themselves
        (lambda found: {key: value.astype(np.float32) for key, value in found.items()}, ""),
        (lambda found: {key: value for key, value in found.items() if key != "db1"}, "lacks db1"),
        (lambda found: tuple(found.values()), "gives 'tuple' in place of a dict"),
    ],
)
def test_what_a_function_gives_is_all_of_its_gradients(changed, message):
    def function(*given):
        return changed(right_function(*given))

    if message:
        with pytest.raises(AssertionError, match=message):
            assert_backprop(function, activations=["tanh", "identity"])
    else:
        assert_backprop(function, activations=["tanh", "identity"])


@pytest.mark.parametrize("with_error", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_a_turned_sign_is_right_where_the_update_adds_and_nowhere_else(turned, with_error):
    def function(x, t, p):
        found = {key: -value if turned else value for key, value in right_function(x, t, p).items()}
        y = np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        return {**found, "E": np.sum((y - t) ** 2) / 2 / len(x)} if with_error else found

    assert check_function(function, ["tanh", "identity"]).passed  # nothing says what is done with it
    assert_backprop(function, activations=["tanh", "identity"], added=turned)
    with pytest.raises(AssertionError, match=r"9\. the sign is wrong[\s\S]*It is −1 times the right value"):
        assert_backprop(function, activations=["tanh", "identity"], added=not turned)


def test_only_the_gradients_that_are_asked_for_are_judged():
    def last_layer(*given):
        return {**right_function(*given), "dW1": np.zeros(3)}

    assert_backprop(last_layer, activations=["tanh", "identity"], only=["dW2", "db2"])
    with pytest.raises(AssertionError):
        assert_backprop(last_layer, activations=["tanh", "identity"], only=["dW1"])
    with pytest.raises(UnknownNameError, match="dW2"):
        assert_backprop(last_layer, activations=["tanh", "identity"], only=["W2"])


def test_a_function_that_raises_is_refused():
    def raising(x, t, p):
        raise ValueError("no")

    found = check_function(raising, ["tanh"])
    assert found.kind == "refused"
    assert "no" in str(found)


def test_a_recorded_step_that_was_edited_is_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    step = cr.problem_from(cr.example("mazur")).step()
    record = step.to_dict()
    (tmp_path / "right.json").write_text(json.dumps(record))
    assert main(["check", "right.json"]) == 0
    record["gradients"]["W2"] = (2 * np.array(record["gradients"]["W2"])).tolist()
    (tmp_path / "wrong.json").write_text(json.dumps(record))
    capsys.readouterr()
    assert main(["check", "wrong.json", "--json"]) == 1
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("suffix", ["csv", "npz", "json"])
def test_numbers_of_every_kind_are_read(tmp_path, suffix):
    step = cr.problem_from(cr.example("mazur")).step()
    values = {"dW2": step.gradients["W2"], "dW1": step.gradients["W1"], "z1": step.values["z1"]}
    path = tmp_path / f"mine.{suffix}"
    if suffix == "csv":
        path.write_text("\n".join(f"{name}, {', '.join(f'{one:.7f}' for one in row)}" for name, rows in values.items() for row in rows))
    elif suffix == "npz":
        np.savez(path, **values)
    else:
        path.write_text(json.dumps({name: np.round(value, 6).tolist() for name, value in values.items()}))
    found = cr.check(path, "mazur")
    assert found.passed
    assert str(found) == "Right: every quantity is what it should be."


def test_errors_are_carried_forward_in_marks():
    architecture = FAMILIES["tanh, squared"]
    (problem, *_) = probes(architecture)
    given = gradients(problem, ("hidden slope missing",))
    network = problem.network
    from chainrule.checking.evidence import Observation
    from chainrule.checking.passes import ProbePass

    truth = ProbePass.of(network, problem.x, problem.t).truth
    delta1 = truth["dh1"]  # f′ is missing
    marks = marked(Observation(problem, {"delta1": delta1, "dW1": given["dW1"], "db1": given["db1"], "dW2": given["dW2"]}))
    assert [(mark.key, mark.right, mark.follows) for mark in marks] == [
        ("delta1", False, False),
        ("dW1", False, True),
        ("db1", False, True),
        ("dW2", True, True),
    ]
    assert sorted(mark.mark for mark in marks) == [0, 1, 1, 1]


def test_paper_is_typed_in_and_rounded_as_a_person_rounds(monkeypatch, capsys):
    problem = cr.problem_from(cr.example("seed"))
    lines = ["8.4 1.76", "2.21", "1.6", "", "", "", "", ""]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert main(["check", "--by-hand", "seed"]) == 0, capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("8.4 1.76\n3.21\n"))
    assert main(["check", "--by-hand", "seed"]) == 1
    said = capsys.readouterr().out
    assert "does not follow" in said
    assert problem.network.summary in said


def test_nothing_to_check_is_bad_input(capsys):
    assert main(["check"]) == 2
    assert main(["check", "nothing.py"]) == 2
    assert main(["check", "nothing.npz"]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_what_a_class_does_wrong_is_counted():
    checks = [
        checked("tanh, squared", "hidden slope missing"),
        checked("linear", "sign"),
        checked("relu, linear", "sign"),
        checked("linear"),
    ]
    assert [(number, len(names)) for number, names in mistakes_of_class(checks)] == [(9, 2), (2, 1)]
    results = gradescope_results(checks[0])
    assert 0 < results["score"] < 10
    assert gradescope_results(checks[-1])["score"] == 10


def test_a_mistake_costs_its_own_gradients_and_nothing_that_follows():
    slope, twice = checked("deep, squared", "hidden slope missing"), checked("tanh, squared", "twice")
    scores = {test["name"]: test["score"] > 0 for test in gradescope_results(slope)["tests"]}
    assert scores == {"∂E/∂W3": True, "∂E/∂b3": True, "∂E/∂W2": False, "∂E/∂b2": True, "∂E/∂W1": False, "∂E/∂b1": True}
    assert gradescope_results(twice)["score"] == 7.5
    assert sum(test["score"] for test in gradescope_results(slope)["tests"]) == pytest.approx(gradescope_results(slope)["score"], abs=0.01)


def test_what_is_not_known_and_what_gave_nothing_is_counted():
    refused = Assessment("r.py", judge([], FAMILIES["linear"]))
    assert unnamed_of_class([refused, checked("linear")]) == {"refused": ["r.py"]}


def test_common_mistakes_are_told_with_what_they_would_give(capsys):
    step = cr.problem_from(cr.example("mazur")).step()
    without_slope = step.gradients["h1"][0, 1]
    for language in ("en", "de"):
        assert main(["explain", "mazur", "--mistakes", "--language", language]) == 0
        said = capsys.readouterr().out
        assert Words(language).plain("mistake.2") in said
        assert Words(language).decimal(f"{without_slope:.6g}") in said
    assert main(["explain", "mazur"]) == 0
    assert Words().plain("mistake.2") not in capsys.readouterr().out
    assert main(["explain", "--mistakes", "--exact"]) == 2


@pytest.mark.parametrize(("dtype", "wrong"), [("float64", False), ("float32", False), ("float32", True)])
def test_a_state_of_pytorch_with_its_gradients(dtype, wrong, tmp_path):
    """As a learner saves it: single precision is no mistake, and a mistake shows in it all the same."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2)).to(getattr(torch, dtype))
    x, t = (torch.randn(5, size, dtype=getattr(torch, dtype)) for size in (4, 2))
    (0.5 * ((net(x) - t) ** 2).sum() / 5).backward()
    state = {**net.state_dict(), **{f"{name}.grad": one.grad for name, one in net.named_parameters()}, "x": x, "t": t}
    if wrong:
        delta = (net(x) - t).detach() / 5 @ net[2].weight.detach()  # f′ is missing
        state |= {"0.weight.grad": delta.T @ x, "0.bias.grad": delta.sum(0)}
    torch.save(state, tmp_path / "state.pt")
    found = cr.check(tmp_path / "state.pt", "4-6-2")
    assert found.passed != wrong
    assert found.mistakes == ([2] if wrong else [])


@pytest.mark.parametrize(("found", "said"), [(1.5, "50 %"), (1.0123456, "1.23 %"), (16.4, "1540 %")])
def test_how_far_a_value_is_off_has_no_power_of_ten(found, said):
    fault = Fault(None, "dW1", "dW1", Saying("check.why.unknown"), np.ones((1, 1)), np.full((1, 1), found))
    assert said in why(Words("en"), fault)
