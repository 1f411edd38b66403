"""The effect of being shown: what a response owes to the exposure, learnt from the draws of exploration slots."""
