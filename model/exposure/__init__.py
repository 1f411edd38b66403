"""The exposure plan: who is shown what, under slots, caps and floors; numpy and scipy only."""
