"""What lists of one policy would have earned, from the log of another: position bias, weights, estimates, verdict."""
