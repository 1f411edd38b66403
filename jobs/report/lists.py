"""The list of a shopper with titles, reasons and the last purchases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, USER_HISTORY
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.language.sentences import say
from jobs.report.page.columns import right
from jobs.report.page.numbers import percent, signed
from jobs.report.plan_value import value_words
from jobs.report.response_in_words import words_of
from jobs.tables.warehouse import Warehouse


@dataclass(frozen=True)
class ShopperPage:
    """What a shopper bought last and is shown: `entries` are rows of exposure_scores with title and segment."""

    user_id: str
    bought: list[str]
    entries: pd.DataFrame


def shopper_pages(tables: Warehouse, as_of: date, policy: str, user_ids: list[str], last: int) -> list[ShopperPage]:
    """A page for each of the shoppers, with the titles of their `last` newest distinct purchases."""
    titles = tables.read_date(ITEM_FEATURES_TABLE, as_of).select("item_id", "title", "segment")
    chosen = F.col("user_id").isin(user_ids)
    entries = (
        tables.read_date(EXPOSURE_SCORES, as_of)
        .where(chosen & (F.col("policy") == policy))
        .join(titles, on="item_id", how="left")
        .orderBy("user_id", "rank")
        .toPandas()
    )
    places = F.posexplode("item_ids").alias("place", "item_id")
    bought = (
        tables.read_date(USER_HISTORY, as_of)
        .where(chosen)
        .select("user_id", places)
        .join(titles, on="item_id", how="inner")
        .orderBy("user_id", "place")
        .toPandas()
    )
    return [
        ShopperPage(
            user,
            list(dict.fromkeys(bought.title[bought.user_id == user]))[:last],
            entries[entries.user_id == user].reset_index(drop=True),
        )
        for user in user_ids
    ]


def page_in_words(page: ShopperPage, conf: Config) -> str:
    """The page as lines of text; chances are of the response that relevance.target names."""
    bought = " · ".join(page.bought) or say("nothing yet")  # titles may hold commas
    done = words_of(conf.relevance).done
    lines = [
        say("shopper {shopper} recently {done}: {bought}", shopper=page.user_id, done=done, bought=bought),
        f"{'':5} {right(say('chance'), 9)} {right(say('boost'), 9)}  {say('shown')}",
    ]
    for entry in page.entries.to_dict("records"):
        boost = signed(entry["boost"], value_words(conf))
        drawn = (
            ""
            if entry["propensity"] == 1.0
            else say(" (with a probability of {chance})", chance=percent(entry["propensity"]))
        )
        lines.append(
            f"{entry['rank']:>5} {percent(entry['relevance']):>9} {boost:>9}  {entry['title']} "
            f"[{say(entry['segment'])}]: {entry['reason']}{drawn}"
        )
    if page.entries.empty:
        lines.append("  " + say("no list: the shopper has no candidates this night"))
    return "\n".join(lines)
