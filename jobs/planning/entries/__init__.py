"""The entries of lists as rows, with the reason of each in words; written where the lists are made."""
