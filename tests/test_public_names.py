"""The public names: complete, honest about where they come from, and free of charge until they are used."""

import ast
import importlib
import inspect
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from tests.samples import built_in

import chainrule as cr
from chainrule.base.errors import ChainruleError
from chainrule.network.definitions import KINDS, definitions

SHADOWED = {("schedule", "constant")}
"""Names that something else has: `cr.constant` is the initialiser; a rate that stays the same is a number."""


def stub():
    """The names that the stub file imports, each with its module."""
    tree = ast.parse(Path(cr.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [(alias.asname, node.module) for node in sorted(imports, key=lambda node: node.lineno) for alias in node.names if alias.asname]


@pytest.mark.parametrize("name", cr.__all__)
def test_every_name_is_there(name):
    assert getattr(cr, name) is not None
    assert name in dir(cr)


def test_no_name_is_listed_twice():
    assert [name for name, _ in stub()] == cr.__all__


def test_type_checkers_see_the_same_objects():
    for name, module in stub():
        assert getattr(cr, name) is getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_built_in_definition_is_public(kind):
    for name in built_in(kind):
        assert (kind, name) in SHADOWED or getattr(cr, name) is definitions(kind)[name]
    assert callable(getattr(cr, kind))


def test_where_an_activation_and_a_primitive_share_a_name_the_activation_wins():
    assert cr.tanh is definitions("activation")["tanh"]
    assert cr.absolute is definitions("loss")["absolute"]


@pytest.mark.parametrize("name", ["adam", "tanh", "huber", "step_decay", "l2", "he_normal", "dense", "join"])
def test_a_definition_says_what_it_is_and_takes(name):
    found = getattr(cr, name)
    assert found.__doc__ == found.function.__doc__ != type(found).__doc__
    parameters = inspect.signature(found).parameters
    assert list(found.options) == list(parameters)[: len(found.options)]
    assert all(one.default in (found.options[key], inspect.Parameter.empty) for key, one in parameters.items() if key in found.options)


def test_a_class_says_what_it_takes():
    assert list(inspect.signature(cr.Plan).parameters)[:3] == ["epochs", "batch_size", "seed"]
    assert inspect.signature(cr.Plan).parameters["epochs"].default == cr.Plan().epochs
    assert next(iter(inspect.signature(cr.Step).parameters)) == "network"


MISTAKES = """
import chainrule as cr

step = cr.problem("seed").step()
step.explain(detail="scalr")
cr.explain(step, detail="scalar", digit=3)
cr.train("flowers.csv", target="species", precision="float16")
cr.train("flowers.csv", target="species", impute="meen")
joined = cr.Network({"x": 1, "v": 1}, lambda x, v: cr.join(cr.dense(3)(x), cr.dense(2)(v)))
cr.dense(3).without_number("W")
cr.adam(learning_rat=0.1)
cr.leaky_relu(slope="steep")
cr.dense(3, cr.leaky_relu(0.2), initializer=cr.normal(deviation=0.1))
cr.train("flowers.csv", optimizer=cr.adam(cr.cosine(rate=0.1, steps=50), beta1=0.8, clip_norm=1.0), regularizer=cr.l2(λ=0.1))
cr.sgd(lr=0.1)
cr.dense(3, bia=False)
cr.lstm(units="many", return_sequences=True)
cr.Network(cr.image(8, 8), cr.conv(filters=4, kernel_size=3), cr.max_pool(2), cr.flatten(), cr.dense(10, "softmax", use_bias=False))


@cr.activation
def mine(z: cr.Expression) -> cr.Expression:
    return cr.leaky_relu(z, slope=0.3)
"""


def test_mistakes_are_errors_of_types(tmp_path):
    (tmp_path / "mine.py").write_text(MISTAKES, encoding="utf-8")
    settings = Path(__file__).parent.parent / "pyproject.toml"
    command = [sys.executable, "-m", "mypy", "--config-file", settings, tmp_path / "mine.py"]
    run = subprocess.run(command, cwd=settings.parent, capture_output=True, text=True, check=False)
    found = [int(line.split(":")[1]) for line in run.stdout.splitlines() if "mine.py:" in line and ": error:" in line]
    assert found == [5, 6, 7, 8, 10, 11, 12, 16, 17], run.stdout + run.stderr


def test_the_signatures_of_definitions_are_those_of_their_functions():
    root = Path(__file__).parent.parent
    signatures = runpy.run_path(str(root / "docs" / "signatures.py"))
    stored = signatures["MADE"].search((root / "src" / "chainrule" / "__init__.pyi").read_text(encoding="utf-8"))
    assert ast.dump(ast.parse(stored[0])) == ast.dump(ast.parse("\n".join(signatures["lines"]()))), "run scripts/help"


def test_every_error_is_public():
    def below(error):
        return {error, *(deeper for child in error.__subclasses__() for deeper in below(child))}

    assert {error.__name__ for error in below(ChainruleError)} <= set(cr.__all__)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'Netwrk'"):
        cr.Netwrk  # noqa: B018  # asking is what is tested


def run(program):
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600)
    return set(ended.stdout.split())


def test_the_package_itself_imports_nothing_heavy():
    loaded = run("import sys; before = set(sys.modules); import chainrule; print(*(set(sys.modules) - before))")
    assert loaded == {"chainrule"}


def test_formulas_are_written_without_numpy():
    assert "numpy" not in run("import sys, chainrule as cr; cr.exp, cr.tanh, cr.half_squared, cr.sgd, cr.Notation; print(*sys.modules)")


def test_the_six_lines_of_the_interface():
    network = cr.Network(2, cr.dense(2, bias=False), cr.dense(1, bias=False), loss=cr.half_squared())
    network = network.with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.16])
    step = network.step(x=[[8, 12]], t=[[4]], optimizer=cr.sgd(0.05))
    assert step.gradients["W1"].shape == (2, 2)
    assert step.after.prediction.item() == pytest.approx(13.92444348915712, rel=1e-12)


MATHEMATICS = {"primitives", "expression", "reductions", "activations", "losses", "layers", "spatial", "initializers", "schedules"}
"""A formula may be a row of the table, a definition and a layer under its one name: relu, mean, add."""

ENDS = {"cli", "api"}
"""What is called from outside has the name of what it hands on to: the command train, `cr.explain`."""


def test_a_name_of_the_source_means_one_thing():
    homes: dict[str, set[Path]] = {}
    for path in sorted(Path(cr.__file__).parent.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            name = node.name if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else alias_of(node)
            if name and not name.startswith("_"):
                homes.setdefault(name, set()).add(path)
    for name, paths in homes.items():
        others = {
            path for path in paths if path.stem not in MATHEMATICS and path.parent.name != "cli"
        }  # commands are called as functions are
        assert len(others) <= 1 or name == "explain", (name, sorted(map(str, paths)))
    assert len(homes) > 2000


def alias_of(node):
    """The name that a type gets in a line of its own."""
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
            return name
    return ""
