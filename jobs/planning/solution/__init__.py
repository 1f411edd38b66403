"""Solves the problem of a night, in memory or by passes on the executors, and rounds it to lists."""
