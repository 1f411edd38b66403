"""Who is planned for: consent, arm of a test, expected visits."""
