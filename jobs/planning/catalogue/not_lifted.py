"""Which items have a word of plan.not_lifted in their texts."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import ITEMS
from features.point_in_time import versions_at
from jobs.config.plan import NOT_LIFTED_BY, NotLifted
from jobs.execution.night import Night
from model.catalogue.whole_phrases import comparable, first_phrase


def with_not_lifted_by(night: Night, items: DataFrame) -> DataFrame:
    """Adds NOT_LIFTED_BY, a word or phrase of plan.not_lifted that the texts of each item have; NULL without one.

    The executors read the texts. items: item_id
    """
    setting = night.conf.plan.not_lifted
    at_date = versions_at(night.tables.read(ITEMS), [night.as_of], "item_id")
    matches = at_date.select("item_id", _first_word(setting).alias(NOT_LIFTED_BY))
    return items.join(matches.where(F.col(NOT_LIFTED_BY).isNotNull()), on="item_id", how="left")


def _first_word(setting: NotLifted) -> Column:
    """The first match in the first text with one, as the configuration has it."""
    words, phrases = setting.words, [comparable(word) for word in setting.words]

    def of_block(block: pd.DataFrame) -> pd.Series:
        places = (
            next((place for text in row if (place := first_phrase(comparable(text), phrases)) is not None), None)
            for row in block.itertuples(index=False, name=None)
        )
        return pd.Series([None if place is None else words[place] for place in places], dtype=object)

    texts = F.struct(*(F.coalesce(name, F.lit("")).alias(name) for name in setting.texts))
    return F.pandas_udf(of_block, "string")(texts)  # type: ignore[call-overload]
