"""Delivery of a plan by the storefront: valid exposures, their responses, and the causes of gaps."""
