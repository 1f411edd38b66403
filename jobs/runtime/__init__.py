"""What every job runs on: configuration, command line, Spark session, run manifest, lock, clock."""
