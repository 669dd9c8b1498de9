"""A template that is filled in rightly is right; as it is printed, there is nothing to be judged in it."""

import ast

import pytest
from tests.samples import some

from chainrule.base.errors import UnknownNameError
from chainrule.checking.evidence import probes
from chainrule.checking.judgement import judge
from chainrule.learners.sandbox import Refusal
from chainrule.learners.source import source_of
from chainrule.learners.submission import understood
from chainrule.learners.templates import SOLUTIONS, template


@pytest.mark.parametrize("style", some(SOLUTIONS, 3))
def test_filled_in_it_is_right(style, sandbox):
    submission = understood(source_of(SOLUTIONS[style], f"{style}.py"), sandbox)
    assert judge(submission.observe(probes(submission.architecture)), submission.architecture).passed


@pytest.mark.parametrize("style", some(SOLUTIONS, 4))
def test_as_it_is_printed_it_reads_and_holds_no_solution(style, sandbox):
    opened = template(style)
    ast.parse(opened)
    assert opened.count("...  # yours") == SOLUTIONS[style].count("# yours") > 3
    with pytest.raises(Refusal):
        understood(source_of(opened, f"{style}.py"), sandbox)


def test_a_style_that_is_none_is_told():
    with pytest.raises(UnknownNameError, match="Did you mean 'functions'"):
        template("functoins")
