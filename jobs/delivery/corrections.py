"""Tonight's corrections of floors and caps, from the newest night whose delivery is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, EXPOSURE_ACCOUNT, EXPOSURE_CORRECTIONS
from jobs.execution.night import Night
from jobs.planning.columns import item_rows_of, named_columns
from jobs.planning.names import ITEM_CAP
from jobs.planning.rules.groups import named_groups
from jobs.runtime.logs import event
from jobs.tables.sql import sql_equals
from model.exposure.controller import Feedback, next_correction, relative_error

_KEY = ["constraint", "member"]
_MOST_EVENTS = 20  # corrections in the log; all of them are in the table


def keep_corrections(night: Night, nights: list[date]) -> None:
    """Writes tonight's rows of `exposure_corrections`: every group, and the items whose cap is corrected."""
    delivered = _newest_delivery(night, nights)
    before = _before(night)
    measured = None if delivered is None else delivered["as_of"].iloc[0]
    rules = _rules(night, delivered, before, measured)
    rules = rules.merge(before, on=_KEY, how="left")
    rules["before"] = rules["before"].fillna(0.0)
    # A night that was measured before keeps its correction; its error is still reported.
    already = (rules["measured_before"] == measured).to_numpy() if measured else np.ones(len(rules), dtype=bool)
    settings = night.conf.account.controller
    feedback = Feedback(settings.gain, settings.most, settings.noise)
    total = 0.0 if delivered is None else float(delivered["delivered"].sum())
    error = relative_error(
        rules["asked_share"].to_numpy(), rules["delivered"].to_numpy() * total, total, settings.noise
    )
    unmet = _unmet(night, measured, rules)
    corrections = next_correction(rules["before"].to_numpy(), error, rules["is_cap"].to_numpy(), unmet, feedback)
    rules["correction"] = np.where(already, np.clip(rules["before"], -settings.most, settings.most), corrections)
    rules["error"], rules["measured_on"] = error, measured
    rules["reason"] = _reasons(rules, already, unmet, measured)
    rules["delivered_share"] = rules["delivered"] if measured else None
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
    """constraint, member, asked_share, delivered (as a share of all exposure), is_cap.

    Groups have the members of the measured night: an item that was cold when it was shown counts as cold, although it
    has sold since.
    """
    plan = night.conf.plan
    items = item_rows_of(night.tables, measured or night.as_of, named_columns(plan), plan).toPandas()
    exposure = pd.Series(dtype=np.float64) if delivered is None else delivered.set_index("item_id")["delivered"]
    share = exposure / exposure.sum() if len(exposure) else exposure
    of_item = items["item_id"].map(share).fillna(0.0).to_numpy(dtype=np.float64)
    rows = []
    for named in named_groups(plan, items, total=1.0):
        group = named.group
        is_cap = bool(np.isfinite(group.cap))
        asked = float(group.cap if is_cap else group.floor)
        # A budget is money, not a share of the exposure, so it is not corrected.
        if named.constraint in {**plan.floors, **plan.caps}:
            rows.append((named.constraint, named.member, asked, float(of_item[group.members].sum()), is_cap))
    corrected_before = before.loc[(before["constraint"] == ITEM_CAP) & (before["before"] != 0), "member"]
    above_cap = share.index[share > plan.max_item_share] if len(share) else []
    for item in sorted({*corrected_before, *above_cap}):
        rows.append((ITEM_CAP, item, plan.max_item_share, float(share.get(item, 0.0)), True))
    rules = pd.DataFrame(rows, columns=[*_KEY, "asked_share", "delivered", "is_cap"])
    return rules.astype({"asked_share": "float64", "delivered": "float64", "is_cap": bool})


def _unmet(night: Night, measured: date | None, rules: pd.DataFrame) -> np.ndarray:
    """bool (rules): whether the plan of the measured night itself missed the bound."""
    if measured is None:
        return np.zeros(len(rules), dtype=bool)
    short = night.tables.read(CONSTRAINT_PRICES).where(
        (F.col("as_of") == F.lit(measured)) & (F.col("policy") == night.conf.plan.policy) & (F.col("shortfall") > 1e-6)
    )
    missed = {(row["constraint"], row["member"]) for row in short.select(*_KEY).collect()}
    return np.array([key in missed for key in zip(rules["constraint"], rules["member"], strict=True)], dtype=bool)


def _reasons(rules: pd.DataFrame, already: np.ndarray, unmet: np.ndarray, measured: date | None) -> list[str]:
    if measured is None:
        return ["no exposure was logged, so the correction stays as it was"] * len(rules)
    reasons = []
    for row, is_known, is_unmet in zip(rules.to_dict("records"), already, unmet, strict=True):
        if is_known:
            reasons.append(f"the night of {measured} was already taken into account")
        elif row["error"] == 0:
            reasons.append("delivered as asked, within chance")
        elif is_unmet and row["error"] > 0:
            reasons.append("the plan itself could not reach it, so it is not raised")
        else:
            reasons.append(f"{'less' if row['error'] > 0 else 'more'} was delivered than asked, beyond chance")
    return reasons


def _write(night: Night, rules: pd.DataFrame) -> None:
    rows = [
        (
            night.as_of, night.conf.plan.policy, rule["constraint"], rule["member"], float(rule["asked_share"]),
            None if rule["delivered_share"] is None else float(rule["delivered_share"]), float(rule["error"]),
            float(rule["correction"]), rule["measured_on"], rule["reason"],
        )
        for rule in rules.to_dict("records")
    ]  # fmt: skip
    frame = night.spark.createDataFrame(rows, EXPOSURE_CORRECTIONS.schema)
    night.tables.replace_date(frame, EXPOSURE_CORRECTIONS, night.as_of, sql_equals(policy=night.conf.plan.policy))
    moved = [row for row in rows if row[7] != 0]
    night.record.rows["corrected_bounds"] = night.record.rows.get("corrected_bounds", 0) + len(moved)
    for row in moved[:_MOST_EVENTS]:
        event(
            "bound corrected",
            step="account_exposure",
            as_of=night.as_of,
            policy=night.conf.plan.policy,
            constraint=row[2],
            member=row[3],
            correction=f"{row[7]:+.3f}",
            why=row[9],
        )
