"""Where student code runs: a process without references, expected values or grades.

A warm process has imported what notebooks import and holds no secret. For each
submission it forks a child that locks itself in, runs the student's cells and then the
exercises. Bytes come out; nothing in here knows what they should be.
"""
