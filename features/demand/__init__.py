"""Predicted demand: models of intermittent demand for items that sell enough, a pooled estimate for the rest."""
