"""What views, carts, favourites, searches, negative feedback and anonymous visitors add to retrieval."""
