"""The planning benchmark: communities, an independent scorer, the peers and gisgrid itself, all at equal CPU.

`python -m bench.planning --help` says how to run it; `docs/benchmarks.md` holds what it measured. Which file does what:

| file | what |
|---|---|
| `instances` | the test bed's form of a community; the number of grids of a zone |
| `layout`, `generator` | seeded communities of the same spirit, so that unseen ones can be judged |
| `scorer` | what a plan is worth, from the definition alone; imports nothing of gisgrid |
| `zones` | one zone as partitioners take it, and what each peer ranks its own attempts by |
| `peers`, `samplers`, `exact` | METIS, KaHIP and MaxP; gerrychain; CP-SAT |
| `ours` | the only file that imports gisgrid |
| `workers` | one process for each method, so that none disturbs another |
| `run`, `report` | the comparison and its table |
| `redraw`, `district` | a year of change; a whole district on one and two processes |
"""
