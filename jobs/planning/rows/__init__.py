"""The plan as rows of tables: lists, items, prices, and the reasons in words."""
