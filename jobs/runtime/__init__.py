"""What every job runs on: Spark session, log and console, lock, clock, errors, files of executors."""
