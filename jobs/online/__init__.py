"""Feast: views in two colours, what is published from Delta, the audit, the flip, store and registry classes."""

from jobs.online.unchecked import leave_feast_unchecked

leave_feast_unchecked()
