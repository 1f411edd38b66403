"""Which model scored the night, what its gate found, and whether its chances come true."""

from __future__ import annotations

from math import exp

import pandas as pd

from features.contract.metrics import CALIBRATION_OBSERVED, CALIBRATION_PREDICTED, SEASON_DEVIATION, SEASON_SHIFT
from jobs.language.sentences import dated, paragraph, phrase, restated, say
from jobs.registry.models import PASSED
from jobs.report.model_figures import calibration, cold_recall, recalls, segment_recalls
from jobs.report.night_figures import NightFigures, day_words
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Block, Plot, Section, Table, Words, term
from jobs.report.page.plots import Line, line_plot
from model.phrases.table import ResponseWords

_RUNS = ("runs",)
_HAVE_THEY = phrase("Have its chances come true?")


def model(reading: NightFigures) -> Section:
    """Version, gate and calibration; the figures of the training are those of the newest training up to tonight."""
    scored = reading.run_of("score")
    version = say("unknown") if scored is None else str(scored["model_version"])
    blocks: list[Block] = [_tonight(reading, version)]
    trained = reading.newest_training
    if trained is not None:
        blocks += [_gate(trained, reading.words), _calibration_at_training(trained)]
    blocks.append(_calibration_now(reading))
    name = reading.conf.mlflow.registered_model
    lead = say("Version {version} of {name} scored tonight.", version=version, name=name)
    return Section("model", say("Model and gate"), lead, tuple(blocks))


def _tonight(reading: NightFigures, version: str) -> Words:
    run = reading.run_of("train_relevance")
    status = "none" if run is None else str(run["status"])
    gate = "" if run is None else run["decisions"].get("gate", "")
    verdict = restated(gate) if gate else say("see the log")
    trained = say("A model was trained tonight; the gate: {verdict}.", verdict=verdict)
    sentence, mark = {
        "done": (trained, "good" if gate == PASSED else "warn")
        if gate
        else (say("No model was trained tonight."), "warn"),
        "skipped": (say("No training was due tonight."), "plain"),
        "refused": (say("The gate refused a new model ({verdict}); the champion stays.", verdict=verdict), "warn"),
        "failed": (say("A training failed; the champion stays."), "bad"),
    }.get(status, (say("No training ran for this night."), "plain"))
    scored = paragraph(sentence, say("Version {version} predicted every chance on this page.", version=version))
    sentences = (scored, *_limits(reading), *_season(reading))
    return Words(sentences, (*_RUNS, "metrics"), title=say("Tonight"), mark=mark)  # type: ignore[arg-type]


def _limits(reading: NightFigures) -> tuple[str, ...]:
    """What a short history or the gate took away from the model that scored."""
    run = reading.run_of("score")
    limits = None if run is None else run["decisions"].get("limits")
    return (restated(limits),) if limits else ()


def _season(reading: NightFigures) -> tuple[str, ...]:
    """How far tonight's chances are from the level of the training, in words; nothing where score wrote no season."""
    shift, deviation = reading.figure(SEASON_SHIFT), reading.figure(SEASON_DEVIATION)
    if shift is None or deviation is None or deviation == 0.0:
        return ()
    low, high = (amount(exp(shift + sign * 1.96 * deviation)) for sign in (-1, 1))
    sentence = say(
        "The season: their odds are {factor} times those of the periods it was trained on ({low} to {high}, 95 %), by "
        "what shoppers {done} in the last weeks and in the same weeks of earlier years.",
        factor=amount(exp(shift)),
        low=low,
        high=high,
        done=reading.words.done,
    )
    return (sentence,)


def _gate(run: pd.Series, words: ResponseWords) -> Table:
    decisions = run["decisions"]
    compared = [*recalls(decisions, words), *segment_recalls(decisions)]
    rows = tuple(
        (recall.label, recall.new, recall.reference, recall.first_champion, say(recall.answer)) for recall in compared
    )
    columns = (
        say("measured on days that neither model had seen"), say("this model"), say("compared with"),
        say("first champion"),
        term(
            "what the segment shows",
            "Harmed: it finds less than the gate allows. Held: it is shown not to. Too few to tell: the shoppers for "
            "whom the models differ prove neither, and the gate does not refuse for it.",
        ),
    )  # fmt: skip
    note = say(
        "Trained on {day} as version {version}; compared with {reference}.",
        day=dated(run["as_of"], "%-d %B %Y"), version=run["model_version"],
        reference=restated(decisions.get("gate_reference", phrase("none"))),
    )  # fmt: skip
    of_cold = (
        say(
            "Of the cold products that shoppers {act}{over} it finds {new} when it ranks only those; drawing them at "
            "random finds {reference}.",
            act=words.filled_into("{act}"), over=words.over, new=recall.new, reference=recall.reference,
        )
        for recall in cold_recall(decisions, words)
    )  # fmt: skip
    return Table(say("The gate"), columns, rows, _RUNS, frozenset(columns[1:4]), paragraph(note, *of_cold))


def _calibration_at_training(run: pd.Series) -> Table:
    everything, tail = (calibration(run["decisions"], part) for part in ("all", "tail"))
    rows = tuple(
        (measure.label, measure.figure, of_tail.figure) for measure, of_tail in zip(everything, tail, strict=True)
    )
    columns = (say("when it was trained"), say("all products"), say("tail"))
    return Table(say("Are its chances right?"), columns, rows, _RUNS, frozenset(columns[1:]))


def _calibration_now(reading: NightFigures) -> Block:
    horizon = reading.conf.relevance.horizon_days
    if reading.conf.relevance.per == "exposure":
        checked = say("Chances are those of one exposure; the gate checks them with the log.")
        return Words((checked,), _RUNS, title=say(_HAVE_THEY))
    if reading.figure(CALIBRATION_PREDICTED) is None:
        later = say(
            "Whether tonight's chances come true shows {days} days from now; no night of {days} days ago was scored.",
            days=horizon,
        )
        return Words((later,), _RUNS, title=say(_HAVE_THEY))
    title = say("Per cent of candidates that responded within {days} days", days=horizon)
    lines = [
        Line(label, tuple((day, 100 * value) for day, value in reading.trend(name)), pattern)
        for label, name, pattern in (
            (say("predicted"), CALIBRATION_PREDICTED, "other"),
            (say("came true"), CALIBRATION_OBSERVED, "tail"),
        )
    ]
    parts = [
        say(
            "{segment}: {predicted} predicted, {observed} came true",
            segment=say(segment),
            predicted=percent(reading.figure(CALIBRATION_PREDICTED, segment) or 0.0),
            observed=percent(reading.figure(CALIBRATION_OBSERVED, segment) or 0.0),
        )
        for segment in reading.segments(CALIBRATION_PREDICTED)
    ]
    note = say(
        "By the night that closes the horizon. On {day}: {parts}.",
        day=day_words(reading.as_of),
        parts=say("; ").join(parts),
    )
    return Plot(title, line_plot(title, lines), ("metrics", "relevance", "events", "item_exposure"), note)
