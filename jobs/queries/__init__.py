"""Queries of a store's shoppers, the items for them, and whether these meet them."""
