"""Tests of plans against each other on shoppers: assignment, variance reduction, tests that may be looked at daily."""
