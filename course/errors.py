"""Every error that the course library raises on purpose.

    CourseError
    ├── VersionError         the installed course is older than a notebook needs
    ├── ArgumentError        a call that cannot mean anything (also a ValueError)
    ├── MissingPackageError  an optional package is not installed (also an ImportError)
    ├── DataError
    │   ├── MissingDataError     a data set is not on this machine
    │   └── DamagedDataError     a file is there, but is not what it should be
    ├── CheckpointError      a checkpoint that does not belong to this run
    └── ProcessError         workers that did not do their part
        ├── TimeLimitError       processes not done in time (also a TimeoutError)
        └── DeadlockError        workers that all wait for each other

A message says what was expected, what came and where, then the next step.
"""


class CourseError(Exception):
    """Base of all errors of the course library."""


class VersionError(CourseError):
    """The installed course is older than a notebook needs."""


class ArgumentError(CourseError, ValueError):
    """A call that cannot mean anything."""


class MissingPackageError(CourseError, ImportError):
    """An optional package is not installed."""


class DataError(CourseError):
    """A data set cannot be had."""


class MissingDataError(DataError):
    """A data set is not on this machine and was not downloaded."""


class DamagedDataError(DataError):
    """A file of a data set is there, but is not what it should be."""


class CheckpointError(CourseError):
    """A checkpoint that cannot be read or does not belong to this run."""


class ProcessError(CourseError):
    """Workers that did not do their part."""


class TimeLimitError(ProcessError, TimeoutError):
    """Processes that were not done in time."""


class DeadlockError(ProcessError):
    """Workers that all wait for each other."""
