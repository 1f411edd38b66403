"""Counting of events as they come."""
