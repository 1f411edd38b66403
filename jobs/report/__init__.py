"""What a person reads after a night."""
