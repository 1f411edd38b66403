"""Sessions of visitors, known or not, and the links between items that were viewed in one session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from model.retrieval import item_links
from model.retrieval.histories import Histories
from model.retrieval.links import LinkInputs, LinkSettings

SESSION = "session"  # in `LinkInputs.interactions`: views whose `user` is the number of a session


def session_numbers(visitor: np.ndarray, days: np.ndarray, gap_minutes: float) -> np.ndarray:
    """int (events): 0, 1, … for each session, in the order of visitors and times.

    visitor: int (events), a device, or the shopper where the store knows no device
    days: float64 (events), times in days
    A session ends where its visitor does nothing for more than `gap_minutes`.
    """
    order = np.lexsort((days, visitor))
    new = np.ones(len(order), dtype=bool)
    gap = np.diff(days[order]) * 1440.0
    new[1:] = (np.diff(visitor[order]) != 0) | (gap > gap_minutes)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number


@dataclass(frozen=True)
class SessionLinks:
    """Cosines between the items that any visitor viewed in a session.

    A visitor without an account counts as much as a known one, and an item that never sold has links as soon as it is
    viewed next to others.
    """

    name: str = "session_cosines"
    of: Literal["item"] = "item"
    to_eligible: Literal[True] = True

    def learn(self, inputs: LinkInputs, settings: LinkSettings) -> sparse.csr_matrix:
        """[m, n] from known to eligible items."""
        met, catalogue = inputs.interactions[SESSION], inputs.catalogue
        histories = Histories.of(met.user, met.item, -met.days_ago, len(catalogue.item_ids), settings.history_items)
        return item_links.cosines(histories, catalogue.eligible, settings.strongest)


SESSION_COSINES = SessionLinks()
