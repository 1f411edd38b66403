"""What the steps of the encoder share: the data it is tuned on, its processes, and encoding on executors."""
