"""Recently listed items: what their texts lack, their audiences, and the searches nearest to them."""
