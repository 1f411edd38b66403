"""Responses to exposures and outcomes of shoppers, by which policies and arms are compared."""
