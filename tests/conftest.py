"""One thread per process: idle OpenMP threads spin and starve their neighbours."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
