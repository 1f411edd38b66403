"""Tail exposure against true expected response: ours, simple rules, and published fair re-rankers."""
