"""Reads logs and lists to compare policies, and the outcomes of a running test."""
