"""Likely mistakes of a source or its mapping that no row alone shows; each is a sentence with its remedy."""

from __future__ import annotations

import re
from datetime import date
from functools import reduce
from operator import add
from urllib.parse import unquote

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS, USERS
from features.quality import outcomes
from jobs.source_check import phrases
from jobs.source_check.taking import Taken
from jobs.sources.files.columns import ADDED, PART
from jobs.sources.frequent_shoppers import frequent_shoppers
from jobs.sources.id_forms import forms
from model.periods import least_history_days, periods_within

LARGE_SHARE = 0.05  # of all events, that may wait for items or for shoppers
ROLLING_DAYS = 8  # a single file of so few days may be a window of the last days
_ROLLING_NAME = re.compile(r"last|latest|recent|rolling|current|\d+_?-?(d|day|days)(?![a-z])", re.IGNORECASE)
_DATA = re.compile(r"-?\d+([.,]\d+)?|\d{4}-\d{2}-\d{2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")


def header_mistakes(name: str, rows: DataFrame) -> list[str]:
    """A header among the rows of a CSV file, or a row of data as its header."""
    columns = [column for column in rows.columns if column not in ADDED]
    sentences = []
    data = [column for column in columns if _DATA.fullmatch(column)]
    if len(data) * 2 >= len(columns):
        sentences.append(phrases.data_as_header(name, data))
    same = reduce(add, (F.coalesce(F.trim(F.col(f"`{c}`")) == c, F.lit(False)).cast("int") for c in columns))
    repeated = rows.where(same * 2 > len(columns)).count() if len(columns) > 1 else 0
    return [*sentences, phrases.header_as_data(name, repeated)] if repeated else sentences


def shopper_mistakes(taken: Taken) -> list[str]:
    """One shopper with a large share of the events, and words for guests as shoppers."""
    frequent = frequent_shoppers(_events_kept(taken))
    if frequent is None:
        return []
    sentences = [phrases.guest_words(frequent.words, frequent.events_of_words)] if frequent.words else []
    if frequent.most.is_large and frequent.most.user_id not in frequent.words:
        sentences.append(phrases.one_shopper(frequent.most.user_id, frequent.most.share, frequent.shoppers))
    return sentences


def id_mistakes(taken: Taken) -> list[str]:
    """Ids that differ by their case, invisible characters or '.0' alone, within and between the tables."""
    events = _events_kept(taken)
    sentences = []
    for what, table, column in (("item", ITEMS.name, "item_id"), ("shopper", USERS.name, "user_id")):
        ids = taken.of(table).accepted.select(column).union(events.select(column))
        several = (
            forms(ids, column)
            .agg(F.sum(F.col("forms") - 1).alias("ids"), F.min(F.struct("first", "second")).alias("pair"))
            .collect()[0]
        )
        if several["ids"]:
            first, second = several["pair"]
            sentences.append(phrases.forms_of_id(what, several["ids"], first, second, difference(first, second)))
    return sentences


def difference(first: str, second: str) -> str:
    """What two forms of one id differ by, in words."""
    if first.lower() == second.lower():
        return "upper and lower case"
    if re.sub(r"\.0+$", "", first) == re.sub(r"\.0+$", "", second):
        return "'.0'"
    return "blanks or invisible characters" if _visible(first) == _visible(second) else "several of these"


def unknown_ids(taken: Taken) -> list[str]:
    """A large share of events that wait for an item or a shopper."""
    events = taken.of(EVENTS.name)
    rows = sum(events.count(outcome) for outcome in outcomes.KEPT)
    parked = events.judged.where(F.col("outcome") == outcomes.PARKED) if events.count(outcomes.PARKED) else None
    sentences = []
    if parked is not None:
        counts = {row["reason"]: row["count"] for row in parked.groupBy("reason").count().collect()}
        for reason, what, table in (
            (outcomes.ITEM_UNKNOWN, "items", ITEMS.name),
            (outcomes.USER_UNKNOWN, "shoppers", USERS.name),
        ):
            share = counts.get(reason, 0) / rows
            complete = all(taken.sample.is_complete(mapping.input) for mapping in getattr(taken.files, table))
            if share > LARGE_SHARE:
                sentences.append(phrases.unknown_shares(what, share, complete))
    return sentences


def window_mistakes(taken: Taken) -> list[str]:
    """Changed files that lack days which they delivered before, and single files that may hold the last days only.

    Not of inputs that keep what a changed file no longer has.
    """
    replacing = {name for name, files in taken.files.inputs.items() if not files.keeps_older}
    by_part = (
        _events_kept(taken)
        .groupBy(PART)
        .agg(F.min("event_date").alias("first"), F.max("event_date").alias("last"))
        .collect()
    )
    days = {row[PART]: (row["first"], row["last"]) for row in by_part if row["first"] is not None}
    known = {(row["input"], row["part"]): row["fingerprint"] for row in taken.taken_before.collect()}
    parts = [part for part in taken.source.parts if part.input in replacing]
    changed = [part for part in parts if (part.input, part.place) in known and part.place in days]
    sentences = []
    for part in changed:
        stored = taken.night.tables.read_or_empty(EVENTS).where(F.col(PART) == part.place)
        first = days[part.place][0]
        row = (
            stored.where(F.col("event_date") < F.lit(first))
            .agg(F.count(F.lit(1)).alias("events"), F.min("event_date").alias("since"))
            .collect()[0]
        )
        if row["events"]:
            sentences.append(phrases.lost_days(_file(part.place), first, row["events"], row["since"]))
    for name in {mapping.input for mapping in taken.files.events} & replacing:
        [only, *others] = taken.sample.parts[name]
        if not others and only.place in days and only not in changed:
            first, last = days[only.place]
            number = (last - first).days + 1
            if number <= ROLLING_DAYS or (_ROLLING_NAME.search(_file(only.place)) and number < 100):
                sentences.append(phrases.rolling_file(_file(only.place), number, first))
    return sentences


def history_mistakes(taken: Taken) -> list[str]:
    """Less history than a training needs, and items that are known later than the events."""
    conf = taken.night.conf
    first = _least(taken.of(EVENTS.name).accepted, F.col("event_date"))
    since = _least(taken.of(ITEMS.name).accepted, F.to_date("valid_from"))
    stored = _least(taken.night.tables.read_or_empty(EVENTS), F.col("event_date"))
    first = min(filter(None, (first, stored)), default=None)
    if first is None:
        return []
    horizon, periods, as_of = conf.relevance.horizon_days, conf.fusion.periods, taken.night.as_of
    days, needed = (as_of - first).days, least_history_days(horizon, periods)
    sentences = []
    if days < needed:
        within = periods_within(as_of, days, horizon, periods)
        sentences.append(phrases.short_history(days, first, needed, horizon, periods, within))
    if since is not None and since > first and stored is None:
        sentences.append(phrases.late_items(since, first))
    return sentences


def _events_kept(taken: Taken) -> DataFrame:
    """The events that are accepted or wait for their item or shopper."""
    return taken.of(EVENTS.name).judged.where(F.col("outcome").isin(*outcomes.KEPT))


def _least(rows: DataFrame, day: Column) -> date | None:
    least: date | None = rows.agg(F.min(day).alias("day")).collect()[0]["day"]
    return least


def _visible(text: str) -> str:
    return "".join(character for character in text if character.isprintable() and not character.isspace())


def _file(place: str) -> str:
    return unquote(place.rpartition("/")[2])
