"""What a night of features takes over from earlier ones: what they knew of the events, and histories that go on."""
