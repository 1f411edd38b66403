"""Figures of the health of the tail for the table metrics: Spark aggregates by item, pandas by segment."""
