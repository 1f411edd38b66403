"""Measures the features of a night, keeps the figures in `metrics`, and stops the night where one is beyond its bar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import functions as F

from features.contract import METRICS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE, Feature
from features.quality.feature_gate import Bar, Violation, violations, with_rises
from features.quality.feature_profile import (
    Profile,
    drifting,
    population_stability_index,
    profile,
    sampled,
)
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.runtime.night import Night

PREFIX = "feature_"  # of the names in metrics; their segment is <table>.<feature>
_FEATURES: tuple[tuple[Table, tuple[Feature, ...]], ...] = (
    (ITEM_FEATURES_TABLE, ITEM_FEATURES),
    (USER_FEATURES_TABLE, USER_FEATURES),
)


def pass_features(night: Night) -> None:
    """Judges item_features and user_features of the night. Raises Refused naming feature, figure and bar."""
    conf = night.conf.quality
    bars: dict[str, Bar] = {name: Bar(bar.most, bar.action == "stop") for name, bar in conf.bars.items()}
    figures: dict[str, Profile] = {}
    found: list[Violation] = []
    for table, features in _FEATURES:
        last = _last_night(night, table)
        figures[table.name] = _measured(night, table, features, last)
        found += violations(table.name, figures[table.name], bars, conf.exceptions)
        night.record.decisions[f"{table.name}_compared_with"] = str(last or "no earlier night")
    _keep(night, figures)
    for one in found:
        event("feature beyond its bar", step="build_features", as_of=night.as_of, what=str(one), stops=one.bar.stops)
    night.record.rows["features_beyond_bar"] = len({(one.table, one.feature) for one in found})
    stopping = [one for one in found if one.bar.stops]
    if stopping:
        more = f" and {len(stopping) - 1} more" if len(stopping) > 1 else ""
        raise Refused(
            f"Features of {night.as_of} are not fit for use: {stopping[0]}{more}.",
            "Look at what was ingested; the log names all. Where it is meant to be so, set quality.exceptions or "
            "quality.bars in the configuration and run build_features again.",
        )


def _measured(night: Night, table: Table, features: Sequence[Feature], last: date | None) -> Profile:
    rows = night.tables.read(table)
    tonight = rows.where(F.col("as_of") == F.lit(night.as_of)).persist()
    figures = profile(tonight, features)
    if last is not None:
        before = rows.where(F.col("as_of") == F.lit(last))
        figures = with_rises(figures, profile(before, features))
        key = table.key[-1]
        share = min(1.0, night.conf.quality.sample_rows / max(tonight.count(), 1))
        now, then = (sampled(frame, key, features, share).toPandas() for frame in (tonight, before))
        for feature in drifting(features):
            figures[feature.name]["drift"] = population_stability_index(
                then[feature.name].to_numpy(),
                now[feature.name].to_numpy(),
                float(feature.default),  # type: ignore[arg-type]
            )
    tonight.unpersist()
    return figures


def _last_night(night: Night, table: Table) -> date | None:
    """The newest earlier date of the table that is near enough to be compared with."""
    since = night.as_of - timedelta(days=night.conf.quality.compare_within_days)
    near = night.tables.read(table).where((F.col("as_of") < F.lit(night.as_of)) & (F.col("as_of") >= F.lit(since)))
    (row,) = near.agg(F.max("as_of").alias("last")).collect()
    last: date | None = row["last"]
    return last


def _keep(night: Night, figures: dict[str, Profile]) -> None:
    versions = {name: night.tables.outputs[name] for name in figures if name in night.tables.outputs}
    rows = [
        (night.as_of, f"{PREFIX}{figure}", f"{table}.{feature}", float(value), versions)
        for table, of_table in figures.items()
        for feature, mine in of_table.items()
        for figure, value in mine.items()
    ]
    frame = night.spark.createDataFrame(rows, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, f"startswith(name, '{PREFIX}')")
