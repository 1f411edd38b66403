"""What the night learns from reviews: a sentiment by the store's own ratings, and what each review says."""
