"""The commands. Each is defined when it is asked for, and imports what it needs when it runs, so that none pays for another."""

from __future__ import annotations

from importlib import import_module

import click

from chainrule import __version__
from chainrule.cli.options import Ending, Sectioned

CONTEXT = {"help_option_names": ["-h", "--help"]}

START_EXAMPLES = """\b
Start with
  chainrule explain                              the worked example
  chainrule explain 2-3-1 --input "1 2"          a network of your own
  chainrule code mazur                           the same as a NumPy program
  chainrule train flowers.csv --target species   a model from your own data
"""

HOMES = {
    "explain": ("explain",),
    "train": ("train", "sweep", "evaluate", "predict", "info"),
    "tools": ("figure", "page", "open", "doctor", "check", "code", "examples", "completion"),
}
"""In which module of `chainrule.cli` each command is defined."""


class _Commands(Ending, click.Group):
    """The commands; those of a module are defined when one of them, or the list of all, is asked for."""

    command_class = Sectioned

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all."""
        for home in HOMES:
            self._define(home)
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        for home, names in HOMES.items():
            if cmd_name in names:
                self._define(home)
        return super().get_command(ctx, cmd_name)

    def _define(self, home: str) -> None:
        for command in import_module(f"chainrule.cli.{home}").COMMANDS:
            self.add_command(command)


@click.group(cls=_Commands, context_settings=CONTEXT, epilog=START_EXAMPLES)
@click.version_option(__version__, message="chainrule %(version)s")
def chainrule() -> None:
    """A glass-box neural network: every number and every formula of back-propagation, shown step by step."""
