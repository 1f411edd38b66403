"""Reads what the account of delivered exposure needs, and derives tonight's corrections from it."""
