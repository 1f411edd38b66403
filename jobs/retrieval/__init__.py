"""The first stage on Spark: the item side of a date on the executors, shoppers in fixed blocks."""
