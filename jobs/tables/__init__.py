"""The Delta tables of a warehouse: reads, checked writes, schema changes, upkeep and erasure."""
