"""From a recorded step to a document that works it through, at any zoom."""

from __future__ import annotations

import itertools
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from chainrule.base.arrays import python_value
from chainrule.base.errors import DescriptionError, DivergenceError, InputError, UnknownNameError
from chainrule.base.frozen import replace
from chainrule.base.printing import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from chainrule.document.document import Document, Section
    from chainrule.explanation.context import Context
    from chainrule.explanation.sequence import OrderedRun
    from chainrule.steps.order import OrderLike
    from chainrule.steps.problem import Problem
    from chainrule.steps.step import Step

MOST_SIZES = 10
"""Sizes of layers that a title names before the last."""

LONGEST = 450
"""Lines of text; what would be longer is brief, where nobody said how long it should be."""

Detail: TypeAlias = Literal["overview", "matrix", "scalar"]
"""How close an explanation looks."""

MOST_STEPS = 100_000
"""Steps are computed one by one before the one that is explained; more are refused."""


def explain(
    subject: Problem | Step,
    *,
    detail: Detail | None = None,
    brief: bool = False,
    all: bool = False,
    weight: str | None = None,
    step: int | None = None,
    steps: int = 1,
    order: OrderLike | None = None,
    epochs: int | None = None,
    digits: int | None = None,
    exact: bool = False,
    mistakes: bool = False,
) -> Document:
    """A worked example of a training step.

    subject  a `Problem` (network, batch, optimiser) or a recorded `Step`
    detail   "overview", "matrix" or "scalar"; by default what the network's size allows
    brief    of what goes alike, one is worked out, and the others stand in tables; so are documents of more than 450 lines, but for
             those of built-in examples
    all      every weight and every sample is worked out; with no other detail said, in single numbers
    weight   one weight alone, with all its paths: "w1", "b2", "hidden1.W[2,3]"
    step     which step of the run to explain, from 1
    steps    how many steps to explain, one after the other
    order    the rows that each step learns from, in place of all of them: "1; 2; 3" goes sample by sample, "1 2; 3 4" by mini-batches; all
             steps are explained, and stand in a table, unless `step` or `steps` asks for some of them
    epochs   how often the order is gone through
    digits   significant digits of rounded numbers
    exact    fractions in place of rounded numbers
    mistakes at the end, which common mistakes would change a number here, and to what

    Raises InputError, UnknownNameError, InexactError.
    """
    if brief and all:
        raise InputError("brief leaves out what goes alike, and all leaves nothing out: choose one of them.")
    extent = "brief" if brief else "all" if all else "usual"
    shape: dict[str, Any] = {"detail": detail, "extent": extent, "digits": digits, "exact": exact}
    run: OrderedRun | None = None
    if order is None or step is not None or steps != 1:
        found = contexts(subject, step=step, steps=steps, order=order, epochs=epochs, **shape)
    else:
        run = _run(subject, order, epochs, exact)
        found = _ready(run.worked, **shape)
    document = _document(found, weight, run, mistakes=mistakes)
    if extent != "usual" or weight is not None or found[0].detail == "overview" or _is_example(found[0].step):
        return document
    return (
        _document([one.shortened() for one in found], weight, run, mistakes=mistakes) if str(document).count("\n") > LONGEST else document
    )


def _is_example(step: Step) -> bool:
    """Is it a step of a built-in example, which is short enough as it is?"""
    from chainrule.network.examples import EXAMPLES

    return step.origin.get("source") in EXAMPLES


def contexts(
    subject: Problem | Step,
    *,
    detail: Detail | None = None,
    extent: str = "usual",
    step: int | None = None,
    steps: int = 1,
    order: OrderLike | None = None,
    epochs: int | None = None,
    digits: int | None = None,
    exact: bool = False,
) -> list[Context]:
    """The steps that are to be explained, ready for it, and how much of them: "brief", "usual", "all". Else as of `explain`."""
    from chainrule.steps.step import Step, run_from, steps_after

    first = _positive("step", step if step is not None else 1)
    count = _positive("steps", steps)
    if isinstance(subject, Step):
        if order is not None or epochs is not None:
            raise _has_its_rows()
        recorded = list(itertools.islice(run_from(subject), count))
    else:
        run = subject.steps(exact=exact, order=order, epochs=epochs)
        recorded = list(itertools.islice(steps_after(run, first - 1, one_batch=order is None), count))
        if not recorded:
            raise InputError(f"the run ends before step {first}; with more «--epochs» it goes on.")
        _check_sensible(recorded[0])
    return _ready(recorded, detail, extent, digits, exact)


def _has_its_rows() -> InputError:
    return InputError("a recorded step has its own rows; leave out order and epochs.")


def _run(subject: Problem | Step, order: OrderLike, epochs: int | None, exact: bool) -> OrderedRun:
    from chainrule.explanation.sequence import taken
    from chainrule.steps.step import Step

    if isinstance(subject, Step):
        raise _has_its_rows()
    return taken(subject, order, epochs, exact)


def _ready(recorded: list[Step], detail: str | None, extent: str, digits: int | None, exact: bool) -> list[Context]:
    """Recorded steps, ready to be explained. Raises UnknownNameError, InputError."""
    from chainrule.explanation.context import LEVELS, Context, can_be_written

    if detail is not None and detail not in LEVELS:
        raise UnknownNameError("level of detail", detail, LEVELS)
    notation = recorded[0].network.notation
    if digits is not None:
        notation = replace(notation, digits=digits)
    if exact or recorded[0].exact:
        notation = replace(notation, exact=True)
    if extent == "all":
        detail = detail or "scalar"
        if not can_be_written(recorded[0], detail):
            raise _more_than_anybody_reads(recorded[0], detail)
    return [Context(one, detail or fitting_detail(one), notation, extent) for one in recorded]


def _more_than_anybody_reads(step: Step, detail: str) -> InputError:
    """Why not everything is printed, and what is there in its place."""
    samples = "one sample" if len(step.x) == 1 else f"each of {len(step.x):,} samples"
    how = "all worked out," if detail == "scalar" else "all printed,"
    return InputError(
        f"{counted(step.network.size, 'weight')} for {samples}, {how} are more than anybody reads; «--weight» works "
        f"through one weight, «--detail "
        "overview» shows how large everything is, and «-o step.json» holds every number."
    )


def _check_sensible(step: Step) -> None:
    """A later step of numbers that are none explains nothing. Raises DivergenceError."""
    import math

    if step.number > 1 and not step.exact and not math.isfinite(step.error):
        raise DivergenceError(
            f"before step {step.number} the numbers have left the range of floating point: "
            "choose an earlier «--step», or a smaller «--learning-rate»."
        )


def _positive(name: str, value: object) -> int:
    value = python_value(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_STEPS:
        raise DescriptionError(f"{name} must be a whole number from 1 to {MOST_STEPS}, not {value!r}.")
    return value


def fitting_detail(step: Step) -> str:
    """The closest look that still reads well: every number of a small network, matrices of a middling one, an overview of a large one."""
    parameters, widest = step.network.size, max(step.network.sizes)
    if parameters <= 30 and len(step.x) <= 8:
        return "scalar"
    return "matrix" if parameters <= 150 and widest <= 12 and len(step.x) <= 12 else "overview"


def _document(contexts: list[Context], weight: str | None, run: OrderedRun | None = None, *, mistakes: bool = False) -> Document:
    from chainrule.document.document import Document
    from chainrule.explanation.brackets import with_brackets_told
    from chainrule.explanation.colours import colours
    from chainrule.explanation.illustrations import with_illustrations

    context = contexts[0]
    if context.without_target and (weight is not None or len(contexts) > 1 or run is not None or context.step.number > 1):
        raise InputError(
            "nothing is learned from rows without a target: add it, or leave out «--weight», «--step», «--steps» and «--order»."
        )
    if run is not None:
        groups = _in_order(contexts, weight, run)
    else:
        groups = [_weight(context, weight) if weight is not None else with_illustrations(context, whole_sections(context))]
        groups += [_weight(later, weight)[1:] if weight is not None else [_further(later)] for later in contexts[1:]]
    if mistakes:
        from chainrule.explanation.mistakes import mistakes_section

        groups[-1] = [*groups[-1], mistakes_section(context)]
    sections = with_brackets_told(context.words, (section for group in groups for section in group))
    return Document(
        title=title(context),
        sections=tuple(sections),
        language=context.notation.language,
        decimal=context.notation.decimal,
        colours=colours(sections),
        programs=partial(_programs, contexts, groups, weight),
    )


def _in_order(contexts: list[Context], weight: str | None, run: OrderedRun) -> list[list[Section]]:
    """The sections of a run in an order: how it begins, its first steps, and all of it in tables."""
    from chainrule.explanation import sequence

    groups = [_weight(one, weight)[1:] if weight is not None else [sequence.step_section(one)] for one in contexts]
    groups[0] = [*sequence.opening_sections(contexts[0], run), *groups[0]]
    groups[-1] = [*groups[-1], sequence.closing_section(contexts[0], run)]
    return groups


def _programs(contexts: list[Context], groups: list[list[Section]], weight: str | None) -> tuple[str, ...]:
    from chainrule.explanation.programs import section_programs
    from chainrule.formula.stated import stated_operations

    if any(stated_operations(*(context.step.network.derivation.error for context in contexts))):
        return ()

    return section_programs(contexts, groups, weight)


def title(context: Context) -> str:
    """Of everything that explains the step."""
    if context.without_target:
        return context.plain("title.answer", name=_name(context))
    number = "" if context.step.number == 1 else context.plain("title.step", number=context.step.number)
    return f"{context.plain('title', name=_name(context))}{number}"


def _name(context: Context) -> str:
    """What the network is called: an example's name in the reader's language, the description's title, or its sizes."""
    origin = context.step.origin
    example = context.words.catalogue.get(f"example.{origin.get('source')}", "")
    if named := example or str(origin.get("title", "")):
        return named
    network = context.step.network
    if network.wiring.is_chain:
        sizes = network.summary.split("-")
        middle = [*sizes[:MOST_SIZES], "…", sizes[-1]] if len(sizes) > MOST_SIZES + 2 else sizes
        spoken_with_vowel = re.match(r"8|1[18](?!\d)", middle[0])  # an eight-three-one network
        return context.plain("title.network.vowel" if spoken_with_vowel else "title.network", sizes="-".join(middle))
    return context.plain("title.graph", inputs=", ".join(network.wiring.inputs), outputs=", ".join(network.wiring.outputs))


def whole_sections(context: Context, without: Container[str] = ()) -> list[Section]:
    """Every section in the order of the story; what a level of detail leaves out is None or a shorter one.

    without  keys of sections that are not wanted, and not made: "outcome", for one, takes longer than all others, since it simulates
    """
    made = (make(context) for key, make in _story(context) if key not in without)
    return [section for section in made if section is not None]


def _story(context: Context) -> Iterator[tuple[str, Callable[[Context], Section | None]]]:
    """What makes each section at this level of detail, with a key. In brief, what follows from other sections is left out."""
    from chainrule.explanation import answers, backward, forward, inside, outcome, rules, setting

    large, scalar = context.detail == "overview", context.detail == "scalar"
    if not scalar or context.brief:
        from chainrule.explanation import overview

    yield "network", setting.network_section
    yield "data", setting.data_section
    yield "forward", overview.forward_overview if large else forward.forward_section
    yield "answer", answers.answer_section
    if context.without_target:
        return
    yield "error", forward.error_section
    if scalar and not context.short:
        yield "expanded", forward.expanded_section
    yield "descent", rules.descent_section
    if scalar:
        yield "chain_rule", backward.chain_rule_section
    if scalar and not context.short:
        yield "closed_forms", backward.closed_forms_section
    yield "backward", overview.backward_overview if large else backward.matrix_form_section
    yield "inside", inside.inside_section
    yield "updates", overview.updates_overview if large else outcome.new_weights_section
    if not large:
        yield "second_pass", outcome.second_pass_section
    yield "outcome", outcome.outcome_section
    if not large and not context.short and not context.in_order:  # a step whose samples are followed by others is not repeated on its own
        yield "repeat", outcome.repeat_section
    if not scalar or context.brief:
        yield "left_out", overview.left_out_section


def _weight(context: Context, weight: str) -> list[Section]:
    from chainrule.explanation import illustrations, setting
    from chainrule.explanation import weight as one

    wanted = one.find_weight(context, weight)
    sections = illustrations.of_weight(context, one.weight_sections(context, wanted), wanted)
    if context.step.number > 1:
        sections = [
            replace(section, title=context.plain("weight.step", title=section.title, number=context.step.number)) for section in sections
        ]
    return [setting.network_section(context), *sections]


def _further(context: Context) -> Section:
    """A further step, shorter: forward pass, gradients, new weights, error. Where its samples are others, it says which."""
    from chainrule.document.document import Equations, Section
    from chainrule.explanation import forward, outcome, overview

    if context.in_order:
        from chainrule.explanation.sequence import step_section

        return step_section(context)
    if context.detail == "overview":
        blocks = (overview.forward_table(context), *overview.updates_overview(context).blocks[1:])
    else:
        lines = [context.matrix_line(quantity) for quantity in context.derivation.backward]
        blocks = (Equations(tuple(lines)), *outcome.new_weights_section(context).blocks[1:])
    passed = Equations(tuple(context.matrix_line(quantity) for quantity in context.derivation.quantities))
    error = Equations(forward.error_lines(context, context.before))
    start = (error,) if context.detail == "overview" else (passed, error)
    number = context.step.number
    intro = context.says("later.intro", number=number, before=number - 1)
    return Section(f"step{number}", context.plain("later.title", number=number), (intro, *start, *blocks))
