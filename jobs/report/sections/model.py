"""Which model scored the night, what its gate found, and whether its chances come true."""

from __future__ import annotations

from math import exp

import pandas as pd

from features.contract.metrics import CALIBRATION_OBSERVED, CALIBRATION_PREDICTED, SEASON_DEVIATION, SEASON_SHIFT
from jobs.registry.models import PASSED
from jobs.report.model_figures import calibration, cold_recall, recalls, segment_recalls
from jobs.report.night_figures import NightFigures, day_words
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Block, Plot, Section, Table, Term, Words
from jobs.report.page.plots import Line, line_plot
from model.phrases.table import ResponseWords

_RUNS = ("runs",)
_HAVE_THEY = "Have its chances come true?"
_ANSWER = Term(
    "what the segment shows",
    "Harmed: it finds less than the gate allows. Held: it is shown not to. Too few to tell: the shoppers for whom the "
    "models differ prove neither, and the gate does not refuse for it.",
)


def model(reading: NightFigures) -> Section:
    """Version, gate and calibration; the figures of the training are those of the newest training up to tonight."""
    scored = reading.run_of("score")
    version = "unknown" if scored is None else str(scored["model_version"])
    blocks: list[Block] = [_tonight(reading, version)]
    trained = reading.newest_training
    if trained is not None:
        blocks += [_gate(trained, reading.conf.relevance.words), _calibration_at_training(trained)]
    blocks.append(_calibration_now(reading))
    lead = f"Version {version} of {reading.conf.mlflow.registered_model} scored tonight."
    return Section("model", "Model and gate", lead, tuple(blocks))


def _tonight(reading: NightFigures, version: str) -> Words:
    run = reading.run_of("train_relevance")
    status = "none" if run is None else str(run["status"])
    gate = "" if run is None else run["decisions"].get("gate", "")
    trained = (f"A model was trained tonight; the gate: {gate}.", "good" if gate == PASSED else "warn")
    sentence, mark = {
        "done": trained if gate else ("No model was trained tonight.", "warn"),
        "skipped": ("No training was due tonight.", "plain"),
        "refused": (f"The gate refused a new model ({gate or 'see the log'}); the champion stays.", "warn"),
        "failed": ("A training failed; the champion stays.", "bad"),
    }.get(status, ("No training ran for this night.", "plain"))
    scored = f"{sentence} Version {version} predicted every chance on this page."
    sentences = (scored, *_limits(reading), *_season(reading))
    return Words(sentences, (*_RUNS, "metrics"), title="Tonight", mark=mark)  # type: ignore[arg-type]


def _limits(reading: NightFigures) -> tuple[str, ...]:
    """What a short history or the gate took away from the model that scored."""
    run = reading.run_of("score")
    limits = None if run is None else run["decisions"].get("limits")
    return (limits,) if limits else ()


def _season(reading: NightFigures) -> tuple[str, ...]:
    """How far tonight's chances are from the level of the training, in words; nothing where score wrote no season."""
    shift, deviation = reading.figure(SEASON_SHIFT), reading.figure(SEASON_DEVIATION)
    if shift is None or deviation is None or deviation == 0.0:
        return ()
    done = reading.conf.relevance.words.done
    low, high = (amount(exp(shift + sign * 1.96 * deviation)) for sign in (-1, 1))
    return (
        f"The season: their odds are {amount(exp(shift))} times those of the periods it was trained on ({low} to "
        f"{high}, 95 %), by what shoppers {done} in the last weeks and in the same weeks of earlier years.",
    )


def _gate(run: pd.Series, words: ResponseWords) -> Table:
    decisions = run["decisions"]
    compared = [*recalls(decisions, words), *segment_recalls(decisions)]
    rows = tuple(
        (recall.label, recall.new, recall.reference, recall.first_champion, recall.answer) for recall in compared
    )
    columns = (
        "measured on days that neither model had seen", "this model", "compared with", "first champion", _ANSWER,
    )  # fmt: skip
    reference = decisions.get("gate_reference", "none")
    note = f"Trained on {run['as_of']:%-d %B %Y} as version {run['model_version']}; compared with {reference}."
    for recall in cold_recall(decisions, words):
        note += words.filled_into(" Of the cold products that shoppers {act}{over} it finds ") + (
            f"{recall.new} when it ranks only those; drawing them at random finds {recall.reference}."
        )
    return Table("The gate", columns, rows, _RUNS, frozenset(columns[1:4]), note)


def _calibration_at_training(run: pd.Series) -> Table:
    everything, tail = (calibration(run["decisions"], part) for part in ("all", "tail"))
    rows = tuple(
        (measure.label, measure.figure, of_tail.figure) for measure, of_tail in zip(everything, tail, strict=True)
    )
    columns = ("when it was trained", "all products", "tail")
    return Table("Are its chances right?", columns, rows, _RUNS, frozenset(columns[1:]))


def _calibration_now(reading: NightFigures) -> Block:
    horizon = reading.conf.relevance.horizon_days
    if reading.conf.relevance.per == "exposure":
        return Words(
            ("Chances are those of one exposure; the gate checks them with the log.",), _RUNS, title=_HAVE_THEY
        )
    if reading.figure(CALIBRATION_PREDICTED) is None:
        later = (
            f"Whether tonight's chances come true shows {horizon} days from now; no night of {horizon} days ago was "
            "scored."
        )
        return Words((later,), _RUNS, title=_HAVE_THEY)
    title = f"Per cent of candidates that responded within {horizon} days"
    lines = [
        Line(label, tuple((day, 100 * value) for day, value in reading.trend(name)), pattern)
        for label, name, pattern in (
            ("predicted", CALIBRATION_PREDICTED, "other"),
            ("came true", CALIBRATION_OBSERVED, "tail"),
        )
    ]
    parts = [
        f"{segment}: {percent(reading.figure(CALIBRATION_PREDICTED, segment) or 0.0)} predicted, "
        f"{percent(reading.figure(CALIBRATION_OBSERVED, segment) or 0.0)} came true"
        for segment in reading.segments(CALIBRATION_PREDICTED)
    ]
    note = f"By the night that closes the horizon. On {day_words(reading.as_of)}: {'; '.join(parts)}."
    return Plot(title, line_plot(title, lines), ("metrics", "relevance", "events", "item_exposure"), note)
