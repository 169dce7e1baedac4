"""Item analysis: how hard an exercise is, and whether it tells strong from weak.

Facility is the mean share of the points. Discrimination is the item-rest correlation,
the correlation of an exercise's score with the sum of all others (Henrysson 1963,
"Correction of item-total correlations in item analysis", Psychometrika 28): unlike the
upper-lower 27 % it takes partial points and works in a small class. The words for it
follow Ebel and Frisbie (1991), "Essentials of Educational Measurement", table 13.1.

Leaves out reliability coefficients and item response theory: a class is too small.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, fmean

FEWEST = 5  # students, below which a correlation says nothing
WORDS = ((0.4, "very good"), (0.3, "good"), (0.2, "marginal"), (0.0, "poor"))


@dataclass(frozen=True)
class Item:
    """An exercise or written question, as a test item.

    Attributes:
        facility: mean share of the points, from 0 to 1; None if nobody was graded.
        discrimination: item-rest correlation; None if it is not defined.
        graded: how many students it rests on.
    """

    name: str
    points: float
    facility: float | None
    discrimination: float | None
    graded: int

    @property
    def reading(self) -> str:
        """The discrimination in words."""
        if self.discrimination is None:
            return ""
        for least, words in WORDS:
            if self.discrimination >= least:
                return words
        return "negative"

    @property
    def is_contrary(self) -> bool:
        """Whether the weak do better, by more than chance."""
        known = self.discrimination is not None and self.noise is not None
        return known and self.discrimination < -2 * self.noise  # type: ignore[operator]

    @property
    def noise(self) -> float | None:
        """Standard error of a correlation of 0 in a class of this size."""
        return None if self.graded < FEWEST else 1 / math.sqrt(self.graded - 1)


def analyse(
    scores: Sequence[Mapping[str, float]], points: Mapping[str, float]
) -> list[Item]:
    """Facility and discrimination of each item.

    Args:
        scores: per student the points by item; an item that is missing there was not
            graded yet.
        points: what each item is worth.
    """
    return [_item(name, scores, points) for name in points]


def _item(
    name: str, scores: Sequence[Mapping[str, float]], points: Mapping[str, float]
) -> Item:
    graded = [row for row in scores if name in row]
    own = [row[name] for row in graded]
    rest = [sum(v for k, v in row.items() if k != name) for row in graded]
    worth = points[name]
    return Item(
        name,
        worth,
        fmean(own) / worth if own and worth else None,
        _correlation(own, rest),
        len(graded),
    )


def _correlation(own: list[float], rest: list[float]) -> float | None:
    if len(own) < FEWEST:
        return None
    try:
        return correlation(own, rest)
    except StatisticsError:  # everybody has the same points
        return None
