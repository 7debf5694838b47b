"""What an internal map tells in figures: service circle, reports of grids, ranking of estates, second nets.

Room: the corridor, below `mapping`. In: a `Connection`, a division's code, an instant. Out: layers of a map.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from gisgrid.circles import read_circle
from gisgrid.maps.content import MapLayer
from gisgrid.maps.figure_layers import CircleLayer, LoadLayer, NetLayer, OverdueLayer, RankingLayer
from gisgrid.model import Estate
from gisgrid.nets import read_nets
from gisgrid.rankings import read_ranking
from gisgrid.store import loads, nets
from gisgrid.store.database import Connection

LOAD_DAYS: Final = 90
"""Reports of so many days make the load of a grid."""


def figure_layers(
    connection: Connection, code: str, communities: Sequence[str], estates: Sequence[Estate], now: datetime
) -> tuple[MapLayer, ...]:
    """Return the layers of a division that only staff may see, from the lowest on; none where there is no community.

    Parameters
    ----------
    communities
        The codes of the division's communities.
    estates
        Their estates with areas.
    """
    if not communities:
        return ()
    found = loads.of_grids(connection, communities, since=now - timedelta(days=LOAD_DAYS), now=now)
    return (
        CircleLayer(read_circle(connection, code)),
        LoadLayer(found, LOAD_DAYS),
        OverdueLayer(found),
        RankingLayer(read_ranking(connection, code, now), estates),
        NetLayer(nets.areas(connection, communities), read_nets(connection, code)),
    )
