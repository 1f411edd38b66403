"""How a step runs: its input, its row in `runs`, its command line and exit code."""
