"""From events to features: partial sums of days, windows of days, one row an item or shopper and date."""
