"""Ways out of where students' code runs: read, alter, harm, connect, outlive, exhaust.

Each is code of a student; what is tried is an expression where it is one. Paths are
those of a course directory.
"""

import os
from pathlib import Path

from ..grading.conftest import CATALOGUE, TOY

REPOSITORY = Path(__file__).resolve().parents[2]

# goal: a file or folder of the course directory, or elsewhere
TO_READ = {
    "the reference": CATALOGUE / "solutions" / TOY / "reference.py",
    "the real solutions": REPOSITORY / "solutions",
    "a memory of the grader": Path(f"/proc/{os.getpid()}/mem"),
    "the grader's environment": Path(f"/proc/{os.getpid()}/environ"),
    "the terminal": Path("/dev/tty"),
    "shared memory": Path("/dev/shm"),
    "the passwords": Path("/etc/shadow"),
    "another submission": f"submitted/ada/{TOY}/{TOY}.ipynb",
    "the gradebook": "gradebook.db",
    "the seed of the class": ".autograder/seed",
    "the results": f".autograder/results/{TOY}/ada/{TOY}.json",
    "the expected outputs": ".autograder",
    "the source notebook": f"source/{TOY}/{TOY}.ipynb",
}

# goal: what is tried on the gradebook, `path`
TO_ALTER = {
    "write": "open(path, 'ab').write(b'x')",
    "cut short": "os.truncate(path, 0)",
    "remove": "os.unlink(path)",
    "replace": "open('mine', 'w').write('x') and os.replace('mine', path)",
    "rename": "os.rename(path, path + '.gone')",
    "link a file over it": "os.link(path, 'mine')",
    "change who may read it": "os.chmod(path, 0o777)",
    "change its owner": "os.chown(path, 12345, 12345)",
    "change its time": "os.utime(path, (0, 0))",
    "change its attributes": "os.setxattr(path, 'user.grade', b'6')",
    "write through a link": "(os.symlink(path, 'l'), open('l', 'ab').write(b'x'))",
    "ask another program": "__import__('subprocess').run(['/bin/sh', '-c', "
    "f'echo x >> {path}'], check=True)",
    "ask a database": "__import__('sqlite3').connect(path).execute("
    "'update grade set auto_score = 6')",
}
REFUSALS = (
    "PermissionError",
    "FileNotFoundError",
    "CalledProcessError",
    "OperationalError",
    "OSError",
)

# goal: what is tried; `GRADER` is a process outside, `r` is resource
TO_HARM = {
    "the grader's processor time": "r.prlimit(GRADER, r.RLIMIT_CPU, (10**6, 10**6))",
    "the warm process's memory": "r.prlimit(os.getppid(), r.RLIMIT_NOFILE)",
    "the grader's priority": "os.setpriority(os.PRIO_PROCESS, GRADER, 19)",
    "an urgent class of its own": "os.sched_setscheduler(0, os.SCHED_FIFO, "
    "os.sched_param(50))",
    "the grader's processors": "os.sched_setaffinity(GRADER, {0})",
    "a signal to the grader": "os.kill(GRADER, 0)",
    "a limit raised again": "r.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY,) * 2)",
    "the raw disk": "os.mknod('disk', 0o60600, os.stat('.').st_dev) or 'made'",
    "memory behind no limit": "os.memfd_create('x')",
    "another user": "os.setuid(12345)",
    "a new root": "os.chroot('.')",
    "the clock": "__import__('time').clock_settime(0, 0)",
}

# goal: what is tried; `s` is socket
NETWORK = {
    "TCP": "s.create_connection(('127.0.0.1', 9), 1)",
    "datagrams": "s.socket(s.AF_INET, s.SOCK_DGRAM)",
    "a listening port": "s.create_server(('127.0.0.1', 0))",
    "names": "s.getaddrinfo('example.org', 80)",
    "the bus": "s.socket(s.AF_UNIX).connect('/run/dbus/system_bus_socket')",
    "another program": "__import__('subprocess').run([__import__('sys').executable, "
    "'-c', 'import socket; socket.socket()'], check=True)",
}

RABBIT = """
import os, time
if os.fork() == 0:
    os.setsid()
    end = time.monotonic() + 8
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
    os._exit(0)
"""
# goal: a cell that leaves something running
TO_OUTLIVE = {
    "a process that forks and ends, all the time": RABBIT,
    "a shell that starts itself": "import subprocess\nsubprocess.Popen(['/bin/sh', "
    "'-c', 'i=0; while [ $i -lt 4000 ]; do (sleep 30 &) ; i=$((i+999)); done'], "
    "start_new_session=True)\n",
    "at exit": "import atexit, os, time\n"
    "atexit.register(lambda: os.fork() or time.sleep(30))\n",
    "a thread": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(30,)).start()\n",
    "deaf to signals": "import os, signal, time\n"
    "if os.fork() == 0:\n"
    "    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):\n"
    "        signal.signal(s, signal.SIG_IGN)\n"
    "    time.sleep(30)\n",
}

GROW = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = np.ones(15_000_000)
        time.sleep(20)
        os._exit(0)
time.sleep(15)
"""
MANY = """
import os, time
for _ in range(300):
    os.posix_spawn("/bin/sleep", ["sleep", "20"], {})
time.sleep(15)
"""
FIND = "import gc\nfound = [o for o in gc.get_objects()"
FIND += " if type(o).__name__ == 'Progress']\n"
TURNING = FIND + "while True:\n    for p in found:\n        p.set(p.get() ^ 1)\n"
# goal: (cell, what is said of it)
TOO_MUCH = {
    "memory in many processes": (GROW, "used too much memory"),
    "many processes": (MANY, "started too many" * (os.getuid() == 0)),
    "time": ("while True: pass", "took too long"),
    "time, under a false clock": (
        "import time\ntime.monotonic = lambda: 0\nwhile True: pass",
        "took too long",
    ),
    "words": ("import os\nwhile True:\n    os.write(99, b'x' * 10**6)", ""),
}

# goal: a cell that is much, and allowed: the right answer after it counts
HEAVY = {
    "files that are too large": "open('f', 'wb').write(bytes(70 * 2**20))",
    "too many open files": "held = [open('/dev/null') for _ in range(1000)]",
    "a flood of words": "print('x' * 20_000_000)",
    "a huge cell": "x = '" + "y" * 1_900_000 + "'",
    "a deep source": "x = " + "(" * 5000 + ")" * 5000,
    "half a character": "x = '\ud800'",
    "a null": "x = '\0'",
    "a folder in a folder in a folder": "import os\nhere = os.getcwd()\n"
    "for _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')\nos.chdir(here)",
    "a thousand files": "for i in range(1000):\n    open(str(i), 'w')",
    "a link to the gradebook": "import os\nos.symlink('/', 'all')",
}
