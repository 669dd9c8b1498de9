"""The signatures of layers, and of definitions with options, as `cr.adam(learning_rate=0.01)`, for type checkers and for completion: made
of the functions that define them, and stored at the end of `__init__.pyi` by `scripts/help`; a test compares them.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

STUB = Path(__file__).parent.parent / "src" / "chainrule" / "__init__.pyi"
MADE = re.compile(r"(?<=# Signatures of definitions, made by scripts/help\n).*", re.DOTALL)
RATE = "float | str | Mapping[str, Any] | Definition | Bound"


def written(definition: Any, name: str) -> str:
    """The type of an option."""
    kind, default = definition.types[name], definition.options[name]
    if (definition.kind, name) == ("optimizer", "learning_rate"):
        return RATE
    if get_origin(kind) is Literal:
        return f"Literal{list(kind.__args__)!r}".replace("'", '"')
    return "bool" if isinstance(default, bool) else "str" if isinstance(default, str) else "float | None" if default is None else "float"


def signature(definition: Any) -> str:
    """Its options, then other names of them."""
    from chainrule.network.definitions import OPTION_NAMES

    own = [f"{name}: {written(definition, name)} = {default!r}" for name, default in definition.options.items()]
    called = {**OPTION_NAMES.get(definition.kind, {}), **definition.spelled}
    others = {
        other: name
        for other, name in called.items()
        if name in definition.options and other not in definition.options and other.isidentifier() and other != "lambda"
    }
    also = [f"{other}: {written(definition, name)} = ..." for other, name in others.items()]
    return ", ".join(["self", *own, *(["*", *also] if also else [])])


def layer_signature(kind: Any) -> str:
    """Its options, those of every layer, then other names of its own; what another name may say need not be said by this one."""
    from chainrule.network.layers import OTHER_NAMES

    others = {other: name for other, name in OTHER_NAMES.items() if name in kind.options and other not in kind.options}
    types = {one.name: "float" if get_origin(kind.types.get(one.name)) is Annotated else one.annotation for one in kind.parameters}

    def default(name: str) -> str:
        needed = kind.options[name] is inspect.Parameter.empty
        return f" = {'...' if needed else repr(kind.options[name])}" if not needed or name in others.values() else ""

    own = [f"{name}: {types[name]}{default(name)}" for name in kind.options]
    common = [
        "weights: Any = None", "initializer: Any = None", "frozen: Sequence[str] | bool = ()", "numbers: Mapping[str, Any] | None = None",
        'name: str = ""',
    ]  # fmt: skip
    return ", ".join(["self", *own, "*", *common, *(f"{other}: {types[name]} = ..." for other, name in others.items())])


def lines() -> Iterator[str]:
    """Where they are at home, for `__init__.py`; then a class and a name for each."""
    import chainrule as cr
    from chainrule.network.definitions import Definition
    from chainrule.network.layers import Kind

    known = {name: one for name in cr.__all__ if isinstance(one := getattr(cr, name), Definition) and one.options}
    kinds = {name: one for name in cr.__all__ if isinstance(one := getattr(cr, name), Kind)}
    homes: dict[str, list[str]] = defaultdict(list)
    for name, one in (known | kinds).items():
        homes[one.function.__module__].append(f"{name} as {name}")
    yield "if not TYPE_CHECKING:"
    yield from (f"    from {module} import {', '.join(sorted(names))}" for module, names in sorted(homes.items()))
    for name, one in sorted(known.items()):
        yield f'\nclass _{name}(Definition):\n    """{one.summary}"""\n'
        yield f"    @overload\n    def __call__({signature(one)}) -> Bound: ..."
        given = "Expression" if one.kind in ("activation", "loss", "regularizer") else "Any"
        yield f"    @overload\n    def __call__(self, first: Expression, /, *others: Expression, **options: Any) -> {given}: ..."
        yield f"\n{name}: _{name}"
    for name, kind in sorted(kinds.items()):
        yield f'\nclass _{name}(Kind):\n    """{kind.summary}"""\n'
        yield "    @overload\n    def __call__(self, first: Signal, /, *others: Signal, **options: Any) -> Signal: ..."
        yield f"    @overload\n    def __call__({layer_signature(kind)}) -> Layer: ..."
        yield f"\n{name}: _{name}"


if __name__ == "__main__":
    stub = STUB.read_text(encoding="utf-8")
    STUB.write_text(MADE.sub(lambda _: "\n".join(lines()) + "\n", stub), encoding="utf-8")
