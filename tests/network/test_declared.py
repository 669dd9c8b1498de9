"""What a definition declares, everything that asks for it heeds, for a person's own definitions as for ours; nothing is asked by name."""

import ast
import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.flowers import QUICK, flowers, printed, write_rows
from tests.samples import built_in, some

import chainrule as cr
from chainrule.api.batches import fitting_targets
from chainrule.base.errors import DescriptionError, InputError, UnknownNameError
from chainrule.formula.expression import PRIMITIVES
from chainrule.network.definitions import KINDS, REGISTRY, definitions, find
from chainrule.network.options import Range
from chainrule.network.registration import check_definition
from chainrule.training.model import Model

SOURCE = Path(cr.__file__).parent

MINE = '''
"""Definitions that say what ours say, under other names."""

import chainrule as cr


@cr.loss(output="sigmoid", targets="probabilities")
def own_binary(y, t):
    """ℓ = −(t ln y + (1 − t) ln(1 − y))."""
    return -(t * cr.log(y) + (1 - t) * cr.log(1 - y))


@cr.loss(output=cr.softmax, targets="distribution")
def own_categorical(y, t):
    """ℓ = −Σ t ln y."""
    return -cr.total(t * cr.log(y), axes=(len(y.shape) - 1,))


@cr.loss(output="tanh", targets="signs")
def own_hinge(y, t):
    """ℓ = max(0, 1 − t y)."""
    return cr.maximum(0, 1 - t * y)


@cr.loss(targets="probabilities", logits=True)
def own_logits(y, t):
    """ℓ = ln(1 + e^y) − t y."""
    return cr.log(1 + cr.exp(y)) - t * y


@cr.loss
def silent(y, t):
    """ℓ = −(t ln y + (1 − t) ln(1 − y)), which declares nothing."""
    return -(t * cr.log(y) + (1 - t) * cr.log(1 - y))


@cr.activation(start="he_normal")
def own_relu(z, *, slope: cr.Share = 0.0):
    """f(z) = z where z > 0, otherwise slope · z."""
    return cr.select(z > 0, z, slope * z)
'''

TWINS = {"own_binary": "binary_cross_entropy", "own_categorical": "cross_entropy", "own_hinge": "hinge"}


def three_kinds():
    """Flowers of three kinds."""
    random = np.random.default_rng(2)
    kinds = random.integers(3, size=150)
    lengths, widths = np.round(random.normal(2 * kinds, 0.4), 2), np.round(random.normal(0, 1, 150), 2)
    return [{"length": x, "width": w, "kind": ("iris", "rose", "tulip")[k]} for x, w, k in zip(lengths, widths, kinds, strict=True)]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with tables and with definitions, which are registered only here."""
    for kind, table in REGISTRY.items():
        monkeypatch.setitem(REGISTRY, kind, dict(definitions(kind) and table))
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE, encoding="utf-8")
    write_rows("flowers.csv", flowers())
    write_rows("three.csv", three_kinds())
    return ("--definitions", "mine.py")


# On the command line


@pytest.mark.parametrize(
    ("own", "data"), some([("own_categorical", "three.csv"), ("own_binary", "flowers.csv"), ("own_hinge", "flowers.csv")], 2)
)
def test_an_own_loss_gets_what_ours_gets(own, data, mine, capsys):
    """Output activation, targets, scores and predictions of a training are those of our loss with the same formula, digit for digit."""
    found = []
    for loss in (own, TWINS[own]):
        file = f"{loss}.safetensors"
        asked = ["train", data, "--target", "kind", "--loss", loss, "-o", file, *QUICK]
        out, err = printed([*asked, *mine], capsys)
        assert err == ""
        assert "accuracy" in out
        scores = printed(["evaluate", file, data, *mine], capsys)[0]
        predicted = printed(["predict", file, data, *mine], capsys)[0]
        info = printed(["info", file, *mine], capsys)[0].replace(loss.replace("_", " "), "loss")
        model = Model.load(file)
        numbers = {key: value.tolist() for key, value in model.network.parameters.items()}
        found.append((scores, predicted, numbers, model.network.layers[-1].activation, model.scores["test"].to_dict()))
        assert "accuracy" in info
        explained = printed(["explain", file, "--data", data, "--row", "3", *mine], capsys)[0]
        assert "NaN" not in explained
    assert found[0] == found[1]


def test_every_next_command_names_the_definitions(mine, capsys):
    out, _ = printed(["train", "flowers.csv", "--target", "kind", "--loss", "own_hinge", "--activation", "own_relu", *QUICK, *mine], capsys)
    commands = [line.split() for line in out.splitlines() if line.startswith("  chainrule ")]
    assert len(commands) == 4
    for _, *arguments in commands:
        assert arguments[-2:] == [*mine]
        printed([{"OTHERS.csv": "flowers.csv"}.get(argument, argument) for argument in arguments], capsys)


def test_probabilities_are_given_where_there_are_some(mine, capsys):
    for loss in ("own_binary", "own_hinge"):
        printed(["train", "flowers.csv", "--target", "kind", "--loss", loss, "-o", f"{loss}.safetensors", "--quiet", *QUICK, *mine], capsys)
    out, _ = printed(["predict", "own_binary.safetensors", "flowers.csv", "--probabilities", *mine], capsys)
    for row in csv.DictReader(io.StringIO(out)):
        assert float(row["kind=iris"]) + float(row["kind=rose"]) == pytest.approx(1)
        assert row["kind"] == ("rose" if float(row["kind=rose"]) >= 0.5 else "iris")
    _, err = printed(["predict", "own_hinge.safetensors", "flowers.csv", "--probabilities", *mine], capsys, 2)
    assert "no probabilities" in err


def test_signs_tell_classes_apart_at_nought(mine, capsys):
    asked = ["train", "flowers.csv", "--target", "kind", "--loss", "own_hinge", "--quiet", *QUICK, *mine]
    printed(asked, capsys)
    model = Model.load("model.safetensors")
    table = cr.read("flowers.csv", kinds=model.preparation.kinds)
    y, t = model.outputs(table)[:, 0], model.preparation.t(table)[:, 0]
    assert set(t.tolist()) == {-1.0, 1.0}
    assert model.preparation.answers(y[:, None])["kind"].tolist() == ["rose" if value >= 0 else "iris" for value in y]
    assert model.evaluate(table).accuracy == np.mean((y >= 0) == (t > 0)) > 0.9
    assert model.scores["test"].loss is None
    again = type(model.preparation).from_dict(json.loads(json.dumps(model.preparation.to_dict())))
    assert again == model.preparation


@pytest.mark.parametrize(
    ("loss", "data", "better"),
    [
        ("own_logits", "flowers.csv", "binary_cross_entropy"),
        ("own_categorical", "flowers.csv", "binary_cross_entropy"),
        ("own_binary", "three.csv", "cross_entropy"),
        ("own_hinge", "three.csv", "cross_entropy"),
    ],
)
def test_a_loss_that_does_not_fit_the_task_is_refused(loss, data, better, mine, capsys):
    _, err = printed(["train", data, "--target", "kind", "--loss", loss, *mine], capsys, 2)
    assert err == f"chainrule: the loss {loss} does not fit this task; {better} does.\n"


def test_an_own_activation_starts_as_it_declares(mine, capsys):
    out, _ = printed(["explain", "2-3-1", "--activation", "own_relu", *mine], capsys)
    assert "W1 was drawn from seed 0: He normal" in out
    printed(["train", "flowers.csv", "--target", "kind", "--activation", "own_relu", "--quiet", *QUICK, *mine], capsys)
    start = Model.load("model.safetensors").start
    assert {key: bound.name for key, bound in start.initializers.items()} == {"W1": "he_normal", "W2": "glorot_uniform"}
    _, err = printed(["explain", "2-3-1", "--activation", "own_relu:slope=1", *mine], capsys, 2)
    assert err == "chainrule: own_relu got slope = 1; it must be at least 0 and less than 1.\n"


@pytest.mark.parametrize(("sizes", "own"), [("3-2-1", "own_binary"), ("3-2-3", "own_categorical"), ("3-2-2", "own_hinge")])
def test_what_is_drawn_and_explained_is_that_of_ours(sizes, own, mine, capsys):
    files = []
    for loss in (own, TWINS[own]):
        printed(["explain", sizes, "--loss", loss, "-o", f"{loss}.json", *mine], capsys)
        files.append(json.loads(Path(f"{loss}.json").read_text(encoding="utf-8")))
    assert files[0].pop("network")["layers"] == files[1].pop("network")["layers"]
    assert files[0] == files[1]


@pytest.mark.parametrize("output", [(), ("-o", "step.json"), ("-o", "page.html")])
def test_an_error_that_is_no_number_never_ends_with_0(output, mine, capsys):
    """A loss that declares nothing gets the identity, which may give a y that it has no value for."""
    _, err = printed(["explain", "2-1", "--loss", "silent", "--seed", "2", *output, *mine], capsys, 3)
    assert err.startswith("chainrule: the error E is no number. silent takes the logarithm of −0.006: the output activation identity")
    assert err.endswith('does not fit it. A loss declares the one that does, as @loss(output="sigmoid").\n')


def test_a_figure_of_an_error_that_is_no_number(mine, capsys):
    _, err = printed(["figure", "network", "2-1", "--loss", "silent", "--seed", "2", "-o", "network.svg", *mine], capsys, 3)
    assert "the error E is no number" in err


def test_a_training_that_begins_with_no_number_tells_why(mine, capsys):
    write_rows("lines.csv", [{"a": i % 17, "b": i % 5, "y": 2 * (i % 17) - (i % 5) + 0.5} for i in range(60)])
    _, err = printed(["train", "lines.csv", "--target", "y", "--loss", "silent", *QUICK, *mine], capsys, 3)
    assert "silent takes the logarithm of −" in err
    assert "identity does not fit it" in err


# What may be declared


def test_what_ours_declare():
    """The activation at the end, and the targets, of each loss; the start, and the values, of each activation: as descriptions rely on."""
    losses = {name: (loss.output, loss.targets, loss.logits) for name, loss in built_in("loss").items()}
    assert {name: facts for name, facts in losses.items() if facts != ("identity", "numbers", False)} == {
        "binary_cross_entropy": ("sigmoid", "probabilities", False),
        "binary_cross_entropy_from_logits": ("identity", "probabilities", True),
        "cross_entropy": ("softmax", "distribution", False),
        "cross_entropy_from_logits": ("identity", "distribution", True),
        "kl": ("softmax", "distribution", False),
        "hinge": ("tanh", "signs", False),
        "squared_hinge": ("identity", "signs", False),
        "upstream": ("identity", "gradient", False),
        "contrastive": ("identity", "pairs", False),
        "focal": ("sigmoid", "probabilities", False),
        "sequence_cross_entropy": ("softmax", "steps", False),
        "smoothed_cross_entropy": ("softmax", "distribution", False),
    }
    activations = {name: (activation.start, activation.gives) for name, activation in built_in("activation").items()}
    assert {name: facts for name, facts in activations.items() if facts != ("glorot_uniform", "numbers")} == {
        **dict.fromkeys(("sigmoid", "hard_sigmoid"), ("glorot_uniform", "probabilities")),
        **dict.fromkeys(("tanh", "hard_tanh", "softsign"), ("glorot_uniform", "signs")),
        **dict.fromkeys(("relu", "leaky_relu", "relu6", "elu"), ("he_normal", "numbers")),
        "selu": ("lecun_normal", "numbers"),
        "softmax": ("glorot_uniform", "distribution"),
    }


@pytest.mark.parametrize(("name", "low", "high"), [("sigmoid", 0, 1), ("hard_sigmoid", 0, 1), ("tanh", -1, 1), ("hard_tanh", -1, 1)])
def test_activations_give_what_they_declare(name, low, high):
    bounds = {"probabilities": (0, 1), "signs": (-1, 1)}
    assert bounds[definitions("activation")[name].gives] == (low, high)
    y = cr.Network(1, cr.dense(1, name, bias=False)).with_weights([1]).predict(np.linspace(-30, 30, 61)[:, None])
    assert low <= y.min() < y.max() <= high


@pytest.mark.parametrize("loss", ["half_squared", "binary_cross_entropy", "cross_entropy", "hinge"])
@pytest.mark.parametrize("output", ["identity", "sigmoid", "tanh", "softmax"])
def test_targets_are_drawn_as_the_loss_or_else_the_output_needs(loss, output):
    network = cr.Network(2, cr.dense(3, output), loss=loss)
    t = fitting_targets(network, np.random.default_rng(0), 200)
    kind = network.loss.definition.targets
    drawn = kind if kind != "numbers" else network.layers[-1].activation.definition.gives
    if drawn == "distribution":
        assert (t.sum(axis=1) == 1).all()
        assert set(np.unique(t)) == {0, 1}
    elif kind == "numbers":
        low, high = {"numbers": (-np.inf, np.inf), "probabilities": (0, 1), "signs": (-1, 1)}[drawn]
        assert low <= t.min() < t.max() <= high
    else:
        assert set(np.unique(t)) == {"probabilities": {0, 1}, "signs": {-1, 1}}[kind]


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        ("hinge", [[1, -1], [0, 1]], "hinge needs targets −1 or 1; row 2 holds 0."),
        ("binary_cross_entropy", [[0, 1], [0.5, 1.5]], "binary_cross_entropy needs targets from 0 to 1; row 2 holds 1.5."),
        ("kl", [[-0.5, 1.5]], "kl needs targets from 0 to 1; row 1 holds -0.5."),
        ("cross_entropy", [[0.5, 0.25]], "cross_entropy needs targets that add up to 1 in every row; row 1 adds up to 0.75."),
    ],
)
def test_targets_that_do_not_fit_the_loss_are_refused(loss, targets, message):
    network = cr.Network(1, cr.dense(2), loss=loss)
    with pytest.raises(InputError) as caught:
        network.step([[1.0]] * len(targets), targets)
    assert str(caught.value) == message


@pytest.fixture
def untouched(monkeypatch):
    """What a test registers is gone after it."""
    for kind in KINDS:
        monkeypatch.setitem(REGISTRY, kind, dict(definitions(kind)))


def test_a_kind_that_there_is_not_offers_the_nearest(untouched):
    with pytest.raises(UnknownNameError, match=r"no kind of targets is called 'probability'\. Did you mean 'probabilities'"):
        cr.loss(targets="probability")(lambda y, t: y - t)
    with pytest.raises(UnknownNameError, match=r"no kind of values is called 'sign'\. Did you mean 'signs'"):
        cr.activation(gives="sign")(lambda z: z)


def test_a_fact_that_a_kind_does_not_have_is_refused():
    with pytest.raises(TypeError, match="start"):
        cr.loss(start="he_normal")


def test_a_name_that_is_declared_and_that_nothing_has_offers_the_nearest(untouched):
    @cr.loss(output="sigmoit")
    def wrong(y, t):
        return y - t

    with pytest.raises(UnknownNameError, match=r"no activation is called 'sigmoit'\. Did you mean 'sigmoid'"):
        cr.Network(1, cr.dense(1), loss=wrong)


def test_an_own_activation_that_works_over_rows_needs_no_word_for_it(untouched):
    """That softmax is no function of one number is seen in its formula, and so it is of an own one."""

    @cr.activation(gives="distribution")
    def sharp(z):
        """f(z)ᵢ = e^2zᵢ / Σⱼ e^2zⱼ."""
        return cr.softmax(2 * z)

    @cr.activation
    def straight(z):
        """f(z) = z."""
        return z

    text = cr.problem("2-2-2", activation=sharp, output_activation=straight).explain()._repr_markdown_()
    assert "NaN" not in text
    assert "softmax" in sharp._repr_markdown_()
    network = cr.Network(2, cr.dense(2, straight))
    assert [str(node.name) for node in network.derivation.quantities] == ["y"]


# Ranges of options


@pytest.mark.parametrize(
    ("kind", "wanted", "message"),
    [
        ("optimizer", {"name": "sgd", "learning_rate": 0}, "sgd got learning_rate = 0; it must be greater than 0 and at most 1,000,000."),
        ("optimizer", {"name": "adam", "beta1": 1}, "adam got beta1 = 1; it must be at least 0 and less than 1."),
        ("optimizer", {"name": "adam", "clip_norm": 0}, "adam got clip_norm = 0; it must be greater than 0 and at most 1,000,000."),
        ("loss", {"name": "huber", "delta": 0}, "huber got delta = 0; it must be greater than 0."),
        ("regularizer", {"name": "l2", "rate": -1}, "l2 got rate = -1; it must be greater than 0 and at most 1,000,000."),
        ("regularizer", {"name": "elastic_net", "l1": -1}, "elastic_net got l1 = -1; it must be at least 0."),
        ("initializer", {"name": "normal", "deviation": -1.0}, "normal got deviation = -1.0; it must be at least 0."),
        ("schedule", {"name": "cosine", "steps": 0}, "cosine got steps = 0; it must be greater than 0."),
        ("schedule", {"name": "step_decay", "every": 0}, "step_decay got every = 0; it must be greater than 0."),
        ("schedule", {"name": "warmup", "steps": -3}, "warmup got steps = -3; it must be greater than 0."),
        ("schedule", {"name": "one_cycle", "start_divisor": 0.0}, "one_cycle got start_divisor = 0.0; it must be greater than 0."),
        ("schedule", {"name": "one_cycle", "rise": 1.0}, "one_cycle got rise = 1.0; it must be at least 0 and less than 1."),
        ("activation", {"name": "gelu", "approximate": "sine"}, 'gelu got approximate = \'sine\'; it must be "none" or "tanh".'),
        ("activation", {"name": "leaky_relu", "slope": "steep"}, "leaky_relu got slope = 'steep', which is no number."),
        ("activation", {"name": "leaky_relu", "slope": float("nan")}, "leaky_relu got slope = nan, which is no number to compute with."),
    ],
)
def test_a_wrong_option_is_told_its_range(kind, wanted, message):
    with pytest.raises(DescriptionError) as caught:
        find(kind, wanted)
    assert str(caught.value) == message


@pytest.mark.parametrize("definition", [found for kind in KINDS for found in built_in(kind).values()], ids=str)
def test_every_default_lies_in_its_range(definition):
    given = {name: value for name, value in definition.options.items() if value is not None}
    assert definition.bind(**given).given == given


def test_an_own_optimiser_that_says_nothing_has_a_rate_like_ours(untouched):
    @cr.optimizer
    def plain(w, g, *, learning_rate=0.1):
        return w - learning_rate * g

    with pytest.raises(DescriptionError, match="greater than 0 and at most 1,000,000"):
        plain(-1)


def test_types_that_only_checkers_know_are_no_hindrance(untouched):
    def bent(z: "Nobody", *, bend: "Nothing" = 0.5) -> "Nobody":  # noqa: F821  # names that type checkers alone know
        return bend * z

    assert cr.activation(bent)(bend=-3).options == {"bend": -3}


@pytest.mark.parametrize(
    ("allowed", "inside", "outside", "said"),
    [
        (Range(above=0), 1e-9, 0, "greater than 0"),
        (Range(at_least=0, below=1), 0, 1, "at least 0 and less than 1"),
        (Range(at_most=0.5), 0.5, 0.6, "at most 0.5"),
        (Range(), 1e300, float("inf"), ""),
    ],
)
def test_ranges(allowed, inside, outside, said):
    assert inside in allowed
    assert outside not in allowed
    assert str(allowed) == said


# Nothing is asked by name

DEFINING = {"activations", "losses", "regularizers", "initializers", "optimizers", "schedules"}

RECOGNISING = {"learners", "interop"}
"""The wings that find out which of the known functions somebody's program or PyTorch module computes: its names are theirs."""

OTHER_THINGS = {
    ("_places[node]", "constant"),  # numbers that a formula holds itself
    ("REASONS", "constant"),  # why a column is left out
    ("LETTERS", "momentum"),  # options and their letters
    ("measures", "absolute"),  # of scores
    ("measures", "squared"),
    *(("OPERATIONS", name) for name in ("constant", "tanh")),  # rows of the page's own arithmetic
    *((name, "softmax") for name in ("RESERVED", "HELPERS")),  # a function at the head of a printed program
    ("FUNCTIONS", "tanh"),  # what LaTeX and Typst have an upright word for
    *(("OTHERS", name) for name in ("sigmoid", "tanh", "relu", "leaky_relu")),  # whose derivatives are taken for one another
}
"""Words that are names of definitions too, by the constant or variable that holds them."""


def asked_by_name(tree, names):
    """The places of a module's source where a definition's name, or the beginning or end of one, decides something."""
    nodes = list(ast.walk(tree))
    targets = {id(node.value): ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target) for node in nodes
               if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None}  # fmt: skip
    owner = {}
    for node in nodes:
        for inner in ast.walk(node) if id(node) in targets else ():
            owner.setdefault(id(inner), targets[id(node)])

    def words(*nodes):
        return [part.value for node in nodes for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]

    for node in nodes:
        found = []
        if isinstance(node, ast.Compare) and "primitive.name" not in ast.unparse(node):
            sides = [node.left, *node.comparators]
            found = [word for side in sides if not isinstance(side, (ast.Call, ast.Attribute)) for word in words(side) if word in names]
            contained = node.left.value if isinstance(node.ops[0], (ast.In, ast.NotIn)) and isinstance(node.left, ast.Constant) else None
            if isinstance(contained, str) and re.search(r"\.name\b", ast.unparse(node)):
                found += [contained for name in names if contained in name][:1]
        elif isinstance(node, ast.Dict):
            found = [word for key in node.keys if key is not None for word in words(key) if word in names]
        elif isinstance(node, ast.Set) or (isinstance(node, (ast.Tuple, ast.List)) and owner.get(id(node), "").isupper()):
            found = [part.value for part in node.elts if isinstance(part, ast.Constant) and part.value in names]
        elif isinstance(node, ast.MatchValue):
            found = [word for word in words(node) if word in names]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("startswith", "endswith"):
            ends = words(*node.args)
            found = [end for end in ends if len(end) > 3 and any(name != end and getattr(name, node.func.attr)(end) for name in names)]
        for word in found:
            yield node.lineno, owner.get(id(node), ""), word


def test_no_module_asks_for_a_definition_by_its_name():
    names = {name for kind in KINDS for name in built_in(kind)}
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.stem in DEFINING or {"languages", *RECOGNISING} & {*path.relative_to(SOURCE).parts}:
            continue
        for line, owner, word in asked_by_name(ast.parse(path.read_text(encoding="utf-8")), names):
            held = owner.rpartition(".")[2]
            about_primitives = word in PRIMITIVES and held in ("DEAR", "_NOT_ANALYTIC", "_EXAMPLES", "LEAVES", "native")
            if not about_primitives and (held, word) not in OTHER_THINGS:
                wrong.append(f"{path.relative_to(SOURCE)}:{line} {held} {word}")
    assert not wrong


@pytest.mark.parametrize(
    "source",
    [
        'if loss.name == "hinge": pass',
        'if "softmax" != layer.activation.name: pass',
        'if name in ("relu", "elu"): pass',
        'OUTPUTS = {"kl": "softmax"}',
        'BINARY = frozenset(["binary_cross_entropy"])',
        'BINARY = ("binary_cross_entropy",)',
        'BINARY = {"binary_cross_entropy"}',
        'if loss.name.endswith("_from_logits"): pass',
        'outputs = 1 if "binary" in value.name else 2',
        'match name:\n    case "tanh": pass',
    ],
)
def test_the_reader_of_sources_notices_each_way_to_ask(source):
    assert list(asked_by_name(ast.parse(source), {name for kind in KINDS for name in built_in(kind)}))


@pytest.mark.parametrize("source", ['Network(2, loss="hinge")', 'if node.primitive.name == "tanh": pass', 'name = "relu"'])
def test_the_reader_of_sources_lets_defaults_and_primitives_pass(source):
    assert not list(asked_by_name(ast.parse(source), {name for kind in KINDS for name in built_in(kind)}))


def test_what_is_built_in_is_written_as_its_kind_is() -> None:
    """One's own definitions are checked where they are made; these are checked here, so that no start waits for it."""
    for kind in KINDS:
        for definition in definitions(kind).values():
            check_definition(definition)
