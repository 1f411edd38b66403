"""Expressions and functions that make derived features; the declarations name them."""
