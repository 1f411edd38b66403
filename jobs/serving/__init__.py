"""What a ranking service takes over: one file that stands alone."""
