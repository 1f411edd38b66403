"""Measured comparisons: both sides of a ratio come from one run; `make benchmark` and its parts print the figures."""
