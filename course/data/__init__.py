"""Data sets as whole tensors, and how to cut them into parts and batches.

Only the real sets come from outside: they are found in `$COURSE_DATA` or in the cache,
or are downloaded. All others are generated or embedded.
"""

from course.data.adding import adding
from course.data.digits import digits
from course.data.disk import disk
from course.data.finding import available
from course.data.images import Images
from course.data.real import cifar10, cifar100, fashion_mnist, mnist
from course.data.sampling import minibatches, split
from course.data.shapes import Shapes, shapes

__all__ = [
    "Images",
    "Shapes",
    "adding",
    "available",
    "cifar10",
    "cifar100",
    "digits",
    "disk",
    "fashion_mnist",
    "minibatches",
    "mnist",
    "shapes",
    "split",
]
