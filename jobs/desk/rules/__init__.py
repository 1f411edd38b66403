"""The desk's pages of rules, and the changes that their forms ask for."""
