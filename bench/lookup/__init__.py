"""The benchmark of the lookup: gisgrid's point index beside its peers, on the same seeded points."""
