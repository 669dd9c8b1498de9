"""What is raised where machine code is not to be had."""

from chainrule.errors import InputError


class NotCompilable(InputError):
    """There is no machine code for this network here; says why in a line. The engine `written` computes the same."""
