"""The sections of the night's page, one file each: what they read, and what they say about it."""
