"""The version of the course library, and how a notebook asks for one."""

from course.errors import ArgumentError, VersionError

__version__ = "0.1.0"


def require_version(minimum: str) -> None:
    """Stop with a next step if the installed course is older than `minimum`.

    Args:
        minimum: dotted numbers, for instance "0.1" or "1.2.3".

    Raises:
        VersionError: the installed course is older.
        ArgumentError: `minimum` is not dotted numbers.
    """
    if _numbers(__version__) < _numbers(minimum):
        raise VersionError(
            f"This notebook needs course {minimum} or newer, "
            f"but {__version__} is installed.\n"
            "Next step: install the newer course that came with the notebook "
            "(python -m pip install --upgrade, then the path of its wheel), "
            "then restart the kernel."
        )


def _numbers(version: str) -> tuple[int, ...]:
    """Turn "0.1" into (0, 1, 0), so that "0.1" and "0.1.0" are the same."""
    parts = version.split(".")
    if not all(part.isdecimal() for part in parts):
        raise ArgumentError(
            "A version is dotted numbers such as '0.1' or '1.2.3', "
            f"but require_version got {version!r}.\n"
            "Next step: write the version that the notebook needs."
        )
    numbers = [int(part) for part in parts]
    return tuple(numbers + [0] * (3 - len(numbers)))
