"""Measured comparisons: both sides of a ratio in one run; `make benchmark` and its parts print the figures."""
