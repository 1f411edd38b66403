"""What the plan respects: groups with floors and caps, bounds of items, list rules, values, corrections."""
