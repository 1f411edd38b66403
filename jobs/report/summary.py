"""The end of a night on the console: time and rows of each step, the model, what the tail got, a few shoppers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, METRICS, RUNS
from features.contract.metrics import (
    ALL,
    ENTRIES,
    EXPOSURE_ALLOCATED,
    EXPOSURE_GINI,
    ITEMS_ELIGIBLE,
    ITEMS_SHOWN,
    RELEVANCE_MEAN,
)
from features.contract.segments import SEGMENTS
from jobs.config.configuration import Config
from jobs.planning.names import BUDGET, OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.filled_places import empty_places_in_words
from jobs.report.lists import page_in_words, shopper_pages
from jobs.report.model_figures import calibration, cold_recall, recalls, segments_in_words
from jobs.report.page.numbers import NONE, amount, index, percent, seconds
from jobs.report.plan_value import value_unit
from jobs.report.rules_in_words import group_in_words
from jobs.tables.sql import sql_equals
from jobs.tables.warehouse import Warehouse
from model.phrases.table import ResponseWords

MOST_GROUPS = 12  # sentences about rules; a rule with `each` can have thousands of groups


def night_summary(spark: SparkSession, conf: Config, as_of: date, took: dict[str, float]) -> str:
    """The text about a night that has just run. took: seconds by step, in the order of the steps."""
    tables = Warehouse(spark, conf.warehouse)
    runs = tables.read(RUNS).where(F.col("as_of") == F.lit(as_of)).orderBy("started_at").toPandas()
    newest = runs.drop_duplicates("step", keep="last").set_index("step")
    parts = [f"Night of {as_of}", _steps(newest, took)]
    if "train_relevance" in newest.index:
        parts.append(model_in_words(newest, conf.relevance.words))
    if tables.has(METRICS, sql_equals(as_of=as_of)):
        parts += [_tail(tables, conf, as_of), _rules(tables, conf, as_of)]
        if conf.summary.shoppers:
            parts.append(_shoppers(tables, conf, as_of))
    return "\n\n".join(["", *parts])


def _steps(newest: pd.DataFrame, took: dict[str, float]) -> str:
    lines = [f"{'step':<20}{'time':>12}  {'status':<8} rows"]
    for step, duration in took.items():
        run = newest.loc[step]
        rows = ", ".join(f"{name} {count:,}" for name, count in sorted(run["rows"].items()))
        lines.append(f"{step:<20}{seconds(duration):>12}  {run.status:<8} {rows}")
    lines.append(f"{'all steps':<20}{seconds(sum(took.values())):>12}")
    return "\n".join(lines)


def model_in_words(newest: pd.DataFrame, words: ResponseWords) -> str:
    """Which model scored, and how good the one is that was trained tonight. newest: last row of `runs` by step."""
    runs: Mapping[Hashable, Any] = newest.to_dict("index")
    run = runs["train_relevance"]
    decisions: Mapping[str, str] = run["decisions"]
    if run["status"] != "done":
        why = {"skipped": "no training was due", "refused": "a training was refused"}.get(
            run["status"], "a training failed"
        )
        return "\n".join([f"Model: version {runs['score']['model_version']} scored this night; {why}.", *_limits(runs)])
    if "gate" not in decisions:
        return "\n".join([f"Model: version {run['model_version']} serves without a training.", *_limits(runs)])
    lines = [
        f"Model: version {run['model_version']} was trained tonight. The gate: {decisions['gate']}. All its figures "
        "are in `runs` and MLflow.",
        *_limits(runs),
    ]
    reference = decisions.get("gate_reference", "reference")
    lines += [
        _model_line(recall.label, recall.new, f"{reference}: {recall.reference}"
                    + ("" if recall.first_champion == NONE else f"; first champion: {recall.first_champion}"))
        for recall in recalls(decisions, words)
    ]  # fmt: skip
    lines += [
        _model_line(recall.label, recall.new, f"drawn at random: {recall.reference}")
        for recall in cold_recall(decisions, words)
    ]
    segments = segments_in_words(decisions)
    lines += [f"  segments: {segments}"] if segments else []
    lines += [
        _model_line(measure.label, measure.figure, measure.hint)
        for measure in calibration(decisions, "all")
        if measure.figure != NONE
    ]
    return "\n".join(lines)


def _limits(runs: Mapping[Hashable, Any]) -> list[str]:
    """What a short history or the gate took away from the model that scored; nothing of a complete one."""
    scored = runs.get("score")
    limits = scored["decisions"].get("limits") if scored else None
    return [f"  Version {scored['model_version']} scored. {limits}"] if scored and limits else []


def _model_line(label: str, figure: str, note: str) -> str:
    return f"  {label:<24}{figure:>8}  {f'({note})' if note else ''}".rstrip()


def _tail(tables: Warehouse, conf: Config, as_of: date) -> str:
    figures = tables.read_date(METRICS, as_of).toPandas().pivot_table(index="segment", columns="name", values="value")
    segments = [name for name in (ALL, *SEGMENTS) if name in figures.index]
    lines = [
        f"What the tail got on {conf.plan.placement}",
        f"{'segment':<9}{'eligible':>10}{'shown':>9}{'places':>10}{'exposure':>11}{'mean chance':>13}",
    ]
    for segment in segments:
        of_segment: Mapping[Hashable, float] = figures.loc[segment].dropna().to_dict()
        eligible, shown, places, exposure = (
            amount(of_segment.get(name, 0.0)) for name in (ITEMS_ELIGIBLE, ITEMS_SHOWN, ENTRIES, EXPOSURE_ALLOCATED)
        )
        chance = percent(of_segment[RELEVANCE_MEAN]) if RELEVANCE_MEAN in of_segment else NONE
        lines.append(f"{segment:<9}{eligible:>10}{shown:>9}{places:>10}{exposure:>11}{chance:>13}")
    lines.append(
        "Places: in the lists of all shoppers. Exposure: how often these are expected to be looked at on one day. "
        f"Mean chance: of {conf.relevance.meaning}, over places of every position and shopper alike."
    )
    empty = empty_places_in_words(conf.plan, lambda name, segment: _figure(figures, name, segment))
    lines += [empty] if empty else []
    gini = figures.loc[ALL].to_dict().get(EXPOSURE_GINI)
    if gini is not None:  # absent where no item has exposure
        lines.append(f"Concentration of the exposure (Gini): {index(gini)}; 0 is even, 1 is all for one product.")
    return "\n".join(lines)


def _figure(figures: pd.DataFrame, name: str, segment: str) -> float | None:
    """A metric of the pivoted figures, None where the night has none."""
    if segment not in figures.index or name not in figures.columns:
        return None
    value: Any = figures.loc[segment, name]
    return None if pd.isna(value) else float(value)


def _rules(tables: Warehouse, conf: Config, as_of: date) -> str:
    rows = tables.read_date(CONSTRAINT_PRICES, as_of).where(F.col("policy") == conf.plan.policy).toPandas()
    groups = rows[~rows.constraint.isin([*OF_ITEM_CAP, *OF_ITEM_FLOOR])].sort_values("price", ascending=False)
    caps, unit = {*conf.plan.caps, BUDGET}, value_unit(conf)
    lines = [f"What the rules cost, in {unit}"]
    lines += [f"  {group_in_words(row, caps, unit)}" for row in groups.head(MOST_GROUPS).to_dict("records")]
    if len(groups) > MOST_GROUPS:
        lines.append(f"  {len(groups) - MOST_GROUPS} further groups are in constraint_prices.")
    held = int((rows.constraint.isin(OF_ITEM_CAP) & (rows.price > 0)).sum())
    lines.append(f"  {amount(held)} products are held back by their own cap or their stock.")
    return "\n".join(lines)


def _shoppers(tables: Warehouse, conf: Config, as_of: date) -> str:
    listed = tables.read_date(EXPOSURE_SCORES, as_of).where(F.col("policy") == conf.plan.policy)
    drawn = listed.select("user_id").distinct().orderBy(F.xxhash64("user_id")).limit(conf.summary.shoppers)
    pages = shopper_pages(tables, as_of, conf.plan.policy, sorted(drawn.toPandas().user_id), last=8)
    return "\n\n".join(
        [
            f"Shoppers of this night: {len(pages)}",
            *(page_in_words(page, conf.plan, conf.relevance.words.done) for page in pages),
        ]
    )
