"""Room `lookup`: pure: the point index over editions in force."""
