"""Two policies compared by what their lists cause, from recorded draws and the lists that were planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, RELEVANCE
from features.delivery.units import LIST, UNIT, requests_of_lists
from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError
from jobs.uplift.inputs import FEATURE_NAMES, ITEM_COLUMNS, USER_COLUMNS, of_items, of_users, pair_inputs
from jobs.uplift.log import DrawnUnits, drawn_units, units_of, with_features
from model.cores import available_cores
from model.policy_evaluation.comparison import Bars, Compared, compared
from model.policy_evaluation.estimates import Evaluation
from model.policy_evaluation.two_policies import WITHOUT_LIST
from model.uplift.policies import PolicyLists, incremental_response, models_of_folds, predicted_by_others
from model.uplift.units import Units

WITHOUT_REQUEST = "lists of which no exposure has a request_id"
_PAIR = ("as_of", "user_id", "item_id")


@dataclass(frozen=True)
class IncrementalAnswer:
    """evaluations in the order of the policies; left_out: requests, or lists, by reason; sampled: share of the shoppers
    first, last: nights of the draws; drawn_by: the policies whose draws they are, sorted
    """

    evaluations: tuple[Evaluation, Evaluation]
    comparison: Compared
    left_out: dict[str, int]
    sampled: float
    first: date
    last: date
    drawn_by: tuple[str, ...]


@dataclass(frozen=True)
class _Log:
    """On the driver. rows: of `DrawnUnits` with features; lists: LIST, requests of the lists that these are of
    entries: policy, as_of, user_id, item_id, rank, relevance and features of the lists compared
    weights: float64 (positions); user_ids: strings, sorted, by whose places shoppers are numbered
    """

    rows: pd.DataFrame
    lists: pd.DataFrame
    entries: pd.DataFrame
    weights: np.ndarray
    user_ids: pd.Index

    def user(self, rows: pd.DataFrame) -> np.ndarray:
        """int (rows): number of the shopper."""
        return self.user_ids.get_indexer(pd.Index(rows["user_id"]))


def incremental_answer(
    night: Night, names: tuple[str, str], first: date, last: date | None, drawn_by: str | None
) -> IncrementalAnswer:
    """What the lists of two policies cause a request, over the shoppers and nights whose draws were recorded.

    Only requests count whose shopper had a list of both that night. f is that of the night, the largest where several
    models scored the pair, so that it is the same for a pair whichever list it is in.

    night: `as_of` is the day after the log; first, last: nights of the draws, both included
    drawn_by: the policy whose draws are read; None: those of every policy
    Raises LongtailError where no draw with a known outcome is left, and ValueError that says what is missing.
    """
    drawn = drawn_units(night, first, last, drawn_by)
    if drawn is None:
        raise LongtailError(
            f"exploration_draws has no draw with a known outcome from {first} on"
            + (f" until {last}" if last else "")
            + (f" by policy {drawn_by}." if drawn_by else "."),
            "Set uplift.alternatives, plan nights, and wait for uplift.outcome_days after them.",
        )
    log, left = _on_driver(night, drawn, names)
    if log.rows.empty or not log.rows["is_drawn"].any():
        raise ValueError(
            "No recorded draw is of a shopper who came and had a list of both"
            + "".join(f"; {count} {reason}" for reason, count in left.items())
        )
    item_ids = np.sort(log.rows["item_id"].unique())
    units = units_of(log.rows, log.user(log.rows), item_ids)
    models = models_of_folds(units, item_ids, FEATURE_NAMES, night.conf.seed, max(1, available_cores() // 2))
    requests = np.bincount(log.user(log.lists), log.lists["requests"].to_numpy(), minlength=len(log.user_ids))
    predicted, clip = predicted_by_others(models, units.inputs, units.user), night.conf.evaluation.clip
    evaluations = []
    for name in names:
        lists = _policy_lists(log, units, name, item_ids)
        effect = predicted_by_others(models, lists.inputs, lists.user).effect
        evaluations.append(incremental_response(units, predicted, lists, effect, requests, clip))
    pair = (evaluations[0], evaluations[1])
    bars = Bars(night.conf.evaluation.least_overlap, night.conf.evaluation.least_effective_size)
    nights, policies = log.rows["as_of"], tuple(sorted(log.rows["policy"].unique()))
    return IncrementalAnswer(
        pair, compared(names, pair, bars), left, drawn.sampled, nights.min(), nights.max(), policies
    )


def _on_driver(night: Night, drawn: DrawnUnits, names: tuple[str, str]) -> tuple[_Log, dict[str, int]]:
    """The log, and what was left out by reason. It is of a sample of shoppers, as the draws are."""
    units = drawn.rows.persist()
    came = units.select(*LIST).distinct()
    lists = came.join(requests_of_lists(drawn.exposures), on=list(LIST), how="left").toPandas()
    nights = sorted(lists["as_of"].unique())
    rows = with_features(night, _with_relevance(night, units, nights)).toPandas()
    rows = rows.sort_values(list(UNIT), ignore_index=True)
    planned = night.tables.read(EXPOSURE_SCORES).where(
        (F.col("placement") == night.conf.plan.placement)
        & F.col("policy").isin(list(names))
        & F.col("as_of").isin(nights)
        & (F.col("rank") <= len(drawn.weights))
    )
    shoppers = came.select("as_of", "user_id").distinct()
    chosen = planned.select("policy", *_PAIR, "rank").join(shoppers, on=["as_of", "user_id"], how="left_semi")
    entries = with_features(night, _with_relevance(night, chosen, nights), how="left").toPandas()
    units.unpersist()
    unknown = int(entries[[of_items(ITEM_COLUMNS[0]), of_users(USER_COLUMNS[0])]].isna().any(axis=1).sum())
    if unknown:
        raise ValueError(f"{unknown} entries of the lists have no features of their night any more")
    left = {WITHOUT_REQUEST: int(lists["requests"].isna().sum())}
    lists = lists[lists["requests"].notna()]
    for name in names:
        lacking = ~_keys(lists).isin(_keys(entries[entries["policy"] == name]))
        left[WITHOUT_LIST.format(name)] = round(float(lists.loc[lacking, "requests"].sum()))
        lists = lists[~lacking]
    user_ids = pd.Index(np.sort(lists["user_id"].unique()))
    of_lists = pd.MultiIndex.from_frame(lists[list(LIST)])
    rows = rows[pd.MultiIndex.from_frame(rows[list(LIST)]).isin(of_lists)].reset_index(drop=True)
    log = _Log(rows, lists, entries, np.array(drawn.weights), user_ids)
    return log, {reason: count for reason, count in left.items() if count}


def _with_relevance(night: Night, pairs: DataFrame, nights: list[date]) -> DataFrame:
    """The pairs with the relevance of their night in place of their own; 0 where the table does not hold it."""
    scored = night.tables.read(RELEVANCE).where(F.col("as_of").isin(nights))
    largest = scored.groupBy(*_PAIR).agg(F.max("relevance").alias("relevance"))
    joined = pairs.drop("relevance").join(largest, on=list(_PAIR), how="left")
    return joined.withColumn("relevance", F.coalesce("relevance", F.lit(0.0)))


def _policy_lists(log: _Log, units: Units, name: str, item_ids: np.ndarray) -> PolicyLists:
    own = log.entries[log.entries["policy"] == name].drop(columns="policy")
    entries = log.lists.merge(own, on=["as_of", "user_id"], how="inner")
    views = entries["requests"].to_numpy() * log.weights[entries["rank"].to_numpy(dtype=np.int64) - 1]
    of_units = log.rows[list(UNIT)].merge(log.lists, on=list(LIST), how="left")
    ranks = own[[*_PAIR, "rank"]]
    rank = of_units.merge(ranks, on=list(_PAIR), how="left")["rank"].to_numpy(dtype=np.float64)
    listed = ~np.isnan(rank)
    viewed = np.where(listed, log.weights[np.where(listed, rank - 1, 0).astype(np.int64)], 0.0)
    # What a policy shows by its own draw depends on the draw: its chance is the propensity, at any drawn place.
    by_own_draw = (log.rows["policy"] == name).to_numpy()
    return PolicyLists(
        pair_inputs(entries, pd.Index(item_ids)),
        log.user(entries),
        views,
        np.where(by_own_draw, units.propensity, listed.astype(np.float64)),
        np.where(by_own_draw, units.dose, of_units["requests"].to_numpy() * viewed),
    )


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[["as_of", "user_id"]])
