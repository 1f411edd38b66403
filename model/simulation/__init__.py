"""A simulated storefront with known tastes of shoppers, the ground truth: only the replay and tests import it."""
