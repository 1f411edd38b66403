"""Feast: views in two colours, what is published from Delta, the audit, the flip, store and registry classes."""
