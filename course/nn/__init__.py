"""Networks for small problems, and the blocks that they are made of."""

from course.nn.convnet import ConvNet, ConvStage, PoolHead
from course.nn.mlp import MLP, HiddenLayer
from course.nn.recurrent import Recurrent

__all__ = ["MLP", "ConvNet", "ConvStage", "HiddenLayer", "PoolHead", "Recurrent"]
