"""Training: a loop, what it reports, and where it runs.

`fit` trains and returns a `History`; `score` measures.
"""

from course.train.budgets import budget
from course.train.devices import no_spin, pick_device
from course.train.history import History
from course.train.loop import fit
from course.train.scoring import score
from course.train.seeding import seed_all

__all__ = ["History", "budget", "fit", "no_spin", "pick_device", "score", "seed_all"]
