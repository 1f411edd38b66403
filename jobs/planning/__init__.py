"""The tables of a night to the problem of the exposure plan, and the plan to tables."""
