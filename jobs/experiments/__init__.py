"""A test of plans: its arms as configurations, the shoppers of each, and sums of what they did."""
