"""Measures how far a night is from the previous one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM, METRICS, RELEVANCE, USER_EMBEDDINGS
from features.contract.metrics import ALL, DRIFT
from features.contract.responses import DAILY_COUNT
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE
from features.drift.distance import categorical_stability_index, level_change
from features.drift.frames import embedding_shift, new_text_share, responses_by_category, sampled_by
from features.quality.feature_profile import population_stability_index
from jobs.execution.night import Night
from jobs.quality.young_store import first_event_day
from jobs.tables.sql import sql_starts_with

RECENT_DAYS, EARLIER_DAYS = 7, 28  # responses of the last week are compared with those of the four weeks before
NOT_COMPARABLE = {
    "embeddings": "no shopper has a vector of the same encoder on both nights",
    "scores": "one of the nights has no relevance",
    "response_level": "one of the periods has no response",
}


def measured_drift(night: Night) -> dict[str, float]:
    """The figures of drift that can be measured tonight, by the names of the bars in `drift.bars`.

    texts: share of distinct item texts that the previous night did not have
    embeddings: mean of 1 - cosine of a shopper's vector with the previous night's
    scores: population stability index of relevance
    response: population stability index of responses (relevance.target) over categories
    response_level: |ln| of the ratio of responses a day

    A figure without an earlier night to compare with is left out, and the decisions of the run say so; so are those of
    responses until the store has a week of events before the last one.
    """
    previous = _previous_night(night)
    night.record.decisions["compared_with"] = str(previous or "no earlier night")
    figures: dict[str, Callable[[], float | None]] = {}
    days_before = earlier_days(night)
    if days_before >= RECENT_DAYS:
        earlier, now = _responses(night)
        figures |= {
            "response": lambda: categorical_stability_index(earlier, now),
            "response_level": lambda: level_change(earlier.sum() / days_before, now.sum() / RECENT_DAYS),
        }
    else:
        night.record.decisions["response"] = "the store has no week of events before the last one"
    if previous is not None:
        figures |= {
            "texts": lambda: _texts(night, previous),
            "embeddings": lambda: _embeddings(night, previous),
            "scores": lambda: _scores(night, previous),
        }
    values = {name: measure() for name, measure in figures.items()}
    night.record.decisions |= {name: NOT_COMPARABLE[name] for name in NOT_COMPARABLE if values.get(name, 0) is None}
    return {name: value for name, value in values.items() if value is not None}


def write_drift(night: Night, figures: dict[str, float]) -> None:
    """Writes the figures to `metrics` as drift_<name>."""
    versions = dict(night.tables.inputs)
    rows = [(night.as_of, f"{DRIFT}{name}", ALL, value, versions) for name, value in sorted(figures.items())]
    frame = night.spark.createDataFrame(rows, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, sql_starts_with("name", DRIFT))


def _previous_night(night: Night) -> date | None:
    since = night.as_of - timedelta(days=night.conf.quality.compare_within_days)
    rows = night.tables.read(RELEVANCE).where(
        (F.col("policy") == night.conf.plan.scored_as)
        & (F.col("as_of") < F.lit(night.as_of))
        & (F.col("as_of") >= F.lit(since))
    )
    newest = rows.agg(F.max("as_of").alias("as_of")).first()
    return None if newest is None else newest["as_of"]


def _on(night: Night, table: Table, day: date) -> DataFrame:
    return night.tables.read(table).where(F.col("as_of") == F.lit(day))


def _texts(night: Night, previous: date) -> float | None:
    listed = F.col("is_eligible")
    return new_text_share(*(_on(night, ITEM_FEATURES_TABLE, day).where(listed) for day in (night.as_of, previous)))


def _embeddings(night: Night, previous: date) -> float | None:
    tonight, earlier = (_on(night, USER_EMBEDDINGS, day) for day in (night.as_of, previous))
    share = _share(night, earlier)
    return embedding_shift(sampled_by(tonight, "user_id", share), sampled_by(earlier, "user_id", share), "user_id")


def _scores(night: Night, previous: date) -> float | None:
    policy = F.col("policy") == night.conf.plan.scored_as
    tonight, earlier = (_on(night, RELEVANCE, day).where(policy) for day in (night.as_of, previous))
    share = _share(night, earlier)
    # Sampled by shopper, so that both nights are compared on the same shoppers whatever their candidates are.
    current, reference = (
        sampled_by(frame, "user_id", share).select("relevance").toPandas()["relevance"].to_numpy()
        for frame in (tonight, earlier)
    )
    return population_stability_index(reference, current, np.nan) if len(reference) and len(current) else None


def _share(night: Night, frame: DataFrame) -> float:
    return min(1.0, night.conf.quality.sample_rows / max(frame.count(), 1))


def earlier_days(night: Night) -> int:
    """Days of the four weeks before the last one on which the store had begun."""
    first = first_event_day(night)
    recent = night.as_of - timedelta(days=RECENT_DAYS)
    return 0 if first is None else min(EARLIER_DAYS, max((recent - first).days, 0))


def _responses(night: Night) -> tuple[np.ndarray, np.ndarray]:
    """Responses by category: of the four weeks before the last one, and of the last one."""
    recent = night.as_of - timedelta(days=RECENT_DAYS)
    since = recent - timedelta(days=EARLIER_DAYS)
    days, counted = night.tables.read(DAILY_ITEM), DAILY_COUNT[night.conf.relevance.target]
    items = _on(night, ITEM_FEATURES_TABLE, night.as_of)
    earlier, now = (
        responses_by_category(days.where((F.col("day") >= F.lit(first)) & (F.col("day") < F.lit(end))), items, counted)
        .toPandas()
        .set_index("category")["responses"]
        for first, end in ((since, recent), (recent, night.as_of))
    )
    both = earlier.to_frame("earlier").join(now.rename("now"), how="outer").fillna(0.0)
    return both["earlier"].to_numpy(dtype=np.float64), both["now"].to_numpy(dtype=np.float64)
