"""Whether shoppers browse in a store; one in which they do not pays nothing for features of browsing."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_BROWSING = ("views_weight", "clicks_weight", "carts_weight", "favourites_weight")


def has_views(pairs: DataFrame, visitors: DataFrame | None) -> bool:
    """Whether there is a view among rows of daily_pair and daily_visitor.

    Delta knows the greatest value of each file, so that no file without a view is read.
    """
    frames = [pairs] if visitors is None else [pairs, visitors]
    return any(not frame.where(F.col("views_weight") > 0).isEmpty() for frame in frames)


def has_browsing(pairs: DataFrame) -> bool:
    """Whether there is a view, a click, a cart or a favourite among rows of daily_pair; see `has_views`."""
    return not pairs.where(reduce(or_, (F.col(name) > 0 for name in _BROWSING))).isEmpty()
