"""What exposures and shoppers have to be held against, for comparing policies and arms."""
