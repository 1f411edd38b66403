"""Alerts: what is wrong, how far, and what to do; to the log, a file, and a webhook. The summary to chats and mail."""
