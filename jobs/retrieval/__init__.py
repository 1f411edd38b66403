"""The first stage on Spark: the item side of a date sent to the executors, shoppers in fixed blocks."""
