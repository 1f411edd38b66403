"""The event stream: from its source to counters in Delta, online values and alerts."""
