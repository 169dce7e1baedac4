"""What can go wrong, as one tree. Every message says what to do next.

AutograderError            something the user can mend; the command line exits with 2
├── AuthoringError         an assignment's files contradict the authoring guide
├── UnknownNameError       no assignment, exercise or case of that name
├── CourseDirectoryError   the course directory is missing or is not one
└── NotebookError          a notebook that cannot be read or lacks what is needed
"""


class AutograderError(Exception):
    """Something the user can mend: one line, with the next step."""


class AuthoringError(AutograderError):
    """An assignment's files contradict the authoring guide."""


class UnknownNameError(AutograderError):
    """No assignment, exercise or case of that name."""


class CourseDirectoryError(AutograderError):
    """The course directory is missing or is not one."""


class NotebookError(AutograderError):
    """A notebook that cannot be read, or lacks what is needed."""
