"""Measures the features of a night, keeps the figures in `metrics`, and stops the night where one is beyond its bar."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
    profiles,
    sampled,
)
from jobs.alerts.alert import Alert, Severity
from jobs.alerts.sending import send
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.tables.sql import sql_starts_with

PREFIX = "feature_"  # of the names in metrics; their segment is <table>.<feature>
_FEATURES: tuple[tuple[Table, tuple[Feature, ...]], ...] = (
    (ITEM_FEATURES_TABLE, ITEM_FEATURES),
    (USER_FEATURES_TABLE, USER_FEATURES),
)


def pass_features(night: Night) -> None:
    """Judges item_features and user_features of the night. Raises Refused naming feature, figure and bar."""
    conf = night.conf.quality
    bars: dict[str, Bar] = {name: Bar(bar.most, bar.action == "stop") for name, bar in conf.bars.items()}
    with ThreadPoolExecutor(len(_FEATURES)) as together:  # most of each is waiting for the other's planning
        measured = [together.submit(_measured, night, table, features) for table, features in _FEATURES]
        figures = {table.name: one.result() for (table, _), one in zip(_FEATURES, measured, strict=True)}
    found = [one for name, mine in figures.items() for one in violations(name, mine, bars, conf.exceptions)]
    _keep(night, figures)
    send(night, "build_features", [_alert(night, one) for one in found])
    night.record.rows["features_beyond_bar"] = len({(one.table, one.feature) for one in found})
    stopping = [one for one in found if one.bar.stops]
    if stopping:
        more = f" and {len(stopping) - 1} more" if len(stopping) > 1 else ""
        raise Refused(
            f"Features of {night.as_of} are not fit for use: {stopping[0]}{more}.",
            "Look at what was ingested; the log names all. Where it is meant to be so, set quality.exceptions or "
            "quality.bars in the configuration and run build_features again.",
        )


def _alert(night: Night, found: Violation) -> Alert:
    look_at = f"{found.table} of {night.as_of}, metrics ({PREFIX}{found.figure} by night), the source of the feature"
    severity: Severity = "critical" if found.bar.stops else "warning"
    about = f"{found.table}.{found.feature}"
    return Alert(
        f"features.{found.figure}", severity, night.as_of, about, str(found), look_at, found.value, found.bar.most
    )


def _measured(night: Night, table: Table, features: Sequence[Feature]) -> Profile:
    last = _last_night(night, table)
    night.record.decisions[f"{table.name}_compared_with"] = str(last or "no earlier night")
    nights = [day for day in (last, night.as_of) if day is not None]
    rows = night.tables.read(table).where(F.col("as_of").isin(nights))
    found = profiles(rows, features)
    night.record.rows[table.name], figures = found.get(night.as_of, (0, {}))
    if last is None or not figures:
        return figures
    figures = with_rises(figures, found[last][1])
    share = min(1.0, night.conf.quality.sample_rows / night.record.rows[table.name])
    sample = sampled(rows, table.key[-1], features, share).toPandas()
    then, now = (sample[sample["as_of"] == day] for day in nights)
    for feature in drifting(features):
        figures[feature.name]["drift"] = population_stability_index(
            then[feature.name].to_numpy(),
            now[feature.name].to_numpy(),
            float(feature.default),  # type: ignore[arg-type]
        )
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
    night.tables.replace_date(frame, METRICS, night.as_of, sql_starts_with("name", PREFIX))
