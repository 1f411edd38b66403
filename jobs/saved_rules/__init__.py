"""Rules of the plan that were saved on the desk: their versions, and how a night merges them."""
