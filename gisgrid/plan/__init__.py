"""Room `plan`: pure planning: graph, draw, checks, tallies, compare; no database, no HTTP, no clock."""
