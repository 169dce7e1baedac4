"""Data sets as whole tensors, and how to cut them into parts and batches.

`digits` and `shapes` need no network. The real sets are found in `$COURSE_DATA`
or in the cache, or are downloaded.
"""

from course.data.digits import digits
from course.data.finding import available
from course.data.images import Images
from course.data.real import cifar10, cifar100, fashion_mnist, mnist
from course.data.sampling import minibatches, split
from course.data.shapes import Shapes, shapes

__all__ = [
    "Images",
    "Shapes",
    "available",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "minibatches",
    "mnist",
    "shapes",
    "split",
]
