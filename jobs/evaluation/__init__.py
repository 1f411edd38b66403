"""Reads logs and lists to compare policies."""
