"""Exit codes: what a script may rely on, in one place."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended; `meaning` says it in a sentence."""

    meaning: str

    OK = 0, "All is well."
    WRONG = 1, "It ran, and what it looked at is not as it should be."
    REFUSED = 2, "It could not be done, in part or at all; the message says why."
    STOPPED = 130, "Stopped by Ctrl-C; what was done until then is kept."

    def __new__(cls, code: int, meaning: str) -> "Exit":
        """A number with its sentence."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made
