"""A new item before its first sales: what its texts lack, other wordings of them, and the response to each."""
