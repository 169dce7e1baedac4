"""The network of workers: the same in threads and over gloo; threads are strict."""

import warnings

import pytest
import torch

from course import parallel
from course.errors import ArgumentError, DeadlockError, ProcessError, TimeLimitError

BOTH = pytest.mark.parametrize(
    "run", [parallel.rehearse, parallel.launch_gloo], ids=["threads", "gloo"]
)


@BOTH
def test_messages_go_round_a_ring(run):
    def work(net):
        left, right = (net.rank - 1) % net.world, (net.rank + 1) % net.world
        came = torch.zeros(2)
        handle = net.send(torch.full((2,), float(net.rank)), right)
        net.recv(came, left)
        handle.wait()
        return came.tolist(), net.sent

    assert run(work, 3) == [([2, 2], 2), ([0, 0], 2), ([1, 1], 2)]


@BOTH
def test_messages_between_two_keep_their_order(run):
    def work(net):
        if net.rank == 0:
            handles = [net.send(torch.tensor([i]), 1) for i in range(4)]
            return [h.wait() for h in handles] and None
        came = torch.tensor([0])
        return [net.recv(came, 0) or came.item() for _ in range(4)]

    assert run(work, 2)[1] == [0, 1, 2, 3]


@BOTH
def test_collectives_sum_and_broadcast(run):
    def work(net):
        total = torch.tensor([1.0, net.rank])
        net.all_reduce(total)
        chosen = torch.tensor([net.rank])
        net.broadcast(chosen, 1)
        return total.tolist(), chosen.item()

    assert run(work, 3) == [([3, 3], 1)] * 3


@BOTH
@pytest.mark.skipif(
    torch.cuda.is_available(), reason="no backward pass in a fork beside GPUs"
)
def test_what_arrives_has_no_history(run):
    def work(net):
        w = torch.nn.Parameter(torch.full((2,), float(net.rank)))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            net.broadcast(w, 1)
            (w * w).sum().backward()
        return w.tolist(), w.grad.tolist()

    assert run(work, 2) == [([1, 1], [2, 2])] * 2


@BOTH
def test_one_worker_is_a_world(run):
    def work(net):
        x = torch.ones(2)
        net.all_reduce(x)
        net.broadcast(x, 0)
        return x.tolist(), net.rank, net.world

    assert run(work, 1) == [([1, 1], 0, 1)]


@BOTH
def test_the_error_of_a_worker_comes_back(run):
    def work(net):
        if net.rank == 1:
            raise ZeroDivisionError("mine")
        net.all_reduce(torch.zeros(1))

    with pytest.raises(ZeroDivisionError) as caught:
        run(work, 3)
    assert str(caught.value) == "mine"


def test_torch_distributed_is_set_up_inside_gloo():
    def work(net):
        x = torch.ones(3)
        torch.distributed.all_reduce(x)
        return x.sum().item(), torch.distributed.get_world_size()

    assert parallel.launch_gloo(work, 2) == [(6, 2)] * 2


def test_a_hang_over_gloo_ends_at_the_limit():
    with pytest.raises(TimeLimitError, match=r"process 0: line \d+ of <lambda>"):
        parallel.launch_gloo(lambda n: n.recv(torch.zeros(1), 1 - n.rank), 2, seconds=1)


def test_a_rehearsal_notices_that_all_wait():
    def work(net):
        if net.rank < 2:
            net.send(torch.zeros(1), 1 - net.rank).wait()

    with pytest.raises(DeadlockError) as caught:
        parallel.rehearse(work, 3)
    assert str(caught.value) == (
        "All workers that are left wait for each other:\n"
        "  0 waits for 1 to receive\n"
        "  1 waits for 0 to receive\n"
        "Next step: let each begin its send before it waits to receive; see that every "
        "receive has a send, and that all join in all collectives."
    )


def test_a_rehearsal_notices_who_does_not_come_to_a_collective():
    def work(net):
        if net.rank != 1:
            net.all_reduce(torch.zeros(1))

    with pytest.raises(DeadlockError, match="0 waits in all_reduce\n  2 waits in"):
        parallel.rehearse(work, 3)


def test_a_rehearsal_insists_on_equal_shapes():
    with pytest.raises(ProcessError) as caught:
        parallel.rehearse(lambda net: net.all_reduce(torch.zeros(2, net.rank)), 2)
    assert str(caught.value) == (
        "All workers must call the same collectives in the same order, but came with:\n"
        "  0: all_reduce of torch.float32 (2, 0)\n"
        "  1: all_reduce of torch.float32 (2, 1)\n"
        "Next step: look for a tensor that one of them leaves out."
    )


def test_in_a_rehearsal_a_message_leaves_at_the_last_moment():
    def work(net):
        x = torch.zeros(1)
        if net.rank == 0:
            handle = net.send(x, 1)
            x += 1  # too early
            net.recv(torch.zeros(1), 1)
            return handle.wait()
        handle = net.send(torch.zeros(1), 0)
        handle.wait()
        net.recv(x, 0)
        return x.item()

    assert parallel.rehearse(work, 2)[1] == 1


def test_an_eager_rehearsal_takes_messages_at_once():
    def work(net):
        x, came = torch.tensor([net.rank]), torch.tensor([-1])
        net.send(x, 1 - net.rank).wait()
        x += 10  # too late to matter
        net.recv(came, 1 - net.rank)
        return came.item()

    assert parallel.rehearse(work, 2, eager=True) == [1, 0]
    with pytest.raises(DeadlockError):
        parallel.rehearse(work, 2)


def test_a_rehearsal_insists_that_a_message_is_waited_for():
    def work(net):
        if net.rank == 0:
            net.send(torch.zeros(1), 1)
        else:
            net.recv(torch.zeros(1), 0)

    with pytest.raises(ProcessError, match="Worker 0 was done before its message to 1"):
        parallel.rehearse(work, 2)


def test_a_rehearsal_refuses_a_message_of_another_shape():
    def work(net):
        if net.rank == 0:
            net.send(torch.zeros(2), 1).wait()
        else:
            net.recv(torch.zeros(3), 0)

    with pytest.raises(ProcessError, match=r"into shape \(3,\), but 0 sent \(2,\)"):
        parallel.rehearse(work, 2)


@pytest.mark.parametrize("other", [-1, 0, 2])
def test_a_rehearsal_refuses_partners_that_are_not_there(other):
    with pytest.raises(ArgumentError) as caught:
        parallel.rehearse(lambda net: net.send(torch.zeros(1), other), 2)
    assert str(caught.value) == (
        f"Worker 0 of 2 can talk to the others among 0 to 1, but got {other}.\n"
        "Next step: count modulo the number of workers."
    )
