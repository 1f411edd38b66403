"""The second stage on Spark: tables to the arrays that `model` takes, on the driver and on workers alike."""
