"""A storefront to learn on: shoppers whose choices are known. It is the truth: only the replay and tests import it."""
