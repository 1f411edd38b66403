"""Recently listed items: what they lack, who would want them, and what they are searched by."""
