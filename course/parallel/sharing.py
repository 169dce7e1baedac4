"""Memory that several processes have in common.

An anonymous mapping, which a forked process inherits: nothing to name, nothing to
clean up, and allowed where files in /dev/shm are not.
"""

import mmap

import torch
from torch import Tensor


def shared(tensor: Tensor) -> Tensor:
    """Copy a tensor into memory that processes launched later have in common.

    What one of them writes in place, all see, and so does the notebook.

    Args:
        tensor: any shape and dtype.

    Returns:
        The copy: contiguous, on the CPU, without a graph.
    """
    if tensor.numel() == 0:
        return tensor.detach().cpu().clone()
    memory = mmap.mmap(-1, tensor.numel() * tensor.element_size())
    copy = torch.frombuffer(memory, dtype=tensor.dtype).view(tensor.shape)
    return copy.copy_(tensor.detach())
