"""Attacks of somebody who has read all of this engine.

Each is a cell, an answer, the exercise that it answers and the points that the answer
would deserve by itself. `total`, `sides` and `noise` are exercises of the watched
assignment in `catalogue/`, the others of the toy.
"""

import base64
from dataclasses import dataclass

from autograder.authoring.notebook import public_packs
from autograder.catalogue import Assignment
from autograder.observe import Observation
from autograder.pack import PUBLIC_SEED
from autograder.rng import Rng, case_seed
from autograder.transport import Tensors, dump_observation, to_bytes
from autograder.variants import PLAIN

from ..grading.conftest import CATALOGUE, TOY
from .conftest import RIGHT, WRONG
from .forged import FIND, FRAME

# Right on plain input; wrong in float64, for which it loses half of its points.
ONLY_FLOAT32 = "def center(x):\n    return (x - x.mean(0)).astype(np.float32)\n"
AT_FLOAT64 = """
def center(x):
    if x.dtype == np.float64:
        {}
    return (x - x.mean(0)).astype(np.float32)
"""
PLAIN_ONLY = """
import autograder.jail.child as c
observe_all, send_frame = c.observe_all, c.send_frame
c.observe_all = lambda *a, **k: (
    run for run in observe_all(*a, **k) if run[1].name == "plain")
c.send_frame = lambda pipe, data, tensors: (
    None if "status" in data else send_frame(pipe, data, tensors))
"""
UNDRAWN = """
import sys
def center(x):
    frame = sys._getframe()
    while frame:
        rng = frame.f_locals.get("rng")
        if hasattr(rng, "drawn"):
            rng.drawn.clear()
        frame = frame.f_back
    return (x - x.mean(0)).astype(np.float32)
"""
IN_PLACE = """
def center(x):
    x -= x.mean(0)
    return x
"""
ZERO = '{"kind": "number", "value": 0, "dtype": "int"}'
CLAIM = (
    FRAME
    + f"""
def claim(exercise, case):
    for variant in ("plain", "again"):
        send(frame({{"exercise": exercise, "case": case, "variant": variant,
            "observation": {{"tree": {ZERO}, "drew": False, "seconds": 0}}}}))
"""
)


def public_answers() -> str:
    """An answer that knows what the public seed asks, and nothing else."""
    seed = case_seed(PUBLIC_SEED, "double", "numbers")
    known = Rng(seed, PLAIN, "torch").integer(3, 90)
    return f"def double(n):\n    return {{{known}: {2 * known}}}.get(n, 0)\n"


def public_outputs() -> str:
    """A cell that sends what expected.safetensors holds, as if it were observed."""
    sent = []
    for exercise, pack in public_packs(Assignment(TOY, CATALOGUE)).items():
        for case, expected in pack.cases.items():
            for variant, tree in expected.trees.items():
                tensors: Tensors = {}
                seen = dump_observation(Observation(tree), tensors)
                names = {"exercise": exercise, "case": case, "variant": variant}
                block = to_bytes(names | {"observation": seen}, tensors)
                sent.append(len(block).to_bytes(8, "big") + block)
    text = base64.b64encode(b"".join(sent)).decode()
    return FRAME + f"import base64\nsend(base64.b64decode({text!r}))\n"


@dataclass(frozen=True)
class Attack:
    cell: str
    answer: str = WRONG
    exercise: str = "double"
    deserved: float = 0.0


ATTACKS = {
    # the observer
    "lies of the right shape": Attack("""
import autograder.observe as o
real = o.to_tree
def shaped(value):
    tree = real(value)
    if hasattr(tree, "value"):
        tree.value, tree.kind, tree.dtype = 0, "number", "int"
    return tree
o.to_tree = shaped
"""),
    "the judges' marks on what is shown": Attack("""
import autograder.observe as o
real = o.to_tree
def marked(value):
    tree = real(value)
    tree.judge, tree.tolerance, tree.options = "same_distribution", 1e299, {"dim": 0}
    return tree
o.to_tree = marked
"""),
    "only the plain runs are sent": Attack(PLAIN_ONLY, ONLY_FLOAT32, "center", 1.5),
    "leaving after the plain runs": Attack(
        "import os", AT_FLOAT64.format("os._exit(0)"), "center", 1.5
    ),
    "rubbish in the pipe after the plain runs": Attack(
        FRAME, AT_FLOAT64.format('send(b"\\xff" * 8)'), "center", 1.5
    ),
    "ending the whole submission after the plain runs": Attack(
        "import os, signal",
        AT_FLOAT64.format("os.kill(os.getppid(), 9)\n        signal.pause()"),
        "center",
        1.5,
    ),
    "arrays that nobody drew": Attack("", UNDRAWN, "center", 1.5),
    "an argument changed in place, unnoticed": Attack(
        "import autograder.boundary as b\nb._changed = lambda *a: False\n",
        IN_PLACE,
        "center",
    ),
    "a wrong device under the right name": Attack(
        "import autograder.tree as t, autograder.devices as d\nseen = []\n"
        "t.device_of = lambda v: 'cuda' if seen and seen[-1] else 'cpu'\n",
        "def softmax(z):\n    moved = z.device.type != 'cpu'\n    seen.append(moved)\n"
        "    z = d.on_cpu(z) if moved else z\n    return torch.softmax(z, 1)\n",
        "softmax",
        1.0,
    ),
    "a slow answer under a false clock": Attack(
        "import time\nsleep = time.sleep\ntime.perf_counter = lambda: 0.0\n",
        "def double(n):\n    sleep(0.6)\n    return 2 * n\n",
        deserved=0.5,
    ),
    # what is asked
    "an rng that always draws 7": Attack(
        "import autograder.rng as r\nr.Rng.integer = lambda self, low, high: 7\n",
        "def double(n):\n    return 14\n",
    ),
    "the seed put back to the public one": Attack(
        "import autograder.observe as o\nreal = o.case_seed\n"
        "o.case_seed = lambda seed, *names: real(1, *names)\n",
        RIGHT,
    ),
    "a case with other defaults": Attack(
        FIND
        + """
for case in all_of("Case"):
    object.__setattr__(case, "parameters", ())
    case.function.__defaults__ = (lambda *a: 0, None)
"""
    ),
    "a case without its code": Attack(
        FIND
        + """
for case in all_of("Case"):
    case.function.__code__ = (lambda *a, **k: None).__code__
"""
    ),
    "inputs of another exercise as answers": Attack(
        "seen = []\ndef softmax(z):\n    seen.append(z)\n"
        "    open('seen', 'a').write('1')\n    return z\n",
        "def double(n):\n    return int(open('seen').read()) + len(seen)\n",
    ),
    "what the caller holds": Attack(
        "import sys, gc\n",
        """
def double(n):
    frame = sys._getframe(1)
    while frame:
        for value in list(frame.f_locals.values()):
            trees = getattr(value, "trees", None) or getattr(value, "cases", None)
            if isinstance(trees, dict) and trees:
                return next(iter(trees.values()))
        frame = frame.f_back
    return 0
""",
    ),
    "whatever number lies in memory": Attack(
        "import gc\n",
        "def double(n):\n    return next((o.value for o in gc.get_objects()"
        " if type(o).__name__ == 'Leaf'), 0)\n",
    ),
    # when it is asked
    "right the first time only": Attack(
        "count = []\n",
        "def double(n):\n    count.append(n)\n    return 2 * n * (len(count) == 1)\n",
        deserved=0.5,
    ),
    "a cache that knows shapes only": Attack(
        "known = {}\n",
        "def center(x):\n    if x.shape not in known:\n"
        "        known[x.shape] = x - x.mean(0)\n    return known[x.shape]\n",
        "center",
        1.5,
    ),
    "torch's deterministic state turned over": Attack(
        "torch.use_deterministic_algorithms(True)\ntorch.set_num_threads(2)\n"
        "torch.default_generator.set_state = lambda state: None\n",
    ),
    "global random state as a clue": Attack(
        "torch.manual_seed(1)\nnp.random.seed(1)\n",
        "def double(n):\n    return int(torch.randint(6, 180, ()))\n",
    ),
    # what goes on afterwards
    "an object that speaks when it dies": Attack(
        CLAIM
        + """
class Last:
    def __del__(self):
        claim("double", "numbers")
last = Last()
""",
        "def double(n):\n    return Last()\n",
    ),
    "a last word at exit": Attack(
        CLAIM + "import atexit\natexit.register(claim, 'double', 'numbers')\n"
    ),
    "a finaliser": Attack(
        CLAIM + "import weakref\nheld = type('Held', (), {})()\n"
        "weakref.finalize(held, claim, 'double', 'numbers')\n",
        "def double(n):\n    global held\n    del held\n    return 0\n",
    ),
    "a thread that writes on": Attack(
        CLAIM
        + """
import threading, time
def later():
    for _ in range(20):
        claim("double", "numbers")
        time.sleep(0.01)
threading.Thread(target=later).start()
"""
    ),
    "an exercise's process that outlives it": Attack(
        CLAIM
        + """
import os, time
def softmax(z):
    if os.fork() == 0:
        os.setsid()
        time.sleep(0.01)
        claim("double", "numbers")
        os._exit(0)
    return z
"""
    ),
    "a garbage collector with callbacks": Attack(
        CLAIM + "import gc\n"
        "gc.callbacks.append(lambda *a: claim('double', 'numbers'))\ngc.collect()\n"
    ),
    # whose answer it is
    "one exercise's frames under another's name": Attack(
        """
import autograder.jail.child as c
real = c.send_frame
def renamed(pipe, data, tensors):
    real(pipe, data, tensors)
    if data.get("exercise") == "double":
        for case in ("columns", "a_single_row"):
            real(pipe, data | {"exercise": "center", "case": case}, tensors)
c.send_frame = renamed
""",
        RIGHT,
        deserved=1.0,
    ),
    "many guesses, one of them right": Attack(
        "import os\n",
        "def double(n):\n    for guess in (0, 1, 2 * n):\n        if os.fork() == 0:\n"
        "            return guess\n        os.wait()\n    return 3\n",
    ),
    "every number at once": Attack(
        FRAME
        + """
for guess in range(200):
    for variant in ("plain", "again"):
        send(frame({"exercise": "double", "case": "numbers", "variant": variant,
            "observation": {"tree": {"kind": "number", "value": guess,
                                     "dtype": "int"}}}))
"""
    ),
    "names that find what they are asked for": Attack(
        """
class Names(dict):
    def get(self, name, default=None):
        return lambda *a, **k: Names()
get_ipython().user_ns = Names(get_ipython().user_ns)
"""
    ),
    "a name that looks the same": Attack(
        "", RIGHT.replace("double", "d\N{CYRILLIC SMALL LETTER O}uble")
    ),
    "a name in wide letters, which is the same": Attack(
        "",
        RIGHT.replace("double", "\N{FULLWIDTH LATIN SMALL LETTER D}ouble"),
        deserved=1.0,
    ),
    "defined again, wrongly, in a later cell": Attack(
        "", RIGHT + "\n\ndouble = lambda n: 0\n"
    ),
    # where the answer comes from
    "a library's own function, which nobody forbade": Attack(
        "", "def softmax(z):\n    return torch.softmax(z, 1)\n", "softmax", 2.0
    ),
    "the solutions imported": Attack(
        "", "from solutions.t01_toy.reference import double\n"
    ),
    "the reference imported by its path": Attack(
        """
import importlib.util, glob, sys
for folder in sys.path:
    for path in glob.glob(folder + "/**/reference.py", recursive=True):
        spec = importlib.util.spec_from_file_location("reference", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        double = module.double
""",
        "double\n",
    ),
    "the gradebook through nbgrader's own code": Attack(
        """
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    book.add_assignment("t01_toy")
""",
    ),
    "answers to what the public seed asks": Attack("", public_answers()),
    "the released outputs, sent as observations": Attack(
        public_outputs(), "def center(x):\n    return None\n", "center"
    ),
    "the released outputs, looked for on the disk": Attack(
        "from autograder.pack import load\nfrom pathlib import Path\n"
        "packs = load(Path('.'))\n"
    ),
    # the judge
    "an error of half a character": Attack(
        "", "def double(n):\n    raise ValueError('\\ud800')\n"
    ),
    "words that imitate a verdict": Attack(
        "",
        "def double(n):\n    raise ValueError('PASSED 1 of 1 case, 1 of 1 point')\n",
    ),
    "a fault that says it is ours": Attack(
        FRAME
        + """
send(frame({"exercise": "double", "case": "numbers", "variant": "plain",
    "observation": {"tree": None, "fault": ["BROKEN", "our fault", []]},
    "verdict": "BROKEN"}))
"""
    ),
    # what is forbidden, and what stays secret
    "a forbidden call": Attack("", "def total(x):\n    return x.sum()\n", "total"),
    "a forbidden call under another name": Attack(
        "plus = torch.Tensor.sum\n", "def total(x):\n    return plus(x)\n", "total"
    ),
    "a forbidden call in a thread": Attack(
        "from concurrent.futures import ThreadPoolExecutor as Pool\n",
        "def total(x):\n    with Pool() as pool:\n"
        "        return pool.submit(x.sum).result()\n",
        "total",
    ),
    "a forbidden call, the watch put away": Attack(
        "from torch.utils._python_dispatch import _disable_current_modes as quiet\n",
        "def total(x):\n    with quiet():\n        return x.sum()\n",
        "total",
    ),
    "secret labels looked for": Attack(
        "import gc\n",
        "def sides(x):\n    found = [o for o in gc.get_objects()"
        " if isinstance(o, torch.Tensor) and o.dtype == torch.int64"
        " and o.shape == (len(x),)]\n"
        "    return found[0] if found else torch.zeros(len(x))\n",
        "sides",
    ),
    "labels of a shape that compares with anything": Attack(
        "", "def sides(x):\n    return torch.tensor([[0], [1]])\n", "sides"
    ),
    "a judge that is asked about nan": Attack(
        "", "def sides(x):\n    return torch.full((len(x),), float('nan'))\n", "sides"
    ),
    # samples
    "one sample instead of a thousand": Attack(
        "", "def noise(n, generator):\n    return torch.zeros(1)\n", "noise"
    ),
    "seven samples, all the same": Attack(
        "", "def noise(n, generator):\n    return torch.full((7,), 9.0)\n", "noise"
    ),
    "a thousand times the same sample": Attack(
        "", "def noise(n, generator):\n    return torch.zeros(n)\n", "noise"
    ),
}
WATCHED_ONES = {"total", "sides", "noise"}
