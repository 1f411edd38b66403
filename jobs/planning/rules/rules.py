"""Everything that a night's plan respects, with floors and caps in expected exposures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.execution.night import Night
from jobs.planning.candidates.pairs import Candidates
from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.merchandising import Merchandising
from jobs.planning.rules.corrections import corrected, read_corrections
from jobs.planning.rules.groups import NamedGroup, named_groups
from jobs.planning.rules.item_bounds import ItemBounds, item_bounds
from jobs.planning.rules.item_value import ItemValue, item_value
from jobs.planning.rules.list_rules import list_rules
from jobs.planning.rules.quality import may_be_lifted
from jobs.planning.shoppers.planned_shoppers import Shoppers
from model.exposure.list_rules import ListRules
from model.exposure.problem import total_exposure


@dataclass(frozen=True)
class Rules:
    """Caps and floors of items and of groups, rules of single lists, and the value of a response to each item.

    may_be_drawn: bool (items), whether the exploration may draw each
    """

    bounds: ItemBounds
    groups: tuple[NamedGroup, ...]
    list_rules: ListRules
    value: ItemValue
    may_be_drawn: np.ndarray


def read_rules(
    night: Night, shoppers: Shoppers, catalogue: Catalogue, candidates: Candidates, merchandising: Merchandising
) -> Rules:
    """The rules of the night's plan, with tonight's corrections of caps and floors.

    Shares refer to the expected exposure of full lists of all shoppers who have one.
    """
    plan, items = night.conf.plan, catalogue.items
    visits = candidates.visits + shoppers.opted_out_visits
    total = total_exposure(visits, np.array(plan.position_weights))
    bounds, groups = corrected(
        read_corrections(night),
        catalogue.item_ids,
        item_bounds(plan, catalogue, merchandising, total, candidates.largest, shoppers.part),
        named_groups(plan, items, total, shoppers.part),
    )
    return Rules(bounds, groups, list_rules(plan, items), item_value(plan, items), may_be_lifted(plan, items))
