"""Second stage: a Transformer in which each candidate attends to the shopper's recent items and profile."""
