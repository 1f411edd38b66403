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
from jobs.language.sentences import paragraph, restated, say, speaking
from jobs.planning.names import BUDGET, OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.filled_places import empty_places_in_words
from jobs.report.lists import page_in_words, shopper_pages
from jobs.report.model_figures import Recall, calibration, cold_recall, recalls, segments_in_words
from jobs.report.page.columns import left, right
from jobs.report.page.numbers import NONE, amount, index, percent, seconds
from jobs.report.plan_value import value_unit
from jobs.report.response_in_words import meaning_of, words_of
from jobs.report.rules_in_words import group_in_words
from jobs.saved_rules.versions import DESK_RULES
from jobs.tables.sql import sql_equals
from jobs.tables.warehouse import Warehouse
from model.phrases.table import ResponseWords

MOST_GROUPS = 12  # sentences about rules; a rule with `each` can have thousands of groups


def night_summary(spark: SparkSession, conf: Config, as_of: date, took: dict[str, float]) -> str:
    """The text about a night that has just run. took: seconds by step, in the order of the steps."""
    with speaking(conf.report.language):
        return _night_summary(Warehouse(spark, conf.warehouse), conf, as_of, took)


def _night_summary(tables: Warehouse, conf: Config, as_of: date, took: dict[str, float]) -> str:
    runs = tables.read(RUNS).where(F.col("as_of") == F.lit(as_of)).orderBy("started_at").toPandas()
    newest = runs.drop_duplicates("step", keep="last").set_index("step")
    parts = [say("Night of {day}", day=as_of), _steps(newest, took)]
    if "train_relevance" in newest.index:
        parts.append(model_in_words(newest, words_of(conf.relevance)))
    if tables.has(METRICS, sql_equals(as_of=as_of)):
        parts += [_tail(tables, conf, as_of), *_values(newest, conf), *saved_rules(newest), _rules(tables, conf, as_of)]
        if conf.summary.shoppers:
            parts.append(_shoppers(tables, conf, as_of))
    return "\n\n".join(["", *parts])


def _steps(newest: pd.DataFrame, took: dict[str, float]) -> str:
    lines = [f"{left(say('step'), 20)}{right(say('time'), 12)}  {left(say('status'), 8)} {say('rows')}"]
    for step, duration in took.items():
        run = newest.loc[step]
        rows = ", ".join(f"{name} {count:,}" for name, count in sorted(run["rows"].items()))
        lines.append(f"{step:<20}{right(seconds(duration), 12)}  {left(say(str(run.status)), 8)} {rows}")
    lines.append(f"{left(say('all steps'), 20)}{right(seconds(sum(took.values())), 12)}")
    return "\n".join(lines)


def model_in_words(newest: pd.DataFrame, words: ResponseWords) -> str:
    """Which model scored, and how good the one is that was trained tonight. newest: last row of `runs` by step."""
    runs: Mapping[Hashable, Any] = newest.to_dict("index")
    run = runs["train_relevance"]
    decisions: Mapping[str, str] = run["decisions"]
    if run["status"] != "done":
        why = {"skipped": say("no training was due"), "refused": say("a training was refused")}.get(
            run["status"], say("a training failed")
        )
        version = runs["score"]["model_version"]
        first = say("Model: version {version} scored this night; {why}.", version=version, why=why)
        return "\n".join([first, *_limits(runs)])
    if "gate" not in decisions:
        first = say("Model: version {version} serves without a training.", version=run["model_version"])
        return "\n".join([first, *_limits(runs)])
    lines = [
        say(
            "Model: version {version} was trained tonight. The gate: {verdict}. All its figures are in `runs` and "
            "MLflow.",
            version=run["model_version"],
            verdict=restated(decisions["gate"]),
        ),
        *_limits(runs),
    ]
    reference = restated(decisions.get("gate_reference", "reference"))
    lines += [
        _model_line(recall.label, recall.new, _references(reference, recall)) for recall in recalls(decisions, words)
    ]
    lines += [
        _model_line(recall.label, recall.new, say("drawn at random: {share}", share=recall.reference))
        for recall in cold_recall(decisions, words)
    ]
    segments = segments_in_words(decisions)
    lines += ["  " + say("segments: {answers}", answers=segments)] if segments else []
    lines += [
        _model_line(measure.label, measure.figure, measure.hint)
        for measure in calibration(decisions, "all")
        if measure.figure != NONE
    ]
    return "\n".join(lines)


def _references(reference: str, recall: Recall) -> str:
    compared = say("{reference}: {share}", reference=reference, share=recall.reference)
    if recall.first_champion == NONE:
        return compared
    return say("{compared}; first champion: {share}", compared=compared, share=recall.first_champion)


def _limits(runs: Mapping[Hashable, Any]) -> list[str]:
    """What a short history or the gate took away from the model that scored; nothing of a complete one."""
    scored = runs.get("score")
    limits = scored["decisions"].get("limits") if scored else None
    if not scored or not limits:
        return []
    return ["  " + paragraph(say("Version {version} scored.", version=scored["model_version"]), restated(limits))]


def _model_line(label: str, figure: str, note: str) -> str:
    return f"  {left(label, 24)}{right(figure, 8)}  {say('({note})', note=note) if note else ''}".rstrip()


def _tail(tables: Warehouse, conf: Config, as_of: date) -> str:
    figures = tables.read_date(METRICS, as_of).toPandas().pivot_table(index="segment", columns="name", values="value")
    segments = [name for name in (ALL, *SEGMENTS) if name in figures.index]
    lines = [
        say("What the tail got on {placement}", placement=conf.plan.placement),
        left(say("segment"), 9) + right(say("eligible"), 10) + right(say("shown"), 9) + right(say("places"), 10)
        + right(say("exposure"), 11) + right(say("mean chance"), 13),
    ]  # fmt: skip
    for segment in segments:
        of_segment: Mapping[Hashable, float] = figures.loc[segment].dropna().to_dict()
        eligible, shown, places, exposure = (
            amount(of_segment.get(name, 0.0)) for name in (ITEMS_ELIGIBLE, ITEMS_SHOWN, ENTRIES, EXPOSURE_ALLOCATED)
        )
        chance = percent(of_segment[RELEVANCE_MEAN]) if RELEVANCE_MEAN in of_segment else NONE
        lines.append(f"{left(say(segment), 9)}{eligible:>10}{shown:>9}{places:>10}{exposure:>11}{chance:>13}")
    lines.append(
        say(
            "Places: in the lists of all shoppers. Exposure: how often these are expected to be looked at on one day. "
            "Mean chance: of {meaning}, over places of every position and shopper alike.",
            meaning=meaning_of(conf.relevance),
        )
    )
    empty = empty_places_in_words(conf.plan, lambda name, segment: _figure(figures, name, segment))
    lines += [empty] if empty else []
    gini = figures.loc[ALL].to_dict().get(EXPOSURE_GINI)
    if gini is not None:  # absent where no item has exposure
        lines.append(
            say("Concentration of the exposure (Gini): {gini}; 0 is even, 1 is all for one product.", gini=index(gini))
        )
    return "\n".join(lines)


def _values(newest: pd.DataFrame, conf: Config) -> list[str]:
    """What the lists were planned by, if relevance.values is set. newest: last row of `runs` by step"""
    decisions: Mapping[Hashable, Mapping[str, str]] = newest["decisions"].to_dict()
    if conf.relevance.values is None or "plan_exposure" not in decisions:
        return []
    counted = decisions["plan_exposure"].get("objective", NONE)
    missing = decisions.get("score", {}).get("values")
    days = conf.relevance.horizon_days
    sentences = [
        say(
            "Value of a place: the chances of responses within {days} days, times {counted}.",
            days=days,
            counted=counted,
        )
    ]
    if missing:
        sentences.append(say("Others do not count: {missing}.", missing=missing))
    return [paragraph(*sentences)]


def saved_rules(newest: pd.DataFrame) -> list[str]:
    """Which rules of the desk the night merged over plan; nothing where none held.

    newest: last row of `runs` by step
    """
    decisions: Mapping[Hashable, Mapping[str, str]] = newest["decisions"].to_dict()
    rules = decisions.get("plan_exposure", {}).get(DESK_RULES)
    return [say("Rules from the desk: {rules}.", rules=rules)] if rules else []


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
    lines = [say("What the rules cost, in {unit}", unit=unit)]
    lines += [f"  {group_in_words(row, caps, unit)}" for row in groups.head(MOST_GROUPS).to_dict("records")]
    if len(groups) > MOST_GROUPS:
        more = len(groups) - MOST_GROUPS
        lines.append("  " + say("{count} further groups are in constraint_prices.", count=more))
    held = int((rows.constraint.isin(OF_ITEM_CAP) & (rows.price > 0)).sum())
    lines.append("  " + say("{count} products are held back by their own cap or their stock.", count=amount(held)))
    return "\n".join(lines)


def _shoppers(tables: Warehouse, conf: Config, as_of: date) -> str:
    listed = tables.read_date(EXPOSURE_SCORES, as_of).where(F.col("policy") == conf.plan.policy)
    drawn = listed.select("user_id").distinct().orderBy(F.xxhash64("user_id")).limit(conf.summary.shoppers)
    pages = shopper_pages(tables, as_of, conf.plan.policy, sorted(drawn.toPandas().user_id), last=8)
    return "\n\n".join(
        [
            say("Shoppers of this night: {count}", count=len(pages)),
            *(page_in_words(page, conf) for page in pages),
        ]
    )
