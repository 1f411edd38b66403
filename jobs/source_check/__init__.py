"""A report of what a night would ingest, and a first mapping of files with known headers; no table is written."""
