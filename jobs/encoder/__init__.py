"""What the steps of the encoder share: the data it is tuned on, and its processes."""
