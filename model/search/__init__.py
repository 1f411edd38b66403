"""Search over texts of items: an index of words, groups of characters and vectors, and the model that fuses them."""
