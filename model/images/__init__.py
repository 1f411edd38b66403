"""Pictures of items: reading them, and vision models that turn them into vectors."""
