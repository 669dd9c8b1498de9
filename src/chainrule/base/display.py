"""How the objects that people hold show themselves in Jupyter and marimo: a mixin that asks `render.objects` when it is shown."""

from __future__ import annotations


class Displayed:
    """Shows itself as Markdown with formulas, which both Jupyter and marimo understand; at Python's prompt its `repr` stands for it."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        from chainrule.render.objects import shown

        return shown(self)
