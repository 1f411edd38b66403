"""Reading of logs and lists for comparing policies and arms."""
