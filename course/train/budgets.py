"""How long an experiment trains: as long as it takes, or just long enough to run.

A notebook is run from top to bottom by its students, who want the result, and by
tests, which want to know that it runs. Leaves out any limit in seconds.
"""

import os

SMALLEST = "COURSE_SMALLEST"


def budget(steps: int, smallest: int) -> int:
    """Number of steps (or epochs, episodes, images) that an experiment may take.

    Args:
        steps: what the experiment takes.
        smallest: what shows that it runs, where COURSE_SMALLEST is set.
    """
    return smallest if os.environ.get(SMALLEST) else steps
