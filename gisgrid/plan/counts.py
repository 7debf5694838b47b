"""How many grids a number of households makes: arithmetic of the band.

Room: plan. In: households and the band. Out: counts of grids. Imports only the model.
"""

from __future__ import annotations

from gisgrid.model import Band


def fitting_counts(households: int, band: Band) -> list[int]:
    """Return every K with K·min ≤ households ≤ K·max, the one whose mean is nearest to the target first.

    Examples
    --------
    >>> fitting_counts(1800, Band())
    [5, 4, 6]
    >>> fitting_counts(550, Band())
    []
    """
    fewest = max(1, -(-households // band.maximum))
    most = households // band.minimum if band.minimum > 0 else max(fewest, households)
    return sorted(range(fewest, most + 1), key=lambda k: (abs(households / k - band.target), k))


def least_off(households: int, band: Band) -> tuple[int, int]:
    """Return the K that leaves fewest households out of band, and how many those are (0 where a K fits).

    Examples
    --------
    >>> least_off(540, Band()), least_off(560, Band()), least_off(120, Band())
    ((1, 40), (2, 40), (1, 180))
    """
    fits = fitting_counts(households, band)
    if fits:
        return fits[0], 0
    above = max(1, households // band.maximum)
    choices = [(max(k * band.minimum - households, households - k * band.maximum), k) for k in (above, above + 1)]
    off, count = min(choices)
    return count, off
