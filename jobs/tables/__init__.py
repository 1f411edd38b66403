"""Delta: read, write one date, add, list versions."""
