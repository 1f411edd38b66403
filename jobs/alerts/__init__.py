"""Alerts: what is wrong, how far, and what to look at; to the log, a file, and a webhook."""
