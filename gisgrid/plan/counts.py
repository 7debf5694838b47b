"""How many grids a number of households makes: arithmetic of the band.

Room: plan. In: households and the band. Out: counts of grids. Imports only the model.
"""

from __future__ import annotations

from collections.abc import Sequence

from gisgrid.model import Band, GridCount


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


def counts_for(zones: Sequence[int], band: Band, grids: GridCount) -> list[list[int]]:
    """Return for each zone, given by its households, the numbers of grids to try, the best first.

    Parameters
    ----------
    zones
        Households of each zone.
    band
        The household band.
    grids
        `target`: the mean nearest to the target first. `fewest`: the smallest number first. A number: shared out so
        that the zones together have so many grids, as far as the band lets them; only that share is tried.

    Examples
    --------
    >>> counts_for([1800, 900], Band(), "fewest")
    [[4, 5, 6], [2, 3]]
    >>> counts_for([1800, 900], Band(), 8)
    [[6], [2]]
    >>> counts_for([1800, 900], Band(), 99)
    [[6], [3]]
    """
    fits = [fitting_counts(households, band) or [least_off(households, band)[0]] for households in zones]
    if grids == "target":
        return fits
    if grids == "fewest":
        return [sorted(counts) for counts in fits]
    shares = [min(counts) for counts in fits]
    while sum(shares) < grids:
        # The next grid goes where it leaves the mean highest, on a tie to the first zone.
        room = [i for i, counts in enumerate(fits) if shares[i] < max(counts)]
        if not room:
            break
        zone = max(room, key=lambda i: (zones[i] / (shares[i] + 1), -i))
        shares[zone] += 1
    return [[share] for share in shares]
