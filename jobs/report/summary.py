"""The end of a night in words: seconds and rows of each step, what the tail got, three shoppers with their lists."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, METRICS, RUNS
from jobs.config.configuration import Config
from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.lists import page_in_words, shopper_pages
from jobs.tables.warehouse import Warehouse

MOST_GROUPS = 12  # lines of constraints; an `each` can make thousands


_JUDGED_BY = {
    "gate_reference": "compared with",
    "gate_tail_recall_challenger": "share found of what shoppers newly bought of the tail",
    "gate_tail_recall_reference": "  by what it is compared with",
    "gate_tail_recall_anchor_reference": "  by the first champion",
    "gate_recall_challenger": "share found of all that shoppers newly bought",
    "gate_recall_reference": "  by what it is compared with",
    "calibration_all_mean_probability": "mean predicted probability of a candidate",
    "calibration_all_rate": "  share that was bought",
    "calibration_all_slope": "calibration slope (1 is right)",
    "calibration_all_in_the_large": "calibration in the large (0 is right, in log-odds)",
    "calibration_all_gain": "log-loss saved against the bare rate",
    "cold_items_recall_at_100": "share found of cold items, ranked among themselves",
    "cold_items_recall_at_100_by_chance": "  by as many drawn at random",
}


def night_summary(spark: SparkSession, conf: Config, as_of: date, seconds: dict[str, float]) -> str:
    """A text for the console about the night that has just run; `seconds` are those of its steps in order."""
    tables = Warehouse(spark, conf.warehouse)
    runs = tables.read(RUNS).where(F.col("as_of") == F.lit(as_of)).orderBy("started_at").toPandas()
    newest = runs.drop_duplicates("step", keep="last").set_index("step")
    parts = [f"Night of {as_of}", _steps(newest, seconds)]
    if "train_relevance" in newest.index:
        parts.append(model_in_words(newest))
    if tables.has(METRICS, f"as_of = DATE'{as_of}'"):
        parts += [_tail(tables, conf, as_of), _prices(tables, conf, as_of), _shoppers(tables, conf, as_of)]
    return "\n\n".join(["", *parts])


def _steps(newest: pd.DataFrame, seconds: dict[str, float]) -> str:
    lines = [f"{'step':<20}{'seconds':>8}  {'status':<8} rows"]
    for step, took in seconds.items():
        row = newest.loc[step]
        rows = ", ".join(f"{name} {count:,}" for name, count in row["rows"].items())
        lines.append(f"{step:<20}{took:>8.1f}  {row.status:<8} {rows}")
    lines.append(f"{'all steps':<20}{sum(seconds.values()):>8.1f}")
    return "\n".join(lines)


def model_in_words(newest: pd.DataFrame) -> str:
    """Which model scored, and what its training gave; `newest` is the newest row of `runs` by step."""
    row = newest.loc["train_relevance"]
    if row.status != "done":
        why = {"skipped": "no training was due", "refused": "a training was refused"}.get(
            str(row.status), "a training failed"
        )
        return f"Model: version {newest.loc['score'].model_version} scored this night; {why}."
    gate = row.decisions["gate"]
    figures = "\n".join(
        f"  {words}: {row.decisions[name]}" for name, words in _JUDGED_BY.items() if name in row.decisions
    )
    return (
        f"Model: version {row.model_version} was trained tonight. The gate: {gate}. All its figures are in `runs` and "
        f"MLflow.\n{figures}"
    )


def _tail(tables: Warehouse, conf: Config, as_of: date) -> str:
    figures = tables.read_date(METRICS, as_of).toPandas().pivot_table(index="segment", columns="name", values="value")
    order = [name for name in ("all", "head", "tail", "cold") if name in figures.index]
    lines = [
        f"What the tail got ({conf.plan.placement}, f is the probability of {conf.relevance.meaning})",
        f"{'segment':<8}{'eligible':>10}{'shown':>8}{'entries':>9}{'exposure':>10}{'mean f':>9}",
    ]
    for segment in order:
        row = figures.loc[segment].fillna(0.0)
        exposure, mean = row.exposure_allocated_sum, row.get("relevance_mean", 0)
        lines.append(
            f"{segment:<8}{row.items_eligible_count:>10,.0f}{row.get('items_shown_count', 0):>8,.0f}"
            f"{row.get('entries_count', 0):>9,.0f}{exposure:>10,.1f}{mean:>9.4f}"
        )
    if "exposure_gini" in figures:  # there is none where nothing was given
        lines.append(f"Gini of exposure over eligible items: {figures.loc['all'].exposure_gini:.3f}")
    return "\n".join(lines)


def _prices(tables: Warehouse, conf: Config, as_of: date) -> str:
    rows = tables.read_date(CONSTRAINT_PRICES, as_of).where(F.col("policy") == conf.plan.policy).toPandas()
    lines = ["What the constraints cost (one more expected exposure, in responses)"]
    groups = rows[~rows.constraint.isin([*OF_ITEM_CAP, *OF_ITEM_FLOOR])].sort_values("price", ascending=False)
    for row in groups.head(MOST_GROUPS).to_dict("records"):
        short = f", {row['shortfall']:.1f} short" if row["shortfall"] > 0 else ""
        kept = f"asked {row['bound']:.1f}, got {row['used']:.1f}{short}"
        lines.append(f"  {row['constraint']} {row['member']}: {row['price']:.5f} ({kept})")
    if len(groups) > MOST_GROUPS:
        lines.append(f"  and {len(groups) - MOST_GROUPS} further groups, all in constraint_prices")
    caps = rows[rows.constraint.isin(OF_ITEM_CAP) & (rows.price > 0)]
    lines.append(f"  item caps that bind: {len(caps)}" + (f", at most {caps.price.max():.5f}" if len(caps) else ""))
    return "\n".join(lines)


def _shoppers(tables: Warehouse, conf: Config, as_of: date) -> str:
    listed = tables.read_date(EXPOSURE_SCORES, as_of).where(F.col("policy") == conf.plan.policy)
    chosen = listed.select("user_id").distinct().orderBy(F.xxhash64("user_id")).limit(3).toPandas().user_id
    pages = shopper_pages(tables, as_of, conf.plan.policy, sorted(chosen), last=8)
    return "\n\n".join(["Three shoppers", *(page_in_words(page) for page in pages)])
