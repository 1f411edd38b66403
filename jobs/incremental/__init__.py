"""Reuse of earlier nights' features: the events that these knew, and histories that are continued."""
