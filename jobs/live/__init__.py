"""The stream of events: from its source to counters in Delta, online values and alerts."""
