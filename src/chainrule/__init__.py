"""A glass-box neural network: every number and every formula of back-propagation, shown step by step.

The public names stand in `__init__.pyi`. They are imported when they are first used, so that nobody waits for what is not needed.
"""

__version__ = "0.1.0"


def _homes() -> dict[str, str]:
    """The module of every public name, read out of the stub: `from module import name as name`, perhaps indented."""
    with open(f"{__path__[0]}/__init__.pyi", encoding="utf-8") as stub:
        statements = stub.read().partition("\nclass ")[0].replace("\n    from ", "\nfrom ").split("\nfrom ")[1:]
    return {name.split()[0].rstrip(","): statement.split()[0] for statement in statements for name in statement.split(" as ")[1:]}


def __getattr__(name: str) -> object:
    homes = _homes()
    if name != "__all__" and name not in homes:
        raise AttributeError(f"module 'chainrule' has no attribute '{name}'")
    from importlib import import_module

    value = list(homes) if name == "__all__" else getattr(import_module(homes[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_homes()})
