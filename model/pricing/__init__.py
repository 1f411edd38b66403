"""Own-price elasticity by category, and the change of prices that it suggests; numpy and scipy only."""
