"""What reviews say: the chance that a review is negative."""
