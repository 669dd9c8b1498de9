"""The report of a training: everything in it is what the other commands say, and it is there however the training ended."""

import csv
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from tests.render.test_html import tree

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.api.report import report_of
from chainrule.base.errors import FileError, InputError
from chainrule.base.options import as_typed
from chainrule.cli import main
from chainrule.cli.report import lines_of_scores
from chainrule.document.document import Document, Illustration, Paragraph, Subheading, TableBlock
from chainrule.document.words import Words
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Symbol
from chainrule.pages.content import MOST_UNITS
from chainrule.pictures.shapes import Circle, Diagram, Label
from chainrule.pictures.shapes import Path as Outline
from chainrule.render.html import html
from chainrule.reports.lines import line_of_network
from chainrule.reports.pictures import MOST_CLASSES, confusion_diagram, gradients_diagram, residuals_diagram
from chainrule.reports.replay import REPLAYED_SHARE, Landmarks, replayed_steps, steps_to_open
from chainrule.training.loop import Training
from chainrule.training.model import Model
from chainrule.training.plan import Plan
from chainrule.training.rows import Rows, used_rows

KINDS = ("round", "long", "flat")
TRAINED = ("train", "stones.csv", "--target", "kind", "--hidden", "8", "--epochs", "12", "--validation-folds", "2", "--seed", "5")
NETWORK = """
inputs = 2
[outputs]
first = {target = "kind", from = "1"}
second = {target = "mass", from = "2"}
[[layers]]
from = "x"
units = 3
[[layers]]
from = "x"
units = 1
"""


def stones(kinds=KINDS, kind="kind", rows=90):
    """Three kinds of stones, by two numbers and a colour."""
    random = np.random.default_rng(4)
    found = random.integers(3, size=rows)
    width, mass = np.round(random.normal([found, 2.0 - found], 0.4), 3)
    colour = np.where(random.random(rows) < 0.5, "grey", "red")
    return [{"width": w, "mass": m, "colour": c, kind: kinds[k]} for w, m, c, k in zip(width, mass, colour, found, strict=True)]


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a training with its report."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write("stones.csv", stones())
        assert main([*TRAINED, "-o", "stones.safetensors", "--report", "stones.html", "--quiet"]) == 0
    return folder


@pytest.fixture
def there(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


@pytest.fixture(scope="module")
def document(made) -> Document:
    """The report that is made later, from the file of the model: in the words of a command, as the first."""
    with pytest.MonkeyPatch.context() as patch, as_typed():
        patch.chdir(made)
        return cr.report("stones.safetensors", "later.html")


@pytest.fixture(scope="module")
def german(tmp_path_factory) -> Document:
    """A report in German of a model of a single step whose rows have moved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("moved"))
        write("stones.csv", stones())
        model = cr.train("stones.csv", target="kind", hidden=200, epochs=1, batch_size=90, validation_folds=0)
        Path("stones.csv").rename("moved.csv")
        return cr.report(model, data="moved.csv", language="de")


def said(document: Document, key: str) -> str:
    """What a section says in plain text."""
    return str(Document("", (document.section(key),), document.language, document.decimal))


def commands(document: Document) -> list[list[str]]:
    """Every command of chainrule that stands in the report."""
    blocks = [block for section in document.sections for block in section.blocks if isinstance(block, Paragraph)]
    typed = [part[1:-1] for block in blocks for part in block.text if isinstance(part, str) and part.startswith("`chainrule ")]
    return [shlex.split(command)[1:] for command in typed]


def diagrams(document: Document, key: str) -> list[Diagram]:
    return [block.draw() for block in document.section(key).blocks if isinstance(block, Illustration)]


def test_a_report_made_later_from_the_file_is_the_same_to_the_last_byte(there, document):
    assert Path("later.html").read_bytes() == Path("stones.html").read_bytes()


def test_the_page_asks_nothing_of_anybody_and_folds_the_explained_steps(there, document):
    page = Path("stones.html").read_text("utf-8")
    root = tree(page)
    assert not re.search(r"""(src|href)="(?!#|data:)""", page)
    keys = [section.get("id") for section in root.iter("section")]
    steps = [key for key in keys if key.startswith("step")]
    assert keys == ["data", "network", "curve", "worth", "gradients", "alarms", *steps, "again"]
    assert len(steps) == 3
    folded = [section.get("id") for section in root.iter("section") if section.find("details").get("open") is None]
    assert folded == steps


def test_steps_are_explained_as_explain_does_and_so_are_their_commands(there, document, capsys):
    model = cr.Model.load("stones.safetensors")
    chosen = [section for section in document.sections if section.key.startswith("step")]
    numbers = [int(section.key.removeprefix("step")) for section in chosen]
    each = -(-len(model_rows(model)) // 32)
    assert numbers[0] == 1
    assert numbers[-1] == model.outcome["best_epoch"] * each
    for number, section in zip(numbers, chosen, strict=True):
        step = problem("stones.safetensors", step=number)
        for part in cr.explain(step, brief=True).sections:
            tables = [block for block in part.blocks if isinstance(block, TableBlock)]
            assert all(block in section.blocks for block in tables)
            assert (part.title,) in [getattr(block, "text", None) for block in section.blocks]
    explained = [command for command in commands(document) if command[0] == "explain"]
    assert [command[-1] for command in explained] == list(map(str, numbers))
    for command in explained[1:2]:
        capsys.readouterr()
        assert main(command) == 0


def model_rows(model: Model):
    return used_rows(model).labels(model.preparation)[: model.source["rows"]]


def test_the_command_makes_the_same_model_again(there, document, tmp_path):
    *_, command = [command for command in commands(document) if command[0] == "train"]
    again = tmp_path / "again.safetensors"
    assert main([*command[: command.index("--output")], "-o", str(again), "--quiet"]) == 0
    first, second = cr.Model.load("stones.safetensors"), cr.Model.load(again)
    assert all(np.array_equal(first.network.parameters[key], value) for key, value in second.network.parameters.items())
    line = next(
        part for block in document.section("again").blocks if isinstance(block, Paragraph) for part in block.text if "cr.train" in part
    )
    assert line == "`cr.train('stones.csv', target='kind', hidden=[8], validation_folds=2, seed=5, epochs=12)`"


def test_gradients_are_those_of_the_steps(there, document):
    (table,) = [block for block in document.section("gradients").blocks if isinstance(block, TableBlock)]
    for row in (table.rows[0], table.rows[2]):
        step = problem("stones.safetensors", step=int(row[0][0])).record
        norms = [float(np.linalg.norm(step.gradients[key])) for key in ("W1", "W2")]
        assert [float(cell[0].digits) for cell in row[1:]] == pytest.approx(norms, rel=5e-3)


def test_alarms_are_what_the_doctor_says(there, document):
    alarms = said(document, "alarms").replace("\n", " ")
    for _, line in cr.doctor("stones.safetensors").lines(Words()):
        assert line.replace("\N{NO-BREAK SPACE}", " ")[-60:] in re.sub(" +", " ", alarms)


def test_scores_are_those_of_the_model(there, document):
    model, text = cr.Model.load("stones.safetensors"), said(document, "worth")
    (line, *_) = lines_of_scores(Words(), model.scores["test"])
    for number in re.findall(r"[\d.]{5,}", line):
        assert number in text
    (drawn,) = diagrams(document, "worth")
    counts = [int(label.runs[0].letters) for label in drawn.shapes if isinstance(label, Label) and label.handle == "" and not label.quiet]
    confusion = model.scores["test"].confusion
    assert counts == [count for count in confusion.ravel().tolist() if count]


@pytest.mark.parametrize(
    ("written", "functions"),
    [
        ("3-1", ": identity at the end,"),
        ("3-2-1", ": tanh inside, identity at the end,"),
        ("v5x4:e6-lstm3-2", ": identity at the end,"),
        ("v5x4:e6-pos-block2-f-2", ": GELU inside, identity at the end,"),
        ("6x3:lstm3-4-2", ": tanh inside, identity at the end,"),
    ],
)
def test_the_line_of_a_network_names_the_functions_inside_where_there_are_some(written, functions):
    assert functions in line_of_network(Words(), problem(written).network)


def test_the_picture_of_classes_shades_what_is_right_in_another_colour_than_what_is_wrong():
    drawn = confusion_diagram(Words(), ("a", "b"), np.array([[5, 1], [0, 4]]))
    cells = [shape.colour for shape in drawn.shapes if isinstance(shape, Outline)]
    assert len(cells) == 3
    assert cells[0] == cells[2] != cells[1]
    large = confusion_diagram(Words(), [str(place) for place in range(MOST_CLASSES)], np.eye(MOST_CLASSES))
    assert "29" not in large.about
    with pytest.raises(InputError, match="31 classes are too many"):
        confusion_diagram(Words(), ["x"] * 31, np.eye(31))


def test_residuals_are_predictions_less_targets():
    predicted, true = np.array([1.0, 2.0, np.nan, 4.0]), np.array([1.0, 3.0, 1.0, 2.0])
    drawn = residuals_diagram(Words(), Notation(), "price", "test", predicted, true)
    points = [shape for shape in drawn.shapes if isinstance(shape, Circle)]
    assert len(points) == 3
    assert points[2].y < points[0].y < points[1].y  # +2 stands above 0, and −1 below it
    with pytest.raises(InputError, match="no prediction is a finite number"):
        residuals_diagram(Words(), Notation(), "price", "test", np.array([np.inf]), np.array([1.0]))


def test_gradients_that_are_no_numbers_are_left_out_of_the_picture():
    points = {Symbol("A"): [(1, 0.0), (2, 1.0), (5, float("inf"))], Symbol("B"): [(1, 2.0)]}
    drawn = gradients_diagram(Words(), Notation(), points)
    assert (
        len([shape for shape in drawn.shapes if getattr(shape, "kind", "") in ("dot", "ring") and isinstance(shape, Circle)]) == 2 + 2
    )  # each, and before its name
    with pytest.raises(InputError, match="nothing to be drawn"):
        gradients_diagram(Words(), Notation(), {Symbol("A"): [(1, 0.0)]})


# Which steps are looked at, and what it costs


@pytest.mark.parametrize(("steps", "each", "best"), [(1, 1, 1), (7, 7, 7), (7, 50, 7), (1000, 1, 3), (1200, 5, 600), (90_000, 1200, 3600)])
def test_steps_that_are_looked_at_are_of_the_run_and_rise(steps, each, best):
    looked = steps_to_open(steps, each, best)
    assert looked.over_time[0] == looked.explained[0] == 1
    assert list(looked.over_time) == sorted(set(looked.over_time))
    assert list(looked.explained) == sorted(set(looked.explained))
    assert looked.explained[-1] == best
    assert max(looked.all) <= steps
    assert all((number - 1) % each == 0 for number in looked.over_time if number > each)
    assert len(looked.over_time) <= 3 * len(str(steps)) + 1


def run(epochs, rows=40, batch_size=8):
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 2))
    plan = Plan(epochs=epochs, batch_size=batch_size, optimizer=cr.adam(), patience=None)
    training = Training(cr.Network(2, cr.dense(3, "tanh"), cr.dense(1)), x, x[:, :1] * x[:, 1:], plan)
    return training, Landmarks(training)


def test_with_what_a_run_has_kept_hardly_any_epoch_is_computed_again(monkeypatch):
    training, landmarks = run(60)
    training.run(lambda _: landmarks.keep(training))
    each, steps = training.steps_per_epoch, training.step
    looked = steps_to_open(steps, each, training.best_epoch * each)
    from_start = list(replayed_steps(training, looked.all, steps, {}))
    passed = []
    once = Training._passed
    monkeypatch.setattr(
        Training, "_passed", lambda self, epoch, steps, state, done: passed.append(steps) or once(self, epoch, steps, state, done)
    )
    kept = list(replayed_steps(training, looked.all, steps, landmarks.states))
    assert [step.number for step in kept] == [step.number for step in from_start] == list(looked.all)
    assert all(np.array_equal(a.gradients[key], b.gradients[key]) for a, b in zip(kept, from_start, strict=True) for key in a.gradients)
    assert sum(passed) <= 3 * each  # of the first epoch and of the best one, and what stands before their steps
    assert len(landmarks.states) <= 20


def test_of_a_run_that_would_take_long_a_fifth_is_taken_again_at_most(monkeypatch):
    training, _ = run(60)
    monkeypatch.setattr("chainrule.reports.replay.FREE_WORK", 0)
    taken = [step.number for step in replayed_steps(training, steps_to_open(300, 5, 300).all, 300, {})]
    assert taken == [1, 2, 5, 16, 46]
    assert max(taken) <= REPLAYED_SHARE * 300


# However it ends, and whatever is asked


def test_a_run_that_diverged_is_reported_up_to_its_last_step_of_numbers(there, tmp_path, capsys):
    out = str(tmp_path / "wild.safetensors")
    wild = ["train", "stones.csv", "--target", "mass", "--hidden", "200", "--optimizer", "sgd", "--learning-rate", "1e4", "--epochs", "5"]
    assert main([*wild, "--validation-folds", "0", "-o", out, "--report", str(tmp_path / "wild.html")]) == 3
    page = Path(tmp_path / "wild.html").read_text("utf-8")
    step = int(re.search(r"diverged in step (\d+)", capsys.readouterr().err)[1])
    tree(page)
    assert "Training diverged in step" in page
    assert f'id="step{max(1, step - 1)}"' in page
    assert 'data-live="' not in page  # of too many units to be seen


def test_without_its_rows_a_report_says_what_is_missing_and_why(there, german, tmp_path, monkeypatch):
    model = cr.Model.load("stones.safetensors")
    monkeypatch.chdir(tmp_path)
    document = cr.report(model)
    assert [section.key for section in document.sections] == ["data", "network", "curve", "worth", "alarms", "again"]
    assert "the data that the model was trained on (stones.csv) is not here" in said(document, "data").replace("\n", " ")
    assert "Without the rows" in said(document, "alarms")
    assert not [command for command in commands(document) if command[0] == "train"]
    assert ["doctor", "model.safetensors", "--data", "moved.csv", "--language", "de"] in commands(german)
    write("other.csv", stones()[::-1])
    with pytest.raises(InputError, match="not the rows that the model was trained on"):
        cr.report(model, data="other.csv")


def test_a_model_of_numbers_without_a_table(tmp_path):
    training, _ = run(3)
    training.run()
    document = cr.report(Model.of(training))
    assert [section.key for section in document.sections][:2] == ["data", "network"]
    document.save(tmp_path / "numbers.html")


def test_two_outputs_of_two_kinds_from_a_table_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("two.toml").write_text(NETWORK, encoding="utf-8")
    table = {name: [row[name] for row in stones()] for name in ("width", "colour", "kind", "mass")}
    table = {name: table[name] for name in ("width", "kind", "mass")} | {"more": table["mass"]}
    model = cr.train(table, network="two.toml", epochs=1, batch_size=90, validation_folds=0)
    document = report_of(model, "m.safetensors", used_rows(model, table))
    assert [block.text for block in document.section("worth").blocks if isinstance(block, Subheading)] == [("kind",), ("mass",)]
    assert len(diagrams(document, "worth")) == 3  # of classes, of residuals, and of what is predicted for every input
    assert "cr.train(data, " in said(document, "again")
    assert not [command for command in commands(document) if "--data" in command or command[0] == "train"]


@pytest.mark.parametrize("suffix", [".md", ".ipynb", ".tex", ".typ", ".txt", ".pdf"])
def test_every_format_has_the_whole_report(there, document, tmp_path, suffix):
    document.save(tmp_path / f"report{suffix}")
    written = (tmp_path / f"report{suffix}").read_bytes()
    assert b"stones.csv" in written or suffix == ".pdf"
    assert len(written) > 10_000


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("report", "run.docx", "docx is unknown"),
        ("report", "nowhere/run.html", "there is no folder nowhere"),
        ("language", "fr", "fr"),
    ],
)
def test_what_cannot_be_reported_is_said_before_the_training(there, option, value, message):
    asked = {"report": "run.html", option: value}
    with pytest.raises(InputError, match=message):
        cr.train("stones.csv", target="kind", epochs=1, watch=lambda report: pytest.fail("it has begun"), **asked)
    with pytest.raises(FileError, match=r"there is no file gone\.safetensors"):
        cr.report("gone.safetensors")


def test_a_german_report_says_everything_in_german_with_commas(german):
    assert [section.title for section in german.sections][:3] == ["Die Daten", "Das Netz", "Der Fehler während des Trainings"]
    text = " ".join(said(german, key) for key in ("data", "network", "curve", "worth", "gradients", "alarms"))
    assert re.search(r"\d,\d", text)
    assert not re.search(r"\d\.\d", text)
    (first, *_) = [command for command in commands(german) if command[0] == "explain"]
    assert first[-4:] == ["--language", "de", "--notation", "decimal=comma"]


def test_what_people_wrote_is_text_and_cautions_are_notes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = ('</script><script>alert("a")</script>', "`x` $y$ |z| <b>\x1b[31m", "ein sehr langer Name, den keine Zeile fasst, " * 3)
    rows = stones(hostile, "<img src=x onerror=alert(1)>")
    write("bad.csv", [{**row, "width": -999 if place % 9 == 0 else row["width"]} for place, row in enumerate(rows)])
    with pytest.warns(UserWarning, match="width is -999 in 10 rows"):
        cr.train("bad.csv", target="<img src=x onerror=alert(1)>", epochs=1, batch_size=90, hidden=3, validation_folds=0, report="bad.html")
    page = Path("bad.html").read_text("utf-8")
    root = tree(page)
    assert "<script>alert" not in page
    assert not list(root.iter("img"))
    assert "\x1b" not in page
    assert "<img src=x onerror=alert(1)>" in "".join(root.itertext())
    notes = ["".join(note.itertext()) for note in root.iter("p") if note.get("class") == "note warning"]
    assert any("width is -999 in 10 rows" in note.lower() for note in notes)


def test_steps_of_a_small_network_can_be_opened_live_from_the_same_file(there, document):
    model = cr.train("stones.csv", target="kind", epochs=1, validation_folds=0)
    assert max(model.network.sizes) <= MOST_UNITS  # with as many units as a training takes by itself
    model = cr.train("stones.csv", target="kind", hidden=3, epochs=1, validation_folds=0)
    small = report_of(model, "m.safetensors", used_rows(model))
    steps = [section.key for section in small.sections if section.key.startswith("step")]
    assert list(small.live.contents) == steps
    page = html(small)
    assert all(f'data-live="{key}"' in page for key in steps)
    assert page.count(small.live.module) == 1
    contents = [json.loads(text) for text in small.live.contents.values()]
    assert contents[0]["leaves"]["parameters"] != contents[-1]["leaves"]["parameters"]
    assert "like" not in contents[0]
    for content in contents:
        like = small.live.contents.get(content.get("like", ""))
        assert like is None or len(content["leaves"]["inputs"]["x"]) == len(json.loads(like)["leaves"]["inputs"]["x"])
    assert any("like" in content for content in contents)
    assert "first 4 of its 32 rows" in said(small, steps[0]).replace("\n", " ")


@pytest.mark.parametrize("data", ["iris", "data:iris"])
def test_rows_are_called_as_the_model_keeps_them(data):
    """So that what is made in the training and what is made later from its file say the same."""
    assert Rows.of(data).called == Rows.of(data).first.source == "data:iris"


def test_rows_without_a_file_have_no_name():
    assert Rows.of({"x": [1, 2]}).called == ""
