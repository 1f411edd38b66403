"""The gate that a night's features pass before they are used."""
