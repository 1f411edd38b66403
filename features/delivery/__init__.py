"""What the storefront delivered of a plan: which logged exposures count, what they led to, and why a gap is there."""
