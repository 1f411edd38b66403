"""Which scored pairs of a shopper and an item enter the plan."""
