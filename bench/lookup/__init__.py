"""The benchmark of the lookup: gisgrid's point index beside its peers, on the same seeded points.

`python -m bench.lookup --help` says how to run it; `docs/benchmarks.md` holds what it measured. `sets` makes polygons
and points, `peers` asks the others, `__main__` measures, compares and prints.
"""
