"""The tables of schema `gisgrid`, as SQLAlchemy sees them; one module a group of nouns.

Room: store. In: nothing. Out: `METADATA` and one `Table` a noun. Must not import any other room.

The schema itself is made by the numbered migrations; a test proves that an upgraded database equals these tables.
"""

from __future__ import annotations

from gisgrid.store.tables.access import AUDIT, IMPORT_FINDINGS, IMPORT_RUNS, KEYS, SESSIONS, USERS
from gisgrid.store.tables.base import METADATA, SCHEMA, SRID
from gisgrid.store.tables.comments import PLAN_COMMENTS
from gisgrid.store.tables.editions import (
    EDITION_ACCEPTANCES,
    EDITION_BUILDINGS,
    EDITION_GRIDS,
    EDITIONS,
    GRID_CODES,
    GRID_LINEAGE,
)
from gisgrid.store.tables.feed import FEED, FEED_PENDING
from gisgrid.store.tables.limits import HOLIDAYS, TIME_LIMITS
from gisgrid.store.tables.micro_grids import MICRO_DRAWINGS, MICRO_GRID_CELLS, MICRO_GRIDS
from gisgrid.store.tables.places import (
    ALIASES,
    BARRIERS,
    BUILDINGS,
    CATEGORIES,
    DIVISIONS,
    ESTATES,
    HOUSEHOLDS,
    NET_AREAS,
    POSTS,
    SITES,
    TIES,
)
from gisgrid.store.tables.plans import (
    CELL_BORDERS,
    CELL_BUILDINGS,
    CELLS,
    PLAN_CELLS,
    PLAN_FINDINGS,
    PLAN_GRIDS,
    PLAN_REVISIONS,
    PLANS,
    TESSELLATIONS,
)
from gisgrid.store.tables.reports import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS
from gisgrid.store.tables.schedules import SCHEDULED_PUBLICATIONS
from gisgrid.store.tables.webhooks import WEBHOOK_DELIVERIES, WEBHOOKS

__all__ = [
    "ALIASES",
    "AUDIT",
    "BARRIERS",
    "BUILDINGS",
    "CATEGORIES",
    "CELLS",
    "CELL_BORDERS",
    "CELL_BUILDINGS",
    "DIVISIONS",
    "EDITIONS",
    "EDITION_ACCEPTANCES",
    "EDITION_BUILDINGS",
    "EDITION_GRIDS",
    "ESTATES",
    "FEED",
    "FEED_PENDING",
    "GRID_CODES",
    "GRID_LINEAGE",
    "HOLIDAYS",
    "HOUSEHOLDS",
    "IMPORT_FINDINGS",
    "IMPORT_RUNS",
    "KEYS",
    "METADATA",
    "MICRO_DRAWINGS",
    "MICRO_GRIDS",
    "MICRO_GRID_CELLS",
    "NET_AREAS",
    "PLANS",
    "PLAN_CELLS",
    "PLAN_COMMENTS",
    "PLAN_FINDINGS",
    "PLAN_GRIDS",
    "PLAN_REVISIONS",
    "POSTS",
    "REPORTS",
    "REPORT_ASSIGNMENTS",
    "REPORT_EVENTS",
    "SCHEDULED_PUBLICATIONS",
    "SCHEMA",
    "SESSIONS",
    "SITES",
    "SRID",
    "TESSELLATIONS",
    "TIES",
    "TIME_LIMITS",
    "USERS",
    "WEBHOOKS",
    "WEBHOOK_DELIVERIES",
]
