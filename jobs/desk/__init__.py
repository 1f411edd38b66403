"""The merchandiser's desk: pages on the nights of a warehouse, read without Spark."""
