"""Reading an assignment's files."""

from pathlib import Path

import jupytext
import pytest

from autograder.authoring.percent import read_cells
from autograder.authoring.released import released_checks
from autograder.authoring.stub import solution_source, stub_source
from autograder.authoring.written import read_written
from autograder.errors import AuthoringError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(ROOT.glob("assignments/*/notebook.py"))


def written_to(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# notebook.py


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.parent.name)
def test_the_percent_format_is_read_as_jupytext_reads_it(path):
    cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    own = read_cells(path)
    assert [c.source for c in own] == [c.source for c in cells]
    assert [c.kind == "prose" or c.kind == "written" for c in own] == [
        c.cell_type == "markdown" for c in cells
    ]


TEXT = """# ---
# jupyter: {}
# ---

# %% [markdown]
# # Title
#
#     indented
# end

# %% tags=["setup"]
# %matplotlib inline
import torch

# %% exercise="conv2d"

# %% [markdown] written="why_flip"

# %%
x = 1


y = 2
"""


def test_cells_have_kinds_and_names(tmp_path):
    cells = read_cells(written_to(tmp_path, "notebook.py", TEXT))
    assert [(c.kind, c.source, c.name) for c in cells] == [
        ("prose", "# Title\n\n    indented\nend", ""),
        ("setup", "%matplotlib inline\nimport torch", ""),
        ("exercise", "", "conv2d"),
        ("written", "", "why_flip"),
        ("code", "x = 1\n\n\ny = 2", ""),
    ]


REFUSED = {
    "text before the first cell": (
        "x = 1\n# %%\n",
        "{path}: text before the first cell; start with '# %% [markdown]'.",
    ),
    "a title": (
        "# %% Title\n",
        "{path}, line 1: '# %% Title' is no marker; write '# %%' or '# %% [markdown]', "
        'then options such as exercise="name".',
    ),
    "a full placeholder": (
        '# %%\n\n# %% exercise="conv2d"\nx = 1\n',
        "{path}, line 3: the placeholder exercise='conv2d' is not empty; move its text "
        "to a cell of its own.",
    ),
    "code in prose": (
        "# %% [markdown]\n# text\nx = 1\n",
        "{path}, line 1: 'x = 1' is in a markdown cell; start it with '# '.",
    ),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_percent_format_is_refused(text, said, tmp_path):
    path = written_to(tmp_path, "notebook.py", text)
    with pytest.raises(AuthoringError) as caught:
        read_cells(path)
    assert str(caught.value) == said.format(path=path)


# checks.py for students

CHECKS = '''"""Checks."""

import torch

@f.case
def shown(f, rng):
    """Shown."""
    return f(1)


# a comment\x0c of the next case
@f.case(
    weight=2,
    hidden=True,
)
def concealed(f, rng):
    """Concealed."""
    return "a \u2028 line"
@f.case(hidden=False)
def also_shown(f, rng):
    """hidden=True in a docstring hides nothing."""
    return f(2)
@other.thing
@f.case(hidden=True)
def doubly(f, rng):
    """Concealed, too."""
'''

RELEASED = '''"""Checks."""

import torch

@f.case
def shown(f, rng):
    """Shown."""
    return f(1)


# a comment\x0c of the next case
@f.case(hidden=False)
def also_shown(f, rng):
    """hidden=True in a docstring hides nothing."""
    return f(2)
'''


def test_hidden_cases_are_cut_out_and_nothing_else():
    assert released_checks(CHECKS) == RELEASED


@pytest.mark.parametrize("path", sorted(ROOT.glob("assignments/*/checks.py")), ids=str)
def test_nothing_is_cut_where_nothing_is_hidden(path):
    source = path.read_text(encoding="utf-8").replace("hidden=True", "hidden=False")
    assert released_checks(source) == source


# reference.py

REFERENCE = '''
def f(x):
    """Document."""
    # a comment
    return x


class Layer:
    """A layer."""

    def __init__(self, n):
        self.n = n

    def forward(self, x):
        """Run."""
        y = x + 1
        return y


def g(x):
    y = x
    ### BEGIN SOLUTION
    y = y + 1
    ### END SOLUTION
    return y
'''

STUB = '''def f(x):
    """Document."""
    # YOUR CODE HERE
    raise NotImplementedError()


class Layer:
    """A layer."""

    def __init__(self, n):
        # YOUR CODE HERE
        raise NotImplementedError()

    def forward(self, x):
        """Run."""
        # YOUR CODE HERE
        raise NotImplementedError()


def g(x):
    y = x
    # YOUR CODE HERE
    raise NotImplementedError()
    return y'''


def test_the_stub_keeps_signature_docstring_and_scaffold(tmp_path):
    path = written_to(tmp_path, "reference.py", REFERENCE)
    assert stub_source(solution_source(path, ("f", "Layer", "g"))) == STUB


def test_a_function_that_the_reference_lacks_is_named(tmp_path):
    path = written_to(tmp_path, "reference.py", REFERENCE)
    with pytest.raises(AuthoringError) as caught:
        solution_source(path, ("f", "h"))
    assert str(caught.value) == (
        f"{path} does not define h at its top level; define it, or correct the "
        "exercise's name in checks.py."
    )


UNUSUAL_ENDS = {
    "after the last statement": "    return y\n    ### END SOLUTION\n\n\nz = 1\n",
    "after a comment": "    return y\n    # so\n\n    ### END SOLUTION\n",
}


@pytest.mark.parametrize("rest", UNUSUAL_ENDS.values(), ids=UNUSUAL_ENDS)
def test_a_marker_after_the_last_statement_ends_the_solution(rest, tmp_path):
    text = f"def f(x):\n    ### BEGIN SOLUTION\n    y = x\n{rest}"
    source = solution_source(written_to(tmp_path, "reference.py", text), ("f",))
    assert source.splitlines()[-1] == "    ### END SOLUTION"
    assert stub_source(source) == (
        "def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    )


def test_a_solution_that_is_not_closed_is_refused(tmp_path):
    text = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n\n\nz = 1\n"
    path = written_to(tmp_path, "reference.py", text)
    with pytest.raises(AuthoringError) as caught:
        solution_source(path, ("f",))
    assert str(caught.value) == (
        "f opens a solution that it does not close; add '### END SOLUTION' to it."
    )


# written.md


def test_written_answers_are_found_by_their_heading(tmp_path):
    text = "# why\nBecause.\n## Rubric\n- 1 point\n\n# how\nSo.\n## Rubric\n- 2\n"
    assert read_written(written_to(tmp_path, "written.md", text)) == {
        "why": "Because.\n## Rubric\n- 1 point",
        "how": "So.\n## Rubric\n- 2",
    }


def test_an_answer_without_a_rubric_is_refused(tmp_path):
    path = written_to(tmp_path, "written.md", "# why\nBecause.\n")
    with pytest.raises(AuthoringError) as caught:
        read_written(path)
    assert str(caught.value) == (
        f"{path}: the answer to 'why' has no '## Rubric' heading; say what each point "
        "is given for."
    )
