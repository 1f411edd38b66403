"""Predicted demand, fitted once a week."""
