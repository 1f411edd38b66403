"""The configuration: one file for each section, and how YAML becomes one frozen, typed object."""
