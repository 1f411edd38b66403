"""Figures of the health of the tail, for the table metrics: Spark sums up by item, pandas by segment."""
