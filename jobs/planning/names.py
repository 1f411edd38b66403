"""Names of constraints in constraint_prices, and what a rule of the configuration may be called."""

import re

from model.exposure.feasibility import ITEM_FLOOR

ITEM_CAP, STOCK = "item_cap", "stock"
LAUNCH, PIN = "launch", "pin"
BUDGET = "budget"
OF_ITEM_CAP = (ITEM_CAP, STOCK)
OF_ITEM_FLOOR = (ITEM_FLOOR, LAUNCH, PIN)
TAKEN = (*OF_ITEM_CAP, *OF_ITEM_FLOOR, BUDGET)  # groups have other names, those of their floors and caps
RULE_NAME = re.compile(r"[\w-]+")
