"""Repairs one polygon in a process of its own, which may be killed.

Room: geometry. In: WKB on stdin. Out: WKB of the valid polygon on stdout. Run by `repair`, never imported.

Why a process: GEOS cannot be interrupted. A ring of 1,000 vertices that crosses itself everywhere takes 6 s, one of
2,000 over a minute, and the memory of the machine with it.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from typing import Final

CPU_SECONDS: Final = 20
MEMORY_BYTES: Final = 2 * 1024**3


def main() -> None:
    """Write the repaired polygon to stdout; end with another status than 0 when limits or GEOS forbid it."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    import shapely  # noqa: PLC0415  after the limits are set

    from gisgrid.geometry.repair import valid_area  # noqa: PLC0415  likewise

    sys.stdout.buffer.write(shapely.to_wkb(valid_area(shapely.from_wkb(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()
