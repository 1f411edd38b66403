"""Measures the features of a night, writes the figures to `metrics`, and stops the night where one misses its bar."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from pyspark.sql import functions as F

from features.contract import METRICS
from features.contract.metrics import FEATURE
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
from jobs.language.sentences import say, speaking
from jobs.quality.young_store import comparable_features, first_event_day
from jobs.runtime.errors import Refused
from jobs.tables.sql import sql_starts_with

_FEATURES: tuple[tuple[Table, tuple[Feature, ...]], ...] = (
    (ITEM_FEATURES_TABLE, ITEM_FEATURES),
    (USER_FEATURES_TABLE, USER_FEATURES),
)


def pass_features(night: Night) -> None:
    """Measures item_features and user_features of the night. Raises Refused naming feature, figure and bar."""
    conf = night.conf.quality
    bars: dict[str, Bar] = {name: Bar(bar.most, bar.action == "stop") for name, bar in conf.bars.items()}
    with ThreadPoolExecutor(len(_FEATURES)) as pool:  # planning the queries takes longer than running them
        pending = [pool.submit(_measured, night, table, features) for table, features in _FEATURES]
        figures = {table.name: profile.result() for (table, _), profile in zip(_FEATURES, pending, strict=True)}
    beyond = [
        violation for name, profile in figures.items() for violation in violations(name, profile, bars, conf.exceptions)
    ]
    _write(night, figures)
    send(night, "build_features", [_alert(night, violation) for violation in beyond])
    night.record.rows["features_beyond_bar"] = len({(violation.table, violation.feature) for violation in beyond})
    stopping = [violation for violation in beyond if violation.bar.stops]
    if stopping:
        more = f" and {len(stopping) - 1} more" if len(stopping) > 1 else ""
        raise Refused(
            f"Features of {night.as_of} are not fit for use: {stopping[0]}{more}.",
            "Look at what was ingested; the log names every one. If the change is meant, set quality.exceptions or "
            "quality.bars and run build_features again.",
        )


def _alert(night: Night, violation: Violation) -> Alert:
    figure = violation.figure
    severity: Severity = "critical" if violation.bar.stops else "warning"
    feature = f"{violation.table}.{violation.feature}"
    with speaking(night.conf.report.language):
        return Alert(
            f"features.{figure}", severity, night.as_of, feature,
            say(
                "{feature}: {figure} is {value}, the bar is {bar}.",
                feature=feature, figure=figure, value=f"{violation.value:.4g}", bar=f"{violation.bar.most:g}",
            ),
            say(
                "Look at {table} of {day} and its source; metrics has {metric} by night.",
                table=violation.table, day=night.as_of, metric=f"{FEATURE}{figure}",
            ),
            violation.value, violation.bar.most,
        )  # fmt: skip


def _measured(night: Night, table: Table, features: Sequence[Feature]) -> Profile:
    previous = _previous_night(night, table)
    night.record.decisions[f"{table.name}_compared_with"] = str(previous or "no earlier night")
    nights = [day for day in (previous, night.as_of) if day is not None]
    rows = night.tables.read(table).where(F.col("as_of").isin(nights))
    by_night = profiles(rows, features)
    night.record.rows[table.name], figures = by_night.get(night.as_of, (0, {}))
    if previous is None or not figures:
        return figures
    comparable = comparable_features(features, previous, first_event_day(night), night.conf.quality.compare_from_days)
    earlier_figures = {name: values for name, values in by_night[previous][1].items() if name in comparable}
    figures = with_rises(figures, earlier_figures)
    share = min(1.0, night.conf.quality.sample_rows / night.record.rows[table.name])
    sample = sampled(rows, table.key[-1], features, share).toPandas()
    earlier, tonight = (sample[sample["as_of"] == day] for day in nights)
    for feature in drifting([feature for feature in features if feature.name in comparable]):
        figures[feature.name]["drift"] = population_stability_index(
            earlier[feature.name].to_numpy(),
            tonight[feature.name].to_numpy(),
            float(feature.default),  # type: ignore[arg-type]
        )
    return figures


def _previous_night(night: Night, table: Table) -> date | None:
    """The newest earlier date of the table within quality.compare_within_days."""
    since = night.as_of - timedelta(days=night.conf.quality.compare_within_days)
    near = night.tables.read(table).where((F.col("as_of") < F.lit(night.as_of)) & (F.col("as_of") >= F.lit(since)))
    (row,) = near.agg(F.max("as_of").alias("newest")).collect()
    newest: date | None = row["newest"]
    return newest


def _write(night: Night, figures: dict[str, Profile]) -> None:
    versions = {name: night.tables.outputs[name] for name in figures if name in night.tables.outputs}
    rows = [
        (night.as_of, f"{FEATURE}{figure}", f"{table}.{feature}", float(value), versions)
        for table, profile in figures.items()
        for feature, of_feature in profile.items()
        for figure, value in of_feature.items()
    ]
    frame = night.spark.createDataFrame(rows, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, sql_starts_with("name", FEATURE))
