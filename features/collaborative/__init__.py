"""Collaborative statistics over all shoppers, on Spark."""
