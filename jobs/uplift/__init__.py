"""The effect of being shown: its log, its model in MLflow, its figures, and the uplift of every scored pair."""
