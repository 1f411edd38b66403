"""Queries of a store's shoppers, the items for them and what these say of the demand."""
