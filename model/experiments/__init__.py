"""A/B tests of plans: assignment, variance reduction, tests that stay valid when read every day."""
