"""How a step runs: what it gets, its row in `runs`, its command line and exit code."""
