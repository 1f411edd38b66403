"""First stage: many cheap channels over all eligible items, combined by a small learned model."""
