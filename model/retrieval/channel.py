"""What a channel of the first stage is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.families import Family
from model.retrieval.catalogue import Catalogue
from model.retrieval.scores import ChannelScores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers

# Scores of all eligible items for a block of shoppers, in products of matrices: [b, n], or one row for all shoppers.
Score = Callable[[Catalogue, Shoppers, ChannelSettings], ChannelScores | np.ndarray]


@dataclass(frozen=True)
class Channel:
    """A channel as `model.retrieval.channels` declares it.

    name: of its scores in `candidates`, in trained models and in `relevance.top_reasons`
    meaning: what the score is
    family: of causes that say nearly the same
    score: how it is computed; an `ItemScore` also says what a date prepares for it, `LinkScores` which links it follows
    needs: columns, tables and kinds of events without which all items score the same, as `Source.absent` names them;
        of names joined by " or " one is enough
    negative: whether the score is of negative feedback, which may lower an item and never raise it
    """

    name: str
    meaning: str
    family: Family
    score: Score
    needs: tuple[str, ...] = ()
    negative: bool = False
