"""Functions of a notebook in processes: results, errors, limits, nothing left."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from course import parallel
from course.errors import ArgumentError, ProcessError, TimeLimitError

LONG = 600.0  # seconds that no test waits for


def children():
    """Return the process ids of this process's children."""
    shown = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "pid=,comm="],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [line.split()[0] for line in shown.splitlines() if "ps" not in line.split()]


def test_results_come_in_the_order_of_the_ranks():
    def work(rank):
        time.sleep(0.02 * (2 - rank))
        return {"rank": rank, "tensor": torch.full((2, 3), float(rank))}

    found = parallel.launch(work, 3)
    assert [f["rank"] for f in found] == [0, 1, 2]
    assert [f["tensor"].tolist() for f in found] == [
        [[float(r)] * 3] * 2 for r in range(3)
    ]


def test_each_worker_is_a_process_of_its_own_with_one_thread():
    found = parallel.launch(lambda rank: (os.getpid(), torch.get_num_threads()), 3)
    assert len({pid for pid, _ in found} | {os.getpid()}) == 4
    assert {threads for _, threads in found} == {1}


def test_what_a_process_changes_stays_its_own():
    x = torch.zeros(3)
    parallel.launch(lambda rank: x.add_(1), 2)
    assert x.tolist() == [0, 0, 0]


def test_a_backward_pass_runs_in_the_parent_and_then_in_a_process():
    code = (
        "import torch; from course import parallel\n"
        "parallel.cpu_only()\n"  # otherwise it fails where there is a GPU
        "def slope(rank):\n"
        "    x = torch.tensor(3.0, requires_grad=True)\n"
        "    (x**2).backward()\n"
        "    return x.grad.item()\n"
        "print(slope(0), parallel.launch(slope, 2))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "6.0 [6.0, 6.0]\n"


def test_a_parent_whose_threads_have_worked_can_launch_what_needs_threads():
    code = (
        "import torch; from course import parallel\n"
        "torch.set_num_threads(2); x = torch.ones(600, 600); (x @ x).exp().sum()\n"
        "print(parallel.launch(lambda rank: (x @ x).sum().item(), 2, seconds=60))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"{[600.0**3] * 2}\n"


def test_an_error_comes_back_as_itself_with_the_place_where_it_was_raised():
    def work(rank):
        if rank == 1:
            raise ZeroDivisionError("by zero")
        time.sleep(LONG)

    with pytest.raises(ZeroDivisionError) as caught:
        parallel.launch(work, 3)
    assert str(caught.value) == "by zero"
    assert caught.value.__notes__[0].startswith("in process 1:\n")
    assert 'raise ZeroDivisionError("by zero")' in caught.value.__notes__[0]


def test_an_error_that_cannot_be_sent_is_told():
    class OwnError(Exception):
        pass

    def work(rank):
        raise OwnError("mine")

    with pytest.raises(ProcessError) as caught:
        parallel.launch(work, 1)
    assert str(caught.value) == (
        "Process 0 raised what cannot be sent back: the error OwnError: mine\n"
        "Next step: return tensors, numbers, strings, or lists and dicts of them."
    )


def test_a_result_that_cannot_be_sent_is_told():
    with pytest.raises(ProcessError, match="Process 0 returned what cannot be sent"):
        parallel.launch(lambda rank: (i for i in range(3)), 1)


def test_a_process_that_ends_is_told():
    with pytest.raises(ProcessError) as caught:
        parallel.launch(lambda rank: os._exit(3), 1)
    assert str(caught.value).startswith(
        "Process 0 ended before its function returned (exit code 3).\nNext step: "
    )


def test_a_process_that_is_killed_is_told():
    with pytest.raises(ProcessError, match=r"\(SIGKILL\)"):
        parallel.launch(lambda rank: os.kill(os.getpid(), signal.SIGKILL), 1)


def wait_for_ever(rank):
    time.sleep(LONG) if rank else time.sleep(0)


def test_a_hang_ends_at_the_limit_and_says_where_it_was():
    with pytest.raises(TimeLimitError) as caught:
        parallel.launch(wait_for_ever, 3, seconds=0.5)
    line = wait_for_ever.__code__.co_firstlineno + 1
    assert str(caught.value) == (
        "After 0.5 s these processes were not done:\n"
        f"  process 1: line {line} of wait_for_ever\n"
        f"  process 2: line {line} of wait_for_ever\n"
        "Next step: if each waits for a message, look for one that was never sent, "
        "or for a circle in which all wait before they send; or allow more seconds."
    )


def test_nothing_is_left_behind():
    before, files = children(), os.listdir("/proc/self/fd")
    parallel.launch(lambda rank: rank, 3)
    for work in (wait_for_ever, os._exit, [].index):
        with pytest.raises((ProcessError, ValueError)):
            parallel.launch(work, 3, seconds=0.2)
    assert children() == before
    assert len(os.listdir("/proc/self/fd")) == len(files)


def test_processes_end_when_their_parent_is_killed():
    code = (
        "import os, time; from course import parallel\n"
        "def work(rank):\n"
        "    os.write(1, b'.'); time.sleep(600)\n"
        "parallel.launch(work, 2)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.read(2) == b".."
        parent.kill()
        # Ends when nobody holds the other end of the pipe any more.
        assert parent.stdout.read() == b""


def test_what_processes_print_is_shown_with_their_rank(capsys):
    parallel.launch(lambda rank: print(f"I am\n{rank}"), 2)
    assert capsys.readouterr().out == "[0] I am\n[0] 0\n[1] I am\n[1] 1\n"


def test_what_a_process_printed_before_it_failed_is_shown(capsys):
    def work(rank):
        print("so far")
        raise ValueError

    with pytest.raises(ValueError, match="in process 0"):
        parallel.launch(work, 1)
    assert capsys.readouterr().out == "[0] so far\n"


def test_no_process_is_refused():
    with pytest.raises(ArgumentError) as caught:
        parallel.launch(lambda rank: rank, 0)
    assert str(caught.value) == (
        "launch starts at least one process on a system that can fork, but got "
        f"world=0 on {sys.platform}.\n"
        "Next step: pass a positive number; on Windows work inside WSL."
    )


def test_what_is_shared_is_seen_by_all():
    x = torch.arange(6.0, requires_grad=True).view(2, 3).T
    copy = parallel.shared(x)
    parallel.launch(lambda rank: copy[rank].mul_(10), 2)
    assert copy.tolist() == [[0, 30], [10, 40], [2, 5]]
    assert not copy.requires_grad
    assert x.tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.bool])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1, 2)])
def test_sharing_keeps_shape_and_dtype(shape, dtype):
    x = torch.ones(shape, dtype=dtype)
    copy = parallel.shared(x)
    assert copy.dtype == dtype
    assert torch.equal(copy, x)


def test_cpu_only_hides_the_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    parallel.cpu_only()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert torch.get_num_threads() == 1
