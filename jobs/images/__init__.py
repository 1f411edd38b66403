"""Pictures of items: their files, and vectors of them computed on the executors."""
