"""The file of a trained network: nothing lost, nothing run, and no file too strange."""

import json
import os
import pickle
import resource
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save, save_file

import chainrule as cr
from chainrule.api.watching import Watch
from chainrule.base.errors import FileError, InputError
from chainrule.data.table import Column, Table
from chainrule.preparation.preparation import Preparation
from chainrule.training import history
from chainrule.training.loop import Training
from chainrule.training.metrics import baseline_prediction
from chainrule.training.model import Model, checkpoint_path, load_checkpoint, save_checkpoint
from chainrule.training.plan import Plan, split_rows


def table(rows=60, seed=0):
    random = np.random.default_rng(seed)
    a, b = random.normal(5, 2, rows), random.normal(-100, 30, rows)
    kind = np.where(a + b / 15 + random.normal(0, 0.3, rows) > -2, "many", "few").astype(object)
    return Table("flowers", (Column("a", a, "number"), Column("b", b, "number"), Column("kind", kind, "text")))


@pytest.fixture(scope="module")
def trained():
    rows = table()
    preparation = Preparation.fit(rows, ["kind"])
    x, t, labels = preparation.x(rows), preparation.t(rows), preparation.labels(rows)
    plan = Plan(epochs=30)
    train, validation, test = split_rows(labels, plan)
    network = cr.Network(2, cr.dense(4, "tanh"), cr.dense(1), loss="binary_cross_entropy", seed=5)
    training = Training(network, x[train], t[train], plan, validation=(x[validation], t[validation]))
    outcome = training.run()
    guess = baseline_prediction("classify", labels[train])
    model = Model.of(training, preparation=preparation, guess=guess, source={"name": "flowers"}, outcome={"reason": outcome.reason})
    scores = {"test": model.evaluate(rows.take(test))}
    return training, Model.of(training, preparation=preparation, guess=guess, source={"name": "flowers"}, scores=scores)


def test_what_is_saved_is_read_back(trained, tmp_path):
    training, model = trained
    model.save(tmp_path / "m.safetensors")
    read = Model.load(tmp_path / "m.safetensors")
    for key, parameter in model.network.parameters.items():
        assert np.array_equal(read.network.parameters[key], parameter)
    assert read.preparation == model.preparation
    assert read.plan == model.plan
    assert list(read.history) == training.history
    assert read.scores["test"].to_dict() == model.scores["test"].to_dict()
    assert read.source == {"name": "flowers", "digest": training.digest}
    assert read.made_with == cr.__version__
    assert read.start == training.start
    assert read.evaluate(table(40, seed=1)).accuracy == model.evaluate(table(40, seed=1)).accuracy > 0.8
    read.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()
    assert set(load_file(tmp_path / "m.safetensors")) == {"W1", "b1", "W2", "b2"}


def test_predictions_are_of_raw_rows_and_in_chunks(trained):
    _, model = trained
    rows = table(50, seed=2)
    y = model.outputs(rows)
    assert y.shape == (50, 1)
    assert np.array_equal(model.outputs(model.preparation.x(rows)), y)
    assert np.array_equal(model.outputs({column.name: column.values for column in rows.columns}), y)
    chunks = [rows.take(np.arange(i, min(i + 20, 50))) for i in range(0, 50, 20)]
    whole, together = model.evaluate(rows), model.evaluate(iter(chunks))
    assert np.array_equal(together.confusion, whole.confusion)
    assert (together.loss, together.baseline) == pytest.approx((whole.loss, whole.baseline))
    with pytest.raises(InputError, match="no rows"):
        model.evaluate([])


@pytest.mark.parametrize(
    ("one", "other"), [(True, False), (3, -2), (0.5, 2), (2**60, 0), ("1", "x"), ("01", "1"), ("yes", "no"), (np.float32(1.5), 7)]
)
def test_predicted_classes_are_what_the_column_holds(one, other):
    x = np.random.default_rng(0).normal(size=60)
    rows = {"x": x, "t": [one if value > 0 else other for value in x]}
    model = cr.train(rows, target="t", task="classify", epochs=60, learning_rate=0.05, engine="written")
    assert (model.predict(rows) == np.array(rows["t"])).mean() > 0.9
    assert np.array_equal(model.outputs(x[:, None].astype(object)), model.outputs(rows))


def test_a_model_of_numbers_takes_no_tables(tmp_path):
    network = cr.Network(2, cr.dense(2, bias=False), cr.dense(1, bias=False)).with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.16])
    training = Training(network, [[8, 12]], [[4]], Plan(until=1e-12, optimizer=cr.sgd(0.00767)))
    training.run()
    Model.of(training).save(tmp_path / "seed.safetensors")
    model = Model.load(tmp_path / "seed.safetensors")
    assert model.predict(np.array([[8.0, 12.0]])).item() == pytest.approx(4, abs=1e-6)
    assert model.start.weights == network.weights  # numbers that were given, not drawn
    with pytest.raises(InputError, match="takes no tables"):
        model.predict(table())
    step = model.step_at(np.array([[8.0, 12.0]]), np.array([[4.0]]), 1)
    assert step.error == 1.59561248 == pytest.approx(model.history[0].error, rel=1e-12)


def test_any_step_of_the_run_is_looked_into(trained, tmp_path):
    training, model = trained
    model.save(tmp_path / "m.safetensors")
    read, (x, t) = Model.load(tmp_path / "m.safetensors"), training.data
    errors = [read.step_at(x, t, number).error for number in (1, 2)]
    sizes = [len(training.batch(1, number)[0]) for number in (1, 2)]
    assert np.average(errors, weights=sizes) == pytest.approx(read.history[0].error, rel=1e-12)
    with pytest.raises(InputError, match="not the rows that the model was trained on"):
        read.step_at(x + 1, t, 1)
    with pytest.raises(InputError, match=f"the run took {training.step} steps"):
        read.step_at(x, t, training.step + 1)


def test_a_model_is_not_replaced_by_accident(trained, tmp_path):
    _, model = trained
    path = tmp_path / "m.safetensors"
    path.write_text("precious")
    with pytest.raises(FileError, match="force"):
        model.save(path)
    assert path.read_text() == "precious"
    model.save(path, force=True)
    assert Model.load(path).plan == model.plan


@pytest.mark.parametrize("place", ["missing/m.safetensors", "."])
def test_places_that_cannot_be_written(trained, tmp_path, place):
    with pytest.raises(FileError):
        trained[1].save(tmp_path / place, force=True)


# Checkpoints


def test_a_checkpoint_is_a_model_that_goes_on(trained, tmp_path):
    _, model = trained
    x, t = (array[:40] for array in trained[0].data)
    network = cr.Network(2, cr.dense(3, "tanh"), cr.dense(1), loss="binary_cross_entropy")
    plan = Plan(epochs=10, batch_size=8)
    unbroken, first = Training(network, x, t, plan), Training(network, x, t, plan)
    unbroken.run()
    for _ in range(4):
        first.epoch()
    path = checkpoint_path(tmp_path / "m.safetensors")
    assert path.name == "m.safetensors.checkpoint"
    save_checkpoint(path, Model.of(first, preparation=model.preparation), first)
    save_checkpoint(path, Model.of(first, preparation=model.preparation), first)  # replaces its own
    assert Model.load(path).preparation == model.preparation
    read, arrays, record = load_checkpoint(path)
    second = Training.resumed(read.start, x, t, read.plan, arrays, record)
    second.run()
    assert second.record() == unbroken.record()
    for key, array in unbroken.arrays().items():
        assert np.array_equal(second.arrays()[key], array)
    Model.of(second).save(tmp_path / "second")
    Model.of(unbroken).save(tmp_path / "unbroken")
    assert (tmp_path / "second").read_bytes() == (tmp_path / "unbroken").read_bytes()


def test_a_model_is_no_checkpoint(trained, tmp_path):
    trained[1].save(tmp_path / "m")
    with pytest.raises(FileError, match="nothing to resume"):
        load_checkpoint(tmp_path / "m")


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="this system limits no files")
def test_a_full_disk_leaves_the_old_file_whole(trained, tmp_path):
    training, model = trained
    path = tmp_path / "m.checkpoint"
    save_checkpoint(path, model, training)
    before = path.read_bytes()
    program = f"""
import resource, signal, sys
from chainrule.training.model import Model
from chainrule.base.errors import FileError
model = Model.load({str(path)!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
try:
    model.save({str(path)!r}, force=True)
except FileError as error:
    sys.exit(str(error))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, env=environment, check=False)
    assert "cannot be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.checkpoint"]


# Files that are no models


@pytest.fixture
def parts(trained, tmp_path):
    """A model's tensors and description, to be spoilt, and a way to write them."""
    trained[1].save(tmp_path / "good")
    content = (tmp_path / "good").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    plain = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["chainrule"])
    tensors = load_file(tmp_path / "good")

    def written(tensors, plain):
        path = tmp_path / "bad"
        text = plain if isinstance(plain, str) else json.dumps(plain)
        path.write_bytes(save(tensors, {"chainrule": text}))
        return path

    return tensors, plain, written, content


def refused(path, match=None):
    with pytest.raises(FileError, match=match) as caught:
        Model.load(path)
    assert len(str(caught.value)) < 500
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_files_of_another_kind(tmp_path):
    refused(tmp_path / "nowhere", "there is no file")
    refused(tmp_path, "is a folder")
    (tmp_path / "pickle").write_bytes(pickle.dumps({"W1": [1]}))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("a,b\n1,2\n" * 100)
    for name in ("pickle", "empty", "text"):
        refused(tmp_path / name, "no model of chainrule, or is cut short")
    save_file({"W1": np.zeros((2, 2))}, tmp_path / "torch", metadata={"format": "pt"})
    refused(tmp_path / "torch", "not one of chainrule")
    save_file({"W1": np.zeros((2, 2))}, tmp_path / "bare")
    refused(tmp_path / "bare", "not one of chainrule")


def test_a_file_cut_anywhere(parts, tmp_path):
    *_, content = parts
    for length in [*range(0, len(content), 97), len(content) - 1]:
        (tmp_path / "cut").write_bytes(content[:length])
        refused(tmp_path / "cut")
    (tmp_path / "cut").write_bytes(content + b"more")
    refused(tmp_path / "cut")


def test_a_file_with_any_byte_changed_loads_or_is_refused(parts, tmp_path):
    *_, content = parts
    random = np.random.default_rng(0)
    for place in random.integers(0, len(content), 300):
        spoilt = bytearray(content)
        spoilt[place] = random.integers(256)
        (tmp_path / "spoilt").write_bytes(spoilt)
        try:
            Model.load(tmp_path / "spoilt")
        except FileError:
            continue


def raw(path, header, body=b""):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


@pytest.mark.parametrize(
    "header",
    [
        {"W1": {"dtype": "F64", "shape": [10**6, 10**6], "data_offsets": [0, 8 * 10**12]}},
        {"W1": {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 16]}},
        {"W1": {"dtype": "F64", "shape": [2**62, 8], "data_offsets": [0, 0]}},
        {"W1": {"dtype": "F64", "shape": [1, 2], "data_offsets": [0, 16]}, "b1": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}},
        {"W1": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}},
        {"W1": {"dtype": "object", "shape": [1], "data_offsets": [0, 8]}},
        {"W1": [], "__metadata__": {"chainrule": 1}},
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b"\xff" * 100,
        {},
    ],
)
def test_hostile_headers(tmp_path, header):
    refused(raw(tmp_path / "hostile", header, b"\0" * 16))


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 10**12, 10**8 + 1])
def test_a_header_that_claims_to_be_long(tmp_path, length):
    (tmp_path / "long").write_bytes(struct.pack("<Q", length) + b"{}")
    refused(tmp_path / "long")


def test_tensors_that_do_not_fit(parts):
    tensors, plain, written, _ = parts
    refused(written({**tensors, "W1": tensors["W1"].astype(np.float16)}, plain), "W1 should be F32 or F64")
    refused(written({**tensors, "W1": tensors["W1"].T.copy()}, plain), r"shape \(2, 4\), not F64 of the shape \(4, 2\)")
    refused(written({**tensors, "W9": tensors["W1"]}, plain), "'W9', which its network does not have")
    refused(written({key: value for key, value in tensors.items() if key != "b2"}, plain), "b2 is missing")
    refused(written({**tensors, "W1": tensors["W1"] * np.nan}, plain), r"W1 holds nan")
    refused(written({**tensors, "b1": tensors["b1"] + np.inf}, plain), r"b1 holds inf")


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("format", "chainrule model 99"),
        ("network", None),
        ("network", {"inputs": 2}),
        ("network", {"inputs": 10**12, "layers": [{"units": 1}]}),
        ("network", {"inputs": 10**7, "layers": [{"units": 10**7}]}),
        ("network", {"inputs": 2, "layers": [{"units": 4, "activation": "__import__('os')"}]}),
        ("plan", {"epochs": "many"}),
        ("plan", {"optimizer": "magic"}),
        ("plan", []),
        ("history", {"epoch": [1], "step": []}),
        ("history", {"epoch": 5}),
        ("history", {name: [None] for name in ("epoch", "step", "error", "validation_error", "rate")}),
        ("history", {name: [1e999] for name in ("epoch", "step", "error", "validation_error", "rate")}),
        ("scores", {"test": {}}),
        ("scores", []),
        ("source", 3),
        ("outcome", 3),
        ("guess", "x"),
        ("guess", [[1], 2]),
        ("preparation", {}),
        ("preparation", "x"),
        ("preparation", 3),
        ("made_with", None),
    ],
)
def test_descriptions_that_say_something_impossible(parts, place, value):
    tensors, plain, written, _ = parts
    if (place, value) == ("made_with", None):
        del plain[place]
    else:
        plain[place] = value
    refused(written(tensors, plain))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", DEEP, '{"format": ' + DEEP + "}", "9" * 10_000, '{"format": NaN}'])
def test_descriptions_that_are_none(parts, text):
    tensors, _, written, _ = parts
    refused(written(tensors, text))


def test_deep_json_within_a_description(parts):
    tensors, plain, written, _ = parts
    text = json.dumps(plain)
    refused(written(tensors, text[:-1] + ', "outcome": ' + DEEP + "}"))


def test_claims_take_no_memory(parts, tmp_path):
    """A description of 10⁸ weights, or a tensor said to have 10¹² elements, is refused before anything is taken."""
    tensors, plain, written, _ = parts
    plain["network"] = {"inputs": 10_000, "layers": [{"units": 9_999, "bias": False}]}
    wide = written(tensors, plain)
    header = {"W1": {"dtype": "F64", "shape": [10**6, 10**6], "data_offsets": [0, 8 * 10**12]}}
    claims = raw(tmp_path / "claims", header, b"\0" * 16)
    program = f"""
import resource
from chainrule.training.model import Model
from chainrule.preparation import Preparation
from chainrule.base.errors import FileError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in ({str(wide)!r}, {str(claims)!r}):
    try:
        Model.load(path)
    except FileError:
        continue
    raise SystemExit("loaded")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, env=environment, check=True)
    assert float(ended.stdout) < 60  # MB


def test_nothing_is_ever_unpickled():
    source = Path(sys.modules[Model.__module__].__file__).read_text(encoding="utf-8")
    assert "import pickle" not in source
    assert "allow_pickle" not in source


CHANGED = [
    (("source", "rows"), 10**400),
    (("source", "rows"), -1),
    (("outcome", "epochs"), "nan"),
    (("preparation", "impute"), "\x1b[1m"),
    (("scores", "test", "rows"), 10**400),
    (("scores", "test", "rows"), 1.5),
    (("scores", "test", "guess"), 1e308),
    (("scores", "test", "guess"), []),
    (("guess",), []),
    (("guess",), [1, 2, 3]),
]


@pytest.mark.parametrize(("way", "value"), CHANGED, ids=lambda part: ascii(part)[:20])
def test_numbers_that_no_run_gives_are_refused(way, value, tmp_path):
    path, table = tmp_path / "m.safetensors", {"a": [i % 7 for i in range(30)], "t": [f"c{i % 3}" for i in range(30)]}
    cr.train(table, target="t", hidden=0, epochs=1, engine="written", output=path)
    with safe_open(path, "numpy") as file:
        plain = json.loads(file.metadata()["chainrule"])
    inner = plain
    for name in way[:-1]:
        inner = inner[name]
    assert way[-1] in inner
    inner[way[-1]] = value
    path.write_bytes(save(load_file(path), {"chainrule": json.dumps(plain)}))
    assert "\x1b" not in refused(path, "is no model that can be used")


def test_a_model_counts_its_epochs_where_its_history_is_thinned_out(monkeypatch):
    monkeypatch.setattr(history, "MOST_REPORTS", 8)
    model = cr.train(
        {"x": [0.0, 1.0, 2.0, 3.0], "y": [0.0, 1.0, 2.0, 3.5]}, target="y", epochs=40, hidden=[2], test=0, until=1e-9, watch=Watch()
    )
    assert len(model.history) < 20
    assert "40 epochs" in repr(model)


def test_what_a_model_has_never_seen_is_a_warning():
    table = {"x": [place * 7 % 23 / 4 for place in range(60)], "c": ["uv"[place % 2] for place in range(60)]}
    model = cr.train(table | {"y": [place % 11 + 0.5 for place in range(60)]}, target="y", epochs=1)
    model.predict(table)
    with pytest.warns(UserWarning, match="column x holds 1000 in row 2, far outside of 0 to 5.5"):
        model.predict({"x": [1.5, 1000], "c": ["u", "v"]})
    with pytest.warns(UserWarning, match="column c holds categories that the model has never seen, .*: w"):
        model.predict({"x": [1.5, 2], "c": ["u", "w"]})
