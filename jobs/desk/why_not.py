"""Why a product is in no list, by the rules of the page of the night, read for one product without Spark."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.contract import CANDIDATES, EXPOSURE_SCORES, RELEVANCE
from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.desk.items import item_rows, of_night
from jobs.desk.stored_tables import StoredTables
from jobs.planning.candidates.pairs import counted_in_memory
from jobs.planning.catalogue.eligibility import why_excluded
from jobs.planning.columns import named_columns
from jobs.planning.merchandising import merchandising_of
from jobs.planning.rules.item_value import item_value, value_columns
from jobs.planning.rules.list_rules import full_groups
from jobs.planning.rules.quality import had_named_word
from jobs.report.cause import Cause, Standing, conditions, held_out_in_words, in_words
from jobs.report.plan_value import value_words
from jobs.runtime.storage import is_remote
from model.exposure.reasons import SHARED_LIST_REASONS


def why_not_planned(tables: StoredTables, plan: Plan, as_of: date, item: str) -> str:
    """Why an item of item_features is not in the plan."""
    rows = item_rows(tables, plan, as_of, named_columns(plan), [item])
    far = plan.merchandising is not None and is_remote(plan.merchandising)
    [why] = why_excluded(
        plan, rows, merchandising_of(plan.model_copy(update={"merchandising": None}) if far else plan, as_of)
    )
    if not why and far:
        return f"it may be banned by {plan.merchandising}, which the desk does not read"
    return why or "the plan was made with another configuration, or before the item was known"


def why_not_shown(tables: StoredTables, conf: Config, as_of: date, planned: pd.Series, *, named: bool) -> list[str]:
    """Why an item of the plan is in no list, and what could bring it into one.

    planned: its row of item_exposure; named: whether a shopper's id may be shown
    """
    has_word = bool(had_named_word(planned.to_frame().T)[0])
    standing, user = _standing(tables, conf, as_of, planned, has_word)
    held_out = ""
    if standing.cause == Cause.HELD_OUT:
        full = _full(tables, conf.plan, as_of, user, planned["item_id"])
        held_out = held_out_in_words(user if named else "a shopper", full)
    remedy = _what_helps(standing, conf, may_be_pinned=not has_word)
    why = f"Not shown to any shopper: {in_words(standing, conf, held_out)}."
    return [why, *([f"What could bring it into lists: {remedy}."] if remedy else [])]


def _standing(
    tables: StoredTables, conf: Config, as_of: date, planned: pd.Series, has_word: bool
) -> tuple[Standing, str]:
    """Where an item stands, and the shopper whose list it comes nearest to; has_word: by plan.not_lifted."""
    plan = conf.plan
    of_item = pc.field("item_id") == planned["item_id"]
    candidate = tables.count(CANDIDATES, of_night(as_of) & of_item) > 0
    of_value = "uplift" if conf.relevance.values is None else "chances"
    scored = tables.frame(
        RELEVANCE, ("user_id", "relevance", of_value), of_night(as_of, plan.scored_as) & of_item
    ).merge(_ends(tables, plan, as_of), on="user_id", how="left")
    counted = counted_in_memory(conf, scored)
    factor, addend = _value(tables, plan, as_of, planned["item_id"])
    scored["gap"] = scored["score"] - (counted * factor + addend) - planned["boost"]
    with_list = scored.dropna(subset=["score"]).sort_values(["gap", "user_id"])
    nearest = with_list.iloc[0] if len(with_list) else None
    best = float(scored["relevance"].max()) if len(scored) else np.nan
    gap = np.nan if nearest is None else float(nearest["gap"])
    ordered = conditions(
        plan, candidate=np.bool_(candidate), scored=np.bool_(len(scored) > 0), best=best, cap=planned["cap"],
        listed=np.bool_(nearest is not None), named=np.bool_(has_word), gap=gap,
    )  # fmt: skip
    cause = next((cause for cause, holds in ordered if holds), Cause.HELD_OUT)
    bar, rival, user = (
        (np.nan, "", "") if nearest is None else (nearest["score"], nearest["item_id"], nearest["user_id"])
    )
    standing = Standing(
        cause, len(scored), best, float(planned["cap"]), float(planned["boost"]), gap, float(bar), rival
    )
    return standing, user


def _ends(tables: StoredTables, plan: Plan, as_of: date) -> pd.DataFrame:
    """user_id, score, item_id of the last place of each personal list that was not drawn."""
    personal = (pc.field("propensity") == 1.0) & ~pc.field("reason").isin(list(SHARED_LIST_REASONS))
    rows = tables.frame(EXPOSURE_SCORES, ("user_id", "score", "item_id"), of_night(as_of, plan.policy) & personal)
    return rows.sort_values(["score", "item_id"]).drop_duplicates("user_id")


def _value(tables: StoredTables, plan: Plan, as_of: date, item: str) -> tuple[float, float]:
    value = item_value(plan, item_rows(tables, plan, as_of, value_columns(plan), [item]))
    return float(value.factor[0]), float(value.addend[0])


def _full(tables: StoredTables, plan: Plan, as_of: date, user: str, item: str) -> list[str]:
    """The list rules that keep an item out of a shopper's list."""
    of_list = of_night(as_of, plan.policy) & (pc.field("user_id") == user)
    listed = tables.read(EXPOSURE_SCORES, ("item_id",), of_list)["item_id"].to_pylist()
    rows = item_rows(tables, plan, as_of, named_columns(plan), [*listed, item])
    is_item = rows["item_id"] == item
    return full_groups(plan, rows[~is_item], rows[is_item])


def _what_helps(standing: Standing, conf: Config, *, may_be_pinned: bool) -> str:
    """What a merchandiser can change about a cause, '' for what only shoppers can."""
    if standing.cause == Cause.NO_CANDIDATE:
        return "a title, description and category that say more about it" + (", or a pin" if may_be_pinned else "")
    if standing.cause == Cause.BELOW_BAR:
        return "better texts, or a lower plan.relevance_bar"
    if standing.cause == Cause.NO_ROOM:
        return "more stock, or a larger plan.max_item_share"
    if standing.cause == Cause.OUTRANKED:
        lacks = value_words(conf)(standing.gap)
        bid = conf.plan.worth.bid_weight
        paid = f"a bid of its provider higher by {standing.gap / bid:,.4f} an exposure, " if bid > 0 else ""
        return f"{paid}a pin, or a floor of a group that it belongs to; either pays what its score lacks, {lacks}"
    return "a wider list rule, a larger cap of its group, or time" if standing.cause == Cause.HELD_OUT else ""
