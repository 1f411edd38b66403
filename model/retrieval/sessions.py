"""Sessions of visitors, known or not, and the links between items that were viewed in one session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scipy import sparse

from model.retrieval import item_links
from model.retrieval.histories import Histories
from model.retrieval.links import LinkInputs, LinkSettings

SESSION = "session"  # in `LinkInputs.interactions`: views whose `user` is the number of a session


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
