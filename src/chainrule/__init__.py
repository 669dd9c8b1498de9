"""A glass-box neural network: every number and every formula of back-propagation, shown step by step.

The public names stand in `__init__.pyi`. They are imported when they are first used, so that nobody waits for what is not needed.
"""

__version__ = "0.1.0"


def _homes() -> dict[str, str]:
    """The module of every public name, read out of the stub: `from module import name as name`."""
    with open(f"{__path__[0]}/__init__.pyi", encoding="utf-8") as stub:
        statements = stub.read().split("\nfrom ")[1:]
    return {name.split()[0].rstrip(","): statement.split()[0] for statement in statements for name in statement.split(" as ")[1:]}


_HOMES = _homes()

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'chainrule' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
