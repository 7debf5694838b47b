"""Classes of a choropleth: natural breaks, the exact ones.

Room: maps. In: figures. Out: the upper bounds of the classes. Must not import a library of drawing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

MOST_CLASSES: Final = 5
"""More shades than the eye tells apart on a map."""


def natural_breaks(figures: Iterable[float], most: int = MOST_CLASSES) -> list[float]:
    """Return the upper bound of each class, so that figures differ least from the mean of their class.

    The sum of squared deviations is the smallest possible, by the recurrence over ever longer sorted prefixes
    (source: Fisher 1958, On Grouping for Maximum Homogeneity). Equal figures share a class; fewer distinct figures than
    classes are a class each. Of equally good ones the breaks that come first are taken.

    Parameters
    ----------
    most
        How many classes at most.

    Examples
    --------
    >>> natural_breaks([1, 2, 1, 9, 10, 50], 3)
    [2.0, 10.0, 50.0]
    >>> natural_breaks([4, 4]), natural_breaks([])
    ([4.0], [])
    """
    values, counts = np.unique(np.asarray(list(figures), dtype=np.float64), return_counts=True)
    n, classes = len(values), min(most, len(values))
    if n == 0:
        return []
    # Around the mean the sums stay small, and their differences exact enough.
    shifted = values - np.average(values, weights=counts)
    weight = np.concatenate([[0.0], np.cumsum(counts)])
    total = np.concatenate([[0.0], np.cumsum(counts * shifted)])
    square = np.concatenate([[0.0], np.cumsum(counts * shifted**2)])
    cost = np.full(n + 1, np.inf)
    cost[0] = 0.0
    begins = np.zeros((classes, n + 1), dtype=np.int64)
    for each in range(classes):
        better = np.full(n + 1, np.inf)
        for end in range(each + 1, n + 1):
            start = np.arange(each, end)
            inside = square[end] - square[start] - (total[end] - total[start]) ** 2 / (weight[end] - weight[start])
            whole = cost[start] + np.maximum(inside, 0.0)
            begins[each, end] = start[int(np.argmin(whole))]
            better[end] = whole.min()
        cost = better
    breaks, end = [], n
    for each in reversed(range(classes)):
        breaks.append(float(values[end - 1]))
        end = int(begins[each, end])
    return breaks[::-1]
