"""A test of plans against each other: its arms as configurations, the shoppers of each, the reading of outcomes."""
