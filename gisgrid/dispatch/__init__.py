"""Room `dispatch`: pure: rules of assignment and evidence, states of a report."""
