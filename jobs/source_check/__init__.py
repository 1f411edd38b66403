"""What a source would give, in words, and a first mapping of files with known headers; nothing is written to tables."""
