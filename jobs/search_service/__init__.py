"""Answers searches during the day: an index of the live night in memory, without Spark."""
