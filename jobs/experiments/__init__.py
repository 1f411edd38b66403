"""A test of plans: its arms as configurations, the shoppers of each, and their outcomes."""
