"""Checking a whole notebook on the student's own machine, as grading will run it.

Needs what Jupyter brings (IPython), and neither nbgrader nor a jail: the code is the
student's own. It runs in a process of its own all the same, so that what hangs or
crashes ends there. Leaves out hidden cases and grading's own inputs, which are not in a
release, and the limits on memory, files and the network.
"""
