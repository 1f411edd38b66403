"""Measured comparisons, both sides in one run; `make benchmark-…` runs them."""
