"""The contract applied to rows: which of them may enter a table, and why others may not."""
