"""The names of constraints in constraint_prices; groups have the names that the configuration gives them."""

from model.exposure.feasibility import ITEM_FLOOR

ITEM_CAP, STOCK = "item_cap", "stock"
LAUNCH, PIN = "launch", "pin"
BUDGET = "budget"
OF_ITEM_CAP = (ITEM_CAP, STOCK)
OF_ITEM_FLOOR = (ITEM_FLOOR, LAUNCH, PIN)
TAKEN = (*OF_ITEM_CAP, *OF_ITEM_FLOOR, BUDGET)
