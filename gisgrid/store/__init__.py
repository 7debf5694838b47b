"""Room `store`: the only room that speaks SQL."""
