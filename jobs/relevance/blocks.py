"""Rows of shoppers and candidates to the blocks of arrays that the fusion model takes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from features.aggregates.pair_features import PAIRS, pairs_of_shoppers
from features.contract import CANDIDATES, DAILY_PAIR, USER_HISTORY
from features.declarations import PAIR_FEATURES, USER_FEATURES_TABLE
from jobs.runtime.errors import LongtailError
from jobs.tables.sql import sql_equals
from jobs.tables.warehouse import Warehouse
from model.fusion.inputs import PADDING, Block, columns_of, event_codes, feature_matrix
from model.fusion.ranker import RankerInputs

CANDIDATE_COLUMNS = ("user_id", "item_id", "rank", "first_stage_score", "channel_scores")


def read_candidates(tables: Warehouse, as_of: date, encoder_version: str, first_stage_version: str) -> DataFrame:
    """The columns CANDIDATE_COLUMNS of one date and one model. Raises LongtailError when there are none."""
    condition = sql_equals(as_of=as_of, encoder_version=encoder_version, first_stage_version=first_stage_version)
    candidates = tables.read(CANDIDATES).where(condition)
    if candidates.isEmpty():
        raise LongtailError(
            f"The table candidates has no rows for {as_of}, {encoder_version} and {first_stage_version}.",
            "Run jobs/build_candidates.py for the night first.",
        )
    return candidates.select(*CANDIDATE_COLUMNS)


def read_shoppers(tables: Warehouse, as_of: date, inputs: RankerInputs) -> DataFrame:
    """user_id, item_ids, event_types, days_ago (NULL without a history), the columns of the shopper's features that
    `inputs` name, and PAIRS of `pairs_of_shoppers` if they name features of pairs."""
    known = [name for name in columns_of(inputs.user_features) if name in USER_FEATURES_TABLE.column_names]
    columns = ["user_id", "item_ids", "event_types", "days_ago", *known]
    history = tables.read_date(USER_HISTORY, as_of).select("user_id", "item_ids", "event_types", "days_ago")
    shoppers = tables.read_date(USER_FEATURES_TABLE, as_of).select("user_id", *known)
    shoppers = shoppers.join(history, on="user_id", how="left")
    if inputs.pair_features:
        pairs = pairs_of_shoppers(tables.read(DAILY_PAIR), as_of, inputs.pair_features)
        shoppers, columns = shoppers.join(pairs, on="user_id", how="left"), [*columns, PAIRS]
    return shoppers.select(*columns)


def block_of(
    candidates: pa.Table, shoppers: pa.Table, item_ids: pa.Array, inputs: RankerInputs
) -> tuple[pa.Array, pa.Array, Block]:
    """(user_ids [B] sorted, rank order of the rows, block) from rows of `read_candidates` and `read_shoppers`.

    `item_ids` [n] are those of the item side. The second array has, for every row of `candidates`, its flat place in
    [B, C]. A history event of an unknown item is left out. Raises LongtailError when a shopper or an item of the
    candidates is unknown, ValueError that names a missing feature.
    """
    user_ids = pc.unique(candidates["user_id"]).sort()
    user = pc.index_in(candidates["user_id"], user_ids).to_numpy()
    rows = pc.index_in(candidates["item_id"], item_ids)
    place = pc.index_in(user_ids, shoppers["user_id"].combine_chunks())
    for what, unknown in (("items", rows.null_count), ("shoppers", place.null_count)):
        if unknown:
            raise LongtailError(
                f"{unknown} {what} of the candidates have no features.", "Run jobs/build_features.py for the date."
            )
    shoppers = shoppers.take(place)
    rank = candidates["rank"].to_numpy()
    order = np.lexsort((rank, user))
    count = np.bincount(user, minlength=len(user_ids))
    column = np.empty(len(user), dtype=np.int64)
    column[order] = np.arange(len(user)) - np.repeat(np.cumsum(count) - count, count)
    flat = user.astype(np.int64) * int(count.max()) + column
    shape = (len(user_ids), int(count.max()))
    scores = pc.list_flatten(candidates["channel_scores"]).combine_chunks().to_numpy()
    if len(scores) != len(user) * len(inputs.channels):
        raise LongtailError(
            f"Candidates do not have the {len(inputs.channels)} channel scores that the model reads.",
            "Run jobs/build_candidates.py for the night again.",
        )
    history, days_ago, event_types = _history(shoppers, item_ids, inputs)
    columns = {name: shoppers[name].to_numpy() for name in shoppers.column_names if name in inputs.user_features}
    candidates_of = rows.to_numpy().astype(np.int64)
    block = Block(
        history=history,
        days_ago=days_ago,
        event_types=event_types,
        user_features=feature_matrix(inputs.user_features, columns),
        candidates=_placed(candidates_of.astype(np.int32), flat, shape, PADDING),
        channel_scores=_placed(scores.reshape(len(user), -1).astype(np.float32), flat, shape, 0.0),
        first_stage_score=_placed(candidates["first_stage_score"].to_numpy().astype(np.float32), flat, shape, 0.0),
        pair_features=_placed(_of_pairs(shoppers, item_ids, inputs, user, candidates_of), flat, shape, 0.0),
    )
    return user_ids, pa.array(flat), block


def _revoked(pair: np.ndarray, revokes: np.ndarray) -> np.ndarray:
    """Whether an event revokes the interest in its pair, or one of the pair after it does; events are newest first."""
    pairs, first = np.unique(pair[revokes], return_index=True)
    if not len(pairs):
        return revokes
    newest = np.flatnonzero(revokes)[first]
    place = np.minimum(np.searchsorted(pairs, pair), len(pairs) - 1)
    return (pairs[place] == pair) & (np.arange(len(pair)) >= newest[place])


def _placed(values: np.ndarray, flat: np.ndarray, shape: tuple[int, int], padding: float) -> np.ndarray:
    """[B, C, …] with the rows' values at their places."""
    placed = np.full((shape[0] * shape[1], *values.shape[1:]), padding, dtype=values.dtype)
    placed[flat] = values
    return placed.reshape(*shape, *values.shape[1:])


def _of_pairs(
    shoppers: pa.Table, item_ids: pa.Array, inputs: RankerInputs, user: np.ndarray, item: np.ndarray
) -> np.ndarray:
    """[rows of the candidates, features of pairs] float32; `user` and `item` are the rows' shopper and item row."""
    if not inputs.pair_features:
        return np.zeros((len(user), 0), dtype=np.float32)
    lists = shoppers[PAIRS].combine_chunks()
    owner, pairs = pc.list_parent_indices(lists).to_numpy().astype(np.int64), pc.list_flatten(lists)
    row = pc.fill_null(pc.index_in(pairs.field("item_id"), item_ids), PADDING).to_numpy().astype(np.int64)
    known = np.flatnonzero(row != PADDING)
    keys = owner[known] * len(item_ids) + row[known]
    order = np.argsort(keys, kind="stable")
    keys, wanted = keys[order], user.astype(np.int64) * len(item_ids) + item
    place = np.searchsorted(keys, wanted)
    matched = np.zeros(len(wanted), dtype=bool)
    inside = place < len(keys)
    matched[inside] = keys[place[inside]] == wanted[inside]
    columns = {}
    for feature in PAIR_FEATURES:
        if feature.name in inputs.pair_features:
            values = np.full(len(wanted), feature.default, dtype=np.float64)
            values[matched] = pairs.field(feature.name).to_numpy(zero_copy_only=False)[known[order]][place[matched]]
            columns[feature.name] = values
    return feature_matrix(inputs.pair_features, columns)


def _history(shoppers: pa.Table, item_ids: pa.Array, inputs: RankerInputs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[B, history_items] rows, days and event codes, newest first, without the events of unknown items and those that
    a later one revokes."""
    length = inputs.history_items
    lists = shoppers["item_ids"].combine_chunks()
    user = pc.list_parent_indices(lists).to_numpy()
    row = pc.fill_null(pc.index_in(pc.list_flatten(lists), item_ids), PADDING).to_numpy()
    days = pc.list_flatten(shoppers["days_ago"].combine_chunks()).to_numpy().astype(np.float32)
    kinds = pc.list_flatten(shoppers["event_types"].combine_chunks()).to_numpy(zero_copy_only=False)
    codes = event_codes(kinds, inputs.event_types)
    known = row != PADDING
    if inputs.revoking:
        known &= ~_revoked(user * np.int64(len(item_ids)) + row, known & np.isin(kinds, inputs.revoking))
    user, row, days, codes = user[known], row[known], days[known], codes[known]
    count = np.bincount(user, minlength=len(shoppers))
    column = np.arange(len(user)) - np.repeat(np.cumsum(count) - count, count)
    newest = column < length
    flat = (user * length + column)[newest]
    shape = (len(shoppers), length)
    return (
        _placed(row[newest].astype(np.int32), flat, shape, PADDING),
        _placed(days[newest], flat, shape, 0.0),
        _placed(codes[newest], flat, shape, 0),
    )
