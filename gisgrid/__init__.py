"""gisgrid: draws, checks, versions and looks up the grids of community governance (网格化治理)."""

__version__ = "0.1.0"
