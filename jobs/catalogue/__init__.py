"""What the night learns from the texts of the catalogue: tables by text, and the parts that write them."""
