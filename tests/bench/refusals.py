"""How often is a right answer refused? Alternatives against fresh seeds.

Usage: python tests/bench/refusals.py [SEEDS] [ASSIGNMENT ...]; prints JSON.
"""

import json
import sys

from autograder import catalogue
from autograder.decide import judge_exercise
from autograder.observe import observe_all
from autograder.pack import expect


def refusals(name: str, seeds: range) -> dict[str, list[str]]:
    """What was refused, by exercise and alternative, with seed and reason."""
    assignment = catalogue.find(name)
    found: dict[str, list[str]] = {}
    for exercise in assignment.checks.exercises.values():
        alternatives = assignment.alternatives(exercise)
        reference = assignment.reference(exercise)
        for seed in seeds:
            pack = expect(exercise, reference, f"refusals-{seed}")
            for slug, candidate in alternatives.items():
                if slug.startswith("oracle"):
                    continue
                runs = observe_all(exercise, candidate, f"refusals-{seed}", pack.given)
                seen = {(c.name, v.name): o for c, v, o in runs}
                for case in judge_exercise(exercise, pack, seen).cases:
                    if case.mismatch:
                        wrong = case.mismatch
                        line = f"{seed} {case.name} {case.variant}: {wrong.sentence}"
                        line += f" ({wrong.expected} / {wrong.got})"
                        found.setdefault(f"{exercise.name}__{slug}", []).append(line)
    return found


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    chosen = sys.argv[2:] or catalogue.names()
    print(json.dumps({n: refusals(n, range(count)) for n in chosen}, indent=1))
