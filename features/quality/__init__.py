"""The contract applied to rows: which of them may enter a table, and why not."""
