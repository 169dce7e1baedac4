"""Ways to be given points for a wrong answer: a cell before it, or the answer itself.

`double` is to return twice a number. `np` and `torch` are imported.
"""

FRAME = """
import json, os
from safetensors.torch import save
def frame(data, tensors={}):
    text = json.dumps(data).encode()
    body = len(text).to_bytes(8, "big") + text + save(tensors)
    return len(body).to_bytes(8, "big") + body
def send(block):
    for fd in range(3, 64):
        try:
            while block:
                block = block[os.write(fd, block):]
        except OSError:
            pass
"""
FIND = "import gc\ndef all_of(name):\n    return [o for o in gc.get_objects()"
FIND += " if type(o).__name__ == name]\n"

# goal: a cell that runs before the wrong answer
CELLS = {
    "a display formatter that prints the points": """
get_ipython().display_formatter.formatters["text/plain"].for_type(
    int, lambda v, p, c: p.text("1"))
""",
    "an AST transformer that empties what comes": """
import ast
class Empty(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        node.body = ast.parse("return 2 * n").body if node.name == "x" else node.body
        return node
get_ipython().ast_transformers.append(Empty())
""",
    "an input transformer that adds a success": """
get_ipython().input_transformers_cleanup.append(lambda lines: lines + ["1\\n"])
""",
    "a replaced showtraceback": """
get_ipython().showtraceback = lambda *a, **k: print(1)
get_ipython().set_custom_exc((BaseException,), lambda *a, **k: print(1))
""",
    "hooks around every cell": """
get_ipython().events.register("post_run_cell", lambda r: setattr(r, "success", True))
get_ipython().run_cell = lambda *a, **k: None
""",
    "torch's comparisons always agree": """
torch.equal = torch.allclose = lambda *a, **k: True
torch.Tensor.__eq__ = lambda a, b: True
np.array_equal = np.allclose = lambda *a, **k: True
""",
    "builtins that lie": """
import builtins
builtins.isinstance = lambda *a: True
builtins.abs = builtins.max = builtins.len = lambda *a, **k: 0
""",
    "the judge patched inside the jail": """
import autograder.judge, autograder.decide, autograder.assess
autograder.judge.compare = autograder.assess.compare = lambda *a, **k: None
autograder.decide.judge_exercise = None
""",
    "the scores patched inside the jail": """
import autograder.verdicts as v
v.ExerciseResult.score = property(lambda self: 1.0)
v.CaseResult.share = property(lambda self: 1.0)
""",
    "an observer that lies about everything": """
import autograder.observe as o, autograder.jail.child as c
real = o._observe
def lying(*a, **k):
    seen = real(*a, **k)
    seen.drew, seen.fault, seen.seconds = False, None, -1e9
    return seen
o._observe = lying
""",
    "no observation at all": """
import autograder.jail.child as c
c.observe_all = lambda *a, **k: iter(())
c.dump_observation = lambda *a, **k: {}
""",
    "a send_frame that says passed": """
import autograder.jail.child as c, autograder.jail.job as j
real = j.send_frame
def send(fd, data, tensors):
    real(fd, data | {"verdict": "PASSED", "score": 1, "points": 1, "passed": True}, {})
c.send_frame = j.send_frame = send
""",
    "a send_frame that loses failures": """
import autograder.jail.child as c
c.send_frame = lambda *a, **k: None
""",
    "a clock that stands still": """
import time
time.perf_counter = time.monotonic = time.time = lambda: 0.0
""",
    "a clock of letters": """
import time
time.perf_counter = time.monotonic = lambda: "nan"
""",
    "tracebacks without an error": """
import sys, traceback, linecache
import autograder.faults as f, autograder.observe as o
traceback.walk_tb = None
f.fault_of = o.fault_of = lambda *a: None
sys.excepthook = lambda *a: None
""",
    "no profile hook and no modes": """
import sys, threading
sys.setprofile = lambda *a: None
import autograder.watch as w, autograder.observe as o
from contextlib import contextmanager
@contextmanager
def none(*a, **k):
    yield set()
w.forbidden_calls = o.forbidden_calls = none
""",
    "poisoned modules": """
import sys, types
for name in [n for n in sys.modules if n.startswith(("checks", "autograder"))]:
    sys.modules[name] = types.ModuleType(name)
""",
    "cases thrown away": FIND + "for e in all_of('Exercise'):\n    e.cases.clear()\n",
    "exercises worth more": FIND
    + """
for e in all_of("Exercise"):
    e.points = 1e9
for c in all_of("Case"):
    object.__setattr__(c, "weight", 1e9)
""",
    "cases that return what the answer does": FIND
    + """
for c in all_of("Case"):
    if c.function.__name__ == "numbers":
        c.function.__code__ = (lambda double, rng: double(3)).__code__
""",
    "cases that judge themselves": FIND
    + """
for c in all_of("Case"):
    object.__setattr__(c, "judge", lambda *a: None)
""",
    "a seed that is known": FIND + "for j in all_of('Job'):\n    j.seed = 20\n",
    "frames for all exercises before they run": FRAME
    + """
zero = {"kind": "number", "value": 0, "dtype": "int"}
for name in ("softmax", "center", "double"):
    for case in ("rows_sum_to_one", "large_logits", "one_row", "columns",
                 "a_single_row", "numbers"):
        for variant in ("plain", "again", "float64", "strided", "device"):
            send(frame({"exercise": name, "case": case, "variant": variant,
                "observation": {"tree": zero, "drew": False, "seconds": 0}}))
""",
    "frames that claim the verdict": FRAME
    + """
for name in ("softmax", "center", "double", "check-double"):
    send(frame({"exercise": name, "verdict": "PASSED", "status": 0, "seconds": 0}))
    send(frame({"scores": {"check-double": 1}, "exercise": name, "score": 1}))
""",
    "an ending that never was": FRAME
    + """
for status in (0, None, -9):
    send(frame({"exercise": "double", "status": status, "seconds": 1}))
send(frame({"exercise": "double", "missing": []}))
""",
    "a frame of endless length": FRAME + "send(b'\\xff' * 64)\n",
    "a frame of no length": FRAME + "send(bytes(8000))\n",
    "a cell at infinity": FRAME
    + "send(frame({'cell': float('inf'), 'error': ['a', 'b', 'c']}))\n",
    "a cell before the first": FRAME
    + "send(frame({'cell': -3, 'error': ['a', 'b', 'c']}))\n",
    "seconds that are no number": FRAME
    + """
for s in (float("nan"), -1, 10**400, "1e999", None, [1]):
    send(frame({"exercise": "double", "case": "numbers", "variant": "plain",
        "observation": {"tree": None, "seconds": s if s != 10**400 else "9" * 5000}}))
""",
    "an ending without end": FRAME
    + "send(frame({'exercise': 'double', 'status': None, 'seconds': 10**308 * 10}))\n",
    "wrong types everywhere": FRAME
    + """
for bad in (None, 1, "x", [], {}, [[]], True):
    send(frame(bad))
    send(frame({"exercise": bad, "case": bad, "variant": bad, "observation": bad}))
    send(frame({"exercise": bad, "missing": bad, "status": bad, "cell": bad}))
""",
    "a nest too deep to read": FRAME
    + """
text = b'{"exercise": ' + b"[" * 900 + b"]" * 900 + b', "missing": []}'
body = len(text).to_bytes(8, "big") + text + save({})
send(len(body).to_bytes(8, "big") + body)
""",
    "a million tiny frames": FRAME
    + "send(frame({'cell': 0, 'error': None}) * 300_000)\n",
    "forty megabytes of brackets": FRAME
    + """
text = b"[" + b"[]," * 13_000_000 + b"0]"
body = len(text).to_bytes(8, "big") + text + save({})
send(len(body).to_bytes(8, "big") + body)
""",
    "the pipe closed": "import os\nfor fd in range(3, 64):\n    try:\n"
    "        os.close(fd)\n    except OSError:\n        pass\n",
    "two of us go on": "import os\nos.fork()\n",
    "a thread that writes along": FRAME
    + """
import threading
def often():
    for _ in range(200):
        send(b"noise")
threading.Thread(target=often, daemon=True).start()
""",
    "progress set to the end": FIND
    + "for p in all_of('Progress'):\n    p.set(-1)\n    p.set = lambda c: None\n",
    "progress before the beginning": FIND
    + "for p in all_of('Progress'):\n    p.set(-2)\n    p.set = lambda c: None\n",
    "a new default for everything": "torch.set_default_dtype(torch.float64)\n"
    "torch.set_grad_enabled(False)\nnp.seterr(all='raise')\n",
}


# goal: an answer to `double` that is not one
ANSWERS = {
    "an object that equals everything": """
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __hash__(self): return 0
    def __float__(self): return 1.0
    def __bool__(self): return True
double = lambda n: Yes()
""",
    "a number that equals everything": """
class Yes(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def bit_length(self): return 1
double = lambda n: Yes(1)
""",
    "a tensor that lies about itself": """
class Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
def double(n):
    return torch.zeros(()).as_subclass(Lying)
""",
    "an array that lies about itself": """
class Lying(np.ndarray):
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
def double(n):
    return np.zeros(()).view(Lying)
""",
    "an object that unpickles to harm": """
class Harm:
    def __reduce__(self): return eval, ("exit()",)
double = lambda n: Harm()
""",
    "the rng's own numbers": """
def double(n):
    import sys
    return sys._getframe(1).f_locals.get("rng")
""",
    "a mark of its own": """
from autograder import marks
double = lambda n: marks.Marked(0, "cut")
""",
    "nan": "double = lambda n: float('nan')\n",
    "infinity": "double = lambda n: float('inf')\n",
    "a number without end": "double = lambda n: 10 ** 100_000\n",
    "a cyclic list": "def double(n):\n    x = []\n    x.append(x)\n    return x\n",
    "a nest of a hundred thousand": """
def double(n):
    x = []
    for _ in range(100_000):
        x = [x]
    return x
""",
    "a dict without end": "double = lambda n: {i: i for i in range(10**6)}\n",
    "a generator": "def double(n):\n    while True:\n        yield 2\n",
    "a giant text": "double = lambda n: 'x' * 10**8\n",
    "a tensor that is one number": "double = lambda n: torch.ones(1).expand(10**11)\n",
    "a sparse tensor": "double = lambda n: torch.ones(()).to_sparse()\n",
    "leaving without a word": "def double(n):\n    import os\n    os._exit(0)\n",
    "leaving politely": "def double(n):\n    raise SystemExit(0)\n",
    "an error that cannot be told": """
class Odd(BaseException):
    def __str__(self): raise self
    __repr__ = __str__
def double(n):
    raise Odd
""",
    "an error as a stub": "def double(n):\n    raise NotImplementedError\n",
    "a class for a function": "class double:\n    def __new__(cls, n): return cls\n",
    "recursion without end": "def double(n):\n    return double(n)\n",
}
