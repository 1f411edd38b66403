"""Tonight's corrections of floors and caps, from the newest night whose delivery is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, EXPOSURE_ACCOUNT, EXPOSURE_CORRECTIONS
from jobs.execution.night import Night
from jobs.planning.columns import item_rows_of, named_columns
from jobs.planning.rules.groups import named_groups
from jobs.planning.names import ITEM_CAP
from jobs.runtime.logs import event
from model.exposure.controller import Feedback, next_correction, relative_error

_KEY = ["constraint", "member"]


def keep_corrections(night: Night, nights: list[date]) -> None:
    """Writes tonight's rows of `exposure_corrections`: every group, and the items whose cap is corrected."""
    delivered = _newest_delivery(night, nights)
    before = _before(night)
    measured = None if delivered is None else delivered["as_of"].iloc[0]
    rules = _rules(night, delivered, before, measured)
    rules = rules.merge(before, on=_KEY, how="left")
    rules["before"] = rules["before"].fillna(0.0)
    already = (rules["measured_before"] == measured).to_numpy() if measured else np.ones(len(rules), dtype=bool)
    settings = night.conf.account.controller
    feedback = Feedback(settings.gain, settings.most, settings.noise)
    total = 0.0 if delivered is None else float(delivered["delivered"].sum())
    error = relative_error(
        rules["asked_share"].to_numpy(), rules["got"].to_numpy() * total, total, settings.noise
    )  # of a night that was taken in before, too: it is told, and not taken in twice
    unmet = _unmet(night, measured, rules)
    moved = next_correction(rules["before"].to_numpy(), error, rules["is_cap"].to_numpy(), unmet, feedback)
    rules["correction"] = np.where(already, np.clip(rules["before"], -settings.most, settings.most), moved)
    rules["error"], rules["measured_on"] = error, measured
    rules["reason"] = _reasons(rules, already, unmet, measured)
    rules["delivered_share"] = rules["got"] if measured else None
    _write(night, rules)


def _newest_delivery(night: Night, nights: list[date]) -> pd.DataFrame | None:
    """as_of, item_id, delivered of the newest of these nights with logged exposures; None where none has."""
    known = night.tables.read(EXPOSURE_ACCOUNT).where(
        F.col("as_of").isin(nights) & (F.col("policy") == night.conf.plan.policy) & (F.col("logged") > 0)
    )
    newest = known.agg(F.max("as_of").alias("as_of")).first() if nights else None
    if newest is None or newest["as_of"] is None:
        return None
    return known.where(F.col("as_of") == F.lit(newest["as_of"])).select("as_of", "item_id", "delivered").toPandas()


def _before(night: Night) -> pd.DataFrame:
    """constraint, member, before, measured_before: the corrections of the newest night before tonight."""
    known = night.tables.read_or_empty(EXPOSURE_CORRECTIONS).where(
        (F.col("as_of") < F.lit(night.as_of)) & (F.col("policy") == night.conf.plan.policy)
    )
    newest = known.agg(F.max("as_of").alias("as_of")).first()
    last = known.where(F.col("as_of") == F.lit(newest["as_of"] if newest else None))
    return last.select(
        *_KEY, F.col("correction").alias("before"), F.col("measured_on").alias("measured_before")
    ).toPandas()


def _rules(night: Night, delivered: pd.DataFrame | None, before: pd.DataFrame, measured: date | None) -> pd.DataFrame:
    """constraint, member, asked_share, got (share of the delivered exposure), is_cap.

    Groups have the members that they had on the measured night: an item that was cold and sold since is one of the cold
    items that were shown.
    """
    plan = night.conf.plan
    items = item_rows_of(night.tables, measured or night.as_of, named_columns(plan)).toPandas()
    got = pd.Series(dtype=np.float64) if delivered is None else delivered.set_index("item_id")["delivered"]
    share = got / got.sum() if len(got) else got
    of_item = items["item_id"].map(share).fillna(0.0).to_numpy(dtype=np.float64)
    rows = []
    for one in named_groups(plan, items, total=1.0):
        is_cap = bool(np.isfinite(one.group.cap))
        asked = float(one.group.cap if is_cap else one.group.floor)
        # A budget is money, not a share: its cap in exposures says nothing here.
        if one.constraint in {**plan.floors, **plan.caps}:
            rows.append((one.constraint, one.member, asked, float(of_item[one.group.members].sum()), is_cap))
    corrected_before = before.loc[(before["constraint"] == ITEM_CAP) & (before["before"] != 0), "member"]
    beyond = share.index[share > plan.max_item_share] if len(share) else []
    for item in sorted({*corrected_before, *beyond}):
        rows.append((ITEM_CAP, item, plan.max_item_share, float(share.get(item, 0.0)), True))
    found = pd.DataFrame(rows, columns=[*_KEY, "asked_share", "got", "is_cap"])
    return found.astype({"asked_share": "float64", "got": "float64", "is_cap": bool})


def _unmet(night: Night, measured: date | None, rules: pd.DataFrame) -> np.ndarray:
    """bool (rules): whether the plan of the measured night itself fell short."""
    if measured is None:
        return np.zeros(len(rules), dtype=bool)
    short = night.tables.read(CONSTRAINT_PRICES).where(
        (F.col("as_of") == F.lit(measured)) & (F.col("policy") == night.conf.plan.policy) & (F.col("shortfall") > 1e-6)
    )
    missed = {(row["constraint"], row["member"]) for row in short.select(*_KEY).collect()}
    return np.array([key in missed for key in zip(rules["constraint"], rules["member"], strict=True)], dtype=bool)


def _reasons(rules: pd.DataFrame, already: np.ndarray, unmet: np.ndarray, measured: date | None) -> list[str]:
    if measured is None:
        return ["no exposure was logged, so it stays as it was"] * len(rules)
    told = []
    for row, seen, short in zip(rules.to_dict("records"), already, unmet, strict=True):
        if seen:
            told.append(f"the night of {measured} was taken in before")
        elif row["error"] == 0:
            told.append("delivered as asked, within chance")
        elif short and row["error"] > 0:
            told.append("the plan itself could not reach it, so it is not raised")
        else:
            told.append(f"{'less' if row['error'] > 0 else 'more'} was delivered than asked, beyond chance")
    return told


def _write(night: Night, rules: pd.DataFrame) -> None:
    rows = [
        (
            night.as_of, night.conf.plan.policy, one["constraint"], one["member"], float(one["asked_share"]),
            None if one["delivered_share"] is None else float(one["delivered_share"]), float(one["error"]),
            float(one["correction"]), one["measured_on"], one["reason"],
        )
        for one in rules.to_dict("records")
    ]  # fmt: skip
    policy = night.conf.plan.policy.replace("\\", "\\\\").replace("'", "\\'")
    frame = night.spark.createDataFrame(rows, EXPOSURE_CORRECTIONS.schema)
    night.tables.replace_date(frame, EXPOSURE_CORRECTIONS, night.as_of, f"policy = '{policy}'")
    moved = [row for row in rows if row[7] != 0]
    night.record.rows["corrected_bounds"] = night.record.rows.get("corrected_bounds", 0) + len(moved)
    for row in moved[:20]:
        about = {
            "step": "account_exposure",
            "as_of": night.as_of,
            "policy": night.conf.plan.policy,
            "constraint": row[2],
            "member": row[3],
        }
        event("bound corrected", **about, correction=f"{row[7]:+.3f}", why=row[9])
