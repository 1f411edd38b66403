"""A first configuration for exports of known shop systems, commented, for a person to correct."""
