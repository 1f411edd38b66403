"""Which model scored the night, what its gate said, and whether its probabilities come true."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pyspark.sql import functions as F

from features.contract import RUNS
from jobs.report.night_tables import Reading, day_words
from jobs.report.page.numbers import NONE, amount, percent
from jobs.report.page.parts import Block, Plot, Section, Table, Words
from jobs.report.page.plots import Line, line_plot

_RUNS = ("runs",)
_PAIRS = (
    (
        "recall on the tail",
        "gate_tail_recall_challenger",
        "gate_tail_recall_reference",
        "gate_tail_recall_anchor_reference",
    ),
    ("recall on all products", "gate_recall_challenger", "gate_recall_reference", ""),
)


def model(reading: Reading) -> Section:
    """Version, gate and calibration; the figures of the training are those of the newest training up to tonight."""
    scored = reading.run_of("score")
    version = "unknown" if scored is None else str(scored["model_version"])
    blocks: list[Block] = [_tonight(reading, version)]
    trained = _newest_training(reading)
    if trained is not None:
        blocks += [_gate(trained), _calibration_at_training(trained)]
    blocks.append(_calibration_now(reading))
    lead = f"Version {version} of {reading.conf.mlflow.registered_model} scored tonight."
    return Section("model", "Model and gate", lead, tuple(blocks))


def _newest_training(reading: Reading) -> pd.Series | None:
    rows = reading.tables.read(RUNS).where(
        (F.col("step") == "train_relevance") & (F.col("status") == "done") & (F.col("as_of") <= F.lit(reading.as_of))
    )
    found = rows.orderBy(F.desc("as_of"), F.desc("started_at")).limit(1).toPandas()
    return None if found.empty else found.iloc[0]


def _tonight(reading: Reading, version: str) -> Words:
    run = reading.run_of("train_relevance")
    status = "none" if run is None else str(run["status"])
    gate = "" if run is None else run["decisions"].get("gate", "")
    told, mark = {
        "done": (f"A model was trained tonight; the gate: {gate}.", "good"),
        "skipped": ("No training was due tonight.", "plain"),
        "refused": (f"A training was refused by the gate ({gate or 'see the log'}); the champion scored on.", "warn"),
        "failed": ("A training failed; the champion scored on.", "bad"),
    }.get(status, ("No training ran for this night.", "plain"))
    return Words((f"{told} Version {version} made every score of this page.",), _RUNS, title="Tonight", mark=mark)  # type: ignore[arg-type]


def _gate(run: pd.Series) -> Table:
    told: Mapping[str, str] = run["decisions"]
    rows: list[tuple[str, ...]] = [
        (words, _number(told, mine), _number(told, reference), _number(told, anchor))
        for words, mine, reference, anchor in _PAIRS
        if mine in told
    ]
    rows += _segments(told)
    columns = ("measured on days that neither had seen", "this model", "compared with", "first champion")
    reference = told.get("gate_reference", "none")
    note = f"Trained on {run['as_of']:%-d %B %Y} as version {run['model_version']}; compared with {reference}."
    return Table("The gate", columns, tuple(rows), _RUNS, frozenset(columns[1:]), note)


def _segments(told: Mapping[str, str]) -> list[tuple[str, ...]]:
    ends = "_challenger"
    names = sorted(
        name.removesuffix(ends).removeprefix("gate_")
        for name in told
        if name.endswith(ends) and name.startswith(("gate_segment ", "gate_department ", "gate_shoppers "))
    )
    return [
        (f"{name}", _number(told, f"gate_{name}{ends}"), _number(told, f"gate_{name}_reference"), NONE)
        for name in names
    ]


def _number(told: Mapping[str, str], name: str) -> str:
    try:
        return amount(float(told[name]))
    except (KeyError, ValueError):
        return NONE


def _calibration_at_training(run: pd.Series) -> Table:
    told: Mapping[str, str] = run["decisions"]
    rows = []
    for words, name in (
        ("mean predicted probability", "mean_probability"),
        ("share that responded", "rate"),
        ("slope (1 is right)", "slope"),
        ("log-loss saved against the bare rate", "gain"),
    ):
        rows.append((words, _number(told, f"calibration_all_{name}"), _number(told, f"calibration_tail_{name}")))
    columns = ("calibration when it was trained", "all", "tail")
    return Table("Are its probabilities right?", columns, tuple(rows), _RUNS, frozenset(columns[1:]))


def _calibration_now(reading: Reading) -> Block:
    sources = ("metrics", "relevance", "events", "item_exposure")
    predicted = reading.trend("calibration_predicted_mean")
    horizon = reading.conf.relevance.horizon_days
    if reading.conf.relevance.per == "exposure":
        told = "Relevance is of one exposure; the gate judges it by the log."
        return Words((told,), ("runs",), title="Have its probabilities come true?")
    if reading.figure("calibration_predicted_mean") is None:
        told = (
            f"Whether tonight's probabilities come true shows {horizon} days from now; no night of {horizon} days ago "
            "was scored."
        )
        return Words((told,), ("runs",), title="Have its probabilities come true?")
    title = f"Per cent of candidates that responded within {horizon} days"
    lines = [
        Line("predicted", tuple((day, 100 * value) for day, value in predicted), "other"),
        Line("came true", tuple((d, 100 * v) for d, v in reading.trend("calibration_observed_share")), "tail"),
    ]
    parts = [
        f"{segment}: {percent(reading.figure('calibration_predicted_mean', segment) or 0.0)} predicted, "
        f"{percent(reading.figure('calibration_observed_share', segment) or 0.0)} came"
        for segment in reading.segments("calibration_predicted_mean")
    ]
    note = f"By the night that closes the horizon. On {day_words(reading.as_of)}: {'; '.join(parts)}."
    return Plot(title, line_plot(title, lines), sources, note)
