"""A past night made again from its manifest: its recorded runs, pinned tables, models, comparison and causes."""
