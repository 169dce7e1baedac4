"""The pretended GPU takes what a GPU takes and refuses what it refuses."""

import pytest
import torch

from autograder.devices import device_of, move, on_cpu, second_device
from autograder.pretended import Pretended

from .gpu_snippets import GPU_REFUSES, GPU_TAKES

# Where the snippets answer on the CPU, on purpose.
ON_CPU = {
    "tensor of numbers is on the CPU",
    "back to the CPU",
    "to cpu",
    "numpy of the CPU copy",
    "numpy by force",
    "tolist",
    "says cuda",
    "factory while no tensor is near",
    "backward through .to",
}


def inputs():
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(3))
    i = torch.tensor([0, 3, 1])
    both = {"x": move(x.clone()), "i": move(i.clone())}
    return {**both, "c": x.clone(), "k": i.clone(), "s": torch.tensor(0.5)}


def on_the_cpu(snippet):
    x = inputs()
    c, k, s = x["c"], x["k"], x["s"]
    return snippet(x=c.clone(), i=k.clone(), c=c, k=k, s=s)


pretending = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
ignored = pytest.mark.filterwarnings("ignore")


@pretending
@ignored
@pytest.mark.parametrize("name", GPU_TAKES)
def test_takes(name):
    with second_device():
        out = GPU_TAKES[name](**inputs())
    assert device_of(out) == ("cpu" if name in ON_CPU else "cuda")


NEEDS_CUDA = {
    "arange by name", "cuda", "says cuda", "type", "Dropout"
}  # fmt: skip


@pretending
@ignored
@pytest.mark.parametrize("name", [n for n in GPU_TAKES if n not in NEEDS_CUDA])
def test_computes_what_the_cpu_computes(name):
    expected = on_the_cpu(GPU_TAKES[name])
    with second_device():
        out = on_cpu(GPU_TAKES[name](**inputs()))
    torch.testing.assert_close(out, expected.detach(), equal_nan=True)


@pretending
@ignored
@pytest.mark.parametrize("name", GPU_REFUSES)
def test_refuses(name):
    with second_device(), pytest.raises((RuntimeError, TypeError)) as caught:
        GPU_REFUSES[name](**inputs())
    said = str(caught.value)
    assert "cuda" in said


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@ignored
@pytest.mark.parametrize("name", GPU_TAKES)
def test_a_real_gpu_takes_the_same(name):
    out = GPU_TAKES[name](**inputs())
    assert device_of(out) == ("cpu" if name in ON_CPU else "cuda")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@ignored
@pytest.mark.parametrize("name", GPU_REFUSES)
def test_a_real_gpu_refuses_the_same(name):
    with pytest.raises((RuntimeError, TypeError)):
        GPU_REFUSES[name](**inputs())


@pretending
def test_a_mixture_is_refused_in_torchs_own_words():
    with second_device(), pytest.raises(RuntimeError) as caught:
        move(torch.ones(3)) + torch.ones(3)
    assert str(caught.value) == (
        "Expected all tensors to be on the same device, but found at least two "
        "devices, cuda:0 and cpu! (in add)"
    )


@pretending
def test_numpy_is_refused_in_torchs_own_words():
    with second_device(), pytest.raises(TypeError) as caught:
        move(torch.ones(3)).numpy()
    assert str(caught.value) == (
        "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy "
        "the tensor to host memory first."
    )


@pretending
def test_a_view_shares_its_memory():
    with second_device():
        x = move(torch.zeros(2, 3))
        x[1].add_(1)
        x.view(-1)[0] = 5
        assert x.tolist() == [[5, 0, 0], [1, 1, 1]]


@pretending
def test_it_shows_where_it_is():
    with second_device():
        assert repr(move(torch.ones(2))) == "tensor([1., 1.], device='cuda:0')"


@pretending
def test_nothing_is_left_behind():
    with second_device():
        pass
    assert not isinstance(torch.ones(1) + 1, Pretended)
    assert torch._C._len_torch_dispatch_stack() == 0


def test_the_first_operator_imports_no_compiler():
    import subprocess
    import sys

    code = (
        "import sys, torch\n"
        "from autograder.devices import move, second_device\n"
        "from autograder.watch import forbidden_calls\n"
        "with second_device():\n    move(torch.ones(2)) + 1\n"
        "with forbidden_calls(('aten::add',)):\n    torch.ones(2) + 1\n"
        "print('torch._dynamo' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "False\n", run.stderr
