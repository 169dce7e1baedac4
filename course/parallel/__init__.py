"""Several processes at work for one notebook, and a rehearsal of them in threads.

    parallel.launch(work, 4)        work(rank) in 4 processes
    parallel.launch_gloo(work, 4)   work(net) in 4 processes that talk over gloo
    parallel.rehearse(work, 4)      work(net) in 4 threads: no network, no waiting
    parallel.shared(tensor)         a copy that launched processes have in common

The same `work(net)` runs in both; a rehearsal finds out at once when all wait for each
other. Left out: several machines, GPUs, Windows (which cannot fork a process).
"""

from course.parallel.gloo import launch_gloo
from course.parallel.network import Handle, Network
from course.parallel.processes import cpu_only, launch
from course.parallel.rehearsal import rehearse
from course.parallel.sharing import shared

__all__ = [
    "Handle",
    "Network",
    "cpu_only",
    "launch",
    "launch_gloo",
    "rehearse",
    "shared",
]
